//! The API server: what the cluster believes.

pub mod server;
pub mod request;
pub mod shelf;
pub mod watch;
pub mod admission;
pub mod validation;
pub mod patch;
pub mod apply;
pub mod eviction;
pub mod recorder;

//! The API server: what the cluster believes.

pub mod admission;
pub mod apply;
pub mod custom;
pub mod daemon_set;
pub mod event;
pub mod eviction;
pub mod go_types;
pub mod limit_ranges;
pub mod node_ports;
pub mod patch;
mod pod_warnings;
pub mod quota;
pub mod recorder;
pub mod request;
pub mod server;
pub mod shelf;
pub mod system_classes;
pub mod system_namespaces;
pub mod system_services;
pub mod validation;
pub mod warnings;
pub mod watch;

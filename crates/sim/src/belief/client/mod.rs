//! How components talk to the API server: a cache that may lag, a work queue, and calls that can be replayed.

pub mod call;
pub mod informer;
pub mod workqueue;

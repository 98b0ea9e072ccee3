//! The kubelet: it makes real on its machine what the API server asks for, and reports back what it sees.
//!
//! Upstream: `pkg/kubelet`.
//! Deviation: latencies are parameters (`KubeletSettings`); the containers that are not init containers start together;
//! hooks after the start have no effect.

pub(crate) mod state;

mod host;

mod node_status;
mod pods;

mod containers;
mod probes;
mod references;
mod status;
mod stopping;
mod volumes;

mod ills;

pub(crate) use host::Host;
pub use state::{Exit, Kubelet, Probing, Run, RunState, Stage, Wake, Worker};

//! A name exists as long as something stands behind it: a Service always, a pod's own name only while the pod is listed
//! as ready.
//!
//! Upstream: CoreDNS 1.14, `plugin/kubernetes` and `plugin/backend_lookup.go`, with the Corefile of kubeadm (TTL 30,
//! `pods insecure`); Kubernetes DNS-based service discovery 1.1.0.
//!
//! Everything here is computed from the objects that CoreDNS watches: there is nothing to keep, and a stale answer comes
//! from stale objects or from the cache of whoever asks.
//!
//! Deviation: no name outside of the cluster exists; CoreDNS would ask the resolver of its node.
//!
//! Deviation: the serial of the SOA record is the latest time that is written in a Service or a slice; CoreDNS takes the
//! time at which it noticed the last change.

mod answer;
mod names;

pub use answer::*;
pub use names::{Absence, expected_names, records};

#[cfg(test)]
mod tests;

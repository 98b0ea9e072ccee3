//! What machines do: kubelets, the processes that they run, disks, links, and what a resolver hears.

pub mod dns;
pub mod journal;
pub mod kubelet;
pub mod machine;
pub mod network;
pub mod storage;
pub mod workload;

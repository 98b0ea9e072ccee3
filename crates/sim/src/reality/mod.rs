//! What machines do: kubelets, the processes that they run, disks, links, and what a resolver hears.

pub mod agenda;
pub mod dns;
pub mod faults;
pub mod journal;
pub mod kubelet;
pub mod machine;
pub mod network;
pub mod storage;
pub mod workload;

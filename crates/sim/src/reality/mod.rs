//! What machines do: kubelets, the processes that they run, disks, links, and what a resolver hears.

pub mod machine;

pub mod kubelet;

pub mod workload;

pub mod registry;

pub mod network;

pub mod storage;

pub mod files;

pub mod journal;

pub mod dns;

pub mod faults;

pub mod agenda;

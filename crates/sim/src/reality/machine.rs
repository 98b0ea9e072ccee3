//! Reality: machines, and the processes that really run on them, whatever the API server believes.

use crate::ground::clock::Time;
use crate::ground::ledger::Ledger;
use crate::ground::rare::Rare;
use crate::reality::faults::Ills;
use crate::reality::kubelet::state::Kubelet;
use crate::words::identity::Identity;
use petri_objects::{Labels, Name, Uid};
use std::collections::{BTreeMap, BTreeSet};

/// A machine. It exists whether or not a Node object describes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Machine {
    pub name: Name,
    pub labels: Labels,
    /// What the Node object will say, by resource.
    pub capacity: BTreeMap<Name, Name>,
    pub internal_ip: Name,
    /// The third number of its pods' addresses.
    pub subnet: u32,
    pub next_address: u32,
    pub powered: bool,
    /// Since when it has power, or has none.
    pub power_since: Time,
    /// Counts boots: the boot id changes with it.
    pub boot: u32,
    pub kubelet: Kubelet,
    pub processes: Ledger<ProcessId, Process>,
    /// Images that were pulled before.
    pub images: BTreeSet<Name>,
}

/// A container of a pod: processes are told apart by the pod's uid, not by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId {
    pub pod: Uid,
    pub container: Name,
}

/// A process that runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    pub identity: Identity,
    pub uid: Uid,
    /// Uid of the controller that the pod belongs to, and whether that promises at most one.
    pub owner: Option<Owner>,
    pub started: Time,
    pub restarts: u32,
    pub ip: Name,
    pub state: ProcessState,
    /// Whether it answers: a hung process runs and does not.
    pub answers: bool,
    /// What else is wrong with it.
    pub ills: Rare<Ills>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProcessState {
    Running,
    /// It was asked to stop, will exit by itself at `exits` and is killed at `killed` at the latest.
    Stopping {
        since: Time,
        exits: Time,
        killed: Time,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    pub kind: Name,
    pub name: Name,
    pub uid: Uid,
}

impl Machine {
    /// Whether a process of this pod runs here, stopping ones included.
    pub fn runs(&self, pod: Uid) -> bool {
        self.processes_of(pod).next().is_some()
    }
    pub fn processes_of(&self, pod: Uid) -> impl Iterator<Item = (&ProcessId, &Process)> {
        let from = ProcessId { pod, container: "".into() };
        self.processes.range(from..).take_while(move |(id, _)| id.pod == pod)
    }
    pub fn zone(&self) -> &str {
        self.labels.get("topology.kubernetes.io/zone").map_or("", |zone| zone)
    }
}

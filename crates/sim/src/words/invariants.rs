//! What a cluster promises, measured on the machines and never on API objects.

use crate::ground::clock::Time;
use petri_objects::Name;
use std::collections::BTreeMap;

/// A promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Guarantee {
    /// At most one process runs under each StatefulSet identity.
    AtMostOne,
    /// A ReadWriteOnce disk is written from one machine only, a ReadWriteOncePod disk by one pod only.
    OneWriter,
    /// As many pods of a ReplicaSet or Deployment are available as it asks for.
    AtLeast,
    /// OrderedReady pods start one after the other and stop in reverse.
    Ordered,
    /// At most one process acts as the holder of each lock.
    OneLeader,
    /// A majority of the members of each quorum reach each other.
    Quorum,
    /// An eviction leaves as many healthy pods as the budget asks for.
    Budget,
    /// Records that were acknowledged stay, and none is taken from a writer that has a successor.
    Data,
}

impl Guarantee {
    pub const ALL: [Guarantee; 8] = [
        Guarantee::AtMostOne,
        Guarantee::OneWriter,
        Guarantee::AtLeast,
        Guarantee::Ordered,
        Guarantee::OneLeader,
        Guarantee::Quorum,
        Guarantee::Budget,
        Guarantee::Data,
    ];
    /// Those that concern every cluster; the others are about workloads and objects that few have.
    pub fn is_general(self) -> bool {
        matches!(self, Guarantee::AtMostOne | Guarantee::OneWriter | Guarantee::AtLeast | Guarantee::Ordered)
    }
    pub fn title(self) -> &'static str {
        match self {
            Guarantee::AtMostOne => "At most one",
            Guarantee::OneWriter => "One writer",
            Guarantee::AtLeast => "At least X",
            Guarantee::Ordered => "Ordered",
            Guarantee::OneLeader => "One leader",
            Guarantee::Quorum => "Quorum",
            Guarantee::Budget => "Budget",
            Guarantee::Data => "Data",
        }
    }
    pub fn definition(self) -> &'static str {
        match self {
            Guarantee::AtMostOne => {
                "Under each name of a StatefulSet at most one pod has running processes, counted on the machines."
            }
            Guarantee::OneWriter => {
                "A ReadWriteOnce disk is mounted by running processes on one machine only; a ReadWriteOncePod disk by one pod only."
            }
            Guarantee::AtLeast => {
                "As many pods of each ReplicaSet and Deployment are available as the manifest asks for, once it has been complete."
            }
            Guarantee::Ordered => {
                "A pod of an OrderedReady StatefulSet starts only while all pods before it run and are ready, and none is stopped by scaling while a later one still runs."
            }
            Guarantee::OneLeader => {
                "At most one running process acts as the holder of each lock, whatever the lock's record says."
            }
            Guarantee::Quorum => {
                "Some member of each quorum reaches a majority of the members, itself included, so that writes are accepted."
            }
            Guarantee::Budget => {
                "Each eviction that the API server allows leaves as many healthy pods as the disruption budget asks for."
            }
            Guarantee::Data => {
                "Records that were acknowledged are not lost, and no disk takes one from a writer whose successor has written before."
            }
        }
    }
}

/// How a guarantee stands for one subject (an identity, a disk, a workload).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Standing {
    #[default]
    Holding,
    /// It will break at `until` if nothing changes (`None`: as soon as a process starts).
    AtRisk {
        since: Time,
        until: Option<Time>,
        evidence: Evidence,
    },
    Broken {
        since: Time,
        evidence: Evidence,
    },
}

/// What shows it: a sentence that names machines, uids and disks, and the command that made it possible.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Evidence {
    pub sentence: Name,
    /// The number of the command without which it could not have happened.
    pub command: Option<u32>,
}

/// The standing of every guarantee, by subject; what holds is not listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Invariants {
    pub standing: BTreeMap<(Guarantee, Name), Standing>,
    /// The first moment at which a guarantee was broken, and by what.
    pub first_broken: BTreeMap<Guarantee, (Time, Name, Evidence)>,
    /// Workloads that have been complete, and at which size: only then can they fall below it.
    pub complete: BTreeMap<Name, i32>,
}

impl Invariants {
    /// The worst standing of a guarantee over all subjects.
    pub fn worst(&self, guarantee: Guarantee) -> (&Standing, Option<&Name>) {
        const HOLDING: &Standing = &Standing::Holding;
        let rank = |s: &Standing| match s {
            Standing::Holding => 0,
            Standing::AtRisk { .. } => 1,
            Standing::Broken { .. } => 2,
        };
        self.standing
            .iter()
            .filter(|((g, _), _)| *g == guarantee)
            .max_by_key(|(_, standing)| rank(standing))
            .map_or((HOLDING, None), |((_, subject), standing)| (standing, Some(subject)))
    }
}

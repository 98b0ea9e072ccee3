//! Sets, their pods, and which revision each has.

use super::super::facts::Facts;
use super::super::revision::{Notch, Revision, SIGNS};
use petri_objects::order::Order as _;
use petri_objects::{DaemonSet, Deployment, Kind, Meta, Name, ObjectRef, Pod, ReplicaSet, StatefulSet, Time, Uid};
use petri_sim::belief::api::shelf::Key;
use petri_sim::belief::controllers::deployment::util;
use petri_sim::belief::controllers::statefulset;
use std::rc::Rc;

/// A set with its pods.
pub struct Set<'w> {
    pub object: ObjectRef,
    pub meta: &'w Meta,
    pub spec: Spec<'w>,
    /// How many pods are asked for.
    pub asked: u32,
    /// The pods that it controls, by ordinal or else by age.
    pub pods: Vec<&'w Rc<Pod>>,
    /// The number of the revision that is asked for; 0 where none is counted.
    pub wanted: i64,
}

/// The set itself.
#[derive(Clone, Copy)]
pub enum Spec<'w> {
    Stateful(&'w Rc<StatefulSet>),
    Deployment(&'w Rc<Deployment>),
    /// One that no Deployment made.
    Replica(&'w Rc<ReplicaSet>),
    Daemon(&'w Rc<DaemonSet>),
}

/// Everything that was asked for. Sets are few, so what belongs to whom is looked for and not indexed: a picture is drawn
/// by the first visit, and each kind of index weighs more than the search.
#[derive(Default)]
pub struct Intention<'w> {
    /// In order of creation.
    pub sets: Vec<Set<'w>>,
    /// In order of uids.
    revisions: Vec<(Uid, Revision)>,
    /// Controllers of pods and the place of their set: a Deployment's ReplicaSets lead to it.
    owners: Vec<(Uid, usize)>,
}

impl<'w> Intention<'w> {
    pub fn of(facts: &Facts<'w>) -> Intention<'w> {
        let objects = facts.objects;
        let mut found: Vec<(Spec<'w>, &'w Meta, Kind)> = Vec::new();
        found.extend(objects.stateful_sets.values().map(|set| (Spec::Stateful(set), &set.metadata, Kind::StatefulSet)));
        found.extend(objects.deployments.values().map(|set| (Spec::Deployment(set), &set.metadata, Kind::Deployment)));
        let alone = objects.replica_sets.values().filter(|set| deployment_of(set).is_none());
        found.extend(alone.map(|set| (Spec::Replica(set), &set.metadata, Kind::ReplicaSet)));
        found.extend(objects.daemon_sets.values().map(|set| (Spec::Daemon(set), &set.metadata, Kind::DaemonSet)));
        found.order_by(|(_, a, _), (_, b, _)| a.creation_timestamp.cmp(&b.creation_timestamp));
        let mut intention = Intention::default();
        for (spec, meta, kind) in found {
            intention.add(spec, meta, kind, facts);
        }
        intention.revisions.order_by(|(a, _), (b, _)| a.cmp(b));
        intention
    }

    fn add(&mut self, spec: Spec<'w>, meta: &'w Meta, kind: Kind, facts: &Facts<'w>) {
        let objects = facts.objects;
        let made: Vec<Rc<ReplicaSet>> = match spec {
            Spec::Deployment(_) => {
                let own = objects.replica_sets.in_namespace(&meta.namespace);
                own.filter(|set| deployment_of(set) == Some(meta.uid)).cloned().collect()
            }
            _ => Vec::new(),
        };
        let place = self.sets.len();
        self.owners.push((meta.uid, place));
        self.owners.extend(made.iter().map(|set| (set.metadata.uid, place)));
        let is_own = |pod: &&Rc<Pod>| {
            pod.metadata
                .controller()
                .is_some_and(|owner| owner.uid == meta.uid || made.iter().any(|set| set.metadata.uid == owner.uid))
        };
        let mut pods: Vec<&'w Rc<Pod>> = objects.pods.in_namespace(&meta.namespace).filter(is_own).collect();
        pods.order_by(|a, b| {
            let age = || a.metadata.creation_timestamp.cmp(&b.metadata.creation_timestamp);
            match spec {
                Spec::Stateful(_) => ordinal(a).cmp(&ordinal(b)).then_with(age),
                _ => age(),
            }
        });
        let asked = match spec {
            Spec::Stateful(set) => set.replicas(),
            Spec::Deployment(set) => set.replicas(),
            Spec::Replica(set) => set.replicas(),
            Spec::Daemon(set) => set.status.desired_number_scheduled,
        };
        let object = ObjectRef::new(kind, meta.namespace.clone(), meta.name.clone());
        let mut set = Set { object, meta, spec, asked: asked.max(0).unsigned_abs(), pods, wanted: 0 };
        let revisions = match spec {
            Spec::Stateful(stateful) => stateful_revisions(stateful, &mut set, facts),
            Spec::Deployment(deployment) => deployment_revisions(deployment, &mut set, &made),
            Spec::Replica(_) => Vec::new(),
            Spec::Daemon(_) => daemon_revisions(&mut set, facts),
        };
        // Where all have what is asked for, nothing has to be told apart.
        let silent = revisions.iter().all(|revision| revision.notch == Notch::New);
        for (pod, revision) in set.pods.iter().zip(revisions) {
            let notch = if silent { Notch::None } else { revision.notch };
            self.revisions.push((pod.metadata.uid, Revision { notch, ..revision }));
        }
        self.sets.push(set);
    }

    /// How the pod's template stands to the one that is asked for.
    pub fn revision(&self, uid: Uid) -> Revision {
        let at = self.revisions.partition_point(|(other, _)| *other < uid);
        self.revisions.get(at).filter(|(other, _)| *other == uid).map_or_else(Revision::default, |(_, found)| *found)
    }

    /// The place of the set behind a controller of pods.
    pub fn place(&self, owner: Uid) -> Option<usize> {
        self.owners.iter().find(|(uid, _)| *uid == owner).map(|(_, place)| *place)
    }

    /// The set behind a controller of pods.
    pub fn set_of(&self, owner: Uid) -> Option<&Set<'w>> {
        self.sets.get(self.place(owner)?)
    }

    /// Whether a set makes claims for its pods.
    pub fn asks_for_disks(&self) -> bool {
        let claims = |set: &Set| matches!(set.spec, Spec::Stateful(set) if !set.spec.volume_claim_templates.is_empty());
        self.sets.iter().any(claims)
    }

    /// Which of the six shapes the set of this controller has; none where there is no other set to tell it from.
    pub fn sign(&self, owner: Uid) -> Option<usize> {
        self.place(owner).filter(|_| self.sets.len() > 1).map(|place| place % SIGNS)
    }
}

/// The Deployment that made a ReplicaSet.
fn deployment_of(set: &ReplicaSet) -> Option<Uid> {
    set.metadata.controller().filter(|owner| &*owner.kind == "Deployment").map(|owner| owner.uid)
}

/// The number at the end of a StatefulSet's pod.
pub fn ordinal(pod: &Pod) -> Option<u32> {
    statefulset::ordinal_of(&pod.metadata.name).map(i32::unsigned_abs)
}

impl Set<'_> {
    pub fn is_terminating(&self) -> bool {
        self.meta.is_terminating()
    }
    /// Pods that the API server believes to be Ready.
    pub fn ready(&self) -> u32 {
        self.pods.iter().filter(|pod| pod.is_ready() && !pod.is_terminating()).count() as u32
    }
    /// The ordinals that are asked for; empty for pods without.
    pub fn ordinals(&self) -> std::ops::Range<u32> {
        match self.spec {
            Spec::Stateful(set) => {
                let start = set.spec.ordinals.as_ref().map_or(0, |ordinals| ordinals.start.max(0).unsigned_abs());
                start..start + self.asked
            }
            _ => 0..0,
        }
    }
    /// The pod of an ordinal.
    pub fn pod(&self, wanted: u32) -> Option<&Rc<Pod>> {
        self.pods.iter().find(|pod| ordinal(pod) == Some(wanted)).copied()
    }
    /// The first ordinal that an update reaches; none without a partition.
    pub fn partition(&self) -> Option<u32> {
        let Spec::Stateful(set) = self.spec else { return None };
        let rolling = set.spec.update_strategy.rolling_update.as_ref()?;
        let partition = rolling.partition.filter(|partition| *partition > 0)?;
        Some(self.ordinals().start + partition.unsigned_abs())
    }
    pub fn is_on_delete(&self) -> bool {
        let strategy = match self.spec {
            Spec::Stateful(set) => &set.spec.update_strategy.kind,
            Spec::Daemon(set) => &set.spec.update_strategy.kind,
            _ => return false,
        };
        &**strategy == "OnDelete"
    }
}

/// Those of a StatefulSet's pods: what the controller calls current is left for what it calls update.
fn stateful_revisions(stateful: &StatefulSet, set: &mut Set, facts: &Facts) -> Vec<Revision> {
    let number = |name: &Name| {
        let key = Key::new(stateful.metadata.namespace.clone(), name.clone());
        facts.objects.revisions.get(&key).map_or(0, |revision| revision.revision)
    };
    let (current, update) = (&stateful.status.current_revision, &stateful.status.update_revision);
    set.wanted = number(update);
    let of = |pod: &&Rc<Pod>| {
        let name = pod.metadata.labels.get(REVISION_HASH).cloned().unwrap_or_default();
        let notch = match () {
            () if name == *update => Notch::New,
            () if name == *current => Notch::Old,
            () if update.is_empty() => Notch::New,
            () => Notch::Neither,
        };
        Revision { number: number(&name), notch }
    };
    set.pods.iter().map(of).collect()
}

/// The label by which a pod and a revision know each other.
const REVISION_HASH: &str = "controller-revision-hash";

/// Those of a DaemonSet's pods: the revision with the highest number is asked for.
#[inline(never)]
fn daemon_revisions(set: &mut Set, facts: &Facts) -> Vec<Revision> {
    let all = facts.objects.revisions.in_namespace(&set.meta.namespace);
    let own: Vec<_> = all.filter(|revision| revision.metadata.is_controlled_by(set.meta.uid)).collect();
    set.wanted = own.iter().map(|revision| revision.revision).max().unwrap_or(0);
    let of = |pod: &&Rc<Pod>| {
        let hash = pod.metadata.labels.get(REVISION_HASH);
        let found = own.iter().find(|revision| revision.metadata.labels.get(REVISION_HASH) == hash);
        let number = found.map_or(0, |revision| revision.revision);
        Revision { number, notch: if number == set.wanted { Notch::New } else { Notch::Old } }
    };
    set.pods.iter().map(of).collect()
}

/// Those of a Deployment's pods: the ReplicaSet with the Deployment's template is what is asked for.
fn deployment_revisions(deployment: &Deployment, set: &mut Set, made: &[Rc<ReplicaSet>]) -> Vec<Revision> {
    let new = util::find_new_replica_set(deployment, made);
    let number = |set: &ReplicaSet| util::revision(&set.metadata).unwrap_or(0);
    set.wanted = new.as_ref().map_or(0, |new| number(new));
    let of = |pod: &&Rc<Pod>| {
        let owner = pod.metadata.controller().map(|owner| owner.uid);
        let own = made.iter().find(|set| Some(set.metadata.uid) == owner);
        let is_new = own.is_some() && own.map(|own| own.metadata.uid) == new.as_ref().map(|new| new.metadata.uid);
        Revision { number: own.map_or(0, |own| number(own)), notch: if is_new { Notch::New } else { Notch::Old } }
    };
    set.pods.iter().map(of).collect()
}

/// Since when a condition says what it says.
pub(super) fn since(conditions: &[petri_objects::Condition], kind: &str, status: &str, reason: &str) -> Option<Time> {
    let found = petri_objects::condition(conditions, kind)?;
    (&*found.status == status && &*found.reason == reason).then_some(found.last_transition_time)
}

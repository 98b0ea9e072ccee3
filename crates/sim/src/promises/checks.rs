//! The guarantees, checked whenever something they depend on has changed.
//!
//! At-most-one and one-writer look at machines and disks, never at API objects; objects only tell whether a breach is
//! about to happen.

use super::foresight::{Start, foresee_start, planned};
use super::scene::Scene;
use crate::belief::api::shelf::Key;
use crate::belief::api::watch::Change;
use crate::ground::clock::{Span, Time, elapsed};
use crate::ground::planted;
use crate::reality::machine::{Machine, Process, ProcessState};
use crate::reality::storage::{Disk, Exclusive, Write};
use crate::words::actor::Actor;
use crate::words::controller_id::ControllerId;
use crate::words::identity::Identity;
use crate::words::invariants::{Evidence, Guarantee, Invariants, Standing};
use crate::words::note::{Note, What};
use crate::words::reason::Reason;
use petri_objects::*;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A process counts as ready in reality this long after its API object has lost its condition: writes take a moment.
const RACE: Span = Span::millis(50);

/// The guarantees as they stand, and what they are checked against.
pub(crate) struct Checks<'w> {
    pub scene: Scene<'w>,
    pub invariants: &'w mut Invariants,
    /// Commands that removed a pod's object (or its node's) while its process ran.
    pub removals: &'w mut BTreeMap<Identity, u32>,
    pub notes: &'w mut Vec<Note>,
}

impl Checks<'_> {
    /// Looks again at identities whose processes changed.
    pub fn check_processes(&mut self, touched: &[Identity]) {
        if touched.is_empty() {
            return;
        }
        let touched: BTreeSet<&Identity> = touched.iter().collect();
        let mut owners = BTreeSet::new();
        for identity in touched {
            self.check_at_most_one(identity);
            let pod = self.scene.objects.pods.get(&key_of(identity));
            owners.extend(
                pod.and_then(|pod| pod.metadata.controller()).map(|o| (identity.namespace.clone(), o.name.clone())),
            );
        }
        for (namespace, name) in owners {
            self.check_at_least(&Key::new(namespace, name));
        }
        self.check_writers();
    }

    /// Looks again at what is at risk: the moment at which it will break may have become known, or gone.
    pub fn check_risks(&mut self) {
        let at_risk: Vec<(Guarantee, Name)> = self
            .invariants
            .standing
            .iter()
            .filter(|(_, standing)| matches!(standing, Standing::AtRisk { .. }))
            .map(|(subject, _)| subject.clone())
            .collect();
        for (guarantee, subject) in at_risk {
            if guarantee == Guarantee::AtMostOne
                && let Some((namespace, pod)) = subject.split_once('/')
            {
                let identity = Identity { namespace: namespace.into(), pod: pod.into() };
                self.check_at_most_one(&identity);
            }
        }
        let contested = self.scene.waiting.keys().any(|(id, _)| *id == ControllerId::AttachDetach)
            || self.invariants.standing.keys().any(|(guarantee, _)| *guarantee == Guarantee::OneWriter);
        if contested {
            self.check_writers();
        }
    }

    /// A write can take a name away from a running process, give it to another pod, or break an order.
    pub fn check_change(&mut self, change: &Change) {
        match (&change.old, &change.new) {
            (Some(Object::Pod(pod)), None) => {
                let identity = identity_of(pod);
                if self.scene.machine_running(pod.metadata.uid).is_some()
                    && let Some(command) = change.command()
                {
                    self.removals.insert(identity.clone(), command);
                }
                self.check_at_most_one(&identity);
                self.check_workload_of(pod);
            }
            (None, Some(Object::Pod(pod))) => {
                self.check_at_most_one(&identity_of(pod));
                self.check_ordered_start(pod, change);
            }
            (Some(Object::Pod(old)), Some(Object::Pod(new))) if !old.is_terminating() && new.is_terminating() => {
                self.check_ordered_stop(new, change);
            }
            (Some(Object::Pod(old)), Some(Object::Pod(new))) if owner_of(old) != owner_of(new) => {
                self.check_workload_of(old);
                self.check_workload_of(new);
            }
            (Some(Object::Pod(old)), Some(Object::Pod(new))) if old.is_ready() != new.is_ready() => {
                self.check_workload_of(new);
            }
            (Some(Object::Node(node)), None) => {
                if let Some(command) = change.command() {
                    for process in
                        self.scene.machines.get(&node.metadata.name).into_iter().flat_map(|m| m.processes.values())
                    {
                        self.removals.insert(process.identity.clone(), command);
                    }
                }
            }
            (Some(Object::ReplicaSet(old)), Some(Object::ReplicaSet(new)))
                if old.spec.replicas != new.spec.replicas
                    || old.metadata.controller().is_some() != new.metadata.controller().is_some() =>
            {
                self.check_at_least(&Key::of(&new.metadata));
            }
            // Its sets may all be going, or not be there yet.
            (Some(Object::Deployment(old)), Some(Object::Deployment(new)))
                if old.spec.replicas != new.spec.replicas && !new.metadata.is_terminating() =>
            {
                self.count_for_deployment(new);
            }
            _ => {}
        }
    }

    fn check_at_most_one(&mut self, identity: &Identity) {
        let running: Vec<(Rc<str>, Uid, Time)> = {
            let mut found: Vec<(Rc<str>, Uid, Time)> = Vec::new();
            for (machine, process) in self.processes_named(identity) {
                if is_of_stateful_set(process) && !found.iter().any(|(_, uid, _)| *uid == process.uid) {
                    found.push((machine.name.clone(), process.uid, process.started));
                }
            }
            found
        };
        let subject: Name = format!("{}/{}", identity.namespace, identity.pod).into();
        let slot = (Guarantee::AtMostOne, subject);
        if running.is_empty() && !self.invariants.standing.contains_key(&slot) {
            return;
        }
        let command = self.removals.get(identity).copied();
        let standing = if running.len() > 1 {
            let places: Vec<String> =
                running.iter().map(|(node, uid, _)| format!("{} on {node}", uid.short())).collect();
            let sentence = format!("Two processes run as {}: {}.", identity.pod, places.join(" and "));
            Standing::Broken { since: self.scene.now, evidence: Evidence { sentence: sentence.into(), command } }
        } else {
            self.risk_of_second(identity, running.first(), command)
        };
        self.set_standing(slot, standing);
    }

    /// A process still runs whose name has been given to another pod.
    fn risk_of_second(
        &self,
        identity: &Identity,
        running: Option<&(Name, Uid, Time)>,
        command: Option<u32>,
    ) -> Standing {
        let Some((node, uid, _)) = running else { return Standing::Holding };
        let Some(successor) = self.scene.objects.pods.get(&key_of(identity)).filter(|pod| pod.metadata.uid != *uid)
        else {
            return Standing::Holding;
        };
        let attach = self.attach_deadline(successor);
        let start = self.planned_start(successor);
        let next = successor.metadata.uid.short();
        let mut sentence =
            format!("{} still runs on {node} as {}, and the name was given to {next}", uid.short(), identity.pod);
        let clock = |at: Time| elapsed(at.since(self.scene.start)).split('.').next().unwrap_or("").to_owned();
        sentence.push_str(&match (attach, start) {
            (Some(at), _) => format!(", which waits for the disk until {}.", clock(at)),
            (None, Some(at)) => format!(", which starts at {}.", clock(at)),
            (None, None) => ", which starts as soon as it can.".to_owned(),
        });
        let until = self.starts_at(successor, attach);
        Standing::AtRisk { since: self.scene.now, until, evidence: Evidence { sentence: sentence.into(), command } }
    }

    /// When the first container of a pod that its machine makes is to run, if nothing comes between.
    fn planned_start(&self, pod: &Pod) -> Option<Time> {
        let machine = self.scene.machines.get(&pod.spec.node_name)?;
        let containers = &machine.kubelet.workers.get(&pod.metadata.uid)?.containers;
        containers.iter().filter_map(planned).min()
    }

    /// When a pod starts that could become the second, as far as it can be told. `attach` is when its disk is free: it
    /// stands in for a start that nobody foresees yet.
    fn starts_at(&self, pod: &Pod, attach: Option<Time>) -> Option<Time> {
        // What its machine has planned is known to the millisecond; what is foreseen is in whole seconds.
        self.planned_start(pod).or_else(|| match foresee_start(&self.scene, pod) {
            Start::At(at) => Some(at),
            Start::WhenAnswers(_) | Start::WhenReleased(_) => None,
            Start::WhenPlaced | Start::Unknown => attach.filter(|at| *at > self.scene.now),
        })
    }

    /// The pod of another machine that writes to a disk next, and when, if that can be told.
    fn next_writer<'w>(
        &'w self,
        disk: &'w Disk,
        writer: &'w Write,
        attach: Option<Time>,
    ) -> Option<(&'w Rc<Pod>, Option<Time>)> {
        let claim = disk.claim.as_ref().filter(|_| disk.exclusive() != Exclusive::No)?;
        let others = self.scene.objects.pods.in_namespace(&claim.namespace).filter(|pod| {
            pod.metadata.uid != writer.uid
                && pod.is_scheduled()
                && pod.spec.node_name != writer.node
                && !pod.is_terminating()
                && pod.claims().any(|name| *name == claim.name)
        });
        others.map(|pod| (pod, self.starts_at(pod, attach))).min_by_key(|(_, at)| (at.is_none(), *at))
    }

    /// When the disk that a pod waits for will be taken from the machine that has it.
    fn attach_deadline(&self, pod: &Pod) -> Option<Time> {
        let volumes: Vec<Name> = pod
            .claims()
            .filter_map(|claim| {
                let key = Key::new(pod.metadata.namespace.clone(), claim.clone());
                Some(self.scene.objects.claims.get(&key)?.spec.volume_name.clone())
            })
            .collect();
        self.scene.waiting.iter().filter(|((id, _), _)| *id == ControllerId::AttachDetach).find_map(|(_, w)| {
            match &w.reason {
                Reason::AttachedElsewhere { volume, force_detach, .. }
                | Reason::MountedByNode { volume, force_detach, .. }
                    if volumes.contains(volume) =>
                {
                    *force_detach
                }
                _ => None,
            }
        })
    }

    fn check_writers(&mut self) {
        let who = |write: &Write| format!("{} {} on {}", write.pod, write.uid.short(), write.node);
        let mut found: Vec<((Guarantee, Name), Standing)> = Vec::new();
        let first = (Guarantee::OneWriter, petri_objects::blank());
        let troubled =
            self.invariants.standing.range(first..).next().is_some_and(|((g, _), _)| *g == Guarantee::OneWriter)
                || self.scene.waiting.keys().any(|(id, _)| *id == ControllerId::AttachDetach);
        // Nothing is at stake for a disk with one writer, or none, that nobody waits for.
        let disks: Vec<&Disk> =
            if troubled { self.scene.disks.iter().collect() } else { self.scene.disks.shared().collect() };
        for disk in disks.into_iter().filter(|disk| disk.mounts.len() > 1 || !disk.ledger.is_empty()) {
            let slot = (Guarantee::OneWriter, disk.volume.clone());
            let known = self.invariants.standing.contains_key(&slot);
            let at_risk = matches!(self.invariants.standing.get(&slot), Some(Standing::AtRisk { .. }));
            let claim = disk.claim.as_ref().map_or("", |claim| &*claim.name);
            let command = |pod: &Name| {
                let namespace = disk.claim.as_ref().map(|c| c.namespace.clone()).unwrap_or_default();
                self.removals.get(&Identity { namespace, pod: pod.clone() }).copied()
            };
            if let Some((first, second)) = disk.conflict() {
                let sentence = format!("Both {} and {} write to {claim}.", who(first), who(second));
                let evidence = Evidence { sentence: sentence.into(), command: command(&first.pod) };
                found.push((slot, Standing::Broken { since: self.scene.now, evidence }));
                continue;
            }
            let deadline = self.force_detach_of(&disk.volume);
            let writer = disk.writers().next();
            // Most disks are in no danger: nobody looks for a second pod then.
            let danger = writer.filter(|_| deadline.is_some() || at_risk);
            let next = danger.and_then(|writer| self.next_writer(disk, writer, deadline));
            match (writer, deadline, next) {
                (Some(writer), Some(deadline), _) => {
                    let clock = elapsed(deadline.since(self.scene.start));
                    let sentence = format!(
                        "{} writes to {claim}, which is taken from {} by force at {}.",
                        who(writer),
                        writer.node,
                        clock.split('.').next().unwrap_or("")
                    );
                    let evidence = Evidence { sentence: sentence.into(), command: command(&writer.pod) };
                    // The disk that is free breaks nothing yet: the process that gets it does.
                    let until = next.and_then(|(_, at)| at);
                    found.push((slot, Standing::AtRisk { since: self.scene.now, until, evidence }));
                }
                // Between the forced detach and the start the first one writes on: its machine hears of neither.
                (Some(writer), None, Some((pod, until))) if at_risk && !self.scene.hears(&writer.node) => {
                    let sentence = format!(
                        "{} writes to {claim}, which is taken from {} by force and goes to {} {} on {}.",
                        who(writer),
                        writer.node,
                        pod.metadata.name,
                        pod.metadata.uid.short(),
                        pod.spec.node_name
                    );
                    let evidence = Evidence { sentence: sentence.into(), command: command(&writer.pod) };
                    found.push((slot, Standing::AtRisk { since: self.scene.now, until, evidence }));
                }
                _ if known => found.push((slot, Standing::Holding)),
                _ => {}
            }
        }
        for (slot, standing) in found {
            self.set_standing(slot, standing);
        }
    }

    fn force_detach_of(&self, wanted: &Name) -> Option<Time> {
        self.scene.waiting.iter().filter(|((id, _), _)| *id == ControllerId::AttachDetach).find_map(|(_, w)| {
            match &w.reason {
                Reason::AttachedElsewhere { volume, force_detach, .. }
                | Reason::MountedByNode { volume, force_detach, .. }
                    if volume == wanted =>
                {
                    *force_detach
                }
                _ => None,
            }
        })
    }

    /// OrderedReady: a pod is created only when every pod before it is Running and Ready.
    fn check_ordered_start(&mut self, pod: &Pod, change: &Change) {
        if change.by != Actor::Controller(ControllerId::StatefulSet) {
            return;
        }
        let Some((set, ordinal)) = self.set_of(pod).filter(|(set, _)| set.is_monotonic()) else { return };
        for earlier in set.start_ordinal()..ordinal {
            let name: Name = format!("{}-{earlier}", set.metadata.name).into();
            let key = Key::new(pod.metadata.namespace.clone(), name.clone());
            let ready = self.scene.objects.pods.get(&key).is_some_and(|pod| {
                // A condition that was lost a moment ago could not be known yet.
                let lost = condition(&pod.status.conditions, "Ready").map_or(Time::ZERO, |c| c.last_transition_time);
                pod.is_running_and_ready()
                    || (pod.phase() == Phase::Running && self.scene.now.since(lost) < Span::seconds(1) + RACE)
            });
            // Where writes take their time, a sync acts on what was so when it began.
            let was_ready = || {
                let before = self.scene.orders_by.and_then(|objects| objects.pods.get(&key));
                before.is_some_and(|pod| pod.is_running_and_ready())
            };
            if !ready && !was_ready() {
                let sentence = format!("{} was created while {name} was not Running and Ready.", pod.metadata.name);
                return self.break_once(Guarantee::Ordered, subject_of(pod), sentence, None);
            }
        }
    }

    /// OrderedReady: scaling stops a pod only when every pod after it is gone.
    fn check_ordered_stop(&mut self, pod: &Pod, change: &Change) {
        if change.by != Actor::Controller(ControllerId::StatefulSet) {
            return;
        }
        let Some((set, ordinal)) = self.set_of(pod).filter(|(set, _)| set.is_monotonic()) else { return };
        let end = set.start_ordinal() + set.replicas();
        let condemned = ordinal >= end || ordinal < set.start_ordinal();
        if !condemned || pod.phase().is_terminal() {
            return;
        }
        let later = self.scene.objects.pods.in_namespace(&pod.metadata.namespace).find_map(|other| {
            let (owner, number) = self.set_of(other)?;
            (owner.metadata.uid == set.metadata.uid && number > ordinal && number >= end)
                .then(|| other.metadata.name.clone())
        });
        if let Some(later) = later {
            let sentence = format!("{} was asked to stop while {later} still existed.", pod.metadata.name);
            self.break_once(Guarantee::Ordered, subject_of(pod), sentence, None);
        }
    }

    fn set_of(&self, pod: &Pod) -> Option<(Rc<StatefulSet>, i32)> {
        let owner = pod.metadata.controller().filter(|owner| &*owner.kind == "StatefulSet")?;
        let key = Key::new(pod.metadata.namespace.clone(), owner.name.clone());
        let set = self.scene.objects.stateful_sets.get(&key).filter(|set| set.metadata.uid == owner.uid)?;
        let ordinal = pod.metadata.name.rsplit('-').next()?.parse().ok()?;
        Some((set.clone(), ordinal))
    }

    /// A breach that is over in the moment it happens: it is remembered, not standing.
    pub fn break_once(&mut self, guarantee: Guarantee, subject: Name, sentence: String, command: Option<u32>) {
        let evidence = Evidence { sentence: sentence.into(), command };
        let standing = Standing::Broken { since: self.scene.now, evidence };
        self.set_standing((guarantee, subject.clone()), standing);
        self.set_standing((guarantee, subject), Standing::Holding);
    }

    fn check_workload_of(&mut self, pod: &Pod) {
        if let Some(owner) = pod.metadata.controller().filter(|owner| &*owner.kind == "ReplicaSet") {
            let key = Key::new(pod.metadata.namespace.clone(), owner.name.clone());
            self.check_at_least(&key);
        }
    }

    /// Counts what really serves for a ReplicaSet, or for the Deployment that it belongs to.
    fn check_at_least(&mut self, replica_set: &Key) {
        let Some(set) = self.scene.objects.replica_sets.get(replica_set).cloned() else { return };
        if set.metadata.is_terminating() {
            return;
        }
        let namespace = set.metadata.namespace.clone();
        let deployment = set.metadata.controller().and_then(|owner| {
            self.scene.objects.deployments.get(&Key::new(namespace.clone(), owner.name.clone())).cloned()
        });
        match &deployment {
            None => self.count(
                format!("{namespace}/replicaset/{}", set.metadata.name),
                set.replicas(),
                0,
                &[set.metadata.uid],
            ),
            Some(deployment) if deployment.metadata.is_terminating() => {}
            Some(deployment) => {
                // What was adopted promises nothing by itself any more.
                let own = Name::from(format!("{namespace}/replicaset/{}", set.metadata.name));
                self.invariants.complete.remove(&own);
                self.set_standing((Guarantee::AtLeast, own), Standing::Holding);
                self.count_for_deployment(deployment);
            }
        }
    }

    fn count_for_deployment(&mut self, deployment: &Deployment) {
        let (namespace, wanted) = (&deployment.metadata.namespace, deployment.replicas());
        let rolling = deployment.spec.strategy.rolling_update.as_ref();
        let missing = rolling.and_then(|r| r.max_unavailable.as_ref()?.scaled(wanted, false));
        let allowed = if deployment.status.updated_replicas < wanted { missing.unwrap_or(0) } else { 0 };
        let sets = self.scene.objects.replica_sets.in_namespace(namespace);
        let own = sets.filter(|set| set.metadata.is_controlled_by(deployment.metadata.uid));
        let uids: Vec<Uid> = own.map(|set| set.metadata.uid).collect();
        self.count(format!("{namespace}/deployment/{}", deployment.metadata.name), wanted, allowed, &uids);
    }

    /// Counts what really serves of a workload's pods: `allowed` may be missing, and all of them until it has been complete.
    fn count(&mut self, subject: String, wanted: i32, allowed: i32, owners: &[Uid]) {
        let serving = self.serving(owners);
        let slot = (Guarantee::AtLeast, Name::from(subject));
        let armed = self.invariants.complete.get(&slot.1).copied();
        if serving >= wanted {
            self.invariants.complete.insert(slot.1.clone(), wanted);
            self.set_standing(slot, Standing::Holding);
        } else if armed != Some(wanted) {
            // It has not been complete at this size yet.
            self.set_standing(slot, Standing::Holding);
        } else if serving < wanted - allowed {
            let named = slot.1.split_once('/').map_or(&*slot.1, |(_, named)| named);
            let sentence = format!("{serving} of {wanted} pods of {named} serve.");
            let evidence = Evidence { sentence: sentence.into(), command: None };
            self.set_standing(slot, Standing::Broken { since: self.scene.now, evidence });
        }
    }

    fn serving(&self, owners: &[Uid]) -> i32 {
        let mut uids = BTreeSet::new();
        for process in self.scene.machines.values().flat_map(|machine| machine.processes.values()) {
            let owned = process.owner.as_ref().is_some_and(|owner| owners.contains(&owner.uid));
            if owned && process.answers && process.state == ProcessState::Running {
                uids.insert(process.uid);
            }
        }
        uids.len() as i32
    }

    fn processes_named<'a>(&'a self, identity: &'a Identity) -> impl Iterator<Item = (&'a Machine, &'a Process)> {
        let places = self.scene.places.get(identity).into_iter().flatten();
        places
            .filter_map(|name| self.scene.machines.get(name))
            .flat_map(|machine| machine.processes.values().map(move |process| (machine, process)))
            .filter(move |(_, process)| process.identity.pod == identity.pod && process.identity == *identity)
    }

    pub fn set_standing(&mut self, slot: (Guarantee, Name), mut standing: Standing) {
        let known = self.invariants.standing.get(&slot);
        match (known, &mut standing) {
            (None, Standing::Holding) => return,
            // What lasts keeps the moment at which it began.
            (Some(Standing::Broken { since: began, .. }), Standing::Broken { since, .. })
            | (Some(Standing::AtRisk { since: began, .. }), Standing::AtRisk { since, .. }) => *since = *began,
            _ => {}
        }
        if known == Some(&standing) {
            return;
        }
        let (guarantee, subject) = slot.clone();
        if let Standing::Broken { since, evidence } = &standing {
            self.invariants.first_broken.entry(guarantee).or_insert((*since, subject.clone(), evidence.clone()));
        }
        if standing == Standing::Holding {
            if planted::is(planted::Error::StaleStanding) && guarantee == Guarantee::AtMostOne {
                return;
            }
            self.invariants.standing.remove(&slot);
        } else {
            self.invariants.standing.insert(slot, standing.clone());
        }
        self.notes.push(Note { at: self.scene.now, what: What::Guarantee { guarantee, subject, standing } });
    }
}

fn owner_of(pod: &Pod) -> Option<Uid> {
    pod.metadata.controller().map(|owner| owner.uid)
}

fn key_of(identity: &Identity) -> Key {
    Key::new(identity.namespace.clone(), identity.pod.clone())
}

fn identity_of(pod: &Pod) -> Identity {
    Identity { namespace: pod.metadata.namespace.clone(), pod: pod.metadata.name.clone() }
}

fn subject_of(pod: &Pod) -> Name {
    format!("{}/{}", pod.metadata.namespace, pod.metadata.name).into()
}

fn is_of_stateful_set(process: &Process) -> bool {
    process.owner.as_ref().is_some_and(|owner| &*owner.kind == "StatefulSet")
}

//! What must be true of any cluster after quiet, however it came there.
//!
//! Invariant: nothing here asks a controller, or knows how one works. The objects, the machines and the deeds of the person
//! are enough to say what must be, and what explains that it is not.

use crate::deeds::Deeds;
use crate::script::Script;
use petri_objects::{Kind, Object, Uid};
use petri_sim::belief::api::shelf::Key;
use petri_sim::ground::clock::{Span, elapsed};
use petri_sim::story::timeline::Timeline;
use petri_sim::words::invariants::{Guarantee, Standing};
use petri_sim::words::note::What;
use petri_sim::world::World;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

mod network;
mod storage;
mod workloads;

/// What must hold. A failure shrinks to one that breaks the same rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Time goes on.
    Instant,
    /// A cluster at rest has little to do.
    Busy,
    /// Looking changes nothing.
    Look,
    /// The same lines give the same fingerprints.
    Again,
    /// A link unfolds to the world that it was made of.
    Link,
    /// The engine does not panic.
    Panic,
    /// A guarantee is broken only by a person's lie, or by what the guarantee itself allows.
    Promise,
    /// After quiet every guarantee holds.
    Standing,
    /// What can be complete is complete.
    Complete,
    /// A status says what is.
    Status,
    /// Nothing is Terminating without a reason.
    Terminating,
    /// Each claim is bound once, and its volume is bound to it.
    Claim,
    /// Disks are attached where pods want them.
    Attachment,
    /// The DNS and the endpoint slices name the pods that are ready.
    Endpoints,
    /// Healthy machines have nodes that are ready.
    Node,
    /// What runs is what the API server believes to run.
    Process,
    /// What has lost its owners goes.
    Garbage,
}

/// What is wrong with a run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Complaint {
    pub rule: Rule,
    pub text: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.text)
    }
}

/// How much the oracle sees: of so many workloads so many are not complete, and something explains it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    pub workloads: u64,
    pub excused: u64,
}

/// What the oracle looks at, and what it finds.
pub(crate) struct Oracle<'w> {
    pub world: &'w World,
    pub deeds: Deeds,
    pub complaints: Vec<Complaint>,
    /// Uids of every object.
    pub uids: BTreeSet<Uid>,
    pub sight: Sight,
    /// Workloads (`namespace/name`) that are not complete, with or without an explanation.
    pub incomplete: BTreeSet<String>,
}

/// Everything that is wrong now. The faults have been undone, and time has passed.
pub(crate) fn complaints(script: &Script, timeline: &Timeline) -> (Vec<Complaint>, Sight) {
    let world = timeline.world();
    let objects = Kind::ALL.iter().flat_map(|kind| world.objects().list(*kind));
    let uids = objects.map(|object| object.meta().uid).collect();
    let (complaints, incomplete, sight) = (Vec::new(), BTreeSet::new(), Sight::default());
    let mut oracle = Oracle { world, deeds: Deeds::of(script), complaints, uids, sight, incomplete };
    oracle.promises(timeline);
    oracle.nodes();
    oracle.processes();
    workloads::check(&mut oracle);
    storage::check(&mut oracle);
    network::check(&mut oracle);
    oracle.terminating();
    oracle.garbage();
    oracle.standings();
    (oracle.complaints, oracle.sight)
}

impl Oracle<'_> {
    pub fn complain(&mut self, rule: Rule, text: impl Into<String>) {
        self.complaints.push(Complaint { rule, text: text.into() });
    }

    /// Breaches that no deed excuses.
    fn promises(&mut self, timeline: &Timeline) {
        for note in timeline.notes_until_now() {
            let What::Guarantee { guarantee, subject, standing: Standing::Broken { evidence, .. } } = &note.what else {
                continue;
            };
            let excused = match guarantee {
                // Lost machines cost pods, majorities and their data; frozen holders act twice.
                Guarantee::AtLeast | Guarantee::Quorum | Guarantee::OneLeader | Guarantee::Data => true,
                Guarantee::AtMostOne => self.deeds.lies,
                Guarantee::OneWriter => self.deeds.lies || self.deeds.finalizers,
                // An eviction may come before its budget's status has heard of the labels, or of anything at all.
                Guarantee::Budget => self.deeds.labels || self.deeds.late_budgets,
                // Who orders the pods sees them late.
                Guarantee::Ordered => self.deeds.late,
            };
            if !excused {
                let at = elapsed(note.at.since(self.world.start));
                let text = format!("{at} {} broken for {subject}: {}", guarantee.title(), evidence.sentence);
                self.complain(Rule::Promise, text);
            }
        }
    }

    fn nodes(&mut self) {
        for machine in self.world.machines.values() {
            let key = Key::new("", machine.name.clone());
            match self.world.objects().nodes.get(&key) {
                None => self.complain(Rule::Node, format!("{} has power and no Node object", machine.name)),
                Some(node) if node.metadata.is_terminating() => {}
                Some(node) if !node.is_ready() => {
                    self.complain(Rule::Node, format!("{} is well and its node is not ready", machine.name));
                }
                Some(node) if !node.spec.taints.is_empty() => {
                    let keys: Vec<&str> = node.spec.taints.iter().map(|taint| &*taint.key).collect();
                    self.complain(Rule::Node, format!("{} is well and tainted {}", machine.name, keys.join(", ")));
                }
                Some(_) => {}
            }
        }
    }

    /// Belief and reality agree: no ghosts, and no pod that is Ready without a process.
    fn processes(&mut self) {
        let mut places: BTreeMap<Uid, BTreeSet<&str>> = BTreeMap::new();
        for machine in self.world.machines.values() {
            for process in machine.processes.values() {
                places.entry(process.uid).or_default().insert(&machine.name);
            }
        }
        let pods: BTreeMap<Uid, _> = self.world.objects().pods.values().map(|pod| (pod.metadata.uid, pod)).collect();
        let mut found = Vec::new();
        for (uid, nodes) in &places {
            match pods.get(uid) {
                None => found.push(format!("a process of {} runs on {nodes:?}, and there is no such pod", uid.short())),
                Some(pod) if !nodes.contains(&*pod.spec.node_name) || nodes.len() > 1 => {
                    found.push(format!("{} runs on {nodes:?}, not on {:?}", pod.metadata.name, pod.spec.node_name));
                }
                Some(_) => {}
            }
        }
        for (uid, pod) in &pods {
            if pod.is_running_and_ready() && !pod.is_terminating() && !places.contains_key(uid) {
                found.push(format!("{} is Ready and no process of it runs", pod.metadata.name));
            }
        }
        found.into_iter().for_each(|text| self.complain(Rule::Process, text));
    }

    /// What waits for its deletion has somebody who holds it.
    fn terminating(&mut self) {
        let all: Vec<Object> = Kind::ALL.iter().flat_map(|kind| self.world.objects().list(*kind)).collect();
        for object in all.iter().filter(|object| object.meta().is_terminating()) {
            // A grace period may be long, and a process may use all of it.
            let over = object.meta().deletion_timestamp + Span::minutes(2) < self.world.now;
            if over && !self.is_held(object, &all, 0) {
                let finalizers = object.meta().finalizers.join(", ");
                let text = format!("{} stays Terminating for nobody ({finalizers})", object.reference());
                self.complain(Rule::Terminating, text);
            }
        }
    }

    /// Whether a finalizer that only people take away, or a user, keeps the object or what goes with it.
    fn is_held(&self, object: &Object, all: &[Object], depth: u32) -> bool {
        let meta = object.meta();
        if is_kept(object) {
            return true;
        }
        if depth > 3 {
            return false;
        }
        match object {
            Object::Namespace(_) => all.iter().any(|inner| {
                inner.meta().namespace == meta.name && (is_kept(inner) || self.is_held(inner, all, depth + 1))
            }),
            Object::PersistentVolumeClaim(claim) => self.world.objects().pods.values().any(|pod| {
                pod.metadata.namespace == claim.metadata.namespace && pod.claims().any(|name| *name == meta.name)
            }),
            Object::PersistentVolume(volume) => {
                let claims = || self.world.objects().claims.values();
                let bound = claims().any(|claim| claim.spec.volume_name == meta.name);
                bound || self.deeds.storage || &*volume.status.phase == "Bound"
            }
            _ if meta.has_finalizer("foregroundDeletion") => all.iter().any(|inner| {
                let owned = inner.meta().owner_references.iter().any(|owner| owner.uid == meta.uid);
                owned && (is_kept(inner) || self.is_held(inner, all, depth + 1))
            }),
            _ => false,
        }
    }

    /// An object all of whose owners are gone goes as well.
    fn garbage(&mut self) {
        for kind in Kind::ALL {
            for object in self.world.objects().list(*kind) {
                let owners = &object.meta().owner_references;
                let gone = !owners.is_empty() && owners.iter().all(|owner| !self.uids.contains(&owner.uid));
                if gone && !object.meta().is_terminating() {
                    let text = format!("{} stays, and its owners are gone", object.reference());
                    self.complain(Rule::Garbage, text);
                }
            }
        }
    }

    fn standings(&mut self) {
        for ((guarantee, subject), standing) in &self.world.invariants.standing {
            if self.explains(*guarantee, subject) {
                continue;
            }
            let text = match standing {
                Standing::Broken { evidence, .. } => format!("broken: {}", evidence.sentence),
                Standing::AtRisk { evidence, .. } => format!("at risk: {}", evidence.sentence),
                Standing::Holding => "holds".into(),
            };
            self.complaints.push(Complaint {
                rule: Rule::Standing,
                text: format!("{} of {subject} is {text}", guarantee.title()),
            });
        }
    }

    /// Whether a guarantee may stand broken after quiet.
    fn explains(&self, guarantee: Guarantee, subject: &str) -> bool {
        let namespace = subject.split('/').next().unwrap_or_default();
        let of_namespace = |workload: &String| workload.split('/').next() == Some(namespace);
        match guarantee {
            // `default/deployment/web`
            Guarantee::AtLeast => {
                let words: Vec<&str> = subject.split('/').collect();
                let [namespace, _, name] = words[..] else { return false };
                self.incomplete.contains(&format!("{namespace}/{name}"))
            }
            Guarantee::Quorum => {
                self.incomplete.iter().any(of_namespace) || self.is_lonely_quorum(subject) || !self.is_service(subject)
            }
            // Told by process or lock, and a lock is not of one namespace alone.
            Guarantee::OneLeader => !self.incomplete.is_empty() || self.works_for_longer_than_it_may(),
            _ => false,
        }
    }

    /// Whoever takes a key for less time than the work takes has company, which is what such locks teach.
    fn works_for_longer_than_it_may(&self) -> bool {
        let notes = self.world.objects().pods.values().map(|pod| &pod.metadata.annotations);
        notes.into_iter().any(|notes| ["petri.dev/hold", "petri.dev/ttl"].iter().any(|key| notes.get(key).is_some()))
    }

    /// Members find each other by a Service, and a person may have deleted it.
    fn is_service(&self, subject: &str) -> bool {
        subject
            .split_once('/')
            .is_some_and(|(namespace, name)| self.world.objects().services.get(&Key::new(namespace, name)).is_some())
    }

    /// A set of fewer pods than half of its members never has a quorum.
    fn is_lonely_quorum(&self, subject: &str) -> bool {
        let Some((namespace, service)) = subject.split_once('/') else { return false };
        let ready = self.world.objects().pods.in_namespace(namespace);
        ready.filter(|pod| &*pod.spec.subdomain == service && pod.is_ready()).count() < 2
    }
}

/// Whether somebody outside of the cluster has asked for an object to be kept.
pub(crate) fn is_kept(object: &Object) -> bool {
    object.meta().finalizers.iter().any(|finalizer| finalizer.starts_with("petri.dev/"))
}

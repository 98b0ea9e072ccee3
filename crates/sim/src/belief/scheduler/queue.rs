//! Pods that look for a node: what became of the last attempt, and which change is worth another.
//!
//! Upstream: `pkg/scheduler/backend/queue`, and the queueing hints of the plugins.
//!
//! Deviation: pods are tried in the order in which they were woken, those of one change by priority; there is no global
//! order by priority.
//! Deviation: a pod that an event wakes is tried at once. Upstream does the same whenever nothing else is queued
//! (SchedulerPopFromBackoffQ), which in small clusters is always; only errors wait for their back-off.

use super::filters::Plugins;
use super::index::{Index, PodFacts};
use super::volume_binding::Plan;
use crate::belief::api::shelf::{Key, Objects, Shelf, Tree};
use crate::belief::api::watch::Change;
use crate::ground::clock::{Span, Time};
use petri_objects::order::Order as _;
use petri_objects::{Kind, Name, Node, Object, Pod, Uid};
use std::collections::BTreeMap;
use std::rc::Rc;

/// How long a pod stays unschedulable before it is tried without any event, and how often that is looked at.
const MAX_IN_UNSCHEDULABLE: Span = Span::minutes(5);
const FLUSH: Span = Span::seconds(30);

/// The last attempt to place a pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    pub uid: Uid,
    /// How many attempts failed.
    pub failures: u32,
    pub priority: i32,
    pub stage: Stage,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The attempt failed; nobody was told yet.
    Failed(Failure),
    /// It waits for an event, or for its time.
    Parked { refused_by: Plugins, message: Name, until: Time, woken: bool, nominated: Option<Name> },
    /// It has a node, which the API server does not know yet.
    Assumed(Assumed),
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Failure {
    /// The condition's reason: Unschedulable or SchedulerError.
    pub reason: Name,
    pub message: Name,
    pub refused_by: Plugins,
    /// The node that pods were pushed away from for this pod.
    pub nominated: Option<Name>,
    /// Pods that are pushed away.
    pub victims: Vec<Key>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Assumed {
    pub node: Name,
    pub plan: Plan,
    /// When the volumes were asked for.
    pub asked: Option<Time>,
    pub bound: bool,
}

/// The attempts of pods that have no node yet, by pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Queue {
    attempts: Tree<Attempt>,
    parked: u32,
    /// The nodes on which room is being made, by the pod that it is for.
    nominated: Rc<BTreeMap<Key, Name>>,
}

impl Queue {
    /// The last attempt of this very pod.
    pub fn get(&self, key: &Key, uid: Uid) -> Option<&Rc<Attempt>> {
        self.attempts.get(key).filter(|attempt| attempt.uid == uid)
    }
    pub fn put(&mut self, key: &Key, attempt: Attempt) {
        self.forget(key);
        self.parked += u32::from(matches!(attempt.stage, Stage::Parked { .. }));
        if let Stage::Parked { nominated: Some(node), .. } = &attempt.stage {
            Rc::make_mut(&mut self.nominated).insert(key.clone(), node.clone());
        }
        self.attempts.insert(key.clone(), Rc::new(attempt));
    }
    pub fn forget(&mut self, key: &Key) {
        if let Some(attempt) = self.attempts.get(key) {
            self.parked -= u32::from(matches!(attempt.stage, Stage::Parked { .. }));
            self.attempts.remove(key);
        }
        if self.nominated.contains_key(key) {
            Rc::make_mut(&mut self.nominated).remove(key);
        }
    }
    /// The pods for which room is being made on a node.
    pub fn nominated_to<'q>(&'q self, node: &'q str) -> impl Iterator<Item = &'q Key> {
        self.nominated.iter().filter(move |(_, at)| ***at == *node).map(|(key, _)| key)
    }
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Rc<Attempt>)> {
        self.attempts.iter()
    }
    /// Marks a parked pod as worth another attempt. `false` if it is not parked.
    pub fn wake(&mut self, key: &Key) -> bool {
        let Some(attempt) = self.attempts.get(key) else { return false };
        let mut attempt = (**attempt).clone();
        let Stage::Parked { woken, .. } = &mut attempt.stage else { return false };
        *woken = true;
        self.attempts.insert(key.clone(), Rc::new(attempt));
        true
    }
    /// The parked pods for which the change is worth an attempt, the most important first.
    pub fn worth_another(&self, change: &Change, pods: &Shelf<Pod>) -> Vec<Key> {
        if self.parked == 0 {
            return Vec::new();
        }
        let Some(news) = News::of(change) else { return Vec::new() };
        let mut keys: Vec<(i32, &Key)> = Vec::new();
        for (key, attempt) in self.attempts.iter() {
            let Stage::Parked { refused_by, woken: false, .. } = &attempt.stage else { continue };
            if let Some(pod) = pods.get(key)
                && news.helps(pod, *refused_by)
            {
                keys.push((-attempt.priority, key));
            }
        }
        keys.order();
        keys.into_iter().map(|(_, key)| key.clone()).collect()
    }
}

/// When a parked pod is tried without any event.
pub fn flush_at(now: Time) -> Time {
    let end = now + MAX_IN_UNSCHEDULABLE;
    end + Span(FLUSH.0 - end.0 % FLUSH.0)
}

/// 1, 2, 4, 8, then 10 seconds.
pub fn back_off(failures: u32) -> Span {
    Span::seconds((1 << failures.saturating_sub(1).min(4)).min(10))
}

/// What a change means to pods that wait.
enum News<'c> {
    /// A node came, or is better for some pods than it was.
    Node,
    /// A pod left a node.
    Freed(PodFacts),
    /// A pod got a node, other labels, or began to stop.
    Moved(&'c Pod),
    Claim(Key),
    Volumes,
}

impl<'c> News<'c> {
    fn of(change: &'c Change) -> Option<News<'c>> {
        match (&change.old, &change.new) {
            (None, Some(Object::Node(_))) => Some(News::Node),
            (Some(Object::Node(old)), Some(Object::Node(new))) => may_take_more(old, new).then_some(News::Node),
            (old, new) if change.kind() == Kind::Pod => {
                let placed = |object: &'c Option<Object>| match object {
                    Some(Object::Pod(pod)) if pod.is_scheduled() && !pod.phase().is_terminal() => Some(&**pod),
                    _ => None,
                };
                match (placed(old), placed(new)) {
                    (Some(gone), None) => Some(News::Freed(PodFacts::of(gone))),
                    (None, Some(new)) => Some(News::Moved(new)),
                    (Some(old), Some(new)) => {
                        let same =
                            old.metadata.labels == new.metadata.labels && old.is_terminating() == new.is_terminating();
                        (!same).then_some(News::Moved(new))
                    }
                    (None, None) => None,
                }
            }
            (_, Some(Object::PersistentVolumeClaim(claim))) => Some(News::Claim(Key::of(&claim.metadata))),
            (_, Some(Object::PersistentVolume(_) | Object::StorageClass(_))) => Some(News::Volumes),
            _ => None,
        }
    }

    fn helps(&self, pod: &Pod, refused_by: Plugins) -> bool {
        let volumes = Plugins::VOLUME_BINDING | Plugins::CLAIMS;
        match self {
            News::Node => refused_by != Plugins::CLAIMS && refused_by != Plugins::NONE,
            News::Freed(gone) => {
                let always = Plugins::POD_COUNT
                    | Plugins::PORTS
                    | Plugins::VOLUME_RESTRICTIONS
                    | Plugins::SPREAD
                    | Plugins::POD_AFFINITY;
                refused_by.any_of(always)
                    || (refused_by.any_of(Plugins::RESOURCES) && gone.requests.helps(&PodFacts::of(pod).requests))
            }
            News::Moved(other) => {
                let near = pod.spec.affinity.as_ref().is_some_and(|affinity| affinity.pod_affinity.is_some());
                let spread = other.metadata.namespace == pod.metadata.namespace;
                (near && refused_by.any_of(Plugins::POD_AFFINITY)) || (spread && refused_by.any_of(Plugins::SPREAD))
            }
            News::Claim(claim) => {
                let uses = claim.namespace == pod.metadata.namespace && pod.claims().any(|name| *name == claim.name);
                uses && refused_by.any_of(volumes | Plugins::VOLUME_RESTRICTIONS)
            }
            News::Volumes => refused_by.any_of(volumes),
        }
    }
}

/// Upstream: `nodeSchedulingPropertiesChange`.
fn may_take_more(old: &Node, new: &Node) -> bool {
    old.spec != new.spec
        || old.metadata.labels != new.metadata.labels
        || old.status.allocatable != new.status.allocatable
        || old.is_ready() != new.is_ready()
}

/// Keeps the picture of the nodes up to date. `true` if the change concerns a pod without a node.
pub fn observe(change: &Change, cache: &Objects, index: &mut Index) -> bool {
    match (&change.old, &change.new) {
        (_, Some(Object::Node(node))) => index.put_node(cache.nodes.keep(node)),
        (Some(Object::Node(node)), None) => index.remove_node(&node.metadata.name),
        (old, Some(Object::Pod(pod))) => {
            if !pod.is_scheduled() {
                return true;
            }
            let counted = matches!(old, Some(Object::Pod(old)) if old.is_scheduled()
                && old.metadata.uid == pod.metadata.uid
                && Rc::ptr_eq(&old.spec, &pod.spec)
                && old.metadata.labels == pod.metadata.labels
                && old.phase().is_terminal() == pod.phase().is_terminal()
                && old.is_terminating() == pod.is_terminating());
            if !counted {
                index.put_pod(pod);
            }
        }
        (Some(Object::Pod(pod)), None) => index.remove_pod(&Key::of(&pod.metadata)),
        _ => {}
    }
    false
}

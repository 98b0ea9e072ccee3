//! What the controller remembers of the world: which volume is attached where, and who wanted it gone since when.
//!
//! Upstream: `pkg/controller/volume/attachdetach/cache` (`actualStateOfWorld`, `desiredStateOfWorld`).

use crate::belief::api::shelf::{Key, Objects, Tree};
use crate::ground::clock::{Span, Time};
use crate::ground::random::Stream;
use petri_objects::{CsiVolumeSource, Name, Node, PersistentVolume, Pod};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The actual state, and an index of the desired one. Lost on a restart: attachments are then read from their objects,
/// and the six minutes begin again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Memory {
    filled: bool,
    volumes: Tree<VolumeState>,
    /// Pods that were seen on a node, by the claims they use. Names stay after their pods, because they come back.
    users: Tree<BTreeSet<Key>>,
    /// (node, volume) of detaches that were asked for and are not under way.
    waiting: Rc<BTreeSet<(Name, Name)>>,
    /// What deleted nodes had mounted when last heard of.
    lost: Rc<BTreeMap<Name, Vec<Name>>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct VolumeState {
    /// The nodes that the volume is attached to, or on its way to or from.
    pub nodes: BTreeMap<Name, Attached>,
    /// Nodes whose pods were told that they wait for another node.
    pub multi_attach_reported: BTreeSet<Name>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Attached {
    /// The name of the VolumeAttachment.
    pub attachment: Name,
    /// What node statuses call the volume.
    pub unique_name: Name,
    /// What the driver was asked for and has not done yet.
    pub operation: Option<Operation>,
    /// Whether the node's status lists it.
    pub reported: bool,
    /// Since when nobody on the node wants it.
    pub detach_requested: Option<Time>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Operation {
    pub stage: Stage,
    pub since: Time,
    pub polls: u32,
    /// How often the same was tried in vain before.
    pub failures: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    Attaching,
    Detaching,
    /// Nobody knows whether it is attached, until the next try.
    AttachFailed,
    DetachFailed,
}

/// How long the driver is waited for.
///
/// Upstream: `csiTimeout`.
const TIMEOUT: Span = Span::minutes(2);
/// Between two tries.
///
/// Upstream: `goroutinemap/exponentialbackoff`.
const FIRST_RETRY: Span = Span::millis(500);
const LAST_RETRY: Span = Span::seconds(122);

impl Stage {
    fn failed(self) -> Stage {
        match self {
            Stage::Attaching | Stage::AttachFailed => Stage::AttachFailed,
            Stage::Detaching | Stage::DetachFailed => Stage::DetachFailed,
        }
    }
}

impl Attached {
    pub fn is_busy(&self) -> bool {
        self.operation.as_ref().is_some_and(|operation| operation.is_running())
    }
    /// Upstream: `AttachStateUncertain`: other nodes may have the volume, and this one may ask for it again.
    pub fn is_uncertain(&self) -> bool {
        self.operation.as_ref().is_some_and(|operation| !operation.is_running())
    }
    /// When the same may be tried again; other operations need not wait.
    pub fn retry_at(&self, stage: Stage) -> Option<Time> {
        let failed = self.operation.as_ref().filter(|operation| operation.stage == stage.failed())?;
        let step = FIRST_RETRY.0 << failed.failures.saturating_sub(1).min(8);
        Some(failed.since + Span(step.min(LAST_RETRY.0)))
    }
    /// The driver is asked, for the first time or again.
    pub fn begin(&mut self, stage: Stage, now: Time) -> Time {
        let before = self.operation.take().filter(|operation| operation.stage == stage.failed());
        let operation = Operation { stage, since: now, polls: 0, failures: before.map_or(0, |o| o.failures) };
        let poll = operation.next_poll();
        self.operation = Some(operation);
        poll
    }
    /// The driver has failed, or has not answered in time.
    ///
    /// Upstream: `MarkVolumeAsUncertain`.
    pub fn fail(&mut self, now: Time) {
        if let Some(operation) = &mut self.operation {
            let (stage, failures) = (operation.stage.failed(), operation.failures + 1);
            *operation = Operation { stage, since: now, polls: 0, failures };
            self.reported = false;
        }
    }
}

impl Operation {
    /// What the driver is asked for at that time, for the first time.
    pub fn asked(stage: Stage, at: Time) -> Operation {
        Operation { stage, since: at, polls: 0, failures: 0 }
    }
    /// The first look after the driver has taken so long.
    pub fn noticed(&self, takes: Span) -> Time {
        let mut look = self.clone();
        while look.next_poll() < self.since + takes.min(TIMEOUT) {
            look.polls += 1;
        }
        look.next_poll()
    }
    pub fn is_running(&self) -> bool {
        matches!(self.stage, Stage::Attaching | Stage::Detaching)
    }
    /// An attach that has failed, or is tried again after it has.
    pub fn is_attach_again(&self) -> bool {
        self.stage == Stage::AttachFailed || (self.stage == Stage::Attaching && self.failures > 0)
    }
    pub fn is_over_time(&self, now: Time) -> bool {
        now >= self.since + TIMEOUT
    }
    /// Polls begin half a second after the request and grow by a twentieth.
    ///
    /// Upstream: `waitForVolumeAttachmentInternal`.
    pub fn next_poll(&self) -> Time {
        let mut step = Span::millis(500);
        let poll = (0..=self.polls.min(200)).fold(self.since, |at, _| {
            let next = at + step;
            step = Span(step.0 + step.0 / 20);
            next
        });
        poll.min(self.since + TIMEOUT)
    }
}

impl Memory {
    /// Reads from the cache what is attached, once.
    pub fn fill(&mut self, cache: &Objects, now: Time) {
        if self.filled {
            return;
        }
        self.filled = true;
        for pod in cache.pods.values().filter(|pod| pod.is_scheduled()) {
            self.add_user(pod);
        }
        for attachment in cache.attachments.values() {
            let volume = Key::new("", attachment.spec.source.persistent_volume_name.clone());
            let node = attachment.spec.node_name.clone();
            let csi = cache.volumes.get(&volume).and_then(|volume| volume.spec.csi.as_ref());
            let unique_name: Name = csi.map(unique_name).unwrap_or_default().into();
            let stage = match (attachment.metadata.is_terminating(), attachment.status.attached) {
                (true, _) => Some(Stage::Detaching),
                (false, true) => None,
                (false, false) => Some(Stage::Attaching),
            };
            let reported = cache
                .nodes
                .get(&Key::new("", node.clone()))
                .is_some_and(|node| node.status.volumes_attached.iter().any(|attached| attached.name == unique_name));
            let attached = Attached {
                attachment: attachment.metadata.name.clone(),
                unique_name,
                operation: stage.map(|stage| Operation { stage, since: now, polls: 0, failures: 0 }),
                reported,
                detach_requested: None,
            };
            let mut state = self.volume(&volume);
            state.nodes.insert(node, attached);
            self.put(&volume, state);
        }
    }
    pub fn volume(&self, key: &Key) -> VolumeState {
        self.volumes.get(key).map(|state| (**state).clone()).unwrap_or_default()
    }
    pub fn put(&mut self, key: &Key, state: VolumeState) {
        let waits = |attached: &Attached| attached.detach_requested.is_some() && !attached.is_busy();
        let gone: Vec<(Name, Name)> = self
            .waiting
            .iter()
            .filter(|(node, volume)| *volume == key.name && !state.nodes.get(node).is_some_and(waits))
            .cloned()
            .collect();
        let new = state.nodes.iter().filter(|(_, attached)| waits(attached)).map(|(node, _)| node);
        let new: Vec<(Name, Name)> = new.map(|node| (node.clone(), key.name.clone())).collect();
        if !gone.is_empty() || new.iter().any(|pair| !self.waiting.contains(pair)) {
            let waiting = Rc::make_mut(&mut self.waiting);
            gone.iter().for_each(|pair| {
                waiting.remove(pair);
            });
            waiting.extend(new);
        }
        if state == VolumeState::default() {
            self.volumes.remove(key);
        } else {
            self.volumes.insert(key.clone(), Rc::new(state));
        }
    }
    /// The volumes that wait to be detached from a node.
    pub fn detaching_from(&self, node: &str) -> Vec<Name> {
        self.waiting.iter().filter(|(at, _)| &**at == node).map(|(_, volume)| volume.clone()).collect()
    }
    pub fn add_user(&mut self, pod: &Pod) {
        for claim in pod.claims() {
            let key = Key::new(pod.metadata.namespace.clone(), claim.clone());
            let mut users = self.users.get(&key).map_or_else(BTreeSet::new, |users| (**users).clone());
            if users.insert(Key::of(&pod.metadata)) {
                self.users.insert(key, Rc::new(users));
            }
        }
    }
    pub fn users(&self, claim: &Key) -> Vec<Key> {
        self.users.get(claim).map(|users| users.iter().cloned().collect()).unwrap_or_default()
    }
    /// Upstream: `nodeDelete`, `processVolumesInUse`.
    pub fn remember_lost(&mut self, node: &Node) {
        Rc::make_mut(&mut self.lost).insert(node.metadata.name.clone(), node.status.volumes_in_use.clone());
    }
    /// A Node object that was made anew lists no volumes: what is attached there is to be told again.
    pub fn report_again(&mut self, node: &Name) -> Vec<Key> {
        if self.lost.contains_key(node) {
            Rc::make_mut(&mut self.lost).remove(node);
        }
        let there = self.volumes.iter().filter(|(_, state)| state.nodes.contains_key(node));
        let volumes: Vec<Key> = there.map(|(key, _)| key.clone()).collect();
        for key in &volumes {
            let mut state = self.volume(key);
            if let Some(attached) = state.nodes.get_mut(node) {
                attached.reported = false;
            }
            self.put(key, state);
        }
        volumes
    }
    pub fn was_in_use(&self, node: &str, volume: &Name) -> bool {
        self.lost.get(node).is_some_and(|volumes| volumes.contains(volume))
    }
}

/// Whether the pod is on a node and anything of it may still run there.
///
/// A pod that is stopping on a dead node reports its containers as running for ever, so it keeps its volumes.
///
/// Upstream: `IsPodTerminated`, `notRunning`.
pub fn wants_volumes(pod: &Pod) -> bool {
    let runs =
        || pod.status.container_statuses.iter().any(|c| c.state.terminated.is_none() && c.state.waiting.is_none());
    pod.is_scheduled() && !pod.phase().is_terminal() && (!pod.is_terminating() || runs())
}

/// Upstream: `IsMultiAttachAllowed`.
pub fn is_multi_attach_allowed(volume: &PersistentVolume) -> bool {
    volume.spec.access_modes.iter().any(|mode| matches!(&**mode, "ReadWriteMany" | "ReadOnlyMany"))
}

/// What node statuses call a driver's volume.
pub fn unique_name(csi: &CsiVolumeSource) -> String {
    format!("kubernetes.io/csi/{}^{}", csi.driver, csi.volume_handle)
}

/// The name of the VolumeAttachment: the same for the same volume, driver and node.
pub fn attachment_name(handle: &str, driver: &str, node: &str) -> String {
    let mut stream = Stream::new(0, &format!("{handle}{driver}{node}"));
    let digits: String = (0..4).map(|_| format!("{:016x}", stream.draw())).collect();
    format!("csi-{digits}")
}

//! Attaches disks to the nodes whose pods need them, and detaches them when nobody there does: a disk that may be on one
//! node only has to leave the old one first, which takes six minutes if that node does not answer.
//!
//! Upstream: `pkg/controller/volume/attachdetach` (`reconciler.go`, `populator`, `util.go`) and
//! `pkg/volume/csi/csi_attacher.go`.
//!
//! Deviation: the loop of 100 ms runs only when something has changed, on the same grid of times.
//! Deviation: the names of VolumeAttachments are a hash of our own, of the same length as SHA-256.
//! Deviation: a VolumeAttachment that somebody else deletes is noticed at the next change of its pod, not by the
//! verification of every minute.

mod state;

pub(crate) use state::{Attached, Operation, Stage};
pub use state::{Memory, is_multi_attach_allowed};

use crate::belief::api::shelf::{Key, Objects};
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Done, Outcome, Stop, expect_kind};
use crate::belief::client::informer::Enqueue;
use crate::ground::clock::{Span, Time};
use crate::words::command::StoragePart;
use crate::words::reason::Reason;
use petri_objects::order::Order as _;
use petri_objects::*;
use state::{VolumeState, unique_name, wants_volumes};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Marks a node as gone for good: its volumes need not be unmounted first.
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

/// How long until the loop runs next, strictly after now.
fn to_grid(now: Time, period: Span) -> Span {
    Span(period.0.max(1) - now.0 % period.0.max(1))
}

fn is_on_grid(now: Time, period: Span) -> bool {
    now.0.is_multiple_of(period.0.max(1))
}

/// The first time of the loop at which more than `wait` has passed: what "after six minutes" means exactly.
pub(crate) fn first_after(since: Time, wait: Span, period: Span) -> Time {
    let end = since + wait;
    end + to_grid(end, period)
}

/// Keys are volumes.
pub fn enqueue(change: &Change, keys: &mut Enqueue<'_, Memory>) {
    keys.memory.fill(keys.cache, keys.now);
    let next = to_grid(keys.now, keys.settings.attach_detach_period);
    match change.object() {
        Object::Pod(_) => {
            let wanted = |object: &Option<Object>| match object {
                Some(Object::Pod(pod)) if wants_volumes(pod) => Some(pod.spec.node_name.clone()),
                _ => None,
            };
            if let Some(Object::Pod(pod)) = &change.new
                && pod.is_scheduled()
            {
                keys.memory.add_user(pod);
            }
            let Object::Pod(pod) = change.object() else { return };
            if wanted(&change.old) != wanted(&change.new) {
                for claim in pod.claims() {
                    let key = Key::new(pod.metadata.namespace.clone(), claim.clone());
                    if let Some(claim) = keys.cache.claims.get(&key).filter(|c| !c.spec.volume_name.is_empty()) {
                        keys.add_after(Key::new("", claim.spec.volume_name.clone()), next);
                    }
                }
            }
        }
        Object::PersistentVolumeClaim(claim) => {
            let named = |object: &Option<Object>| match object {
                Some(Object::PersistentVolumeClaim(claim)) => Some(claim.spec.volume_name.clone()),
                _ => None,
            };
            if named(&change.old) != named(&change.new) && !claim.spec.volume_name.is_empty() {
                keys.add_after(Key::new("", claim.spec.volume_name.clone()), next);
            }
        }
        Object::Node(node) => {
            if change.new.is_none() {
                keys.memory.remember_lost(node);
            }
            if change.old.is_none() {
                for volume in keys.memory.report_again(&node.metadata.name) {
                    keys.add_after(volume, next);
                }
            }
            let facts = |object: &Option<Object>| match object {
                Some(Object::Node(n)) => Some((n.status.volumes_in_use.clone(), n.is_ready(), is_out_of_service(n))),
                _ => None,
            };
            if facts(&change.old) != facts(&change.new) {
                for volume in keys.memory.detaching_from(&node.metadata.name) {
                    keys.add_after(Key::new("", volume), next);
                }
            }
        }
        _ => {}
    }
}

pub(crate) fn is_out_of_service(node: &Node) -> bool {
    node.spec.taints.iter().any(|taint| &*taint.key == OUT_OF_SERVICE)
}

/// The pods that want a volume, by the node they are on.
type Wanted = BTreeMap<Name, Vec<Rc<Pod>>>;

pub fn sync(key: &Key, api: &mut Api<'_, Memory>) -> Outcome {
    let (cache, now, period) = (api.cache(), api.now, api.settings.attach_detach_period);
    api.memory.fill(&cache, now);
    let mut round = Round {
        key,
        volume: cache.volumes.get(key).cloned(),
        wanted: Wanted::new(),
        state: api.memory.volume(key),
        again: None,
        waiting: None,
    };
    round.wanted = round.volume.as_ref().map_or_else(Wanted::new, |volume| wanted(volume, &cache, api));
    round.verify(&cache, api);
    if is_on_grid(now, period) {
        round.detach(&cache, api)?;
        round.attach(api)?;
        round.report(&cache, api)?;
    } else {
        round.look_again(now + to_grid(now, period));
    }
    let waiting = round.blocked(&cache, api);
    round.waiting = waiting.or(round.waiting);
    api.memory.put(key, round.state);
    let after = round.again.map(|at| at.since(now));
    Ok(Done { waiting: round.waiting, after })
}

/// Upstream: the desired state of the world, kept by `processPodVolumes`.
fn wanted(volume: &PersistentVolume, cache: &Objects, api: &Api<'_, Memory>) -> Wanted {
    let mut wanted = Wanted::new();
    let Some((claim, _)) = volume.spec.claim_ref.as_ref().zip(volume.spec.csi.as_ref()) else { return wanted };
    let claim = Key::new(claim.namespace.clone(), claim.name.clone());
    let ours = cache.claims.get(&claim).is_some_and(|c| c.spec.volume_name == volume.metadata.name);
    if !ours {
        return wanted;
    }
    for key in api.memory.users(&claim) {
        let Some(pod) = cache.pods.get(&key) else { continue };
        if wants_volumes(pod) && pod.claims().any(|name| *name == claim.name) {
            wanted.entry(pod.spec.node_name.clone()).or_default().push(pod.clone());
        }
    }
    wanted
}

/// One pass over one volume.
struct Round<'k> {
    key: &'k Key,
    volume: Option<Rc<PersistentVolume>>,
    wanted: Wanted,
    state: VolumeState,
    again: Option<Time>,
    waiting: Option<Reason>,
}

impl Round<'_> {
    /// Why a pod waits for its disk, apart from a driver that takes its time.
    fn blocked(&self, cache: &Objects, api: &Api<'_, Memory>) -> Option<Reason> {
        let volume = self.key.name.clone();
        let in_vain = |attached: &Attached| attached.operation.as_ref().is_some_and(|o| o.is_attach_again());
        if let Some((node, _)) = self.state.nodes.iter().find(|(_, attached)| in_vain(attached)) {
            return Some(Reason::DriverStuck { part: StoragePart::Attach, volume, node: node.clone() });
        }
        let shared = self.volume.as_ref().is_none_or(|volume| is_multi_attach_allowed(volume));
        let missing = |node: &Name| self.state.nodes.get(node).is_none_or(|attached| attached.is_uncertain());
        let (node, pods) = self.wanted.iter().find(|(node, _)| !shared && missing(node))?;
        let wanted_by = pods.first().map(|pod| pod.metadata.name.clone()).unwrap_or_default();
        let (other, attached) = self.holder(node)?;
        if attached.is_busy() {
            let attaching = attached.operation.as_ref().is_some_and(|operation| operation.stage == Stage::Attaching);
            let part = if attaching { StoragePart::Attach } else { StoragePart::Detach };
            return Some(Reason::DriverBusy { part, volume, node: other.clone() });
        }
        let (period, wait) = (api.settings.attach_detach_period, api.settings.force_detach_after);
        let healthy = cache.nodes.get(&Key::new("", other.clone())).is_some_and(|node| node.is_ready());
        let requested = attached.detach_requested.filter(|_| !healthy);
        let force_detach = requested.map(|at| first_after(at, wait, period));
        Some(Reason::AttachedElsewhere { volume, node: other.clone(), wanted_by, force_detach })
    }

    /// Another node that has the volume, as far as the controller knows.
    fn holder(&self, node: &Name) -> Option<(&Name, &Attached)> {
        self.state.nodes.iter().find(|(at, attached)| *at != node && !attached.is_uncertain())
    }

    fn look_again(&mut self, at: Time) {
        self.again = Some(self.again.map_or(at, |earlier| earlier.min(at)));
    }

    /// Looks whether the driver has done what it was asked for. Two minutes are enough; a failed detach tells nobody.
    ///
    /// Upstream: `waitForVolumeAttachDetachStatus`, `GenerateAttachVolumeFunc`, `GenerateDetachVolumeFunc`.
    fn verify(&mut self, cache: &Objects, api: &mut Api<'_, Memory>) {
        let nodes: Vec<Name> = self.state.nodes.keys().cloned().collect();
        for node in nodes {
            let Some(attached) = self.state.nodes.get_mut(&node) else { continue };
            let Some(operation) = attached.operation.as_mut().filter(|o| o.is_running()) else { continue };
            if operation.next_poll() > api.now {
                let at = operation.next_poll();
                self.look_again(at);
                continue;
            }
            let attachment = cache.attachments.get(&Key::new("", attached.attachment.clone()));
            let done = match operation.stage {
                Stage::Attaching => attachment.is_none_or(|attachment| attachment.status.attached),
                _ => attachment.is_none(),
            };
            let (stage, exists) = (operation.stage, attachment.is_some());
            let leaving = attachment.is_some_and(|attachment| attachment.metadata.is_terminating());
            if (stage == Stage::Attaching && leaving) || (!done && operation.is_over_time(api.now)) {
                attached.fail(api.now);
                if stage == Stage::Attaching {
                    self.tell_of_failure(&node, leaving, api);
                }
                let at = api.now + to_grid(api.now, api.settings.attach_detach_period);
                self.look_again(at);
                continue;
            }
            if !done {
                operation.polls += 1;
                let at = operation.next_poll();
                self.look_again(at);
                continue;
            }
            attached.operation = None;
            match stage {
                Stage::Attaching if exists => {
                    let message = format!("AttachVolume.Attach succeeded for volume \"{}\" ", self.key.name);
                    for pod in self.wanted.get(&node).into_iter().flatten() {
                        api.normal(&Object::Pod(pod.clone()), "SuccessfulAttachVolume", message.clone());
                    }
                }
                _ => {
                    self.state.nodes.remove(&node);
                }
            }
        }
    }

    /// The pods of a node hear why their disk was not attached.
    fn tell_of_failure(&mut self, node: &Name, leaving: bool, api: &mut Api<'_, Memory>) {
        let csi = self.volume.as_ref().and_then(|volume| volume.spec.csi.as_ref());
        let why = match csi {
            _ if leaving => "volume attachment is being deleted".to_owned(),
            Some(csi) => format!(
                "timed out waiting for external-attacher of {} CSI driver to attach volume {}",
                csi.driver, csi.volume_handle
            ),
            None => return,
        };
        let message = format!("AttachVolume.Attach failed for volume \"{}\" : {why}", self.key.name);
        for pod in self.wanted.get(node).into_iter().flatten() {
            api.warning(&Object::Pod(pod.clone()), "FailedAttachVolume", message.clone());
        }
    }

    /// Whether the driver works on the volume: for a disk that may be on one node only, one operation at a time.
    fn is_busy(&self, node: &str) -> bool {
        let alone = self.volume.as_ref().is_none_or(|volume| !is_multi_attach_allowed(volume));
        self.state.nodes.iter().any(|(at, attached)| attached.is_busy() && (alone || **at == *node))
    }

    fn detach(&mut self, cache: &Objects, api: &mut Api<'_, Memory>) -> Result<(), Stop> {
        let (now, period, wait) = (api.now, api.settings.attach_detach_period, api.settings.force_detach_after);
        let nodes: Vec<Name> = self.state.nodes.keys().cloned().collect();
        for name in nodes {
            let wanted = self.wanted.contains_key(&name);
            if self.is_busy(&name) {
                continue;
            }
            let Some(attached) = self.state.nodes.get_mut(&name) else { continue };
            if wanted {
                attached.detach_requested = None;
                continue;
            }
            let requested = *attached.detach_requested.get_or_insert(now);
            if let Some(at) = attached.retry_at(Stage::Detaching).filter(|at| *at > now) {
                self.look_again(at + to_grid(at, period));
                continue;
            }
            let (unique, attachment) = (attached.unique_name.clone(), attached.attachment.clone());
            let node = cache.nodes.get(&Key::new("", name.clone()));
            let mounted = match node {
                Some(node) => node.status.volumes_in_use.contains(&unique),
                // The last that was heard of the node still counts: deleting its object does not unmount anything.
                None => api.memory.was_in_use(&name, &unique),
            };
            let healthy = node.is_some_and(|node| node.is_ready());
            let out_of_service = node.is_some_and(|node| is_out_of_service(node));
            let force_at = first_after(requested, wait, period);
            let forced = !healthy && now >= force_at;
            if mounted && !forced && !out_of_service {
                let force_detach = (!healthy).then_some(force_at);
                if let Some(at) = force_detach {
                    self.look_again(at);
                }
                let volume = self.key.name.clone();
                self.waiting = Some(Reason::MountedByNode { volume, node: name, force_detach });
                continue;
            }
            // The node is told first, so that its kubelet does not start to use the volume again.
            update_attached_volumes(&name, &unique, false, api)?;
            match api.delete(ObjectRef::new(Kind::VolumeAttachment, "", attachment))? {
                Err(error) if !error.is_not_found() => return Err(error.into()),
                _ => {}
            }
            self.begin(&name, Stage::Detaching, now);
        }
        Ok(())
    }

    fn begin(&mut self, node: &Name, stage: Stage, now: Time) {
        if let Some(attached) = self.state.nodes.get_mut(node) {
            let poll = attached.begin(stage, now);
            self.look_again(poll);
        }
    }

    fn attach(&mut self, api: &mut Api<'_, Memory>) -> Result<(), Stop> {
        let Some(volume) = self.volume.clone() else { return Ok(()) };
        let Some(csi) = &volume.spec.csi else { return Ok(()) };
        for (node, pods) in self.wanted.clone() {
            let known = self.state.nodes.get(&node);
            if known.is_some_and(|attached| !attached.is_uncertain()) {
                continue;
            }
            let again = known.and_then(|attached| attached.retry_at(Stage::Attaching));
            if self.is_busy(&node) {
                continue;
            }
            if self.holder(&node).is_some() && !is_multi_attach_allowed(&volume) {
                self.report_multi_attach_error(&node, &pods, api);
                continue;
            }
            if let Some(at) = again.filter(|at| *at > api.now) {
                self.look_again(at + to_grid(at, api.settings.attach_detach_period));
                continue;
            }
            let name: Name = state::attachment_name(&csi.volume_handle, &csi.driver, &node).into();
            let attachment = VolumeAttachment {
                metadata: Meta { name: name.clone(), ..Meta::default() },
                spec: VolumeAttachmentSpec {
                    attacher: csi.driver.clone(),
                    node_name: node.clone(),
                    source: VolumeAttachmentSource { persistent_volume_name: self.key.name.clone() },
                },
                status: VolumeAttachmentStatus::default(),
            };
            match api.create(attachment)? {
                Err(error) if !error.is_already_exists() => return Err(error.into()),
                _ => {}
            }
            let unique_name: Name = unique_name(csi).into();
            let operation = self.state.nodes.remove(&node).and_then(|attached| attached.operation);
            let attached = Attached { attachment: name, unique_name, operation, ..Attached::default() };
            self.state.nodes.insert(node.clone(), attached);
            self.state.multi_attach_reported.remove(&node);
            self.begin(&node, Stage::Attaching, api.now);
        }
        Ok(())
    }

    /// Once for each volume and node.
    fn report_multi_attach_error(&mut self, node: &Name, pods: &[Rc<Pod>], api: &mut Api<'_, Memory>) {
        if !self.state.multi_attach_reported.insert(node.clone()) {
            return;
        }
        let users: Vec<&str> = self
            .wanted
            .iter()
            .filter(|(at, _)| *at != node && self.state.nodes.contains_key(*at))
            .flat_map(|(_, pods)| pods.iter().map(|pod| &*pod.metadata.name))
            .collect();
        let why = match users.is_empty() {
            true => "Volume is already exclusively attached to one node and can't be attached to another".to_owned(),
            false => format!("Volume is already used by pod(s) {}", users.join(", ")),
        };
        let message = format!("Multi-Attach error for volume \"{}\" {why}", self.key.name);
        for pod in pods {
            api.warning(&Object::Pod(pod.clone()), "FailedAttachVolume", message.clone());
        }
    }

    /// Tells the nodes what is attached to them, which their kubelets wait for.
    ///
    /// Upstream: `nodeStatusUpdater.UpdateNodeStatuses`.
    fn report(&mut self, cache: &Objects, api: &mut Api<'_, Memory>) -> Result<(), Stop> {
        let nodes: Vec<Name> = self.state.nodes.keys().cloned().collect();
        for name in nodes {
            let Some(attached) = self.state.nodes.get_mut(&name) else { continue };
            if attached.operation.is_some() || attached.reported || cache.nodes.get(&Key::new("", &*name)).is_none() {
                continue;
            }
            update_attached_volumes(&name, &attached.unique_name.clone(), true, api)?;
            attached.reported = true;
        }
        Ok(())
    }
}

/// Adds a volume to those that the node's status lists as attached, or removes it.
fn update_attached_volumes(node: &Name, volume: &Name, add: bool, api: &mut Api<'_, Memory>) -> Result<(), Stop> {
    // Read live: the kubelet writes the same status, and a conflict would cost a round.
    let live = match api.get(ObjectRef::new(Kind::Node, "", node.clone()))? {
        Ok(live) => expect_kind::<Node>(live),
        Err(error) if error.is_not_found() => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let listed = live.status.volumes_attached.iter().any(|attached| attached.name == *volume);
    if listed == add {
        return Ok(());
    }
    let mut changed = (*live).clone();
    let status = Rc::make_mut(&mut changed.status);
    if add {
        status.volumes_attached.push(AttachedVolume { device_path: "".into(), name: volume.clone() });
        status.volumes_attached.order_by(|a, b| a.name.cmp(&b.name));
    } else {
        status.volumes_attached.retain(|attached| attached.name != *volume);
    }
    api.update_status(changed)??;
    Ok(())
}

#[cfg(test)]
mod tests;

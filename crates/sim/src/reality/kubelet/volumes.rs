//! Volumes of a pod: what must be attached before it can start, and what is mounted on the machine.
//!
//! Upstream: `pkg/kubelet/volumemanager`.

use super::host::Host;
use super::references;
use super::state::{Stage, Worker};
use crate::belief::api::event::EventType;
use crate::belief::api::request::Request;
use crate::belief::api::shelf::Key;
use crate::belief::controllers::csi_driver::resize;
use crate::ground::clock::{Span, Time};
use crate::ground::ledger::Ledger;
use petri_objects::*;
use std::rc::Rc;

/// Upstream: `podAttachAndMountTimeout`, 2 min 3 s.
const MOUNT_TIMEOUT: Span = Span::seconds(123);

/// The wait after a first failed set-up; each further one is twice as long, up to a longest one.
///
/// Upstream: `initialDurationBeforeRetry`, `maxDurationBeforeRetry`.
const FIRST_RETRY: Span = Span::millis(500);
const LONGEST_RETRY: Span = Span::seconds(122);

/// How long after the first try the next one is due, after so many that failed.
fn tried_after(tries: u32) -> Span {
    let waits = (0..tries.min(8)).map(|n| FIRST_RETRY.times(1 << n).min(LONGEST_RETRY));
    waits.fold(LONGEST_RETRY.times(u64::from(tries.saturating_sub(8))), |sum, wait| sum + wait)
}

/// The name under which a volume stands in `volumesInUse` and `volumesAttached`; `None` if it needs no attaching.
pub fn attachable_name(volume: &PersistentVolume) -> Option<Name> {
    volume.spec.csi.as_ref().map(|csi| format!("kubernetes.io/csi/{}^{}", csi.driver, csi.volume_handle).into())
}

/// A device that is to be mounted, or a file system that is to be a device.
///
/// Upstream: `createVolumeSpec`.
fn wrong_use(pod: &Pod, volume: &Volume, claim: &PersistentVolumeClaim) -> Option<String> {
    let containers = || pod.spec.containers.iter().chain(&pod.spec.init_containers);
    let is_named = |device: &Value| device.at(&["name"]).and_then(Value::as_str) == Some(&*volume.name);
    let list = |container: &Container| {
        container.volume_devices.0.as_deref().and_then(Value::as_list).is_some_and(|list| list.iter().any(is_named))
    };
    let is_device = &*claim.spec.volume_mode == "Block";
    let (mode, place) = match is_device {
        true if containers().any(|c| c.volume_mounts.iter().any(|mount| mount.name == volume.name)) => {
            ("Block", "volumeMounts")
        }
        false if containers().any(list) => ("Filesystem", "volumeDevices"),
        _ => return None,
    };
    Some(format!("volume {} has volumeMode {mode}, but is specified in {place}", volume.name))
}

impl Host<'_> {
    /// The volumes behind a pod's claims, or `None` while one is not bound.
    fn volumes_of(&mut self, worker: &Worker) -> Option<Vec<Rc<PersistentVolume>>> {
        let namespace = worker.pod.metadata.namespace.clone();
        let claims: Vec<Name> = worker.pod.claims().cloned().collect();
        let mut volumes = Vec::new();
        for claim in claims {
            let target = ObjectRef::new(Kind::PersistentVolumeClaim, namespace.clone(), claim);
            let Ok(Object::PersistentVolumeClaim(claim)) = self.call(Request::Get(target), worker.cause) else {
                return None;
            };
            let target = ObjectRef::new(Kind::PersistentVolume, "", claim.spec.volume_name.clone());
            let Ok(Object::PersistentVolume(volume)) = self.call(Request::Get(target), worker.cause) else {
                return None;
            };
            volumes.push(volume);
        }
        Some(volumes)
    }

    /// Declares the pod's volumes as in use, so that they are not detached under it.
    pub fn claim_volumes(&mut self, worker: &Worker) {
        let names: Vec<Name> =
            self.volumes_of(worker).unwrap_or_default().iter().filter_map(|v| attachable_name(v)).collect();
        let before = self.machine.kubelet.in_use.len();
        for name in names {
            self.machine.kubelet.in_use.insert(name, ());
        }
        if self.machine.kubelet.in_use.len() != before {
            self.post_node_status(false);
        }
    }

    /// Whether everything is attached; if so it is mounted now.
    pub fn try_mount(&mut self, worker: &mut Worker) -> bool {
        let Some(volumes) = self.volumes_of(worker) else { return false };
        if self.unbound(&worker.pod).is_some() {
            return false;
        }
        let attached = |name: &Name| {
            let node = self.machine.kubelet.node.as_ref();
            node.is_some_and(|node| node.status.volumes_attached.iter().any(|v| v.name == *name))
        };
        if !volumes.iter().filter_map(|v| attachable_name(v)).all(|name| attached(&name)) {
            return false;
        }
        let (node, uid) = (self.name(), worker.pod.metadata.uid);
        for volume in volumes {
            self.disks.mount(&volume.metadata.name, &node, uid, &worker.pod.metadata.name, self.now);
            worker.mounted.push(volume.metadata.name.clone());
        }
        true
    }

    /// Lets the file systems of a pod's claims grow with their disks.
    ///
    /// Upstream: `NodeExpandVolume`, `MarkFSResizeFinished`.
    pub fn grow_volumes(&mut self, worker: &Worker) {
        if worker.mounted.is_empty() || worker.pod.is_terminating() || !self.is_connected() {
            return;
        }
        let (pod, cause, node) = (worker.pod.clone(), worker.cause, self.name());
        for name in pod.claims() {
            let objects = self.server.objects();
            let Some(claim) = objects.claims.get(&Key::new(pod.metadata.namespace.clone(), name.clone())) else {
                continue;
            };
            let volume = objects.volumes.get(&Key::new("", claim.spec.volume_name.clone()));
            let Some(volume) = volume.cloned().filter(|_| resize::awaits_node(claim)) else { continue };
            let mut grown = resize::with_condition(claim, None, self.now);
            grown.status.capacity = volume.spec.capacity.clone();
            grown.metadata.resource_version = Revision(0);
            let Ok(claim) = self.call(Request::UpdateStatus(grown.into()), cause) else { continue };
            let text = format!("MountVolume.NodeExpandVolume succeeded for volume \"{}\" {node}", volume.metadata.name);
            self.event(&pod, EventType::Normal, "FileSystemResizeSuccessful", text.clone(), cause);
            self.event_about(&claim, EventType::Normal, "FileSystemResizeSuccessful", text, cause);
        }
    }

    /// Gives a pod that writes its folders on this machine, with what it left there before a restart.
    pub fn mount_local(&mut self, worker: &mut Worker) {
        let (pod, node) = (worker.pod.clone(), self.name());
        if !pod.spec.containers.iter().any(|container| crate::reality::workload::role::role(&pod, container).is_some())
        {
            return;
        }
        for volume in pod.spec.volumes.iter().filter(|volume| volume.empty_dir.0.is_some()) {
            let name = self.disks.create_local(&pod, &volume.name);
            self.disks.attach(&name, &node, self.now);
            self.disks.mount(&name, &node, pod.metadata.uid, &pod.metadata.name, self.now);
            worker.mounted.push(name);
        }
    }

    /// Sets up the volumes that come from ConfigMaps and Secrets. `None` once all are there, else when it is tried again.
    ///
    /// Upstream: `MountVolume.SetUp`, `pkg/util/goroutinemap/exponentialbackoff`.
    pub fn try_set_up(&mut self, worker: &mut Worker) -> Option<Time> {
        let (pod, cause) = (worker.pod.clone(), worker.cause);
        let Stage::Volumes { since, warned } = &mut worker.stage else { return None };
        let (since, tries) = (*since, *warned);
        if !self.is_connected() || self.settings.kubelet.recorded_agent {
            return None;
        }
        let namespace = &pod.metadata.namespace;
        let fault = |volume: &Volume| {
            let missing = references::volume(volume, namespace, self.server.objects()).err()?;
            Some(format!("MountVolume.SetUp failed for volume \"{}\" : {missing}", volume.name))
        };
        let faults: Vec<String> = pod.spec.volumes.iter().filter_map(fault).collect();
        if faults.is_empty() {
            return None;
        }
        let due = since + tried_after(tries);
        if self.now < due {
            return Some(due);
        }
        *warned += 1;
        for fault in faults {
            self.event(&pod, EventType::Warning, "FailedMount", fault, cause);
        }
        Some(since + tried_after(tries + 1))
    }

    /// When a pod whose claims are not mounted looks again: soon after an error, else when its time is over.
    ///
    /// Upstream: `WaitForAttachAndMount`. That the time is over is no event.
    pub fn next_volume_turn(&mut self, worker: &Worker) -> Option<Time> {
        let Stage::Volumes { since, .. } = worker.stage else { return None };
        let pod = worker.pod.clone();
        if let Some(fault) = self.unbound(&pod) {
            let claims = pod.spec.volumes.iter().filter(|v| v.persistent_volume_claim.is_some());
            let unmounted: Vec<&str> = claims.map(|v| &*v.name).collect();
            let text = format!(
                "Unable to attach or mount volumes: unmounted volumes=[{}], unattached volumes=[], failed to process volumes=[{}]: {}",
                unmounted.join(" "),
                fault.0,
                fault.1
            );
            self.event(&pod, EventType::Warning, "FailedMount", text, worker.cause);
            return Some(self.after_error());
        }
        let rounds = self.now.since(since).0 / MOUNT_TIMEOUT.0 + 1;
        Some(since + MOUNT_TIMEOUT.times(rounds))
    }

    /// The first volume whose claim is not bound or of the wrong mode, and what the kubelet says of it.
    ///
    /// Upstream: `getPVCExtractPV`, `createVolumeSpec`.
    fn unbound(&self, pod: &Pod) -> Option<(Name, String)> {
        let (namespace, objects) = (&pod.metadata.namespace, self.server.objects());
        // The agent that stands in for kubelets in recordings says nothing of volumes.
        if !self.is_connected() || self.settings.kubelet.recorded_agent {
            return None;
        }
        pod.spec.volumes.iter().find_map(|volume| {
            let name = &volume.persistent_volume_claim.as_ref()?.claim_name;
            let fault = match objects.claims.get(&Key::new(namespace.clone(), name.clone())) {
                None => format!("failed to fetch PVC from API server: persistentvolumeclaims \"{name}\" not found"),
                Some(claim) if !claim.is_bound() || claim.spec.volume_name.is_empty() => "PVC is not bound".into(),
                Some(claim) => return Some((volume.name.clone(), wrong_use(pod, volume, claim)?)),
            };
            Some((volume.name.clone(), format!("error processing PVC {namespace}/{name}: {fault}")))
        })
    }

    /// Unmounts what the pod had mounted; what no other pod of this machine needs is no longer in use.
    pub fn release_volumes(&mut self, worker: &mut Worker) {
        let (node, uid) = (self.name(), worker.pod.metadata.uid);
        for volume in std::mem::take(&mut worker.mounted) {
            self.disks.unmount(&volume, &node, uid, self.now);
        }
        self.forget_unused(Some(uid));
    }

    /// What no pod needs is no longer in use. Who hears nobody cannot say so, and does once it is heard again.
    pub fn forget_unused(&mut self, leaving: Option<Uid>) {
        if self.machine.kubelet.in_use.is_empty() || !self.is_connected() {
            return;
        }
        let mut needed = Ledger::default();
        let workers: Vec<Box<Worker>> = self.machine.kubelet.workers.values().cloned().collect();
        let is_busy =
            |worker: &Worker| worker.stage != Stage::Stopped || leaving.is_none() && !worker.mounted.is_empty();
        for other in workers.iter().filter(|w| Some(w.pod.metadata.uid) != leaving && is_busy(w)) {
            for name in self.volumes_of(other).unwrap_or_default().iter().filter_map(|v| attachable_name(v)) {
                needed.insert(name, ());
            }
        }
        if self.machine.kubelet.in_use != needed {
            self.machine.kubelet.in_use = needed;
            self.post_node_status(false);
        }
    }
}

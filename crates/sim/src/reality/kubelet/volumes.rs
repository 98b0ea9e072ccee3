//! Volumes of a pod: what must be attached before it can start, and what is mounted on the machine.
//!
//! Upstream: `pkg/kubelet/volumemanager`.

use super::host::Host;
use super::state::{Stage, Worker};
use crate::belief::api::event::EventType;
use crate::belief::api::request::Request;
use crate::ground::clock::Span;
use crate::ground::ledger::Ledger;
use petri_objects::*;
use std::rc::Rc;

/// Upstream: `podAttachAndMountTimeout`, 2 min 3 s.
const MOUNT_TIMEOUT: Span = Span::seconds(123);

/// The name under which a volume stands in `volumesInUse` and `volumesAttached`; `None` if it needs no attaching.
pub fn attachable_name(volume: &PersistentVolume) -> Option<Name> {
    volume.spec.csi.as_ref().map(|csi| format!("kubernetes.io/csi/{}^{}", csi.driver, csi.volume_handle).into())
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

    /// After two minutes without its volumes a pod complains, and again every two minutes.
    pub fn complain_about_volumes(&mut self, worker: &mut Worker) {
        let Stage::Volumes { since, warned } = &mut worker.stage else { return };
        if self.now < *since + MOUNT_TIMEOUT.times(u64::from(*warned) + 1) {
            return;
        }
        *warned += 1;
        let pod = &worker.pod;
        let claims = pod.spec.volumes.iter().filter(|v| v.persistent_volume_claim.is_some());
        let names = claims.map(|v| &*v.name).collect::<Vec<_>>().join(" ");
        let text = format!(
            "Unable to attach or mount volumes: unmounted volumes=[{names}], unattached volumes=[{names}], failed to process volumes=[]: context deadline exceeded"
        );
        let (pod, cause) = (pod.clone(), worker.cause);
        self.event(&pod, EventType::Warning, "FailedMount", text, cause);
    }

    /// When a pod without its volumes looks or complains next.
    pub fn next_volume_turn(&self, worker: &Worker) -> Option<crate::ground::clock::Time> {
        match &worker.stage {
            Stage::Volumes { since, warned } => Some(*since + MOUNT_TIMEOUT.times(u64::from(*warned) + 1)),
            _ => None,
        }
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

//! When a pod's first container is to run if nothing comes between: foresight from what is planned already.
//!
//! The last of several waits for one disk is added up from the settings, not simulated: it is a little late rather than
//! early, and never more than about a second.

use super::scene::Scene;
use crate::belief::api::shelf::Key;
use crate::belief::controllers::attach_detach::{self, Attached, Operation, Stage};
use crate::ground::clock::{Span, Time};
use crate::reality::kubelet::{Run, RunState};
use crate::reality::storage::Exclusive;
use crate::reality::workload::behaviour::{ContainerSort, behaviour};
use crate::words::command::StoragePart;
use petri_objects::{Name, Pod};

/// When a pod starts, or what it waits for without an end that could be told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Start {
    At(Time),
    /// Its machine does not hear of it.
    WhenAnswers(Name),
    /// No node was chosen.
    WhenPlaced,
    /// That machine has its disk, and is healthy as far as anybody knows: it lets go by itself or not at all.
    WhenReleased(Name),
    Unknown,
}

/// What requests and caches add to latencies.
const SLACK: Span = Span::millis(250);

/// When the first container of a pod is to run, in whole seconds from the start of the scenario, rounded up.
pub(crate) fn foresee_start(scene: &Scene<'_>, pod: &Pod) -> Start {
    let node = &pod.spec.node_name;
    if node.is_empty() {
        return Start::WhenPlaced;
    }
    let Some(machine) = scene.machines.get(node) else { return Start::Unknown };
    if !scene.hears(node) {
        return Start::WhenAnswers(node.clone());
    }
    let worker = machine.kubelet.workers.get(&pod.metadata.uid);
    let planned = worker.and_then(|worker| worker.containers.iter().filter_map(planned).min());
    let at = match planned {
        Some(at) => at,
        None => {
            let mounted = match disks_there(scene, pod, node) {
                Ok(at) => at,
                Err(other) => return other,
            };
            let containers = pod.spec.init_containers.first().map(|container| (container, ContainerSort::Init));
            let first = containers.or(pod.spec.containers.first().map(|c| (c, ContainerSort::Regular)));
            let Some((container, sort)) = first else { return Start::Unknown };
            let kubelet = &scene.settings.kubelet;
            let pull = if machine.images.contains(&container.image) { Span::ZERO } else { kubelet.pull };
            mounted + behaviour(pod, container, sort, kubelet).start + pull + SLACK
        }
    };
    let whole = at.since(scene.start).0.div_ceil(1_000_000);
    Start::At(scene.start + Span::seconds(whole))
}

/// When all disks of a pod are mounted on its machine.
fn disks_there(scene: &Scene<'_>, pod: &Pod, node: &Name) -> Result<Time, Start> {
    let mut latest = scene.now;
    for claim in pod.claims() {
        let key = Key::new(pod.metadata.namespace.clone(), claim.clone());
        let volume = scene.objects.claims.get(&key).map(|claim| claim.spec.volume_name.clone());
        let volume = volume.filter(|volume| !volume.is_empty()).ok_or(Start::Unknown)?;
        latest = latest.max(disk_there(scene, &volume, pod, node)?);
    }
    Ok(latest)
}

fn disk_there(scene: &Scene<'_>, volume: &Name, pod: &Pod, node: &Name) -> Result<Time, Start> {
    let (kubelet, storage) = (&scene.settings.kubelet, &scene.settings.storage);
    let disk = scene.disks.get(volume);
    if let Some(mount) = disk.and_then(|disk| disk.mounts.get(&(node.clone(), pod.metadata.uid))) {
        return Ok(mount.since + kubelet.mount);
    }
    let state = scene.attachments.volume(&Key::new("", volume.clone()));
    let shared = disk.is_some_and(|disk| disk.exclusive() == Exclusive::No);
    let kept = !shared && state.nodes.keys().any(|at| at != node) && scene.driver.is_stuck(StoragePart::Detach);
    let held = kept || scene.driver.is_stuck(StoragePart::Attach) || !scene.attaches;
    let begun = match state.nodes.get(node).filter(|attached| !attached.is_uncertain()) {
        Some(attached) => match &attached.operation {
            // Nobody can say when a person lets it go on.
            Some(_) if held => return Err(Start::Unknown),
            Some(operation) => operation.noticed(storage.attach),
            None => scene.now,
        },
        None if held => return Err(Start::Unknown),
        None => {
            let holder = state.nodes.iter().find(|(at, attached)| *at != node && !attached.is_uncertain());
            let free = match holder.filter(|_| !shared) {
                Some((holder, attached)) => freed(scene, holder, attached)?,
                None => scene.now,
            };
            Operation::asked(Stage::Attaching, free).noticed(storage.attach)
        }
    };
    Ok(begun.max(scene.now) + kubelet.volume_poll + kubelet.mount)
}

/// When the driver has taken a disk from a machine, as its controller will notice.
fn freed(scene: &Scene<'_>, holder: &Name, attached: &Attached) -> Result<Time, Start> {
    let detach = |at: Time| Operation::asked(Stage::Detaching, at).noticed(scene.settings.storage.detach);
    if let Some(operation) = &attached.operation {
        return Ok(operation.noticed(scene.settings.storage.detach));
    }
    let requested = attached.detach_requested.ok_or(Start::Unknown)?;
    let object = scene.objects.nodes.get(&Key::new("", holder.clone()));
    let healthy = object.is_some_and(|node| node.is_ready());
    let in_use = object.is_none_or(|node| node.status.volumes_in_use.contains(&attached.unique_name));
    if !in_use || object.is_some_and(|node| attach_detach::is_out_of_service(node)) {
        return Ok(detach(scene.now));
    }
    if healthy && scene.hears(holder) {
        return Err(Start::WhenReleased(holder.clone()));
    }
    // A machine that is silent has to be found out first.
    let found_out = match scene.network.cut_since(holder).filter(|_| healthy) {
        Some(cut) => cut + scene.settings.node_monitor_grace_period + scene.settings.node_monitor_period,
        None => scene.now,
    };
    let (wait, period) = (scene.settings.force_detach_after, scene.settings.attach_detach_period);
    let forced = attach_detach::first_after(requested, wait, period).max(found_out);
    Ok(detach(forced))
}

/// When a container starts that its kubelet has made, or makes again.
pub fn planned(run: &Run) -> Option<Time> {
    match run.state {
        RunState::Waiting { until, .. } | RunState::Exited { until, .. } => until,
        RunState::BackOff { until, .. } | RunState::Unconfigured { until, .. } => Some(until),
        RunState::Running { .. } => None,
    }
}

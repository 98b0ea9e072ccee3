//! `why KIND/NAME`: what the controllers wait for, and who has the disk that a pod waits for.

use crate::output::{Failure, Output};
use crate::select::{kind_of, reference};
use crate::tables::age_since;
use petri_objects::value::quoted;
use petri_objects::{Event, Name, Object, ObjectRef, Pod};
use petri_sim::belief::api::shelf::Key;
use petri_sim::story::reason_text;
use petri_sim::words::controller_id::ControllerId;
use petri_sim::world::World;
use std::rc::Rc;

pub(crate) fn why(target: &str, namespace: &str, world: &World) -> Result<Output, Failure> {
    let wrong = || format!("error: {} names no object; write KIND/NAME, sts/web for example", quoted(target));
    let (kind, name) = target.split_once('/').ok_or_else(wrong)?;
    let target = reference(kind_of(kind)?, namespace, name);
    let key = Key { namespace: target.namespace.clone(), name: target.name.clone() };
    let storage = storage_of(&target, world);
    let mut out = Output::default();
    for (controller, at, waiting) in world.reasons() {
        let about_storage =
            matches!(controller, ControllerId::PersistentVolume | ControllerId::AttachDetach | ControllerId::CsiDriver);
        let misled = controller == ControllerId::PersistentVolume && volume_of_another(at, world).is_some();
        if !misled && (*at == key || (about_storage && storage.contains(at))) {
            let since = age_since(waiting.since, world.now);
            let sentence = reason_text::sentence(world, at, &waiting.reason);
            out.line(format!("{}, for {since}: {sentence}", controller.name()));
        }
    }
    storage.iter().filter_map(|claim| volume_of_another(claim, world)).for_each(|line| out.line(line));
    if let Some(Object::Pod(pod)) = world.objects().get(&target) {
        disks_elsewhere(&pod, world).into_iter().for_each(|line| out.line(line));
        nobody_places(&pod).into_iter().chain(kubelet_waits(&pod, world)).for_each(|line| out.line(line));
    }
    for hindrance in world.hindrances() {
        out.line(format!("{} (`{}` ends it)", hindrance.sentence.trim_end_matches('.'), hindrance.end.line()));
    }
    if out.stdout.is_empty() {
        out.line(format!("no controller waits for anything about {target}"));
    }
    Ok(out)
}

/// The claims behind a pod, the volumes behind claims, and the attachments of volumes, as controllers name them.
fn storage_of(target: &ObjectRef, world: &World) -> Vec<Key> {
    let objects = world.objects();
    let mut keys = Vec::new();
    let mut volumes: Vec<Name> = Vec::new();
    match objects.get(target) {
        Some(Object::Pod(pod)) => {
            keys.extend(pod.claims().map(|claim| Key::new(target.namespace.clone(), claim.clone())));
        }
        Some(Object::PersistentVolumeClaim(_)) => {
            keys.push(Key::new(target.namespace.clone(), target.name.clone()));
        }
        Some(Object::PersistentVolume(_)) => volumes.push(target.name.clone()),
        _ => {}
    }
    volumes.extend(keys.iter().filter_map(|key| Some(objects.claims.get(key)?.spec.volume_name.clone())));
    for attachment in objects.attachments.values() {
        if volumes.contains(&attachment.spec.source.persistent_volume_name) {
            keys.push(petri_sim::belief::controllers::csi_driver::attachment_key(&attachment.metadata.name));
        }
    }
    keys.extend(volumes.into_iter().filter(|name| !name.is_empty()).map(|name| Key::new("", name)));
    keys
}

/// A claim that names a volume which belongs to somebody else.
fn volume_of_another(claim: &Key, world: &World) -> Option<String> {
    let objects = world.objects();
    let claim = objects.claims.get(claim).filter(|claim| !claim.is_bound())?;
    let volume = objects.volumes.get(&Key::new("", claim.spec.volume_name.clone()))?;
    let owner = volume.spec.claim_ref.as_ref().filter(|owner| owner.uid.0 != 0 && owner.uid != claim.metadata.uid)?;
    let (name, phase) = (&volume.metadata.name, &volume.status.phase);
    let (own, theirs) = (claim.metadata.uid.short(), owner.uid.short());
    let other = match owner.namespace == claim.metadata.namespace && owner.name == claim.metadata.name {
        true => format!("an earlier {} ({theirs}, this one is {own})", owner.name),
        false => format!("{}/{}", owner.namespace, owner.name),
    };
    Some(format!("{name} is {phase}: it belongs to {other}, until uid and resourceVersion of its claimRef are removed"))
}

/// Why no scheduler looks at a pod.
fn nobody_places(pod: &Pod) -> Option<String> {
    let scheduler = &pod.spec.scheduler_name;
    let waits = pod.spec.node_name.is_empty() && !pod.phase().is_terminal();
    (waits && !scheduler.is_empty() && &**scheduler != "default-scheduler")
        .then(|| format!("no scheduler called {} runs here; the pod waits for one", quoted(scheduler)))
}

/// What the kubelet of a pod waits for.
fn kubelet_waits(pod: &Pod, world: &World) -> Vec<String> {
    let mut lines = Vec::new();
    let node = &pod.spec.node_name;
    if node.is_empty() || pod.phase().is_terminal() || pod.metadata.is_terminating() {
        return lines;
    }
    for status in pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses) {
        if let Some(waiting) = status.state.waiting.as_ref().filter(|waiting| !waiting.message.is_empty()) {
            lines.push(format!("kubelet of {node}: {} waits: {}: {}", status.name, waiting.reason, waiting.message));
        }
    }
    if pod.status.pod_ip.is_empty() {
        let about = |event: &&Rc<Event>| {
            event.involved_object.uid == pod.metadata.uid && &*event.reason == "FailedMount" && lines.is_empty()
        };
        let mut texts: Vec<&Name> =
            world.objects().events.in_namespace(&pod.metadata.namespace).filter(about).map(|e| &e.message).collect();
        texts.sort();
        texts.dedup();
        lines.extend(texts.into_iter().map(|text| format!("kubelet of {node}: {text}")));
    }
    lines
}

/// Where the disks are that the pod needs and its node has not: who is on the machine that has them.
fn disks_elsewhere(pod: &Pod, world: &World) -> Vec<String> {
    let mut lines = Vec::new();
    if pod.spec.node_name.is_empty() {
        return lines;
    }
    for name in pod.claims() {
        let key = Key::new(pod.metadata.namespace.clone(), name.clone());
        let claim = world.objects().claims.get(&key);
        let Some(disk) = claim.and_then(|claim| world.disks.get(&claim.spec.volume_name)) else { continue };
        if disk.attached.contains_key(&pod.spec.node_name) {
            continue;
        }
        for node in disk.attached.keys() {
            let there = disk.writers().filter(|writer| writer.node == *node);
            let holders: Vec<String> = there.map(|w| format!("{} ({})", w.pod, w.uid.short())).collect();
            lines.push(match &holders[..] {
                [] => format!("the disk of {name} is attached to {node}, where no process uses it"),
                holders => format!("the disk of {name} is attached to {node}, where {} uses it", holders.join(", ")),
            });
        }
    }
    lines
}

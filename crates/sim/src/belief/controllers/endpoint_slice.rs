//! Which addresses stand behind a Service, and which of them want traffic: one slice lists up to 100 pods.
//!
//! Upstream: `pkg/controller/endpointslice`, `staging/src/k8s.io/endpointslice`.
//!
//! An endpoint keeps its place in its slice for as long as its address, its host name and its pod's name stay; new ones
//! are appended. A slice is written only when one of its endpoints or labels changed.
//!
//! Deviation: new endpoints are appended in the order of their pods' names; upstream takes them from a map.
//!
//! Deviation: the annotation with the time of the change that led to a write is computed from the endpoints that the
//! write changes; upstream remembers the times of all pods and notices changes that had no effect, too.
//!
//! Deviation: a sync that left out a pod, because its node is not known, is tried again every 10 s; upstream counts it
//! as failed, with a back-off that begins at 1 s and ends after 15 tries.
//!
//! Deviation: no Endpoints objects, topology hints or traffic distribution.

mod desired;
mod reconciler;

use crate::belief::api::shelf::Key;
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Done, Outcome, Stop};
use crate::belief::client::informer::Enqueue;
use crate::ground::clock::Span;
use crate::words::actor::Actor;
use crate::words::controller_id::ControllerId;
use crate::words::reason::Reason;
use petri_objects::*;
use reconciler::{LABEL_MANAGED_BY, MANAGER};
use std::rc::Rc;

/// When a pod whose node is missing is looked at again.
const RETRY: Span = Span::seconds(10);

pub fn enqueue(change: &Change, keys: &mut Enqueue<'_>) {
    match change.object() {
        Object::Service(service) => keys.add(Key::of(&service.metadata)),
        Object::Pod(pod) => {
            let side = |object: &Option<Object>| match object {
                Some(Object::Pod(pod)) => Some(pod.clone()),
                _ => None,
            };
            let (old, new) = (side(&change.old), side(&change.new));
            if let (Some(old), Some(new)) = (&old, &new)
                && desired::is_same(old, new)
            {
                return;
            }
            for service in keys.cache.services.in_namespace(&pod.metadata.namespace) {
                let selects = |pod: &Option<Rc<Pod>>| {
                    pod.as_ref().is_some_and(|pod| desired::selects(service, &pod.metadata.labels))
                };
                if selects(&old) || selects(&new) {
                    keys.keys.push((Key::of(&service.metadata), Span::ZERO));
                }
            }
        }
        Object::EndpointSlice(slice) if change.by != Actor::Controller(ControllerId::EndpointSlice) => {
            if let Some(service) = service_of(slice) {
                keys.add(Key::new(slice.metadata.namespace.clone(), service.clone()));
            }
        }
        _ => {}
    }
}

/// The name of the Service whose slice this is, if it is one of this controller's.
fn service_of(slice: &EndpointSlice) -> Option<&Name> {
    slice.metadata.labels.get(LABEL_MANAGED_BY).filter(|manager| &***manager == MANAGER)?;
    slice.service_name()
}

/// Upstream: `syncService`, `Reconcile`.
pub fn sync(key: &Key, api: &mut Api<'_>) -> Outcome {
    let cache = api.cache();
    // The slices of a Service that is gone are the garbage collector's.
    let Some(service) = cache.services.get(key) else { return Ok(Done::settled()) };
    if &*service.spec.kind == "ExternalName" || service.spec.selector.is_empty() {
        return Ok(Done::settled());
    }
    let existing: Vec<Rc<EndpointSlice>> = (cache.endpoint_slices.in_namespace(&key.namespace))
        .filter(|slice| service_of(slice).is_some_and(|name| *name == key.name) && !slice.metadata.is_terminating())
        .cloned()
        .collect();
    let families = desired::address_types(service);
    let mut nowhere: Vec<(Name, Name)> = Vec::new();
    let mut outcome = Ok(());
    for family in &families {
        let (groups, mut skipped) = desired::endpoints(service, family, &cache);
        nowhere.append(&mut skipped);
        let slices = existing.iter().filter(|slice| slice.address_type == *family).cloned().collect();
        if let Err(stop) = reconciler::reconcile_by_address_type(service, family, groups, slices, &cache, api) {
            outcome = Err(stop);
            break;
        }
    }
    if outcome.is_ok() {
        let obsolete = existing.iter().filter(|slice| !families.contains(&slice.address_type)).cloned().collect();
        outcome = reconciler::delete_endpoint_slices(obsolete, api);
    }
    let mut errors: Vec<String> = (nowhere.iter())
        .map(|(pod, node)| format!("skipping Pod {pod} for Service {key}: Node {node} Not Found"))
        .collect();
    match &outcome {
        Err(Stop::Awaiting) => return Err(Stop::Awaiting),
        Err(Stop::Failed(error)) => errors.push(error.to_string()),
        Ok(()) => {}
    }
    if !errors.is_empty() {
        let all = if errors.len() == 1 { errors.concat() } else { format!("[{}]", errors.join(", ")) };
        let message = format!("Error updating Endpoint Slices for Service {key}: {all}");
        api.warning(&service.clone().into(), "FailedToUpdateEndpointSlices", message);
    }
    outcome?;
    Ok(match nowhere.into_iter().next() {
        None => Done::settled(),
        Some((pod, node)) => Done::waiting(Reason::EndpointNodeMissing { pod, node }).or_after(Some(RETRY)),
    })
}

#[cfg(test)]
mod tables;
#[cfg(test)]
mod tests;

//! From the slices that exist to those that should, with as few writes as possible.
//!
//! Upstream: `staging/src/k8s.io/endpointslice/reconciler.go`.

use super::desired::{Candidate, Group};
use crate::belief::api::shelf::{Key, Objects};
use crate::belief::client::call::{Api, Stop};
use crate::belief::controllers::util::controller_ref;
use crate::ground::clock::Time;
use crate::words::api_error::ApiError;
use petri_objects::order::Order as _;
use petri_objects::*;
use std::collections::BTreeMap;
use std::rc::Rc;

pub(super) const LABEL_HEADLESS: &str = "service.kubernetes.io/headless";
pub(super) const LABEL_MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
pub(super) const LAST_CHANGE_TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";
pub(super) const MANAGER: &str = "endpointslice-controller.k8s.io";
/// `--max-endpoints-per-slice`.
pub(super) const MAX_ENDPOINTS_PER_SLICE: u64 = 100;

/// Writes to be done.
#[derive(Default)]
struct Plan {
    create: Vec<EndpointSlice>,
    update: Vec<EndpointSlice>,
    delete: Vec<Rc<EndpointSlice>>,
}

pub(super) fn reconcile_by_address_type(
    service: &Rc<Service>,
    family: &Name,
    groups: Vec<Group<'_>>,
    existing: Vec<Rc<EndpointSlice>>,
    cache: &Objects,
    api: &mut Api<'_>,
) -> Result<(), Stop> {
    let mut plan = Plan::default();
    let total = existing.len();
    // A slice of an earlier Service of this name is not touched, only removed.
    let (mut owned, foreign): (Vec<_>, Vec<_>) = existing.iter().cloned().partition(|slice| is_owned(slice, service));
    plan.delete.extend(foreign);
    for group in groups {
        let (ours, others) = owned.into_iter().partition(|slice| slice.ports == group.ports);
        owned = others;
        reconcile_by_port_mapping(service, family, group, ours, &mut plan);
    }
    plan.delete.extend(owned);

    // A Service without pods has one empty slice.
    if plan.delete.len() == total && plan.create.is_empty() {
        let placeholder = new_endpoint_slice(service, family, Vec::new());
        match &plan.delete[..] {
            [only] if is_placeholder(only, &placeholder) => plan.delete.clear(),
            _ => plan.create.push(placeholder),
        }
    }
    finalize(service, plan, &existing, cache, api)
}

fn is_owned(slice: &EndpointSlice, service: &Service) -> bool {
    let owns = |owner: &OwnerReference| owner.uid == service.metadata.uid && &*owner.kind == "Service";
    slice.metadata.owner_references.iter().any(owns)
}

fn is_placeholder(slice: &EndpointSlice, placeholder: &EndpointSlice) -> bool {
    slice.endpoints.is_empty()
        && slice.ports.is_empty()
        && slice.metadata.labels == placeholder.metadata.labels
        && slice.metadata.owner_references == placeholder.metadata.owner_references
}

/// Keeps what is wanted in place, then fills up: first the slices that are written anyway, then one that has room for all
/// the rest, then new ones.
fn reconcile_by_port_mapping(
    service: &Service,
    family: &Name,
    group: Group<'_>,
    existing: Vec<Rc<EndpointSlice>>,
    plan: &mut Plan,
) {
    let mut placed = vec![false; group.candidates.len()];
    let mut next = 0;
    let (mut changed, mut unchanged): (Vec<EndpointSlice>, Vec<Rc<EndpointSlice>>) = (Vec::new(), Vec::new());
    for slice in &existing {
        let mut kept: Vec<(&Endpoint, Candidate<'_>)> = Vec::with_capacity(slice.endpoints.len());
        for endpoint in slice.endpoints.iter() {
            if let Some(at) = group.position(endpoint, next).filter(|at| !placed[*at]) {
                placed[at] = true;
                next = at + 1;
                kept.push((endpoint, group.candidates[at]));
            }
        }
        let same = kept.len() == slice.endpoints.len() && kept.iter().all(|(e, candidate)| candidate.equals(e));
        let labels = labels(service);
        if same && slice.metadata.labels == labels {
            unchanged.push(slice.clone());
            continue;
        }
        if kept.is_empty() && !same {
            plan.delete.push(slice.clone());
            continue;
        }
        let endpoints = kept.into_iter().map(|(e, c)| if c.equals(e) { e.clone() } else { c.to_endpoint() }).collect();
        let mut slice = EndpointSlice::clone(slice);
        slice.endpoints = Rc::new(endpoints);
        slice.metadata.labels = labels;
        changed.push(slice);
    }

    let left = group.candidates.iter().zip(placed).filter(|(_, placed)| !placed);
    let mut left = left.map(|(candidate, _)| candidate.to_endpoint()).collect::<Vec<_>>().into_iter();
    // The fullest first.
    changed.order_by_key(|slice| std::cmp::Reverse(slice.endpoints.len()));
    for slice in &mut changed {
        fill(slice, &mut left);
    }
    while left.len() > 0 {
        let room =
            |slice: &EndpointSlice| MAX_ENDPOINTS_PER_SLICE.checked_sub((slice.endpoints.len() + left.len()) as u64);
        let fits = (unchanged.iter().enumerate())
            .filter_map(|(at, slice)| Some((room(slice).filter(|room| *room < MAX_ENDPOINTS_PER_SLICE)?, at)))
            .min();
        match fits {
            Some((_, at)) => {
                let mut slice = EndpointSlice::clone(&unchanged.remove(at));
                fill(&mut slice, &mut left);
                changed.push(slice);
            }
            None => {
                let mut slice = new_endpoint_slice(service, family, group.ports.clone());
                fill(&mut slice, &mut left);
                plan.create.push(slice);
            }
        }
    }
    plan.update.append(&mut changed);
}

fn fill(slice: &mut EndpointSlice, left: &mut impl Iterator<Item = Endpoint>) {
    let room = (MAX_ENDPOINTS_PER_SLICE as usize).saturating_sub(slice.endpoints.len());
    if room > 0 {
        Rc::make_mut(&mut slice.endpoints).extend(left.take(room));
    }
}

fn new_endpoint_slice(service: &Service, family: &Name, ports: Vec<EndpointPort>) -> EndpointSlice {
    let mut slice = EndpointSlice { address_type: family.clone(), ports, ..EndpointSlice::default() };
    slice.metadata = Meta {
        generate_name: format!("{}-", service.metadata.name).into(),
        namespace: service.metadata.namespace.clone(),
        labels: labels(service),
        owner_references: vec![controller_ref(&service.clone().into())],
        ..Meta::default()
    };
    slice
}

/// The Service's own labels, under those that only this controller may set.
///
/// Upstream: `setEndpointSliceLabels`.
fn labels(service: &Service) -> Labels {
    let mut labels = service.metadata.labels.clone();
    labels.remove(LABEL_HEADLESS);
    if service.is_headless() || service.spec.cluster_ip.is_empty() {
        labels.insert(LABEL_HEADLESS, "");
    }
    labels.insert(SERVICE_NAME_LABEL, service.metadata.name.clone());
    labels.insert(LABEL_MANAGED_BY, MANAGER);
    labels
}

/// Does the writes. A slice that would be deleted beside one that would be created takes its content instead.
fn finalize(
    service: &Rc<Service>,
    mut plan: Plan,
    existing: &[Rc<EndpointSlice>],
    cache: &Objects,
    api: &mut Api<'_>,
) -> Result<(), Stop> {
    let mut kept = Vec::new();
    for slice in plan.delete {
        match is_owned(&slice, service).then(|| plan.create.pop()).flatten() {
            Some(mut content) => {
                content.metadata.name = slice.metadata.name.clone();
                plan.update.push(content);
            }
            None => kept.push(slice),
        }
    }
    if kept.is_empty() && plan.create.is_empty() && plan.update.is_empty() {
        return Ok(());
    }
    let trigger = trigger_time(service, &plan.create, &plan.update, existing, cache);
    // The garbage collector removes the slices of a Service that is being deleted; new ones would be in its way.
    if !service.metadata.is_terminating() {
        for mut slice in plan.create {
            annotate(&mut slice, trigger);
            if let Err(error) = api.create(slice)? {
                if matches!(error, ApiError::Forbidden { .. }) {
                    // The namespace is being deleted: every further try would fail as well.
                    return Ok(());
                }
                return Err(Stop::Failed(error));
            }
        }
    }
    for mut slice in plan.update {
        annotate(&mut slice, trigger);
        api.update(slice)??;
    }
    delete_endpoint_slices(kept, api)
}

pub(super) fn delete_endpoint_slices(slices: Vec<Rc<EndpointSlice>>, api: &mut Api<'_>) -> Result<(), Stop> {
    for slice in slices {
        match api.delete(Key::of(&slice.metadata).to_ref(Kind::EndpointSlice))? {
            Err(error) if !error.is_not_found() => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

fn annotate(slice: &mut EndpointSlice, trigger: Option<Time>) {
    match trigger {
        Some(at) => slice.metadata.annotations.insert(LAST_CHANGE_TRIGGER_TIME, at.rfc3339()),
        None => slice.metadata.annotations.remove(LAST_CHANGE_TRIGGER_TIME),
    }
}

/// When the earliest of the changes happened that these writes are about: a pod became Ready or lost it, or the Service
/// was created.
///
/// Upstream: `TriggerTimeTracker`.
fn trigger_time(
    service: &Service,
    create: &[EndpointSlice],
    update: &[EndpointSlice],
    existing: &[Rc<EndpointSlice>],
    cache: &Objects,
) -> Option<Time> {
    if existing.is_empty() {
        return Some(service.metadata.creation_timestamp);
    }
    // By pod and address: a pod that comes back with another address is another endpoint.
    let serving = |e: &Endpoint| e.conditions.serving == Some(true);
    let updated = |slice: &&Rc<EndpointSlice>| update.iter().any(|other| other.metadata.name == slice.metadata.name);
    let before: BTreeMap<_, bool> = existing
        .iter()
        .filter(updated)
        .flat_map(|slice| slice.endpoints.iter())
        .map(|e| (whose(e), serving(e)))
        .collect();
    let after: BTreeMap<_, bool> =
        create.iter().chain(update).flat_map(|s| s.endpoints.iter()).map(|e| (whose(e), serving(e))).collect();
    let moved = after.iter().filter(|(endpoint, now)| **now != before.get(*endpoint).copied().unwrap_or(false));
    let left = before.iter().filter(|(endpoint, _)| !after.contains_key(*endpoint));
    let ready_since = |(pod, _): &(&str, &str)| {
        let pod = cache.pods.get(&Key::new(service.metadata.namespace.clone(), *pod))?;
        condition(&pod.status.conditions, "Ready").map(|ready| ready.last_transition_time)
    };
    moved.chain(left).filter_map(|(endpoint, _)| ready_since(endpoint)).min()
}

fn whose(endpoint: &Endpoint) -> (&str, &str) {
    let pod = endpoint.target_ref.as_ref().map_or("", |target| &target.name);
    (pod, endpoint.addresses.first().map_or("", |address| address))
}

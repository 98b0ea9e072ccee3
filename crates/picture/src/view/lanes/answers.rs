//! When the DNS began and ceased to answer the names of pods, as far as the slices of headless Services tell: CoreDNS keeps
//! nothing of its own, so an answer changes with them.

use super::spans::{Answer, Lane, LaneKey};
use petri_objects::{Endpoint, EndpointSlice, Name, Object, Time};
use petri_sim::words::note::Verb;
use std::collections::BTreeMap;

const HEADLESS: &str = "service.kubernetes.io/headless";

/// A slice was written: those of its pods whose names have another answer now.
#[inline(never)]
pub(super) fn listed(
    lanes: &mut BTreeMap<LaneKey, Lane>,
    at: Time,
    verb: Verb,
    slice: &EndpointSlice,
    old: Option<&Object>,
) {
    let is_headless = slice.metadata.labels.get(HEADLESS).is_some();
    let Some(service) = slice.service_name().filter(|_| is_headless) else { return };
    let before: &[Endpoint] = if let Some(Object::EndpointSlice(old)) = old { &old.endpoints } else { &[] };
    let now: &[Endpoint] = if verb == Verb::Deleted { &[] } else { &slice.endpoints };
    for (place, endpoint) in before.iter().chain(now).enumerate() {
        let is_listed = place >= before.len();
        // Nobody asks by name for a pod that has none.
        let Some(target) = endpoint.target_ref.as_ref().filter(|_| endpoint.hostname.is_some()) else { continue };
        let is_kept = |other: &Endpoint| other.target_ref.as_ref().is_some_and(|kept| kept.name == target.name);
        if !is_listed && now.iter().any(is_kept) {
            continue;
        }
        let is_found = is_listed && endpoint.conditions.ready != Some(false);
        let address = endpoint.addresses.first().filter(|_| is_found).cloned().unwrap_or_default();
        let (namespace, pod) = (slice.metadata.namespace.clone(), target.name.clone());
        let answers = &mut lanes.entry(LaneKey::Identity { namespace, pod }).or_default().answers;
        let known = answers.iter().rev().find(|answer| answer.service == *service);
        if known.map_or(&Name::default(), |answer| &answer.address) != &address {
            answers.push(Answer { at, service: service.clone(), address });
        }
    }
}

//! Services stand for the pods that are ready.

use super::{Oracle, Rule};
use petri_objects::{Name, Phase, Pod, Service};
use petri_sim::reality::dns::{Query, RecordType, answer};
use std::collections::BTreeSet;

pub(super) fn check(oracle: &mut Oracle<'_>) {
    let objects = oracle.world.objects();
    let mut found = Vec::new();
    for service in objects.services.values() {
        let meta = &service.metadata;
        if service.spec.selector.is_empty() || &*service.spec.kind == "ExternalName" || meta.is_terminating() {
            continue;
        }
        let pods = objects.pods.in_namespace(&meta.namespace);
        let wanted: BTreeSet<Name> =
            pods.filter(|pod| is_endpoint(service, pod)).map(|pod| pod.status.pod_ip.clone()).collect();
        let slices = objects
            .endpoint_slices
            .in_namespace(&meta.namespace)
            .filter(|slice| slice.service_name() == Some(&meta.name));
        let endpoints = slices.flat_map(|slice| slice.endpoints.iter());
        let told: BTreeSet<Name> = endpoints
            .filter(|endpoint| endpoint.conditions.ready != Some(false))
            .flat_map(|endpoint| endpoint.addresses.iter().cloned())
            .collect();
        if told != wanted {
            found.push(format!("the slices of {} name {told:?}; ready are {wanted:?}", meta.name));
        }
        if service.is_headless() {
            let name = format!("{}.{}.svc.cluster.local", meta.name, meta.namespace);
            let heard: BTreeSet<Name> =
                answer(objects, &Query::new(name, RecordType::A)).addresses().into_iter().collect();
            if heard != wanted {
                found.push(format!("the DNS answers {heard:?} for {}; ready are {wanted:?}", meta.name));
            }
        }
    }
    found.into_iter().for_each(|text| oracle.complain(Rule::Endpoints, text));
}

fn is_endpoint(service: &Service, pod: &Pod) -> bool {
    let open = service.spec.publish_not_ready_addresses;
    service.spec.selector.is_subset_of(&pod.metadata.labels)
        && !pod.status.pod_ip.is_empty()
        && !matches!(pod.phase(), Phase::Failed | Phase::Succeeded)
        && (open || pod.is_ready() && !pod.is_terminating())
}

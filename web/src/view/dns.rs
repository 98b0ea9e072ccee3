//! The names that pods can ask for, and what the cluster's DNS answers.

use super::facts::Facts;
use super::words;
use petri_objects::{Name, ObjectRef, Service, condition};
use std::collections::{BTreeMap, BTreeSet};

/// One name below the namespace: `rg`, `rg-1.rg`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub namespace: Name,
    pub name: String,
    /// Addresses; empty if the name does not exist.
    pub addresses: Vec<Name>,
    /// `since 1:51`, if the name is missing and it is known since when.
    pub note: String,
}

impl Row {
    /// Whether the answer would be NXDOMAIN.
    pub fn is_missing(&self) -> bool {
        self.addresses.is_empty()
    }
    pub fn answer(&self) -> String {
        if self.is_missing() {
            return if self.note.is_empty() { "NXDOMAIN".to_owned() } else { format!("NXDOMAIN {}", self.note) };
        }
        self.addresses.iter().map(|address| &**address).collect::<Vec<_>>().join(", ")
    }
}

/// Every Service's name, and every name that a StatefulSet's pod has or should have.
pub fn rows(facts: &Facts) -> Vec<Row> {
    facts.objects.services.values().flat_map(|service| of_service(service, facts)).collect()
}

fn of_service(service: &Service, facts: &Facts) -> Vec<Row> {
    let (namespace, name) = (&service.metadata.namespace, &service.metadata.name);
    let mut all: BTreeSet<Name> = BTreeSet::new();
    let mut hosts: BTreeMap<Name, BTreeSet<Name>> = BTreeMap::new();
    let slices = facts.objects.endpoint_slices.in_namespace(namespace);
    for slice in slices.filter(|s| s.metadata.labels.get("kubernetes.io/service-name") == Some(name)) {
        for endpoint in slice.endpoints.iter().filter(|endpoint| endpoint.conditions.ready != Some(false)) {
            all.extend(endpoint.addresses.iter().cloned());
            if let Some(host) = &endpoint.hostname {
                hosts.entry(host.clone()).or_default().extend(endpoint.addresses.iter().cloned());
            }
        }
    }
    let row = |name: String, addresses: BTreeSet<Name>, note: String| Row {
        namespace: namespace.clone(),
        name,
        addresses: addresses.into_iter().collect(),
        note,
    };
    if !service.is_headless() {
        let address = service.spec.cluster_ip.clone();
        let addresses = if address.is_empty() { BTreeSet::new() } else { BTreeSet::from([address]) };
        return vec![row(name.to_string(), addresses, String::new())];
    }
    for expected in expected_hosts(service, facts) {
        hosts.entry(expected).or_default();
    }
    let mut hosts: Vec<(Name, BTreeSet<Name>)> = hosts.into_iter().collect();
    hosts.sort_by_key(|(host, _)| super::cluster::natural(host));
    let mut rows = vec![row(name.to_string(), all, String::new())];
    rows.extend(hosts.into_iter().map(|(host, addresses)| {
        let note = if addresses.is_empty() { missing_since(service, &host, facts) } else { String::new() };
        row(format!("{host}.{name}"), addresses, note)
    }));
    rows
}

/// The host names that StatefulSets of this Service promise.
fn expected_hosts(service: &Service, facts: &Facts) -> Vec<Name> {
    facts
        .objects
        .stateful_sets
        .in_namespace(&service.metadata.namespace)
        .filter(|set| set.spec.service_name == service.metadata.name)
        .flat_map(|set| {
            let start = set.start_ordinal();
            (start..start + set.replicas().clamp(0, 1_000)).map(|i| format!("{}-{i}", set.metadata.name).into())
        })
        .collect()
}

/// Since when the pod of that name is not Ready, if it exists.
fn missing_since(service: &Service, host: &Name, facts: &Facts) -> String {
    let key = petri_sim::api::shelf::Key::new(service.metadata.namespace.clone(), host.clone());
    facts
        .objects
        .pods
        .get(&key)
        .and_then(|pod| condition(&pod.status.conditions, "Ready").cloned())
        .filter(|ready| &*ready.status != "True" && ready.last_transition_time > facts.start)
        .map_or_else(String::new, |ready| format!("since {}", words::moment(facts.start, ready.last_transition_time)))
}

/// Processes that still answer at an address that no name leads to.
pub fn ghosts(facts: &Facts) -> Vec<(ObjectRef, String)> {
    facts
        .ghosts()
        .filter(|ghost| !ghost.process.ip.is_empty())
        .map(|ghost| {
            let identity = &ghost.process.identity;
            let text = format!(
                "Ghost {}: no record, still answers inside {}.",
                ghost.process.ip, ghost.node.name
            );
            (super::facts::pod_ref(&identity.namespace, &identity.pod), text)
        })
        .collect()
}

//! What should be listed: one endpoint for each pod with an address, whether it is ready or not.
//!
//! Upstream: `staging/src/k8s.io/endpointslice/utils.go`, `endpointslice/util/controller_utils.go`.

use crate::belief::api::shelf::{Key, Objects};
use petri_objects::*;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Pods whose ports resolve to the same numbers; they can share slices.
pub(super) struct Group<'c> {
    pub ports: Vec<EndpointPort>,
    /// In the order of the pods' names.
    pub candidates: Vec<Candidate<'c>>,
}

impl Group<'_> {
    /// The candidate that an endpoint stands for. Most follow the one before, so that place is tried first.
    ///
    /// Upstream: `hashEndpoint`.
    pub fn position(&self, endpoint: &Endpoint, guess: usize) -> Option<usize> {
        let name = &endpoint.target_ref.as_ref()?.name;
        let named = |at: &usize| self.candidates.get(*at).is_some_and(|guess| guess.pod.metadata.name == *name);
        let search = || self.candidates.binary_search_by(|other| other.pod.metadata.name.cmp(name)).ok();
        let at = Some(guess).filter(named).or_else(search)?;
        let candidate = &self.candidates[at];
        let same = endpoint.addresses.first() == Some(candidate.address)
            && endpoint.hostname.as_deref().unwrap_or("") == candidate.hostname;
        same.then_some(at)
    }
}

/// A pod as an endpoint, before one is built: most need no change, and building them all is what would cost.
#[derive(Clone, Copy)]
pub(super) struct Candidate<'c> {
    pub pod: &'c Rc<Pod>,
    node: Option<&'c Rc<Node>>,
    address: &'c Name,
    hostname: &'c str,
    publish_not_ready: bool,
}

impl<'c> Candidate<'c> {
    fn conditions(&self) -> EndpointConditions {
        let (serving, terminating) = (self.pod.is_ready(), self.pod.is_terminating());
        EndpointConditions {
            ready: Some(self.publish_not_ready || (serving && !terminating)),
            serving: Some(serving),
            terminating: Some(terminating),
        }
    }
    fn node_name(&self) -> Option<&'c Name> {
        Some(&self.pod.spec.node_name).filter(|name| !name.is_empty())
    }
    fn zone(&self) -> Option<&'c str> {
        self.node.map(|node| node.zone()).filter(|zone| !zone.is_empty())
    }
    /// Whether an endpoint of this identity says what it should.
    ///
    /// Upstream: `EndpointsEqualBeyondHash`.
    pub fn equals(&self, endpoint: &Endpoint) -> bool {
        endpoint.conditions == self.conditions()
            && endpoint.node_name.as_ref() == self.node_name()
            && endpoint.zone.as_deref() == self.zone()
            && endpoint.target_ref.as_ref().is_some_and(|target| target.uid == self.pod.metadata.uid)
    }
    /// Upstream: `podToEndpoint`.
    pub fn to_endpoint(self) -> Endpoint {
        let meta = &self.pod.metadata;
        Endpoint {
            addresses: vec![self.address.clone()],
            conditions: self.conditions(),
            hostname: (!self.hostname.is_empty()).then(|| self.hostname.into()),
            node_name: self.node_name().cloned(),
            target_ref: Some(ObjectReference {
                kind: "Pod".into(),
                namespace: meta.namespace.clone(),
                name: meta.name.clone(),
                uid: meta.uid,
                ..ObjectReference::default()
            }),
            zone: self.zone().map(Into::into),
            ..Endpoint::default()
        }
    }
}

pub(super) fn selects(service: &Service, labels: &Labels) -> bool {
    !service.spec.selector.is_empty() && service.spec.selector.is_subset_of(labels)
}

/// Whether two states of a pod make the same endpoint everywhere.
///
/// Upstream: `podEndpointsChanged`.
pub(super) fn is_same(old: &Pod, new: &Pod) -> bool {
    let look = |pod: &Pod| (pod.is_ready(), pod.is_terminating(), pod.phase().is_terminal(), pod.metadata.uid);
    let (a, b) = (&*old.spec, &*new.spec);
    look(old) == look(new)
        && old.metadata.labels == new.metadata.labels
        && (&old.status.pod_ip, &old.status.pod_ips) == (&new.status.pod_ip, &new.status.pod_ips)
        && (&a.node_name, &a.hostname, &a.subdomain) == (&b.node_name, &b.hostname, &b.subdomain)
}

/// The address families that the Service has, as slices name them.
///
/// Upstream: `getAddressTypesForService`.
pub(super) fn address_types(service: &Service) -> Vec<Name> {
    match service.spec.ip_families.is_empty() {
        // Nobody knows: an old API server told no families.
        true if service.is_headless() || service.spec.cluster_ip.is_empty() => vec!["IPv4".into(), "IPv6".into()],
        true if service.spec.cluster_ip.contains(':') => vec!["IPv6".into()],
        true => vec!["IPv4".into()],
        false => service.spec.ip_families.clone(),
    }
}

/// The endpoints that the Service should have, and the pods that had to be left out because their nodes are missing.
pub(super) fn endpoints<'c>(
    service: &'c Service,
    family: &str,
    cache: &'c Objects,
) -> (Vec<Group<'c>>, Vec<(Name, Name)>) {
    let mut groups: Vec<Group<'c>> = Vec::new();
    let mut nowhere = Vec::new();
    // Numbered target ports are the same for every pod.
    let by_number = (service.spec.ports.iter()).all(|port| !matches!(port.target_port, Some(IntOrString::String(_))));
    let mut nodes: BTreeMap<&Name, Option<&Rc<Node>>> = BTreeMap::new();
    for pod in cache.pods.in_namespace(&service.metadata.namespace) {
        if !selects(service, &pod.metadata.labels) || !should_be_in_endpoints(pod) {
            continue;
        }
        let Some(address) = address(pod, family) else { continue };
        let node_name = &pod.spec.node_name;
        let node = *nodes.entry(node_name).or_insert_with(|| cache.nodes.get(&Key::new("", node_name.clone())));
        let publish_not_ready = service.spec.publish_not_ready_addresses;
        if node.is_none() && !publish_not_ready {
            nowhere.push((pod.metadata.name.clone(), node_name.clone()));
            continue;
        }
        let candidate = Candidate { pod, node, address, hostname: hostname(pod, service), publish_not_ready };
        if by_number && let Some(group) = groups.first_mut() {
            group.candidates.push(candidate);
            continue;
        }
        let ports = endpoint_ports(service, pod);
        match groups.iter_mut().find(|group| group.ports == ports) {
            Some(group) => group.candidates.push(candidate),
            None => groups.push(Group { ports, candidates: vec![candidate] }),
        }
    }
    (groups, nowhere)
}

/// Upstream: `ShouldPodBeInEndpoints`, with terminating pods.
fn should_be_in_endpoints(pod: &Pod) -> bool {
    let has_address = !pod.status.pod_ip.is_empty() || !pod.status.pod_ips.is_empty();
    has_address && !pod.phase().is_terminal()
}

fn address<'c>(pod: &'c Pod, family: &str) -> Option<&'c Name> {
    let matches = |ip: &&Name| !ip.is_empty() && ip.contains(':') == (family == "IPv6");
    let listed = pod.status.pod_ips.iter().map(|ip| &ip.ip);
    listed.chain([&pod.status.pod_ip]).find(matches)
}

/// The pod's host name, if the Service is the one that the pod's subdomain names.
///
/// Upstream: `ShouldSetHostname`.
fn hostname<'c>(pod: &'c Pod, service: &Service) -> &'c str {
    if pod.spec.subdomain == service.metadata.name && pod.metadata.namespace == service.metadata.namespace {
        &pod.spec.hostname
    } else {
        ""
    }
}

/// Upstream: `getEndpointPorts`.
fn endpoint_ports(service: &Service, pod: &Pod) -> Vec<EndpointPort> {
    let resolved = service.spec.ports.iter().filter_map(|port| {
        Some(EndpointPort {
            app_protocol: port.app_protocol.clone(),
            name: Some(port.name.clone()),
            port: Some(find_port(pod, port)?),
            protocol: Some(port.protocol.clone()),
        })
    });
    resolved.collect()
}

/// The number behind a target port; a name that no container of the pod knows is none.
///
/// Upstream: `FindPort`.
fn find_port(pod: &Pod, port: &ServicePort) -> Option<i32> {
    match &port.target_port {
        None => Some(port.port),
        Some(IntOrString::Int(number)) => Some(*number),
        Some(IntOrString::String(name)) => {
            let sidecars = pod.spec.init_containers.iter().filter(|container| &*container.restart_policy == "Always");
            (pod.spec.containers.iter().chain(sidecars))
                .flat_map(|container| &container.ports)
                .find(|candidate| candidate.name == *name && candidate.protocol == port.protocol)
                .map(|found| found.container_port)
        }
    }
}

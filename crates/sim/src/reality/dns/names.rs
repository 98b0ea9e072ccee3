//! The names of a namespace for people: those that resolve now, and those that a StatefulSet's pods should have.

use super::answer::{
    Data, Query, Rcode, Record, RecordType, TTL, ZONE, answer, endpoint_hostname, of_service, ready_endpoints,
};
use crate::belief::api::shelf::{Key, Objects};
use petri_objects::order::Order as _;
use petri_objects::*;
use std::collections::BTreeSet;
use std::fmt;

/// Why a name that should exist does not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Absence {
    /// There is no Service of the name that the set gives.
    NoService { service: Name },
    /// The Service is an alias and has no endpoints.
    ExternalName { service: Name },
    /// The pod does not exist.
    NoPod { pod: Name },
    /// The Service selects other labels.
    NotSelected { pod: Name, service: Name },
    /// The pod has ended.
    Finished { pod: Name },
    /// The pod has no address yet.
    NoAddress { pod: Name },
    /// The pod was not made for this Service: its subdomain or host name is another.
    OtherHostname { pod: Name },
    /// The pod is stopping.
    Terminating { pod: Name },
    /// The pod does not pass its readiness check, or its node is lost.
    NotReady { pod: Name },
    /// The slices do not say so yet.
    NotListed { pod: Name },
}

impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Absence::NoService { service } => write!(f, "Service {service} does not exist"),
            Absence::ExternalName { service } => write!(f, "Service {service} is only an alias"),
            Absence::NoPod { pod } => write!(f, "{pod} does not exist"),
            Absence::NotSelected { pod, service } => write!(f, "Service {service} does not select {pod}"),
            Absence::Finished { pod } => write!(f, "{pod} has ended"),
            Absence::NoAddress { pod } => write!(f, "{pod} has no address yet"),
            Absence::OtherHostname { pod } => write!(f, "{pod} was not made for this Service"),
            Absence::Terminating { pod } => write!(f, "{pod} is stopping"),
            Absence::NotReady { pod } => write!(f, "{pod} is not Ready"),
            Absence::NotListed { pod } => write!(f, "{pod} is not listed in a slice yet"),
        }
    }
}

/// All names of the Services of a namespace that resolve now, Service by Service: aliases, virtual addresses, the
/// addresses and host names behind headless Services, and SRV records of named ports.
pub fn records(objects: &Objects, namespace: &str) -> Vec<Record> {
    let mut records = Vec::new();
    for service in objects.services.in_namespace(namespace) {
        let owner = of_service(service);
        let mut ask = |name: &str, kind: RecordType| records.extend(answer(objects, &Query::new(name, kind)).records);
        if &*service.spec.kind == "ExternalName" {
            ask(&owner, RecordType::Cname);
            continue;
        }
        ask(&owner, RecordType::A);
        ask(&owner, RecordType::Aaaa);
        let named = |name: &str, protocol: &str| format!("_{name}._{}.{owner}", protocol.to_ascii_lowercase());
        if service.is_headless() {
            let ready: Vec<&Endpoint> = ready_endpoints(objects, service).map(|(_, endpoint)| endpoint).collect();
            let ports: BTreeSet<String> = (ready_endpoints(objects, service))
                .flat_map(|(slice, _)| &slice.ports)
                .filter_map(|port| {
                    Some(named(port.name.as_deref().filter(|n| !n.is_empty())?, port.protocol.as_deref()?))
                })
                .collect();
            let mut hosts: Vec<Record> = Vec::new();
            for endpoint in ready {
                let name: Name = format!("{}.{owner}", endpoint_hostname(endpoint)).into();
                hosts.extend(endpoint.addresses.iter().map(|ip| {
                    let data = if ip.contains(':') { Data::Aaaa(ip.clone()) } else { Data::A(ip.clone()) };
                    Record { name: name.clone(), ttl: TTL, data }
                }));
            }
            hosts.order();
            hosts.dedup();
            records.extend(hosts);
            for port in ports {
                records.extend(answer(objects, &Query::new(port, RecordType::Srv)).records);
            }
        } else {
            for port in service.spec.ports.iter().filter(|port| !port.name.is_empty()) {
                ask(&named(&port.name, &port.protocol), RecordType::Srv);
            }
        }
    }
    records
}

/// The names that the pods of all StatefulSets should have, in order, each with the reason why it does not resolve, if it
/// does not.
pub fn expected_names(objects: &Objects) -> Vec<(Name, Option<Absence>)> {
    let mut names = Vec::new();
    for set in objects.stateful_sets.values() {
        let (meta, spec) = (&set.metadata, &set.spec);
        if spec.service_name.is_empty() {
            continue;
        }
        let start = spec.ordinals.as_ref().map_or(0, |ordinals| ordinals.start);
        for ordinal in start..start.saturating_add(spec.replicas.unwrap_or(1)) {
            let pod: Name = format!("{}-{ordinal}", meta.name).into();
            let name: Name = format!("{pod}.{}.{}.svc.{ZONE}", spec.service_name, meta.namespace).into();
            let resolves = answer(objects, &Query::new(name.clone(), RecordType::A)).rcode == Rcode::NoError;
            let absence = (!resolves).then(|| absence(objects, set, pod));
            names.push((name, absence));
        }
    }
    names
}

fn absence(objects: &Objects, set: &StatefulSet, pod: Name) -> Absence {
    let key = |name: &Name| Key::new(set.metadata.namespace.clone(), name.clone());
    let service_name = set.spec.service_name.clone();
    let Some(service) = objects.services.get(&key(&service_name)) else {
        return Absence::NoService { service: service_name };
    };
    if &*service.spec.kind == "ExternalName" {
        return Absence::ExternalName { service: service_name };
    }
    let Some(object) = objects.pods.get(&key(&pod)) else { return Absence::NoPod { pod } };
    if service.spec.selector.is_empty() || !service.spec.selector.is_subset_of(&object.metadata.labels) {
        Absence::NotSelected { pod, service: service_name }
    } else if object.phase().is_terminal() {
        Absence::Finished { pod }
    } else if object.status.pod_ip.is_empty() {
        Absence::NoAddress { pod }
    } else if object.spec.subdomain != service_name || object.spec.hostname != pod {
        Absence::OtherHostname { pod }
    } else if service.spec.publish_not_ready_addresses {
        Absence::NotListed { pod }
    } else if object.is_terminating() {
        Absence::Terminating { pod }
    } else if !object.is_ready() {
        Absence::NotReady { pod }
    } else {
        Absence::NotListed { pod }
    }
}

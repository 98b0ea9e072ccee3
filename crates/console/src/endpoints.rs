//! Endpoints of Services that select pods, as their slices say it.
//!
//! Upstream: `pkg/controller/endpoint`, which keeps an object beside the slices of each Service.
//!
//! Deviation: nobody keeps them here. They are made of the slices when somebody asks, so nothing can be watched or deleted; an
//! object that a person made for a Service without a selector is stored like any other.

use petri_objects::order::Order as _;
use petri_objects::{Endpoint, EndpointSlice, Kind, Map, Meta, Name, Object, Service, Uid, Value};
use petri_sim::belief::api::shelf::{Key, Objects};
use petri_sim::belief::api::system_services::is_system;
use std::rc::Rc;

const TRIGGER: &str = "endpoints.kubernetes.io/last-change-trigger-time";
/// What the uid of a Service is mixed with, so that the object beside it has one of its own.
const OWN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Whether objects of a kind are made when they are asked for.
pub(crate) fn are(kind: Kind) -> bool {
    matches!(kind, Kind::Kept(kept) if !kept.is_custom() && kept.entry().name == "Endpoints")
}

/// Those that nobody has stored, in key order among those that somebody has.
#[inline(never)]
pub(crate) fn add_all(kind: Kind, objects: &Objects, stored: &mut Vec<Object>) {
    let known = |meta: &Meta| stored.iter().any(|own| Key::of(own.meta()) == Key::of(meta));
    let services = objects.services.values().filter(|service| !known(&service.metadata));
    let made: Vec<Object> = services.filter_map(|service| made(kind, service, objects)).collect();
    stored.extend(made);
    stored.order_by_key(|object| Key::of(object.meta()));
}

/// The object beside a Service.
#[inline(never)]
pub(crate) fn one(kind: Kind, key: &Key, objects: &Objects) -> Option<Object> {
    made(kind, objects.services.get(key)?, objects)
}

fn made(kind: Kind, service: &Service, objects: &Objects) -> Option<Object> {
    let own = &service.metadata;
    let system = is_system(&own.namespace, &own.name);
    if service.spec.selector.is_empty() && !system {
        return None;
    }
    let slices: Vec<&Rc<EndpointSlice>> = objects
        .endpoint_slices
        .in_namespace(&own.namespace)
        .filter(|slice| slice.service_name() == Some(&own.name) && &*slice.address_type == "IPv4")
        .collect();
    let mut object = Object::decode(kind, &Value::Map(content(&slices)), &mut Default::default());
    let meta = object.meta_mut();
    meta.name = own.name.clone();
    meta.namespace = own.namespace.clone();
    meta.creation_timestamp = own.creation_timestamp;
    meta.uid = Uid(own.uid.0 ^ OWN | 1);
    meta.resource_version = own.resource_version;
    if system {
        meta.labels.insert("endpointslice.kubernetes.io/skip-mirror", "true");
    } else {
        meta.labels = own.labels.clone();
        meta.labels.insert("endpoints.kubernetes.io/managed-by", "endpoint-controller");
        if service.is_headless() {
            meta.labels.insert("service.kubernetes.io/headless", "");
        }
    }
    for slice in slices {
        meta.resource_version = meta.resource_version.max(slice.metadata.resource_version);
        if let Some(time) = slice.metadata.annotations.get(TRIGGER) {
            meta.annotations.insert(TRIGGER, time.clone());
        }
    }
    Some(object)
}

fn content(slices: &[&Rc<EndpointSlice>]) -> Map {
    let subsets: Vec<Value> = slices.iter().filter_map(|slice| subset(slice)).collect();
    let mut map = Map::new();
    if !subsets.is_empty() {
        map.insert("subsets", Value::List(subsets));
    }
    map
}

/// What a slice says, in the form of Endpoints. Pods that stop are left out.
fn subset(slice: &EndpointSlice) -> Option<Value> {
    let mut there: Vec<&Endpoint> = slice.endpoints.iter().filter(|e| e.conditions.terminating != Some(true)).collect();
    there.order_by_key(|endpoint| endpoint.addresses.first().cloned());
    let (ready, other): (Vec<&Endpoint>, Vec<&Endpoint>) =
        there.into_iter().partition(|endpoint| endpoint.conditions.ready != Some(false));
    let mut map = Map::new();
    for (key, list) in [("addresses", ready), ("notReadyAddresses", other)] {
        let list: Vec<Value> = list.into_iter().filter_map(address).collect();
        if !list.is_empty() {
            map.insert(key, Value::List(list));
        }
    }
    if map.is_empty() {
        return None;
    }
    let ports: Vec<Value> = slice
        .ports
        .iter()
        .map(|port| {
            let mut map = Map::new();
            if let Some(name) = port.name.as_ref().filter(|name| !name.is_empty()) {
                map.insert("name", Value::String(name.clone()));
            }
            map.insert("port", Value::from(i64::from(port.port.unwrap_or(0))));
            map.insert("protocol", Value::String(port.protocol.clone().unwrap_or_else(|| "TCP".into())));
            Value::Map(map)
        })
        .collect();
    if !ports.is_empty() {
        map.insert("ports", Value::List(ports));
    }
    Some(Value::Map(map))
}

fn address(endpoint: &Endpoint) -> Option<Value> {
    let mut map = Map::new();
    let mut say = |key: &str, value: &Option<Name>| {
        if let Some(value) = value {
            map.insert(key, Value::String(value.clone()));
        }
    };
    say("ip", &Some(endpoint.addresses.first()?.clone()));
    say("hostname", &endpoint.hostname);
    say("nodeName", &endpoint.node_name);
    if let Some(pod) = &endpoint.target_ref {
        let mut target = Map::new();
        target.insert("kind", Value::from("Pod"));
        target.insert("name", Value::String(pod.name.clone()));
        target.insert("namespace", Value::String(pod.namespace.clone()));
        target.insert("uid", Value::from(pod.uid.to_string().as_str()));
        map.insert("targetRef", Value::Map(target));
    }
    Some(Value::Map(map))
}

#[cfg(test)]
mod tests {
    use crate::run;
    use petri_sim::ground::scenario::Scenario;
    use petri_sim::story::recording::Recording;
    use petri_sim::story::timeline::Timeline;
    use std::collections::BTreeMap;

    #[test]
    fn each_service_with_pods_has_endpoints() {
        let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 1));
        let files: BTreeMap<String, String> = BTreeMap::new();
        let mut say = |line: &str| run(line, &mut timeline, &files).shown();
        say("kubectl create deployment web --image=nginx:1.27");
        say("kubectl expose deployment web --port=80");
        say("run 1m");
        let table = say("kubectl get endpoints");
        assert!(table.contains("kubernetes   192.168.1.2:6443"), "{table}");
        let row = table.lines().find(|line| line.starts_with("web")).unwrap_or_default();
        assert!(row.contains(":80"), "{table}");
        let kind = say("kubectl get ep web -o jsonpath='{.subsets[0].addresses[0].targetRef.kind}'");
        assert_eq!(kind.lines().last(), Some("Pod"));
        say("kubectl delete deployment web");
        say("run 1m");
        assert!(say("kubectl get ep web").contains("web    <none>"));
        assert!(say("kubectl get ep nobody").contains("endpoints \"nobody\" not found"));
    }
}

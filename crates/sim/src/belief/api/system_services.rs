//! The Services that every cluster has: the API server's own, which it makes again when it has gone, and that of the cluster
//! DNS.
//!
//! Upstream: `pkg/controlplane/controller/kubernetesservice`, and kubeadm's add-on for the DNS.
//!
//! Deviation: the DNS answers on the machine of the control plane, not in pods, so its Service selects none and does not come
//! back when it was deleted.

use super::shelf::Objects;
use super::watch::Change;
use crate::ground::clock::Span;
use crate::ground::settings::Settings;
use petri_objects::*;
use std::rc::Rc;

/// How often the API server looks whether its own Service is there.
pub const PERIOD: Span = Span::seconds(10);

/// The machine of the control plane, which runs no pods.
const CONTROL_PLANE: &str = "192.168.1.2";

/// Whether a Service is one of these, which nobody has asked for.
pub fn is_system(namespace: &str, name: &str) -> bool {
    matches!((namespace, name), ("default", "kubernetes") | ("kube-system", "kube-dns"))
}

/// Whether an object is one of these Services, or what is behind it.
pub fn is_own(object: &Object) -> bool {
    matches!(object, Object::Service(_) | Object::EndpointSlice(_))
        && is_system(&object.meta().namespace, &object.meta().name)
}

/// What a cluster has before anybody asks.
pub fn first(settings: &Settings) -> Vec<Object> {
    of_the_api_server(settings).into_iter().chain(of_the_dns(settings)).collect()
}

/// Whether something of the API server's own Service has gone.
pub fn is_missed(change: &Change) -> bool {
    let own = |object: &Object| is_own(object) && *object.meta().namespace == *"default";
    matches!((&change.old, &change.new), (Some(old), None) if own(old))
}

/// What is not there of the API server's own Service.
pub fn missing(objects: &Objects, settings: &Settings) -> Vec<Object> {
    let is_there = |object: &Object| objects.get(&object.reference()).is_some();
    of_the_api_server(settings).into_iter().filter(|object| !is_there(object)).collect()
}

fn of_the_api_server(settings: &Settings) -> [Object; 2] {
    let key = ("default", "kubernetes");
    let ports = [("https", "TCP", 443, 6443)];
    let labels = [("component", "apiserver"), ("provider", "kubernetes")];
    [service(key, settings, 1, &ports, &labels), slice(key, &ports)]
}

fn of_the_dns(settings: &Settings) -> [Object; 2] {
    let key = ("kube-system", "kube-dns");
    let ports = [("dns", "UDP", 53, 53), ("dns-tcp", "TCP", 53, 53), ("metrics", "TCP", 9153, 9153)];
    let labels =
        [("k8s-app", "kube-dns"), ("kubernetes.io/cluster-service", "true"), ("kubernetes.io/name", "CoreDNS")];
    [service(key, settings, 10, &ports, &labels), slice(key, &ports)]
}

/// Name, protocol, the Service's own port, and where it leads.
type Port = (&'static str, &'static str, i32, i32);

fn service(
    (namespace, name): (&str, &str),
    settings: &Settings,
    host: u8,
    ports: &[Port],
    labels: &[(&str, &str)],
) -> Object {
    let mut service = Service::default();
    service.metadata.namespace = namespace.into();
    service.metadata.name = name.into();
    service.metadata.labels = labels.iter().copied().collect();
    let spec = Rc::make_mut(&mut service.spec);
    spec.cluster_ip = format!("{}.0.{host}", settings.service_network).into();
    let port = |(name, protocol, port, target): &Port| ServicePort {
        name: (*name).into(),
        protocol: (*protocol).into(),
        port: *port,
        target_port: Some(IntOrString::Int(*target)),
        ..ServicePort::default()
    };
    spec.ports = ports.iter().map(port).collect();
    service.into()
}

fn slice((namespace, name): (&str, &str), ports: &[Port]) -> Object {
    let mut slice = EndpointSlice { address_type: "IPv4".into(), ..EndpointSlice::default() };
    slice.metadata.namespace = namespace.into();
    slice.metadata.name = name.into();
    slice.metadata.labels = [(SERVICE_NAME_LABEL, name)].into_iter().collect();
    let conditions = EndpointConditions { ready: Some(true), ..EndpointConditions::default() };
    let endpoint = Endpoint { addresses: vec![CONTROL_PLANE.into()], conditions, ..Endpoint::default() };
    slice.endpoints = Rc::new(vec![endpoint]);
    let port = |(name, protocol, _, target): &Port| EndpointPort {
        name: Some((*name).into()),
        port: Some(*target),
        protocol: Some((*protocol).into()),
        ..EndpointPort::default()
    };
    slice.ports = ports.iter().map(port).collect();
    slice.into()
}

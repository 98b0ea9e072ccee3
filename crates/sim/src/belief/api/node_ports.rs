//! Ports of the nodes, which Services of type NodePort and LoadBalancer are reached by.
//!
//! Upstream: `pkg/registry/core/service/storage/alloc.go`, `portallocator`.

use super::shelf::Objects;
use super::validation::{FieldError, FieldErrorKind};
use crate::ground::random::mix;
use petri_objects::{Service, ServicePort, ServiceSpec};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// What `--service-node-port-range` is unless somebody says otherwise.
const RANGE: RangeInclusive<i32> = 30_000..=32_767;
/// Ports below are given out last: they are for who chooses by hand.
const FIRST_DYNAMIC: i32 = 30_086;

fn needs_ports(spec: &ServiceSpec) -> bool {
    match &*spec.kind {
        "NodePort" => true,
        "LoadBalancer" => spec.allocate_load_balancer_node_ports != Some(false),
        _ => false,
    }
}

fn numbers(spec: &ServiceSpec) -> BTreeSet<i32> {
    spec.ports.iter().map(|port| port.node_port).filter(|number| *number != 0).collect()
}

/// What an update leaves out is what was given: by the names of the ports, as long as the type has some.
pub fn keep(new: &mut ServiceSpec, old: &ServiceSpec) {
    match (needs_ports(old), needs_ports(new)) {
        (true, true) => {
            let mut used: BTreeSet<i32> = numbers(old).intersection(&numbers(new)).copied().collect();
            for port in &mut new.ports {
                let before = old.ports.iter().rev().find(|before| before.name == port.name);
                let before = before.map_or(0, |before| before.node_port);
                if port.node_port == 0 && used.insert(before) {
                    port.node_port = before;
                }
            }
        }
        // Who changes the type need not take them away.
        (true, false) if numbers(old) == numbers(new) => {
            new.ports.iter_mut().for_each(|port| port.node_port = 0);
        }
        _ => {}
    }
}

/// Gives every port of a Service that has none a free one. Those that were asked for must be in the range, and nobody
/// else's: two ports of one Service share a number if their protocols differ.
pub fn allocate(service: &mut Service, old: Option<&ServiceSpec>, objects: &Objects) -> Vec<FieldError> {
    if !needs_ports(&service.spec) {
        return Vec::new();
    }
    let is_own = |other: &Service| {
        other.metadata.name == service.metadata.name && other.metadata.namespace == service.metadata.namespace
    };
    let others = objects.services.values().filter(|other| !is_own(other));
    let mut taken: BTreeSet<i32> = others.flat_map(|other| numbers(&other.spec)).collect();
    let had = old.map(numbers).unwrap_or_default();
    let spec = &service.spec;
    for (index, port) in spec.ports.iter().enumerate().filter(|(_, port)| port.node_port != 0) {
        let number = port.node_port;
        let clashes = |other: &ServicePort| other.node_port == number && other.protocol == port.protocol;
        let detail = if !RANGE.contains(&number) {
            let (first, last) = (RANGE.start(), RANGE.end());
            format!("provided port is not in the valid range. The range of valid ports is {first}-{last}")
        } else if taken.contains(&number) && !had.contains(&number) || spec.ports[..index].iter().any(clashes) {
            "provided port is already allocated".into()
        } else {
            continue;
        };
        let (path, value) = (format!("spec.ports[{index}].nodePort"), Some(number.to_string()));
        return vec![FieldError { path, kind: FieldErrorKind::Invalid, value, detail }];
    }
    if spec.ports.iter().all(|port| port.node_port != 0) {
        return Vec::new();
    }
    taken.extend(numbers(spec));
    // Where the search begins is random, as the uid is.
    let dynamic = u64::from((RANGE.end() - FIRST_DYNAMIC + 1).unsigned_abs());
    let begin = FIRST_DYNAMIC + i32::try_from(mix(service.metadata.uid.0) % dynamic).unwrap_or_default();
    let mut free = (begin..=*RANGE.end()).chain(FIRST_DYNAMIC..begin).chain(*RANGE.start()..FIRST_DYNAMIC);
    for (index, port) in std::rc::Rc::make_mut(&mut service.spec).ports.iter_mut().enumerate() {
        if port.node_port != 0 {
            continue;
        }
        let Some(number) = free.by_ref().find(|number| !taken.contains(number)) else {
            let detail = "failed to allocate a nodePort: range is full".into();
            let path = format!("spec.ports[{index}].nodePort");
            return vec![FieldError { path, kind: FieldErrorKind::Invalid, value: Some("0".into()), detail }];
        };
        port.node_port = number;
    }
    Vec::new()
}

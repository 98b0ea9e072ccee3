//! A node whose lease is no longer renewed is first called Unknown, then tainted, and its pods are only driven away while
//! enough other nodes are alive.
//!
//! Upstream: `pkg/controller/nodelifecycle/node_lifecycle_controller.go`.
//!
//! Four kinds of keys share the queue: `monitor` looks at all leases every few seconds ([`health`]), `taint/NODE` keeps
//! the NoSchedule taints of a node equal to its conditions, `evict` hands out NoExecute taints at the rate that the
//! state of the zone allows ([`taints`], [`zones`]), and `pod/NAMESPACE` looks at a pod that was just bound to a node.
//!
//! A pass that finds nodes lost takes a while ([`course`]): the first NoExecute tainted nodes of a zone may slip in before
//! the disruption of the zone is noticed.
//!
//! Deviation: the monitor visits the nodes in name order; upstream visits them in random order, eight at a time.
//!
//! Deviation: the beta labels of operating system and architecture are not copied; kubelets set both.

mod course;
mod health;
#[cfg(test)]
mod tables;
mod taints;
#[cfg(test)]
mod tests;
mod zones;

use crate::belief::api::shelf::Key;
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Outcome};
use crate::belief::client::informer::Enqueue;
use crate::ground::clock::{Span, Time};
use crate::ground::settings::Settings;
use course::Course;
use health::NodeHealth;
use petri_objects::*;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use zones::{Census, Zone};

const MONITOR: &str = "monitor";
const EVICT: &str = "evict";
const TAINT: &str = "taint";
const POD: &str = "pod/";

/// The next pass comes a moment later than a period after the last, because that one took a moment.
const SLACK: Span = Span::millis(1);

/// What the controller knows about nodes beyond their objects. A restart forgets it, which gives every silent node a
/// new grace period.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Memory {
    /// The nodes of the last pass.
    known: BTreeMap<Name, Uid>,
    health: BTreeMap<Name, NodeHealth>,
    /// By region and zone labels.
    zones: BTreeMap<Name, Zone>,
    /// Nodes whose pods could not all be marked as not ready.
    retry: BTreeSet<Name>,
    last_pass: Time,
    /// A pass that has found nodes lost and has not judged their zones yet.
    open: Option<OpenPass>,
    /// The node that the evictor is tainting: its zone, its name, and when that is written.
    tainting: Option<(Name, Name, Time)>,
    /// How many nodes the evictor has tainted.
    tainted: u32,
}

/// A pass that takes a while, with what it has seen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct OpenPass {
    course: Course,
    census: BTreeMap<Name, Census>,
    nodes: Vec<Rc<Node>>,
}

pub fn periods(settings: &Settings) -> Vec<(Key, Span)> {
    vec![(Key::new(MONITOR, ""), settings.node_monitor_period)]
}

pub fn enqueue(change: &Change, keys: &mut Enqueue<'_, Memory>) {
    match (&change.old, &change.new) {
        (_, Some(Object::Node(node))) => {
            keys.add(Key::new(TAINT, node.metadata.name.clone()));
            if !node.is_ready() {
                let at = keys.memory.next_look(keys.now);
                keys.add_after(Key::new(EVICT, ""), at.since(keys.now));
            }
        }
        (old, Some(Object::Pod(pod))) if pod.is_scheduled() => {
            let was_here = matches!(old, Some(Object::Pod(old)) if old.spec.node_name == pod.spec.node_name);
            if !was_here {
                keys.add(Key::new(format!("{POD}{}", pod.metadata.namespace), pod.metadata.name.clone()));
            }
        }
        _ => {}
    }
}

pub fn sync(key: &Key, api: &mut Api<'_, Memory>) -> Outcome {
    match (&*key.namespace, key.namespace.strip_prefix(POD)) {
        (MONITOR, _) => api.remembering(health::monitor_node_health),
        (EVICT, _) => api.remembering(taints::do_no_execute_tainting_pass),
        (TAINT, _) => taints::do_no_schedule_tainting_pass(&key.name, api),
        (_, Some(namespace)) => health::process_pod(&Key::new(namespace, key.name.clone()), api),
        _ => unreachable!("no other key is ever queued: {key}"),
    }
}

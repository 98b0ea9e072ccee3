//! The node's own heartbeat: registration, lease, conditions, volumes in use.
//!
//! Upstream: `pkg/kubelet/kubelet_node_status.go`, `component-helpers/apimachinery/lease`.

use super::host::Host;
use super::state::Wake;
use crate::belief::api::event::EventType;
use crate::belief::api::request::Request;
use crate::ground::clock::Span;
use crate::reality::network::Verdict;
use crate::words::actor::Cause;
use petri_objects::*;
use std::rc::Rc;

pub const LEASE_NAMESPACE: &str = "kube-node-lease";

/// What the kubelet tells of the conditions that are not as they should be in what is stored.
///
/// Upstream: `nodestatus/setters.go`.
fn regained(stored: &NodeStatus) -> Vec<&'static str> {
    let words = [
        ("MemoryPressure", "NodeHasSufficientMemory"),
        ("DiskPressure", "NodeHasNoDiskPressure"),
        ("PIDPressure", "NodeHasSufficientPID"),
    ];
    let lost = |kind: &str| condition(&stored.conditions, kind).is_some_and(|condition| &*condition.status != "False");
    words.into_iter().filter(|(kind, _)| lost(kind)).map(|(_, word)| word).collect()
}

impl Host<'_> {
    /// The kubelet process starts: it registers, begins to renew its lease, and looks at what it should run.
    pub fn start_kubelet(&mut self) {
        self.machine.kubelet.running = true;
        self.machine.kubelet.life += 1;
        self.machine.kubelet.round_planned = false;
        self.register();
        self.node_event(EventType::Normal, "Starting", "Starting kubelet.");
        let life = self.machine.kubelet.life;
        self.renew_lease(life);
        self.resync(true);
    }

    /// Creates the Node object if there is none, or reports to the one that is there.
    pub fn register(&mut self) {
        let target = ObjectRef::new(Kind::Node, "", self.name());
        match self.call(Request::Get(target), Cause::None) {
            Ok(Object::Node(node)) => {
                self.machine.kubelet.node = Some(self.server.objects().nodes.keep(&node));
                self.post_node_status(true);
            }
            Err(error) if error.is_not_found() => {
                if let Ok(Object::Node(node)) = self.call(Request::Create(self.node_object().into()), Cause::None) {
                    self.machine.kubelet.node = Some(self.server.objects().nodes.keep(&node));
                    self.post_node_status(true);
                }
            }
            _ => {}
        }
    }

    /// The Node object as this kubelet describes it.
    pub fn node_object(&self) -> Node {
        let machine = &*self.machine;
        let mut node = Node::default();
        node.metadata.name = machine.name.clone();
        node.metadata.labels = machine.labels.clone();
        node.status = Rc::new(self.node_status(None));
        node
    }

    fn node_status(&self, old: Option<&NodeStatus>) -> NodeStatus {
        let machine = &*self.machine;
        let condition = |kind: &str, status: &str, reason: &str, message: &str| {
            let last = old.and_then(|s| petri_objects::condition(&s.conditions, kind));
            let transition = last.filter(|c| &*c.status == status).map(|c| c.last_transition_time);
            Condition {
                kind: kind.into(),
                status: status.into(),
                reason: reason.into(),
                message: message.into(),
                last_heartbeat_time: self.now.whole_seconds(),
                last_transition_time: transition.unwrap_or(self.now.whole_seconds()),
                ..Condition::default()
            }
        };
        let quantities = |map: &std::collections::BTreeMap<Name, Name>| {
            map.iter().map(|(k, v)| (k.clone(), Quantity(v.clone()))).collect()
        };
        NodeStatus {
            addresses: vec![
                NodeAddress { address: machine.internal_ip.clone(), kind: "InternalIP".into() },
                NodeAddress { address: machine.name.clone(), kind: "Hostname".into() },
            ],
            allocatable: quantities(&machine.capacity),
            capacity: quantities(&machine.capacity),
            conditions: vec![
                condition(
                    "MemoryPressure",
                    "False",
                    "KubeletHasSufficientMemory",
                    "kubelet has sufficient memory available",
                ),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
            ],
            node_info: NodeSystemInfo {
                architecture: "amd64".into(),
                boot_id: format!("{:08x}-0000-4000-8000-{:012x}", machine.subnet, machine.boot).into(),
                container_runtime_version: "containerd://2.1.1".into(),
                kernel_version: "6.1.0".into(),
                kubelet_version: self.settings.kubelet.version.clone(),
                machine_id: format!("{:032x}", machine.subnet + 1).into(),
                operating_system: "linux".into(),
                os_image: "Debian GNU/Linux 12 (bookworm)".into(),
                system_uuid: format!("{:08x}-0000-4000-8000-000000000000", machine.subnet).into(),
                ..NodeSystemInfo::default()
            },
            volumes_attached: old.map(|s| s.volumes_attached.clone()).unwrap_or_default(),
            volumes_in_use: machine.kubelet.in_use.keys().cloned().collect(),
        }
    }

    /// Posts the node's status if it differs from what the API server has.
    pub fn post_node_status(&mut self, always: bool) {
        let target = ObjectRef::new(Kind::Node, "", self.name());
        let Ok(Object::Node(stored)) = self.call(Request::Get(target), Cause::None) else { return };
        let status = self.node_status(Some(&stored.status));
        let told = |s: &NodeStatus| -> Vec<(Name, Name)> {
            s.conditions.iter().map(|c| (c.kind.clone(), c.status.clone())).collect()
        };
        let same = told(&status) == told(&stored.status)
            && status.volumes_in_use == stored.status.volumes_in_use
            && status.node_info == stored.status.node_info;
        if same && !always {
            self.machine.kubelet.node = Some(self.server.objects().nodes.keep(&stored));
            return;
        }
        let was_ready = stored.is_ready();
        let regained = match self.settings.kubelet.recorded_agent {
            true => Vec::new(),
            false => regained(&stored.status),
        };
        let boot = &stored.status.node_info.boot_id;
        let rebooted = !boot.is_empty() && *boot != status.node_info.boot_id;
        let boot_id = status.node_info.boot_id.clone();
        let mut node = (*stored).clone();
        node.status = Rc::new(status);
        node.metadata.resource_version = Revision(0);
        if let Ok(Object::Node(node)) = self.call(Request::UpdateStatus(node.into()), Cause::None) {
            self.machine.kubelet.node = Some(self.server.objects().nodes.keep(&node));
            if rebooted && !self.settings.kubelet.recorded_agent {
                let text = format!("Node {} has been rebooted, boot id: {boot_id}", self.machine.name);
                self.node_event(EventType::Warning, "Rebooted", text);
            }
            // What the node controller had set to Unknown is known again.
            for sufficient in regained {
                let text = format!("Node {} status is now: {sufficient}", self.machine.name);
                self.node_event(EventType::Normal, sufficient, text);
            }
            if !was_ready {
                let text = format!("Node {} status is now: NodeReady", self.machine.name);
                self.node_event(EventType::Normal, "NodeReady", text);
            }
        }
    }

    /// Renews the lease and plans the next renewal. A node that the API server considers lost also reports its status.
    pub fn renew_lease(&mut self, life: u32) {
        if !self.machine.kubelet.running || self.machine.kubelet.life != life {
            return;
        }
        let believed_lost = self.machine.kubelet.node.as_ref().is_some_and(|node| !node.is_ready());
        if believed_lost {
            self.post_node_status(false);
        }
        self.write_lease();
        let kubelet = &self.settings.kubelet;
        let spread = kubelet.lease_interval.0 * kubelet.lease_jitter_millis / 1_000;
        let jitter = Span(self.server.random.kubelet.below(spread));
        // The next renewal waits for the answer to this one.
        let answer = self.network.latency(&self.machine.name).times(2) + self.faults.etcd;
        self.plan(kubelet.lease_interval + jitter + answer, Wake::Lease { life });
    }

    fn write_lease(&mut self) {
        let (name, seconds) = (self.name(), self.settings.kubelet.lease_duration_seconds);
        let target = ObjectRef::new(Kind::Lease, LEASE_NAMESPACE, name.clone());
        if self.verdict() == Verdict::ReplyLost {
            return self.renew_unheard(&target);
        }
        match self.call(Request::Get(target), Cause::Timer) {
            Ok(Object::Lease(stored)) => {
                let mut lease = (*stored).clone();
                lease.spec.renew_time = MicroTime(self.now);
                let _ = self.call(Request::Update(lease.into()), Cause::Timer);
            }
            Err(error) if error.is_not_found() => {
                let mut lease = Lease::default();
                lease.metadata.name = name.clone();
                lease.metadata.namespace = LEASE_NAMESPACE.into();
                if let Some(node) = &self.machine.kubelet.node {
                    lease.metadata.owner_references = vec![OwnerReference {
                        api_version: "v1".into(),
                        kind: "Node".into(),
                        name: name.clone(),
                        uid: node.metadata.uid,
                        ..OwnerReference::default()
                    }];
                }
                lease.spec.holder_identity = Some(name);
                lease.spec.lease_duration_seconds = Some(seconds);
                lease.spec.renew_time = MicroTime(self.now);
                let _ = self.call(Request::Create(lease.into()), Cause::Timer);
            }
            _ => {}
        }
    }
    /// Renews the lease and hears no answer. A kubelet renews the version that it knows without asking, so only the first
    /// such renewal counts: those that follow are conflicts.
    fn renew_unheard(&mut self, target: &ObjectRef) {
        let since = self.network.cut_since(&self.machine.name);
        let Some(Object::Lease(stored)) = self.server.objects().get(target) else { return };
        if since.is_some_and(|since| stored.spec.renew_time.0 < since) {
            let mut lease = (*stored).clone();
            lease.spec.renew_time = MicroTime(self.now);
            let _ = self.call(Request::Update(lease.into()), Cause::Timer);
        }
    }
}

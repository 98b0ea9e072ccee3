//! The cluster itself: nodes, namespaces, events, and plain data.

use crate::record::{Opaque, Others};
use crate::{Condition, Labels, Meta, Name, ObjectReference, Quantity, Time};
use std::collections::BTreeMap;
use std::rc::Rc;

record! {
    /// The API server's belief about a machine.
    Node {
        /// Name and labels.
        metadata "metadata": Meta,
        /// Taints and cordon.
        spec "spec": NodeSpec,
        /// What its kubelet last reported.
        status "status": Rc<NodeStatus>,
    }

    /// Taints and cordon.
    NodeSpec {
        /// The pods' address range.
        pod_cidr "podCIDR": Name,
        /// All of them.
        pod_cidrs "podCIDRs": Vec<Name>,
        /// The cloud's name of it.
        provider_id "providerID": Name,
        /// What keeps pods away.
        taints "taints": Vec<Taint>,
        /// Cordoned: no new pods.
        unschedulable "unschedulable": bool,
        /// What else Kubernetes knows of it.
        others "": Others,
    }

    /// What keeps pods away that do not tolerate it.
    Taint {
        /// NoSchedule, PreferNoSchedule or NoExecute.
        effect "effect" always: Name,
        /// The key.
        key "key" always: Name,
        /// Since when.
        time_added "timeAdded": Time,
        /// The value.
        value "value": Name,
    }

    /// What the kubelet last reported.
    NodeStatus {
        /// Addresses.
        addresses "addresses": Vec<NodeAddress>,
        /// What pods may use.
        allocatable "allocatable": BTreeMap<Name, Quantity>,
        /// What there is.
        capacity "capacity": BTreeMap<Name, Quantity>,
        /// Ready and the pressures.
        conditions "conditions": Vec<Condition>,
        /// Versions.
        node_info "nodeInfo": NodeSystemInfo,
        /// Attached volumes, as the attach controller reports them.
        volumes_attached "volumesAttached": Vec<AttachedVolume>,
        /// Volumes that the kubelet has mounted.
        volumes_in_use "volumesInUse": Vec<Name>,
    }

    /// An address of a node.
    NodeAddress {
        /// The address.
        address "address" always: Name,
        /// InternalIP, Hostname ...
        kind "type" always: Name,
    }

    /// Versions of a node.
    NodeSystemInfo {
        /// The processor.
        architecture "architecture" always: Name,
        /// Changes at every boot.
        boot_id "bootID" always: Name,
        /// The container runtime.
        container_runtime_version "containerRuntimeVersion" always: Name,
        /// The kernel.
        kernel_version "kernelVersion" always: Name,
        /// Always empty now.
        kube_proxy_version "kubeProxyVersion" always: Name,
        /// The kubelet.
        kubelet_version "kubeletVersion" always: Name,
        /// The machine.
        machine_id "machineID" always: Name,
        /// linux.
        operating_system "operatingSystem" always: Name,
        /// The distribution.
        os_image "osImage" always: Name,
        /// The board.
        system_uuid "systemUUID" always: Name,
    }

    /// A volume attached to a node.
    AttachedVolume {
        /// Where.
        device_path "devicePath" always: Name,
        /// Which.
        name "name" always: Name,
    }

    /// A space for names.
    Namespace {
        /// Name and labels.
        metadata "metadata": Meta,
        /// Finalizers.
        spec "spec": NamespaceSpec,
        /// Active or Terminating.
        status "status": NamespaceStatus,
    }

    /// Finalizers of a namespace.
    NamespaceSpec {
        /// Who must let go.
        finalizers "finalizers": Vec<Name>,
    }

    /// Active or Terminating.
    NamespaceStatus {
        /// What is left.
        conditions "conditions": Vec<Condition>,
        /// Active or Terminating.
        phase "phase": Name,
    }

    /// Plain data.
    ConfigMap {
        /// Bytes.
        binary_data "binaryData": Labels,
        /// Texts.
        data "data": Labels,
        /// No more changes.
        immutable "immutable": Option<bool>,
        /// Name and labels.
        metadata "metadata": Meta,
    }

    /// What a namespace may have at most.
    ResourceQuota {
        /// Name and labels.
        metadata "metadata": Meta,
        /// The limits.
        spec "spec": Rc<ResourceQuotaSpec>,
        /// What is used.
        status "status": Rc<ResourceQuotaStatus>,
    }

    /// What a namespace may have at most.
    ResourceQuotaSpec {
        /// The limits, by resource: pods, requests.cpu, count/statefulsets.apps ...
        hard "hard": BTreeMap<Name, Quantity>,
        /// Pods of a priority class and the like.
        scope_selector "scopeSelector": Opaque,
        /// Only pods of these sorts: BestEffort, NotBestEffort, Terminating, NotTerminating.
        scopes "scopes": Vec<Name>,
    }

    /// What is used.
    ResourceQuotaStatus {
        /// The limits that are enforced.
        hard "hard": BTreeMap<Name, Quantity>,
        /// What is used of them.
        used "used": BTreeMap<Name, Quantity>,
    }

    /// Who a pod is to the API server.
    ServiceAccount {
        /// Whether pods of this account get a token for the API server.
        automount_service_account_token "automountServiceAccountToken": Option<bool>,
        /// Secrets for pulling images.
        image_pull_secrets "imagePullSecrets": Opaque,
        /// Name and labels.
        metadata "metadata": Meta,
        /// Secrets that its pods may mount.
        secrets "secrets": Opaque,
    }

    /// How important pods of this class are.
    PriorityClass {
        /// A sentence.
        description "description": Name,
        /// For pods that name none.
        global_default "globalDefault": bool,
        /// Name.
        metadata "metadata": Meta,
        /// Whether they may push others away.
        preemption_policy "preemptionPolicy": Option<Name>,
        /// The number.
        value "value" always: i32,
    }

    /// Something that a component found worth telling.
    Event {
        /// What was done (new recorder).
        action "action": Name,
        /// How often.
        count "count": i32,
        /// When (new recorder).
        event_time "eventTime": crate::MicroTime,
        /// First time.
        first_timestamp "firstTimestamp": Time,
        /// What it is about.
        involved_object "involvedObject": ObjectReference,
        /// Last time.
        last_timestamp "lastTimestamp": Time,
        /// The sentence.
        message "message": Name,
        /// Name.
        metadata "metadata": Meta,
        /// The word.
        reason "reason": Name,
        /// Who says so (new recorder).
        reporting_component "reportingComponent" always: Name,
        /// Which instance of it.
        reporting_instance "reportingInstance" always: Name,
        /// Repeats (new recorder).
        series "series": Option<EventSeries>,
        /// Who says so.
        source "source": EventSource,
        /// Normal or Warning.
        kind "type": Name,
        /// What else Kubernetes knows of it.
        others "": Others,
    }

    /// Repeats of an event.
    EventSeries {
        /// How often.
        count "count": i32,
        /// Last time.
        last_observed_time "lastObservedTime": crate::MicroTime,
    }

    /// Who says so.
    EventSource {
        /// The component.
        component "component": Name,
        /// The node.
        host "host": Name,
    }
}

impl Node {
    /// The Ready condition is True.
    pub fn is_ready(&self) -> bool {
        crate::condition(&self.status.conditions, "Ready").is_some_and(|c| &*c.status == "True")
    }
    pub fn zone(&self) -> &str {
        self.metadata.labels.get("topology.kubernetes.io/zone").map_or("", |z| z)
    }
    pub fn has_taint(&self, key: &str, effect: &str) -> bool {
        self.spec.taints.iter().any(|t| &*t.key == key && &*t.effect == effect)
    }
}

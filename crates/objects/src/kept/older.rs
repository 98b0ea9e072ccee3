//! Versions of kinds that are not the one in which objects are stored: those that are served as well, and those that were.

use crate::{Kind, Map, Name, Value};

/// The type of a kind's fields in an older version that is served as well, and stored as the newer one.
pub fn older_type(kind: Kind, api_version: &str) -> Option<&'static str> {
    (api_version == "autoscaling/v1" && kind.name() == "HorizontalPodAutoscaler")
        .then_some("autoscaling.HorizontalPodAutoscaler")
}

/// The fields of an autoscaler of version 1 as those of version 2.
///
/// Upstream: `Convert_v1_HorizontalPodAutoscalerSpec_To_autoscaling_HorizontalPodAutoscalerSpec`.
pub(super) fn upgrade(fields: &mut Map) {
    let Some(Value::Map(spec)) = fields.entry_mut("spec") else { return };
    let Some(percentage) = spec.remove("targetCPUUtilizationPercentage") else { return };
    let map = |entries: Vec<(&str, Value)>| {
        Value::Map(entries.into_iter().map(|(key, value)| (Name::from(key), value)).collect())
    };
    let target = map(vec![("averageUtilization", percentage), ("type", "Utilization".into())]);
    let resource = map(vec![("name", "cpu".into()), ("target", target)]);
    spec.insert("metrics", Value::List(vec![map(vec![("resource", resource), ("type", "Resource".into())])]));
}

/// A version of a kind that was served once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Where the kind is now; empty if it is nowhere.
    pub now: &'static str,
    /// The minor version of Kubernetes that no longer served it; 0 if it never was on by itself.
    pub minor: u32,
}

/// Old group and version, kind, new group and version, and the minor version that dropped the old one.
///
/// Upstream: the deprecated API migration guide.
const REMOVED: &[(&str, &str, &str, u32)] = &[
    ("extensions/v1beta1", "DaemonSet Deployment ReplicaSet", "apps/v1", 16),
    ("apps/v1beta1", "Deployment StatefulSet ControllerRevision", "apps/v1", 16),
    ("apps/v1beta2", "DaemonSet Deployment ReplicaSet StatefulSet ControllerRevision", "apps/v1", 16),
    ("extensions/v1beta1", "NetworkPolicy", "networking.k8s.io/v1", 16),
    ("extensions/v1beta1", "PodSecurityPolicy", "", 16),
    ("extensions/v1beta1", "Ingress", "networking.k8s.io/v1", 22),
    ("networking.k8s.io/v1beta1", "Ingress IngressClass", "networking.k8s.io/v1", 22),
    (
        "admissionregistration.k8s.io/v1beta1",
        "MutatingWebhookConfiguration ValidatingWebhookConfiguration",
        "admissionregistration.k8s.io/v1",
        22,
    ),
    ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", "apiextensions.k8s.io/v1", 22),
    ("apiregistration.k8s.io/v1beta1", "APIService", "apiregistration.k8s.io/v1", 22),
    ("certificates.k8s.io/v1beta1", "CertificateSigningRequest", "certificates.k8s.io/v1", 22),
    ("coordination.k8s.io/v1beta1", "Lease", "coordination.k8s.io/v1", 22),
    (
        "rbac.authorization.k8s.io/v1beta1",
        "ClusterRole ClusterRoleBinding Role RoleBinding",
        "rbac.authorization.k8s.io/v1",
        22,
    ),
    (
        "rbac.authorization.k8s.io/v1alpha1",
        "ClusterRole ClusterRoleBinding Role RoleBinding",
        "rbac.authorization.k8s.io/v1",
        22,
    ),
    ("scheduling.k8s.io/v1beta1", "PriorityClass", "scheduling.k8s.io/v1", 22),
    ("storage.k8s.io/v1beta1", "CSIDriver CSINode StorageClass VolumeAttachment", "storage.k8s.io/v1", 22),
    ("batch/v1beta1", "CronJob", "batch/v1", 25),
    ("discovery.k8s.io/v1beta1", "EndpointSlice", "discovery.k8s.io/v1", 25),
    ("events.k8s.io/v1beta1", "Event", "events.k8s.io/v1", 25),
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler", "autoscaling/v2", 25),
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler", "autoscaling/v2", 26),
    ("policy/v1beta1", "PodDisruptionBudget", "policy/v1", 25),
    ("policy/v1beta1", "PodSecurityPolicy", "", 25),
    ("node.k8s.io/v1beta1", "RuntimeClass", "node.k8s.io/v1", 25),
    (
        "flowcontrol.apiserver.k8s.io/v1beta1",
        "FlowSchema PriorityLevelConfiguration",
        "flowcontrol.apiserver.k8s.io/v1",
        26,
    ),
    (
        "flowcontrol.apiserver.k8s.io/v1beta2",
        "FlowSchema PriorityLevelConfiguration",
        "flowcontrol.apiserver.k8s.io/v1",
        29,
    ),
    (
        "flowcontrol.apiserver.k8s.io/v1beta3",
        "FlowSchema PriorityLevelConfiguration",
        "flowcontrol.apiserver.k8s.io/v1",
        32,
    ),
    ("storage.k8s.io/v1beta1", "CSIStorageCapacity", "storage.k8s.io/v1", 27),
    ("certificates.k8s.io/v1beta1", "ClusterTrustBundle PodCertificateRequest", "", 0),
    ("storagemigration.k8s.io/v1beta1", "StorageVersionMigration", "", 0),
];

/// What became of a version of a kind that 1.36 does not serve.
// Few ask: whoever does is not to carry the table.
#[inline(never)]
pub fn removed(api_version: &str, name: &str) -> Option<Removal> {
    let row = REMOVED.iter().find(|row| row.0 == api_version && row.1.split(' ').any(|word| word == name))?;
    Some(Removal { now: row.2, minor: row.3 })
}

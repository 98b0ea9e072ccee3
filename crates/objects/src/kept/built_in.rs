//! The kept kinds that every cluster serves, and the versions that it no longer does.

use super::Entry;
use crate::{Kind, Map, Name, Value};

const GENERATION: u8 = 1;
const STATUS: u8 = 2;

macro_rules! kinds {
    ($( $api:literal { $( $name:ident $plural:literal $short:tt $categories:tt $namespaced:literal $flags:expr; )* } )*) => {
        pub(super) static KINDS: &[Entry] = &[$($(Entry {
            api_version: $api,
            name: stringify!($name),
            plural: $plural,
            short_names: &$short,
            categories: &$categories,
            namespaced: $namespaced,
            counted: $flags & GENERATION != 0,
            status: $flags & STATUS != 0,
            custom: false,
        },)*)*];
    };
}

kinds! {
    "v1" {
        Secret "secrets" [] [] true 0;
        Endpoints "endpoints" ["ep"] [] true 0;
        LimitRange "limitranges" ["limits"] [] true 0;
        PodTemplate "podtemplates" [] [] true GENERATION;
        ReplicationController "replicationcontrollers" ["rc"] ["all"] true GENERATION | STATUS;
    }
    "admissionregistration.k8s.io/v1" {
        MutatingAdmissionPolicy "mutatingadmissionpolicies" [] ["api-extensions"] false GENERATION;
        MutatingAdmissionPolicyBinding "mutatingadmissionpolicybindings" [] ["api-extensions"] false GENERATION;
        MutatingWebhookConfiguration "mutatingwebhookconfigurations" [] ["api-extensions"] false GENERATION;
        ValidatingAdmissionPolicy "validatingadmissionpolicies" [] ["api-extensions"] false GENERATION | STATUS;
        ValidatingAdmissionPolicyBinding "validatingadmissionpolicybindings" [] ["api-extensions"] false GENERATION;
        ValidatingWebhookConfiguration "validatingwebhookconfigurations" [] ["api-extensions"] false GENERATION;
    }
    "apiextensions.k8s.io/v1" {
        CustomResourceDefinition "customresourcedefinitions" ["crd", "crds"] ["api-extensions"] false GENERATION | STATUS;
    }
    "apiregistration.k8s.io/v1" {
        APIService "apiservices" [] ["api-extensions"] false STATUS;
    }
    "apps/v1" {
        DaemonSet "daemonsets" ["ds"] ["all"] true GENERATION | STATUS;
    }
    "autoscaling/v2" {
        HorizontalPodAutoscaler "horizontalpodautoscalers" ["hpa"] ["all"] true STATUS;
    }
    "batch/v1" {
        CronJob "cronjobs" ["cj"] ["all"] true GENERATION | STATUS;
        Job "jobs" [] ["all"] true GENERATION | STATUS;
    }
    "certificates.k8s.io/v1" {
        CertificateSigningRequest "certificatesigningrequests" ["csr"] [] false STATUS;
    }
    "flowcontrol.apiserver.k8s.io/v1" {
        FlowSchema "flowschemas" [] [] false GENERATION | STATUS;
        PriorityLevelConfiguration "prioritylevelconfigurations" [] [] false GENERATION | STATUS;
    }
    "networking.k8s.io/v1" {
        IngressClass "ingressclasses" [] [] false GENERATION;
        Ingress "ingresses" ["ing"] [] true GENERATION | STATUS;
        IPAddress "ipaddresses" ["ip"] [] false 0;
        NetworkPolicy "networkpolicies" ["netpol"] [] true GENERATION;
        ServiceCIDR "servicecidrs" [] [] false STATUS;
    }
    "node.k8s.io/v1" {
        RuntimeClass "runtimeclasses" [] [] false 0;
    }
    "rbac.authorization.k8s.io/v1" {
        ClusterRoleBinding "clusterrolebindings" [] [] false 0;
        ClusterRole "clusterroles" [] [] false 0;
        RoleBinding "rolebindings" [] [] true 0;
        Role "roles" [] [] true 0;
    }
    "resource.k8s.io/v1" {
        DeviceClass "deviceclasses" [] [] false GENERATION;
        ResourceClaim "resourceclaims" [] [] true STATUS;
        ResourceClaimTemplate "resourceclaimtemplates" [] [] true 0;
        ResourceSlice "resourceslices" [] [] false GENERATION;
    }
    "storage.k8s.io/v1" {
        CSIDriver "csidrivers" [] [] false 0;
        CSINode "csinodes" [] [] false 0;
        CSIStorageCapacity "csistoragecapacities" [] [] true 0;
        VolumeAttributesClass "volumeattributesclasses" ["vac"] [] false 0;
    }
}

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
pub fn removed(api_version: &str, name: &str) -> Option<Removal> {
    let row = REMOVED.iter().find(|row| row.0 == api_version && row.1.split(' ').any(|word| word == name))?;
    Some(Removal { now: row.2, minor: row.3 })
}

//! The kept kinds that every cluster serves.

use super::Entry;

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

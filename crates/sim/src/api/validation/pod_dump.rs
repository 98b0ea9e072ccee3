//! A pod's spec as the API server prints it in a diff: the fields of its own Go structs, in their order, absent ones too.
//!
//! Upstream: `pkg/apis/core/types.go`.

use super::diff;
use petri_objects::{PodSpec, Record as _, Value};

/// A field: its name in Go, its key in a manifest, and what it holds.
type Field = (&'static str, &'static str, Shape);

enum Shape {
    /// A text, a flag or a number that is there even if nobody set it.
    Text,
    Flag,
    Number,
    /// A pointer, list or map that may be missing, printed as it stands in a manifest.
    Plain,
    /// A struct within the struct.
    Within(&'static [Field]),
    /// A pointer to a struct.
    To(&'static [Field]),
    List(&'static [Field]),
}
use Shape::{Flag, List, Number, Plain, Text, To, Within};

const POD: &[Field] = &[
    ("Volumes", "volumes", List(VOLUME)),
    ("InitContainers", "initContainers", List(CONTAINER)),
    ("Containers", "containers", List(CONTAINER)),
    ("EphemeralContainers", "ephemeralContainers", Plain),
    ("RestartPolicy", "restartPolicy", Text),
    ("TerminationGracePeriodSeconds", "terminationGracePeriodSeconds", Plain),
    ("ActiveDeadlineSeconds", "activeDeadlineSeconds", Plain),
    ("DNSPolicy", "dnsPolicy", Text),
    ("NodeSelector", "nodeSelector", Plain),
    ("ServiceAccountName", "serviceAccountName", Text),
    ("AutomountServiceAccountToken", "automountServiceAccountToken", Plain),
    ("NodeName", "nodeName", Text),
    ("SecurityContext", "securityContext", To(SECURITY)),
    ("ImagePullSecrets", "imagePullSecrets", List(&[("Name", "name", Text)])),
    ("Hostname", "hostname", Text),
    ("Subdomain", "subdomain", Text),
    ("SetHostnameAsFQDN", "setHostnameAsFQDN", Plain),
    ("Affinity", "affinity", To(AFFINITY)),
    ("SchedulerName", "schedulerName", Text),
    ("Tolerations", "tolerations", List(TOLERATION)),
    ("HostAliases", "hostAliases", List(&[("IP", "ip", Text), ("Hostnames", "hostnames", Plain)])),
    ("PriorityClassName", "priorityClassName", Text),
    ("Priority", "priority", Plain),
    ("PreemptionPolicy", "preemptionPolicy", Plain),
    ("DNSConfig", "dnsConfig", Plain),
    ("ReadinessGates", "readinessGates", List(&[("ConditionType", "conditionType", Text)])),
    ("RuntimeClassName", "runtimeClassName", Plain),
    ("Overhead", "overhead", Plain),
    ("EnableServiceLinks", "enableServiceLinks", Plain),
    ("TopologySpreadConstraints", "topologySpreadConstraints", List(SPREAD)),
    ("OS", "os", To(&[("Name", "name", Text)])),
    ("SchedulingGates", "schedulingGates", List(&[("Name", "name", Text)])),
    ("ResourceClaims", "resourceClaims", Plain),
    ("Resources", "resources", Plain),
    ("HostnameOverride", "hostnameOverride", Plain),
];

/// The host's flags are of the spec in a manifest, and of the security context in the server.
const SECURITY: &[Field] = &[
    ("HostNetwork", "hostNetwork", Flag),
    ("HostPID", "hostPID", Flag),
    ("HostIPC", "hostIPC", Flag),
    ("ShareProcessNamespace", "shareProcessNamespace", Plain),
    ("HostUsers", "hostUsers", Plain),
    ("SELinuxOptions", "seLinuxOptions", Plain),
    ("WindowsOptions", "windowsOptions", Plain),
    ("RunAsUser", "runAsUser", Plain),
    ("RunAsGroup", "runAsGroup", Plain),
    ("RunAsNonRoot", "runAsNonRoot", Plain),
    ("SupplementalGroups", "supplementalGroups", Plain),
    ("SupplementalGroupsPolicy", "supplementalGroupsPolicy", Plain),
    ("FSGroup", "fsGroup", Plain),
    ("FSGroupChangePolicy", "fsGroupChangePolicy", Plain),
    ("Sysctls", "sysctls", Plain),
    ("SeccompProfile", "seccompProfile", Plain),
    ("AppArmorProfile", "appArmorProfile", Plain),
    ("SELinuxChangePolicy", "seLinuxChangePolicy", Plain),
];

const CONTAINER: &[Field] = &[
    ("Name", "name", Text),
    ("Image", "image", Text),
    ("Command", "command", Plain),
    ("Args", "args", Plain),
    ("WorkingDir", "workingDir", Text),
    ("Ports", "ports", List(PORT)),
    ("EnvFrom", "envFrom", Plain),
    ("Env", "env", List(&[("Name", "name", Text), ("Value", "value", Text), ("ValueFrom", "valueFrom", Plain)])),
    ("Resources", "resources", Within(RESOURCES)),
    ("ResizePolicy", "resizePolicy", Plain),
    ("RestartPolicy", "restartPolicy", Plain),
    ("RestartPolicyRules", "restartPolicyRules", Plain),
    ("VolumeMounts", "volumeMounts", List(MOUNT)),
    ("VolumeDevices", "volumeDevices", Plain),
    ("LivenessProbe", "livenessProbe", To(PROBE)),
    ("ReadinessProbe", "readinessProbe", To(PROBE)),
    ("StartupProbe", "startupProbe", To(PROBE)),
    ("Lifecycle", "lifecycle", To(LIFECYCLE)),
    ("TerminationMessagePath", "terminationMessagePath", Text),
    ("TerminationMessagePolicy", "terminationMessagePolicy", Text),
    ("ImagePullPolicy", "imagePullPolicy", Text),
    ("SecurityContext", "securityContext", Plain),
    ("Stdin", "stdin", Flag),
    ("StdinOnce", "stdinOnce", Flag),
    ("TTY", "tty", Flag),
];

const PORT: &[Field] = &[
    ("Name", "name", Text),
    ("HostPort", "hostPort", Number),
    ("ContainerPort", "containerPort", Number),
    ("Protocol", "protocol", Text),
    ("HostIP", "hostIP", Text),
];

const RESOURCES: &[Field] =
    &[("Limits", "limits", Plain), ("Requests", "requests", Plain), ("Claims", "claims", Plain)];

const MOUNT: &[Field] = &[
    ("Name", "name", Text),
    ("ReadOnly", "readOnly", Flag),
    ("RecursiveReadOnly", "recursiveReadOnly", Plain),
    ("MountPath", "mountPath", Text),
    ("SubPath", "subPath", Text),
    ("MountPropagation", "mountPropagation", Plain),
    ("SubPathExpr", "subPathExpr", Text),
];

const EXEC: &[Field] = &[("Command", "command", Plain)];
const HTTP: &[Field] = &[
    ("Path", "path", Text),
    ("Port", "port", Plain),
    ("Host", "host", Text),
    ("Scheme", "scheme", Text),
    ("HTTPHeaders", "httpHeaders", Plain),
];
const TCP: &[Field] = &[("Port", "port", Plain), ("Host", "host", Text)];

const PROBE: &[Field] = &[
    ("Exec", "exec", To(EXEC)),
    ("HTTPGet", "httpGet", To(HTTP)),
    ("TCPSocket", "tcpSocket", To(TCP)),
    ("GRPC", "grpc", To(&[("Port", "port", Number), ("Service", "service", Plain)])),
    ("InitialDelaySeconds", "initialDelaySeconds", Number),
    ("TimeoutSeconds", "timeoutSeconds", Number),
    ("PeriodSeconds", "periodSeconds", Number),
    ("SuccessThreshold", "successThreshold", Number),
    ("FailureThreshold", "failureThreshold", Number),
    ("TerminationGracePeriodSeconds", "terminationGracePeriodSeconds", Plain),
];

const LIFECYCLE: &[Field] =
    &[("PostStart", "postStart", To(HOOK)), ("PreStop", "preStop", To(HOOK)), ("StopSignal", "stopSignal", Plain)];

const HOOK: &[Field] = &[
    ("Exec", "exec", To(EXEC)),
    ("HTTPGet", "httpGet", To(HTTP)),
    ("TCPSocket", "tcpSocket", To(TCP)),
    ("Sleep", "sleep", To(&[("Seconds", "seconds", Number)])),
];

const TOLERATION: &[Field] = &[
    ("Key", "key", Text),
    ("Operator", "operator", Text),
    ("Value", "value", Text),
    ("Effect", "effect", Text),
    ("TolerationSeconds", "tolerationSeconds", Plain),
];

const SPREAD: &[Field] = &[
    ("MaxSkew", "maxSkew", Number),
    ("TopologyKey", "topologyKey", Text),
    ("WhenUnsatisfiable", "whenUnsatisfiable", Text),
    ("LabelSelector", "labelSelector", Plain),
    ("MinDomains", "minDomains", Plain),
    ("NodeAffinityPolicy", "nodeAffinityPolicy", Plain),
    ("NodeTaintsPolicy", "nodeTaintsPolicy", Plain),
    ("MatchLabelKeys", "matchLabelKeys", Plain),
];

const AFFINITY: &[Field] = &[
    ("NodeAffinity", "nodeAffinity", To(NODE_AFFINITY)),
    ("PodAffinity", "podAffinity", To(POD_AFFINITY)),
    ("PodAntiAffinity", "podAntiAffinity", To(POD_AFFINITY)),
];
const REQUIRED: (&str, &str) =
    ("RequiredDuringSchedulingIgnoredDuringExecution", "requiredDuringSchedulingIgnoredDuringExecution");
const PREFERRED: (&str, &str) =
    ("PreferredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution");
const NODE_AFFINITY: &[Field] = &[
    (REQUIRED.0, REQUIRED.1, To(&[("NodeSelectorTerms", "nodeSelectorTerms", List(NODE_TERM))])),
    (PREFERRED.0, PREFERRED.1, List(&[("Weight", "weight", Number), ("Preference", "preference", Within(NODE_TERM))])),
];
const NODE_TERM: &[Field] =
    &[("MatchExpressions", "matchExpressions", List(REQUIREMENT)), ("MatchFields", "matchFields", List(REQUIREMENT))];
const REQUIREMENT: &[Field] = &[("Key", "key", Text), ("Operator", "operator", Text), ("Values", "values", Plain)];
const POD_AFFINITY: &[Field] = &[
    (REQUIRED.0, REQUIRED.1, List(POD_TERM)),
    (
        PREFERRED.0,
        PREFERRED.1,
        List(&[("Weight", "weight", Number), ("PodAffinityTerm", "podAffinityTerm", Within(POD_TERM))]),
    ),
];
const POD_TERM: &[Field] = &[
    ("LabelSelector", "labelSelector", Plain),
    ("Namespaces", "namespaces", Plain),
    ("TopologyKey", "topologyKey", Text),
    ("NamespaceSelector", "namespaceSelector", Plain),
    ("MatchLabelKeys", "matchLabelKeys", Plain),
    ("MismatchLabelKeys", "mismatchLabelKeys", Plain),
];

const VOLUME: &[Field] = &[
    ("Name", "name", Text),
    ("HostPath", "hostPath", To(&[("Path", "path", Text), ("Type", "type", Plain)])),
    ("EmptyDir", "emptyDir", To(&[("Medium", "medium", Text), ("SizeLimit", "sizeLimit", Plain)])),
    ("GCEPersistentDisk", "gcePersistentDisk", Plain),
    ("AWSElasticBlockStore", "awsElasticBlockStore", Plain),
    ("GitRepo", "gitRepo", Plain),
    (
        "Secret",
        "secret",
        To(&[
            ("SecretName", "secretName", Text),
            ("Items", "items", List(KEY_TO_PATH)),
            ("DefaultMode", "defaultMode", Plain),
            ("Optional", "optional", Plain),
        ]),
    ),
    ("NFS", "nfs", To(&[("Server", "server", Text), ("Path", "path", Text), ("ReadOnly", "readOnly", Flag)])),
    ("ISCSI", "iscsi", Plain),
    ("Glusterfs", "glusterfs", Plain),
    (
        "PersistentVolumeClaim",
        "persistentVolumeClaim",
        To(&[("ClaimName", "claimName", Text), ("ReadOnly", "readOnly", Flag)]),
    ),
    ("RBD", "rbd", Plain),
    ("Quobyte", "quobyte", Plain),
    ("FlexVolume", "flexVolume", Plain),
    ("Cinder", "cinder", Plain),
    ("CephFS", "cephfs", Plain),
    ("Flocker", "flocker", Plain),
    ("DownwardAPI", "downwardAPI", To(&[("Items", "items", List(DOWNWARD)), ("DefaultMode", "defaultMode", Plain)])),
    ("FC", "fc", Plain),
    ("AzureFile", "azureFile", Plain),
    (
        "ConfigMap",
        "configMap",
        To(&[
            ("Name", "name", Text),
            ("Items", "items", List(KEY_TO_PATH)),
            ("DefaultMode", "defaultMode", Plain),
            ("Optional", "optional", Plain),
        ]),
    ),
    ("VsphereVolume", "vsphereVolume", Plain),
    ("AzureDisk", "azureDisk", Plain),
    ("PhotonPersistentDisk", "photonPersistentDisk", Plain),
    ("Projected", "projected", To(&[("Sources", "sources", List(PROJECTION)), ("DefaultMode", "defaultMode", Plain)])),
    ("PortworxVolume", "portworxVolume", Plain),
    ("ScaleIO", "scaleIO", Plain),
    ("StorageOS", "storageos", Plain),
    ("CSI", "csi", Plain),
    ("Ephemeral", "ephemeral", Plain),
    ("Image", "image", Plain),
];

const KEY_TO_PATH: &[Field] = &[("Key", "key", Text), ("Path", "path", Text), ("Mode", "mode", Plain)];
const DOWNWARD: &[Field] = &[
    ("Path", "path", Text),
    ("FieldRef", "fieldRef", To(&[("APIVersion", "apiVersion", Text), ("FieldPath", "fieldPath", Text)])),
    ("ResourceFieldRef", "resourceFieldRef", Plain),
    ("Mode", "mode", Plain),
];
const NAMED_KEYS: &[Field] =
    &[("Name", "name", Text), ("Items", "items", List(KEY_TO_PATH)), ("Optional", "optional", Plain)];
const PROJECTION: &[Field] = &[
    ("Secret", "secret", To(NAMED_KEYS)),
    ("DownwardAPI", "downwardAPI", To(&[("Items", "items", List(DOWNWARD))])),
    ("ConfigMap", "configMap", To(NAMED_KEYS)),
    (
        "ServiceAccountToken",
        "serviceAccountToken",
        To(&[
            ("Audience", "audience", Text),
            ("ExpirationSeconds", "expirationSeconds", Number),
            ("Path", "path", Text),
        ]),
    ),
    ("ClusterTrustBundle", "clusterTrustBundle", Plain),
    ("PodCertificate", "podCertificate", Plain),
];

/// The spec, a field a line.
pub(super) fn pod_spec(spec: &PodSpec) -> String {
    let mut value = spec.to_value();
    if let Value::Map(map) = &mut value {
        // Whoever sets one of these has a security context.
        for key in ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"] {
            if let (Some(flag), Some(Value::Map(context))) = (map.remove(key), map.entry_mut("securityContext")) {
                context.insert(key, flag);
            }
        }
    }
    let mut out = String::new();
    write_struct(POD, &value, 0, &mut out);
    out.push('\n');
    out
}

fn write_struct(fields: &[Field], value: &Value, depth: usize, out: &mut String) {
    out.push('{');
    for (i, (name, key, shape)) in fields.iter().enumerate() {
        out.push_str(if i == 0 { "\n" } else { ",\n" });
        indent(depth + 1, out);
        out.push_str(&format!("\"{name}\": "));
        match (shape, value.at(&[key])) {
            (Shape::Text, None) => out.push_str("\"\""),
            (Shape::Flag, None) => out.push_str("false"),
            (Shape::Number, None) => out.push('0'),
            (Shape::Within(fields), part) => write_struct(fields, part.unwrap_or(&Value::Null), depth + 1, out),
            (_, None | Some(Value::Null)) => out.push_str("null"),
            (Shape::To(fields), Some(part)) => write_struct(fields, part, depth + 1, out),
            (Shape::List(fields), Some(list)) => write_list(fields, list.as_list().unwrap_or(&[]), depth + 1, out),
            (_, Some(plain)) => {
                let margin = format!("\n{}", " ".repeat(depth + 1));
                out.push_str(&diff::pretty(plain).trim_end().replace('\n', &margin));
            }
        }
    }
    out.push('\n');
    indent(depth, out);
    out.push('}');
}

fn write_list(fields: &[Field], items: &[Value], depth: usize, out: &mut String) {
    out.push('[');
    for (i, item) in items.iter().enumerate() {
        out.push_str(if i == 0 { "\n" } else { ",\n" });
        indent(depth + 1, out);
        write_struct(fields, item, depth + 1, out);
    }
    out.push('\n');
    indent(depth, out);
    out.push(']');
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', depth));
}

#[cfg(test)]
mod tests {
    use super::*;
    use petri_objects::{Container, Name};
    use std::collections::BTreeSet;

    /// What a manifest can say is printed under a name of its own.
    #[test]
    fn every_field_of_a_pod_is_printed() {
        fn keys(fields: &'static [Field]) -> BTreeSet<&'static str> {
            fields.iter().map(|(_, key, _)| *key).collect()
        }
        let of = |schema: &petri_objects::record::Schema| -> BTreeSet<&'static str> {
            schema.fields.iter().map(|field| field.name).collect()
        };
        let moved = ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "serviceAccount"];
        let missing: Vec<_> = of(&PodSpec::SCHEMA).difference(&keys(POD)).copied().collect();
        assert!(missing.iter().all(|key| moved.contains(key)), "{missing:?}");
        assert!(of(&Container::SCHEMA).is_subset(&keys(CONTAINER)));
        assert!(of(&petri_objects::Volume::SCHEMA).is_subset(&keys(VOLUME)));
        assert!(of(&petri_objects::Probe::SCHEMA).is_subset(&keys(PROBE)));
        assert!(of(&petri_objects::Affinity::SCHEMA).is_subset(&keys(AFFINITY)));
        assert!(of(&petri_objects::TopologySpreadConstraint::SCHEMA).is_subset(&keys(SPREAD)));
    }

    #[test]
    fn flags_of_the_host_stand_in_the_security_context() {
        let mut spec = PodSpec { host_network: true, hostname: Name::from("x"), ..PodSpec::default() };
        spec.security_context = petri_objects::record::Opaque::empty_map();
        let text = pod_spec(&spec);
        assert!(text.contains(" \"SecurityContext\": {\n  \"HostNetwork\": true,\n  \"HostPID\": false,"), "{text}");
        assert!(text.contains("\n \"Containers\": null") || text.contains("\n \"Containers\": ["), "{text}");
    }
}

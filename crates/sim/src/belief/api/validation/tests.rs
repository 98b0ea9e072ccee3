//! Every refusal word for word. Objects are written in a short notation, [`notation`].

use super::*;
use petri_objects::{Decode, Map, Value, defaults::apply_defaults};

/// `{kind:Pod,spec:{containers:[{name:c,image:'a b'}]}}`: JSON with quotes only where they are needed.
fn notation(rest: &mut &str) -> Value {
    *rest = rest.trim_start();
    if let Some(after) = rest.strip_prefix('{') {
        *rest = after.trim_start();
        let mut map = Map::new();
        while !rest.starts_with('}') {
            let Value::String(key) = notation(rest) else { panic!("key before {rest}") };
            *rest = rest.trim_start().strip_prefix(':').expect("a colon");
            map.insert(key, notation(rest));
            *rest = rest.trim_start().trim_start_matches(',').trim_start();
        }
        *rest = &rest[1..];
        return Value::Map(map);
    }
    if let Some(after) = rest.strip_prefix('[') {
        *rest = after.trim_start();
        let mut list = Vec::new();
        while !rest.starts_with(']') {
            list.push(notation(rest));
            *rest = rest.trim_start().trim_start_matches(',').trim_start();
        }
        *rest = &rest[1..];
        return Value::List(list);
    }
    if let Some(after) = rest.strip_prefix('\'') {
        let (text, after) = after.split_once('\'').expect("a closing quote");
        *rest = after;
        return Value::from(text);
    }
    let end = rest.find([':', ',', '}', ']']).unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    *rest = after;
    match word.trim() {
        "true" => Value::Bool(true),
        "null" => Value::Null,
        word => word.parse().map_or_else(|_| Value::from(word), Value::Int),
    }
}

fn object(kind: Kind, text: &str) -> Object {
    let mut at = Decode::default();
    let value = notation(&mut &*text);
    let mut object = Object::decode(kind, &value, &mut at);
    assert!(at.problems.iter().all(|problem| !problem.kind.is_error()), "{:?}", at.problems);
    if kind.is_namespaced() && object.meta().namespace.is_empty() {
        object.meta_mut().namespace = "default".into();
    }
    apply_defaults(&mut object);
    object
}

fn lines(errors: Vec<FieldError>) -> String {
    errors.iter().map(FieldError::to_string).collect::<Vec<_>>().join("\n")
}

fn create(kind: Kind, text: &str, expected: &str) {
    assert_eq!(lines(validate_create(&object(kind, text))), expected, "{text}");
}

fn update(kind: Kind, old: &str, new: &str, expected: &str) {
    assert_eq!(lines(validate_update(&object(kind, new), &object(kind, old))), expected, "{old} -> {new}");
}

const TEMPLATE: &str = "template:{metadata:{labels:{app:web}},spec:{containers:[{name:c,image:i}]}}";
const SELECTOR: &str = "selector:{matchLabels:{app:web}}";

/// A StatefulSet, Deployment or ReplicaSet with more in its spec.
fn workload(more: &str) -> String {
    format!("{{metadata:{{name:web}},spec:{{{SELECTOR},{TEMPLATE},{more}}}}}")
}

fn template(spec: &str) -> String {
    format!(
        "{{metadata:{{name:web}},spec:{{{SELECTOR},template:{{metadata:{{labels:{{app:web}}}},spec:{{{spec}}}}}}}}}"
    )
}

fn pod(more: &str) -> String {
    format!("{{metadata:{{name:p}},spec:{{containers:[{{name:c,image:i}}],{more}}}}}")
}

fn container(more: &str) -> String {
    format!("{{metadata:{{name:p}},spec:{{containers:[{{name:c,image:i,{more}}}]}}}}")
}

#[test]
fn what_is_right_is_accepted() {
    create(Kind::StatefulSet, &workload("serviceName:web"), "");
    create(Kind::Deployment, &workload(""), "");
    create(Kind::ReplicaSet, &workload(""), "");
    create(Kind::Pod, &pod(""), "");
    create(Kind::Service, "{metadata:{name:s},spec:{clusterIP:None}}", "");
    assert_eq!(validate_create(&object(Kind::Pod, &pod(""))).capacity(), 0);
}

#[test]
fn a_stateful_set_selects_its_own_pods() {
    let mismatch = "spec.template.metadata.labels: Invalid value: {\"app\":\"other\"}: `selector` does not match template `labels`";
    let other = TEMPLATE.replace("web", "other");
    let set = format!("{{metadata:{{name:web}},spec:{{{SELECTOR},{other}}}}}");
    create(Kind::StatefulSet, &set, mismatch);
    let set = format!("{{metadata:{{name:web}},spec:{{{other}}}}}");
    create(Kind::StatefulSet, &set, &format!("spec.selector: Required value\n{mismatch}"));
    let set = format!("{{metadata:{{name:web}},spec:{{selector:{{}},{TEMPLATE}}}}}");
    create(Kind::StatefulSet, &set, "spec.selector: Invalid value: {}: empty selector is invalid for statefulset");
    let other = TEMPLATE.replace("web", "b");
    let set = format!("{{metadata:{{name:r}},spec:{{{SELECTOR},{other}}}}}");
    create(
        Kind::ReplicaSet,
        &set,
        "spec.template.metadata.labels: Invalid value: {\"app\":\"b\"}: `selector` does not match template `labels`",
    );
}

#[test]
fn a_stateful_set_knows_its_policies() {
    let check = |more: &str, expected: &str| create(Kind::StatefulSet, &workload(more), expected);
    check(
        "podManagementPolicy:Fast",
        "spec.podManagementPolicy: Invalid value: \"Fast\": must be 'OrderedReady' or 'Parallel'",
    );
    check(
        "updateStrategy:{type:Recreate}",
        "spec.updateStrategy: Invalid value: {\"Type\":\"Recreate\",\"RollingUpdate\":null}: must be 'RollingUpdate' or 'OnDelete'",
    );
    check(
        "updateStrategy:{type:OnDelete,rollingUpdate:{partition:1}}",
        "spec.updateStrategy.rollingUpdate: Invalid value: {\"Partition\":1,\"MaxUnavailable\":null}: only allowed for updateStrategy 'RollingUpdate'",
    );
    check(
        "updateStrategy:{type:RollingUpdate,rollingUpdate:{partition:-1}}",
        "spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0",
    );
    check(
        "persistentVolumeClaimRetentionPolicy:{whenDeleted:Drop}",
        "spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: \"Drop\": supported values: \"Retain\", \"Delete\"",
    );
    check("replicas:-1", "spec.replicas: Invalid value: -1: must be greater than or equal to 0");
    check("minReadySeconds:-1", "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0");
    check("ordinals:{start:-2}", "spec.ordinals.start: Invalid value: -2: must be greater than or equal to 0");
    check(
        "serviceName:Web_svc",
        "spec.serviceName: Invalid value: \"Web_svc\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    );
    check(
        "volumeClaimTemplates:[{metadata:{name:www},spec:{}}]",
        "spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required\nspec.volumeClaimTemplates[0].spec.resources[storage]: Required value",
    );
}

#[test]
fn a_stateful_set_restarts_its_pods_for_ever() {
    let set = template("restartPolicy:Never,activeDeadlineSeconds:5,containers:[{name:c,image:i}]");
    create(
        Kind::StatefulSet,
        &set,
        "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"\nspec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not Supported",
    );
}

#[test]
fn names_follow_their_kind() {
    let long = "a".repeat(64);
    let named = |name: &str| workload("").replace("name:web}", &format!("name:'{name}'}}"));
    create(Kind::StatefulSet, &named("web.foo"), "metadata.name: Invalid value: \"web.foo\": must not contain dots");
    create(Kind::Deployment, &named("web.foo"), "");
    create(
        Kind::StatefulSet,
        &named(&long),
        &format!("metadata.name: Invalid value: \"{long}\": must be no more than 63 characters"),
    );
    create(
        Kind::StatefulSet,
        &named("Web"),
        "metadata.name: Invalid value: \"Web\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    );
    create(
        Kind::ReplicaSet,
        &named("a_b"),
        r#"metadata.name: Invalid value: "a_b": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"#,
    );
    create(
        Kind::Pod,
        &pod("").replace("name:p", ""),
        "metadata.name: Required value: name or generateName is required",
    );
    create(Kind::Pod, &pod("").replace("name:p", "name:p,generateName:web-"), "");
    create(
        Kind::StorageClass,
        "{metadata:{name:s,namespace:x},provisioner:p}",
        "metadata.namespace: Forbidden: not allowed on this type",
    );
}

#[test]
fn labels_have_a_grammar_and_a_length() {
    let labelled = |labels: &str| pod("").replace("name:p", &format!("name:p,labels:{{{labels}}}"));
    create(
        Kind::Pod,
        &labelled("'bad key':x"),
        "metadata.labels: Invalid value: \"bad key\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    );
    let long = "a".repeat(64);
    create(
        Kind::Pod,
        &labelled(&format!("x:{long}")),
        &format!("metadata.labels: Invalid value: \"{long}\": must be no more than 63 bytes"),
    );
    create(Kind::Pod, &labelled("'app.kubernetes.io/name':x,empty:''"), "");
    create(
        Kind::Pod,
        &pod("").replace("name:p", "name:p,finalizers:[nonsense]"),
        "metadata.finalizers[0]: Invalid value: \"nonsense\": name is neither a standard finalizer name nor is it fully qualified",
    );
}

#[test]
fn containers_are_checked_inside_of_templates() {
    let check = |spec: &str, expected: &str| create(Kind::StatefulSet, &template(spec), expected);
    check("containers:[]", "spec.template.spec.containers: Required value");
    check("containers:[{name:c}]", "spec.template.spec.containers[0].image: Required value");
    check(
        "containers:[{name:c,image:i},{name:d,image:i,volumeMounts:[{name:nope,mountPath:/x}]}]",
        "spec.template.spec.containers[1].volumeMounts[0].name: Not found: \"nope\"",
    );
    check(
        "containers:[{name:c,image:i},{name:c,image:i}]",
        "spec.template.spec.containers[1].name: Duplicate value: \"c\"",
    );
    let mounted = workload("volumeClaimTemplates:[{metadata:{name:www},spec:{accessModes:[ReadWriteOnce],resources:{requests:{storage:1Gi}}}}]")
        .replace("image:i", "image:i,volumeMounts:[{name:www,mountPath:/x}]");
    create(Kind::StatefulSet, &mounted, "");
}

#[test]
fn probes_ask_something_and_in_positive_numbers() {
    let probe = "exec:{command:[x]}";
    create(
        Kind::Pod,
        &container(&format!("livenessProbe:{{{probe},periodSeconds:-1}}")),
        "spec.containers[0].livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0",
    );
    create(
        Kind::Pod,
        &container(&format!("livenessProbe:{{{probe},successThreshold:2}}")),
        "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
    );
    create(
        Kind::Pod,
        &container("readinessProbe:{}"),
        "spec.containers[0].readinessProbe: Required value: must specify a handler type",
    );
    create(
        Kind::Pod,
        &container("readinessProbe:{httpGet:{port:80},tcpSocket:{port:80}}"),
        "spec.containers[0].readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type",
    );
}

#[test]
fn host_names_are_labels() {
    let long = "a".repeat(64);
    create(
        Kind::Pod,
        &pod(&format!("hostname:{long}")),
        &format!("spec.hostname: Invalid value: \"{long}\": must be no more than 63 characters"),
    );
    create(Kind::Pod, &pod("subdomain:a.b"), "spec.subdomain: Invalid value: \"a.b\": must not contain dots");
}

#[test]
fn requests_stay_below_limits_and_tolerations_make_sense() {
    create(
        Kind::Pod,
        &container("resources:{requests:{cpu:2},limits:{cpu:1}}"),
        "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1",
    );
    create(
        Kind::Pod,
        &pod("tolerations:[{key:a,operator:Exists,effect:NoSchedule,tolerationSeconds:5}]"),
        "spec.tolerations[0].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` is set",
    );
    create(
        Kind::Pod,
        &pod("volumes:[{name:v,persistentVolumeClaim:{}},{name:v,emptyDir:{},hostPath:{path:/}}]"),
        "spec.volumes[0].persistentVolumeClaim.claimName: Required value\nspec.volumes[1].hostPath: Forbidden: may not specify more than 1 volume type",
    );
}

#[test]
fn a_deployment_must_be_able_to_roll() {
    let check = |more: &str, expected: &str| create(Kind::Deployment, &workload(more), expected);
    check(
        "strategy:{type:RollingUpdate,rollingUpdate:{maxSurge:0,maxUnavailable:0}}",
        "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
    );
    check(
        "strategy:{rollingUpdate:{maxSurge:abc}}",
        "spec.strategy.rollingUpdate.maxSurge: Invalid value: \"abc\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    );
    check(
        "strategy:{rollingUpdate:{maxUnavailable:'101%'}}",
        "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"101%\": must not be greater than 100%",
    );
    check(
        "strategy:{type:Recreate,rollingUpdate:{maxSurge:1}}",
        "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
    );
    check(
        "minReadySeconds:600",
        "spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds",
    );
    check(
        "strategy:{type:Foo}",
        "spec.strategy: Unsupported value: {\"Type\":\"Foo\",\"RollingUpdate\":null}: supported values: \"Recreate\", \"RollingUpdate\"",
    );
}

#[test]
fn a_service_needs_ports_and_names_for_them() {
    let check = |spec: &str, expected: &str| {
        create(Kind::Service, &format!("{{metadata:{{name:1svc}},spec:{{{spec}}}}}"), expected);
    };
    check("", "spec.ports: Required value");
    check("ports:[{port:80},{port:81,name:b}]", "spec.ports[0].name: Required value");
    check(
        "ports:[{port:80,name:a},{port:0,name:b,targetPort:80}]",
        "spec.ports[1].port: Invalid value: 0: must be between 1 and 65535, inclusive",
    );
    check(
        "type:Foo,ports:[{port:80}]",
        "spec.type: Unsupported value: \"Foo\": supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\"",
    );
    check(
        "type:NodePort,clusterIP:None,ports:[{port:80}]",
        "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services",
    );
}

#[test]
fn a_claim_asks_for_something() {
    let check = |spec: &str, expected: &str| {
        create(Kind::PersistentVolumeClaim, &format!("{{metadata:{{name:data}},spec:{{{spec}}}}}"), expected);
    };
    let amount = "resources:{requests:{storage:1Gi}}";
    check(
        &format!("accessModes:[ReadWriteOncePod,ReadWriteOnce],{amount}"),
        "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes",
    );
    check(
        &format!("accessModes:[Foo],{amount}"),
        "spec.accessModes: Unsupported value: \"Foo\": supported values: \"ReadOnlyMany\", \"ReadWriteMany\", \"ReadWriteOnce\", \"ReadWriteOncePod\"",
    );
    check("accessModes:[ReadWriteOnce]", "spec.resources[storage]: Required value");
}

#[test]
fn an_empty_volume_lacks_everything() {
    create(
        Kind::PersistentVolume,
        "{metadata:{name:pv},spec:{}}",
        "spec.accessModes: Required value\nspec.capacity: Required value\nspec.capacity: Unsupported value: {}: supported values: \"storage\"\nspec: Required value: must specify a volume type",
    );
}

#[test]
fn a_budget_says_one_thing() {
    let check = |spec: &str, expected: &str| {
        create(Kind::PodDisruptionBudget, &format!("{{metadata:{{name:p}},spec:{{{spec}}}}}"), expected);
    };
    check(
        "minAvailable:1,maxUnavailable:1,selector:{matchLabels:{a:b}}",
        "spec: Invalid value: {\"MinAvailable\":1,\"Selector\":{\"matchLabels\":{\"a\":\"b\"}},\"MaxUnavailable\":1,\"UnhealthyPodEvictionPolicy\":null}: minAvailable and maxUnavailable cannot be both set",
    );
    check("minAvailable:'150%'", "spec.minAvailable: Invalid value: \"150%\": must not be greater than 100%");
    check(
        "unhealthyPodEvictionPolicy:Never",
        "spec.unhealthyPodEvictionPolicy: Unsupported value: \"Never\": supported values: \"AlwaysAllow\", \"IfHealthyBudget\"",
    );
}

#[test]
fn a_lease_counts_forwards() {
    create(
        Kind::Lease,
        "{metadata:{name:l},spec:{leaseDurationSeconds:0,leaseTransitions:-1}}",
        "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0\nspec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
    );
}

#[test]
fn most_of_a_stateful_set_is_frozen() {
    let frozen = "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
    let old = workload("serviceName:web");
    update(Kind::StatefulSet, &old, &workload("serviceName:other"), frozen);
    update(Kind::StatefulSet, &old, &workload("serviceName:web,podManagementPolicy:Parallel"), frozen);
    let may = "serviceName:web,replicas:5,ordinals:{start:2},minReadySeconds:3,revisionHistoryLimit:1,updateStrategy:{type:OnDelete}";
    update(Kind::StatefulSet, &old, &workload(may), "");
    update(Kind::StatefulSet, &old, &old.replace("image:i", "image:j"), "");
    let claim = |amount: &str| {
        workload(&format!(
            "volumeClaimTemplates:[{{metadata:{{name:w}},spec:{{accessModes:[ReadWriteOnce],resources:{{requests:{{storage:{amount}}}}}}}}}]"
        ))
    };
    update(Kind::StatefulSet, &claim("1Gi"), &claim("2Gi"), frozen);
    update(Kind::StatefulSet, &claim("1Gi"), &claim("1024Mi"), "");
}

#[test]
fn a_selector_is_for_ever() {
    let (old, new) = (workload(""), workload("").replace("web", "web2"));
    let expected = "spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"web2\"}}: field is immutable";
    update(Kind::Deployment, &old, &new, expected);
    update(Kind::ReplicaSet, &old, &new, expected);
}

#[test]
fn a_service_keeps_its_address() {
    let service = |ip: &str, kind: &str| {
        format!("{{metadata:{{name:s}},spec:{{clusterIP:'{ip}',type:{kind},externalName:a.b,ports:[{{port:80}}]}}}}")
    };
    let old = service("10.96.0.10", "ClusterIP");
    let refused = |ip: &str| format!("spec.clusterIPs[0]: Invalid value: [\"{ip}\"]: may not change once set");
    update(Kind::Service, &old, &service("10.96.0.11", "ClusterIP"), &refused("10.96.0.11"));
    update(Kind::Service, &old, &service("None", "ClusterIP"), &refused("None"));
    update(Kind::Service, &old, &service("", "ExternalName"), "");
}

#[test]
fn a_claim_is_frozen_but_may_grow() {
    let claim = |mode: &str, amount: &str, phase: &str| {
        format!(
            "{{metadata:{{name:data}},spec:{{accessModes:[{mode}],resources:{{requests:{{storage:{amount}}}}}}},status:{{phase:{phase},capacity:{{storage:1Gi}}}}}}"
        )
    };
    let message = "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n";
    update(
        Kind::PersistentVolumeClaim,
        &claim("ReadWriteOnce", "1Gi", "Bound"),
        &claim("ReadWriteOnce", "2Gi", "Bound"),
        "",
    );
    let unbound = "@@ -6,7 +6,7 @@\n  \"Resources\": {\n   \"Limits\": null,\n   \"Requests\": {\n-   \"storage\": \"1Gi\"\n+   \"storage\": \"2Gi\"\n   }\n  },\n  \"VolumeName\": \"\",\n";
    update(
        Kind::PersistentVolumeClaim,
        &claim("ReadWriteOnce", "1Gi", "Pending"),
        &claim("ReadWriteOnce", "2Gi", "Pending"),
        &format!("{message}{unbound}"),
    );
    let modes = "@@ -1,6 +1,6 @@\n {\n  \"AccessModes\": [\n-  \"ReadWriteOnce\"\n+  \"ReadWriteMany\"\n  ],\n  \"Selector\": null,\n  \"Resources\": {\n";
    update(
        Kind::PersistentVolumeClaim,
        &claim("ReadWriteOnce", "1Gi", "Bound"),
        &claim("ReadWriteMany", "1Gi", "Bound"),
        &format!("{message}{modes}"),
    );
    update(
        Kind::PersistentVolumeClaim,
        &claim("ReadWriteOnce", "2Gi", "Bound"),
        &claim("ReadWriteOnce", "1Gi", "Bound"),
        "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity",
    );
}

#[test]
fn a_storage_class_says_the_same_for_ever() {
    let old = "{metadata:{name:fast},provisioner:a.b/c}";
    let new = "{metadata:{name:fast},provisioner:a.b/d,reclaimPolicy:Retain,volumeBindingMode:WaitForFirstConsumer}";
    update(
        Kind::StorageClass,
        old,
        new,
        "provisioner: Invalid value: \"a.b/d\": field is immutable\nreclaimPolicy: Invalid value: \"Retain\": field is immutable\nvolumeBindingMode: Invalid value: \"WaitForFirstConsumer\": field is immutable",
    );
    update(Kind::StorageClass, old, "{metadata:{name:fast},provisioner:a.b/c,allowVolumeExpansion:true}", "");
}

#[test]
fn a_pod_changes_its_image_and_little_else() {
    let old = pod("");
    update(Kind::Pod, &old, &old.replace("image:i", "image:'j:1',imagePullPolicy:Always"), "");
    update(Kind::Pod, &old, &pod("activeDeadlineSeconds:5,tolerations:[{key:a,operator:Exists}]"), "");
    let forbidden = "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n";
    let errors = validate_update(&object(Kind::Pod, &pod("nodeName:n")), &object(Kind::Pod, &old));
    assert_eq!(errors.len(), 1);
    let text = errors[0].to_string();
    assert!(text.starts_with(forbidden), "{text}");
    assert!(
        text.ends_with(
            "+ \"NodeName\": \"n\",\n  \"SecurityContext\": {\n   \"HostNetwork\": false,\n   \"HostPID\": false,\n"
        ),
        "{text}"
    );
    update(
        Kind::Pod,
        &old,
        "{metadata:{name:p},spec:{containers:[]}}",
        "spec.containers: Required value\nspec.containers: Forbidden: pod updates may not add or remove containers",
    );
}

#[test]
fn a_volume_keeps_its_source_and_a_revision_its_data() {
    let volume = |path: &str| {
        format!(
            "{{metadata:{{name:v}},spec:{{accessModes:[ReadWriteOnce],capacity:{{storage:1Gi}},hostPath:{{path:{path}}}}}}}"
        )
    };
    let errors =
        validate_update(&object(Kind::PersistentVolume, &volume("/b")), &object(Kind::PersistentVolume, &volume("/a")));
    assert!(lines(errors).starts_with(
        "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n@@ "
    ));
    update(
        Kind::ControllerRevision,
        "{metadata:{name:r},data:{a:1},revision:1}",
        "{metadata:{name:r},data:{a:2},revision:2}",
        "data: Invalid value: {\"a\":2}: field is immutable",
    );
}

#[test]
fn an_update_that_needs_a_version_says_so() {
    let budget = "{metadata:{name:p},spec:{minAvailable:1}}";
    let message = "metadata.resourceVersion: Invalid value: 0: must be specified for an update";
    update(Kind::PodDisruptionBudget, budget, budget, message);
    update(Kind::Lease, "{metadata:{name:l}}", "{metadata:{name:l}}", message);
    let versioned = budget.replace("name:p", "name:p,resourceVersion:'5'");
    update(Kind::PodDisruptionBudget, &versioned, &versioned, "");
}

#[test]
fn nothing_new_holds_back_what_is_going() {
    let mut old = object(Kind::Pod, &pod(""));
    old.meta_mut().deletion_timestamp = petri_objects::Time(1_000_000);
    let mut new = old.clone();
    new.meta_mut().finalizers.push("a.b/c".into());
    assert_eq!(
        lines(validate_update(&new, &old)),
        "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{\"a.b/c\"}"
    );
}

#[test]
fn a_status_adds_up() {
    let mut set = object(Kind::StatefulSet, &workload(""));
    if let Object::StatefulSet(set) = &mut set {
        let set = std::rc::Rc::make_mut(set);
        set.status.ready_replicas = 1;
        set.status.available_replicas = 2;
    }
    assert_eq!(
        lines(validate_status(&set)),
        "status.readyReplicas: Invalid value: 1: cannot be greater than status.replicas\nstatus.availableReplicas: Invalid value: 2: cannot be greater than status.replicas\nstatus.availableReplicas: Invalid value: 2: cannot be greater than status.readyReplicas"
    );
}

use super::*;

/// A tiny notation for values: `{a:{b:1},c:[x]}`; words are texts, digits numbers, `''` the empty text.
fn value(text: &str) -> Value {
    fn node(rest: &mut &str) -> Value {
        if let Some(after) = rest.strip_prefix('{') {
            *rest = after;
            let mut map = Map::new();
            while !rest.starts_with('}') {
                let (key, after) = rest.split_once(':').unwrap();
                *rest = after;
                map.insert(key, node(rest));
                *rest = rest.strip_prefix(',').unwrap_or(rest);
            }
            *rest = &rest[1..];
            return Value::Map(map);
        }
        if let Some(after) = rest.strip_prefix('[') {
            *rest = after;
            let mut list = Vec::new();
            while !rest.starts_with(']') {
                list.push(node(rest));
                *rest = rest.strip_prefix(',').unwrap_or(rest);
            }
            *rest = &rest[1..];
            return Value::List(list);
        }
        let end = rest.find([',', '}', ']']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        *rest = after;
        match word {
            "true" => Value::Bool(true),
            "''" => Value::from(""),
            _ => word.parse().map_or_else(|_| Value::from(word), Value::Int),
        }
    }
    node(&mut &*text.replace(['\n', ' '], ""))
}

fn defaulted(kind: Kind, text: &str) -> Object {
    let mut at = Decode::default();
    let mut object = Object::decode(kind, &value(text), &mut at);
    assert!(at.problems.iter().all(|p| !p.kind.is_error()), "{:?}", at.problems);
    apply_defaults(&mut object);
    let mut again = object.clone();
    apply_defaults(&mut again);
    assert_eq!(again, object, "defaulting twice must change nothing more");
    object
}

/// `expected` is the JSON of the part of the defaulted object at `path`.
fn check(kind: Kind, text: &str, path: &[&str], expected: &str) {
    let value = defaulted(kind, text).to_value();
    assert_eq!(value.at(path).map(Value::to_json).unwrap_or_default(), expected, "{text}");
}

#[test]
fn a_stateful_set_without_a_strategy_gets_a_partition() {
    let strategy = ["spec", "updateStrategy"];
    check(Kind::StatefulSet, "{spec:{}}", &strategy, r#"{"rollingUpdate":{"partition":0},"type":"RollingUpdate"}"#);
}

#[test]
fn an_explicit_rolling_update_keeps_the_partition_absent() {
    let strategy = ["spec", "updateStrategy"];
    check(Kind::StatefulSet, "{spec:{updateStrategy:{type:RollingUpdate}}}", &strategy, r#"{"type":"RollingUpdate"}"#);
    check(Kind::StatefulSet, "{spec:{updateStrategy:{type:OnDelete}}}", &strategy, r#"{"type":"OnDelete"}"#);
    check(
        Kind::StatefulSet,
        "{spec:{updateStrategy:{type:RollingUpdate,rollingUpdate:{}}}}",
        &strategy,
        r#"{"rollingUpdate":{"partition":0},"type":"RollingUpdate"}"#,
    );
}

#[test]
fn a_stateful_set_gets_counts_policies_and_claim_modes() {
    let set = "{spec:{persistentVolumeClaimRetentionPolicy:{whenScaled:Delete},volumeClaimTemplates:[{metadata:{name:www}}]}}";
    check(Kind::StatefulSet, set, &["spec", "replicas"], "1");
    check(Kind::StatefulSet, set, &["spec", "revisionHistoryLimit"], "10");
    check(Kind::StatefulSet, set, &["spec", "podManagementPolicy"], r#""OrderedReady""#);
    let retention = ["spec", "persistentVolumeClaimRetentionPolicy"];
    check(Kind::StatefulSet, set, &retention, r#"{"whenDeleted":"Retain","whenScaled":"Delete"}"#);
    let Object::StatefulSet(set) = defaulted(Kind::StatefulSet, set) else { unreachable!() };
    let claim = &set.spec.volume_claim_templates[0];
    assert_eq!((&*claim.spec.volume_mode, &*claim.status.phase), ("Filesystem", "Pending"));
}

#[test]
fn a_template_is_completed_but_is_no_pod() {
    let set = "{spec:{template:{spec:{containers:[{name:a,image:nginx:1.25,ports:[{containerPort:80}],
        resources:{limits:{cpu:1}}}]}}}}";
    check(
        Kind::StatefulSet,
        set,
        &["spec", "template", "spec"],
        concat!(
            r#"{"containers":[{"image":"nginx:1.25","imagePullPolicy":"IfNotPresent","name":"a","#,
            r#""ports":[{"containerPort":80,"protocol":"TCP"}],"resources":{"limits":{"cpu":"1"}},"#,
            r#""terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}],"#,
            r#""dnsPolicy":"ClusterFirst","restartPolicy":"Always","schedulerName":"default-scheduler","#,
            r#""securityContext":{},"terminationGracePeriodSeconds":30}"#
        ),
    );
}

#[test]
fn a_real_pod_gets_links_phase_class_and_requests() {
    let pod = "{spec:{hostNetwork:true,containers:[{name:a,ports:[{containerPort:80}],resources:{limits:{cpu:1,memory:1Gi}}}]}}";
    check(Kind::Pod, pod, &["spec", "enableServiceLinks"], "true");
    check(Kind::Pod, pod, &["status"], r#"{"phase":"Pending","qosClass":"Guaranteed"}"#);
    let Object::Pod(pod) = defaulted(Kind::Pod, pod) else { unreachable!() };
    assert_eq!(pod.spec.containers[0].resources.requests, pod.spec.containers[0].resources.limits);
    assert_eq!(pod.spec.containers[0].ports[0].host_port, 80);
}

#[test]
fn the_quality_of_service_follows_requests_and_limits() {
    let class = |resources: &str| {
        let text = format!("{{spec:{{containers:[{{name:a,resources:{resources}}}]}}}}");
        let Object::Pod(pod) = defaulted(Kind::Pod, &text) else { unreachable!() };
        pod.status.qos_class.to_string()
    };
    assert_eq!(class("{}"), "BestEffort");
    assert_eq!(class("{requests:{cpu:1}}"), "Burstable");
    assert_eq!(class("{limits:{cpu:1}}"), "Burstable");
    assert_eq!(class("{limits:{cpu:1,memory:1Gi},requests:{cpu:500m}}"), "Burstable");
}

#[test]
fn the_pull_policy_follows_the_tag() {
    for (image, policy) in [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.25", "IfNotPresent"),
        ("localhost:5000/nginx", "Always"),
        ("localhost:5000/nginx:1", "IfNotPresent"),
        ("nginx@sha256:abc", "IfNotPresent"),
        ("", "IfNotPresent"),
    ] {
        assert_eq!(default_pull_policy(image), policy, "{image}");
    }
}

#[test]
fn probes_and_hooks_are_completed() {
    let pod = "{spec:{containers:[{name:a,livenessProbe:{grpc:{port:1}},readinessProbe:{httpGet:{port:80}},
        lifecycle:{preStop:{httpGet:{port:80}}}}]}}";
    let Object::Pod(pod) = defaulted(Kind::Pod, pod) else { unreachable!() };
    let container = &pod.spec.containers[0];
    let live = container.liveness_probe.as_ref().unwrap();
    assert_eq!(
        (live.timeout_seconds, live.period_seconds, live.success_threshold, live.failure_threshold),
        (1, 10, 1, 3)
    );
    assert_eq!(live.initial_delay_seconds, 0);
    assert_eq!(live.grpc.as_ref().unwrap().service.as_deref(), Some(""));
    let http = container.readiness_probe.as_ref().unwrap().http_get.as_ref().unwrap();
    assert_eq!((&*http.path, &*http.scheme), ("/", "HTTP"));
    let hook = container.lifecycle.as_ref().unwrap().pre_stop.as_ref().unwrap().http_get.as_ref().unwrap();
    assert_eq!((&*hook.path, &*hook.scheme), ("/", "HTTP"));
}

#[test]
fn volumes_and_environment_are_completed() {
    let pod = "{spec:{containers:[{name:a,env:[{name:X},{name:P,valueFrom:{fieldRef:{fieldPath:metadata.name}}}]}],
        volumes:[{name:a},{name:b,secret:{secretName:s}},{name:c,hostPath:{path:/}},{name:d,emptyDir:{}}]}}";
    let value = defaulted(Kind::Pod, pod).to_value();
    assert_eq!(
        value.at(&["spec", "volumes"]).unwrap().to_json(),
        concat!(
            r#"[{"emptyDir":{},"name":"a"},{"name":"b","secret":{"defaultMode":420,"secretName":"s"}},"#,
            r#"{"hostPath":{"path":"/","type":""},"name":"c"},{"emptyDir":{},"name":"d"}]"#
        )
    );
    assert!(value.to_json().contains(r#""fieldRef":{"apiVersion":"v1","fieldPath":"metadata.name"}"#));
}

#[test]
fn a_deployment_rolls_a_quarter_at_a_time() {
    let spec = ["spec", "strategy"];
    let rolling = r#"{"rollingUpdate":{"maxSurge":"25%","maxUnavailable":"25%"},"type":"RollingUpdate"}"#;
    check(Kind::Deployment, "{spec:{}}", &spec, rolling);
    check(Kind::Deployment, "{spec:{strategy:{type:Recreate}}}", &spec, r#"{"type":"Recreate"}"#);
    check(Kind::Deployment, "{spec:{}}", &["spec", "progressDeadlineSeconds"], "600");
}

#[test]
fn a_replica_set_has_one_replica_and_no_labels_but_its_own() {
    let set = "{spec:{template:{metadata:{labels:{app:web}}}}}";
    check(Kind::ReplicaSet, set, &["metadata", "labels"], "");
    check(Kind::ReplicaSet, set, &["spec", "replicas"], "1");
    let own = "{metadata:{labels:{x:y}},spec:{template:{metadata:{labels:{app:web}}}}}";
    check(Kind::ReplicaSet, own, &["metadata", "labels"], r#"{"x":"y"}"#);
}

#[test]
fn a_service_listens_where_it_forwards() {
    check(
        Kind::Service,
        "{spec:{ports:[{port:80},{port:81,targetPort:web}]}}",
        &["spec"],
        concat!(
            r#"{"internalTrafficPolicy":"Cluster","ports":[{"port":80,"protocol":"TCP","targetPort":80},"#,
            r#"{"port":81,"protocol":"TCP","targetPort":"web"}],"sessionAffinity":"None","type":"ClusterIP"}"#
        ),
    );
    check(
        Kind::Service,
        "{spec:{type:LoadBalancer,sessionAffinity:ClientIP}}",
        &["spec"],
        concat!(
            r#"{"allocateLoadBalancerNodePorts":true,"externalTrafficPolicy":"Cluster","#,
            r#""internalTrafficPolicy":"Cluster","sessionAffinity":"ClientIP","#,
            r#""sessionAffinityConfig":{"clientIP":{"timeoutSeconds":10800}},"type":"LoadBalancer"}"#
        ),
    );
}

#[test]
fn the_other_kinds_get_their_few_defaults() {
    check(Kind::PersistentVolumeClaim, "{}", &["status", "phase"], r#""Pending""#);
    check(Kind::PersistentVolumeClaim, "{}", &["spec", "volumeMode"], r#""Filesystem""#);
    check(
        Kind::PersistentVolume,
        "{spec:{hostPath:{path:/data}}}",
        &["spec"],
        r#"{"hostPath":{"path":"/data","type":""},"persistentVolumeReclaimPolicy":"Retain","volumeMode":"Filesystem"}"#,
    );
    check(Kind::StorageClass, "{}", &["reclaimPolicy"], r#""Delete""#);
    check(Kind::StorageClass, "{}", &["volumeBindingMode"], r#""Immediate""#);
    check(Kind::StorageClass, "{}", &["allowVolumeExpansion"], "");
    check(Kind::Namespace, "{}", &["status", "phase"], r#""Active""#);
    check(Kind::Namespace, "{metadata:{name:a}}", &["spec", "finalizers"], r#"["kubernetes"]"#);
    check(Kind::EndpointSlice, "{ports:[{port:80}]}", &["ports"], r#"[{"name":"","port":80,"protocol":"TCP"}]"#);
    check(Kind::Node, "{status:{capacity:{cpu:2}}}", &["status", "allocatable"], r#"{"cpu":"2"}"#);
    for kind in Kind::ALL {
        defaulted(*kind, "{}");
    }
}

#[test]
fn a_complete_object_stays_shared() {
    for (kind, text) in [
        (Kind::Pod, "{spec:{containers:[{name:a,image:b:1}]}}"),
        (Kind::StatefulSet, "{spec:{template:{spec:{containers:[{name:a}]}}}}"),
        (Kind::Service, "{spec:{ports:[{port:80}]}}"),
    ] {
        let object = defaulted(kind, text);
        let mut again = object.clone();
        apply_defaults(&mut again);
        assert!(again.same(&object), "{text}");
    }
}

#[test]
fn an_ending_namespace_does_not_get_its_finalizer_back() {
    check(Kind::Namespace, "{metadata:{name:a},status:{phase:Terminating}}", &["spec"], "{}");
}

//! Random manifests of every kind that people apply: mostly what a tutorial has, now and then what nobody would write.

use crate::chance::Chance;
use serde_json::{Map, Value as Json, json};

/// Manifests that were changed at random say so in this label: nothing is known of what they can come to.
pub(crate) const MUTATED: &str = "mutated";
/// Where objects of a run live, beside `default`.
pub(crate) const OTHER_NAMESPACE: &str = "team";

/// Names are few, so that things meet.
const NAMES: [&str; 4] = ["web", "app", "db", "job"];

/// A manifest of some kind; every tenth is changed at a random place.
pub(crate) fn manifest(chance: &mut Chance) -> Json {
    let mut manifest = match chance.below(100) {
        0..=27 => stateful_set(chance),
        28..=49 => deployment(chance),
        50..=56 => replica_set(chance),
        57..=62 => pod(chance),
        63..=71 => service(chance),
        72..=75 => budget(chance),
        76..=78 => quota(chance),
        79..=82 => claim(chance),
        83..=85 => volume(chance),
        86..=88 => storage_class(chance),
        89..=93 => config_map(chance),
        94 => lease(chance),
        95 => priority_class(chance),
        96 => plain("v1", "ServiceAccount", chance.one(&["default", "robot"])),
        97 => endpoint_slice(chance),
        _ => plain("v1", "Namespace", OTHER_NAMESPACE),
    };
    if is_namespaced(&manifest) && chance.percent(8) {
        manifest["metadata"]["namespace"] = json!(OTHER_NAMESPACE);
    }
    if chance.percent(3) {
        manifest["metadata"]["finalizers"] = json!(["petri.dev/kept"]);
    }
    if chance.percent(8) {
        mutate(&mut manifest, chance);
    }
    manifest
}

/// What a story is about: a workload and, often, its Service.
pub(crate) fn workload(chance: &mut Chance) -> Vec<Json> {
    let manifest = if chance.percent(60) { stateful_set(chance) } else { deployment(chance) };
    let name = manifest["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let mut manifests = Vec::new();
    if chance.percent(60) {
        manifests.push(named_service(&name, chance));
    }
    manifests.push(manifest);
    if chance.percent(20) {
        manifests.push(named_budget(&name, chance));
    }
    manifests
}

fn is_namespaced(manifest: &Json) -> bool {
    !matches!(manifest["kind"].as_str(), Some("Namespace" | "PersistentVolume" | "StorageClass" | "PriorityClass"))
}

fn plain(api: &str, kind: &str, name: &str) -> Json {
    json!({"apiVersion": api, "kind": kind, "metadata": {"name": name}})
}

fn replicas(chance: &mut Chance) -> u64 {
    match chance.below(20) {
        0 => 0,
        1 => chance.between(6, 12),
        _ => chance.between(1, 3),
    }
}

fn stateful_set(chance: &mut Chance) -> Json {
    let name = chance.one(&NAMES);
    let mut spec = json!({
        "serviceName": name,
        "replicas": replicas(chance),
        "selector": {"matchLabels": {"app": name}},
        "template": template(name, chance),
    });
    if chance.percent(33) {
        spec["podManagementPolicy"] = json!("Parallel");
    }
    if chance.percent(50) {
        let mut claim = claim_spec(chance);
        if chance.percent(90) {
            claim["accessModes"] = json!(["ReadWriteOnce"]);
        }
        spec["volumeClaimTemplates"] = json!([{"metadata": {"name": "data"}, "spec": claim}]);
        spec["template"]["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "data", "mountPath": "/data"}]);
        if chance.percent(20) {
            spec["persistentVolumeClaimRetentionPolicy"] = json!({
                "whenDeleted": chance.one(&["Retain", "Delete"]), "whenScaled": chance.one(&["Retain", "Delete"])});
        }
    }
    if chance.percent(10) {
        spec["ordinals"] = json!({"start": chance.below(4)});
    }
    if chance.percent(15) {
        spec["updateStrategy"] = match chance.below(2) {
            0 => json!({"type": "OnDelete"}),
            _ => json!({"type": "RollingUpdate", "rollingUpdate": {"partition": chance.below(4)}}),
        };
    }
    if chance.percent(10) {
        spec["minReadySeconds"] = json!(chance.below(30));
    }
    if chance.percent(10) {
        spec["revisionHistoryLimit"] = json!(chance.below(3));
    }
    whole("apps/v1", "StatefulSet", name, spec)
}

fn deployment(chance: &mut Chance) -> Json {
    let name = chance.one(&NAMES);
    let mut spec = json!({
        "replicas": replicas(chance),
        "selector": {"matchLabels": {"app": name}},
        "template": template(name, chance),
    });
    if chance.percent(20) {
        spec["strategy"] = match chance.below(3) {
            0 => json!({"type": "Recreate"}),
            1 => json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}),
            _ => json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "50%", "maxUnavailable": "50%"}}),
        };
    }
    if chance.percent(10) {
        spec["minReadySeconds"] = json!(chance.below(30));
    }
    if chance.percent(10) {
        spec["progressDeadlineSeconds"] = json!(chance.between(31, 120));
    }
    if chance.percent(5) {
        spec["paused"] = json!(true);
    }
    if chance.percent(10) {
        spec["revisionHistoryLimit"] = json!(chance.below(3));
    }
    whole("apps/v1", "Deployment", name, spec)
}

fn replica_set(chance: &mut Chance) -> Json {
    let name = chance.one(&NAMES);
    let spec = json!({
        "replicas": replicas(chance),
        "selector": {"matchLabels": {"app": name}},
        "template": template(name, chance),
    });
    whole("apps/v1", "ReplicaSet", name, spec)
}

fn pod(chance: &mut Chance) -> Json {
    let name = chance.one(&NAMES);
    let template = template(name, chance);
    let mut pod = plain("v1", "Pod", name);
    for (key, value) in template["metadata"].as_object().into_iter().flatten() {
        pod["metadata"][key] = value.clone();
    }
    pod["spec"] = template["spec"].clone();
    if chance.percent(20) {
        pod["spec"]["restartPolicy"] = json!(chance.one(&["Never", "OnFailure"]));
    }
    pod
}

fn whole(api: &str, kind: &str, name: &str, spec: Json) -> Json {
    let mut manifest = plain(api, kind, name);
    manifest["spec"] = spec;
    manifest
}

fn template(name: &str, chance: &mut Chance) -> Json {
    let mut container = json!({"name": "c", "image": image(chance)});
    let mut notes = Map::new();
    let mut note = |key: &str, value: String| drop(notes.insert(format!("petri.dev/{key}"), json!(value)));
    match chance.below(20) {
        0 => note("ready", format!("{}s", chance.between(1, 40))),
        1 => note("start-delay", format!("{}s", chance.between(1, 20))),
        2 => note("stop-delay", format!("{}s", chance.between(1, 40))),
        3 => note("write-every", format!("{}s", chance.between(1, 30))),
        4 => note("retry-period", format!("{}s", chance.between(1, 9))),
        7 => note(chance.one(&["hold", "ttl", "session-timeout"]), format!("{}s", chance.between(1, 40))),
        8 => note("release-on-cancel", chance.one(&["true", "false"]).into()),
        9 => note("dns-cache", chance.one(&["off", "5s", "1m/1s"]).into()),
        // What never gets well.
        5 if chance.percent(50) => note("ready", "never".into()),
        5 => note("run", format!("{}s", chance.between(1, 90))),
        6 if chance.percent(50) => note("live", format!("{}s", chance.between(5, 90))),
        _ => {}
    }
    if chance.percent(25) {
        let check = json!({"tcpSocket": {"port": 80}, "periodSeconds": chance.between(1, 15)});
        container[chance.one(&["readinessProbe", "livenessProbe", "startupProbe"])] = check;
    }
    if chance.percent(10) {
        let cpu = chance.one(&["10m", "500m", "1", "3"]);
        container["resources"] = json!({"requests": {"cpu": cpu, "memory": "64Mi"}, "limits": {"memory": "1Gi"}});
    }
    if chance.percent(5) {
        container["lifecycle"] = json!({"preStop": {"sleep": {"seconds": chance.between(1, 20)}}});
    }
    let mut spec = json!({"containers": [container]});
    if chance.percent(8) {
        let mut first = json!({"name": "first", "image": "init:1"});
        if chance.percent(40) {
            first["restartPolicy"] = json!("Always");
        }
        spec["initContainers"] = json!([first]);
    }
    if chance.percent(25) {
        spec["terminationGracePeriodSeconds"] =
            json!(if chance.percent(5) { 0 } else { *chance.one(&[&1, &5, &10, &60, &120]) });
    }
    if chance.percent(6) {
        spec["nodeSelector"] = json!({"topology.kubernetes.io/zone": chance.one(&["a", "b", "c"])});
    }
    if chance.percent(6) {
        let labels = json!({"matchLabels": {"app": name}});
        let key = chance.one(&["kubernetes.io/hostname", "topology.kubernetes.io/zone"]);
        spec["affinity"] = json!({"podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [{"labelSelector": labels, "topologyKey": key}]}});
    }
    if chance.percent(6) {
        spec["topologySpreadConstraints"] = json!([{"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": chance.one(&["DoNotSchedule", "ScheduleAnyway"]),
            "labelSelector": {"matchLabels": {"app": name}}}]);
    }
    if chance.percent(10) {
        spec["tolerations"] = match chance.below(3) {
            0 => json!([{"operator": "Exists"}]),
            1 => json!([{"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute",
                         "tolerationSeconds": chance.below(60)}]),
            _ => json!([{"key": "example.com/drain", "operator": "Exists"}]),
        };
    }
    if chance.percent(5) {
        spec["priorityClassName"] = json!("high");
    }
    if chance.percent(6) {
        spec["volumes"] = json!([{"name": "shared", "persistentVolumeClaim": {"claimName": "shared"}}]);
    }
    let mut metadata = json!({"labels": {"app": name}});
    if !notes.is_empty() {
        metadata["annotations"] = Json::Object(notes);
    }
    json!({"metadata": metadata, "spec": spec})
}

fn image(chance: &mut Chance) -> Json {
    json!(match chance.below(30) {
        0 => "petri.dev/writer:1",
        1 => "petri.dev/elector:1",
        2 => "petri.dev/configmap-lock:1",
        3 => "petri.dev/session-lock:1",
        4 => "petri.dev/ttl-lock:1",
        5 => "petri.dev/quorum:1",
        6 => "petri.dev/client:1",
        7 => "petri.dev/slow-starter:1",
        8 => "petri.dev/slow-stopper:1",
        9 => chance.one(&["petri.dev/crasher:1", "petri.dev/never-ready:1", "bad:1"]),
        _ => chance.one(&["server:1", "server:2"]),
    })
}

fn service(chance: &mut Chance) -> Json {
    let name = chance.one(&NAMES);
    named_service(name, chance)
}

fn named_service(name: &str, chance: &mut Chance) -> Json {
    let mut spec = json!({"selector": {"app": name}, "ports": [{"port": 80}]});
    match chance.below(10) {
        0..=5 => spec["clusterIP"] = json!("None"),
        6 => spec["type"] = json!("NodePort"),
        7 => spec = json!({"type": "ExternalName", "externalName": "example.org"}),
        _ => {}
    }
    if chance.percent(10) {
        spec["publishNotReadyAddresses"] = json!(true);
    }
    whole("v1", "Service", name, spec)
}

fn budget(chance: &mut Chance) -> Json {
    let name = chance.one(&NAMES);
    named_budget(name, chance)
}

fn named_budget(name: &str, chance: &mut Chance) -> Json {
    let mut spec = json!({"selector": {"matchLabels": {"app": name}}});
    match chance.below(4) {
        0 => spec["minAvailable"] = json!(chance.below(4)),
        1 => spec["minAvailable"] = json!("50%"),
        2 => spec["maxUnavailable"] = json!(chance.below(3)),
        _ => spec["maxUnavailable"] = json!("34%"),
    }
    whole("policy/v1", "PodDisruptionBudget", name, spec)
}

fn quota(chance: &mut Chance) -> Json {
    let what = chance.one(&["pods", "persistentvolumeclaims", "services", "count/deployments.apps"]);
    whole("v1", "ResourceQuota", "quota", json!({"hard": {what: chance.below(8).to_string()}}))
}

fn claim_spec(chance: &mut Chance) -> Json {
    let mode = chance.one(&["ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany", "ReadOnlyMany"]);
    let size = chance.one(&["1Gi", "2Gi", "10Gi"]);
    let mut spec = json!({"accessModes": [mode], "resources": {"requests": {"storage": size}}});
    match chance.below(20) {
        0 => spec["storageClassName"] = json!("fast"),
        1 => spec["storageClassName"] = json!("nowhere"),
        2 => spec["storageClassName"] = json!(""),
        _ => {}
    }
    spec
}

fn claim(chance: &mut Chance) -> Json {
    let name = chance.one(&["shared", "data-web-0", "data-db-0", "data-db-1", "spare", "spare-2"]);
    let mut spec = claim_spec(chance);
    if chance.percent(50) {
        spec["storageClassName"] = json!("");
    }
    whole("v1", "PersistentVolumeClaim", name, spec)
}

fn volume(chance: &mut Chance) -> Json {
    let name = chance.one(&["disk-1", "disk-2"]);
    let mode = chance.one(&["ReadWriteOnce", "ReadWriteMany"]);
    let policy = chance.one(&["Retain", "Delete"]);
    let spec = json!({
        "capacity": {"storage": chance.one(&["1Gi", "5Gi", "10Gi"])}, "accessModes": [mode],
        "persistentVolumeReclaimPolicy": policy, "storageClassName": "",
        "csi": {"driver": "disk.petri.dev", "volumeHandle": name},
    });
    whole("v1", "PersistentVolume", name, spec)
}

/// Disks that were made by hand, and claims that look for one of them.
pub(crate) fn hand_made_storage(chance: &mut Chance) -> Vec<Json> {
    let claim = |name: &str| {
        let spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": ""});
        whole("v1", "PersistentVolumeClaim", name, spec)
    };
    let mut manifests = vec![volume(chance), claim("spare"), claim("spare-2")];
    if chance.percent(40) {
        manifests.push(volume(chance));
    }
    manifests
}

fn storage_class(chance: &mut Chance) -> Json {
    let mut class = plain("storage.k8s.io/v1", "StorageClass", "fast");
    class["provisioner"] = json!(chance.one(&["disk.petri.dev", "ebs.csi.aws.com"]));
    class["volumeBindingMode"] = json!(chance.one(&["Immediate", "WaitForFirstConsumer"]));
    class["reclaimPolicy"] = json!(chance.one(&["Delete", "Retain"]));
    class
}

fn config_map(chance: &mut Chance) -> Json {
    let mut map = plain("v1", "ConfigMap", chance.one(&["settings", "other", "third"]));
    map["data"] = json!({"key": chance.below(100).to_string()});
    map
}

fn lease(chance: &mut Chance) -> Json {
    let spec = json!({"holderIdentity": "somebody", "leaseDurationSeconds": chance.between(1, 60)});
    whole("coordination.k8s.io/v1", "Lease", chance.one(&["leader", "lock"]), spec)
}

fn priority_class(chance: &mut Chance) -> Json {
    let mut class = plain("scheduling.k8s.io/v1", "PriorityClass", "high");
    class["value"] = json!(chance.below(1_000_000));
    class
}

fn endpoint_slice(chance: &mut Chance) -> Json {
    let mut slice = plain("discovery.k8s.io/v1", "EndpointSlice", "by-hand");
    slice["addressType"] = json!("IPv4");
    slice["endpoints"] = json!([{"addresses": [format!("10.9.8.{}", chance.between(1, 250))]}]);
    slice
}

/// What stands where something else should.
const EXTREMES: [&str; 19] = [
    "0",
    "-1",
    "1",
    "100",
    "2147483647",
    "-2147483648",
    "9223372036854775807",
    "1.5",
    "true",
    "null",
    "\"\"",
    "\"a\"",
    "\"100%\"",
    "\"1e9\"",
    "\"-5\"",
    "\"Ω\"",
    "[]",
    "{}",
    "[{}]",
];

/// Changes a manifest at a random place, and labels it.
pub(crate) fn mutate(manifest: &mut Json, chance: &mut Chance) {
    let identity = ["apiVersion", "kind"].map(|key| manifest[key].clone());
    for _ in 0..chance.between(1, 2) {
        let count = places(manifest);
        let mut at = chance.below(count);
        let extreme = serde_json::from_str(chance.one(&EXTREMES)).unwrap_or_default();
        let remove = chance.percent(25);
        change(manifest, &mut at, &extreme, remove);
    }
    // Nonsense at its beginning would end at the first check.
    if !manifest.is_object() {
        *manifest = json!({});
    }
    for (key, value) in ["apiVersion", "kind"].into_iter().zip(identity) {
        manifest[key] = value;
    }
    if manifest["metadata"].is_object() {
        match manifest["metadata"]["labels"].is_object() {
            true => manifest["metadata"]["labels"][MUTATED] = json!("yes"),
            false => manifest["metadata"]["labels"] = json!({MUTATED: "yes"}),
        }
    }
}

/// How many values there are in a value, itself left out.
fn places(value: &Json) -> u64 {
    match value {
        Json::Object(map) => map.values().map(|value| 1 + places(value)).sum(),
        Json::Array(list) => list.iter().map(|value| 1 + places(value)).sum(),
        _ => 0,
    }
}

/// Replaces or removes the value at the `at`-th place. `true` if it is done.
fn change(value: &mut Json, at: &mut u64, with: &Json, remove: bool) -> bool {
    match value {
        Json::Object(map) => {
            let keys: Vec<String> = map.keys().cloned().collect();
            for key in keys {
                if *at == 0 {
                    match remove {
                        true => drop(map.remove(&key)),
                        false => drop(map.insert(key, with.clone())),
                    }
                    return true;
                }
                *at -= 1;
                if map.get_mut(&key).is_some_and(|value| change(value, at, with, remove)) {
                    return true;
                }
            }
            false
        }
        Json::Array(list) => {
            for index in 0..list.len() {
                if *at == 0 {
                    match remove {
                        true => drop(list.remove(index)),
                        false => list[index] = with.clone(),
                    }
                    return true;
                }
                *at -= 1;
                if change(&mut list[index], at, with, remove) {
                    return true;
                }
            }
            false
        }
        _ => false,
    }
}

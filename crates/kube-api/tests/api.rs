//! The API as a client without a library sees it: requests in, answers out, no network.

use petri_kube_api::ask::{Answer, Ask, Body};
use petri_kube_api::cluster::Cluster;
use petri_objects::{Span, Value};
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;
use petri_sim::story::shared::Shared;
use petri_sim::story::timeline::Timeline;

fn cluster() -> Cluster {
    Cluster::new(Timeline::new(Recording::new(Scenario::standard(), 1)))
}

fn json(answer: &Answer) -> Value {
    Value::from_json(answer.body_text().trim_end()).unwrap_or_default()
}

fn get(cluster: &mut Cluster, path: &str) -> Value {
    let answer = cluster.answer(&Ask::new("GET", path, ""));
    assert_eq!(answer.code, 200, "{path}: {}", answer.body_text());
    json(&answer)
}

fn send(cluster: &mut Cluster, method: &str, path: &str, body: &str) -> (u16, Value) {
    let content_type = match (method, body) {
        ("PATCH", _) => "application/merge-patch+json",
        _ => "application/json",
    };
    let ask = Ask { content_type: content_type.into(), ..Ask::new(method, path, body) };
    let answer = cluster.answer(&ask);
    (answer.code, json(&answer))
}

fn text<'v>(value: &'v Value, path: &[&str]) -> &'v str {
    value.at(path).and_then(Value::as_str).unwrap_or_default()
}

const PODS: &str = "/api/v1/namespaces/default/pods";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

fn pod(name: &str) -> String {
    format!(
        r#"{{"metadata":{{"name":"{name}","labels":{{"app":"{name}"}}}},"spec":{{"containers":[{{"name":"c","image":"x"}}]}}}}"#
    )
}

fn deployment(replicas: u32) -> String {
    format!(
        r#"{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"web"}},"spec":{{"replicas":{replicas},"selector":{{"matchLabels":{{"app":"web"}}}},"template":{{"metadata":{{"labels":{{"app":"web"}}}},"spec":{{"containers":[{{"name":"c","image":"x"}}]}}}}}}}}"#
    )
}

/// The lines that a watch has said so far, each as its type and its object's name.
fn heard(body: &mut Body) -> Vec<String> {
    let Body::Stream(stream) = body else { panic!("a watch was expected") };
    let mut lines = Vec::new();
    while let Ok(line) = stream.0.try_recv() {
        let event = Value::from_json(line.trim_end()).expect("a line is JSON");
        let object = event.at(&["object"]).expect("an event has an object");
        let name = if text(object, &["kind"]) == "Status" {
            text(object, &["reason"])
        } else {
            text(object, &["metadata", "name"])
        };
        lines.push(format!("{} {name}", text(&event, &["type"])));
    }
    lines
}

#[test]
fn objects_are_created_read_changed_and_deleted() {
    let mut cluster = cluster();
    let (code, created) = send(&mut cluster, "POST", DEPLOYMENTS, &deployment(2));
    assert_eq!((code, text(&created, &["metadata", "name"])), (201, "web"));
    assert_eq!(created.at(&["spec", "strategy", "type"]).and_then(Value::as_str), Some("RollingUpdate"));
    let (code, refused) = send(&mut cluster, "POST", DEPLOYMENTS, &deployment(2));
    assert_eq!((code, text(&refused, &["message"])), (409, "deployments.apps \"web\" already exists"));
    let web = format!("{DEPLOYMENTS}/web");
    let (code, patched) = send(&mut cluster, "PATCH", &web, r#"{"spec":{"replicas":3}}"#);
    assert_eq!((code, patched.at(&["spec", "replicas"])), (200, Some(&Value::Int(3))));
    let version = text(&patched, &["metadata", "resourceVersion"]).to_owned();
    let (_, same) = send(&mut cluster, "PATCH", &web, r#"{"spec":{"replicas":3}}"#);
    assert_eq!(text(&same, &["metadata", "resourceVersion"]), version, "what changes nothing is no write");
    let (code, scale) = send(&mut cluster, "PATCH", &format!("{web}/scale"), r#"{"spec":{"replicas":1}}"#);
    assert_eq!((code, scale.at(&["spec", "replicas"])), (200, Some(&Value::Int(1))));
    let stale = patched.to_json();
    let (code, conflict) = send(&mut cluster, "PUT", &web, &stale);
    assert_eq!((code, text(&conflict, &["reason"])), (409, "Conflict"));
    let (code, _) = send(&mut cluster, "DELETE", &web, r#"{"preconditions":{"uid":"nobody"}}"#);
    assert_eq!(code, 409);
    let (code, gone) = send(&mut cluster, "DELETE", &web, r#"{"propagationPolicy":"Background"}"#);
    assert_eq!((code, text(&gone, &["status"])), (200, "Success"));
    assert_eq!(send(&mut cluster, "GET", &web, "").0, 404);
}

#[test]
fn lists_select_and_come_in_pages_of_one_version() {
    let mut cluster = cluster();
    for name in ["a", "b", "c", "d", "e"] {
        assert_eq!(send(&mut cluster, "POST", PODS, &pod(name)).0, 201);
    }
    let names = |list: &Value| -> Vec<String> {
        let items = list.at(&["items"]).and_then(Value::as_list).unwrap_or_default();
        items.iter().map(|item| text(item, &["metadata", "name"]).to_owned()).collect()
    };
    assert_eq!(names(&get(&mut cluster, &format!("{PODS}?labelSelector=app%20in%20(a,c)"))), ["a", "c"]);
    assert_eq!(names(&get(&mut cluster, &format!("{PODS}?fieldSelector=metadata.name%3Db"))), ["b"]);
    assert_eq!(names(&get(&mut cluster, "/api/v1/pods")), ["a", "b", "c", "d", "e"]);
    let first = get(&mut cluster, &format!("{PODS}?limit=2"));
    assert_eq!(
        (names(&first), first.at(&["metadata", "remainingItemCount"])),
        (vec!["a".into(), "b".into()], Some(&Value::Int(3)))
    );
    // What is written between two pages is in neither.
    send(&mut cluster, "POST", PODS, &pod("bb"));
    let rest = get(&mut cluster, &format!("{PODS}?continue={}", text(&first, &["metadata", "continue"])));
    assert_eq!(names(&rest), ["c", "d", "e"]);
    assert_eq!(text(&rest, &["metadata", "resourceVersion"]), text(&first, &["metadata", "resourceVersion"]));
    for (path, code) in [
        ("continue=x", 400),
        ("labelSelector=a===b", 400),
        ("fieldSelector=spec.nothing=1", 400),
        ("limit=x", 400),
        ("resourceVersion=x", 422),
        ("resourceVersion=999999", 504),
    ] {
        assert_eq!(cluster.answer(&Ask::new("GET", &format!("{PODS}?{path}"), "")).code, code, "{path}");
    }
}

#[test]
fn a_watch_tells_what_happens_from_a_version_on() {
    let mut cluster = cluster();
    send(&mut cluster, "POST", PODS, &pod("a"));
    let version = text(&get(&mut cluster, PODS), &["metadata", "resourceVersion"]).to_owned();
    send(&mut cluster, "POST", PODS, &pod("b"));
    let mut watch = cluster.answer(&Ask::new("GET", &format!("{PODS}?watch=1&resourceVersion={version}"), ""));
    assert_eq!(heard(&mut watch.body), ["ADDED b"]);
    let mut one = cluster.answer(&Ask::new("GET", &format!("{PODS}?watch=1&labelSelector=x%3Dy"), ""));
    send(&mut cluster, "PATCH", &format!("{PODS}/a"), r#"{"metadata":{"labels":{"x":"y"}}}"#);
    send(&mut cluster, "PATCH", &format!("{PODS}/a"), r#"{"metadata":{"labels":{"x":"z"}}}"#);
    assert_eq!(heard(&mut watch.body), ["MODIFIED a", "MODIFIED a"]);
    assert_eq!(heard(&mut one.body), ["ADDED a", "DELETED a"], "who no longer passes is gone");
    let initial = "watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan";
    let mut whole = cluster.answer(&Ask::new("GET", &format!("{PODS}?{initial}"), ""));
    assert_eq!(heard(&mut whole.body), ["ADDED a", "ADDED b", "BOOKMARK "]);
    let mut old = cluster.answer(&Ask::new("GET", &format!("{PODS}?watch=1&resourceVersion=1"), ""));
    assert_eq!(heard(&mut old.body), ["ERROR Expired"]);
    send(&mut cluster, "POST", "/petri/forget", "");
    let mut late = cluster.answer(&Ask::new("GET", &format!("{PODS}?watch=1&resourceVersion={version}"), ""));
    assert_eq!(heard(&mut late.body), ["ERROR Expired"]);
}

#[test]
fn tables_and_metadata_come_as_they_are_asked_for() {
    let mut cluster = cluster();
    send(&mut cluster, "POST", PODS, &pod("a"));
    let accept = |accept: &str| Ask { accept: accept.into(), ..Ask::new("GET", PODS, "") };
    let table = json(&cluster.answer(&accept("application/json;as=Table;v=v1;g=meta.k8s.io")));
    let rows = table.at(&["rows"]).and_then(Value::as_list).expect("a table has rows");
    assert_eq!(
        rows[0].at(&["cells"]).map(Value::to_json).as_deref(),
        Some(
            r#"["a","0/1","Pending",0,"0s","\u003cnone\u003e","\u003cnone\u003e","\u003cnone\u003e","\u003cnone\u003e"]"#
        )
    );
    let partial = json(&cluster.answer(&accept("application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")));
    assert_eq!(text(&partial, &["kind"]), "PartialObjectMetadataList");
    assert_eq!(cluster.answer(&accept("image/png")).code, 406);
}

#[test]
fn applying_keeps_what_others_manage() {
    let mut cluster = cluster();
    let apply = |cluster: &mut Cluster, manager: &str, body: &str| {
        let path = format!("/api/v1/namespaces/default/configmaps/c?fieldManager={manager}");
        let ask = Ask { content_type: "application/apply-patch+yaml".into(), ..Ask::new("PATCH", &path, body) };
        let answer = cluster.answer(&ask);
        (answer.code, json(&answer))
    };
    let map = |data: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: c }}\ndata: {data}\n");
    assert_eq!(apply(&mut cluster, "one", &map("{ a: one, b: one }")).0, 201);
    assert_eq!(apply(&mut cluster, "two", &map("{ c: two }")).0, 200);
    let (code, conflict) = apply(&mut cluster, "two", &map("{ a: two }"));
    let message = "Apply failed with 1 conflict: conflict with \"one\" using v1: .data.a";
    assert_eq!((code, text(&conflict, &["message"])), (409, message));
    let (_, forced) = apply(&mut cluster, "two&force=true", &map("{ a: two }"));
    assert_eq!(
        forced.at(&["data"]).map(Value::to_json).as_deref(),
        Some(r#"{"a":"two","b":"one"}"#),
        "c went with its manager"
    );
    let (_, less) = apply(&mut cluster, "one", &map("{}"));
    assert_eq!(less.at(&["data"]).map(Value::to_json).as_deref(), Some(r#"{"a":"two"}"#));
}

#[test]
fn fields_that_nobody_knows_are_refused_or_warned_of() {
    let mut cluster = cluster();
    let body = r#"{"metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"x","imagine":1}]}}"#;
    let (code, refused) = send(&mut cluster, "POST", &format!("{PODS}?fieldValidation=Strict"), body);
    let message = "Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: unknown field \"spec.containers[0].imagine\"";
    assert_eq!((code, text(&refused, &["message"])), (400, message));
    let warned = cluster.answer(&Ask::new("POST", &format!("{PODS}?fieldValidation=Warn"), body));
    assert_eq!((warned.code, warned.warnings), (201, vec!["unknown field \"spec.containers[0].imagine\"".to_owned()]));
}

#[test]
fn a_session_replays_to_its_fingerprint_and_reads_leave_it_as_it_was() {
    let mut cluster = cluster();
    send(&mut cluster, "POST", DEPLOYMENTS, &deployment(3));
    send(&mut cluster, "POST", "/petri/run", r#"{"for":"20s"}"#);
    send(&mut cluster, "PATCH", &format!("{DEPLOYMENTS}/web"), r#"{"spec":{"replicas":5}}"#);
    send(&mut cluster, "POST", "/petri/command", r#"{"line":"cut node-2"}"#);
    send(&mut cluster, "POST", "/petri/run", r#"{"for":"90s"}"#);
    let before = text(&get(&mut cluster, "/petri"), &["fingerprint"]).to_owned();
    for path in [
        "/api",
        "/apis",
        "/api/v1/pods",
        PODS,
        "/openapi/v3",
        "/version",
        "/petri/guarantees",
        "/petri/why?object=deploy/web",
    ] {
        get(&mut cluster, path);
    }
    cluster.answer(&Ask::new("GET", &format!("{PODS}?watch=1"), ""));
    let (code, _) = send(&mut cluster, "POST", &format!("{PODS}?dryRun=All"), &pod("dry"));
    assert_eq!(code, 201);
    assert_eq!(text(&get(&mut cluster, "/petri"), &["fingerprint"]), before);
    let recording = get(&mut cluster, "/petri/recording?form=json").to_json();
    let again = Timeline::opened(Shared::from_json(&recording).expect("a recording can be read"));
    assert_eq!(again.world().fingerprint().to_string(), before);
    // A server that goes on with it serves the same.
    let mut next = Cluster::new(again);
    assert_eq!(text(&get(&mut next, "/petri"), &["fingerprint"]), before);
    assert!(!next.play_until_told(Span::seconds(1)), "nobody watches");
}

#[test]
fn an_api_server_that_is_stopped_says_nothing() {
    let mut cluster = cluster();
    let mut watch = cluster.answer(&Ask::new("GET", &format!("{PODS}?watch=1"), ""));
    send(&mut cluster, "POST", "/petri/command", r#"{"line":"stop kube-apiserver"}"#);
    assert!(matches!(cluster.answer(&Ask::new("GET", PODS, "")).body, Body::Silence));
    let Body::Stream(stream) = &mut watch.body else { panic!("a watch was expected") };
    assert!(stream.0.is_closed() || stream.0.try_recv().is_err());
    send(&mut cluster, "POST", "/petri/command", r#"{"line":"start kube-apiserver"}"#);
    assert_eq!(cluster.answer(&Ask::new("GET", PODS, "")).code, 200);
}

#[test]
fn every_kind_that_is_discovered_is_served() {
    let mut cluster = cluster();
    let groups = get(&mut cluster, "/apis");
    let mut paths = vec!["/api/v1".to_owned()];
    for group in groups.at(&["groups"]).and_then(Value::as_list).unwrap_or_default() {
        for version in group.at(&["versions"]).and_then(Value::as_list).unwrap_or_default() {
            paths.push(format!("/apis/{}", text(version, &["groupVersion"])));
        }
    }
    let mut kinds = 0;
    for path in paths {
        let list = get(&mut cluster, &path);
        for resource in list.at(&["resources"]).and_then(Value::as_list).unwrap_or_default() {
            let (name, verbs) =
                (text(resource, &["name"]), resource.at(&["verbs"]).map(Value::to_json).unwrap_or_default());
            if !name.contains('/') && verbs.contains("list") {
                let found = get(&mut cluster, &format!("{path}/{name}"));
                assert_eq!(text(&found, &["kind"]), format!("{}List", text(resource, &["kind"])));
                kinds += 1;
            }
        }
    }
    assert!(kinds > 50, "{kinds}");
}

#[test]
fn custom_kinds_are_served_as_soon_as_they_are_defined() {
    let mut cluster = cluster();
    let definition = r#"{"metadata":{"name":"widgets.example.com"},"spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"widgets","singular":"widget","kind":"Widget"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}}"#;
    let (code, _) = send(&mut cluster, "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
    assert_eq!(code, 201);
    let widgets = "/apis/example.com/v1/namespaces/default/widgets";
    let (code, made) = send(
        &mut cluster,
        "POST",
        widgets,
        r#"{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w"},"spec":{"size":3}}"#,
    );
    assert_eq!((code, made.at(&["spec", "size"])), (201, Some(&Value::Int(3))));
    assert_eq!(get(&mut cluster, widgets).at(&["items"]).and_then(Value::as_list).map(<[Value]>::len), Some(1));
    assert!(get(&mut cluster, "/apis").to_json().contains("example.com"));
}

#[test]
fn an_autoscaler_of_version_1_is_patched_as_one() {
    let mut cluster = cluster();
    let all = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers";
    let body = |percent: u32| {
        format!(
            r#"{{"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler","metadata":{{"name":"h"}},"spec":{{"maxReplicas":3,"minReplicas":1,"scaleTargetRef":{{"kind":"Deployment","name":"web"}},"targetCPUUtilizationPercentage":{percent}}}}}"#
        )
    };
    let (code, made) = send(&mut cluster, "POST", all, &body(50));
    assert_eq!((code, made.at(&["spec", "targetCPUUtilizationPercentage"])), (201, Some(&Value::Int(50))));
    let one = format!("{all}/h");
    for _ in 0..2 {
        let (code, patched) = send(&mut cluster, "PATCH", &one, r#"{"spec":{"targetCPUUtilizationPercentage":70}}"#);
        assert_eq!((code, patched.at(&["spec", "targetCPUUtilizationPercentage"])), (200, Some(&Value::Int(70))));
    }
    let ask = Ask {
        content_type: "application/apply-patch+yaml".into(),
        ..Ask::new("PATCH", &format!("{one}?fieldManager=me&force=true"), &body(80))
    };
    assert_eq!(cluster.answer(&ask).code, 200);
    let newer = get(&mut cluster, "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/h").to_json();
    assert!(newer.contains(r#""averageUtilization":80"#) && !newer.contains("targetCPU"), "{newer}");
}

#[test]
fn events_are_served_by_both_groups() {
    let mut cluster = cluster();
    send(&mut cluster, "POST", DEPLOYMENTS, &deployment(1));
    send(&mut cluster, "POST", "/petri/run", r#"{"for":"10s"}"#);
    let first = |list: &Value| list.at(&["items"]).and_then(Value::as_list).and_then(<[Value]>::first).cloned();
    let old = first(&get(&mut cluster, "/api/v1/namespaces/default/events")).expect("there is an event");
    let new = first(&get(&mut cluster, "/apis/events.k8s.io/v1/namespaces/default/events")).expect("there is an event");
    assert_eq!(text(&old, &["message"]), text(&new, &["note"]));
    assert_eq!(old.at(&["involvedObject"]), new.at(&["regarding"]));
    assert!(new.at(&["message"]).is_none());
    let body = r#"{"metadata":{"name":"own"},"action":"Look","reason":"Seen","reportingController":"example.org/me","reportingInstance":"me-1","eventTime":"2026-01-01T00:00:00.000000Z","type":"Normal","note":"a note","regarding":{"kind":"Pod","namespace":"default","name":"x"}}"#;
    let (code, made) = send(&mut cluster, "POST", "/apis/events.k8s.io/v1/namespaces/default/events", body);
    assert_eq!((code, text(&made, &["note"])), (201, "a note"), "{}", made.to_json());
    assert_eq!(text(&get(&mut cluster, "/api/v1/namespaces/default/events/own"), &["message"]), "a note");
}

#[test]
fn logs_are_what_a_process_has_said_and_its_kubelet_tells() {
    let mut cluster = cluster();
    send(&mut cluster, "POST", PODS, &pod("a"));
    let log = format!("{PODS}/a/log");
    let said = |cluster: &mut Cluster, path: &str| {
        let answer = cluster.answer(&Ask::new("GET", path, ""));
        (answer.code, answer.body_text().to_owned())
    };
    assert_eq!(said(&mut cluster, &log).0, 400, "it has no machine yet");
    send(&mut cluster, "POST", "/petri/run", r#"{"for":"20s"}"#);
    let (code, whole) = said(&mut cluster, &log);
    assert!(code == 200 && whole.ends_with("c started\n"), "{whole}");
    assert_eq!(said(&mut cluster, &format!("{log}?limitBytes=4")).1, whole[..4]);
    assert_eq!(said(&mut cluster, &format!("{log}?tailLines=0")).1, "");
    assert_eq!(said(&mut cluster, &format!("{log}?container=b")).0, 400);
    assert_eq!(said(&mut cluster, &format!("{log}?previous=true")).0, 400);
    let mut followed = cluster.answer(&Ask::new("GET", &format!("{log}?follow=true"), ""));
    let Body::Stream(stream) = &mut followed.body else { panic!("a stream was expected") };
    assert_eq!(stream.0.try_recv().ok(), Some(whole));
    assert!(!stream.0.is_closed(), "it runs still");
    for node in 0..4 {
        send(&mut cluster, "POST", "/petri/command", &format!(r#"{{"line":"cut node-{node}"}}"#));
    }
    let (code, failed) = said(&mut cluster, &log);
    assert!(code == 500 && failed.contains("/containerLogs/default/a/c") && failed.contains("i/o timeout"), "{failed}");
}

#[test]
fn schemas_say_what_the_fields_of_every_kind_are() {
    let mut cluster = cluster();
    let apps = get(&mut cluster, "/openapi/v3/apis/apps/v1");
    let schemas = apps.at(&["components", "schemas"]).and_then(Value::as_map).expect("there are schemas");
    let spec = schemas.get("io.k8s.api.DeploymentSpec").expect("a type of its own");
    assert_eq!(text(spec, &["properties", "replicas", "type"]), "integer");
    // Whatever is pointed to is there.
    let whole = apps.to_json();
    for pointer in whole.split("#/components/schemas/").skip(1) {
        let name = pointer.split('"').next().unwrap_or_default();
        assert!(schemas.get(name).is_some(), "{name}");
    }
    let all = get(&mut cluster, "/openapi/v2");
    assert!(all.at(&["definitions"]).and_then(Value::as_map).is_some_and(|map| map.iter().count() > 100));
}

#[test]
fn accounts_get_tokens_that_end() {
    let mut cluster = cluster();
    let path = "/api/v1/namespaces/default/serviceaccounts/default/token";
    let request = r#"{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":600}}"#;
    let (code, made) = send(&mut cluster, "POST", path, request);
    assert_eq!(code, 201);
    assert!(!text(&made, &["status", "token"]).is_empty());
    assert_eq!(text(&made, &["status", "expirationTimestamp"]), "2026-01-01T00:10:00Z");
    assert_eq!(send(&mut cluster, "POST", path, r#"{"spec":{"expirationSeconds":10}}"#).0, 422);
    assert_eq!(send(&mut cluster, "POST", &path.replace("default/token", "nobody/token"), request).0, 404);
}

use super::*;
use petri_objects::{Kind, Object};
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use std::collections::BTreeMap;

const WEB: &str = "
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { clusterIP: None, selector: { app: web }, ports: [{ name: http, port: 80 }] }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: web }
spec:
  serviceName: web
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: nginx, image: 'nginx:1.25' }] }
";

fn files() -> BTreeMap<String, String> {
    BTreeMap::from([("web.yaml".to_owned(), WEB.to_owned())])
}

fn after(line: &str) -> Timeline {
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 1));
    let out = crate::run(line, &mut timeline, &files());
    assert_eq!(out.code, 0, "{}", out.shown());
    timeline
}

fn verdict(text: &str, timeline: &Timeline) -> Verdict {
    Claim::parse(text, "default").unwrap_or_else(|problem| panic!("{text}: {problem}")).look(timeline.world())
}

#[track_caller]
fn true_of(text: &str, timeline: &Timeline) {
    let verdict = verdict(text, timeline);
    assert!(verdict.holds, "{text}: {}", verdict.found);
}

#[track_caller]
fn false_of(text: &str, found: &str, timeline: &Timeline) {
    let verdict = verdict(text, timeline);
    assert!(!verdict.holds, "{text} should not hold: {}", verdict.found);
    assert!(verdict.found.contains(found), "{text}: {}", verdict.found);
}

const RUNNING: &str = "kubectl apply -f web.yaml; run until sts/web Ready; run 2s";

#[test]
fn what_objects_are() {
    let timeline = after(RUNNING);
    for text in [
        "pod/web-0 is Running",
        "pod/web-0 is running and Ready",
        "pod/web-0 is not Terminating",
        "pod/web-0 Ready",
        "pod/web-0 exists",
        "pod/nobody is gone",
        "sts/web is complete",
        "sts/web is not NotReady",
        "node/node-0 is Ready and not cordoned",
        "pod/web-0 is Scheduled",
        "every pod is Ready",
        "no pod is Pending",
        "no pod in kube-system is Pending",
        "at least 1 pod with app=web is Ready",
        "pod/web-0 {.metadata.name} is web-0",
    ] {
        true_of(text, &timeline);
    }
    false_of("pod/web-0 is Terminating", "pod/web-0 is Running, ready, on node-", &timeline);
    false_of("pod/nobody is Ready", "pod/nobody does not exist", &timeline);
    false_of("pod/nobody is not Ready", "pod/nobody does not exist", &timeline);
    false_of("pod/web-0 is gone", "is Running", &timeline);
    false_of("no pod is Ready", "web-0", &timeline);
    false_of("pod/web-0 {.spec.nodeName} is nowhere", "{.spec.nodeName} is node-", &timeline);
}

#[test]
fn what_is_counted() {
    let timeline = after(RUNNING);
    true_of("sts/web has 2 ready", &timeline);
    true_of("sts/web has 2 ready pods and 2 asked for", &timeline);
    true_of("svc/web has 2 endpoints", &timeline);
    true_of("sts/web has at least 1 available pods", &timeline);
    true_of("pod/web-0 has 1 process and 0 restarts", &timeline);
    true_of("pod/nobody has no processes", &timeline);
    false_of("sts/web has 7 ready", "statefulset/web has 2 ready", &timeline);
    false_of("sts/nobody has 1 ready", "does not exist", &timeline);
}

#[test]
fn what_machines_do_is_told_apart_from_what_is_believed() {
    let node = fill("{node of pod/web-0}", "default", after(RUNNING).world()).expect("it is on a node");
    let timeline =
        after(&format!("{RUNNING}; cut {node}; run 60s; kubectl delete pod web-0 --force --grace-period=0; run 10m"));
    true_of(&format!("node/{node} is cut and NotReady"), &timeline);
    true_of("pod/web-0 has 2 processes", &timeline);
    true_of("At most one is broken", &timeline);
    true_of("At most one was broken", &timeline);
    true_of("node of pod/web-0 is not cut", &timeline);
    false_of("At most one holds", "At most one is broken: ", &timeline);
    false_of("At most one was never broken", "was broken by", &timeline);
    false_of(&format!("pod/web-0 runs on {node}"), " and node-", &timeline);
    false_of("pod/web-0 runs nowhere", "runs on", &timeline);
}

#[test]
fn what_dns_answers() {
    let timeline = after(RUNNING);
    let world = timeline.world();
    let Some(Object::Pod(pod)) = world.objects().get(&ObjectRef::new(Kind::Pod, "default", "web-0")) else {
        panic!("the pod is there")
    };
    let (service, address) = (pod.spec.subdomain.clone(), pod.status.pod_ip.clone());
    true_of(&format!("dig web-0.{service} answers {address}"), &timeline);
    true_of(&format!("dig web-0.{service} A answers 1 address"), &timeline);
    true_of(&format!("dig web-99.{service} answers nothing"), &timeline);
    true_of(&format!("dig {service} answers 2 addresses"), &timeline);
    true_of(&format!("dig _http._tcp.{service} SRV answers web-1, web-0"), &timeline);
    false_of(&format!("dig _http._tcp.{service} SRV answers web-0"), "web-1", &timeline);
    true_of("dig nobody answers nothing", &timeline);
    false_of(&format!("dig web-0.{service} answers 10.0.0.1"), &format!("answers {address}"), &timeline);
    false_of(&format!("dig web-0.{service} answers nothing"), &address, &timeline);
}

#[test]
fn a_watch_waits_until_it_has_been_so_for_long_enough() {
    let mut timeline = after(RUNNING);
    let mut watch = Watch::new(Claim::parse("pod/web-0 is Ready for 30s", "default").expect("a claim"));
    assert!(!watch.look(timeline.world()).holds);
    assert_eq!(watch.due(), Some(timeline.now() + Span::seconds(30)));
    let until = timeline.now() + Span::seconds(29);
    timeline.play_until(until);
    let verdict = watch.look(timeline.world());
    assert!(!verdict.holds && verdict.found.ends_with(", for 29s so far"), "{verdict:?}");
    let until = timeline.now() + Span::seconds(1);
    timeline.play_until(until);
    assert!(watch.look(timeline.world()).holds);
}

#[test]
fn run_until_takes_every_claim() {
    let timeline = after(&format!("{RUNNING}; run until At most one holds; run until pod/web-0 is Ready for 20s"));
    assert!(timeline.now().since(timeline.start()) >= Span::seconds(20));
}

#[test]
fn what_cannot_be_read_is_told() {
    for (text, problem) in [
        ("", "there is no claim"),
        ("web-0 is Ready", "names no object"),
        ("pod/ is Ready", "names no object"),
        ("nothing/x is Ready", "the server doesn't have a resource type \"nothing\""),
        ("At most one sits", "holds, is at risk, is broken"),
        ("dig", "which name"),
        ("dig web-0.nginx", "answers what"),
        ("pod/x is", "is what?"),
        ("pod/x is very ill indeed", "is no state"),
        ("sts/x has 3 apples", "there are asked for, pods, ready"),
        ("sts/x has three ready", "has how many?"),
        ("pod/x is Ready for ever", "is no time"),
        ("no pod with a=(b is Ready and", "is what?"),
        ("at least many pods are Ready", "is no number"),
        ("node of node of pod/x", "is what?"),
        ("At most one holds indeed", "has no place"),
    ] {
        let found = Claim::parse(text, "default").expect_err(text);
        assert!(found.contains(problem), "{text}: {found}");
    }
    assert!(Claim::list(" ; ", "default").is_err());
    assert_eq!(Claim::list("At most one holds; pod/x is gone", "default").map(|claims| claims.len()), Ok(2));
    assert!(Claim::parse(&"node of ".repeat(200), "default").is_err());
}

#[test]
fn lines_are_filled_with_what_they_point_to() {
    let timeline = after(RUNNING);
    let line = fill("cut {node of pod/web-0}; kubectl get pods -o jsonpath={.items}", "default", timeline.world());
    let line = line.expect("the pod is on a node");
    assert!(line.starts_with("cut node-") && line.ends_with("jsonpath={.items}"), "{line}");
    assert_eq!(fill("cut {node of pod/x}", "default", timeline.world()), Err("pod/x does not exist".into()));
}

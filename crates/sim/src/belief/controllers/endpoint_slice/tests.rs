use super::{enqueue, sync};
use crate::belief::api::request::Request;
use crate::belief::api::shelf::Key;
use crate::belief::controllers::testing::{Bench, NOW, Run, agree, meta, ready_pod};
use crate::ground::clock::{Span, Time};
use crate::words::api_error::ApiError;
use petri_objects::*;
use std::rc::Rc;

pub(super) fn service(name: &str, headless: bool) -> Service {
    let mut service = Service { metadata: meta(name, 1), ..Service::default() };
    let spec = Rc::make_mut(&mut service.spec);
    spec.selector = [("app", "web")].into_iter().collect();
    spec.cluster_ip = if headless { "None" } else { "10.96.0.7" }.into();
    spec.ip_families = vec!["IPv4".into()];
    spec.kind = "ClusterIP".into();
    spec.ports = vec![ServicePort {
        name: "http".into(),
        port: 80,
        protocol: "TCP".into(),
        target_port: Some(IntOrString::Int(8080)),
        ..ServicePort::default()
    }];
    service
}

/// A Ready pod of a StatefulSet `web`, with an address.
pub(super) fn pod(index: u64) -> Pod {
    let mut pod = ready_pod(&format!("web-{index}"), 100 + index, "web", None);
    let spec = Rc::make_mut(&mut pod.spec);
    (spec.hostname, spec.subdomain) = (format!("web-{index}").into(), "web".into());
    Rc::make_mut(&mut pod.status).pod_ip = format!("10.244.{}.{}", index / 250, index % 250).into();
    pod
}

pub(super) fn unready(mut pod: Pod) -> Pod {
    let ready = &mut Rc::make_mut(&mut pod.status).conditions[0];
    (ready.status, ready.last_transition_time) = ("False".into(), NOW);
    pod
}

pub(super) fn terminating(mut pod: Pod) -> Pod {
    pod.metadata.deletion_timestamp = NOW;
    pod
}

pub(super) fn bench(service: Service) -> Bench {
    let mut node = Node { metadata: meta("node-1", 3), ..Node::default() };
    node.metadata.namespace = "".into();
    node.metadata.labels.insert("topology.kubernetes.io/zone", "zone-a");
    Bench::new([service.into(), node.into()])
}

/// Runs a sync and lets the cache see what it wrote.
pub(super) fn run(bench: &mut Bench, name: &str) -> Run {
    let cache = bench.cache.clone();
    let mut answer = agree(&cache);
    let mut number = cache.endpoint_slices.len();
    let run = bench.sync(sync, &Key::new("default", name), |request| match request {
        Request::Create(object) => {
            number += 1;
            let mut object = object.clone();
            object.meta_mut().name = format!("{}{number:05}", object.meta().generate_name).into();
            Ok(object)
        }
        request => answer(request),
    });
    for exchange in &run.exchanges {
        match (&exchange.request, &exchange.reply) {
            (Request::Create(_) | Request::Update(_), Ok(object)) => bench.cache.put(object.clone()),
            (Request::Delete { target, .. }, Ok(_)) => bench.cache.remove(target),
            _ => {}
        }
    }
    run
}

pub(super) fn slices(bench: &Bench) -> Vec<Rc<EndpointSlice>> {
    bench.cache.endpoint_slices.values().cloned().collect()
}

/// `web-0 10.244.0.0 ready serving`, one line per endpoint of the first slice.
fn picture(bench: &Bench) -> Vec<String> {
    let word = |flag: Option<bool>, word: &str| if flag == Some(true) { format!(" {word}") } else { String::new() };
    let line = |e: &Endpoint| {
        let c = &e.conditions;
        format!(
            "{} {}{}{}{}",
            e.target_ref.as_ref().unwrap().name,
            e.addresses[0],
            word(c.ready, "ready"),
            word(c.serving, "serving"),
            word(c.terminating, "terminating")
        )
    };
    slices(bench).first().map(|slice| slice.endpoints.iter().map(line).collect()).unwrap_or_default()
}

#[test]
fn each_situation_of_a_pod_gives_its_endpoint() {
    let phase = |phase: Phase| {
        let mut pod = pod(0);
        Rc::make_mut(&mut pod.status).phase = phase;
        pod
    };
    let mut pending = phase(Phase::Pending);
    Rc::make_mut(&mut pending.status).pod_ip = "".into();
    let cases = [
        ("pending without an address", pending, None, None),
        ("running, not ready", unready(pod(0)), Some(""), Some(" ready")),
        ("running, ready", pod(0), Some(" ready serving"), Some(" ready serving")),
        ("stopping", terminating(pod(0)), Some(" serving terminating"), Some(" ready serving terminating")),
        ("evicted from a lost node", terminating(unready(pod(0))), Some(" terminating"), Some(" ready terminating")),
        ("succeeded", phase(Phase::Succeeded), None, None),
        ("failed", phase(Phase::Failed), None, None),
    ];
    for (what, pod, plain, publishing) in cases {
        for (publish, expected) in [(false, plain), (true, publishing)] {
            let mut service = service("web", true);
            Rc::make_mut(&mut service.spec).publish_not_ready_addresses = publish;
            let mut bench = bench(service);
            bench.cache.put(pod.clone().into());
            run(&mut bench, "web");
            let expected: Vec<String> = expected.map(|rest| format!("web-0 10.244.0.0{rest}")).into_iter().collect();
            assert_eq!(picture(&bench), expected, "{what}, publishNotReadyAddresses: {publish}");
        }
    }
}

#[test]
fn a_service_without_pods_has_a_placeholder_that_turns_into_a_slice_and_back() {
    let mut bench = bench(service("web", true));
    assert_eq!(run(&mut bench, "web").requests(), ["create endpointslice/web-"]);
    let placeholder = slices(&bench)[0].clone();
    assert!(placeholder.endpoints.is_empty() && placeholder.ports.is_empty());
    assert_eq!(&*placeholder.address_type, "IPv4");
    assert_eq!(&*placeholder.metadata.owner_references[0].name, "web");
    let labels = placeholder.metadata.labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>();
    assert_eq!(
        labels,
        [
            "endpointslice.kubernetes.io/managed-by=endpointslice-controller.k8s.io",
            "kubernetes.io/service-name=web",
            "service.kubernetes.io/headless="
        ]
    );
    let trigger = placeholder.metadata.annotations.get("endpoints.kubernetes.io/last-change-trigger-time").unwrap();
    assert_eq!(&**trigger, "2025-12-31T23:00:00Z", "the Service's creation");
    assert_eq!(run(&mut bench, "web").requests(), [""; 0], "a placeholder is not written again");

    bench.cache.put(pod(0).into());
    assert_eq!(run(&mut bench, "web").requests(), ["update endpointslice/web-00001"]);
    assert_eq!(picture(&bench), ["web-0 10.244.0.0 ready serving"]);
    let port = &slices(&bench)[0].ports[0];
    assert_eq!((port.name.as_deref(), port.port, port.protocol.as_deref()), (Some("http"), Some(8080), Some("TCP")));
    assert_eq!(run(&mut bench, "web").requests(), [""; 0], "nothing changed");

    bench.cache.remove(&ObjectRef::new(Kind::Pod, "default", "web-0"));
    assert_eq!(run(&mut bench, "web").requests(), ["update endpointslice/web-00001"]);
    assert!(slices(&bench)[0].endpoints.is_empty() && slices(&bench)[0].ports.is_empty());
}

#[test]
fn endpoints_keep_their_places_and_new_ones_are_appended() {
    let mut bench = bench(service("web", true));
    [1, 0, 2].into_iter().for_each(|index| bench.cache.put(pod(index).into()));
    run(&mut bench, "web");
    bench.cache.put(unready(pod(1)).into());
    run(&mut bench, "web");
    assert_eq!(
        picture(&bench),
        ["web-0 10.244.0.0 ready serving", "web-1 10.244.0.1", "web-2 10.244.0.2 ready serving"]
    );
    let mut moved = pod(1);
    Rc::make_mut(&mut moved.status).pod_ip = "10.244.9.9".into();
    bench.cache.put(moved.into());
    run(&mut bench, "web");
    assert_eq!(
        picture(&bench),
        ["web-0 10.244.0.0 ready serving", "web-2 10.244.0.2 ready serving", "web-1 10.244.9.9 ready serving"]
    );
}

#[test]
fn the_annotation_names_the_change_that_led_to_the_write() {
    let trigger = |bench: &Bench| {
        let annotations = &slices(bench)[0].metadata.annotations;
        annotations
            .get("endpoints.kubernetes.io/last-change-trigger-time")
            .map(|text| Time::parse_rfc3339(text).unwrap())
    };
    let mut bench = bench(service("web", true));
    run(&mut bench, "web");
    bench.cache.put(pod(0).into());
    run(&mut bench, "web");
    assert_eq!(trigger(&bench), Some(NOW - Span::seconds(60)), "the pod became ready");
    bench.cache.put(terminating(pod(0)).into());
    run(&mut bench, "web");
    assert_eq!(trigger(&bench), None, "its readiness did not change");
    bench.cache.put(terminating(unready(pod(0))).into());
    run(&mut bench, "web");
    assert_eq!(trigger(&bench), Some(NOW));
}

#[test]
fn the_hostname_is_set_for_the_service_that_the_subdomain_names() {
    for (name, hostname) in [("web", Some("web-0")), ("other", None)] {
        let mut bench = bench(service(name, true));
        bench.cache.put(pod(0).into());
        run(&mut bench, name);
        let endpoint = slices(&bench)[0].endpoints[0].clone();
        assert_eq!(endpoint.hostname.as_deref(), hostname);
        assert_eq!((endpoint.node_name.as_deref(), endpoint.zone.as_deref()), (Some("node-1"), Some("zone-a")));
        let target = endpoint.target_ref.unwrap();
        assert_eq!((&*target.kind, &*target.namespace, target.uid), ("Pod", "default", Uid(100)));
    }
}

#[test]
fn pods_whose_named_ports_differ_are_listed_apart() {
    let mut service = service("web", true);
    Rc::make_mut(&mut service.spec).ports[0].target_port = Some(IntOrString::String("web".into()));
    let mut bench = bench(service);
    for (index, number) in [(0, Some(8080)), (1, Some(9090)), (2, Some(8080)), (3, None)] {
        let mut pod = pod(index);
        Rc::make_mut(&mut pod.spec).containers = vec![Container {
            ports: number
                .map(|number| ContainerPort {
                    container_port: number,
                    name: "web".into(),
                    protocol: "TCP".into(),
                    ..ContainerPort::default()
                })
                .into_iter()
                .collect(),
            ..Container::default()
        }];
        bench.cache.put(pod.into());
    }
    run(&mut bench, "web");
    let listed: Vec<(Vec<Option<i32>>, usize)> = slices(&bench)
        .iter()
        .map(|slice| (slice.ports.iter().map(|p| p.port).collect(), slice.endpoints.len()))
        .collect();
    assert_eq!(listed, [(vec![Some(8080)], 2), (vec![Some(9090)], 1), (vec![], 1)]);
    assert_eq!(run(&mut bench, "web").requests(), [""; 0]);
}

#[test]
fn a_thousand_pods_fill_ten_slices_and_one_change_writes_one() {
    let mut bench = bench(service("web", false));
    (0..1_000).for_each(|index| bench.cache.put(pod(index).into()));
    assert_eq!(run(&mut bench, "web").requests().len(), 10);
    assert!(slices(&bench).iter().all(|slice| slice.endpoints.len() == 100));

    bench.cache.put(unready(pod(500)).into());
    assert_eq!(run(&mut bench, "web").requests().len(), 1);
    bench.cache.put(pod(1_000).into());
    assert_eq!(run(&mut bench, "web").requests(), ["create endpointslice/web-"]);
    assert_eq!(slices(&bench).iter().map(|slice| slice.endpoints.len()).sum::<usize>(), 1_001);

    // A slice that is written anyway takes newcomers first.
    bench.cache.remove(&ObjectRef::new(Kind::Pod, "default", "web-7"));
    bench.cache.put(pod(1_001).into());
    assert_eq!(run(&mut bench, "web").requests().len(), 1);
}

#[test]
fn labels_follow_the_service_but_reserved_ones_do_not() {
    let mut labelled = service("web", false);
    labelled.metadata.labels.insert("team", "blue");
    labelled.metadata.labels.insert("service.kubernetes.io/headless", "yes");
    let mut bench = bench(service("web", false));
    bench.cache.put(pod(0).into());
    run(&mut bench, "web");
    bench.cache.put(labelled.into());
    assert_eq!(run(&mut bench, "web").requests(), ["update endpointslice/web-00001"]);
    let labels = slices(&bench)[0].metadata.labels.clone();
    assert_eq!(labels.get("team").map(|value| &**value), Some("blue"));
    assert_eq!(labels.get("service.kubernetes.io/headless"), None);
}

#[test]
fn the_slices_of_an_earlier_service_of_that_name_are_removed() {
    let mut bench = bench(service("web", true));
    bench.cache.put(pod(0).into());
    run(&mut bench, "web");
    let mut successor = service("web", true);
    successor.metadata.uid = Uid(2);
    bench.cache.put(successor.into());
    let requests = run(&mut bench, "web").requests();
    assert_eq!(requests, ["create endpointslice/web-", "delete endpointslice/web-00001"]);
}

#[test]
fn services_without_endpoints_of_their_own_are_left_alone() {
    let mut manual = service("web", true);
    Rc::make_mut(&mut manual.spec).selector = Labels::default();
    let mut external = service("web", false);
    Rc::make_mut(&mut external.spec).kind = "ExternalName".into();
    for service in [manual, external] {
        assert_eq!(run(&mut bench(service), "web").requests(), [""; 0]);
    }
    let mut ending = service("web", true);
    ending.metadata.deletion_timestamp = NOW;
    assert_eq!(run(&mut bench(ending), "web").requests(), [""; 0], "the garbage collector is at work");
    assert_eq!(run(&mut Bench::default(), "web").requests(), [""; 0]);
}

#[test]
fn a_pod_whose_node_is_gone_is_left_out_unless_all_are_published() {
    let mut lonely = bench(service("web", true));
    lonely.cache.put(pod(0).into());
    run(&mut lonely, "web");
    lonely.cache.remove(&ObjectRef::new(Kind::Node, "", "node-1"));
    let left_out = run(&mut lonely, "web");
    assert_eq!(left_out.verdict(), "EndpointNodeMissing");
    assert_eq!(left_out.done().after, Some(Span::seconds(10)));
    assert_eq!(
        left_out.events(),
        ["Warning FailedToUpdateEndpointSlices Error updating Endpoint Slices for Service default/web: \
          skipping Pod web-0 for Service default/web: Node node-1 Not Found"]
    );
    assert_eq!(picture(&lonely), [""; 0]);

    let mut publishing = service("web", true);
    Rc::make_mut(&mut publishing.spec).publish_not_ready_addresses = true;
    let mut bench = Bench::new([publishing.into(), pod(0).into()]);
    assert_eq!(run(&mut bench, "web").verdict(), "");
    assert_eq!(picture(&bench), ["web-0 10.244.0.0 ready serving"]);
}

#[test]
fn a_refused_write_is_told_and_tried_again() {
    let mut bench = bench(service("web", true));
    let run = bench.sync(sync, &Key::new("default", "web"), |_| Err(ApiError::Unreachable));
    assert_eq!(run.verdict(), "the connection to the API server failed");
    assert_eq!(
        run.events(),
        ["Warning FailedToUpdateEndpointSlices Error updating Endpoint Slices for Service default/web: \
          the connection to the API server failed"]
    );
}

#[test]
fn only_changes_that_matter_wake_the_services_of_a_pod() {
    let mut bench = bench(service("web", true));
    let mut other = service("other", true);
    Rc::make_mut(&mut other.spec).selector = [("app", "db")].into_iter().collect();
    bench.cache.put(other.into());
    let mut keys = |old: Option<Pod>, new: Option<Pod>| {
        let keys = bench.enqueue(enqueue, old.map(Object::from), new.map(Object::from));
        keys.into_iter().map(|(key, _)| key.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(keys(None, Some(pod(0))), ["web"]);
    assert_eq!(keys(Some(pod(0)), Some(unready(pod(0)))), ["web"]);
    assert_eq!(keys(Some(pod(0)), None), ["web"]);
    let mut annotated = pod(0);
    annotated.metadata.annotations.insert("note", "1");
    assert_eq!(keys(Some(pod(0)), Some(annotated)), [""; 0]);
    let mut relabelled = pod(0);
    relabelled.metadata.labels.insert("app", "db");
    assert_eq!(keys(Some(pod(0)), Some(relabelled)), ["other", "web"], "the old Service loses it");
}

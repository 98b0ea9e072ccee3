//! Upstream's own tables for endpoints: `utils_test.go` and `reconciler_test.go` of
//! `staging/src/k8s.io/endpointslice`, `util/controller_utils_test.go` beside them, and `TestFindPort` of
//! `staging/src/k8s.io/endpointslice/util`.
//!
//! Topology hints and traffic distribution are not simulated.

use super::desired::{address_types, endpoints, is_same, selects};
use super::tests::{bench, pod, run, service, slices, terminating, unready};
use super::*;
use crate::belief::controllers::testing::{Bench, NOW};
use std::collections::BTreeMap;

const ZONE: &str = "topology.kubernetes.io/zone";

/// The only endpoint of a Service and a pod, on a node in zone-a.
fn endpoint(service: &Service, pod: &Pod) -> Option<Endpoint> {
    let mut bench = bench(service.clone());
    bench.cache.put(pod.clone().into());
    let (groups, _) = endpoints(service, "IPv4", &bench.cache);
    groups.first().and_then(|group| Some(group.candidates.first()?.to_endpoint()))
}

/// Upstream: `TestPodToEndpoint`.
#[test]
fn what_a_pod_looks_like_as_an_endpoint() {
    let publishing = {
        let mut service = service("web", true);
        Rc::make_mut(&mut service.spec).publish_not_ready_addresses = true;
        service
    };
    let plain = service("web", true);
    let named = |hostname: &str, subdomain: &str| {
        let mut pod = pod(0);
        let spec = Rc::make_mut(&mut pod.spec);
        (spec.hostname, spec.subdomain) = (hostname.into(), subdomain.into());
        pod
    };
    let two_addresses = {
        let mut pod = pod(0);
        let ip = |ip: &str| PodIp { ip: ip.into() };
        Rc::make_mut(&mut pod.status).pod_ips = vec![ip("1.2.3.4"), ip("1234::5678:0:0:9abc:def0")];
        pod
    };
    // Ready, serving, terminating, hostname, address.
    for (what, service, pod, [ready, serving, terminating], hostname, address) in [
        ("ready", &plain, named("", ""), [true, true, false], "", "10.244.0.0"),
        ("ready, all published", &publishing, named("", ""), [true, true, false], "", "10.244.0.0"),
        ("not ready", &plain, unready(named("", "")), [false, false, false], "", "10.244.0.0"),
        ("not ready, all published", &publishing, unready(named("", "")), [true, false, false], "", "10.244.0.0"),
        ("two addresses", &plain, two_addresses, [true, true, false], "web-0", "1.2.3.4"),
        ("a host name", &plain, named("example", "web"), [true, true, false], "example", "10.244.0.0"),
        ("stops, ready", &plain, terminating(named("", "")), [false, true, true], "", "10.244.0.0"),
        ("stops, not ready", &plain, terminating(unready(named("", ""))), [false, false, true], "", "10.244.0.0"),
        ("stops, all published", &publishing, terminating(named("", "")), [true, true, true], "", "10.244.0.0"),
    ] {
        let endpoint = endpoint(service, &pod).expect(what);
        let conditions = [ready, serving, terminating].map(Some);
        let found = &endpoint.conditions;
        assert_eq!([found.ready, found.serving, found.terminating], conditions, "{what}");
        assert_eq!(endpoint.hostname.as_deref().unwrap_or(""), hostname, "{what}");
        assert_eq!(&*endpoint.addresses[0], address, "{what}");
        assert_eq!(endpoint.node_name.as_deref(), Some("node-1"));
        assert_eq!(endpoint.zone.as_deref(), Some("zone-a"));
        let target = endpoint.target_ref.expect("it names its pod");
        assert_eq!((&*target.kind, &*target.name, target.uid), ("Pod", "web-0", Uid(100)));
    }
}

/// Upstream: `TestShouldPodBeInEndpoints`. Whether a pod is ready has no say.
#[test]
fn which_pods_are_listed() {
    let with = |phase: Phase, restarts: &str, ip: &str, leaving: bool| {
        let mut pod = pod(0);
        Rc::make_mut(&mut pod.spec).restart_policy = restarts.into();
        let status = Rc::make_mut(&mut pod.status);
        (status.phase, status.pod_ip) = (phase, ip.into());
        if leaving { terminating(pod) } else { pod }
    };
    const IP: &str = "1.2.3.4";
    for (phase, restarts, ip, leaving, listed) in [
        (Phase::Failed, "Never", IP, false, false),
        (Phase::Succeeded, "Never", IP, false, false),
        (Phase::Succeeded, "OnFailure", IP, false, false),
        (Phase::Failed, "Always", IP, false, false),
        (Phase::Failed, "Never", IP, true, false),
        (Phase::Running, "OnFailure", "", false, false),
        (Phase::Running, "Always", "", true, false),
        (Phase::Pending, "Never", "", false, false),
        (Phase::Pending, "Never", IP, false, true),
        (Phase::Running, "Never", IP, false, true),
        (Phase::Unknown, "OnFailure", IP, false, true),
        (Phase::Running, "Always", IP, true, true),
    ] {
        let found = endpoint(&service("web", true), &with(phase, restarts, ip, leaving)).is_some();
        assert_eq!(found, listed, "{phase:?}, {restarts}, {ip:?}, stops: {leaving}");
    }
}

/// Upstream: `TestShouldSetHostname` (C-137).
#[test]
fn which_service_gets_a_host_name() {
    for (hostname, subdomain, namespace, set) in [
        ("", "", "default", false),
        ("web-0", "", "default", false),
        ("", "web", "default", false),
        ("web-0", "other", "default", false),
        ("web-0", "web", "elsewhere", false),
        ("web-0", "web", "default", true),
    ] {
        let mut pod = pod(0);
        pod.metadata.namespace = namespace.into();
        let spec = Rc::make_mut(&mut pod.spec);
        (spec.hostname, spec.subdomain) = (hostname.into(), subdomain.into());
        let found = endpoint(&service("web", true), &pod).and_then(|endpoint| endpoint.hostname).is_some();
        assert_eq!(found, set, "{hostname:?}.{subdomain:?} in {namespace}");
    }
}

fn port(name: &str, protocol: &str, target: Option<IntOrString>) -> ServicePort {
    ServicePort {
        name: name.into(),
        port: 80,
        protocol: protocol.into(),
        target_port: target,
        ..ServicePort::default()
    }
}

/// Upstream: `TestGetEndpointPorts`, `TestFindPort`.
#[test]
fn which_number_a_port_stands_for() {
    let number = |number: i32| Some(IntOrString::Int(number));
    let name = |name: &str| Some(IntOrString::String(name.into()));
    let container = |ports: &[(&str, i32, &str)], restarts: &str| Container {
        restart_policy: restarts.into(),
        ports: ports
            .iter()
            .map(|(name, number, protocol)| ContainerPort {
                name: (*name).into(),
                container_port: *number,
                protocol: (*protocol).into(),
                ..ContainerPort::default()
            })
            .collect(),
        ..Container::default()
    };
    let http = &[("http", 8080, "TCP")][..];
    // Target; containers, those that run first; the number that comes of it.
    let table = [
        ("a number", port("http", "TCP", number(80)), vec![], vec![], Some(80)),
        ("nothing", port("http", "TCP", None), vec![], vec![], Some(80)),
        ("a name", port("https", "TCP", name("http")), vec![container(http, "")], vec![], Some(8080)),
        ("a name that is not there", port("x", "TCP", name("q")), vec![container(http, "")], vec![], None),
        ("a name without containers", port("x", "TCP", name("http")), vec![], vec![], None),
        ("another protocol", port("x", "UDP", name("http")), vec![container(http, "")], vec![], None),
        (
            "the same name for two protocols",
            port("x", "UDP", name("dns")),
            vec![container(&[("dns", 53, "TCP"), ("dns", 5353, "UDP")], "")],
            vec![],
            Some(5353),
        ),
        (
            "in the second container",
            port("x", "TCP", name("http")),
            vec![container(&[("admin", 1, "TCP")], ""), container(http, "")],
            vec![],
            Some(8080),
        ),
        ("in a sidecar", port("x", "TCP", name("http")), vec![], vec![container(http, "Always")], Some(8080)),
        ("in a container that ends before", port("x", "TCP", name("http")), vec![], vec![container(http, "")], None),
        (
            "the first of two",
            port("x", "TCP", name("http")),
            vec![container(http, ""), container(&[("http", 9090, "TCP")], "")],
            vec![],
            Some(8080),
        ),
    ];
    for (what, port, containers, before, wanted) in table {
        let mut service = service("web", false);
        Rc::make_mut(&mut service.spec).ports = vec![ServicePort { app_protocol: Some("h2c".into()), ..port }];
        let mut pod = pod(0);
        let spec = Rc::make_mut(&mut pod.spec);
        (spec.containers, spec.init_containers) = (containers, before);
        let mut bench = bench(service.clone());
        bench.cache.put(pod.into());
        let (groups, _) = endpoints(&service, "IPv4", &bench.cache);
        // Where all target ports are numbers, the pods are not looked at.
        let found = groups[0].ports.first();
        assert_eq!(found.and_then(|port| port.port), wanted, "{what}");
        if let Some(found) = found {
            let own = &service.spec.ports[0];
            assert_eq!(found.name.as_ref(), Some(&own.name), "{what}");
            assert_eq!(found.protocol.as_ref(), Some(&own.protocol), "{what}");
            assert_eq!(found.app_protocol.as_deref(), Some("h2c"), "{what}");
        }
    }
}

/// Upstream: `TestSetEndpointSliceLabels`, `TestNewEndpointSlice`, and the labels of `TestReconcile1Pod`.
#[test]
fn which_labels_a_slice_bears() {
    const HEADLESS: &str = "service.kubernetes.io/headless";
    const NAME: &str = "kubernetes.io/service-name";
    const MANAGED: &str = "endpointslice.kubernetes.io/managed-by";
    type Labels = &'static [(&'static str, &'static str)];
    // The Service's own labels, whether it is headless; labels that the slice has beside those of every slice.
    const TABLE: [(Labels, bool, Labels); 9] = [
        (&[], false, &[]),
        (&[], true, &[(HEADLESS, "")]),
        (&[("foo", "bar")], false, &[("foo", "bar")]),
        (&[("foo", "bar")], true, &[("foo", "bar"), (HEADLESS, "")]),
        (&[("foo", "bar"), ("foo2", "bar2")], false, &[("foo", "bar"), ("foo2", "bar2")]),
        (&[(HEADLESS, "")], false, &[]),
        (&[(NAME, "bad"), (MANAGED, "actor"), (HEADLESS, "invalid")], false, &[]),
        (&[(NAME, "bad"), (MANAGED, "actor"), (HEADLESS, "invalid")], true, &[(HEADLESS, "")]),
        (&[(NAME, "bad"), (MANAGED, "actor"), ("foo", "bar")], false, &[("foo", "bar")]),
    ];
    for (own, headless, more) in TABLE {
        let mut service = service("web", headless);
        service.metadata.labels = own.iter().copied().collect();
        service.metadata.annotations.insert("note", "not for slices");
        let mut bench = bench(service);
        bench.cache.put(pod(0).into());
        run(&mut bench, "web");
        let slice = &slices(&bench)[0];
        let wanted: petri_objects::Labels =
            [(NAME, "web"), (MANAGED, MANAGER)].into_iter().chain(more.iter().copied()).collect();
        assert_eq!(slice.metadata.labels, wanted, "{own:?}");
        assert!(slice.metadata.annotations.get("note").is_none());
        assert_eq!(slice.metadata.owner_references[0].uid, Uid(1));
    }
}

/// The rows of `TestSetEndpointSliceLabels` that begin with a slice: what has to change is written, once.
#[test]
fn labels_that_have_changed_are_written_and_others_are_not() {
    // Labels and kind of the Service before and after; how many writes.
    for (before, after, headless, writes) in [
        (&[][..], &[][..], [true, true], 0),
        (&[], &[], [true, false], 1),
        (&[], &[("foo", "bar")], [false, false], 1),
        (&[("foo", "bar")], &[], [false, false], 1),
        (&[("foo", "bar")], &[("foo", "bar")], [false, true], 1),
        (&[], &[("kubernetes.io/service-name", "bad")], [false, false], 0),
        (&[], &[("endpointslice.kubernetes.io/managed-by", "actor")], [true, true], 0),
        (&[("foo", "bar")], &[("foo", "baz")], [true, true], 1),
    ] {
        let with = |labels: &[(&'static str, &'static str)], headless: bool| {
            let mut service = service("web", headless);
            service.metadata.labels = labels.iter().copied().collect();
            service
        };
        let mut bench = bench(with(before, headless[0]));
        bench.cache.put(pod(0).into());
        run(&mut bench, "web");
        bench.cache.put(with(after, headless[1]).into());
        assert_eq!(run(&mut bench, "web").requests().len(), writes, "{before:?} to {after:?}");
        assert!(run(&mut bench, "web").requests().is_empty());
    }
}

/// Upstream: `TestSupportedServiceAddressType`.
#[test]
fn which_families_a_service_has() {
    for (cluster_ip, families, selects, wanted) in [
        ("10.0.0.10", &[][..], true, &["IPv4"][..]),
        ("2000::1", &[], true, &["IPv6"]),
        ("", &["IPv4"], true, &["IPv4"]),
        ("", &["IPv6"], true, &["IPv6"]),
        ("", &["IPv4", "IPv6"], true, &["IPv4", "IPv6"]),
        ("", &["IPv6", "IPv4"], true, &["IPv6", "IPv4"]),
        ("None", &[], false, &["IPv4", "IPv6"]),
        ("None", &[], true, &["IPv4", "IPv6"]),
        ("None", &["IPv4", "IPv6"], false, &["IPv4", "IPv6"]),
        ("None", &["IPv4", "IPv6"], true, &["IPv4", "IPv6"]),
    ] {
        let mut service = service("web", false);
        let spec = Rc::make_mut(&mut service.spec);
        spec.cluster_ip = cluster_ip.into();
        spec.ip_families = families.iter().map(|family| Name::from(*family)).collect();
        if !selects {
            spec.selector = Default::default();
        }
        let found = address_types(&service);
        assert_eq!(found.iter().map(|family| &**family).collect::<Vec<_>>(), wanted, "{cluster_ip:?}, {families:?}");
    }
}

/// Upstream: `TestPodEndpointsChanged`: whether a change of a pod is one of its endpoint.
#[test]
fn which_changes_of_a_pod_matter() {
    let changed = |change: fn(&mut Pod)| {
        let mut pod = pod(0);
        change(&mut pod);
        pod
    };
    let table: [(&str, Pod, bool); 13] = [
        ("nothing", pod(0), true),
        ("its revision", changed(|pod| pod.metadata.resource_version = Revision(9)), true),
        ("an annotation", changed(|pod| pod.metadata.annotations.insert("a", "b")), true),
        ("the reason of its phase", changed(|pod| Rc::make_mut(&mut pod.status).reason = "x".into()), true),
        ("a label", changed(|pod| pod.metadata.labels.insert("more", "x")), false),
        ("not ready any more", unready(pod(0)), false),
        ("it stops", terminating(pod(0)), false),
        ("its phase is final", changed(|pod| Rc::make_mut(&mut pod.status).phase = Phase::Failed), false),
        ("its address", changed(|pod| Rc::make_mut(&mut pod.status).pod_ip = "1.2.3.9".into()), false),
        ("its node", changed(|pod| Rc::make_mut(&mut pod.spec).node_name = "node-2".into()), false),
        ("its host name", changed(|pod| Rc::make_mut(&mut pod.spec).hostname = "x".into()), false),
        ("its subdomain", changed(|pod| Rc::make_mut(&mut pod.spec).subdomain = "x".into()), false),
        ("another pod of that name", changed(|pod| pod.metadata.uid = Uid(9)), false),
    ];
    for (what, new, same) in table {
        assert_eq!(is_same(&pod(0), &new), same, "{what}");
    }
    for (selector, labels, selected) in [
        (&[][..], &[("app", "web")][..], false),
        (&[("app", "web")], &[("app", "web"), ("more", "x")], true),
        (&[("app", "web")], &[("app", "db")], false),
        (&[("app", "web"), ("tier", "1")], &[("app", "web")], false),
        (&[("app", "web")], &[], false),
    ] {
        let mut service = service("web", false);
        Rc::make_mut(&mut service.spec).selector = selector.iter().copied().collect();
        assert_eq!(selects(&service, &labels.iter().copied().collect()), selected, "{selector:?}, {labels:?}");
    }
}

fn add(bench: &mut Bench, pods: impl IntoIterator<Item = u64>) {
    pods.into_iter().for_each(|index| bench.cache.put(pod(index).into()));
}

fn sizes(bench: &Bench) -> Vec<usize> {
    slices(bench).iter().map(|slice| slice.endpoints.len()).collect()
}

/// A slice of the Service `web` with these pods.
fn slice(bench: &Bench, name: &str, pods: impl IntoIterator<Item = u64>) -> EndpointSlice {
    let mut with = bench.cache.services.get(&Key::new("default", "web")).map(|s| (**s).clone()).expect("it is there");
    with.metadata.name = "web".into();
    let mut other = Bench::new([with.clone().into()]);
    bench.cache.nodes.values().for_each(|node| other.cache.put(node.clone().into()));
    add(&mut other, pods);
    run(&mut other, "web");
    let mut slice = (*slices(&other)[0]).clone();
    slice.metadata.name = name.into();
    slice
}

/// Upstream: `TestReconcileEmpty`, `TestReconcileManyPods`, `TestReconcileEndpointSlicesSomePreexisting`,
/// `…SomePreexistingWorseAllocation`, `…Recycling`, `…UpdatePacking`.
#[test]
fn how_pods_are_spread_over_slices() {
    // Slices that exist, by how many of the pods they list; pods in all; sizes and number of writes afterwards.
    for (what, existing, pods, after, writes) in [
        ("nobody", &[][..], 0, &[0][..], 1),
        ("one", &[], 1, &[1], 1),
        ("a full slice", &[], 100, &[100], 1),
        ("one more", &[], 101, &[100, 1], 2),
        ("many", &[], 250, &[100, 100, 50], 3),
        ("two that have room for some", &[(0, 60), (60, 100)], 250, &[60, 90, 100], 2),
        ("one that has room for the rest", &[(0, 60), (60, 130)], 150, &[60, 90], 1),
        ("all there", &[(0, 60), (60, 130)], 130, &[60, 70], 0),
        ("some have gone", &[(0, 60), (60, 130)], 100, &[60, 40], 1),
        ("a whole slice has gone", &[(0, 60), (60, 130)], 60, &[60], 1),
        ("everybody has gone", &[(0, 60)], 0, &[0], 1),
    ] {
        let mut bench = bench(service("web", true));
        for (index, (from, to)) in existing.iter().enumerate() {
            let slice = slice(&bench, &format!("web-{index:05}"), *from..*to);
            bench.cache.put(slice.into());
        }
        add(&mut bench, 0..pods);
        let run = run(&mut bench, "web");
        assert_eq!((sizes(&bench).as_slice(), run.requests().len()), (after, writes), "{what}: {:?}", run.requests());
        let mut listed: BTreeMap<Name, u32> = BTreeMap::new();
        for endpoint in slices(&bench).iter().flat_map(|slice| slice.endpoints.iter().cloned().collect::<Vec<_>>()) {
            *listed.entry(endpoint.target_ref.expect("it names its pod").name).or_default() += 1;
        }
        assert_eq!(listed.len() as u64, pods, "{what}: each pod is listed");
        assert!(listed.values().all(|times| *times == 1), "{what}: and none twice");
    }
}

/// Upstream: `TestReconcile1EndpointSlice`, `TestReconcile1EndpointSlicePublishNotReadyAddresses` (C-131),
/// `TestReconcileEndpointSlicesUpdating`, `…RecreatingOwnerReferences`, `…ReplaceDeprecated`,
/// `TestReconcilerPodMissingNode`, `TestReconcilerEndpointSliceNamedPorts`.
#[test]
fn how_slices_follow_the_service_and_its_pods() {
    let write = |change: fn(&mut Bench)| {
        let mut bench = bench(service("web", true));
        add(&mut bench, 0..3);
        run(&mut bench, "web");
        change(&mut bench);
        let writes: Vec<String> =
            run(&mut bench, "web").requests().iter().map(|line| line.split(' ').next().unwrap_or("").into()).collect();
        let ready = |endpoint: &&Endpoint| endpoint.conditions.ready == Some(true);
        let all: Vec<Endpoint> = slices(&bench).iter().flat_map(|slice| slice.endpoints.iter().cloned()).collect();
        (writes.join(" "), all.len(), all.iter().filter(ready).count())
    };
    fn with_service(bench: &mut Bench, change: fn(&mut ServiceSpec)) {
        let mut service = service("web", true);
        change(Rc::make_mut(&mut service.spec));
        bench.cache.put(service.into());
    }
    for (what, change, wanted) in [
        ("nothing", (|_| {}) as fn(&mut Bench), ("", 3, 3)),
        ("a pod is not ready", |bench| bench.cache.put(unready(pod(1)).into()), ("update", 3, 2)),
        ("a pod stops", |bench| bench.cache.put(terminating(pod(1)).into()), ("update", 3, 2)),
        ("a pod more", |bench| add(bench, 3..4), ("update", 4, 4)),
        ("a pod less", |bench| bench.cache.remove(&Object::from(pod(1)).reference()), ("update", 2, 2)),
        (
            "all are published, ready or not",
            |bench| {
                bench.cache.put(unready(pod(1)).into());
                with_service(bench, |spec| spec.publish_not_ready_addresses = true);
            },
            ("update", 3, 3),
        ),
        (
            "another port: the slice is used again",
            |bench| with_service(bench, |spec| spec.ports[0].target_port = Some(IntOrString::Int(9090))),
            ("update", 3, 3),
        ),
        (
            "a name that no pod knows: listed without a port",
            |bench| with_service(bench, |spec| spec.ports[0].target_port = Some(IntOrString::String("q".into()))),
            ("update", 3, 3),
        ),
        ("without ports", |bench| with_service(bench, |spec| spec.ports.clear()), ("update", 3, 3)),
        (
            "another selector",
            |bench| with_service(bench, |spec| spec.selector = [("app", "db")].into_iter().collect()),
            ("update", 0, 0),
        ),
        (
            "a Service of that name in another life: its slice is replaced",
            |bench| {
                let mut service = service("web", true);
                service.metadata.uid = Uid(77);
                bench.cache.put(service.into());
            },
            ("create delete", 3, 3),
        ),
        (
            "the zone of a node",
            |bench| {
                let mut node = (**bench.cache.nodes.values().next().expect("a node")).clone();
                node.metadata.labels.insert(ZONE, "zone-z");
                bench.cache.put(node.into());
            },
            ("update", 3, 3),
        ),
        (
            "the node is gone",
            |bench| {
                let node = bench.cache.nodes.values().next().expect("a node").clone();
                bench.cache.remove(&Object::from(node).reference());
            },
            ("update", 0, 0),
        ),
        (
            "a slice of somebody else's",
            |bench| {
                let mut foreign = slice(bench, "web-foreign", 0..1);
                foreign.metadata.labels.insert("endpointslice.kubernetes.io/managed-by", "somebody");
                foreign.endpoints = Rc::default();
                bench.cache.put(foreign.into());
            },
            ("", 3, 3),
        ),
        (
            "a slice on its way out is not counted",
            |bench| {
                let mut leaving = (**bench.cache.endpoint_slices.values().next().expect("a slice")).clone();
                leaving.metadata.deletion_timestamp = NOW;
                leaving.endpoints = Rc::default();
                bench.cache.put(leaving.into());
            },
            ("create", 3, 3),
        ),
    ] {
        assert_eq!(write(change), (wanted.0.to_owned(), wanted.1, wanted.2), "{what}");
    }
}

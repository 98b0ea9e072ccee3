use super::{Answer, Query, Rcode, RecordType, answer, expected_names, records};
use crate::belief::api::shelf::{Key, Objects};
use petri_objects::*;
use std::rc::Rc;

/// Pods behind a Service: host name (empty for none), address, and whether the endpoint is ready.
type Pods<'a> = &'a [(&'a str, &'a str, bool)];

fn put_service(objects: &mut Objects, name: &str, cluster_ip: &str, port_names: &[&str], pods: Pods<'_>) {
    let mut service = Service::default();
    (service.metadata.namespace, service.metadata.name) = ("default".into(), name.into());
    service.metadata.creation_timestamp = Time(1_767_225_600_000_000);
    let spec = Rc::make_mut(&mut service.spec);
    spec.kind = "ClusterIP".into();
    spec.cluster_ip = cluster_ip.into();
    spec.cluster_ips = vec![cluster_ip.into()];
    spec.selector = [("app", name)].into_iter().collect();
    spec.ports = (port_names.iter().zip(80..))
        .map(|(name, port)| ServicePort {
            name: (*name).into(),
            port,
            protocol: "TCP".into(),
            target_port: Some(IntOrString::Int(8_000 + port)),
            ..ServicePort::default()
        })
        .collect();
    let mut slice = EndpointSlice { address_type: "IPv4".into(), ..EndpointSlice::default() };
    (slice.metadata.namespace, slice.metadata.name) = ("default".into(), format!("{name}-abcde").into());
    slice.metadata.labels.insert(SERVICE_NAME_LABEL, name);
    slice.ports = (port_names.iter().zip(8_080..))
        .map(|(name, port)| EndpointPort {
            name: Some((*name).into()),
            port: Some(port),
            protocol: Some("TCP".into()),
            ..EndpointPort::default()
        })
        .collect();
    slice.endpoints = Rc::new(
        (pods.iter())
            .map(|(hostname, ip, ready)| Endpoint {
                addresses: vec![(*ip).into()],
                hostname: (!hostname.is_empty()).then(|| (*hostname).into()),
                conditions: EndpointConditions { ready: Some(*ready), ..EndpointConditions::default() },
                ..Endpoint::default()
            })
            .collect(),
    );
    objects.put(service.into());
    objects.put(slice.into());
}

fn put_alias(objects: &mut Objects, name: &str, target: &str) {
    let mut service = Service::default();
    (service.metadata.namespace, service.metadata.name) = ("default".into(), name.into());
    let spec = Rc::make_mut(&mut service.spec);
    (spec.kind, spec.external_name) = ("ExternalName".into(), target.into());
    objects.put(service.into());
}

fn cluster() -> Objects {
    let mut objects = Objects::default();
    let mut namespace = Namespace::default();
    namespace.metadata.name = "default".into();
    objects.put(namespace.into());
    put_service(&mut objects, "vip", "10.96.0.7", &["http", "admin"], &[("", "10.244.1.1", true)]);
    put_service(&mut objects, "bare", "10.96.0.8", &[""], &[]);
    let pods: Pods<'_> = &[("web-0", "10.244.1.5", true), ("web-1", "10.244.2.5", false), ("", "10.244.3.5", true)];
    put_service(&mut objects, "web", "None", &["http"], pods);
    put_service(&mut objects, "dark", "None", &["http"], &[("dark-0", "10.244.1.9", false)]);
    put_service(&mut objects, "portless", "None", &[], &[("p-0", "10.244.1.6", true)]);
    put_alias(&mut objects, "outside", "db.example.com");
    put_alias(&mut objects, "inside", "vip.default.svc.cluster.local");
    put_alias(&mut objects, "loop", "loop.default.svc.cluster.local");
    put_alias(&mut objects, "lost", "nobody.default.svc.cluster.local");
    objects
}

fn ask(objects: &Objects, kind: RecordType, name: &str) -> Answer {
    answer(objects, &Query::new(name, kind))
}

/// The answer as one line: the data of all records, or how it is negative.
fn line(answer: &Answer) -> String {
    match answer.rcode {
        Rcode::NoError if answer.records.is_empty() => "NODATA".into(),
        Rcode::NxDomain => "NXDOMAIN".into(),
        Rcode::NoError => answer.records.iter().map(|r| r.data.to_string()).collect::<Vec<_>>().join(", "),
    }
}

#[test]
fn each_question_gets_the_answer_of_coredns() {
    use RecordType::{A, Aaaa, Cname, Mx, Ptr, Soa, Srv, Txt};
    let objects = cluster();
    let cases = [
        // ClusterIP
        (A, "vip.default.svc.cluster.local", "10.96.0.7"),
        (A, "bare.default.svc.cluster.local", "10.96.0.8"),
        (A, "10-244-1-1.vip.default.svc.cluster.local", "10.244.1.1"),
        (Aaaa, "vip.default.svc.cluster.local", "NODATA"),
        (Srv, "_http._tcp.vip.default.svc.cluster.local", "0 100 80 vip.default.svc.cluster.local."),
        (
            Srv,
            "vip.default.svc.cluster.local",
            "0 50 80 vip.default.svc.cluster.local., 0 50 81 vip.default.svc.cluster.local.",
        ),
        (Srv, "_nope._tcp.vip.default.svc.cluster.local", "NXDOMAIN"),
        (Srv, "_http._udp.vip.default.svc.cluster.local", "NXDOMAIN"),
        (Srv, "bare.default.svc.cluster.local", "0 100 80 bare.default.svc.cluster.local."),
        (Mx, "vip.default.svc.cluster.local", "NODATA"),
        // Headless
        (A, "web.default.svc.cluster.local", "10.244.1.5, 10.244.3.5"),
        (A, "web-0.web.default.svc.cluster.local", "10.244.1.5"),
        (A, "WEB-0.Web.default.SVC.cluster.local.", "10.244.1.5"),
        (A, "web-1.web.default.svc.cluster.local", "NXDOMAIN"),
        (A, "10-244-3-5.web.default.svc.cluster.local", "10.244.3.5"),
        (A, "10-244-1-5.web.default.svc.cluster.local", "NXDOMAIN"),
        (A, "dark.default.svc.cluster.local", "NXDOMAIN"),
        (Aaaa, "web.default.svc.cluster.local", "NODATA"),
        (Aaaa, "dark.default.svc.cluster.local", "NXDOMAIN"),
        (
            Srv,
            "_http._tcp.web.default.svc.cluster.local",
            "0 50 8080 web-0.web.default.svc.cluster.local., 0 50 8080 10-244-3-5.web.default.svc.cluster.local.",
        ),
        (Srv, "web-0.web.default.svc.cluster.local", "0 100 8080 web-0.web.default.svc.cluster.local."),
        (A, "portless.default.svc.cluster.local", "10.244.1.6"),
        (Srv, "portless.default.svc.cluster.local", "NODATA"),
        // Aliases
        (A, "outside.default.svc.cluster.local", "db.example.com."),
        (Cname, "outside.default.svc.cluster.local", "db.example.com."),
        (Srv, "outside.default.svc.cluster.local", "NODATA"),
        (A, "inside.default.svc.cluster.local", "vip.default.svc.cluster.local., 10.96.0.7"),
        (Aaaa, "inside.default.svc.cluster.local", "NODATA"),
        (A, "loop.default.svc.cluster.local", "NODATA"),
        (A, "lost.default.svc.cluster.local", "NODATA"),
        (A, "x.outside.default.svc.cluster.local", "NXDOMAIN"),
        (Cname, "vip.default.svc.cluster.local", "NODATA"),
        // Names above, beside and below the Services
        (A, "nobody.default.svc.cluster.local", "NXDOMAIN"),
        (A, "web.elsewhere.svc.cluster.local", "NXDOMAIN"),
        (A, "default.svc.cluster.local", "NODATA"),
        (A, "elsewhere.svc.cluster.local", "NXDOMAIN"),
        (A, "svc.cluster.local", "NODATA"),
        (A, "cluster.local", "NODATA"),
        (A, "web.cluster.local", "NXDOMAIN"),
        (A, "a.b.c.web.default.svc.cluster.local", "NXDOMAIN"),
        (A, "a.b.web.default.svc.cluster.local", "NXDOMAIN"),
        (Soa, "cluster.local", "ns.dns.cluster.local. hostmaster.cluster.local. 1767225600 7200 1800 86400 30"),
        (Soa, "web.default.svc.cluster.local", "NODATA"),
        (Txt, "dns-version.cluster.local", "\"1.1.0\""),
        (Txt, "web.default.svc.cluster.local", "NODATA"),
        (A, "dns-version.cluster.local", "NXDOMAIN"),
        // Pods by address
        (A, "10-9-8-7.default.pod.cluster.local", "10.9.8.7"),
        (A, "10-9-8-7.elsewhere.pod.cluster.local", "NXDOMAIN"),
        (A, "10-9-8.default.pod.cluster.local", "NXDOMAIN"),
        (A, "10-9-8-777.default.pod.cluster.local", "NXDOMAIN"),
        (Aaaa, "2001-db8--1.default.pod.cluster.local", "2001:db8::1"),
        (A, "default.pod.cluster.local", "NODATA"),
        // Backwards
        (Ptr, "7.0.96.10.in-addr.arpa", "vip.default.svc.cluster.local."),
        (Ptr, "5.1.244.10.in-addr.arpa.", "web-0.web.default.svc.cluster.local."),
        (Ptr, "5.3.244.10.in-addr.arpa", "10-244-3-5.web.default.svc.cluster.local."),
        (Ptr, "5.2.244.10.in-addr.arpa", "NXDOMAIN"),
        (Ptr, "web.default.svc.cluster.local", "NODATA"),
        // Elsewhere
        (A, "example.com", "NXDOMAIN"),
        (A, "web-0.web", "NXDOMAIN"),
        (A, "notcluster.local", "NXDOMAIN"),
    ];
    for (kind, name, expected) in cases {
        assert_eq!(line(&ask(&objects, kind, name)), expected, "{} {name}", kind.as_str());
    }
}

#[test]
fn records_carry_the_name_that_was_asked_for_and_the_ttl_of_kubeadm() {
    let objects = cluster();
    let found = ask(&objects, RecordType::A, "web-0.web.default.svc.cluster.local");
    assert_eq!(found.records[0].to_string(), "web-0.web.default.svc.cluster.local. 30 IN A 10.244.1.5");
    let version = ask(&objects, RecordType::Txt, "dns-version.cluster.local.");
    assert_eq!(version.records[0].to_string(), "dns-version.cluster.local. 28800 IN TXT \"1.1.0\"");
    let ports = ask(&objects, RecordType::Srv, "_http._tcp.web.default.svc.cluster.local");
    let additional: Vec<String> = ports.additional.iter().map(ToString::to_string).collect();
    assert_eq!(
        additional,
        [
            "web-0.web.default.svc.cluster.local. 30 IN A 10.244.1.5",
            "10-244-3-5.web.default.svc.cluster.local. 30 IN A 10.244.3.5"
        ]
    );
}

#[test]
fn negative_answers_say_how_long_they_may_be_kept() {
    let objects = cluster();
    for (name, rcode) in [("nobody", "NXDOMAIN"), ("vip", "NOERROR")] {
        let answer = ask(&objects, RecordType::Aaaa, &format!("{name}.default.svc.cluster.local"));
        assert_eq!(answer.rcode.as_str(), rcode);
        assert_eq!(
            answer.authority.unwrap().to_string(),
            "cluster.local. 30 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. 1767225600 7200 1800 86400 30"
        );
    }
    assert_eq!(ask(&objects, RecordType::A, "example.com").authority, None);
}

#[test]
fn types_read_back_from_their_words() {
    for kind in RecordType::ALL {
        assert_eq!(RecordType::parse(&kind.as_str().to_lowercase()), Some(kind));
    }
    assert_eq!(RecordType::parse("x"), None);
}

#[test]
fn the_records_of_a_namespace_are_listed_service_by_service() {
    let lines: Vec<String> = records(&cluster(), "default").iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "bare.default.svc.cluster.local. 30 IN A 10.96.0.8",
            "inside.default.svc.cluster.local. 30 IN CNAME vip.default.svc.cluster.local.",
            "loop.default.svc.cluster.local. 30 IN CNAME loop.default.svc.cluster.local.",
            "lost.default.svc.cluster.local. 30 IN CNAME nobody.default.svc.cluster.local.",
            "outside.default.svc.cluster.local. 30 IN CNAME db.example.com.",
            "portless.default.svc.cluster.local. 30 IN A 10.244.1.6",
            "p-0.portless.default.svc.cluster.local. 30 IN A 10.244.1.6",
            "vip.default.svc.cluster.local. 30 IN A 10.96.0.7",
            "_http._tcp.vip.default.svc.cluster.local. 30 IN SRV 0 100 80 vip.default.svc.cluster.local.",
            "_admin._tcp.vip.default.svc.cluster.local. 30 IN SRV 0 100 81 vip.default.svc.cluster.local.",
            "web.default.svc.cluster.local. 30 IN A 10.244.1.5",
            "web.default.svc.cluster.local. 30 IN A 10.244.3.5",
            "10-244-3-5.web.default.svc.cluster.local. 30 IN A 10.244.3.5",
            "web-0.web.default.svc.cluster.local. 30 IN A 10.244.1.5",
            "_http._tcp.web.default.svc.cluster.local. 30 IN SRV 0 50 8080 web-0.web.default.svc.cluster.local.",
            "_http._tcp.web.default.svc.cluster.local. 30 IN SRV 0 50 8080 10-244-3-5.web.default.svc.cluster.local.",
        ]
    );
}

#[test]
fn a_missing_name_of_a_stateful_pod_has_a_reason() {
    let mut objects = cluster();
    let mut set = StatefulSet::default();
    (set.metadata.namespace, set.metadata.name) = ("default".into(), "web".into());
    let spec = Rc::make_mut(&mut set.spec);
    (spec.replicas, spec.service_name) = (Some(1), "web".into());
    spec.ordinals = Some(StatefulSetOrdinals { start: 1 });
    objects.put(set.clone().into());

    let reason = |objects: &Objects| match &expected_names(objects)[..] {
        [(name, absence)] => {
            assert!(name.starts_with("web-1."), "{name}");
            absence.as_ref().map_or("resolves".to_owned(), ToString::to_string)
        }
        names => panic!("{names:?}"),
    };
    assert_eq!(reason(&objects), "web-1 does not exist");

    let mut pod = Pod::default();
    (pod.metadata.namespace, pod.metadata.name) = ("default".into(), "web-1".into());
    let mut step = |change: &dyn Fn(&mut Pod), expected: &str| {
        change(&mut pod);
        objects.put(pod.clone().into());
        assert_eq!(reason(&objects), expected);
    };
    step(&|_| {}, "Service web does not select web-1");
    step(&|pod| pod.metadata.labels.insert("app", "web"), "web-1 has no address yet");
    step(&|pod| Rc::make_mut(&mut pod.status).pod_ip = "10.244.2.5".into(), "web-1 was not made for this Service");
    let name_it = |pod: &mut Pod| {
        let spec = Rc::make_mut(&mut pod.spec);
        (spec.hostname, spec.subdomain) = ("web-1".into(), "web".into());
    };
    step(&name_it, "web-1 is not Ready");
    step(&|pod| pod.metadata.deletion_timestamp = Time(1), "web-1 is stopping");
    step(&|pod| Rc::make_mut(&mut pod.status).phase = Phase::Failed, "web-1 has ended");

    let key = Key::new("default", "web-abcde");
    let mut slice = EndpointSlice::clone(objects.endpoint_slices.get(&key).unwrap());
    Rc::make_mut(&mut slice.endpoints)[1].conditions.ready = Some(true);
    objects.put(slice.into());
    assert_eq!(reason(&objects), "resolves");

    for (service, expected) in
        [("gone", "Service gone does not exist"), ("outside", "Service outside is only an alias")]
    {
        Rc::make_mut(&mut set.spec).service_name = service.into();
        objects.put(set.clone().into());
        assert_eq!(reason(&objects), expected);
    }
}

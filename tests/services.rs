//! Names and who stands behind them: the scenarios of Services and DNS, and a client that remembers too long.

use crate::cluster::{Cluster, headless, set};

const DEFAULT: &str = "default.svc.cluster.local";

fn web(pods: &str) -> Cluster {
    let mut cluster = Cluster::new(1);
    cluster.apply(&headless("web", "")).apply(&set("web", 2, "server", pods, None));
    cluster.wait(30_000);
    cluster
}

fn ip(cluster: &mut Cluster, pod: &str) -> String {
    let key = petri_sim::belief::api::shelf::Key::new("default", pod);
    cluster.world().objects().pods.get(&key).map_or(String::new(), |pod| pod.status.pod_ip.to_string())
}

/// C-130.
#[test]
fn a_headless_name_needs_somebody_ready_and_a_cluster_address_does_not() {
    let mut cluster = web("petri.dev/ready: never");
    assert!(cluster.run(&format!("dig web.{DEFAULT}")).contains("status: NXDOMAIN"));
    cluster.apply(
        "
apiVersion: v1
kind: Service
metadata: {name: vip}
spec: {selector: {app: nobody}, ports: [{port: 80}]}
",
    );
    cluster.wait(1_000);
    let answer = cluster.run(&format!("dig +short vip.{DEFAULT}"));
    assert!(answer.starts_with("10.96."), "{answer}");
}

/// C-131, upstream: `TestReconcile1EndpointSlicePublishNotReadyAddresses`.
#[test]
fn addresses_can_be_published_before_readiness() {
    let mut cluster = Cluster::new(1);
    let notes = "petri.dev/ready: never";
    cluster.apply(&headless("web", ", publishNotReadyAddresses: true")).apply(&set("web", 2, "server", notes, None));
    cluster.wait(30_000);
    assert_eq!(cluster.run(&format!("dig +short web.{DEFAULT}")).lines().count(), 2);
}

/// C-132 and C-135: names to addresses, ports to names, addresses to names.
#[test]
fn a_pod_of_a_set_has_a_name_a_port_and_a_way_back() {
    let mut cluster = web("");
    let address = ip(&mut cluster, "web-0");
    assert_eq!(cluster.run(&format!("dig +short web-0.web.{DEFAULT}")), address);
    let ports = cluster.run(&format!("dig +short _http._tcp.web.{DEFAULT} SRV"));
    assert!(ports.contains(&format!(" 80 web-0.web.{DEFAULT}.")), "{ports}");
    let mut parts: Vec<&str> = address.split('.').collect();
    parts.reverse();
    let back = cluster.run(&format!("dig +short {}.in-addr.arpa PTR", parts.join(".")));
    assert_eq!(back, format!("web-0.web.{DEFAULT}."));
}

/// C-133, upstream: `TestPodToEndpoint`.
#[test]
fn a_pod_that_stops_leaves_the_dns_at_once_and_its_slice_later() {
    let mut cluster = web("petri.dev/stop-delay: 20s");
    let address = ip(&mut cluster, "web-0");
    cluster.run("kubectl delete pod web-0 --wait=false");
    cluster.wait(100);
    assert!(cluster.run(&format!("dig web-0.web.{DEFAULT}")).contains("status: NXDOMAIN"));
    let slices = cluster.run("kubectl get endpointslices -o yaml");
    assert!(slices.contains(&address) && slices.contains("terminating: true"), "{slices}");
    assert!(slices.contains("serving: true") && slices.contains("ready: false"), "{slices}");
}

/// C-134.
#[test]
fn another_type_of_a_name_that_exists_is_an_empty_answer() {
    let mut cluster = web("");
    let answer = cluster.run(&format!("dig web.{DEFAULT} AAAA"));
    assert!(answer.contains("status: NOERROR") && answer.contains("ANSWER: 0"), "{answer}");
    assert!(answer.contains("SOA") && answer.contains("\t30\tIN"), "{answer}");
}

/// C-136.
#[test]
fn an_external_name_is_an_alias() {
    let mut cluster = Cluster::new(1);
    cluster.apply(
        "
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {type: ExternalName, externalName: db.example.com}
",
    );
    assert_eq!(cluster.run(&format!("dig +short db.{DEFAULT} CNAME")), "db.example.com.");
}

/// C-137, upstream: `TestShouldSetHostname`.
#[test]
fn a_service_by_another_name_gives_pods_no_names() {
    let mut cluster = Cluster::new(1);
    cluster.apply(&headless("web", "").replace("{name: web}", "{name: other}"));
    cluster.apply(&set("web", 1, "server", "", None));
    cluster.wait(30_000);
    assert!(cluster.run(&format!("dig web-0.other.{DEFAULT}")).contains("status: NXDOMAIN"));
    assert!(cluster.run(&format!("dig web-0.web.{DEFAULT}")).contains("status: NXDOMAIN"));
    let dashed = ip(&mut cluster, "web-0").replace('.', "-");
    let ports = cluster.run(&format!("dig +short _http._tcp.other.{DEFAULT} SRV"));
    assert!(ports.contains(&format!("{dashed}.other.{DEFAULT}.")), "{ports}");
}

/// C-138.
#[test]
fn a_service_without_pods_has_one_empty_slice() {
    let mut cluster = Cluster::new(1);
    cluster.apply(&headless("web", ""));
    cluster.wait(1_000);
    let slices = cluster.run("kubectl get endpointslices");
    let own: Vec<&str> = slices.lines().filter(|line| line.starts_with("web-")).collect();
    assert_eq!(own.len(), 1, "{slices}");
    assert!(own[0].contains("<unset>"), "{slices}");
}

/// C-139: whoever asked too early hears of it for half a minute.
#[test]
fn a_client_keeps_a_missing_name_for_thirty_seconds() {
    let mut cluster = Cluster::new(1);
    let notes = "petri.dev/target: web-0.web, petri.dev/ready: '5s'";
    cluster.apply(&headless("web", "")).apply(&set("client", 1, "client", notes, None));
    cluster.wait(20_000);
    cluster.apply(&set("web", 1, "server", "", None));
    cluster.wait(12_000);
    assert_ne!(cluster.run(&format!("dig +short web-0.web.{DEFAULT}")), "");
    let cache = cluster.run("cache client-0");
    assert!(cache.contains(&format!("web-0.web.{DEFAULT}.")) && cache.contains("no such name"), "{cache}");
    assert_eq!(cluster.program("client-0").calls.answered, 0);
    assert!(cluster.program("client-0").calls.stale > 0);
    cluster.wait(30_000);
    assert!(cluster.program("client-0").calls.answered > 0, "{}", cluster.run("calls"));
}

/// After a failover the old address is called for as long as it is remembered.
#[test]
fn a_client_calls_an_old_address_until_its_cache_forgets() {
    for (cache, longest) in [("'off'", 12), ("'30s'", 42)] {
        let mut cluster = web("");
        let notes = format!("petri.dev/target: web-0.web, petri.dev/dns-cache: {cache}");
        cluster.apply(&set("client", 1, "client", &notes, None));
        cluster.wait(35_000);
        let before = cluster.program("client-0").calls.clone();
        assert!(before.answered > 20 && before.failed() == 0, "{}", cluster.run("calls"));
        cluster.run("kubectl delete pod web-0 --wait=false");
        cluster.wait(60_000);
        let after = cluster.program("client-0").calls.clone();
        assert!(after.failing_since.is_none(), "{}", cluster.run("calls"));
        assert!(after.longest_outage.as_seconds() <= longest, "{}", after.longest_outage);
        assert_eq!(after.stale > 0, cache == "'30s'", "{}", cluster.run("calls"));
    }
}

/// A cluster address hides which pod answers, and needs one that is ready.
#[test]
fn a_cluster_address_is_answered_by_whoever_is_ready() {
    let mut cluster = Cluster::new(1);
    cluster.apply(&headless("web", "").replace("clusterIP: None, ", "")).apply(&set("web", 2, "server", "", None));
    cluster.apply(&set("client", 1, "client", "petri.dev/target: web", None));
    cluster.wait(60_000);
    let answered = cluster.program("client-0").calls.answered;
    assert!(answered > 20, "{}", cluster.run("calls"));
    cluster.run("kubectl scale sts web --replicas=0");
    cluster.wait(60_000);
    let calls = cluster.run("calls");
    assert!(calls.contains("web: nobody is ready"), "{calls}");
}

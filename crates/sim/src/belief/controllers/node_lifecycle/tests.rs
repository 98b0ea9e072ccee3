use super::zones::{Census, Limiter, ZoneState, compute_zone_state, eviction_rate_millis};
use super::{EVICT, MONITOR, TAINT, course, enqueue, periods, sync, taints};
use crate::belief::api::request::{Patch, Request, WriteContext};
use crate::belief::api::server::Server;
use crate::belief::api::shelf::Key;
use crate::belief::controllers::service_account::default_account;
use crate::belief::controllers::testing::{Bench, NOW, Run, agree, meta, ready_pod};
use crate::ground::clock::{Span, Time};
use crate::ground::settings::{ClientSettings, Settings};
use crate::words::actor::{Actor, Cause};
use crate::words::api_error::ApiError;
use petri_objects::*;
use std::rc::Rc;

fn node(name: &str, zone: &str) -> Node {
    let mut node = Node { metadata: meta(name, 0), ..Node::default() };
    node.metadata.namespace = "".into();
    node.metadata.labels.insert("topology.kubernetes.io/zone", zone);
    let status = Rc::make_mut(&mut node.status);
    for (kind, value) in
        [("MemoryPressure", "False"), ("DiskPressure", "False"), ("PIDPressure", "False"), ("Ready", "True")]
    {
        status.conditions.push(Condition {
            kind: kind.into(),
            status: value.into(),
            last_heartbeat_time: NOW,
            ..Condition::default()
        });
    }
    node
}

/// Nodes, a real API server, and a clock that the test turns.
struct Stage {
    bench: Bench,
    server: Server,
}

impl Stage {
    fn new(nodes: impl IntoIterator<Item = Node>) -> Stage {
        let mut stage = Stage { bench: Bench::default(), server: Server::new(Rc::new(Settings::default()), 1) };
        for name in ["default", "kube-node-lease"] {
            let mut namespace = Namespace::default();
            namespace.metadata.name = name.into();
            stage.serve(Request::Create(namespace.into()));
        }
        stage.serve(Request::Create(default_account(&"default".into()).into()));
        for node in nodes {
            let mut lease = Lease::default();
            lease.metadata.name = node.metadata.name.clone();
            lease.metadata.namespace = "kube-node-lease".into();
            lease.spec.renew_time = MicroTime(NOW);
            stage.serve(Request::Create(lease.into()));
            let (own, target) = (node.spec.taints.clone(), Object::from(node.clone()).reference());
            stage.serve(Request::Create(node.into()));
            // These nodes were admitted a while ago.
            let taints = stage.node(&target.name).spec.taints.clone();
            let remove = taints.into_iter().filter(|taint| !own.contains(taint)).collect();
            stage.serve(Request::Patch { target, uid: None, patch: Patch::Taints { add: Vec::new(), remove } });
        }
        stage
    }
    fn serve(&mut self, request: Request) -> Object {
        let context = WriteContext { now: self.bench.now, by: Actor::Setup, cause: Cause::None };
        let reply = self.server.serve(request, &context).expect("the server agrees");
        self.bench.cache = self.server.objects().clone();
        reply
    }
    fn run(&mut self, tag: &str, name: &str) -> Run {
        let context = WriteContext { now: self.bench.now, by: Actor::Setup, cause: Cause::None };
        let server = &mut self.server;
        let run = self.bench.sync(sync, &Key::new(tag, name), |request| server.serve(request.clone(), &context));
        self.bench.cache = self.server.objects().clone();
        run
    }
    /// Puts a ready pod on a node.
    fn host(&mut self, name: &str, node: &str) -> &mut Stage {
        let mut pod = ready_pod(name, 7, "web", None);
        let spec = Rc::make_mut(&mut pod.spec);
        spec.node_name = node.into();
        spec.containers.push(Container { name: "web".into(), image: "nginx:1".into(), ..Container::default() });
        let status = pod.status.clone();
        let Object::Pod(created) = self.serve(Request::Create(pod.into())) else { panic!() };
        let mut created = Pod::clone(&created);
        created.status = status;
        self.serve(Request::UpdateStatus(created.into()));
        self
    }
    fn at(&mut self, millis: u64) -> &mut Stage {
        self.bench.now = NOW + Span::millis(millis);
        self
    }
    fn renew(&mut self, names: &[&str]) -> &mut Stage {
        for name in names {
            let key = Key::new("kube-node-lease", *name);
            let mut lease = Lease::clone(&self.bench.cache.leases.get(&key).unwrap().clone());
            lease.spec.renew_time = MicroTime(self.bench.now);
            self.serve(Request::Update(lease.into()));
        }
        self
    }
    /// What the kubelet posts.
    fn post(&mut self, name: &str, ready: &str) -> &mut Stage {
        let mut node = Node::clone(self.node(name));
        let now = self.bench.now;
        for condition in &mut Rc::make_mut(&mut node.status).conditions {
            condition.last_heartbeat_time = now;
            condition.status = if &*condition.kind == "Ready" { ready.into() } else { "False".into() };
        }
        self.serve(Request::UpdateStatus(node.into()));
        self
    }
    fn node(&self, name: &str) -> &Node {
        self.bench.cache.nodes.get(&Key::new("", name)).unwrap()
    }
    /// `a: Unknown unreachable:NoExecute`
    fn picture(&self) -> Vec<String> {
        let line = |node: &Rc<Node>| {
            let ready = condition(&node.status.conditions, "Ready").map_or("-", |ready| &ready.status);
            let taints =
                node.spec.taints.iter().map(|t| format!(" {}:{}", t.key.rsplit('/').next().unwrap(), t.effect));
            format!("{}: {ready}{}", node.metadata.name, taints.collect::<String>())
        };
        self.bench.cache.nodes.values().map(line).collect()
    }
    /// Passes of the monitor every 5.001 s, NoSchedule taints at once, NoExecute taints when due; leases of the living
    /// are renewed before each pass.
    fn play(&mut self, from_millis: u64, to_millis: u64, living: &[&str]) -> Vec<String> {
        let mut story = Vec::new();
        let (mut pass, mut evict) = (from_millis, None);
        loop {
            let next: u64 = evict.map_or(pass, |at: u64| at.min(pass));
            if next > to_millis {
                return story;
            }
            self.at(next);
            let before = self.picture();
            if evict == Some(next) {
                evict = self.run(EVICT, "").done().after.map(|span| next + span.as_millis());
            } else {
                let goes_on = self.renew(living).run(MONITOR, "").done().after;
                pass = next + goes_on.map_or(5_001, |span| span.as_millis());
                let names: Vec<Name> = self.bench.cache.nodes.values().map(|n| n.metadata.name.clone()).collect();
                names.iter().for_each(|name| drop(self.run(TAINT, name)));
                let look = self.bench.memory.node_lifecycle.next_look(self.bench.now);
                evict = evict.or(Some(next + look.since(self.bench.now).as_millis()));
            }
            let changed = self.picture().into_iter().filter(|line| !before.contains(line));
            story.extend(changed.map(|line| format!("{}.{} {line}", next / 1_000, next % 1_000 / 100)));
        }
    }
}

#[test]
fn a_zone_is_disrupted_when_more_than_two_nodes_and_55_percent_are_lost() {
    let settings = Settings::default();
    let cases = [
        // ready, not ready, state, thousandths of a node per second
        (0, 0, ZoneState::Normal, 100),
        (3, 0, ZoneState::Normal, 100),
        (0, 1, ZoneState::FullDisruption, 100),
        (1, 2, ZoneState::Normal, 100),
        (2, 3, ZoneState::PartialDisruption, 0),
        (3, 3, ZoneState::Normal, 100),
        (9, 11, ZoneState::PartialDisruption, 0),
        (1, 3, ZoneState::PartialDisruption, 0),
        (20, 31, ZoneState::PartialDisruption, 10),
        (20, 30, ZoneState::PartialDisruption, 0),
        (0, 60, ZoneState::FullDisruption, 100),
    ];
    for (ready, not_ready, state, rate) in cases {
        let judged = compute_zone_state(Census { ready, not_ready }, &settings);
        assert_eq!(judged, state, "{ready} ready, {not_ready} not");
        assert_eq!(eviction_rate_millis(judged, ready + not_ready, &settings), rate, "{ready} ready, {not_ready} not");
    }
}

#[test]
fn a_limiter_gives_one_token_per_interval_and_a_swap_does_not_shorten_the_wait() {
    let at = |seconds| NOW + Span::seconds(seconds);
    let mut limiter = Limiter::new(100);
    assert!(limiter.try_accept(at(0)), "the first at once");
    assert!(!limiter.try_accept(at(9)));
    assert!(limiter.try_accept(at(10)));
    limiter.swap(10, at(11));
    assert_eq!(limiter.next_token(), Some(at(111)), "it had to wait, and waits at the new rate");
    limiter.swap(0, at(20));
    assert_eq!(limiter.next_token(), None);
    assert!(!limiter.try_accept(at(1_000)));
    limiter.swap(100, at(1_000));
    assert_eq!(limiter.next_token(), Some(at(1_010)), "after a standstill the first token takes its time");
    limiter.swap(10, at(1_020));
    assert!(limiter.try_accept(at(1_020)), "a full bucket stays full");
}

#[test]
fn the_monitor_runs_every_five_seconds() {
    assert_eq!(periods(&Settings::default()), [(Key::new(MONITOR, ""), Span::seconds(5))]);
}

#[test]
fn a_node_that_loses_power_is_unknown_after_40_to_55_seconds() {
    let mut delays = Vec::new();
    // The lease is renewed at 0, 10, 20 ...; passes are every 5.001 s from the given phase on.
    for phase in [1, 1_700, 4_990] {
        for power_off in [20_100, 23_000, 29_900] {
            let mut stage = Stage::new([node("a", "z"), node("b", "z")]);
            let mut pass = phase;
            let lost_at = loop {
                stage.at(pass).renew(&["b"]);
                let key = Key::new("kube-node-lease", "a");
                let mut lease = Lease::clone(stage.bench.cache.leases.get(&key).unwrap());
                lease.spec.renew_time = MicroTime(NOW + Span::millis(pass.min(power_off) / 10_000 * 10_000));
                stage.serve(Request::Update(lease.into()));
                stage.run(MONITOR, "");
                if !stage.node("a").is_ready() {
                    break pass;
                }
                pass += 5_001;
            };
            delays.push((lost_at - power_off) / 1_000);
        }
    }
    assert_eq!(delays, [49, 47, 40, 51, 48, 41, 54, 52, 45]);
    assert!(delays.iter().all(|delay| (40..=55).contains(delay)), "{delays:?}");
}

#[test]
fn a_lost_node_is_written_off_together_with_the_readiness_of_its_pods() {
    let mut stage = Stage::new([node("a", "z"), node("b", "z")]);
    stage.host("web-0", "a").run(MONITOR, "");

    let run = stage.at(50_000).renew(&["b"]).run(MONITOR, "");
    assert_eq!(run.requests(), [""; 0], "the grace period is not over yet");
    assert_eq!(run.verdict(), "NodeSilent");

    let run = stage.at(50_010).run(MONITOR, "");
    assert_eq!(run.requests(), ["status node/a", "patch pod/web-0 condition Ready=False"]);
    assert_eq!(
        run.events(),
        ["Normal NodeNotReady Node a status is now: NodeNotReady", "Warning NodeNotReady Node is not ready"]
    );
    let lines = stage.node("a").status.conditions.iter().map(|c| format!("{} {} {}", c.kind, c.status, c.reason));
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            "MemoryPressure Unknown NodeStatusUnknown",
            "DiskPressure Unknown NodeStatusUnknown",
            "PIDPressure Unknown NodeStatusUnknown",
            "Ready Unknown NodeStatusUnknown"
        ]
    );
    let ready = condition(&stage.node("a").status.conditions, "Ready").unwrap();
    assert_eq!(&*ready.message, "Kubelet stopped posting node status.");
    assert_eq!((ready.last_heartbeat_time, ready.last_transition_time), (NOW, NOW + Span::seconds(50)));
    let pod = stage.bench.cache.pods.get(&Key::new("default", "web-0")).unwrap();
    assert_eq!((pod.phase(), pod.is_ready()), (Phase::Running, false));

    let run = stage.at(55_011).renew(&["b"]).run(MONITOR, "");
    assert_eq!((run.requests(), run.events()), (vec![], vec![]), "told once");

    // A pod that is bound to the lost node afterwards is marked as well.
    let mut late = ready_pod("web-1", 8, "web", None);
    Rc::make_mut(&mut late.spec).node_name = "a".into();
    stage.bench.cache.put(late.clone().into());
    let cache = stage.bench.cache.clone();
    let run = stage.bench.sync(sync, &Key::new("pod/default", "web-1"), agree(&cache));
    assert_eq!(run.requests(), ["patch pod/web-1 condition Ready=False"]);
    let keys = stage.bench.enqueue(enqueue, None, Some(late.into()));
    assert_eq!(keys, [(Key::new("pod/default", "web-1"), Span::ZERO)]);
}

#[test]
fn a_node_whose_kubelet_never_spoke_gets_60_seconds() {
    let mut mute = node("a", "z");
    mute.status = Rc::default();
    let mut stage = Stage::new([mute, node("b", "z")]);
    stage.server = {
        let mut server = stage.server.clone();
        let context = WriteContext { now: NOW, by: Actor::Setup, cause: Cause::None };
        let lease = ObjectRef::new(Kind::Lease, "kube-node-lease", "a");
        server.serve(Request::Delete { target: lease, options: Default::default() }, &context).unwrap();
        server
    };
    stage.bench.cache = stage.server.objects().clone();
    assert_eq!(stage.at(60_000).renew(&["b"]).run(MONITOR, "").requests(), [""; 0]);
    assert_eq!(stage.at(60_001).run(MONITOR, "").requests(), ["status node/a"]);
    let ready = condition(&stage.node("a").status.conditions, "Ready").unwrap();
    assert_eq!((&*ready.reason, &*ready.message), ("NodeStatusNeverUpdated", "Kubelet never posted node status."));
}

#[test]
fn nodes_are_greeted_and_seen_off() {
    let mut stage = Stage::new([node("a", "z")]);
    assert_eq!(
        stage.run(MONITOR, "").events(),
        ["Normal RegisteredNode Node a event: Registered Node a in Controller"]
    );
    assert_eq!(stage.run(MONITOR, "").events(), [""; 0]);
    stage.serve(Request::Delete { target: ObjectRef::new(Kind::Node, "", "a"), options: Default::default() });
    assert_eq!(stage.run(MONITOR, "").events(), ["Normal RemovingNode Node a event: Removing Node a from Controller"]);
}

#[test]
fn no_schedule_taints_follow_conditions_and_cordon() {
    let cases = [
        ("Ready", "False", "node.kubernetes.io/not-ready"),
        ("Ready", "Unknown", "node.kubernetes.io/unreachable"),
        ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
        ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
        ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
        ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
    ];
    for (kind, status, key) in cases {
        let mut troubled = node("a", "z");
        let conditions = &mut Rc::make_mut(&mut troubled.status).conditions;
        conditions.retain(|condition| &*condition.kind != kind);
        conditions.push(Condition { kind: kind.into(), status: status.into(), ..Condition::default() });
        let mut stage = Stage::new([troubled]);
        stage.run(TAINT, "a");
        assert_eq!(stage.node("a").spec.taints.len(), 1);
        assert!(stage.node("a").has_taint(key, "NoSchedule"), "{kind}={status}");
        assert_eq!(stage.node("a").spec.taints[0].time_added, NOW);
        assert_eq!(stage.run(TAINT, "a").requests(), [""; 0], "nothing more to do");
    }
    let mut cordoned = node("a", "z");
    cordoned.spec.unschedulable = true;
    cordoned.spec.taints.push(Taint { key: "mine".into(), effect: "NoSchedule".into(), ..Taint::default() });
    cordoned.spec.taints.push(Taint {
        key: "node.kubernetes.io/not-ready".into(),
        effect: "NoSchedule".into(),
        ..Taint::default()
    });
    let mut stage = Stage::new([cordoned]);
    assert_eq!(stage.run(TAINT, "a").requests(), ["patch node/a taints", "patch node/a taints"]);
    assert_eq!(stage.picture(), ["a: True mine:NoSchedule unschedulable:NoSchedule"]);
}

#[test]
fn lost_nodes_of_a_zone_are_tainted_ten_seconds_apart() {
    let mut stage = Stage::new(["a", "b", "c", "d", "e"].map(|name| node(name, "z")));
    let story = stage.play(0, 75_000, &["c", "d", "e"]);
    assert_eq!(
        story,
        [
            "50.0 a: Unknown unreachable:NoSchedule",
            "50.0 b: Unknown unreachable:NoSchedule",
            "50.1 a: Unknown unreachable:NoSchedule unreachable:NoExecute",
            "60.1 b: Unknown unreachable:NoSchedule unreachable:NoExecute",
        ]
    );
}

#[test]
fn zones_have_limiters_of_their_own() {
    let mut stage = Stage::new([node("a", "x"), node("b", "y"), node("c", "y")]);
    let story = stage.play(0, 75_000, &["c"]);
    assert_eq!(
        story[2..],
        [
            "50.1 a: Unknown unreachable:NoSchedule unreachable:NoExecute",
            "50.1 b: Unknown unreachable:NoSchedule unreachable:NoExecute",
        ],
        "one zone is lost altogether, which stops nothing as long as another is not"
    );
}

#[test]
fn a_recorded_delay_of_a_taint_is_kept() {
    let mut stage = Stage::new(["a", "b", "c"].map(|name| node(name, "z")));
    stage.bench.settings.limiter_busy = vec![("a".into(), NOW + Span::millis(57_250))];
    let story = stage.play(0, 75_000, &["b", "c"]);
    assert_eq!(story[1..], ["57.3 a: Unknown unreachable:NoSchedule unreachable:NoExecute"]);
}

#[test]
fn three_of_five_nodes_lost_stops_evictions_until_one_is_back() {
    let mut stage = Stage::new(["a", "b", "c", "d", "e"].map(|name| node(name, "z")));
    let story = stage.play(0, 200_000, &["d", "e"]);
    assert_eq!(story.len(), 3, "NoSchedule only: {story:?}");
    assert_eq!(stage.run(EVICT, "").verdict(), "ZoneDisrupted");
    assert_eq!(stage.run(MONITOR, "").verdict(), "ZoneDisrupted");

    stage.at(200_500).post("c", "True").run(TAINT, "c");
    let story = stage.play(201_000, 240_000, &["c", "d", "e"]);
    assert_eq!(
        story,
        [
            "211.0 a: Unknown unreachable:NoSchedule unreachable:NoExecute",
            "221.0 b: Unknown unreachable:NoSchedule unreachable:NoExecute",
        ],
        "the limiter starts empty"
    );
    assert_eq!(stage.run(EVICT, "").verdict(), "");
}

#[test]
fn while_no_node_is_ready_nothing_is_evicted_and_taints_are_taken_back() {
    let mut stage = Stage::new(["a", "b", "c"].map(|name| node(name, "z")));
    let story = stage.play(0, 60_000, &["b", "c"]);
    assert_eq!(story.last().unwrap(), "50.1 a: Unknown unreachable:NoSchedule unreachable:NoExecute");

    let story = stage.play(65_013, 400_000, &[]);
    assert_eq!(
        story,
        [
            "105.0 b: Unknown unreachable:NoSchedule",
            "105.0 c: Unknown unreachable:NoSchedule",
            "105.0 a: Unknown unreachable:NoSchedule",
        ],
        "a's taint goes when the pass has ended"
    );
    assert_eq!(stage.run(EVICT, "").verdict(), "AllZonesDown");
    assert_eq!(stage.run(MONITOR, "").verdict(), "AllZonesDown");

    stage.at(400_500).post("c", "True").run(TAINT, "c");
    let story = stage.play(401_000, 440_000, &["c"]);
    assert_eq!(
        story,
        [
            "411.0 a: Unknown unreachable:NoSchedule unreachable:NoExecute",
            "421.0 b: Unknown unreachable:NoSchedule unreachable:NoExecute",
        ]
    );
}

/// What the recording `zone-disruption` shows of a busy API server, against the wording of NLC-9 and NLC-10: the pass that
/// finds the nodes lost marks their pods before it judges their zone, and the evictor does not wait for that.
#[test]
fn while_a_pass_marks_pods_the_first_node_of_a_zone_is_tainted_and_stays_so() {
    for (living, state) in [(&["d", "e"][..], "ZoneDisrupted"), (&[], "AllZonesDown")] {
        let mut stage = Stage::new(["a", "b", "c", "d", "e"].map(|name| node(name, "z")));
        stage.bench.settings.client.request = Span::millis(40);
        for (pod, node) in [("web-0", "a"), ("web-1", "b"), ("web-2", "c")] {
            stage.host(pod, node);
        }
        let story = stage.play(0, 200_000, living);
        let evicted: Vec<&String> = story.iter().filter(|line| line.contains("NoExecute")).collect();
        assert_eq!(evicted, ["50.1 a: Unknown unreachable:NoSchedule unreachable:NoExecute"]);
        assert!(stage.node("a").has_taint(taints::UNREACHABLE, "NoExecute"), "it was not tainted when the pass began");
        assert_eq!(stage.run(MONITOR, "").verdict(), state);
    }
}

#[test]
fn a_pass_lasts_as_long_as_the_client_needs_for_its_requests() {
    let began = NOW + Span::millis(7);
    let busy = ClientSettings { request: Span::millis(40), ..Settings::default().client };
    let millis = |lost: &[u64], zones| {
        let course = course::course(began, lost, zones, &busy);
        let since = |at: Time| at.since(began).as_millis();
        (since(course.ends), course.taints.iter().map(|(from, to)| (since(*from), since(*to))).collect::<Vec<_>>())
    };
    assert_eq!(millis(&[0], 1), (40, vec![]), "over before the evictor looks");
    assert_eq!(millis(&[1, 1, 1], 3), (80, vec![(50, 130)]), "in one zone only");
    assert_eq!(millis(&[4; 2], 1), (200, vec![(50, 130)]));
    let (ends, taints) = millis(&[1; 12], 3);
    assert!((900..2_000).contains(&ends) && taints.len() > 1, "the limit is felt: {ends} {taints:?}");
}

#[test]
fn a_node_that_returns_loses_its_taints_and_its_place_in_the_queue() {
    let mut stage = Stage::new(["a", "b", "c", "d", "e"].map(|name| node(name, "z")));
    stage.play(0, 55_500, &["c", "d", "e"]);
    assert_eq!(stage.run(EVICT, "").verdict(), "EvictionRateLimited");
    for name in ["a", "b"] {
        stage.at(56_000).post(name, "True").run(TAINT, name);
    }
    assert_eq!(stage.picture()[..2], ["a: True unreachable:NoExecute", "b: True"]);
    let story = stage.play(60_012, 80_000, &["a", "b", "c", "d", "e"]);
    assert_eq!(story, ["60.0 a: True"], "the other one is never tainted");
}

/// C-093; that the time of an eviction goes on is in the tables of `taint_eviction`.
#[test]
fn the_opposite_taint_is_swapped_without_waiting() {
    let mut stage = Stage::new(["a", "b", "c"].map(|name| node(name, "z")));
    stage.at(500).post("a", "False").run(TAINT, "a");
    let story = stage.play(1_000, 20_000, &["a", "b", "c"]);
    assert_eq!(story, ["1.1 a: False not-ready:NoSchedule not-ready:NoExecute"]);
    let story = stage.play(21_000, 90_000, &["b", "c"]);
    assert_eq!(story, ["66.0 a: Unknown unreachable:NoExecute unreachable:NoSchedule"]);
}

#[test]
fn a_refused_status_is_read_again_and_a_deleted_node_is_left_alone() {
    let mut stage = Stage::new(["a", "b"].map(|name| node(name, "z")));
    stage.run(MONITOR, "");
    stage.at(51_000).renew(&["b"]);
    let bench = &mut stage.bench;
    let mut refusals = 1;
    let cache = bench.cache.clone();
    let mut answer = agree(&cache);
    let run = bench.sync(sync, &Key::new(MONITOR, ""), |request| match request {
        Request::UpdateStatus(_) if refusals > 0 => {
            refusals -= 1;
            Err(ApiError::Conflict { kind: Kind::Node, name: "a".into(), cause: "".into() })
        }
        request => answer(request),
    });
    assert_eq!(run.requests(), ["status node/a", "get node/a", "status node/a"]);

    let mut stage = Stage::new(["a", "b"].map(|name| node(name, "z")));
    stage.run(MONITOR, "");
    stage.at(51_000).renew(&["b"]);
    let run = stage.bench.sync(sync, &Key::new(MONITOR, ""), |request| match request {
        Request::UpdateStatus(_) | Request::Get(_) => Err(ApiError::not_found(Kind::Node, "a")),
        request => panic!("{request:?}"),
    });
    assert_eq!(run.requests(), ["status node/a", "get node/a"]);
    assert_eq!(run.events(), [""; 0]);
}

#[test]
fn a_lost_node_wakes_the_eviction_at_the_next_tenth_of_a_second() {
    let mut bench = Bench { now: Time(NOW.0 + 33_000), ..Bench::default() };
    let healthy: Object = node("a", "z").into();
    assert_eq!(bench.enqueue(enqueue, None, Some(healthy)), [(Key::new(TAINT, "a"), Span::ZERO)]);
    let mut lost = node("a", "z");
    Rc::make_mut(&mut lost.status).conditions.clear();
    assert_eq!(
        bench.enqueue(enqueue, None, Some(lost.into())),
        [(Key::new(TAINT, "a"), Span::ZERO), (Key::new(EVICT, ""), Span::millis(67))]
    );
}

//! Faults that slow something down or stop it for a while: what follows from them, and that nothing is left behind.

use crate::cluster::{Cluster, set};
use petri_sim::belief::api::shelf::Key;
use petri_sim::ground::clock::Time;
use petri_sim::words::invariants::Guarantee;
use petri_sim::words::note::{ProcessChange, Verb, What};

const PROBED: &str = "
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: it}
spec:
  serviceName: it
  replicas: 2
  selector: {matchLabels: {app: it}}
  template:
    metadata: {labels: {app: it}}
    spec:
      terminationGracePeriodSeconds: 30
      containers:
      - name: c
        image: i
        readinessProbe: {httpGet: {port: 80}, periodSeconds: 5, failureThreshold: 2}
        livenessProbe: {httpGet: {port: 80}, periodSeconds: 5, failureThreshold: 3}
";

fn probed() -> Cluster {
    let mut cluster = Cluster::new(1);
    cluster.apply(PROBED).after(&["run until sts/it Ready", "run 10s"]);
    cluster
}

/// Milliseconds from the start to the first note since then that is meant.
fn when(cluster: &Cluster, since: u64, wanted: impl Fn(&What) -> bool) -> Option<u64> {
    let start = cluster.timeline.start();
    let millis = |at: Time| at.since(start).as_millis();
    cluster.timeline.notes().iter().find(|n| millis(n.at) >= since && wanted(&n.what)).map(|n| millis(n.at) - since)
}

fn not_ready(cluster: &Cluster, since: u64, node: &str) -> u64 {
    let lost = |what: &What| {
        matches!(what, What::Write { object: petri_objects::Object::Node(object), .. }
            if &*object.metadata.name == node && !object.is_ready())
    };
    when(cluster, since, lost).expect("the node is considered lost")
}

fn stopped(cluster: &Cluster, since: u64, pod: &str) -> Option<u64> {
    when(
        cluster,
        since,
        |what| matches!(what, What::Process { identity, change: ProcessChange::Stopped { .. }, .. } if &*identity.pod == pod),
    )
}

fn pod_is(cluster: &Cluster, pod: &str, test: impl Fn(&petri_objects::Pod) -> bool) -> bool {
    cluster.world().objects().pods.get(&Key::new("default", pod)).is_some_and(|pod| test(pod))
}

#[test]
fn a_kubelet_whose_packets_are_lost_still_hears_a_deletion_and_cannot_confirm_it() {
    let mut cluster = probed();
    let node = cluster.node_of("it-1");
    cluster.run(&format!("cut {node} --outgoing"));
    let at = cluster.millis();
    cluster.after(&["kubectl delete pod it-1 --wait=false", "run 60s"]);
    assert!(stopped(&cluster, at, "it-1").is_some_and(|after| after < 5_000), "it was asked over the open watch");
    assert!(pod_is(&cluster, "it-1", |pod| pod.is_terminating()), "and nobody confirmed it");
    cluster.after(&[&format!("heal {node}"), "run 10s"]);
    assert!(pod_is(&cluster, "it-1", |pod| !pod.is_terminating()), "the successor is there");
}

#[test]
fn after_its_connection_is_given_up_a_half_cut_machine_is_cut_off() {
    for direction in ["outgoing", "incoming"] {
        let mut cluster = probed();
        let node = cluster.node_of("it-1");
        cluster.after(&[&format!("cut {node} --{direction}"), "run 46s"]);
        let at = cluster.millis();
        cluster.after(&["kubectl delete pod it-1 --wait=false", "run 60s"]);
        assert_eq!(stopped(&cluster, at, "it-1"), None, "{direction}");
        assert!(cluster.run("links").contains(&format!("{direction} lost")));
    }
}

#[test]
fn the_lease_is_renewed_once_more_where_only_replies_are_lost() {
    let lost_after = |cut: &str| {
        let mut cluster = probed();
        let node = cluster.node_of("it-1");
        let at = cluster.millis();
        cluster.after(&[&format!("cut {node} {cut}"), "run 80s"]);
        not_ready(&cluster, at, &node)
    };
    let (whole, outgoing, incoming) = (lost_after(""), lost_after("--outgoing"), lost_after("--incoming"));
    assert_eq!(whole, outgoing, "nothing is heard of it either way");
    assert!(incoming > whole, "one more renewal took effect: {incoming} {whole}");
    assert!(incoming <= whole + 15_000, "and no other: {incoming} {whole}");
}

#[test]
fn a_kubelet_that_is_restarted_has_no_open_connection() {
    let mut cluster = probed();
    let node = cluster.node_of("it-1");
    cluster.after(&[
        &format!("cut {node} --outgoing"),
        &format!("stop kubelet {node}"),
        &format!("start kubelet {node}"),
    ]);
    let at = cluster.millis();
    cluster.after(&["kubectl delete pod it-1 --wait=false", "run 20s"]);
    assert_eq!(stopped(&cluster, at, "it-1"), None);
}

#[test]
fn both_directions_lost_are_a_cut() {
    let mut cluster = probed();
    cluster.run("cut node-1 --outgoing");
    assert!(cluster.run("cut node-1 --outgoing").contains("already cut off"));
    assert!(cluster.run("cut node-1 --incoming").contains("now both directions are lost"));
    assert!(cluster.run("links").contains("cut "));
    assert!(cluster.run("cut node-1").contains("already cut off"));
}

#[test]
fn two_machines_that_are_parted_reach_the_control_plane_and_not_each_other() {
    let mut cluster = Cluster::new(3);
    let service = "
apiVersion: v1
kind: Service
metadata: {name: it}
spec: {clusterIP: None, selector: {app: it}, ports: [{name: http, port: 80}]}
";
    let client = set("caller", 1, "client", "petri.dev/target: it, petri.dev/dns-cache: 'off'", None);
    cluster.apply(service).apply(&set("it", 1, "server", "", None)).apply(&client).wait(20_000);
    let (a, b) = (cluster.node_of("it-0"), cluster.node_of("caller-0"));
    assert_ne!(a, b);
    let answered = |cluster: &Cluster| cluster.program("caller-0").calls.answered;
    let no_answer = |cluster: &Cluster| cluster.program("caller-0").calls.no_answer;
    assert!(answered(&cluster) > 5);
    cluster.run(&format!("cut {a} {b}"));
    let before = (answered(&cluster), no_answer(&cluster));
    cluster.wait(120_000);
    assert_eq!(answered(&cluster), before.0);
    assert!(no_answer(&cluster) > before.1 + 100);
    assert!(cluster.run("kubectl get nodes").matches(" Ready").count() == 4, "the control plane sees nothing of it");
    cluster.run(&format!("heal {b} {a}"));
    cluster.wait(10_000);
    assert!(answered(&cluster) > before.0 + 5);
}

#[test]
fn a_zone_is_cut_off_and_healed_by_one_command_each() {
    let mut cluster = probed();
    cluster.run("cut node-2");
    let before = cluster.timeline.recording().commands.len();
    assert_eq!(cluster.run("cut zone b"), "node-3 of zone b is cut off from the control plane");
    assert!(cluster.run("cut zone b").contains("every machine of zone b is already cut off"));
    assert!(cluster.run("cut zone x").contains("no machine is in zone \"x\""));
    assert_eq!(cluster.run("heal zone b"), "node-2, node-3 of zone b are linked again");
    assert_eq!(cluster.timeline.recording().commands.len(), before + 4);
}

#[test]
fn a_slow_link_delays_what_a_kubelet_hears_and_what_is_heard_of_it() {
    let delete = |lines: &[&str]| {
        let mut cluster = probed();
        let node = cluster.node_of("it-1");
        let lines: Vec<String> = lines.iter().map(|line| line.replace("NODE", &node)).collect();
        cluster.after(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        let at = cluster.millis();
        cluster.after(&["kubectl delete pod it-1 --wait=false", "run 60s"]);
        let gone =
            |what: &What| matches!(what, What::Write { verb: Verb::Deleted, target, .. } if &*target.name == "it-1");
        let found = (stopped(&cluster, at, "it-1").unwrap(), when(&cluster, at, gone).unwrap());
        assert!(cluster.run("kubectl get nodes").matches(" Ready").count() == 4);
        assert!(!cluster.was_broken(Guarantee::AtMostOne));
        found
    };
    let (stop, gone) = delete(&[]);
    assert_eq!(delete(&["delay link NODE 2s"]), (stop + 2_000, gone + 2_000 + 6_000));
    assert_eq!(delete(&["delay link NODE 2s", "run 30s", "delay link NODE 0s"]), (stop, gone));
    assert_eq!(delete(&["delay link NODE 2s", "run 30s", "heal NODE"]), (stop, gone));
}

#[test]
fn a_link_that_becomes_fast_again_brings_nothing_back_that_was_overtaken() {
    let mut cluster = probed();
    let node = cluster.node_of("it-1");
    // The deletion is on its way when the link is healed and the successor is made.
    cluster.after(&[
        &format!("delay link {node} 4s"),
        "kubectl label pod it-1 a=b",
        "run 1s",
        "kubectl delete pod it-1 --force --grace-period=0",
        "run 500ms",
        &format!("heal {node}"),
        "run 90s",
    ]);
    let running = cluster.run("processes");
    assert_eq!(running.matches("it-1/c").count(), 1, "{running}");
    assert!(running.lines().all(|line| !line.contains("it-1") || line.ends_with("Running")), "{running}");
}

#[test]
fn a_slow_etcd_holds_up_whoever_writes() {
    let ready = |line: &str| {
        let mut cluster = Cluster::new(1);
        cluster.run(line);
        cluster.apply(PROBED).after(&["run until sts/it Ready --timeout=3m"]);
        cluster.millis()
    };
    let (usual, slow) = (ready("delay etcd 0s"), ready("delay etcd 2s"));
    // Two pods in order, each created, bound, reported, and counted in the set's status before the next one.
    assert!(slow > usual + 10_000 && slow < usual + 60_000, "{usual} {slow}");
    let mut cluster = probed();
    cluster.after(&["delay etcd 5s", "run 4m"]);
    assert!(cluster.run("kubectl get nodes").matches(" Ready").count() == 4);
    assert!(cluster.run("delay etcd 6s").contains("etcd gives up above that"));
    cluster.after(&["delay etcd 0s", "kubectl scale sts/it --replicas=4", "run until sts/it Ready --timeout=2m"]);
    assert!(pod_is(&cluster, "it-3", |pod| pod.is_ready()));
}

#[test]
fn an_api_server_that_is_restarted_comes_back_and_everybody_catches_up() {
    let mut cluster = probed();
    cluster.run("restart kube-apiserver");
    assert!(cluster.run("kubectl get pods").contains("refused") || cluster.run("kubectl get pods").contains("rror"));
    cluster.after(&["run 6s", "kubectl scale sts/it --replicas=3", "run until sts/it Ready --timeout=2m"]);
    assert!(pod_is(&cluster, "it-2", |pod| pod.is_ready()));
    cluster.after(&["restart kube-controller-manager", "start kube-controller-manager", "run 10s"]);
    assert!(cluster.run("start kube-controller-manager").contains("already runs"));
}

#[test]
fn a_controller_that_stands_still_catches_up_when_it_goes_on() {
    let mut cluster = probed();
    cluster.after(&[
        "pause controller statefulset",
        "kubectl delete pod it-1",
        "kubectl scale sts/it --replicas=3",
        "run 60s",
    ]);
    assert!(!pod_is(&cluster, "it-1", |_| true), "nobody made another one");
    assert!(cluster.run("links").contains("statefulset-controller stands still."));
    let why = "statefulset-controller stands still (`resume controller statefulset-controller` ends it)";
    assert!(cluster.run("why sts/it").contains(why));
    assert!(cluster.run("pause controller statefulset").contains("stands still already"));
    cluster.after(&["resume controller statefulset", "run until sts/it Ready --timeout=2m"]);
    assert!(pod_is(&cluster, "it-2", |pod| pod.is_ready()));
    assert!(cluster.run("resume controller statefulset").contains("does not stand still"));
}

#[test]
fn a_controller_that_is_paused_between_a_write_and_its_answer_goes_on_there() {
    let mut cluster = probed();
    cluster.after(&[
        "delay etcd 2s",
        "kubectl scale sts/it --replicas=3",
        "run 1s",
        "pause controller statefulset",
        "run 30s",
    ]);
    assert!(pod_is(&cluster, "it-2", |_| true), "what was sent took effect");
    cluster.after(&["resume controller statefulset", "run until sts/it Ready --timeout=2m"]);
    assert!(pod_is(&cluster, "it-2", |pod| pod.is_ready()));
}

#[test]
fn a_cache_that_trails_shows_what_was_true_a_while_ago() {
    let again = |line: &str| {
        let mut cluster = probed();
        cluster.run(line);
        let at = cluster.millis();
        cluster.after(&["kubectl delete pod it-1", "run 60s"]);
        let made = |what: &What| matches!(what, What::Write { verb: Verb::Created, target, .. } if target.to_string() == "pod/it-1");
        when(&cluster, at, made).expect("it is made again")
    };
    let usual = again("links");
    let trailing = again("delay cache statefulset-controller 8s");
    // The pod that is gone was seen to terminate first, so that its successor waits once more for the cache.
    assert!(trailing >= usual + 7_900 && trailing <= usual + 20_000, "{usual} {trailing}");
    let mut cluster = probed();
    cluster.after(&["delay cache statefulset 60s", "kubectl scale sts/it --replicas=3", "run 5s"]);
    assert!(!pod_is(&cluster, "it-2", |_| true));
    cluster.after(&["delay cache statefulset 0s", "run 10s"]);
    assert!(pod_is(&cluster, "it-2", |_| true), "it has caught up");
}

#[test]
fn probes_fail_until_the_container_is_restarted() {
    let mut cluster = probed();
    cluster.after(&["fail readiness it-1", "run 12s"]);
    assert!(pod_is(&cluster, "it-1", |pod| !pod.is_ready()));
    assert!(cluster.run("processes").contains("unready"));
    cluster.after(&["pass readiness it-1", "run 6s"]);
    assert!(pod_is(&cluster, "it-1", |pod| pod.is_ready()));
    let restarts = |cluster: &Cluster| {
        let pod = cluster.world().objects().pods.get(&Key::new("default", "it-1")).cloned().expect("it exists");
        pod.status.container_statuses[0].restart_count
    };
    cluster.after(&["fail readiness it-1", "fail liveness it-1", "run 60s"]);
    assert_eq!(restarts(&cluster), 1, "the one that was started instead is well");
    assert!(pod_is(&cluster, "it-1", |pod| pod.is_ready()));
}

#[test]
fn nobody_asks_a_container_without_a_probe() {
    let mut cluster = Cluster::new(1);
    cluster.apply(&set("it", 1, "server", "", None)).wait(20_000);
    assert!(cluster.run("fail readiness it-0").ends_with("has none: nobody asks it"));
    cluster.wait(60_000);
    assert!(pod_is(&cluster, "it-0", |pod| pod.is_ready()));
}

#[test]
fn a_slow_start_is_killed_by_the_liveness_probe_again_and_again() {
    let mut cluster = probed();
    assert!(cluster.run("slow start it-1 0s").contains("does not start slowly"));
    cluster.after(&["slow start it-1 40s", "run 30s"]);
    assert!(pod_is(&cluster, "it-1", |pod| pod.is_ready()), "the process that runs has started before");
    cluster.after(&["crash it-1", "run 3m"]);
    assert!(pod_is(&cluster, "it-1", |pod| !pod.is_ready() && pod.status.container_statuses[0].restart_count > 2));
    cluster.after(&["kubectl delete pod it-1", "slow start it-1 0s", "run 60s"]);
    assert!(pod_is(&cluster, "it-1", |pod| pod.is_ready()));
}

#[test]
fn a_slow_stop_takes_its_time_and_no_more_than_the_grace() {
    let after = |line: &str| {
        let mut cluster = probed();
        cluster.run(line);
        let at = cluster.millis();
        cluster.after(&["kubectl delete pod it-1", "run 60s"]);
        stopped(&cluster, at, "it-1").expect("it has stopped")
    };
    assert_eq!(after("slow stop it-1 12s"), 12_001);
    assert_eq!(after("slow stop it-1 1h"), 30_001);
}

#[test]
fn a_pause_ends_by_itself_and_a_stop_signal_is_heard_then() {
    let mut cluster = probed();
    let at = cluster.millis();
    cluster.after(&["pause it-1 7s", "run 1s"]);
    assert!(cluster.run("processes").contains("paused"));
    cluster.after(&["kubectl delete pod it-1", "run 60s"]);
    assert_eq!(stopped(&cluster, at, "it-1"), Some(9_000), "two seconds after it woke up");

    let mut cluster = probed();
    cluster.after(&["pause it-1 4s", "resume it-1", "hang it-1", "run 6s"]);
    assert!(cluster.run("processes").contains("hung"), "a pause that was taken back does not end a hang");
}

/// Undo, links and the search rest on this: what a fault leaves behind when it is over is nothing.
#[test]
fn a_fault_that_is_over_leaves_nothing_in_the_fingerprint() {
    let quiet = |lines: &[&str]| {
        let mut cluster = probed();
        cluster.after(lines);
        let mut world = cluster.world().clone();
        // What was told and counted differs, and is no matter of the faults.
        let mut plain = probed().world().clone();
        for world in [&mut world, &mut plain] {
            world.events = 0;
        }
        (world.network == plain.network, world.machines == plain.machines, world.faults() == plain.faults())
    };
    for lines in [
        &["cut node-1 --outgoing", "heal node-1"][..],
        &["cut node-1 node-2", "heal node-1 node-2"],
        &["delay etcd 2s", "delay etcd 0s"],
        &["delay cache statefulset 2s", "delay cache statefulset 0s"],
        &["pause controller statefulset", "resume controller statefulset"],
        &["slow start it-1 5s", "slow start it-1 0s"],
        &["fail readiness it-1", "pass readiness it-1"],
    ] {
        assert_eq!(quiet(lines), (true, true, true), "{lines:?}");
    }
}

/// Found by the swarm: after the deadline of a rollout that had been complete, each sync planned the next one 5 ms later.
#[test]
fn a_deployment_that_misses_a_pod_for_long_is_not_looked_at_all_the_time() {
    let mut cluster = Cluster::new(1);
    cluster.apply(
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: it}, spec: {replicas: 1, selector: {matchLabels: {app: it}},
          template: {metadata: {labels: {app: it}}, spec: {containers: [{name: c, image: i}]}}}}",
    );
    cluster.after(&["run 60s"]);
    for node in 0..4 {
        cluster.after(&[&format!("kubectl cordon node-{node}")]);
    }
    cluster.after(&["kubectl delete pods --all --wait=false", "run 15m"]);
    let before = cluster.timeline.position();
    cluster.after(&["run 10m"]);
    let events = cluster.timeline.position() - before;
    assert!(events < 10_000, "{events} events in 10 minutes in which nothing can happen");
}

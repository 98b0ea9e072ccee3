//! What was acknowledged and is gone: disks that go with their pods, and quorums that forget.

use crate::cluster::{Cluster, headless, set};
use petri_sim::words::invariants::Guarantee;

/// A set whose pods keep their data in an `emptyDir`, or each in a claim.
fn keeping(name: &str, replicas: u32, word: &str, claims: bool) -> String {
    let plain = set(name, replicas, word, "petri.dev/dns-cache: 'off'", None);
    assert!(plain.contains("'}]}"), "{plain}");
    let mounted = plain.replace("'}]}", "', volumeMounts: [{name: data, mountPath: /data}]}]VOLUMES}");
    match claims {
        false => mounted.replace("VOLUMES", ", volumes: [{name: data, emptyDir: {}}]"),
        true => {
            mounted.replace("VOLUMES", "")
                + "  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: \
                   {storage: 1Gi}}}}]\n"
        }
    }
}

/// The sentence of the first breach, and when it was.
fn first_breach(cluster: &Cluster) -> Option<(String, u64)> {
    let (at, _, evidence) = cluster.world().invariants.first_broken.get(&Guarantee::Data)?;
    Some((evidence.sentence.to_string(), at.since(cluster.timeline.start()).as_millis()))
}

fn accepted(cluster: &Cluster) -> Vec<u64> {
    cluster.world().disks.iter().map(|disk| disk.journal.accepted).collect()
}

#[test]
fn an_empty_dir_outlives_its_containers_and_its_machine_but_not_its_pod() {
    let mut cluster = Cluster::new(1);
    cluster.apply(&keeping("it", 1, "writer", false));
    cluster.wait(20_000);
    let before = accepted(&cluster)[0];
    assert!(before > 5, "{before}");
    cluster.after(&["crash it-0", "run 20s"]);
    let node = cluster.node_of("it-0");
    cluster.after(&[&format!("reboot {node}"), "run 40s"]);
    let after = accepted(&cluster);
    assert!(after.len() == 1 && after[0] > before + 10, "{after:?}");
    assert_eq!(first_breach(&cluster), None);

    let at = cluster.millis();
    cluster.after(&["kubectl delete pod it-0", "run 10s"]);
    let (sentence, when) = first_breach(&cluster).expect("its data is gone");
    assert!(sentence.ends_with(" acknowledged records are gone with the emptyDir of it-0."), "{sentence}");
    assert!(when > at, "{when}");
    assert!(accepted(&cluster)[0] < 20, "its successor begins with nothing");
}

#[test]
fn a_ghost_writes_on_to_what_is_lost_when_it_ends() {
    let mut cluster = Cluster::new(1);
    cluster.apply(&keeping("it", 1, "writer", false));
    cluster.wait(20_000);
    let node = cluster.node_of("it-0");
    cluster.after(&[&format!("cut {node}"), "run 60s", "kubectl delete pod it-0 --force --grace-period=0", "run 30s"]);
    assert_eq!(first_breach(&cluster), None, "{}", cluster.run("disks"));
    assert_eq!(accepted(&cluster).len(), 2, "two processes, each with a folder of its own");
    let at = cluster.millis();
    cluster.after(&[&format!("heal {node}"), "run 60s"]);
    let (sentence, when) = first_breach(&cluster).expect("the ghost has ended");
    assert!(sentence.contains("emptyDir of it-0") && when > at, "{sentence} at {when}");
}

/// With the machine off nobody can start the pod again once its object is gone.
#[test]
fn the_data_of_a_machine_that_is_off_is_lost_with_the_object_of_its_pod() {
    let mut cluster = Cluster::new(1);
    cluster.apply(&keeping("it", 1, "writer", false));
    cluster.wait(20_000);
    let node = cluster.node_of("it-0");
    cluster.after(&[&format!("power off {node}"), "run 8m"]);
    assert_eq!(first_breach(&cluster), None, "the pod stops, and may yet come back");
    cluster.run("kubectl delete pod it-0 --force --grace-period=0");
    let (_, _, evidence) = cluster.world().invariants.first_broken.get(&Guarantee::Data).expect("it is lost");
    let command = evidence.command.expect("the force delete did it");
    let line = cluster.timeline.recording().commands[command as usize].command.line();
    assert!(line.contains("--force"), "{line}");
}

/// Three members, of which one is cut off and two are replaced one after the other.
fn replaced(claims: bool) -> (Cluster, Vec<u64>) {
    let mut cluster = Cluster::new(1);
    cluster.apply(&headless("q", ", publishNotReadyAddresses: true")).apply(&keeping("q", 3, "quorum", claims));
    cluster.wait(60_000);
    let copies = |cluster: &Cluster| -> Vec<u64> {
        cluster.world().disks.iter().filter_map(|disk| Some(disk.journal.copy.as_ref()?.upto)).collect()
    };
    assert_eq!(copies(&cluster).len(), 3, "{}", cluster.run("disks"));
    let node = cluster.node_of("q-0");
    cluster.after(&[&format!("cut {node}"), "run 30s"]);
    cluster.run("kubectl delete pod q-1 q-2");
    cluster.wait(60_000);
    let left = copies(&cluster);
    (cluster, left)
}

#[test]
fn a_quorum_on_empty_dirs_forgets_what_only_the_replaced_members_knew() {
    let (cluster, _) = replaced(false);
    let (sentence, _) = first_breach(&cluster).expect("records are lost");
    assert!(sentence.contains("no member of default/q has them any more"), "{sentence}");
}

#[test]
fn a_quorum_on_claims_forgets_nothing() {
    let (cluster, copies) = replaced(true);
    assert_eq!(first_breach(&cluster), None);
    assert!(copies.iter().max() > copies.iter().min(), "the one that is cut off is behind: {copies:?}");
}

/// One member at a time, with a write in between, loses nothing: the others have it.
#[test]
fn a_quorum_on_empty_dirs_survives_one_replacement_after_the_other() {
    let mut cluster = Cluster::new(1);
    cluster.apply(&headless("q", ", publishNotReadyAddresses: true")).apply(&keeping("q", 3, "quorum", false));
    cluster.wait(60_000);
    for pod in ["q-0", "q-1", "q-2"] {
        cluster.after(&[&format!("kubectl delete pod {pod}"), "run 30s"]);
    }
    assert_eq!(first_breach(&cluster), None);
    assert_eq!(cluster.program("q-0").tally.reached, 3);
}

/// The majority that remembers is cut off, and two empty members form another one.
#[test]
fn a_majority_that_knows_nothing_goes_on_and_that_is_told() {
    let mut cluster = Cluster::new(1);
    cluster.apply(&headless("q", ", publishNotReadyAddresses: true")).apply(&keeping("q", 3, "quorum", false));
    cluster.wait(60_000);
    let nodes = ["q-0", "q-1"].map(|pod| cluster.node_of(pod));
    assert_ne!(nodes[0], cluster.node_of("q-2"));
    for node in &nodes {
        cluster.run(&format!("cut {node}"));
    }
    cluster.run("run 60s");
    // The two that know everything still run; their names are given to new pods on the machine that is left.
    for node in &nodes {
        cluster.run(&format!("kubectl cordon {node}"));
    }
    cluster.run("kubectl delete pod q-2");
    cluster.run("run 30s");
    cluster.run("kubectl delete pod q-0 q-1 --force --grace-period=0");
    cluster.wait(60_000);
    let (sentence, _) = first_breach(&cluster).expect("a majority without memory");
    assert!(sentence.contains("goes on without") && sentence.contains("that q had acknowledged"), "{sentence}");
}

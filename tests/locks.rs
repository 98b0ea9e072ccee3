//! Being the only one: four locks under crash, freeze, partition and wrong clocks, with and without fencing.

use crate::cluster::{Cluster, headless, set, shared_claim};
use petri_explore::{Problem, Progress, Search};
use petri_sim::ground::clock::Span;
use petri_sim::ground::scenario::Scenario;
use petri_sim::reality::journal::Verdict;
use petri_sim::words::command::Command;
use petri_sim::words::invariants::Guarantee;
use std::rc::Rc;

/// Two candidates for a lock, a minute after their start, and the names of the holder and of the other one.
fn two(word: &str, notes: &str, seed: u64) -> (Cluster, String, String) {
    let mut cluster = Cluster::new(seed);
    cluster.apply(&set("it", 2, word, notes, None));
    cluster.wait(60_000);
    let holder = cluster.tenures()[0].by[..4].to_owned();
    let other = if holder == "it-0" { "it-1" } else { "it-0" };
    (cluster, holder, other.into())
}

/// When the last tenure began, in milliseconds since the start.
fn last_begin(cluster: &Cluster) -> u64 {
    let last = cluster.tenures().last().expect("somebody has held the lock");
    last.from.since(cluster.timeline.start()).as_millis()
}

fn end_of(cluster: &Cluster, index: usize) -> u64 {
    let end = cluster.tenures()[index].to.expect("the tenure is over");
    end.since(cluster.timeline.start()).as_millis()
}

/// C-160, upstream: `TestTryAcquireOrRenewLeases`.
#[test]
fn of_two_candidates_one_holds_the_lease() {
    let (mut cluster, ..) = two("elector", "", 1);
    assert_eq!(cluster.tenures().len(), 1);
    let lease = cluster.run("kubectl get lease leader -o yaml");
    assert!(lease.contains("leaseTransitions: 0") && lease.contains("leaseDurationSeconds: 15"), "{lease}");
    assert!(lease.contains("holderIdentity: it-"), "{lease}");
    assert!(cluster.run("kubectl events").contains("became leader"));
}

/// C-161: fifteen seconds after the last renewal, and up to 4.4 s (one poll) twice later.
#[test]
fn after_a_crash_the_lease_has_to_run_out() {
    for seed in 1..8 {
        let (mut cluster, holder, _) = two("elector", "", seed);
        let node = cluster.node_of(&holder);
        let at = cluster.millis();
        cluster.run(&format!("power off {node}"));
        cluster.wait(40_000);
        let taken = last_begin(&cluster) - at;
        assert!((13_000..=23_800).contains(&taken), "{taken}");
        assert!(cluster.run("kubectl get lease leader -o yaml").contains("leaseTransitions: 1"));
        assert!(!cluster.was_broken(Guarantee::OneLeader));
    }
}

/// C-162, upstream: `TestReleaseOnCancellation_Leases`.
#[test]
fn who_gives_the_lock_back_is_followed_within_a_poll() {
    for word in ["elector", "configmap-lock"] {
        let (mut cluster, holder, _) = two(word, "petri.dev/release-on-cancel: 'true', petri.dev/stop-delay: 5s", 1);
        let at = cluster.millis();
        cluster.run(&format!("kubectl delete pod {holder} --wait=false"));
        cluster.wait(20);
        if word == "elector" {
            let lease = cluster.run("kubectl get lease leader -o yaml");
            assert!(lease.contains("holderIdentity: \"\"") && lease.contains("leaseDurationSeconds: 1"), "{lease}");
        }
        cluster.wait(6_000);
        assert!(last_begin(&cluster) - at <= 4_420, "{}", last_begin(&cluster) - at);
        assert_eq!(cluster.tenures().len(), 2);
    }
}

/// C-163: the old leader stops within twelve seconds, the new one begins after fifteen at the earliest.
#[test]
fn a_leader_that_is_cut_off_stops_before_the_next_begins() {
    for (word, seed) in [("elector", 1), ("elector", 2), ("elector", 3), ("configmap-lock", 1), ("session-lock", 1)] {
        let (mut cluster, holder, _) = two(word, "", seed);
        let node = cluster.node_of(&holder);
        let at = cluster.millis();
        cluster.run(&format!("cut {node}"));
        cluster.wait(40_000);
        let (stopped, begun) = (end_of(&cluster, 0), last_begin(&cluster));
        assert!(stopped < begun, "{word}: stopped {stopped}, begun {begun}");
        if word != "session-lock" {
            assert!((8_000..=12_000).contains(&(stopped - at)), "{word}: {}", stopped - at);
            assert!((13_000..=23_800).contains(&(begun - at)), "{word}: {}", begun - at);
        }
        assert!(!cluster.was_broken(Guarantee::OneLeader), "{word}");
    }
}

/// C-164: a leader that was frozen writes on when it wakes; only a disk that knows tokens stops it.
#[test]
fn a_frozen_leader_wakes_and_writes_unless_the_disk_knows_better() {
    for (word, fencing) in [("elector", false), ("elector", true), ("configmap-lock", false), ("session-lock", true)] {
        let mut cluster = Cluster::new(1);
        cluster.apply(&shared_claim("shared", fencing)).apply(&set("it", 2, word, "", Some("shared")));
        cluster.wait(60_000);
        let holder = cluster.tenures()[0].by[..4].to_owned();
        cluster.run(&format!("hang {holder}"));
        cluster.wait(45_000);
        assert_eq!(cluster.tenures().len(), 2, "{word}: somebody else holds the lock");
        assert!(!cluster.was_broken(Guarantee::OneLeader), "a frozen process does not act");
        cluster.run(&format!("unhang {holder}"));
        cluster.wait(15_000);
        assert!(cluster.was_broken(Guarantee::OneLeader), "{word}");
        assert!(!cluster.is_broken(Guarantee::OneLeader), "{word}: it has noticed");
        let disk = cluster.world().disks.iter().next().expect("there is a disk");
        let has = |verdict| disk.journal.entries.iter().any(|entry| entry.verdict == verdict);
        assert_eq!(has(Verdict::AcceptedStale), !fencing, "{word}");
        assert_eq!(has(Verdict::RefusedOldToken), fencing, "{word}");
        assert_eq!(cluster.was_broken(Guarantee::Data), !fencing, "{word}");
    }
}

/// C-165: only spans matter, and each side measures them with its own clock.
#[test]
fn a_clock_that_is_an_hour_ahead_changes_nothing() {
    let (mut cluster, _, other) = two("elector", "", 1);
    let node = cluster.node_of(&other);
    cluster.run(&format!("clock {node} --ahead=1h"));
    cluster.wait(600_000);
    assert_eq!(cluster.tenures().len(), 1);
}

/// C-166: with a clock at double speed fifteen seconds are over after seven and a half.
#[test]
fn a_follower_whose_clock_runs_twice_as_fast_takes_over_too_early() {
    let (mut cluster, holder, other) = two("elector", "", 1);
    let (node, theirs) = (cluster.node_of(&other), cluster.node_of(&holder));
    cluster.run(&format!("clock {node} --rate=200%"));
    cluster.wait(60_000);
    assert_eq!(cluster.tenures().len(), 1, "as long as renewals are seen, nothing happens");
    let at = cluster.millis();
    cluster.run(&format!("cut {theirs}"));
    cluster.wait(30_000);
    let begun = last_begin(&cluster) - at;
    assert!((5_500..=11_900).contains(&begun), "{begun}");
    assert!(begun < end_of(&cluster, 0) - at, "the old leader still acts");
    assert!(cluster.was_broken(Guarantee::OneLeader));
}

/// C-167: the successor of a crashed process waits for the session of its predecessor, even under the same name.
#[test]
fn a_session_outlives_its_process_by_its_timeout() {
    let mut cluster = Cluster::new(1);
    cluster.apply(&set("it", 1, "session-lock", "petri.dev/session-timeout: 30s", None));
    cluster.wait(60_000);
    let heard = cluster.program("it-0").hold.heard;
    cluster.run("crash it-0");
    cluster.wait(5_000);
    assert!(!cluster.program("it-0").hold.acts, "it runs again and waits");
    cluster.wait(40_000);
    assert_eq!(cluster.tenures().len(), 2);
    assert_eq!(cluster.tenures()[1].from.since(heard), Span::seconds(30));
}

#[test]
fn a_ttl_lock_expires_while_its_holder_works_and_gives_no_token() {
    let mut cluster = Cluster::new(1);
    let notes = "petri.dev/ttl: 15s, petri.dev/hold: 40s";
    cluster.apply(&shared_claim("shared", false)).apply(&set("it", 2, "ttl-lock", notes, Some("shared")));
    cluster.wait(60_000);
    assert!(cluster.was_broken(Guarantee::OneLeader), "work that takes longer than the lock lasts");
    assert!(cluster.was_broken(Guarantee::Data));
    assert!(cluster.tenures().iter().all(|tenure| tenure.token.is_none()));
}

#[test]
fn a_fenced_disk_asks_everybody_for_a_token() {
    let mut cluster = Cluster::new(1);
    cluster.apply(&shared_claim("shared", true)).apply(&set("it", 1, "writer", "", Some("shared")));
    cluster.wait(60_000);
    let ledger = cluster.run("ledger shared");
    assert!(ledger.contains("refused, no token") && ledger.contains("0 records accepted"), "{ledger}");
}

#[test]
fn records_go_with_the_disk_unless_it_is_retained() {
    let mut cluster = Cluster::new(1);
    cluster.apply(&shared_claim("shared", false)).apply(&set("it", 1, "writer", "", Some("shared")));
    cluster.wait(60_000);
    let ledger = cluster.run("ledger shared");
    assert!(ledger.contains("takes every record"), "{ledger}");
    cluster.after(&["kubectl delete sts it", "run 60s", "kubectl delete pvc shared", "run 60s"]);
    assert!(cluster.was_broken(Guarantee::Data), "{}", cluster.run("guarantees"));
}

/// A majority of three is two: one may fail. Whoever is cut off refuses, the others go on.
#[test]
fn a_quorum_takes_writes_as_long_as_a_majority_is_reached() {
    let mut cluster = Cluster::new(1);
    let off = "petri.dev/dns-cache: 'off'";
    cluster.apply(&headless("q", ", publishNotReadyAddresses: true")).apply(&set("q", 3, "quorum", off, None));
    cluster.wait(60_000);
    assert_eq!(cluster.program("q-0").tally.reached, 3);
    let nodes = ["q-0", "q-1", "q-2"].map(|pod| cluster.node_of(pod));
    cluster.run(&format!("cut {}", nodes[0]));
    cluster.wait(5_000);
    assert!(!cluster.program("q-0").tally.accepts);
    assert!(cluster.program("q-1").tally.accepts);
    assert!(!cluster.was_broken(Guarantee::Quorum));
    cluster.run(&format!("cut {}", nodes[1]));
    cluster.wait(5_000);
    assert!(cluster.is_broken(Guarantee::Quorum), "{}", cluster.run("guarantees"));
    cluster.after(&[&format!("heal {}", nodes[0]), &format!("heal {}", nodes[1])]);
    cluster.wait(60_000);
    assert!(!cluster.is_broken(Guarantee::Quorum), "{}", cluster.run("workloads"));
}

#[test]
fn unknown_images_are_plain_servers_and_say_so() {
    let mut cluster = Cluster::new(1);
    cluster.apply(&set("it", 1, "toaster", "", None)).apply(&set("me", 1, "elector", "", None));
    cluster.wait(30_000);
    let text = cluster.run("workloads");
    assert!(text.contains("\"toaster\" is no known workload, so it is taken for a plain server"), "{text}");
    assert!(text.contains("elects a leader on the Lease leader"), "{text}");
}

#[test]
fn plain_behaviours_are_declared_by_image() {
    let mut cluster = Cluster::new(1);
    for word in ["crasher", "slow-starter", "slow-stopper", "never-ready"] {
        cluster.apply(&set(word, 1, word, "", None));
    }
    cluster.wait(30_000);
    let pods = cluster.run("kubectl get pods");
    let line = |name: &str| pods.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    assert!(line("crasher-0").contains("CrashLoopBackOff"), "{pods}");
    assert!(line("slow-starter-0").contains("0/1"), "{pods}");
    cluster.run("kubectl annotate pod never-ready-0 note=it");
    cluster.run("kubectl delete pod slow-stopper-0 --grace-period=120 --wait=false");
    cluster.wait(50_000);
    let pods = cluster.run("kubectl get pods");
    let line = |name: &str| pods.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    assert!(line("slow-starter-0").contains("1/1"), "{pods}");
    assert!(line("never-ready-0").contains("0/1"), "{pods}");
    assert!(line("slow-stopper-0").contains("Terminating"), "{pods}");
    cluster.wait(20_000);
    assert_eq!(cluster.run("kubectl get pod slow-stopper-0 --no-headers").split_whitespace().nth(2), Some("Running"));
}

/// Two holders of a Lease on one disk, and any two of these faults at any moments, with what undoes them.
fn search(fencing: bool) -> Result<u64, String> {
    let manifests = [shared_claim("shared", fencing), set("it", 2, "elector", "", Some("shared"))].join("---\n");
    let documents = petri_manifest::parse(&manifests).documents;
    let setup: Vec<Command> = documents.into_iter().map(|d| Command::Apply(Rc::new(d.value))).collect();
    let mut cluster = Cluster::new(1);
    cluster.apply(&shared_claim("shared", fencing)).apply(&set("it", 2, "elector", "", Some("shared")));
    cluster.wait(40_000);
    let holder = cluster.tenures()[0].by[..4].to_owned();
    let other = if holder == "it-0" { "it-1" } else { "it-0" };
    let node = |pod: &str| petri_objects::Name::from(cluster.node_of(pod));
    let pod = |name: &str| petri_objects::ObjectRef::new(petri_objects::Kind::Pod, "default", name);
    let hang = |name: &str, on| Command::Hang { pod: pod(name), on };
    let faults: [(Command, Option<Command>); 5] = [
        (hang(&holder, true), Some(hang(&holder, false))),
        (Command::Cut { node: node(&holder) }, Some(Command::Heal { node: node(&holder) })),
        (Command::Crash { pod: pod(&holder), exit_code: 1 }, None),
        (Command::SetClock { node: node(&holder), percent: 50, ahead_seconds: 0 }, None),
        (Command::SetClock { node: node(other), percent: 300, ahead_seconds: 0 }, None),
    ];
    let mut total = 0;
    for (index, first) in faults.iter().enumerate() {
        for second in &faults[index + 1..] {
            let menu = [first, second].into_iter().flat_map(|(fault, undo)| [Some(fault.clone()), undo.clone()]);
            let problem = Problem {
                scenario: Scenario::standard(),
                seed: 1,
                setup: setup.clone(),
                settle: Span::seconds(40),
                menu: menu.flatten().collect(),
                guarantee: Guarantee::Data,
                horizon: Span::seconds(50),
                step: Span::seconds(10),
            };
            match Search::new(problem).finish() {
                Progress::Exhausted { states } => total += states,
                Progress::Found { recording, evidence, .. } => {
                    let lines: Vec<String> =
                        recording.commands.iter().skip(2).map(|stamped| stamped.command.line()).collect();
                    return Err(format!("{}: {}", lines.join("; "), evidence.sentence));
                }
                Progress::Searching { .. } => unreachable!("the search was run to its end"),
            }
        }
    }
    Ok(total)
}

#[test]
fn no_schedule_of_two_faults_gets_a_stale_record_onto_a_fenced_disk() {
    let states = search(true).expect("tokens keep the past out");
    assert!(states > 500, "{states}");
}

#[test]
fn without_fencing_a_freeze_is_enough_for_a_stale_record() {
    let found = search(false).expect_err("nothing keeps the past out");
    assert!(found.contains("hang pod/it-") && found.contains("which had lost its lock"), "{found}");
}

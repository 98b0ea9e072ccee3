//! Locks, budgets, disks and clients of real runs, as the tables and the inspector tell them.

use super::*;
use crate::view::{bonds, budgets, clients, dns, locks};

/// The manifests of a transcript: what the tests of the engine run is what is shown here.
fn manifests(transcript: &str) -> String {
    let path = format!("{}/../../tests/transcripts/{transcript}.md", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the transcript is there");
    let blocks = text.split("```yaml manifest").skip(1);
    let blocks = blocks.map(|block| block.split_once('\n').expect("a block has lines").1);
    blocks.map(|block| block.split("```").next().unwrap_or_default()).collect::<Vec<_>>().join("---\n")
}

fn running(transcript: &str, seconds: u64) -> Run {
    let mut run = Run::new(Scenario::standard());
    run.apply(&manifests(transcript));
    run.play(seconds);
    run
}

fn pod(name: &str) -> ObjectRef {
    ObjectRef::new(Kind::Pod, "default", name)
}

#[test]
fn a_frozen_leader_and_its_successor_both_believe_to_hold_the_lock() {
    let mut run = running("a-fence-keeps-the-past-out", 60);
    let row = locks::rows(&run.facts()).remove(0);
    assert_eq!((row.name.as_str(), row.kind, row.tone), ("lease", "Lease", Tone::Calm));
    let leader = row.holder.split('_').next().expect("holders are named after pods").to_owned();
    assert!(row.believers.starts_with(&leader) && row.expires.starts_with("in "), "{row:#?}");

    run.command(Command::Hang { pod: pod(&leader), on: true });
    run.play(30);
    let lock = locks::lock(&"default/lease/lease".into(), &run.facts());
    assert_eq!(lock.row.tone, Tone::Risk);
    assert!(lock.sentence.contains("hangs and takes itself for the holder"), "{}", lock.sentence);
    assert!(!lock.row.holder.starts_with(&leader), "the record names the successor: {:#?}", lock.row);
    let believers = lock
        .candidates
        .iter()
        .filter(|c| c.state.contains("act as its holder") || c.state.contains("acts as its holder"))
        .count();
    assert_eq!(believers, 2, "{:#?}", lock.candidates);
    assert!(lock.tenures[0].overlaps, "{:#?}", lock.tenures);

    run.command(Command::Hang { pod: pod(&leader), on: false });
    run.play(15);
    let claim = Target::Claim(ObjectRef::new(Kind::PersistentVolumeClaim, "default", "shared"));
    let story = bonds::story(&claim, &run.facts()).expect("the claim exists");
    let refused = story.records.iter().filter(|record| record.verdict == "refused, old token").count();
    assert!(refused > 0 && story.tone == Tone::Calm, "{}", story.summary);
    assert!(story.summary.contains("It refuses tokens of default/lease/lease below 1."), "{}", story.summary);
    assert!(story.records.windows(2).all(|pair| pair[0].first <= pair[1].first), "in the order of arrival");
}

#[test]
fn four_sorts_of_locks_are_read_in_the_same_way() {
    let run = running("four-locks-fail-over", 90);
    let rows = locks::rows(&run.facts());
    let mut kinds: Vec<&str> = rows.iter().map(|row| row.kind).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["ConfigMap", "Lease", "TTL lock", "session lock"]);
    for row in &rows {
        assert!(row.holder == "nobody" || row.expires.starts_with("in "), "{row:#?}");
    }
    let heartbeats = locks::heartbeats(&run.facts());
    assert_eq!(heartbeats.len(), 4);
    assert!(heartbeats.iter().all(|row| row.believers == "its kubelet runs" && !row.expired));
}

#[test]
fn the_lease_of_a_lost_node_expires() {
    let mut run = Run::calm();
    run.command(Command::Cut { node: "node-1".into() });
    run.play(60);
    let rows = locks::heartbeats(&run.facts());
    let row = rows.iter().find(|row| row.name == "node-1").expect("it has a Lease");
    assert!(row.expired && row.expires.ends_with(" ago") && row.tone == Tone::Risk, "{row:#?}");
    assert_eq!(row.believers, "its kubelet runs, and cannot say so");
}

#[test]
fn a_client_remembers_what_the_dns_has_forgotten() {
    let mut run = running("a-client-remembers-too-long", 60);
    run.command(Command::Delete { target: pod("web-0"), grace_seconds: None, propagation: Propagation::Background });
    run.play(10);
    let found = clients::clients(&run.facts());
    let remembers = found.iter().find(|client| client.name == "remembers-0").expect("it calls");
    assert!(remembers.does.contains("by a remembered answer") && remembers.tone == Tone::Risk, "{remembers:#?}");
    let kept = &remembers.cache[0];
    assert!(kept.now.as_ref().is_some_and(|now| *now != kept.answer) && (1..=30).contains(&kept.left), "{kept:#?}");
    let asks = found.iter().find(|client| client.name == "asks-0").expect("it calls");
    assert!(asks.cache.is_empty());
}

#[test]
fn every_record_is_listed_and_a_pod_has_a_name_worth_asking_for() {
    let run = Run::calm();
    let facts = run.facts();
    let served = dns::served(&facts);
    let names: Vec<(&str, &str)> = served.iter().map(|record| (record.name.as_str(), record.kind)).collect();
    assert_eq!(names, [("rg", "A"), ("rg", "A"), ("rg", "A"), ("rg-0.rg", "A"), ("rg-1.rg", "A"), ("rg-2.rg", "A")]);
    assert_eq!(dns::worth_asking(Some(&pod("rg-1")), &facts), "rg-1.rg");
}

const BUDGET: &str = "
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: rg }
spec:
  minAvailable: 2
  selector: { matchLabels: { app: rg } }
";

#[test]
fn a_budget_says_which_pods_it_guards_and_why_an_eviction_is_refused() {
    let mut run = Run::calm();
    run.apply(BUDGET);
    run.play(5);
    let object = ObjectRef::new(Kind::PodDisruptionBudget, "default", "rg");
    let calm = budgets::budget(&object, &run.facts()).expect("it exists");
    assert_eq!((calm.row.allowed, calm.row.verdict.as_str()), (1, "1 healthy pod may be evicted"));
    assert!(calm.pods.iter().all(|pod| pod.refused.is_none() && pod.state == "healthy"), "{:#?}", calm.pods);

    run.command(Command::Evict { pod: pod("rg-2"), grace_seconds: None });
    run.play(1);
    let spent = budgets::budget(&object, &run.facts()).expect("it exists");
    assert_eq!((spent.row.allowed, spent.row.tone), (0, Tone::Risk));
    let refused = spent.pods.iter().find(|pod| pod.name == "rg-0").and_then(|pod| pod.refused.clone());
    assert_eq!(refused.as_deref(), Some("The disruption budget rg needs 2 healthy pods and has 2 currently."));
    let leaving = spent.pods.iter().find(|pod| pod.name == "rg-2").expect("it is still there");
    assert_eq!((leaving.state, &leaving.refused), ("stopping", &None));
}

#[test]
fn a_disk_tells_its_bonds_and_who_could_write() {
    let mut run = Run::calm();
    let claim = Target::Claim(ObjectRef::new(Kind::PersistentVolumeClaim, "default", "logs-rg-1"));
    let bond = |run: &Run, what: &str| {
        let story = bonds::story(&claim, &run.facts()).expect("the claim exists");
        story.bonds.iter().find(|bond| bond.what == what).map(|bond| bond.text.clone()).unwrap_or_default()
    };
    assert_eq!(bond(&run, "Owner"), "nobody: it stays when its pod and its set go");
    assert!(bond(&run, "Used by").starts_with("rg-1 "));
    assert_eq!(bond(&run, "Reclaim"), "Delete: the disk goes with the claim");
    assert_eq!(bond(&run, "Attached to"), run.node_of("rg-1").to_string());

    let node = run.node_of("rg-1");
    run.command(Command::Cut { node });
    run.play(360);
    run.command(force_delete("rg-1"));
    run.play(380);
    let story = bonds::story(&claim, &run.facts()).expect("the claim exists");
    let notes: Vec<&str> = story.writers.iter().map(|writer| writer.note).collect();
    assert_eq!(notes, ["one of two, no object", "one of two"]);
    let mounted = story.bonds.iter().filter(|bond| bond.what == "Mounted on").collect::<Vec<_>>();
    assert!(mounted.iter().any(|bond| bond.text.ends_with(", though detached") && bond.tone == Tone::Broken));
}

#[test]
fn rows_are_sorted_and_filtered_as_somebody_wants() {
    use crate::view::arrange::{Arrangement, Column, arranged};
    use crate::view::table::rows;
    let mut run = Run::calm();
    run.apply(&web(3));
    run.play(30);
    run.command(Command::Cut { node: run.node_of("rg-1") });
    run.play(60);
    let all = rows(&run.view(), &run.facts());
    let names = |arrangement: &Arrangement| {
        arranged(&all, arrangement).into_iter().map(|row| row.name).collect::<Vec<String>>()
    };
    let plain = Arrangement::default();
    assert_eq!(names(&plain), all.iter().map(|row| row.name.clone()).collect::<Vec<_>>());
    let by_name = plain.by(Column::Name);
    assert!(names(&by_name).iter().eq(names(&by_name.by(Column::Name)).iter().rev()), "again turns it round");
    assert!(by_name.by(Column::Name).by(Column::Name).is_plain(), "a third time gives it up");
    assert!(names(&plain.by(Column::Age))[0].starts_with("web-"), "the youngest first");
    let node = run.node_of("rg-1");
    let on_node = Arrangement { words: format!("RG {node}"), ..plain.clone() };
    assert_eq!(names(&on_node), ["rg-1"], "owner and node together");
    let trouble = names(&Arrangement { trouble: true, ..plain.clone() });
    assert!(trouble.contains(&"rg-1".to_owned()) && !trouble.contains(&"rg-0".to_owned()), "{trouble:?}");
    assert!(names(&Arrangement { words: "nowhere".into(), ..plain }).is_empty());
}

//! The swarm as everybody's tests run it: a few seeds with the engine for development. The step `swarm` of `cargo xtask test`
//! plays as many as two minutes give, and `cargo xtask test --only planted` shows that errors are found.

use petri_lessons::transcript::{self, Options};
use petri_sim::ground::clock::Span;
use petri_sim::world::Grain;
use petri_swarm::oracle::Rule;
use petri_swarm::play::{Company, play};
use petri_swarm::script::{Script, Step};
use petri_swarm::{once, run, shrink};

/// How many seeds; `PETRI_SWARM` asks for more, or fewer.
fn seeds() -> u64 {
    std::env::var("PETRI_SWARM").ok().and_then(|text| text.parse().ok()).unwrap_or(200)
}

#[test]
fn whatever_happens_to_a_cluster_it_comes_to_rest_as_it_should() {
    let mut lines = 0;
    for seed in 0..seeds() {
        let run = run(seed);
        lines += run.played.marks.len();
        let complaints: Vec<String> = run.played.complaints.iter().map(|complaint| complaint.to_string()).collect();
        let quiet = &run.played.quiet;
        assert!(complaints.is_empty(), "{}", run.script.transcript(&format!("{seed}: {complaints:#?}"), quiet));
    }
    assert!(lines as u64 > seeds() * 10, "the swarm did next to nothing");
}

#[test]
fn a_run_of_the_swarm_is_a_transcript() {
    for seed in [1, 2, 3, 5, 8] {
        let (script, played) = once(seed, Company::Alone);
        let text = script.transcript("A run", &played.quiet);
        let report = transcript::run(&text, &Options { rewrite: false, ..Options::default() }).expect("it can be run");
        assert!(report.is_ok(), "{:?}", report.mismatches);
        assert_eq!(report.recording.commands, played.recording.commands, "seed {seed}");
    }
}

#[test]
fn a_failure_is_made_small() {
    // A rule that is broken on purpose: nothing undoes an `unschedulable` that a manifest asks for again and again.
    let set = r#"{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"web","annotations":{"a":"b"}},
        "spec":{"replicas":3,"serviceName":"web","selector":{"matchLabels":{"app":"web"}},
        "template":{"metadata":{"labels":{"app":"web"}},"spec":{"nodeName":"node-9",
        "containers":[{"name":"c","image":"server:1"}]}}}}"#;
    let manifest = serde_json::from_str(set).expect("it is JSON");
    let line = |text: &str| Step::Line(text.into());
    let steps = vec![
        line("cut node-1"),
        Step::Run(Span::millis(1_234)),
        Step::Manifest { verb: "apply", manifest },
        Step::Run(Span::seconds(77)),
        line("kubectl scale sts web --replicas=2"),
        line("reboot node-2"),
    ];
    let script = Script { scenario: "sized-3".into(), seed: 7, grain: Grain::Fine, steps };
    let before = play(&script, Company::Watched);
    assert!(before.complaints.iter().any(|complaint| complaint.rule == Rule::Complete), "{:?}", before.complaints);
    let (small, played) = shrink::shrink(&script, Rule::Complete);
    assert_eq!((small.steps.len(), &*small.scenario, small.grain), (1, "standard", Grain::Coarse), "{small:?}");
    let Step::Manifest { manifest, .. } = &small.steps[0] else { panic!("{small:?}") };
    assert!(manifest.pointer("/metadata/annotations").is_none() && manifest.pointer("/spec/replicas").is_none());
    assert!(played.complaints.iter().any(|complaint| complaint.rule == Rule::Complete));
}

//! What a link carries from an embed to the whole page (E18): moment, edits and branches, in every round trip.

use petri_lessons::fence::Fence;
use petri_lessons::fence::run::{Run, play};
use petri_objects::Span;
use petri_sim::ground::limits::MAX_COURSES;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::link;
use petri_sim::story::recording::{ENGINE, Recording};
use petri_sim::story::shared::Shared;
use petri_sim::story::timeline::Timeline;
use petri_tests::Chance;
use std::collections::BTreeMap;

fn files() -> BTreeMap<String, String> {
    petri_lessons::examples().iter().map(|(name, text)| (name.to_string(), text.to_string())).collect()
}

/// As *Open in Petri* and a parked frame make it.
fn sent(timeline: &Timeline) -> String {
    let shared = Shared::new(timeline.recording().clone(), timeline.now(), timeline.end());
    link::to_fragment(&Shared { branches: timeline.courses(), ..shared })
}

/// As the page opens it.
fn opened(fragment: &str) -> Timeline {
    Timeline::opened(link::from_fragment(fragment).expect("it is a link").unwrap_or_else(|refused| panic!("{refused}")))
}

/// All that somebody can see of a run, its branches played to their ends as well.
fn seen(timeline: &Timeline) -> Vec<String> {
    let mut seen = vec![
        format!("{:?} of {:?}", timeline.now(), timeline.end()),
        format!("{:?}", timeline.recording().commands),
        timeline.world().fingerprint().to_string(),
    ];
    for number in 0..timeline.branches().len() {
        let branch = &timeline.branches()[number];
        seen.push(format!("{:?} {} {:?}", branch.from, branch.label, branch.end));
        let mut there = timeline.clone();
        there.switch(number);
        seen.push(there.world().fingerprint().to_string());
    }
    seen
}

#[test]
fn moment_edits_and_branches_arrive_in_100_of_100_round_trips() {
    let (files, mut chance) = (files(), Chance::new(18));
    let mut with_branches = 0;
    for trip in 0..100 {
        let mut timeline = Timeline::new(Recording::new(Scenario::standard(), chance.draw()));
        let say = |line: &str, timeline: &mut Timeline| petri_console::run(line, timeline, &files);
        say("kubectl apply -f my-sts.yaml", &mut timeline);
        for _ in 0..2 + chance.below(8) {
            timeline.play_until(timeline.now() + Span::millis(1 + chance.draw() % 60_000));
            let node = chance.below(3);
            let line = match chance.below(6) {
                0 => format!("cut node-{node}"),
                1 => format!("heal node-{node}"),
                2 => format!("kubectl scale sts/my-sts --replicas={node}"),
                3 => format!("kubectl delete pod my-sts-{node} --force --grace-period=0"),
                4 => format!("kubectl annotate sts my-sts note=\"trip {trip}\" --overwrite"),
                _ => "kubectl apply -f lease.yaml".to_owned(),
            };
            // Every other edit is one of the past, and parts two courses.
            if chance.below(2) == 0 {
                let since = timeline.end().since(timeline.start()).0;
                timeline.seek(timeline.start() + Span(chance.draw() % since.max(1)));
            }
            say(&line, &mut timeline);
        }
        let since = timeline.end().since(timeline.start()).0;
        timeline.seek(timeline.start() + Span(chance.draw() % since.max(1)));
        with_branches += usize::from(!timeline.branches().is_empty());
        let fragment = sent(&timeline);
        let there = opened(&fragment);
        assert_eq!(seen(&there), seen(&timeline), "trip {trip}");
        assert_eq!(sent(&there), fragment, "trip {trip}");
    }
    assert!(with_branches > 50, "{with_branches} trips with branches");
}

#[test]
fn a_link_to_a_run_of_a_lesson_is_short_and_names_its_engine() {
    let lessons = petri_lessons::LESSONS.iter().map(|lesson| (format!("{}.md", lesson.id), lesson.text().to_owned()));
    let texts: BTreeMap<String, String> = files().into_iter().chain(lessons).collect();
    for lesson in petri_lessons::LESSONS {
        let run: Run = play(&Fence::read(&format!("lesson={}", lesson.id), ""), &texts).expect("it plays");
        let fragment = sent(&run.timeline);
        assert!(fragment.len() <= 2_000, "{}: {} characters", lesson.id, fragment.len());
        let shared = link::from_fragment(&fragment).expect("it is a link").expect("it opens");
        assert_eq!(&*shared.recording.engine, ENGINE);
    }
}

#[test]
fn branches_beyond_the_limit_are_left_the_oldest_first_and_refused_from_others() {
    let files = files();
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 1));
    timeline.play_until(timeline.start() + Span::seconds(1));
    for number in 0..=MAX_COURSES + 1 {
        // Each before the one before, which is left by that.
        timeline.seek(timeline.start() + Span::millis((MAX_COURSES + 2 - number) as u64));
        petri_console::run(&format!("kubectl label node node-0 n=n{number}"), &mut timeline, &files);
    }
    assert_eq!(timeline.branches().len(), MAX_COURSES + 1);
    let courses = timeline.courses();
    assert_eq!(courses.len(), MAX_COURSES);
    assert!(format!("{:?}", courses[0]).contains("n1"), "the newest are kept");
    let shared = Shared::new(timeline.recording().clone(), timeline.now(), timeline.end());
    let many = Shared { branches: courses.iter().chain(&courses).cloned().collect(), ..shared.clone() };
    let refused = Shared::from_json(&many.to_json()).expect_err("they are too many");
    assert_eq!(refused.words, format!("the recording has more than {MAX_COURSES} branches"));
    let mut wrong = courses;
    wrong.truncate(1);
    wrong[0].shares = 99;
    let refused = Shared::from_json(&Shared { branches: wrong, ..shared }.to_json()).expect_err("it shares too much");
    assert_eq!(refused.words, "branch 1 shares more commands than there are");
}

use super::choices::SETTINGS;
use super::pair::{Row, TWICE};
use super::*;
use petri_objects::{Kind, ObjectRef, Span};
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::link;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::command::{Command, Propagation};
use std::rc::Rc;

/// A file that was applied, a minute ago.
fn applied(text: &str) -> Timeline {
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 7));
    for document in &petri_manifest::parse(text).documents {
        timeline.command(Command::Apply(Rc::new(document.value.clone()))).expect("it is valid");
    }
    timeline.play_until(timeline.now() + Span::seconds(60));
    timeline
}

fn calm() -> Timeline {
    applied(petri_lessons::examples()[0].1)
}

/// The first visit's bad day: a machine is cut off, and its pod deleted by force.
fn bad_day() -> Timeline {
    let mut timeline = calm();
    let wait = |timeline: &mut Timeline, seconds| timeline.play_until(timeline.now() + Span::seconds(seconds));
    let pod = timeline.world().objects().pods.values().last().expect("it runs").clone();
    timeline.command(Command::Cut { node: pod.spec.node_name.clone() }).expect("there is such a machine");
    wait(&mut timeline, 400);
    let target = ObjectRef::new(Kind::Pod, "default", pod.metadata.name.clone());
    let delete = Command::Delete { target, grace_seconds: Some(0), propagation: Propagation::Background };
    timeline.command(delete).expect("it can be deleted");
    wait(&mut timeline, 420);
    timeline
}

fn object(course: &Course, kind: Kind, name: &str) -> Option<petri_objects::Object> {
    course.timeline.world().objects().get(&ObjectRef::new(kind, "default", name))
}
fn pair(timeline: &Timeline, key: &str, files: &[(String, Rc<str>)]) -> Pair {
    let found = choices(timeline, files);
    let other = found.iter().find(|choice| choice.key == key).unwrap_or_else(|| panic!("no {key} in {found:#?}"));
    Pair::play(&found[0].recording, &other.recording, timeline.end())
}
fn row(pair: &Pair, what: &str) -> Row {
    pair.rows().into_iter().find(|row| row.what == what).expect("it is measured")
}

#[test]
fn without_the_force_delete_no_name_exists_twice_and_nothing_serves_in_its_place() {
    let timeline = bad_day();
    let at = timeline.recording().commands.len() - 1;
    let pair = pair(&timeline, &format!("without-{at}"), &[]);
    let duplicates = row(&pair, TWICE);
    assert_ne!(duplicates.a, "0 s", "{:#?}", pair.rows());
    assert_eq!(duplicates.b, "0 s");
    assert!(duplicates.difference.ends_with(" more in A"), "{duplicates:?}");
    let verdict = pair.verdict();
    assert!(verdict.contains(&format!("and one name runs twice for {}. In B ", duplicates.a)), "{verdict}");
    assert!(verdict.starts_with("In A both pods serve again after "), "{verdict}");
    let measured = pair.measured(timeline.end());
    assert!(measured.starts_with("Measured from cut ") && !measured.contains("beyond"), "{measured}");
    assert!(pair.a.levels.iter().any(|level| level.asked == 2 && level.serving == 1));
}

#[test]
fn a_run_beside_itself_differs_in_nothing() {
    let timeline = bad_day();
    let pair = pair(&timeline, "run", &[]);
    assert!(pair.rows().iter().all(|row| row.difference.is_empty()), "{:#?}", pair.rows());
    assert_eq!(pair.a.levels, pair.b.levels);
}

#[test]
fn another_manifest_has_the_same_bad_day() {
    let timeline = bad_day();
    let other: Rc<str> = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: front}\nspec:\n  replicas: 2\n  \
                          selector: {matchLabels: {app: f}}\n  template:\n    metadata: {labels: {app: f}}\n    spec: \
                          {containers: [{name: c, image: i}]}\n"
        .into();
    let pair = pair(&timeline, "file-front.yaml", &[("front.yaml".into(), other)]);
    assert!(object(&pair.b, Kind::Deployment, "front").is_some());
    assert!(object(&pair.b, Kind::StatefulSet, "rg").is_none());
    assert_eq!(row(&pair, TWICE).b, "0 s", "a Deployment promises no names");
    assert_eq!(row(&pair, "commands refused").b, "1", "there is no rg-1 to delete");
}

#[test]
fn what_was_compared_can_be_opened_from_its_link() {
    let timeline = bad_day();
    for choice in choices(&timeline, &[]) {
        let Some(link) = choice.link(timeline.end()) else { continue };
        let opened = link::from_fragment(&link).expect("it is a link").expect("it opens");
        assert!(link.ends_with(&link::to_fragment(&opened)), "{}", choice.key);
        assert!(opened.recording.scenario.settings == choice.recording.scenario.settings, "{}", choice.key);
    }
}

#[test]
fn a_setting_changes_when_the_control_plane_acts() {
    let timeline = bad_day();
    let found = choices(&timeline, &[]);
    assert!(found.iter().filter(|choice| choice.key.starts_with("setting-")).count() == SETTINGS.len());
    let pair = pair(&timeline, "setting-2", &[]);
    assert_eq!(row(&pair, TWICE).b, "0 s", "without a forced detach the successor waits for ever");
}

#[test]
fn a_comparison_goes_on_until_the_last_command_has_had_its_consequences() {
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 7));
    timeline.play_until(timeline.now() + Span::seconds(30));
    assert_eq!(end(&timeline), timeline.end(), "nothing was done");
    let cut = timeline.now();
    timeline.command(Command::Cut { node: "node-0".into() }).expect("it can be cut");
    assert_eq!(end(&timeline), cut + Span::minutes(8));
    timeline.play_until(cut + Span::minutes(2));
    timeline.command(Command::PowerOff { node: "node-1".into() }).expect("it has power");
    timeline.play_until(cut + Span::minutes(20));
    // Another course, from the middle of the first one, is compared with all of it.
    timeline.seek(cut + Span::minutes(1));
    timeline.command(Command::Heal { node: "node-0".into() }).expect("it can be healed");
    assert_eq!(end(&timeline), cut + Span::minutes(20));
}

/// A drain of the machine of the last pod.
fn drained() -> Timeline {
    let mut timeline = calm();
    let pod = timeline.world().objects().pods.values().last().expect("it runs").clone();
    timeline.command(Command::Cordon { node: pod.spec.node_name.clone(), on: true }).expect("there is such a machine");
    let target = ObjectRef::new(Kind::Pod, "default", pod.metadata.name.clone());
    timeline.command(Command::Evict { pod: target, grace_seconds: None }).expect("nothing forbids it");
    timeline.play_until(timeline.now() + Span::seconds(120));
    timeline
}

fn keys(timeline: &Timeline) -> Vec<String> {
    choices(timeline, &[]).into_iter().filter(|choice| choice.short.is_some()).map(|choice| choice.key).collect()
}

#[test]
fn a_deployment_in_place_of_the_set_replaces_the_pod_and_keeps_the_process() {
    let timeline = bad_day();
    let pair = pair(&timeline, "kind", &[]);
    assert!(object(&pair.b, Kind::StatefulSet, "rg").is_none());
    let deployment = object(&pair.b, Kind::Deployment, "rg").expect("it stands for the set");
    assert!(!deployment.to_value().to_json().contains("volumeClaimTemplates"));
    let beyond = row(&pair, "more than asked for");
    assert!(beyond.difference.ends_with(" more in B"), "a ReplicaSet starts another one: {beyond:?}");
    assert!(pair.verdict().contains("In B both pods serve "), "{}", pair.verdict());
    assert_eq!(row(&pair, "commands refused").b, "1", "no pod has that name");
    assert!(pair.b.levels.iter().any(|level| level.surplus == 1));
}

#[test]
fn what_is_offered_by_itself_is_what_the_run_has_something_for() {
    assert_eq!(keys(&bad_day()), ["kind", "grace"], "nothing is evicted, and nobody writes with a lock");
    assert_eq!(keys(&drained()), ["kind", "budget", "grace"]);
    assert!(keys(&Timeline::new(Recording::new(Scenario::standard(), 7))).is_empty());
}

#[test]
fn with_a_budget_the_same_drain_is_served_alike() {
    let timeline = drained();
    let pair = pair(&timeline, "budget", &[]);
    assert!(object(&pair.a, Kind::PodDisruptionBudget, "rg").is_none());
    assert!(object(&pair.b, Kind::PodDisruptionBudget, "rg").is_some());
    assert_eq!(row(&pair, "commands refused").b, "0", "one may be missing");
}

#[test]
fn a_shorter_grace_period_is_in_every_template() {
    let timeline = drained();
    let pair = pair(&timeline, "grace", &[]);
    let grace = |course: &Course| {
        let set = object(course, Kind::StatefulSet, "rg").expect("it is there").to_value();
        set.at(&["spec", "template", "spec", "terminationGracePeriodSeconds"]).and_then(petri_objects::Value::as_int)
    };
    assert_eq!((grace(&pair.a), grace(&pair.b)), (Some(30), Some(2)));
}

#[test]
fn fencing_is_taken_from_a_claim_that_has_it() {
    let lease = petri_lessons::examples().iter().find(|(name, _)| name.starts_with("lease")).expect("it is an example");
    let timeline = applied(lease.1);
    assert!(keys(&timeline).contains(&"fencing".to_owned()));
    let found = choices(&timeline, &[]);
    let without = found.iter().find(|choice| choice.key == "fencing").expect("it is offered");
    let written = without.recording.commands.iter().map(|stamped| format!("{:?}", stamped.command)).collect::<String>();
    let kept = timeline.recording().commands.iter().map(|stamped| format!("{:?}", stamped.command)).collect::<String>();
    assert!(!kept.contains("\"off\"") && written.contains("\"off\""));
}

#[test]
fn both_are_played_piece_by_piece_and_side_by_side() {
    let timeline = bad_day();
    let found = choices(&timeline, &[]);
    let mut pair = Pair::new(&found[0].recording, &found[0].recording, timeline.end());
    let mut percents = vec![pair.percent()];
    let pace = Span((timeline.end().since(pair.start).0 / 2_000).max(1_000_000));
    while pair.advance() {
        let (a, b) = (pair.a.played_to(), pair.b.played_to());
        assert!(a.since(b.min(a)) <= pace && b.since(a.min(b)) <= pace, "neither runs ahead");
        percents.push(pair.percent());
    }
    assert!(percents.windows(2).all(|two| two[0] <= two[1]) && percents.len() > 100, "{percents:?}");
    assert_eq!((percents[0], pair.percent()), (0, 100));
}

#[test]
fn what_is_counted_is_counted_to_the_end_wherever_one_looks() {
    let timeline = bad_day();
    let mut pair = pair(
        &timeline,
        "file-front.yaml",
        &[(
            "front.yaml".into(),
            "kind: Service\napiVersion: v1\nmetadata: {name: s}\nspec: {ports: [{port: 80}]}\n".into(),
        )],
    );
    let rows = pair.rows();
    assert_eq!(row(&pair, "commands refused").b, "1");
    let start = pair.start;
    pair.a.timeline.seek(start);
    pair.b.timeline.seek(start);
    assert_eq!(pair.rows(), rows);
}

#[test]
fn budgets_that_are_added_come_when_their_sets_come() {
    let mut timeline = drained();
    let text = petri_lessons::examples()[0].1.replace("rg", "later");
    let documents = petri_manifest::parse(&text).documents;
    let set = documents.last().expect("the set stands last").value.clone();
    timeline.command(Command::Apply(Rc::new(set))).expect("it is valid");
    let found = choices(&timeline, &[]);
    let with = found.iter().find(|choice| choice.key == "budget").expect("something was evicted");
    let commands = &with.recording.commands;
    assert!(commands.is_sorted_by_key(|stamped| stamped.at));
    let budgets: Vec<_> = commands.iter().filter(|stamped| choice::is_budget(&stamped.command)).collect();
    assert!(budgets.len() == 2 && budgets[0].at < budgets[1].at, "{budgets:?}");
}

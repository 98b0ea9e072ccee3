use super::*;
use crate::first_visit;
use crate::session::Session;
use crate::state::Sight;
use petri_objects::{Kind, Name, ObjectRef};
use petri_picture::view::Target;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;

/// The cluster of the first visit: two pods of a set, each on a node of its own.
fn first_visit() -> Session {
    let session = Session::silent(Recording::new(Scenario::standard(), 7));
    first_visit::show_example(&session, &petri_lessons::EXAMPLES[0]).expect("its text is here");
    session
}

fn all(session: &Session, selection: Option<&Target>) -> Vec<Row> {
    rows(&Known {
        timeline: &session.timeline(),
        selection,
        sight: Sight::default(),
        files: &[],
        active: 0,
        bookmarks: &[],
        is_wide: true,
        is_large: false,
    })
}

/// What is shown for what was typed, as `group: label` lines.
fn shown(typed: &str, session: &Session, selection: Option<&Target>) -> Vec<String> {
    let (rows, line) = (all(session, selection), said(typed));
    let finds = search(typed, &rows, line.as_ref(), is_line(typed, session.timeline().world()));
    let of_group = |(group, found): &(Group, Vec<Found<'_>>)| {
        found.iter().map(|found| format!("{}: {}", group.word(), found.row.label)).collect::<Vec<_>>()
    };
    finds.groups.iter().flat_map(of_group).collect()
}

#[test]
fn three_letters_find_what_one_looks_for() {
    let session = first_visit();
    for (typed, wanted) in [
        ("cut", "verbs: Cut node-0 off"),
        ("sha", "page: Share this run"),
        ("com", "page: Compare with another run"),
        ("rg-1", "objects: rg-1"),
        ("rg1", "objects: rg-1"),
        ("new", "page: New cluster"),
        ("zone b", "verbs: Cut zone b off"),
        ("the dark", "page: Theme: dark"),
        ("und", "page: Undo"),
        ("lead", "lessons: Leader election"),
        ("cut0", "verbs: Cut node-0 off"),
        ("del rg-1", "verbs: Delete pod rg-1"),
        ("help", "page: Help"),
    ] {
        assert_eq!(shown(typed, &session, None).first().map(String::as_str), Some(wanted), "{typed}");
    }
}

#[test]
fn what_is_selected_is_before_all_else_where_it_fits() {
    let session = first_visit();
    let node = {
        let timeline = session.timeline();
        let pod = timeline.world().objects().pods.values().nth(1).expect("there are two").clone();
        pod.spec.node_name.clone()
    };
    let set = Target::Object(ObjectRef::new(Kind::StatefulSet, "default", "rg"));
    let found = shown("cut", &session, Some(&set));
    // The nodes that run its pods, and after them the others.
    assert!(found[0].starts_with("selected: Cut node-"), "{found:?}");
    assert!(found.contains(&format!("selected: Cut {node} off")), "{found:?}");
    assert!(found.iter().any(|row| row.starts_with("verbs: Cut node-")), "{found:?}");
    assert_eq!(shown("sca", &session, Some(&set))[0], "selected: Scale rg to 3");
    // A letter in the middle of a word of its verbs is not what somebody means who types the name of something else.
    assert_eq!(shown("share", &session, Some(&set))[0], "page: Share this run");
    assert_eq!(shown("", &session, None)[0], "page: New cluster");
    assert_eq!(shown("", &session, Some(&Target::Node(Name::from("node-0"))))[0], "selected: Cut node-0 off");
}

#[test]
fn a_whole_line_is_a_line_of_the_console() {
    let session = first_visit();
    let first = |typed: &str| shown(typed, &session, None)[0].clone();
    for line in
        ["kubectl get pods", "get pods", "dig rg", "run until pod/rg-1 Ready", "kubectl scale sts/rg --replicas=3"]
    {
        assert_eq!(first(line), format!("line: Run {line} as a console line"));
    }
    // Where a row says the same, the row is it.
    assert_eq!(first("cut node-1"), "verbs: Cut node-1 off");
    let last = shown("cut", &session, None).pop();
    assert_eq!(last.as_deref(), Some("line: Run cut as a console line"));
    assert_eq!(shown("no such thing", &session, None), ["line: Run no such thing as a console line"]);
}

#[test]
fn every_row_says_one_thing_and_none_stands_twice() {
    let session = first_visit();
    let mut lines: Vec<String> = Vec::new();
    for row in all(&session, None) {
        assert!(!row.label.is_empty() && !row.label.contains("  "), "{row:?}");
        if let Pick::Act(act) = &row.pick {
            let words: Vec<&str> = row.label.split(' ').collect();
            assert!(!words.contains(&"it") && !words.contains(&"its"), "it says of what: {}", row.label);
            lines.push(act.line());
        }
    }
    let all = lines.len();
    lines.sort();
    lines.dedup();
    assert_eq!(lines.len(), all);
}

#[test]
fn a_ghost_can_be_found() {
    let session = first_visit();
    let pod = ObjectRef::new(Kind::Pod, "default", "rg-1");
    let node = {
        let timeline = session.timeline();
        let pods = &timeline.world().objects().pods;
        let found = pods.values().find(|pod| &*pod.metadata.name == "rg-1").expect("it runs").clone();
        found.spec.node_name.clone()
    };
    for line in [format!("cut {node}"), "kubectl delete pod rg-1 --force --grace-period=0".to_owned()] {
        let files: std::collections::BTreeMap<String, String> = Default::default();
        assert_eq!(petri_console::run(&line, &mut *session.timeline_mut(), &files).code, 0);
    }
    let rows = all(&session, None);
    let ghost = rows.iter().find(|row| row.note.starts_with("Ghost")).expect("its process runs on");
    assert_eq!(
        (ghost.label.as_str(), ghost.note.clone()),
        ("rg-1", format!("Ghost, runs on {node} without an object"))
    );
    assert!(matches!(&ghost.pick, Pick::Select(Target::Pod { pod: own, .. }) if *own == pod));
}

#[test]
fn large_clusters_are_searched_between_two_keys() {
    let session = Session::silent(Recording::new(Scenario::sized(100), 7));
    let rows = all(&session, None);
    assert!(rows.len() > 1_000);
    let shown = search("cut node-77", &rows, None, true);
    assert_eq!(shown.groups[0].1[0].row.line, "cut node-77");
    assert!(shown.groups.iter().all(|(_, found)| found.len() <= 8));
}

#[test]
fn what_a_menu_says_of_the_thing_it_hangs_on_names_it() {
    let session = first_visit();
    let labels: Vec<String> = all(&session, None).into_iter().map(|row| row.label).collect();
    for label in [
        "Start rg-0 slowly from now on",
        "Stop rg-0 slowly",
        "How the rollout of rg goes",
        "Delete pod rg-0 with a grace period",
        "Delete the Node object node-0",
    ] {
        assert!(labels.iter().any(|other| other == label), "{label}: {labels:#?}");
    }
}

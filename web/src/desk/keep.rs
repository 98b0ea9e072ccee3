//! What the cluster has otherwise than a file says. The file is the person's: it is never rewritten by what a console line
//! or a button changed in the cluster; the difference is shown, and taken over by who wants it.

use crate::check::utf16;
use crate::state::File;
use petri_manifest::Parsed;
use petri_manifest::drift::{Drift, drifts, taken_over};
use petri_objects::{Object, ObjectRef, Time};
use petri_sim::story::timeline::Timeline;
use petri_sim::words::command::Command;
use petri_sim::world::World;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A line of a file from which the cluster differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Where the value stands, in UTF-16 units.
    pub from: u32,
    pub to: u32,
    pub path: String,
    /// `cluster: 4`.
    pub text: String,
}

/// All of a file's, and the command that came last to one of its objects.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drifted {
    pub lines: Vec<Difference>,
    pub cause: Option<(Time, String)>,
}

/// What differs of an applied file. Nothing before somebody has done what could make it differ.
pub fn drifted(file: &File, timeline: &Timeline) -> Drifted {
    let Some(applied) = &file.applied else { return Drifted::default() };
    let now = timeline.now();
    let after = |at: Time| applied.at <= at && at <= now;
    let mut causes = timeline.recording().commands.iter().filter(|stamped| after(stamped.at));
    if !causes.any(|stamped| could_drift(&stamped.command, stamped.at > applied.at)) {
        return Drifted::default();
    }
    compare(file, timeline)
}

/// Whether a command can make the cluster differ from an applied file. To apply one differs only later on: at its moment it
/// is the file itself.
fn could_drift(command: &Command, later: bool) -> bool {
    match command {
        Command::Scale { .. }
        | Command::Patch { status: false, .. }
        | Command::Cordon { .. }
        | Command::Taint { .. } => true,
        Command::Apply(_) => later,
        _ => false,
    }
}

/// What was compared last: while time goes on this is asked for with every frame, and mostly nothing of it has changed.
#[derive(PartialEq)]
struct Compared {
    text: Rc<str>,
    applied: Option<Rc<str>>,
    live: Vec<(usize, Object)>,
}

thread_local! {
    static READ: RefCell<Vec<(Rc<str>, Rc<Parsed>)>> = const { RefCell::new(Vec::new()) };
    static COMPARED: RefCell<Option<(Compared, Vec<Difference>)>> = const { RefCell::new(None) };
}

/// A file's text and the one that was applied, read once each.
fn read(text: &Rc<str>) -> Rc<Parsed> {
    READ.with_borrow_mut(|read| {
        if let Some((_, parsed)) = read.iter().find(|(known, _)| Rc::ptr_eq(known, text)) {
            return parsed.clone();
        }
        let parsed = Rc::new(petri_manifest::parse(text));
        read.insert(0, (text.clone(), parsed.clone()));
        read.truncate(2);
        parsed
    })
}

#[inline(never)]
fn compare(file: &File, timeline: &Timeline) -> Drifted {
    let parsed = read(&file.text);
    // What the person has changed since is theirs, and waits to be applied.
    let applied = file.applied.as_ref().filter(|_| file.is_changed()).map(|applied| applied.text.clone());
    let live: Vec<(usize, Object)> = declared(&parsed, timeline.world()).collect();
    let targets: Vec<ObjectRef> = live.iter().map(|(_, object)| object.reference()).collect();
    let now = Compared { text: file.text.clone(), applied, live };
    let lines = COMPARED.with_borrow_mut(|compared| match compared {
        Some((known, lines)) if *known == now => lines.clone(),
        _ => {
            let lines = differences(&parsed, &now, timeline.world());
            *compared = Some((now, lines.clone()));
            lines
        }
    });
    let cause = (!lines.is_empty()).then(|| cause(&targets, timeline)).flatten();
    Drifted { lines, cause }
}

fn differences(parsed: &Parsed, now: &Compared, world: &World) -> Vec<Difference> {
    let before = now.applied.as_ref().map(read);
    let declared_before: Option<BTreeMap<ObjectRef, Vec<Drift>>> = before.map(|before| {
        let drifts = |(document, live): (usize, Object)| {
            (live.reference(), drifts(&before.documents[document], &live.to_value()))
        };
        declared(&before, world).map(drifts).collect()
    });
    let mut lines = Vec::new();
    for (document, live) in &now.live {
        let before =
            declared_before.as_ref().map(|before| before.get(&live.reference()).map_or(&[][..], Vec::as_slice));
        for drift in drifts(&parsed.documents[*document], &live.to_value()) {
            if before.is_some_and(|before| !before.iter().any(|other| other.path == drift.path)) {
                continue;
            }
            let has = if drift.cluster.is_empty() { "not there" } else { &drift.cluster };
            let (from, to) = (utf16(&now.text, drift.span.start), utf16(&now.text, drift.span.end));
            lines.push(Difference { from, to, path: drift.path, text: format!("cluster: {has}") });
        }
    }
    lines
}

/// The command that came last to one of these objects.
fn cause(targets: &[ObjectRef], timeline: &Timeline) -> Option<(Time, String)> {
    let now = timeline.now();
    let mut commands = timeline.recording().commands.iter().rev().filter(|stamped| stamped.at <= now);
    let found = commands.find(|stamped| match &*stamped.command {
        Command::Scale { target, .. } | Command::Patch { target, .. } => targets.contains(target),
        Command::Cordon { node, .. } | Command::Taint { node, .. } => targets.iter().any(|target| target.name == *node),
        _ => false,
    })?;
    Some((found.at, found.said()))
}

/// The file's text with what the cluster has, and what could not be written at its place.
pub fn take_over(file: &File, world: &World) -> (Rc<str>, Vec<String>) {
    let (mut text, mut left) = (file.text.to_string(), Vec::new());
    let parsed = read(&file.text);
    let differs =
        |(document, live): &(usize, Object)| !drifts(&parsed.documents[*document], &live.to_value()).is_empty();
    // A change of one document leaves the others at their numbers.
    for (document, live) in declared(&parsed, world).filter(differs) {
        let changed = taken_over(&text, &petri_manifest::parse(&text), document, &live.to_value());
        left.extend(changed.left);
        text = changed.text;
    }
    (text.into(), left)
}

/// The documents whose objects the cluster has.
fn declared<'p>(parsed: &'p Parsed, world: &'p World) -> impl Iterator<Item = (usize, Object)> + 'p {
    parsed.documents.iter().enumerate().filter_map(|(index, document)| {
        let own = document.object.as_ref()?.reference();
        let namespaced = own.namespace.is_empty() && own.kind.is_namespaced();
        let target = if namespaced { ObjectRef::new(own.kind, "default", own.name) } else { own };
        Some((index, world.objects().get(&target)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Applied;
    use petri_objects::Span;
    use petri_sim::ground::scenario::Scenario;
    use petri_sim::story::recording::Recording;

    const FRONT: &str = "# mine
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: None, selector: {app: web}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: web # its name
spec:
  serviceName: web
  replicas: 2 # two
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: main
        image: nginx:1.25 # pinned
";

    /// An applied file, after lines of the console.
    fn after(lines: &[&str]) -> (Timeline, File) {
        let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 7));
        let files = BTreeMap::from([("web.yaml".to_owned(), FRONT.to_owned())]);
        for line in ["kubectl apply -f web.yaml"].iter().chain(lines) {
            let out = petri_console::run(line, &mut timeline, &files);
            assert_eq!(out.code, 0, "{line}: {}", out.shown());
        }
        let applied = Applied { text: FRONT.into(), tried: FRONT.into(), at: timeline.start(), ..Applied::default() };
        let file = File { id: 1, name: "web.yaml".into(), text: FRONT.into(), applied: Some(Rc::new(applied)) };
        timeline.play_until(timeline.now() + Span::seconds(20));
        (timeline, file)
    }

    fn told(file: &File, timeline: &Timeline) -> Vec<(String, String)> {
        drifted(file, timeline).lines.into_iter().map(|line| (line.path, line.text)).collect()
    }

    #[test]
    fn what_a_line_changed_in_the_cluster_is_told_and_the_file_stays_until_it_is_taken_over() {
        for (line, path, text, from, to) in [
            ("kubectl scale sts/web --replicas=5", "spec.replicas", "cluster: 5", "replicas: 2 #", "replicas: 5 #"),
            (
                "kubectl set image sts/web main=nginx:1.26",
                "spec.template.spec.containers[0].image",
                "cluster: nginx:1.26",
                "nginx:1.25 #",
                "nginx:1.26 #",
            ),
        ] {
            let (timeline, file) = after(&[line]);
            assert_eq!(told(&file, &timeline), [(path.to_owned(), text.to_owned())], "{line}");
            assert!(drifted(&file, &timeline).cause.is_some(), "{line}");
            assert_eq!(take_over(&file, timeline.world()), (FRONT.replace(from, to).into(), vec![]), "{line}");
        }
    }

    #[test]
    fn what_the_file_does_not_declare_is_no_difference() {
        for line in
            ["kubectl label sts/web tier=back", "kubectl rollout restart sts/web", "kubectl scale sts/web --replicas=2"]
        {
            let (timeline, file) = after(&[line]);
            assert_eq!(told(&file, &timeline), [], "{line}");
            assert_eq!(&*take_over(&file, timeline.world()).0, FRONT, "{line}");
        }
    }

    #[test]
    fn what_has_no_place_of_its_own_is_left_and_told() {
        let (timeline, file) = after(&["kubectl scale sts/web --replicas=5"]);
        let alias = FRONT.replace("replicas: 2 # two", "replicas: &n 2\n  revisionHistoryLimit: *n");
        let file = File { text: alias.as_str().into(), ..file };
        let (text, left) = take_over(&file, timeline.world());
        assert!(left.contains(&"spec.replicas".to_owned()), "{left:?}");
        assert!(text.contains("replicas: &n 2"), "{text}");
    }

    #[test]
    fn what_was_compared_is_compared_again_where_it_has_changed() {
        let (timeline, file) = after(&["kubectl scale sts/web --replicas=5"]);
        let first = drifted(&file, &timeline);
        assert_eq!(drifted(&file, &timeline), first);
        let (other, _) = after(&["kubectl scale sts/web --replicas=7"]);
        assert_eq!(told(&file, &other), [("spec.replicas".to_owned(), "cluster: 7".to_owned())]);
    }

    #[test]
    fn what_the_person_changed_since_is_no_drift() {
        let (timeline, file) = after(&["kubectl scale sts/web --replicas=5"]);
        let file = File { text: FRONT.replace("nginx:1.25", "nginx:1.27").into(), ..file };
        assert_eq!(told(&file, &timeline), [("spec.replicas".to_owned(), "cluster: 5".to_owned())]);
    }
}

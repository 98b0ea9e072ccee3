//! What the cluster has otherwise than a file says. The file is the person's: it is never rewritten by what a console line
//! or a button changed in the cluster; the difference is shown, and taken over by who wants it.

use crate::check::utf16;
use crate::state::File;
use petri_manifest::Parsed;
use petri_manifest::drift::{drifts, taken_over};
use petri_objects::{Object, ObjectRef, Time};
use petri_sim::story::timeline::Timeline;
use petri_sim::words::command::Command;
use petri_sim::world::World;
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

#[inline(never)]
fn compare(file: &File, timeline: &Timeline) -> Drifted {
    let parsed = petri_manifest::parse(&file.text);
    // What the person has changed since is theirs, and waits to be applied.
    let before =
        file.applied.as_ref().filter(|_| file.is_changed()).map(|applied| petri_manifest::parse(&applied.text));
    let (mut lines, mut objects) = (Vec::new(), Vec::new());
    for (document, live) in declared(&parsed, timeline.world()) {
        let reference = live.reference();
        let applied = before.as_ref().map(|before| {
            let own = declared(before, timeline.world()).find(|(_, other)| other.reference() == reference);
            own.map_or_else(Vec::new, |(document, live)| drifts(&before.documents[document], &live.to_value()))
        });
        for drift in drifts(&parsed.documents[document], &live.to_value()) {
            if applied.as_ref().is_some_and(|applied| !applied.iter().any(|other| other.path == drift.path)) {
                continue;
            }
            let has = if drift.cluster.is_empty() { "not there" } else { &drift.cluster };
            let (from, to) = (utf16(&file.text, drift.span.start), utf16(&file.text, drift.span.end));
            lines.push(Difference { from, to, path: drift.path, text: format!("cluster: {has}") });
        }
        objects.push(reference);
    }
    let own = |target: &ObjectRef| objects.iter().any(|object| object == target);
    let now = timeline.now();
    let mut commands = timeline.recording().commands.iter().rev().filter(|stamped| stamped.at <= now);
    let cause = commands.find(|stamped| match &*stamped.command {
        Command::Scale { target, .. } | Command::Patch { target, .. } => own(target),
        Command::Cordon { node, .. } | Command::Taint { node, .. } => objects.iter().any(|object| object.name == *node),
        _ => false,
    });
    Drifted { cause: cause.filter(|_| !lines.is_empty()).map(|stamped| (stamped.at, stamped.said())), lines }
}

/// The file's text with what the cluster has, and what could not be written at its place.
pub fn take_over(file: &File, world: &World) -> (Rc<str>, Vec<String>) {
    let (mut text, mut left) = (file.text.to_string(), Vec::new());
    let count = petri_manifest::parse(&text).documents.len();
    for index in 0..count {
        let parsed = petri_manifest::parse(&text);
        let Some((_, live)) = declared(&parsed, world).find(|(document, _)| *document == index) else { continue };
        let changed = taken_over(&text, &parsed, index, &live.to_value());
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
    use std::collections::BTreeMap;

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
    fn what_the_person_changed_since_is_no_drift() {
        let (timeline, file) = after(&["kubectl scale sts/web --replicas=5"]);
        let file = File { text: FRONT.replace("nginx:1.25", "nginx:1.27").into(), ..file };
        assert_eq!(told(&file, &timeline), [("spec.replicas".to_owned(), "cluster: 5".to_owned())]);
    }
}

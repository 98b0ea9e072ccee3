//! Files that follow: what a button or a console line changed in an object is changed in the file that declares it, at its
//! place and with every comment kept.

use super::handle::Desk;
use crate::state::{Applied, File, LogKind};
use petri_manifest::Changed;
use petri_objects::{Object, ObjectRef};
use petri_sim::story::timeline::Timeline;
use petri_sim::words::actor::Cause;
use petri_sim::words::command::Command;
use petri_sim::words::note::What;
use std::rc::Rc;

/// An object before and after a command.
struct Write {
    old: Object,
    new: Object,
}

/// Lets the files follow the commands that were carried out since then.
pub fn follow(desk: &Desk, commands_before: usize) {
    let (writes, now) = {
        let timeline = desk.session.timeline();
        let new = timeline.recording().commands.iter().skip(commands_before);
        // Whoever applies a file has it already.
        let is_edit = |command: &Command| {
            matches!(
                command,
                Command::Scale { .. }
                    | Command::Patch { status: false, .. }
                    | Command::Cordon { .. }
                    | Command::Taint { .. }
            )
        };
        if !new.clone().any(|stamped| is_edit(&stamped.command)) {
            return;
        }
        (writes(&timeline, commands_before), timeline.now())
    };
    for file in desk.files() {
        let (mut text, mut lacks) = (file.text.clone(), false);
        for write in &writes {
            let Some(changed) = changed(&text, write) else { continue };
            for line in &changed.done {
                desk.log(LogKind::Output, format!("{}: {line}", file.name));
            }
            for path in &changed.left {
                let words = "cannot be changed at its place; the file says what it said";
                desk.log(LogKind::Warning, format!("{}: {path} {words}", file.name));
            }
            lacks |= !changed.left.is_empty();
            text = changed.text.into();
        }
        if text == file.text {
            continue;
        }
        let mut next = File { text: text.clone(), ..(*file).clone() };
        // A file that the cluster had is still what the cluster has, unless it lacks a part of the change.
        if let Some(applied) = file.applied.as_ref().filter(|_| !file.is_changed() && !lacks) {
            next.applied = Some(Rc::new(Applied { text: text.clone(), tried: text, at: now, ..(**applied).clone() }));
        }
        desk.step(commands_before, file, next);
    }
}

/// What a person's commands wrote since then, in order.
#[inline(never)]
fn writes(timeline: &Timeline, commands_before: usize) -> Vec<Write> {
    let now = timeline.now();
    let notes = timeline.notes_until_now().iter().rev().take_while(|note| note.at == now);
    let written = notes.filter_map(|note| match &note.what {
        What::Write { cause: Cause::Command(number), object, old: Some(old), .. }
            if *number as usize >= commands_before =>
        {
            Some(Write { old: old.clone(), new: object.clone() })
        }
        _ => None,
    });
    let mut found: Vec<Write> = written.collect();
    found.reverse();
    found
}

/// The text after a write, if it declares the object.
#[inline(never)]
fn changed(text: &str, write: &Write) -> Option<Changed> {
    let parsed = petri_manifest::parse(text);
    let target = write.new.reference();
    let is_it = |own: &ObjectRef| {
        let namespace = if own.namespace.is_empty() && own.kind.is_namespaced() { "default" } else { &*own.namespace };
        own.kind == target.kind && own.name == target.name && *namespace == *target.namespace
    };
    let index =
        parsed.documents.iter().position(|d| d.object.as_ref().is_some_and(|object| is_it(&object.reference())))?;
    Some(petri_manifest::change(text, index, &write.old.to_value(), &write.new.to_value()))
}

#[cfg(test)]
mod tests {
    use super::*;
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

    /// The file after a line of the console, and what is said about it.
    fn after(text: &str, line: &str) -> (String, Vec<String>, Vec<String>) {
        let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 7));
        let files = BTreeMap::from([("web.yaml".to_owned(), text.to_owned())]);
        assert_eq!(petri_console::run("kubectl apply -f web.yaml", &mut timeline, &files).code, 0);
        timeline.play_until(timeline.now() + Span::seconds(20));
        let before = timeline.recording().commands.len();
        let out = petri_console::run(line, &mut timeline, &files);
        assert_eq!(out.code, 0, "{line}: {}", out.shown());
        let (mut text, mut done, mut left) = (text.to_owned(), Vec::new(), Vec::new());
        for write in writes(&timeline, before) {
            let changed = changed(&text, &write).expect("the file declares it");
            text = changed.text;
            done.extend(changed.done);
            left.extend(changed.left);
        }
        (text, done, left)
    }

    fn check(line: &str, from: &str, to: &str, said: &str) {
        let (text, done, left) = after(FRONT, line);
        assert_eq!(text, FRONT.replace(from, to), "{line}");
        assert_eq!((done, left), (vec![said.to_owned()], Vec::<String>::new()), "{line}");
    }

    #[test]
    fn only_what_a_line_changes_is_changed_and_comments_stay() {
        check("kubectl scale sts/web --replicas=5", "replicas: 2 #", "replicas: 5 #", "replicas: 5");
        check("kubectl set image sts/web main=nginx:1.26", "nginx:1.25 #", "nginx:1.26 #", "image: nginx:1.26");
        check(
            "kubectl label sts/web tier=back",
            "web # its name\n",
            "web # its name\n  labels:\n    tier: back\n",
            "tier: back",
        );
        check(
            "kubectl annotate sts/web note='two of them'",
            "web # its name\n",
            "web # its name\n  annotations:\n    note: two of them\n",
            "note: two of them",
        );
        check(
            "kubectl patch sts/web -p '{\"spec\": {\"minReadySeconds\": 5}}'",
            "  serviceName: web\n",
            "  minReadySeconds: 5\n  serviceName: web\n",
            "minReadySeconds: 5",
        );
    }

    #[test]
    fn what_the_file_says_already_or_does_not_declare_stays() {
        assert_eq!(after(FRONT, "kubectl scale sts/web --replicas=2").1, Vec::<String>::new());
        let alias = FRONT.replace("replicas: 2 # two", "replicas: &n 2\n  revisionHistoryLimit: *n");
        let (text, done, left) = after(&alias, "kubectl scale sts/web --replicas=5");
        assert_eq!((text, done, left), (alias, Vec::new(), vec!["spec.replicas".to_owned()]));
    }
}

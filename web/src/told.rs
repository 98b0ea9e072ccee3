//! What the interface says of a run that it did not see begin: which examples it applies, in their own words.

use crate::examples;
use crate::state::{Action, Applied, LogKind, Outcome, Wordless};
use petri_lessons::examples::fingerprint;
use petri_lessons::{EXAMPLES, Example};
use petri_objects::{Time, Value};
use petri_sim::story::recording::{ENGINE, Recording, Stamped};
use petri_sim::story::shared::{Refused, Shared};
use petri_sim::words::command::Command;
use std::rc::Rc;

/// A file by its name, and what was applied of it.
pub type Written = (&'static str, Rc<Applied>);

/// Puts the files of an example, or of a link, into the interface.
pub fn opened(files: &[Written], title: &str) -> Vec<Action> {
    let mut actions = Vec::new();
    for (i, (name, applied)) in files.iter().enumerate() {
        let text = applied.text.clone();
        actions.push(match i {
            0 => Action::Example { title: title.into(), name: (*name).into(), text },
            _ => Action::NewFile { name: (*name).into(), text },
        });
        actions.push(Action::AppliedLast(applied.clone()));
    }
    actions
}

/// What a reader is to know: in the console, and over whatever is shown.
pub fn warned(words: String) -> [Action; 2] {
    [Action::Log(LogKind::Warning, words.clone()), Action::Toast { text: words, branch: None }]
}

/// What the interface says of another person's run, or of this person's own, loaded again.
pub fn told(shared: &Shared) -> Vec<Action> {
    told_with(shared, examples::text)
}

/// The same, with whatever texts of examples are here. Where one is not, its file shows what was applied.
fn told_with(shared: &Shared, text: impl Fn(&Example) -> Option<Rc<str>>) -> Vec<Action> {
    let (found, rest) = files_of(applied(&shared.recording));
    let title = found.last().map_or("A recording", |found| found.example.name);
    let mut wordless = Vec::new();
    let mut files: Vec<(&'static str, Rc<Applied>)> = Vec::new();
    let mut add = |name, text: Rc<str>, at| {
        files.push((name, Rc::new(Applied { text: text.clone(), tried: text, at, outcome: Outcome::default() })));
    };
    for Found { example, applied, at } in &found {
        let text = text(example).unwrap_or_else(|| {
            let text: Rc<str> = written(applied).into();
            wordless.push(Wordless { example, text: text.clone() });
            text
        });
        add(example.name, text, *at);
    }
    if let Some((last, _)) = rest.last() {
        let rest: Vec<_> = rest.iter().map(|(_, manifest)| manifest.clone()).collect();
        add("recording.yaml", written(&rest).into(), *last);
    }
    if files.is_empty() {
        files.push(("recording.yaml", Rc::new(Applied::default())));
    }
    opened(&files, title)
        .into_iter()
        .chain([Action::Wordless(Rc::new(wordless))])
        .chain(shared.bookmarks.iter().cloned().map(Action::Bookmark))
        .chain([Action::Log(LogKind::Output, "Opened a recording: what was done in it is done again here.".into())])
        .chain(
            shared
                .is_older()
                .then(|| {
                    let engine = &shared.recording.engine;
                    let words = "what follows may differ from what its sender saw.";
                    warned(format!("It was made with Petri {engine}, and this is {ENGINE}, which is newer: {words}"))
                })
                .into_iter()
                .flatten(),
        )
        .collect()
}

/// What is said of a link that was not opened, and the files with what could be saved of it.
pub fn not_opened(refused: &Refused) -> (String, Vec<(&'static str, Rc<str>)>) {
    let files = saved(&refused.manifests);
    let saved =
        if files.is_empty() { "" } else { " What it gave to its cluster is in the editor, to be applied again." };
    (format!("The link could not be opened: {refused}.{saved}"), files)
}

/// What is said where only the manifests of a run were opened, and the files with them.
pub fn manifests_alone(manifests: &[Value]) -> (String, Vec<(&'static str, Rc<str>)>) {
    let words = match manifests {
        [] => "The run gave no manifests to its cluster.",
        _ => "What the run gave to its cluster is in the editor, to be applied again.",
    };
    (words.into(), saved(manifests))
}

/// Files with manifests that are to be applied again.
fn saved(manifests: &[Value]) -> Vec<(&'static str, Rc<str>)> {
    let manifests = manifests.iter().map(|manifest| (Time::ZERO, Rc::new(manifest.clone()))).collect();
    let (found, rest) = files_of(manifests);
    let of_example = |found: &Found| {
        let text = examples::text(found.example).unwrap_or_else(|| written(&found.applied).into());
        (found.example.name, text)
    };
    let mut files: Vec<(&'static str, Rc<str>)> = found.iter().map(of_example).collect();
    if !rest.is_empty() {
        let rest: Vec<_> = rest.into_iter().map(|(_, manifest)| manifest).collect();
        files.push(("recording.yaml", written(&rest).into()));
    }
    files
}

/// What a recording gives to its cluster, and when.
fn applied(recording: &Recording) -> Vec<(Time, Rc<Value>)> {
    let manifest = |stamped: &Stamped| match &*stamped.command {
        Command::Apply(manifest) => Some((stamped.at, manifest.clone())),
        Command::Create(object) => Some((stamped.at, Rc::new(object.to_value()))),
        _ => None,
    };
    recording.commands.iter().filter_map(manifest).collect()
}

/// Manifests as one file.
fn written(manifests: &[Rc<Value>]) -> String {
    manifests.iter().map(|manifest| petri_manifest::to_yaml(manifest)).collect::<Vec<_>>().join("---\n")
}

/// An example that a recording applies.
struct Found {
    example: &'static Example,
    /// What of it was applied, in the order of its documents.
    applied: Vec<Rc<Value>>,
    /// When its first document was.
    at: Time,
}

/// The examples that a recording applies, in order of time, and the rest of what it applies.
fn files_of(applied: Vec<(Time, Rc<Value>)>) -> (Vec<Found>, Vec<(Time, Rc<Value>)>) {
    let prints: Vec<u64> = applied.iter().map(|(_, manifest)| fingerprint(manifest)).collect();
    let mut taken = vec![false; applied.len()];
    let mut examples = Vec::new();
    for example in EXAMPLES {
        let find = |document: &u64| (0..prints.len()).find(|index| !taken[*index] && prints[*index] == *document);
        let Some(indexes) = example.documents.iter().map(find).collect::<Option<Vec<usize>>>() else { continue };
        let Some(first) = indexes.first() else { continue };
        let at = applied[*first].0;
        examples.push(Found { example, applied: indexes.iter().map(|index| applied[*index].1.clone()).collect(), at });
        indexes.iter().for_each(|index| taken[*index] = true);
    }
    examples.sort_by_key(|found| found.at);
    let rest = applied.into_iter().zip(taken).filter(|(_, taken)| !taken).map(|(applied, _)| applied).collect();
    (examples, rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::first_visit::{SEED, show_example};
    use crate::session::Session;
    use crate::state::Ui;
    use petri_sim::ground::scenario::Scenario;
    use petri_sim::story::link;

    /// A run in which an example that builds on another was opened, and something else was applied after it; as it comes
    /// out of a link.
    fn run() -> (&'static Example, Shared) {
        let session = Session::new(Recording::new(Scenario::standard(), SEED));
        let example = EXAMPLES.iter().find(|example| !example.needs.is_empty()).expect("one builds on another");
        show_example(&session, example).expect("the texts are here");
        crate::desk::shell::apply(
            &session,
            "own.yaml",
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: own}, data: {a: b}}",
        );
        let link = link::to_fragment(&session.shared());
        let shared = link::from_fragment(&format!("#{link}")).expect("it holds a run").expect("it can be read");
        (example, shared)
    }

    fn shown(actions: Vec<Action>) -> Ui {
        let mut ui = Ui::new();
        actions.into_iter().for_each(|action| ui.apply(action));
        ui
    }

    #[test]
    fn what_an_example_has_applied_is_found_again_in_its_own_words() {
        let (example, shared) = run();
        let ui = shown(told(&shared));
        let names: Vec<_> = ui.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, [example.needs[0], example.name, "recording.yaml"]);
        assert_eq!(ui.files[1].text, examples::text(example).expect("it is here"), "with its comments");
        assert!(ui.files[2].text.contains("name: own"), "{}", ui.files[2].text);
        assert!(ui.files.iter().all(|file| !file.is_changed()), "all of it is applied");
        assert!(ui.wordless.is_empty());
    }

    #[test]
    fn what_can_be_saved_of_a_link_is_offered_in_files() {
        let (example, shared) = run();
        let strange = shared.to_json().replacen("\"verb\":\"apply\"", "\"verb\":\"explode\"", 1);
        let refused = Shared::from_json(&strange).expect_err("nobody knows how to explode");
        let (words, files) = not_opened(&refused);
        let expected = "The link could not be opened: unknown verb explode (command 1). What it gave to its cluster";
        assert!(words.starts_with(expected), "{words}");
        let names: Vec<_> = files.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, [example.needs[0], example.name, "recording.yaml"]);
        assert_eq!(files[1].1, examples::text(example).expect("it is here"), "with its comments");
        assert!(files[2].1.contains("name: own"), "{}", files[2].1);
        let nothing = Shared::from_json("{}").expect_err("nothing is no recording");
        assert_eq!(not_opened(&nothing), ("The link could not be opened: engine is missing.".into(), Vec::new()));
    }

    #[test]
    fn a_run_of_an_older_engine_says_so() {
        let (_, mut shared) = run();
        shared.recording.engine = "0.0.1".into();
        let ui = shown(told(&shared));
        assert!(ui.log.iter().any(|line| line.text.contains("0.0.1")));
        // Who sees no console is told as well.
        assert!(ui.toast.is_some_and(|toast| toast.text.contains("0.0.1")));
    }

    #[test]
    fn where_the_words_are_not_here_what_was_applied_stands_in_for_them() {
        let (example, shared) = run();
        let mut ui = shown(told_with(&shared, |_| None));
        let names: Vec<_> = ui.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, [example.needs[0], example.name, "recording.yaml"]);
        let text = ui.files[1].text.clone();
        assert!(!text.contains('#') && text.contains("kind: PodDisruptionBudget"), "{text}");
        assert!(example.is_text(&text), "it says the same");
        assert!(ui.files.iter().all(|file| !file.is_changed()), "all of it is applied");

        let waiting: Vec<_> = ui.wordless.iter().map(|file| file.example.name).collect();
        assert_eq!(waiting, [example.needs[0], example.name]);
        let wordless = ui.wordless.clone();
        for Wordless { example, text } in wordless.iter().cloned() {
            ui.apply(Action::Reword { from: text, to: examples::text(example).expect("it has come") });
        }
        assert_eq!(ui.files, shown(told(&shared)).files, "late, but the same");
    }
}

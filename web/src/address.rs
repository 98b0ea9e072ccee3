//! The whole run in the address: whoever copies it, or loads the page again, is at the same microsecond.

use crate::desk::Desk;
use crate::first_visit::{EXAMPLES, opened, show_link, text};
use crate::frames;
use crate::recording::{self, Shared};
use crate::session::{use_session, use_slice};
use crate::state::{Action, Applied, Bookmark, LogKind, Outcome};
use petri_objects::{Time, Value};
use petri_sim::story::recording::Recording;
use petri_sim::words::command::Command;
use std::rc::Rc;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::*;
use yew::prelude::*;

/// What the interface says of another person's run, or of this person's own, loaded again.
pub fn told(shared: &Shared) -> Vec<Action> {
    let (examples, rest) = files_of(&shared.recording);
    let title = examples.last().map_or("A recording", |(name, _, _)| name);
    let texts = examples.iter().map(|(name, text, at)| (*name, Rc::from(*text), *at));
    let rest = rest.map(|(text, at)| ("recording.yaml", Rc::from(text), at));
    let mut files: Vec<(&'static str, Rc<Applied>)> = Vec::new();
    for (name, text, at) in texts.chain(rest) {
        let text: Rc<str> = text;
        files.push((name, Rc::new(Applied { text: text.clone(), tried: text, at, outcome: Outcome::default() })));
    }
    if files.is_empty() {
        files.push(("recording.yaml", Rc::new(Applied::default())));
    }
    opened(&files, title)
        .into_iter()
        .chain(shared.bookmarks.iter().cloned().map(Action::Bookmark))
        .chain([Action::Log(LogKind::Output, "Opened a recording: what was done in it is done again here.".into())])
        .collect()
}

/// An example's name and text, and when it was applied.
type Written = (&'static str, &'static str, Time);

/// The examples that a recording applies, as they are written, and the rest of what it applies as one file.
fn files_of(recording: &Recording) -> (Vec<Written>, Option<(String, Time)>) {
    let applied: Vec<(Time, Rc<Value>)> = recording
        .commands
        .iter()
        .filter_map(|stamped| match &*stamped.command {
            Command::Apply(manifest) => Some((stamped.at, manifest.clone())),
            Command::Create(object) => Some((stamped.at, Rc::new(object.to_value()))),
            _ => None,
        })
        .collect();
    let mut taken = vec![false; applied.len()];
    let mut examples = Vec::new();
    for example in EXAMPLES {
        let documents = petri_manifest::parse(text(example.name)).documents;
        let find = |value: &Value| applied.iter().position(|(_, manifest)| is_same(value, manifest));
        let found: Option<Vec<usize>> = documents.iter().map(|document| find(&document.value)).collect();
        let Some(found) = found.filter(|found| !found.is_empty() && found.iter().all(|index| !taken[*index])) else {
            continue;
        };
        found.iter().for_each(|index| taken[*index] = true);
        examples.push((example.name, text(example.name), applied[found[0]].0));
    }
    examples.sort_by_key(|(_, _, at)| *at);
    let rest: Vec<_> = applied.iter().zip(taken).filter(|(_, taken)| !taken).map(|(applied, _)| applied).collect();
    let text = rest.iter().map(|(_, manifest)| petri_manifest::to_yaml(manifest)).collect::<Vec<_>>().join("---\n");
    let at = rest.last().map(|(at, _)| *at);
    (examples, at.map(|at| (text, at)))
}

/// Whether two manifests are the same but for what kubectl and the server add to their metadata.
fn is_same(a: &Value, b: &Value) -> bool {
    let parts: [&[&str]; 6] =
        [&["kind"], &["metadata", "name"], &["spec"], &["data"], &["provisioner"], &["volumeBindingMode"]];
    parts.iter().all(|part| a.at(part) == b.at(part))
}

/// Opens the recording of the address when the address changes under the page.
#[hook]
pub fn use_link(desk: &Desk) {
    let desk = desk.clone();
    use_effect_with((), move |()| {
        let window = web_sys::window();
        let listener = Closure::<dyn Fn()>::new(move || {
            let hash = web_sys::window().and_then(|window| window.location().hash().ok()).unwrap_or_default();
            match recording::from_fragment(&hash) {
                Some(Ok(shared)) => show_link(&desk.session, shared).into_iter().for_each(|action| desk.send(action)),
                Some(Err(words)) => desk.toast(format!("The link could not be opened: {words}."), None),
                None => {}
            }
        });
        if let Some(window) = &window {
            let _ = window.add_event_listener_with_callback("hashchange", listener.as_ref().unchecked_ref());
        }
        move || {
            if let Some(window) = window {
                let _ = window.remove_event_listener_with_callback("hashchange", listener.as_ref().unchecked_ref());
            }
        }
    });
}

/// Longer addresses are cut or refused by some browsers and by most chat programs.
const LONGEST_ADDRESS: usize = 60_000;
/// How often it is written while the clock runs, in milliseconds.
const NOW_AND_THEN: f64 = 5_000.0;

/// Keeps the whole run in the address: whoever copies it, or loads the page again, is at the same microsecond.
///
/// It is written after every command, at every stop, and now and then while the clock runs: browsers limit how often that
/// may be.
#[hook]
pub fn use_address(example: &str, bookmarks: &Rc<Vec<Bookmark>>) {
    let session = use_session();
    let changes = use_mut_ref(|| 0_u32);
    let known = changes.clone();
    let stand = use_slice((), move |session, ()| {
        let timeline = session.timeline();
        let moves = session.player_state().is_moving();
        let moment = (!moves).then(|| timeline.now());
        let turn = (moves && *known.borrow() > 1).then(|| (frames::now() / NOW_AND_THEN) as u64);
        (timeline.recording().commands.len(), moment, turn)
    });
    use_effect_with((stand, example.to_owned(), bookmarks.clone()), move |(_, _, bookmarks)| {
        let change = changes.replace_with(|count| *count + 1);
        // What a page opens with needs no address but its own.
        if change == 0 {
            return;
        }
        // A hand on the scrubber makes hundreds of changes, and only the last one counts.
        let bookmarks = bookmarks.clone();
        frames::later(400, move || {
            if *changes.borrow() == change + 1 {
                write_address(&Shared { bookmarks, ..session.shared() });
            }
        });
    });
}

fn write_address(shared: &Shared) {
    let fragment = recording::to_fragment(shared);
    let history = web_sys::window().and_then(|window| window.history().ok());
    if let Some(history) = history.filter(|_| fragment.len() <= LONGEST_ADDRESS) {
        // Refused in some sandboxed frames; Share offers the link there.
        let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&format!("#{fragment}")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::first_visit::{SEED, show_example};
    use crate::session::Session;
    use crate::state::Ui;
    use petri_sim::ground::scenario::Scenario;

    #[test]
    fn what_an_example_has_applied_is_found_again_in_its_own_words() {
        let session = Session::new(Recording::new(Scenario::standard(), SEED));
        let example = EXAMPLES.iter().find(|example| !example.needs.is_empty()).expect("one builds on another");
        show_example(&session, example);
        crate::shell::apply(
            &session,
            "own.yaml",
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: own}, data: {a: b}}",
        );
        let mut ui = Ui::new();
        told(&session.shared()).into_iter().for_each(|action| ui.apply(action));
        let names: Vec<_> = ui.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, [example.needs[0], example.name, "recording.yaml"]);
        assert_eq!(&*ui.files[1].text, text(example.name), "with its comments");
        assert!(ui.files[2].text.contains("name: own"), "{}", ui.files[2].text);
        assert!(ui.files.iter().all(|file| !file.is_changed()), "all of it is applied");
    }
}

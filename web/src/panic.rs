//! When the program itself fails: a screen without Yew that says so and hands over the recording that reproduces it.

use petri_sim::story::recording::Stamped;
use petri_sim::story::shared::Shared;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::command::Command;
use std::cell::RefCell;
use std::rc::Rc;

thread_local! {
    /// The run as it was before the step that is being taken: what a panic in the middle of one must not lose.
    static BLACK_BOX: RefCell<Option<Shared>> = const { RefCell::new(None) };
}

/// Remembers where a step sets out from.
pub fn remember(shared: Shared) {
    // Busy only while the panic screen reads it: then nothing newer matters.
    BLACK_BOX.with(|black_box| {
        if let Ok(mut black_box) = black_box.try_borrow_mut() {
            *black_box = Some(shared);
        }
    });
}

/// Remembers a run with the command that is about to be tried.
pub fn remember_attempt(timeline: &Timeline, command: &Command) {
    let at = timeline.now();
    let mut recording = timeline.recording().clone();
    recording.commands.retain(|stamped| stamped.at <= at);
    recording.commands.push(Stamped { at, position: None, command: Rc::new(command.clone()) });
    remember(Shared::new(recording, at, at));
}

/// The remembered run as JSON, empty if there is none.
pub fn recorded() -> String {
    BLACK_BOX
        .with(|black_box| black_box.try_borrow().ok().and_then(|b| b.as_ref().map(Shared::to_json)))
        .unwrap_or_default()
}

/// Shows the screen from now on when the program panics.
pub fn install() {
    std::panic::set_hook(Box::new(|info| {
        let what = info.to_string();
        gloo::console::error!(&what);
        show(&what, &recorded());
    }));
}

/// Draws the screen over everything else. Each step may fail without harm: there is nobody left to tell. That is why
/// the window and its document are not asked of gloo, which panics where there is none.
pub fn show(what: &str, recording: &str) {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else { return };
    let Some(body) = document.body() else { return };
    // The first failure is the one that matters: others only follow from it.
    if document.get_element_by_id("panic-screen").is_some() {
        return;
    }
    let element = |tag: &str, text: &str| {
        let element = document.create_element(tag).ok();
        if let Some(element) = &element {
            element.set_text_content(Some(text));
        }
        element
    };
    let Some(screen) = element("div", "") else { return };
    let _ = screen.set_attribute("id", "panic-screen");
    let _ = screen.set_attribute("role", "alertdialog");
    let _ = screen.set_attribute("aria-label", "Petri has stopped");
    let mut parts = vec![
        element("h1", "Petri has stopped."),
        element(
            "p",
            "That is a mistake in Petri, not in what you did. The recording below repeats it; please send it along with the message.",
        ),
        element("pre", what),
    ];
    if !recording.is_empty() {
        let area = element("textarea", recording);
        if let Some(area) = &area {
            for (key, value) in
                [("readonly", ""), ("rows", "10"), ("id", "panic-recording"), ("aria-label", "Recording")]
            {
                let _ = area.set_attribute(key, value);
            }
        }
        parts.push(area);
    }
    let reload = element("a", "Load the page again");
    if let Some(reload) = &reload {
        let _ = reload.set_attribute("href", "?");
    }
    parts.push(reload);
    for part in parts.into_iter().flatten() {
        let _ = screen.append_child(&part);
    }
    let _ = body.append_child(&screen);
}

//! Keys that work everywhere on the page. `?` lists them.

use crate::desk::{Desk, pins};
use crate::state::{Action, Panel, Popup, Sight, Ui};
use gloo::events::{EventListener, EventListenerOptions};
use petri_console::Turn;
use petri_picture::view::layout::Density;
use wasm_bindgen::JsCast as _;
use yew::prelude::*;

/// What the help shows: key and meaning.
pub const KEYS: &[(&str, &str)] = &[
    ("Space", "play or pause"),
    (". and ,", "one event forward or back"),
    ("n", "on to the next change of what is selected"),
    ("[ and ]", "to the pin before or after"),
    ("b", "bookmark this moment, or take its bookmark away"),
    ("+ and -", "faster or slower"),
    ("Ctrl ↵", "apply the manifest, from anywhere"),
    ("Ctrl Shift ↵", "see what applying it would change"),
    ("Ctrl Z", "take the last command back (it forks the past)"),
    ("Ctrl Shift Z", "do it again"),
    ("Ctrl K or /", "search for everything, or say a command"),
    ("c", "compare two courses of events"),
    ("v", "what the pictures show, and how"),
    ("a", "draw the causes of the selection as arrows"),
    ("d", "all pods with their words, all small, or as fits"),
    ("1 to 5", "a panel, on a narrow screen"),
    ("Arrows", "on the timeline: one event; with Shift one pin; Home and End: the ends"),
    ("Enter", "select the focused mark"),
    ("Shift F10 or menu key", "everything that can be done with the focused mark"),
    ("Esc", "close what floats; again: select nothing"),
    ("?", "this list"),
];

/// Whether a key press belongs to what has the focus rather than to the page.
fn is_typing(target: Option<&web_sys::Element>) -> bool {
    target.is_some_and(|element| {
        matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
            || element.closest("[contenteditable=true]").ok().flatten().is_some()
    })
}
/// Whether the space bar already means something there.
fn is_button(target: Option<&web_sys::Element>) -> bool {
    target.is_some_and(|element| {
        element.closest("button, a, summary, [role=button], [role=menuitem], [role=tab]").ok().flatten().is_some()
    })
}

#[hook]
pub fn use_keys(desk: &Desk, ui: &UseReducerHandle<Ui>) {
    let latest = use_mut_ref(|| None::<(Desk, UseReducerHandle<Ui>)>);
    *latest.borrow_mut() = Some((desk.clone(), ui.clone()));
    use_effect_with((), move |()| {
        let pressed = move |event: &Event| {
            let latest = latest.borrow().clone();
            if let (Some((desk, ui)), Some(event)) = (latest, event.dyn_ref::<KeyboardEvent>())
                && !event.default_prevented()
                && handle(&desk, &ui, event)
            {
                event.prevent_default();
            }
        };
        let options = EventListenerOptions::enable_prevent_default();
        let listener = EventListener::new_with_options(&gloo::utils::document(), "keydown", options, pressed);
        move || drop(listener)
    });
}

/// The keys that go to moments, and those that choose what is shown. A first visit does not need them.
#[inline(never)]
fn look(desk: &Desk, ui: &Ui, key: &str) {
    let next = |change: &dyn Fn(&mut Sight)| {
        let mut sight = ui.sight.clone();
        change(&mut sight);
        desk.send(Action::Look(sight));
    };
    match key {
        "n" => desk.next_change(ui.selection.as_ref()),
        "[" => pins::jump(desk, false),
        "]" => pins::jump(desk, true),
        "b" => desk.bookmark(),
        "v" => desk.send(Action::Open(Popup::Sight)),
        "a" => next(&|sight| sight.arrows = !sight.arrows),
        _ => next(&|sight| {
            let at = Density::ALL.iter().position(|density| *density == sight.density).unwrap_or(0);
            sight.density = Density::ALL[(at + 1) % Density::ALL.len()];
        }),
    }
}

/// Answers whether the key meant something.
fn handle(desk: &Desk, ui: &Ui, event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let target = target.as_ref();
    let control = event.ctrl_key() || event.meta_key();
    let key = event.key();
    if key == "Escape" {
        if ui.popup.is_some() {
            desk.send(Action::Close);
            return true;
        }
        if !is_typing(target) && ui.selection.is_some() {
            desk.send(Action::Select(None));
            return true;
        }
        return false;
    }
    if control {
        return match key.as_str() {
            "k" | "K" => {
                desk.send(Action::Open(Popup::Palette(String::new())));
                true
            }
            // With the shift key: a look at it first.
            "Enter" if event.shift_key() => ui.active_file().is_some_and(|file| {
                desk.send(Action::Open(Popup::Diff(file.id)));
                true
            }),
            "Enter" => ui.active_file().is_some_and(|file| {
                desk.apply(file);
                true
            }),
            "z" | "Z" if !is_typing(target) => {
                desk.turn(if event.shift_key() { Turn::Redo } else { Turn::Undo });
                true
            }
            _ => false,
        };
    }
    if is_typing(target) || event.alt_key() {
        return false;
    }
    let session = &desk.session;
    match key.as_str() {
        " " if !is_button(target) => session.toggle(),
        "." => session.step(),
        "," => session.step_back(),
        "+" | "=" => session.set_speed(session.player_state().speed.next(true)),
        "-" => session.set_speed(session.player_state().speed.next(false)),
        "n" | "[" | "]" | "b" | "v" | "a" | "d" => look(desk, ui, &key),
        "/" => desk.send(Action::Open(Popup::Palette(String::new()))),
        "c" => desk.send(Action::Open(Popup::Compare)),
        "?" => desk.send(Action::Open(Popup::Help)),
        "1" | "2" | "3" | "4" | "5" => {
            let panel = key.parse::<usize>().ok().and_then(|n| Panel::ALL.get(n - 1));
            if let Some(panel) = panel {
                desk.send(Action::ShowPanel(*panel));
            }
        }
        _ => return false,
    }
    true
}

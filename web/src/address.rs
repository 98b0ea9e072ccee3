//! The whole run in the address: whoever copies it, or loads the page again, is at the same microsecond.

use crate::desk::Desk;
use crate::edge;
use crate::first_visit::named;
use crate::frames;
use crate::openings::open_named;
use crate::session::{Mode, use_slice};
use crate::state::{Action, Bookmark, TooLong};
use gloo::events::EventListener;
use petri_sim::story::link;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// Opens the recording of the address when the address changes under the page.
#[hook]
pub fn use_link(desk: &Desk) {
    let desk = desk.clone();
    use_effect_with((), move |()| {
        let listener = EventListener::new(&gloo::utils::window(), "hashchange", move |_| {
            let desk = desk.clone();
            spawn_local(async move {
                edge::expect_third_part().await;
                if let Some(named) = named(&gloo::utils::window().location().hash().unwrap_or_default()) {
                    open_named(&desk, named);
                }
            });
        });
        move || drop(listener)
    });
}

/// Longer addresses are cut or refused by some browsers and by most chat programs.
const LONGEST_ADDRESS: usize = 60_000;
/// How often it is written while the clock runs, in milliseconds.
const NOW_AND_THEN: f64 = 5_000.0;

/// Keeps the whole run in the address: whoever copies it, or loads the page again, is at the same microsecond.
///
/// It is written after every command, at every stop, when a run has arrived, and now and then while the clock runs: browsers limit how often that
/// may be.
#[hook]
pub fn use_address(desk: &Desk, example: &str, bookmarks: &Rc<Vec<Bookmark>>) {
    let changes = use_mut_ref(|| 0_u32);
    let known = changes.clone();
    let stand = use_slice((), move |session, ()| {
        let timeline = session.timeline();
        let mode = session.player_state().mode;
        let (moves, runs) = (mode != Mode::Paused, matches!(mode, Mode::Running { .. }));
        let moment = (!moves).then(|| timeline.now());
        let turn = (moves && *known.borrow() > 1).then(|| (frames::now() / NOW_AND_THEN) as u64);
        (timeline.recording().commands.len(), moment, turn, runs)
    });
    let desk = desk.clone();
    use_effect_with((stand, example.to_owned(), bookmarks.clone()), move |_| {
        let change = changes.replace_with(|count| *count + 1);
        let desk = desk.clone();
        // What a page opens with needs no address but its own. A hand on the scrubber makes hundreds of changes, and
        // only the last one counts: the next change takes the pen away from the one before.
        let writes = (change > 0).then(|| frames::later(400, move || write_address(&desk)));
        move || drop(writes)
    });
}

/// Whether a run fits into an address that arrives everywhere.
pub fn fits(fragment: &str) -> bool {
    fragment.len() <= LONGEST_ADDRESS
}

/// What is too long for it stays in the browser, where that is possible, and the address says where.
fn write_address(desk: &Desk) {
    let fragment = link::to_fragment(&desk.shared());
    let (address, too_long) = match fits(&fragment) {
        true => (Some(fragment), None),
        false => match edge::keep(desk.session.run(), &fragment) {
            Some(name) => (Some(format!("kept={name}")), Some(TooLong::Kept)),
            None => (None, Some(TooLong::Unkept)),
        },
    };
    if let Some(address) = address {
        // Refused in some sandboxed frames; Share offers the link there.
        let _ = gloo::utils::history().replace_state_with_url(&JsValue::NULL, "", Some(&format!("#{address}")));
    }
    desk.send(Action::TooLong(too_long));
}

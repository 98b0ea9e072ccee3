//! The whole run in the address: whoever copies it, or loads the page again, is at the same microsecond.

use crate::desk::Desk;
use crate::frames;
use crate::openings::{open_link, refuse_link};
use crate::session::{use_session, use_slice};
use crate::state::Bookmark;
use gloo::events::EventListener;
use petri_sim::story::link;
use petri_sim::story::shared::Shared;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use yew::prelude::*;

/// Opens the recording of the address when the address changes under the page.
#[hook]
pub fn use_link(desk: &Desk) {
    let desk = desk.clone();
    use_effect_with((), move |()| {
        let listener = EventListener::new(&gloo::utils::window(), "hashchange", move |_| {
            match link::from_fragment(&gloo::utils::window().location().hash().unwrap_or_default()) {
                Some(Ok(shared)) => open_link(&desk, shared),
                Some(Err(refused)) => refuse_link(&desk, &refused),
                None => {}
            }
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
        let bookmarks = bookmarks.clone();
        // What a page opens with needs no address but its own. A hand on the scrubber makes hundreds of changes, and
        // only the last one counts: the next change takes the pen away from the one before.
        let writes =
            (change > 0).then(|| frames::later(400, move || write_address(&Shared { bookmarks, ..session.shared() })));
        move || drop(writes)
    });
}

fn write_address(shared: &Shared) {
    let fragment = link::to_fragment(shared);
    if fragment.len() <= LONGEST_ADDRESS {
        // Refused in some sandboxed frames; Share offers the link there.
        let _ = gloo::utils::history().replace_state_with_url(&JsValue::NULL, "", Some(&format!("#{fragment}")));
    }
}

//! What a pick of a mark does: the same in every picture.

use crate::desk::{Desk, use_desk};
use crate::pictures::{How, OnPick, Pick};
use crate::state::Action;
use yew::prelude::*;

/// What a click on a mark does: the same in every picture.
fn pick(desk: &Desk, pick: Pick) {
    match pick.how {
        How::Select => desk.select(pick.target),
        How::Menu => {
            desk.send(Action::Select(Some(pick.target.clone())));
            desk.open_menu(pick.target, pick.x, pick.y);
        }
    }
}

#[hook]
pub fn use_pick() -> OnPick {
    let desk = use_desk();
    use_callback(desk, |picked: Pick, desk| pick(desk, picked))
}

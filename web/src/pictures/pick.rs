//! What turns a mark into something that can be picked by pointer and by keyboard alike.

use super::{How, OnPick, Pick};
use crate::view::Target;
use web_sys::Element;
use yew::prelude::*;

/// The three handlers of a mark: pointer, keys, menu.
pub struct Handlers {
    pub onclick: Callback<MouseEvent>,
    pub onkeydown: Callback<KeyboardEvent>,
    pub oncontextmenu: Callback<MouseEvent>,
}

/// Handlers that say that this target was picked.
pub fn handlers(target: &Target, on_pick: &OnPick) -> Handlers {
    let pointer = |how: How, target: Target, on_pick: OnPick| {
        Callback::from(move |event: MouseEvent| {
            if how == How::Menu {
                event.prevent_default();
            }
            event.stop_propagation();
            on_pick.emit(Pick { target: target.clone(), how, x: event.client_x(), y: event.client_y() });
        })
    };
    let (key_target, key_pick) = (target.clone(), on_pick.clone());
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        let how = match (&*event.key(), event.shift_key()) {
            ("Enter" | " ", false) => How::Select,
            ("ContextMenu", _) | ("F10", true) => How::Menu,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        let (x, y) = place_of(&event);
        key_pick.emit(Pick { target: key_target.clone(), how, x, y });
    });
    Handlers {
        onclick: pointer(How::Select, target.clone(), on_pick.clone()),
        onkeydown,
        oncontextmenu: pointer(How::Menu, target.clone(), on_pick.clone()),
    }
}

/// Where the mark is that has the focus: a menu opens at its lower left.
fn place_of(event: &KeyboardEvent) -> (i32, i32) {
    event.target_dyn_into::<Element>().map_or((0, 0), |element| {
        let rect = element.get_bounding_client_rect();
        (rect.left() as i32 + 12, rect.bottom() as i32)
    })
}

/// A group of an SVG picture that can be picked. `key` keeps it the same element from frame to frame.
pub fn pickable(key: String, class: Classes, label: &str, selected: bool, target: &Target, on_pick: &OnPick, body: Html) -> Html {
    let Handlers { onclick, onkeydown, oncontextmenu } = handlers(target, on_pick);
    html! {
        <g {key} {class} role="button" tabindex="0" aria-label={label.to_owned()}
            aria-pressed={if selected { "true" } else { "false" }} {onclick} {onkeydown} {oncontextmenu}>
            { body }
        </g>
    }
}

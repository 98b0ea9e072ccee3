//! What turns a mark into something that can be picked by pointer and by keyboard alike.

use petri_picture::view::Target;
use web_sys::Element;
use yew::prelude::*;

/// What a person did with a mark of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Pick {
    pub target: Target,
    pub how: How,
    /// Where to put a menu: client coordinates of the pointer, or of the mark for the keyboard.
    pub x: i32,
    pub y: i32,
}

/// How a mark was picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// A click, or Enter or Space.
    Select,
    /// The secondary button, a long press, the menu key or Shift+F10.
    Menu,
}

/// What every interactive picture takes.
pub type OnPick = Callback<Pick>;

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

/// A group of an SVG picture that can be picked. `key` keeps it the same element from frame to frame; `state` is a word
/// for scripts and tests.
pub struct Pickable<'p> {
    pub key: String,
    pub class: Classes,
    pub label: &'p str,
    pub state: Option<&'static str>,
    pub selected: bool,
    pub target: &'p Target,
    pub on_pick: &'p OnPick,
    pub body: Html,
}

/// Draws it: a button to assistive technology, with attributes that tell scripts and tests which mark it is.
pub fn pickable(mark: Pickable<'_>) -> Html {
    let Pickable { key, class, label, state, selected, target, on_pick, body } = mark;
    let Handlers { onclick, onkeydown, oncontextmenu } = handlers(target, on_pick);
    // Lanes and pins have no state: only the cluster's marks answer to a name.
    let (pod, uid, node, claim) = match target {
        Target::Pod { pod, uid } if state.is_some() => (Some(pod.name.to_string()), Some(uid.short()), None, None),
        Target::Node(node) if state.is_some() => (None, None, Some(node.to_string()), None),
        Target::Claim(claim) if state.is_some() => (None, None, None, Some(claim.name.to_string())),
        _ => (None, None, None, None),
    };
    html! {
        <g {key} {class} role="button" tabindex="0" aria-label={label.to_owned()} data-pod={pod} data-uid={uid} data-node={node}
            data-claim={claim} data-state={state} aria-pressed={if selected { "true" } else { "false" }}
            {onclick} {onkeydown} {oncontextmenu}>
            { body }
        </g>
    }
}

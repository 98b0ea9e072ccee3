//! A claim and its disk, on the rail.

use super::pick::OnPick;
use super::pick::{Pickable, pickable};
use super::shapes::{rect, ring};
use crate::view::layout::Rect;
use crate::view::{DiskState, DiskView, Target, Tone, words};
use yew::prelude::*;

/// One disk; a small one has only its name.
pub fn disk(view: &DiskView, place: Rect, small: bool, selected: Option<&Target>, on_pick: &OnPick) -> Html {
    let Rect { x, y, w, h } = place;
    let class = match view.state {
        DiskState::Pending | DiskState::Released => "disk free",
        DiskState::Contested if view.line_tone == Tone::Broken => "disk twin",
        DiskState::Contested => "disk cont",
        _ => "disk",
    };
    let text = |dx: i32, dy: i32, class: Classes, words: String| {
        html! { <text x={(x + dx).to_string()} y={(y + dy).to_string()} {class}>{ words }</text> }
    };
    let words = if small {
        text(w / 2, h / 2 + 4, classes!("c"), words::fit(&view.name, (w - 10).max(0) as u32, 12, false))
    } else {
        let tone = match view.line_tone {
            Tone::Calm => None,
            Tone::Risk => Some("warn"),
            Tone::Broken => Some("bad"),
        };
        let right = words::width(&view.right, 11, false);
        let room = (w - 43).max(0) as u32;
        // The countdown goes to the second line's place if the first has no room for both.
        let beside = view.right.is_empty() || words::width(&view.name, 12, false) + right + 12 <= room;
        let line = if beside { view.line.clone() } else { view.right.clone() };
        html! { <>
            { drum(x + 9, y + 11, view.state == DiskState::Released) }
            { text(33, 17, classes!("b"), words::fit(&view.name, if beside { room.saturating_sub(right) } else { room }, 12, false)) }
            { text(33, 32, classes!("sub", tone), words::fit(&line, room, 11, false)) }
            if beside && !view.right.is_empty() { { text(w - 10, 17, classes!("sub", "e", "warn", "me"), view.right.clone()) } }
        </> }
    };
    let selected = selected == Some(&view.target);
    let body = html! { <>
        if view.state == DiskState::LeftBehind && !small { { absent(view, place) } }
        { rect(class, place, 4) }
        if selected { { rect("halo", Rect::new(x - 4, y - 4, w + 8, h + 8), 7) } }
        { ring(place, 4) }
        { words }
    </> };
    let class = classes!("pick", view.identity.class(), view.state.class());
    let (key, state) = (view.key.to_string(), Some(view.state.class()));
    pickable(Pickable { key, class, label: &view.label, state, selected, target: &view.target, on_pick, body })
}

/// A drum; the lid is off once the claim is gone.
fn drum(x: i32, y: i32, open: bool) -> Html {
    html! {
        <g transform={format!("translate({x} {y})")}>
            if open {
                <path class="drum" d="M2 4l12-6"/>
            } else {
                <ellipse class="lid" cx="8" cy="3.5" rx="7.5" ry="3"/>
            }
            <path class="drum" d="M.5 3.5v11c0 1.7 3.4 3 7.5 3s7.5-1.3 7.5-3v-11M.5 9c0 1.7 3.4 3 7.5 3s7.5-1.3 7.5-3"/>
        </g>
    }
}

/// The ordinal that is not there any more.
fn absent(view: &DiskView, place: Rect) -> Html {
    let x = place.x + place.w / 2;
    let (left, top) = ((x - 8).to_string(), (place.y - 21).to_string());
    html! { <>
        <path class="absent" d={format!("M{x} {}v6", place.y - 6)}/>
        <rect class="absent" x={left} y={top} width="16" height="15" rx="2"/>
        <text class="c b" x={x.to_string()} y={(place.y - 9).to_string()} style="font-size:11px">{ view.identity.numeral() }</text>
    </> }
}

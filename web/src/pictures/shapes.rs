//! Shapes that several pictures draw.

use crate::view::layout::Rect;
use yew::prelude::*;

/// A path through these points.
pub fn path(points: &[(i32, i32)]) -> String {
    let mut path = String::new();
    for (index, (x, y)) in points.iter().enumerate() {
        path.push_str(&format!("{}{x} {y}", if index == 0 { 'M' } else { 'L' }));
    }
    path
}

pub fn rect(class: &'static str, rect: Rect, rx: i32) -> Html {
    html! {
        <rect {class} x={rect.x.to_string()} y={rect.y.to_string()} width={rect.w.to_string()} height={rect.h.to_string()} rx={rx.to_string()}/>
    }
}

/// The ring of what has the focus.
pub fn ring(place: Rect, by: i32) -> Html {
    rect("ring", Rect::new(place.x - by, place.y - by, place.w + 2 * by, place.h + 2 * by), 6)
}

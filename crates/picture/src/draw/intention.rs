//! Intention is ink: brackets around sets, notches on the lower edge of pods, slots for pods that are not there.

use super::notch::sign;
use super::shape::{Mark, Shape, classes, halo, path, rect, ring, text, tone, when};
use super::tile::{Patterns, tile};
use crate::view::layout::{BracketBox, RailBox, Rect, Size, TileBox};
use crate::view::{BracketView, CellView, Target, words};

/// A set: its name and how many were asked for, its pods, and what holds it back.
pub fn bracket(view: &BracketView, place: &BracketBox, patterns: &Patterns, selected: Option<&Target>) -> Mark {
    let Rect { x, y, w, h } = place.rect;
    let selected = selected == Some(&view.target);
    let after_sign = x + if view.sign.is_some() { 29 } else { 15 };
    let room_beside =
        |count: &str| (x + w - 14 - words::width(count, 12, false) as i32 - 8 - after_sign).max(20) as u32;
    // The name before the words around the numbers.
    let brief = format!("{}/{}", view.ready, view.asked);
    let count = if words::width(&view.name, 13, false) <= room_beside(&view.count) { &view.count } else { &brief };
    let room = room_beside(count);
    let name = words::fit(&view.name, room, 13, false);
    // Strong letters are wider, in some fonts by an eighth.
    let strong = words::width(&name, 13, false);
    let beside = strong + strong / 8 + 12;
    let kind = room.checked_sub(beside).filter(|left| words::width(view.kind, 11, false) <= *left);
    let cells = place.cells.last().map_or(x + 14, Rect::right);
    let line = words::fit(&view.line, (x + w - 14 - cells - 8).max(20) as u32, 11, false);
    let pods = view.cells.iter().zip(&place.cells).map(|(cell, place)| match cell {
        CellView::Pod(pod) => Shape::Group {
            key: None,
            class: super::tile::class(pod),
            shapes: vec![tile(pod, &TileBox { rect: *place, size: Size::Cell }, patterns)],
        },
        CellView::Slot(ordinal) => slot(*ordinal, *place),
    });
    Mark {
        key: view.target.key(),
        class: "pick".into(),
        label: view.label.clone(),
        state: None,
        selected,
        target: view.target.clone(),
        shapes: vec![
            rect("hot", place.rect, 3),
            halo(selected, Rect::new(x + 3, y + 3, w - 6, h - 6), 4),
            ring(place.rect, 1),
            path("asked", format!("M{} {y}h-6v{h}h6M{} {y}h6v{h}h-6", x + 7, x + w - 7)),
            view.sign.map_or(Shape::None, |number| path("sign", sign(number, x + 19, y + 13))),
            text(after_sign, y + 17, "nm", name),
            when(kind.is_some(), || text(after_sign + beside as i32 - 3, y + 17, "sub", view.kind)),
            text(x + w - 14, y + 17, "e", &**count),
            Shape::All(pods.collect()),
            place.bar.map_or(Shape::None, |bar| rect("bar", bar, 0)),
            text(x + w - 14, y + 35, classes(&["sub", tone(view.tone), "e"]), line),
        ],
    }
}

/// Asked for, and not there: four corners, no sides.
fn slot(ordinal: Option<u32>, place: Rect) -> Shape {
    let Rect { x, y, w, h } = place;
    let (r, b) = (x + w, y + h);
    let corners = format!("M{x} {}v-4h4M{} {y}h4v4M{r} {}v4h-4M{} {b}h-4v-4", y + 4, r - 4, b - 4, x + 4);
    Shape::All(vec![
        path("asked", corners),
        ordinal.map_or(Shape::None, |ordinal| text(x + w / 2, y + h / 2 + 4, "sub-size c", ordinal.to_string())),
    ])
}

/// The place of pods that no node has.
pub fn rail(place: &RailBox, waiting: usize) -> Shape {
    let Rect { x, y, w, h } = place.rect;
    let count = match waiting {
        0 => "all have one".to_owned(),
        1 => "1 has none".to_owned(),
        more => format!("{more} have none"),
    };
    Shape::All(vec![
        path("rule", format!("M{} {}v{}", x - 2, y, h)),
        text(x + 8, y + 11, "zl", "on no node"),
        text(x + w - 8, y + 11, "zl e", count),
        when(place.more > 0, || text(x + w - 12, y + h - 8, "sub e", format!("+{} more", place.more))),
    ])
}

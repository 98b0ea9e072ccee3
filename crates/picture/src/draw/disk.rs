//! A claim and its disk, on the rail.

use super::shape::{Mark, Shape, classes, halo, path, rect, ring, text, tone, when};
use crate::view::layout::Rect;
use crate::view::{DiskState, DiskView, Target, Tone, words};

/// One disk; a small one has only its name.
pub fn disk(view: &DiskView, place: Rect, small: bool, selected: Option<&Target>) -> Shape {
    let Rect { x, y, w, h } = place;
    let class = match view.state {
        DiskState::Pending | DiskState::Released => "disk free",
        DiskState::Contested if view.line_tone == Tone::Broken => "disk twin",
        DiskState::Contested => "disk cont",
        _ => "disk",
    };
    let words = if small {
        text(x + w / 2, y + h / 2 + 4, "c", words::fit(&view.name, (w - 10).max(0) as u32, 12, false))
    } else {
        let right = words::width(&view.right, 11, false);
        let room = (w - 43).max(0) as u32;
        // The countdown goes to the second line's place if the first has no room for both.
        let beside = view.right.is_empty() || words::width(&view.name, 12, false) + right + 12 <= room;
        let line = if beside { &view.line } else { &view.right };
        let name = words::fit(&view.name, if beside { room.saturating_sub(right) } else { room }, 12, false);
        Shape::All(vec![
            drum(x + 9, y + 11, view.state == DiskState::Released),
            text(x + 33, y + 17, "b", name),
            text(x + 33, y + 32, classes(&["sub", tone(view.line_tone)]), words::fit(line, room, 11, false)),
            when(beside && !view.right.is_empty(), || text(x + w - 10, y + 17, "sub e warn me", &*view.right)),
        ])
    };
    let selected = selected == Some(&view.target);
    Shape::Mark(Box::new(Mark {
        key: view.key.to_string(),
        class: classes(&["pick", view.identity.class(), view.state.class()]),
        label: view.label.clone(),
        state: Some(view.state.class()),
        selected,
        target: view.target.clone(),
        shapes: vec![
            when(view.state == DiskState::LeftBehind && !small, || absent(view, place)),
            rect(class, place, 4),
            halo(selected, place, 7),
            ring(place, 4),
            words,
        ],
    }))
}

/// A drum; the lid is off once the claim is gone.
fn drum(x: i32, y: i32, open: bool) -> Shape {
    let body = "c0 1.7 3.4 3 7.5 3s7.5-1.3 7.5-3";
    Shape::All(vec![
        match open {
            true => path("drum", format!("M{} {}l12-6", x + 2, y + 4)),
            false => path("lid", format!("M{x}.5 {}.5a7.5 3 0 1 0 15 0a7.5 3 0 1 0-15 0", y + 3)),
        },
        path("drum", format!("M{x}.5 {}.5v11{body}v-11M{x}.5 {}{body}", y + 3, y + 9)),
    ])
}

/// The ordinal that is not there any more.
fn absent(view: &DiskView, place: Rect) -> Shape {
    let x = place.x + place.w / 2;
    Shape::All(vec![
        path("absent", format!("M{x} {}v6", place.y - 6)),
        rect("absent", Rect::new(x - 8, place.y - 21, 16, 15), 2),
        text(x, place.y - 9, "sub-size c b", view.identity.numeral()),
    ])
}

//! A Service on its rail, the plugs of the pods behind it, and calls on their way.

use super::shape::{Mark, Shape, classes, group, halo, line, path, rect, ring, text, tone, when};
use crate::view::layout::{Rect, ServiceBox};
use crate::view::{PlugEnd, ServicePlug, ServiceView, Target, words};

/// The rail of one Service, with the lines of its pods and callers.
pub fn service(view: &ServiceView, place: &ServiceBox, selected: Option<&Target>) -> Shape {
    let plugs = view.plugs.iter().zip(&place.plugs).map(|(plug, points)| end(plug, points));
    let calls = place.calls.iter().map(|points| call(points));
    Shape::All(vec![
        group("service-plugs", plugs),
        group("service-calls", calls),
        Shape::Mark(Box::new(rail(view, place.rect, selected))),
    ])
}

/// Filled: ready. Open and dashed: stopping, but serving. Ending short: not ready. A cross: a call came to nothing.
fn end(plug: &ServicePlug, points: &[(i32, i32)]) -> Shape {
    let Some((x, y)) = points.last().copied() else { return Shape::None };
    let short: Vec<(i32, i32)> = points[..points.len() - 1].iter().copied().chain([(x, y - 9)]).collect();
    let (way, socket) = match plug.end {
        PlugEnd::Ready => (path("serve", line(points)), rect("serve-end", Rect::new(x - 4, y - 4, 8, 6), 1)),
        PlugEnd::Stopping => {
            (path("serve wait", line(points)), rect("serve-end open", Rect::new(x - 4, y - 4, 8, 6), 1))
        }
        PlugEnd::Out => (path("serve wait", line(&short)), path("serve", format!("M{} {}h8", x - 4, y - 9))),
    };
    let cross = || path("failed", format!("M{} {}l8 8m0-8l-8 8", x - 4, y - 18));
    Shape::All(vec![way, socket, when(plug.failed, cross)])
}

/// Who calls points at the rail.
fn call(points: &[(i32, i32)]) -> Shape {
    let Some((x, y)) = points.last().copied() else { return Shape::None };
    Shape::All(vec![path("serve", line(points)), path("serve-end", format!("M{x} {y}l-4-8h8z"))])
}

fn rail(view: &ServiceView, place: Rect, selected: Option<&Target>) -> Mark {
    let Rect { x, y, w, .. } = place;
    let selected = selected == Some(&view.target);
    // From the left: who it is. From the right: what calls came to. Between them what fails, where there is room.
    let room = (w - 20).max(0) as u32;
    let name = words::fit(&view.name, room / 3, 13, false);
    // Strong letters are wider, in some fonts by an eighth.
    let strong = words::width(&name, 13, false) as i32;
    let mut at = x + 10 + strong + strong / 8 + 8;
    let mut told = vec![text(x + 10, y + 21, "nm", name)];
    let calls = words::fit(&view.calls, room / 2, 11, false);
    let mut end = x + w - 10;
    if !calls.is_empty() {
        told.push(text(end, y + 20, "sub e", &*calls));
        end -= words::width(&calls, 11, false) as i32 + 14;
    }
    let trouble = words::width(&view.trouble, 11, false) as i32;
    // What fails goes before what the Service is.
    let kept = if view.trouble.is_empty() { 0 } else { trouble.min(end - at) + 14 };
    for (words, mono) in [(view.kind, false), (&*view.address, true), (&*view.says, false)] {
        let width = words::width(words, 11, mono) as i32;
        if !words.is_empty() && at + width <= end - kept {
            told.push(text(at, y + 20, if mono { "m sub" } else { "sub" }, words));
            at += width + 10;
        }
    }
    let room = (end - at).max(0) as u32;
    if !view.trouble.is_empty() && room > 40 {
        let trouble = words::fit(&view.trouble, room, 11, false);
        told.push(text(end, y + 20, classes(&["sub", tone(view.tone), "me", "e"]), trouble));
    }
    Mark {
        key: view.target.key(),
        class: "pick".into(),
        label: view.label.clone(),
        state: None,
        selected,
        target: view.target.clone(),
        shapes: vec![rect("service", place, 4), halo(selected, place, 7), ring(place, 4), Shape::All(told)],
    }
}

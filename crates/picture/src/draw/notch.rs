//! Marks of intention on a pod: how its revision stands to what is asked for, and the shape of its set.

use super::shape::{Shape, path};
use crate::view::layout::Rect;
use crate::view::revision::{Notch, Revision};

/// How the pod's template stands to what is asked for, on the tile's lower edge.
pub fn notch(revision: Revision, place: Rect, small: bool) -> Shape {
    let y = place.bottom();
    let (x, half) = if small { (place.x + place.w / 2, 4) } else { (place.right() - 30, 6) };
    match revision.notch {
        Notch::None => Shape::None,
        Notch::Old => path("notch cut", format!("M{} {}l{half}-{half} {half} {half}", x - half, y + 1)),
        Notch::New => path("notch", format!("M{} {y}h{}l-{half} {half}z", x - half, 2 * half)),
        Notch::Neither => {
            let (w, h) = if small { (9, 6) } else { (12, 8) };
            let (left, top) = (x - w / 2, y - h / 2);
            path("notch box", format!("M{left} {top}h{w}v{h}h-{w}zM{} {}l{w}-{h}", left, top + h))
        }
    }
}

/// One of six shapes, 9 pixels wide, around a point.
pub fn sign(number: usize, x: i32, y: i32) -> String {
    match number {
        0 => format!("M{x} {}l5 5-5 5-5-5z", y - 5),
        1 => format!("M{x} {}l5 9h-10z", y - 5),
        2 => format!("M{} {}h8v8h-8z", x - 4, y - 4),
        3 => format!("M{} {y}a4 4 0 1 0 8 0a4 4 0 1 0-8 0", x - 4),
        4 => format!("M{} {}h9v3h-9zm0 5h9v3h-9z", x - 4, y - 4),
        _ => format!("M{} {}h3v3h3v3h-3v3h-3v-3h-3v-3h3z", x - 1, y - 4),
    }
}

//! The bar between two tiles of one name.

use super::boxes::{Bar, ClusterLayout, Rect};
use crate::view::marks::{ClusterView, DuplicateKind};
use petri_objects::Uid;

/// The bars of all pairs whose tiles are both drawn.
pub(super) fn bars(view: &ClusterView, layout: &ClusterLayout) -> Vec<Bar> {
    let rect_of = |uid: Uid| {
        let found = view.tiles().zip(layout.tiles()).find(|(tile, _)| tile.uid == uid);
        found.map(|(_, place)| place.rect).filter(|rect| rect.w > 0)
    };
    view.duplicates
        .iter()
        .enumerate()
        .filter_map(|(pair, duplicate)| {
            let (older, newer) = (rect_of(duplicate.older)?, rect_of(duplicate.newer)?);
            let width = match duplicate.kind {
                DuplicateKind::Twice | DuplicateKind::More => 46,
                DuplicateKind::Next => 92,
            };
            let (line, middle) = join(older, newer, width, layout);
            let half = width / 2;
            let x = (middle.0 - half).clamp(2, (layout.width - width - 2).max(2));
            Some(Bar { pair, line, cap: Rect::new(x, middle.1 - 12, width, 24) })
        })
        .collect()
}

/// A line between two tiles, and where its word stands.
fn join(a: Rect, b: Rect, word: i32, layout: &ClusterLayout) -> (Vec<(i32, i32)>, (i32, i32)) {
    let (left, right) = if a.x <= b.x { (a, b) } else { (b, a) };
    let y = left.y + left.h / 2;
    let level = right.y <= y && y <= right.bottom();
    let between = Rect::new(left.right(), y - 2, right.x - left.right(), 4);
    let blocked = layout.tiles().any(|tile| tile.rect != a && tile.rect != b && tile.rect.overlaps(&between));
    if level && between.w >= 0 && !blocked {
        let x = left.right() + between.w / 2;
        if between.w + 16 >= word {
            return (vec![(left.right() - 6, y), (right.x, y)], (x, y));
        }
        // The word would hide the tiles: it hangs below the gap between them.
        let below = left.bottom().max(right.bottom()) + 16;
        return (vec![(left.right() - 6, y), (right.x, y), (x, y), (x, below)], (x, below));
    }
    let (upper, lower) = if a.y <= b.y { (a, b) } else { (b, a) };
    // Between the name and the status of the lower node.
    let x = upper.middle().0.max(lower.middle().0) + 24;
    let under_both = |rect: Rect| rect.x < x && x < rect.right();
    if lower.y >= upper.bottom() && under_both(upper) && under_both(lower) {
        return (vec![(x, upper.bottom()), (x, lower.y)], (x, upper.bottom() + 19.min((lower.y - upper.bottom()) / 2)));
    }
    // Below the nodes, where nothing but plugs is.
    let lane = upper.bottom().max(lower.bottom()) + 26;
    let (from, to) = (left.middle().0 + 20, right.middle().0 - 20);
    (vec![(from, left.bottom()), (from, lane), (to, lane), (to, right.bottom())], ((from + to) / 2, lane))
}

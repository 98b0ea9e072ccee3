//! The control plane: its own line, below it what was asked for, and beside that the pods that no node has.

use super::boxes::{BracketBox, ClusterLayout, RailBox, Rect, Size, TileBox};
use crate::view::marks::ClusterView;

/// The control plane's own line.
const LINE: i32 = 30;
/// What stands over the brackets, in wide pictures.
const CAPTION: i32 = 13;
const BRACKET: i32 = 43;
/// The least and the greatest width of a bracket.
const LEAST: i32 = 188;
const MOST: i32 = 262;
/// The rail of pods on no node, in wide pictures.
const RAIL: i32 = 184;
const CELL: i32 = 16;
/// From one cell to the next: a notch needs its place.
const PITCH: i32 = 20;

/// Places the brackets below the control plane's line. Its height depends on how many sets there are, and on nothing else.
pub(super) fn place(view: &ClusterView, layout: &mut ClusterLayout) {
    let plane = Rect { h: LINE, ..layout.control_plane };
    layout.control_plane = plane;
    let has_rail = !layout.narrow && plane.w >= 560;
    if view.sets.is_empty() && !has_rail {
        return;
    }
    let caption = if layout.narrow { 2 } else { CAPTION };
    let pad = if layout.narrow { 6 } else { 8 };
    let inner = plane.w - 2 * pad - if has_rail { RAIL + 10 } else { 0 };
    let per_row = (inner / LEAST).max(1).min(view.sets.len().max(1) as i32);
    let width = (inner / per_row).min(if layout.narrow { inner } else { MOST });
    let top = plane.y + LINE + caption - 4;
    for (index, set) in (0..).zip(&view.sets) {
        let (row, column) = (index / per_row, index % per_row);
        let rect = Rect::new(plane.x + pad + column * width, top + row * (BRACKET + 4), width - 4, BRACKET);
        layout.brackets.push(bracket(set.cells.len(), set.bar, rect));
    }
    let rows = (view.sets.len() as i32 + per_row - 1) / per_row;
    layout.control_plane.h = LINE + caption - 4 + rows.max(1) * (BRACKET + 4) + 4;
    if has_rail {
        let rect = Rect::new(plane.right() - RAIL - 4, plane.y + LINE - 2, RAIL, layout.control_plane.h - LINE - 2);
        layout.rail = Some(rail(view, rect, &mut layout.waiting_tiles));
    }
}

fn bracket(cells: usize, bar: Option<usize>, rect: Rect) -> BracketBox {
    let (left, y) = (rect.x + 14, rect.y + 22);
    // The second half of the line is for words.
    let room = ((rect.w - 24) * 3 / 5 / PITCH).max(1) as usize;
    let at = |index: usize| {
        let shift = if bar.is_some_and(|bar| index >= bar) { 6 } else { 0 };
        left + index as i32 * PITCH + shift
    };
    BracketBox {
        rect,
        cells: (0..cells.min(room)).map(|index| Rect::new(at(index), y, CELL, CELL)).collect(),
        bar: bar.filter(|bar| *bar <= room).map(|bar| Rect::new(left + bar as i32 * PITCH - 1, y - 3, 2, CELL + 6)),
    }
}

/// Two rows of small pods below the rail's name; those that have no room are counted.
fn rail(view: &ClusterView, rect: Rect, tiles: &mut Vec<TileBox>) -> RailBox {
    let (w, h, gap) = (82, 22, 4);
    let (columns, rows) = (2, 2);
    let count = view.waiting.len() as i32;
    // The last place is for the number of those that have none.
    let shown = if count > columns * rows { columns * rows - 1 } else { count };
    for index in 0..count {
        let (row, column) = (index / columns, index % columns);
        let place = Rect::new(rect.x + 8 + column * (w + gap), rect.y + 18 + row * (h + gap), w, h);
        let hidden = Rect::new(rect.x + 8, rect.y + 18, 0, 0);
        tiles.push(TileBox { rect: if index < shown { place } else { hidden }, size: Size::Chip });
    }
    RailBox { rect, more: (count - shown).max(0).unsigned_abs() }
}

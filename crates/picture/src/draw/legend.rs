//! The grammar of the tiles in five words each.

use super::shape::{Shape, path, rect};
use crate::view::layout::Rect;
use crate::view::{ClusterView, TileState};

/// Which of the rarer states a picture shows: asked to stop, ghost, believed but dead, a lock.
pub fn rarer(view: &ClusterView) -> [bool; 4] {
    let any = |states: &[TileState]| view.tiles().any(|tile| states.contains(&tile.state));
    [
        any(&[TileState::Terminating, TileState::TerminatingUnconfirmed]),
        any(&[TileState::Ghost]),
        any(&[TileState::BelievedDead]),
        view.tiles().any(|tile| tile.leads),
    ]
}

/// What outline, block, hatch, fringe and strike mean: the words, how wide the drawing is, and the drawing, which is 16 high.
pub fn legend([stopping, ghost, dead, lock]: [bool; 4]) -> Vec<(&'static str, i32, Vec<Shape>)> {
    let whole = Rect::new(0, 0, 24, 16);
    let outline = || rect("edge", whole, 3);
    let block = |w| rect("blk", Rect::new(0, 0, w, 16), 2);
    let entries = [
        (true, "outline: what the API server believes", 24, vec![outline()]),
        // The block stands alone, and takes no more room than it needs.
        (true, "block: what runs", 9, vec![block(9)]),
        (
            stopping,
            "asked to stop",
            24,
            vec![
                path("edge", "M3 0h15l6 6v7a3 3 0 0 1-3 3H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z".into()),
                path("ear", "M18 0v6h6z".into()),
                block(8),
            ],
        ),
        (ghost, "ghost: no object", 24, vec![rect("fringe", whole, 3), block(8)]),
        (
            dead,
            "believed, but dead",
            24,
            vec![
                outline(),
                path("hol", "M0 3a3 3 0 0 1 3-3h5v16h-5a3 3 0 0 1-3-3z".into()),
                path("mark", "M2 13l5-8".into()),
            ],
        ),
        (
            lock,
            "key: believes to hold a lock",
            24,
            vec![outline(), path("key h", "M4 5a3 3 0 1 0 6 0a3 3 0 1 0-6 0M7 8v7m0-3h3".into())],
        ),
    ];
    entries.into_iter().filter_map(|(seen, words, width, shapes)| seen.then_some((words, width, shapes))).collect()
}

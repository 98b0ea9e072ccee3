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
            "key: acts as the holder of a lock",
            24,
            vec![outline(), path("key h", "M4 5a3 3 0 1 0 6 0a3 3 0 1 0-6 0M7 8v7m0-3h3".into())],
        ),
    ];
    entries.into_iter().filter_map(|(seen, words, width, shapes)| seen.then_some((words, width, shapes))).collect()
}

/// What the marks of intention mean, in the same form.
pub fn legend_of_intention() -> Vec<(&'static str, i32, Vec<Shape>)> {
    let tile = || vec![rect("edge", Rect::new(0, 0, 24, 12), 3), rect("blk", Rect::new(0, 0, 8, 12), 2)];
    let with = |mark: Shape| tile().into_iter().chain([mark]).collect();
    vec![
        ("bracket: what was asked for of a set", 24, vec![path("asked", "M6 0h-6v16h6M18 0h6v16h-6".into())]),
        ("corners: asked for, not there", 16, vec![path("asked", "M0 4v-4h4M12 0h4v4M16 12v4h-4M4 16h-4v-4".into())]),
        ("cut in: keeps the old revision", 24, with(path("notch cut", "M11 13l5-5 5 5".into()))),
        ("standing out: has the new revision", 24, with(path("notch", "M11 12h10l-5 4z".into()))),
        ("box: a revision nobody asks for", 24, with(path("notch box", "M11 9h10v6h-10zM11 15l10-6".into()))),
        (
            "open bar: more run than asked for",
            24,
            vec![path("more", "M0 8h24".into()), rect("morecap", Rect::new(5, 2, 14, 12), 3)],
        ),
    ]
}

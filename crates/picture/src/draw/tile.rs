//! One pod: two marks, drawn independently. The outline is belief, the block is reality.

use super::notch::{notch, sign as owner_sign};
use super::shape::{Shape, circle, classes, path, rect, text, when};
use crate::view::layout::{Rect, Size, TileBox};
use crate::view::revision::Notch;
use crate::view::{TileState, TileView, identity, words};

/// The names of the patterns of one picture: several pictures may stand on one page.
pub struct Patterns {
    pub hatch: String,
    pub hatch_block: String,
}

impl Patterns {
    pub fn new(id: &str) -> Patterns {
        Patterns { hatch: format!("{id}-hatch"), hatch_block: format!("{id}-block") }
    }
    pub fn shapes(&self) -> [Shape; 2] {
        [
            Shape::Pattern { id: self.hatch.clone(), size: 7, class: "hatch" },
            Shape::Pattern { id: self.hatch_block.clone(), size: 5, class: "hatch-block" },
        ]
    }
}

/// The marks and words of a tile.
pub fn tile(view: &TileView, place: &TileBox, patterns: &Patterns) -> Shape {
    let rect = place.rect;
    let (block, words) = match place.size {
        Size::Tile => (26, tile_text(view, rect)),
        Size::Row => (24, row_text(view, rect)),
        Size::Chip => (20, chip_text(view, rect)),
        Size::Cell => (if view.identity.ordinal.is_some() { 16 } else { 7 }, numeral(view, rect, 16)),
    };
    let small = matches!(place.size, Size::Chip | Size::Cell);
    Shape::All(vec![
        marks(view, rect, block, patterns),
        owner(view, rect, block),
        words,
        notch(view.revision, rect, small),
    ])
}

/// The sign of its set stands in the block where there is no numeral.
fn owner(view: &TileView, rect: Rect, block: i32) -> Shape {
    let Some(number) = view.sign.filter(|_| view.identity.ordinal.is_none() && block > 10) else { return Shape::None };
    let class = if view.process { "sign inv" } else { "sign h" };
    let y = if rect.h >= 60 { rect.y + 15 } else { rect.y + rect.h / 2 };
    path(class, owner_sign(number, rect.x + block / 2, y))
}

/// Before the name of a pod with a numeral: the sign of its set, and how much room that takes.
fn before_name(view: &TileView, x: i32, y: i32) -> (Shape, i32) {
    match view.sign.filter(|_| view.identity.ordinal.is_some()) {
        Some(number) => (path("sign", owner_sign(number, x + 4, y)), 14),
        None => (Shape::None, 0),
    }
}

fn is_cut(state: TileState) -> bool {
    matches!(state, TileState::Terminating | TileState::TerminatingUnconfirmed)
}

/// The corner that is cut off once a deletion was asked for.
fn corner(rect: Rect) -> i32 {
    if rect.h >= 60 { 14 } else { rect.h / 3 }
}

fn outline(rect: Rect, cut: bool) -> String {
    let Rect { x, y, w, h } = rect;
    let r = if h >= 30 { 4 } else { 3 };
    let (iw, ih) = (w - 2 * r, h - 2 * r);
    if cut {
        let c = corner(rect);
        format!(
            "M{} {y}h{}l{c} {c}v{}a{r} {r} 0 0 1-{r} {r}h-{iw}a{r} {r} 0 0 1-{r}-{r}v-{ih}a{r} {r} 0 0 1 {r}-{r}z",
            x + r,
            w - r - c,
            h - r - c
        )
    } else {
        format!(
            "M{} {y}h{iw}a{r} {r} 0 0 1 {r} {r}v{ih}a{r} {r} 0 0 1-{r} {r}h-{iw}a{r} {r} 0 0 1-{r}-{r}v-{ih}a{r} {r} 0 0 1 {r}-{r}z",
            x + r
        )
    }
}

fn block(rect: Rect, width: i32) -> String {
    let r = if rect.h >= 30 { 4 } else { 3 };
    let inner = width - r;
    format!(
        "M{} {}h{inner}v{}h-{inner}a{r} {r} 0 0 1-{r}-{r}v-{}a{r} {r} 0 0 1 {r}-{r}z",
        rect.x + r,
        rect.y,
        rect.h,
        rect.h - 2 * r
    )
}

fn marks(view: &TileView, place: Rect, block_width: i32, patterns: &Patterns) -> Shape {
    let Rect { x, y, w, h } = place;
    let state = view.state;
    let cut = is_cut(state);
    let shape = outline(place, cut);
    let edge = match state {
        TileState::Pending => "edge dash",
        TileState::Completed => "edge thin",
        _ => "edge",
    };
    let hatched = state == TileState::TerminatingUnconfirmed;
    let c = corner(place);
    let filled = |pattern: &str, rect: Rect, faint| Shape::Filled { pattern: pattern.to_owned(), rect, faint };
    let body = match (view.process, state) {
        (true, _) => "blk",
        (false, TileState::Pending) => "hol dash",
        (false, _) => "hol",
    };
    Shape::All(vec![
        path(if view.process { "fill" } else { "paper" }, shape.clone()),
        when(hatched, || filled(&patterns.hatch, Rect::new(x + block_width, y, (w - block_width - c).max(0), h), true)),
        path(body, block(place, block_width)),
        when(hatched && h > 40, || {
            filled(&patterns.hatch_block, Rect::new(x + 2, y + 28, block_width - 3, h - 30), false)
        }),
        if state == TileState::Ghost { rect("fringe", place, 4) } else { path(edge, shape) },
        when(cut, || path("ear", format!("M{} {y}v{c}h{c}z", place.right() - c))),
        sign(state, place, block_width, view.process),
    ])
}

/// What stands in a hollow block: how far it got, or how it ended.
fn sign(state: TileState, rect: Rect, block_width: i32, process: bool) -> Shape {
    let Rect { x, y, h, .. } = rect;
    let middle = x + block_width / 2;
    if h < 60 {
        // Small sizes keep the strike alone: the rest is said in words.
        return match state {
            TileState::BelievedDead | TileState::Failed if !process => {
                let (left, right) = (x + 2, x + block_width - 2);
                path("mark", format!("M{left} {}L{right} {}", y + h - 3, y + 3))
            }
            _ => Shape::None,
        };
    }
    match state {
        TileState::Creating { attached, mounted, started } => {
            let step =
                |(done, dy): (bool, i32)| circle(if done { "step done" } else { "step" }, (middle, y + dy), "3.2");
            Shape::All([(attached, 34), (mounted, 45), (started, 56)].map(step).into())
        }
        TileState::BelievedDead if !process => {
            path("mark", format!("M{} {}L{} {}", x + 4, y + 60, x + block_width - 4, y + 28))
        }
        TileState::Failed => path("mark cross", format!("M{} {}l12 12m0-12l-12 12", middle - 6, y + 42)),
        TileState::CrashLoop => {
            path("mark", format!("M{} {}a5.5 5.5 0 1 0 3-6.5m-2.6-3l2.4 3.2-3.4 2", middle - 5, y + 52))
        }
        TileState::Completed => path("mark", format!("M{} {}l5 5 9-10", middle - 7, y + 48)),
        _ => Shape::None,
    }
}

fn numeral(view: &TileView, rect: Rect, block_width: i32) -> Shape {
    let numeral = view.identity.numeral();
    if numeral.is_empty() {
        return Shape::None;
    }
    let small = rect.h < 30 || numeral.len() > 2;
    let class = match (view.process, small) {
        (true, false) => "num",
        (true, true) => "num s",
        (false, false) => "num h",
        (false, true) => "num h s",
    };
    let y = if rect.h >= 60 { rect.y + 20 } else { rect.y + rect.h / 2 + if small { 4 } else { 5 } };
    text(rect.x + block_width / 2, y, class, numeral)
}

/// Whether those who look for it find it, once it was there: by its own name, if it has one.
fn is_found(view: &TileView) -> Option<bool> {
    match view.state {
        TileState::Ready | TileState::NotReady => Some(view.resolves.unwrap_or(view.state == TileState::Ready)),
        TileState::Running | TileState::Terminating | TileState::TerminatingUnconfirmed | TileState::BelievedDead => {
            view.resolves
        }
        _ => None,
    }
}

/// In the Service's endpoints, or out of them.
fn pip(view: &TileView, x: i32, y: i32) -> Shape {
    match is_found(view) {
        Some(true) => circle("pip", (x, y), "4"),
        Some(false) => {
            Shape::All(vec![circle("pip out", (x, y), "4"), path("mark", format!("M{} {}l10-10", x - 5, y + 5))])
        }
        None => Shape::None,
    }
}

fn tile_text(view: &TileView, rect: Rect) -> Shape {
    let (left, right) = (rect.x + 34, rect.right() - 8);
    let shift = if is_cut(view.state) { 12 } else { 0 };
    let (sign, indent) = before_name(view, left, rect.y + 14);
    let whole = (right - shift - left - indent).max(20) as u32;
    let short = match view.revision.notch {
        Notch::None => view.short.clone(),
        _ => format!("r{} {}", view.revision.number, view.short),
    };
    let beside = whole.saturating_sub(words::width(&short, 11, true) + 6);
    // The name before the uid: where both have no room, the uid goes.
    let name = words::width(&view.title, 13, false);
    let alone = name > beside && name <= whole;
    let title_room = if alone { whole } else { beside.max(20) };
    let has_pip = is_found(view).is_some();
    let fact_room = (right - left + if has_pip { -14 } else { 5 }).max(20) as u32;
    let status_room = (rect.right() - 4 - left).max(20) as u32;
    let fact = words::fit(&view.fact, fact_room, 11, view.mono);
    Shape::All(vec![
        numeral(view, rect, 26),
        when(view.leads, || path(key_class(view), key(rect.x + 13, rect.y + 40))),
        sign,
        text(left + indent, rect.y + 19, "nm", words::fit(&view.title, title_room, 13, false)),
        when(!alone, || text(right - shift, rect.y + 19, "m dim e", short)),
        status_text(left, rect.y + 37, false, &view.status, status_room),
        text(left, rect.y + 54, if view.mono { "m dim" } else { "sub" }, fact),
        pip(view, right - 4, rect.y + 54),
    ])
}

/// A key in the block: its process believes to hold a lock.
fn key(x: i32, y: i32) -> String {
    format!("M{} {y}a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0M{x} {}v12m0-4h4m-4 3.5h4", x - 3, y + 4)
}

fn key_class(view: &TileView) -> &'static str {
    if view.process { "key" } else { "key h" }
}

/// kubectl's word: rather smaller than cut.
fn status_text(x: i32, y: i32, at_end: bool, word: &str, room: u32) -> Shape {
    let small = words::width(word, 12, false) > room;
    let class = match (at_end, small) {
        (true, true) => "sub e",
        (true, false) => "e",
        (false, true) => "sub me",
        (false, false) => "me",
    };
    text(x, y, class, words::fit(word, room, if small { 11 } else { 12 }, false))
}

fn row_text(view: &TileView, rect: Rect) -> Shape {
    let (sign, indent) = before_name(view, rect.x + 32, rect.y + 15);
    let (left, right) = (rect.x + 32 + indent, rect.right() - 8);
    let word = match view.revision.notch {
        Notch::None => view.status.split([' ', ':']).next().unwrap_or_default().to_owned(),
        _ => format!("r{}", view.revision.number),
    };
    let room = (right - left).max(0) as u32;
    let name = words::width(&view.title, 13, false) + 8;
    Shape::All(vec![
        numeral(view, rect, 24),
        sign,
        text(left, rect.y + 19, "nm", words::fit(&view.title, room, 13, false)),
        // Who is Ready needs no word.
        match view.state {
            TileState::Ready if view.revision.notch == Notch::None => pip(view, right - 4, rect.y + 15),
            _ if name + 24 <= room => status_text(right, rect.y + 19, true, &word, room - name),
            _ => Shape::None,
        },
    ])
}

fn chip_text(view: &TileView, rect: Rect) -> Shape {
    let left = rect.x + 24;
    let tail = identity::tail(&view.pod.name);
    let name = if view.identity.ordinal.is_some() { &*view.identity.owner } else { tail };
    Shape::All(vec![
        numeral(view, rect, 20),
        text(left, rect.y + 15, "sub", words::fit(name, (rect.right() - 12 - left).max(8) as u32, 11, false)),
        when(view.state == TileState::Ready, || circle("pip", (rect.right() - 6, rect.y + 11), "2.5")),
    ])
}

/// The class of the tile's group.
pub fn class(view: &TileView) -> super::shape::Class {
    let hatched = if view.state == TileState::TerminatingUnconfirmed { "hat" } else { "" };
    classes(&["tile", "pick", view.identity.class(), view.state.class(), hatched])
}

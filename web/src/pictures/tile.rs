//! One pod: two marks, drawn independently. The outline is belief, the block is reality.

use crate::view::layout::{Rect, Size, TileBox};
use crate::view::{TileState, TileView, words};
use yew::prelude::*;

/// The names of the patterns of one picture: several pictures may stand on one page.
pub struct Patterns {
    pub hatch: String,
    pub hatch_block: String,
}

impl Patterns {
    pub fn new(id: &str) -> Patterns {
        Patterns { hatch: format!("{id}-hatch"), hatch_block: format!("{id}-block") }
    }
    pub fn defs(&self) -> Html {
        html! {
            <defs>
                <pattern id={self.hatch.clone()} width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                    <path d="M0 0v7" stroke="var(--text-2)" stroke-width="1" opacity=".55"/>
                </pattern>
                <pattern id={self.hatch_block.clone()} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                    <path d="M0 0v5" stroke="var(--panel)" stroke-width="3"/>
                </pattern>
            </defs>
        }
    }
}

/// The marks of a tile without its words.
pub fn tile(view: &TileView, place: &TileBox, patterns: &Patterns) -> Html {
    let rect = place.rect;
    match place.size {
        Size::Tile => html! { <>{ marks(view, rect, 26, patterns) }{ tile_text(view, rect) }</> },
        Size::Row => html! { <>{ marks(view, rect, 24, patterns) }{ row_text(view, rect) }</> },
        Size::Chip => html! { <>{ marks(view, rect, 20, patterns) }{ chip_text(view, rect) }</> },
        Size::Cell => {
            html! { <>{ marks(view, rect, if view.identity.ordinal.is_some() { 16 } else { 7 }, patterns) }{ numeral(view, rect, 16) }</> }
        }
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

fn marks(view: &TileView, rect: Rect, block_width: i32, patterns: &Patterns) -> Html {
    let state = view.state;
    let ghost = state == TileState::Ghost;
    let cut = is_cut(state);
    let shape = outline(rect, cut);
    let edge = match state {
        TileState::Pending => "edge dash",
        TileState::Completed => "edge thin",
        _ => "edge",
    };
    let hatched = state == TileState::TerminatingUnconfirmed;
    let c = corner(rect);
    html! { <>
        <path class={if view.process { "fill" } else { "paper" }} d={shape.clone()}/>
        if hatched {
            <rect x={(rect.x + block_width).to_string()} y={rect.y.to_string()} width={(rect.w - block_width - c).max(0).to_string()}
                height={rect.h.to_string()} fill={format!("url(#{})", patterns.hatch)} opacity=".5"/>
        }
        if view.process {
            <path class="blk" d={block(rect, block_width)}/>
        } else {
            <path class={if state == TileState::Pending { "hol dash" } else { "hol" }} d={block(rect, block_width)}/>
        }
        if hatched && rect.h > 40 {
            <rect x={(rect.x + 2).to_string()} y={(rect.y + 28).to_string()} width={(block_width - 3).to_string()}
                height={(rect.h - 30).to_string()} fill={format!("url(#{})", patterns.hatch_block)}/>
        }
        if ghost {
            <rect class="fringe" x={rect.x.to_string()} y={rect.y.to_string()} width={rect.w.to_string()} height={rect.h.to_string()} rx="4"/>
        } else {
            <path class={edge} d={shape}/>
        }
        if cut { <path class="ear" d={format!("M{} {}v{c}h{c}z", rect.right() - c, rect.y)}/> }
        { sign(state, rect, block_width, view.process) }
    </> }
}

/// What stands in a hollow block: how far it got, or how it ended.
fn sign(state: TileState, rect: Rect, block_width: i32, process: bool) -> Html {
    let Rect { x, y, h, .. } = rect;
    let middle = x + block_width / 2;
    if h < 60 {
        // Small sizes keep the strike alone: the rest is said in words.
        return match state {
            TileState::BelievedDead | TileState::Failed if !process => {
                let (left, right) = (x + 2, x + block_width - 2);
                html! { <path class="mark" d={format!("M{left} {}L{right} {}", y + h - 3, y + 3)}/> }
            }
            _ => html! {},
        };
    }
    match state {
        TileState::Creating { attached, mounted, started } => {
            let step = |(done, dy): (bool, i32)| {
                html! { <circle class={if done { "step done" } else { "step" }} cx={middle.to_string()} cy={(y + dy).to_string()} r="3.2"/> }
            };
            html! { <>{ for [(attached, 34), (mounted, 45), (started, 56)].map(step) }</> }
        }
        TileState::BelievedDead if !process => {
            html! { <path class="mark" d={format!("M{} {}L{} {}", x + 4, y + 60, x + block_width - 4, y + 28)}/> }
        }
        TileState::Failed => {
            let d = format!("M{} {}l12 12m0-12l-12 12", middle - 6, y + 42);
            html! { <path class="mark cross" {d}/> }
        }
        TileState::CrashLoop => {
            let d = format!("M{} {}a5.5 5.5 0 1 0 3-6.5m-2.6-3l2.4 3.2-3.4 2", middle - 5, y + 52);
            html! { <path class="mark" {d}/> }
        }
        TileState::Completed => {
            html! { <path class="mark" d={format!("M{} {}l5 5 9-10", middle - 7, y + 48)}/> }
        }
        _ => html! {},
    }
}

fn text(x: i32, y: i32, class: &'static str, words: &str) -> Html {
    html! { <text x={x.to_string()} y={y.to_string()} {class}>{ words.to_owned() }</text> }
}

fn numeral(view: &TileView, rect: Rect, block_width: i32) -> Html {
    let numeral = view.identity.numeral();
    if numeral.is_empty() {
        return html! {};
    }
    let small = rect.h < 30 || numeral.len() > 2;
    let class = match (view.process, small) {
        (true, false) => "num",
        (true, true) => "num s",
        (false, false) => "num h",
        (false, true) => "num h s",
    };
    let y = if rect.h >= 60 { rect.y + 20 } else { rect.y + rect.h / 2 + if small { 4 } else { 5 } };
    html! { <text x={(rect.x + block_width / 2).to_string()} y={y.to_string()} {class}>{ numeral }</text> }
}

/// In the Service's endpoints, or out of them.
fn pip(state: TileState, x: i32, y: i32) -> Html {
    match state {
        TileState::Ready => html! { <circle class="pip" cx={x.to_string()} cy={y.to_string()} r="4"/> },
        TileState::NotReady => html! { <>
            <circle class="pip out" cx={x.to_string()} cy={y.to_string()} r="4"/>
            <path class="mark" d={format!("M{} {}l10-10", x - 5, y + 5)}/>
        </> },
        _ => html! {},
    }
}

fn tile_text(view: &TileView, rect: Rect) -> Html {
    let (left, right) = (rect.x + 34, rect.right() - 8);
    let shift = if is_cut(view.state) { 12 } else { 0 };
    let whole = (right - shift - left).max(20) as u32;
    let beside = whole.saturating_sub(34);
    // The name before the uid: where both have no room, the uid goes.
    let name = words::width(&view.title, 13, false);
    let alone = name > beside && name <= whole;
    let title_room = if alone { whole } else { beside.max(20) };
    let has_pip = matches!(view.state, TileState::Ready | TileState::NotReady);
    let fact_room = (right - left + if has_pip { -14 } else { 5 }).max(20) as u32;
    let status_room = (rect.right() - 4 - left).max(20) as u32;
    html! { <>
        { numeral(view, rect, 26) }
        if view.leads { <path class={key_class(view)} d={key(rect.x + 13, rect.y + 40)}/> }
        { text(left, rect.y + 19, "nm", &words::fit(&view.title, title_room, 13, false)) }
        if !alone { { text(right - shift, rect.y + 19, "m dim e", &view.short) } }
        { status_text(left, rect.y + 37, false, &view.status, status_room) }
        { text(left, rect.y + 54, if view.mono { "m dim" } else { "sub" }, &words::fit(&view.fact, fact_room, 11, view.mono)) }
        { pip(view.state, right - 4, rect.y + 54) }
    </> }
}

/// A key in the block: its process believes to hold a lock.
fn key(x: i32, y: i32) -> String {
    format!("M{} {y}a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0M{x} {}v12m0-4h4m-4 3.5h4", x - 3, y + 4)
}

fn key_class(view: &TileView) -> &'static str {
    if view.process { "key" } else { "key h" }
}

/// kubectl's word: rather smaller than cut.
fn status_text(x: i32, y: i32, at_end: bool, word: &str, room: u32) -> Html {
    let small = words::width(word, 12, false) > room;
    let class = match (at_end, small) {
        (true, true) => "sub e",
        (true, false) => "e",
        (false, true) => "sub me",
        (false, false) => "me",
    };
    text(x, y, class, &words::fit(word, room, if small { 11 } else { 12 }, false))
}

fn row_text(view: &TileView, rect: Rect) -> Html {
    let (left, right) = (rect.x + 32, rect.right() - 8);
    let word = view.status.split([' ', ':']).next().unwrap_or_default();
    let room = (right - left).max(0) as u32;
    let name = words::width(&view.title, 13, false) + 8;
    html! { <>
        { numeral(view, rect, 24) }
        { text(left, rect.y + 19, "nm", &words::fit(&view.title, room, 13, false)) }
        if name + 24 <= room { { status_text(right, rect.y + 19, true, word, room - name) } }
    </> }
}

fn chip_text(view: &TileView, rect: Rect) -> Html {
    let left = rect.x + 24;
    let tail = crate::view::identity::tail(&view.pod.name);
    let name = if view.identity.ordinal.is_some() { &*view.identity.owner } else { tail };
    html! { <>
        { numeral(view, rect, 20) }
        { text(left, rect.y + 15, "sub", &words::fit(name, (rect.right() - 12 - left).max(8) as u32, 11, false)) }
        if view.state == TileState::Ready { <circle class="pip" cx={(rect.right() - 6).to_string()} cy={(rect.y + 11).to_string()} r="2.5"/> }
    </> }
}

/// The class of the tile's group.
pub fn class(view: &TileView) -> Classes {
    let hatched = view.state == TileState::TerminatingUnconfirmed;
    classes!("tile", "pick", view.identity.class(), view.state.class(), hatched.then_some("hat"))
}

//! The picture of a moment as one SVG file: for pages before Start, for parked clusters, for feed readers and for print.
//!
//! It stands for itself: no font, no script and no address outside of it, light and dark in one (by
//! `prefers-color-scheme`), and its words are words. The same moment gives the same bytes.
//!
//! Invariant: no poster is larger than [`LIMIT`]. What would be is drawn smaller, and then in part, which it says.

mod crop;
mod prose;
mod style;
mod write;

use crate::draw::{self, Patterns, Pods, Shape};
use crate::view::layout::{Size, density, layout_low};
use crate::view::{self, ClusterView, Tone, plain, words};
use crop::{Crop, crop};
use petri_sim::story::timeline::Timeline;
use prose::{Line, wrap};
use std::fmt::Write as _;
use write::Writer;

/// Bytes that a poster has at most.
pub const LIMIT: usize = 16_000;
/// What no picture of a stage needs.
const LARGEST: usize = 2_000_000;
/// Pixels, where nobody asks for others: a column of text.
pub const WIDTH: u32 = 720;
/// The widths that a poster may have.
pub const WIDTHS: std::ops::RangeInclusive<u32> = 320..=1_600;

/// From the edge to the words.
const MARGIN: i32 = 16;
/// The sign before the headline, and the space behind it.
const SIGN: i32 = 26;
/// Height of a headline's line and of a line below it.
const HEADLINE: i32 = 22;
const LINE: i32 = 17;
/// Longer titles are cut: they are somebody else's text.
const TITLE: usize = 160;

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'s> {
    pub view: &'s ClusterView,
    /// What its writer calls it.
    pub title: Option<&'s str>,
    /// When it is, such as `7:16`.
    pub moment: &'s str,
    /// Pixels.
    pub width: u32,
}

/// The poster of the moment at which a timeline stands.
pub fn of(timeline: &Timeline, title: Option<&str>, width: u32) -> String {
    let view = view::cluster::view(timeline.world(), &timeline.recording().commands);
    let moment = words::moment(timeline.start(), timeline.now());
    svg(&Scene { view: &view, title, moment: &moment, width })
}

/// The cluster of a timeline's moment as the stage shows it, in whatever size it takes: for a file, not for a page.
pub fn of_stage(timeline: &Timeline, title: Option<&str>, width: u32) -> String {
    let view = view::cluster::view(timeline.world(), &timeline.recording().commands);
    let moment = words::moment(timeline.start(), timeline.now());
    within(&Scene { view: &view, title, moment: &moment, width }, LARGEST)
}

/// A poster in light or in dark alone, for whoever shows it where no system has a say.
pub fn painted(svg: &str, dark: bool) -> String {
    let parted = svg.split_once("<style>").and_then(|(head, rest)| {
        let (day, rest) = rest.split_once(style::BY_NIGHT)?;
        let (night, body) = rest.split_once("}</style>")?;
        Some((head, day, night, body))
    });
    let Some((head, day, night, body)) = parted else { return svg.to_owned() };
    let night = if dark { night } else { "" };
    format!("{head}<style>{day}{night}</style>{body}")
}

/// The poster of a scene.
pub fn svg(scene: &Scene<'_>) -> String {
    within(scene, LIMIT)
}

/// The poster of a scene in no more bytes than these.
fn within(scene: &Scene<'_>, limit: usize) -> String {
    let whole = Crop::none(scene.view);
    let fitting = density(scene.view.tiles().count());
    let smaller = [Size::Tile, Size::Chip, Size::Cell].into_iter().filter(|size| *size <= fitting);
    for size in smaller {
        let svg = one(scene, size, whole, true);
        if svg.len() <= limit {
            return svg;
        }
    }
    // The numerals of many pods weigh as much as the pods.
    let mut part = whole;
    loop {
        let svg = one(scene, Size::Cell, part, false);
        match part.smaller(svg.len(), limit) {
            Some(next) if svg.len() > limit => part = next,
            _ => return svg,
        }
    }
}

/// A poster with pods of this size, in this part, with words on them or without.
fn one(scene: &Scene<'_>, size: Size, part: Crop, named: bool) -> String {
    let (view, hidden) = crop(scene.view, part);
    let width = scene.width.clamp(*WIDTHS.start(), *WIDTHS.end());
    let layout = layout_low(&view, width, size);
    let mut body = Writer::new(named);
    body.uses(&["frame"]);
    let top = head(scene, layout.width, &mut body);
    body.open_at(0, top);
    body.shapes(&draw::cluster(&view, &layout, None, &Patterns::new("p"), Pods::Moved));
    body.close();
    let mut seen = draw::rarer(&view);
    // Small pods have no key on them.
    seen[3] = view.tiles().zip(layout.tiles()).any(|(tile, place)| tile.leads && place.size == Size::Tile);
    let height = foot(seen, &hidden, layout.width, top + layout.height, &mut body);
    let (body, used) = body.done();
    let (title, text) = (name(scene), prose::description(&view, &hidden));
    let mut svg = String::with_capacity(body.len() + 6_000);
    // What cannot fail: it is written to a string.
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{height}\" viewBox=\"0 0 {w} {height}\" role=\"img\" aria-labelledby=\"t d\">\
         <title id=\"t\">{}</title><desc id=\"d\">{}</desc><style>{}</style>\
         <rect class=\"frame\" x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"8\"/>{body}</svg>",
        write::escaped(&title),
        write::escaped(&text),
        style::of(&used),
        layout.width - 1,
        height - 1,
        w = layout.width,
    );
    svg
}

/// What the picture is called: what its writer says, or what is the case.
fn name(scene: &Scene<'_>) -> String {
    let says = plain(&scene.view.say.headline);
    match title(scene) {
        Some(title) => format!("{title}. At {}: {says}", scene.moment),
        None => format!("A Kubernetes cluster at {}: {says}", scene.moment),
    }
}

fn title(scene: &Scene<'_>) -> Option<String> {
    let title: String = scene.title?.chars().take(TITLE).collect();
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    (!title.is_empty()).then_some(title)
}

/// Title and moment, and below them what is the case. Answers where it ends.
fn head(scene: &Scene<'_>, width: i32, out: &mut Writer) -> i32 {
    let say = &scene.view.say;
    let room = (width - 2 * MARGIN).max(0) as u32;
    let strong = match say.tone {
        Tone::Calm => "",
        Tone::Risk => "warn",
        Tone::Broken => "bad",
    };
    let headline = wrap(&say.headline, strong, room - SIGN as u32, 16, 2);
    let sub = wrap(&say.sub, strong, room - SIGN as u32, 12, 2);
    let title = title(scene);
    let from = if title.is_some() { 34 } else { 12 };
    let bottom = from + headline.len() as i32 * HEADLINE + sub.len() as i32 * LINE + 12;
    let corner = 8;
    out.raw(&format!(
        "<path class=\"head\" d=\"M1 {bottom}V{corner}a7 7 0 0 1 7-7H{}a7 7 0 0 1 7 7V{bottom}z\"/><path class=\"rule\" d=\"M1 {bottom}.5H{}\"/>",
        width - 8,
        width - 1,
    ));
    out.uses(&["head", "rule"]);
    let at = |y, class: &'static str, words: String| Shape::Text { class: class.into(), x: width - MARGIN, y, words };
    // The clock stands on the first line, whichever that is.
    match title {
        Some(title) => {
            let fitted = words::fit(&title, room.saturating_sub(60), 12, false);
            out.shapes(&[
                Shape::Text { class: "title".into(), x: MARGIN, y: 25, words: fitted },
                at(25, "clock", scene.moment.to_owned()),
            ]);
        }
        None => out.shapes(&[at(from + 16, "clock", scene.moment.to_owned())]),
    }
    out.open_at(MARGIN, from + 4);
    out.shapes(&draw::sign(say.tone));
    out.close();
    let mut y = from + 17;
    lines(&headline, "says", HEADLINE, &mut y, out);
    y += 1;
    lines(&sub, "why", LINE, &mut y, out);
    bottom
}

fn lines(lines: &[Line], class: &'static str, height: i32, y: &mut i32, out: &mut Writer) {
    for line in lines {
        out.line(MARGIN + SIGN, *y, class, line);
        *y += height;
    }
}

/// What the marks mean, and what is missing. Answers how high the poster is.
fn foot(seen: [bool; 4], hidden: &str, width: i32, top: i32, out: &mut Writer) -> i32 {
    let (mut x, mut y) = (MARGIN, top + 4);
    if !hidden.is_empty() {
        out.shapes(&[Shape::Text { class: "sub warn".into(), x, y: y + 12, words: hidden.to_owned() }]);
        y += 22;
    }
    for (words, w, shapes) in draw::legend(seen) {
        let wide = w + 7 + words::width(words, 11, false) as i32;
        if x > MARGIN && x + wide > width - MARGIN {
            (x, y) = (MARGIN, y + 24);
        }
        out.open_at(x, y);
        out.shapes(&[
            Shape::Group { key: None, class: "tile id-ink".into(), shapes },
            Shape::Text { class: "sub".into(), x: w + 7, y: 12, words: words.to_owned() },
        ]);
        out.close();
        x += wide + 18;
    }
    y + 16 + 12
}

#[cfg(test)]
mod tests;

//! Shapes as SVG, in few bytes: what has no look is left out, and so is what moves.

use super::prose::Line;
use super::style;
use crate::draw::{Mark, Shape};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Text as XML has it. Characters that XML cannot have are left out.
pub fn escaped(text: &str) -> String {
    let is_sound = |c: &char| matches!(c, '\t' | '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    let sound: Cow<'_, str> =
        if text.chars().all(|c| is_sound(&c)) { text.into() } else { text.chars().filter(is_sound).collect() };
    html_escape::encode_text(&sound).into_owned()
}

/// A picture on its way, and the classes that it has.
pub struct Writer {
    /// The classes that have a look.
    known: BTreeSet<&'static str>,
    text: String,
    used: BTreeSet<String>,
    /// Drawings of pods, with their ids: many look the same but for their words and colours.
    drawings: BTreeMap<String, String>,
    /// Whether pods have words on them.
    named: bool,
    /// Where words stand that are not in a drawing.
    origin: (i32, i32),
}

impl Writer {
    pub fn new(named: bool) -> Writer {
        Writer {
            known: style::known(),
            text: String::new(),
            used: BTreeSet::new(),
            drawings: BTreeMap::new(),
            named,
            origin: (0, 0),
        }
    }
    pub fn done(self) -> (String, BTreeSet<String>) {
        let drawings: String =
            self.drawings.iter().map(|(drawing, id)| format!("<g id=\"{id}\" class=\"tile\">{drawing}</g>")).collect();
        let before = if drawings.is_empty() { drawings } else { format!("<defs>{drawings}</defs>") };
        (before + &self.text, self.used)
    }
    pub fn raw(&mut self, text: &str) {
        self.text.push_str(text);
    }
    pub fn uses(&mut self, classes: &[&str]) {
        self.used.extend(classes.iter().map(|class| (*class).to_owned()));
    }
    /// What follows is moved, until it is closed.
    pub fn open_at(&mut self, x: i32, y: i32) {
        self.put(format_args!("<g transform=\"translate({x} {y})\">"));
    }
    pub fn close(&mut self) {
        self.raw("</g>");
    }
    pub fn line(&mut self, x: i32, y: i32, class: &'static str, line: &Line) {
        self.uses(&[class]);
        self.put(format_args!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\">"));
        for (words, class) in line {
            match *class {
                "" => self.raw(&escaped(words)),
                class => {
                    self.uses(&[class]);
                    self.put(format_args!("<tspan class=\"{class}\">{}</tspan>", escaped(words)));
                }
            }
        }
        self.raw("</text>");
    }
    pub fn shapes(&mut self, shapes: &[Shape]) {
        shapes.iter().for_each(|shape| self.shape(shape));
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // What cannot fail: it is written to a string.
        let _ = self.text.write_fmt(text);
    }

    /// ` class="…"`, of the words that mean something here; nothing if there is none.
    fn look(&mut self, class: &str) -> Option<String> {
        let known: Vec<&str> = class.split(' ').filter(|word| self.known.contains(word)).collect();
        self.uses(&known);
        (!known.is_empty()).then(|| format!(" class=\"{}\"", known.join(" ")))
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::None | Shape::Passing { .. } => {}
            Shape::Rect { class, rect, rx } => {
                if let Some(look) = self.look(class) {
                    let (x, y, w, h) = (rect.x, rect.y, rect.w, rect.h);
                    self.put(format_args!("<rect{look} x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\""));
                    if *rx > 0 {
                        self.put(format_args!(" rx=\"{rx}\""));
                    }
                    self.raw("/>");
                }
            }
            Shape::Filled { pattern, rect, faint } => {
                let faint = if *faint { " opacity=\".5\"" } else { "" };
                self.put(format_args!(
                    "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"url(#{pattern})\"{faint}/>",
                    rect.x, rect.y, rect.w, rect.h
                ));
            }
            Shape::Path { class, d } => {
                if let Some(look) = self.look(class) {
                    self.put(format_args!("<path{look} d=\"{d}\"/>"));
                }
            }
            Shape::Circle { class, x, y, r } => {
                if let Some(look) = self.look(class) {
                    self.put(format_args!("<circle{look} cx=\"{x}\" cy=\"{y}\" r=\"{r}\"/>"));
                }
            }
            Shape::Text { class, x, y, words } => {
                if words.is_empty() {
                    return;
                }
                let look = self.look(class).unwrap_or_default();
                let (x, y) = (self.origin.0 + x, self.origin.1 + y);
                self.put(format_args!("<text{look} x=\"{x}\" y=\"{y}\">{}</text>", escaped(words)));
            }
            Shape::Pattern { id, size, class } => {
                let look = self.look(class).unwrap_or_default();
                self.put(format_args!(
                    "<pattern id=\"{id}\" width=\"{size}\" height=\"{size}\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><path{look} d=\"M0 0v{size}\"/></pattern>"
                ));
            }
            Shape::All(shapes) => self.shapes(shapes),
            Shape::At { x, y, mark } => self.pod((*x, *y), mark),
            Shape::Group { class, shapes, .. } => self.group(class, shapes),
            Shape::Mark(mark) => {
                let Mark { class, shapes, .. } = &**mark;
                self.group(class, shapes);
            }
        }
    }

    /// A pod: one of the drawings, and its words, unless it is one of too many.
    fn pod(&mut self, at: (i32, i32), mark: &Mark) {
        let (mut marks, mut texts) = (Vec::new(), Vec::new());
        apart(&mark.shapes, &mut marks, &mut texts);
        let before = std::mem::take(&mut self.text);
        self.shapes(&marks);
        let drawing = std::mem::replace(&mut self.text, before);
        let next = format!("d{}", self.drawings.len());
        let id = self.drawings.entry(drawing).or_insert(next).clone();
        let look = self.look(&mark.class).unwrap_or_default();
        let moved = format!("href=\"#{id}\" x=\"{}\" y=\"{}\"/>", at.0, at.1);
        if texts.is_empty() || !self.named {
            self.put(format_args!("<use{look} {moved}"));
            return;
        }
        self.put(format_args!("<g{look}><use {moved}"));
        self.origin = at;
        self.shapes(&texts);
        self.origin = (0, 0);
        self.raw("</g>");
    }

    /// A group only where it says something.
    fn group(&mut self, class: &str, shapes: &[Shape]) {
        match self.look(class) {
            Some(look) if !shapes.is_empty() => {
                self.put(format_args!("<g{look}>"));
                self.shapes(shapes);
                self.raw("</g>");
            }
            _ => self.shapes(shapes),
        }
    }
}

/// Shapes and words, each in their order.
fn apart(all: &[Shape], marks: &mut Vec<Shape>, texts: &mut Vec<Shape>) {
    for shape in all {
        match shape {
            Shape::All(inner) => apart(inner, marks, texts),
            Shape::Text { .. } => texts.push(shape.clone()),
            _ => marks.push(shape.clone()),
        }
    }
}

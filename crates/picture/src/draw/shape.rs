//! What a picture consists of, and the few ways to make it.

use crate::view::layout::Rect;
use crate::view::{Target, Tone};
use std::borrow::Cow;

/// Words of the style, with spaces between them.
pub type Class = Cow<'static, str>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Keeps the place of what another picture has here.
    None,
    Rect {
        class: Class,
        rect: Rect,
        rx: i32,
    },
    /// A rectangle that is filled with a pattern, and lets half of what is below it through.
    Filled {
        pattern: String,
        rect: Rect,
        faint: bool,
    },
    Path {
        class: Class,
        d: String,
    },
    Circle {
        class: Class,
        x: i32,
        y: i32,
        r: &'static str,
    },
    Text {
        class: Class,
        x: i32,
        y: i32,
        words: String,
    },
    /// Something that moves along a path once; another key is another one. Nothing in a picture that stands still.
    Passing {
        key: u64,
        class: &'static str,
        d: String,
    },
    /// A square of so many pixels with a line in it, turned by an eighth, to fill rectangles with.
    Pattern {
        id: String,
        size: u32,
        class: &'static str,
    },
    All(Vec<Shape>),
    /// Drawn around the origin, and moved here: where many look the same, they are one drawing.
    At {
        x: i32,
        y: i32,
        mark: Box<Mark>,
    },
    Group {
        key: Option<String>,
        class: Class,
        shapes: Vec<Shape>,
    },
    Mark(Box<Mark>),
}

/// A group that can be picked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub key: String,
    pub class: Class,
    /// What it is, for those who do not see it.
    pub label: String,
    /// A word for scripts and tests.
    pub state: Option<&'static str>,
    pub selected: bool,
    pub target: Target,
    pub shapes: Vec<Shape>,
}

pub fn rect(class: &'static str, rect: Rect, rx: i32) -> Shape {
    Shape::Rect { class: class.into(), rect, rx }
}

pub fn path(class: &'static str, d: String) -> Shape {
    Shape::Path { class: class.into(), d }
}

pub fn circle(class: &'static str, (x, y): (i32, i32), r: &'static str) -> Shape {
    Shape::Circle { class: class.into(), x, y, r }
}

pub fn text(x: i32, y: i32, class: impl Into<Class>, words: impl Into<String>) -> Shape {
    Shape::Text { class: class.into(), x, y, words: words.into() }
}

pub fn group(key: &'static str, shapes: impl IntoIterator<Item = Shape>) -> Shape {
    Shape::Group { key: Some(key.to_owned()), class: "".into(), shapes: shapes.into_iter().collect() }
}

/// The shape, or its place.
pub fn when(is: bool, shape: impl FnOnce() -> Shape) -> Shape {
    if is { shape() } else { Shape::None }
}

/// A line through these points.
pub fn line(points: &[(i32, i32)]) -> String {
    let mut path = String::new();
    for (index, (x, y)) in points.iter().enumerate() {
        path.push_str(&format!("{}{x} {y}", if index == 0 { 'M' } else { 'L' }));
    }
    path
}

/// So much larger on every side.
pub fn around(rect: Rect, by: i32) -> Rect {
    Rect::new(rect.x - by, rect.y - by, rect.w + 2 * by, rect.h + 2 * by)
}

/// The ring of what has the focus.
pub fn ring(place: Rect, by: i32) -> Shape {
    rect("ring", around(place, by), 6)
}

/// What is selected.
pub fn halo(selected: bool, place: Rect, rx: i32) -> Shape {
    when(selected, || rect("halo", around(place, 4), rx))
}

pub fn classes(words: &[&'static str]) -> Class {
    let words: Vec<&str> = words.iter().copied().filter(|word| !word.is_empty()).collect();
    words.join(" ").into()
}

pub fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Calm => "",
        Tone::Risk => "warn",
        Tone::Broken => "bad",
    }
}

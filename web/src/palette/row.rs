//! What a row is, and what rows are made from.

use crate::paint::Paint;
use crate::state::{Bookmark, File, Panel, Popup, Sight};
use crate::verbs::Act;
use petri_lessons::{Example, Lesson};
use petri_objects::{Span, Time};
use petri_picture::view::Target;
use petri_sim::story::timeline::Timeline;
use std::rc::Rc;

/// What the rows are made from.
pub struct Known<'k> {
    pub timeline: &'k Timeline,
    pub selection: Option<&'k Target>,
    pub sight: Sight,
    pub files: &'k [Rc<File>],
    /// The file that is open.
    pub active: u32,
    pub bookmarks: &'k [Bookmark],
    /// Whether all panels are side by side.
    pub is_wide: bool,
    /// Whether type is larger than usual.
    pub is_large: bool,
}

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// What belongs to the selection.
    Selected,
    Verbs,
    Objects,
    Lessons,
    /// The page's own actions and settings.
    Page,
    /// What words mean.
    Words,
    /// What was typed, as a line of the console.
    Line,
}

impl Group {
    /// In the order in which they stand while nothing is typed: what does no harm first.
    pub(super) const ALL: [Group; 7] =
        [Group::Selected, Group::Page, Group::Lessons, Group::Verbs, Group::Objects, Group::Words, Group::Line];
    /// How many rows of it are shown at most.
    pub(super) fn most(self) -> usize {
        if self == Group::Verbs { 8 } else { 6 }
    }
    /// For tests and styles.
    pub fn word(self) -> &'static str {
        match self {
            Group::Selected => "selected",
            Group::Verbs => "verbs",
            Group::Objects => "objects",
            Group::Lessons => "lessons",
            Group::Page => "page",
            Group::Words => "words",
            Group::Line => "line",
        }
    }
}

/// The sign before a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Verb,
    Object,
    Lesson,
    Example,
    Page,
    Word,
    Line,
}

/// One thing that can be found.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub group: Group,
    pub mark: Mark,
    pub label: String,
    /// Beside the label, small.
    pub note: String,
    /// The line that does the same in the console, or the key that does it.
    pub line: String,
    pub pick: Pick,
    /// Why it cannot be done now.
    pub refused: Option<String>,
    pub risky: bool,
}

/// What choosing a row does.
#[derive(Clone, Debug, PartialEq)]
pub enum Pick {
    Act(Act),
    Select(Target),
    Example(&'static Example),
    Lesson(&'static Lesson),
    Open(Popup),
    Show(Panel),
    Look(Sight),
    Page(Deed),
    /// Says a line of the console.
    Say(String),
}

/// What the page itself can do, apart from opening something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Undo,
    Redo,
    Reset,
    Toggle,
    Step,
    StepBack,
    Run(Span),
    Go(Time),
    NextChange,
    Bookmark,
    /// Applies the file of this number.
    Apply(u32),
    Save,
    OpenFile,
    Paint(Paint),
    /// Larger type, or the usual one.
    Large(bool),
}

impl Pick {
    /// The line that lacks its end, if choosing it leaves the rest to whoever chose.
    pub fn unfinished(&self) -> Option<&str> {
        match self {
            Pick::Act(Act::Type(line)) => Some(line),
            _ => None,
        }
    }
}

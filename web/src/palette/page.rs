//! The page's own actions and settings, as rows.

use super::row::{Deed, Group, Known, Mark, Pick, Row};
use crate::glossary;
use crate::paint::Paint;
use crate::state::{Panel, Popup, Sight};
use petri_lessons::{EXAMPLES, Example, LESSONS};
use petri_objects::Span;
use petri_picture::view::layout::Density;
use petri_picture::view::words::moment_tenths;

fn row(label: impl Into<String>, note: &str, key: &str, pick: Pick) -> Row {
    Row {
        group: Group::Page,
        mark: Mark::Page,
        label: label.into(),
        note: note.into(),
        line: key.into(),
        pick,
        refused: None,
        risky: false,
    }
}

/// What the page can open, show and set.
pub(super) fn rows(known: &Known<'_>) -> Vec<Row> {
    let opens = |label: &str, note: &str, key: &str, popup: Popup| row(label, note, key, Pick::Open(popup));
    let does = |label: &str, note: &str, key: &str, deed: Deed| row(label, note, key, Pick::Page(deed));
    let mut rows = vec![
        opens("New cluster", "nodes, zones, seed, delays", "", Popup::NewCluster),
        opens("Examples", "what can be opened", "", Popup::Examples),
        opens("Share this run", "link, file, snippet", "", Popup::Share),
        opens("Compare with another run", "the same day, twice", "c", Popup::Compare),
        opens("Guarantees", "what Kubernetes promises here, and how it stands", "guarantees", Popup::Guarantees),
        opens("View", "what the pictures show", "v", Popup::Sight),
        opens("Speed", "how fast time goes", "", Popup::Speed),
        opens("Help", "how to read the picture, keyboard shortcuts", "?", Popup::Help),
        does("Undo", "take the last command back", "undo", Deed::Undo),
        does("Redo", "what was taken back", "redo", Deed::Redo),
        does("Reset", "back to what this run began with", "reset", Deed::Reset),
        does("Play or pause", "", "Space", Deed::Toggle),
        does("Step one event", "forward", ".", Deed::Step),
        does("Step back", "one event", ",", Deed::StepBack),
        does("Next change", "of what is selected", "n", Deed::NextChange),
        does("Bookmark this moment", "or take its bookmark away", "b", Deed::Bookmark),
        does("Save this run as a file", "", "", Deed::Save),
        does("Open a run from a file", "", "", Deed::OpenFile),
        opens("New file", "empty, or from a template", "", Popup::Templates),
    ];
    for (text, seconds) in [("10s", 10), ("1m", 60), ("6m", 360), ("30m", 1_800)] {
        let deed = Deed::Run(Span::seconds(seconds));
        rows.push(does(&format!("Run {text}"), "of virtual time", &format!("run {text}"), deed));
    }
    if let Some(file) = known.files.iter().find(|file| file.id == known.active) {
        rows.push(does(&format!("Apply {}", file.name), "", "Ctrl \u{21b5}", Deed::Apply(file.id)));
        rows.push(opens(&format!("Diff {}", file.name), "what applying it would change", "", Popup::Diff(file.id)));
    }
    for bookmark in known.bookmarks {
        let moment = moment_tenths(known.timeline.start(), bookmark.at);
        rows.push(does(&format!("Go to {}", bookmark.name), &moment, "", Deed::Go(bookmark.at)));
    }
    for paint in Paint::ALL {
        let label = match paint {
            Paint::Auto => "Theme: same as the system".to_owned(),
            paint => format!("Theme: {}", paint.word()),
        };
        rows.push(does(&label, "colours of the page", "", Deed::Paint(paint)));
    }
    let (label, on) = if known.is_large { ("Usual type", false) } else { ("Presentation mode", true) };
    rows.push(does(label, "larger type, or the usual one", "", Deed::Large(on)));
    rows.extend(sights(&known.sight));
    for panel in Panel::ALL.into_iter().filter(|_| !known.is_wide) {
        rows.push(row(format!("Show {}", panel.title()), "a panel", "", Pick::Show(panel)));
    }
    rows
}

/// What the pictures can show.
fn sights(sight: &Sight) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for density in Density::ALL.into_iter().filter(|density| *density != sight.density) {
        let next = Sight { density, ..sight.clone() };
        rows.push(row(format!("Cluster: {}", density.title()), "how large pods are drawn", "d", Pick::Look(next)));
    }
    let mut toggle = |what: &str, note: &str, key: &str, on: bool, next: Sight| {
        let label = format!("{} {what}", if on { "Hide" } else { "Show" });
        rows.push(row(label, note, key, Pick::Look(next)));
    };
    let arrows = Sight { arrows: !sight.arrows, ..sight.clone() };
    toggle("causes as arrows", "of what is selected", "a", sight.arrows, arrows);
    let still = Sight { still: !sight.still, ..sight.clone() };
    toggle("requests and heartbeats", "moving along the links", "", !sight.still, still);
    rows
}

/// What words mean.
pub(super) fn words() -> impl Iterator<Item = Row> {
    glossary::all().map(|(place, meaning)| {
        // It has no place on the page: it opens where the page begins to be read.
        let popup = Popup::Term { place, x: 320, y: 96 };
        let row = row(meaning.word, meaning.sentence, "", Pick::Open(popup));
        Row { group: Group::Words, mark: Mark::Word, ..row }
    })
}

/// Lessons and examples.
pub(super) fn openings() -> Vec<Row> {
    let lessons = LESSONS.iter().map(|lesson| Row {
        group: Group::Lessons,
        mark: Mark::Lesson,
        line: String::new(),
        ..row(lesson.title, "lesson", "", Pick::Lesson(lesson))
    });
    let example = |example: &'static Example| Row {
        group: Group::Lessons,
        mark: Mark::Example,
        ..row(example.title, example.about, example.name, Pick::Example(example))
    };
    lessons.chain(EXAMPLES.iter().map(example)).collect()
}

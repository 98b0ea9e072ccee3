//! One search for everything: what can be done, chosen, opened and set, as rows that a few letters find.
//!
//! [`rows`] knows what there is, [`search`] which of it is meant. Neither knows the browser: `panels` show what is found and
//! do what is chosen. Nothing of this runs before somebody asks for it.

mod matching;
mod page;
mod row;
mod rows;
#[cfg(test)]
mod tests;

use matching::{Fit, WORD, fit};
use std::ops::Range;

pub use row::{Deed, Group, Known, Mark, Pick, Row};
pub use rows::{is_line, rows};

/// A row that was found, and the parts of its label that were typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<'r> {
    pub row: &'r Row,
    pub marks: Vec<Range<usize>>,
}

/// What was found, in the order in which it is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Finds<'r> {
    pub groups: Vec<(Group, Vec<Found<'r>>)>,
    /// All of it, with what there was no room for.
    pub count: usize,
}

/// What a match in the console's line, or in the note, is worth less than one in the label.
const IN_LINE: u32 = 15;
const IN_NOTE: u32 = 40;

/// How well a row fits all words; the parts of its label that were typed.
fn fits(words: &[String], row: &Row) -> Option<Fit> {
    let mut all = Fit { score: 0, marks: Vec::new() };
    for word in words {
        let less = |text: &str, by: u32| fit(word, text).map(|found| found.score.saturating_sub(by));
        let label = fit(word, &row.label);
        let elsewhere = less(&row.line, IN_LINE).max(less(&row.note, IN_NOTE));
        let own = label.as_ref().map(|found| found.score);
        all.score += own.max(elsewhere)?;
        if let Some(label) = label.filter(|label| Some(label.score) >= elsewhere) {
            all.marks.extend(label.marks);
        }
    }
    all.score /= u32::try_from(words.len()).unwrap_or(1).max(1);
    all.marks.sort_by_key(|mark| mark.start);
    // Words may mean the same letters.
    let mut end = 0;
    all.marks.retain_mut(|mark| {
        mark.start = mark.start.max(end);
        end = end.max(mark.end);
        mark.start < mark.end
    });
    Some(all)
}

/// Finds what was typed, the best first and what is selected before all else. `is_line` says whether it begins as a line
/// of the console does: then a line that is no row's stands first.
pub fn search<'r>(typed: &str, rows: &'r [Row], line: Option<&'r Row>, is_line: bool) -> Finds<'r> {
    let words: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
    let mut found: Vec<(u32, Found<'r>)> = Vec::new();
    for row in rows {
        let Some(fit) = fits(&words, row) else { continue };
        // Of two that fit as well, the one that says less is meant; what the page does stands in an order of its own. What
        // cannot be done is meant last.
        let length = match row.group {
            Group::Page => 0,
            // Who looks for a word has typed more of it than who looks for something to do.
            Group::Words => 60,
            _ => row.label.len().min(60),
        };
        let score = fit.score * 100 + 60 - u32::try_from(length).unwrap_or(60);
        let score = if row.refused.is_some() { score / 2 } else { score };
        found.push((score, Found { row, marks: fit.marks }));
    }
    if !words.is_empty() {
        found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    }
    let typed = typed.trim();
    let begins = |row: &Row| row.line.starts_with(typed);
    let says = is_line && !found.iter().any(|(_, found)| begins(found.row));
    let mut finds = Finds { groups: Vec::new(), count: found.len() };
    let mut ranked: Vec<(u32, Group, Vec<Found<'r>>)> = Vec::new();
    for group in Group::ALL {
        let of_group = found.iter().filter(|(_, found)| found.row.group == group);
        let best = of_group.clone().map(|(score, _)| *score).next().unwrap_or(0);
        // What belongs to the selection is first where it fits well, and not for a letter in the middle of a word.
        let first = group == Group::Selected && best >= (WORD - IN_LINE) * 100;
        let rank = if words.is_empty() {
            0
        } else if first {
            u32::MAX
        } else {
            best
        };
        let shown: Vec<Found<'r>> = of_group.take(group.most()).map(|(_, found)| found.clone()).collect();
        if !shown.is_empty() {
            ranked.push((rank, group, shown));
        }
    }
    ranked.sort_by_key(|(rank, ..)| std::cmp::Reverse(*rank));
    finds.groups = ranked.into_iter().map(|(_, group, shown)| (group, shown)).collect();
    if let Some(row) = line {
        let place = if says { 0 } else { finds.groups.len() };
        finds.groups.insert(place, (Group::Line, vec![Found { row, marks: Vec::new() }]));
        finds.count += 1;
    }
    finds
}

/// The row that says what was typed in the console.
pub fn said(typed: &str) -> Option<Row> {
    let line = typed.trim();
    (!line.is_empty()).then(|| Row {
        group: Group::Line,
        mark: Mark::Line,
        label: format!("Run {line} as a console line"),
        note: String::new(),
        line: String::new(),
        pick: Pick::Say(line.to_owned()),
        refused: None,
        risky: false,
    })
}

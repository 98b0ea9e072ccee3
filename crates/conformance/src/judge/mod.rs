//! The judge: how well an actual trace tells the story of a recorded one.
//!
//! Both traces become a [`story`]: per object an ordered list of milestones, with canonical names. Then it is counted
//! what both have in common (*story*), whether things came in the same order (*order*, *cause*) and after the same
//! delays (*timing*), how it ended (*final*), and what was printed (*kubectl*, *snapshots*, *cases*).
//!
//! Where to start: [`judge`] here, the counting in `areas.rs` and `texts.rs`.

mod areas;
mod kinds;
pub mod line;
pub mod matching;
mod names;
mod noise;
mod pairs;
mod story;
mod texts;

use line::Line;
use petri_objects::order::Order as _;
use std::collections::{BTreeMap, BTreeSet};
use story::Story;

/// How much each area of the story weighs within it.
pub const AREAS: [(&str, f64); 11] = [
    ("pods", 4.0),
    ("processes", 3.0),
    ("workloads", 3.0),
    ("storage", 2.0),
    ("endpoints", 2.0),
    ("nodes", 2.0),
    ("events", 2.0),
    ("revisions", 1.0),
    ("attachments", 1.0),
    ("pdb", 1.0),
    ("leases", 1.0),
];

const WEIGHTS: [(&str, f64); 8] = [
    ("story", 45.0),
    ("order", 15.0),
    ("cause", 5.0),
    ("timing", 15.0),
    ("final", 10.0),
    ("kubectl", 7.0),
    ("snapshots", 3.0),
    ("cases", 60.0),
];

/// How a part of the comparison went.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Row {
    pub matched: u64,
    pub total: u64,
    pub extra: u64,
    pub percent: f64,
}

impl Row {
    /// So many of so many.
    fn share(matched: u64, total: u64) -> Option<Row> {
        let percent = rounded(100.0 * matched as f64 / total as f64);
        (total > 0).then_some(Row { matched, total, extra: 0, percent })
    }
    /// What was expected and came, what was expected, and what came besides.
    fn balance(matched: u64, total: u64, extra: u64) -> Option<Row> {
        let all = total + matched + extra;
        let percent = rounded(200.0 * matched as f64 / all as f64);
        (all > 0).then_some(Row { matched, total, extra, percent })
    }
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// One thing that is not as it was recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    pub area: &'static str,
    pub t: f64,
    pub text: String,
}

/// What the comparison came to.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// 0 to 100; 100 only without any difference.
    pub overall: f64,
    pub rows: BTreeMap<&'static str, Row>,
    pub groups: BTreeMap<&'static str, f64>,
    pub differences: Vec<Difference>,
}

impl Verdict {
    fn differ(&mut self, area: &'static str, t: f64, text: String) {
        self.differences.push(Difference { area, t, text });
    }
    fn row(&mut self, area: &'static str, row: Option<Row>) {
        self.rows.extend(row.map(|row| (area, row)));
    }

    fn sum_up(&mut self) {
        let story: Vec<(f64, f64)> =
            AREAS.iter().filter_map(|(area, weight)| Some((*weight, self.rows.get(area)?.percent))).collect();
        let mean = |parts: &[(f64, f64)]| {
            let weight: f64 = parts.iter().map(|(weight, _)| weight).sum();
            (weight > 0.0).then(|| parts.iter().map(|(weight, percent)| weight * percent).sum::<f64>() / weight)
        };
        self.groups.extend(mean(&story).map(|percent| ("story", percent)));
        for (group, _) in WEIGHTS {
            self.groups.extend(self.rows.get(group).map(|row| (group, row.percent)));
        }
        let parts: Vec<(f64, f64)> =
            WEIGHTS.iter().filter_map(|(group, weight)| Some((*weight, *self.groups.get(group)?))).collect();
        self.overall = rounded(mean(&parts).unwrap_or(0.0));
        if !self.differences.is_empty() {
            self.overall = self.overall.min(99.99);
        }
        self.differences.order_by(|a, b| a.t.total_cmp(&b.t));
    }
}

/// Compares two traces, as text of JSON lines.
pub fn judge(expected: &str, actual: &str) -> Verdict {
    judge_lines(&line::read(expected), &line::read(actual))
}

/// Compares two traces.
pub fn judge_lines(expected: &[Line], actual: &[Line]) -> Verdict {
    let mut verdict = Verdict::default();
    let mut theirs = Story::new(expected, &BTreeMap::new());
    let mut ours = Story::new(actual, &BTreeMap::new());
    let mut pairs = pairs::align(&theirs, &ours);
    let renames = pairs::renames(&theirs, &ours, &pairs);
    let renamed = theirs.names.real() != ours.names.real();
    if !renames.is_empty() {
        ours = Story::new(actual, &renames);
        pairs = pairs::align(&theirs, &ours);
    }
    let matches = verdict.story(&theirs, &ours);
    verdict.order(&theirs, &matches);
    verdict.timing(&theirs, &ours, &matches, &pairs);
    verdict.last(&theirs, &ours);
    if !verdict.placement(&theirs, &ours) {
        let nodes: BTreeSet<String> = theirs.nodes.union(&ours.nodes).cloned().collect();
        let nodes: Vec<String> = nodes.into_iter().collect();
        theirs.names.blurred = Some(nodes.clone());
        ours.names.blurred = Some(nodes);
    }
    verdict.texts(&theirs, &ours, &pairs, renamed);
    verdict.cases(&theirs, &ours);
    verdict.sum_up();
    verdict
}

#[cfg(test)]
mod tests;

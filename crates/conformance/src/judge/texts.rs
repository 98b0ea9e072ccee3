//! What was printed: answers of kubectl, and of the API server.

use super::areas::said;
use super::line::Line;
use super::matching::blocks;
use super::pairs::Pairs;
use super::story::Story;
use super::{Row, Verdict};
use petri_objects::order::Order as _;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
struct Sums {
    good: u64,
    all: u64,
    extra: u64,
}

impl Verdict {
    /// Lines of every answer. `renamed`: generated names differ, and with them the order of rows.
    pub(super) fn texts(&mut self, expected: &Story, actual: &Story, pairs: &Pairs, renamed: bool) {
        let step = |line: &Line| line.step();
        let partner: BTreeMap<i64, i64> = pairs
            .iter()
            .filter_map(|(e, a)| Some((step(&expected.actions[*e])?, step(&actual.actions[*a])?)))
            .collect();
        let mut sums: BTreeMap<&'static str, Sums> = BTreeMap::new();
        for (i, answer) in &expected.outputs {
            let action = expected.actions.iter().find(|action| step(action) == Some(*i));
            let snapshot = action.is_some_and(Line::is_snapshot);
            let area = if snapshot { "snapshots" } else { "kubectl" };
            let mut theirs = expected.answer(*i);
            let mut ours = partner.get(i).map_or(Vec::new(), |j| actual.answer(*j));
            let args = action.map_or(Vec::new(), Line::args);
            let is_table = args.first().is_some_and(|verb| ["get", "drain", "delete"].contains(verb))
                && !args.iter().any(|arg| ["yaml", "json"].contains(arg));
            if renamed && is_table {
                theirs.order();
                ours.order();
            }
            let pairs = blocks(&theirs, &ours);
            let sum = sums.entry(area).or_default();
            sum.good += pairs.len() as u64;
            sum.all += theirs.len() as u64;
            sum.extra += (ours.len() - pairs.len()) as u64;
            let kept: (BTreeSet<usize>, BTreeSet<usize>) = pairs.into_iter().unzip();
            let rest = |lines: Vec<String>, kept: &BTreeSet<usize>| -> Vec<String> {
                lines.into_iter().enumerate().filter(|(k, _)| !kept.contains(k)).map(|(_, line)| line).collect()
            };
            let (gone, new) = (rest(theirs, &kept.0), rest(ours, &kept.1));
            let what = action.map_or("the start".into(), said);
            for k in 0..gone.len().max(new.len()) {
                let word = |lines: &[String]| lines.get(k).map_or("nothing".into(), |line| format!("'{line}'"));
                let (gone, new, t) = (word(&gone), word(&new), answer.t);
                self.differ(area, t, format!("output of {what} at {t:.1} s: expected {gone}; got {new}"));
            }
        }
        for (area, sum) in sums {
            self.row(area, Row::balance(sum.good, sum.all, sum.extra));
        }
    }

    /// Answers to single requests: status and reason, message, causes, kubectl's text.
    pub(super) fn cases(&mut self, expected: &Story, actual: &Story) {
        let names = &expected.names;
        let field = |case: &Line, key: &str| case.get(key).cloned().unwrap_or_default();
        let view = |case: &Line, what: &str| match what {
            "status" => format!("{} {}", field(case, "code").to_json(), field(case, "reason").to_json()),
            "message" => names.text(case.text("message").unwrap_or_default()),
            "causes" => field(case, "causes").to_json(),
            _ => names.text(&field(case, "kubectl").to_json()),
        };
        let answers: BTreeMap<&String, &Line> = actual.cases.iter().map(|(id, line)| (id, line)).collect();
        let (mut good, mut total) = (0, 0);
        for (id, case) in &expected.cases {
            for what in ["status", "message", "causes", "kubectl"] {
                if what == "kubectl" && case.get("kubectl").is_none() {
                    continue;
                }
                total += 1;
                let theirs = view(case, what);
                let ours = answers.get(id).map(|case| view(case, what));
                if ours.as_ref() == Some(&theirs) {
                    good += 1;
                    continue;
                }
                let ours = ours.unwrap_or("nothing".into());
                self.differ("cases", case.t, format!("case {id}: expected {what} {theirs}; got {ours}"));
            }
        }
        self.row("cases", Row::share(good, total));
    }
}

//! Two courses on one clock: the difference in words and numbers.

use super::course::Course;
use petri_objects::{Span, Time};
use petri_picture::view::words;
use petri_sim::story::recording::{Recording, Stamped};
use petri_sim::words::invariants::Guarantee;

/// One measure of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub what: &'static str,
    pub a: String,
    pub b: String,
    /// `87 points more in A`; empty if both are the same.
    pub difference: String,
}

impl Row {
    /// Whether it is worth a line: what the page is about is said also where there is none of it.
    pub fn says_something(&self) -> bool {
        let nothing = |text: &str| matches!(text, "0" | "0 s");
        matches!(self.what, SERVED | TWICE) || !(nothing(&self.a) && nothing(&self.b))
    }
}

pub const SERVED: &str = "asked for and serving";
pub const TWICE: &str = "one name twice";

/// Two courses on one clock.
pub struct Pair {
    pub a: Course,
    pub b: Course,
    pub start: Time,
    pub end: Time,
    /// The first moment at which something was done to a cluster, other than giving it manifests.
    pub from: Time,
    /// What was done then.
    pub first: Option<String>,
}

impl Pair {
    /// Two that have not begun.
    pub fn new(a: &Recording, b: &Recording, end: Time) -> Pair {
        let start = a.scenario.start;
        let done = |stamped: &&Stamped| !stamped.command.is_manifest();
        let first = [a, b].into_iter().filter_map(|recording| recording.commands.iter().find(done));
        let first = first.min_by_key(|stamped| stamped.at);
        let from = first.map_or(start, |stamped| stamped.at);
        let first = first.map(Stamped::said);
        Pair { a: Course::new(a, end), b: Course::new(b, end), start, end, from, first }
    }

    /// Plays one piece of the course that is behind. Answers whether there is more to come.
    pub fn advance(&mut self) -> bool {
        let behind = if self.a.played_to() <= self.b.played_to() { &mut self.a } else { &mut self.b };
        behind.advance() || self.a.played_to() < self.end || self.b.played_to() < self.end
    }

    /// Plays both to their end at once.
    #[cfg(test)]
    pub fn play(a: &Recording, b: &Recording, end: Time) -> Pair {
        let mut pair = Pair::new(a, b, end);
        while pair.advance() {}
        pair
    }

    /// How much of both has been played, in hundredths.
    pub fn percent(&self) -> u64 {
        let done = self.a.played_to().since(self.start).0 + self.b.played_to().since(self.start).0;
        (done * 50).checked_div(self.end.since(self.start).0).unwrap_or(100)
    }

    pub fn rows(&self) -> Vec<Row> {
        let (a, b, from) = (&self.a, &self.b, self.from);
        let mut rows = vec![self.served()];
        let lasted = |test| (a.lasted(from, test), b.lasted(from, test));
        let broken = |guarantee| (a.broken_for(guarantee), b.broken_for(guarantee));
        let spans: [(&'static str, (Span, Span)); 6] = [
            ("fewer than asked for", lasted(|level| level.serving < level.asked)),
            ("more than asked for", lasted(|level| level.surplus > 0)),
            (TWICE, broken(Guarantee::AtMostOne)),
            ("two writers", broken(Guarantee::OneWriter)),
            ("two leaders", broken(Guarantee::OneLeader)),
            ("no quorum", broken(Guarantee::Quorum)),
        ];
        rows.extend(spans.into_iter().map(|(what, (a, b))| {
            let difference = differs(a.0, b.0, |by| words::duration(Span(by)));
            Row { what, a: words::duration(a), b: words::duration(b), difference }
        }));
        let counts = [
            ("stale records", a.totals.stale, b.totals.stale),
            ("calls that failed", a.totals.failed_calls, b.totals.failed_calls),
            ("commands refused", a.totals.refused_commands, b.totals.refused_commands),
        ];
        rows.extend(counts.into_iter().map(|(what, a, b)| Row {
            what,
            a: a.to_string(),
            b: b.to_string(),
            difference: differs(a, b, |by| by.to_string()),
        }));
        rows
    }

    fn served(&self) -> Row {
        let (a, b) = (self.a.served(self.from), self.b.served(self.from));
        let percent = |thousandths: u64| match thousandths % 10 {
            0 => format!("{} %", thousandths / 10),
            rest => format!("{}.{rest} %", thousandths / 10),
        };
        let difference = differs(a, b, |by| format!("{}.{} points", by / 10, by % 10));
        Row { what: SERVED, a: percent(a), b: percent(b), difference }
    }

    /// What came of both, as two sentences, or as one where nothing tells them apart.
    pub fn verdict(&self) -> String {
        let (a, b) = (self.a.outcome(self.from), self.b.outcome(self.from));
        match a == b {
            true if self.rows().iter().all(|row| row.difference.is_empty()) => format!("Both come to the same: {a}."),
            true => format!("In the end both come to the same: {a}."),
            false => format!("In A {a}. In B {b}."),
        }
    }

    /// From where on it was measured and how far beyond the present.
    pub fn measured(&self, present: Time) -> String {
        let moment = |at| words::moment(self.start, at);
        let mut text = match &self.first {
            Some(first) => format!("Measured from {} at {} to {}.", first, moment(self.from), moment(self.end)),
            None => format!("Measured from the start to {}.", moment(self.end)),
        };
        if self.end > present {
            let beyond = words::duration(self.end.since(present));
            text += &format!(
                " This run stands at {}; both were played {beyond} beyond that, to where its last command has had its consequences or a branch ends.",
                moment(present)
            );
        }
        text
    }
}

fn differs(a: u64, b: u64, text: impl Fn(u64) -> String) -> String {
    match a.cmp(&b) {
        std::cmp::Ordering::Equal => String::new(),
        std::cmp::Ordering::Greater => format!("{} more in A", text(a - b)),
        std::cmp::Ordering::Less => format!("{} more in B", text(b - a)),
    }
}

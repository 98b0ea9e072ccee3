//! The table's rows in the order that somebody wants, and only those that somebody looks for.

use super::order::natural;
use super::table::{Belief, Row};
use petri_objects::order::Order as _;
use std::cmp::Ordering;

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Name,
    Ready,
    Status,
    Revision,
    Age,
    Ip,
    Node,
    Machine,
}

impl Column {
    pub const ALL: [Column; 8] = [
        Column::Name,
        Column::Ready,
        Column::Status,
        Column::Revision,
        Column::Age,
        Column::Ip,
        Column::Node,
        Column::Machine,
    ];
    pub fn title(self) -> &'static str {
        match self {
            Column::Name => "NAME",
            Column::Ready => "READY",
            Column::Status => "STATUS",
            Column::Revision => "REVISION",
            Column::Age => "AGE",
            Column::Ip => "IP",
            Column::Node => "NODE",
            Column::Machine => "on the machine",
        }
    }
}

/// Which rows are shown, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrangement {
    /// A column, and whether its last comes first; in order of names if there is none.
    pub order: Option<(Column, bool)>,
    /// Words that a row must have, in whatever cell: a name, an owner, a node, a status.
    pub words: String,
    /// Only those in trouble.
    pub trouble: bool,
}

impl Arrangement {
    /// The same, ordered by a column: from its first, from its last, and by names again.
    #[must_use]
    pub fn by(&self, column: Column) -> Arrangement {
        let order = match self.order {
            Some((known, false)) if known == column => Some((column, true)),
            Some((known, true)) if known == column => None,
            _ => Some((column, false)),
        };
        Arrangement { order, ..self.clone() }
    }
    /// Whether all rows are shown as they come.
    pub fn is_plain(&self) -> bool {
        self.order.is_none() && self.words.trim().is_empty() && !self.trouble
    }
}

/// The rows that are asked for, in the order that is asked for. Those that are equal there keep the order of names.
pub fn arranged(rows: &[Row], arrangement: &Arrangement) -> Vec<Row> {
    let words: Vec<String> = arrangement.words.split_whitespace().map(str::to_lowercase).collect();
    let wanted = |row: &&Row| (!arrangement.trouble || row.trouble) && words.iter().all(|word| has(row, word));
    let mut rows: Vec<Row> = rows.iter().filter(wanted).cloned().collect();
    if let Some((column, last_first)) = arrangement.order {
        rows.order_by(|a, b| {
            let order = compare(a, b, column);
            if last_first { order.reverse() } else { order }
        });
    }
    rows
}

fn has(row: &Row, word: &str) -> bool {
    let belief = row.belief.as_ref();
    let cells = belief.into_iter().flat_map(|belief| [&*belief.ready, &belief.status, &belief.ip, &belief.node]);
    let own = [&*row.name, &row.identity.owner, &row.absence, &row.revision, &row.machine];
    cells.chain(own).any(|cell| cell.to_lowercase().contains(word))
}

fn compare(a: &Row, b: &Row, column: Column) -> Ordering {
    let cell = |read: fn(&Belief) -> &str| {
        let text = |row: &Row| row.belief.as_ref().map(|belief| natural(read(belief)));
        text(a).cmp(&text(b))
    };
    match column {
        Column::Name => natural(&a.name).cmp(&natural(&b.name)),
        Column::Ready => cell(|belief| &belief.ready),
        Column::Status => cell(|belief| &belief.status),
        Column::Revision => natural(&a.revision).cmp(&natural(&b.revision)),
        // The youngest first.
        Column::Age => {
            let born = |row: &Row| row.belief.as_ref().map(|belief| belief.created);
            born(b).cmp(&born(a))
        }
        Column::Ip => cell(|belief| &belief.ip),
        Column::Node => cell(|belief| &belief.node),
        Column::Machine => b.machine_tone.cmp(&a.machine_tone).then_with(|| a.machine.cmp(&b.machine)),
    }
}

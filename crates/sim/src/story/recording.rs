//! Everything that crosses a boundary: engine version, scenario, seed, commands. Determinism rebuilds the rest.

use crate::ground::scenario::Scenario;
use crate::words::command::Command;
use petri_objects::{Name, Span, Time};
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// A run, as a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Recording {
    /// The version of the engine that it was made with.
    pub engine: Name,
    pub scenario: Rc<Scenario>,
    pub seed: u64,
    pub commands: Vec<Stamped>,
}

/// A command and its moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stamped {
    pub at: Time,
    /// How many events had happened; `None` for "after everything that happens until `at`".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    #[serde(rename = "do")]
    pub command: Rc<Command>,
    /// The line that somebody typed for it, if the command by itself would be told in other words. Nothing that happens
    /// depends on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Name>,
}

impl Stamped {
    /// What was said, as far as this command alone knows it.
    pub fn said(&self) -> String {
        self.said.as_ref().map_or_else(|| self.command.said(), |line| line.to_string())
    }
}

/// A longer line is not kept with its command: whoever reads it wants a line.
const LONGEST_SAID: usize = 300;

/// What is kept of the line that was typed for a command: nothing if the command tells the same. What gives manifests to
/// the cluster is told by what it gives.
pub(super) fn kept(line: Option<&str>, command: &Command) -> Option<Name> {
    let line = line.filter(|line| line.len() <= LONGEST_SAID && !line.contains('\n') && !command.is_manifest())?;
    (line != command.said()).then(|| line.into())
}

/// The engine's version: recordings of another one may unfold differently.
pub const ENGINE: &str = env!("CARGO_PKG_VERSION");

/// How long kubectl waits before it asks again for an eviction that a budget forbade.
pub const AGAIN: Span = Span::seconds(5);

/// What a person said, of which a command is a part: kubectl drains by a cordon and one eviction per pod.
pub fn said(commands: &[Stamped], number: usize) -> String {
    let Some(stamped) = commands.get(number) else { return String::new() };
    let drained = match &*stamped.command {
        Command::Cordon { on: true, .. } => {
            let next = commands.get(number + 1).filter(|next| next.at == stamped.at);
            next.and_then(|next| matches!(&*next.command, Command::Evict { .. }).then_some(number))
        }
        Command::Evict { pod, .. } => {
            // What a budget forbade is asked for again.
            let same = |other: &Stamped| matches!(&*other.command, Command::Evict { pod: p, .. } if p == pod);
            let mut first = number;
            while let Some(earlier) = commands[..first].iter().rposition(same)
                && commands[first].at.since(commands[earlier].at) <= AGAIN
            {
                first = earlier;
            }
            let evicts =
                |other: &&Stamped| other.at == commands[first].at && matches!(&*other.command, Command::Evict { .. });
            let run = commands[..=first].iter().rev().take_while(evicts).count();
            let before = (first + 1).checked_sub(run + 1);
            before.filter(|before| {
                let before = &commands[*before];
                before.at == commands[first].at && matches!(&*before.command, Command::Cordon { on: true, .. })
            })
        }
        _ => None,
    };
    match drained.map(|number| &*commands[number].command) {
        // A line that drains says so itself.
        Some(Command::Cordon { node, .. }) => {
            stamped.said.as_ref().map_or_else(|| format!("kubectl drain {node}"), |line| line.to_string())
        }
        _ => stamped.said(),
    }
}

impl Recording {
    pub fn new(scenario: Scenario, seed: u64) -> Recording {
        Recording { engine: ENGINE.into(), scenario: Rc::new(scenario), seed, commands: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use petri_objects::{Kind, ObjectRef};

    #[test]
    fn a_drain_is_said_as_one() {
        let at = |seconds: u64, command: Command| Stamped {
            at: Time(seconds * 1_000_000),
            position: None,
            command: Rc::new(command),
            said: None,
        };
        let evict = |pod: &str| Command::Evict { pod: ObjectRef::new(Kind::Pod, "default", pod), grace_seconds: None };
        let cordon = |node: &str| Command::Cordon { node: node.into(), on: true };
        let commands = [
            at(1, cordon("node-1")),
            at(2, cordon("node-3")),
            at(2, evict("rg-0")),
            at(2, evict("rg-1")),
            at(7, evict("rg-1")),
            at(12, evict("rg-1")),
            at(13, evict("rg-2")),
            at(60, evict("rg-0")),
        ];
        let said: Vec<String> = (0..commands.len()).map(|number| said(&commands, number)).collect();
        let drain = "kubectl drain node-3";
        assert_eq!(
            said,
            ["kubectl cordon node-1", drain, drain, drain, drain, drain, "evict pod/rg-2", "evict pod/rg-0"]
        );
    }
}

//! One entry of a menu.

use petri_objects::Taint;
use petri_sim::words::command::Command;

/// One entry of a menu.
#[derive(Clone, Debug, PartialEq)]
pub struct Verb {
    pub label: String,
    pub act: Act,
    /// Why it cannot be done now.
    pub refused: Option<String>,
    /// Whether it can break a guarantee.
    pub risky: bool,
    /// Entries of another group are set apart by a line.
    pub group: u8,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    Do(Command),
    /// What only the console can say.
    Say(String),
    /// A line that lacks its end, which is for the person to say.
    Type(String),
}

impl Act {
    pub fn line(&self) -> String {
        match self {
            Act::Do(command) => command.line(),
            Act::Say(line) => line.clone(),
            Act::Type(line) => format!("{line}…"),
        }
    }
}

pub const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

/// The taint that tells Kubernetes that a node is off and will stay off.
pub fn out_of_service() -> Taint {
    Taint { key: OUT_OF_SERVICE.into(), value: "nodeshutdown".into(), effect: "NoExecute".into(), ..Taint::default() }
}

pub(super) fn verb(group: u8, label: impl Into<String>, command: Command, refused: Option<String>) -> Verb {
    Verb { label: label.into(), act: Act::Do(command), refused, risky: false, group }
}
pub(super) fn say(group: u8, label: impl Into<String>, line: String, refused: Option<String>) -> Verb {
    Verb { label: label.into(), act: Act::Say(line), refused, risky: false, group }
}

pub(super) fn typed(group: u8, label: impl Into<String>, line: String, refused: Option<String>) -> Verb {
    Verb { label: label.into(), act: Act::Type(line), refused, risky: false, group }
}

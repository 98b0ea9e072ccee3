//! What answers consist of.

use petri_objects::Time;
use petri_sim::words::command::Command;

#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    pub at: Time,
    pub sentence: String,
}

/// A controller that stopped short of its goal.
#[derive(Clone, Debug, PartialEq)]
pub struct Standstill {
    pub who: &'static str,
    pub sentence: String,
    /// The reason's name, for tests and styles.
    pub code: String,
    pub since: Time,
    /// When it goes on by itself, if that is known.
    pub until: Option<Time>,
    /// Whether somebody is at work on it, so that nobody else has to do anything.
    pub under_way: bool,
}

/// Something that would change the situation, and what it risks.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    pub title: String,
    pub command: Command,
    pub effect: String,
    pub risky: bool,
}

pub fn fix(title: impl Into<String>, command: Command, effect: impl Into<String>) -> Fix {
    Fix { title: title.into(), command, effect: effect.into(), risky: false }
}
pub fn risk(title: impl Into<String>, command: Command, effect: impl Into<String>) -> Fix {
    Fix { title: title.into(), command, effect: effect.into(), risky: true }
}

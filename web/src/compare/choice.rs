//! What a run can be compared with, and what its recording is made of.

use petri_objects::{Kind, Time};
use petri_sim::story::link;
use petri_sim::story::recording::{Recording, Stamped};
use petri_sim::story::shared::Shared;
use petri_sim::words::command::Command;
use std::rc::Rc;

/// Something that the present run can be compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Tells choices apart: `run`, `branch-0`, `kind`, `file-new.yaml`, `without-3`, `setting-0`.
    pub key: String,
    pub title: String,
    /// What it is called where there is little room, if it is offered by itself.
    pub short: Option<&'static str>,
    /// Why it goes another way.
    pub why: Option<String>,
    pub recording: Rc<Recording>,
}

impl Choice {
    /// The address that opens this course as the run, at the end of what was compared. The run itself is open already.
    pub fn link(&self, end: Time) -> Option<String> {
        let shared = || Shared::new((*self.recording).clone(), end, end);
        (self.key != "run").then(|| format!("#{}", link::to_fragment(&shared())))
    }
}

/// The same commands at the same times, whatever else happens between them.
pub fn unplaced(recording: &Recording) -> Recording {
    let commands = recording.commands.iter().map(|stamped| Stamped { position: None, ..stamped.clone() });
    Recording { commands: commands.collect(), ..recording.clone() }
}

/// A manifest is what the day happens to; only a budget is a thing that one can do without.
pub fn is_worth_leaving_out(command: &Command) -> bool {
    match command {
        Command::Apply(manifest) => {
            manifest.at(&["kind"]).and_then(petri_objects::Value::as_str) == Some("PodDisruptionBudget")
        }
        Command::Create(object) => object.kind() == Kind::PodDisruptionBudget,
        Command::Replace(_) => false,
        _ => true,
    }
}

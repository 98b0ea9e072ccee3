//! What a run can be compared with, and what its recording is made of.

use petri_objects::{Time, Value};
use petri_sim::story::link;
use petri_sim::story::recording::{Recording, Stamped};
use petri_sim::story::shared::Shared;
use petri_sim::words::command::Command;
use std::borrow::Cow;
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

/// What a command gives to the cluster, if it gives something.
pub fn manifest(command: &Command) -> Option<Cow<'_, Value>> {
    match command {
        Command::Apply(manifest) => Some(Cow::Borrowed(&**manifest)),
        Command::Create(object) | Command::Replace(object) => Some(Cow::Owned(object.to_value())),
        _ => None,
    }
}

/// The kind that a manifest names.
pub fn kind_of(manifest: &Value) -> &str {
    manifest.at(&["kind"]).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a command gives a disruption budget.
pub fn is_budget(command: &Command) -> bool {
    manifest(command).is_some_and(|manifest| kind_of(&manifest) == "PodDisruptionBudget")
}

/// A manifest is what the day happens to; only a budget is a thing that one can do without.
pub fn is_worth_leaving_out(command: &Command) -> bool {
    !command.is_manifest() || (is_budget(command) && !matches!(command, Command::Replace(_)))
}

//! What a run may not ask of whoever plays it, whichever way it asks: a click, a console line or a link.

use crate::ground::limits::MAX_MACHINES;
use crate::words::command::Command;
use petri_objects::limits::{MAX_REPLICAS, replica_limit_message, too_many_replicas};
use petri_objects::{Object, Value};

/// Why a command would keep the page busy for minutes, if it would.
pub fn refuse(command: &Command, machines: usize) -> Option<String> {
    match command {
        Command::Apply(manifest) => too_many(manifest),
        Command::Create(object) | Command::Replace(object) => refuse_object(object),
        Command::Scale { replicas, .. } if *replicas > MAX_REPLICAS => {
            Some(replica_limit_message(i64::from(*replicas)))
        }
        Command::Patch { patch, .. } => too_many(patch),
        Command::AddMachine { .. } if machines >= MAX_MACHINES => {
            Some(format!("Petri simulates at most {MAX_MACHINES} machines."))
        }
        _ => None,
    }
}

/// The same for an object.
pub fn refuse_object(object: &Object) -> Option<String> {
    too_many_replicas(object).map(|replicas| replica_limit_message(i64::from(replicas)))
}

fn too_many(written: &Value) -> Option<String> {
    let replicas = written.at(&["spec", "replicas"])?.as_int()?;
    (replicas > i64::from(MAX_REPLICAS)).then(|| replica_limit_message(replicas))
}

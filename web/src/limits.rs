//! What the page does not let anybody ask of it, whichever way they ask.

use petri_manifest::{MAX_REPLICAS, replica_limit_message, too_many_replicas};
use petri_objects::Value;
use petri_sim::words::command::Command;

/// The most machines that a cluster may have.
const MAX_MACHINES: usize = 200;

/// Why a command would freeze the page, if it would.
pub fn refuse(command: &Command, machines: usize) -> Option<String> {
    match command {
        Command::Apply(manifest) => too_many(manifest),
        Command::Create(object) | Command::Replace(object) => {
            too_many_replicas(object).map(|replicas| replica_limit_message(i64::from(replicas)))
        }
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

fn too_many(written: &Value) -> Option<String> {
    let replicas = written.at(&["spec", "replicas"])?.as_int()?;
    (replicas > i64::from(MAX_REPLICAS)).then(|| replica_limit_message(replicas))
}

//! `kubectl scale`.

use super::context::Context;
use super::named::targets;
use crate::args::{self, ALL_NAMESPACES, Flag, NAMESPACE, SELECTOR, switch, value};
use crate::errors::{answer_text, trouble};
use crate::output::{Failure, Output};
use petri_objects::Object;
use petri_sim::words::command::Command;

const FLAGS: &[Flag] = &[
    NAMESPACE,
    ALL_NAMESPACES,
    SELECTOR,
    switch("all"),
    value("replicas"),
    value("current-replicas"),
    // How long an attempt may take: here each is answered at once.
    value("timeout"),
];

#[inline(never)]
pub(super) fn run(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let arguments = args::parse(words, FLAGS, "kubectl scale")?;
    if arguments.last("replicas").is_none() {
        return Err("error: required flag(s) \"replicas\" not set".into());
    }
    let replicas = arguments.integer("replicas")?;
    let Some(replicas) = replicas.and_then(|n| i32::try_from(n).ok()).filter(|n| *n >= 0) else {
        return Err("error: The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0".into());
    };
    if replicas > petri_manifest::MAX_REPLICAS {
        return Err(format!("error: {}", petri_manifest::replica_limit_message(i64::from(replicas))));
    }
    arguments.duration("timeout")?;
    let expected = arguments.integer("current-replicas")?.filter(|n| *n >= 0);
    let (found, missing) = targets(&arguments, context)?;
    let mut out = Output::default();
    for object in found {
        let current = match &object {
            Object::StatefulSet(set) => set.replicas(),
            Object::Deployment(deployment) => deployment.replicas(),
            Object::ReplicaSet(set) => set.replicas(),
            Object::Kept(kept) if kept.kind.entry().name == "ReplicationController" && !kept.kind.is_custom() => {
                petri_objects::batch::pods(kept)
            }
            _ => {
                out.gather("Error from server (NotFound): the server could not find the requested resource");
                continue;
            }
        };
        if let Some(expected) = expected
            && expected != i64::from(current)
        {
            out.gather(format!("error: Expected replicas to be {expected}, was {current}"));
            continue;
        }
        match context.host.command(Command::Scale { target: object.reference(), replicas }) {
            Ok(answer) => out.line(answer_text(&answer)),
            Err(error) => out.gather(trouble(&error, None)),
        }
    }
    for problem in missing {
        out.gather(problem);
    }
    Ok(out)
}

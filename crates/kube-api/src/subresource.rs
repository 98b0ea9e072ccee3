//! The other subresources: eviction, and the container that one is about.

use crate::ask::{Answer, Ask};
use crate::decode;
use crate::form::Wanted;
use crate::list::written;
use crate::managers::Writer;
use crate::route::Place;
use crate::run::Run;
use crate::status::{Failure, Outcome};
use crate::store::map;
use crate::write::{current, target};
use petri_objects::{Pod, Value};
use petri_sim::words::command::Command;

/// What is answered to a write that has nothing to show.
fn done(code: u16, wanted: Wanted) -> Answer {
    let status = map([
        ("kind", "Status".into()),
        ("apiVersion", "v1".into()),
        ("metadata", map([])),
        ("status", "Success".into()),
        ("code", Value::Int(i64::from(code))),
    ]);
    written(code, &status, wanted)
}

/// `POST pods/NAME/eviction`.
pub fn evict(run: &mut Run, ask: &Ask, place: &Place, wanted: Wanted) -> Outcome {
    let body = if ask.body.is_empty() { Value::Null } else { decode::body(ask)? };
    let grace_seconds = body.at(&["deleteOptions", "gracePeriodSeconds"]).and_then(Value::as_int);
    let dry = body.at(&["deleteOptions", "dryRun"]).and_then(Value::as_list).is_some_and(|list| !list.is_empty());
    current(run, place)?;
    let writer = Writer::of(ask);
    let writer = Writer { dry_run: writer.dry_run || dry, ..writer };
    run.write(Command::Evict { pod: target(place), grace_seconds }, &writer)?;
    Ok(done(201, wanted))
}

/// The container that is meant; the only one, if none is named.
pub fn container(pod: &Pod, asked: &str) -> Outcome<String> {
    let names: Vec<&str> = pod.spec.init_containers.iter().chain(&pod.spec.containers).map(|c| &*c.name).collect();
    match (asked, &names[..]) {
        ("", [only]) => Ok((*only).to_owned()),
        ("", _) => {
            let own: Vec<&str> = pod.spec.containers.iter().map(|c| &*c.name).collect();
            let init: Vec<&str> = pod.spec.init_containers.iter().map(|c| &*c.name).collect();
            let init = if init.is_empty() {
                String::new()
            } else {
                format!(" or one of the init containers: [{}]", init.join(" "))
            };
            Err(Failure::bad_request(format!(
                "a container name must be specified for pod {}, choose one of: [{}]{init}",
                pod.metadata.name,
                own.join(" ")
            )))
        }
        (asked, names) if names.contains(&asked) => Ok(asked.to_owned()),
        (asked, _) => {
            Err(Failure::bad_request(format!("container {asked} is not valid for pod {}", pod.metadata.name)))
        }
    }
}

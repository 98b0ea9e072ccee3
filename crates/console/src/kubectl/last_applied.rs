//! `kubectl apply view-last-applied`, `set-last-applied`: the manifest that an object remembers.
//!
//! Upstream: `kubectl/pkg/cmd/apply/apply_view_last_applied.go` and its neighbours.

use super::context::Context;
use super::edit::send;
use super::get::sorted;
use super::named::targets;
use crate::args::Arguments;
use crate::errors::named;
use crate::output::{Failure, Output};
use petri_objects::Value;
use petri_sim::belief::api::apply::LAST_APPLIED;

#[inline(never)]
pub(super) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Output, Failure> {
    let verb = arguments.words.first().cloned().unwrap_or_default();
    if arguments.words.len() == 1 && arguments.last("filename").is_none() {
        return Err("error: resource(s) were provided, but no name was specified".into());
    }
    let mut rest = arguments.clone();
    rest.words.remove(0);
    let (found, missing) = targets(&rest, context)?;
    let mut out = Output::default();
    for object in found {
        let known = object.meta().annotations.get(LAST_APPLIED).map(|text| text.trim_end().to_owned());
        match (&*verb, known) {
            (_, None) => out.gather(format!(
                "error: no last-applied-configuration annotation found on resource: {}",
                object.meta().name
            )),
            ("set-last-applied", Some(_)) => {
                let text = super::context::read_file(arguments.last("filename").unwrap_or("-"), context)?;
                let parsed = petri_manifest::parse(&text);
                let Some(document) = parsed.documents.first() else { continue };
                let leaf = Value::from(format!("{}\n", document.value.to_json()).as_str());
                send(
                    &object,
                    Value::nested(&["metadata", "annotations", LAST_APPLIED], leaf),
                    "configured",
                    arguments,
                    context,
                    &mut out,
                );
            }
            ("view-last-applied", Some(text)) => match (Value::from_json(&text), arguments.last("output")) {
                (Some(value), Some("json")) => out.line(value.to_json_pretty()),
                (Some(value), _) => out.stdout.push_str(&petri_manifest::to_yaml(&sorted(value))),
                (None, _) => out.line(text),
            },
            _ => out.gather(format!(
                "error: {verb} opens an editor: kubectl edit {} does so here",
                named(&object.reference())
            )),
        }
    }
    missing.into_iter().for_each(|problem| out.gather(problem));
    Ok(out)
}

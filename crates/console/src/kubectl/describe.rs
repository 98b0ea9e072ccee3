//! `kubectl describe`.

use super::context::{Context, filter, not_found};
use super::named::targets;
use crate::args::{self, ALL_NAMESPACES, Arguments, Flag, NAMESPACE, SELECTOR, namespace, switch};
use crate::describe;
use crate::output::{Failure, Output};
use crate::select::{Selection, find, reference, selection};
use petri_objects::Object;

const FLAGS: &[Flag] = &[NAMESPACE, ALL_NAMESPACES, SELECTOR, switch("show-events")];

#[inline(never)]
pub(super) fn run(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let arguments = args::parse(words, FLAGS, "kubectl describe")?;
    let objects = context.host.world().objects();
    let filter = filter(&arguments)?;
    let mut out = Output::default();
    let mut found: Vec<Object> = Vec::new();
    if arguments.last("filename").or(arguments.last("kustomize")).is_some() {
        let (named, missing) = targets(&arguments, context)?;
        found = named;
        missing.into_iter().for_each(|problem| out.fail(problem));
        return Ok(pages(&found, &arguments, context, out));
    }
    let selection = selection(&arguments.words, context.host.world().objects())?;
    out.stderr = selection.warnings();
    match selection {
        Selection::Kinds(kinds) => {
            for kind in &kinds {
                found.extend(filter.list(objects, *kind));
            }
            if found.is_empty() {
                let namespaced = kinds.iter().any(|kind| kind.is_namespaced());
                out.stderr.push_str(&match &filter.namespace {
                    Some(namespace) if namespaced => format!("No resources found in {namespace} namespace.\n"),
                    _ => "No resources found\n".into(),
                });
            }
        }
        Selection::Named(named) => {
            for (kind, name) in named {
                let namespace = namespace(&arguments);
                match find(&reference(kind, &namespace, name.clone()), objects) {
                    Some(object) => found.push(object),
                    None => {
                        // Without such an object the word is a prefix.
                        let all = filter.list(objects, kind);
                        let before = found.len();
                        found.extend(all.into_iter().filter(|o| o.meta().name.starts_with(&*name)));
                        if found.len() == before {
                            out.fail(not_found(kind, &name));
                        }
                    }
                }
            }
        }
    }
    Ok(pages(&found, &arguments, context, out))
}

fn pages(found: &[Object], arguments: &Arguments, context: &Context<'_>, mut out: Output) -> Output {
    let (objects, world) = (context.host.world().objects(), context.host.world());
    let mut pages: Vec<String> = found.iter().map(|object| describe::describe(objects, object, world.now)).collect();
    // Of several objects kubectl tells the events only if it is asked to. They stand at the end.
    if pages.len() > 1 && !arguments.is_set("show-events") {
        for page in &mut pages {
            let events = page.rfind("\nEvents:").map_or(page.len(), |at| at + 1);
            page.truncate(events);
        }
    }
    out.stdout = pages.join("\n\n");
    out
}

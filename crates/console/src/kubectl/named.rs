//! The objects that a command names: by words, by a selector, or by files.

use super::context::{Context, file_names, filter, not_found, read_file};
use super::kustomize;
use crate::args::{Arguments, namespace};
use crate::output::Failure;
use crate::select;
use petri_objects::ObjectRef;

/// The objects that words, a selector or `--all` mean, and an error for each that is missing.
pub(crate) fn targets(
    arguments: &Arguments,
    context: &Context<'_>,
) -> Result<(Vec<petri_objects::Object>, Vec<Failure>), Failure> {
    use select::Selection;
    let objects = context.host.world().objects();
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    if arguments.is_set("local") {
        // The cluster is not asked.
        for text in texts(arguments, context)? {
            found.extend(select::parse(&text, objects).objects().cloned());
        }
        return match found.is_empty() {
            true => Err("error: one or more files must be specified when --local is set".into()),
            false => Ok((found, missing)),
        };
    }
    if let Some(named) = in_files(arguments, context)? {
        for target in named {
            match objects.get(&target) {
                Some(object) => found.push(object),
                None => missing.push(not_found(target.kind, &target.name)),
            }
        }
        return Ok((found, missing));
    }
    match select::selection(&arguments.words, context.host.world().objects())? {
        Selection::Named(named) => {
            let namespace = namespace(arguments);
            for (kind, name) in named {
                match select::find(&select::reference(kind, &namespace, name.clone()), objects) {
                    Some(object) => found.push(object),
                    None => missing.push(not_found(kind, &name)),
                }
            }
        }
        Selection::Kinds(kinds) => {
            let filter = filter(arguments)?;
            if filter.labels.is_empty() && filter.fields.is_empty() && !arguments.is_set("all") {
                return Err("error: resource(s) were provided, but no name was specified".into());
            }
            for kind in kinds {
                found.extend(filter.list(objects, kind));
            }
        }
    }
    Ok((found, missing))
}

/// The texts that `-f` and `-k` name.
fn texts(arguments: &Arguments, context: &Context<'_>) -> Result<Vec<String>, Failure> {
    let mut texts: Vec<String> = Vec::new();
    for name in file_names(arguments, context.files)? {
        texts.push(read_file(&name, context)?);
    }
    if let Some(folder) = arguments.last("kustomize") {
        texts.push(kustomize::build(folder, context)?);
    }
    Ok(texts)
}

/// The objects that `-f` and `-k` name; `None` without these.
pub(crate) fn in_files(arguments: &Arguments, context: &Context<'_>) -> Result<Option<Vec<ObjectRef>>, Failure> {
    if arguments.last("filename").is_none() && arguments.last("kustomize").is_none() {
        return Ok(None);
    }
    let mut found = Vec::new();
    for text in texts(arguments, context)? {
        for object in select::parse(&text, context.host.world().objects()).objects() {
            let meta = object.meta();
            let own = if meta.namespace.is_empty() { namespace(arguments) } else { meta.namespace.to_string() };
            found.push(select::reference(object.kind(), &own, meta.name.clone()));
        }
    }
    Ok(Some(found))
}

//! `kubectl set env|resources|serviceaccount|selector`.
//!
//! Upstream: `kubectl/pkg/cmd/set`.

mod containers;
mod env;

use super::context::Context;
use super::edit::{send, template_path};
use super::named::targets;
use crate::args::{self, ALL_NAMESPACES, Arguments, Flag, NAMESPACE, SELECTOR, switch, value};
use crate::errors::named;
use crate::output::{Failure, Output};
use containers::{Change, containers};
use env::Changes;
use petri_objects::{Kind, Map, Value};

const FLAGS: &[Flag] = &[
    NAMESPACE,
    ALL_NAMESPACES,
    SELECTOR,
    switch("all"),
    switch("list"),
    args::optional("overwrite", "true"),
    switch("resolve"),
    switch("local"),
    value("containers").short('c'),
    value("limits"),
    value("requests"),
    value("env").short('e'),
    value("from"),
    value("prefix"),
    value("keys"),
];

#[inline(never)]
pub(super) fn run(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let mut arguments = args::parse(words, FLAGS, "kubectl set")?;
    if arguments.words.is_empty() {
        return Err("error: kubectl set needs what to set: image, env, resources, serviceaccount or selector".into());
    }
    let what = arguments.words.remove(0);
    let is_change = |word: &String| what == "env" && (word.contains('=') || word.ends_with('-'));
    let (changes, mut left): (Vec<String>, Vec<String>) =
        std::mem::take(&mut arguments.words).into_iter().partition(is_change);
    let last = if matches!(&*what, "serviceaccount" | "sa" | "selector") { left.pop() } else { None };
    arguments.words = left;
    let is_named = !arguments.words.is_empty() || ["filename", "kustomize"].iter().any(|f| arguments.last(f).is_some());
    if what == "env" && !is_named {
        return Err("error: one or more resources must be specified as <resource> <name> or <resource>/<name>".into());
    }
    let (found, missing) = targets(&arguments, context)?;
    let mut out = Output::default();
    let variables = match &*what {
        "env" => Changes::of(&changes, &arguments, context, &mut out)?,
        _ => Changes::default(),
    };
    for object in found {
        let path: &[&str] = match template_path(object.kind()) {
            Some(_) => &["spec", "template", "spec"],
            None if object.kind() == Kind::Pod => &["spec"],
            None if what == "selector" => &["spec"],
            None => {
                out.gather(format!("error: {} has no containers", named(&object.reference())));
                continue;
            }
        };
        let value = object.to_value();
        let old = value.at(path).cloned().unwrap_or(Value::Map(Map::new()));
        let one = match &*what {
            "env" => env::env(&old, &variables, &arguments, &object, &mut out),
            "resources" => resources(&old, &arguments),
            "serviceaccount" | "sa" => Ok(last.clone().map(|name| {
                let text = Value::String(name.into());
                let both = [("serviceAccount".into(), text.clone()), ("serviceAccountName".into(), text)];
                (Value::Map(both.into_iter().collect()), "serviceaccount updated")
            })),
            "selector" => {
                let pairs = last.as_deref().unwrap_or_default().split(',').filter_map(|pair| pair.split_once('='));
                let map: Map = pairs.map(|(key, value)| (key.into(), Value::String(value.into()))).collect();
                Ok(Some((Value::Map([("selector".into(), Value::Map(map))].into_iter().collect()), "selector updated")))
            }
            other => return Err(format!("error: unknown command \"{other}\" for \"kubectl set\"")),
        };
        match one {
            Ok(Some((patch, done))) => send(&object, Value::nested(path, patch), done, &arguments, context, &mut out),
            Ok(None) => {}
            Err(problem) => out.gather(problem),
        }
    }
    for problem in missing {
        out.gather(problem);
    }
    Ok(out)
}

fn resources(old: &Value, arguments: &Arguments) -> Result<Change, Failure> {
    let list = |flag: &str| -> Option<Map> {
        let pairs = arguments.last(flag)?.split(',').filter_map(|pair| pair.split_once('='));
        Some(pairs.map(|(key, value)| (key.into(), Value::String(value.into()))).collect())
    };
    let (limits, requests) = (list("limits"), list("requests"));
    if limits.is_none() && requests.is_none() {
        return Err(
            "error: you must specify an update to requests or limits (in the form of --requests/--limits)".into()
        );
    }
    let changed = containers(old, arguments, |own| {
        let mut all = own.get("resources").and_then(Value::as_map).cloned().unwrap_or_else(Map::new);
        for (key, change) in [("limits", &limits), ("requests", &requests)] {
            if let Some(change) = change {
                let mut known = all.get(key).and_then(Value::as_map).cloned().unwrap_or_else(Map::new);
                change.iter().for_each(|(key, value)| known.insert(key.clone(), value.clone()));
                all.insert(key, Value::Map(known));
            }
        }
        own.insert("resources", Value::Map(all));
    })?;
    Ok(changed.map(|changed| (changed, "resource requirements updated")))
}

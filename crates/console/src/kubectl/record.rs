//! `--record`, which goes out of use: the line itself is kept as the cause of a change.
//!
//! Upstream: `cli-runtime/pkg/genericclioptions/record_flags.go`.
//!
//! Deviation: the cause is written right after the change, at the same instant, and not with it.

use crate::args;
use crate::host::Host;
use crate::output::Output;
use crate::select;
use petri_objects::Value;
use petri_sim::words::command::Command;

/// What kubectl says of the flag.
pub(super) const DEPRECATED: &str = "Flag --record has been deprecated, --record will be removed in the future\n";
/// The annotation that tells what a revision was made by.
pub(super) const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";
/// The verbs that still have the flag.
const VERBS: [&str; 11] =
    ["annotate", "apply", "autoscale", "create", "edit", "expose", "label", "patch", "run", "scale", "set"];

/// The words without the flag, and the line as it is kept; `None` where the flag is not set or not known.
pub(super) fn asked(verb: &str, words: &[String]) -> Option<(Vec<String>, String)> {
    let is_flag = |word: &String| word == "--record" || word == "--record=true";
    let is_known = match verb {
        "set" => !words.iter().any(|word| word == "env"),
        "create" => !super::make::describes(words),
        _ => VERBS.contains(&verb),
    };
    if !is_known || !words.iter().any(is_flag) {
        return None;
    }
    let rest: Vec<String> = words.iter().filter(|word| !is_flag(word)).cloned().collect();
    Some((rest, cause(verb, words)))
}

/// Flags of one letter by their names.
const NAMED: [(&str, &str); 9] = [
    ("-A", "all-namespaces"),
    ("-R", "recursive"),
    ("-c", "containers"),
    ("-f", "filename"),
    ("-k", "kustomize"),
    ("-l", "selector"),
    ("-n", "namespace"),
    ("-o", "output"),
    ("-p", "patch"),
];
/// Flags that take no word after them.
const ALONE: [&str; 16] = [
    "all",
    "all-namespaces",
    "cascade",
    "force",
    "force-conflicts",
    "list",
    "local",
    "overwrite",
    "prune",
    "record",
    "recursive",
    "resolve",
    "save-config",
    "server-side",
    "show-managed-fields",
    "validate",
];

/// The line as it is kept: words first, then the flags as they were said, by their long names.
///
/// Upstream: `parseCommandArguments`.
#[inline(never)]
fn cause(verb: &str, words: &[String]) -> String {
    let (mut said, mut flags) = (vec!["kubectl".to_owned(), verb.to_owned()], Vec::new());
    let mut words = words.iter().map(String::as_str).filter(|word| !word.contains(args::OF_CONTEXT));
    while let Some(word) = words.next() {
        let (name, value) = match (word.strip_prefix("--"), word.strip_prefix('-')) {
            (Some(long), _) => long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value))),
            (None, Some(short)) if short.is_ascii() && !short.is_empty() => {
                let name = NAMED.iter().find(|(known, _)| *known == &word[..2]).map_or(&short[..1], |row| row.1);
                (name, Some(short[1..].trim_start_matches('=')).filter(|own| !own.is_empty()))
            }
            _ => {
                said.push(word.to_owned());
                continue;
            }
        };
        let value = match value {
            Some(value) => value,
            None if ALONE.contains(&name) => "true",
            None => words.next().unwrap_or_default(),
        };
        flags.push(format!("--{name}={value}"));
    }
    said.extend(flags);
    said.join(" ")
}

/// The namespace that a line means, whatever else it says.
fn namespace(words: &[String]) -> &str {
    let of_context = format!("--{}=", args::OF_CONTEXT);
    let mut found = "default";
    for (word, next) in words.iter().zip(words.iter().skip(1).map(Some).chain([None])) {
        match (word.as_str(), next) {
            ("-n" | "--namespace", Some(next)) => return next,
            (word, _) if word.starts_with("--namespace=") => return &word["--namespace=".len()..],
            (word, _) if word.starts_with(&of_context) => found = &word[of_context.len()..],
            _ => {}
        }
    }
    found
}

/// Keeps the cause in each object that the output names: `deployment.apps/web image updated`.
#[inline(never)]
pub(super) fn keep(cause: &str, words: &[String], out: &Output, host: &mut dyn Host) {
    let namespace = namespace(words);
    for line in out.stdout.lines() {
        let Some((kind, name)) = line.split(' ').next().and_then(|named| named.split_once('/')) else { continue };
        let kind = kind.split('.').next().unwrap_or(kind).to_owned();
        let words = [kind, name.to_owned()];
        let Ok(select::Selection::Named(named)) = select::selection(&words, host.world().objects()) else { continue };
        for (kind, name) in named {
            let target = select::reference(kind, namespace, name);
            let patch = Value::nested(&["metadata", "annotations", CHANGE_CAUSE], Value::from(cause));
            // Whoever refuses it has refused the change as well, and that was said.
            let _ = host.command(Command::Patch { target, patch, status: false });
        }
    }
}

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
use petri_objects::order::Order as _;
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
    Some((rest.clone(), cause(verb, &rest)))
}

/// Flags of one letter by their names, and those that take the next word.
const NAMED: [(&str, &str); 6] = [
    ("-n", "namespace"),
    ("-f", "filename"),
    ("-k", "kustomize"),
    ("-l", "selector"),
    ("-o", "output"),
    ("-p", "patch"),
];
const TAKE: [&str; 10] =
    ["namespace", "filename", "kustomize", "selector", "output", "patch", "type", "replicas", "image", "field-manager"];

/// The line as it is kept: words first, then flags by their long names in order.
///
/// Upstream: `parseCommandArguments`.
fn cause(verb: &str, words: &[String]) -> String {
    let (mut said, mut flags) = (Vec::new(), vec!["--record=true".to_owned()]);
    let mut words = words.iter().map(String::as_str).filter(|word| !word.contains(args::OF_CONTEXT));
    while let Some(word) = words.next() {
        let short = NAMED.iter().find(|(short, _)| word.starts_with(short) && !word.starts_with("--"));
        let (name, value) = match (short, word.strip_prefix("--")) {
            (Some((_, name)), _) => (*name, Some(word[2..].trim_start_matches('=')).filter(|own| !own.is_empty())),
            (None, Some(long)) => long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value))),
            (None, None) => {
                said.push(word);
                continue;
            }
        };
        let value = match value {
            Some(value) => value,
            None if TAKE.contains(&name) => words.next().unwrap_or_default(),
            None => "true",
        };
        flags.push(format!("--{name}={value}"));
    }
    flags.order();
    format!("kubectl {verb} {} {}", said.join(" "), flags.join(" "))
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

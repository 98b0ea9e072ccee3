//! kubectl, verb by verb.

mod context;
mod daemon_set;

pub mod access;
pub mod apply;
pub mod config;
pub mod debug;
pub mod delete;
pub mod describe;
pub mod diff;
pub mod drain;
pub mod edit;
pub mod events;
pub mod exec;
pub mod explain;
pub mod get;
pub mod logs;
pub mod make;
pub mod nodes;
pub mod rollout;
pub mod run;
pub mod scale;
pub mod set;
pub mod usage;
pub mod wait;
pub mod ways;

mod attached;
pub mod json_patch;
mod judged;
mod kustomize;
mod last_applied;
pub mod merge;
mod named;
mod prune;
mod record;
mod server_side;

use crate::errors::api_error;
use crate::host::{Files, Host};
use crate::output::{Failure, Output};
use context::{Context, DryRun};
pub(crate) use delete::remove_pod;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::Component;

/// What can follow `kubectl`.
pub const VERBS: &[&str] = &[
    "get",
    "describe",
    "apply",
    "diff",
    "create",
    "replace",
    "delete",
    "scale",
    "rollout",
    "set",
    "label",
    "annotate",
    "patch",
    "taint",
    "cordon",
    "uncordon",
    "drain",
    "wait",
    "exec",
    "attach",
    "logs",
    "cp",
    "port-forward",
    "proxy",
    "expose",
    "autoscale",
    "edit",
    "config",
    "auth",
    "certificate",
    "debug",
    "cluster-info",
    "api-versions",
    "top",
    "events",
    "explain",
    "api-resources",
    "version",
    "kustomize",
    "completion",
    "plugin",
    "options",
];

/// The words of `kubectl config`, if that is what is said.
pub(crate) fn config_words(words: &[String]) -> Option<Vec<String>> {
    let at = verb_position(words).filter(|at| words[*at] == "config")?;
    let asks_for_help = words.iter().any(|word| word == "--help" || word == "-h");
    (!asks_for_help).then(|| words.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, word)| word.clone()).collect())
}

#[inline(never)]
pub(crate) fn run(
    words: &[String],
    here: Option<&str>,
    host: &mut dyn Host,
    files: &dyn Files,
    turn: u64,
) -> Result<Output, Failure> {
    // Flags that stand before the verb belong to it as well: `kubectl -n web get pods`.
    let at = verb_position(words);
    let Some(verb) = at.map(|at| words[at].as_str()) else { return Ok(Output::text(usage::all())) };
    // What stands behind `--` is another program's.
    let rest: Vec<String> =
        words.iter().enumerate().filter(|(i, _)| Some(*i) != at).map(|(_, word)| word.clone()).collect();
    let own = rest.iter().take_while(|word| *word != "--");
    if own.clone().any(|word| word == "--help") || verb != "run" && own.clone().any(|word| word == "-h") {
        return Ok(usage::help(verb, &rest));
    }
    let offline = ["explain", "api-resources", "completion", "help", "options", "plugin", "version"].contains(&verb);
    if !offline && host.world().is_stopped(Component::ApiServer) {
        return Err(api_error(&ApiError::Unreachable, None));
    }
    if let Some(kind) = rest.iter().find_map(|word| word.strip_prefix("--dry-run")) {
        let kind = kind.trim_start_matches('=').to_owned();
        let rest = rest.iter().filter(|word| !word.starts_with("--dry-run")).cloned().collect::<Vec<_>>();
        return dry_run(verb, &rest, &kind, Context { host, files, here, turn, dry: false });
    }
    if let Some((rest, cause)) = record::asked(verb, &rest) {
        let done = dispatch(verb, &rest, Context { host, files, here, turn, dry: false });
        let mut out = done.map_err(|problem| format!("{}{problem}", record::DEPRECATED))?;
        out.stderr.insert_str(0, record::DEPRECATED);
        record::keep(&cause, &rest, &out, host);
        return Ok(out);
    }
    dispatch(verb, &rest, Context { host, files, here, turn, dry: false })
}

/// The same in a copy of the world, of which nothing is kept.
fn dry_run(verb: &str, rest: &[String], kind: &str, context: Context<'_>) -> Result<Output, Failure> {
    let suffix = match kind {
        "none" => return dispatch(verb, rest, context),
        "server" => " (server dry run)",
        "" | "client" => " (dry run)",
        other => {
            return Err(format!(
                "error: Invalid dry-run value ({other}). Must be \"none\", \"server\", or \"client\"."
            ));
        }
    };
    let mut copy = DryRun { world: context.host.world().clone() };
    let shows = rest.iter().any(|word| word.starts_with("-o") || word.starts_with("--output"));
    let mut out = dispatch(verb, rest, Context { host: &mut copy, dry: true, ..context })?;
    out.follow = None;
    if shows {
        return Ok(out);
    }
    out.stdout = out.stdout.lines().map(|line| format!("{line}{suffix}\n")).collect();
    Ok(out)
}

fn dispatch(verb: &str, rest: &[String], context: Context<'_>) -> Result<Output, Failure> {
    let mut out = said(verb, rest, context)?;
    out.settle();
    Ok(out)
}

fn said(verb: &str, rest: &[String], mut context: Context<'_>) -> Result<Output, Failure> {
    match verb {
        // Each verb stays a function of its own (`inline(never)`), so that the page can fetch it when it is first used.
        "get" if rest.iter().any(|word| word.starts_with("--raw")) => get::raw(rest, &mut context),
        "get" => get::run(rest, &mut context),
        "describe" => describe::run(rest, &mut context),
        "rollout" | "set"
            if rest.iter().all(|word| word.starts_with('-') && !word.starts_with("-f"))
                && !rest.iter().any(|word| {
                    word.starts_with("-k") || word.starts_with("--filename") || word.starts_with("--kustomize")
                }) =>
        {
            Ok(usage::help(verb, rest))
        }
        "create" if make::describes(rest) => make::create(rest, &mut context),
        "apply" | "create" | "replace" => apply::run(verb, rest, &mut context),
        "diff" => diff::run(rest, &mut context),
        "delete" => delete::run(rest, &mut context),
        "scale" => scale::run(rest, &mut context),
        "rollout" => rollout::run(rest, &mut context),
        "set" if rest.iter().any(|word| word == "image") => edit::set(rest, &mut context),
        "set" => set::run(rest, &mut context),
        "label" | "annotate" => edit::label(verb, rest, &mut context),
        "patch" => edit::patch(rest, &mut context),
        "edit" => edit::open(rest, &mut context),
        "taint" => nodes::taint(rest, &mut context),
        "cordon" | "uncordon" => nodes::cordon(verb, rest, &mut context),
        "drain" => drain::run(rest, &mut context),
        "wait" => wait::run(rest, &mut context),
        "exec" => exec::run(rest, &mut context),
        "attach" => exec::attach(rest, &mut context),
        "logs" => logs::run(rest, &mut context),
        "events" => events::run(rest, &mut context),
        "explain" => explain::run(rest),
        "api-resources" => explain::resources(rest, context.host.world().objects()),
        "version" => ways::version(rest),
        "run" => run::run(rest, &mut context),
        "expose" => make::existing::expose(rest, &mut context),
        "autoscale" => make::existing::autoscale(rest, &mut context),
        "cp" => ways::copy(rest, &mut context),
        "port-forward" => ways::forward(rest, &mut context),
        "proxy" => ways::proxy(rest),
        "kustomize" => {
            let folder = rest.iter().find(|word| !word.starts_with('-'));
            kustomize::build(folder.map_or(".", String::as_str), &context).map(Output::text)
        }
        "auth" => access::auth(rest),
        "certificate" => access::certificate(rest, &mut context),
        "debug" => debug::run(rest, &mut context),
        "help" => Ok(match rest.iter().find(|word| !word.starts_with('-')) {
            Some(verb) => usage::help(verb, &rest[1..]),
            None => Output::text(usage::all()),
        }),
        "cluster-info" | "api-versions" | "top" | "plugin" | "completion" | "options" | "alpha" | "kuberc" => {
            ways::about(verb, rest, context.host.world())
        }
        other => Err(format!("error: unknown command \"{other}\" for \"kubectl\"")),
    }
}

/// The verb among the words behind `kubectl`.
pub(crate) fn verb(words: &[String]) -> Option<&str> {
    verb_position(words).map(|at| words[at].as_str())
}

fn verb_position(words: &[String]) -> Option<usize> {
    let mut i = 0;
    while i < words.len() {
        match words[i].as_str() {
            "-n" | "--namespace" | "--context" | "-s" | "--server" | "--kubeconfig" | "--user" | "--cluster" | "-v"
            | "--as" | "--token" => i += 2,
            word if word.starts_with('-') => i += 1,
            _ => return Some(i),
        }
    }
    None
}

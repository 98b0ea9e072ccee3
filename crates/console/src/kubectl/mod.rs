//! kubectl, verb by verb.

pub mod apply;
pub mod delete;
pub mod describe;
pub mod diff;
pub mod drain;
pub mod edit;
pub mod events;
pub mod explain;
pub mod get;
pub mod nodes;
pub mod rollout;
pub mod scale;
pub mod wait;

mod merge;

use crate::args::{Arguments, Flag, switch, value};
use crate::select::{Filter, LabelFilter};
use crate::{Failure, Files, Host, Output, select};
use petri_objects::{Span, Time};
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::{Command, Component};
use petri_sim::words::note::Answer;
use petri_sim::world::World;

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
    "events",
    "explain",
    "api-resources",
    "version",
];

/// What a verb works with.
pub(crate) struct Context<'a> {
    pub host: &'a mut dyn Host,
    pub files: &'a dyn Files,
    /// Standard input, from a here-document.
    pub here: Option<&'a str>,
}

#[inline(never)]
pub(crate) fn run(
    words: &[String],
    here: Option<&str>,
    host: &mut dyn Host,
    files: &dyn Files,
) -> Result<Output, Failure> {
    // Flags that stand before the verb belong to it as well: `kubectl -n web get pods`.
    let at = verb_position(words);
    let Some(verb) = at.map(|at| words[at].as_str()) else { return Ok(Output::text(crate::help::kubectl())) };
    let rest: Vec<String> =
        words.iter().enumerate().filter(|(i, _)| Some(*i) != at).map(|(_, word)| word.clone()).collect();
    let offline = ["explain", "api-resources", "version"].contains(&verb);
    if !offline && host.world().is_stopped(Component::ApiServer) {
        return Err(crate::api_error(&ApiError::Unreachable, None));
    }
    if let Some(kind) = rest.iter().find_map(|word| word.strip_prefix("--dry-run")) {
        let kind = kind.trim_start_matches('=').to_owned();
        let rest = rest.iter().filter(|word| !word.starts_with("--dry-run")).cloned().collect::<Vec<_>>();
        return dry_run(verb, &rest, &kind, Context { host, files, here });
    }
    dispatch(verb, &rest, Context { host, files, here })
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
    let mut out = dispatch(verb, rest, Context { host: &mut copy, ..context })?;
    out.follow = None;
    out.stdout = out.stdout.lines().map(|line| format!("{line}{suffix}\n")).collect();
    Ok(out)
}

pub(crate) struct DryRun {
    pub(crate) world: World,
}

impl Host for DryRun {
    fn world(&self) -> &World {
        &self.world
    }
    fn command(&mut self, command: Command) -> Result<Answer, ApiError> {
        self.world.command(&command, &mut Vec::new())
    }
    fn play_until(&mut self, _: Time) {}
    fn step(&mut self) -> bool {
        false
    }
    fn patience(&self) -> Option<Span> {
        None
    }
}

fn dispatch(verb: &str, rest: &[String], mut context: Context<'_>) -> Result<Output, Failure> {
    match verb {
        // Each verb stays a function of its own (`inline(never)`), so that the page can fetch it when it is first used.
        "get" => get::run(rest, &mut context),
        "describe" => describe::run(rest, &mut context),
        "apply" | "create" | "replace" => apply::run(verb, rest, &mut context),
        "diff" => diff::run(rest, &mut context),
        "delete" => delete::run(rest, &mut context),
        "scale" => scale::run(rest, &mut context),
        "rollout" => rollout::run(rest, &mut context),
        "set" => edit::set(rest, &mut context),
        "label" | "annotate" => edit::label(verb, rest, &mut context),
        "patch" => edit::patch(rest, &mut context),
        "edit" => edit::open(rest, &mut context),
        "taint" => nodes::taint(rest, &mut context),
        "cordon" | "uncordon" => nodes::cordon(verb, rest, &mut context),
        "drain" => drain::run(rest, &mut context),
        "wait" => wait::run(rest, &mut context),
        "events" => events::run(rest, &mut context),
        "explain" => explain::run(rest),
        "api-resources" => Ok(Output::text(explain::resources())),
        "version" => Ok(Output::text("Client Version: v1.36.3\nKustomize Version: v5.8.1\nServer Version: v1.36.3\n")),
        "exec" | "logs" | "port-forward" | "attach" | "cp" | "top" | "run" | "expose" | "autoscale" => {
            Err(format!("error: kubectl {verb} has no counterpart in the simulation"))
        }
        other => Err(format!("error: unknown command \"{other}\" for \"kubectl\"")),
    }
}

fn verb_position(words: &[String]) -> Option<usize> {
    let mut i = 0;
    while i < words.len() {
        match words[i].as_str() {
            "-n" | "--namespace" | "--context" => i += 2,
            word if word.starts_with('-') => i += 1,
            _ => return Some(i),
        }
    }
    None
}

/// Flags that most verbs take.
pub(crate) const NAMESPACE: Flag = value("namespace").short('n');
pub(crate) const ALL_NAMESPACES: Flag = switch("all-namespaces").short('A');
pub(crate) const SELECTOR: Flag = value("selector").short('l');
pub(crate) const FIELDS: Flag = value("field-selector");
pub(crate) const FILENAME: Flag = value("filename").short('f');
pub(crate) const OUTPUT: Flag = value("output").short('o');

/// The namespace that a command means.
pub(crate) fn namespace(arguments: &Arguments) -> String {
    arguments.last("namespace").filter(|n| !n.is_empty()).unwrap_or("default").to_owned()
}

/// Which objects of a kind a command means.
pub(crate) fn filter(arguments: &Arguments) -> Result<Filter, Failure> {
    Ok(Filter {
        namespace: (!arguments.is_set("all-namespaces")).then(|| namespace(arguments)),
        labels: arguments.last("selector").map(LabelFilter::parse).transpose()?.unwrap_or_default(),
        fields: arguments.last("field-selector").map(select::fields).transpose()?.unwrap_or_default(),
    })
}

/// The objects that words, a selector or `--all` mean, and an error for each that is missing.
pub(crate) fn targets(
    arguments: &Arguments,
    context: &Context<'_>,
) -> Result<(Vec<petri_objects::Object>, Vec<Failure>), Failure> {
    use select::Selection;
    let objects = context.host.world().objects();
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    match select::selection(&arguments.words)? {
        Selection::Named(named) => {
            let namespace = namespace(arguments);
            for (kind, name) in named {
                match objects.get(&select::reference(kind, &namespace, name.clone())) {
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

pub(crate) fn not_found(kind: petri_objects::Kind, name: &str) -> Failure {
    crate::api_error(&petri_sim::words::api_error::ApiError::not_found(kind, name), None)
}

/// The text of a file of this name, or of the here-document for `-`.
pub(crate) fn read_file(name: &str, context: &Context<'_>) -> Result<String, Failure> {
    if name == "-" {
        return context.here.map(String::from).ok_or_else(|| "error: no objects passed to apply".into());
    }
    context.files.read(name).ok_or_else(|| format!("error: the path \"{name}\" does not exist"))
}

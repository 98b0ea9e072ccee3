//! `kubectl delete`.

use super::context::{Context, not_found};
use super::named::{InFiles, Named, in_files, targets};
use crate::args::{
    self, ALL_NAMESPACES, Arguments, FIELDS, FILENAME, Flag, NAMESPACE, SELECTOR, optional, switch, value,
};
use crate::errors::{answer_text, api_error, timed_out, trouble};
use crate::host::Host;
use crate::output::{Awaited, Failure, Follow, Output, Trouble};
use petri_objects::{Object, ObjectRef, Uid};
use petri_sim::words::command::{Command, Propagation};
use petri_sim::world::World;

const FLAGS: &[Flag] = &[
    NAMESPACE,
    ALL_NAMESPACES,
    SELECTOR,
    FIELDS,
    FILENAME,
    value("kustomize").short('k'),
    switch("all"),
    switch("force"),
    switch("now"),
    switch("ignore-not-found"),
    switch("interactive").short('i'),
    switch("wait"),
    value("grace-period"),
    value("timeout"),
    optional("cascade", "background"),
    value("output").short('o'),
];

const FORCE_WARNING: &str = "Warning: Immediate deletion does not wait for confirmation that the running resource has \
                             been terminated. The resource may continue to run on the cluster indefinitely.";

/// Deletes a pod and does not wait until it is gone.
pub(crate) fn remove_pod(target: &ObjectRef, host: &mut dyn Host) -> Output {
    let command = Command::Delete { target: target.clone(), grace_seconds: None, propagation: Propagation::Background };
    match host.command(command) {
        Ok(answer) => Output::text(answer_text(&answer) + "\n"),
        Err(error) => Output::error(api_error(&error, None)),
    }
}

/// How a deletion is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Manner {
    grace_seconds: Option<i64>,
    propagation: Propagation,
    wait: bool,
    warn: bool,
}

/// What the flags come to.
///
/// # Errors
/// kubectl's message about flags that exclude each other.
pub(crate) fn manner(arguments: &Arguments) -> Result<Manner, Failure> {
    let force = arguments.is_set("force");
    let mut grace = arguments.integer("grace-period")?.unwrap_or(-1);
    if arguments.is_set("now") {
        if grace != -1 {
            return Err("error: --now and --grace-period cannot be specified together".into());
        }
        grace = 1;
    }
    // Zero would be a force deletion; that has to be said.
    if grace == 0 && !force {
        grace = 1;
    }
    if force && grace < 0 {
        grace = 0;
    }
    if force && grace > 0 {
        return Err("error: --force and --grace-period greater than 0 cannot be specified together".into());
    }
    let propagation = match arguments.last("cascade") {
        None | Some("background" | "true") => Propagation::Background,
        Some("foreground") => Propagation::Foreground,
        Some("orphan" | "false") => Propagation::Orphan,
        Some(other) => {
            return Err(format!(
                "error: invalid cascade value ({other}). Must be \"background\", \"foreground\", or \"orphan\""
            ));
        }
    };
    let wait = if arguments.last("wait").is_some() { arguments.is_set("wait") } else { grace != 0 };
    Ok(Manner { grace_seconds: (grace >= 0).then_some(grace), propagation, wait, warn: grace == 0 })
}

#[inline(never)]
pub(super) fn run(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let arguments = args::parse(words, FLAGS, "kubectl delete")?;
    let manner = manner(&arguments)?;
    let timeout = arguments.duration("timeout")?;
    if arguments.words.is_empty() && ["filename", "kustomize"].iter().all(|flag| arguments.last(flag).is_none()) {
        return Err(super::context::NOTHING_NAMED.into());
    }
    if arguments.words.len() > 1 && arguments.is_set("all") && !arguments.words[0].contains('/') {
        return Err("error: name cannot be provided when a selector is specified".into());
    }
    let mut out = Output::default();
    if manner.warn {
        out.stderr.push_str(FORCE_WARNING);
        out.stderr.push('\n');
    }
    let (found, missing) = match in_files(&arguments, context)? {
        Some(named) => of_files(named, context),
        None => targets(&arguments, context)?,
    };
    if found.is_empty() && missing.is_empty() {
        out.line("No resources found");
        return Ok(out);
    }
    let cluster_wide = found.iter().any(|object| !object.kind().is_namespaced());
    if cluster_wide && arguments.last("namespace").is_some() {
        out.stderr.push_str("Warning: deleting cluster-scoped resources, not scoped to the provided namespace\n");
    }
    let mut gone = Vec::new();
    for object in found {
        let (target, uid) = (object.reference(), object.meta().uid);
        let command = Command::Delete {
            target: target.clone(),
            grace_seconds: manner.grace_seconds,
            propagation: manner.propagation,
        };
        match context.host.command(command) {
            Ok(answer) if arguments.last("output") == Some("name") => {
                let _ = answer;
                out.line(crate::errors::named(&target));
            }
            Ok(answer) => out.line(answer_text(&answer)),
            Err(error) => {
                out.gather(trouble(&error, None));
                continue;
            }
        }
        gone.push((target, uid));
    }
    let is_over = |problem: &Failure| arguments.is_set("ignore-not-found") && problem.contains("(NotFound)");
    for problem in missing.into_iter().filter(|problem| !is_over(problem)) {
        // Upstream: what is left of several errors without those of what is not found.
        out.gather(match arguments.is_set("ignore-not-found") {
            true => Trouble::nested(problem),
            false => problem.into(),
        });
    }
    if manner.wait && !gone.is_empty() {
        let deadline = timeout.filter(|t| t.0 > 0).map(|timeout| context.host.world().now + timeout);
        out.follow = Some(Follow::new(Gone(gone), deadline));
    }
    Ok(out)
}

/// What is there of that which files name, and what is missing or could not be read.
#[inline(never)]
fn of_files(named: InFiles, context: &Context<'_>) -> (Vec<Object>, Vec<Failure>) {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for named in named {
        let stored = named.map(|named| (context.host.world().objects().get(&named.target), named));
        match stored {
            Ok((Some(stored), _)) => found.push(stored),
            Ok((None, Named { target, source })) => missing.push(
                not_found(target.kind, &target.name)
                    .replace("(NotFound): ", &format!("(NotFound): error when deleting \"{source}\": ")),
            ),
            Err(problem) => missing.push(problem),
        }
    }
    (found, missing)
}

/// These objects are to disappear.
#[derive(Clone, Debug)]
struct Gone(Vec<(ObjectRef, Uid)>);

impl Awaited for Gone {
    fn words(&self, world: &World) -> String {
        let left: Vec<String> =
            self.0.iter().filter(|t| !is_gone(t, world)).map(|(target, _)| target.to_string()).collect();
        format!("{} to be gone", left.join(", "))
    }
    fn look(&mut self, host: &mut dyn Host, _: &mut Output) -> bool {
        self.0.retain(|target| !is_gone(target, host.world()));
        self.0.is_empty()
    }
    fn expire(&self, out: &mut Output) {
        for (target, _) in &self.0 {
            out.fail(timed_out(target));
        }
    }
    fn copy(&self) -> Box<dyn Awaited> {
        Box::new(self.clone())
    }
}

fn is_gone((target, uid): &(ObjectRef, Uid), world: &World) -> bool {
    world.objects().get(target).is_none_or(|object| object.meta().uid != *uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str) -> Result<Manner, Failure> {
        manner(&args::parse(&shlex::split(line).unwrap(), FLAGS, "kubectl delete").unwrap())
    }

    #[test]
    fn a_plain_deletion_leaves_the_grace_to_the_pod_and_waits() {
        let expected = Manner { grace_seconds: None, propagation: Propagation::Background, wait: true, warn: false };
        assert_eq!(check("pod web-0").unwrap(), expected);
    }

    #[test]
    fn grace_zero_without_force_becomes_one_second() {
        let manner = check("pod web-0 --grace-period=0").unwrap();
        assert_eq!((manner.grace_seconds, manner.wait, manner.warn), (Some(1), true, false));
        assert_eq!(check("pod web-0 --now").unwrap().grace_seconds, Some(1));
    }

    #[test]
    fn force_means_grace_zero_a_warning_and_no_waiting() {
        for line in ["pod web-0 --force", "pod web-0 --force --grace-period=0"] {
            let manner = check(line).unwrap();
            assert_eq!((manner.grace_seconds, manner.wait, manner.warn), (Some(0), false, true), "{line}");
        }
        assert!(check("pod web-0 --force --wait").unwrap().wait);
    }

    #[test]
    fn flags_that_exclude_each_other_are_refused() {
        assert_eq!(
            check("pod web-0 --force --grace-period=5").unwrap_err(),
            "error: --force and --grace-period greater than 0 cannot be specified together"
        );
        assert_eq!(
            check("pod web-0 --now --grace-period=5").unwrap_err(),
            "error: --now and --grace-period cannot be specified together"
        );
        assert!(check("pod web-0 --cascade=maybe").unwrap_err().contains("invalid cascade value (maybe)"));
    }

    #[test]
    fn cascade_says_what_happens_to_dependents() {
        assert_eq!(check("sts web --cascade=orphan").unwrap().propagation, Propagation::Orphan);
        assert_eq!(check("sts web --cascade=foreground").unwrap().propagation, Propagation::Foreground);
        assert_eq!(check("sts web --cascade").unwrap().propagation, Propagation::Background);
    }
}

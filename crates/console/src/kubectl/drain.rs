//! `kubectl drain`: cordon, evict, wait.

use super::context::Context;
use super::nodes::{nodes, set_cordon};
use crate::args::{self, Flag, NAMESPACE, SELECTOR, switch, value};
use crate::errors::api_error;
use crate::host::Host;
use crate::output::{Awaited, Failure, Follow, Output};
use crate::select::LabelFilter;
use petri_objects::{Kind, Name, ObjectRef, Pod, Span, Time, Uid};
use petri_sim::story::recording::AGAIN;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::{Command, Propagation};
use petri_sim::world::World;
use std::collections::BTreeMap;
use std::rc::Rc;

const FLAGS: &[Flag] = &[
    NAMESPACE,
    SELECTOR,
    switch("ignore-daemonsets"),
    switch("delete-emptydir-data"),
    switch("force"),
    switch("disable-eviction"),
    value("grace-period"),
    value("timeout"),
    value("pod-selector"),
    value("skip-wait-for-delete-timeout"),
];

/// What the flags say.
#[derive(Clone, Debug)]
struct Options {
    force: bool,
    delete_empty_dir: bool,
    ignore_daemon_sets: bool,
    disable_eviction: bool,
    grace_seconds: Option<i64>,
    /// Of each node.
    timeout: Option<Span>,
    pods: LabelFilter,
    /// A pod that should have gone so many seconds ago is not waited for.
    skip_after: Option<i64>,
}

/// A drain under way: one node after the other.
#[derive(Clone, Debug)]
struct Drain {
    options: Options,
    node: Name,
    pods: Vec<Draining>,
    /// Whether it is the only one: then the line's own deadline is that of the node.
    is_alone: bool,
    /// When this node of several is given up.
    until: Option<Time>,
    /// The others, the next one last.
    rest: Vec<Name>,
    failed: Vec<(Name, Vec<String>)>,
}

#[derive(Clone, Debug)]
struct Draining {
    pod: ObjectRef,
    uid: Uid,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// To be asked for at this instant.
    Ask(Time),
    Waiting,
    Gone,
}

#[inline(never)]
pub(super) fn run(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let arguments = args::parse(words, FLAGS, "kubectl drain")?;
    let selects = arguments.last("selector").is_some();
    if arguments.words.is_empty() && !selects {
        return Err("error: USAGE: drain NODE [flags]\nSee 'kubectl drain -h' for help and examples".into());
    }
    if !arguments.words.is_empty() && selects {
        return Err("error: cannot specify both a node name and a --selector option\nSee 'kubectl drain -h' for help and examples".into());
    }
    let options = Options {
        force: arguments.is_set("force"),
        delete_empty_dir: arguments.is_set("delete-emptydir-data"),
        ignore_daemon_sets: arguments.is_set("ignore-daemonsets"),
        disable_eviction: arguments.is_set("disable-eviction"),
        grace_seconds: arguments.integer("grace-period")?.filter(|grace| *grace >= 0),
        timeout: arguments.duration("timeout")?.filter(|timeout| timeout.0 > 0),
        pods: arguments.last("pod-selector").map(LabelFilter::parse).transpose()?.unwrap_or_default(),
        skip_after: arguments.integer("skip-wait-for-delete-timeout")?.filter(|seconds| *seconds > 0),
    };
    let mut out = Output::default();
    let nodes = nodes(&arguments.words, &arguments, context, &mut out)?;
    if out.code != 0 {
        return Ok(out);
    }
    nodes.iter().for_each(|node| set_cordon(node, true, context.host, &mut out));
    let mut names: Vec<Name> = nodes.iter().rev().map(|node| node.metadata.name.clone()).collect();
    let Some(first) = names.pop() else { return Ok(out) };
    let now = context.host.world().now;
    let count = names.len() as u64 + 1;
    let mut drain = Drain {
        options,
        node: first,
        pods: Vec::new(),
        is_alone: count == 1,
        until: None,
        rest: names,
        failed: Vec::new(),
    };
    if drain.begin(context.host, &mut out) && !drain.look(context.host, &mut out) {
        let deadline = match count {
            1 => drain.deadline(now),
            // Each of them is given up by itself; this is later.
            _ => drain.options.timeout.map(|timeout| now + (timeout + AGAIN).times(count + 1)),
        };
        out.follow = Some(Follow::new(drain, deadline));
        // Nobody waits for what is not done.
        if context.dry {
            nodes.iter().for_each(|node| out.line(format_args!("node/{} drained", node.metadata.name)));
        }
    }
    Ok(out)
}

/// What becomes of a pod.
enum Fate {
    Goes,
    /// It goes, or stays, and that is said.
    Warned {
        goes: bool,
        about: &'static str,
    },
    Stays,
    Refused(&'static str),
}

impl Options {
    /// Upstream: `filters.go`: the first filter that keeps a pod decides.
    fn fate(&self, pod: &Pod, now: Time) -> Fate {
        let should_go = pod.metadata.deletion_timestamp;
        let late = |seconds: i64| {
            pod.metadata.is_terminating()
                && should_go < now
                && now.since(should_go).as_seconds() > seconds.unsigned_abs()
        };
        let controller = pod.metadata.controller();
        let has_ended = pod.status.phase.is_terminal();
        if self.skip_after.is_some_and(late) {
            Fate::Stays
        } else if controller.is_some_and(|owner| &*owner.kind == "DaemonSet") && !has_ended {
            match self.ignore_daemon_sets {
                true => Fate::Warned { goes: false, about: "ignoring DaemonSet-managed Pods" },
                false => Fate::Refused("DaemonSet-managed Pods (use --ignore-daemonsets to ignore)"),
            }
        } else if has_ended {
            // What has ended has nothing to lose.
            Fate::Goes
        } else if !self.delete_empty_dir && pod.spec.volumes.iter().any(|volume| volume.empty_dir.0.is_some()) {
            Fate::Refused("Pods with local storage (use --delete-emptydir-data to override)")
        } else if controller.is_some() {
            Fate::Goes
        } else if self.force {
            Fate::Warned { goes: true, about: "deleting Pods that declare no controller" }
        } else {
            Fate::Refused("Pods that declare no controller (use --force to override)")
        }
    }
}

/// Which pods are meant: `about: ns/a, ns/b` for each thing that is said.
fn listed(said: BTreeMap<&'static str, Vec<String>>) -> Vec<String> {
    said.into_iter().map(|(about, pods)| format!("{about}: {}", pods.join(", "))).collect()
}

fn joined(errors: &[String]) -> String {
    if let [one] = errors { one.clone() } else { format!("[{}]", errors.join(", ")) }
}

/// What could not be drained.
fn conclude(failed: &[(Name, Vec<String>)], out: &mut Output) {
    if failed.is_empty() {
        return;
    }
    let names: Vec<String> = failed.iter().map(|(node, _)| format!("\n {node}")).collect();
    out.fail(format!("There are pending nodes to be drained:{}", names.concat()));
    match failed {
        [(_, problems)] => problems.iter().for_each(|problem| out.fail(problem)),
        // What is wrong with one of several nodes is one error.
        _ => failed.iter().for_each(|(_, problems)| out.fail(joined(problems))),
    }
}

impl Drain {
    /// Looks what is to go from the node. Answers whether there is something to look at.
    fn begin(&mut self, host: &dyn Host, out: &mut Output) -> bool {
        let (world, name) = (host.world(), &self.node);
        let now = world.now;
        let (mut refused, mut warned) = (BTreeMap::<_, Vec<String>>::new(), BTreeMap::<_, Vec<String>>::new());
        let here = |pod: &&Rc<Pod>| pod.spec.node_name == *name && self.options.pods.matches(&pod.metadata.labels);
        self.pods.clear();
        for pod in world.objects().pods.values().filter(here) {
            let (namespace, own) = (&pod.metadata.namespace, &pod.metadata.name);
            let full = || format!("{namespace}/{own}");
            let goes = match self.options.fate(pod, now) {
                Fate::Goes => true,
                Fate::Stays => false,
                Fate::Refused(why) => {
                    refused.entry(why).or_default().push(full());
                    false
                }
                Fate::Warned { goes, about } => {
                    warned.entry(about).or_default().push(full());
                    goes
                }
            };
            if goes {
                let pod_reference = ObjectRef::new(Kind::Pod, namespace.clone(), own.clone());
                self.pods.push(Draining { pod: pod_reference, uid: pod.metadata.uid, stage: Stage::Ask(now) });
            }
        }
        let problems: Vec<String> =
            listed(refused).into_iter().rev().map(|problem| format!("cannot delete {problem}")).collect();
        if !problems.is_empty() {
            self.pods.clear();
            return self.fail(problems, host, out);
        }
        let warnings = listed(warned);
        if !warnings.is_empty() {
            out.stderr.push_str(&format!("Warning: {}\n", warnings.join("; ")));
        }
        self.until = if self.is_alone { None } else { self.deadline(now) };
        true
    }

    /// The node cannot be drained; the next one may. Answers whether there is something to look at.
    fn fail(&mut self, problems: Vec<String>, host: &dyn Host, out: &mut Output) -> bool {
        self.refuse(&problems, out);
        self.failed.push((self.node.clone(), problems));
        self.next(host, out)
    }

    fn next(&mut self, host: &dyn Host, out: &mut Output) -> bool {
        match self.rest.pop() {
            Some(next) => {
                self.node = next;
                self.begin(host, out)
            }
            None => {
                self.pods.clear();
                conclude(&self.failed, out);
                false
            }
        }
    }

    fn refuse(&self, problems: &[String], out: &mut Output) {
        let (node, all) = (&self.node, joined(problems));
        out.fail(format!("error: unable to drain node \"{node}\" due to error: {all}, continuing command..."));
    }

    /// When the node is given up: kubectl asks once more before it looks at the time.
    fn deadline(&self, now: Time) -> Option<Time> {
        let asks = self.pods.iter().any(|draining| matches!(draining.stage, Stage::Ask(_)));
        let whole = |timeout: Span| Span(timeout.0.div_ceil(AGAIN.0) * AGAIN.0);
        self.options.timeout.map(|timeout| now + if asks { whole(timeout) } else { timeout })
    }

    /// What is said of a node that is given up. Answers what went wrong.
    fn give_up(&self, out: &mut Output) -> Vec<String> {
        let after = self.options.timeout.unwrap_or_default();
        let left: Vec<&Draining> = self.pods.iter().filter(|draining| draining.stage != Stage::Gone).collect();
        for draining in left.iter().filter(|draining| matches!(draining.stage, Stage::Ask(_))) {
            out.line(format!("evicting pod {}/{}", draining.pod.namespace, draining.pod.name));
        }
        let error = |draining: &&Draining| {
            let ObjectRef { namespace, name, .. } = &draining.pod;
            let what = match draining.stage {
                Stage::Waiting => format!("waiting for pod \"{name}\" in namespace \"{namespace}\" to terminate"),
                _ => format!("evicting pods/\"{name}\" -n \"{namespace}\""),
            };
            format!("error when {what}: global timeout reached: {after}")
        };
        let errors: Vec<String> = left.iter().map(error).collect();
        let (node, all) = (&self.node, joined(&errors));
        out.fail(format!("There are pending pods in node \"{node}\" when an error occurred: {all}"));
        left.iter().for_each(|draining| out.fail(format!("pod/{}", draining.pod.name)));
        errors
    }

    /// Evicts what is due and looks who is gone. Answers whether all are.
    fn ask(&mut self, host: &mut dyn Host, out: &mut Output) -> bool {
        let now = host.world().now;
        for draining in &mut self.pods {
            let Draining { pod, uid, stage } = draining;
            if let Stage::Ask(at) = *stage
                && at <= now
            {
                if !self.options.disable_eviction {
                    out.line(format!("evicting pod {}/{}", pod.namespace, pod.name));
                }
                let command = if self.options.disable_eviction {
                    Command::Delete {
                        target: pod.clone(),
                        grace_seconds: self.options.grace_seconds,
                        propagation: Propagation::Background,
                    }
                } else {
                    Command::Evict { pod: pod.clone(), grace_seconds: self.options.grace_seconds }
                };
                *stage = match host.command(command) {
                    Ok(_) => Stage::Waiting,
                    Err(error) if error.is_not_found() => Stage::Waiting,
                    Err(error @ ApiError::TooManyRequests { .. }) => {
                        out.stderr.push_str(&format!(
                            "error when evicting pods/\"{}\" -n \"{}\" (will retry after 5s): {error}\n",
                            pod.name, pod.namespace
                        ));
                        Stage::Ask(now + AGAIN)
                    }
                    Err(error) => {
                        out.fail(api_error(&error, None));
                        Stage::Gone
                    }
                };
            }
            let gone = host.world().objects().get(pod).is_none_or(|object| object.meta().uid != *uid);
            if *stage == Stage::Waiting && gone {
                *stage = Stage::Gone;
                let done = if self.options.disable_eviction { "deleted" } else { "evicted" };
                out.line(format!("pod/{} {done}", pod.name));
            }
        }
        self.pods.iter().all(|draining| draining.stage == Stage::Gone)
    }
}

impl Awaited for Drain {
    fn words(&self, _: &World) -> String {
        format!("{} to be drained", self.node)
    }
    fn copy(&self) -> Box<dyn Awaited> {
        Box::new(self.clone())
    }
    fn due(&self) -> Option<Time> {
        self.until
    }

    fn look(&mut self, host: &mut dyn Host, out: &mut Output) -> bool {
        loop {
            let more = if self.ask(host, out) {
                out.line(format!("node/{} drained", self.node));
                self.next(host, out)
            } else if self.until.is_some_and(|until| until <= host.world().now) {
                let problems = self.give_up(out);
                self.fail(problems, host, out)
            } else {
                return false;
            };
            if !more {
                return true;
            }
        }
    }

    /// `--timeout` has passed, and there was one node.
    fn expire(&self, out: &mut Output) {
        let errors = self.give_up(out);
        self.refuse(&errors, out);
        conclude(&[(self.node.clone(), errors)], out);
    }
}

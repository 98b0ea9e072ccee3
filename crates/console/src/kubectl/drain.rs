//! `kubectl drain`: cordon, evict, wait.

use super::context::{Context, not_found};
use super::nodes::set_cordon;
use crate::args::{self, Flag, NAMESPACE, SELECTOR, switch, value};
use crate::errors::api_error;
use crate::host::Host;
use crate::output::{Awaited, Failure, Follow, Output};
use crate::select::{LabelFilter, reference};
use petri_objects::{Kind, Name, Node, ObjectRef, Pod, Span, Time, Uid};
use petri_sim::story::recording::AGAIN;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::{Command, Propagation};
use petri_sim::world::World;
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

/// A drain under way.
#[derive(Clone, Debug)]
struct Drain {
    node: Name,
    pods: Vec<Draining>,
    grace_seconds: Option<i64>,
    disable_eviction: bool,
    timeout: Option<Span>,
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
    let [name] = &arguments.words[..] else {
        return Err("error: USAGE: drain NODE [flags]\nSee 'kubectl drain -h' for help and examples".into());
    };
    let name: Name = name.strip_prefix("node/").unwrap_or(name).into();
    let timeout = arguments.duration("timeout")?.filter(|t| t.0 > 0);
    let pod_filter = arguments.last("pod-selector").map(LabelFilter::parse).transpose()?.unwrap_or_default();
    let target = reference(Kind::Node, "", name.clone());
    let Some(Ok(node)) = context.host.world().objects().get(&target).map(Rc::<Node>::try_from) else {
        return Err(not_found(Kind::Node, &name));
    };
    let mut out = Output::default();
    set_cordon(&node, true, context.host, &mut out);
    let world = context.host.world();
    let here = |pod: &&Rc<Pod>| pod.spec.node_name == name && pod_filter.matches(&pod.metadata.labels);
    let pods: Vec<Rc<Pod>> = world.objects().pods.values().filter(here).cloned().collect();
    let problems = refusals(&pods, arguments.is_set("force"), arguments.is_set("delete-emptydir-data"));
    if !problems.is_empty() {
        let joined = match &problems[..] {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        out.fail(format!("error: unable to drain node \"{name}\" due to error: {joined}, continuing command..."));
        out.fail(format!("There are pending nodes to be drained:\n {name}"));
        match &problems[..] {
            [one] => out.fail(format!("error: {one}")),
            many => many.iter().for_each(|problem| out.fail(problem)),
        }
        return Ok(out);
    }
    let now = world.now;
    let pods: Vec<Draining> = pods
        .iter()
        .map(|pod| Draining {
            pod: ObjectRef::new(Kind::Pod, pod.metadata.namespace.clone(), pod.metadata.name.clone()),
            uid: pod.metadata.uid,
            stage: Stage::Ask(now),
        })
        .collect();
    let grace_seconds = arguments.integer("grace-period")?.filter(|grace| *grace >= 0);
    let disable_eviction = arguments.is_set("disable-eviction");
    let mut drain = Drain { node: name, pods, grace_seconds, disable_eviction, timeout };
    if !drain.look(context.host, &mut out) {
        let deadline = drain.deadline(now);
        out.follow = Some(Follow::new(drain, deadline));
    }
    Ok(out)
}

/// Why kubectl refuses to start: pods that a drain would lose something of.
fn refusals(pods: &[Rc<Pod>], force: bool, delete_empty_dir: bool) -> Vec<String> {
    let list = |pods: Vec<&Rc<Pod>>| {
        pods.iter()
            .map(|pod| format!("{}/{}", pod.metadata.namespace, pod.metadata.name))
            .collect::<Vec<_>>()
            .join(", ")
    };
    // What has ended has nothing to lose.
    let alive = || pods.iter().filter(|pod| !pod.status.phase.is_terminal());
    let mut problems = Vec::new();
    let local: Vec<_> =
        alive().filter(|pod| pod.spec.volumes.iter().any(|volume| volume.empty_dir.0.is_some())).collect();
    if !local.is_empty() && !delete_empty_dir {
        problems.push(format!(
            "cannot delete Pods with local storage (use --delete-emptydir-data to override): {}",
            list(local)
        ));
    }
    let bare: Vec<_> = alive().filter(|pod| pod.metadata.controller().is_none()).collect();
    if !bare.is_empty() && !force {
        problems
            .push(format!("cannot delete Pods that declare no controller (use --force to override): {}", list(bare)));
    }
    problems
}

impl Drain {
    /// When the line gives up: kubectl asks once more before it looks at the time.
    fn deadline(&self, now: Time) -> Option<Time> {
        let asks = self.pods.iter().any(|draining| matches!(draining.stage, Stage::Ask(_)));
        let whole = |timeout: Span| Span(timeout.0.div_ceil(AGAIN.0) * AGAIN.0);
        self.timeout.map(|timeout| now + if asks { whole(timeout) } else { timeout })
    }
}

impl Awaited for Drain {
    fn words(&self, _: &World) -> String {
        format!("{} to be drained", self.node)
    }
    fn copy(&self) -> Box<dyn Awaited> {
        Box::new(self.clone())
    }

    /// Evicts what is due and looks who is gone.
    fn look(&mut self, host: &mut dyn Host, out: &mut Output) -> bool {
        let now = host.world().now;
        for draining in &mut self.pods {
            let Draining { pod, uid, stage } = draining;
            if let Stage::Ask(at) = *stage
                && at <= now
            {
                if !self.disable_eviction {
                    out.line(format!("evicting pod {}/{}", pod.namespace, pod.name));
                }
                let command = if self.disable_eviction {
                    Command::Delete {
                        target: pod.clone(),
                        grace_seconds: self.grace_seconds,
                        propagation: Propagation::Background,
                    }
                } else {
                    Command::Evict { pod: pod.clone(), grace_seconds: self.grace_seconds }
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
                let done = if self.disable_eviction { "deleted" } else { "evicted" };
                out.line(format!("pod/{} {done}", pod.name));
            }
        }
        let done = self.pods.iter().all(|draining| draining.stage == Stage::Gone);
        if done {
            out.line(format!("node/{} drained", self.node));
        }
        done
    }

    /// `--timeout` has passed.
    fn expire(&self, out: &mut Output) {
        let after = self.timeout.unwrap_or_default();
        let left: Vec<&Draining> = self.pods.iter().filter(|draining| draining.stage != Stage::Gone).collect();
        for draining in left.iter().filter(|draining| matches!(draining.stage, Stage::Ask(_))) {
            out.line(format!("evicting pod {}/{}", draining.pod.namespace, draining.pod.name));
        }
        let error = |draining: &&Draining| {
            let ObjectRef { namespace, name, .. } = &draining.pod;
            format!("error when evicting pods/\"{name}\" -n \"{namespace}\": global timeout reached: {after}")
        };
        let errors: Vec<String> = left.iter().map(error).collect();
        let all = if let [one] = &errors[..] { one.clone() } else { format!("[{}]", errors.join(", ")) };
        let node = &self.node;
        out.fail(format!("There are pending pods in node \"{node}\" when an error occurred: {all}"));
        left.iter().for_each(|draining| out.fail(format!("pod/{}", draining.pod.name)));
        out.fail(format!("error: unable to drain node \"{node}\" due to error: {all}, continuing command..."));
        out.fail(format!("There are pending nodes to be drained:\n {node}"));
        errors.into_iter().for_each(|error| out.fail(error));
    }
}

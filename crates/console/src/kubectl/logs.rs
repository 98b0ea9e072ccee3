//! `kubectl logs`: what the process of a container has said.
//!
//! Deviation: a process says when it began, and what it is; what an image's program would write beyond that is not
//! simulated.

use super::context::{Context, filter};
use super::exec::{container, pods_of};
use crate::args::{self, ALL_NAMESPACES, Flag, NAMESPACE, SELECTOR, namespace, optional, switch, value};
use crate::output::{Failure, Output};
use crate::programs;
use petri_objects::{Kind, Object, Pod};
use petri_sim::world::World;
use std::rc::Rc;

const FLAGS: &[Flag] = &[
    NAMESPACE,
    ALL_NAMESPACES,
    SELECTOR,
    value("container").short('c'),
    value("tail"),
    value("since"),
    value("since-time"),
    value("limit-bytes"),
    value("max-log-requests"),
    value("pod-running-timeout"),
    switch("follow").short('f'),
    switch("previous").short('p'),
    switch("timestamps"),
    switch("all-containers"),
    switch("all-pods"),
    switch("prefix"),
    switch("ignore-errors"),
    optional("insecure-skip-tls-verify-backend", "true"),
];

#[inline(never)]
pub(super) fn run(words: &[String], context: &mut Context<'_>) -> Result<Output, Failure> {
    let mut arguments = args::parse(words, FLAGS, "kubectl logs")?;
    let namespace = namespace(&arguments);
    let world = context.host.world();
    let mut out = Output::default();
    let all_pods = arguments.is_set("all-pods");
    let pods: Vec<Rc<Pod>> = match (arguments.words.first(), arguments.last("selector")) {
        (Some(_), Some(_)) => {
            return Err("error: only a selector (-l) or a POD name is allowed".into());
        }
        (Some(name), None) => {
            let mut found = pods_of(name, &namespace, world).map_err(|problem| {
                // kubectl looks for the pod by itself, and says where.
                match problem.strip_prefix("Error from server (NotFound): pods ") {
                    Some(pod) => {
                        format!("error: error from server (NotFound): pods {pod} in namespace \"{namespace}\"")
                    }
                    None => problem,
                }
            })?;
            let Some(first) = found.first() else { return Err("error: timed out waiting for the condition".into()) };
            if found.len() > 1 && !all_pods {
                let first = &first.metadata.name;
                out.stderr.push_str(&format!("Found {} pods, using pod/{first}\n", found.len()));
                found.truncate(1);
            }
            found
        }
        (None, Some(_)) => {
            let found = filter(&arguments)?.list(world.objects(), Kind::Pod);
            found
                .into_iter()
                .filter_map(|object| if let Object::Pod(pod) = object { Some(pod) } else { None })
                .collect()
        }
        (None, None) => {
            return Err(
                "error: expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required \
                        argument for the logs command\nSee 'kubectl logs -h' for help and examples"
                    .into(),
            );
        }
    };
    if pods.is_empty() {
        out.stderr.push_str(&format!("No resources found in {namespace} namespace.\n"));
        return Ok(out);
    }
    if arguments.words.len() > 1 {
        let name = arguments.words.remove(1);
        let named = args::parse(&["--container".into(), name], FLAGS, "kubectl logs")?;
        let own = container(&pods[0], &named, &mut out)?;
        one(&pods[0], &own, &arguments, world, &mut out);
        return Ok(out);
    }
    for pod in pods {
        if arguments.is_set("all-containers") {
            for own in pod.spec.init_containers.iter().chain(&pod.spec.containers) {
                one(&pod, &own.name, &arguments, world, &mut out);
            }
        } else {
            let own = container(&pod, &arguments, &mut out)?;
            one(&pod, &own, &arguments, world, &mut out);
        }
    }
    Ok(out)
}

fn one(pod: &Rc<Pod>, container: &str, arguments: &args::Arguments, world: &World, out: &mut Output) {
    let name = &pod.metadata.name;
    if pod.spec.node_name.is_empty() {
        return out.fail(format!("Error from server (BadRequest): pod {name} does not have a host assigned"));
    }
    let statuses = pod.status.container_statuses.iter().chain(&pod.status.init_container_statuses);
    let status = statuses.into_iter().find(|status| *status.name == *container);
    let previous = arguments.is_set("previous");
    if previous && status.is_none_or(|status| status.restart_count == 0) {
        return out.fail(format!(
            "Error from server (BadRequest): previous terminated container \"{container}\" in pod \"{name}\" not found"
        ));
    }
    if let Some(waiting) = status.and_then(|status| status.state.waiting.as_ref())
        && !previous
        && status.is_some_and(|status| status.restart_count == 0)
    {
        let reason = &waiting.reason;
        let why = match &**reason {
            "ContainerCreating" | "PodInitializing" => reason.to_string(),
            reason => format!("trying and failing to pull image ({reason})"),
        };
        return out.fail(format!(
            "Error from server (BadRequest): container \"{container}\" in pod \"{name}\" is waiting to start: {why}"
        ));
    }
    if let Some(machine) = world.machines.get(&pod.spec.node_name)
        && (!machine.powered || !machine.kubelet.running || !world.network.reaches_control_plane(&machine.name))
    {
        let (ip, namespace) = (&machine.internal_ip, &pod.metadata.namespace);
        return out.fail(format!(
            "Error from server: Get \"https://{ip}:10250/containerLogs/{namespace}/{name}/{container}\": dial tcp \
             {ip}:10250: i/o timeout"
        ));
    }
    let (began, ended) = programs::life(status, previous);
    let all = pod.spec.containers.iter().chain(&pod.spec.init_containers);
    let Some(own) = all.into_iter().find(|own| *own.name == *container) else { return };
    let lines = programs::log_lines(pod, own, (began, ended), world);
    let tail = arguments.last("tail").and_then(|tail| tail.parse::<usize>().ok()).unwrap_or(usize::MAX);
    for line in &lines[lines.len().saturating_sub(tail)..] {
        let prefix = if arguments.is_set("prefix") || arguments.is_set("all-pods") {
            format!("[pod/{name}/{container}] ")
        } else {
            String::new()
        };
        let time = if arguments.is_set("timestamps") { format!("{} ", began.rfc3339_micro()) } else { String::new() };
        out.line(format!("{prefix}{time}{line}"));
    }
}

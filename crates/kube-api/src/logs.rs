//! The subresource `log`: what the process of a container has said, as its kubelet tells it.
//!
//! Upstream: `pkg/registry/core/pod/strategy.go`, `kubelet.validateContainerLogStatus`.

use crate::ask::{Answer, Ask, Body};
use crate::route::Place;
use crate::run::Run;
use crate::status::{Failure, Outcome};
use crate::store::Sink;
use crate::stream;
use crate::subresource::container;
use crate::write::current;
use petri_console::remote;
use petri_objects::{Object, ObjectRef, Span, Time};

/// `GET pods/NAME/log`. With `follow` the answer lasts for as long as the container runs; what a process says after its
/// beginning is not simulated.
pub fn answer(run: &mut Run, ask: &Ask, place: &Place) -> Outcome {
    let Object::Pod(pod) = current(run, place)? else { return Err(Failure::no_resource()) };
    let container = container(&pod, ask.query.text("container"))?;
    let (name, node) = (&pod.metadata.name, &pod.spec.node_name);
    if node.is_empty() {
        return Err(Failure::bad_request(format!("pod {name} does not have a host assigned")));
    }
    let previous = ask.query.is_on("previous");
    let number = |key: &str| ask.query.text(key).parse::<u64>().ok();
    if let Some((ip, problem)) = stream::kubelet(run, node) {
        let query: Vec<String> =
            ["follow", "limitBytes", "previous", "sinceSeconds", "sinceTime", "tailLines", "timestamps"]
                .iter()
                .filter_map(|key| {
                    ask.query.get(key).filter(|value| *value != "false").map(|value| format!("{key}={value}"))
                })
                .collect();
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        let path = format!("containerLogs/{}/{name}/{container}{query}", pod.metadata.namespace);
        return Err(Failure::unknown(format!("Get \"https://{ip}:10250/{path}\": {problem}")));
    }
    let mut statuses = pod.status.container_statuses.iter().chain(&pod.status.init_container_statuses);
    let status = statuses.find(|status| *status.name == *container);
    if previous && status.is_none_or(|status| status.restart_count == 0) {
        let message = format!("previous terminated container \"{container}\" in pod \"{name}\" not found");
        return Err(Failure::bad_request(message));
    }
    let waiting = status.and_then(|status| status.state.waiting.as_ref());
    if let Some(waiting) = waiting.filter(|_| !previous && status.is_some_and(|status| status.restart_count == 0)) {
        let why = match &*waiting.reason {
            reason @ ("ContainerCreating" | "PodInitializing") => reason.to_owned(),
            reason => format!("trying and failing to pull image ({reason})"),
        };
        let message = format!("container \"{container}\" in pod \"{name}\" is waiting to start: {why}");
        return Err(Failure::bad_request(message));
    }
    let (began, ended) = remote::life(status, previous);
    let now = run.timeline.now();
    let old = number("sinceSeconds").is_some_and(|seconds| began + Span::seconds(seconds) < now)
        || Time::parse_rfc3339(ask.query.text("sinceTime")).is_some_and(|since| began < since);
    let mut all = pod.spec.containers.iter().chain(&pod.spec.init_containers);
    let lines = match all.find(|own| *own.name == *container) {
        Some(own) if !old => remote::log_lines(&pod, own, (began, ended), run.world()),
        _ => Vec::new(),
    };
    let tail = number("tailLines").and_then(|tail| usize::try_from(tail).ok()).unwrap_or(usize::MAX);
    let time = if ask.query.is_on("timestamps") { format!("{} ", began.rfc3339_micro()) } else { String::new() };
    let shown = lines.iter().skip(lines.len().saturating_sub(tail));
    let mut text: String = shown.map(|line| format!("{time}{line}\n")).collect();
    if let Some(most) =
        number("limitBytes").and_then(|most| usize::try_from(most).ok()).filter(|most| *most < text.len())
    {
        let most = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(most);
    }
    let running = status.is_some_and(|status| status.state.running.is_some());
    if !ask.query.is_on("follow") || !running {
        return Ok(Answer::text(200, "text/plain", text));
    }
    let (sink, lines) = Sink::open();
    sink.send(text);
    let target = ObjectRef::new(place.served.kind, pod.metadata.namespace.clone(), name.clone());
    run.memory.followed.push((target, container, sink));
    Ok(Answer { body: Body::Stream(lines), ..Answer::text(200, "text/plain", "") })
}

//! What the commands of a pod's containers have written: they are run again when somebody looks, from when each began until
//! now or its end, as is done for what they print.
//!
//! Deviation: they run one after the other, init containers first; each one's present run alone counts, and of a long loop
//! its beginning. On disks nothing of it outlives the pod. What somebody wrote by `kubectl exec` hides what a command writes.

use super::environment::expanded;
use super::facts::command_of;
use super::inside::Container;
use super::replays::{Made, Replays, span};
use super::start::start;
use petri_objects::{Pod, Time};
use petri_sim::belief::api::shelf::Key;
use petri_sim::reality::machine::{Process, ProcessState};
use petri_sim::words::identity::Identity;
use petri_sim::world::World;
use petri_sim::world::files::Inside;
use std::rc::Rc;

/// A look at what commands wrote.
pub(super) fn replays() -> Rc<Replays> {
    Rc::new(Replays::new(run))
}

/// What all containers of a pod but one have written.
pub(super) fn run(replays: &Rc<Replays>, pod: &Rc<Pod>, without: Option<&str>, world: &World) -> Made {
    let mut made = Made::default();
    let Some(machine) = world.machines.get(&pod.spec.node_name) else { return made };
    let known = world.objects().pods.get(&Key::of(&pod.metadata)).filter(|own| own.metadata.uid == pod.metadata.uid);
    let status = known.map_or(&pod.status, |own| &own.status);
    let states = || status.init_container_statuses.iter().chain(&status.container_statuses);
    for container in pod.spec.init_containers.iter().chain(&pod.spec.containers) {
        let hook = container.lifecycle.as_ref().and_then(|own| own.post_start.as_ref()?.exec.as_ref());
        let is_told = !container.command.is_empty() || !container.args.is_empty();
        if !is_told && hook.is_none() {
            continue;
        }
        let running = world.inside(pod.metadata.uid, &container.name).map(|inside| inside.process);
        let ended = states().find(|own| own.name == container.name).and_then(|own| {
            let ended = own.state.terminated.as_ref().or(own.last_state.terminated.as_ref())?;
            Some((ended.started_at, Some(ended.finished_at), u32::try_from(own.restart_count).unwrap_or(0)))
        });
        let life = running.map(|own| (own.started, None::<Time>, own.restarts)).or(ended);
        let Some((began, ended, restarts)) = life else { continue };
        let process = process(pod, began, restarts);
        let mut run = |words: &dyn Fn(&Container<'_>) -> Option<Vec<String>>| {
            let inside = Inside { machine, process: &process, pod: Rc::clone(pod), container: container.clone() };
            let mut own = Container::within(inside, world, 0).with(start).again(std::mem::take(&mut made), replays);
            own.since = Some(span(began, ended, world.now));
            if let Some(words) = words(&own) {
                own.program(&words, None);
            }
            made = own.made_by_now();
        };
        if is_told && without != Some(&*container.name) {
            run(&|own| words_of(own).filter(|words| writes(words)));
        }
        if let Some(hook) = hook {
            run(&|_| Some(hook.command.iter().map(|word| word.to_string()).collect()));
        }
    }
    made
}

/// Whether a command is one that may write files.
fn writes(words: &[String]) -> bool {
    let base = words.first().map_or("", |first| first.rsplit('/').next().unwrap_or(first));
    super::names::is_program(base) && !super::names::CLIENTS.contains(&base)
}

/// A container's process as it was while it ran.
pub(super) fn process(pod: &Pod, began: Time, restarts: u32) -> Process {
    Process {
        identity: Identity { namespace: pod.metadata.namespace.clone(), pod: pod.metadata.name.clone() },
        uid: pod.metadata.uid,
        owner: None,
        started: began,
        restarts,
        ip: pod.status.pod_ip.clone(),
        state: ProcessState::Running,
        answers: true,
        ills: Default::default(),
    }
}

/// The words of its command, with what they mean by `$(NAME)`; `None` if there are none.
pub(super) fn words_of(own: &Container<'_>) -> Option<Vec<String>> {
    let words = command_of(&own.inside);
    let words: Vec<String> = words.iter().map(|word| expanded(word, |name| own.variables.get(name))).collect();
    (!words.is_empty()).then_some(words)
}

//! What the commands of a pod's containers have written: they are run again when somebody looks, from when each began until
//! now or its end, as [`said`](super::said) does for what they print.
//!
//! Deviation: they run one after the other, init containers first; each one's present run alone counts, and of a long loop
//! its beginning. On disks nothing of it outlives the pod. What somebody wrote by `kubectl exec` hides what a command writes.

use super::inside::Container;
use super::said::{process, words_of};
use super::start::start;
use petri_objects::{Pod, Span, Time, Uid};
use petri_sim::belief::api::shelf::Key;
use petri_sim::reality::files::{Place, Tree};
use petri_sim::world::World;
use petri_sim::world::files::Inside;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Files by where they lie.
pub(super) type Made = BTreeMap<Place, Tree>;

/// Programs that are run again for one look, and pods whose commands ask each other.
const MOST_PROGRAMS: u32 = 20_000;
const MOST_DEEP: u32 = 3;

/// What was found out during one look: nothing changes meanwhile.
pub(super) struct Replays {
    known: RefCell<BTreeMap<Uid, Rc<Made>>>,
    left: Cell<u32>,
    deep: Cell<u32>,
}

impl Default for Replays {
    fn default() -> Replays {
        Replays { known: RefCell::default(), left: Cell::new(MOST_PROGRAMS), deep: Cell::new(0) }
    }
}

impl Replays {
    /// Whether one more program may be run.
    pub fn takes_one(&self) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        left > 0
    }

    /// What the containers of a pod have written.
    pub fn of(self: &Rc<Replays>, pod: &Rc<Pod>, world: &World) -> Rc<Made> {
        let uid = pod.metadata.uid;
        if let Some(known) = self.known.borrow().get(&uid) {
            return known.clone();
        }
        if self.deep.get() >= MOST_DEEP {
            return Rc::default();
        }
        // Pods that ask each other find nothing the second time round.
        self.known.borrow_mut().insert(uid, Rc::default());
        self.deep.set(self.deep.get() + 1);
        let made = Rc::new(self.run(pod, None, world));
        self.deep.set(self.deep.get() - 1);
        self.known.borrow_mut().insert(uid, made.clone());
        made
    }

    /// What all containers but one have written.
    pub fn run(self: &Rc<Replays>, pod: &Rc<Pod>, without: Option<&str>, world: &World) -> Made {
        let mut made = Made::default();
        let Some(machine) = world.machines.get(&pod.spec.node_name) else { return made };
        let known =
            world.objects().pods.get(&Key::of(&pod.metadata)).filter(|own| own.metadata.uid == pod.metadata.uid);
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
                let mut own = Container::within(inside, world, 0).with(start).again(std::mem::take(&mut made), self);
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
}

/// When a command began, and for how long it has run.
pub(super) fn span(began: Time, ended: Option<Time>, now: Time) -> (Time, Span) {
    (began, ended.unwrap_or(now).since(began))
}

/// Whether a command is one that may write files.
fn writes(words: &[String]) -> bool {
    let base = words.first().map_or("", |first| first.rsplit('/').next().unwrap_or(first));
    super::names::is_program(base) && !super::names::CLIENTS.contains(&base)
}

/// Whether a program stays, so that what follows it never runs.
pub(super) fn stays(words: &[String]) -> bool {
    const SERVERS: [&str; 7] = ["nginx", "httpd", "java", "redis-server", "mysqld", "postgres", "zkServer.sh"];
    let base = words.first().map_or("", |first| first.rsplit('/').next().unwrap_or(first));
    SERVERS.contains(&base)
}

/// Whether it waits for ever when it has written what is there.
pub(super) fn follows(words: &[String]) -> bool {
    let Some((first, rest)) = words.split_first() else { return false };
    let is_flag = |word: &str| word.starts_with('-') && !word.starts_with("--") && word.contains(['f', 'F']);
    match first.rsplit('/').next() {
        Some("tail") => rest.iter().any(|word| is_flag(word) || word.starts_with("--follow")),
        Some("sleep") => rest.iter().any(|word| word.starts_with("inf")),
        _ => false,
    }
}

//! What the process of a container has said: its command is run again, from when it began until now or its end.
//!
//! Deviation: it is run with what lies in the container now, and a program takes no time but for what it sleeps.

use super::inside::Container;
use super::made::{self, process, words_of};
use super::names;
use super::replays::span;
use super::start::start;
use petri_objects::{Pod, Time};
use petri_sim::world::World;
use petri_sim::world::files::Inside;
use std::rc::Rc;

/// Programs whose output is their work: whoever starts anything else starts a server.
const TELLING: [&str; 10] = ["env", "printenv", "hostname", "id", "whoami", "uname", "ls", "nslookup", "wget", "curl"];

/// The output of a container's process; `None` if its command is not understood.
pub(crate) fn said(
    pod: &Rc<Pod>,
    container: &petri_objects::Container,
    began: Time,
    ended: Option<Time>,
    world: &World,
) -> Option<String> {
    if container.command.is_empty() && container.args.is_empty() {
        return None;
    }
    let machine = world.machines.get(&pod.spec.node_name)?;
    let uid = pod.metadata.uid;
    let process = process(pod, began, 0);
    let known = world.inside(uid, &container.name);
    let inside = known.unwrap_or_else(|| Inside {
        machine,
        process: &process,
        pod: Rc::clone(pod),
        container: container.clone(),
    });
    let made = made::run(&made::replays(), pod, Some(&container.name), world);
    let mut own = Container::within(inside, world, 0).with(start).again(made, &made::replays());
    let words = words_of(&own)?;
    let first = words.first()?;
    let base = first.rsplit('/').next().unwrap_or(first);
    let is_script = names::SHELLS.contains(&base) && words.len() > 2 && words[1].starts_with('-');
    if !is_script && !names::TEXT.contains(&base) && !TELLING.contains(&base) || base == "sleep" {
        return None;
    }
    own.since = Some(span(began, ended, world.now));
    let ran = own.program(&words, None);
    let is_strange =
        ["not found", "is not understood", "is simulated here"].iter().any(|sign| ran.stderr.contains(sign));
    // Whose script says nothing may be a server's all the same.
    (!(is_strange || is_script && ran.stdout.is_empty() && ran.stderr.is_empty())).then(|| ran.stderr + &ran.stdout)
}

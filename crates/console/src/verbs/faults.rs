//! Verbs for links and probes, and the table of links.

use crate::args::Arguments;
use crate::output::Failure;
use crate::tables::{age_since, write};
use petri_objects::{Name, ObjectRef};
use petri_sim::ground::clock::Span;
use petri_sim::words::command::{Command, Direction, Probed};
use petri_sim::world::World;

/// `cut node-1`, `cut node-1 --outgoing`.
pub(crate) fn cut(node: Name, arguments: &Arguments) -> Result<Command, Failure> {
    let lost: Vec<Direction> =
        Direction::ALL.into_iter().filter(|direction| arguments.is_set(direction.name())).collect();
    Ok(match lost[..] {
        [lost] => Command::CutOneWay { node, lost },
        // Both directions are the whole link.
        _ => Command::Cut { node },
    })
}

/// `fail readiness pod/web-0`.
pub(crate) fn fail(probe: &str, pod: ObjectRef, on: bool) -> Result<Command, Failure> {
    let names = Probed::ALL.map(Probed::name).join(" and ");
    let probe = Probed::from_name(probe).ok_or_else(|| format!("error: the probes that can be failed are {names}"))?;
    Ok(Command::FailProbe { pod, probe, on })
}

/// `links`: what the network does to each machine, and what is slow in the control plane.
pub(crate) fn links(world: &World) -> String {
    let mut lines = vec![["NODE", "LINK", "SINCE", "LATENCY", "CUT OFF FROM"].map(String::from).to_vec()];
    for name in world.machines.keys() {
        let since = world.network.cut_since(name);
        let link = match (world.network.one_way(name), since) {
            (Some(one_way), _) => format!("{} lost", one_way.lost.name()),
            (None, Some(_)) => "cut".into(),
            (None, None) => "whole".into(),
        };
        let latency = world.network.latency(name);
        let others: Vec<&str> = world.network.parted_from(name).map(|other| &**other).collect();
        lines.push(vec![
            name.to_string(),
            link,
            since.map_or("<none>".into(), |since| age_since(since, world.now)),
            if latency == Span::ZERO { "<none>".into() } else { latency.to_string() },
            if others.is_empty() { "<none>".into() } else { others.join(", ") },
        ]);
    }
    let mut text = if lines.len() == 1 { "There are no machines\n".into() } else { write(&lines) };
    for hindrance in world.hindrances() {
        text.push_str(&hindrance.sentence);
        text.push('\n');
    }
    text
}

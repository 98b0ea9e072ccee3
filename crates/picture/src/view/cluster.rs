//! The cluster picture as data: zones, machines, pods on both layers, disks, and what joins them.

use super::facts::{Facts, Running};
use super::intention::{Held, Intention};
use super::marks::{
    BracketView, ClusterView, ControlPlaneView, Duplicate, DuplicateKind, LinkView, NodeState, NodeView, TileState,
    TileView, Tone, ZoneView,
};
use super::order::natural;
use super::{brackets, disks, rails, say, tiles, words};
use petri_objects::order::Order as _;
use petri_objects::{Name, Node, Span, Time, Uid, condition};
use petri_sim::belief::api::shelf::Key;
use petri_sim::reality::machine::Machine;
use petri_sim::story::recording::Stamped;
use petri_sim::words::command::Direction;
use petri_sim::world::World;
use std::collections::BTreeMap;

/// The taint that says that a machine is really off.
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

/// The picture of a world. `commands` are those of its recording; they give sentences their moments.
pub fn view(world: &World, commands: &[Stamped]) -> ClusterView {
    of(&Facts::of(world, commands))
}

/// The picture of gathered facts.
pub fn of(facts: &Facts) -> ClusterView {
    let mut zones: BTreeMap<Name, ZoneView> = BTreeMap::new();
    let intention = Intention::of(facts);
    let held = Held::all(&intention, facts);
    let mut by_node = tiles_by_node(facts, &intention);
    for machine in facts.machines.values() {
        let zone: Name = machine.zone().into();
        let view = zones.entry(zone.clone()).or_insert_with(|| ZoneView { name: zone, ..ZoneView::default() });
        view.nodes.push(node(machine, by_node.remove(&machine.name).unwrap_or_default(), facts));
    }
    let mut waiting: Vec<TileView> = by_node.into_values().flatten().collect();
    waiting.order_by_key(place);
    let mut loose = Vec::new();
    for placed in disks::disks(facts) {
        match zones.get_mut(&placed.zone) {
            Some(zone) => zone.disks.push(placed.view),
            None => loose.push(placed.view),
        }
    }
    let mut zones: Vec<ZoneView> = zones.into_values().collect();
    for zone in &mut zones {
        zone.nodes.order_by_key(|node| natural(&node.name));
    }
    let mut view = ClusterView {
        control_plane: control_plane(facts),
        duplicates: duplicates(facts),
        stuck: waiting.iter().any(|tile| tile.fact != tiles::NEXT),
        zones,
        waiting,
        loose,
        ..ClusterView::default()
    };
    view.services = rails::rails(facts);
    view.has_disks = view.disks().next().is_some() || intention.asks_for_disks();
    view.sets = brackets::brackets(&intention, &held, facts);
    view.duplicates.extend(view.sets.iter().filter_map(two_for_one));
    view.say = say::say(&view, &intention, &held, facts);
    view
}

/// Where a tile stands among those of its node: by owner, ordinal, then age of the uid, so that it never moves.
fn place(tile: &TileView) -> (Name, Option<u32>, Name, bool, Uid) {
    let ghost_last = tile.state != TileState::Ghost;
    (tile.identity.owner.clone(), tile.identity.ordinal, tile.pod.name.clone(), ghost_last, tile.uid)
}

/// Every pod object and every ghost, by machine; pods without a machine under an empty name.
fn tiles_by_node(facts: &Facts, intention: &Intention) -> BTreeMap<Name, Vec<TileView>> {
    let mut by_node: BTreeMap<Name, Vec<TileView>> = BTreeMap::new();
    for pod in facts.objects.pods.values() {
        by_node.entry(pod.spec.node_name.clone()).or_default().push(tiles::tile(pod, facts, intention));
    }
    for running in facts.ghosts() {
        by_node.entry(running.node.name.clone()).or_default().push(tiles::ghost(&running, facts, intention));
    }
    for tiles in by_node.values_mut() {
        tiles.order_by_key(place);
    }
    by_node
}

fn node(machine: &Machine, tiles: Vec<TileView>, facts: &Facts) -> NodeView {
    let name = &machine.name;
    let object = facts.objects.nodes.get(&Key::new("", name.clone()));
    let cut = facts.network.cut_since(name);
    let link = match cut {
        Some(since) => {
            // A link that loses one direction is as good as cut a little later; which it loses is said in full.
            let what = match facts.network.one_way(name).map(|one_way| one_way.lost) {
                None => "cut",
                Some(Direction::Outgoing) => "outgoing lost",
                Some(Direction::Incoming) => "incoming lost",
            };
            LinkView::Cut { since, text: format!("{what} {} ago", words::duration(facts.now.since(since))) }
        }
        None if machine.powered && machine.kubelet.running => LinkView::Whole,
        None => LinkView::Silent,
    };
    let cordoned = object.is_some_and(|node| node.spec.unschedulable);
    let ready = object.is_some_and(|node| node.is_ready());
    let tainted = object.is_some_and(|node| node.spec.taints.iter().any(|taint| &*taint.key == OUT_OF_SERVICE));
    let state = match object {
        _ if !machine.powered => NodeState::Off,
        None => NodeState::Unregistered,
        Some(_) if tainted => NodeState::OutOfService,
        Some(_) if ready => NodeState::Ready,
        Some(_) => NodeState::Lost,
    };
    let silent = facts.last_heard(name).map(|at| facts.now.since(at));
    let expected = facts.now.since(Time::ZERO).0 > 0 && silent.is_some_and(|span| span.as_seconds() > 12);
    let (line, line_tone) = match (state, object) {
        (NodeState::Off, _) => (format!("off since {}", words::moment(facts.start, machine.power_since)), Tone::Calm),
        (NodeState::Unregistered, _) => ("no Node object, machine on".to_owned(), Tone::Calm),
        (NodeState::OutOfService, _) => ("taint out-of-service".to_owned(), Tone::Risk),
        _ if cut.is_none() && facts.network.parted_from(name).next().is_some() => {
            let others: Vec<String> = facts.network.parted_from(name).map(Name::to_string).collect();
            (format!("cut from {}", words::list(&others)), Tone::Risk)
        }
        _ => match silent {
            Some(span) if !ready || expected => (format!("silent {}", words::duration(span)), Tone::Risk),
            Some(span) => (format!("heard {} ago", words::duration(span)), Tone::Calm),
            None => ("never heard".to_owned(), Tone::Risk),
        },
    };
    let status = object.map_or_else(String::new, |node| status(node));
    let mut view = NodeView {
        name: name.clone(),
        state,
        status_tone: if object.is_some() && !ready && machine.powered { Tone::Risk } else { Tone::Calm },
        status,
        line,
        line_tone,
        cordoned,
        powered: machine.powered,
        registered: object.is_some(),
        link,
        latency: match facts.network.latency(name) {
            Span::ZERO => String::new(),
            latency => format!("{latency} each way"),
        },
        near: false,
        tiles,
        label: String::new(),
    };
    view.label = node_label(&view);
    view
}

/// kubectl's STATUS column of a node.
fn status(node: &Node) -> String {
    let ready = match condition(&node.status.conditions, "Ready") {
        Some(ready) if &*ready.status == "True" => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    if node.spec.unschedulable { format!("{ready},SchedulingDisabled") } else { ready.to_owned() }
}

fn node_label(node: &NodeView) -> String {
    let mut label = format!("Node {}", node.name);
    for part in [&node.status, &node.line] {
        if !part.is_empty() {
            label.push_str(", ");
            label.push_str(part);
        }
    }
    if let LinkView::Cut { text, .. } = &node.link {
        label.push_str(", ");
        label.push_str(text);
    }
    if !node.latency.is_empty() {
        label.push_str(", ");
        label.push_str(&node.latency);
    }
    label.push_str(", ");
    label.push_str(&words::plural(node.tiles.len() as u32, "pod"));
    label
}

fn control_plane(facts: &Facts) -> ControlPlaneView {
    let nodes = facts.machines.len() as u32;
    let answering = facts.machines.values().filter(|machine| facts.answers(machine)).count() as u32;
    let noun = if nodes == 1 { "node answers" } else { "nodes answer" };
    ControlPlaneView {
        answering,
        nodes,
        text: format!("{answering} of {nodes} {noun}"),
        tone: if answering < nodes { Tone::Risk } else { Tone::Calm },
        trouble: if facts.hindrances.is_empty() { String::new() } else { trouble(facts) },
    }
}

#[inline(never)]
fn trouble(facts: &Facts) -> String {
    let sentences: Vec<&str> = facts.hindrances.iter().map(|hindrance| hindrance.sentence.as_str()).collect();
    sentences.join(" ")
}

/// Two processes of a set that asked for one: each has a name of its own, so nothing is broken.
fn two_for_one(set: &BracketView) -> Option<Duplicate> {
    let (1, [older, newer]) = (set.asked, &set.more_than_asked[..]) else { return None };
    Some(Duplicate { name: (&*set.name).into(), older: *older, newer: *newer, kind: DuplicateKind::More })
}

/// Identities of StatefulSets that two pods go by, one of which runs although its name was given away.
fn duplicates(facts: &Facts) -> Vec<Duplicate> {
    let mut names: BTreeMap<Key, Vec<(Time, Uid)>> = BTreeMap::new();
    for Running { uid, process, .. } in facts.running() {
        if process.owner.as_ref().is_some_and(|owner| &*owner.kind == "StatefulSet") {
            let name = Key::new(process.identity.namespace.clone(), process.identity.pod.clone());
            names.entry(name).or_default().push((process.started, uid));
        }
    }
    let mut pairs = Vec::new();
    for (key, mut processes) in names {
        processes.order();
        let name = &key.name;
        let (_, older) = processes[0];
        for (_, newer) in &processes[1..] {
            pairs.push(Duplicate { name: name.clone(), older, newer: *newer, kind: DuplicateKind::Twice });
        }
        let successor = facts.objects.pods.get(&key).filter(|pod| pod.is_active() && pod.is_scheduled());
        if let (1, Some(pod)) = (processes.len(), successor)
            && pod.metadata.uid != older
        {
            let newer = pod.metadata.uid;
            pairs.push(Duplicate { name: name.clone(), older, newer, kind: DuplicateKind::Next });
        }
    }
    pairs
}

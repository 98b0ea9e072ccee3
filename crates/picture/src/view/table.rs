//! The table twin of the cluster picture: the same facts as text, ghosts included.

use super::facts::Facts;
use super::identity::Identity;
use super::marks::{
    BracketView, CellView, ClusterView, DuplicateKind, LinkView, NodeState, Target, TileState, TileView, Tone,
};
use super::revision::Notch;
use super::{order, words};
use petri_console::tables;
use petri_objects::order::Order as _;
use petri_objects::{Pod, Time};

/// One pod, or one process without an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub target: Target,
    pub identity: Identity,
    /// Whether the identity's mark is filled: a process runs.
    pub process: bool,
    /// Whether it is anything but ready or done, or what somebody believes and what is there have come apart.
    pub trouble: bool,
    pub name: String,
    /// Four digits of the uid, where another row has the same name.
    pub short: String,
    /// `None` for a ghost: the API server has nothing to say.
    pub belief: Option<Belief>,
    /// `no object since 7:04.1`, for ghosts; `no pod: asked for`, for what is not there.
    pub absence: String,
    /// `1`, `1, kept: partition`, `2, new`, `2, not asked for`; empty where none is counted.
    pub revision: String,
    pub notch: Notch,
    /// The shape of its set, where there are several.
    pub sign: Option<usize>,
    pub machine: String,
    pub machine_tone: Tone,
}

/// kubectl's columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Belief {
    pub ready: String,
    pub status: String,
    pub age: String,
    pub created: Time,
    pub ip: String,
    pub node: String,
}

/// The rows in the order of names, a ghost after its successor.
pub fn rows(view: &ClusterView, facts: &Facts) -> Vec<Row> {
    let mut tiles: Vec<&TileView> = view.tiles().collect();
    tiles.order_by_key(|tile| {
        let ghost = tile.state == TileState::Ghost;
        (tile.pod.namespace.clone(), order::natural(&tile.pod.name), ghost, tile.uid)
    });
    let mut rows: Vec<Row> = tiles.iter().map(|tile| row(tile, &tiles, view, facts)).collect();
    for set in &view.sets {
        let missing = set.cells.iter().filter_map(|cell| match cell {
            CellView::Slot(ordinal) => *ordinal,
            CellView::Pod(_) => None,
        });
        for slot in missing.map(|ordinal| slot(set, ordinal, facts)) {
            let place = rows.iter().position(|row| order::natural(&row.name) > order::natural(&slot.name));
            rows.insert(place.unwrap_or(rows.len()), slot);
        }
    }
    rows
}

/// A pod that was asked for and is not there.
fn slot(set: &BracketView, ordinal: u32, facts: &Facts) -> Row {
    let object = set.target.object();
    let namespace = object.as_ref().map_or("", |object| &object.namespace);
    let identity =
        Identity { owner: (&*set.name).into(), ordinal: Some(ordinal), hue: facts.hue(namespace, &set.name) };
    Row {
        target: set.target.clone(),
        identity,
        process: false,
        trouble: true,
        name: format!("{}-{ordinal}", set.name),
        short: String::new(),
        belief: None,
        absence: match object {
            Some(object) => format!("no pod: asked for by {object}"),
            None => "no pod: asked for".to_owned(),
        },
        revision: String::new(),
        notch: Notch::None,
        sign: set.sign,
        machine: "nothing".to_owned(),
        machine_tone: Tone::Calm,
    }
}

/// The revision in words: its number, and what becomes of it.
fn revision(tile: &TileView, view: &ClusterView) -> String {
    let number = match tile.revision.number {
        0 => return String::new(),
        number => number,
    };
    let set = || view.sets.iter().find(|set| set.cells.iter().any(|cell| is_of(cell, tile)));
    match tile.revision.notch {
        Notch::None => number.to_string(),
        Notch::New => format!("{number}, new"),
        Notch::Neither => format!("{number}, not asked for"),
        Notch::Old => match set() {
            Some(set) if set.line.starts_with("partition") => format!("{number}, kept: partition"),
            Some(set) if set.kind == "OnDelete" => format!("{number}, kept: OnDelete"),
            _ => format!("{number}, old"),
        },
    }
}

fn is_of(cell: &CellView, tile: &TileView) -> bool {
    matches!(cell, CellView::Pod(pod) if pod.uid == tile.uid)
}

fn row(tile: &TileView, all: &[&TileView], view: &ClusterView, facts: &Facts) -> Row {
    let pod = facts.pod(tile.uid);
    let twice = view
        .duplicates
        .iter()
        .any(|pair| pair.kind == DuplicateKind::Twice && (pair.older == tile.uid || pair.newer == tile.uid));
    let (machine, machine_tone) = machine(tile, twice, view, facts);
    let shared = all.iter().filter(|other| other.pod == tile.pod).count() > 1;
    let absence = match facts.deleted_at(tile.uid) {
        _ if pod.is_some() => String::new(),
        Some(at) => format!("no object since {}", words::moment_tenths(facts.start, at)),
        None => "no object".to_owned(),
    };
    Row {
        target: tile.target(),
        identity: tile.identity.clone(),
        process: tile.process,
        trouble: !matches!(tile.state, TileState::Ready | TileState::Completed)
            || machine_tone != Tone::Calm
            || tile.revision.notch == Notch::Neither,
        name: tile.pod.name.to_string(),
        short: if shared { tile.short.clone() } else { String::new() },
        belief: pod.map(|pod| belief(pod, facts.now)),
        absence,
        revision: revision(tile, view),
        notch: tile.revision.notch,
        sign: tile.sign,
        machine,
        machine_tone,
    }
}

/// One machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRow {
    pub target: Target,
    pub name: String,
    pub status: String,
    pub zone: String,
    pub pods: String,
    /// When the API server last heard of it.
    pub heard: String,
    pub machine: String,
    pub tone: Tone,
}

/// The machines in the order of the picture.
pub fn nodes(view: &ClusterView, facts: &Facts) -> Vec<NodeRow> {
    let row = |zone: &str, node: &super::marks::NodeView| {
        let heard = facts.last_heard(&node.name);
        let running = facts.running().filter(|running| running.node.name == node.name);
        let running = running.map(|running| running.uid).collect::<std::collections::BTreeSet<_>>().len();
        let link = match (&node.link, node.state) {
            (_, NodeState::Off) => "off".to_owned(),
            (LinkView::Cut { text, .. }, _) => text.clone(),
            (LinkView::Silent, _) => "its kubelet is stopped".to_owned(),
            (LinkView::Whole, _) if !node.latency.is_empty() => format!("answers, {}", node.latency),
            (LinkView::Whole, _) => "answers".to_owned(),
        };
        let parted: Vec<String> = facts.network.parted_from(&node.name).map(|other| other.to_string()).collect();
        let parted = if parted.is_empty() { String::new() } else { format!("; cut from {}", words::list(&parted)) };
        let is_whole = node.link == LinkView::Whole && node.latency.is_empty() && parted.is_empty();
        let runs =
            if running == 0 { String::new() } else { format!("; runs {}", words::plural(running as u32, "pod")) };
        NodeRow {
            target: Target::Node(node.name.clone()),
            name: node.name.to_string(),
            status: if node.status.is_empty() { "no object".to_owned() } else { node.status.clone() },
            zone: zone.to_owned(),
            pods: facts.objects.pods.values().filter(|pod| pod.spec.node_name == node.name).count().to_string(),
            heard: heard
                .map_or_else(|| "never".to_owned(), |at| format!("{} ago", words::duration(facts.now.since(at)))),
            machine: format!("{link}{parted}{runs}"),
            tone: if is_whole && node.state == NodeState::Ready { Tone::Calm } else { Tone::Risk },
        }
    };
    view.zones.iter().flat_map(|zone| zone.nodes.iter().map(|node| row(&zone.name, node))).collect()
}

fn belief(pod: &Pod, now: Time) -> Belief {
    let or_none = |text: &str| if text.is_empty() { "<none>".to_owned() } else { text.to_owned() };
    Belief {
        ready: tables::pod_ready(pod),
        status: tables::pod_status(pod),
        age: tables::age_since(pod.metadata.creation_timestamp, now),
        created: pod.metadata.creation_timestamp,
        ip: or_none(&pod.status.pod_ip),
        node: or_none(&pod.spec.node_name),
    }
}

/// What is really there, in a few words.
fn machine(tile: &TileView, twice: bool, view: &ClusterView, facts: &Facts) -> (String, Tone) {
    let disks: Vec<String> = facts
        .disks
        .writers()
        .filter(|(_, write)| write.uid == tile.uid)
        .map(|(disk, _)| disk.claim.as_ref().map_or_else(|| disk.volume.to_string(), |claim| claim.name.to_string()))
        .collect();
    let runs = if disks.is_empty() { "runs".to_owned() } else { format!("runs, writes to {}", words::list(&disks)) };
    match tile.state {
        TileState::Ghost => {
            let node = tile.node.as_deref().unwrap_or_default();
            let ip = facts.running().find(|running| running.uid == tile.uid).map(|r| r.process.ip.clone());
            let place = match ip {
                Some(ip) if !ip.is_empty() => format!("runs on {node} as {ip}"),
                _ => format!("runs on {node}"),
            };
            (place, if twice { Tone::Broken } else { Tone::Risk })
        }
        TileState::TerminatingUnconfirmed => (format!("{runs}, nobody can confirm"), Tone::Risk),
        TileState::BelievedDead => ("not there".to_owned(), Tone::Risk),
        TileState::Completed | TileState::Failed if !tile.process => ("ended".to_owned(), Tone::Calm),
        TileState::Pending => ("nothing".to_owned(), Tone::Calm),
        TileState::Creating { .. } => {
            let waits = view.disks().find(|disk| {
                disk.plugs
                    .iter()
                    .any(|plug| plug.tile == Some(tile.uid) && plug.kind == super::marks::PlugKind::Waiting)
            });
            match waits {
                Some(disk) => (format!("nothing yet, waits for {}", disk.name), Tone::Calm),
                None => (format!("nothing yet, {}", tile.fact), Tone::Calm),
            }
        }
        _ if tile.process => (runs, if twice { Tone::Broken } else { Tone::Calm }),
        _ => ("nothing".to_owned(), Tone::Calm),
    }
}

//! The sentence over the cluster: what is the case, in words, and what made it possible.

mod pieces;
mod rollouts;

use super::facts::Facts;
use super::intention::{Held, Intention};
use super::marks::{ClusterView, DuplicateKind, LinkView, NodeState, Piece, Say, TileState, TileView, Tone};
use super::words;
use petri_objects::{Kind, Name, ObjectRef, Pod, Uid};
use petri_sim::belief::api::shelf::Key;
use petri_sim::promises::foresight::Start;
use petri_sim::words::command::Command;
use petri_sim::words::invariants::{Evidence, Guarantee, Standing};
use pieces::{risk, text};
use std::rc::Rc;

/// The worst thing first: the end of the run, broken, at risk, out of contact, not complete, calm.
pub fn say(view: &ClusterView, intention: &Intention, held: &[Option<Held>], facts: &Facts) -> Say {
    None.or_else(|| ended(facts))
        .or_else(|| twice(view, facts))
        .or_else(|| broken(facts))
        .or_else(|| at_risk(view, facts))
        .or_else(|| rollouts::overdue(intention, held, facts))
        .or_else(|| rollouts::surplus(view))
        .or_else(|| apart(view, facts))
        .or_else(|| away(view, facts))
        // What fails is told before a rollout that goes on, and what is on its way after it.
        .or_else(|| match incomplete(view, facts) {
            Some(say) if say.tone != Tone::Calm => Some(say),
            say => rollouts::under_way(intention, held).or(say),
        })
        .or_else(|| impaired(view, facts))
        .unwrap_or_else(|| calm(view, facts))
}

/// The evidence against a guarantee: the worst subject's.
fn evidence<'w>(guarantee: Guarantee, facts: &Facts<'w>) -> Option<(&'w Evidence, bool, &'w Name)> {
    match facts.invariants?.worst(guarantee) {
        (Standing::Broken { evidence, .. }, Some(subject)) => Some((evidence, true, subject)),
        (Standing::AtRisk { evidence, .. }, Some(subject)) => Some((evidence, false, subject)),
        _ => None,
    }
}

/// The clock stands still: nothing that is seen will ever change.
fn ended(facts: &Facts) -> Option<Say> {
    let ended = facts.ended?;
    Some(Say {
        tone: Tone::Broken,
        headline: vec![text("Time "), Piece::Strong("stands still".into()), text(".")],
        sub: vec![
            text("Nothing comes after "),
            Piece::Moment { at: ended.at, text: words::moment(facts.start, ended.at) },
            text(format!(
                ": {} is busy with {} for ever. Every moment before can be looked at.",
                ended.who, ended.what
            )),
        ],
    })
}

fn twice(view: &ClusterView, facts: &Facts) -> Option<Say> {
    let pair = view.duplicates.iter().find(|pair| pair.kind == DuplicateKind::Twice)?;
    let mut sub = vec![text(old_and_new(view, pair.older, pair.newer, "runs"))];
    if let Some((evidence, _, _)) = evidence(Guarantee::AtMostOne, facts) {
        sub.extend(cause(evidence, facts));
    }
    Some(Say {
        tone: Tone::Broken,
        headline: vec![text(format!("{} exists ", pair.name)), Piece::Strong("twice".into()), text(".")],
        sub,
    })
}

fn old_and_new(view: &ClusterView, older: Uid, newer: Uid, verb: &str) -> String {
    let place = |uid: Uid| {
        let node = view.tiles().find(|tile| tile.uid == uid).and_then(|tile| tile.node.clone());
        node.map_or_else(|| "no node".to_owned(), |node| node.to_string())
    };
    format!(
        "The old process {} still runs on {}; the new pod {} {verb} on {}.",
        older.short(),
        place(older),
        newer.short(),
        place(newer)
    )
}

/// The command without which it could not have happened, with its moment.
fn cause(evidence: &Evidence, facts: &Facts) -> Vec<Piece> {
    let Some((at, command)) = evidence.command.and_then(|number| facts.command(number)) else { return Vec::new() };
    let what = match command {
        Command::Delete { target, grace_seconds: Some(0), .. } if target.kind == Kind::Pod => "The force delete".into(),
        Command::Delete { target, .. } if target.kind == Kind::Node => {
            format!("The removal of the Node object {}", target.name)
        }
        Command::Delete { target, .. } => format!("The deletion of {target}"),
        Command::Taint { node, .. } => format!("The taint on {node}"),
        other => format!("“{}”", super::lanes::short_line(other)),
    };
    vec![text(format!(" {what} at ")), Piece::Moment { at, text: words::moment(facts.start, at) }, text(" allowed it.")]
}

fn broken(facts: &Facts) -> Option<Say> {
    let order = [
        Guarantee::OneWriter,
        Guarantee::AtMostOne,
        Guarantee::OneLeader,
        Guarantee::Quorum,
        Guarantee::Data,
        Guarantee::Budget,
        Guarantee::Ordered,
        Guarantee::AtLeast,
    ];
    order.into_iter().find_map(|guarantee| {
        let (evidence, true, subject) = evidence(guarantee, facts)? else { return None };
        let name = subject.rsplit('/').next().unwrap_or(subject);
        let headline = match guarantee {
            Guarantee::OneWriter => {
                vec![text(format!("{} has ", disk_name(name, facts))), Piece::Strong("two writers".into()), text(".")]
            }
            Guarantee::AtMostOne => {
                vec![text(format!("{name} runs ")), Piece::Strong("twice".into()), text(".")]
            }
            Guarantee::Ordered => {
                vec![text(format!("{name} came ")), Piece::Strong("out of order".into()), text(".")]
            }
            Guarantee::OneLeader => {
                vec![text(format!("The lock {name} has ")), Piece::Strong("two holders".into()), text(".")]
            }
            Guarantee::Quorum => {
                vec![text(format!("{name} has ")), Piece::Strong("no majority".into()), text(".")]
            }
            Guarantee::Data => {
                vec![text(format!("{} ", disk_name(name, facts))), Piece::Strong("lost its order".into()), text(".")]
            }
            Guarantee::Budget => {
                vec![text(format!("The budget {name} was ")), Piece::Strong("broken".into()), text(".")]
            }
            Guarantee::AtLeast => {
                vec![text(format!("{name} has ")), Piece::Strong("too few".into()), text(" available pods.")]
            }
        };
        let mut sub = vec![text(sentence(&evidence.sentence))];
        sub.extend(cause(evidence, facts));
        Some(Say { tone: Tone::Broken, headline, sub })
    })
}

/// A disk goes by the name of its claim, if it has one.
fn disk_name(volume: &str, facts: &Facts) -> String {
    facts
        .disks
        .get(volume)
        .and_then(|disk| disk.claim.as_ref())
        .map_or_else(|| volume.to_owned(), |claim| claim.name.to_string())
}

fn sentence(text: &str) -> String {
    let mut sentence = text.trim().to_owned();
    if !sentence.is_empty() && !sentence.ends_with('.') {
        sentence.push('.');
    }
    sentence
}

fn at_risk(view: &ClusterView, facts: &Facts) -> Option<Say> {
    if let Some(pair) = view.duplicates.iter().find(|pair| pair.kind == DuplicateKind::Next) {
        let mut headline = vec![text(format!("{} may run ", pair.name)), Piece::Strong("twice".into())];
        match facts.successors.get(&pair.newer) {
            Some(Start::At(at)) => {
                headline.extend([text(" at "), Piece::Moment { at: *at, text: words::moment(facts.start, *at) }]);
            }
            Some(Start::WhenAnswers(node)) => headline.push(text(format!(" as soon as {node} answers"))),
            Some(Start::WhenReleased(node)) => headline.push(text(format!(" as soon as {node} lets go of its disk"))),
            Some(Start::WhenPlaced | Start::Unknown) | None => headline.push(text(" as soon as its disk is there")),
        }
        headline.push(text("."));
        let mut sub = vec![text(old_and_new(view, pair.older, pair.newer, "starts"))];
        if let Some((evidence, _, _)) = evidence(Guarantee::AtMostOne, facts) {
            sub.extend(cause(evidence, facts));
        }
        return Some(Say { tone: Tone::Risk, headline, sub });
    }
    [Guarantee::OneWriter, Guarantee::AtMostOne, Guarantee::OneLeader, Guarantee::Ordered].into_iter().find_map(
        |guarantee| {
            let (evidence, false, subject) = evidence(guarantee, facts)? else { return None };
            let name = subject.rsplit('/').next().unwrap_or(subject);
            let headline = match guarantee {
                Guarantee::OneWriter => format!("{} may get two writers.", disk_name(name, facts)),
                Guarantee::AtMostOne => format!("{name} may run twice as soon as a node takes its new pod."),
                Guarantee::OneLeader => format!("The lock {name} may get two holders."),
                _ => format!("{name} may come out of order."),
            };
            let mut sub = vec![text(sentence(&evidence.sentence))];
            sub.extend(cause(evidence, facts));
            Some(Say { tone: Tone::Risk, headline: vec![text(headline)], sub })
        },
    )
}

/// Nobody can ask or tell anything.
fn away(view: &ClusterView, facts: &Facts) -> Option<Say> {
    facts.network.is_control_plane_down().then(|| standstill(view))
}

/// What of the control plane does not work, and what that means.
fn standstill(view: &ClusterView) -> Say {
    risk(view.control_plane.trouble.clone(), "What runs goes on; what changes waits for it.".to_owned())
}

/// Belief and reality have come apart, and no guarantee is touched yet.
fn apart(view: &ClusterView, facts: &Facts) -> Option<Say> {
    if let Some(ghost) = view.tiles().find(|tile| tile.state == TileState::Ghost) {
        let sub = format!(
            "Process {} runs on {}; the API server has no object for it.",
            ghost.short,
            ghost.node.as_deref().unwrap_or("no node")
        );
        return Some(risk(format!("{} runs without an object.", ghost.pod.name), sub));
    }
    let silent: Vec<_> =
        view.nodes().filter(|node| node.link != LinkView::Whole || node.state != NodeState::Ready).collect();
    let [node, others @ ..] = &silent[..] else { return None };
    if !others.is_empty() {
        let names: Vec<String> = silent.iter().map(|node| node.name.to_string()).collect();
        let believed = silent.iter().filter(|node| node.status.starts_with("Ready")).count();
        let sub = match believed {
            0 => "The API server has noticed; what runs there, nobody can confirm.".to_owned(),
            _ => "The API server still believes what it heard last.".to_owned(),
        };
        return Some(risk(format!("{} do not answer.", words::list(&names)), sub));
    }
    let names = |runs: bool| {
        let tiles = node.tiles.iter().filter(|tile| tile.process == runs);
        tiles.map(|tile| tile.pod.name.to_string()).collect::<Vec<String>>()
    };
    let (pods, placed) = (names(true), names(false));
    let run = if pods.len() == 1 { "runs" } else { "run" };
    let believed = node.status.starts_with("Ready");
    let there = words::list(&pods);
    let (headline, sub) = match (&node.link, node.state) {
        (_, NodeState::Unregistered) => (
            format!("{} has no Node object.", node.name),
            "The machine is on; the API server does not know it.".to_owned(),
        ),
        (LinkView::Silent, _) if !node.powered && node.tiles.is_empty() => {
            (format!("{} is off.", node.name), format!("Nothing of it runs; {}.", heard(node, facts)))
        }
        (LinkView::Silent, _) if !node.powered => (
            format!("{} is off.", node.name),
            format!("The API server still lists {}; no process of it is left.", words::list(&placed)),
        ),
        (LinkView::Silent, _) => (
            format!("The kubelet on {} is stopped.", node.name),
            format!("Its containers run on, and nobody reports; {}.", heard(node, facts)),
        ),
        (LinkView::Cut { .. }, _) if !node.powered => (
            format!("{} is off.", node.name),
            "Nothing runs there; the API server knows only that it is silent.".to_owned(),
        ),
        (LinkView::Cut { .. }, _) if believed => (
            format!("{} is cut off.", node.name),
            format!("The API server has not noticed yet; {}.", heard(node, facts)),
        ),
        (LinkView::Cut { .. }, _) if node.tiles.is_empty() => {
            (format!("{} is cut off.", node.name), "The API server has noticed: it is NotReady.".to_owned())
        }
        (LinkView::Cut { .. }, _) if pods.is_empty() => {
            let was = if placed.len() == 1 { "is" } else { "are" };
            let sub = format!("{} {was} placed there, and nothing of it runs.", words::list(&placed));
            (format!("{} is cut off.", node.name), sub)
        }
        (LinkView::Cut { .. }, _) => {
            (format!("{} is cut off.", node.name), format!("{there} still {run} there, and nobody can confirm it."))
        }
        (LinkView::Whole, NodeState::OutOfService) => (
            format!("{} is marked out of service.", node.name),
            "Its pods are removed and its disks detached without asking it.".to_owned(),
        ),
        (LinkView::Whole, _) => {
            (format!("{} is not Ready.", node.name), format!("It answers again; {}.", heard(node, facts)))
        }
    };
    Some(risk(headline, sub))
}

fn heard(node: &super::marks::NodeView, facts: &Facts) -> String {
    facts.last_heard(&node.name).map_or_else(
        || "it was never heard".to_owned(),
        |at| format!("it was last heard {} ago", words::duration(facts.now.since(at))),
    )
}

/// Pods that are on their way, or that nobody has made yet: not trouble, but not complete.
fn incomplete(view: &ClusterView, facts: &Facts) -> Option<Say> {
    // Pods without names of their own are replaced while they stop: those that stop are not among those asked for.
    let replaced = |tile: &TileView| tile.identity.ordinal.is_none() && tile.state == TileState::Terminating;
    let counted = |tile: &&TileView| tile.state != TileState::Completed && !replaced(tile);
    let missing = missing(facts);
    let number: i32 = missing.iter().map(|(_, number)| number).sum();
    let total = view.tiles().filter(counted).count() + number.unsigned_abs() as usize;
    let open: Vec<&TileView> = view.tiles().filter(counted).filter(|tile| tile.state != TileState::Ready).collect();
    let ready = view.tiles().filter(|tile| tile.state == TileState::Ready).count();
    let count = format!("{ready} of {} ready.", words::plural(total as u32, "pod"));
    let Some(first) = open.first() else {
        let (set, number) = missing.first()?;
        let sub = why_missing(set, facts)
            .unwrap_or_else(|| format!("{} asks for {} more.", set.name, words::plural(number.unsigned_abs(), "pod")));
        return Some(Say { tone: Tone::Calm, headline: vec![text(count)], sub: vec![text(sub)] });
    };
    let stuck = |t: &&TileView| fails(t).is_some() || placeless(t);
    let tone = if open.iter().any(stuck) { Tone::Risk } else { Tone::Calm };
    // What waits for somebody to act is said before how much there is.
    if let Some((tile, why, more)) = open.iter().find_map(|tile| {
        let pod = facts.pod(tile.uid).filter(|_| placeless(tile))?;
        match super::tiles::blocked(pod, facts) {
            Some(why) => Some((tile, why, "")),
            None => tile.fact.starts_with("0/").then(|| (tile, "no node takes it".to_owned(), tile.fact.as_str())),
        }
    }) {
        let headline = format!("{} waits: {why}.", tile.pod.name);
        let sub = if more.is_empty() { count } else { format!("{count} {}", sentence(more)) };
        return Some(Say { tone, headline: vec![text(headline)], sub: vec![text(sub)] });
    }
    if let Some((tile, what)) = open.iter().find_map(|tile| Some((tile, fails(tile)?))) {
        let headline = format!("{} {what}: {}.", tile.pod.name, tile.fact.trim_end_matches('.'));
        return Some(Say {
            tone,
            headline: vec![text(headline)],
            sub: vec![text(format!("{count} Its status is {}.", tile.status))],
        });
    }
    let sub = format!("{}: {}, {}.", first.pod.name, first.status, first.fact.trim_end_matches('.'));
    Some(Say { tone, headline: vec![text(count)], sub: vec![text(sub)] })
}

/// What becomes of a pod that time alone does not help.
fn fails(tile: &TileView) -> Option<&'static str> {
    match tile.state {
        TileState::Failed => Some("has failed"),
        TileState::CrashLoop => Some("crashes"),
        TileState::Creating { .. } if tile.fact == super::tiles::NO_IMAGE => Some("waits"),
        _ => None,
    }
}

/// What waits for a node waits for somebody: nothing will place it by itself.
fn placeless(tile: &TileView) -> bool {
    tile.state == TileState::Pending && tile.node.is_none()
}

/// Sets that ask for more pods than there are, and for how many.
fn missing(facts: &Facts) -> Vec<(ObjectRef, i32)> {
    let objects = facts.objects;
    let sets = objects.stateful_sets.values().map(|set| (&set.metadata, Kind::StatefulSet, set.replicas()));
    let others = objects.replica_sets.values().map(|set| (&set.metadata, Kind::ReplicaSet, set.replicas()));
    let short = sets.chain(others).filter(|(meta, _, _)| !meta.is_terminating()).filter_map(|(meta, kind, wanted)| {
        let leaves = |pod: &Rc<Pod>| kind == Kind::ReplicaSet && pod.is_terminating();
        let owned =
            |pod: &&Rc<Pod>| !leaves(pod) && pod.metadata.controller().is_some_and(|owner| owner.uid == meta.uid);
        let there = objects.pods.in_namespace(&meta.namespace).filter(owned).count() as i32;
        (wanted > there).then(|| (ObjectRef::new(kind, meta.namespace.clone(), meta.name.clone()), wanted - there))
    });
    short.collect()
}

fn why_missing(set: &ObjectRef, facts: &Facts) -> Option<String> {
    facts.reason(|standstill| {
        let about = standstill.key.name == set.name && standstill.key.namespace == set.namespace;
        about.then(|| standstill.reason.sentence(facts.start))
    })
}

/// What is slow or half broken, where nothing shows it yet.
fn impaired(view: &ClusterView, facts: &Facts) -> Option<Say> {
    let unseen = "Everybody answers the control plane, so it believes that all is well.";
    if let Some((node, other)) = view.nodes().find_map(|node| {
        let other = facts.network.parted_from(&node.name).next()?;
        Some((&node.name, other))
    }) {
        return Some(risk(format!("{node} and {other} do not reach each other."), unseen.to_owned()));
    }
    if let Some(node) = view.nodes().find(|node| !node.latency.is_empty()) {
        let sub = format!("What it says and hears takes {}; nothing has come of it yet.", node.latency);
        return Some(risk(format!("The link of {} is slow.", node.name), sub));
    }
    if view.nodes().any(|node| node.cordoned)
        && let Some((tile, why)) = super::budgets::stays(view, facts)
    {
        let node = tile.node.as_deref().unwrap_or("its node");
        return Some(risk(format!("{} may not leave {node}.", tile.pod.name), why));
    }
    (!view.control_plane.trouble.is_empty()).then(|| standstill(view))
}

fn calm(view: &ClusterView, facts: &Facts) -> Say {
    let tiles: Vec<&TileView> = view.tiles().filter(|tile| tile.state == TileState::Ready).collect();
    let number = tiles.len() as u32;
    let nodes = view.nodes().count() as u32;
    if number == 0 {
        let headline = format!("{}, no pods.", words_for(nodes, "node"));
        let sub = "Apply a manifest, and the control loops give them something to do.";
        return Say { tone: Tone::Calm, headline: vec![text(headline)], sub: vec![text(sub)] };
    }
    let named = tiles.iter().all(|tile| tile.identity.ordinal.is_some());
    let own = |tile: &TileView| {
        let is_its = |disk: &super::marks::DiskView| {
            !disk.plugs.is_empty() && disk.plugs.iter().all(|plug| plug.tile == Some(tile.uid))
        };
        view.disks().any(is_its)
    };
    let disks = tiles.iter().all(|tile| own(tile));
    let addresses = tiles.iter().all(|tile| {
        facts.pod(tile.uid).is_some_and(|pod| {
            let service = Key::new(pod.metadata.namespace.clone(), pod.spec.subdomain.clone());
            facts.objects.services.get(&service).is_some()
        })
    });
    let pods = words_for(number, "pod");
    let each = if number == 1 { "" } else { "each " };
    let headline = match (disks, addresses) {
        _ if !named && number == 1 => "One pod, ready.".to_owned(),
        _ if !named => format!("{pods}, all ready."),
        (true, true) => format!("{pods}, {each}with a name, a disk and an address."),
        (true, false) => format!("{pods}, {each}with a name and a disk."),
        (false, true) => format!("{pods}, {each}with a name and an address."),
        (false, false) => format!("{pods}, {each}with a name."),
    };
    let cordoned: Vec<String> = view.nodes().filter(|node| node.cordoned).map(|node| node.name.to_string()).collect();
    let leader = tiles.iter().find(|tile| tile.leads);
    let sub = match (leader, cordoned.as_slice()) {
        (_, [_, ..]) => format!("No new pods for {}: cordoned. What runs there stays.", words::list(&cordoned)),
        (Some(tile), []) => format!("{} holds the lock, and acts alone.", tile.pod.name),
        // Who has seen them part needs no hint.
        (None, []) if facts.invariants.is_some_and(|invariants| !invariants.first_broken.is_empty()) => {
            "What the API server believes and what the machines run are the same again.".to_owned()
        }
        (None, []) => {
            "What the API server believes and what the machines run are the same. Cut one machine off, and they part."
                .to_owned()
        }
    };
    Say { tone: Tone::Calm, headline: vec![text(headline)], sub: vec![text(sub)] }
}

fn words_for(number: u32, noun: &str) -> String {
    format!("{} {noun}{}", words::count(number), if number == 1 { "" } else { "s" })
}

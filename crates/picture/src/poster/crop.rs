//! The part of a cluster that a small file has room for.

use crate::view::layout::is_trouble;
use crate::view::{ClusterView, TileState, words};
use petri_objects::Name;
use std::collections::BTreeSet;

/// So many pods of a node show what it is like.
const MANY: usize = 12;

/// How much is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crop {
    nodes: usize,
    /// Of each node, and of those that no node has.
    pods: usize,
}

impl Crop {
    pub fn none(view: &ClusterView) -> Crop {
        let pods = view.nodes().map(|node| node.tiles.len()).chain([view.waiting.len(), view.loose.len()]).max();
        Crop { nodes: view.nodes().count(), pods: pods.unwrap_or(0) }
    }
    /// Less, where this took so many times of the room that there is; `None` below one node with one pod.
    pub fn smaller(self, bytes: usize, room: usize) -> Option<Crop> {
        // At least a quarter less, and no less than will fit for sure.
        let less =
            |number: usize, least: usize| (number * room / bytes.max(room)).min(number - number.div_ceil(4)).max(least);
        match self {
            Crop { nodes: 0 | 1, pods: 0 | 1 } => None,
            // Many pods of one kind say little: they go first.
            Crop { nodes, pods } if pods > MANY => Some(Crop { nodes, pods: less(pods, MANY) }),
            Crop { nodes: nodes @ (0 | 1), pods } => Some(Crop { nodes, pods: less(pods, 1) }),
            Crop { nodes, pods } => Some(Crop { nodes: less(nodes, 1), pods }),
        }
    }
}

/// The part, those in trouble before all others, and what is left out, in words.
pub fn crop(view: &ClusterView, crop: Crop) -> (ClusterView, String) {
    if crop == Crop::none(view) {
        return (view.clone(), String::new());
    }
    let (mut part, nodes, pods) = (view.clone(), view.nodes().count(), view.tiles().count());
    let mut ranked: Vec<(bool, usize, &Name)> =
        view.nodes().enumerate().map(|(place, node)| (!is_trouble(node), place, &node.name)).collect();
    ranked.sort_unstable();
    let kept: BTreeSet<&Name> = ranked.iter().take(crop.nodes).map(|(.., name)| *name).collect();
    for zone in &mut part.zones {
        zone.nodes.retain(|node| kept.contains(&node.name));
        for node in &mut zone.nodes {
            node.tiles = first(&node.tiles, crop.pods, |tile| tile.state.is_trouble());
        }
        let pods: BTreeSet<_> = zone.nodes.iter().flat_map(|node| &node.tiles).map(|tile| tile.uid).collect();
        zone.disks.retain(|disk| disk.plugs.iter().any(|plug| plug.tile.is_some_and(|tile| pods.contains(&tile))));
    }
    part.zones.retain(|zone| !zone.nodes.is_empty());
    part.waiting = first(&part.waiting, crop.pods, |tile| tile.state != TileState::Pending);
    part.loose.truncate(crop.pods);
    let left = |all: usize, drawn: usize| u32::try_from(all - drawn).unwrap_or(u32::MAX);
    let missing = [(left(nodes, part.nodes().count()), "node"), (left(pods, part.tiles().count()), "pod")];
    let missing: Vec<String> = missing
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, noun)| words::plural(n, &format!("more {noun}")))
        .collect();
    let hidden = if missing.is_empty() {
        "Not all disks are drawn".to_owned()
    } else {
        format!("And {}", words::list(&missing))
    };
    (part, hidden)
}

/// So many, in their order, those that matter before all others.
fn first<T: Clone>(all: &[T], most: usize, matters: impl Fn(&T) -> bool) -> Vec<T> {
    let mut ranked: Vec<usize> = (0..all.len()).collect();
    ranked.sort_by_key(|place| !matters(&all[*place]));
    ranked.truncate(most);
    ranked.sort_unstable();
    ranked.into_iter().map(|place| all[place].clone()).collect()
}

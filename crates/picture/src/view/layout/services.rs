//! Rails of Services, below everything that stands still: one that comes or goes moves nothing.

use super::boxes::{ClusterLayout, NodeForm, Rect, ServiceBox};
use crate::view::marks::ClusterView;
use petri_objects::Uid;

const RAIL: i32 = 32;
const GAP: i32 = 8;
/// From the zones to the first rail: the ends of plugs are seen there.
const DROP: i32 = 14;
/// How far beside a node lines run down, and how far apart.
const BESIDE: i32 = 5;
const APART: i32 = 5;

/// Places the rails; answers where the last one ends.
pub(super) fn place(view: &ClusterView, margin: i32, bottom: i32, layout: &mut ClusterLayout) -> i32 {
    let mut y = bottom + DROP;
    for service in &view.services {
        let rect = Rect::new(margin, y, layout.width - 2 * margin, RAIL);
        // A line for each tile: plugs first, then callers, so that no two run on one another.
        let line = |tile: Uid, number: i32| line(view, layout, tile, number, rect.y);
        let plugs = (0..).zip(&service.plugs).map(|(_, plug)| line(plug.tile, 0)).collect();
        let calls = service.callers.iter().map(|uid| line(*uid, 1)).collect();
        layout.services.push(ServiceBox { rect, plugs, calls });
        y += RAIL + GAP;
    }
    y - GAP
}

/// From a pod's right edge out of its node and down; nothing where pods are too small or nodes are no cards.
fn line(view: &ClusterView, layout: &ClusterLayout, tile: Uid, lane: i32, end: i32) -> Vec<(i32, i32)> {
    if layout.narrow {
        return Vec::new();
    }
    for (node, place) in view.nodes().zip(layout.nodes()) {
        let Some(index) = node.tiles.iter().position(|view| view.uid == tile) else { continue };
        let at = place.tiles[index].rect;
        if place.form != NodeForm::Card || at.h < 30 {
            return Vec::new();
        }
        // Each pod of a node has its own way down; those who call stand further out.
        let x = place.rect.right() + BESIDE + APART * (index as i32 + lane).min(2);
        let y = at.middle().1;
        return vec![(at.right(), y), (x, y), (x, end)];
    }
    Vec::new()
}

//! Where everything of the cluster picture stands, in whole pixels.
//!
//! Three sizes of one grammar are chosen by the room there is: tiles, chips, cells. Wide pictures have one column per
//! zone; narrow ones stack the zones, and calm nodes become rows.
//!
//! A wide picture is a map: where a machine stands depends on which machines and sets there are, and on nothing else.
//! Trouble and selection change marks; pods find their place inside of their machine, or on the rail of those that have
//! none. Only where somebody wants every pod with its words, cards grow.

mod boxes;
mod brackets;
mod join;
mod services;
mod zone;

use super::marks::{ClusterView, ZoneView};
pub use boxes::{
    Bar, BracketBox, ClusterLayout, Density, DiskBox, NodeBox, NodeForm, RailBox, Rect, ServiceBox, Size, TileBox,
    ZoneBox, density, is_trouble, row_words,
};
use boxes::{CARD, TIGHT};
use zone::ZonePlan;

/// The space around everything, and between zones.
const MARGIN: i32 = 12;
const GAP: i32 = 10;
/// From the control plane to the zones.
const STAGE: i32 = 14;
const ROOMY: i32 = 52;
/// The width below which zones are stacked.
const NARROW: i32 = 560;
/// More nodes than this are drawn as strips, unless there is trouble with them.
const MANY_NODES: usize = 8;
const STRIP_ZONE: i32 = 216;

/// Lays the picture out for a width in pixels; 340 and more is meant to look well.
pub fn layout(view: &ClusterView, width: u32) -> ClusterLayout {
    layout_in(view, width, density(view.tiles().count()))
}

/// The same with pods of a size that was chosen for all of them.
pub fn layout_in(view: &ClusterView, width: u32, size: Size) -> ClusterLayout {
    let width = i32::try_from(width).unwrap_or(i32::MAX).clamp(300, 4_000);
    let narrow = width < NARROW;
    layout_as(view, width, size, narrow)
}

/// The same in a low window: zones that would not stand side by side are stacked, calm nodes as rows.
pub fn layout_low(view: &ClusterView, width: u32, size: Size) -> ClusterLayout {
    let width = i32::try_from(width).unwrap_or(i32::MAX).clamp(300, 4_000);
    let cards = |zone: &ZoneView| zone.nodes.len().max(1) as i32 * (CARD + TIGHT) - TIGHT + 16 + GAP;
    let row: i32 = view.zones.iter().map(cards).sum();
    let high = row - GAP > width - 2 * MARGIN && view.nodes().count() <= MANY_NODES;
    layout_as(view, width, size, width < NARROW || high)
}

fn layout_as(view: &ClusterView, width: i32, size: Size, narrow: bool) -> ClusterLayout {
    let margin = if narrow { GAP } else { MARGIN };
    let mut layout = ClusterLayout {
        width,
        narrow,
        control_plane: Rect::new(margin, 10, width - 2 * margin, 30),
        ..ClusterLayout::default()
    };
    brackets::place(view, &mut layout);
    let from = layout.control_plane.bottom();
    let bottom = if narrow { stacked(view, size, from, &mut layout) } else { columns(view, size, from, &mut layout) };
    // What waits for a moment does not move the rest.
    let bottom = waiting(view, size, (margin, margin), bottom, &mut layout);
    let bottom = if view.services.is_empty() { bottom } else { services::place(view, margin, bottom, &mut layout) };
    layout.bars = join::bars(view, &layout);
    layout.height = bottom + GAP;
    layout
}

/// Zones side by side, in as many rows as it takes.
fn columns(view: &ClusterView, size: Size, above: i32, layout: &mut ClusterLayout) -> i32 {
    let inner = layout.width - 2 * MARGIN;
    let strips = view.nodes().count() > MANY_NODES;
    let smallest = |zone: &ZoneView| {
        let nodes = zone.nodes.len().max(1) as i32;
        let cards = nodes * CARD + (nodes - 1) * TIGHT + 16;
        if strips { STRIP_ZONE.min(inner) } else { cards.min(inner) }
    };
    let mut rows: Vec<Vec<usize>> = Vec::new();
    let mut used = 0;
    for (index, zone) in view.zones.iter().enumerate() {
        let w = smallest(zone);
        match rows.last_mut() {
            Some(row) if used + GAP + w <= inner => {
                row.push(index);
                used += GAP + w;
            }
            _ => {
                rows.push(vec![index]);
                used = w;
            }
        }
    }
    let mut y = above + STAGE;
    for (number, row) in rows.iter().enumerate() {
        let gaps = GAP * (row.len() as i32 - 1);
        let extra = (inner - gaps - row.iter().map(|i| smallest(&view.zones[*i])).sum::<i32>()).max(0);
        let nodes: i32 = row.iter().map(|i| view.zones[*i].nodes.len().max(1) as i32).sum();
        let between = nodes - row.len() as i32;
        let gap = TIGHT + if between > 0 && !strips { (extra / between).min(ROOMY - TIGHT) } else { 0 };
        let rest = extra - (gap - TIGHT) * between;
        let mut x = MARGIN;
        let mut plans: Vec<ZonePlan> = Vec::new();
        for (place, index) in row.iter().enumerate() {
            let zone = &view.zones[*index];
            let own = zone.nodes.len().max(1) as i32;
            let share = if strips { rest / row.len() as i32 } else { rest * own / nodes };
            let grown = smallest(zone) + (gap - TIGHT) * (own - 1) + share;
            let last = place + 1 == row.len();
            let w = if last || strips && row.len() == 1 { layout.width - MARGIN - x } else { grown };
            let w = w.min(layout.width - MARGIN - x);
            plans.push(ZonePlan::new(zone, Rect::new(x, y, w, 0), size, gap, strips));
            x += w + GAP;
        }
        // Nodes of one row are equally high, so that the disks below them stand on one line.
        let rail = plans.iter().map(ZonePlan::nodes_height).max().unwrap_or(0);
        let height = plans.iter().map(|plan| plan.height(rail, view.has_disks)).max().unwrap_or(0);
        for plan in plans {
            let from = (number == 0).then_some(layout.control_plane.bottom());
            let (zone, trunk) = plan.place(rail, height, from);
            layout.trunks.extend(trunk);
            layout.zones.push(zone);
        }
        y += height + GAP;
    }
    if rows.len() > 1 {
        zone::link_lower_rows(layout);
    }
    y - GAP
}

/// Zones one below the other, with one trunk at the left.
fn stacked(view: &ClusterView, size: Size, above: i32, layout: &mut ClusterLayout) -> i32 {
    const TRUNK: i32 = 16;
    let mut y = above + GAP;
    let mut end = layout.control_plane.bottom();
    for zone in &view.zones {
        let rect = Rect::new(28, y, layout.width - 28 - GAP, 0);
        let placed = zone::place_stacked(zone, rect, size, TRUNK, &view.duplicates);
        y = placed.rect.bottom() + 8;
        for node in &placed.nodes {
            end = end.max(node.link.first().map_or(end, |(_, y)| *y));
        }
        layout.zones.push(placed);
    }
    layout.trunks.push(vec![(TRUNK, layout.control_plane.bottom()), (TRUNK, end)]);
    y - 8
}

/// Pods without a node and claims without a zone, below `bottom`.
fn waiting(
    view: &ClusterView,
    size: Size,
    (start, margin): (i32, i32),
    bottom: i32,
    layout: &mut ClusterLayout,
) -> i32 {
    let tiles: &[_] = if layout.rail.is_some() { &[] } else { &view.waiting };
    if tiles.is_empty() && view.loose.is_empty() {
        return bottom;
    }
    let inner = layout.width - start - margin - 16;
    let (left, mut y) = (start + 8, bottom + GAP + 26);
    let (w, h, gap) = match size {
        Size::Tile | Size::Row => (inner.min(372), 66, 8),
        Size::Chip => (64, 22, 6),
        Size::Cell => (16, 16, 8),
    };
    let mut x = left;
    for _ in tiles {
        if x > left && x + w > left + inner {
            x = left;
            y += h + gap;
        }
        layout
            .waiting_tiles
            .push(TileBox { rect: Rect::new(x, y, w, h), size: if size == Size::Row { Size::Tile } else { size } });
        x += w + gap;
    }
    if !tiles.is_empty() {
        y += h + gap;
    }
    x = left;
    let w = inner.min(220);
    for disk in &view.loose {
        if x > left && x + w > left + inner {
            x = left;
            y += 46;
        }
        layout.loose.push(DiskBox {
            rect: Some(Rect::new(x, y, w, 40)),
            small: false,
            plugs: vec![Vec::new(); disk.plugs.len()],
        });
        x += w + 8;
    }
    if !view.loose.is_empty() {
        y += 48;
    }
    let rect = Rect::new(start, bottom + GAP, layout.width - start - margin, y - bottom - GAP);
    layout.waiting = Some(rect);
    rect.bottom()
}

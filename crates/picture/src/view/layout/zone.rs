//! The inside of a zone: nodes in rows, pods in nodes, disks on the rail below.

use super::boxes::{
    CARD, ClusterLayout, DiskBox, NodeBox, NodeForm, Rect, Size, TIGHT, TileBox, ZoneBox, is_trouble, row_words,
};
use crate::view::marks::{DiskState, DiskView, Duplicate, NodeView, Plug, TileState, ZoneView};
use petri_objects::order::Order as _;

/// From a zone's top to its first node.
const LABEL: i32 = 26;
/// From a card's top to its pods, and from the last pod to its bottom.
const HEAD: i32 = 30;
const FOOT: i32 = 10;
/// Between the nodes and the disks.
const DROP: i32 = 28;
const DISK: i32 = 40;
const DISK_GAP: i32 = 12;
/// The room for a strip's name.
const STRIP_TEXT: i32 = 60;

/// Width, height and gap of a pod of some size; a tile takes what its column gives.
fn measure(size: Size, column: i32) -> (i32, i32, i32) {
    match size {
        Size::Tile => (column.min(300), 66, 8),
        Size::Row => (column, 30, 6),
        Size::Chip => (64, 22, 6),
        Size::Cell => (16, 16, 8),
    }
}

/// Places `count` pods in rows within a width; the height that it takes.
fn flow(count: usize, size: Size, x: i32, y: i32, width: i32) -> (Vec<TileBox>, i32) {
    let columns = match size {
        Size::Tile => ((width + 8) / (148 + 8)).clamp(1, count.max(1) as i32),
        _ => {
            let (w, _, gap) = measure(size, width);
            ((width + gap) / (w + gap)).max(1)
        }
    };
    let (w, h, gap) = measure(size, (width - 8 * (columns - 1)) / columns);
    let boxes = (0..count as i32)
        .map(|i| Rect::new(x + i % columns * (w + gap), y + i / columns * (h + gap), w, h))
        .map(|rect| TileBox { rect, size })
        .collect();
    let rows = (count as i32 + columns - 1) / columns;
    (boxes, (rows * (h + gap) - gap).max(0))
}

/// The room for pods in a card: a tile and a row, or three rows. It is there however many pods there are, so that no
/// pod that comes or goes moves a machine.
const BODY: i32 = 66 + 6 + 30;

/// Places a node's pods in its card; the height that they take. Of two the first with an ordinal has its words, three
/// have a line each, and more are small. Where every pod is wanted with its words (`near`), cards grow.
fn in_card(node: &NodeView, size: Size, x: i32, y: i32, width: i32) -> (Vec<TileBox>, i32) {
    let count = node.tiles.len() as i32;
    if node.near {
        let size = if count <= 3 { Size::Tile } else { Size::Row };
        let (boxes, height) = flow(node.tiles.len().max(1), size, x, y, width);
        return (boxes.into_iter().take(node.tiles.len()).collect(), height.max(BODY));
    }
    let row = |y: i32| TileBox { rect: Rect::new(x, y, width.min(300), 30), size: Size::Row };
    let chips = ((width + 6) / 70).max(1);
    match count {
        _ if size == Size::Cell => grid(count, (16, 16, 5), Size::Cell, x, y, width),
        0 => (Vec::new(), BODY),
        1 | 2 => {
            let large = node.tiles.iter().position(|tile| tile.identity.ordinal.is_some()).unwrap_or(0);
            let place = |index: usize| match index == large {
                true => TileBox { rect: Rect::new(x, y, width.min(300), 66), size: Size::Tile },
                false => row(y + 72),
            };
            ((0..node.tiles.len()).map(place).collect(), BODY)
        }
        3 => ((0..3).map(|index| row(y + index * 36)).collect(), BODY),
        _ if count <= 4 * chips => grid(count, ((width - 6 * (chips - 1)) / chips, 22, 4), Size::Chip, x, y, width),
        _ => grid(count, (16, 16, 5), Size::Cell, x, y, width),
    }
}

/// Equal marks in as many columns as there is room for.
fn grid(count: i32, (w, h, gap): (i32, i32, i32), size: Size, x: i32, y: i32, width: i32) -> (Vec<TileBox>, i32) {
    let beside = if size == Size::Chip { 6 } else { gap };
    let columns = ((width + beside) / (w + beside)).max(1);
    let place = |i: i32| Rect::new(x + i % columns * (w + beside), y + i / columns * (h + gap), w, h);
    let rows = (count + columns - 1) / columns;
    ((0..count).map(|i| TileBox { rect: place(i), size }).collect(), (rows * (h + gap) - gap).max(BODY))
}

/// Places a node's pods in one line: small ones as long as all fit, else marks, and those in trouble before all others
/// where not even these do. Answers how many have no place.
fn in_strip(node: &NodeView, size: Size, x: i32, y: i32, width: i32) -> (Vec<TileBox>, u32) {
    let count = node.tiles.len() as i32;
    let chip = size >= Size::Chip && count * 70 - 6 <= width;
    let (w, h, pitch, size) = if chip { (64, 22, 70, Size::Chip) } else { (16, 16, 18, Size::Cell) };
    let room = (width + pitch - w) / pitch;
    let shown = if count <= room { count } else { (width - 22) / pitch };
    let mut order: Vec<usize> = (0..node.tiles.len()).collect();
    order.order_by_key(|index| (node.tiles[*index].state == TileState::Ready, *index));
    let mut kept: Vec<usize> = order.into_iter().take(shown.max(0) as usize).collect();
    kept.order();
    let top = y + (24 - h) / 2;
    let place = |index: usize| match kept.iter().position(|kept| *kept == index) {
        Some(at) => TileBox { rect: Rect::new(x + at as i32 * pitch, top, w, h), size },
        None => TileBox { rect: Rect::new(x, top, 0, 0), size },
    };
    ((0..node.tiles.len()).map(place).collect(), (count - shown).max(0).unsigned_abs())
}

fn size_in(node: &NodeView, size: Size) -> Size {
    match node.tiles.len() {
        _ if size == Size::Tile || !is_trouble(node) => size,
        0..=3 => Size::Tile,
        4..=16 => Size::Row,
        _ => size,
    }
}

/// A zone of a wide picture, measured before it is placed.
pub(super) struct ZonePlan<'v> {
    zone: &'v ZoneView,
    rect: Rect,
    size: Size,
    gap: i32,
    strips: bool,
}

impl<'v> ZonePlan<'v> {
    pub fn new(zone: &'v ZoneView, rect: Rect, size: Size, gap: i32, strips: bool) -> ZonePlan<'v> {
        ZonePlan { zone, rect, size, gap, strips }
    }
    fn is_strip(&self, node: &NodeView) -> bool {
        self.strips && !node.near
    }
    fn per_row(&self) -> i32 {
        if self.strips {
            return 1;
        }
        let nodes = self.zone.nodes.len().max(1) as i32;
        ((self.rect.w - 16 + TIGHT) / (CARD + TIGHT)).clamp(1, nodes)
    }
    fn gap(&self) -> i32 {
        if self.strips { 0 } else { self.gap }
    }
    fn card_width(&self) -> i32 {
        if self.strips {
            return self.rect.w - 24;
        }
        let columns = self.per_row();
        (self.rect.w - 16 - self.gap() * (columns - 1)) / columns
    }
    /// The height of each row of nodes, the gaps between them not counted.
    fn rows(&self) -> Vec<i32> {
        let width = self.card_width();
        let height = |node: &NodeView| match self.is_strip(node) {
            true => 24,
            false => HEAD + in_card(node, self.size, 0, 0, width - 16).1 + FOOT,
        };
        let nodes = &self.zone.nodes;
        nodes.chunks(self.per_row() as usize).map(|row| row.iter().map(height).max().unwrap_or(0)).collect()
    }
    fn row_gap(&self) -> i32 {
        if self.strips { 2 } else { 18 }
    }
    /// From the zone's first node to the bottom of its last.
    pub fn nodes_height(&self) -> i32 {
        let rows = self.rows();
        rows.iter().sum::<i32>() + self.row_gap() * (rows.len() as i32 - 1).max(0)
    }
    fn folds(&self) -> bool {
        self.size != Size::Tile
    }
    /// The zone's height, if its disks begin below nodes of that height.
    pub fn height(&self, nodes: i32, has_disks: bool) -> i32 {
        let rail = rail(self.zone, &self.columns(), self.folds());
        let rows = rail.rows.max(i32::from(has_disks && !self.strips));
        let below = if rows > 0 { DROP + rows * (DISK + DISK_GAP) - DISK_GAP } else { 0 };
        let folded = if rail.folded > 0 { 24 } else { 0 };
        LABEL + nodes + below + folded + GAP_BELOW
    }
    /// The columns that nodes and disks share: left edge and width.
    fn columns(&self) -> Vec<(i32, i32)> {
        let (w, gap) = (self.card_width(), self.gap());
        let left = self.rect.x + if self.strips { 16 } else { 8 };
        (0..self.per_row()).map(|i| (left + i * (w + gap), w)).collect()
    }
    /// Places everything. `from` is the control plane's lower edge, if the zone stands directly below it.
    pub fn place(self, nodes_height: i32, height: i32, from: Option<i32>) -> (ZoneBox, Option<Vec<(i32, i32)>>) {
        let rect = Rect { h: height, ..self.rect };
        let columns = self.columns();
        let mut heights = self.rows();
        let own = self.nodes_height();
        // What other zones need in height goes to the last row of cards.
        if let (false, Some(last)) = (self.strips, heights.last_mut()) {
            *last += nodes_height - own;
        }
        let mut nodes = Vec::new();
        let mut y = rect.y + LABEL;
        for (row, (chunk, h)) in self.zone.nodes.chunks(columns.len()).zip(&heights).enumerate() {
            for (node, (x, w)) in chunk.iter().zip(&columns) {
                let place = Rect::new(*x, y, *w, *h);
                let form = if self.is_strip(node) { NodeForm::Strip } else { NodeForm::Card };
                let (tiles, more) = match form {
                    NodeForm::Card => (in_card(node, self.size, x + 8, y + HEAD, w - 16).0, 0),
                    _ => in_strip(node, self.size, x + STRIP_TEXT, y, w - STRIP_TEXT - 4),
                };
                let middle = x + w / 2;
                let link = match (self.strips, row) {
                    (true, _) => vec![(rect.x + 6, y + 12), (*x, y + 12)],
                    (false, 0) => vec![(middle, from.unwrap_or(rect.y)), (middle, y)],
                    // Lower rows come down beside the upper ones.
                    (false, _) => vec![(x - 4, from.unwrap_or(rect.y)), (x - 4, y - 10), (middle, y - 10), (middle, y)],
                };
                nodes.push(NodeBox { rect: place, form, link, tiles, more });
            }
            y += h + self.row_gap();
        }
        let trunk = nodes.last().filter(|_| self.strips).map(|last| {
            vec![(rect.x + 6, from.unwrap_or(rect.y)), (rect.x + 6, last.link.first().map_or(rect.y, |(_, y)| *y))]
        });
        let top = rect.y + LABEL + nodes_height + DROP;
        let (disks, folded) = place_rail(self.zone, &columns, &nodes, top, self.folds());
        let folded = folded.map(|count| (Rect::new(rect.x + 8, rect.bottom() - 28, rect.w - 16, 20), count));
        (ZoneBox { rect, nodes, disks, folded }, trunk)
    }
}

const GAP_BELOW: i32 = 10;

/// Which disks are drawn, in which row and columns of the rail.
struct Rail {
    slots: Vec<Option<(i32, usize, usize)>>,
    rows: i32,
    folded: u32,
}

fn is_plain(disk: &DiskView) -> bool {
    matches!(disk.state, DiskState::Attached | DiskState::Bound)
}

fn rail(zone: &ZoneView, columns: &[(i32, i32)], folds: bool) -> Rail {
    let width = columns.len().max(1);
    let column_of = |node: &str| zone.nodes.iter().position(|n| &*n.name == node).map(|index| index % width);
    let mut rail = Rail { slots: vec![None; zone.disks.len()], rows: 0, folded: 0 };
    let mut taken: Vec<Vec<bool>> = Vec::new();
    // What spans several columns comes first, what has no place of its own comes last.
    let mut order: Vec<(u8, usize, usize, usize)> = Vec::new();
    for (index, disk) in zone.disks.iter().enumerate() {
        if folds && is_plain(disk) {
            rail.folded += 1;
            continue;
        }
        let mut spots: Vec<usize> = disk.plugs.iter().filter_map(|plug| column_of(&plug.node)).collect();
        spots.order();
        match (spots.first(), spots.last()) {
            (Some(first), Some(last)) if first < last => order.push((0, index, *first, *last)),
            (Some(first), _) => order.push((1, index, *first, *first)),
            _ => order.push((2, index, 0, 0)),
        }
    }
    order.order();
    for (rank, index, first, last) in order {
        let free = |row: &[bool], from: usize, to: usize| row[from..=to].iter().all(|used| !used);
        let slot = (0..).find_map(|row: usize| {
            if row == taken.len() {
                taken.push(vec![false; width]);
            }
            let starts = if rank == 2 { 0..width } else { first..first + 1 };
            starts.into_iter().find(|start| free(&taken[row], *start, *start + last - first)).map(|start| (row, start))
        });
        let (row, start) = slot.expect("a new row of the rail is free");
        taken[row][start..=start + last - first].fill(true);
        rail.slots[index] = Some((row as i32, start, start + last - first));
    }
    rail.rows = taken.len() as i32;
    rail
}

fn place_rail(
    zone: &ZoneView,
    columns: &[(i32, i32)],
    nodes: &[NodeBox],
    top: i32,
    folds: bool,
) -> (Vec<DiskBox>, Option<u32>) {
    let rail = rail(zone, columns, folds);
    let mut beside = vec![0; zone.nodes.len()];
    let mut disks = Vec::new();
    for (disk, slot) in zone.disks.iter().zip(&rail.slots) {
        let Some((row, first, last)) = slot else {
            disks.push(DiskBox { plugs: vec![Vec::new(); disk.plugs.len()], ..DiskBox::default() });
            continue;
        };
        let (left, right) = (columns[*first].0, columns[*last].0 + columns[*last].1);
        let rect = Rect::new(
            left,
            top + row * (DISK + DISK_GAP),
            (right - left).min(if first == last { 300 } else { i32::MAX }),
            DISK,
        );
        let plugs = disk
            .plugs
            .iter()
            .map(|plug| plug_line(zone, nodes, plug, *row, rect, columns.len(), &mut beside))
            .collect();
        disks.push(DiskBox { rect: Some(rect), small: false, plugs });
    }
    (disks, (rail.folded > 0).then_some(rail.folded))
}

/// From a pod down to its disk: straight where nothing is between them, else through the node's side.
fn plug_line(
    zone: &ZoneView,
    nodes: &[NodeBox],
    plug: &Plug,
    row: i32,
    disk: Rect,
    columns: usize,
    beside: &mut [i32],
) -> Vec<(i32, i32)> {
    let Some(index) = zone.nodes.iter().position(|node| node.name == plug.node) else { return Vec::new() };
    let (node, place) = (&zone.nodes[index], &nodes[index]);
    if place.form != NodeForm::Card {
        return Vec::new();
    }
    let end = disk.y - 4;
    let tile = node.tiles.iter().position(|tile| Some(tile.uid) == plug.tile).map(|i| place.tiles[i].rect);
    let last_row = index + columns >= zone.nodes.len();
    let Some(tile) = tile else {
        let x = place.rect.middle().0.min(disk.right() - 12);
        return if last_row && row == 0 { vec![(x, place.rect.bottom()), (x, end)] } else { Vec::new() };
    };
    let lowest = place.tiles.iter().map(|tile| tile.rect.y).max();
    if last_row && row == 0 && lowest == Some(tile.y) && tile.middle().0 < disk.right() - 8 {
        let x = tile.middle().0;
        return vec![(x, tile.bottom()), (x, end)];
    }
    let number = beside[index];
    beside[index] += 1;
    let y = tile.y + tile.h / 2;
    let left = number % 2 == 0 || place.rect.right() - 4 > disk.right();
    if left {
        let x = place.rect.x + 4;
        vec![(tile.x, y), (x, y), (x, end)]
    } else {
        let x = place.rect.right() - 4;
        vec![(tile.right(), y), (x, y), (x, end)]
    }
}

/// Zones of lower rows are reached by a trunk at the picture's left edge.
pub(super) fn link_lower_rows(layout: &mut ClusterLayout) {
    const X: i32 = 6;
    let top = layout.zones.first().map_or(0, |zone| zone.rect.y);
    let from = layout.control_plane.bottom();
    let mut lowest = None;
    for zone in layout.zones.iter().filter(|zone| zone.rect.y > top) {
        let y = zone.rect.y - 5;
        lowest = Some(y);
        let right = zone.nodes.iter().map(|node| node.link.first().map_or(zone.rect.x, |(x, _)| *x)).max();
        layout.trunks.push(vec![(X, y), (right.unwrap_or(zone.rect.x), y)]);
    }
    if let Some(y) = lowest {
        layout.trunks.push(vec![
            (layout.control_plane.x + 4, from),
            (layout.control_plane.x + 4, from + 6),
            (X, from + 6),
            (X, y),
        ]);
    }
    for zone in layout.zones.iter_mut().filter(|zone| zone.rect.y > top) {
        for node in &mut zone.nodes {
            if let Some(first) = node.link.first_mut() {
                first.1 = first.1.min(zone.rect.y - 5);
            }
        }
    }
}

/// A zone of a narrow picture: rows as long as each pod needs no more words than a row has, cards if not.
pub(super) fn place_stacked(zone: &ZoneView, rect: Rect, size: Size, trunk: i32, pairs: &[Duplicate]) -> ZoneBox {
    let paired = |node: &NodeView| {
        node.tiles.iter().any(|tile| pairs.iter().any(|pair| pair.older == tile.uid || pair.newer == tile.uid))
    };
    let crowded = |node: &NodeView| size == Size::Tile && node.tiles.len() > 1;
    let calm = zone.disks.iter().all(is_plain)
        && !zone.nodes.iter().any(|node| {
            let trouble = match size {
                Size::Tile => node.tiles.iter().any(|tile| tile.state.is_trouble()),
                _ => is_trouble(node),
            };
            trouble || paired(node) || crowded(node)
        });
    if calm { stacked_rows(zone, rect, size, trunk) } else { stacked_cards(zone, rect, size, trunk) }
}

fn stacked_rows(zone: &ZoneView, rect: Rect, size: Size, trunk: i32) -> ZoneBox {
    let (x, w) = (rect.x + 6, rect.w - 12);
    let (words, widest) = (row_words(w), if w > 500 { 200 } else { 138 });
    let mut y = rect.y + 19;
    let mut nodes = Vec::new();
    let mut disks: Vec<DiskBox> =
        zone.disks.iter().map(|d| DiskBox { plugs: vec![Vec::new(); d.plugs.len()], ..DiskBox::default() }).collect();
    let mut folded = zone.disks.len() as u32;
    for node in &zone.nodes {
        let (tiles, h) = if size == Size::Tile {
            let tile = Rect::new(x + words, y + 3, (w - words - 6 - 22 - 76).clamp(96, widest), 30);
            if let Some(one) = node.tiles.first() {
                let room = (x + w - 6 - tile.right() - 22).min(220);
                let room = Rect::new(tile.right() + 22, y + 5, room, 26);
                let own = zone.disks.iter().position(|disk| disk.plugs.iter().any(|plug| plug.tile == Some(one.uid)));
                // Of several that share a disk the first one has it beside it.
                let own = own.filter(|index| disks[*index].rect.is_none());
                if let (Some(index), true) = (own, room.w >= 60) {
                    disks[index].rect = Some(room);
                    disks[index].small = true;
                    let line = vec![(tile.right(), y + 18), (room.x - 4, y + 18)];
                    for (plug, path) in zone.disks[index].plugs.iter().zip(&mut disks[index].plugs) {
                        if plug.tile == Some(one.uid) {
                            *path = line.clone();
                        }
                    }
                    folded -= 1;
                }
            }
            (node.tiles.iter().map(|_| TileBox { rect: tile, size: Size::Row }).collect(), 36)
        } else {
            let top = y + if size == Size::Chip { 7 } else { 10 };
            let (tiles, h) = flow(node.tiles.len(), size, x + words, top, w - words - 6);
            (tiles, (h + 2 * (top - y)).max(36))
        };
        let link = vec![(trunk, y + h.min(36) / 2), (x, y + h.min(36) / 2)];
        nodes.push(NodeBox { rect: Rect::new(x, y, w, h), form: NodeForm::Row, link, tiles, more: 0 });
        y += h + if w > 500 { 3 } else { 5 };
    }
    let folded = (folded > 0).then(|| {
        y += 20;
        (Rect::new(x, y - 20, w, 20), folded)
    });
    ZoneBox { rect: Rect { h: y - rect.y, ..rect }, nodes, disks, folded }
}

fn stacked_cards(zone: &ZoneView, rect: Rect, size: Size, trunk: i32) -> ZoneBox {
    const SMALLEST: i32 = 156;
    let gap = 10;
    let (left, inner) = (rect.x + 6, rect.w - 12);
    let per_row = ((inner + gap) / (SMALLEST + gap)).clamp(1, zone.nodes.len().max(1) as i32);
    let w = (inner - gap * (per_row - 1)) / per_row;
    let columns: Vec<(i32, i32)> = (0..per_row).map(|i| (left + i * (w + gap), w)).collect();
    let mut nodes = Vec::new();
    let mut y = rect.y + 34;
    let mut bottom = y;
    for chunk in zone.nodes.chunks(per_row as usize) {
        let height =
            |node: &NodeView| HEAD + flow(node.tiles.len().max(1), size_in(node, size), 0, 0, w - 12).1 + FOOT - 2;
        let h = chunk.iter().map(height).max().unwrap_or(0);
        for (column, (node, (x, w))) in chunk.iter().zip(&columns).enumerate() {
            let tiles = flow(node.tiles.len(), size_in(node, size), x + 6, y + HEAD, w - 12).0;
            let link = match column {
                0 => vec![(trunk, y + 28), (*x, y + 28)],
                _ => vec![(trunk, y - 10), (x + w / 2, y - 10), (x + w / 2, y)],
            };
            nodes.push(NodeBox { rect: Rect::new(*x, y, *w, h), form: NodeForm::Card, link, tiles, more: 0 });
        }
        bottom = y + h;
        y = bottom + 18;
    }
    let folds = size != Size::Tile;
    let rows = rail(zone, &columns, folds).rows;
    let (disks, count) = place_rail(zone, &columns, &nodes, bottom + 20, folds);
    let mut end = if rows > 0 { bottom + 20 + rows * (DISK + DISK_GAP) - DISK_GAP + 8 } else { bottom + 6 };
    let folded = count.map(|count| {
        end += 22;
        (Rect::new(left, end - 22, inner, 20), count)
    });
    ZoneBox { rect: Rect { h: end - rect.y, ..rect }, nodes, disks, folded }
}

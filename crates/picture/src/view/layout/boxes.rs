//! What a layout consists of, and which size suits how many pods.

use crate::view::marks::{LinkView, NodeState, NodeView, Tone};

/// The smallest width of a node with full tiles.
pub(super) const CARD: i32 = 164;
/// The smallest space between two nodes of a zone; more where there is room.
pub(super) const TIGHT: i32 = 24;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rect {
    pub x: i32,
    pub y: i32,
    pub w: i32,
    pub h: i32,
}

impl Rect {
    pub fn new(x: i32, y: i32, w: i32, h: i32) -> Rect {
        Rect { x, y, w, h }
    }
    pub fn right(&self) -> i32 {
        self.x + self.w
    }
    pub fn bottom(&self) -> i32 {
        self.y + self.h
    }
    pub fn middle(&self) -> (i32, i32) {
        (self.x + self.w / 2, self.y + self.h / 2)
    }
    pub fn overlaps(&self, other: &Rect) -> bool {
        self.x < other.right() && other.x < self.right() && self.y < other.bottom() && other.y < self.bottom()
    }
    pub fn contains(&self, other: &Rect) -> bool {
        self.x <= other.x && self.y <= other.y && other.right() <= self.right() && other.bottom() <= self.bottom()
    }
}

/// How large a pod is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// Outline and block; numerals for ordinals.
    Cell,
    /// Block with numeral, outline, the name's tail.
    Chip,
    /// One line: name and status.
    Row,
    /// Three lines.
    #[default]
    Tile,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeForm {
    /// Two lines of text, tiles below.
    Card,
    /// Text at the left, one pod and its disk beside it.
    Row,
    /// The name at the left, small pods beside it.
    Strip,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterLayout {
    pub width: i32,
    pub height: i32,
    pub narrow: bool,
    pub control_plane: Rect,
    /// In the order of the view's sets.
    pub brackets: Vec<BracketBox>,
    /// Where pods without a node stand in wide pictures.
    pub rail: Option<RailBox>,
    /// Lines that links of several nodes share.
    pub trunks: Vec<Vec<(i32, i32)>>,
    /// In the order of the view's zones.
    pub zones: Vec<ZoneBox>,
    /// The place of pods without a node and claims without a zone.
    pub waiting: Option<Rect>,
    /// In the order of the view's waiting pods.
    pub waiting_tiles: Vec<TileBox>,
    /// In the order of the view's loose disks.
    pub loose: Vec<DiskBox>,
    /// In the order of the view's Services.
    pub services: Vec<ServiceBox>,
    /// In the order of the view's duplicates; those of which a tile is missing are left out.
    pub bars: Vec<Bar>,
}

/// The rail of a Service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceBox {
    pub rect: Rect,
    /// In the order of the Service's plugs: a line from the pod to the rail, empty if it is not drawn.
    pub plugs: Vec<Vec<(i32, i32)>>,
    /// The same in the order of its callers.
    pub calls: Vec<Vec<(i32, i32)>>,
}

/// A bracket around one set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BracketBox {
    pub rect: Rect,
    /// In the order of the bracket's cells: those that have room.
    pub cells: Vec<Rect>,
    /// The bar of a partition.
    pub bar: Option<Rect>,
}

/// Where pods stand that no node has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RailBox {
    pub rect: Rect,
    /// How many pods have no room on it.
    pub more: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZoneBox {
    pub rect: Rect,
    /// In the order of the view's nodes.
    pub nodes: Vec<NodeBox>,
    /// In the order of the view's disks.
    pub disks: Vec<DiskBox>,
    /// Where `24 disks attached` stands for the disks that are folded away.
    pub folded: Option<(Rect, u32)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeBox {
    pub rect: Rect,
    pub form: NodeForm,
    /// The node's own part of its link, from the control plane or a trunk to the node.
    pub link: Vec<(i32, i32)>,
    /// In the order of the view's tiles. One without a width has no place.
    pub tiles: Vec<TileBox>,
    /// How many have no place.
    pub more: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TileBox {
    pub rect: Rect,
    pub size: Size,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiskBox {
    /// `None` if the disk is folded away.
    pub rect: Option<Rect>,
    /// Whether only the name is drawn.
    pub small: bool,
    /// In the order of the disk's plugs: a line from the pod or the node to the disk, empty if it is not drawn.
    pub plugs: Vec<Vec<(i32, i32)>>,
}

/// What joins two tiles of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// The index of the pair in the view.
    pub pair: usize,
    pub line: Vec<(i32, i32)>,
    /// Where the word stands.
    pub cap: Rect,
}

/// How large pods are drawn: as suits their number, or as somebody wants it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Density {
    #[default]
    Fitting,
    /// Every pod with its words, however long the picture gets.
    Detailed,
    /// Every pod as a small mark.
    Dense,
}

impl Density {
    pub const ALL: [Density; 3] = [Density::Fitting, Density::Detailed, Density::Dense];
    pub fn title(self) -> &'static str {
        match self {
            Density::Fitting => "As fits",
            Density::Detailed => "Detailed",
            Density::Dense => "Dense",
        }
    }
    /// The size of so many pods, where nobody looks closer.
    pub fn size(self, pods: usize) -> Size {
        if self == Density::Dense { Size::Cell } else { density(pods) }
    }
}

/// The size that suits so many pods.
pub fn density(pods: usize) -> Size {
    match pods {
        0..=12 => Size::Tile,
        13..=60 => Size::Chip,
        _ => Size::Cell,
    }
}

/// The room for the words of a node that is a row so wide.
pub fn row_words(width: i32) -> i32 {
    if width > 500 { 168 } else { 84 }
}

/// Whether a node's own state or one of its pods asks for attention, or somebody looks at it.
pub fn is_trouble(node: &NodeView) -> bool {
    node.near
        || node.status_tone != Tone::Calm
        || node.line_tone != Tone::Calm
        || node.state != NodeState::Ready
        || node.link != LinkView::Whole
        || !node.latency.is_empty()
        || node.tiles.iter().any(|tile| tile.state.is_trouble())
}

impl ClusterLayout {
    pub fn nodes(&self) -> impl Iterator<Item = &NodeBox> {
        self.zones.iter().flat_map(|zone| &zone.nodes)
    }
    /// In the order of [`ClusterView::tiles`].
    pub fn tiles(&self) -> impl Iterator<Item = &TileBox> {
        self.nodes().flat_map(|node| &node.tiles).chain(&self.waiting_tiles)
    }
}

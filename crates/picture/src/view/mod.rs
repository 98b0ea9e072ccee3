//! What is drawn: pure view models, computed from the world and handed to pictures as plain values.
//!
//! Invariants:
//! * nothing in here knows Yew, the browser or a clock: everything builds and is tested natively;
//! * [`facts`] is the only module that reads a [`World`](petri_sim::world::World), so the models can be tested from
//!   hand-made objects;
//! * a value here is what a person sees: texts are final, coordinates are whole pixels.
//!
//! Where to start: [`marks`] for what a picture is made of, [`ClusterView`] for the picture of belief and reality, [`timeline`] for the lanes.

pub mod arrange;
pub mod beats;
pub mod bonds;
pub mod brackets;
pub mod budgets;
pub mod claims;
pub mod clients;
pub mod cluster;
pub mod disks;
pub mod dns;
pub mod facts;
pub mod identity;
pub mod intention;
pub mod lanes;
pub mod layout;
pub mod locks;
pub mod marks;
pub mod meters;
pub mod order;
pub mod rails;
pub mod revision;
pub mod say;
pub mod scale;
pub mod table;
pub mod tiles;
pub mod timeline;
pub mod words;

#[cfg(test)]
mod tests;

pub use identity::Identity;
pub use marks::{
    BracketView, CellView, ClusterView, ControlPlaneView, DiskState, DiskView, Duplicate, DuplicateKind, LinkView,
    NodeState, NodeView, Piece, Plug, PlugEnd, PlugKind, Say, ServicePlug, ServiceView, Target, TileState, TileView,
    Tone, ZoneView, lock_object, plain,
};

//! The cluster's picture as data: which shapes there are, where, and of which class.
//!
//! Whoever shows a picture turns shapes into what it has: the page into elements that can be picked, [`crate::poster`]
//! into text. `picture.css` says what the classes look like, for both.
//!
//! Invariant: a picture of the same cluster has the same shapes at the same places of the tree, [`Shape::None`] included.
//! What has a key is the same thing under that key, wherever it is.

mod cluster;
mod disk;
mod intention;
mod legend;
mod notch;
mod service;
mod shape;
mod sign;
mod tile;

pub use cluster::{Pods, cluster};

pub use legend::{legend, legend_of_intention, rarer};
pub use notch::sign as sign_of;
pub use shape::{Class, Mark, Shape};
pub use sign::{OCTAGON, TRIANGLE, sign};
pub use tile::Patterns;

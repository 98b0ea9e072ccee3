//! The regions of the page: each joins a slice of the world, a view model and a picture. One file per region.

pub mod topbar;
pub mod transport;
pub mod manifests;
pub mod editor;
pub mod cluster;
pub mod inspector;
pub mod why;
pub mod details;
pub mod timeline;
pub mod console;
pub mod names;
pub mod dock;
pub mod float;
pub mod menus;
pub mod dialogs;
pub mod glyph;

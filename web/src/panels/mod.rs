//! The regions of the page: each joins a slice of the world, a view model and a picture. One file per region.

pub mod assist;
pub mod cluster;
pub mod compare;
pub mod console;
pub mod details;
pub mod dialogs;
pub mod diff;
pub mod dns;
pub mod dock;
pub mod editor;
pub mod facts;
pub mod float;
pub mod floating;
pub mod glyph;
pub mod guide;
pub mod inspector;
pub mod manifests;
pub mod menus;
pub mod names;
pub mod own;
pub mod picking;
pub mod time_menus;
pub mod timeline;
pub mod topbar;
pub mod transport;
pub mod why;

//! Pictures: thin components that render view models as SVG and HTML.
//!
//! They know no world: props are plain `Rc<...View>` values, compared by pointer, and one [`Callback`] for everything
//! that a person can do with a mark. Every picture has a table twin.

mod cluster;
mod disk;
mod icons;
mod legend;
mod meters;
mod pick;
mod sentence;
mod table;
mod tile;
mod timeline;

pub use cluster::ClusterPicture;
pub use icons::Icon;
pub use legend::{Legend, rarer};
pub use meters::Meters;
pub use pick::{Handlers, handlers};
pub use sentence::Sentence;
pub use table::{Table, mark};
pub use timeline::TimelinePicture;

use crate::view::Target;
use yew::Callback;

/// What a person did with a mark of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Pick {
    pub target: Target,
    pub how: How,
    /// Where to put a menu: client coordinates of the pointer, or of the mark for the keyboard.
    pub x: i32,
    pub y: i32,
}

/// How a mark was picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// A click, or Enter or Space.
    Select,
    /// The secondary button, a long press, the menu key or Shift+F10.
    Menu,
}

/// What every interactive picture takes.
pub type OnPick = Callback<Pick>;

//! Pictures: thin components that render view models as SVG and HTML. What the cluster consists of is drawn as data, in
//! [`petri_picture::draw`], which posters are written from as well; [`shape`] makes elements of it.
//!
//! They know no world: props are plain `Rc<...View>` values, compared by pointer, and one callback, [`OnPick`], for everything
//! that a person can do with a mark. Every picture has a table twin.

mod cluster;
mod icons;
mod legend;
mod meters;
mod pick;
mod sentence;
mod shape;
mod table;
mod timeline;

pub use cluster::ClusterPicture;
pub use icons::Icon;
pub use legend::Legend;
pub use meters::Meters;
pub use pick::{Handlers, How, OnPick, Pick, handlers};
pub use sentence::Sentence;
pub use table::{Table, mark};
pub use timeline::TimelinePicture;

//! What the page can do, in one place: every click, key and console line ends here, and leaves its line in the console.
//!
//! [`Desk`] is the handle; what a person does with it is in `acts`, console lines are in [`shell`], those that are not
//! done in `waiting`, and [`keep`] lets files follow what commands change.

mod acts;
mod handle;
pub(crate) mod host;
pub mod keep;
pub mod pins;
pub(crate) mod replaced;
pub mod shell;
mod steps;
mod waiting;

pub use acts::is_about;
pub use handle::{Desk, branch_name, use_desk};

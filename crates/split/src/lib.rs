//! The page's WebAssembly in two parts: what the first visit runs, and the rest, which the page fetches when a person
//! starts to use it.
//!
//! A module is one download, and most of this one (the console, validation of faulty manifests, controllers of kinds
//! that nobody has applied yet) is not needed to show a running cluster. So the page is run once with marks at every
//! fork of its code ([`Module::with_marks`]). What never ran inside of a function that did becomes a function of its own
//! ([`Module::with_tails`]), and functions that never ran move into a second module ([`Module::split`]). Where the first
//! part calls one of them, a stub stands in its place: it asks the page for the second part, which by then is usually
//! there, and goes on through the table that both share.

mod code;
mod data;
mod first;
mod liveness;
mod marks;
mod module;
mod parts;
mod piece;
mod second;
mod snapshot;
mod tails;
mod without;

pub use data::Constants;
pub use marks::Reached;
pub use module::Module;
pub use without::{without_exports, without_notes};

/// A result whose error is a sentence for the person who builds the page.
pub type Outcome<T = ()> = Result<T, String>;

/// The function of the page's boot script by which a stub asks for the second part, as wasm-bindgen names its import.
const ASK: &str = "petriSecondPart";
/// What the first part exports for the second one, and for the boot script, begins with this.
const SHARED: &str = "~";
/// The first part's global that says whether the second one is there.
const ARRIVED: &str = "~.arrived";
/// The memory of the marks.
const MARKS: &str = "~.marks";
/// The bytes in a page of WebAssembly memory.
const PAGE: usize = 65_536;

#[cfg(test)]
mod tests;

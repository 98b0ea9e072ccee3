//! The page's WebAssembly in two parts: what the first visit runs, and the rest, which the page fetches when a person
//! starts to use it.
//!
//! # What it does
//!
//! A module is one download, and most of this one (the console, validation of faulty manifests, controllers of kinds
//! that nobody has applied yet) is not needed to show a running cluster. So a first visit fetches a third of it. The
//! rest follows at the first move of a pointer, and is there before anybody misses it.
//!
//! # How it works
//!
//! `cargo xtask build` takes these steps, each from a module to a module:
//!
//! 1. **Open ahead of time** ([`Module::with_memory`]). A first visit opens on a cluster that already runs. Node calls
//!    the module's `prepare`, and the memory that it leaves replaces the one that the module came with. What starts a
//!    cluster then is code that no first visit runs.
//! 2. **Take out what no page calls** ([`without_exports`], then wasm-opt): the benchmark, and `prepare` itself.
//! 3. **Watch** ([`Module::with_marks`]). Behind each fork of its code the module sets a byte. `tests/e2e/first-visit.mjs`
//!    opens it in a real browser on some thirty screens and prints the bytes, which [`Reached`] reads.
//! 4. **Cut functions** ([`Module::with_tails`]). A function that ran holds much that did not: refusals, rare states.
//!    Such a piece becomes a function of its own, and a call stands in its place; [`Constants`] and it work on what is
//!    left.
//! 5. **Divide** ([`Module::split`]). Functions that never ran move into the second module, and so do constants that
//!    only they read ([`Constants`] knows, from notes that the linker leaves). Where the first module calls one of them,
//!    a stub asks the boot script for the second part unless it is there, and goes on through the table of functions
//!    that both share. The second module imports all else from the first: memory, table, functions.
//!
//! Nothing depends on the watching being complete. Who comes to a place that no watched visit came to waits for the
//! second part, and then goes on: it costs time, and loses nothing. `tests/e2e/parts.test.mjs` says on which screens
//! nobody has to wait.
//!
//! # When to touch it
//!
//! Hardly ever: it knows nothing of the product, and a change of the product is watched anew by the next build. Touch it
//! when the first load comes near its budget (`WORTH` in `tails.rs` and `LONG` in `parts.rs` move bytes between the
//! parts, and `cargo run --release -p petri-split --example pieces` says what that costs), when a new wasm-bindgen or a
//! new compiler uses an operator that `wasmparser` does not know, or when the page opens on something that
//! `first-visit.mjs` does not visit.
//!
//! # How to switch it off
//!
//! `cargo xtask build --whole` uses none of it: the page is one module, and all else works the same. To take it out for
//! good, make that the only way: `page.rs` of the workshop is the one place that calls this crate, and the boot script
//! fetches a second part only where the index names one (`data-second`).
//!
//! FIGURES

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

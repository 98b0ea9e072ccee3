//! The page's WebAssembly in three parts: what the first visit runs, what the page fetches when a person starts to use it,
//! and what it fetches only for the few who bring something rare.
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
//!    Such a piece becomes a function of its own, and a call stands in its place.
//! 5. **Divide** ([`Module::split`]). Functions that never ran move into the second module, and so do constants that
//!    only they read ([`Constants`] knows, from notes that the linker leaves). Where the first module calls one of them,
//!    a stub asks the boot script for the second part unless it is there, and goes on through the table of functions
//!    that all share. The second module imports all else from the first: memory, table, functions.
//! 6. **Set aside what is rare.** The build names modules of the program that few visits need (`RARE` in `page.rs` of the
//!    workshop). Their functions ([`Module::of_modules`] finds them by the names that the compiler leaves), all functions
//!    to which no way leads but through these, and the constants of both go into the third module. In their places in the
//!    table the second one leaves stubs that ask for the third; once it is there, it has put itself into these places, and
//!    nobody asks any more.
//!
//! Nothing depends on the watching being complete, nor on the list of modules. Who comes to a place that no watched visit
//! came to waits for the part that has it, and then goes on: it costs time, and loses nothing. `tests/e2e/parts.test.mjs`
//! says on which screens nobody has to wait, and `tests/e2e/kept.test.mjs` who needs the third part. The page sees most of
//! them coming, by a text or a line that names something rare, and fetches it before anybody has to wait.
//!
//! # When to touch it
//!
//! Hardly ever: it knows nothing of the product, and a change of the product is watched anew by the next build. Touch it
//! when the first load comes near its budget (`WORTH` in `tails.rs` and `LONG` in `parts.rs` move bytes between the
//! parts, and `cargo run --release -p petri-split --example pieces` says what that costs), when a module that few need has
//! grown (`RARE`), when a new wasm-bindgen or a
//! new compiler uses an operator that `wasmparser` does not know, or when the page opens on something that
//! `first-visit.mjs` does not visit.
//!
//! # How to switch it off
//!
//! `cargo xtask build --whole` uses none of it: the page is one module, and all else works the same. To take it out for
//! good, make that the only way: `page.rs` of the workshop is the one place that calls this crate, and the boot script
//! fetches a later part only where the index names one (`data-second`, `data-third`).
//!
//! # What each piece costs and gains
//!
//! In kB of brotli, November 2026, by `--example pieces`. The budget of the first load is 300 kB, of which page, styles
//! and scripts take 22.
//!
//! | | first | second | third | all |
//! |---|---|---|---|---|
//! | one module, opened ahead, without the benchmark | | | | 1,159.8 |
//! | divided, cut where 100 bytes move (`WORTH`), with constants, rare ones by any number that may be their address | 285.2 | 939.5 | 20.3 | 1,245.0 |
//! | rare constants by who names them | 276.0 | 939.5 | 29.3 | 1,244.8 |
//! | of a module of 1,185.7: long texts by who names them, and what embeds, Compare and a dialog need is rare | 276.3 | 907.4 | 96.0 | 1,279.7 |
//! | of a module of 1,366.6: a shell, programs in containers and descriptions are rare, cut where 60 bytes move | 276.1 | 964.6 | 243.6 | 1,484.3 |
//! | of a module of 1,491.1: Jobs, DaemonSets, links from elsewhere and rarer verbs are rare, cut where 40 bytes move | 276.3 | 919.5 | 432.1 | 1,627.9 |
//! | of a module of 1,504.4: what only disks, locks, budgets and containers have in the inspector is rare, cut where 32 bytes move | 276.6 | 912.6 | 457.5 | 1,646.7 |
//!
//! And before there was a third part, of a module of 1,110.0 that opened ahead (1,084.0 as `--whole` makes it):
//!
//! | | first | second | both |
//! |---|---|---|---|
//! | functions divided, and cut where 100 bytes move | 348.1 | 825.9 | 1,174.1 |
//! | and constants | 274.3 | 910.0 | 1,184.3 |
//! | the same where 200 bytes move | 286.9 | 894.5 | 1,181.4 |
//! | the same where 60 bytes move | 268.1 | 919.5 | 1,187.6 |
//!
//! * Without opening ahead the first part weighed 96 kB more, and both parts together 5 kB less, at a time when 27 kB of
//!   the memory were garbage (`prepare.mjs` clears it now). It pays most of all.
//! * Constants gain 74 kB of the first part for 10 kB in all; cuts gained 64 kB for 11 kB when there were none. Neither can
//!   be spared: without either of them the first load is over its budget.
//! * A table of 42 kB is so long that some number in memory falls into it. So what only rare functions name counts as an
//!   address nowhere else ([`Constants::rare`]).
//! * All parts weigh 9.2 % more than the one module that opens as they do (1,627.9 against 1,491.1). A quarter of it is that
//!   brotli cannot look from one file into the other. The aim was 5 %, which divided functions alone do not reach either; a
//!   test holds the page to 10 %.
//! * A module is rare by its name, so its name must be its own: `kubectl::run`, the door of all verbs, was taken for the
//!   module of one verb, and a method of a trait that several types share has the name of any of them.
//! * Without effect or harmful, and so not here: an own stub for what is called often (+0.2); copies in the second part
//!   of functions of up to 60 bytes instead of 20 (+3.9); small functions that stay though they never ran (0); code in
//!   the order of its likeness instead of its length (-0.7, for a hundred lines).
//!
//! # What else there is
//!
//! Tried with binaryen 132, as npm has it (`wasm-opt`, `wasm-ctor-eval`, `wasm-metadce`, `wasm-merge`):
//!
//! * **wasm-ctor-eval** does what [`Module::with_memory`] does, and better where it can. Here it stops at the first
//!   allocation (`could not eval: grow memory`), because std's allocator asks for every page of its heap. It would need an
//!   allocator on a fixed piece of memory.
//! * **wasm-metadce** finds what an export alone leads to. So does wasm-opt once the export is gone, and it leaves the
//!   functions where they are; metadce sorts them by calls, which costs 10 kB. wasm-bindgen's order, long ones first,
//!   packs best, so the second part keeps to it.
//! * **wasm-merge** puts both parts together again (checked: the result is valid). Nobody needs that here.
//! * **wasm-opt on the parts** makes the second 2 kB smaller and the first 8 kB larger: calls that answer several values,
//!   as cuts make them, are not what it is good at.
//! * **wasm-split** (on paper: npm does not carry it) notes which functions ran, by an instrumented module like ours, and
//!   moves whole functions behind a table. It cuts no function and moves no constants, which is our third row: 375 kB
//!   for the first part, and so no way to stay below 300. Its placeholders need a function of JavaScript for each place.

mod code;
mod data;
mod first;
mod later;
mod liveness;
mod marks;
mod module;
mod parts;
mod piece;
mod snapshot;
mod tails;
mod without;

pub use data::Constants;
pub use marks::Reached;
pub use module::Module;
pub use without::{without_exports, without_names, without_notes};

/// A result whose error is a sentence for the person who builds the page.
pub type Outcome<T = ()> = Result<T, String>;

/// The functions of the page's boot script by which stubs ask for the second and for the third part, as wasm-bindgen
/// names its imports.
const ASKS: [&str; 2] = ["petriSecondPart", "petriThirdPart"];
/// What the first part exports for those that follow, and for the boot script, begins with this. They import it from a
/// module of the same name.
const SHARED: &str = "~";
/// The name of the module from which the third part imports what the second one exports.
const SECOND: &str = "~~";
/// The first part's global that says whether the second one is there.
const ARRIVED: &str = "~.arrived";
/// The memory of the marks.
const MARKS: &str = "~.marks";
/// The bytes in a page of WebAssembly memory.
const PAGE: usize = 65_536;

#[cfg(test)]
mod tests;

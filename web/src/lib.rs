//! How you see it: the page.
//!
//! Three kinds of state have three homes. Cluster truth is a [`Session`](session::Session), read through
//! [`use_world`](session::use_world), which re-renders a component only when the slice it selected has changed.
//! Interface state (selection, tabs, open menus) is one reducer, [`state::Ui`]. Drafts (the editor's text, the console's
//! line) stay where they are typed.
//!
//! `view` is pure: it turns a world into plain data and knows no Yew. `pictures` draw that data and know no world. Only
//! `panels` join the two. Whatever a person does goes through [`desk::Desk`], and leaves its line in the console.
//!
//! Where to start: [`app`] for the regions of the page, [`first_visit`] for what it opens with.

pub mod address;
pub mod app;
pub mod desk;
pub mod first_visit;
pub mod guide;
pub mod keys;
pub mod openings;
pub mod session;
pub mod state;
pub mod told;

pub mod panels;
pub mod pictures;
pub mod view;

pub mod check;
pub mod compare;
pub mod explain;
pub mod verbs;

pub mod bench;
pub mod edge;
pub mod examples;
pub mod frames;
pub mod panic;
pub mod script;
pub mod sizes;
pub mod wide;
pub mod window;

use edge::Failure;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// Fetches what the first visit does not need, for those who know that they will need it.
#[wasm_bindgen]
pub fn complete() {
    edge::second_part();
}

/// Makes ready what the first visit opens with, where there is no page yet: the build calls this, and gives every page
/// the memory that it leaves.
#[wasm_bindgen]
pub fn prepare() {
    first_visit::prepare();
}

/// Shows what is left to show when the program itself has failed. The boot script calls this with a [`edge::Failure`]:
/// a page built for size stops at a failure without running any code of its own.
#[wasm_bindgen]
pub fn failed(what: JsValue) {
    let Failure { message, stack } = edge::from_js(what).unwrap_or_default();
    panic::show(&format!("{message}\n{}", stack.unwrap_or_default()), &panic::recorded());
}

thread_local! {
    /// What [`start`] has done so far.
    static OPENING: RefCell<Option<first_visit::Opening>> = const { RefCell::new(None) };
}

/// Does the next part of starting the page, and answers whether there is more to do. No part takes long: whoever calls
/// this lets the browser do something else in between.
#[wasm_bindgen]
pub fn start() -> bool {
    let Some(root) = gloo::utils::document().get_element_by_id("petri") else { return false };
    let Some(mut opening) = OPENING.take() else {
        panic::install();
        let hash = gloo::utils::window().location().hash().unwrap_or_default();
        OPENING.set(Some(first_visit::Opening::new(&hash)));
        return true;
    };
    if opening.advance() {
        OPENING.set(Some(opening));
        return true;
    }
    let (session, ui) = opening.done();
    // The skeleton makes room in the same frame.
    root.set_inner_html("");
    let props = app::AppProps { session, ui: Rc::new(ui) };
    yew::Renderer::<app::App>::with_root_and_props(root, props).render();
    false
}

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
pub mod memory;
pub mod panic;
pub mod script;
pub mod sizes;
pub mod wide;
pub mod window;

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

thread_local! {
    /// What [`start`] has done so far.
    static OPENING: RefCell<Option<first_visit::Opening>> = const { RefCell::new(None) };
}

/// Does the next part of starting the page, and answers how much of it is done: 1 for all of it. No part takes long:
/// whoever calls this lets the browser do something else in between.
#[wasm_bindgen]
pub fn start() -> f64 {
    let Some(root) = gloo::utils::document().get_element_by_id("petri") else { return 1.0 };
    let Some(mut opening) = OPENING.take() else {
        panic::install();
        let hash = gloo::utils::window().location().hash().unwrap_or_default();
        OPENING.set(Some(first_visit::Opening::new(&hash)));
        return 0.0;
    };
    if opening.advance_page() {
        let done = opening.done_so_far();
        OPENING.set(Some(opening));
        return done;
    }
    let (session, ui) = opening.done();
    // The skeleton makes room in the same frame.
    root.set_inner_html("");
    let props = app::AppProps { session, ui: Rc::new(ui) };
    yew::Renderer::<app::App>::with_root_and_props(root, props).render();
    1.0
}

/// Opens what has been played so far: somebody does not want to wait for the rest.
#[wasm_bindgen]
pub fn stop() {
    OPENING.with_borrow_mut(|opening| {
        if let Some(opening) = opening {
            opening.stop();
        }
    });
}

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

pub mod app;
pub mod desk;
pub mod first_visit;
pub mod keys;
pub mod player;
pub mod session;
pub mod shell;
pub mod state;

pub mod panels;
pub mod pictures;
pub mod view;

pub mod check;
pub mod explain;
pub mod limits;
pub mod recording;
pub mod verbs;

pub mod bench;
pub mod frames;
pub mod json;
pub mod panic;
pub mod wide;

use std::rc::Rc;

/// Starts the page.
pub fn run() {
    // Without a window there is no page: benchmarks load the module in Node for what it exports.
    let Some(window) = web_sys::window() else { return };
    let Some(root) = window.document().and_then(|document| document.get_element_by_id("petri")) else { return };
    panic::install();
    let (session, ui) = first_visit::first(&window.location().hash().unwrap_or_default());
    // The skeleton makes room in the same frame.
    root.set_inner_html("");
    let props = app::AppProps { session, ui: Rc::new(ui) };
    yew::Renderer::<app::App>::with_root_and_props(root, props).render();
}

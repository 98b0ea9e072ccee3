//! How you see it: the page.
//!
//! Three kinds of state have three homes. Cluster truth is a [`Session`](session::Session), read through
//! [`use_world`](session::use_world), which re-renders a component only when the slice it selected has changed.
//! Interface state (selection, tabs, open menus) is one reducer, [`state::Ui`]. Drafts (the editor's text, the console's
//! line) stay where they are typed.
//!
//! `view`, of `petri-picture`, is pure: it turns a world into plain data and knows no Yew. `pictures` show that data and
//! know no world. Only `panels` join the two. Whatever a person does goes through [`desk::Desk`], and leaves its line in
//! the console.
//!
//! Where to start: [`app`] for the regions of the page, [`first_visit`] for what it opens with.

pub mod address;
pub mod app;
pub mod desk;
pub mod fences;
pub mod first_visit;
pub mod guide;
pub mod host;
pub mod keys;
pub mod openings;
pub mod session;
pub mod state;
pub mod told;

pub mod panels;
pub mod pictures;

pub mod check;
pub mod compare;
pub mod explain;
pub mod palette;
pub mod plan;
pub mod verbs;

pub mod bench;
pub mod edge;
pub mod embedding;
pub mod examples;
pub mod frames;
pub mod glossary;
pub mod memory;
pub mod paint;
pub mod panic;
pub mod script;
pub mod sizes;
pub mod stops;
pub mod wide;
pub mod window;

use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// Fetches what the first visit does not need, for those who know that they will need it.
#[wasm_bindgen]
pub fn complete() {
    edge::second_part();
    edge::third_part();
}

/// Makes ready what the first visit opens with, where there is no page yet: the build calls this, and gives every page
/// the memory that it leaves.
#[wasm_bindgen]
pub fn prepare() {
    first_visit::prepare();
}

/// What the page is to open with, on its way.
enum Start {
    Fence(Box<fences::Coming>),
    Page(Box<first_visit::Opening>, Option<Rc<fences::Came>>),
}

thread_local! {
    /// What [`start`] has done so far.
    static OPENING: RefCell<Option<Start>> = const { RefCell::new(None) };
}

/// Does the next part of starting the page, and answers how much of it is done: 1 for all of it. No part takes long:
/// whoever calls this lets the browser do something else in between.
#[wasm_bindgen]
pub fn start() -> f64 {
    let Some(root) = gloo::utils::document().get_element_by_id("petri") else { return 1.0 };
    let location = gloo::utils::window().location();
    let next = match OPENING.take() {
        None => {
            panic::install();
            let hash = location.hash().unwrap_or_default();
            let fence = fences::named(&hash, &location.search().unwrap_or_default());
            let page = || Start::Page(Box::new(first_visit::Opening::new(&hash)), None);
            fence.map_or_else(page, |coming| Start::Fence(Box::new(coming)))
        }
        Some(Start::Fence(mut coming)) => match coming.advance() {
            None => Start::Fence(coming),
            Some((opening, came)) => Start::Page(Box::new(opening), Some(Rc::new(came))),
        },
        Some(Start::Page(mut opening, fence)) => {
            if !opening.advance_page() {
                let search = location.search().unwrap_or_default();
                let embedded = embedding::Embedded::of(&search).map(Rc::new);
                let (session, mut ui) = opening.done();
                if let Some(embedded) = &embedded {
                    host::begin(embedded, &search, &session);
                    // A fence has said so by itself.
                    let other = embedded.attributes.other_engine().filter(|_| fence.is_none());
                    other.into_iter().flat_map(told::warned).for_each(|action| ui.apply(action));
                }
                // The skeleton makes room in the same frame.
                root.set_inner_html("");
                let props = app::AppProps { session, ui: Rc::new(ui), embedded, fence };
                yew::Renderer::<app::App>::with_root_and_props(root, props).render();
                return 1.0;
            }
            Start::Page(opening, fence)
        }
    };
    let done = match &next {
        Start::Fence(_) => 0.0,
        Start::Page(opening, _) => opening.done_so_far(),
    };
    OPENING.set(Some(next));
    done
}

/// Opens what has been played so far: somebody does not want to wait for the rest.
#[wasm_bindgen]
pub fn stop() {
    OPENING.with_borrow_mut(|opening| {
        if let Some(Start::Page(opening, _)) = opening {
            opening.stop();
        }
    });
}

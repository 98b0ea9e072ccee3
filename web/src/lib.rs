//! How you see it: the page.
//!
//! Three kinds of state have three homes. Cluster truth is a [`Session`](session::Session), read through
//! [`use_world`](session::use_world), which re-renders a component only when the slice it selected has changed.
//! Interface state (selection, tabs, open menus) is one reducer, [`state::Ui`]. Drafts (the editor's text, the console's
//! line) stay where they are typed.
//!
//! `view` is pure: it turns a world into plain data and knows no Yew. `pictures` draw that data and know no world. Only
//! `panels` join the two.

pub mod view;
pub mod pictures;

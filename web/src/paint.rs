//! How the page looks beyond what is in it: its colours, and how large its type is. Both are attributes of the document,
//! and the browser remembers them where it can; the boot script sets them before anything is painted.

use crate::edge;
use gloo::utils::{document_element, window};

/// The colours of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paint {
    /// As the system has it.
    #[default]
    Auto,
    Light,
    Dark,
}

/// What the window hears when the colours were changed.
pub const CHANGED: &str = "petri-paint";

impl Paint {
    pub const ALL: [Paint; 3] = [Paint::Auto, Paint::Light, Paint::Dark];
    /// As attributes and messages call it.
    pub fn word(self) -> &'static str {
        match self {
            Paint::Auto => "auto",
            Paint::Light => "light",
            Paint::Dark => "dark",
        }
    }
    pub fn title(self) -> &'static str {
        match self {
            Paint::Auto => "As the system",
            Paint::Light => "Light",
            Paint::Dark => "Dark",
        }
    }
    /// The present one.
    pub fn now() -> Paint {
        let word = document_element().get_attribute("data-theme").unwrap_or_default();
        Paint::ALL.into_iter().find(|paint| paint.word() == word).unwrap_or_default()
    }
}

/// Gives the page the paint of this name. A name that is none leaves it as it is.
pub fn paint(word: &str) {
    let root = document_element();
    let Some(paint) = Paint::ALL.into_iter().find(|paint| paint.word() == word) else { return };
    let _ = match paint {
        Paint::Auto => root.remove_attribute("data-theme"),
        paint => root.set_attribute("data-theme", paint.word()),
    };
    // The editor has colours of its own.
    if let Ok(event) = web_sys::Event::new(CHANGED) {
        let _ = window().dispatch_event(&event);
    }
}

/// Chooses the paint, for the next visit too.
pub fn choose(own: Paint) {
    paint(own.word());
    edge::prefer("theme", own.word());
}

/// Whether type is larger than usual.
pub fn is_large() -> bool {
    document_element().has_attribute("data-large")
}

/// Larger type for rooms full of people, or the usual one; for the next visit too.
pub fn enlarge(on: bool) {
    let root = document_element();
    let _ = if on { root.set_attribute("data-large", "") } else { root.remove_attribute("data-large") };
    edge::prefer("large", if on { "yes" } else { "" });
}

//! The way of the Tab key through a page that is a part of another one: a stop for each group, and arrows inside of it.
//!
//! A reader who only comes by leaves after a few stops, however many pods there are.

use gloo::events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent, SvgElement};

/// What is one stop.
const GROUPS: &str = ".embed-bar,.say,.picture,.legend,.facts-panel,.claims,.time,.panel-tabs,.why-body,[role=tablist]";
const STOPS: &str = "a[href],button:not([disabled]),input,select,textarea,[tabindex='0']";

/// What of a group can have the focus, in order.
fn stops(group: &Element) -> Vec<Element> {
    let Ok(found) = group.query_selector_all(STOPS) else { return Vec::new() };
    let elements = (0..found.length()).filter_map(|index| found.get(index)?.dyn_into::<Element>().ok());
    elements.filter(|element| element.get_bounding_client_rect().width() > 0.0).collect()
}

fn focus(element: &Element) {
    let _ = match (element.dyn_ref::<HtmlElement>(), element.dyn_ref::<SvgElement>()) {
        (Some(element), _) => element.focus(),
        (_, Some(element)) => element.focus(),
        _ => Ok(()),
    };
}

/// Where the focus goes before the browser does its part.
fn on_key(event: &KeyboardEvent) {
    let Some(at) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
    let Some(group) = at.closest(GROUPS).ok().flatten() else { return };
    let typing = at.matches("input,select,textarea,[role=slider]").unwrap_or(true);
    let stops = stops(&group);
    let Some(now) = stops.iter().position(|stop| *stop == at) else { return };
    let last = stops.len() - 1;
    let (next, is_done) = match (event.key().as_str(), event.shift_key()) {
        // The browser goes on from there, out of the group.
        ("Tab", false) => (last, false),
        ("Tab", true) => (0, false),
        ("ArrowRight" | "ArrowDown", false) if !typing => ((now + 1).min(last), true),
        ("ArrowLeft" | "ArrowUp", false) if !typing => (now.saturating_sub(1), true),
        _ => return,
    };
    if next != now {
        focus(&stops[next]);
    }
    if is_done {
        event.prevent_default();
    }
}

/// Leads the keys through the page, as long as it lives.
pub fn lead() -> EventListener {
    let document = gloo::utils::document();
    EventListener::new_with_options(&document, "keydown", EventListenerOptions::enable_prevent_default(), |event| {
        if let Some(event) = event.dyn_ref::<KeyboardEvent>() {
            on_key(event);
        }
    })
}

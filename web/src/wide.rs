//! Whether the window has room for all panels at once.

use crate::paint;
use gloo::events::EventListener;
use yew::prelude::*;

/// From this width on, all panels are side by side.
const WIDE: &str = "(min-width: 1100px)";

fn media(query: &str) -> Option<web_sys::MediaQueryList> {
    gloo::utils::window().match_media(query).ok().flatten()
}

fn matches(query: &str) -> bool {
    media(query).is_some_and(|list| list.matches())
}

/// Whether a media query holds, and again when that changes.
#[hook]
fn use_media(query: &'static str) -> bool {
    let state = use_state(|| matches(query));
    {
        let state = state.setter();
        use_effect_with((), move |()| {
            let listener =
                media(query).map(|list| EventListener::new(&list, "change", move |_| state.set(matches(query))));
            move || drop(listener)
        });
    }
    *state
}

#[hook]
pub fn use_wide() -> bool {
    use_media(WIDE)
}

/// Whether the window has little height: what rests takes less of it.
#[hook]
pub fn use_low() -> bool {
    use_media("(max-height: 799.98px)")
}

#[hook]
pub fn use_dark() -> bool {
    let preferred = use_media("(prefers-color-scheme: dark)");
    let render = use_force_update();
    use_effect_with((), move |()| {
        let listener = EventListener::new(&gloo::utils::window(), paint::CHANGED, move |_| render.force_update());
        move || drop(listener)
    });
    match gloo::utils::document_element().get_attribute("data-theme").as_deref() {
        Some("dark") => true,
        Some("light") => false,
        _ => preferred,
    }
}

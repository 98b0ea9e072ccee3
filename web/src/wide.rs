//! Whether the window has room for all panels at once.

use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::*;
use yew::prelude::*;

/// From this width on, all panels are side by side.
const WIDE: &str = "(min-width: 1100px)";

fn matches(query: &str) -> bool {
    let list = web_sys::window().and_then(|window| window.match_media(query).ok().flatten());
    list.is_some_and(|list| list.matches())
}

/// Whether a media query holds, and again when that changes.
#[hook]
fn use_media(query: &'static str) -> bool {
    let state = use_state(|| matches(query));
    {
        let state = state.setter();
        use_effect_with((), move |()| {
            let list = web_sys::window().and_then(|window| window.match_media(query).ok().flatten());
            let listener = Closure::<dyn Fn()>::new(move || state.set(matches(query)));
            if let Some(list) = &list {
                // A browser that cannot tell keeps the layout it started with.
                let _ = list.add_event_listener_with_callback("change", listener.as_ref().unchecked_ref());
            }
            move || {
                if let Some(list) = list {
                    let _ = list.remove_event_listener_with_callback("change", listener.as_ref().unchecked_ref());
                }
            }
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
    let root = web_sys::window().and_then(|window| window.document()).and_then(|document| document.document_element());
    match root.and_then(|root| root.get_attribute("data-theme")).as_deref() {
        Some("dark") => true,
        Some("light") => false,
        _ => preferred,
    }
}

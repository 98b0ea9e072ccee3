//! A box that floats over the page. The focus goes in when it opens, and back when it closes.

use crate::desk::use_desk;
use crate::sizes;
use crate::state::Action;
use gloo::utils::document;
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

/// Where a floating box hangs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// In the middle of the window.
    Middle,
    /// Over all of the page.
    Whole,
    /// Below the element of this id.
    Below(&'static str),
    /// At client coordinates.
    At(i32, i32),
}

#[derive(PartialEq, Properties)]
pub struct FloatBoxProps {
    pub place: Place,
    pub label: String,
    /// `menu` or `dialog`.
    pub role: &'static str,
    #[prop_or_default]
    pub children: Html,
    #[prop_or_default]
    pub class: &'static str,
}

/// What the keyboard can reach inside of a box.
const FOCUSABLE: &str = "button:not([disabled]), [href], input, textarea, select, [tabindex='0']";

fn focusable(host: &Element) -> Vec<HtmlElement> {
    let Ok(nodes) = host.query_selector_all(FOCUSABLE) else { return Vec::new() };
    (0..nodes.length()).filter_map(|i| nodes.item(i)?.dyn_into().ok()).collect()
}

/// A floating box: focus goes to its first control, stays inside, and returns to where it was.
#[component]
pub fn FloatBox(props: &FloatBoxProps) -> Html {
    let desk = use_desk();
    let host = use_node_ref();
    let style = use_state_eq(String::new);
    {
        let (host, style, place) = (host.clone(), style.setter(), props.place);
        use_effect_with((), move |()| {
            let opener = document().active_element();
            let host = host.cast::<Element>();
            if let Some(host) = &host {
                style.set(position(host, place));
                let first = host.query_selector("[data-autofocus]").ok().flatten().and_then(|e| e.dyn_into().ok());
                if let Some(first) = first.or_else(|| focusable(host).into_iter().next()) {
                    let _ = first.focus();
                }
                // What has the focus may be at the end; reading begins at the top.
                host.set_scroll_top(0);
            }
            move || {
                // A click elsewhere has already moved the focus; then it stays there.
                let active = document().active_element();
                let inside = |element: &Element| host.as_ref().is_some_and(|host| host.contains(Some(element)));
                let lost = active.is_none_or(|element| element.tag_name() == "BODY" || inside(&element));
                if let (true, Some(opener)) = (lost, opener.and_then(|opener| opener.dyn_into::<HtmlElement>().ok())) {
                    let _ = opener.focus();
                }
            }
        });
    }
    let onkeydown = {
        let (host, menu) = (host.clone(), props.role == "menu");
        Callback::from(move |event: KeyboardEvent| {
            let Some(host) = host.cast::<Element>() else { return };
            let items = focusable(&host);
            let active = document().active_element();
            let at = items.iter().position(|item| active.as_ref() == Some(item.as_ref()));
            let count = items.len();
            let to = match (event.key().as_str(), at) {
                (_, _) if count == 0 => None,
                ("ArrowDown", at) if menu => Some(at.map_or(0, |at| (at + 1) % count)),
                ("ArrowUp", at) if menu => Some(at.map_or(count - 1, |at| (at + count - 1) % count)),
                ("Home", _) if menu => Some(0),
                ("End", _) if menu => Some(count - 1),
                ("Tab", Some(at)) if event.shift_key() => Some((at + count - 1) % count),
                ("Tab", Some(at)) => Some((at + 1) % count),
                _ => None,
            };
            if let Some(item) = to.and_then(|to| items.get(to)) {
                event.prevent_default();
                let _ = item.focus();
            }
        })
    };
    let close = desk.sends(Action::Close);
    html! {
        <>
            <style>{ include_str!("../../styles/late/float.css") }</style>
            <div class={classes!("scrim", (props.role == "dialog").then_some("dim"))} onclick={close} aria-hidden="true"></div>
            <div ref={host} class={classes!("float", props.class)} role={props.role} aria-label={props.label.clone()}
                aria-modal={(props.role == "dialog").then_some("true")} style={(*style).clone()} {onkeydown}>
                { props.children.clone() }
            </div>
        </>
    }
}

/// The space that is kept to the window's edges.
const EDGE: f64 = 8.0;

/// Where the box goes so that it is in the window as a whole.
fn position(host: &Element, place: Place) -> String {
    let (width, height) = sizes::window();
    let own = host.get_bounding_client_rect();
    let (x, y) = match place {
        Place::Whole => return "inset:0;opacity:1".into(),
        Place::Middle => ((width - own.width()) / 2.0, (height - own.height()) / 3.0),
        Place::At(x, y) => (f64::from(x), f64::from(y)),
        Place::Below(id) => {
            let anchor = document().get_element_by_id(id);
            anchor.map_or((EDGE, EDGE), |anchor| {
                let rect = anchor.get_bounding_client_rect();
                let above = rect.top() - 4.0 - own.height();
                let fits = rect.bottom() + 4.0 + own.height() + EDGE <= height;
                (rect.left(), if fits || above < EDGE { rect.bottom() + 4.0 } else { above })
            })
        }
    };
    let x = x.min(width - own.width() - EDGE).max(EDGE);
    // A long menu stays where it was opened and scrolls, as long as there is room for half of it.
    let room = height - y - EDGE;
    if place != Place::Middle && own.height() > room && room * 2.0 > own.height() {
        return format!("left:{}px;top:{}px;max-height:{}px;opacity:1", x as i32, y as i32, room as i32);
    }
    let y = y.min(height - own.height() - EDGE).max(EDGE);
    format!("left:{}px;top:{}px;opacity:1", x as i32, y as i32)
}

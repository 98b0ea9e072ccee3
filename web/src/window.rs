//! Long lists: the rows in sight are there, and room for the others, so that a hundred thousand scroll like a hundred.

use crate::sizes::Resizes;
use gloo::events::EventListener;
use std::rc::Rc;
use web_sys::Element;
use yew::prelude::*;

/// Shorter lists are there as a whole.
const SHORT: usize = 48;
/// Rows beyond either edge that are there as well: who turns the wheel meets no gap.
const BEYOND: usize = 16;
/// The window moves by so many rows at once: most of the way, nothing has to be drawn anew.
const STRIDE: usize = 8;
/// What scrolls on this page.
const SCROLLERS: &str = ".cluster-body, .why-body";

/// Which rows of a list are there, and the height of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    pub from: usize,
    pub to: usize,
    /// Pixels to keep free above and below.
    pub above: i32,
    pub below: i32,
}

/// What was measured: the first row in sight, how many are, and how high one is.
type Sight = (usize, usize, f64);

/// Whether a list is so long that it needs a window.
pub fn is_long(count: usize) -> bool {
    count > SHORT
}

/// The window of a list of `count` rows in `host`. Rows carry `data-row` and have one height.
#[hook]
pub fn use_window(host: &NodeRef, count: usize) -> Window {
    let sight = use_state_eq(|| (0, SHORT, 24.0));
    let is_long = is_long(count);
    {
        let (host, sight) = (host.clone(), sight.setter());
        use_effect_with(is_long, move |is_long| {
            let watch = is_long.then(|| watch(&host, sight));
            move || drop(watch)
        });
    }
    if !is_long {
        return Window { from: 0, to: count, above: 0, below: 0 };
    }
    let (first, rows, height) = *sight;
    let from = first.saturating_sub(BEYOND).min(count.saturating_sub(rows));
    let to = (first + rows + BEYOND).min(count);
    let pixels = |rows: usize| (rows as f64 * height) as i32;
    Window { from, to, above: pixels(from), below: pixels(count - to) }
}

/// Measures now and whenever something scrolls or changes its size, as long as the answer lives.
#[inline(never)]
fn watch(host: &NodeRef, sight: UseStateSetter<Sight>) -> Watch {
    let host = host.cast::<Element>();
    let scroller = host.as_ref().and_then(|host| host.closest(SCROLLERS).ok().flatten());
    let measure = {
        let (host, scroller) = (host.clone(), scroller.clone());
        move || {
            let (Some(host), Some(scroller)) = (&host, &scroller) else { return };
            let row = host.query_selector("[data-row]").ok().flatten();
            let height = row.map_or(24.0, |row| row.get_bounding_client_rect().height()).max(8.0);
            let frame = scroller.get_bounding_client_rect();
            let above = (frame.top() - host.get_bounding_client_rect().top()).max(0.0) / height;
            let stride = |rows: f64| rows as usize / STRIDE * STRIDE;
            sight.set((stride(above), stride(frame.height() / height) + 2 * STRIDE, height));
        }
    };
    measure();
    let measure = Rc::new(measure);
    let scrolls = scroller.as_ref().map(|scroller| {
        let measure = measure.clone();
        EventListener::new(scroller, "scroll", move |_| measure())
    });
    // What stands above the list moves it.
    let before = scroller.as_ref().and_then(Element::first_element_child);
    let watched: Vec<&Element> = scroller.iter().chain(&before).collect();
    Watch { _scrolls: scrolls, _resizes: Resizes::of(&watched, move || measure()) }
}

struct Watch {
    _scrolls: Option<EventListener>,
    _resizes: Resizes,
}

/// The room above or below the rows of a table.
pub fn space(key: &'static str, height: i32, columns: usize) -> Html {
    html! {
        <tr {key} class="space" aria-hidden="true" hidden={height == 0}>
            <td colspan={columns.to_string()} style={format!("height:{height}px")}></td>
        </tr>
    }
}

//! The page around this one: what it is told, and what it may ask for.
//!
//! Only the window above is heard, and only what has the form of a message; everything else is no concern of this page.
//! `web/embed/embed.js` is the other side.

use crate::edge::{from_js, to_js};
use crate::embedding::Embedded;
use crate::paint;
use crate::session::{Session, Speed};
use crate::sizes;
use crate::stops;
use gloo::events::EventListener;
use petri_lessons::fence::address::attributes;
use petri_picture::poster;
use petri_sim::story::link;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{IntersectionObserver, IntersectionObserverEntry};
use yew::prelude::*;

/// The form of the messages.
const FORM: u32 = 1;

/// What the page around may ask for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Asked {
    /// It is `light` or `dark` now.
    Theme {
        theme: String,
    },
    /// To stop for good, and to say where it was.
    Park,
    Play,
    Pause,
}

/// What it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Told {
    /// The cluster is drawn.
    Ready,
    /// The part of a link behind `#`, to go on from there, and the moment as a picture.
    Parked { fragment: String, picture: String },
}

#[derive(Serialize)]
struct Message {
    petri: u32,
    #[serde(flatten)]
    told: Told,
}

#[derive(Deserialize)]
struct Envelope {
    petri: u32,
}

/// The window above, if there is one.
fn above() -> Option<web_sys::Window> {
    let own = gloo::utils::window();
    let parent = own.parent().ok().flatten()?;
    let is_own = js_sys::Object::is(parent.as_ref(), own.as_ref());
    (!is_own).then_some(parent)
}

fn tell(told: Told) {
    if let Some(above) = above() {
        // It may be gone by now.
        let _ = above.post_message(&to_js(&Message { petri: FORM, told }), "*");
    }
}

/// What a message asks for; nothing if it is none.
pub fn read(data: &JsValue) -> Option<Asked> {
    let envelope: Envelope = from_js(data.clone())?;
    if envelope.petri != FORM {
        return None;
    }
    from_js(data.clone())
}

fn act(asked: &Asked, session: &Session) {
    match asked {
        Asked::Theme { theme } => paint::paint(theme),
        Asked::Play => session.play(),
        Asked::Pause => session.pause(),
        Asked::Park => {
            session.pause();
            let title = attributes(&gloo::utils::window().location().search().unwrap_or_default()).0.title;
            let width = sizes::window().0 as u32;
            let picture = poster::of(&session.timeline(), title.as_deref(), width);
            tell(Told::Parked { fragment: link::to_fragment(&session.shared_with_branches()), picture });
        }
    }
}

/// Whether the reader is in this frame, for styles: the wheel and the finger of who is not turn the page around.
fn mark_active() -> [EventListener; 2] {
    let root = gloo::utils::document_element();
    if gloo::utils::document().has_focus().unwrap_or(false) {
        let _ = root.set_attribute("data-active", "");
    }
    let window = gloo::utils::window();
    let left = root.clone();
    [
        EventListener::new(&window, "focus", move |_| {
            let _ = root.set_attribute("data-active", "");
        }),
        EventListener::new(&window, "blur", move |_| {
            let _ = left.remove_attribute("data-active");
        }),
    ]
}

/// Lets time stand still while this frame is out of sight, as long as it lives.
struct Sight {
    observer: Option<IntersectionObserver>,
    /// What the observer calls.
    _callback: Closure<dyn FnMut(js_sys::Array)>,
}

impl Sight {
    fn of(session: &Session) -> Sight {
        let session = session.clone();
        let callback = Closure::new(move |entries: js_sys::Array| {
            if let Ok(last) = entries.pop().dyn_into::<IntersectionObserverEntry>() {
                session.set_seen(last.is_intersecting());
            }
        });
        // A browser without one plays on.
        let observer = IntersectionObserver::new(callback.as_ref().unchecked_ref()).ok();
        if let Some(observer) = &observer {
            observer.observe(&gloo::utils::document_element());
        }
        Sight { observer, _callback: callback }
    }
}

impl Drop for Sight {
    fn drop(&mut self) {
        if let Some(observer) = &self.observer {
            observer.disconnect();
        }
    }
}

/// Does what the page around has asked for in the address, and tells its writer what it does not understand of it.
pub fn begin(embedded: &Embedded, search: &str, session: &Session) {
    for problem in Embedded::problems(search) {
        gloo::console::warn!(format!("Petri: {problem}"));
    }
    let still = gloo::utils::window().match_media("(prefers-reduced-motion: reduce)");
    if let Some(times) = embedded.speed() {
        session.set_speed(Speed(u64::from(times) * 1_000));
    }
    if embedded.autoplays() && !still.ok().flatten().is_some_and(|query| query.matches()) {
        session.play();
    }
}

/// Hears the page around, and tells it that this one is ready.
#[hook]
pub fn use_host(session: &Session, is_embedded: bool) {
    let session = session.clone();
    use_effect_with(is_embedded, move |is_embedded| {
        let listens = is_embedded.then(|| {
            let (above, session) = (above(), session.clone());
            EventListener::new(&gloo::utils::window(), "message", move |event| {
                let Some(event) = event.dyn_ref::<web_sys::MessageEvent>() else { return };
                let is_above = match (event.source(), &above) {
                    (Some(source), Some(above)) => js_sys::Object::is(source.as_ref(), above.as_ref()),
                    _ => false,
                };
                if is_above && let Some(asked) = read(&event.data()) {
                    act(&asked, &session);
                }
            })
        });
        if listens.is_some() {
            tell(Told::Ready);
        }
        let looks = is_embedded.then(|| (mark_active(), Sight::of(&session), stops::lead()));
        move || drop((listens, looks))
    });
}

//! What only a browser can tell: when components render again, how the player moves, and
//! whether the same run has the same fingerprints here and natively.
#![cfg(target_arch = "wasm32")]
// Clippy knows a test by `#[test]`; these are tests as well.
#![allow(clippy::unwrap_used)]

use js_sys::Promise;
use petri_objects::Span;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;

use petri_web::app::{App, AppProps};
use petri_web::first_visit;
use petri_web::session::Speed;
use petri_web::session::{Session, use_world};
use petri_web::state::Ui;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Element, HtmlElement, HtmlTextAreaElement};
use yew::prelude::*;

wasm_bindgen_test_configure!(run_in_browser);

fn document() -> web_sys::Document {
    web_sys::window().unwrap().document().unwrap()
}

/// What a page with this address opens with.
fn opened(hash: &str) -> (Session, Ui) {
    let mut opening = first_visit::Opening::new(hash);
    while opening.advance_page() {}
    opening.done()
}

/// Lets frames and effects happen.
async fn rest(milliseconds: i32) {
    let promise = Promise::new(&mut |resolve, _| {
        let window = web_sys::window().unwrap();
        window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds).unwrap();
    });
    JsFuture::from(promise).await.unwrap();
}

fn host() -> Element {
    let host = document().create_element("div").unwrap();
    document().body().unwrap().append_child(&host).unwrap();
    host
}

fn session() -> Session {
    Session::new(Recording::new(Scenario::standard(), first_visit::SEED))
}

#[derive(Clone, PartialEq, Properties)]
struct CounterProps {
    session: Session,
    renders: Counter,
}

#[derive(Clone, Default)]
struct Counter(Rc<Cell<u32>>);

impl PartialEq for Counter {
    fn eq(&self, other: &Counter) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

#[component]
fn Counted(props: &CounterProps) -> Html {
    html! {
        <ContextProvider<Session> context={props.session.clone()}><Minutes renders={props.renders.clone()} /></ContextProvider<Session>>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct MinutesProps {
    renders: Counter,
}

#[component]
fn Minutes(props: &MinutesProps) -> Html {
    let minutes = use_world((), |timeline, ()| timeline.now().since(timeline.start()).as_seconds() / 60);
    props.renders.0.set(props.renders.0.get() + 1);
    html! { <b>{ *minutes }</b> }
}

#[wasm_bindgen_test]
async fn a_component_renders_again_only_when_its_slice_changes() {
    let (session, renders, host) = (session(), Counter::default(), host());
    let props = CounterProps { session: session.clone(), renders: renders.clone() };
    let app = yew::Renderer::<Counted>::with_root_and_props(host.clone(), props).render();
    rest(50).await;
    assert_eq!((host.text_content().unwrap(), renders.0.get()), ("0".into(), 1));
    for second in 1..=30 {
        session.change(|timeline| timeline.play_until(timeline.start() + Span::seconds(second)));
        session.flush();
    }
    rest(50).await;
    assert_eq!(renders.0.get(), 1, "thirty changes, none of them to this slice");
    session.change(|timeline| timeline.play_until(timeline.start() + Span::seconds(61)));
    rest(100).await;
    assert_eq!((host.text_content().unwrap(), renders.0.get()), ("1".into(), 2));
    app.destroy();
    session.change(|timeline| timeline.play_until(timeline.start() + Span::minutes(3)));
    rest(50).await;
    assert_eq!(renders.0.get(), 2, "nobody listens any more");
}

#[wasm_bindgen_test]
async fn changes_of_one_frame_are_told_once() {
    let session = session();
    let told = Rc::new(Cell::new(0));
    let subscription = session.subscribe({
        let told = told.clone();
        Rc::new(move || told.set(told.get() + 1))
    });
    for _ in 0..10 {
        session.changed();
    }
    rest(100).await;
    assert_eq!(told.get(), 1);
    drop(subscription);
    session.changed();
    rest(100).await;
    assert_eq!(told.get(), 1);
}

#[wasm_bindgen_test]
async fn the_player_follows_the_clock_and_stops() {
    let session = session();
    let elapsed = |session: &Session| {
        let timeline = session.timeline();
        timeline.now().since(timeline.start()).as_millis()
    };
    session.set_speed(Speed(10_000));
    session.play();
    rest(500).await;
    session.pause();
    let played = elapsed(&session);
    assert!((1_000..20_000).contains(&played), "half a second at ten times the speed came to {played} ms");
    rest(100).await;
    assert_eq!(elapsed(&session), played);
}

#[wasm_bindgen_test]
async fn running_for_a_while_ends_at_the_very_moment() {
    let session = session();
    let start = session.timeline().now();
    session.run_for(Span::minutes(6));
    for _ in 0..200 {
        rest(20).await;
        if !session.player_state().is_moving() {
            break;
        }
    }
    assert_eq!(session.timeline().now(), start + Span::minutes(6));
}

#[wasm_bindgen_test]
async fn a_manifest_is_applied_from_the_text_area() {
    let (session, mut ui) = opened("");
    session.pause();
    ui.untried = false;
    let host = host();
    let app = yew::Renderer::<App>::with_root_and_props(
        host.clone(),
        AppProps { session: session.clone(), ui: Rc::new(ui), embedded: None, fence: None },
    )
    .render();
    rest(100).await;
    // A narrow window shows one panel at a time.
    if let Ok(Some(tab)) = host.query_selector("[data-dock=manifests]") {
        tab.unchecked_into::<HtmlElement>().click();
        rest(100).await;
    }
    let area: HtmlTextAreaElement = host.query_selector("textarea").unwrap().unwrap().unchecked_into();
    area.set_value("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: typed\n");
    let input = document().create_event("Event").unwrap();
    input.init_event_with_bubbles("input", true);
    area.dispatch_event(&input).unwrap();
    rest(100).await;
    host.query_selector("#apply").unwrap().unwrap().unchecked_into::<HtmlElement>().click();
    rest(100).await;
    assert!(host.text_content().unwrap().contains("configmap/typed created"));
    let known = session.timeline().world().objects().config_maps.iter().any(|(key, _)| &*key.name == "typed");
    assert!(known);
    app.destroy();
    host.remove();
}

#[wasm_bindgen_test]
fn the_story_has_the_same_fingerprints_as_natively() {
    assert!(!petri_lessons::FINGERPRINTS.is_empty());
    assert_eq!(petri_lessons::fingerprints(), petri_lessons::FINGERPRINTS);
}

#[wasm_bindgen_test]
fn the_interface_starts_with_an_example() {
    let (session, ui): (Session, Ui) = opened("#nothing");
    assert_eq!(ui.files.len(), 1);
    assert!(session.timeline().world().objects().pods.len() >= 2);
}

#[wasm_bindgen_test]
fn a_run_comes_back_from_its_link_and_its_text_here_as_well() {
    use petri_sim::story::link::{from_fragment, to_fragment};
    use petri_sim::story::shared::Shared;
    for text in [
        include_str!("../../tests/recordings/every-command.json"),
        include_str!("../../tests/recordings/every-setting.json"),
        include_str!("../../tests/recordings/first-visit.json"),
    ] {
        let shared = Shared::from_json(text).unwrap();
        assert_eq!(Shared::from_json(&shared.to_json()).unwrap(), shared);
        let link = to_fragment(&shared);
        assert_eq!(from_fragment(&format!("#{link}")).unwrap().unwrap(), shared);
        assert!(from_fragment(&format!("#{}", &link[..link.len() / 2])).unwrap().is_err(), "half a link");
    }
}

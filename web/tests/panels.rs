//! The panels in a real browser: each says what it is there to say, and does what its keys promise. The window is that
//! of a small screen, which shows one panel at a time.
#![cfg(target_arch = "wasm32")]
// Clippy knows a test by `#[test]`; these are tests as well.
#![allow(clippy::unwrap_used)]

use js_sys::Promise;
use petri_web::app::{App, AppProps};
use petri_web::first_visit;
use petri_web::keys::KEYS;
use petri_web::session::Session;
use petri_web::state::Panel;
use std::rc::Rc;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Element, Event, EventInit, HtmlElement, HtmlInputElement, HtmlTextAreaElement};
use web_sys::{KeyboardEvent, KeyboardEventInit};
use yew::AppHandle;

wasm_bindgen_test_configure!(run_in_browser);

/// The page as a first visit finds it, standing still.
struct Page {
    host: HtmlElement,
    session: Session,
    app: Option<AppHandle<App>>,
}

impl Drop for Page {
    fn drop(&mut self) {
        if let Some(app) = self.app.take() {
            app.destroy();
        }
        self.host.remove();
    }
}

/// Lets effects and the frames after them happen, however slow the machine is.
async fn rest() {
    for _ in 0..3 {
        let promise = Promise::new(&mut |resolve, _| {
            let window = web_sys::window().unwrap();
            let frame = Closure::once_into_js(move || {
                let window = web_sys::window().unwrap();
                window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, 20).unwrap();
            });
            window.request_animation_frame(frame.unchecked_ref()).unwrap();
        });
        JsFuture::from(promise).await.unwrap();
    }
}

fn document() -> web_sys::Document {
    web_sys::window().unwrap().document().unwrap()
}

/// What the boot script offers, as far as a page without an editor needs it: it types into a text area.
fn boot() {
    let none = js_sys::Function::new_no_args("return Promise.reject(new Error('there is no editor here'))");
    js_sys::Reflect::set(&js_sys::global(), &"petriLoadEditor".into(), &none).unwrap();
}

impl Page {
    async fn open() -> Page {
        boot();
        let mut opening = first_visit::Opening::new("");
        while opening.advance_page() {}
        let (session, ui) = opening.done();
        session.pause();
        let host: HtmlElement = document().create_element("div").unwrap().unchecked_into();
        document().body().unwrap().append_child(&host).unwrap();
        let props = AppProps { session: session.clone(), ui: Rc::new(ui), embedded: None, fence: None };
        let app = yew::Renderer::<App>::with_root_and_props(host.clone().into(), props).render();
        rest().await;
        Page { host, session, app: Some(app) }
    }

    /// The page with one of its panels in view, by the panel's key.
    async fn at(panel: Panel) -> Page {
        let page = Page::open().await;
        let number = Panel::ALL.iter().position(|other| *other == panel).unwrap() + 1;
        page.press(&number.to_string()).await;
        assert_eq!(page.one("[data-app]").get_attribute("data-panel").unwrap(), panel.word());
        page
    }

    fn find(&self, selector: &str) -> Option<Element> {
        self.host.query_selector(selector).unwrap()
    }
    fn one(&self, selector: &str) -> Element {
        self.find(selector).unwrap_or_else(|| panic!("there is no {selector}"))
    }
    fn words(&self, selector: &str) -> String {
        self.one(selector).text_content().unwrap_or_default()
    }
    async fn click(&self, selector: &str) {
        self.one(selector).unchecked_into::<HtmlElement>().click();
        rest().await;
    }
    async fn press(&self, key: &str) {
        self.press_on(&self.host, key, false).await;
    }
    async fn press_on(&self, target: &Element, key: &str, control: bool) {
        let init = KeyboardEventInit::new();
        init.set_key(key);
        init.set_bubbles(true);
        init.set_cancelable(true);
        init.set_ctrl_key(control);
        let event = KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &init).unwrap();
        target.dispatch_event(&event).unwrap();
        rest().await;
    }
    /// Types into a field and presses Enter.
    async fn say(&self, field: &str, text: &str) {
        let input: HtmlInputElement = self.one(field).unchecked_into();
        input.set_value(text);
        let init = EventInit::new();
        init.set_bubbles(true);
        input.dispatch_event(&Event::new_with_event_init_dict("input", &init).unwrap()).unwrap();
        rest().await;
        self.press_on(&input, "Enter", false).await;
    }
    fn micros(&self) -> u64 {
        self.one("time.clock").get_attribute("data-micros").unwrap().parse().unwrap()
    }
    fn focused(&self) -> Element {
        document().active_element().unwrap()
    }
}

#[wasm_bindgen_test]
async fn the_bar_on_top_names_the_example_and_shares_the_run() {
    let page = Page::open().await;
    assert_eq!(page.words(".brand-name"), "Petri");
    assert_eq!(page.words(".lesson-name"), "A StatefulSet with disks");
    page.click("#share-button").await;
    let link = page.one("#share-link").unchecked_into::<HtmlInputElement>().value();
    assert!(link.contains('#') && link.len() > 40, "{link}");
    assert_eq!(page.focused().id(), "copy-link", "who opens it wants the link");
    page.press("Escape").await;
    assert!(page.find("#share-link").is_none());
}

#[wasm_bindgen_test]
async fn time_goes_by_the_keys_and_the_buttons() {
    let page = Page::open().await;
    let before = page.micros();
    page.press(".").await;
    let after = page.micros();
    assert!(after > before, "one event on");
    page.press(",").await;
    assert!(page.micros() < after, "one event back");
    let speed = page.words("#speed-button");
    page.press("+").await;
    assert_ne!(page.words("#speed-button"), speed);
    page.press("-").await;
    assert_eq!(page.words("#speed-button"), speed);
    page.press(" ").await;
    assert!(page.session.player_state().is_moving());
    page.click("#play").await;
    assert!(!page.session.player_state().is_moving());
    page.click("#start").await;
    assert_eq!(page.micros(), 0);
}

#[wasm_bindgen_test]
async fn a_broken_manifest_is_told_at_its_line_and_a_good_one_is_applied_by_its_keys() {
    let page = Page::at(Panel::Manifests).await;
    assert!(page.words("[role=tablist]").contains("random-generator.yaml"));
    type_manifest(&page, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: Typed\n  naem: x\n").await;
    assert_eq!(page.one(".problems").get_attribute("data-errors").unwrap(), "1");
    assert!(page.words(".problems").contains("Line 5"), "{}", page.words(".problems"));
    type_manifest(&page, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: typed\n").await;
    page.press_on(&page.host, "Enter", true).await;
    assert!(page.words(".outcome").contains("configmap/typed created"), "{}", page.words(".outcome"));
}

async fn type_manifest(page: &Page, text: &str) {
    let area: HtmlTextAreaElement = page.one("textarea").unchecked_into();
    area.set_value(text);
    let init = EventInit::new();
    init.set_bubbles(true);
    area.dispatch_event(&Event::new_with_event_init_dict("input", &init).unwrap()).unwrap();
    // The text is looked at a moment after the last key.
    for _ in 0..5 {
        rest().await;
    }
}

#[wasm_bindgen_test]
async fn the_cluster_says_what_is_the_case_and_what_is_selected_leads_to_its_why() {
    let page = Page::at(Panel::Cluster).await;
    assert!(!page.words(".say h1").is_empty());
    let rows = page.words(".cluster-body table");
    assert!(rows.contains("rg-0") && rows.contains("rg-1"), "{rows}");
    page.click(".cluster-body .row-button").await;
    assert_eq!(page.one(".cluster-body .row-button").get_attribute("aria-pressed").unwrap(), "true");
    page.press("3").await;
    assert!(page.words(".why .obj").contains("Pod rg-0"), "{}", page.words(".why .obj"));
    page.press("Escape").await;
    assert!(page.words(".why .obj").contains("StatefulSet rg"), "nothing is selected: {}", page.words(".why .obj"));
}

#[wasm_bindgen_test]
async fn the_inspector_has_the_object_its_events_and_the_history() {
    let page = Page::at(Panel::Why).await;
    for (tab, word) in [("Object", "kind: StatefulSet"), ("Events", "SuccessfulCreate"), ("History", "you created it")]
    {
        page.click(&format!("#tab-{tab}")).await;
        assert!(page.words("#inspector-body").contains(word), "{tab}: {}", page.words("#inspector-body"));
        assert_eq!(page.one(&format!("#tab-{tab}")).get_attribute("aria-selected").unwrap(), "true");
    }
}

#[wasm_bindgen_test]
async fn the_console_answers_remembers_and_completes() {
    let page = Page::at(Panel::Console).await;
    page.say("#console-line", "kubectl get pods").await;
    let output = page.words("[role=log]");
    assert!(output.contains("NAME") && output.contains("rg-0"), "{output}");
    page.say("#console-line", "no-such-verb").await;
    assert!(page.find("[role=log] .err").is_some(), "a refusal looks like one");
    let line: HtmlInputElement = page.one("#console-line").unchecked_into();
    page.press_on(&line, "ArrowUp", false).await;
    page.press_on(&line, "ArrowUp", false).await;
    assert_eq!(line.value(), "kubectl get pods");
    line.set_value("kubectl desc");
    page.press_on(&line, "Tab", false).await;
    assert_eq!(line.value(), "kubectl describe ");
}

#[wasm_bindgen_test]
async fn the_timeline_is_a_slider() {
    let page = Page::open().await;
    let slider = page.one("[role=slider]");
    let end: u64 = slider.get_attribute("aria-valuemax").unwrap().parse().unwrap();
    assert!(end > 0);
    page.press_on(&slider, "Home", false).await;
    assert_eq!(page.micros(), 0);
    page.press_on(&slider, "ArrowRight", false).await;
    let one = page.micros();
    assert!(one > 0);
    page.press_on(&slider, "End", false).await;
    assert!(page.micros() > one);
}

#[wasm_bindgen_test]
async fn names_resolve_and_dns_can_be_asked() {
    let page = Page::at(Panel::More).await;
    assert!(page.words(".dns").contains("rg-0.random-generator"), "{}", page.words(".dns"));
    page.click("#ask-dns").await;
    page.say("#dns-name", "rg-0.random-generator").await;
    assert!(page.words("[data-answered]").contains("NOERROR"), "{}", page.words("[data-answered]"));
    page.say("#dns-name", "rg-9.random-generator").await;
    assert!(page.words("[data-answered]").contains("NXDOMAIN"), "{}", page.words("[data-answered]"));
}

#[wasm_bindgen_test]
async fn help_lists_every_key_and_gives_the_focus_back() {
    let page = Page::open().await;
    let opener: HtmlElement = page.one("#help-button").unchecked_into();
    opener.focus().unwrap();
    page.press("?").await;
    let list = page.words("dl.keys");
    for (key, meaning) in KEYS {
        assert!(list.contains(key) && list.contains(meaning), "{key}: {meaning}");
    }
    assert_eq!(page.focused().text_content().unwrap(), "Close");
    page.press("Escape").await;
    assert_eq!(page.focused().id(), "help-button");
}

#[wasm_bindgen_test]
async fn a_menu_is_walked_by_arrows() {
    let page = Page::open().await;
    page.click("#examples-button").await;
    let menu = page.one("[role=menu]");
    for example in petri_lessons::EXAMPLES {
        assert!(menu.text_content().unwrap().contains(example.title), "{}", example.name);
    }
    let first = page.focused();
    page.press_on(&menu, "ArrowDown", false).await;
    let second = page.focused();
    assert_ne!(first, second);
    page.press_on(&menu, "ArrowUp", false).await;
    assert_eq!(page.focused(), first);
    page.press_on(&menu, "End", false).await;
    page.press_on(&menu, "ArrowDown", false).await;
    assert_eq!(page.focused(), first, "after the last comes the first");
}

#[wasm_bindgen_test]
async fn a_command_is_said_from_anywhere_and_taken_back() {
    let page = Page::open().await;
    page.press_on(&page.host, "k", true).await;
    assert_eq!(page.focused().id(), "palette-line");
    page.say("#palette-line", "cut node-1").await;
    assert!(page.find("#palette-line").is_none(), "what was said closes it");
    let commands = |page: &Page| page.session.timeline().recording().commands.len();
    let said = commands(&page);
    assert_eq!(page.session.timeline().recording().commands.last().unwrap().command.line(), "cut node-1");
    page.press_on(&page.host, "z", true).await;
    assert_eq!(commands(&page), said - 1);
}

#[wasm_bindgen_test]
async fn what_the_pictures_show_and_two_runs_beside_each_other_open_by_their_keys() {
    let page = Page::open().await;
    page.press("v").await;
    assert_eq!(page.one(".float").get_attribute("role").unwrap(), "menu");
    page.press("Escape").await;
    page.press("c").await;
    assert_eq!(page.one(".float").get_attribute("role").unwrap(), "dialog");
    assert!(page.words(".float").contains("The same day, twice"), "{}", page.words(".float"));
    page.press("Escape").await;
    assert!(page.find(".float").is_none());
}

//! What goes over the edge to JavaScript: each value that a script hands in or gets back has a type here.
//!
//! Fields are called as the scripts call them. `web/assets/boot.js` and `web/editor/editor.js` are the other side.

use js_sys::Function;
use serde::{Deserialize, Serialize};
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::HtmlElement;

/// A value as a plain JavaScript one: objects, arrays, strings, numbers and null, as JSON has them.
pub fn to_js<T: Serialize>(value: &T) -> JsValue {
    // Only a number beyond what JavaScript can count to would be refused; none is handed out.
    value.serialize(&Serializer::json_compatible()).unwrap_or(JsValue::NULL)
}

/// A JavaScript value as a typed one; `None` if it is of another shape.
pub fn from_js<T: serde::de::DeserializeOwned>(value: impl Into<JsValue>) -> Option<T> {
    serde_wasm_bindgen::from_value(value.into()).ok()
}

/// Puts a text into the clipboard; the callback hears whether that worked.
pub fn copy(text: String, then: impl FnOnce(bool) + 'static) {
    let clipboard = gloo::utils::window().navigator().clipboard();
    // Without https there is none, whatever its type says.
    if clipboard.is_undefined() {
        return then(false);
    }
    spawn_local(async move { then(JsFuture::from(clipboard.write_text(&text)).await.is_ok()) });
}

/// Where the page finds what it fetches later, from the boot script's `petriParts`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Parts {
    /// The address of the folder of examples, with a slash at its end.
    pub examples: String,
    /// The same of lessons.
    pub lessons: String,
}

/// What is new of the run, for whoever has to know it when the program has failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct News {
    /// Whatever stands before its moment, if it is another run.
    pub head: Option<String>,
    /// How many of the commands that are known stay.
    pub kept: u32,
    /// The commands after these, as JSON.
    pub more: Vec<String>,
    /// In microseconds since its start.
    pub moment: u64,
    pub end: u64,
}

/// What a benchmark came to; the caller measures how long it took.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Benchmark {
    /// A load, in counts that must be equal natively and here.
    Load { events: u64, virtual_ms: u64, pods_ready: u64, fingerprint: String },
    /// Jumps in a run of so many events: what the slowest hundredth of them took, which the caller cannot tell.
    Seek { events: u64, wall_ms: u64, cpu_ms: u64 },
    /// What one fingerprint of a large world takes, which is too short for the caller's clock.
    Fingerprint { wall_ms: f64, cpu_ms: f64, fingerprint: String },
    /// There is no benchmark of that name.
    Unknown { error: &'static str },
}

/// What the editor is made with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EditorOptions<'a> {
    pub doc: &'a str,
    /// What a screen reader calls the editor.
    pub label: String,
    pub dark: bool,
    /// `(text)`, after each edit by a person.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    pub on_change: Function,
    /// `(text)`, for Control and Enter.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    pub on_apply: Function,
    /// `()`: the cluster's values are wanted in the text.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    pub on_take_over: Function,
    /// `(text, position, explicit)`, answers [`Completions`] or null.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    pub completions: Function,
    /// `(text, position)`, answers a [`Hover`] or null.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    pub hover: Function,
}

/// A problem as the editor marks it. Positions count UTF-16 units, as JavaScript does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mark {
    pub from: u32,
    pub to: u32,
    /// `error`, `warning` or `info`.
    pub severity: &'static str,
    pub message: String,
    /// Drawn at the end of the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub badge: Option<&'static str>,
}

/// A value that the cluster has otherwise than the text says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drift<'a> {
    pub from: u32,
    /// `cluster: 4`.
    pub text: &'a str,
}

/// What could stand at a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Completions {
    /// Where the word begins that a choice replaces.
    pub from: u32,
    pub options: Vec<Completion>,
}

/// One thing that could stand there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Completion {
    pub label: String,
    /// Beside the label, small.
    pub detail: String,
    /// What it is for, for whoever looks closer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub info: Option<String>,
    /// The text that is put there.
    pub apply: String,
}

/// What is known of the field at a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hover {
    pub from: u32,
    pub to: u32,
    pub text: String,
}

/// What a new file can begin with.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Template {
    pub name: String,
    pub kind: String,
    pub about: String,
    pub text: String,
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = petriParts)]
    static PARTS: Option<js_sys::Object>;

    /// Makes sure that the second part of the module is there, if the build has taken it apart: see the boot script.
    #[wasm_bindgen(js_name = petriSecondPart)]
    pub fn second_part();
    /// The same of its third part.
    #[wasm_bindgen(js_name = petriThirdPart)]
    pub fn third_part();
    #[wasm_bindgen(js_name = petriHasThirdPart, catch)]
    fn petri_has_third_part() -> Result<bool, JsValue>;
    #[wasm_bindgen(js_name = petriExpectThirdPart, catch)]
    async fn petri_expect_third_part() -> Result<JsValue, JsValue>;

    /// Tells the boot script what is new of the run.
    #[wasm_bindgen(js_name = petriRemember, catch)]
    fn petri_remember(news: &JsValue) -> Result<(), JsValue>;
    /// Says that the program has failed, and why. From then on nobody calls it.
    #[wasm_bindgen(js_name = petriStopped, catch)]
    fn petri_stopped(message: &str) -> Result<(), JsValue>;
    /// Saves a text as a file.
    #[wasm_bindgen(js_name = petriSave, catch)]
    fn petri_save(name: &str, text: &str) -> Result<(), JsValue>;
    /// Lets a person choose a file, and answers its text.
    #[wasm_bindgen(js_name = petriChoose, catch)]
    async fn petri_choose() -> Result<JsValue, JsValue>;
    /// Keeps a run of this page in the browser, and answers its name.
    #[wasm_bindgen(js_name = petriKeep, catch)]
    fn petri_keep(number: u32, text: &str) -> Result<Option<String>, JsValue>;
    /// A run that was kept.
    #[wasm_bindgen(js_name = petriKept, catch)]
    fn petri_kept(name: &str) -> Result<Option<String>, JsValue>;

    /// Keeps what a person prefers; an empty text forgets it.
    #[wasm_bindgen(js_name = petriPrefer, catch)]
    fn petri_prefer(name: &str, value: &str) -> Result<(), JsValue>;

    /// Fetches the editor's module: see the boot script.
    #[wasm_bindgen(js_name = petriLoadEditor, catch)]
    async fn petri_load_editor() -> Result<JsValue, JsValue>;

    /// The editor's module.
    #[derive(Clone)]
    pub type EditorModule;
    /// Makes an editor in an element that holds nothing else, with [`EditorOptions`].
    #[wasm_bindgen(method, catch)]
    pub fn create(this: &EditorModule, parent: &HtmlElement, options: &JsValue) -> Result<TextEditor, JsValue>;
    #[wasm_bindgen(method, getter)]
    fn templates(this: &EditorModule) -> JsValue;
    /// Draws an SVG and saves it as a PNG.
    #[wasm_bindgen(method, catch)]
    async fn draw(this: &EditorModule, name: &str, svg: &str) -> Result<JsValue, JsValue>;

    /// A running editor. A failure inside of it must not take the page with it, so every call can be refused.
    pub type TextEditor;
    #[wasm_bindgen(method, catch, js_name = setDoc)]
    pub fn set_doc(this: &TextEditor, text: &str) -> Result<(), JsValue>;
    /// Replaces all marks by these: a list of [`Mark`].
    #[wasm_bindgen(method, catch, js_name = setDiagnostics)]
    pub fn set_diagnostics(this: &TextEditor, marks: &JsValue) -> Result<(), JsValue>;
    /// Tells which text the cluster was last given.
    #[wasm_bindgen(method, catch, js_name = setApplied)]
    pub fn set_applied(this: &TextEditor, text: Option<&str>) -> Result<(), JsValue>;
    /// Marks lines from which the cluster differs: a list of [`Drift`].
    #[wasm_bindgen(method, catch, js_name = setDrift)]
    pub fn set_drift(this: &TextEditor, lines: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = setDark)]
    pub fn set_dark(this: &TextEditor, dark: bool) -> Result<(), JsValue>;
    /// Selects a range and shows it.
    #[wasm_bindgen(method, catch, js_name = revealRange)]
    pub fn reveal_range(this: &TextEditor, from: u32, to: u32) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    pub fn focus(this: &TextEditor) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    pub fn destroy(this: &TextEditor) -> Result<(), JsValue>;
}

/// The page's parts; `None` where no boot script has run.
pub fn parts() -> Option<Parts> {
    PARTS.with(|parts| parts.clone()).and_then(from_js)
}

/// Whether the third part of the module is there, or there is none, as where no boot script has run.
pub fn has_third_part() -> bool {
    !cfg!(target_arch = "wasm32") || petri_has_third_part().unwrap_or(true)
}

/// Fetches the third part, and comes back when it is there. Where it cannot be had, who needs it tries again.
pub async fn expect_third_part() {
    let _ = petri_expect_third_part().await;
}

/// Tells the boot script what is new of the run.
pub fn remember(news: &News) {
    let _ = petri_remember(&to_js(news));
}

/// Shows the failure screen.
pub fn stopped(message: &str) {
    gloo::console::error!(message);
    let _ = petri_stopped(message);
}

/// Saves a text as a file.
pub fn save(name: &str, text: &str) {
    let _ = petri_save(name, text);
}

/// Draws an SVG, and saves it as a PNG of twice its size; the callback hears whether that worked.
pub fn save_drawn(name: String, svg: String, then: impl FnOnce(bool) + 'static) {
    spawn_local(async move {
        then(match load_editor().await {
            Some(module) => module.draw(&name, &svg).await.is_ok(),
            None => false,
        });
    });
}

/// The text of a file that a person chooses; `None` if it cannot be read.
pub async fn choose() -> Option<String> {
    petri_choose().await.ok()?.as_string()
}

/// Keeps a run of this page in the browser. Answers its name; `None` where nothing can be kept.
pub fn keep(number: u32, text: &str) -> Option<String> {
    if cfg!(target_arch = "wasm32") { petri_keep(number, text).ok()? } else { None }
}

/// A run that was kept in this browser.
pub fn kept(name: &str) -> Option<String> {
    if cfg!(target_arch = "wasm32") { petri_kept(name).ok()? } else { None }
}

/// Keeps what a person prefers, for the next visit of this browser, where that is possible. An empty text forgets it.
pub fn prefer(name: &str, value: &str) {
    let _ = petri_prefer(name, value);
}

/// Fetches the editor; `None` where it cannot be had.
pub async fn load_editor() -> Option<EditorModule> {
    petri_load_editor().await.ok().map(JsCast::unchecked_into)
}

impl EditorModule {
    /// What new files can begin with.
    pub fn template_list(&self) -> Vec<Template> {
        from_js(self.templates()).unwrap_or_default()
    }
}

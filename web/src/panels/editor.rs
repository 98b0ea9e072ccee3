//! The text itself: a plain text area at first, CodeMirror as soon as it has been fetched. Both do the same.

use super::assist;
use crate::check::{Checked, Finding};
use crate::desk::keep::{Difference, Drifted};
use crate::desk::{Desk, use_desk};
use crate::edge::{self, EditorModule, EditorOptions, Mark, Template, TextEditor};
use crate::frames;
use crate::wide::use_dark;
use js_sys::Function;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlElement, HtmlTextAreaElement};
use yew::prelude::*;

/// A running editor, shared with whoever wants to lead somewhere in the text.
#[derive(Clone, Default)]
pub struct EditorHandle(Rc<RefCell<Kind>>);

#[derive(Default)]
enum Kind {
    #[default]
    None,
    Area(HtmlTextAreaElement),
    Mirror(Mirror),
}

/// CodeMirror, and the functions that it calls back.
struct Mirror {
    editor: TextEditor,
    _on_change: Closure<dyn Fn(String)>,
    _on_apply: Closure<dyn Fn(String)>,
    _on_take_over: Closure<dyn Fn()>,
    _completions: Closure<dyn Fn(String, u32, bool) -> JsValue>,
    _explanations: Closure<dyn Fn(String, u32) -> JsValue>,
}

impl PartialEq for EditorHandle {
    fn eq(&self, other: &EditorHandle) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl EditorHandle {
    /// Selects a range, in UTF-16 units, and shows it.
    pub fn reveal(&self, from: u32, to: u32) {
        match &*self.0.borrow() {
            Kind::None => {}
            Kind::Area(area) => {
                let _ = area.focus();
                let _ = area.set_selection_range(from, to);
            }
            Kind::Mirror(mirror) => {
                let _ = mirror.editor.reveal_range(from, to);
                let _ = mirror.editor.focus();
            }
        }
    }
    /// Tells the editor something, if it is there. It may fail: the text is the page's, and stays.
    fn tell(&self, tell: impl FnOnce(&TextEditor) -> Result<(), JsValue>) {
        if let Kind::Mirror(mirror) = &*self.0.borrow() {
            let _ = tell(&mirror.editor);
        }
    }
}

thread_local! {
    /// The editor's module, once it is there.
    static MODULE: RefCell<Option<EditorModule>> = const { RefCell::new(None) };
}

/// How long the page is left alone before it fetches the editor, in milliseconds.
const PATIENCE: u32 = 250;

/// Fetches the editor. Without it the text area stays, which is good enough.
async fn load() -> Option<EditorModule> {
    if let Some(module) = MODULE.with_borrow(Clone::clone) {
        return Some(module);
    }
    let module = edge::load_editor().await?;
    MODULE.set(Some(module.clone()));
    Some(module)
}

/// The templates come with the editor; without it there are none.
pub async fn templates() -> Vec<Template> {
    load().await.map_or_else(Vec::new, |module| module.template_list())
}

fn create(
    module: &EditorModule,
    host: &HtmlElement,
    desk: Desk,
    props: &EditorProps,
    text: &str,
    dark: bool,
) -> Option<Mirror> {
    let on_change = Closure::<dyn Fn(String)>::new({
        let on_change = props.on_change.clone();
        move |text| on_change.emit(text)
    });
    let on_apply = Closure::<dyn Fn(String)>::new({
        let on_apply = props.on_apply.clone();
        move |text| on_apply.emit(text)
    });
    let on_take_over = Closure::<dyn Fn()>::new({
        let on_take_over = props.on_take_over.clone();
        move || on_take_over.emit(())
    });
    let (completions, explanations) = (assist::completions(desk), assist::explanations());
    let function = |closure: &JsValue| closure.unchecked_ref::<Function>().clone();
    let options = EditorOptions {
        doc: text,
        label: format!("Manifest {}", props.name),
        dark,
        on_change: function(on_change.as_ref()),
        on_apply: function(on_apply.as_ref()),
        on_take_over: function(on_take_over.as_ref()),
        completions: function(completions.as_ref()),
        hover: function(explanations.as_ref()),
    };
    let editor = module.create(host, &edge::to_js(&options)).ok()?;
    Some(Mirror {
        editor,
        _on_change: on_change,
        _on_apply: on_apply,
        _on_take_over: on_take_over,
        _completions: completions,
        _explanations: explanations,
    })
}

fn marks(checked: &Checked) -> JsValue {
    let mark = |finding: &Finding| Mark {
        from: finding.from,
        to: finding.to,
        severity: finding.severity(),
        message: finding.sentence(),
        badge: finding.badge(),
    };
    edge::to_js(&checked.findings.iter().map(mark).collect::<Vec<_>>())
}

#[derive(Clone, PartialEq, Properties)]
pub struct EditorProps {
    pub name: String,
    pub text: Rc<str>,
    /// The text that the cluster was last given.
    pub applied: Option<Rc<str>>,
    pub checked: Rc<Checked>,
    pub on_change: Callback<String>,
    pub on_apply: Callback<String>,
    /// Lines from which the cluster differs.
    pub drift: Rc<Drifted>,
    pub on_take_over: Callback<()>,
    pub handle: EditorHandle,
}

fn drift(drifted: &Drifted) -> JsValue {
    let line = |line: &'_ Difference| edge::to_js(&edge::Drift { from: line.from, text: &line.text });
    drifted.lines.iter().map(line).collect::<js_sys::Array>().into()
}

#[component]
pub fn Editor(props: &EditorProps) -> Html {
    let host = use_node_ref();
    let area = use_node_ref();
    let loaded = use_state(|| false);
    let dark = use_dark();
    let desk = use_desk();
    let latest = use_mut_ref(|| props.clone());
    *latest.borrow_mut() = props.clone();

    {
        let (host, area, latest, loaded) = (host.clone(), area.clone(), latest.clone(), loaded.setter());
        let handle = props.handle.clone();
        let desk = desk.clone();
        use_effect_with((), move |()| {
            let alive = Rc::new(());
            let watch = Rc::downgrade(&alive);
            if let Some(area) = area.cast::<HtmlTextAreaElement>() {
                *handle.0.borrow_mut() = Kind::Area(area);
            }
            let patience = if MODULE.with_borrow(Option::is_some) { 0 } else { PATIENCE };
            let task = {
                let handle = handle.clone();
                async move {
                    let Some(module) = load().await else { return };
                    // The file may have been closed while the editor was on its way.
                    if watch.upgrade().is_none() {
                        return;
                    }
                    let Some(host) = host.cast::<HtmlElement>() else { return };
                    let desk = desk.clone();
                    let area = area.cast::<HtmlTextAreaElement>();
                    let props = latest.borrow().clone();
                    let text = area.as_ref().map_or_else(|| props.text.to_string(), HtmlTextAreaElement::value);
                    let document = host.owner_document();
                    let focused = document.and_then(|document| document.active_element());
                    let had_focus = area.as_ref().is_some_and(|area| focused.as_deref() == Some(area.as_ref()));
                    let caret = area.as_ref().and_then(|area| area.selection_start().ok().flatten());
                    let Some(mirror) = create(&module, &host, desk, &props, &text, dark) else { return };
                    *handle.0.borrow_mut() = Kind::Mirror(mirror);
                    handle.tell(|editor| editor.set_diagnostics(&marks(&props.checked)));
                    handle.tell(|editor| editor.set_applied(props.applied.as_deref()));
                    if !props.drift.lines.is_empty() {
                        handle.tell(|editor| editor.set_drift(&drift(&props.drift)));
                    }
                    if had_focus {
                        if let Some(caret) = caret {
                            handle.tell(|editor| editor.reveal_range(caret, caret));
                        }
                        handle.tell(TextEditor::focus);
                    }
                    loaded.set(true);
                }
            };
            let fetch = frames::later(patience, move || spawn_local(task));
            move || {
                drop((fetch, alive));
                handle.tell(TextEditor::destroy);
                handle.0.take();
            }
        });
    }
    {
        let handle = props.handle.clone();
        use_effect_with(props.text.clone(), move |text| {
            handle.tell(|editor| editor.set_doc(text));
        });
    }
    {
        let handle = props.handle.clone();
        use_effect_with(props.checked.clone(), move |checked| {
            handle.tell(|editor| editor.set_diagnostics(&marks(checked)));
        });
    }
    {
        let handle = props.handle.clone();
        use_effect_with(props.applied.clone(), move |applied| {
            handle.tell(|editor| editor.set_applied(applied.as_deref()));
        });
    }
    {
        let handle = props.handle.clone();
        let were = use_mut_ref(|| false);
        use_effect_with(props.drift.clone(), move |drifted| {
            let are = !drifted.lines.is_empty();
            if std::mem::replace(&mut *were.borrow_mut(), are) || are {
                handle.tell(|editor| editor.set_drift(&drift(drifted)));
            }
        });
    }
    {
        let handle = props.handle.clone();
        use_effect_with(dark, move |dark| {
            handle.tell(|editor| editor.set_dark(*dark));
        });
    }

    let oninput = {
        let on_change = props.on_change.clone();
        Callback::from(move |event: InputEvent| {
            if let Some(area) = event.target_dyn_into::<HtmlTextAreaElement>() {
                on_change.emit(area.value());
            }
        })
    };
    let onkeydown = {
        let on_apply = props.on_apply.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
                event.prevent_default();
                if let Some(area) = event.target_dyn_into::<HtmlTextAreaElement>() {
                    on_apply.emit(area.value());
                }
            }
        })
    };
    // The host is alone in its parent and empty for Yew: what is inside belongs to CodeMirror.
    html! {
        <div class="editor" data-editor={if *loaded { "codemirror" } else { "textarea" }}>
            <div class="code-host" key="host" ref={host}></div>
            if !*loaded {
                <textarea key="area" class="code-area" ref={area} aria-label={format!("Manifest {}", props.name)} spellcheck="false"
                    autocomplete="off" autocapitalize="off" wrap="off" value={props.text.to_string()} {oninput} {onkeydown} />
            } else {
                <i key="area-gone" hidden=true></i>
            }
        </div>
    }
}

//! The text itself: a plain text area at first, CodeMirror as soon as it has been fetched. Both do the same.

use super::assist;
use crate::check::Checked;
use crate::desk::{Desk, use_desk};
use crate::frames;
use crate::wide::use_dark;
use js_sys::{Array, Function, Object, Promise, Reflect};
use petri_manifest::Grade;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
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
    editor: JsValue,
    _on_change: Closure<dyn Fn(String)>,
    _on_apply: Closure<dyn Fn(String)>,
    _completions: Closure<dyn Fn(String, u32, bool) -> JsValue>,
    _explanations: Closure<dyn Fn(String, u32) -> JsValue>,
}

impl PartialEq for EditorHandle {
    fn eq(&self, other: &EditorHandle) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// Calls a method. A failure inside the editor must not take the page with it.
fn call(object: &JsValue, method: &str, arguments: &[JsValue]) -> Option<JsValue> {
    let function: Function = Reflect::get(object, &method.into()).ok()?.dyn_into().ok()?;
    function.apply(object, &arguments.iter().collect::<Array>()).ok()
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
                call(&mirror.editor, "revealRange", &[from.into(), to.into()]);
                call(&mirror.editor, "focus", &[]);
            }
        }
    }
    fn mirror(&self, use_it: impl FnOnce(&JsValue)) {
        if let Kind::Mirror(mirror) = &*self.0.borrow() {
            use_it(&mirror.editor);
        }
    }
}

thread_local! {
    /// The editor's module, once it is there.
    static MODULE: RefCell<Option<JsValue>> = const { RefCell::new(None) };
}

/// How long the page is left alone before it fetches the editor, in milliseconds.
const PATIENCE: i32 = 250;

/// Fetches the editor. Without it the text area stays, which is good enough.
async fn load() -> Option<JsValue> {
    if let Some(module) = MODULE.with_borrow(Clone::clone) {
        return Some(module);
    }
    let loader: Function = Reflect::get(&js_sys::global(), &"petriLoadEditor".into()).ok()?.dyn_into().ok()?;
    let promise: Promise = loader.call0(&JsValue::UNDEFINED).ok()?.dyn_into().ok()?;
    let module = JsFuture::from(promise).await.ok()?;
    MODULE.set(Some(module.clone()));
    Some(module)
}

/// What a new file can begin with.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    pub name: String,
    pub kind: String,
    pub about: String,
    pub text: String,
}

/// The templates come with the editor; without it there are none.
pub async fn templates() -> Vec<Template> {
    let Some(module) = load().await else { return Vec::new() };
    let Some(list) = Reflect::get(&module, &"templates".into()).ok().and_then(|list| list.dyn_into::<Array>().ok())
    else {
        return Vec::new();
    };
    let word = |item: &JsValue, key: &str| {
        Reflect::get(item, &key.into()).ok().and_then(|word| word.as_string()).unwrap_or_default()
    };
    list.iter()
        .map(|item| Template {
            name: word(&item, "name"),
            kind: word(&item, "kind"),
            about: word(&item, "about"),
            text: word(&item, "text"),
        })
        .collect()
}

fn create(
    module: &JsValue,
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
    let (completions, explanations) = (assist::completions(desk), assist::explanations());
    let options = Object::new();
    let set = |key: &str, value: &JsValue| Reflect::set(&options, &key.into(), value).ok();
    set("doc", &text.into())?;
    set("label", &format!("Manifest {}", props.name).into())?;
    set("dark", &dark.into())?;
    set("onChange", on_change.as_ref())?;
    set("onApply", on_apply.as_ref())?;
    set("completions", completions.as_ref())?;
    set("hover", explanations.as_ref())?;
    let editor = call(module, "create", &[host.into(), options.into()])?;
    Some(Mirror {
        editor,
        _on_change: on_change,
        _on_apply: on_apply,
        _completions: completions,
        _explanations: explanations,
    })
}

fn marks(checked: &Checked) -> Array {
    let list = Array::new();
    for finding in &checked.findings {
        let mark = Object::new();
        let mut fields: Vec<(&str, JsValue)> = vec![
            ("from", finding.from.into()),
            ("to", finding.to.into()),
            ("severity", finding.severity().into()),
            ("message", finding.sentence().into()),
        ];
        if finding.grade == Grade::NotSimulated {
            fields.push(("badge", "not simulated".into()));
        }
        for (key, value) in fields {
            let _ = Reflect::set(&mark, &key.into(), &value);
        }
        list.push(&mark);
    }
    list
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
    pub handle: EditorHandle,
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
                    call(&mirror.editor, "setDiagnostics", &[marks(&props.checked).into()]);
                    if let Some(applied) = &props.applied {
                        call(&mirror.editor, "setApplied", &[(&**applied).into()]);
                    }
                    if had_focus {
                        if let Some(caret) = caret {
                            call(&mirror.editor, "revealRange", &[caret.into(), caret.into()]);
                        }
                        call(&mirror.editor, "focus", &[]);
                    }
                    *handle.0.borrow_mut() = Kind::Mirror(mirror);
                    loaded.set(true);
                }
            };
            frames::later(patience, move || spawn_local(task));
            move || {
                drop(alive);
                if let Kind::Mirror(mirror) = handle.0.take() {
                    call(&mirror.editor, "destroy", &[]);
                }
            }
        });
    }
    {
        let handle = props.handle.clone();
        use_effect_with(props.text.clone(), move |text| {
            handle.mirror(|editor| {
                call(editor, "setDoc", &[(&**text).into()]);
            });
        });
    }
    {
        let handle = props.handle.clone();
        use_effect_with(props.checked.clone(), move |checked| {
            handle.mirror(|editor| {
                call(editor, "setDiagnostics", &[marks(checked).into()]);
            });
        });
    }
    {
        let handle = props.handle.clone();
        use_effect_with(props.applied.clone(), move |applied| {
            handle.mirror(|editor| {
                call(editor, "setApplied", &[applied.as_deref().map_or(JsValue::NULL, JsValue::from)]);
            });
        });
    }
    {
        let handle = props.handle.clone();
        use_effect_with(dark, move |dark| {
            handle.mirror(|editor| {
                call(editor, "setDark", &[(*dark).into()]);
            });
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

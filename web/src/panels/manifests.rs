//! The manifests: files as tabs, the editor, what is wrong with the text, and Apply.

use super::editor::{Editor, EditorHandle};
use super::why::moment_link;
use crate::check::{Checked, Finding, check, foreseen};
use crate::desk::keep::{self, Drifted};
use crate::desk::use_desk;
use crate::edge;
use crate::frames;
use crate::session::{use_session, use_world};
use crate::state::{Action, File, Popup};
use petri_manifest::Grade;
use petri_picture::view::words;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct ManifestsProps {
    pub files: Vec<Rc<File>>,
    pub active: u32,
}

/// Texts up to this size are checked while one types; longer ones when the typing pauses.
const CHECK_AT_ONCE: usize = 16 << 10;
/// That pause, in milliseconds.
const PAUSE: u32 = 250;
/// Problems that are listed; more of them help nobody.
const SHOWN: usize = 20;

/// The text's problems. For a long text they may be those of a moment ago, and so for one that needs the module's third
/// part, until that is there.
#[hook]
fn use_checked(text: &Rc<str>) -> Rc<Checked> {
    let session = use_session();
    let checked = use_mut_ref(|| None::<(Rc<str>, Rc<Checked>)>);
    let render = use_force_update();
    let known = checked.borrow().clone();
    let is_known = known.as_ref().is_some_and(|(old, _)| old == text);
    let fresh = if is_known { None } else { foreseen(text) };
    let waits = !is_known && fresh.is_none() && !edge::has_third_part() && !petri_manifest::is_plain(text);
    let result = match known {
        Some((old, result)) if old == *text => result,
        known if waits => known.map(|(_, result)| result).unwrap_or_default(),
        Some((_, result)) if text.len() > CHECK_AT_ONCE => result,
        _ => {
            let result = fresh.unwrap_or_else(|| check(text, session.timeline().world()));
            *checked.borrow_mut() = Some((text.clone(), result.clone()));
            result
        }
    };
    use_effect_with(text.clone(), move |text| {
        let text = text.clone();
        let is_old = checked.borrow().as_ref().is_none_or(|(old, _)| *old != text);
        let again = move || {
            let result = check(&text, session.timeline().world());
            *checked.borrow_mut() = Some((text, result));
            render.force_update();
        };
        let is_wanted = Rc::new(Cell::new(true));
        let mut pause = None;
        if is_old && waits {
            let is_wanted = is_wanted.clone();
            spawn_local(async move {
                edge::expect_third_part().await;
                if is_wanted.get() {
                    again();
                }
            });
        } else if is_old {
            pause = Some(frames::later(PAUSE, again));
        }
        // Given up when the typing goes on before.
        move || {
            is_wanted.set(false);
            drop(pause);
        }
    });
    result
}

#[component]
pub fn Manifests(props: &ManifestsProps) -> Html {
    let desk = use_desk();
    let file = props.files.iter().find(|file| file.id == props.active).cloned();
    let tab = |file: &Rc<File>| {
        let on = file.id == props.active;
        html! {
            <button key={file.id} class={classes!("tab", on.then_some("on"))} role="tab" aria-selected={on.to_string()}
                onclick={desk.sends(Action::ShowFile(file.id))}>
                { &file.name }
                <span class="n" title="changed" hidden={!file.is_changed()}>{ "●" }<span class="vh">{ " changed" }</span></span>
            </button>
        }
    };
    let close = |file: &Rc<File>| {
        let (desk, file) = (desk.clone(), file.clone());
        Callback::from(move |_: MouseEvent| desk.close_file(&file))
    };
    let new_file = desk.sends(Action::Open(Popup::Templates));
    html! {
        <section class="edit" aria-label="Manifests">
            <div class="file-bar">
                <div class="tabs" role="tablist" aria-label="Files">{ for props.files.iter().map(tab) }</div>
                if props.files.len() > 1 {
                    if let Some(file) = &file {
                        <button key="close" class="tab new-file" id="close-file" aria-label={format!("Close {}", file.name)} title={format!("Close {}", file.name)}
                            onclick={close(file)}>{ "×" }</button>
                    }
                }
                <button key="new" class="tab new-file" id="new-file" aria-label="New file" aria-haspopup="menu" title="New file" onclick={new_file}>{ "+" }</button>
            </div>
            <div class="edit-body">
                if let Some(file) = file {
                    <FilePanel key={file.id} file={file.clone()} />
                } else {
                    <p key="none" class="empty">{ "No file is open. Choose an example, or press + and paste a manifest." }</p>
                }
            </div>
        </section>
    }
}

#[derive(PartialEq, Properties)]
struct FileProps {
    file: Rc<File>,
}

#[component]
fn FilePanel(props: &FileProps) -> Html {
    let desk = use_desk();
    let file = props.file.clone();
    let checked = use_checked(&file.text);
    let handle = use_memo((), |()| EditorHandle::default());
    let latest = use_mut_ref(|| file.clone());
    *latest.borrow_mut() = file.clone();

    let on_change = {
        let (desk, id) = (desk.clone(), file.id);
        use_callback(id, move |text: String, id| desk.send(Action::Edit { file: *id, text: text.into() }))
    };
    let drift = use_world(file.clone(), |timeline, file| keep::drifted(file, timeline));
    let on_take_over = {
        let (desk, latest) = (desk.clone(), latest.clone());
        use_callback(desk, move |(), desk| desk.take_over(&latest.borrow()))
    };
    let on_apply = {
        let latest = latest.clone();
        use_callback((desk, (*handle).clone()), move |text: String, (desk, handle)| {
            let file = File { text: text.into(), ..(**latest.borrow()).clone() };
            if let Some((from, to)) = desk.apply(&file) {
                handle.reveal(from, to);
            }
        })
    };
    let reveal = use_callback((*handle).clone(), |(from, to): (u32, u32), handle| handle.reveal(from, to));
    html! {
        <div class="file" data-file={file.name.clone()}>
            <Editor name={file.name.clone()} text={file.text.clone()} applied={file.applied.as_ref().map(|a| a.text.clone())}
                checked={checked.clone()} {on_change} on_apply={on_apply.clone()} drift={drift.clone()} on_take_over={on_take_over.clone()} handle={(*handle).clone()} />
            <Problems checked={checked.clone()} {reveal} />
            if !drift.lines.is_empty() {
                <DriftBar key="drift" {drift} {on_take_over} on_apply={on_apply.reform({ let text = file.text.clone(); move |()| text.to_string() })} />
            }
            <ApplyBar {file} {checked} {on_apply} />
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct ProblemsProps {
    checked: Rc<Checked>,
    reveal: Callback<(u32, u32)>,
}

/// What is wrong with the text, each with its line: a click leads there.
#[component]
fn Problems(props: &ProblemsProps) -> Html {
    let row = |(index, finding): (usize, &Finding)| {
        let reveal = {
            let (reveal, from, to) = (props.reveal.clone(), finding.from, finding.to);
            Callback::from(move |_: MouseEvent| reveal.emit((from, to)))
        };
        let grade = match finding.grade {
            Grade::Error => "error",
            Grade::Warning => "warning",
            Grade::NotSimulated => "not simulated",
        };
        html! {
            <li key={index} data-grade={finding.severity()} data-line={finding.line.to_string()}>
                <button class="problem" onclick={reveal}>
                    <b>{ format!("Line {}", finding.line) }</b><span class="grade">{ grade }</span>
                    <code>{ finding.sentence() }</code>
                    if let Some(help) = &finding.help {
                        <span class="help">{ help }</span>
                    }
                </button>
            </li>
        }
    };
    // What is only not simulated is marked at its line; listed it would bury the rest.
    let counts = |grade: Grade| props.checked.findings.iter().filter(|finding| finding.grade == grade).count();
    let listed = props.checked.findings.iter().filter(|finding| finding.grade != Grade::NotSimulated);
    let listed: Vec<&Finding> = listed.take(SHOWN).collect();
    let (errors, warnings) = (counts(Grade::Error), counts(Grade::Warning));
    let kept: BTreeSet<&str> = props.checked.findings.iter().filter_map(Finding::kept).collect();
    let kept: Vec<&str> = kept.into_iter().collect();
    let unused = props.checked.findings.iter().filter(|f| f.grade == Grade::NotSimulated && f.kept().is_none()).count();
    let more = (errors + warnings).saturating_sub(listed.len());
    html! {
        <div class="problems" role="region" aria-label="Problems" data-errors={errors.to_string()}>
            <ul>
                { for listed.into_iter().enumerate().map(row) }
            </ul>
            <p hidden={more == 0}>{ format!("and {more} more") }</p>
            <p hidden={kept.is_empty()} class="unused">{ format!("Kept, not simulated: {}.", kept.join(", ")) }</p>
            <p hidden={unused == 0} class="unused">{ not_simulated(unused) }</p>
            <p class="vh" role="status">{ match errors { 0 => String::new(), n => format!("{} in the manifest", words::plural(n as u32, "error")) } }</p>
        </div>
    }
}

fn not_simulated(fields: usize) -> String {
    match fields {
        1 => "1 field is not simulated; it is marked at its line.".to_owned(),
        _ => format!("{fields} fields are not simulated; each is marked at its line."),
    }
}

#[derive(PartialEq, Properties)]
struct DriftProps {
    drift: Rc<Drifted>,
    on_take_over: Callback<()>,
    on_apply: Callback<()>,
}

/// How the cluster differs from the file, since when, and both ways out.
#[component]
fn DriftBar(props: &DriftProps) -> Html {
    let desk = use_desk();
    let start = use_world((), |timeline, ()| timeline.start());
    let count = words::plural(props.drift.lines.len() as u32, "difference");
    let cause = props
        .drift
        .cause
        .clone()
        .map(|(at, line)| html! { <>{ ": " }<code>{ line }</code>{ " at " }{ moment_link(&desk, *start, at) }</> });
    let take_over = props.on_take_over.reform(|_: MouseEvent| ());
    let apply = props.on_apply.reform(|_: MouseEvent| ());
    html! {
        <div class="drift" role="status">
            <p><b>{ count }</b>{ " to the cluster" }{ cause }</p>
            <div class="row">
                <button class="btn" id="take-over" onclick={take_over}>{ "Take over" }</button>
                <button class="btn" id="apply-again" onclick={apply}>{ "Apply again" }</button>
            </div>
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct ApplyBarProps {
    file: Rc<File>,
    checked: Rc<Checked>,
    on_apply: Callback<String>,
}

#[component]
fn ApplyBar(props: &ApplyBarProps) -> Html {
    let desk = use_desk();
    let start = use_world((), |timeline, ()| timeline.start());
    let file = &props.file;
    let diff = desk.sends(Action::Open(Popup::Diff(file.id)));
    let errors = props.checked.errors().count();
    let apply = {
        let (text, on_apply) = (file.text.clone(), props.on_apply.clone());
        Callback::from(move |_: MouseEvent| on_apply.emit(text.to_string()))
    };
    let state = match &file.applied {
        _ if errors > 0 => format!("{}, not applied", words::plural(errors as u32, "problem")),
        Some(applied) if applied.text == file.text => format!("Applied at {}", words::moment(*start, applied.at)),
        Some(applied) if !applied.outcome.errors.is_empty() => "Not applied".into(),
        _ if file.text.trim().is_empty() => "Paste a manifest here".into(),
        _ => "Changed, not applied".into(),
    };
    // What was said of another text is in the console.
    let about = file.applied.as_ref().filter(|applied| applied.tried == file.text);
    let outcome = about.map(|applied| applied.outcome.clone()).unwrap_or_default();
    let refused = match outcome.errors.as_slice() {
        [_, ..] if errors > 0 => &["Nothing was applied: see the problems above.".to_owned()],
        refused => refused,
    };
    html! {
        <div class="apply">
            <div class="outcome" role="status" data-refused={(!outcome.errors.is_empty()).to_string()}>
                { for outcome.lines.iter().enumerate().map(|(i, line)| html! { <code key={i}>{ line }</code> }) }
                { for outcome.warnings.iter().enumerate().map(|(i, line)| html! { <code key={i + 500} class="warn">{ line }</code> }) }
                { for refused.iter().enumerate().map(|(i, line)| html! { <code key={i + 1000} class="bad">{ line }</code> }) }
            </div>
            <div class="bar">
                <span>{ state }</span>
                <button class="btn quiet" id="diff" aria-haspopup="dialog" disabled={errors > 0 || file.text.trim().is_empty()} onclick={diff}>{ "Diff" }</button>
                <button class={classes!("btn", (file.is_changed() && errors == 0).then_some("primary"))} id="apply" onclick={apply}>
                    { "Apply" }<kbd>{ "Ctrl ↵" }</kbd>
                </button>
            </div>
        </div>
    }
}

//! Menus: examples, speeds, and the verbs of a mark.

use super::editor::templates;
use super::float::{FloatBox, Place};
use crate::desk::use_desk;
use crate::edge::Template;
use crate::openings::open_example;
use crate::session::use_world;
use crate::state::{Action, Popup};
use crate::verbs::{self, Verb};
use petri_lessons::{EXAMPLES, Example};
use petri_picture::view::Target;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

#[component]
pub fn ExamplesMenu() -> Html {
    let desk = use_desk();
    let mut group = "";
    let item = |example: &'static Example| {
        let desk = desk.clone();
        let onclick = Callback::from(move |_: MouseEvent| open_example(&desk, example));
        let heading = (std::mem::replace(&mut group, example.group) != example.group).then(|| {
            html! { <div class="menu-title" role="presentation">{ example.group }</div> }
        });
        html! { <>
            { heading }
            <button role="menuitem" data-example={example.name} {onclick}>
                <b>{ example.title }</b><span>{ example.about }</span>
            </button>
        </> }
    };
    html! {
        <FloatBox place={Place::Below("examples-button")} label="Examples and new clusters" role="menu" class="menu examples">
            <button role="menuitem" id="new-cluster" onclick={desk.sends(Action::Open(Popup::NewCluster))}>
                <b>{ "New cluster…" }</b><span>{ "Nodes, zones, seed, delays; empty, or with your files" }</span>
            </button>
            { for EXAMPLES.iter().map(item) }
        </FloatBox>
    }
}

/// A new file: empty, or with what a kind needs at least. The templates come with the editor.
#[component]
pub fn TemplatesMenu() -> Html {
    let desk = use_desk();
    let found = use_state(|| None::<Vec<Template>>);
    {
        let setter = found.setter();
        use_effect_with((), move |()| spawn_local(async move { setter.set(Some(templates().await)) }));
    }
    let item = |name: &str, kind: &str, about: &str, text: &str| {
        let (desk, name, text) = (desk.clone(), name.to_owned(), text.to_owned());
        let key = name.clone();
        let onclick = Callback::from(move |_: MouseEvent| {
            desk.send(Action::Close);
            desk.send(Action::NewFile { name: name.clone(), text: text.as_str().into() });
        });
        html! {
            <button key={key.clone()} role="menuitem" data-template={key} {onclick}>
                <b>{ kind.to_owned() }</b><span>{ about.to_owned() }</span>
            </button>
        }
    };
    let reopen = desk.closed_file().map(|name| {
        let desk = desk.clone();
        let onclick = Callback::from(move |_: MouseEvent| desk.reopen());
        html! {
            <button key="reopen" role="menuitem" id="reopen-file" {onclick}><b>{ name }</b><span>{ "the file that was closed last" }</span></button>
        }
    });
    let empty = item("new.yaml", "Empty file", "to paste a manifest into", "");
    let list = found.as_deref().unwrap_or_default();
    html! {
        <FloatBox place={Place::Below("new-file")} label="New file" role="menu" class="menu examples templates">
            { empty }
            { reopen }
            <p class="menu-note" key="wait" hidden={found.is_some()}>{ "The templates are on their way." }</p>
            { for list.iter().map(|template| item(&template.name, &template.kind, &template.about, &template.text)) }
        </FloatBox>
    }
}

#[derive(PartialEq, Properties)]
pub struct VerbsMenuProps {
    pub target: Target,
    pub x: i32,
    pub y: i32,
}

#[component]
pub fn VerbsMenu(props: &VerbsMenuProps) -> Html {
    let found = use_world(props.target.clone(), |timeline, target| verbs::verbs(timeline.world(), target));
    let title = verbs::title(&props.target);
    let mut last = found.first().map_or(0, |verb| verb.group);
    let rows: Vec<Html> = found
        .iter()
        .map(|verb| {
            let line = std::mem::replace(&mut last, verb.group) != verb.group;
            html! {
                <>
                    if line { <hr /> }
                    <VerbItem verb={verb.clone()} />
                </>
            }
        })
        .collect();
    html! {
        <FloatBox place={Place::At(props.x, props.y)} label={title.clone()} role="menu" class="menu verbs-menu">
            <div class="menu-title">{ title }</div>
            { for rows }
        </FloatBox>
    }
}

#[derive(PartialEq, Properties)]
pub struct VerbItemProps {
    pub verb: Verb,
}

/// One verb with its console line. One that cannot be done now can be focused all the same: it says why.
#[component]
pub fn VerbItem(props: &VerbItemProps) -> Html {
    let desk = use_desk();
    let verb = &props.verb;
    let line = verb.act.line();
    let onclick = {
        let verb = verb.clone();
        Callback::from(move |_: MouseEvent| {
            if verb.refused.is_none() {
                desk.act(&verb.act);
            }
        })
    };
    html! {
        <button role="menuitem" class={classes!(verb.risky.then_some("risky"))} data-verb={line.clone()}
            aria-disabled={verb.refused.is_some().then_some("true")} {onclick}>
            <b>{ &verb.label }</b><code title={line.clone()}>{ line }</code>
            if let Some(words) = &verb.refused {
                <span class="refused">{ words }</span>
            }
        </button>
    }
}

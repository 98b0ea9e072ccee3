//! What applying a file would change, before it is applied: line by line, against what the cluster has now.

use super::float::{FloatBox, Place};
use crate::desk::use_desk;
use crate::session::use_world;
use crate::state::Action;
use petri_console::kubectl::diff::{self, Change, Difference, Line};
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct DiffProps {
    /// The file's number.
    pub file: u32,
}

#[component]
pub fn DiffDialog(props: &DiffProps) -> Html {
    let desk = use_desk();
    let file = desk.files().into_iter().find(|file| file.id == props.file);
    let text = file.as_ref().map_or_else(|| "".into(), |file| file.text.clone());
    let found = use_world(text, |timeline, text| diff::differences(text, timeline.world()));
    let name = file.as_ref().map_or("", |file| file.name.as_str()).to_owned();
    let apply = {
        let (desk, file) = (desk.clone(), file.clone());
        Callback::from(move |_: MouseEvent| {
            desk.send(Action::Close);
            if let Some(file) = &file {
                desk.apply(file);
            }
        })
    };
    let changes = found.iter().filter(|difference| difference.change != Change::Unchanged).count();
    let refused = found.iter().any(|difference| matches!(difference.change, Change::Refused(_)));
    html! {
        <FloatBox place={Place::Middle} label={format!("What applying {name} would change")} role="dialog" class="dialog diff">
            <style>{ include_str!("../../styles/late/diff.css") }</style>
            <h2>{ format!("What applying {name} would change") }</h2>
            <p class="said"><code>{ format!("kubectl diff -f {name}") }</code></p>
            <p hidden={changes > 0}><b>{ "Nothing: the cluster has all of it already." }</b></p>
            <div class="differences" tabindex="0" role="region" aria-label="Differences">{ for found.iter().map(difference) }</div>
            <div class="row end">
                <button class="btn" onclick={desk.sends(Action::Close)}>{ "Close" }</button>
                <button class={classes!("btn", (changes > 0 && !refused).then_some("primary"))} id="apply-diff" data-autofocus="true" onclick={apply}>{ "Apply" }</button>
            </div>
        </FloatBox>
    }
}

fn difference(difference: &Difference) -> Html {
    let (word, class) = match &difference.change {
        Change::Created => ("would be created", "new"),
        Change::Configured => ("would be changed", "changed"),
        Change::Unchanged => ("stays as it is", "same"),
        Change::Refused(_) => ("would be refused", "refused"),
    };
    let line = |(i, line): (usize, &Line)| match line {
        Line::Same(text) => html! { <span key={i}>{ format!("  {text}\n") }</span> },
        Line::Gone(text) => html! { <del key={i}>{ format!("- {text}\n") }</del> },
        Line::New(text) => html! { <ins key={i}>{ format!("+ {text}\n") }</ins> },
        Line::Skipped(count) => html! { <i key={i}>{ format!("  … {count} lines that stay\n") }</i> },
    };
    let lines = html! { <pre class="yaml">{ for difference.lines.iter().enumerate().map(line) }</pre> };
    let object = difference.object.to_string();
    html! {
        <section key={object.clone()} data-object={object.clone()} data-change={class}>
            <h3>{ object }<span>{ word }</span></h3>
            {
                match &difference.change {
                    Change::Refused(words) => html! { <p class="bad-text">{ words }</p> },
                    // All of a new object is new: it can be read in the editor.
                    Change::Created => html! { <details><summary>{ "with its defaults" }</summary>{ lines }</details> },
                    Change::Configured => lines,
                    Change::Unchanged => html! { <i hidden=true /> },
                }
            }
        </section>
    }
}

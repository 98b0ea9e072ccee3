//! Words of Kubernetes that open what they mean.

use super::float::{FloatBox, Place};
use crate::desk::{Desk, use_desk};
use crate::glossary::{self, ALL, Met};
use crate::state::{Action, Popup};
use yew::prelude::*;

/// A sentence whose words can be asked about, but for those that were met before.
pub fn explained(desk: &Desk, text: &str, met: &mut Met) -> Html {
    if *met == ALL {
        html! { { text.to_owned() } }
    } else {
        linked(desk, text, met)
    }
}

#[inline(never)]
fn linked(desk: &Desk, text: &str, met: &mut Met) -> Html {
    let part = |(text, place): &glossary::Part<'_>| match *place {
        None => html! { { (*text).to_owned() } },
        Some(place) => {
            let desk = desk.clone();
            let onclick = Callback::from(move |event: MouseEvent| {
                let (x, y) = (event.client_x(), event.client_y());
                desk.send(Action::Open(Popup::Term { place, x, y }));
            });
            html! { <button class="word" aria-haspopup="dialog" data-term={(*text).to_owned()} {onclick}>{ (*text).to_owned() }</button> }
        }
    };
    html! { <>{ for glossary::parts(text, met).iter().map(part) }</> }
}

#[derive(PartialEq, Properties)]
pub struct TermProps {
    pub place: usize,
    pub x: i32,
    pub y: i32,
}

/// What a word means, and where Kubernetes says more.
#[component]
pub fn TermBox(props: &TermProps) -> Html {
    let desk = use_desk();
    let Some(meaning) = glossary::meaning(props.place) else { return Html::default() };
    html! {
        <FloatBox place={Place::At(props.x, props.y + 12)} label={meaning.word} role="dialog" class="meaning">
            <style>{ include_str!("../../styles/late/meaning.css") }</style>
            <h2>{ meaning.word }</h2>
            <p>{ meaning.sentence }</p>
            <div class="row">
                <a href={meaning.address()} target="_blank" rel="noopener" data-autofocus="true">{ "Kubernetes documentation" }</a>
                <button class="btn quiet" onclick={desk.sends(Action::Close)}>{ "Close" }</button>
            </div>
        </FloatBox>
    }
}

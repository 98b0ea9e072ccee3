//! The sentence over the cluster.

use super::icons::Icon;
use super::pick::{How, OnPick, Pick};
use petri_picture::view::{Piece, Say, Target, Tone};
use std::rc::Rc;
use yew::prelude::*;

/// The parts of a sentence; moments lead to themselves.
fn pieces(pieces: &[Piece], on_pick: &OnPick) -> Html {
    let part = |piece: &Piece| match piece {
        Piece::Plain(text) => html! { { text.clone() } },
        Piece::Strong(text) => html! { <span class="t">{ text.clone() }</span> },
        Piece::Moment { at, text } => {
            let (at, on_pick) = (*at, on_pick.clone());
            let onclick = move |event: MouseEvent| {
                on_pick.emit(Pick {
                    target: Target::Moment(at),
                    how: How::Select,
                    x: event.client_x(),
                    y: event.client_y(),
                });
            };
            html! { <button type="button" class="link" {onclick} title={format!("Go to {text}")}>{ text.clone() }</button> }
        }
    };
    html! { <span>{ for pieces.iter().map(part) }</span> }
}

#[derive(Properties, PartialEq)]
pub struct SentenceProps {
    pub say: Rc<Say>,
    pub on_pick: OnPick,
    /// What stands below it on small screens, such as the meters.
    #[prop_or_default]
    pub children: Html,
}

/// What is the case, in words, always at the same place. Changes are announced politely.
#[component]
pub fn Sentence(props: &SentenceProps) -> Html {
    let class = match props.say.tone {
        Tone::Calm => "say calm",
        Tone::Risk => "say risk",
        Tone::Broken => "say broken",
    };
    html! {
        <div {class}>
            { Icon::from(props.say.tone).html() }
            <h1 aria-live="polite">{ pieces(&props.say.headline, &props.on_pick) }</h1>
            <p>{ pieces(&props.say.sub, &props.on_pick) }</p>
            { props.children.clone() }
        </div>
    }
}

//! The sentence over the cluster.

use super::{How, Icon, OnPick, Pick};
use crate::view::{Piece, Say, Target, Tone};
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct PiecesProps {
    pub pieces: Vec<Piece>,
    pub on_pick: OnPick,
}

/// The parts of a sentence; moments lead to themselves.
#[component]
pub fn Pieces(props: &PiecesProps) -> Html {
    let part = |piece: &Piece| match piece {
        Piece::Plain(text) => html! { { text.clone() } },
        Piece::Strong(text) => html! { <span class="t">{ text.clone() }</span> },
        Piece::Moment { at, text } => {
            let (at, on_pick) = (*at, props.on_pick.clone());
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
    html! { <span>{ for props.pieces.iter().map(part) }</span> }
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
            <h1 role="status"><Pieces pieces={props.say.headline.clone()} on_pick={props.on_pick.clone()}/></h1>
            <p><Pieces pieces={props.say.sub.clone()} on_pick={props.on_pick.clone()}/></p>
            { props.children.clone() }
        </div>
    }
}

//! The three questions: why is it like this, why is nothing happening, what would change it.

use crate::desk::{Desk, use_desk};
use crate::explain::{self, Fix, Standstill};
use crate::glossary::ALL;
use crate::panels::glossary::explained;
use crate::panels::guide::Guide;
use crate::session::use_world;
use petri_objects::Time;
use petri_picture::view::{Target, words};
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct WhyProps {
    pub selection: Option<Target>,
    pub untried: bool,
}

/// A clock reading that leads to its moment.
pub fn moment_link(desk: &Desk, start: Time, at: Time) -> Html {
    said_link(desk, at, words::moment_tenths(start, at))
}

/// Words that lead to a moment.
pub fn said_link(desk: &Desk, at: Time, text: String) -> Html {
    let onclick = {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| desk.seek(at))
    };
    html! { <button class="link moment" {onclick} aria-label={format!("Go to {text}")}>{ text }</button> }
}

#[component]
pub fn WhyTab(props: &WhyProps) -> Html {
    let desk = use_desk();
    let why = use_world(props.selection.clone(), |timeline, selection| {
        (timeline.start(), explain::why(timeline, selection.as_ref()))
    });
    let (start, why) = &*why;
    // From top to bottom, as one reads. Whoever has not touched anything yet has one thing to press, and no words to look
    // up: what a first visit does not need does not come with it.
    let mut met = if props.selection.is_none() && props.untried { ALL } else { 0 };
    let abouts: Vec<Html> = why
        .about
        .iter()
        .map(|(name, sentence)| html! { <p class="note" key={*name}><b>{ name }</b>{ " " }{ explained(&desk, sentence, &mut met) }</p> })
        .collect();
    let mut waiting = |standstill: &Standstill| {
        let until = standstill.until.map(|at| html! { <span class="until">{ format!("It goes on by itself at {}.", words::moment(*start, at)) }</span> });
        html! {
            <li key={standstill.sentence.clone()} data-reason={standstill.code.clone()}>
                <span><b class="who">{ standstill.who }</b>{ ": " }{ explained(&desk, &standstill.sentence, &mut met) }{ " " }{ until }</span>
                { moment_link(&desk, *start, standstill.since) }
            </li>
        }
    };
    let waits: Vec<Html> = why.waiting.iter().take(5).map(&mut waiting).collect();
    let fix = |fix: &Fix| {
        let onclick = {
            let (desk, fix) = (desk.clone(), fix.clone());
            Callback::from(move |_: MouseEvent| desk.fix(&fix))
        };
        let line = fix.command.line();
        html! {
            <button key={line.clone()} class="act" data-fix={line.clone()} data-risky={fix.risky.to_string()} {onclick}>
                <b>{ &fix.title }</b><code title={line.clone()}>{ line }</code>
                <span class={classes!(fix.risky.then_some("risk"))}>{ &fix.effect }</span>
            </button>
        }
    };
    let chain: Vec<Html> = why
        .chain
        .iter()
        .enumerate()
        .map(|(i, cause)| html! {
            <li key={i}><span>{ explained(&desk, &cause.sentence, &mut met) }</span>{ moment_link(&desk, *start, cause.at) }</li>
        })
        .collect();
    html! {
        <div class="questions">
            if props.untried {
                <Guide key="try" selected={props.selection.is_some()} />
            }
            <div class="about" key="about" hidden={why.about.is_empty()}>
                { for abouts }
            </div>
            <section class="q" key="waiting" hidden={why.waiting.is_empty()}>
                <h2>{ if why.is_under_way() { "What is it waiting for?" } else { "Why is nothing happening?" } }</h2>
                <ol class="chain waits">{ for waits }</ol>
            </section>
            <section class="q" key="fixes" hidden={why.fixes.is_empty()}>
                <h2>{ "What would change it?" }</h2>
                { for why.fixes.iter().map(fix) }
            </section>
            <section class="q" key="chain" hidden={why.chain.is_empty()}>
                <h2>{ "Why is it like this?" }</h2>
                <ol class="chain">
                    { for chain }
                </ol>
            </section>
            <p key="none" class="empty" hidden={props.selection.is_some() || !(why.chain.is_empty() && why.waiting.is_empty() && why.fixes.is_empty())}>
                <b>{ "Nothing to explain yet." }</b>
                { "Apply a manifest, or select something in the cluster." }
            </p>
        </div>
    }
}

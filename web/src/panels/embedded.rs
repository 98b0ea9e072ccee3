//! What stands around the cluster in somebody else's page: a bar above it, the writer's claims below it, and what is wrong
//! with a fence that cannot be played.

use super::glyph::Sign;
use super::transport::{Clock, Transport};
use crate::fences::{Came, Claimed};
use crate::session::{use_session, use_world};
use crate::state::Popup;
use petri_picture::view::words;
use petri_sim::story::link;
use std::rc::Rc;
use web_sys::HtmlAnchorElement;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct BarProps {
    pub title: Option<String>,
    pub open: Option<Popup>,
}

/// The title, time, and the way to the whole page.
#[component]
pub fn EmbedBar(props: &BarProps) -> Html {
    let session = use_session();
    let anchor = use_node_ref();
    // What it leads to is what is seen at the moment of the click.
    let on_leave = {
        let anchor = anchor.clone();
        Callback::from(move |_: MouseEvent| {
            if let Some(anchor) = anchor.cast::<HtmlAnchorElement>() {
                anchor.set_href(&format!("./#{}", link::to_fragment(&session.shared_with_branches())));
            }
        })
    };
    html! {
        <header class="top embed-bar">
            <span class="brand">{ Sign::Brand.html() }</span>
            <b class="embed-title">{ props.title.clone().unwrap_or_else(|| "Petri".into()) }</b>
            <Transport expanded={props.open == Some(Popup::Speed)} />
            <Clock />
            <a class="btn quiet" id="open-in-petri" href="./" target="_blank" rel="noopener" ref={anchor} onclick={on_leave} aria-label="Open in Petri"><span>{ "Open" }<span class="optional">{ " in Petri" }</span></span></a>
        </header>
    }
}

/// A first visit has no use for it.
const STYLE: &str = include_str!("../../styles/late/fence.css");

#[derive(PartialEq, Properties)]
pub struct ClaimsProps {
    pub came: Rc<Came>,
}

/// The writer's claims, each with what came of it once its moment is there.
#[component]
pub fn Claims(props: &ClaimsProps) -> Html {
    let session = use_session();
    let position = use_world((), |timeline, ()| timeline.position());
    let start = session.timeline().start();
    let one = |(index, claim): (usize, &Claimed)| {
        let is_there = *position >= claim.position;
        let (word, sign) = match (is_there, claim.holds) {
            (false, _) => ("to come", "·"),
            (true, true) => ("holds", "✓"),
            (true, false) => ("does not hold", "✗"),
        };
        let go = {
            let (session, at) = (session.clone(), claim.at);
            Callback::from(move |_: MouseEvent| session.seek(at))
        };
        let found = (is_there && !claim.holds).then(|| claim.found.clone());
        html! {
            <li key={index} data-claim={word}>
                <span class="claim-sign" aria-hidden="true">{ sign }</span>
                <button class="link" onclick={go} aria-label={format!("{}: {word}; go to {}", claim.text, words::moment(start, claim.at))}>{ &claim.text }</button>
                if let Some(found) = found {
                    <span class="claim-found">{ found }</span>
                }
            </li>
        }
    };
    html! {
        <>
            <style>{ STYLE }</style>
            <ul class="claims" aria-label="What this page claims">{ for props.came.claims.iter().enumerate().map(one) }</ul>
        </>
    }
}

/// A fence that cannot be played: its text, with what is wrong at its lines.
#[component]
pub fn Broken(props: &ClaimsProps) -> Html {
    let Came { body, problems, .. } = &*props.came;
    let line = |(index, text): (usize, &str)| {
        let wrong: Vec<&String> =
            problems.iter().filter(|(at, _)| *at as usize == index + 1).map(|(_, words)| words).collect();
        html! {
            <li key={index} class={classes!((!wrong.is_empty()).then_some("wrong"))}>
                <code>{ if text.is_empty() { " " } else { text } }</code>
                { for wrong.iter().map(|words| html! { <p key={(*words).clone()} role="alert">{ words }</p> }) }
            </li>
        }
    };
    // What has no line in the text, such as an attribute's recording.
    let lines = body.lines().count();
    let others =
        problems.iter().filter(|(at, _)| !(1..=lines).contains(&(*at as usize))).map(|(_, words)| words.clone());
    html! {
        <main class="cluster broken-fence">
            <style>{ STYLE }</style>
            <p role="alert">{ "This cannot be played." }{ for others.map(|words| html! { <span key={words.clone()}>{ format!(" {words}") }</span> }) }</p>
            <ol>{ for body.lines().enumerate().map(line) }</ol>
        </main>
    }
}

//! Dialogs: keys and help, and the evidence of a guarantee.

use super::float::{FloatBox, Place};
use super::why::moment_link;
use crate::desk::use_desk;
use crate::keys::KEYS;
use crate::pictures::{Icon, Legend};
use crate::session::use_world;
use crate::state::{Action, Popup};
use petri_objects::{Name, Time};
use petri_picture::view;
use petri_picture::view::meters::MeterView;
use petri_sim::story::recording::said;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::invariants::{Guarantee, Standing};
use yew::prelude::*;

#[component]
pub fn HelpDialog() -> Html {
    let desk = use_desk();
    html! {
        <FloatBox place={Place::Middle} label="Keys and help" role="dialog" class="dialog">
            <h2>{ "How to read the picture" }</h2>
            <p>{ "The outline of a pod is its API object: what the control plane believes. The block at its left is the process: what the machine really runs. Everything interesting begins where the two part." }</p>
            <Legend intention=true />
            <p>{ "Everything you can click is also a line in the console; type " }<code>{ "help" }</code>{ " there for the list." }</p>
            if let Some(address) = fidelity() {
                <p key="fidelity"><a href={address} target="_blank" rel="noopener">{ "How faithful is this?" }</a>{ " What is simulated, how it was compared with a real control plane, and where it differs." }</p>
            }
            <h2>{ "Keys" }</h2>
            <dl class="keys">
                { for KEYS.iter().map(|(key, meaning)| html! { <div key={*key}><dt><kbd>{ *key }</kbd></dt><dd>{ *meaning }</dd></div> }) }
            </dl>
            <div class="row end"><button class="btn" data-autofocus="true" onclick={desk.sends(Action::Close)}>{ "Close" }</button></div>
        </FloatBox>
    }
}

/// The page about fidelity, where the build has made one.
fn fidelity() -> Option<String> {
    gloo::utils::document().query_selector("link[rel=help]").ok()??.get_attribute("href")
}

/// All guarantees with their standing; each leads to its evidence.
#[component]
pub fn GuaranteesDialog() -> Html {
    let desk = use_desk();
    let meters = use_world((), |timeline, ()| {
        view::meters::all(&view::facts::Facts::of(timeline.world(), &timeline.recording().commands))
    });
    let row = |meter: &MeterView| {
        html! {
            <button key={meter.title} role="menuitem" class={meter.state.class()} onclick={desk.sends(Action::Open(Popup::Guarantee(meter.guarantee)))}>
                { Icon::from(meter.state).html() }
                <b>{ format!("{}: {}", meter.title, meter.state.word()) }</b>
                <span>{ &meter.sentence }</span>
            </button>
        }
    };
    html! {
        <FloatBox place={Place::Middle} label="Guarantees" role="dialog" class="dialog promises">
            <h2>{ "What Kubernetes promises here" }</h2>
            <div class="menu" role="menu" aria-label="Guarantees">{ for meters.iter().map(row) }</div>
            <div class="row end"><button class="btn" data-autofocus="true" onclick={desk.sends(Action::Close)}>{ "Close" }</button></div>
        </FloatBox>
    }
}

#[derive(PartialEq, Properties)]
pub struct GuaranteeProps {
    pub guarantee: Guarantee,
}

/// How a guarantee stands, by subject, and when it first broke.
#[derive(PartialEq)]
struct EvidenceView {
    start: Time,
    standing: Vec<(Name, Standing)>,
    first: Option<(Time, Name, Name)>,
    /// The moment and the line of the command behind the worst standing.
    cause: Option<(Time, String)>,
}

fn evidence(timeline: &Timeline, guarantee: Guarantee) -> EvidenceView {
    let invariants = &timeline.world().invariants;
    let standing: Vec<(Name, Standing)> = invariants
        .standing
        .iter()
        .filter(|((of, _), standing)| *of == guarantee && **standing != Standing::Holding)
        .map(|((_, subject), standing)| (subject.clone(), standing.clone()))
        .collect();
    let number = standing.iter().find_map(|(_, standing)| match standing {
        Standing::AtRisk { evidence, .. } | Standing::Broken { evidence, .. } => evidence.command,
        Standing::Holding => None,
    });
    let commands = &timeline.recording().commands;
    let stamped = number.and_then(|number| Some((commands.get(number as usize)?, number as usize)));
    EvidenceView {
        start: timeline.start(),
        cause: stamped.map(|(stamped, number)| (stamped.at, said(commands, number))),
        first: invariants
            .first_broken
            .get(&guarantee)
            // What has been broken since then is said already.
            .filter(|(at, subject, _)| {
                !standing
                    .iter()
                    .any(|(of, now)| of == subject && matches!(now, Standing::Broken { since, .. } if since == at))
            })
            .map(|(at, subject, evidence)| (*at, subject.clone(), evidence.sentence.clone())),
        standing,
    }
}

#[component]
pub fn GuaranteeDialog(props: &GuaranteeProps) -> Html {
    let desk = use_desk();
    let view = use_world(props.guarantee, |timeline, guarantee| evidence(timeline, *guarantee));
    let row = |(subject, standing): &(Name, Standing)| {
        let (class, word, since, until, evidence) = match standing {
            Standing::Holding => return html! { <li key={subject.to_string()}>{ format!("{subject}: holding") }</li> },
            Standing::AtRisk { since, until, evidence } => ("risk", "at risk", since, *until, evidence),
            Standing::Broken { since, evidence } => ("bad", "broken", since, None, evidence),
        };
        let until = until.map(
            |at| html! { <>{ " It breaks at " }{ moment_link(&desk, view.start, at) }{ " if nothing changes." }</> },
        );
        html! {
            <li key={subject.to_string()} {class}>
                <b>{ format!("{subject}: {word}") }</b>{ " since " }{ moment_link(&desk, view.start, *since) }
                <p>{ &*evidence.sentence }{ until }</p>
            </li>
        }
    };
    html! {
        <FloatBox place={Place::Middle} label={props.guarantee.title()} role="dialog" class="dialog evidence">
            <h2>{ props.guarantee.title() }</h2>
            <p>{ props.guarantee.definition() }</p>
            if view.standing.is_empty() {
                <p key="holding"><b>{ "It holds everywhere now." }</b></p>
            } else {
                <ul key="standing">{ for view.standing.iter().map(row) }</ul>
            }
            if let Some((at, line)) = &view.cause {
                <p key="cause">{ "Made possible by " }<code>{ line }</code>{ " at " }{ moment_link(&desk, view.start, *at) }</p>
            }
            if let Some((at, subject, sentence)) = &view.first {
                <p key="first">{ format!("First broken for {subject} at ") }{ moment_link(&desk, view.start, *at) }{ ": " }{ &**sentence }</p>
            }
            <div class="row end"><button class="btn" data-autofocus="true" onclick={desk.sends(Action::Close)}>{ "Close" }</button></div>
        </FloatBox>
    }
}

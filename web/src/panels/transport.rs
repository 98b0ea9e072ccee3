//! Play, pause, step, speed, and the clock.

use super::glyph::Sign;
use crate::desk::use_desk;
use crate::session::{use_slice, use_world};
use crate::state::{Action, Popup};
use petri_picture::view::words;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct TransportProps {
    /// Whether the speed menu is open.
    pub expanded: bool,
}

#[component]
pub fn Transport(props: &TransportProps) -> Html {
    let desk = use_desk();
    let session = desk.session.clone();
    let player = use_slice((), |session, ()| session.player_state());
    let moving = player.is_moving();
    let act = |what: fn(&crate::session::Session)| {
        let session = session.clone();
        Callback::from(move |_: MouseEvent| what(&session))
    };
    let (label, sign) = if moving { ("Pause (space)", Sign::Pause) } else { ("Play (space)", Sign::Play) };
    html! {
        <>
            <span class="seg" role="group" aria-label="Time">
                <button id="start" title="Start" aria-label="To the start" onclick={act(|session| {
                    let start = session.timeline().start();
                    session.seek(start);
                })}>{ Sign::Start.html() }</button>
                <button id="step-back" title="Step back (,)" aria-label="Step back" onclick={act(|session| session.step_back())}>
                    { Sign::StepBack.html() }</button>
                <button id="play" title={label} aria-label={label} class={classes!(moving.then_some("on"))}
                    onclick={act(|session| session.toggle())}>{ sign.html() }</button>
                <button id="step" title="Step one event (.)" aria-label="Step one event" onclick={act(|session| session.step())}>
                    { Sign::Step.html() }</button>
            </span>
            <button class="btn quiet speed" id="speed-button" aria-haspopup="menu" aria-expanded={props.expanded.to_string()}
                aria-label={format!("Speed {}, and run for", player.speed.label())} onclick={desk.sends(Action::Open(Popup::Speed))}>
                { player.speed.label() }<span aria-hidden="true">{ " ▾" }</span>
            </button>
        </>
    }
}

#[component]
pub fn Clock() -> Html {
    let clock = use_world((), |timeline, ()| {
        let (large, small) = words::clock(timeline.start(), timeline.now());
        (large, small, timeline.now().since(timeline.start()).0)
    });
    let (large, small, micros) = &*clock;
    html! {
        <time class="clock" aria-label="Simulated time" data-micros={micros.to_string()}>{ large }<small>{ small }</small></time>
    }
}

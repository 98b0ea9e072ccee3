//! Two runs on one stage: which, what came of each, and both clusters at one moment.

mod lanes;
mod play;
mod side;

use super::float::{FloatBox, Place};
use crate::compare::{self, Choice, Row};
use crate::desk::use_desk;
use crate::sizes::{self, use_width};
use crate::state::Action;
use lanes::lanes;
use petri_objects::{Span, Time};
use petri_picture::view::{Target, words};
use play::{use_pair, use_turns};
use side::{Chosen, shown, side};
use std::rc::Rc;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// What can be chosen, where the run stands, and how far both are played.
struct Start {
    choices: Vec<Choice>,
    present: Time,
    end: Time,
}

/// What came of both: the same wherever one looks.
struct Outcome {
    verdict: String,
    rows: Vec<Row>,
    measured: String,
}

/// From these widths on both clusters stand beside each other, and the verdict beside them; the styles say the same.
const SIDE_BY_SIDE: i32 = 720;
const VERDICT_BESIDE: i32 = 1_100;
/// One cluster, the other one, and all else.
const TURNS: usize = 3;
/// The verdict's width, with what scrolls beside the clusters.
const VERDICT: i32 = 346;

#[component]
pub fn CompareStage() -> Html {
    let desk = use_desk();
    let start = use_memo((), |()| {
        desk.session.pause();
        let files: Vec<(String, Rc<str>)> =
            desk.files().iter().map(|file| (file.name.clone(), file.text.clone())).collect();
        let timeline = desk.session.timeline();
        Start { choices: compare::choices(&timeline, &files), present: timeline.now(), end: compare::end(&timeline) }
    });
    let chosen = use_state_eq(|| (0_usize, compare::first(&start.choices)));
    let moment = use_state_eq(|| None::<Time>);
    let of = |index: usize| &start.choices[index];
    let (pair, percent) = use_pair(&of(chosen.0).recording, &of(chosen.1).recording, start.end);
    let at = moment.unwrap_or(start.end);
    let outcome = use_memo(pair.clone(), |pair| {
        let pair = pair.as_ref()?.0.borrow();
        Some(Outcome { verdict: pair.verdict(), rows: pair.rows(), measured: pair.measured(start.present) })
    });
    let turn = use_turns(&pair, TURNS);
    let is_drawn = turn == TURNS;
    let a = use_memo((pair.clone().filter(|_| turn > 0), at), |(pair, at)| {
        Some(shown(&mut pair.as_ref()?.0.borrow_mut().a, *at))
    });
    let b = use_memo((pair.clone().filter(|_| turn > 1), at), |(pair, at)| {
        Some(shown(&mut pair.as_ref()?.0.borrow_mut().b, *at))
    });
    let choose = {
        let chosen = chosen.setter();
        move |to: (usize, usize)| chosen.set(to)
    };
    let chips = start.choices.iter().enumerate().filter_map(|(index, choice)| Some((index, choice.short?)));
    let chip = |(index, short): (usize, &'static str)| {
        let (choose, is_on) = (choose.clone(), *chosen == (0, index));
        let onclick = move |_: MouseEvent| choose((0, index));
        html! { <button key={short} class="chip" data-preset={of(index).key.clone()} aria-pressed={is_on.to_string()} title={of(index).title.clone()} {onclick}>{ short }</button> }
    };
    let select = |second: bool| {
        let (now, choose, start) = (*chosen, choose.clone(), start.clone());
        let onchange = Callback::from(move |event: Event| {
            let Some(select) = event.target_dyn_into::<HtmlSelectElement>() else { return };
            let index = start.choices.iter().position(|choice| choice.key == select.value()).unwrap_or(0);
            choose(if second { (now.0, index) } else { (index, now.1) });
        });
        (onchange, if second { now.1 } else { now.0 })
    };
    let on_pick = {
        let moment = moment.setter();
        Callback::from(move |pick: crate::pictures::Pick| {
            if let Target::Moment(at) = pick.target {
                moment.set(Some(at));
            }
        })
    };
    let host = use_node_ref();
    let width = use_width(&host, sizes::window().0 as i32);
    let half = match width {
        VERDICT_BESIDE.. => (width - VERDICT) / 2,
        SIDE_BY_SIDE.. => width / 2,
        _ => width,
    };
    let column = |index: usize| {
        let (onchange, own) = select(index == 1);
        let shown = if index == 0 { a.as_ref() } else { b.as_ref() }.as_ref();
        let link = shown.is_some().then(|| of(own).link(start.end)).flatten();
        let chosen = Chosen { index, choices: &start.choices, choice: of(own), onchange, link };
        side(chosen, shown, &on_pick, half)
    };
    let begin = of(0).recording.scenario.start;
    let total = start.end.since(begin);
    let oninput = {
        let moment = moment.setter();
        Callback::from(move |event: InputEvent| {
            let Some(input) = event.target_dyn_into::<HtmlInputElement>() else { return };
            let millis = input.value().parse::<u64>().unwrap_or(0);
            moment.set(Some(begin + Span::millis(millis)));
        })
    };
    let why = of(chosen.1).why.as_deref().filter(|_| chosen.0 == 0 && chosen.1 != 0);
    html! {
        <FloatBox place={Place::Whole} label="Compare two runs" role="dialog" class="compare">
            <style>{ include_str!("../../../styles/late/compare.css") }</style>
            <header class="compare-bar" ref={host}>
                <h2>{ "The same day, twice" }</h2>
                <div class="chips">{ for chips.map(chip) }</div>
                <b class="mono compare-clock">{ words::moment_tenths(begin, at) }</b>
                <button class="btn" onclick={desk.sends(Action::Close)}>{ "Close compare" }<kbd>{ "Esc" }</kbd></button>
            </header>
            <div class="compare-sides" data-compared={is_drawn.to_string()}>{ column(0) }{ column(1) }</div>
            <aside class="compare-verdict" aria-label="Verdict">
                <h3>{ "Verdict" }</h3>
                { match outcome.as_ref().as_ref().filter(|_| is_drawn) {
                    Some(outcome) => verdict(outcome, why),
                    None => html! { <p key="wait" class="compare-sentence" role="status">{ format!("Both are being played: {percent} %.") }</p> },
                } }
            </aside>
            <footer class="compare-time">
                { match pair.as_ref().filter(|_| is_drawn) {
                    Some(pair) => lanes(&pair.0.borrow(), at, width),
                    None => html! { <div key="wait" class="compare-lanes"></div> },
                } }
                <input id="compare-moment" data-autofocus="" type="range" min="0" max={total.as_millis().to_string()} step="1000" {oninput}
                    value={at.since(begin).as_millis().to_string()} aria-label="Both clusters at" aria-valuetext={words::moment(begin, at)} />
                <p class="cap">{ "One scrubber moves both. Dashed: asked for. Filled: serving. Open boxes above: run beyond what was asked for. Red: a promise is broken." }</p>
            </footer>
        </FloatBox>
    }
}

/// The outcome in words and as a table, and what it comes from.
fn verdict(outcome: &Outcome, why: Option<&str>) -> Html {
    html! {
        <div key="verdict">
            <p class="compare-sentence" role="status">{ &outcome.verdict }</p>
            <table class="rows" aria-label="Outcome">
                <thead><tr>{ for ["", "A", "B"].map(|name| html! { <th key={name} scope="col">{ name }</th> }) }</tr></thead>
                <tbody>
                    { for outcome.rows.iter().filter(|row| row.says_something()).map(|row| html! {
                        <tr key={row.what} data-measure={row.what} class={row.difference.is_empty().then_some("dim-text")}>
                            <th scope="row">{ row.what }<span>{ if row.difference.is_empty() { "the same" } else { &row.difference } }</span></th><td>{ &row.a }</td><td>{ &row.b }</td>
                        </tr>
                    }) }
                </tbody>
            </table>
            if let Some(why) = why {
                <h3>{ "Why do they differ?" }</h3>
                <p>{ why }</p>
            }
            <p class="cap">{ &outcome.measured }</p>
        </div>
    }
}

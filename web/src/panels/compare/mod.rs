//! Two runs side by side: which, what came of each, and both clusters at one moment.

use super::float::{FloatBox, Place};
use crate::compare::{self, Choice, Course, Pair};
use crate::desk::use_desk;
use crate::frames;
use crate::pictures::ClusterPicture;
use crate::sizes::use_width;
use crate::state::Action;
use petri_objects::{Span, Time};
use petri_picture::view::{self, ClusterView, plain, table, words};
use std::cell::RefCell;
use std::rc::Rc;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// What can be chosen, and how far both are played.
struct Start {
    choices: Vec<Choice>,
    end: Time,
}

/// One side at the moment that is looked at.
#[derive(Clone, PartialEq)]
struct Shown {
    view: Rc<ClusterView>,
    rows: Rc<Vec<table::Row>>,
}

fn shown(course: &mut Course, at: Time) -> Shown {
    course.timeline.seek(at);
    let facts = view::facts::Facts::of(course.timeline.world(), &course.timeline.recording().commands);
    let view = view::cluster::of(&facts);
    let rows = table::rows(&view, &facts);
    Shown { view: Rc::new(view), rows: Rc::new(rows) }
}

#[component]
pub fn CompareDialog() -> Html {
    let desk = use_desk();
    let host = use_node_ref();
    let width = use_width(&host, 640);
    let start = use_memo((), |()| {
        desk.session.pause();
        let files: Vec<(String, Rc<str>)> =
            desk.files().iter().map(|file| (file.name.clone(), file.text.clone())).collect();
        let timeline = desk.session.timeline();
        Start { choices: compare::choices(&timeline, &files), end: compare::end(&timeline) }
    });
    let chosen = use_state_eq(|| (0_usize, compare::first(&start.choices)));
    // What was chosen tells one pair from the next: it is what pictures depend on.
    let pair = use_state(|| None::<((usize, usize), Rc<RefCell<Pair>>)>);
    let moment = use_state_eq(|| None::<Time>);
    {
        let (start, pair, moment) = (start.clone(), pair.setter(), moment.setter());
        use_effect_with(*chosen, move |chosen| {
            let chosen = *chosen;
            pair.set(None);
            // After the next paint: playing takes a moment, and whoever waits should see why.
            let play = frames::later(30, move || {
                let (a, b) = (&start.choices[chosen.0].recording, &start.choices[chosen.1].recording);
                let played = Pair::play(a, b, start.end);
                moment.set(None);
                pair.set(Some((chosen, Rc::new(RefCell::new(played)))));
            });
            move || drop(play)
        });
    }
    let at = moment.unwrap_or(start.end);
    let sides = use_memo((pair.as_ref().map(|(chosen, _)| *chosen), at), |(_, at)| {
        let (_, pair) = pair.as_ref()?;
        let mut pair = pair.borrow_mut();
        let (a, b) = (shown(&mut pair.a, *at), shown(&mut pair.b, *at));
        Some([a, b])
    });
    let choose = |second: bool| {
        let (now, setter, start) = (*chosen, chosen.setter(), start.clone());
        let pick = Callback::from(move |event: Event| {
            let Some(select) = event.target_dyn_into::<HtmlSelectElement>() else { return };
            let index = start.choices.iter().position(|choice| choice.key == select.value()).unwrap_or(0);
            setter.set(if second { (now.0, index) } else { (index, now.1) });
        });
        (pick, if second { now.1 } else { now.0 })
    };
    let begin = start.choices[0].recording.scenario.start;
    let total = start.end.since(begin);
    let oninput = {
        let moment = moment.setter();
        Callback::from(move |event: InputEvent| {
            let Some(input) = event.target_dyn_into::<HtmlInputElement>() else { return };
            let millis = input.value().parse::<u64>().unwrap_or(0);
            moment.set(Some(begin + Span::millis(millis)));
        })
    };
    let half = if width >= 760 { (width - 20) / 2 } else { width };
    let side = |index: usize| {
        let choice = &start.choices[if index == 0 { chosen.0 } else { chosen.1 }];
        let shown = (*sides).as_ref().map(|sides| sides[index].clone());
        let link = shown.is_some().then(|| choice.link(start.end)).flatten();
        column(index, &choice.title, link, shown, half)
    };
    html! {
        <FloatBox place={Place::Middle} label="Compare" role="dialog" class="dialog compare">
            <div class="row"><h2>{ "Compare two runs" }</h2><button class="btn" onclick={desk.sends(Action::Close)}>{ "Close" }</button></div>
            <div class="compare-choices">{ select("A", &start.choices, choose(false)) }{ select("B", &start.choices, choose(true)) }</div>
            <div class="compare-body" ref={host} data-compared={pair.is_some().to_string()}>
                <p class="compare-sentence" role="status">{ match &*pair { Some((_, pair)) => sentence(&pair.borrow()), None => "Both are being played.".to_owned() } }</p>
                <div class="compare-outcome">
                    { pair.as_ref().map(|(_, pair)| outcome(&pair.borrow())) }
                    <div key="clock">
                        { pair.as_ref().map(|(_, pair)| strips(&pair.borrow(), at)) }
                        <input id="compare-moment" type="range" min="0" max={total.as_millis().to_string()} step="1000" {oninput}
                            value={at.since(begin).as_millis().to_string()} aria-valuetext={words::moment(begin, at)} />
                        <label class="compare-clock" for="compare-moment">
                            <span>{ "Both clusters at" }</span><b class="mono">{ words::moment_tenths(begin, at) }</b>
                        </label>
                    </div>
                </div>
                <div class="compare-sides">{ side(0) }{ side(1) }</div>
            </div>
        </FloatBox>
    }
}

fn select(name: &'static str, choices: &[Choice], (onchange, chosen): (Callback<Event>, usize)) -> Html {
    let id = format!("compare-{}", name.to_ascii_lowercase());
    html! {
        <div key={name}>
            <label for={id.clone()}><b>{ name }</b></label>
            <select {id} class="field" {onchange}>
                { for choices.iter().enumerate().map(|(index, choice)| html! {
                    <option key={choice.key.clone()} value={choice.key.clone()} selected={index == chosen}>{ &choice.title }</option>
                }) }
            </select>
        </div>
    }
}

fn sentence(pair: &Pair) -> String {
    let mut sentence = pair.sentence();
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!("{sentence}.")
}

/// The outcome as a table.
fn outcome(pair: &Pair) -> Html {
    html! {
        <div key="outcome">
            <table class="rows" aria-label="Outcome">
                <thead><tr>{ for ["", "A", "B", "the difference"].map(|name| html! { <th key={name} scope="col">{ name }</th> }) }</tr></thead>
                <tbody>
                    { for pair.rows().iter().filter(|row| row.says_something()).map(|row| html! {
                        <tr key={row.what} data-measure={row.what} class={row.difference.is_empty().then_some("dim-text")}>
                            <th scope="row">{ row.what }</th><td>{ &row.a }</td><td>{ &row.b }</td>
                            <td>{ if row.difference.is_empty() { "none" } else { &row.difference } }</td>
                        </tr>
                    }) }
                </tbody>
            </table>
            <p class="cap">{ format!("Measured from {} on, to {}.", words::moment(pair.start, pair.from), words::moment(pair.start, pair.end)) }</p>
        </div>
    }
}

/// Both courses drawn on one clock.
fn strips(pair: &Pair, at: Time) -> Html {
    html! { <>{ strip("A", pair, &pair.a, at) }{ strip("B", pair, &pair.b, at) }</> }
}

/// The drawing's own width: it is stretched to the room that there is.
const WIDE: u64 = 1_000;

/// How many pods served, as a line of steps, and above it the spans in which a guarantee was broken.
fn strip(name: &'static str, pair: &Pair, course: &Course, at: Time) -> Html {
    let total = pair.end.since(pair.start).0.max(1);
    let x = |time: Time| (time.since(pair.start).0.min(total) * WIDE / total).to_string();
    let most = u64::from(course.levels.iter().map(|level| level.asked.max(level.serving)).max().unwrap_or(1).max(1));
    let y = |count: u32| (38 - u64::from(count) * 26 / most).to_string();
    let steps = |count: fn(&compare::Level) -> u32| {
        let mut path = format!("M0 {}", y(0));
        for level in &course.levels {
            path.push_str(&format!("H{}V{}", x(level.at), y(count(level))));
        }
        path + &format!("H{WIDE}")
    };
    let area = format!("{}V38H0Z", steps(|level| level.serving));
    let told: Vec<String> = course
        .broken
        .iter()
        .map(|broken| {
            let (from, to) = (words::moment(pair.start, broken.from), words::moment(pair.start, broken.to));
            format!("{} broken from {from} to {to}", broken.guarantee.title())
        })
        .collect();
    // What nothing changes any more is as it was before.
    let before = course.levels.iter().rfind(|level| level.at <= pair.from);
    let after = course.levels.iter().filter(|level| level.at >= pair.from);
    let lowest = before.into_iter().chain(after).min_by_key(|level| level.serving);
    let lowest = lowest.map_or_else(|| "none".into(), |level| format!("at least {} of {}", level.serving, level.asked));
    let words = [vec![lowest], told].concat().join("; ");
    html! {
        <figure key={name} class="strip" data-strip={name}>
            <svg viewBox={format!("0 0 {WIDE} 40")} preserveAspectRatio="none" aria-hidden="true">
                <path class="strip-area" d={area}/>
                <path class="strip-asked" d={steps(|level| level.asked)}/>
                { for course.broken.iter().enumerate().map(|(i, broken)| {
                    let width = broken.to.since(broken.from).0 * WIDE / total;
                    html! { <rect key={i} class="strip-broken" x={x(broken.from)} y="0" width={width.max(3).to_string()} height="8"/> }
                }) }
                <path class="strip-now" d={format!("M{} 0V40", x(at))}/>
            </svg>
            <figcaption><b>{ name }</b>{ format!(" pods that serve: {words}.") }</figcaption>
        </figure>
    }
}

/// One cluster: its sentence, its picture, and the same as a table. The picture only shows: acting is for the run itself.
fn column(index: usize, title: &str, link: Option<String>, shown: Option<Shown>, width: i32) -> Html {
    let name = ["A", "B"][index];
    let body = shown.map(|shown| {
        let (headline, sub) = (plain(&shown.view.say.headline), plain(&shown.view.say.sub));
        let row = |(i, row): (usize, &table::Row)| {
            let status = row.belief.as_ref().map_or_else(|| row.absence.clone(), |belief| format!("{} {}", belief.ready, belief.status));
            html! { <tr key={i}><th scope="row">{ format!("{} {}", row.name, row.short) }</th><td>{ status }</td><td>{ &row.machine }</td></tr> }
        };
        html! {
            <>
                <p><b>{ headline }</b>{ format!(" {sub}") }</p>
                <div class="compare-picture" inert=true aria-hidden="true">
                    <ClusterPicture view={shown.view.clone()} {width} on_pick={Callback::noop()} id={["side-a", "side-b"][index]} />
                </div>
                <table class="rows" aria-label={format!("Pods of {name}")}>
                    <thead><tr>{ for ["NAME", "STATUS", "ON THE MACHINE"].map(|name| html! { <th key={name} scope="col">{ name }</th> }) }</tr></thead>
                    <tbody>{ for shown.rows.iter().take(60).enumerate().map(row) }</tbody>
                </table>
            </>
        }
    });
    // The address is that of the course: it can be copied and sent as it is.
    let link =
        link.map(|href| html! { <a key="link" {href} data-open={name}>{ format!("Open {name} as the run") }</a> });
    html! { <section key={name} data-side={name} aria-label={format!("{name}: {title}")}><div class="row"><h3>{ format!("{name}: {title}") }</h3>{ link }</div>{ body }</section> }
}

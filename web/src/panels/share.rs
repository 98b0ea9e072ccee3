//! What a run can be taken along as: a link, a picture, part of a page, a transcript, a file.

use super::float::{FloatBox, Place};
use super::notices::OpenFile;
use super::reader::ask;
use super::snippet::Snippet;
use crate::address::fits;
use crate::desk::use_desk;
use crate::edge;
use crate::state::Action;
use petri_lessons::fence::in_address;
use petri_lessons::transcript::told::{Ending, told};
use petri_picture::poster;
use petri_picture::view::words;
use petri_sim::story::link;
use petri_sim::story::shared::Shared;
use petri_sim::story::timeline::Timeline;
use yew::prelude::*;

/// What is taken along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Link,
    Picture,
    Page,
    Transcript,
    File,
}

impl Form {
    const ALL: [Form; 5] = [Form::Link, Form::Picture, Form::Page, Form::Transcript, Form::File];

    fn word(self) -> &'static str {
        match self {
            Form::Link => "Link",
            Form::Picture => "Picture",
            Form::Page => "Embed",
            Form::Transcript => "Transcript",
            Form::File => "File",
        }
    }
    fn about(self) -> &'static str {
        match self {
            Form::Link => {
                "The link holds the whole run: scenario, seed and commands. Whoever opens it sees the same microsecond."
            }
            Form::Picture => "The cluster at this moment, as the stage shows it.",
            Form::Page => "The run at hand, in a page of yours.",
            Form::Transcript => {
                "The lines that repeat this run, as Markdown. petri run plays them, and checks the answers at the end."
            }
            Form::File => {
                "The recording: all that was done, with branches and bookmarks. petri open plays it in a terminal."
            }
        }
    }
}

/// In which paint a picture comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paint {
    Light,
    Dark,
    /// As the system of whoever looks at it.
    Both,
}

impl Paint {
    const ALL: [Paint; 3] = [Paint::Light, Paint::Dark, Paint::Both];

    fn word(self) -> &'static str {
        match self {
            Paint::Light => "Light",
            Paint::Dark => "Dark",
            Paint::Both => "Both",
        }
    }
    fn of(self, svg: &str) -> String {
        match self {
            Paint::Light => poster::painted(svg, false),
            Paint::Dark => poster::painted(svg, true),
            Paint::Both => svg.to_owned(),
        }
    }
}

/// All of it, as it was when the dialog opened: the run may go on behind it.
#[derive(PartialEq)]
struct Taken {
    shared: Shared,
    moment: String,
    svg: String,
    transcript: String,
}

impl Taken {
    fn of(shared: Shared, timeline: &Timeline, title: &str, width: u32) -> Taken {
        let moment = words::moment_tenths(timeline.start(), timeline.now());
        Taken {
            svg: poster::of_stage(timeline, None, width),
            transcript: transcript(timeline, title, shared.position.is_some()),
            moment,
            shared,
        }
    }
    /// The name of a file that holds a part of it.
    fn file(&self, ending: &str) -> String {
        format!("petri-{}.{ending}", self.moment.replace([':', '.'], "-"))
    }
}

/// The run as a transcript. In the middle of an instant nobody can say by lines where it stands: its answers stay open.
fn transcript(timeline: &Timeline, title: &str, is_between: bool) -> String {
    const ENDS: [&str; 2] = ["kubectl get pods -o wide", "guarantees"];
    let answer = |line: &str| match is_between {
        true => "...".to_owned(),
        false => ask(line, timeline).shown(),
    };
    let endings: Vec<Ending<'_>> = ENDS.iter().map(|line| (*line, answer(line))).collect();
    let title = if title.is_empty() { "A run of Petri" } else { title };
    told(timeline.recording(), timeline.done(), timeline.now(), title, &endings)
}

#[component]
pub fn ShareDialog() -> Html {
    let desk = use_desk();
    let said = use_state(String::new);
    let form = use_state_eq(|| Form::Link);
    let paint = use_state_eq(|| Paint::Light);
    let whole = use_state_eq(|| true);
    let taken = use_memo((), |()| {
        let width = gloo::utils::document().query_selector(".picture").ok().flatten();
        let width = width.map_or(poster::WIDTH, |picture| picture.client_width().unsigned_abs());
        Taken::of(desk.shared(), &desk.session.timeline(), &desk.title(), width)
    });
    let has_branches = !taken.shared.branches.is_empty();
    let fragment = use_memo(*whole, |whole| {
        let branches = if *whole { taken.shared.branches.clone() } else { Vec::new() };
        link::to_fragment(&Shared { branches, ..taken.shared.clone() })
    });
    let svg = use_memo(*paint, |paint| paint.of(&taken.svg));
    let href = gloo::utils::window().location().href().unwrap_or_default();
    let link = format!("{}#{}", href.split('#').next().unwrap_or_default(), *fragment);

    let says = |words: &'static str| {
        let said = said.setter();
        move |worked: bool| said.set(if worked { words } else { REFUSED }.to_owned())
    };
    let copies = |text: String, words: &'static str| {
        let then = says(words);
        Callback::from(move |_: MouseEvent| edge::copy(text.clone(), then.clone()))
    };
    let saves = |ending: &str, text: String| {
        let name = taken.file(ending);
        Callback::from(move |_: MouseEvent| edge::save(&name, &text))
    };
    let chosen = {
        let (form, said) = (form.clone(), said.setter());
        Callback::from(move |next: Form| {
            said.set(String::new());
            form.set(next);
        })
    };
    let one_of = |each: Form| {
        let chosen = chosen.clone();
        let onclick = Callback::from(move |_: MouseEvent| chosen.emit(each));
        choice(each.word(), *form == each, onclick)
    };
    let body = match *form {
        Form::Link => {
            let turns = {
                let (whole, now) = (whole.setter(), *whole);
                Callback::from(move |_: MouseEvent| whole.set(!now))
            };
            html! { <div key="link">
                if !fits(&link) {
                    <p key="long">{ "It is so long that browsers and chat programs may cut it: send the file instead." }</p>
                }
                <input id="share-link" class="field mono" readonly=true aria-label="Link" value={link.clone()} />
                if has_branches {
                    <button type="button" class="check" id="share-branches" role="checkbox" aria-checked={whole.to_string()} onclick={turns}>{ "With what was left behind in other branches" }</button>
                }
                <div class="row">
                    <button class="btn primary" id="copy-link" data-autofocus="true" onclick={copies(link.clone(), "Link copied.")}>{ "Copy the link" }</button>
                    <span class="count">{ format!("{} characters", link.len()) }</span>
                </div>
            </div> }
        }
        Form::Picture => {
            let draws = {
                let (name, svg, then) = (taken.file("png"), svg.clone(), says("Picture saved."));
                Callback::from(move |_: MouseEvent| edge::save_drawn(name.clone(), svg.to_string(), then.clone()))
            };
            let paints = Paint::ALL.into_iter().map(|each| {
                let setter = paint.setter();
                choice(each.word(), *paint == each, Callback::from(move |_: MouseEvent| setter.set(each)))
            });
            html! { <div key="picture">
                <div class="seg" role="group" aria-label="Theme">{ for paints }</div>
                <img class="shot" alt={format!("The cluster at {}", taken.moment)} src={format!("data:image/svg+xml,{}", in_address(&svg))} />
                <div class="row">
                    <button class="btn" id="save-svg" onclick={saves("svg", (*svg).clone())}>{ "Save as SVG" }</button>
                    <button class="btn" id="save-png" disabled={*paint == Paint::Both} onclick={draws}>{ "Save as PNG" }</button>
                    <button class="btn" id="copy-svg" onclick={copies((*svg).clone(), "SVG copied.")}>{ "Copy the SVG" }</button>
                </div>
            </div> }
        }
        Form::Page => html! { <div key="page" id="share-embed"><Snippet fragment={(*fragment).clone()} /></div> },
        Form::Transcript => html! { <div key="transcript">
            <textarea id="share-transcript" class="field mono" readonly=true rows="12" aria-label="Transcript" value={taken.transcript.clone()} />
            <div class="row">
                <button class="btn" id="copy-transcript" onclick={copies(taken.transcript.clone(), "Transcript copied.")}>{ "Copy the transcript" }</button>
                <button class="btn" id="save-transcript" onclick={saves("md", taken.transcript.clone())}>{ "Save as a file" }</button>
            </div>
        </div> },
        Form::File => {
            let json = taken.shared.to_json();
            html! { <div key="file">
                <div class="row">
                    <button class="btn" id="save-recording" onclick={saves("json", json.clone())}>{ "Save as a file" }</button>
                    <button class="btn" id="copy-recording" onclick={copies(json.clone(), "Recording copied.")}>{ "Copy the recording" }</button>
                    <OpenFile />
                </div>
                <textarea id="share-json" class="field mono" readonly=true rows="4" aria-label="Recording" value={json} />
            </div> }
        }
    };
    html! {
        <FloatBox place={Place::Middle} label="Share" role="dialog" class="dialog share">
            <style>{ include_str!("../../styles/late/share.css") }</style>
            <h2>{ "Share this run" }</h2>
            <div class="seg forms" role="group" aria-label="As what">{ for Form::ALL.into_iter().map(one_of) }</div>
            <p class="about">{ form.about() }</p>
            { body }
            <div class="row foot"><span role="status">{ &*said }</span><button class="btn quiet" onclick={desk.sends(Action::Close)}>{ "Close" }</button></div>
        </FloatBox>
    }
}

const REFUSED: &str = "The browser refused. What is shown can be selected and copied.";

/// One of a few words.
fn choice(word: &'static str, is_on: bool, onclick: Callback<MouseEvent>) -> Html {
    html! { <button key={word} type="button" class={classes!(is_on.then_some("on"))} aria-pressed={is_on.to_string()} data-form={word} {onclick}>{ word }</button> }
}

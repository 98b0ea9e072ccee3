//! One of both clusters at the moment that is looked at: its sentence, its picture, and the same as a table.

use crate::compare::{Choice, Course};
use crate::pictures::{ClusterPicture, OnPick, Sentence};
use petri_objects::Time;
use petri_picture::view::{self, ClusterView, Say, table};
use std::rc::Rc;
use yew::prelude::*;

/// A cluster at a moment.
#[derive(Clone, PartialEq)]
pub struct Shown {
    view: Rc<ClusterView>,
    say: Rc<Say>,
    rows: Rc<Vec<table::Row>>,
}

pub fn shown(course: &mut Course, at: Time) -> Shown {
    course.timeline.seek(at);
    let facts = view::facts::Facts::of(course.timeline.world(), &course.timeline.recording().commands);
    let view = view::cluster::of(&facts);
    let rows = table::rows(&view, &facts);
    Shown { say: Rc::new(view.say.clone()), view: Rc::new(view), rows: Rc::new(rows) }
}

/// What is the same at any moment.
pub struct Chosen<'c> {
    /// 0 for A, 1 for B.
    pub index: usize,
    pub choices: &'c [Choice],
    pub choice: &'c Choice,
    pub onchange: Callback<Event>,
    /// The address that opens it as the run.
    pub link: Option<String>,
}

/// One side in its width. The picture only shows: acting is for the run itself. Nothing is shown while it is being played.
pub fn side(chosen: Chosen<'_>, shown: Option<&Shown>, on_pick: &OnPick, width: i32) -> Html {
    let name = ["A", "B"][chosen.index];
    let id = format!("compare-{}", name.to_ascii_lowercase());
    let option = |choice: &Choice| {
        let key = &choice.key;
        html! { <option key={key.clone()} value={key.clone()} selected={*key == chosen.choice.key}>{ &choice.title }</option> }
    };
    let body = shown.map(|shown| {
        let row = |(i, row): (usize, &table::Row)| {
            let status = row.belief.as_ref().map_or_else(|| row.absence.clone(), |belief| format!("{} {}", belief.ready, belief.status));
            html! { <tr key={i}><th scope="row">{ format!("{} {}", row.name, row.short) }</th><td>{ status }</td><td>{ &row.machine }</td></tr> }
        };
        html! {
            <>
                <Sentence say={shown.say.clone()} on_pick={on_pick.clone()} />
                <div class="compare-body" tabindex="0" role="region" aria-label={format!("Cluster {name}")}>
                    <div class="compare-picture" inert=true aria-hidden="true">
                        <ClusterPicture view={shown.view.clone()} {width} on_pick={Callback::noop()} id={["side-a", "side-b"][chosen.index]} />
                    </div>
                    <table class="rows" aria-label={format!("Pods of {name}")}>
                        <thead><tr>{ for ["NAME", "STATUS", "ON THE MACHINE"].map(|name| html! { <th key={name} scope="col">{ name }</th> }) }</tr></thead>
                        <tbody>{ for shown.rows.iter().take(60).enumerate().map(row) }</tbody>
                    </table>
                </div>
            </>
        }
    });
    // The address is that of the course: it can be copied and sent as it is.
    let link = chosen.link.map(|href| html! { <a key="link" {href} data-open={name}>{ "Open as the run" }</a> });
    html! {
        <section key={name} class="compare-side" data-side={name} aria-label={format!("Run {name}")}>
            <div class="compare-head">
                <label for={id.clone()} class={classes!("compare-mark", (chosen.index == 0).then_some("first"))}>{ name }</label>
                <select {id} class="field" onchange={chosen.onchange.clone()}>{ for chosen.choices.iter().map(option) }</select>
                { link }
            </div>
            { body }
        </section>
    }
}

//! One of both clusters at the moment that is looked at: its sentence, its picture, and the same as a table.

use crate::compare::Course;
use crate::pictures::{ClusterPicture, OnPick, Sentence};
use crate::sizes::{self, use_width};
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

#[derive(PartialEq, Properties)]
pub struct SideProps {
    /// 0 for A, 1 for B.
    pub index: usize,
    /// Keys and titles of what can be chosen.
    pub options: Vec<(String, String)>,
    pub chosen: String,
    pub onchange: Callback<Event>,
    /// The address that opens it as the run.
    pub link: Option<String>,
    /// Nothing while it is being played.
    pub shown: Option<Shown>,
    pub on_pick: OnPick,
}

/// The picture only shows: acting is for the run itself.
#[component]
pub fn Side(props: &SideProps) -> Html {
    let name = ["A", "B"][props.index];
    let id = format!("compare-{}", name.to_ascii_lowercase());
    let host = use_node_ref();
    let window = sizes::window().0 as i32;
    let width = use_width(&host, if window >= 1_100 { (window - 340) / 2 } else { window });
    let option = |(key, title): &(String, String)| {
        html! { <option key={key.clone()} value={key.clone()} selected={*key == props.chosen}>{ title }</option> }
    };
    let body = props.shown.as_ref().map(|shown| {
        let row = |(i, row): (usize, &table::Row)| {
            let status = row.belief.as_ref().map_or_else(|| row.absence.clone(), |belief| format!("{} {}", belief.ready, belief.status));
            html! { <tr key={i}><th scope="row">{ format!("{} {}", row.name, row.short) }</th><td>{ status }</td><td>{ &row.machine }</td></tr> }
        };
        html! {
            <>
                <Sentence say={shown.say.clone()} on_pick={props.on_pick.clone()} />
                <div class="compare-body" tabindex="0" role="region" aria-label={format!("Cluster {name}")}>
                    <div class="compare-picture" inert=true aria-hidden="true">
                        <ClusterPicture view={shown.view.clone()} {width} on_pick={Callback::noop()} id={["side-a", "side-b"][props.index]} />
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
    let link = props.link.clone().map(|href| html! { <a key="link" {href} data-open={name}>{ "Open as the run" }</a> });
    html! {
        <section class="compare-side" ref={host} data-side={name} aria-label={format!("Run {name}")}>
            <div class="compare-head">
                <label for={id.clone()} class={classes!("compare-mark", (props.index == 0).then_some("first"))}>{ name }</label>
                <select {id} class="field" onchange={props.onchange.clone()}>{ for props.options.iter().map(option) }</select>
                { link }
            </div>
            { body }
        </section>
    }
}

//! The cluster: the sentence, the picture of belief and reality, and the same facts as tables.

use super::facts::FactsPanel;
use super::guide::NextStep;
use super::picking::use_pick;
use super::topbar::TopMeters;
use crate::desk::use_desk;
use crate::first_visit;
use crate::pictures::{ClusterPicture, Legend, Sentence};
use crate::session::{use_slice, use_world};
use crate::sizes::{self, use_width};
use crate::state::Facts;
use crate::wide::use_low;
use petri_picture::draw::rarer;
use petri_picture::view::beats::beats;
use petri_picture::view::facts::Facts as World;
use petri_picture::view::layout::Density;
use petri_picture::view::{self, Target};
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct ClusterProps {
    pub wide: bool,
    pub selection: Option<Target>,
    pub facts: Facts,
    pub untried: bool,
    pub density: Density,
    /// Whether nothing moves along the links.
    pub still: bool,
}

#[component]
pub fn Cluster(props: &ClusterProps) -> Html {
    let host = use_node_ref();
    let window = sizes::window().0 as i32;
    let width = use_width(&host, if props.wide { window - 640 } else { window });
    let on_pick = use_pick();
    let desk = use_desk();
    let view = use_slice(props.still, |session, still| {
        let timeline = session.timeline();
        let facts = World::of(timeline.world(), &timeline.recording().commands);
        let mut view = view::cluster::of(&facts);
        if let (false, Some(span)) = (*still, session.sight()) {
            view.beats = beats(&facts, timeline.notes_until_now(), span);
        }
        view
    });
    let suggested = use_world(props.untried, |timeline, untried| {
        untried.then(|| first_visit::offer(timeline)).flatten().map(|(node, _)| Target::Link(node))
    });
    let on_hint = use_callback(desk, |_: Target, desk| first_visit::try_it(desk));
    let say = use_memo(view.say.clone(), Clone::clone);
    let low = use_low() && props.wide;
    // An entry stays once its state was there.
    let known = use_mut_ref(|| [false; 4]);
    let now = rarer(&view);
    known.borrow_mut().iter_mut().zip(now).for_each(|(known, now)| *known |= now);
    let seen = *known.borrow();
    html! {
        <main class="cluster" ref={host}>
            <Sentence {say} on_pick={on_pick.clone()}>
                if !props.wide {
                    <div class="foot">
                        <TopMeters brief=true />
                        <NextStep told={props.untried} selection={props.selection.clone()} />
                    </div>
                }
            </Sentence>
            <div class="cluster-body" tabindex="0" role="region" aria-label="Cluster">
                <div class="picture"><ClusterPicture {view} {width} selected={props.selection.clone()} {on_pick} hint={(*suggested).clone()} {on_hint} density={props.density} {low} /></div>
                if !props.wide { <Legend key="legend" {seen} /> }
                <FactsPanel facts={props.facts} selection={props.selection.clone()} />
            </div>
        </main>
    }
}

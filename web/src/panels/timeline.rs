//! The timeline: drag or use the arrows to go to any moment; do something there, and the past forks.

use super::picking::use_pick;
use crate::desk::pins::jump;
use crate::desk::{branch_name, use_desk};
use crate::explain;
use crate::pictures::TimelinePicture;
use crate::session::use_world;
use crate::sizes::{self, use_width};
use crate::state::{Action, Bookmark, Popup, Sight};
use petri_objects::Time;
use petri_picture::view::lanes::LaneStore;
use petri_picture::view::timeline::{self, Options};
use petri_picture::view::{Target, words};
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct TimelineProps {
    pub wide: bool,
    pub selection: Option<Target>,
    pub sight: Sight,
    pub bookmarks: Rc<Vec<Bookmark>>,
}

#[component]
pub fn TimelinePanel(props: &TimelineProps) -> Html {
    let desk = use_desk();
    let host = use_node_ref();
    let width = use_width(&host, sizes::window().0 as i32);
    let store = use_memo((), |()| std::cell::RefCell::new(LaneStore::default()));
    let options = Options {
        strip: !props.wide,
        selected: props.selection.clone(),
        filter: props.sight.filter,
        bookmarks: props.bookmarks.iter().map(|bookmark| (bookmark.at, bookmark.name.clone())).collect(),
        causes: None,
    };
    let view = use_world((width, options, props.sight.arrows), move |timeline, (width, options, arrows)| {
        let mut store = store.borrow_mut();
        let causes = arrows.then(|| explain::subject(timeline, options.selected.as_ref())).flatten();
        let options = &Options { causes, ..options.clone() };
        store.follow(timeline.notes());
        timeline::view(timeline, &store, None, u32::try_from(*width).unwrap_or(0), options)
    });
    let slider = use_world((), |timeline, ()| {
        let (start, now, end) = (timeline.start(), timeline.now(), timeline.end());
        (now.since(start).as_millis(), end.since(start).as_millis(), words::moment_millis(start, now))
    });
    let branches = use_world((), |timeline, ()| {
        timeline.branches().iter().enumerate().map(|(i, b)| (branch_name(i), b.label.clone())).collect::<Vec<_>>()
    });
    let on_pick = use_pick();
    let on_scrub = use_callback(desk.clone(), |at: Time, desk| desk.seek(at));
    let onkeydown = {
        let desk = desk.clone();
        Callback::from(move |event: KeyboardEvent| {
            let session = &desk.session;
            match (event.key().as_str(), event.shift_key()) {
                ("ArrowLeft", false) => session.step_back(),
                ("ArrowRight", false) => session.step(),
                ("ArrowLeft", true) => jump(&desk, false),
                ("ArrowRight", true) => jump(&desk, true),
                ("Home", _) => {
                    let start = session.timeline().start();
                    session.seek(start);
                }
                ("End", _) => {
                    let end = session.timeline().end();
                    session.seek(end);
                }
                _ => return,
            }
            event.prevent_default();
        })
    };
    let (now, end, text) = &*slider;
    let branch = |(index, (name, label)): (usize, &(String, String))| {
        let desk = desk.clone();
        let onclick = Callback::from(move |_: MouseEvent| desk.switch(index));
        html! {
            <button key={index} class="link branch" data-branch={index.to_string()} {onclick}>{ format!("{name}: {label}") }</button>
        }
    };
    html! {
        <section class="time" aria-label="Timeline">
            <div class="time-host" ref={host}>
                <div class="time-slider" role="slider" tabindex="0" aria-label="Moment" aria-valuemin="0" aria-valuenow={now.to_string()}
                    aria-valuemax={end.to_string()} aria-valuetext={text.clone()} {onkeydown}></div>
                <TimelinePicture {view} {on_pick} {on_scrub} />
            </div>
            if props.wide {
                <div key="tools" class="time-tools">
                    <button class="link" id="compare-button" aria-haspopup="dialog" onclick={desk.sends(Action::Open(Popup::Compare))}>{ "Compare" }</button>
                    <button class="link" id="view-button" aria-haspopup="menu" onclick={desk.sends(Action::Open(Popup::Sight))}>{ "View" }</button>
                </div>
            }
            if props.wide && !branches.is_empty() {
                <div key="branches" class="branches" role="group" aria-label="Branches">
                    { for branches.iter().enumerate().map(branch) }
                </div>
            }
        </section>
    }
}

//! Menus over time and pictures: how fast it goes, where to go, what is shown.

use super::float::{FloatBox, Place};
use crate::desk::use_desk;
use crate::paint::{self, Paint};
use crate::session::Speed;
use crate::session::use_slice;
use crate::state::{Action, Bookmark, Sight};
use crate::verbs;
use petri_objects::Span;
use petri_picture::view::layout::Density;
use petri_picture::view::timeline::Filter;
use petri_picture::view::{Target, words};
use std::rc::Rc;
use yew::prelude::*;

/// How far one can jump.
const JUMPS: [(&str, u64); 4] = [("10 s", 10), ("1 m", 60), ("6 m", 360), ("30 m", 1_800)];

#[derive(PartialEq, Properties)]
pub struct SpeedMenuProps {
    pub selection: Option<Target>,
    pub bookmarks: Rc<Vec<Bookmark>>,
}

#[component]
pub fn SpeedMenu(props: &SpeedMenuProps) -> Html {
    let desk = use_desk();
    let player = use_slice((), |session, ()| session.player_state());
    let start = desk.session.timeline().start();
    let speed = |speed: Speed| {
        let desk = desk.clone();
        let onclick = Callback::from(move |_: MouseEvent| {
            desk.session.set_speed(speed);
            desk.session.play();
            desk.send(Action::Close);
        });
        html! {
            <button key={speed.label()} role="menuitemradio" aria-checked={(player.speed == speed).to_string()} data-speed={speed.0.to_string()} {onclick}>
                <b>{ speed.label() }</b>
            </button>
        }
    };
    let jump = |(text, seconds): (&'static str, u64)| {
        let desk = desk.clone();
        let onclick = Callback::from(move |_: MouseEvent| desk.run_for(Span::seconds(seconds)));
        html! {
            <button key={text} role="menuitem" data-run={seconds.to_string()} {onclick}>
                <b>{ format!("Run {text}") }</b><code>{ format!("run {}", text.replace(' ', "")) }</code>
            </button>
        }
    };
    let next = {
        let (desk, selection) = (desk.clone(), props.selection.clone());
        Callback::from(move |_: MouseEvent| {
            desk.send(Action::Close);
            desk.next_change(selection.as_ref());
        })
    };
    let subject = props.selection.as_ref().map_or_else(|| "the workload".to_owned(), verbs::title);
    let mark = {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| {
            desk.send(Action::Close);
            desk.bookmark();
        })
    };
    let bookmark = |bookmark: &Bookmark| {
        let (desk, at) = (desk.clone(), bookmark.at);
        let onclick = Callback::from(move |_: MouseEvent| {
            desk.send(Action::Close);
            desk.seek(at);
        });
        html! {
            <button key={at.0} role="menuitem" data-bookmark={bookmark.name.clone()} {onclick}>
                <b>{ format!("Go to {}", bookmark.name) }</b><code>{ words::moment_tenths(start, at) }</code>
            </button>
        }
    };
    html! {
        <FloatBox place={Place::Below("speed-button")} label="Speed" role="menu" class="menu">
            { for JUMPS.into_iter().map(jump) }
            <button key="next" role="menuitem" id="next-change" onclick={next}><b>{ format!("Next change of {subject}") }</b><kbd>{ "n" }</kbd></button>
            <hr />
            <button key="mark" role="menuitem" id="bookmark" onclick={mark}><b>{ "Bookmark this moment" }</b><kbd>{ "b" }</kbd></button>
            { for props.bookmarks.iter().map(bookmark) }
            <hr />
            { for Speed::ALL.into_iter().map(speed) }
        </FloatBox>
    }
}

#[derive(PartialEq, Properties)]
pub struct SightMenuProps {
    pub sight: Sight,
}

/// How the page itself looks: its colours, and how large its type is.
#[component]
fn PageLook() -> Html {
    let render = use_force_update();
    let (now, is_large) = (Paint::now(), paint::is_large());
    let item = |own: Paint| {
        let render = render.clone();
        let onclick = Callback::from(move |_: MouseEvent| {
            paint::choose(own);
            render.force_update();
        });
        html! {
            <button key={own.word()} role="menuitemradio" data-theme-choice={own.word()} aria-checked={(now == own).to_string()} {onclick}><b>{ own.title() }</b></button>
        }
    };
    let enlarge = {
        let render = render.clone();
        Callback::from(move |_: MouseEvent| {
            paint::enlarge(!is_large);
            render.force_update();
        })
    };
    html! { <>
        <div class="menu-title">{ "Page" }</div>
        { for Paint::ALL.into_iter().map(item) }
        <button role="menuitemcheckbox" id="large-type" aria-checked={is_large.to_string()} onclick={enlarge}><b>{ "Presentation mode" }</b><span>{ "larger type" }</span></button>
    </> }
}

/// What the pictures show, and how. Choosing something leaves the menu open: one looks at what comes of it.
#[component]
pub fn SightMenu(props: &SightMenuProps) -> Html {
    let desk = use_desk();
    let sight = &props.sight;
    let check = |id: &'static str, title: &'static str, note: &'static str, on: bool, next: Sight| {
        html! {
            <button key={id} {id} role="menuitemcheckbox" aria-checked={on.to_string()} onclick={desk.sends(Action::Look(next))}>
                <b>{ title }</b><span>{ note }</span>
            </button>
        }
    };
    let filter = |id, title, note, on: bool, change: fn(&mut Filter)| {
        let mut next = sight.clone();
        change(&mut next.filter);
        check(id, title, note, on, next)
    };
    let density = |density: Density| {
        let note = match density {
            Density::Fitting => "large while they are few, and where there is trouble",
            Density::Detailed => "every pod with its words",
            Density::Dense => "every pod a small mark, trouble excepted",
        };
        html! {
            <button key={density.title()} role="menuitemradio" data-density={density.title()} aria-checked={(sight.density == density).to_string()}
                onclick={desk.sends(Action::Look(Sight { density, ..sight.clone() }))}>
                <b>{ density.title() }</b><span>{ note }</span>
            </button>
        }
    };
    let own = &sight.filter;
    html! {
        <FloatBox place={Place::Below("view-button")} label="View" role="menu" class="menu sight">
            <div class="menu-title" key="lanes">{ "Timeline" }</div>
            { filter("show-pods", "Pods", "a lane for each name", own.pods, |filter| filter.pods = !filter.pods) }
            { filter("show-disks", "Disks", "those that moved, refuse or are waited for", own.disks, |filter| filter.disks = !filter.disks) }
            { filter("show-nodes", "Nodes", "a lane for each machine", own.nodes, |filter| filter.nodes = !filter.nodes) }
            { filter("show-locks", "Locks", "who holds them, and who acts", own.locks, |filter| filter.locks = !filter.locks) }
            { filter("show-clients", "Clients", "what their calls come to", own.clients, |filter| filter.clients = !filter.clients) }
            { filter("show-calm", "Calm lanes", "where belief and reality agree", own.calm, |filter| filter.calm = !filter.calm) }
            { filter("show-gone", "Lanes of the gone", "of pods that are no more", own.gone, |filter| filter.gone = !filter.gone) }
            { filter("show-yours", "Your pins", "commands and faults", own.yours, |filter| filter.yours = !filter.yours) }
            { filter("show-controllers", "Controllers' pins", "what they did by themselves", own.controllers, |filter| filter.controllers = !filter.controllers) }
            { check("show-arrows", "Causes as arrows", "of what is selected (a)", sight.arrows, Sight { arrows: !sight.arrows, ..sight.clone() }) }
            <div class="menu-title" key="cluster">{ "Cluster (d)" }</div>
            { for Density::ALL.into_iter().map(density) }
            { check("show-motion", "Requests and heartbeats", "move along the links", !sight.still, Sight { still: !sight.still, ..sight.clone() }) }
            <PageLook key="page" />
        </FloatBox>
    }
}

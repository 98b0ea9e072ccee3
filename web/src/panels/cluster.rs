//! The cluster: the sentence, the picture of belief and reality, and the same facts as tables.

use super::topbar::TopMeters;
use crate::desk::{Desk, use_desk};
use crate::first_visit;
use crate::pictures::{ClusterPicture, How, Legend, OnPick, Pick, Sentence, Table, mark};
use crate::session::use_world;
use crate::state::{Action, Facts};
use crate::view::{self, Target, Tone};
use std::rc::Rc;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::*;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct ClusterProps {
    pub wide: bool,
    pub selection: Option<Target>,
    pub facts: Facts,
    pub untried: bool,
}

/// What a click on a mark does: the same in every picture.
pub fn pick(desk: &Desk, pick: Pick) {
    match pick.how {
        How::Select => desk.select(pick.target),
        How::Menu => {
            desk.send(Action::Select(Some(pick.target.clone())));
            desk.open_menu(pick.target, pick.x, pick.y);
        }
    }
}

#[hook]
pub fn use_pick() -> OnPick {
    let desk = use_desk();
    use_callback(desk, |picked: Pick, desk| pick(desk, picked))
}

/// The width of an element in whole pixels, and again when it changes.
#[hook]
pub fn use_width(host: &NodeRef, first: i32) -> i32 {
    let width = use_state_eq(|| first);
    {
        let (host, width) = (host.clone(), width.setter());
        use_effect_with((), move |()| {
            let element = host.cast::<web_sys::Element>();
            let measure = {
                let (host, width) = (host.clone(), width.clone());
                move || {
                    if let Some(element) = host.cast::<web_sys::Element>()
                        && element.client_width() > 0
                    {
                        width.set(element.client_width());
                    }
                }
            };
            measure();
            let callback = Closure::<dyn Fn()>::new(measure);
            let observer = web_sys::ResizeObserver::new(callback.as_ref().unchecked_ref()).ok();
            if let (Some(observer), Some(element)) = (&observer, &element) {
                observer.observe(element);
            }
            move || {
                if let Some(observer) = observer {
                    observer.disconnect();
                }
                drop(callback);
            }
        });
    }
    *width
}

#[component]
pub fn Cluster(props: &ClusterProps) -> Html {
    let host = use_node_ref();
    let window = web_sys::window().and_then(|window| window.inner_width().ok()).and_then(|width| width.as_f64());
    let window = window.unwrap_or(1440.0) as i32;
    let width = use_width(&host, if props.wide { window - 640 } else { window });
    let on_pick = use_pick();
    let desk = use_desk();
    let view = use_world((), |timeline, ()| view::cluster::view(timeline.world(), &timeline.recording().commands));
    let suggested = use_world(props.untried, |timeline, untried| {
        untried.then(|| first_visit::suggestion(timeline.world())).flatten().map(|(node, _)| Target::Link(node))
    });
    let on_hint = use_callback(desk, |_: Target, desk| first_visit::try_it(desk));
    let say = use_memo(view.say.clone(), Clone::clone);
    html! {
        <main class="cluster" ref={host}>
            <Sentence {say} on_pick={on_pick.clone()}>
                if !props.wide {
                    <TopMeters brief=true />
                }
            </Sentence>
            <div class="cluster-body" tabindex="0" role="region" aria-label="Cluster">
                <div class="picture"><ClusterPicture {view} {width} selected={props.selection.clone()} {on_pick} hint={(*suggested).clone()} {on_hint} /></div>
                <Legend />
                <FactsPanel facts={props.facts} selection={props.selection.clone()} />
            </div>
        </main>
    }
}

#[derive(PartialEq, Properties)]
struct FactsProps {
    facts: Facts,
    selection: Option<Target>,
}

/// The picture's facts as text: pods and processes, or claims.
#[component]
fn FactsPanel(props: &FactsProps) -> Html {
    let desk = use_desk();
    let on_pick = use_pick();
    let rows = use_world((), |timeline, ()| {
        let facts = view::facts::Facts::of(timeline.world(), &timeline.recording().commands);
        let picture = view::cluster::of(&facts);
        (Rc::new(view::table::rows(&picture, &facts)), Rc::new(view::claims::rows(&picture, &facts)))
    });
    let (pods, claims) = (*rows).clone();
    let tab = |facts: Facts, title: &'static str, count: usize| {
        let on = props.facts == facts;
        html! {
            <button class={classes!("tab", on.then_some("on"))} role="tab" aria-selected={on.to_string()}
                data-facts={title} onclick={desk.sends(Action::ShowFacts(facts))}>{ title }<span class="n">{ count }</span></button>
        }
    };
    html! {
        <div class="facts-panel">
            <div class="tabs" role="tablist" aria-label="Facts">
                { tab(Facts::Pods, "Pods", pods.len()) }
                { tab(Facts::Claims, "Claims", claims.len()) }
            </div>
            {
                match props.facts {
                    Facts::Pods => html! { <Table key="pods" rows={pods} selected={props.selection.clone()} {on_pick} /> },
                    Facts::Claims => html! { <ClaimsTable key="claims" rows={claims} selected={props.selection.clone()} {on_pick} /> },
                }
            }
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct ClaimsProps {
    rows: Rc<Vec<view::claims::Row>>,
    selected: Option<Target>,
    on_pick: OnPick,
}

/// Every claim: its phase, its volume, and who really uses the disk.
#[component]
fn ClaimsTable(props: &ClaimsProps) -> Html {
    let row = |row: &view::claims::Row| {
        let pick = |how: How| {
            let (target, on_pick) = (row.target.clone(), props.on_pick.clone());
            Callback::from(move |event: MouseEvent| {
                event.prevent_default();
                on_pick.emit(Pick { target: target.clone(), how, x: event.client_x(), y: event.client_y() });
            })
        };
        let selected = props.selected.as_ref() == Some(&row.target);
        let tone = match row.tone {
            Tone::Calm => "r",
            Tone::Risk => "r warn",
            Tone::Broken => "r bad-text",
        };
        html! {
            <tr key={row.name.clone()} class={selected.then_some("sel")} oncontextmenu={pick(How::Menu)}>
                <th scope="row"><button type="button" class="row-button" aria-pressed={selected.to_string()} onclick={pick(How::Select)}>
                    { mark(&row.identity, true) }{ &row.name }
                </button></th>
                <td>{ &row.status }</td><td>{ &row.volume }</td><td>{ &row.capacity }</td><td>{ &row.modes }</td><td>{ &row.age }</td>
                <td class={tone}>{ &row.disk }</td>
            </tr>
        }
    };
    html! {
        <div class="facts">
            <table aria-label="Claims: what the API server believes, and where the disks are">
                <thead><tr>
                    { for ["NAME", "STATUS", "VOLUME", "CAPACITY", "MODES", "AGE"].map(|name| html! { <th key={name} scope="col">{ name }</th> }) }
                    <th key="disk" scope="col" class="r">{ "the disk" }</th>
                </tr></thead>
                <tbody>{ for props.rows.iter().map(row) }</tbody>
            </table>
            <p class="cap" hidden={!props.rows.is_empty()}>{ "No claims." }</p>
        </div>
    }
}

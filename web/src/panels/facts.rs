//! The picture's facts as tables: pods and processes, claims and disks, locks, budgets.

use super::picking::use_pick;
use crate::desk::use_desk;
use crate::pictures::{How, OnPick, Pick, Table, mark};
use crate::session::use_world;
use crate::state::{Action, Facts, Popup, Tab};
use petri_picture::view::facts::Facts as World;
use petri_picture::view::{self, Identity, Target, Tone, budgets, claims, locks};
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct FactsProps {
    pub facts: Facts,
    pub selection: Option<Target>,
}

/// What is shown, and how much there is of the rest.
#[derive(PartialEq)]
struct Shown {
    counts: [usize; 5],
    rows: Rows,
}

#[derive(PartialEq)]
enum Rows {
    Pods(Rc<Vec<view::table::Row>>),
    Nodes(Vec<view::table::NodeRow>),
    Claims(Vec<claims::Row>),
    Locks { locks: Vec<locks::Row>, heartbeats: Vec<locks::Row> },
    Budgets(Vec<budgets::Row>),
}

#[component]
pub fn FactsPanel(props: &FactsProps) -> Html {
    let desk = use_desk();
    let on_pick = use_pick();
    let shown = use_world(props.facts, |timeline, which| {
        let facts = World::of(timeline.world(), &timeline.recording().commands);
        let picture = view::cluster::of(&facts);
        let rows = match which {
            Facts::Pods => Rows::Pods(Rc::new(view::table::rows(&picture, &facts))),
            Facts::Nodes => Rows::Nodes(view::table::nodes(&picture, &facts)),
            Facts::Claims => Rows::Claims(claims::rows(&picture, &facts)),
            Facts::Locks => Rows::Locks { locks: locks::rows(&facts), heartbeats: locks::heartbeats(&facts) },
            Facts::Budgets => Rows::Budgets(budgets::rows(&facts)),
        };
        let budgets = facts.objects.budgets.values().count();
        let counts =
            [picture.tiles().count(), picture.nodes().count(), picture.disks().count(), locks::count(&facts), budgets];
        Shown { counts, rows }
    });
    let tab = |(facts, count): (Facts, usize)| {
        let on = props.facts == facts;
        html! {
            <button key={facts.title()} class={classes!("tab", on.then_some("on"))} role="tab" aria-selected={on.to_string()}
                data-facts={facts.title()} onclick={desk.sends(Action::ShowFacts(facts))}>
                { facts.title() }<span class="n">{ count }</span>
            </button>
        }
    };
    // A lock and a budget have a panel of their own, and nothing in the picture: their rows lead there.
    let on_own = {
        let (desk, on_pick) = (desk.clone(), on_pick.clone());
        Callback::from(move |picked: Pick| {
            let selects = picked.how == How::Select;
            on_pick.emit(picked);
            if selects {
                desk.send(Action::ShowTab(Tab::Own));
            }
        })
    };
    let selected = props.selection.as_ref();
    let table = match &shown.rows {
        Rows::Pods(rows) => {
            html! { <Table key="pods" rows={rows.clone()} selected={props.selection.clone()} {on_pick} /> }
        }
        Rows::Nodes(rows) => nodes_table(rows, selected, &on_pick),
        Rows::Claims(rows) => claims_table(rows, selected, &on_pick),
        Rows::Locks { locks, heartbeats } => locks_table(locks, heartbeats, selected, &on_own, &on_pick),
        Rows::Budgets(rows) => budgets_table(rows, selected, &on_own),
    };
    html! {
        <div class="facts-panel">
            <div class="facts-head">
                <div class="tabs" role="tablist" aria-label="Facts">{ for Facts::ALL.into_iter().zip(shown.counts).map(tab) }</div>
                <button class="link" id="marks-button" onclick={desk.sends(Action::Open(Popup::Help))}>{ "What do the marks mean?" }</button>
            </div>
            { table }
        </div>
    }
}

/// A table of this panel: what kubectl prints at the left, what really is at the right.
fn table(
    key: &'static str,
    label: &'static str,
    columns: &[&'static str],
    last: &'static str,
    rows: Vec<Html>,
    none: &'static str,
) -> Html {
    let empty = rows.is_empty();
    html! {
        <div class="facts wraps" {key} tabindex="0" role="region" aria-label={label}>
            <table aria-label={label}>
                <thead><tr>
                    { for columns.iter().map(|name| html! { <th key={*name} scope="col">{ *name }</th> }) }
                    <th key="last" scope="col" class="r">{ last }</th>
                </tr></thead>
                <tbody>{ for rows }</tbody>
            </table>
            <p class="cap" hidden={!empty}>{ none }</p>
        </div>
    }
}

/// A row that can be selected, by its first cell and as a whole with the secondary button.
fn row(
    target: &Target,
    selected: Option<&Target>,
    on_pick: &OnPick,
    head: Html,
    cells: &[&str],
    last: (&str, Tone),
) -> Html {
    let pick = |how: How| {
        let (target, on_pick) = (target.clone(), on_pick.clone());
        Callback::from(move |event: MouseEvent| {
            event.prevent_default();
            on_pick.emit(Pick { target: target.clone(), how, x: event.client_x(), y: event.client_y() });
        })
    };
    let selected = selected == Some(target);
    html! {
        <tr key={target.key()} class={selected.then_some("sel")} oncontextmenu={pick(How::Menu)}>
            <th scope="row"><button type="button" class="row-button" aria-pressed={selected.to_string()} onclick={pick(How::Select)}>{ head }</button></th>
            { for cells.iter().enumerate().map(|(i, text)| html! { <td key={i}>{ *text }</td> }) }
            <td key="last" class={tone("r", last.1)}>{ last.0 }</td>
        </tr>
    }
}

/// The class of a cell whose words carry a tone.
pub fn tone(class: &'static str, tone: Tone) -> Classes {
    classes!(
        class,
        match tone {
            Tone::Calm => None,
            Tone::Risk => Some("warn"),
            Tone::Broken => Some("bad-text"),
        }
    )
}

/// A name with the mark of its identity, if it has one.
pub fn named(identity: &Identity, process: bool, name: &str) -> Html {
    html! { <>{ identity.ordinal.map(|_| mark(identity, process)) }{ name.to_owned() }</> }
}

/// Every claim: its phase, its volume, and who really uses the disk.
#[inline(never)]
fn claims_table(rows: &[claims::Row], selected: Option<&Target>, on_pick: &OnPick) -> Html {
    let line = |line: &claims::Row| {
        let cells = [&*line.status, &line.volume, &line.capacity, &line.modes, &line.age];
        let head = html! { <>{ mark(&line.identity, true) }{ &line.name }</> };
        row(&line.target, selected, on_pick, head, &cells, (&line.disk, line.tone))
    };
    let columns = ["NAME", "STATUS", "VOLUME", "CAPACITY", "MODES", "AGE"];
    let label = "Claims: what the API server believes, and where the disks are";
    table("claims", label, &columns, "the disk", rows.iter().map(line).collect(), "No claims.")
}

/// Every machine: what the API server believes of it, and what it does.
#[inline(never)]
fn nodes_table(rows: &[view::table::NodeRow], selected: Option<&Target>, on_pick: &OnPick) -> Html {
    let line = |line: &view::table::NodeRow| {
        let cells = [&*line.status, &line.zone, &line.pods, &line.heard];
        row(&line.target, selected, on_pick, html! { { line.name.clone() } }, &cells, (&line.machine, line.tone))
    };
    let columns = ["NAME", "STATUS", "ZONE", "PODS", "HEARD"];
    let label = "Nodes: what the API server believes, and what the machines do";
    table("machines", label, &columns, "on the machine", rows.iter().map(line).collect(), "No nodes.")
}

/// Every lock, and below them the signs of life of the nodes.
#[inline(never)]
fn locks_table(
    rows: &[locks::Row],
    heartbeats: &[locks::Row],
    selected: Option<&Target>,
    on_own: &OnPick,
    on_pick: &OnPick,
) -> Html {
    let line = |line: &locks::Row, on_pick: &OnPick| {
        let cells = [line.kind, &*line.holder, &line.expires, &line.token];
        let head = html! { { line.name.clone() } };
        row(&line.target, selected, on_pick, head, &cells, (&line.believers, line.tone))
    };
    let columns = ["LOCK", "KIND", "THE RECORD NAMES", "EXPIRES", "TOKEN"];
    let none = "Nobody stands for a lock. The example lease.yaml has pods that do: their image is petri.dev/elector:1.";
    let locks = rows.iter().map(|row| line(row, on_own)).collect();
    let nodes = heartbeats.iter().map(|row| line(row, on_pick)).collect();
    html! {
        <div key="locks">
            { table("held", "Locks: whom the record names, and who acts as the holder", &columns, "acts as the holder", locks, none) }
            { table(
                "nodes",
                "Leases of nodes: when each must be renewed",
                &["LEASE OF", "KIND", "THE RECORD NAMES", "EXPIRES", "TOKEN"],
                "on the machine",
                nodes,
                "No node has a Lease.",
            ) }
        </div>
    }
}

/// Every budget, and what an eviction would be told.
#[inline(never)]
fn budgets_table(rows: &[budgets::Row], selected: Option<&Target>, on_own: &OnPick) -> Html {
    let line = |line: &budgets::Row| {
        let allowed = line.allowed.to_string();
        let cells = [&*line.min_available, &line.max_unavailable, &allowed, &line.healthy, &line.guards];
        row(&line.target, selected, on_own, html! { { line.name.clone() } }, &cells, (&line.verdict, line.tone))
    };
    let columns = ["NAME", "MIN AVAILABLE", "MAX UNAVAILABLE", "ALLOWED", "HEALTHY", "PODS"];
    let label = "Disruption budgets: what is left of each, and what an eviction would be told";
    table("budgets", label, &columns, "an eviction now", rows.iter().map(line).collect(), "No disruption budgets.")
}

//! The table twin of the cluster picture.

use super::pick::{How, OnPick, Pick};
use crate::window::{is_long, space, use_window};
use petri_picture::draw::sign_of;
use petri_picture::view::revision::Notch;
use petri_picture::view::table::Row;
use petri_picture::view::{Identity, Target, Tone};
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct TableProps {
    pub rows: Rc<Vec<Row>>,
    pub selected: Option<Target>,
    pub on_pick: OnPick,
}

/// The mark of an identity in running text: numeral, colour, and whether a process runs.
pub fn mark(identity: &Identity, process: bool) -> Html {
    let numeral = identity.numeral();
    let class = classes!("oid", identity.class(), (!process).then_some("h"), (numeral.len() > 1).then_some("wide"));
    html! { <span {class} aria-hidden="true">{ numeral }</span> }
}

/// The shape of a set, before the names of its pods.
fn owner(number: Option<usize>) -> Html {
    let d = number.map_or_else(String::new, |number| sign_of(number, 5, 6));
    html! { <svg class="owner" viewBox="0 0 11 12" hidden={number.is_none()} aria-hidden="true"><path class="sign" {d} /></svg> }
}

/// How a revision stands to what is asked for, as on the tiles.
fn notch(notch: Notch) -> Html {
    let (class, d) = match notch {
        Notch::None => return html! { <span></span> },
        Notch::Old => ("notch cut", "M1 9l5-5 5 5"),
        Notch::New => ("notch", "M1 4h10l-5 5z"),
        Notch::Neither => ("notch box", "M1 3h10v7h-10zM1 10l10-7"),
    };
    html! { <svg class="notch-mark tile" viewBox="0 0 12 12" aria-hidden="true"><path {class} {d} /></svg> }
}

#[component]
pub fn Table(props: &TableProps) -> Html {
    let rows = &props.rows;
    if is_long(rows.len()) {
        return html! { <LongTable rows={rows.clone()} selected={props.selected.clone()} on_pick={props.on_pick.clone()} /> };
    }
    let host = NodeRef::default();
    framed(&host, rows.len(), html! { { for rows.iter().enumerate().map(|(i, row)| line(i, row, props)) } })
}

/// The same with those rows only that are in sight.
#[component]
fn LongTable(props: &TableProps) -> Html {
    let host = use_node_ref();
    let count = props.rows.len();
    let window = use_window(&host, count);
    let rows = props.rows.iter().enumerate().take(window.to).skip(window.from);
    let body = html! { <>
        { space("above", window.above, COLUMNS.len() + 1) }
        { for rows.map(|(i, row)| line(i, row, props)) }
        { space("below", window.below, COLUMNS.len() + 1) }
    </> };
    framed(&host, count, body)
}

const COLUMNS: [&str; 7] = ["NAME", "READY", "STATUS", "REVISION", "AGE", "IP", "NODE"];

fn framed(host: &NodeRef, count: usize, body: Html) -> Html {
    html! {
        <div class="facts" tabindex="-1" ref={host.clone()}>
            <table aria-rowcount={(count + 1).to_string()} aria-label="Workloads: what the API server believes, and what runs on the machines">
                <thead><tr>
                    { for COLUMNS.map(|name| html! { <th key={name} scope="col">{ name }</th> }) }
                    <th key="machine" scope="col" class="r">{ "on the machine" }</th>
                </tr></thead>
                <tbody>{ body }</tbody>
            </table>
            if count == 0 { <p class="cap" style="padding:6px 16px">{ "No pods." }</p> }
        </div>
    }
}

fn line(index: usize, row: &Row, props: &TableProps) -> Html {
    let (target, on_pick) = (row.target.clone(), props.on_pick.clone());
    let onclick = {
        let (target, on_pick) = (target.clone(), on_pick.clone());
        move |event: MouseEvent| {
            on_pick.emit(Pick { target: target.clone(), how: How::Select, x: event.client_x(), y: event.client_y() });
        }
    };
    let oncontextmenu = {
        let target = target.clone();
        move |event: MouseEvent| {
            event.prevent_default();
            on_pick.emit(Pick { target: target.clone(), how: How::Menu, x: event.client_x(), y: event.client_y() });
        }
    };
    let selected = props.selected.as_ref() == Some(&row.target);
    let key = match &row.target {
        Target::Pod { uid, .. } => uid.to_string(),
        _ => row.name.clone(),
    };
    let machine = match row.machine_tone {
        Tone::Calm => "r",
        Tone::Risk => "r warn",
        Tone::Broken => "r bad-text",
    };
    html! {
        <tr {key} data-row="" aria-rowindex={(index + 2).to_string()} class={selected.then_some("sel")} {oncontextmenu}>
            <th scope="row">
                <button type="button" class="row-button" {onclick} aria-pressed={if selected { "true" } else { "false" }}>
                    { mark(&row.identity, row.process) }{ owner(row.sign) }{ row.name.clone() }
                    if !row.short.is_empty() { { " " }<code class="uid">{ row.short.clone() }</code> }
                </button>
            </th>
            if let Some(belief) = &row.belief {
                <td>{ belief.ready.clone() }</td>
                <td>{ belief.status.clone() }</td>
                <td>{ notch(row.notch) }{ row.revision.clone() }</td>
                <td>{ belief.age.clone() }</td>
                <td class="mono">{ belief.ip.clone() }</td>
                <td>{ belief.node.clone() }</td>
            } else {
                <td colspan="6" class="dim-text">{ row.absence.clone() }</td>
            }
            <td class={machine}>{ row.machine.clone() }</td>
        </tr>
    }
}

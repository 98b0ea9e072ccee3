//! The table twin of the cluster picture.

use super::{How, OnPick, Pick};
use crate::view::table::Row;
use crate::view::{Identity, Target, Tone};
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct TableProps {
    pub rows: Rc<Vec<Row>>,
    pub selected: Option<Target>,
    pub on_pick: OnPick,
    /// At most so many rows; the rest is said in a line.
    #[prop_or(200)]
    pub limit: usize,
}

/// The mark of an identity in running text: numeral, colour, and whether a process runs.
pub fn mark(identity: &Identity, process: bool) -> Html {
    let numeral = identity.numeral();
    let class = classes!("oid", identity.class(), (!process).then_some("h"), (numeral.len() > 1).then_some("wide"));
    html! { <span {class} aria-hidden="true">{ numeral }</span> }
}

#[component]
pub fn Table(props: &TableProps) -> Html {
    let more = props.rows.len().saturating_sub(props.limit);
    html! {
        <div class="facts" tabindex="-1">
            <table aria-label="Workloads: what the API server believes, and what runs on the machines">
                <thead><tr>
                    { for ["NAME", "READY", "STATUS", "AGE", "IP", "NODE"].map(|name| html! { <th key={name} scope="col">{ name }</th> }) }
                    <th key="machine" scope="col" class="r">{ "on the machine" }</th>
                </tr></thead>
                <tbody>
                    { for props.rows.iter().take(props.limit).map(|row| line(row, props)) }
                </tbody>
            </table>
            if props.rows.is_empty() { <p class="cap" style="padding:6px 16px">{ "No pods." }</p> }
            if more > 0 { <p class="cap" style="padding:6px 16px">{ format!("and {more} more; `kubectl get pods` lists them all") }</p> }
        </div>
    }
}

fn line(row: &Row, props: &TableProps) -> Html {
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
        <tr {key} class={selected.then_some("sel")} {oncontextmenu}>
            <th scope="row">
                <button type="button" class="row-button" {onclick} aria-pressed={if selected { "true" } else { "false" }}>
                    { mark(&row.identity, row.process) }{ row.name.clone() }
                    if !row.short.is_empty() { { " " }<code class="uid">{ row.short.clone() }</code> }
                </button>
            </th>
            if let Some(belief) = &row.belief {
                <td>{ belief.ready.clone() }</td>
                <td>{ belief.status.clone() }</td>
                <td>{ belief.age.clone() }</td>
                <td class="mono">{ belief.ip.clone() }</td>
                <td>{ belief.node.clone() }</td>
            } else {
                <td colspan="5" class="dim-text">{ row.absence.clone() }</td>
            }
            <td class={machine}>{ row.machine.clone() }</td>
        </tr>
    }
}

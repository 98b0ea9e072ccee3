//! The table twin of the cluster picture.

use super::pick::{How, OnPick, Pick};
use crate::window::{is_long, space, use_window};
use petri_picture::draw::sign_of;
use petri_picture::view::arrange::{Arrangement, Column, arranged};
use petri_picture::view::revision::Notch;
use petri_picture::view::table::Row;
use petri_picture::view::{Identity, Target, Tone};
use std::rc::Rc;
use yew::prelude::*;

#[derive(Clone, Properties, PartialEq)]
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
    if rows.len() > FEW {
        return html! { <Arranged rows={rows.clone()} selected={props.selected.clone()} on_pick={props.on_pick.clone()} /> };
    }
    plain(props, heads())
}

/// All of the rows.
fn plain(props: &TableProps, heads: Html) -> Html {
    let rows = &props.rows;
    let host = NodeRef::default();
    framed(&host, rows.len(), heads, html! { { for rows.iter().enumerate().map(|(i, row)| line(i, row, props)) } })
}

/// So many rows are seen at once: nothing has to be sorted or looked for.
const FEW: usize = 12;

/// The rows in an order and with a filter that a person chose.
#[component]
fn Arranged(props: &TableProps) -> Html {
    let arrangement = use_state_eq(Arrangement::default);
    let rows = use_memo((props.rows.clone(), (*arrangement).clone()), |(rows, arrangement)| {
        if arrangement.is_plain() { rows.clone() } else { Rc::new(arranged(rows, arrangement)) }
    });
    let heads = html! { { for Column::ALL.into_iter().map(|column| head(column, &arrangement)) } };
    let oninput = {
        let arrangement = arrangement.clone();
        move |event: InputEvent| {
            let words = event.target_unchecked_into::<web_sys::HtmlInputElement>().value();
            arrangement.set(Arrangement { words, ..(*arrangement).clone() });
        }
    };
    let onclick = {
        let arrangement = arrangement.clone();
        move |_: MouseEvent| {
            let trouble = !arrangement.trouble;
            arrangement.set(Arrangement { trouble, ..(*arrangement).clone() });
        }
    };
    let shown = TableProps { rows: (*rows).clone(), ..props.clone() };
    html! { <div>
        <div class="row filter">
            <input class="field" type="search" id="filter" placeholder="Name, owner, node, status" aria-label="Filter the pods" value={arrangement.words.clone()} {oninput} />
            <button class="btn" id="only-trouble" aria-pressed={arrangement.trouble.to_string()} {onclick}>{ "In trouble" }</button>
            <span role="status">{ told(rows.len(), props.rows.len()) }</span>
        </div>
        if is_long(rows.len()) {
            <LongTable key="long" {heads} rows={shown.rows} selected={shown.selected} on_pick={shown.on_pick} />
        } else {
            <div key="short">{ plain(&shown, heads) }</div>
        }
    </div> }
}

fn told(shown: usize, all: usize) -> String {
    if shown == all { String::new() } else { format!("{shown} of {all}") }
}

/// The head of a column by which rows can be sorted.
fn head(column: Column, arrangement: &UseStateHandle<Arrangement>) -> Html {
    let sort = match arrangement.order {
        Some((known, false)) if known == column => Some("ascending"),
        Some((known, true)) if known == column => Some("descending"),
        _ => None,
    };
    let onclick = {
        let arrangement = arrangement.clone();
        move |_: MouseEvent| arrangement.set(arrangement.by(column))
    };
    let class = (column == Column::Machine).then_some("r");
    let sign = match sort {
        Some("ascending") => " \u{25b4}",
        Some(_) => " \u{25be}",
        None => "",
    };
    html! { <th key={column.title()} scope="col" {class} aria-sort={sort}><button type="button" class="sort" {onclick}>{ column.title() }{ sign }</button></th> }
}

#[derive(Properties, PartialEq)]
struct LongProps {
    heads: Html,
    rows: Rc<Vec<Row>>,
    selected: Option<Target>,
    on_pick: OnPick,
}

/// The same with those rows only that are in sight.
#[component]
fn LongTable(props: &LongProps) -> Html {
    let LongProps { heads, rows, selected, on_pick } = props;
    let props = TableProps { rows: rows.clone(), selected: selected.clone(), on_pick: on_pick.clone() };
    let host = use_node_ref();
    let count = props.rows.len();
    let window = use_window(&host, count);
    let rows = props.rows.iter().enumerate().take(window.to).skip(window.from);
    let body = html! { <>
        { space("above", window.above, Column::ALL.len()) }
        { for rows.map(|(i, row)| line(i, row, &props)) }
        { space("below", window.below, Column::ALL.len()) }
    </> };
    framed(&host, count, heads.clone(), body)
}

fn heads() -> Html {
    let head = |column: Column| {
        let class = (column == Column::Machine).then_some("r");
        html! { <th key={column.title()} scope="col" {class}>{ column.title() }</th> }
    };
    html! { { for Column::ALL.into_iter().map(head) } }
}

fn framed(host: &NodeRef, count: usize, heads: Html, body: Html) -> Html {
    html! {
        <div class="facts" tabindex="-1" ref={host.clone()}>
            <table aria-rowcount={(count + 1).to_string()} aria-label="Workloads: what the API server believes, and what runs on the machines">
                <thead><tr>{ heads }</tr></thead>
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
    let before = index.checked_sub(1).and_then(|before| props.rows.get(before));
    let parts = before.is_some_and(|before| row.identity.parts_from(&before.identity));
    let class = match (selected, parts, row.trouble) {
        (false, false, false) => None,
        (false, false, true) => Some("trouble"),
        (false, true, false) => Some("parts"),
        (false, true, true) => Some("parts trouble"),
        (true, false, false) => Some("sel"),
        (true, false, true) => Some("sel trouble"),
        (true, true, false) => Some("sel parts"),
        (true, true, true) => Some("sel parts trouble"),
    };
    let machine = match row.machine_tone {
        Tone::Calm => "r",
        Tone::Risk => "r warn",
        Tone::Broken => "r bad-text",
    };
    html! {
        <tr {key} data-row="" aria-rowindex={(index + 2).to_string()} {class} {oncontextmenu}>
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

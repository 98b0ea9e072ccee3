//! The names that pods can ask for, and what DNS answers; on a narrow screen also what has no other place there.

use crate::desk::use_desk;
use crate::session::use_world;
use crate::state::{Action, Panel, Popup, Tab};
use petri_picture::view::{dns, facts::Facts};
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct NamesProps {
    pub wide: bool,
}

#[component]
pub fn Names(props: &NamesProps) -> Html {
    let desk = use_desk();
    let names = use_world((), |timeline, ()| {
        let facts = Facts::of(timeline.world(), &timeline.recording().commands);
        (dns::rows(&facts), dns::ghosts(&facts))
    });
    let (rows, ghosts) = &*names;
    let row = |row: &dns::Row| {
        let class = row.is_missing().then_some("nx");
        html! {
            <tr key={format!("{}/{}", row.namespace, row.name)} data-name={row.name.clone()}>
                <th scope="row">{ &row.name }</th><td class={classes!(class)}>{ row.answer() }</td>
            </tr>
        }
    };
    let more = {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| {
            desk.send(Action::ShowTab(Tab::Dns));
            desk.send(Action::ShowPanel(Panel::Why));
        })
    };
    if props.wide {
        let brief = dns::brief(rows);
        let missing = rows.iter().any(dns::Row::is_missing).then_some("nx");
        return html! {
            <section class="rec brief" aria-label="DNS">
                <b>{ "DNS" }</b><span class={classes!(missing)} title={brief.clone()}>{ brief.clone() }</span>
                <button class="link" id="ask-dns" onclick={more}>{ "Ask" }</button>
            </section>
        };
    }
    html! {
        <section class="rec" aria-label="DNS">
            <div class="ph"><b>{ "DNS" }</b><span>{ "*.default.svc.cluster.local" }</span><button class="link" id="ask-dns" onclick={more}>{ "Ask" }</button></div>
            <div class="dns" tabindex="0" role="region" aria-label="Names">
                <table><tbody>{ for rows.iter().map(row) }</tbody></table>
                <p class="empty" hidden={!rows.is_empty()}>{ "No Service has a name yet." }</p>
                { for ghosts.iter().enumerate().map(|(i, (_, text))| html! { <p key={i} class="ghost-name">{ text }</p> }) }
            </div>
                <div key="more" class="more">
                    <button class="btn" onclick={desk.sends(Action::Open(Popup::Share))}>{ "Share this run" }</button>
                    <button class="btn" id="compare-button" onclick={desk.sends(Action::Open(Popup::Compare))}>{ "Compare two runs" }</button>
                    <button class="btn" id="view-button" onclick={desk.sends(Action::Open(Popup::Sight))}>{ "What the pictures show" }</button>
                    <button class="btn" onclick={desk.sends(Action::Open(Popup::Examples))}>{ "Examples" }</button>
                    <button class="btn" onclick={desk.sends(Action::Open(Popup::Help))}>{ "Keys and help" }</button>
                </div>
        </section>
    }
}

//! What stays until somebody answers it: a run on its way, memory that runs out, an address that is too short, the end.

use crate::desk::use_desk;
use crate::openings::choose_file;
use crate::session::use_slice;
use crate::state::{Action, TooLong};
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct NoticesProps {
    pub opening: Option<u32>,
    pub too_long: Option<TooLong>,
}

#[component]
pub fn Notices(props: &NoticesProps) -> Html {
    let desk = use_desk();
    let state = use_slice((), |session, ()| (session.want(), session.timeline().ended()));
    let acts = |act: fn(&crate::desk::Desk)| {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| act(&desk))
    };
    let opening = props.opening.map(|hundredths| {
        html! {
            <Notice key="opening" text={format!("Opening the run: {hundredths} % is played. What is shown stays until then.")}>
                <button class="btn" id="stop-opening" onclick={acts(|desk| desk.stop_opening())}>{ "Stop" }</button>
            </Notice>
        }
    });
    let memory = state.0.map(|want| {
        let (whole, tenth) = (want.tenths / 10, want.tenths % 10);
        let stands = if want.is_full { " The run stands still." } else { "" };
        let text = format!("This page takes {whole}.{tenth} GB of memory, of 4 that it can have.{stands}");
        html! {
            <Notice key="memory" {text}>
                <button class="btn" id="keep-fewer" title="Going back takes longer then" onclick={acts(|desk| desk.session.answer_want(true))}>{ "Forget kept moments" }</button>
                <button class="btn quiet" onclick={acts(|desk| desk.session.answer_want(false))}>{ "Keep them" }</button>
            </Notice>
        }
    });
    let too_long = props.too_long.filter(|too_long| *too_long != TooLong::Known).map(|too_long| {
        let text = match too_long {
            TooLong::Kept => "This run is too long for the address. This browser keeps it, and loading the page again opens it; who else shall see it needs the file.",
            _ => "This run is too long for the address, and this browser keeps nothing for the page: without the file it is gone with the page.",
        };
        html! {
            <Notice key="too-long" {text}>
                <button class="btn" id="save-run" onclick={acts(|desk| desk.save())}>{ "Save as a file" }</button>
                <button class="btn quiet" onclick={desk.sends(Action::TooLong(Some(TooLong::Known)))}>{ "Close" }</button>
            </Notice>
        }
    });
    let ended = state.1.clone().map(|text| html! { <Notice key="ended" {text} /> });
    html! { <>{ opening }{ memory }{ too_long }{ ended }</> }
}

#[derive(PartialEq, Properties)]
struct NoticeProps {
    text: AttrValue,
    #[prop_or_default]
    children: Html,
}

#[component]
fn Notice(props: &NoticeProps) -> Html {
    html! { <div class="toast notice"><span>{ &props.text }</span><span class="row">{ props.children.clone() }</span></div> }
}

/// The button that opens a recording from a file.
#[component]
pub fn OpenFile() -> Html {
    let desk = use_desk();
    html! { <button class="btn" id="open-recording" onclick={Callback::from(move |_: MouseEvent| choose_file(&desk))}>{ "Open a file…" }</button> }
}

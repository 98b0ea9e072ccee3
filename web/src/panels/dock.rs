//! The bar at the bottom of a narrow screen: one panel at a time.

use super::glyph::Sign;
use crate::desk::use_desk;
use crate::state::{Action, Panel};
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct DockProps {
    pub panel: Panel,
}

fn sign(panel: Panel) -> Sign {
    match panel {
        Panel::Manifests => Sign::Files,
        Panel::Cluster => Sign::Boxes,
        Panel::Why => Sign::Question,
        Panel::Console => Sign::Terminal,
        Panel::More => Sign::Dots,
    }
}

#[component]
pub fn Dock(props: &DockProps) -> Html {
    let desk = use_desk();
    let tab = |panel: Panel| {
        let on = props.panel == panel;
        html! {
            <button key={panel.word()} class={classes!(on.then_some("on"))} data-dock={panel.title().to_ascii_lowercase()}
                aria-current={on.then_some("page")} onclick={desk.sends(Action::ShowPanel(panel))}>
                { sign(panel).html() }<span>{ panel.title() }</span>
            </button>
        }
    };
    html! { <nav class="panel-tabs" aria-label="Panels">{ for Panel::ALL.into_iter().map(tab) }</nav> }
}

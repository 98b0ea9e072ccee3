//! The guarantees of the top bar.

use super::icons::Icon;
use super::pick::{How, OnPick, Pick};
use petri_picture::view::Target;
use petri_picture::view::meters::{MeterState, MeterView};
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct MetersProps {
    pub meters: Rc<Vec<MeterView>>,
    pub on_pick: OnPick,
    /// Somebody wants to see all of them.
    pub on_all: Callback<MouseEvent>,
    /// Whether they stand below the sentence, as on small screens. Where there is no room for all of them, styles show
    /// the count of those that hold instead.
    #[prop_or_default]
    pub brief: bool,
}

#[component]
pub fn Meters(props: &MetersProps) -> Html {
    let holding = props.meters.iter().filter(|meter| meter.state == MeterState::Holding).count();
    let meter = |meter: &MeterView| {
        let (guarantee, on_pick) = (meter.guarantee, props.on_pick.clone());
        let onclick = move |event: MouseEvent| {
            let target = Target::Guarantee(guarantee);
            on_pick.emit(Pick { target, how: How::Select, x: event.client_x(), y: event.client_y() });
        };
        let label = format!("{}: {}. {}", meter.title, meter.state.word(), meter.sentence);
        html! {
            <button type="button" key={meter.title} class={meter.state.class()} data-meter={slug(meter.title)} data-standing={slug(meter.state.word())} aria-label={label.clone()} title={label} {onclick}>
                { Icon::from(meter.state).html() }
                { meter.title }
                if !meter.short.is_empty() { <span class="mono">{ meter.short.clone() }</span> }
            </button>
        }
    };
    let rest = match (holding == props.meters.len(), holding) {
        (true, _) => "promises hold",
        (false, 1) => "other holds",
        (false, _) => "others hold",
    };
    html! {
        <div class={classes!("meters", props.brief.then_some("brief"))} role="group" aria-label="Guarantees">
            { for props.meters.iter().map(meter) }
            if holding > 0 {
                <button type="button" key="others" class="meter others" aria-label={format!("{holding} {rest}")} aria-haspopup="dialog" onclick={props.on_all.clone()}>
                    { Icon::Holding.html() }
                    { holding }<span class="rest">{ rest }</span>
                </button>
            }
        </div>
    }
}

/// `at-most-one`: words as an attribute's value.
fn slug(words: &str) -> String {
    words.to_ascii_lowercase().replace(' ', "-")
}

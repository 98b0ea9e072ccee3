//! The guarantees of the top bar.

use super::{How, Icon, OnPick, Pick};
use crate::view::Target;
use crate::view::meters::{MeterState, MeterView};
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct MetersProps {
    pub meters: Rc<Vec<MeterView>>,
    pub on_pick: OnPick,
    /// Whether those that hold are counted instead of shown, for small screens. Where a wide bar has no room for all of
    /// them, styles do the same.
    #[prop_or_default]
    pub brief: bool,
}

#[component]
pub fn Meters(props: &MetersProps) -> Html {
    let shown = |meter: &&MeterView| !props.brief || meter.state != MeterState::Holding;
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
    html! {
        <div class={classes!("meters", props.brief.then_some("brief"))} role="group" aria-label="Guarantees">
            { for props.meters.iter().filter(shown).map(meter) }
            if holding > 0 {
                <span key="others" class="meter others">
                    { Icon::Holding.html() }
                    <span aria-hidden="true">{ holding }</span>
                    <span class="vh">{ format!("{holding} others hold") }</span>
                </span>
            }
        </div>
    }
}

/// `at-most-one`: words as an attribute's value.
fn slug(words: &str) -> String {
    words.to_ascii_lowercase().replace(' ', "-")
}

//! The legend below the cluster.

use super::pick::OnPick;
use super::shape::elements;
use petri_picture::draw;
use yew::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Properties)]
pub struct LegendProps {
    /// What there was to see of what not every run has: asked to stop, ghost, believed but dead, a lock.
    #[prop_or([true; 4])]
    pub seen: [bool; 4],
    /// Whether the marks of intention are explained as well.
    #[prop_or_default]
    pub intention: bool,
}

/// What outline, block, hatch, fringe and strike mean.
#[component]
pub fn Legend(props: &LegendProps) -> Html {
    let nothing_to_pick = OnPick::noop();
    let item = |(words, width, shapes)| {
        html! {
            <li key={words}>
                <svg viewBox={format!("-1 -1 {} 18", width + 2)} aria-hidden="true"><g class="tile id-ink">{ elements(shapes, &nothing_to_pick) }</g></svg>
                { words }
            </li>
        }
    };
    let intention = props.intention.then(draw::legend_of_intention).unwrap_or_default();
    let items = draw::legend(props.seen).into_iter().chain(intention).map(item);
    html! { <ul class="legend" aria-label="Legend">{ for items }</ul> }
}

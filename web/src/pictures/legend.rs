//! The grammar of the tiles in five words each.

use crate::view::{ClusterView, TileState};
use yew::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Properties)]
pub struct LegendProps {
    /// What there was to see of what not every run has: asked to stop, ghost, believed but dead, a lock.
    #[prop_or([true; 4])]
    pub seen: [bool; 4],
}

/// Which of the rarer states a picture shows.
pub fn rarer(view: &ClusterView) -> [bool; 4] {
    let any = |states: &[TileState]| view.tiles().any(|tile| states.contains(&tile.state));
    [
        any(&[TileState::Terminating, TileState::TerminatingUnconfirmed]),
        any(&[TileState::Ghost]),
        any(&[TileState::BelievedDead]),
        view.tiles().any(|tile| tile.leads),
    ]
}

/// What outline, block, hatch, fringe and strike mean.
#[component]
pub fn Legend(props: &LegendProps) -> Html {
    let [stopping, ghost, dead, lock] = props.seen;
    let item = |name: &'static str, drawing: Html| {
        // The block stands alone, and takes no more room than it needs.
        let size = if name.starts_with("block") { "-1 -1 11 18" } else { "-1 -1 26 18" };
        html! {
            <li key={name}>
                <svg viewBox={size} aria-hidden="true"><g class="tile id-ink">{ drawing }</g></svg>
                { name }
            </li>
        }
    };
    let outline = || html! { <rect class="edge" x="0" y="0" width="24" height="16" rx="3"/> };
    html! {
        <ul class="legend" aria-label="Legend">
            { item("outline: what the API server believes", outline()) }
            { item("block: what runs", html! { <rect class="blk" x="0" y="0" width="9" height="16" rx="2"/> }) }
            if stopping {
                { item("asked to stop", html! { <>
                    <path class="edge" d="M3 0h15l6 6v7a3 3 0 0 1-3 3H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z"/>
                    <path class="ear" d="M18 0v6h6z"/>
                    <rect class="blk" x="0" y="0" width="8" height="16" rx="2"/>
                </> }) }
            }
            if ghost {
                { item("ghost: no object", html! { <>
                    <rect class="fringe" x="0" y="0" width="24" height="16" rx="3"/>
                    <rect class="blk" x="0" y="0" width="8" height="16" rx="2"/>
                </> }) }
            }
            if dead {
                { item("believed, but dead", html! { <>
                    { outline() }
                    <path class="hol" d="M0 3a3 3 0 0 1 3-3h5v16h-5a3 3 0 0 1-3-3z"/>
                    <path class="mark" d="M2 13l5-8"/>
                </> }) }
            }
            if lock {
                { item("key: believes to hold a lock", html! { <>
                    { outline() }
                    <path class="key h" d="M4 5a3 3 0 1 0 6 0a3 3 0 1 0-6 0M7 8v7m0-3h3"/>
                </> }) }
            }
        </ul>
    }
}

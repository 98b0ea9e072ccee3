//! The few signs of the interface, drawn by hand.

use petri_picture::draw::{OCTAGON, TRIANGLE};
use petri_picture::view::Tone;
use petri_picture::view::meters::MeterState;
use yew::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Brand,
    /// A tick in a circle.
    Holding,
    /// A triangle.
    Risk,
    /// A filled octagon with a cross.
    Broken,
    /// A hollow octagon.
    WasBroken,
    Start,
    StepBack,
    Play,
    Pause,
    Step,
    Undo,
    More,
    Manifests,
    Cluster,
    Why,
    Dns,
    Console,
    Close,
}

impl From<Tone> for Icon {
    fn from(tone: Tone) -> Icon {
        match tone {
            Tone::Calm => Icon::Holding,
            Tone::Risk => Icon::Risk,
            Tone::Broken => Icon::Broken,
        }
    }
}

impl From<MeterState> for Icon {
    fn from(state: MeterState) -> Icon {
        match state {
            MeterState::Holding | MeterState::Refusing => Icon::Holding,
            MeterState::AtRisk => Icon::Risk,
            MeterState::Broken => Icon::Broken,
            MeterState::WasBroken => Icon::WasBroken,
        }
    }
}

impl Icon {
    /// The drawing; its size comes from the styles. Hidden from assistive technology: words carry the meaning.
    pub fn html(self) -> Html {
        let (size, body) = match self {
            Icon::Brand | Icon::Manifests | Icon::Cluster | Icon::Why | Icon::Dns | Icon::Console => (20, self.large()),
            _ => (16, self.small()),
        };
        html! { <svg viewBox={format!("0 0 {size} {size}")} aria-hidden="true" focusable="false">{ body }</svg> }
    }

    fn small(self) -> Html {
        let solid = |d: &'static str| html! { <path d={d} fill="currentColor"/> };
        let line = |d: &'static str| html! { <path d={d} fill="none" stroke="currentColor" stroke-width="1.6"/> };
        match self {
            Icon::Holding => html! { <>
                <circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.5"/>
                { line("M5 8.2l2.1 2.1L11 6") }
            </> },
            Icon::Risk => html! { <>
                <path d={TRIANGLE} fill="none" stroke="currentColor" stroke-width="1.6" stroke-linejoin="round"/>
                { line("M8 6v4M8 11.4v1.2") }
            </> },
            Icon::Broken => html! { <>
                { solid(OCTAGON) }
                <path class="icon-cut" d="M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2" stroke="var(--icon-cut,var(--ink-inverse))" stroke-width="1.8"/>
            </> },
            Icon::WasBroken => html! { <>{ line(OCTAGON) }<circle cx="8" cy="8" r="2" fill="currentColor"/></> },
            Icon::Start => solid("M12.5 3v10L7 8zM8 3v10L2.5 8z"),
            Icon::StepBack => solid("M13 3v10L7 8zM3 3h2v10H3z"),
            Icon::Play => solid("M4 2.5v11l9-5.5z"),
            Icon::Pause => solid("M4 3h3v10H4zM9 3h3v10H9z"),
            Icon::Step => solid("M3 3v10l6-5zM11 3h2v10h-2z"),
            Icon::Undo => line("M6 3L2.5 6.5 6 10M3 6.5h6.5a3.5 3.5 0 010 7H6"),
            Icon::More => solid("M2 7h2.4v2.4H2zM6.8 7h2.4v2.4H6.8zM11.6 7H14v2.4h-2.4z"),
            _ => line("M4 4l8 8M12 4l-8 8"),
        }
    }

    fn large(self) -> Html {
        let line = |d: &'static str| html! { <path d={d} fill="none" stroke="currentColor" stroke-width="1.5"/> };
        match self {
            Icon::Brand => html! { <>
                <circle cx="10" cy="10" r="8.6" fill="none" stroke="currentColor" stroke-width="1.6"/>
                <circle cx="7" cy="8" r="2.3" fill="currentColor"/>
                <circle cx="12.6" cy="12.2" r="2.3" fill="none" stroke="currentColor" stroke-width="1.4" stroke-dasharray="1.4 1.6"/>
            </> },
            Icon::Manifests => line("M4 2.5h8l4 4v11H4zM12 2.5v4h4M7 10h6M7 13h6"),
            Icon::Cluster => line("M2.5 3h15v4h-15zM2.5 11h6v6h-6zM11.5 11h6v6h-6zM5.5 7v4M14.5 7v4"),
            Icon::Why => html! { <>
                <circle cx="10" cy="10" r="7.5" fill="none" stroke="currentColor" stroke-width="1.5"/>
                { line("M7.8 8a2.2 2.2 0 114 1.2c-.6.7-1.8 1-1.8 2.3M10 13.6v1") }
            </> },
            Icon::Dns => html! { <>
                <circle cx="10" cy="10" r="7.5" fill="none" stroke="currentColor" stroke-width="1.5"/>
                { line("M2.5 10h15M10 2.5c-5 5-5 10 0 15 5-5 5-10 0-15z") }
            </> },
            _ => line("M2.5 3.5h15v13h-15zM5.5 8l2.5 2-2.5 2M10 13h4"),
        }
    }
}

//! Small signs on buttons. They are never the only carrier of a meaning: the button has a name.

use yew::prelude::*;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    Brand,
    Start,
    StepBack,
    Play,
    Pause,
    Step,
    Files,
    Boxes,
    Question,
    Terminal,
    Dots,
    Back,
}

#[derive(PartialEq, Properties)]
pub struct GlyphProps {
    pub sign: Sign,
}

#[component]
pub fn Glyph(props: &GlyphProps) -> Html {
    let (size, drawing) = match props.sign {
        Sign::Brand => (
            20,
            html! {<>
                <circle cx="10" cy="10" r="8.6" fill="none" stroke="currentColor" stroke-width="1.6"/>
                <circle cx="7" cy="8" r="2.3" fill="currentColor"/>
                <circle cx="12.6" cy="12.2" r="2.3" fill="none" stroke="currentColor" stroke-width="1.4" stroke-dasharray="1.4 1.6"/>
            </>},
        ),
        Sign::Start => (16, html! { <path d="M12.5 3v10L7 8zM8 3v10L2.5 8z" fill="currentColor"/> }),
        Sign::StepBack => (16, html! { <path d="M13 3v10L7 8zM3 3h2v10H3z" fill="currentColor"/> }),
        Sign::Play => (16, html! { <path d="M4 2.5v11l9-5.5z" fill="currentColor"/> }),
        Sign::Pause => (16, html! { <path d="M4 3h3v10H4zM9 3h3v10H9z" fill="currentColor"/> }),
        Sign::Step => (16, html! { <path d="M3 3v10l6-5zM11 3h2v10h-2z" fill="currentColor"/> }),
        Sign::Files => (
            20,
            html! {
                <path d="M5 2.8h6l4 4v10.4H5zM11 2.8v4h4M7.5 10h5M7.5 13h5" fill="none" stroke="currentColor" stroke-width="1.4"/>
            },
        ),
        Sign::Boxes => (
            20,
            html! {
                <path d="M2.8 3.5h14.4v4.2H2.8zM2.8 12.3h5.8v4.2H2.8zM11.4 12.3h5.8v4.2h-5.8zM5.7 7.7v4.6M14.3 7.7v4.6" fill="none" stroke="currentColor" stroke-width="1.4"/>
            },
        ),
        Sign::Question => (
            20,
            html! {<>
                <circle cx="10" cy="10" r="7.4" fill="none" stroke="currentColor" stroke-width="1.4"/>
                <path d="M7.8 8.2a2.2 2.2 0 1 1 3.2 2c-.8.4-1 .8-1 1.6M10 13.4v1.2" fill="none" stroke="currentColor" stroke-width="1.4"/>
            </>},
        ),
        Sign::Terminal => (
            20,
            html! {
                <path d="M2.8 3.8h14.4v12.4H2.8zM5.6 7.6l2.4 2.2-2.4 2.2M9.8 12.4h4" fill="none" stroke="currentColor" stroke-width="1.4"/>
            },
        ),
        Sign::Dots => (
            20,
            html! {
                <path d="M4 10h.01M10 10h.01M16 10h.01" stroke="currentColor" stroke-width="2.6" stroke-linecap="round"/>
            },
        ),
        Sign::Back => (
            16,
            html! {
                <path d="M6.5 3L3 6.5 6.5 10M3.4 6.5H10a3.2 3.2 0 0 1 0 6.4H7" fill="none" stroke="currentColor" stroke-width="1.5"/>
            },
        ),
    };
    html! {
        <svg class="glyph" width={size.to_string()} height={size.to_string()} viewBox={format!("0 0 {size} {size}")} aria-hidden="true">
            { drawing }
        </svg>
    }
}

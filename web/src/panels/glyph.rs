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
    Find,
}

impl Sign {
    /// The size of the drawing, its path, and the width of its line; without one it is filled.
    fn drawing(self) -> (u32, &'static str, Option<&'static str>) {
        match self {
            // The second colony of the dish is drawn beside this.
            Sign::Brand => (20, "M1.4 10a8.6 8.6 0 1 0 17.2 0a8.6 8.6 0 1 0-17.2 0", Some("1.6")),
            Sign::Start => (16, "M12.5 3v10L7 8zM8 3v10L2.5 8z", None),
            Sign::StepBack => (16, "M13 3v10L7 8zM3 3h2v10H3z", None),
            Sign::Play => (16, "M4 2.5v11l9-5.5z", None),
            Sign::Pause => (16, "M4 3h3v10H4zM9 3h3v10H9z", None),
            Sign::Step => (16, "M3 3v10l6-5zM11 3h2v10h-2z", None),
            Sign::Files => (20, "M5 2.8h6l4 4v10.4H5zM11 2.8v4h4M7.5 10h5M7.5 13h5", Some("1.4")),
            Sign::Boxes => (
                20,
                "M2.8 3.5h14.4v4.2H2.8zM2.8 12.3h5.8v4.2H2.8zM11.4 12.3h5.8v4.2h-5.8zM5.7 7.7v4.6M14.3 7.7v4.6",
                Some("1.4"),
            ),
            Sign::Question => (
                20,
                "M2.6 10a7.4 7.4 0 1 0 14.8 0a7.4 7.4 0 1 0-14.8 0M7.8 8.2a2.2 2.2 0 1 1 3.2 2c-.8.4-1 .8-1 1.6M10 13.4v1.2",
                Some("1.4"),
            ),
            Sign::Terminal => (20, "M2.8 3.8h14.4v12.4H2.8zM5.6 7.6l2.4 2.2-2.4 2.2M9.8 12.4h4", Some("1.4")),
            Sign::Dots => (20, "M4 10h.01M10 10h.01M16 10h.01", Some("2.6")),
            Sign::Find => (16, "M2.5 7a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0M10.5 10.5L14 14", Some("1.6")),
            Sign::Back => (16, "M6.5 3L3 6.5 6.5 10M3.4 6.5H10a3.2 3.2 0 0 1 0 6.4H7", Some("1.5")),
        }
    }

    pub fn html(self) -> Html {
        let (size, path, line) = self.drawing();
        let (fill, stroke) = if line.is_some() { ("none", "currentColor") } else { ("currentColor", "none") };
        html! {
            <svg class="glyph" width={size.to_string()} height={size.to_string()} viewBox={format!("0 0 {size} {size}")} aria-hidden="true">
                <path d={path} {fill} {stroke} stroke-width={line} stroke-linecap={(self == Sign::Dots).then_some("round")}/>
                if self == Sign::Brand {
                    <circle cx="7" cy="8" r="2.3" fill="currentColor"/>
                    <circle cx="12.6" cy="12.2" r="2.3" fill="none" stroke="currentColor" stroke-width="1.4" stroke-dasharray="1.4 1.6"/>
                }
            </svg>
        }
    }
}

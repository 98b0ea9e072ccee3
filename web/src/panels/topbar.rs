//! The bar on top: which example, what time it is, how fast it goes, what holds.

use super::glyph::Sign;
use super::picking::use_pick;
use super::transport::{Clock, Transport};
use crate::address::use_address;
use crate::desk::use_desk;
use crate::pictures::Meters;
use crate::session::use_world;
use crate::state::{Action, Bookmark, Popup};
use petri_lessons::Example;
use petri_picture::view;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct TopBarProps {
    pub wide: bool,
    pub example: String,
    pub open: Option<Popup>,
    pub bookmarks: Rc<Vec<Bookmark>>,
}

#[component]
pub fn TopBar(props: &TopBarProps) -> Html {
    let desk = use_desk();
    use_address(&desk, &props.example, &props.bookmarks);
    let opens = |popup: Popup| desk.sends(Action::Open(popup));
    let is_open = |popup: &Popup| (props.open.as_ref() == Some(popup)).to_string();
    // What is no example has its own title.
    let title =
        Example::named(&props.example).map_or_else(|| props.example.clone(), |example| example.title.to_owned());
    html! {
        <header class="top">
            <span class="brand">{ Sign::Brand.html() }<span class="brand-name">{ "Petri" }</span></span>
            <button class="btn quiet lesson" id="examples-button" aria-label={format!("{title}: examples and new clusters")} aria-haspopup="menu" aria-expanded={is_open(&Popup::Examples)}
                onclick={opens(Popup::Examples)}>
                <span class="lesson-name">{ title }</span><span aria-hidden="true">{ "▾" }</span>
            </button>
            <span class="vr"></span>
            <Transport expanded={props.open == Some(Popup::Speed)} />
            <Clock />
            if props.wide {
                <TopMeters key="meters" />
            }
            <span class="vr end"></span>
            <button class="find" id="find-button" aria-haspopup="dialog" aria-label="Search or run" onclick={opens(Popup::Palette(String::new()))}>
                { Sign::Find.html() }<span>{ "Search or run" }</span><kbd>{ "Ctrl K" }</kbd>
            </button>
            <button class="btn" id="share-button" aria-haspopup="dialog" onclick={opens(Popup::Share)}>{ "Share" }</button>
            <button class="btn quiet icon" id="help-button" aria-haspopup="dialog" aria-label="Keys and help"
                onclick={opens(Popup::Help)}>{ "?" }</button>
        </header>
    }
}

#[derive(PartialEq, Properties)]
pub struct TopMetersProps {
    /// Whether those that hold are only counted.
    #[prop_or_default]
    pub brief: bool,
}

/// The guarantees, each with its standing.
#[component]
pub fn TopMeters(props: &TopMetersProps) -> Html {
    let on_pick = use_pick();
    let on_all = use_desk().sends(Action::Open(Popup::Guarantees));
    let meters = use_world((), |timeline, ()| {
        view::meters::view(&view::facts::Facts::of(timeline.world(), &timeline.recording().commands))
    });
    html! { <Meters {meters} {on_pick} {on_all} brief={props.brief} /> }
}

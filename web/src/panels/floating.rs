//! What floats over the page at the moment: a menu, a dialog, a toast.

use super::compare::CompareStage;
use super::dialogs::{GuaranteeDialog, GuaranteesDialog, HelpDialog};
use super::diff::DiffDialog;
use super::glossary::TermBox;
use super::glyph::Sign;
use super::late::Late;
use super::menus::{ExamplesMenu, TemplatesMenu, VerbsMenu};
use super::new_cluster::NewClusterDialog;
use super::notices::Notices;
use super::palette::PaletteDialog;
use super::share::ShareDialog;
use super::time_menus::{SightMenu, SpeedMenu};
use crate::desk::use_desk;
use crate::state::{Action, Bookmark, Popup, Sight, Toast, TooLong};
use petri_picture::view::Target;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct FloatingProps {
    pub popup: Option<Popup>,
    pub toast: Option<Toast>,
    pub selection: Option<Target>,
    pub sight: Sight,
    /// The file that is open.
    pub active: u32,
    pub bookmarks: Rc<Vec<Bookmark>>,
    pub opening: Option<u32>,
    pub too_long: Option<TooLong>,
}

#[component]
pub fn Floating(props: &FloatingProps) -> Html {
    let popup = match &props.popup {
        None => html! { <i key="none" hidden=true /> },
        Some(Popup::Examples) => html! { <ExamplesMenu key="examples" /> },
        Some(Popup::Speed) => {
            html! { <SpeedMenu key="speed" selection={props.selection.clone()} bookmarks={props.bookmarks.clone()} /> }
        }
        Some(Popup::Sight) => html! { <SightMenu key="sight" sight={props.sight.clone()} /> },
        Some(Popup::Help) => html! { <HelpDialog key="help" /> },
        Some(Popup::Share) => html! { <Late key="share" content={Callback::from(|()| html! { <ShareDialog /> })} /> },
        Some(Popup::Palette(line)) => {
            html! { <PaletteDialog key="palette" selection={props.selection.clone()} sight={props.sight.clone()} active={props.active} line={line.clone()} /> }
        }
        Some(Popup::Term { place, x, y }) => html! { <TermBox key={*place} place={*place} x={*x} y={*y} /> },
        Some(Popup::NewCluster) => {
            html! { <Late key="new-cluster" content={Callback::from(|()| html! { <NewClusterDialog /> })} /> }
        }
        Some(Popup::Templates) => html! { <TemplatesMenu key="templates" /> },
        Some(Popup::Compare) => {
            html! { <Late key="compare" content={Callback::from(|()| html! { <CompareStage /> })} /> }
        }
        Some(Popup::Diff(file)) => {
            let file = *file;
            html! { <Late key="diff" content={Callback::from(move |()| html! { <DiffDialog {file} /> })} /> }
        }
        Some(Popup::Guarantees) => html! { <GuaranteesDialog key="guarantees" /> },
        Some(Popup::Guarantee(guarantee)) => {
            html! { <GuaranteeDialog key={guarantee.title()} guarantee={*guarantee} /> }
        }
        Some(Popup::Verbs { target, x, y }) => {
            html! { <VerbsMenu key={target.key()} target={target.clone()} x={*x} y={*y} /> }
        }
    };
    let toast = match &props.toast {
        None => html! { <i key="none" hidden=true /> },
        Some(toast) => html! { <ToastBox key={toast.number} toast={toast.clone()} /> },
    };
    html! {
        <div class="floating">
            <div class="popup-place">{ popup }</div>
            <div class="toast-place" role="status">
                <Notices key="notices" opening={props.opening} too_long={props.too_long} />
                { toast }
            </div>
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct ToastProps {
    toast: Toast,
}

#[component]
fn ToastBox(props: &ToastProps) -> Html {
    let desk = use_desk();
    let number = props.toast.number;
    {
        let desk = desk.clone();
        use_effect_with(number, move |number| {
            let expires = desk.expire_toast(*number);
            move || drop(expires)
        });
    }
    let go_back = props.toast.branch.map(|branch| {
        let desk = desk.clone();
        let onclick = Callback::from(move |_: MouseEvent| desk.switch(branch));
        html! { <button class="link" id="go-back" {onclick}>{ "Go back" }</button> }
    });
    html! {
        <div class="toast">
            { props.toast.branch.map(|_| Sign::Back.html()) }
            <span>{ &props.toast.text }</span>
            { go_back }
            <button class="link" aria-label="Dismiss" onclick={desk.sends(Action::DropToast(number))}>{ "✕" }</button>
        </div>
    }
}

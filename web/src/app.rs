//! The page: its regions, its keys, and the two contexts that everything else reads.

use crate::address;
use crate::desk::Desk;
use crate::keys;
use crate::openings;
use crate::panels::cluster::Cluster;
use crate::panels::console::Console;
use crate::panels::dock::Dock;
use crate::panels::floating::Floating;
use crate::panels::inspector::Inspector;
use crate::panels::manifests::Manifests;
use crate::panels::names::Names;
use crate::panels::timeline::TimelinePanel;
use crate::panels::topbar::TopBar;
use crate::session::Session;
use crate::state::{Panel, Ui};
use crate::wide::use_wide;
use std::rc::Rc;
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub struct AppProps {
    pub session: Session,
    /// What the interface starts with.
    pub ui: Rc<Ui>,
}

/// The page around a session.
#[component]
pub fn App(props: &AppProps) -> Html {
    let AppProps { session, ui } = props.clone();
    let start = ui.clone();
    let ui = use_reducer(move || (*start).clone());
    let desk = use_memo((session.clone(), ui.dispatcher()), |(session, ui)| Desk::new(session.clone(), ui.clone()));
    desk.know_files(&ui.files);
    desk.know_bookmarks(&ui.bookmarks);
    let wide = use_wide();
    keys::use_keys(&desk, &ui);
    address::use_link(&desk);
    {
        let desk = desk.clone();
        use_effect_with(ui.wordless.clone(), move |files| openings::reword(&desk, files));
    }

    let shows = |panel: Panel| wide || ui.panel == panel;
    let selection = ui.selection.clone();
    html! {
        <ContextProvider<Session> context={session}>
        <ContextProvider<Desk> context={(*desk).clone()}>
            <div class="app" data-app="petri" data-wide={wide.to_string()} data-panel={ui.panel.word()}
                data-shown={ui.example.clone()} data-loading={ui.loading}>
                <TopBar {wide} example={ui.example.clone()} open={ui.popup.clone()} bookmarks={ui.bookmarks.clone()} />
                if shows(Panel::Manifests) {
                    <Manifests key="manifests" files={ui.files.clone()} active={ui.active} />
                }
                if shows(Panel::Cluster) {
                    <Cluster key="cluster" {wide} selection={selection.clone()} facts={ui.facts} untried={ui.untried} density={ui.sight.density} still={ui.sight.still} />
                }
                if shows(Panel::Why) {
                    <Inspector key="why" selection={selection.clone()} tab={ui.tab} untried={ui.untried} />
                }
                if shows(Panel::Console) {
                    <Console key="console" {wide} log={ui.log.clone()} />
                }
                if shows(Panel::More) {
                    <Names key="names" {wide} />
                }
                <TimelinePanel key="timeline" {wide} {selection} sight={ui.sight.clone()} bookmarks={ui.bookmarks.clone()} />
                if !wide {
                    <Dock key="dock" panel={ui.panel} />
                }
                <Floating key="floating" popup={ui.popup.clone()} toast={ui.toast.clone()} selection={ui.selection.clone()} sight={ui.sight.clone()} bookmarks={ui.bookmarks.clone()} opening={ui.opening} too_long={ui.too_long} />
            </div>
        </ContextProvider<Desk>>
        </ContextProvider<Session>>
    }
}

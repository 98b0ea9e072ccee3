//! The page: its regions, its keys, and the two contexts that everything else reads.

use crate::address;
use crate::desk::Desk;
use crate::embedding::Embedded;
use crate::fences::Came;
use crate::host;
use crate::keys;
use crate::openings;
use crate::panels::cluster::Cluster;
use crate::panels::console::Console;
use crate::panels::dock::Dock;
use crate::panels::embedded::{Broken, Claims, EmbedBar};
use crate::panels::floating::Floating;
use crate::panels::inspector::Inspector;
use crate::panels::manifests::Manifests;
use crate::panels::names::Names;
use crate::panels::timeline::TimelinePanel;
use crate::panels::topbar::TopBar;
use crate::session::Session;
use crate::state::{Panel, Ui};
use crate::wide::use_wide;
use petri_lessons::fence::Panel as Part;
use std::rc::Rc;
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub struct AppProps {
    pub session: Session,
    /// What the interface starts with.
    pub ui: Rc<Ui>,
    /// What the page around this one asked for, if there is one.
    #[prop_or_default]
    pub embedded: Option<Rc<Embedded>>,
    /// The fence that it opens with.
    #[prop_or_default]
    pub fence: Option<Rc<Came>>,
}

/// The page around a session.
#[component]
pub fn App(props: &AppProps) -> Html {
    let AppProps { session, ui, embedded, fence } = props.clone();
    let start = ui.clone();
    let ui = use_reducer(move || (*start).clone());
    let desk = use_memo((session.clone(), ui.dispatcher()), |(session, ui)| Desk::new(session.clone(), ui.clone()));
    desk.know(&ui);
    let wide = use_wide() && embedded.is_none();
    host::use_host(&session, embedded.is_some());
    keys::use_keys(&desk, &ui);
    address::use_link(&desk);
    {
        let desk = desk.clone();
        use_effect_with(ui.wordless.clone(), move |files| openings::reword(&desk, files));
    }

    let embed = embedded.as_deref();
    let asks = |part: Part| embed.is_none_or(|embed| embed.shows(part));
    let shows = |panel: Panel| wide || ui.panel == panel;
    let broken = fence.clone().filter(|came| embed.is_some() && !came.problems.is_empty());
    let claims = fence.filter(|came| embed.is_some() && !came.claims.is_empty());
    let is_whole = broken.is_none();
    let selection = ui.selection.clone();
    html! {
        <ContextProvider<Session> context={session}>
        <ContextProvider<Desk> context={(*desk).clone()}>
            <div class={classes!("app", embed.is_some().then_some("embed"))} data-app="petri" data-wide={wide.to_string()} data-panel={ui.panel.word()}
                data-shown={ui.example.clone()} data-loading={ui.loading}>
                if let Some(embed) = embed {
                    <EmbedBar key="bar" title={embed.attributes.title.clone()} open={ui.popup.clone()} />
                } else {
                    <TopBar key="top" {wide} example={ui.example.clone()} open={ui.popup.clone()} bookmarks={ui.bookmarks.clone()} />
                }
                if let Some(came) = broken {
                    <Broken key="broken" {came} />
                }
                if shows(Panel::Manifests) {
                    <Manifests key="manifests" files={ui.files.clone()} active={ui.active} />
                }
                if is_whole && shows(Panel::Cluster) {
                    <Cluster key="cluster" {wide} selection={selection.clone()} facts={ui.facts} untried={ui.untried} density={ui.sight.density} still={ui.sight.still} />
                }
                if shows(Panel::Why) {
                    <Inspector key="why" selection={selection.clone()} tab={ui.tab} untried={ui.untried} />
                }
                if shows(Panel::Console) {
                    <Console key="console" {wide} open={!wide || ui.drawer} log={ui.log.clone()} />
                }
                if shows(Panel::More) {
                    <Names key="names" {wide} />
                }
                if let Some(came) = claims {
                    <Claims key="claims" {came} />
                }
                if is_whole && asks(Part::Timeline) {
                    <TimelinePanel key="timeline" {wide} {selection} sight={ui.sight.clone()} bookmarks={ui.bookmarks.clone()} />
                }
                if !wide && embed.is_none_or(Embedded::has_tabs) {
                    <Dock key="dock" panel={ui.panel} />
                }
                if is_whole {
                    <Floating key="floating" popup={ui.popup.clone()} toast={ui.toast.clone()} selection={ui.selection.clone()} sight={ui.sight.clone()} active={ui.active} bookmarks={ui.bookmarks.clone()} opening={ui.opening} too_long={ui.too_long} />
                }
            </div>
        </ContextProvider<Desk>>
        </ContextProvider<Session>>
    }
}

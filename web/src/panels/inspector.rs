//! The inspector: what is selected, why it is like that, and everything that is stored about it.

use super::details::{Events, History, ObjectText, subject};
use super::dns::DnsTab;
use super::late::Late;
use super::own::{self, OwnTab};
use super::why::WhyTab;
use crate::desk::use_desk;
use crate::session::use_world;
use crate::state::{Action, Tab};
use crate::verbs;
use petri_objects::Object;
use petri_picture::view::facts::Facts;
use petri_picture::view::{Identity, Target};
use petri_sim::belief::api::shelf::Key;
use petri_sim::story::timeline::Timeline;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct InspectorProps {
    pub selection: Option<Target>,
    pub tab: Tab,
    pub untried: bool,
}

/// What stands over the tabs.
#[derive(Clone, Debug, Default, PartialEq)]
struct Heading {
    /// Colour class and numeral of a pod's identity.
    mark: Option<(&'static str, String, bool)>,
    title: String,
    detail: String,
    /// Another pod of the same name: a ghost, or the one that followed.
    other: Option<(String, Target)>,
    events: usize,
    /// The title of the tab that only things of its sort have.
    own: Option<&'static str>,
}

fn own_title(timeline: &Timeline, selection: Option<&Target>) -> Option<&'static str> {
    own::title(selection?, &Facts::of(timeline.world(), &timeline.recording().commands))
}

fn heading(timeline: &Timeline, selection: Option<&Target>) -> Heading {
    let world = timeline.world();
    let object = subject(timeline, selection);
    let events = object.as_ref().map_or(0, |object| super::details::events(world, object, selection).len());
    let stored = object.as_ref().and_then(|object| world.objects().get(object));
    let mut heading = Heading { events, own: own_title(timeline, selection), ..Heading::default() };
    match selection {
        Some(Target::Pod { pod, uid }) => {
            let key = Key::new(pod.namespace.clone(), pod.name.clone());
            let believed = world.objects().pods.get(&key);
            let process = world.machines.values().find_map(|machine| machine.processes_of(*uid).next().map(|(_, p)| p));
            let identity = match (process, believed) {
                (Some(process), _) => Identity::of_process(process),
                (None, Some(pod)) => Identity::of(pod),
                (None, None) => Identity::default(),
            };
            let facts = Facts::of(world, &timeline.recording().commands);
            let identity = facts.painted(&pod.namespace, identity);
            heading.mark = identity.ordinal.map(|_| (identity.class(), identity.numeral(), process.is_some()));
            let ghost = believed.is_none_or(|pod| pod.metadata.uid != *uid);
            heading.title = match (ghost, process.is_some()) {
                (true, true) => format!("Ghost {}", pod.name),
                (true, false) => format!("{}, gone", pod.name),
                (false, _) => format!("Pod {}", pod.name),
            };
            heading.detail = format!("uid {}", uid.short());
            let twin = world.machines.values().flat_map(|machine| machine.processes.values());
            let twin =
                twin.filter(|p| p.identity.pod == pod.name && p.identity.namespace == pod.namespace && p.uid != *uid);
            let twin = twin.map(|p| p.uid).next();
            let successor = believed.map(|pod| pod.metadata.uid).filter(|other| other != uid);
            heading.other = match (successor, twin) {
                (Some(other), _) => Some((format!("its successor {}", other.short()), other)),
                (None, Some(other)) => Some((format!("ghost {}", other.short()), other)),
                (None, None) => None,
            }
            .map(|(text, uid)| (text, Target::Pod { pod: pod.clone(), uid }));
        }
        Some(target) => heading.title = verbs::title(target),
        None => {
            heading.title = object
                .as_ref()
                .map_or_else(|| "Nothing yet".into(), |object| format!("{} {}", object.kind.name(), object.name));
        }
    }
    if heading.detail.is_empty() {
        heading.detail = match stored {
            Some(Object::StatefulSet(set)) => format!("{} of {} ready", set.status.ready_replicas, set.replicas()),
            Some(Object::ReplicaSet(set)) => format!("{} of {} ready", set.status.ready_replicas, set.replicas()),
            Some(Object::Deployment(set)) => format!("{} of {} ready", set.status.ready_replicas, set.replicas()),
            Some(Object::DaemonSet(set)) => {
                format!("{} of {} ready", set.status.number_ready, set.status.desired_number_scheduled)
            }
            Some(Object::PersistentVolumeClaim(claim)) => claim.status.phase.to_string(),
            Some(Object::PersistentVolume(volume)) => volume.status.phase.to_string(),
            _ => String::new(),
        };
    }
    heading
}

/// What only things of one sort have is looked at in few visits.
fn own_tab(selection: Option<Target>) -> Callback<(), Html> {
    Callback::from(move |()| html! { <OwnTab selection={selection.clone()} /> })
}

#[cfg(test)]
mod tests {
    use super::*;
    use petri_objects::{Kind, ObjectRef, Span, Uid};
    use petri_sim::ground::scenario::Scenario;
    use petri_sim::story::recording::Recording;
    use petri_sim::words::command::{Command, Propagation};
    use std::rc::Rc;

    const SET: &str = "
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: rg }
spec:
  replicas: 1
  selector: { matchLabels: { app: rg } }
  template:
    metadata: { labels: { app: rg } }
    spec: { containers: [{ name: rg, image: nginx }] }
";

    /// A StatefulSet of one, 20 s after its start.
    fn run() -> Timeline {
        let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 7));
        for document in &petri_manifest::parse(SET).documents {
            timeline.command(Command::Apply(Rc::new(document.root().to_value()))).expect("it is possible");
        }
        later(&mut timeline, 20);
        timeline
    }

    fn later(timeline: &mut Timeline, seconds: u64) {
        timeline.play_until(timeline.now() + Span::seconds(seconds));
    }

    fn uid(timeline: &Timeline) -> Uid {
        timeline.world().objects().pods.values().next().map(|pod| pod.metadata.uid).expect("there is a pod")
    }

    fn delete(timeline: &mut Timeline, pod: &ObjectRef) {
        let delete = Command::Delete { target: pod.clone(), grace_seconds: None, propagation: Propagation::Background };
        timeline.command(delete).expect("it is possible");
        later(timeline, 20);
    }

    #[test]
    fn events_are_those_of_the_selected_pod_and_not_of_another_of_its_name() {
        let mut timeline = run();
        let pod = ObjectRef::new(Kind::Pod, "default", "rg-0");
        let first = uid(&timeline);
        delete(&mut timeline, &pod);
        let second = uid(&timeline);
        let told = |uid| {
            let target = Target::Pod { pod: pod.clone(), uid };
            crate::panels::details::events(timeline.world(), &pod, Some(&target))
        };
        let stopped = |uid| told(uid).iter().filter(|event| &*event.reason == "Killing").count();
        assert_eq!((stopped(first), stopped(second)), (1, 0));
        for uid in [first, second] {
            let found = told(uid);
            assert_eq!(found.iter().filter(|event| &*event.reason == "Scheduled").count(), 1);
            assert_eq!(heading(&timeline, Some(&Target::Pod { pod: pod.clone(), uid })).events, found.len());
        }
    }

    #[test]
    fn a_pod_that_is_gone_leads_to_its_successor() {
        let mut timeline = run();
        let pod = ObjectRef::new(Kind::Pod, "default", "rg-0");
        let first = Target::Pod { pod: pod.clone(), uid: uid(&timeline) };
        assert_eq!(heading(&timeline, Some(&first)).title, "Pod rg-0");
        delete(&mut timeline, &pod);
        let heading = heading(&timeline, Some(&first));
        let other = uid(&timeline);
        assert_eq!(heading.title, "rg-0, gone");
        let link = (format!("its successor {}", other.short()), Target::Pod { pod, uid: other });
        assert_eq!(heading.other, Some(link));
    }
}

#[component]
pub fn Inspector(props: &InspectorProps) -> Html {
    let desk = use_desk();
    let heading = use_world(props.selection.clone(), |timeline, selection| heading(timeline, selection.as_ref()));
    // What was chosen for a disk has no meaning for the next thing that is selected.
    let current = if props.tab == Tab::Own && heading.own.is_none() { Tab::Why } else { props.tab };
    let tab = |tab: Tab| {
        let on = current == tab;
        let title = if tab == Tab::Own { heading.own? } else { tab.title() };
        Some(html! {
            <button key={tab.title()} class={classes!("tab", on.then_some("on"))} role="tab" id={format!("tab-{}", tab.title())}
                aria-selected={on.to_string()} aria-controls="inspector-body" onclick={desk.sends(Action::ShowTab(tab))}>
                { title }
                if tab == Tab::Events && heading.events > 0 {
                    <span class="n">{ heading.events }</span>
                }
            </button>
        })
    };
    let menu = props.selection.clone().filter(|target| !matches!(target, Target::Guarantee(_))).map(|target| {
        let desk = desk.clone();
        let onclick = Callback::from(move |event: MouseEvent| {
            desk.open_menu(target.clone(), event.client_x(), event.client_y());
        });
        html! { <button class="btn quiet verbs" id="verbs-button" aria-haspopup="menu" {onclick}>{ "Actions ▾" }</button> }
    });
    let other = heading.other.clone().map(|(text, target)| {
        html! { <button class="link" onclick={desk.sends(Action::Select(Some(target)))}>{ text }</button> }
    });
    let selection = props.selection.clone();
    html! {
        <aside class="why" aria-label="Inspector">
            <div class="obj">
                if let Some((class, numeral, solid)) = &heading.mark {
                    <span class={classes!("oid", *class, (!solid).then_some("h"))}>{ numeral }</span>
                }
                <b>{ &heading.title }</b>
                <code>{ &heading.detail }</code>
                <span class="obj-end">{ other }{ menu }</span>
            </div>
            <div class="tabs" role="tablist" aria-label="Inspector">{ for Tab::ALL.into_iter().filter_map(tab) }</div>
            <div class="why-body" id="inspector-body" role="tabpanel" aria-labelledby={format!("tab-{}", current.title())} tabindex="0">
                {
                    match current {
                        Tab::Why => html! { <WhyTab key="why" {selection} untried={props.untried} /> },
                        Tab::Own => html! { <Late key="own" content={own_tab(selection)} /> },
                        Tab::Dns => html! { <DnsTab key="dns" {selection} /> },
                        Tab::Object => html! { <ObjectText key="object" {selection} /> },
                        Tab::Events => html! { <Events key="events" {selection} /> },
                        Tab::History => html! { <History key="history" {selection} /> },
                    }
                }
            </div>
        </aside>
    }
}

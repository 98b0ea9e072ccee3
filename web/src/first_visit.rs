//! What a page opens with: an example that already runs, one thing to try, or the recording of a link.

use crate::check;
use crate::desk::{Desk, use_desk};
use crate::frames;
use crate::recording;
use crate::session::{Session, use_session, use_slice, use_world};
use crate::shell;
use crate::state::{Action, Applied, LogKind, Ui};
use crate::view::Target;
use petri_objects::{Name, Span, Time};
use petri_sim::command::Command;
use petri_sim::recording::Recording;
use petri_sim::scenario::Scenario;
use petri_sim::timeline::Timeline;
use petri_sim::world::World;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::*;
use yew::prelude::*;

/// The example of the first visit.
pub const FIRST: &str = "random-generator.yaml";
/// The seed of every page: two people who open it see the same microsecond.
pub const SEED: u64 = 7;
/// How far an example is played before it is shown, if its pods become ready.
const LONGEST: Span = Span::seconds(30);
/// How long it is played after that, so that everything has settled.
const SETTLED: Span = Span::seconds(2);

/// What opening may take from the browser at one go, in milliseconds. Four times that on a phone is still no long task.
const SLICE: f64 = 5.0;

/// An example by its file name.
pub struct Example {
    pub name: &'static str,
    /// What it is for, in a few words.
    pub about: &'static str,
    /// Files that are applied before it, because it makes no sense without them.
    pub needs: &'static [&'static str],
    /// Machines in three zones; none for the standard cluster of four.
    pub machines: u32,
}

/// An example on the standard cluster.
const fn small(name: &'static str, about: &'static str, needs: &'static [&'static str]) -> Example {
    Example { name, about, needs, machines: 0 }
}

/// The menu of examples, the first visit's first.
pub const EXAMPLES: &[Example] = &[
    small("random-generator.yaml", "two pods with a name, a disk and an address each", &[]),
    small("nginx-web.yaml", "a pod that waits, and why", &[]),
    small("my-sts.yaml", "five pods without disks", &[]),
    small("replicaset.yaml", "three interchangeable pods", &[]),
    small("shared-claim.yaml", "three pods that share one claim", &[]),
    Example { machines: 30, ..small("large.yaml", "thirty machines and two hundred pods", &[]) },
    small("pdb.yaml", "a budget for evictions", &["replicaset.yaml"]),
];

/// The text of an example; empty if there is none of that name.
pub fn text(name: &str) -> &'static str {
    petri_lessons::examples().iter().find(|(file, _)| *file == name).map_or("", |(_, text)| text)
}

/// Whether every pod that should exist runs and is ready.
fn is_ready(world: &World) -> bool {
    let objects = world.objects();
    let sets = objects.stateful_sets.values().map(|set| (set.status.ready_replicas, set.replicas()));
    let replica_sets = objects.replica_sets.values().map(|set| (set.status.ready_replicas, set.replicas()));
    let mut all = sets.chain(replica_sets).peekable();
    all.peek().is_some() && all.all(|(ready, wanted)| ready >= wanted)
}

/// One part of an opening.
enum Part {
    /// Applies a file.
    Apply(&'static str),
    /// Plays until its pods are ready.
    AwaitReady(Span),
    Play(Span),
    PlayUntil(Time),
    Seek(Time),
}

/// What a page opens with, on its way there: in parts that are short enough for the browser to do something else in
/// between.
pub struct Opening {
    session: Session,
    ui: Ui,
    files: Vec<(&'static str, Rc<Applied>)>,
    /// What is left to do, the last one first.
    parts: Vec<Part>,
    /// The end of the part that is being played.
    until: Option<Time>,
    title: &'static str,
    /// Whether it gives way to the browser.
    polite: bool,
}

thread_local! {
    /// What [`prepare`] has left.
    static PREPARED: RefCell<Option<Opening>> = const { RefCell::new(None) };
}

/// Opens the example of the first visit ahead of time. The build calls this and keeps the memory, so that nobody's
/// browser has to fetch and run what it takes to get there; see `split` in the workshop.
pub fn prepare() {
    let session = Session::silent(Recording::new(Scenario::standard(), SEED));
    let mut opening = Opening::example(session.clone(), &EXAMPLES[0]);
    opening.polite = false;
    while opening.advance() {}
    opening.show();
    session.timeline_mut().forget_kept();
    if let Some(file) = opening.ui.files.first() {
        check::foresee(&file.text, session.timeline().world());
    }
    PREPARED.set(Some(opening));
}

impl Opening {
    /// Of a page whose address ends with this.
    pub fn new(hash: &str) -> Opening {
        let shared = recording::from_fragment(hash);
        if let Some(Ok(shared)) = shared {
            let recording::Shared { recording, moment, end } = shared;
            let mut ui = Ui::new();
            told(&recording).into_iter().for_each(|action| ui.apply(action));
            let parts = vec![Part::Seek(moment), Part::PlayUntil(end)];
            let session = Session::new(recording);
            return Opening { session, ui, files: Vec::new(), parts, until: None, title: "", polite: true };
        }
        let mut opening = PREPARED.take().unwrap_or_else(|| {
            Opening::example(Session::new(Recording::new(Scenario::standard(), SEED)), &EXAMPLES[0])
        });
        match shared {
            Some(Err(words)) => {
                let text = format!("The link could not be opened: {words}.");
                opening.ui.apply(Action::Toast { text, branch: None });
            }
            _ => opening.ui.untried = true,
        }
        opening
    }

    /// Of an example, in a session that starts over with it.
    fn example(session: Session, example: &Example) -> Opening {
        let scenario = if example.machines > 0 { Scenario::sized(example.machines) } else { Scenario::standard() };
        session.replace(Recording::new(scenario, SEED));
        let files = example.needs.iter().chain([&example.name]);
        let mut parts: Vec<Part> =
            files.flat_map(|name| [Part::Apply(name), Part::AwaitReady(LONGEST), Part::Play(SETTLED)]).collect();
        parts.reverse();
        let title = example.name;
        Opening { session, ui: Ui::new(), files: Vec::new(), parts, until: None, title, polite: true }
    }

    /// Does the next part, or some of it. Answers whether there is more to do.
    pub fn advance(&mut self) -> bool {
        let (session, polite) = (self.session.clone(), self.polite);
        let now = session.timeline().now();
        let done = match self.parts.last() {
            None => return false,
            Some(Part::Apply(name)) => {
                let outcome = shell::apply(&session, name, text(name));
                self.files.push((name, Rc::new(Applied { text: text(name).into(), at: now, outcome })));
                true
            }
            Some(Part::AwaitReady(longest)) => {
                let until = *self.until.get_or_insert(now + *longest);
                played(&session, until, polite, || is_ready(session.timeline().world()))
            }
            Some(Part::Play(span)) => {
                let until = *self.until.get_or_insert(now + *span);
                played(&session, until, polite, || false)
            }
            Some(Part::PlayUntil(until)) => played(&session, *until, polite, || false),
            Some(Part::Seek(moment)) => {
                session.seek(*moment);
                true
            }
        };
        if done {
            self.parts.pop();
            self.until = None;
        }
        !self.parts.is_empty()
    }

    /// Puts what was applied into the interface.
    fn show(&mut self) {
        let files = std::mem::take(&mut self.files);
        if !files.is_empty() {
            // An example begins without messages, but this page may have one already.
            let toast = self.ui.toast.take();
            show(&files, self.title).into_iter().for_each(|action| self.ui.apply(action));
            self.ui.toast = toast;
        }
    }

    /// The session and the interface that the page opens with.
    pub fn done(mut self) -> (Session, Ui) {
        self.show();
        self.session.flush();
        if self.ui.untried {
            self.ui.untried = suggestion(self.session.timeline().world()).is_some();
            self.session.play();
        }
        (self.session, self.ui)
    }
}

/// Plays, for one slice of the browser's time if that matters. Answers whether it is `until` now, or what was waited
/// for is the case.
fn played(session: &Session, until: Time, polite: bool, stop: impl Fn() -> bool) -> bool {
    let clock = || if polite { frames::now() } else { 0.0 };
    let started = clock();
    loop {
        let now = session.timeline().now();
        if now >= until || stop() {
            return true;
        }
        if clock() - started > SLICE {
            return false;
        }
        session.change(|timeline| timeline.play_until((now + Span::millis(500)).min(until)));
    }
}

/// Puts an example's files and console lines into the interface.
fn show(files: &[(&'static str, Rc<Applied>)], title: &str) -> Vec<Action> {
    let mut actions = Vec::new();
    for (i, (name, applied)) in files.iter().enumerate() {
        let text = applied.text.clone();
        actions.push(match i {
            0 => Action::Example { title: title.into(), name: (*name).into(), text },
            _ => Action::NewFile { name: (*name).into(), text },
        });
        actions.push(Action::AppliedLast(applied.clone()));
        actions.push(Action::Log(LogKind::Input, format!("kubectl apply -f {name}")));
        actions.push(Action::Log(LogKind::Output, applied.outcome.lines.join("\n")));
    }
    actions
}

/// Opens an example and answers what the interface has to show.
pub fn show_example(session: &Session, example: &Example) -> Vec<Action> {
    let mut opening = Opening::example(session.clone(), example);
    while opening.advance() {}
    let mut actions = vec![Action::ClearLog];
    actions.extend(show(&opening.files, example.name));
    actions
}

/// Opens another person's run.
fn restore(session: &Session, shared: recording::Shared) -> Vec<Action> {
    let recording::Shared { recording, moment, end } = shared;
    let actions = told(&recording);
    session.replace(recording);
    session.change(|timeline| {
        timeline.play_until(end);
        timeline.seek(moment);
    });
    actions
}

/// What the interface says of another person's run.
fn told(recording: &Recording) -> Vec<Action> {
    let text = objects_text(recording);
    vec![
        Action::Example { title: "From a link".into(), name: "recording.yaml".into(), text: text.into() },
        Action::Log(LogKind::Output, "Opened the recording of the link.".into()),
    ]
}

/// What a recording applies, as one file.
fn objects_text(recording: &Recording) -> String {
    let objects = recording.commands.iter().filter_map(|stamped| match &*stamped.command {
        Command::Apply(manifest) => Some(petri_manifest::to_yaml(manifest)),
        Command::Create(object) => Some(petri_manifest::to_yaml(&object.to_value())),
        _ => None,
    });
    objects.collect::<Vec<_>>().join("---\n")
}

/// Opens the recording of the address when the address changes under the page.
#[hook]
pub fn use_link(desk: &Desk) {
    let desk = desk.clone();
    use_effect_with((), move |()| {
        let window = web_sys::window();
        let listener = Closure::<dyn Fn()>::new(move || {
            let hash = web_sys::window().and_then(|window| window.location().hash().ok()).unwrap_or_default();
            match recording::from_fragment(&hash) {
                Some(Ok(shared)) => restore(&desk.session, shared).into_iter().for_each(|action| desk.send(action)),
                Some(Err(words)) => desk.toast(format!("The link could not be opened: {words}."), None),
                None => {}
            }
        });
        if let Some(window) = &window {
            let _ = window.add_event_listener_with_callback("hashchange", listener.as_ref().unchecked_ref());
        }
        move || {
            if let Some(window) = window {
                let _ = window.remove_event_listener_with_callback("hashchange", listener.as_ref().unchecked_ref());
            }
        }
    });
}

/// Longer addresses are cut or refused by some browsers and by most chat programs.
const LONGEST_ADDRESS: usize = 60_000;

/// Keeps the whole run in the address: whoever copies it, or loads the page again, is at the same microsecond.
///
/// It is written after every command and at every stop, not while the clock runs: browsers limit how often that may be.
#[hook]
pub fn use_address(example: &str) {
    let session = use_session();
    let stand = use_slice((), |session, ()| {
        let timeline = session.timeline();
        let moment = (!session.player_state().is_moving()).then(|| timeline.now());
        (timeline.recording().commands.len(), moment)
    });
    let changes = use_mut_ref(|| 0_u32);
    use_effect_with((stand, example.to_owned()), move |_| {
        let change = changes.replace_with(|count| *count + 1);
        // What a page opens with needs no address but its own.
        if change == 0 {
            return;
        }
        // A hand on the scrubber makes hundreds of changes, and only the last one counts.
        frames::later(400, move || {
            if *changes.borrow() == change + 1 {
                write_address(&session);
            }
        });
    });
}

fn write_address(session: &Session) {
    let fragment = recording::to_fragment(&session.shared());
    let history = web_sys::window().and_then(|window| window.history().ok());
    if let Some(history) = history.filter(|_| fragment.len() <= LONGEST_ADDRESS) {
        // Refused in some sandboxed frames; Share offers the link there.
        let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&format!("#{fragment}")));
    }
}

/// The node whose loss teaches most, and the pod on it: the last pod of a set that is alone on its node, where another
/// node of its zone could take over.
pub fn suggestion(world: &World) -> Option<(Name, Name)> {
    let zone_of = |node: &str| world.machines.get(node).map(|machine| machine.zone().to_owned());
    let pods: Vec<_> = world
        .objects()
        .pods
        .values()
        .filter(|pod| {
            pod.is_running_and_ready() && pod.metadata.controller().is_some_and(|owner| &*owner.kind == "StatefulSet")
        })
        .collect();
    let has_neighbour = |node: &str| {
        let zone = zone_of(node);
        world.machines.values().any(|machine| *machine.name != *node && Some(machine.zone()) == zone.as_deref())
    };
    // A second pod of the set on that node would keep the controller from replacing any.
    let is_alone = |node: &str| pods.iter().filter(|pod| *pod.spec.node_name == *node).count() == 1;
    let best = |pod: &&Rc<petri_objects::Pod>| (is_alone(&pod.spec.node_name), has_neighbour(&pod.spec.node_name));
    let found = pods.iter().copied().max_by_key(best)?;
    Some((found.spec.node_name.clone(), found.metadata.name.clone()))
}

/// The same as long as nothing but manifests was given to the cluster: who does something else has begun.
pub fn offer(timeline: &Timeline) -> Option<(Name, Name)> {
    let begun = timeline.recording().commands.iter().any(|stamped| !matches!(*stamped.command, Command::Apply(_)));
    if begun { None } else { suggestion(timeline.world()) }
}

/// Does what the first visit suggests.
pub fn try_it(desk: &Desk) {
    let suggested = suggestion(desk.session.timeline().world());
    if let Some((node, _)) = suggested {
        desk.send(Action::Tried);
        desk.command(Command::Cut { node: node.clone() });
        desk.send(Action::Select(Some(Target::Node(node))));
    }
}

/// The card that says what to try.
#[component]
pub fn TryThis() -> Html {
    let desk = use_desk();
    let suggested = use_world((), |timeline, ()| offer(timeline));
    let Some((node, pod)) = &*suggested else { return html! { <i hidden=true /> } };
    let onclick = Callback::from(move |_: MouseEvent| try_it(&desk));
    html! {
        <section class="q">
            <div class="try">
                <h2>{ "Try this" }</h2>
                <p>{ format!("Cut {node} off from the control plane. Its pod {pod} runs on. After 40 to 55 s the control plane notices; 5 minutes later it acts.") }</p>
                <div class="row">
                    <button class="link" id="try-button" {onclick}>{ format!("Cut {node} off") }</button>
                    <code>{ Command::Cut { node: node.clone() }.line() }</code>
                </div>
            </div>
            <h2>{ "Then" }</h2>
            <div class="next"><span>{ "Let 6 minutes pass, here or in the speed menu" }</span><code>{ "run 6m" }</code></div>
            <div class="next"><span>{ format!("Force-delete {pod} while nobody can reach it") }</span><code>{ "kubectl delete …" }</code></div>
            <div class="next"><span>{ format!("Power {node} off instead") }</span><code>{ Command::PowerOff { node: node.clone() }.line() }</code></div>
            <div class="next"><span>{ "Paste your own manifest" }</span><code class="key">{ "Ctrl ↵" }</code></div>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(hash: &str) -> (Session, Ui) {
        let mut opening = Opening::new(hash);
        while opening.advance() {}
        opening.done()
    }

    #[test]
    fn what_the_build_prepares_is_what_a_page_would_come_to_by_itself() {
        let (fresh, ui) = opened("");
        prepare();
        let (prepared, prepared_ui) = opened("");
        assert!(PREPARED.take().is_none(), "it was taken");
        assert_eq!(prepared.timeline().world().fingerprint(), fresh.timeline().world().fingerprint());
        assert_eq!(prepared.timeline().notes(), fresh.timeline().notes());
        assert!(prepared_ui == ui);
        // The past is played again, and comes out the same.
        let moment = fresh.timeline().start() + Span::seconds(3);
        fresh.seek(moment);
        prepared.seek(moment);
        assert_eq!(prepared.timeline().world().fingerprint(), fresh.timeline().world().fingerprint());
    }
}

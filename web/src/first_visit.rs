//! What a page opens with: an example that already runs, one thing to try, or the recording of a link.

use crate::desk::Desk;
use crate::desk::shell;
use crate::examples::{self, Files};
use crate::session::Session;
use crate::state::{Action, Applied, LogKind, Ui};
use crate::told::{self, Written, opened};
use crate::view::Target;
use crate::{check, frames};
use petri_lessons::{EXAMPLES, Example};
use petri_objects::{Name, Span, Time};
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::link;
use petri_sim::story::recording::Recording;
use petri_sim::story::shared::Shared;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::command::Command;
use petri_sim::words::identity::Identity;
use petri_sim::world::World;
use std::cell::RefCell;
use std::rc::Rc;

/// The seed of every page: two people who open it see the same microsecond.
pub const SEED: u64 = 7;
/// How far an example is played before it is shown, if its pods become ready.
const LONGEST: Span = Span::seconds(30);
/// How long it is played after that, so that everything has settled.
const SETTLED: Span = Span::seconds(2);

/// What opening may take from the browser at one go, in milliseconds. Four times that on a phone is still no long task.
const SLICE: f64 = 5.0;

/// A cluster for an example, in which nothing was done yet.
fn cluster_for(example: &Example) -> Recording {
    let scenario = if example.machines > 0 { Scenario::sized(example.machines) } else { Scenario::standard() };
    Recording::new(scenario, SEED)
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
    /// Applies a file: its name and its text.
    Apply(&'static str, Rc<str>),
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
    files: Vec<Written>,
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
    let first = &EXAMPLES[0];
    let session = Session::silent(cluster_for(first));
    let mut opening = Opening::example(session.clone(), first, own(first));
    opening.polite = false;
    while opening.advance() {}
    opening.show();
    session.timeline_mut().forget_kept();
    if let Some(file) = opening.ui.files.first() {
        check::foresee(&file.text, session.timeline().world());
    }
    PREPARED.set(Some(opening));
}

/// The files of an example that the page carries.
fn own(example: &'static Example) -> Files {
    examples::files(example).unwrap_or_default()
}

impl Opening {
    /// Of a page whose address ends with this.
    pub fn new(hash: &str) -> Opening {
        let first = &EXAMPLES[0];
        let fresh = || Opening::example(Session::new(cluster_for(first)), first, own(first));
        let example = || PREPARED.take().unwrap_or_else(fresh);
        let refused = match link::from_fragment(hash) {
            Some(Ok(shared)) => {
                let told = told::told(&shared);
                let Shared { recording, moment, end, .. } = shared;
                let mut opening = Opening::link(Session::new(recording), moment, end);
                told.into_iter().for_each(|action| opening.ui.apply(action));
                return opening;
            }
            Some(Err(refused)) => refused,
            None => {
                let mut opening = example();
                opening.ui.untried = true;
                return opening;
            }
        };
        let (words, files) = told::not_opened(&refused);
        // What could be saved of it, over a cluster in which nothing was done yet; an example if there is nothing.
        let mut opening = match files.is_empty() {
            true => example(),
            false => Opening::with(Session::new(cluster_for(first)), Vec::new()),
        };
        for (number, (name, text)) in files.into_iter().enumerate() {
            let (title, name) = (String::from("A recording"), name.to_owned());
            opening.ui.apply(match number {
                0 => Action::Example { title, name, text },
                _ => Action::NewFile { name, text },
            });
        }
        opening.ui.apply(Action::Log(LogKind::Warning, words.clone()));
        opening.ui.apply(Action::Toast { text: words, branch: None });
        opening
    }

    /// Of an example and its files, in a session with a cluster for it.
    fn example(session: Session, example: &Example, files: Files) -> Opening {
        let parts = |(name, text)| [Part::Apply(name, text), Part::AwaitReady(LONGEST), Part::Play(SETTLED)];
        let mut parts: Vec<Part> = files.into_iter().flat_map(parts).collect();
        parts.reverse();
        Opening { title: example.name, ..Opening::with(session, parts) }
    }

    /// Of a link, in a session with its recording: it is played to its end, and shown at a moment.
    fn link(session: Session, moment: Time, end: Time) -> Opening {
        Opening::with(session, vec![Part::Seek(moment), Part::PlayUntil(end)])
    }

    fn with(session: Session, parts: Vec<Part>) -> Opening {
        Opening { session, ui: Ui::new(), files: Vec::new(), parts, until: None, title: "", polite: true }
    }

    /// Does the next part, or some of it. Answers whether there is more to do.
    pub fn advance(&mut self) -> bool {
        let (session, polite) = (self.session.clone(), self.polite);
        let now = session.timeline().now();
        let done = match self.parts.last() {
            None => return false,
            Some(Part::Apply(name, text)) => {
                let outcome = shell::apply(&session, name, text);
                let applied = Applied { text: text.clone(), tried: text.clone(), at: now, outcome };
                self.files.push((name, Rc::new(applied)));
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
            opened(&files, self.title).into_iter().chain(said(&files)).for_each(|action| self.ui.apply(action));
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
        if now >= until || stop() || session.timeline().world().standstill().is_some() {
            return true;
        }
        if clock() - started > SLICE {
            return false;
        }
        session.change(|timeline| timeline.play_until((now + Span::millis(500)).min(until)));
    }
}

/// Puts what applying them said into the console.
fn said(files: &[Written]) -> impl Iterator<Item = Action> {
    files.iter().flat_map(|(name, applied)| {
        let line = format!("kubectl apply -f {name}");
        let answer = applied.outcome.lines.join("\n");
        [Action::Log(LogKind::Input, line), Action::Log(LogKind::Output, answer)]
    })
}

/// Opens an example and answers what the interface has to show. Nothing happens if one of its texts is not here.
pub fn show_example(session: &Session, example: &'static Example) -> Option<Vec<Action>> {
    let files = examples::files(example)?;
    session.replace(cluster_for(example));
    let mut opening = Opening::example(session.clone(), example, files);
    while opening.advance() {}
    let files = &opening.files;
    Some([Action::ClearLog].into_iter().chain(opened(files, example.name)).chain(said(files)).collect())
}

/// Opens another person's run in a page that shows something else, and answers what the interface has to show.
pub fn show_link(session: &Session, shared: Shared) -> Vec<Action> {
    let actions = told::told(&shared);
    let Shared { recording, moment, end, .. } = shared;
    session.replace(recording);
    let mut opening = Opening::link(session.clone(), moment, end);
    while opening.advance() {}
    actions
}

/// The node whose loss teaches most, and the pod on it: the last pod of a set that is alone on its node, where another
/// node of its zone could take over.
pub fn suggestion(world: &World) -> Option<(Name, Identity)> {
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
    // Where one of them leads, that is the one to lose.
    let leads = |pod: &petri_objects::Pod| {
        let mut programs = world.programs.running.values();
        programs.any(|program| program.uid == pod.metadata.uid && program.hold.acts)
    };
    let best = |pod: &&Rc<petri_objects::Pod>| {
        let node = &pod.spec.node_name;
        (is_alone(node), leads(pod), has_neighbour(node))
    };
    let found = pods.iter().copied().max_by_key(best)?;
    let metadata = &found.metadata;
    let identity = Identity { namespace: metadata.namespace.clone(), pod: metadata.name.clone() };
    Some((found.spec.node_name.clone(), identity))
}

/// What was done first, apart from giving manifests to the cluster.
pub fn begun(timeline: &Timeline) -> Option<&Command> {
    let mut said = timeline.recording().commands.iter().filter(|stamped| stamped.at <= timeline.now());
    said.find(|stamped| !stamped.command.is_manifest()).map(|stamped| &*stamped.command)
}

/// The same as long as nobody has begun.
pub fn offer(timeline: &Timeline) -> Option<(Name, Identity)> {
    if begun(timeline).is_none() { suggestion(timeline.world()) } else { None }
}

/// Does what the first visit suggests.
pub fn try_it(desk: &Desk) {
    let suggested = suggestion(desk.session.timeline().world());
    if let Some((node, _)) = suggested {
        desk.command(Command::Cut { node: node.clone() });
        desk.send(Action::Select(Some(Target::Node(node))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(hash: &str) -> (Session, Ui) {
        let mut opening = Opening::new(hash);
        while opening.advance() {}
        opening.done()
    }

    #[test]
    fn a_link_that_cannot_be_opened_leaves_its_manifests() {
        let (session, _) = page("");
        let whole = format!("#{}", link::to_fragment(&session.shared()));
        assert_eq!(page(&whole).1.example, EXAMPLES[0].name);
        // What is cut off is the end: commands that came later.
        for node in ["node-1", "node-2", "node-3"] {
            session.command(Command::Cut { node: node.into() }).expect("there is such a machine");
        }
        let whole = format!("#{}", link::to_fragment(&session.shared()));
        let (session, ui) = page(&whole[..whole.len() - 2]);
        assert!(session.timeline().recording().commands.is_empty(), "nobody has applied anything");
        let toast = ui.toast.as_ref().map(|toast| toast.text.clone()).unwrap_or_default();
        assert!(toast.starts_with("The link could not be opened: the link is cut off or damaged. What"), "{toast}");
        assert_eq!((ui.files.len(), &*ui.files[0].text), (1, EXAMPLES[0].text().expect("it is in the page")));
        assert!(ui.files[0].is_changed(), "there is something to apply");
        let (session, ui) = page("#r=AQ");
        assert_eq!((ui.example.as_str(), ui.untried), (EXAMPLES[0].name, false), "there is nothing to save");
        assert!(!session.timeline().recording().commands.is_empty() && ui.toast.is_some());
    }

    #[test]
    fn what_the_build_prepares_is_what_a_page_would_come_to_by_itself() {
        let (fresh, ui) = page("");
        prepare();
        let (prepared, prepared_ui) = page("");
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

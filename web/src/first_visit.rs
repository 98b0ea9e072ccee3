//! What a page opens with: an example that already runs, one thing to try, or the recording of a link.

use crate::desk::Desk;
use crate::desk::shell;
use crate::examples::{self, Files};
use crate::session::Session;
use crate::state::{Action, Applied, LogKind, Ui};
use crate::told::{self, Written, opened};
use crate::{check, edge, frames, panic};
use petri_lessons::{EXAMPLES, Example};
use petri_objects::{Name, Span, Time, Value};
use petri_picture::view::Target;
use petri_sim::ground::clock::elapsed;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::link;
use petri_sim::story::recording::Recording;
use petri_sim::story::shared::{Refused, Shared, manifests};
use petri_sim::story::timeline::{Misfit, Timeline};
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
    /// To a moment, and to a place in its instant.
    Seek(Time, Option<u64>),
}

/// What an address names.
pub enum Named {
    Run(Shared),
    /// A run of which nothing is to be played yet.
    Unplayed(Shared),
    /// Manifests of a run, without the run.
    Manifests(Vec<Value>),
}

/// Reads what an address names; `None` if that is nothing.
///
/// The boot script offers the run of an address in three more ways once it has failed: `open=beginning&...`,
/// `open=without-last&...` and `open=manifests&...`.
pub fn named(hash: &str) -> Option<Result<Named, Refused>> {
    let words = |name: &str| {
        let found =
            hash.trim_start_matches('#').split('&').find_map(|part| part.split_once('=').filter(|(n, _)| *n == name));
        found.map(|(_, word)| word)
    };
    let run = match words("kept") {
        None => link::from_fragment(hash)?,
        Some(name) => match edge::kept(name) {
            Some(fragment) => link::from_fragment(&fragment)?,
            None => Err(Refused {
                words: "its run is kept in the browser that played it, and this one does not have it".into(),
                manifests: Vec::new(),
            }),
        },
    };
    let mut shared = match run {
        Ok(shared) => shared,
        Err(refused) => return Some(Err(refused)),
    };
    let start = shared.recording.scenario.start;
    match words("open") {
        Some("beginning") => {
            (shared.moment, shared.end, shared.position) = (start, start, None);
            return Some(Ok(Named::Unplayed(shared)));
        }
        Some("without-last") => {
            let last = shared.recording.commands.pop();
            let end = last.map_or(start, |last| last.at);
            (shared.moment, shared.end, shared.position) = (end, end, None);
        }
        Some("manifests") => return Some(Ok(Named::Manifests(manifests(&shared.to_json())))),
        _ => {}
    }
    Some(Ok(Named::Run(shared)))
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
    /// What it plays until, if it is a run that somebody has made.
    end: Option<Time>,
    /// Why the run is not shown, if that was found out while it was played.
    refused: Option<Refused>,
    /// What is said if not all of it was played.
    stopped: Option<String>,
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

/// The example of the first visit.
fn first_example() -> Opening {
    let first = &EXAMPLES[0];
    let fresh = || Opening::example(Session::new(cluster_for(first)), first, own(first));
    PREPARED.take().unwrap_or_else(fresh)
}

/// The files of an example that the page carries.
fn own(example: &'static Example) -> Files {
    examples::files(example).unwrap_or_default()
}

impl Opening {
    /// Of a page whose address ends with this.
    pub fn new(hash: &str) -> Opening {
        let example = first_example;
        match named(hash) {
            Some(Ok(Named::Run(shared))) => Opening::told(told::told(&shared), Opening::link(shared)),
            Some(Ok(Named::Unplayed(shared))) => Opening::told(told::told(&shared), Opening::unplayed(shared)),
            Some(Ok(Named::Manifests(manifests))) => {
                let (words, files) = told::manifests_alone(&manifests);
                Opening::instead(words, files, example)
            }
            Some(Err(refused)) => Opening::refused(&refused, example),
            None => {
                let mut opening = example();
                opening.ui.untried = true;
                opening
            }
        }
    }

    fn told(actions: impl IntoIterator<Item = Action>, mut opening: Opening) -> Opening {
        actions.into_iter().for_each(|action| opening.ui.apply(action));
        opening
    }

    /// Of a run that is not shown.
    fn refused(refused: &Refused, example: impl Fn() -> Opening) -> Opening {
        let (words, files) = told::not_opened(refused);
        Opening::instead(words, files, example)
    }

    /// Of a run that was played by somebody else, shown at a moment.
    pub fn of_timeline(timeline: Timeline, moment: Time, actions: Vec<Action>) -> Opening {
        let session = Session::silent(timeline.recording().clone());
        *session.timeline_mut() = timeline;
        Opening::told(actions, Opening::with(session, vec![Part::Seek(moment, None)]))
    }

    /// Of machines on which nothing was done yet.
    pub fn empty() -> Opening {
        Opening::with(Session::new(cluster_for(&EXAMPLES[0])), Vec::new())
    }

    /// Of files that are not applied, over a cluster in which nothing was done yet; of an example if there are none.
    pub fn instead(words: String, files: Vec<(&'static str, Rc<str>)>, example: impl Fn() -> Opening) -> Opening {
        let mut opening = if files.is_empty() { example() } else { Opening::empty() };
        for (number, (name, text)) in files.into_iter().enumerate() {
            let (title, name) = (String::from("A recording"), name.to_owned());
            opening.ui.apply(match number {
                0 => Action::Example { title, name, text },
                _ => Action::NewFile { name, text },
            });
        }
        Opening::told(told::warned(words), opening)
    }

    /// Of an example and its files, in a session with a cluster for it.
    fn example(session: Session, example: &Example, files: Files) -> Opening {
        let parts = |(name, text)| [Part::Apply(name, text), Part::AwaitReady(LONGEST), Part::Play(SETTLED)];
        let mut parts: Vec<Part> = files.into_iter().flat_map(parts).collect();
        parts.reverse();
        Opening { title: example.name, ..Opening::with(session, parts) }
    }

    /// Of a run that somebody has made: it is played to its end, and shown at a moment.
    pub fn link(shared: Shared) -> Opening {
        // Should it break something on its way.
        panic::remember(&shared);
        let Shared { recording, moment, end, position, branches, .. } = shared;
        let parts = vec![Part::Seek(moment, position), Part::PlayUntil(end)];
        let session = Session::silent(recording);
        session.timeline_mut().take_courses(branches);
        Opening { end: Some(end), ..Opening::with(session, parts) }
    }

    /// Of the same before anything happened.
    pub fn unplayed(shared: Shared) -> Opening {
        Opening { parts: Vec::new(), ..Opening::link(shared) }
    }

    fn with(session: Session, parts: Vec<Part>) -> Opening {
        let (files, ui) = (Vec::new(), Ui::new());
        Opening {
            session,
            ui,
            files,
            parts,
            until: None,
            title: "",
            polite: true,
            end: None,
            refused: None,
            stopped: None,
        }
    }

    /// How much is played, of 1.
    pub fn done_so_far(&self) -> f64 {
        let timeline = self.session.timeline();
        let of = |until: Time| until.since(timeline.start()).0 as f64;
        self.end.map_or(0.0, |end| (of(timeline.now()) / of(end).max(1.0)).min(0.99))
    }

    /// Leaves it at what is played by now; what was done later is still to come.
    pub fn stop(&mut self) {
        if self.end.is_some() {
            self.parts.clear();
            let timeline = self.session.timeline();
            let at = elapsed(timeline.now().since(timeline.start()));
            self.stopped = Some(format!("Stopped at {at}. What comes after it is played when time goes on."));
        }
    }

    /// What there is to say of a run that is played, beside what it is.
    pub fn news(&self) -> Vec<Action> {
        let stopped = self.stopped.iter().cloned().flat_map(told::warned);
        let timeline = self.session.timeline();
        let misfit = timeline.misfit().map(|misfit| Action::Log(LogKind::Warning, misfit.to_string()));
        stopped.chain(misfit).collect()
    }

    /// The run that was opened, for a page that has a session already.
    pub fn into_timeline(self) -> Timeline {
        self.session.timeline().clone()
    }

    /// Why the run is not shown, if it is not.
    pub fn refusal(&self) -> Option<&Refused> {
        self.refused.as_ref()
    }

    /// Looks whether a run that somebody has made is one that can be shown.
    fn look(&mut self) {
        if let Some(want) = self.session.want() {
            self.session.answer_want(true);
            if want.is_full {
                self.stop();
            }
        }
        let timeline = self.session.timeline();
        let Some(Misfit::Refused { .. }) = timeline.misfit() else { return };
        let words = timeline.misfit().map(ToString::to_string).unwrap_or_default();
        let shared = timeline.shared();
        let manifests = manifests(&shared.to_json());
        self.refused = Some(Refused { words: words.trim_end_matches('.').into(), manifests });
        drop(timeline);
        self.parts.clear();
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
            Some(Part::Seek(moment, position)) => {
                session.stand_at(*moment, *position);
                true
            }
        };
        if done {
            self.parts.pop();
            self.until = None;
        }
        if self.end.is_some() {
            self.look();
        }
        !self.parts.is_empty()
    }

    /// The same for a page that has nothing else to show: what is not shown is replaced.
    pub fn advance_page(&mut self) -> bool {
        let more = self.advance();
        match self.refused.take() {
            Some(refused) => {
                *self = Opening::refused(&refused, first_example);
                true
            }
            None => more,
        }
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
        self.news().into_iter().for_each(|action| self.ui.apply(action));
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
        if now >= until || stop() || session.timeline().is_over() {
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
    show_in(session, example, cluster_for(example))
}

/// The same in a cluster in which nothing was done yet.
pub fn show_in(session: &Session, example: &'static Example, cluster: Recording) -> Option<Vec<Action>> {
    let files = examples::files(example)?;
    session.replace(cluster);
    let mut opening = Opening::example(session.clone(), example, files);
    while opening.advance() {}
    let files = &opening.files;
    Some([Action::ClearLog].into_iter().chain(opened(files, example.name)).chain(said(files)).collect())
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
    use crate::memory::TAKEN;
    use petri_sim::story::recording::Stamped;

    fn page(hash: &str) -> (Session, Ui) {
        let mut opening = Opening::new(hash);
        while opening.advance_page() {}
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

    /// A page's run with more commands, at its end, as the address of another page.
    fn with(commands: &[Command]) -> String {
        let (session, _) = page("");
        let mut shared = session.shared();
        for command in commands {
            let (at, command) = (shared.end, Rc::new(command.clone()));
            shared.recording.commands.push(Stamped { at, position: None, command, said: None });
        }
        format!("#{}", link::to_fragment(&shared))
    }

    #[test]
    fn the_run_of_an_address_opens_in_three_more_ways() {
        let cut = |node: &str| Command::Cut { node: node.into() };
        let link = with(&[cut("node-0"), cut("node-1")]);
        let opened = |word: &str| page(&format!("#open={word}&{}", &link[1..]));
        let commands = |session: &Session| session.timeline().recording().commands.len();
        let (whole, _) = page(&link);
        let (beginning, _) = opened("beginning");
        assert_eq!((commands(&beginning), beginning.timeline().done()), (commands(&whole), 0));
        assert_eq!(beginning.timeline().now(), whole.timeline().start());
        beginning.change(|timeline| timeline.play_until(whole.timeline().now()));
        assert_eq!(beginning.timeline().world().fingerprint(), whole.timeline().world().fingerprint());
        let (without, _) = opened("without-last");
        assert_eq!(commands(&without), commands(&whole) - 1);
        assert_eq!(without.timeline().done(), commands(&without));
        let (manifests, ui) = opened("manifests");
        assert_eq!(commands(&manifests), 0);
        assert!(ui.files.iter().all(|file| file.is_changed()) && !ui.files.is_empty(), "to be applied again");
        assert!(ui.toast.is_some_and(|toast| toast.text.starts_with("What the run gave to its cluster is")));
    }

    #[test]
    fn a_link_that_asks_for_too_much_only_when_it_is_played_is_refused_then() {
        let set = |name: &str| {
            let text = "apiVersion: apps/v1
kind: StatefulSet
metadata: {name: NAME, namespace: default}
spec:
  replicas: 4000
  serviceName: NAME
  selector: {matchLabels: {app: NAME}}
  template: {metadata: {labels: {app: NAME}}, spec: {containers: [{name: main, image: nginx}]}}
";
            let parsed = petri_manifest::parse(&text.replace("NAME", name));
            Command::Apply(Rc::new(parsed.documents[0].value.clone()))
        };
        let (session, ui) = page(&with(&["a", "b", "c"].map(set)));
        let toast = ui.toast.as_ref().map(|toast| toast.text.clone()).unwrap_or_default();
        assert!(toast.contains("could not be opened") && toast.contains("at most 10,000 replicas"), "{toast}");
        assert!(session.timeline().recording().commands.is_empty(), "a calm cluster");
        assert!(ui.files.iter().any(|file| file.text.contains("replicas: 4000")), "and what could be saved");
    }

    #[test]
    fn whoever_does_not_wait_has_what_is_played() {
        let (session, _) = page("");
        let mut shared = session.shared();
        shared.end = shared.recording.scenario.start + Span::minutes(60);
        shared.moment = shared.end;
        let mut opening = Opening::new(&format!("#{}", link::to_fragment(&shared)));
        // Natively a slice has no end, so nothing is played before.
        opening.stop();
        assert!(!opening.advance_page());
        let (session, ui) = opening.done();
        assert!(session.timeline().now() < shared.end);
        assert_eq!(session.timeline().recording(), &shared.recording, "nothing of it is lost");
        assert!(ui.toast.is_some_and(|toast| toast.text.starts_with("Stopped at ")));
    }

    #[test]
    fn what_nears_the_memory_of_a_page_keeps_fewer_worlds_and_ends_before_it_is_full() {
        let (session, _) = page("");
        let mut shared = session.shared();
        shared.end = shared.recording.scenario.start + Span::minutes(60);
        let hash = format!("#{}", link::to_fragment(&shared));
        TAKEN.set(2 << 30);
        let (session, _) = page(&hash);
        assert_eq!((session.timeline().end(), session.want()), (shared.end, None), "it was answered on the way");
        TAKEN.set(7 << 29);
        let (_, ui) = page(&hash);
        assert!(ui.toast.is_some_and(|toast| toast.text.starts_with("Stopped at ")));
        TAKEN.set(0);
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

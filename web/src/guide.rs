//! The story that a first visit can follow: cut a machine off, force-delete its pod, wait, and see two of one.
//!
//! Where the story stands is read off the cluster alone, so it follows whoever goes back in time, and steps aside for
//! whoever does something else.

use crate::first_visit;
use petri_objects::{Name, Span, Time};
use petri_sim::belief::api::shelf::Key;
use petri_sim::promises::foresight::Start;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::command::Command;
use petri_sim::words::identity::Identity;
use petri_sim::words::invariants::{Guarantee, Standing};
use petri_sim::world::World;
use std::cell::RefCell;
use std::rc::Rc;

/// How long the story looks on after the moment that was foreseen.
const AFTER: Span = Span::seconds(5);
/// How far it tries what comes: a disk is taken away by force after six minutes.
const LOOK_AHEAD: Span = Span::minutes(10);
/// How long it lets the controllers react where no moment can be foreseen.
const REACTION: Span = Span::seconds(2);

/// What there is to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Cut this machine off, on which this pod runs.
    Cut { node: Name, pod: Identity },
    /// Make the API server forget this pod.
    Forget { node: Name, pod: Identity },
    /// Let time pass: until it runs twice, if that can be foreseen.
    Wait { pod: Identity, seconds: u64, foreseen: bool },
    /// It is done.
    Done { pod: Identity },
}

impl Step {
    /// What it is about, in a few words.
    pub fn title(&self) -> &'static str {
        match self {
            Step::Cut { .. } => "Try this",
            Step::Forget { .. } => "Force-delete its pod",
            Step::Wait { .. } => "Let time pass",
            Step::Done { .. } => "You broke at most one",
        }
    }
    /// The console line that takes it.
    pub fn line(&self) -> Option<String> {
        match self {
            Step::Cut { node, .. } => Some(Command::Cut { node: node.clone() }.line()),
            Step::Forget { pod: Identity { namespace, pod }, .. } => {
                let namespace = if &**namespace == "default" { String::new() } else { format!(" -n {namespace}") };
                Some(format!("kubectl delete pod {pod}{namespace} --force --grace-period=0"))
            }
            Step::Wait { seconds, .. } => Some(format!("run {seconds}s")),
            Step::Done { .. } => None,
        }
    }
}

/// Where the story stands, or nothing if this is another one.
pub fn step(timeline: &Timeline) -> Option<Step> {
    let world = timeline.world();
    let Some(first) = first_visit::begun(timeline) else {
        return first_visit::offer(timeline).map(|(node, pod)| Step::Cut { node, pod });
    };
    let Command::Cut { node } = first else { return None };
    if !world.network.is_cut(node) {
        return None;
    }
    let (standing, subject) = world.invariants.worst(Guarantee::AtMostOne);
    let pod = || {
        let (namespace, pod) = subject.and_then(|subject| subject.rsplit_once('/')).unwrap_or_default();
        Identity { namespace: namespace.into(), pod: pod.into() }
    };
    match standing {
        Standing::Broken { .. } => Some(Step::Done { pod: pod() }),
        Standing::AtRisk { .. } => Some(wait(timeline, pod())),
        Standing::Holding => {
            let machine = world.machines.get(node)?;
            let processes = machine.processes.values();
            let mut promised =
                processes.filter(|process| process.owner.as_ref().is_some_and(|owner| &*owner.kind == "StatefulSet"));
            let process = promised.next()?;
            let pod = process.identity.clone();
            let stored = world.objects().pods.values().any(|pod| pod.metadata.uid == process.uid);
            Some(match stored {
                true => Step::Forget { node: node.clone(), pod },
                false => wait(timeline, pod),
            })
        }
    }
}

fn wait(timeline: &Timeline, pod: Identity) -> Step {
    let world = timeline.world();
    let next = world.objects().pods.get(&Key::new(pod.namespace.clone(), pod.pod.clone()));
    let start = match next.map(|next| world.foresee_start(next)) {
        Some(Start::At(at)) => Some(at),
        // The controllers have not reacted yet. They will, and what comes of it can be tried.
        None | Some(Start::WhenPlaced | Start::Unknown) => tried(timeline),
        Some(_) => None,
    };
    match start {
        Some(at) => {
            let seconds = (at.since(world.now.min(at)) + AFTER).as_seconds();
            Step::Wait { pod, seconds, foreseen: true }
        }
        None => Step::Wait { pod, seconds: REACTION.as_seconds(), foreseen: false },
    }
}

thread_local! {
    /// What was found out after this command: it stays true until somebody does something else.
    static TRIED: RefCell<Option<(Rc<Command>, Option<Time>)>> = const { RefCell::new(None) };
}

/// When a name will run twice if nobody does anything. A page asks in every frame, and a large cluster takes longer than
/// one to try it.
fn tried(timeline: &Timeline) -> Option<Time> {
    let last = &timeline.recording().commands[timeline.done().checked_sub(1)?].command;
    let known =
        TRIED.with_borrow(|tried| tried.as_ref().filter(|(after, _)| Rc::ptr_eq(after, last)).map(|(_, at)| *at));
    known.unwrap_or_else(|| {
        let at = look_ahead(timeline.world());
        TRIED.set(Some((last.clone(), at)));
        at
    })
}

/// The same, found out in a copy of the world.
fn look_ahead(world: &World) -> Option<Time> {
    let mut ahead = world.clone();
    let mut notes = Vec::new();
    while ahead.now < world.now + LOOK_AHEAD && ahead.step(&mut notes) {
        notes.clear();
        if matches!(ahead.invariants.worst(Guarantee::AtMostOne).0, Standing::Broken { .. }) {
            return Some(ahead.now);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Session;
    use petri_sim::ground::scenario::Scenario;
    use petri_sim::story::recording::Recording;

    #[test]
    fn the_story_goes_from_a_cut_to_two_of_one() {
        let session = Session::new(Recording::new(Scenario::standard(), first_visit::SEED));
        first_visit::show_example(&session, &petri_lessons::EXAMPLES[0]).expect("its text is here");
        let step = || step(&session.timeline());
        let Some(Step::Cut { node, pod }) = step() else { panic!("it begins with a cut") };
        let begin = session.timeline().now();
        session.change(|timeline| timeline.play_until(begin + Span::seconds(1)));
        session.command(Command::Cut { node: node.clone() }).expect("it can be cut");
        assert_eq!(step(), Some(Step::Forget { node: node.clone(), pod: pod.clone() }));

        let say = |line: &str| {
            crate::desk::host::with_page(&session, |page| {
                petri_console::run(line, page, &std::collections::BTreeMap::new())
            })
        };
        say(&step().and_then(|step| step.line()).expect("it has a line"));
        let pass = |span: Span| session.change(|timeline| timeline.play_until(timeline.now() + span));
        let Some(Step::Wait { seconds: first, foreseen: true, .. }) = step() else {
            panic!("it is tried: {:?}", step())
        };
        pass(Span::seconds(2));
        let Some(Step::Wait { seconds, foreseen: true, .. }) = step() else { panic!("it is known now: {:?}", step()) };
        assert!((330..=400).contains(&seconds), "the disk is detached after six minutes, not {seconds} s");
        assert!((first - 2).abs_diff(seconds) <= 1, "what was tried is what is foreseen: {first} s, then {seconds} s");
        pass(Span::seconds(seconds));
        assert_eq!(step(), Some(Step::Done { pod }));

        session.seek(begin);
        assert!(matches!(step(), Some(Step::Cut { .. })), "who goes back in time begins again");
        session.command(Command::PowerOff { node }).expect("it has power");
        assert_eq!(step(), None, "this is another story");
    }

    /// A reader presses what is offered at whatever moment: three presses lead to the end from everywhere.
    #[test]
    fn every_moment_leads_to_two_of_one() {
        let session = Session::new(Recording::new(Scenario::standard(), first_visit::SEED));
        first_visit::show_example(&session, &petri_lessons::EXAMPLES[0]).expect("its text is here");
        let begin = session.timeline().now();
        let pass = |millis: u64| session.change(|timeline| timeline.play_until(timeline.now() + Span::millis(millis)));
        let mut astray = Vec::new();
        for nth in 0..120 {
            session.seek(begin);
            let mut pressed = Vec::new();
            for wait in [nth * 173, (nth % 7) * 911 + 40, (nth % 29) * 13] {
                pass(wait);
                let line = step(&session.timeline()).and_then(|step| step.line()).expect("it has a line");
                crate::desk::host::with_page(&session, |page| {
                    petri_console::run(&line, page, &std::collections::BTreeMap::new())
                });
                pressed.push(line);
            }
            let last = pressed.last().and_then(|line| line.strip_prefix("run ")).and_then(|s| s.strip_suffix("s"));
            pass(last.and_then(|s| s.parse::<u64>().ok()).expect("the last line lets time pass") * 1000);
            let end = step(&session.timeline());
            if !matches!(end, Some(Step::Done { .. })) {
                astray.push(format!("{nth}: {pressed:?}, then {end:?}"));
            }
        }
        assert!(astray.is_empty(), "{}", astray.join("\n"));
    }
}

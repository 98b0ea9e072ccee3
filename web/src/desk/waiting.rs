//! Console lines that are not done: they are asked again as time goes on, some of them move it, and what comes after what
//! they wait for is run at its own moment.
//!
//! Invariant: a command that was typed is either run or said not to be. Whoever takes time away from a line that moves it
//! (pausing, going elsewhere, another run) ends the line, and going back in time ends those that would act later.

use super::host::{Drafts, Page};
use crate::session::{Onward, Session, Subscription};
use crate::state::{File, LogKind};
use petri_console::{Follow, Output, Session as Shell, limits};
use petri_objects::{Span, Time};
use petri_sim::story::timeline::Timeline;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// What moves time without saying for how long is given up after this.
const PATIENCE: Span = Span::minutes(24 * 60);

/// What lines that wait need of the page.
pub(super) trait Desktop: Clone + 'static {
    fn session(&self) -> &Session;
    fn waiting(&self) -> &Rc<Waiting>;
    fn drafts(&self) -> Vec<Rc<File>>;
    fn show(&self, output: &Output);
    fn tell(&self, kind: LogKind, text: String);
    /// Lines have acted by themselves; there were so many branches before.
    fn acted(&self, branches: usize);
}

/// Lines that are not done, oldest first, and what asks them again.
#[derive(Default)]
pub struct Waiting {
    lines: RefCell<Vec<Line>>,
    subscription: RefCell<Option<Subscription>>,
    polling: Cell<bool>,
    /// The run that they wait in.
    run: Cell<u32>,
    /// The number by which the session knows that they move time.
    drive: Cell<u64>,
    /// How many branches there were before lines acted by themselves.
    acted: Cell<Option<usize>>,
    /// What the console remembers from one line to the next.
    pub(super) shell: RefCell<Shell>,
}

struct Line {
    follow: Follow,
    /// Time stood still when it was typed: it moves time while more comes after what it waits for, as in a terminal.
    pushes: bool,
    /// Whether it is one of those that move time now.
    drives: bool,
    /// When the present command began to wait.
    since: Time,
    /// When it was asked last.
    seen: Time,
}

impl Line {
    fn moves(&self) -> bool {
        self.follow.moves_time() || self.pushes && self.follow.commands_left() > 0
    }
    /// When it is given up.
    fn limit(&self) -> Time {
        self.since + if self.follow.ends() { limits::LONGEST_RUN } else { PATIENCE }
    }
    /// How far time may go on before it is asked again.
    fn onward(&self) -> Onward {
        match self.follow.until() {
            Some(at) => Onward::To(at.min(self.limit())),
            None => Onward::Until(self.follow.due().unwrap_or(Time::MAX).min(self.limit())),
        }
    }
    fn not_run(&self) -> Option<String> {
        (self.follow.commands_left() > 0).then(|| format!("not run: {}", self.follow.then()))
    }
}

impl Waiting {
    /// Lines that still wait, in words. One that only lets time pass is seen by the clock.
    pub fn words(&self, timeline: &Timeline) -> Vec<String> {
        let lines = self.lines.borrow();
        let shown = lines.iter().filter(|line| !line.follow.moves_time() || line.follow.commands_left() > 0);
        let words = |line: &Line| {
            let waits = line.follow.waits_for(timeline.world());
            match line.follow.commands_left() {
                0 => waits,
                _ => format!("{waits}, then {}", line.follow.then()),
            }
        };
        shown.map(words).collect()
    }
    fn onward(&self) -> Onward {
        let lines = self.lines.borrow();
        let wanted = lines.iter().filter(|line| line.moves()).map(Line::onward);
        let sooner = |a, b| match (a, b) {
            (Onward::To(a), Onward::To(b)) => Onward::To(a.min(b)),
            (Onward::To(a) | Onward::Until(a), Onward::To(b) | Onward::Until(b)) => Onward::Until(a.min(b)),
            (Onward::Stop, other) | (other, Onward::Stop) => other,
        };
        wanted.reduce(sooner).unwrap_or(Onward::Stop)
    }
}

/// Keeps a line until it is done.
pub(super) fn wait_for(desk: &impl Desktop, follow: Follow) {
    enter(desk);
    let (session, waiting) = (desk.session(), desk.waiting());
    let now = session.timeline().now();
    let pushes = !session.player_state().is_moving();
    waiting.lines.borrow_mut().push(Line { follow, pushes, drives: false, since: now, seen: now });
    if waiting.subscription.borrow().is_none() {
        let listener = {
            let (desk, waiting) = (desk.clone(), Rc::downgrade(waiting));
            Rc::new(move || {
                if waiting.upgrade().is_some() {
                    look(&desk);
                }
            })
        };
        *waiting.subscription.borrow_mut() = Some(session.subscribe(listener));
    }
    arrange(desk);
}

/// Lets time go on for the lines that move it, and lets the others look on.
fn arrange(desk: &impl Desktop) {
    let (session, waiting) = (desk.session(), desk.waiting());
    let (mut looks_on, mut is_new, mut end) = (false, false, Time::ZERO);
    for line in waiting.lines.borrow_mut().iter_mut() {
        let moves = line.moves();
        is_new |= moves && !line.drives;
        looks_on |= !moves;
        line.drives = moves;
        if let (true, Onward::To(at) | Onward::Until(at)) = (moves, line.onward()) {
            end = end.max(at);
        }
    }
    session.watch(looks_on.then(|| {
        let (desk, waiting) = (desk.clone(), Rc::downgrade(waiting));
        let watcher: Rc<dyn Fn(&mut Timeline)> = Rc::new(move |timeline| {
            if waiting.upgrade().is_some() {
                poll(&desk, timeline);
            }
        });
        watcher
    }));
    if is_new && !session.is_run_by(waiting.drive.get()) {
        let driver = {
            let desk = desk.clone();
            move |timeline: &mut Timeline| {
                poll(&desk, timeline);
                desk.waiting().onward()
            }
        };
        waiting.drive.set(session.run_by(end, driver));
    }
}

/// Something has changed, by whomever: nobody is in the middle of it.
fn look(desk: &impl Desktop) {
    enter(desk);
    let (session, waiting) = (desk.session(), desk.waiting());
    if !session.is_run_by(waiting.drive.get()) {
        end(desk, |line| line.drives);
    }
    if poll(desk, &mut session.timeline_mut()) {
        session.changed();
    }
    if let Some(branches) = waiting.acted.take() {
        desk.acted(branches);
    }
}

/// Asks every line whether it goes on. Answers whether one did.
fn poll(desk: &impl Desktop, timeline: &mut Timeline) -> bool {
    let waiting = desk.waiting();
    if waiting.lines.borrow().is_empty() || waiting.polling.replace(true) {
        return false;
    }
    let (done, branches) = (timeline.done(), timeline.branches().len());
    let (mut left, mut went_on) = (Vec::new(), false);
    for line in waiting.lines.take() {
        let now = timeline.now();
        if now < line.seen
            && let Some(words) = line.not_run()
        {
            desk.tell(LogKind::Warning, format!("^C (time went back)\n{words}"));
            went_on = true;
            continue;
        }
        let (commands, limit, files) = (line.follow.commands_left(), line.limit(), Drafts(desk.drafts()));
        let mut page = Page { timeline };
        let output = match line.moves() && now >= limit && line.follow.due().is_none_or(|due| due > now) {
            true => waiting.shell.borrow_mut().give_up(line.follow, limit.since(line.since), &mut page, &files),
            false => waiting.shell.borrow_mut().poll(line.follow, &mut page, &files),
        };
        desk.show(&output);
        let now = timeline.now();
        let Some(follow) = output.follow else {
            went_on = true;
            continue;
        };
        let is_next = follow.commands_left() != commands;
        went_on |= is_next;
        let since = if is_next { now } else { line.since };
        left.push(Line { follow, since, seen: now, ..line });
    }
    *waiting.lines.borrow_mut() = left;
    if timeline.done() != done {
        waiting.acted.set(waiting.acted.get().or(Some(branches)));
    }
    if went_on {
        arrange(desk);
    }
    waiting.polling.set(false);
    went_on
}

/// Ends the lines for which that is so, and says what of them was not run.
fn end(desk: &impl Desktop, which: impl Fn(&Line) -> bool) -> bool {
    let waiting = desk.waiting();
    let (gone, left): (Vec<Line>, Vec<Line>) = waiting.lines.take().into_iter().partition(which);
    *waiting.lines.borrow_mut() = left;
    for words in gone.iter().filter_map(Line::not_run) {
        desk.tell(LogKind::Warning, format!("^C\n{words}"));
    }
    if !gone.is_empty() {
        arrange(desk);
    }
    !gone.is_empty()
}

/// Lines of another run have nothing to wait for in this one.
pub(super) fn enter(desk: &impl Desktop) {
    let run = desk.session().run();
    if desk.waiting().run.replace(run) != run {
        end(desk, |_| true);
        // Whose shell it was in is gone as well.
        desk.waiting().shell.take();
    }
}

/// Ctrl-C: gives up on whatever waits. `false` if nothing does.
pub(super) fn interrupt(desk: &impl Desktop) -> bool {
    let (session, waiting) = (desk.session(), desk.waiting());
    let driven = session.is_run_by(waiting.drive.get());
    let is_silent = waiting.lines.borrow().iter().all(|line| line.not_run().is_none());
    let waited = end(desk, |_| true);
    if waited && is_silent {
        desk.tell(LogKind::Output, "^C".into());
    }
    if driven {
        session.end_run();
    }
    waited
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::host::with_page;
    use crate::state::Applied;
    use petri_sim::ground::scenario::Scenario;
    use petri_sim::story::link;
    use petri_sim::story::recording::Recording;
    use petri_sim::story::shared::Shared;

    /// A page without its panels: what is said is kept.
    #[derive(Clone)]
    struct Bare {
        session: Session,
        waiting: Rc<Waiting>,
        said: Rc<RefCell<String>>,
        acted: Rc<Cell<u32>>,
    }

    impl Desktop for Bare {
        fn session(&self) -> &Session {
            &self.session
        }
        fn waiting(&self) -> &Rc<Waiting> {
            &self.waiting
        }
        fn drafts(&self) -> Vec<Rc<File>> {
            let text = "apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n".into();
            vec![Rc::new(File { id: 1, name: "ns.yaml".into(), text, applied: None::<Rc<Applied>> })]
        }
        fn show(&self, output: &Output) {
            self.said.borrow_mut().push_str(&output.shown());
        }
        fn tell(&self, _: LogKind, text: String) {
            self.said.borrow_mut().push_str(&(text + "\n"));
        }
        fn acted(&self, _: usize) {
            self.acted.set(self.acted.get() + 1);
        }
    }

    impl Bare {
        fn new() -> Bare {
            let session = Session::silent(Recording::new(Scenario::standard(), 1));
            Bare { session, waiting: Rc::default(), said: Rc::default(), acted: Rc::default() }
        }
        fn say(&self, line: &str) {
            let files = Drafts(self.drafts());
            let output = with_page(&self.session, |page| petri_console::run(line, page, &files));
            self.show(&output);
            if let Some(follow) = output.follow {
                wait_for(self, follow);
            }
        }
        /// What the browser does between two pictures, as often as time goes on.
        fn frames(&self) {
            for now in 0..10_000 {
                self.frame(now);
                if !self.session.player_state().is_moving() {
                    return;
                }
            }
            panic!("time goes on for ever");
        }
        fn frame(&self, now: u32) {
            self.session.frame(f64::from(now) * 16.0);
            self.session.flush();
        }
        fn seconds(&self) -> f64 {
            let timeline = self.session.timeline();
            timeline.now().since(timeline.start()).0 as f64 / 1e6
        }
        /// The commands of the run, with the seconds at which they were carried out.
        fn commands(&self) -> Vec<(f64, String)> {
            let timeline = self.session.timeline();
            let seconds = |at: Time| at.since(timeline.start()).0 as f64 / 1e6;
            timeline.recording().commands.iter().map(|c| (seconds(c.at), c.command.line())).collect()
        }
        fn waits(&self) -> Vec<String> {
            self.waiting.words(&self.session.timeline())
        }
        fn take(&self) -> String {
            self.said.take()
        }
    }

    #[test]
    fn what_comes_after_a_run_is_done_at_its_moment_and_a_link_has_it() {
        let page = Bare::new();
        page.say("cut node-0; run 60s; heal node-0 && run 1500ms; cut node-1");
        assert_eq!(page.waits(), ["1:00.000, then heal node-0 && run 1500ms; cut node-1"]);
        page.frames();
        let expected = [(0.0, "cut node-0"), (60.0, "heal node-0"), (61.5, "cut node-1")];
        assert_eq!(page.commands(), expected.map(|(at, line)| (at, line.to_owned())));
        assert_eq!((page.seconds(), page.waits().len(), page.acted.get()), (61.5, 0, 1));
        // The same as in a terminal.
        let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 1));
        let files = Drafts(page.drafts());
        petri_console::run("cut node-0; run 60s; heal node-0 && run 1500ms; cut node-1", &mut timeline, &files);
        assert_eq!(timeline.recording().commands, page.session.timeline().recording().commands);
        assert_eq!(timeline.world().fingerprint(), page.session.timeline().world().fingerprint());
        let again = link::from_fragment(&format!("#{}", link::to_fragment(&page.session.shared())));
        let Some(Ok(Shared { recording, end, .. })) = again else { panic!("the link opens") };
        let mut replayed = Timeline::new(recording);
        replayed.play_until(end);
        assert_eq!(replayed.world().fingerprint(), timeline.world().fingerprint());
    }

    #[test]
    fn whatever_waits_keeps_the_rest_of_its_line() {
        for (line, said) in [
            ("run 10s; get ns -o name", "namespace/default"),
            ("run 10s && get ns -o name", "namespace/default"),
            ("run until node/node-0 exists; get ns -o name", "namespace/default"),
            ("timeout 5s run until pod/nobody Ready || get ns -o name", "namespace/default"),
            ("run until pod/nobody Ready --timeout=5s || get ns -o name", "namespace/default"),
            ("drain node-1 --ignore-daemonsets; get ns -o name", "namespace/default"),
            ("apply -f ns.yaml && delete ns shop; get ns shop", "namespaces \"shop\" not found"),
            ("wait node/node-0 --for=condition=Nothing --timeout=5s || get ns -o name", "namespace/default"),
            ("step 2000; get ns -o name", "namespace/default"),
            (
                "run until pod/nobody Ready; get ns -o name",
                "^C (waited 24h0m0s for pod/nobody Ready)\nnamespace/default",
            ),
        ] {
            let page = Bare::new();
            page.say(line);
            page.frames();
            let all = page.take();
            assert!(all.contains(said), "{line}: {all}");
            assert!(page.waits().is_empty(), "{line}");
        }
        let page = Bare::new();
        page.say("timeout 5s run until pod/nobody Ready && cut node-0; run 5s && cut node-1");
        page.frames();
        assert_eq!(page.commands(), [(10.0, "cut node-1".to_owned())]);
    }

    #[test]
    fn a_line_that_only_waits_leaves_time_alone() {
        let page = Bare::new();
        page.say("apply -f ns.yaml; delete ns shop");
        page.frame(0);
        assert_eq!((page.seconds(), page.waits()), (0.0, vec!["namespace/shop to be gone".to_owned()]));
        page.session.run_for(Span::seconds(60));
        page.frames();
        assert_eq!(page.waits().len(), 0);
    }

    #[test]
    fn stopping_drops_the_rest_and_says_so() {
        let page = Bare::new();
        page.say("run 60s; cut node-0");
        assert!(interrupt(&page));
        page.frames();
        assert_eq!(page.take(), "^C\nnot run: cut node-0\n");
        assert_eq!((page.seconds(), page.commands().len()), (0.0, 0));
        // Whoever takes time away stops the line as well.
        page.say("run 60s; cut node-0");
        page.session.run_for(Span::seconds(10));
        page.frames();
        assert_eq!(page.take(), "^C\nnot run: cut node-0\n");
        page.say("run 60s; cut node-0");
        page.session.pause();
        page.frames();
        assert_eq!(page.take(), "^C\nnot run: cut node-0\n");
        page.say("run 60s");
        page.session.pause();
        page.frames();
        assert_eq!(page.take(), "", "nothing of it is left to run");
        assert!(!interrupt(&page));
        assert_eq!(page.commands().len(), 0);
    }

    #[test]
    fn two_lines_may_move_time_and_others_look_on() {
        let page = Bare::new();
        page.say("run 60s; cut node-0");
        page.say("run 10s; cut node-1; step 1500");
        page.say("wait node/node-0 --for=condition=Nothing --timeout=20s");
        page.frames();
        assert_eq!(page.commands(), [(10.0, "cut node-1".to_owned()), (60.0, "cut node-0".to_owned())]);
        assert!(page.take().contains("timed out waiting for the condition on nodes/node-0"));
        assert!(page.waits().is_empty());
    }
}

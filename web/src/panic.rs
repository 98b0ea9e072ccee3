//! When the program itself fails: the run is told to the boot script while it grows, where no failure reaches it.
//!
//! The screen is the boot script's as well (`web/assets/failure.js`): a program that has stopped half-way is asked for
//! nothing any more.

use crate::edge::{self, News};
use petri_objects::Name;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Stamped;
use petri_sim::story::shared::Shared;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::command::Command;
use std::cell::RefCell;
use std::rc::Rc;

/// What the boot script knows.
#[derive(Default)]
struct Told {
    /// Whether there is something that nobody else could tell. The first visit is the same for everybody, and need not be
    /// written while nobody has done anything.
    begun: bool,
    of: Option<(Rc<Scenario>, u64, Name)>,
    commands: Vec<Stamped>,
}

impl Told {
    /// Takes a run in, and answers what of it is new.
    fn news(&mut self, run: &Shared) -> News {
        let recording = &run.recording;
        let own = (&recording.scenario, recording.seed, &recording.engine);
        let is_same = self
            .of
            .as_ref()
            .is_some_and(|(scenario, seed, engine)| Rc::ptr_eq(scenario, own.0) && (*seed, engine) == (own.1, own.2));
        if !is_same {
            self.of = Some((own.0.clone(), own.1, own.2.clone()));
            self.commands.clear();
        }
        let same = |(a, b): &(&Stamped, &Stamped)| {
            Rc::ptr_eq(&a.command, &b.command) && (a.at, a.position) == (b.at, b.position)
        };
        let kept = self.commands.iter().zip(&recording.commands).take_while(same).count();
        self.commands.truncate(kept);
        let more = &recording.commands[kept..];
        self.commands.extend_from_slice(more);
        let start = recording.scenario.start;
        News {
            head: (!is_same).then(|| run.head()),
            kept: u32::try_from(kept).unwrap_or(u32::MAX),
            more: more.iter().map(|stamped| run.command_json(stamped)).collect(),
            moment: run.moment.since(start).0,
            end: run.end.since(start).0,
        }
    }
}

thread_local! {
    /// `None` where nobody listens: natively, and while the build prepares the page.
    static TOLD: RefCell<Option<Told>> = const { RefCell::new(None) };
}

/// Remembers where a step sets out from.
pub fn remember(run: &Shared) {
    let news = TOLD.with_borrow_mut(|told| {
        let told = told.as_mut()?;
        told.begun = true;
        Some(told.news(run))
    });
    if let Some(news) = news {
        edge::remember(&news);
    }
}

/// The same for a run that goes on, once somebody has begun something.
pub fn keep_up(run: impl FnOnce() -> Shared) {
    if TOLD.with_borrow(|told| told.as_ref().is_some_and(|told| told.begun)) {
        remember(&run());
    }
}

/// Remembers a run with the command that is about to be tried.
pub fn remember_attempt(timeline: &Timeline, command: &Command) {
    let at = timeline.now();
    let mut recording = timeline.recording().clone();
    recording.commands.truncate(timeline.done());
    recording.commands.push(Stamped { at, position: None, command: Rc::new(command.clone()), said: None });
    remember(&Shared::new(recording, at, at));
}

/// Tells the boot script of the run from now on, and of a panic.
pub fn install() {
    TOLD.set(Some(Told::default()));
    std::panic::set_hook(Box::new(|info| edge::stopped(&info.to_string())));
}

#[cfg(test)]
mod tests {
    use super::*;
    use petri_sim::story::recording::Recording;

    /// As the boot script puts it together.
    #[derive(Default)]
    struct Script {
        head: String,
        commands: Vec<String>,
    }

    impl Script {
        fn hear(&mut self, news: News) -> Shared {
            self.head = news.head.unwrap_or(std::mem::take(&mut self.head));
            self.commands.truncate(news.kept as usize);
            self.commands.extend(news.more);
            let (moment, end) = (news.moment, news.end);
            let list = self.commands.join(",");
            let json = format!("{},\"moment\":{moment},\"end\":{end},\"commands\":[{list}]}}", self.head);
            Shared::from_json(&json).expect("it is a recording")
        }
    }

    #[test]
    fn what_is_told_in_parts_is_the_run() {
        let (mut told, mut script) = (Told::default(), Script::default());
        let cut = |node: &str| Command::Cut { node: node.into() };
        let shared = |timeline: &Timeline| Shared::new(timeline.recording().clone(), timeline.now(), timeline.end());
        let mut timeline = Timeline::new(Recording::new(Scenario::standard(), u64::MAX));
        let mut check = |timeline: &Timeline, more: usize| {
            let news = told.news(&shared(timeline));
            assert_eq!(news.more.len(), more, "no more is told than is new");
            assert_eq!(script.hear(news), shared(timeline));
        };
        check(&timeline, 0);
        timeline.command(cut("node-1")).expect("there is one");
        check(&timeline, 1);
        timeline.play_until(timeline.now() + petri_objects::Span::seconds(9));
        check(&timeline, 0);
        timeline.command(cut("node-2")).expect("there is one");
        timeline.command(cut("node-3")).expect("there is one");
        check(&timeline, 2);
        timeline.undo();
        check(&timeline, 0);
        timeline.command(cut("node-0")).expect("there is one");
        check(&timeline, 1);
        check(&Timeline::new(Recording::new(Scenario::sized(2), 3)), 0);
    }
}

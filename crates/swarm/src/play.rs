//! A script played: line by line, with fingerprints, looks in between, and trips through a link.

use crate::chance::Chance;
use crate::generate;
use crate::oracle::{self, Complaint, Rule, Sight};
use crate::script::{Script, Step};
use petri_console::Host;
use petri_objects::{Span, Time};
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::link;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::Command;
use petri_sim::words::note::Answer;
use petri_sim::world::World;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// More events than this at one instant are no cluster at work: the largest of these worlds has a few hundred.
const MOST_AT_ONE_INSTANT: u64 = 20_000;
/// Events in a second of virtual time, over a minute and more: the busiest programs of these worlds come to a half of it.
const MOST_IN_A_SECOND: u64 = 200;
/// After so many lines a run is played on from its own link.
const LINES_PER_LINK: usize = 10;

/// A timeline that is not let stand at one instant for ever.
pub(crate) struct Watched {
    pub timeline: Timeline,
    /// The instant at which the last event happened, and how many have.
    at: (Time, u64),
    pub stuck: Option<String>,
}

impl Watched {
    fn new(timeline: Timeline) -> Watched {
        Watched { at: (timeline.now(), 0), timeline, stuck: None }
    }

    /// One event. If too many have happened at this instant, an empty world takes the place of the one that stands still, so
    /// that the line that waits for time to pass comes to its end.
    fn event(&mut self) -> bool {
        let happened = self.timeline.step();
        match self.timeline.now() == self.at.0 {
            true => self.at.1 += 1,
            false => self.at = (self.timeline.now(), 1),
        }
        if self.at.1 > MOST_AT_ONE_INSTANT && self.stuck.is_none() {
            let world = self.timeline.world();
            let next: Vec<String> = world
                .choices()
                .into_iter()
                .filter_map(|slot| world.event(slot).map(|event| format!("{event:?}")))
                .map(|event| event.chars().take(80).collect())
                .collect();
            self.stuck = Some(next.join(", "));
            let start = self.timeline.now();
            self.timeline = Timeline::new(Recording::new(Scenario { start, ..Scenario::empty("stuck") }, 0));
        }
        happened
    }
}

impl Host for Watched {
    fn world(&self) -> &World {
        self.timeline.world()
    }
    fn command(&mut self, command: Command) -> Result<Answer, ApiError> {
        self.timeline.command(command)
    }
    fn says(&mut self, line: Option<String>) {
        self.timeline.says(line);
    }
    fn play_until(&mut self, time: Time) {
        while self.timeline.world().next_due().is_some_and(|due| due <= time) {
            self.event();
        }
        self.timeline.play_until(time);
    }
    fn step(&mut self) -> bool {
        self.event()
    }
    fn patience(&self) -> Option<Span> {
        Host::patience(&self.timeline)
    }
}

/// Whether somebody looks at the cluster between the lines, and whether it goes through links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Company {
    Alone,
    Watched,
}

/// What became of a script.
#[derive(Clone, Debug)]
pub struct Played {
    /// What was undone and waited for at the end.
    pub quiet: Vec<Step>,
    pub complaints: Vec<Complaint>,
    /// The fingerprint after each line.
    pub marks: Vec<u64>,
    pub events: u64,
    pub sight: Sight,
    /// The commands that were given, and when.
    pub recording: Recording,
}

pub(crate) struct Player {
    script: Script,
    host: Watched,
    looks: Option<Chance>,
    marks: Vec<u64>,
    complaints: Vec<Complaint>,
    files: BTreeMap<String, String>,
}

impl Player {
    pub fn new(script: Script, company: Company) -> Player {
        let looks = (company == Company::Watched).then(|| Chance::new(script.seed, "looks"));
        let host = Watched::new(script.begin());
        Player { script, host, looks, marks: Vec::new(), complaints: Vec::new(), files: BTreeMap::new() }
    }

    pub fn world(&self) -> &World {
        self.host.timeline.world()
    }
    pub fn is_stuck(&self) -> bool {
        self.host.stuck.is_some()
    }

    /// Types a line; afterwards it is part of the script.
    pub fn take(&mut self, step: Step) {
        self.play(&step);
        self.script.steps.push(step);
    }

    fn play(&mut self, step: &Step) {
        if self.is_stuck() {
            return;
        }
        self.look();
        let before = self.host.timeline.position();
        let typed = catch_unwind(AssertUnwindSafe(|| petri_console::run(&step.text(), &mut self.host, &self.files)));
        if let Err(panic) = typed {
            self.host.stuck = Some(String::new());
            self.complaints.push(Complaint { rule: Rule::Panic, text: told(&*panic) });
            return;
        }
        if let Step::Run(span) = step
            && span.as_seconds() >= 60
            && !self.is_fast()
        {
            let events = self.host.timeline.position().saturating_sub(before);
            if events > span.as_seconds() * MOST_IN_A_SECOND {
                let text = format!("{events} events in {span} of virtual time");
                self.complaints.push(Complaint { rule: Rule::Busy, text });
            }
        }
        let linked = (self.marks.len() + 1).is_multiple_of(LINES_PER_LINK);
        self.marks.push(self.world().fingerprint().0);
        if let Some(next) = &self.host.stuck {
            let text = format!("time stands still; planned again and again: {next}");
            self.complaints.push(Complaint { rule: Rule::Instant, text });
        } else if self.looks.is_some() && linked {
            self.through_a_link();
        }
    }

    /// Whether some machine's clock runs so fast that its processes do everything many times.
    fn is_fast(&self) -> bool {
        self.world().programs.clocks.values().any(|clock| clock.percent > 200)
    }

    /// Somebody looks around, which must change nothing.
    fn look(&mut self) {
        let Some(mut chance) = self.looks.take() else { return };
        for _ in 0..chance.below(2) {
            let line = generate::look(self.world(), &mut chance);
            let before = self.world().fingerprint();
            petri_console::run(&line, &mut self.host, &self.files);
            if self.world().fingerprint() != before {
                let text = format!("looking has changed the world: {}", line.lines().next().unwrap_or_default());
                self.complaints.push(Complaint { rule: Rule::Look, text });
            }
        }
        self.looks = Some(chance);
    }

    /// The run is packed into a link, opened from it, and goes on from there.
    fn through_a_link(&mut self) {
        let timeline = &self.host.timeline;
        let (now, wanted) = (timeline.now(), timeline.world().fingerprint());
        let shared = timeline.shared();
        let mut complain = |text: String| self.complaints.push(Complaint { rule: Rule::Link, text });
        let opened = match link::from_fragment(&link::to_fragment(&shared)) {
            Some(Ok(opened)) => opened,
            Some(Err(refused)) => return complain(format!("its own link is refused: {}", refused.words)),
            None => return complain("its own link is none".into()),
        };
        if opened != shared {
            complain("the link holds something else".into());
        }
        let mut again = Timeline::with_grain(opened.recording, self.script.grain);
        again.play_for(now, timeline.position() + MOST_AT_ONE_INSTANT);
        again.stand_at(now, opened.position);
        if again.world().fingerprint() != wanted {
            return complain(format!("line {}: the link unfolds to another world", self.marks.len()));
        }
        self.host.timeline = again;
    }

    /// Everything is undone, time passes until all is well or patience ends, and the oracle speaks.
    pub fn finish(mut self) -> (Script, Played) {
        let mut quiet = Vec::new();
        let (mut complaints, mut sight) = (Vec::new(), Sight::default());
        if !self.is_stuck() {
            for step in crate::quiet::undo(self.world()) {
                self.play(&step);
                quiet.push(step);
            }
            for (nth, step) in crate::quiet::waits(self.script.seed).into_iter().enumerate() {
                self.play(&step);
                quiet.push(step);
                // What a machine has told only now may need another look: a Node object that was deleted, for instance.
                for step in crate::quiet::undo(self.world()) {
                    self.play(&step);
                    quiet.push(step);
                }
                let timeline = &self.host.timeline;
                (complaints, sight) = oracle::complaints(&self.script, timeline);
                if self.is_stuck() || (complaints.is_empty() && nth > 0) {
                    break;
                }
            }
        }
        self.complaints.append(&mut complaints);
        let timeline = &self.host.timeline;
        let played = Played {
            quiet,
            complaints: self.complaints,
            marks: self.marks,
            events: timeline.position(),
            sight,
            recording: timeline.recording().clone(),
        };
        (self.script, played)
    }
}

/// What a panic says.
pub fn told(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "the engine panics".into())
}

/// Plays a script, then its quiet end.
pub fn play(script: &Script, company: Company) -> Played {
    let mut player = Player::new(Script { steps: Vec::new(), ..script.clone() }, company);
    script.steps.iter().for_each(|step| player.take(step.clone()));
    player.finish().1
}

/// Plays these lines and nothing else: the fingerprint after each.
pub fn marks(script: &Script, quiet: &[Step]) -> Vec<u64> {
    let mut player = Player::new(Script { steps: Vec::new(), ..script.clone() }, Company::Alone);
    script.steps.iter().chain(quiet).for_each(|step| player.play(step));
    player.marks
}

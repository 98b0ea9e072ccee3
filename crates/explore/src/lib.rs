//! What could happen: bounded search over the world's choices.
//!
//! The search knows a [`World`] only through `choices`, `apply`, `command`, `fingerprint` and the invariants. A finding
//! *is* a recording: opening it in the timeline is the whole viewer of counterexamples.
//!
//! Invariants: a search with the same problem and limits visits the same states in the same order; it can be stopped
//! after any number of steps and goes on where it was.

use petri_sim::ground::clock::{Span, Time};
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::{Recording, Stamped};
use petri_sim::words::command::Command;
use petri_sim::words::invariants::{Evidence, Guarantee, Standing};
use petri_sim::words::note::{Note, What};
use petri_sim::world::{Fingerprint, World};
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

pub mod bench;

/// What is searched: a run up to some moment, what may be done from then on, and what must not happen.
#[derive(Clone, Debug)]
pub struct Problem {
    pub scenario: Scenario,
    pub seed: u64,
    /// Commands at the beginning, before time passes.
    pub setup: Vec<Command>,
    /// How long the setup settles before the search begins.
    pub settle: Span,
    /// What may be done, each at most once, at any moment that something visible has happened.
    pub menu: Vec<Command>,
    /// The promise whose breach is looked for.
    pub guarantee: Guarantee,
    /// How far virtual time is followed from where the search begins.
    pub horizon: Span,
    /// Moments at which commands may be given lie at least so far apart.
    pub step: Span,
}

/// What a search found.
#[derive(Clone, Debug)]
pub enum Progress {
    /// More steps are needed.
    Searching { states: u64 },
    /// The promise can be broken: this is how.
    Found { recording: Box<Recording>, evidence: Evidence, states: u64 },
    /// Within its bounds the promise cannot be broken.
    Exhausted { states: u64 },
}

/// A search that can be run in slices.
pub struct Search {
    problem: Problem,
    frontier: VecDeque<Node>,
    seen: BTreeSet<Fingerprint>,
    begins: Time,
    states: u64,
}

struct Node {
    world: World,
    /// Commands of the menu that were not used yet, as a bit set.
    left: u32,
    past: Rc<Vec<Stamped>>,
}

impl Search {
    /// Runs the setup and stands at the beginning of the search.
    pub fn new(problem: Problem) -> Search {
        assert!(problem.menu.len() <= 32, "a menu has at most 32 commands");
        let mut world = World::new(&problem.scenario, problem.seed);
        let (mut notes, mut past) = (Vec::new(), Vec::new());
        for command in &problem.setup {
            past.push(stamp(&world, command));
            let _ = world.command(command, &mut notes);
        }
        let begins = world.now + problem.settle;
        world.run_until(begins, &mut notes);
        let left = ((1u64 << problem.menu.len()) - 1) as u32;
        let seen = BTreeSet::from([world.fingerprint()]);
        let frontier = VecDeque::from([Node { world, left, past: Rc::new(past) }]);
        Search { problem, frontier, seen, begins, states: 1 }
    }

    /// Expands up to `nodes` states.
    pub fn run(&mut self, nodes: u64) -> Progress {
        for _ in 0..nodes {
            let Some(node) = self.frontier.pop_front() else { return Progress::Exhausted { states: self.states } };
            if let Some(found) = self.expand(node) {
                return found;
            }
        }
        if self.frontier.is_empty() {
            Progress::Exhausted { states: self.states }
        } else {
            Progress::Searching { states: self.states }
        }
    }

    /// Runs until the answer is known.
    pub fn finish(&mut self) -> Progress {
        loop {
            match self.run(10_000) {
                Progress::Searching { .. } => {}
                answer => return answer,
            }
        }
    }

    /// From a state either a command of the menu is given, or time goes on to the next step.
    fn expand(&mut self, node: Node) -> Option<Progress> {
        for index in 0..self.problem.menu.len() {
            if node.left & (1 << index) == 0 {
                continue;
            }
            let command = self.problem.menu[index].clone();
            let mut world = node.world.clone();
            let mut past = (*node.past).clone();
            past.push(stamp(&world, &command));
            let mut notes = Vec::new();
            if world.command(&command, &mut notes).is_err() {
                continue;
            }
            let next = Node { world, left: node.left & !(1 << index), past: Rc::new(past) };
            if let Some(found) = self.visit(next, &notes) {
                return Some(found);
            }
        }
        let mut next = node;
        let until = next.world.now + self.problem.step;
        if until > self.begins + self.problem.horizon {
            return None;
        }
        let mut notes = Vec::new();
        next.world.run_until(until, &mut notes);
        self.visit(next, &notes)
    }

    fn visit(&mut self, node: Node, notes: &[Note]) -> Option<Progress> {
        if let Some(evidence) = breach(notes, self.problem.guarantee) {
            let mut recording = Recording::new(self.problem.scenario.clone(), self.problem.seed);
            recording.commands = (*node.past).clone();
            return Some(Progress::Found { recording: Box::new(recording), evidence, states: self.states });
        }
        if self.seen.insert(node.world.fingerprint()) {
            self.states += 1;
            self.frontier.push_back(node);
        }
        None
    }
}

fn stamp(world: &World, command: &Command) -> Stamped {
    Stamped { at: world.now, position: Some(world.events), command: Rc::new(command.clone()), said: None }
}

/// The first breach of a promise that notes tell of.
pub fn breach(notes: &[Note], wanted: Guarantee) -> Option<Evidence> {
    notes.iter().find_map(|note| match &note.what {
        What::Guarantee { guarantee, standing: Standing::Broken { evidence, .. }, .. } if *guarantee == wanted => {
            Some(evidence.clone())
        }
        _ => None,
    })
}

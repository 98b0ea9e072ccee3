//! What breaks: random clusters in random trouble, and an oracle that knows what must be true afterwards.
//!
//! A seed decides everything: manifests of all kinds, some of them nonsense; lines of every verb and fault, aimed at what
//! the cluster holds at the moment; whether requests are events of their own. After the trouble comes quiet: whatever a
//! person can undo is undone, and time passes. Then the [oracle] speaks. While the run goes on somebody looks at the
//! cluster between the lines, and every tenth line it goes on from its own link; afterwards the same lines are typed into
//! another cluster, alone. A failure is [shrunk](shrink) to a transcript that a person can read and run.
//!
//! Invariants:
//! * the same seed gives the same run, natively and in the browser;
//! * a run is a list of console lines and nothing else: what is found can be typed.
//!
//! Where to start: [`run`], then `generate` for what is tried and [`oracle`] for what must hold.

pub mod oracle;
pub mod play;
pub mod script;
pub mod shrink;

mod deeds;
mod quiet;

mod generate;
mod manifests;

mod chance;

use chance::Chance;
use oracle::{Complaint, Rule};
use play::{Company, Played, Player, marks};
use script::Script;

/// What one seed came to.
#[derive(Clone, Debug)]
pub struct Run {
    pub seed: u64,
    pub script: Script,
    pub played: Played,
}

/// One seed: its run in company, and the same lines again alone.
pub fn run(seed: u64) -> Run {
    let (script, mut played) = once(seed, Company::Watched);
    played.complaints.extend(differs(&script, &played));
    Run { seed, script, played }
}

/// One seed, played once.
pub fn once(seed: u64, company: Company) -> (Script, Played) {
    let mut chance = Chance::new(seed, "swarm");
    let beginning = generate::beginning(&mut chance);
    let script =
        Script { scenario: beginning.scenario, seed: chance.below(1_000), grain: beginning.grain, steps: Vec::new() };
    let mut player = Player::new(script, company);
    for step in generate::setup(&mut chance) {
        player.take(step);
    }
    for (nth, troubles) in beginning.phases.into_iter().enumerate() {
        if nth > 0 {
            // Quiet between the phases, in which not everything is undone.
            player.take(script::Step::Run(petri_objects::Span::seconds(chance.between(120, 900))));
        }
        for _ in 0..troubles {
            player.take(generate::pause(&mut chance));
            if player.is_stuck() {
                break;
            }
            if let Some(step) = generate::trouble(player.world(), &mut chance) {
                player.take(step);
            }
        }
        player.take(generate::pause(&mut chance));
    }
    player.finish()
}

/// Whether the same lines, typed again by somebody who does nothing else, give other fingerprints.
pub(crate) fn differs(script: &Script, played: &Played) -> Option<Complaint> {
    let again = marks(script, &played.quiet);
    let line = again.iter().zip(&played.marks).position(|(a, b)| a != b)?;
    let text = format!("line {} leads to another world when the same is typed again", line + 1);
    Some(Complaint { rule: Rule::Again, text })
}

//! What was said to the API server just now: requests and heartbeats on their way along the picture's links.

use super::facts::Facts;
use petri_objects::{Name, Span};
use petri_sim::words::actor::Actor;
use petri_sim::words::note::{Note, What};

/// The newest write of each sender, as long as it can be seen on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beats {
    pub nodes: Vec<(Name, Beat)>,
    /// The part of the control plane that wrote last.
    pub part: Option<(&'static str, Beat)>,
}

/// One message. Its number tells it from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    pub number: u64,
    /// Whether it says no more than that its sender lives.
    pub heartbeat: bool,
}

/// More writes than this are not looked at: a frame must not take longer because much has happened.
const LOOKED_AT: usize = 256;

/// What was said during the last `span`. Heartbeats leave no notes, only the moment at which they were heard.
pub fn beats(facts: &Facts, notes: &[Note], span: Span) -> Beats {
    let mut beats = Beats::default();
    for name in facts.machines.keys() {
        if let Some(at) = facts.last_heard(name).filter(|at| facts.now.since(*at) <= span) {
            beats.nodes.push((name.clone(), Beat { number: at.0, heartbeat: true }));
        }
    }
    for note in notes.iter().rev().take(LOOKED_AT).take_while(|note| facts.now.since(note.at) <= span) {
        let What::Write { revision, by, .. } = &note.what else { continue };
        let beat = Beat { number: revision.0, heartbeat: false };
        match by {
            Actor::Kubelet(node) => {
                match beats.nodes.iter_mut().find(|(name, _)| name == node) {
                    None => beats.nodes.push((node.clone(), beat)),
                    // Of several the one that says something is shown.
                    Some((_, known)) if known.heartbeat => *known = beat,
                    Some(_) => {}
                }
            }
            Actor::Controller(id) if beats.part.is_none() => {
                let part = if id.name().contains("scheduler") { "scheduler" } else { "controller-manager" };
                beats.part = Some((part, beat));
            }
            Actor::Controller(_) | Actor::User | Actor::Process(_) | Actor::Setup => {}
        }
    }
    beats
}

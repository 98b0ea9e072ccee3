//! What was said to the API server just now: requests and heartbeats on their way along the picture's links.

use petri_objects::{Kind, Name, Span};
use petri_sim::api::watch::Actor;
use petri_sim::note::What;
use petri_sim::timeline::Timeline;

/// The newest write of each sender, as long as it can be seen on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beats {
    pub nodes: Vec<(Name, Beat)>,
    /// The part of the control plane that wrote last.
    pub part: Option<(&'static str, Beat)>,
}

/// One write. Its number tells it from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    pub number: u64,
    /// Whether it says no more than that its sender lives.
    pub heartbeat: bool,
}

/// More writes than this are not looked at: a frame must not take longer because much has happened.
const LOOKED_AT: usize = 256;

/// The writes of the last `span`.
pub fn beats(timeline: &Timeline, span: Span) -> Beats {
    let mut beats = Beats::default();
    let now = timeline.now();
    let news = timeline.notes_until_now().iter().rev().take(LOOKED_AT).take_while(|note| now.since(note.at) <= span);
    for note in news {
        let What::Write { revision, by, target, .. } = &note.what else { continue };
        let beat = Beat { number: revision.0, heartbeat: target.kind == Kind::Lease };
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
                let part = if id.controller().name.contains("scheduler") { "scheduler" } else { "controller-manager" };
                beats.part = Some((part, beat));
            }
            Actor::Controller(_) | Actor::User | Actor::Process(_) | Actor::Setup => {}
        }
    }
    beats
}

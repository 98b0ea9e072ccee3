//! What holds a set back from what was asked for, and what lets it go on.

use super::answers::{Fix, Standstill, fix};
use super::related::Related;
use petri_objects::{Kind, Name, ObjectRef, Value};
use petri_picture::view::facts::Facts;
use petri_picture::view::intention::{Held, Intention, Reverted, Set};
use petri_sim::belief::api::shelf::Key;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::command::{Command, Propagation};

/// The sets that the question is about and that something holds back.
pub fn rollouts(timeline: &Timeline, related: &Related) -> (Vec<Standstill>, Vec<Fix>) {
    let facts = Facts::of(timeline.world(), &timeline.recording().commands);
    let intention = Intention::of(&facts);
    let (mut waiting, mut fixes) = (Vec::new(), Vec::new());
    for set in intention.sets.iter().filter(|set| concerns(related, set)) {
        let Some(held) = Held::of(set, &intention, &facts) else { continue };
        let Some(sentence) = held.sentence(set) else { continue };
        let own = facts.standstills.iter().filter(|other| other.key.name == set.object.name).map(|other| other.since);
        let last = timeline.recording().commands.iter().rev().find(|stamped| stamped.at <= timeline.now());
        waiting.push(Standstill {
            who: held.controller(),
            sentence,
            code: code(&held).to_owned(),
            since: own.min().or(last.map(|stamped| stamped.at)).unwrap_or(timeline.start()),
            until: None,
            under_way: false,
        });
        fixes.extend(repair(&held, set));
    }
    (waiting, fixes)
}

fn concerns(related: &Related, set: &Set) -> bool {
    related.concerns(&Key::new(set.object.namespace.clone(), set.object.name.clone()))
        || set.pods.iter().any(|pod| related.pods.contains(&Key::of(&pod.metadata)))
}

/// The name, for tests and styles.
fn code(held: &Held) -> &'static str {
    match held {
        Held::Leaves => "SetLeaves",
        Held::Reverted(_) => "RevertedRevision",
        Held::Deadline { .. } => "ProgressDeadline",
        Held::Paused { .. } => "RolloutPaused",
        Held::OnDelete { .. } => "OnDelete",
        Held::Partition { .. } => "Partition",
        Held::Updating { .. } => "Updating",
    }
}

fn repair(held: &Held, set: &Set) -> Option<Fix> {
    let name = &set.object.name;
    let delete = |pod: &Name| Command::Delete {
        target: ObjectRef::new(Kind::Pod, set.object.namespace.clone(), pod.clone()),
        grace_seconds: None,
        propagation: Propagation::Background,
    };
    let patch = |path: &[&str], value: Value| Command::Patch {
        target: set.object.clone(),
        patch: Value::nested(path, value),
        status: false,
    };
    Some(match held {
        Held::Reverted(Reverted { pod, wanted, .. }) => fix(
            format!("Delete {pod}"),
            delete(pod),
            format!("It comes back with revision {wanted}, and the rollout goes on."),
        ),
        Held::OnDelete { old } => fix(
            format!("Delete {}", old.last()?),
            delete(old.last()?),
            "It comes back with what the template asks for now.",
        ),
        Held::Partition { keep, .. } => fix(
            format!("Update {} as well", keep.last()?),
            patch(&["spec", "updateStrategy", "rollingUpdate", "partition"], Value::Int(0)),
            "Sets partition to 0: one pod at a time, the highest ordinal first.",
        ),
        Held::Paused { .. } => fix(
            format!("Resume {name}"),
            patch(&["spec", "paused"], Value::Null),
            "The template's changes are rolled out.",
        ),
        Held::Deadline { .. } | Held::Leaves | Held::Updating { .. } => return None,
    })
}

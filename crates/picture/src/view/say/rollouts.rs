//! What was asked for and is not there yet: rollouts, and processes that nobody asked for.

use super::super::facts::Facts;
use super::super::intention::{Held, Intention, Reverted, Set};
use super::super::marks::{BracketView, ClusterView, Say, TileView, Tone};
use super::super::revision::Notch;
use super::super::words;
use super::pieces::{risk, text};
use petri_objects::Name;

/// A rollout that time alone does not bring to its end.
pub fn overdue(intention: &Intention, held: &[Option<Held>], facts: &Facts) -> Option<Say> {
    let (set, held) = first(intention, held, Held::is_overdue)?;
    let name = &set.object.name;
    Some(match held {
        Held::Reverted(Reverted { pod, has, .. }) => risk(
            format!("{name} is stuck: {pod} has a revision nobody asks for."),
            format!("The template was taken back, but the controller waits for {pod}, which still has revision {has}."),
        ),
        Held::Deadline { since } => risk(
            format!("{name} is stuck: its deadline has passed."),
            format!(
                "Its rollout has made no progress, says the API server for {}. It goes on trying.",
                words::duration(facts.now.since(*since))
            ),
        ),
        _ => return None,
    })
}

/// A rollout that goes on, or waits for somebody who meant it to wait.
pub fn under_way(intention: &Intention, held: &[Option<Held>]) -> Option<Say> {
    let (set, held) = first(intention, held, |held| !matches!(held, Held::Leaves))?;
    let name = &set.object.name;
    let number =
        |notch: Notch| set.pods.iter().filter(|pod| intention.revision(pod.metadata.uid).notch == notch).count() as u32;
    let share = |new: u32| {
        let have = if new == 1 { "has" } else { "have" };
        format!("{new} of {} {have} the new revision", words::plural(set.asked, "pod"))
    };
    let (headline, sub) = match held {
        Held::Updating { new, next, .. } => (
            format!("{name} is being updated: {new} of {} done.", words::plural(set.asked, "pod")),
            match next {
                Some(next) => next_one(next, set),
                None => "New pods first, then as many old ones go as may be missing.".to_owned(),
            },
        ),
        Held::Paused { .. } => {
            if number(Notch::Old) == 0 {
                return None;
            }
            let share = share(number(Notch::New));
            (format!("{name} is paused: {share}."), "Nothing is replaced until it is resumed.".to_owned())
        }
        Held::OnDelete { .. } | Held::Partition { .. } => {
            (format!("{name} is updated in part: {}.", share(number(Notch::New))), held.sentence(set)?)
        }
        _ => return None,
    };
    Some(Say { tone: Tone::Calm, headline: vec![text(headline)], sub: vec![text(sub)] })
}

fn next_one(next: &Name, set: &Set) -> String {
    let leaves = set.pods.iter().any(|pod| pod.metadata.name == *next && pod.is_terminating());
    let missing = set.ordinals().rev().find(|ordinal| set.pod(*ordinal).is_none());
    match missing {
        Some(ordinal) => {
            format!("{}-{ordinal} is next: the old pod is gone, the new one not there yet.", set.object.name)
        }
        None if leaves => format!("{next} is next: its old pod stops."),
        None => format!("{next} is next, once those after it are Ready."),
    }
}

fn first<'i, 'w>(
    intention: &'i Intention<'w>,
    held: &'i [Option<Held>],
    fits: impl Fn(&Held) -> bool,
) -> Option<(&'i Set<'w>, &'i Held)> {
    intention.sets.iter().zip(held).find_map(|(set, held)| Some((set, held.as_ref().filter(|held| fits(held))?)))
}

/// Sets that run more than they ask for, because some of it nobody can stop.
pub fn surplus(view: &ClusterView) -> Option<Say> {
    let sets: Vec<&BracketView> = view.sets.iter().filter(|set| !set.more_than_asked.is_empty()).collect();
    let headline = match sets[..] {
        [] => return None,
        [set] => {
            let is = if set.asked == 1 { "is" } else { "are" };
            let (run, asked) = (words::count(set.more_than_asked.len() as u32), words::count(set.asked));
            format!("{} has {} processes; {} {is} asked for.", set.name, run.to_lowercase(), asked.to_lowercase())
        }
        _ => {
            let names: Vec<String> = sets.iter().map(|set| set.name.clone()).collect();
            let more: usize = sets.iter().map(|set| set.more_than_asked.len() - set.asked as usize).sum();
            format!("{} run {more} more processes than asked for.", words::list(&names))
        }
    };
    let kept: Vec<&TileView> = view.tiles().filter(|tile| tile.process && tile.state.is_trouble()).collect();
    let mut silent: Vec<String> = kept.iter().filter_map(|tile| tile.node.as_ref().map(Name::to_string)).collect();
    silent.dedup();
    let (answers, what) = if silent.len() > 1 { ("do not answer", "them") } else { ("does not answer", "it") };
    let nodes = words::list(&silent);
    let runs = match kept[..] {
        [tile] => format!("{} runs on there, and nobody can confirm it", tile.title),
        _ => format!("what runs on {what}, nobody can stop"),
    };
    let kind = if sets.iter().all(|set| set.kind == "ReplicaSet") { "ReplicaSet" } else { "Deployment" };
    Some(risk(headline, format!("{nodes} {answers}: {runs}. A {kind} does not wait for that.")))
}

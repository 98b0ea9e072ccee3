//! What holds a set back from what it asks for.

use super::super::facts::Facts;
use super::super::revision::Notch;
use super::super::words;
use super::sets::{Intention, Set, Spec, since};
use petri_objects::{Name, Time};
use petri_sim::words::reason::Reason;

/// Why the pods of a set are not all as asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// The set itself is being deleted.
    Leaves,
    /// The template was taken back, but the controller waits for a pod that still has what nobody asks for.
    Reverted(Reverted),
    /// A rollout has not moved for longer than it may.
    Deadline { since: Time },
    /// Template changes wait for somebody to resume the rollout.
    Paused { new: u32 },
    /// Pods are updated when somebody deletes them.
    OnDelete { old: Vec<Name> },
    /// Ordinals below it keep the revision that they have.
    Partition { first: u32, keep: Vec<Name>, number: i64 },
    /// An update is under way: how many pods have the new revision, which is what `updatedReplicas` counts, and how many of
    /// them are Ready.
    Updating { updated: u32, new: u32, next: Option<Name> },
}

/// A pod that a reverted update left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reverted {
    pub pod: Name,
    /// The revision that it has.
    pub has: i64,
    /// The revision that is asked for.
    pub wanted: i64,
}

impl Held {
    /// What holds each set, in their order.
    pub fn all(intention: &Intention, facts: &Facts) -> Vec<Option<Held>> {
        intention.sets.iter().map(|set| Held::of(set, intention, facts)).collect()
    }

    /// What holds the set, the worst first; nothing where all is as asked or on its way up for the first time.
    pub fn of(set: &Set, intention: &Intention, facts: &Facts) -> Option<Held> {
        if set.is_terminating() {
            return Some(Held::Leaves);
        }
        if let Some(left) = reverted(set, intention, facts) {
            return Some(Held::Reverted(left));
        }
        let of = |notch: Notch| set.pods.iter().filter(move |pod| intention.revision(pod.metadata.uid).notch == notch);
        let updated = of(Notch::New).filter(|pod| !pod.is_terminating()).count() as u32;
        let new = of(Notch::New).filter(|pod| pod.is_ready()).count() as u32;
        let old: Vec<Name> = of(Notch::Old).chain(of(Notch::Neither)).map(|pod| pod.metadata.name.clone()).collect();
        if let Spec::Deployment(deployment) = set.spec {
            if let Some(since) =
                since(&deployment.status.conditions, "Progressing", "False", "ProgressDeadlineExceeded")
            {
                return Some(Held::Deadline { since });
            }
            if deployment.spec.paused {
                return Some(Held::Paused { new });
            }
        }
        if old.is_empty() {
            return None;
        }
        if set.is_on_delete() {
            return Some(Held::OnDelete { old });
        }
        let below = |name: &Name, first: u32| {
            let ordinal = name.rsplit_once('-').and_then(|(_, number)| number.parse::<u32>().ok());
            ordinal.is_some_and(|ordinal| ordinal < first)
        };
        if let Some(first) = set.partition() {
            let keep: Vec<Name> = old.iter().filter(|name| below(name, first)).cloned().collect();
            if keep.len() == old.len() {
                let number = set.pods.iter().find(|pod| keep.contains(&pod.metadata.name));
                let number = number.map_or(0, |pod| intention.revision(pod.metadata.uid).number);
                return Some(Held::Partition { first, keep, number });
            }
        }
        // From the highest ordinal down; which of interchangeable pods goes next, nobody has decided.
        let next = matches!(set.spec, Spec::Stateful(_)).then(|| old.last().cloned()).flatten();
        Some(Held::Updating { updated, new, next })
    }

    /// In the bracket: at most four words and a span.
    pub fn brief(&self, set: &Set, now: Time) -> String {
        match self {
            Held::Leaves => "being deleted".to_owned(),
            Held::Reverted(Reverted { pod, .. }) => format!("waits for {pod}"),
            Held::Deadline { since } => format!("deadline passed {} ago", words::duration(now.since(*since))),
            Held::Paused { new: 0 } => "paused".to_owned(),
            Held::Paused { new } => format!("paused at {new} of {} new", set.asked),
            Held::OnDelete { .. } => "delete a pod to update it".to_owned(),
            Held::Partition { first, .. } => format!("partition {}", first - set.ordinals().start),
            Held::Updating { updated, .. } => format!("{updated} of {} updated", set.asked),
        }
    }

    /// Whether time alone does not help.
    pub fn is_overdue(&self) -> bool {
        matches!(self, Held::Reverted(_) | Held::Deadline { .. })
    }

    /// What the controller that is behind it goes by.
    pub fn controller(&self) -> &'static str {
        match self {
            Held::Deadline { .. } | Held::Paused { .. } => "deployment-controller",
            _ => "statefulset-controller",
        }
    }

    /// Why nothing happens, where somebody could ask that.
    pub fn sentence(&self, set: &Set) -> Option<String> {
        let name = &set.object.name;
        let listed = |names: &[Name]| words::list(&names.iter().map(Name::to_string).collect::<Vec<_>>());
        let keeps = |names: &[Name]| if names.len() == 1 { "keeps" } else { "keep" };
        Some(match self {
            Held::Reverted(Reverted { pod, has, wanted }) => format!(
                "the template was taken back, but {pod} still has revision {has}. {pod} is waited for until it is Ready \
                 before it is replaced, and with revision {has} it never may be; revision {wanted} is asked for."
            ),
            Held::Paused { .. } => format!("{name} is paused: changes of its template wait until it is resumed."),
            Held::OnDelete { old } => {
                format!(
                    "{} {} the old revision, because {name} updates OnDelete: delete a pod to update it.",
                    listed(old),
                    keeps(old)
                )
            }
            Held::Partition { first, keep, number } => format!(
                "{} {} revision {number}, because partition is {}.",
                listed(keep),
                keeps(keep),
                first - set.ordinals().start
            ),
            Held::Deadline { .. } => {
                format!(
                    "the rollout of {name} has made no progress for longer than progressDeadlineSeconds; it goes on trying."
                )
            }
            Held::Leaves | Held::Updating { .. } => return None,
        })
    }
}

/// The pod that a rolling update waits for although it has what nobody asks for any more.
fn reverted(set: &Set, intention: &Intention, facts: &Facts) -> Option<Reverted> {
    if !matches!(set.spec, Spec::Stateful(_)) || set.is_on_delete() {
        return None;
    }
    let waited_for = facts.reason(|standstill| {
        let own = standstill.key.name == set.object.name && standstill.key.namespace == set.object.namespace;
        match &standstill.reason {
            Reason::PodNotReady { pod } | Reason::UpdateWaitsForPod { pod } if own => Some(pod.clone()),
            _ => None,
        }
    })?;
    let pod = set.pods.iter().find(|pod| pod.metadata.name == waited_for)?;
    let revision = intention.revision(pod.metadata.uid);
    let left = revision.notch == Notch::Neither && !pod.is_ready() && !pod.is_terminating();
    left.then_some(Reverted { pod: waited_for, has: revision.number, wanted: set.wanted })
}

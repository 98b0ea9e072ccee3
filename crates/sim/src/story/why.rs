//! Sentences that a person would say: why an object is as it is, link by link.

use crate::story::recording::{Stamped, said};
use crate::words::actor::{Actor, Cause};
use crate::words::controller_id::ControllerId;
use crate::words::note::{MachineChange, Note, Verb, What};
use petri_objects::*;

/// One link of the chain of causes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub at: Time,
    pub by: Actor,
    pub verb: Verb,
    pub target: ObjectRef,
    pub uid: Uid,
    pub sentence: String,
}

/// Whether a write is worth a link: it changed what people look at.
pub(crate) fn is_telling(note: &Note) -> bool {
    let What::Write { verb, object, old, .. } = &note.what else { return false };
    if *verb != Verb::Updated {
        return true;
    }
    match (object, old) {
        (Object::Pod(new), Some(Object::Pod(old))) => {
            new.spec.node_name != old.spec.node_name
                || new.phase() != old.phase()
                || new.is_ready() != old.is_ready()
                || condition(&new.status.conditions, "DisruptionTarget")
                    != condition(&old.status.conditions, "DisruptionTarget")
                || waiting_reason(new) != waiting_reason(old)
        }
        (Object::Node(new), Some(Object::Node(old))) => {
            new.is_ready() != old.is_ready()
                || new.spec.unschedulable != old.spec.unschedulable
                || new.spec.taints.len() != old.spec.taints.len()
        }
        (Object::PersistentVolumeClaim(new), Some(Object::PersistentVolumeClaim(old))) => {
            new.status.phase != old.status.phase
        }
        _ => true,
    }
}

fn waiting_reason(pod: &Pod) -> Option<&Name> {
    pod.status.container_statuses.iter().find_map(|s| s.state.waiting.as_ref()).map(|w| &w.reason)
}

/// What a write did and why, in one sentence.
pub(crate) fn sentence(note: &Note, notes: &[Note]) -> String {
    let What::Write { by, cause, verb, target, uid, object, old, .. } = &note.what else { return String::new() };
    let name = &target.name;
    let because = match cause {
        Cause::Write(revision) => trigger(notes, *revision, target),
        _ => None,
    };
    let ending = because.map_or(".".to_owned(), |because| format!(", because {because}."));
    match (verb, object) {
        (Verb::Created, Object::Pod(_)) => match by {
            Actor::User => format!("You created {name}{ending}"),
            _ => format!("{} created {name} ({}){ending}", by.name(), uid.short()),
        },
        (Verb::Deleted, Object::Pod(_)) => match by {
            Actor::User => {
                format!("You removed the object of {name} ({}) at once, and nobody asked its machine.", uid.short())
            }
            Actor::Kubelet(node) => format!("The kubelet on {node} confirmed that {name} has stopped."),
            _ => format!("{} removed the object of {name} ({}){ending}", by.name(), uid.short()),
        },
        (Verb::MarkedForDeletion, _) => match by {
            Actor::User => format!("You asked for {name} to be deleted."),
            Actor::Controller(ControllerId::TaintEviction) => {
                format!(
                    "taint-eviction-controller asked for {name} to be deleted: the toleration of its node's taint ran out."
                )
            }
            _ => format!("{} asked for {name} to be deleted{ending}", by.name()),
        },
        (Verb::Updated, Object::Pod(new)) => {
            let Some(Object::Pod(old)) = old else { return format!("{} changed {name}{ending}", subject(by)) };
            pod_update(by, new, old, &ending)
        }
        (Verb::Updated, Object::Node(new)) => {
            let Some(Object::Node(old)) = old else { return format!("{} changed {name}{ending}", subject(by)) };
            node_update(by, new, old, &ending)
        }
        (Verb::Updated, Object::PersistentVolumeClaim(claim)) => {
            format!("{} made {name} {}{ending}", subject(by), claim.status.phase)
        }
        (verb, _) => {
            let what = match verb {
                Verb::Created => "created",
                Verb::Updated => "changed",
                Verb::Deleted => "deleted",
                Verb::MarkedForDeletion => "asked to delete",
            };
            format!("{} {what} {}{ending}", subject(by), target)
        }
    }
}

fn subject(by: &Actor) -> String {
    match by {
        Actor::User => "You".into(),
        Actor::Kubelet(node) => format!("The kubelet on {node}"),
        Actor::Setup => "The scenario".into(),
        other => other.name().into(),
    }
}

fn node_update(by: &Actor, new: &Node, old: &Node, ending: &str) -> String {
    let name = &new.metadata.name;
    if new.is_ready() != old.is_ready() {
        return match new.is_ready() {
            true => format!("{name} reports that it is ready."),
            false => format!("node-controller considers {name} lost: its kubelet stopped posting node status."),
        };
    }
    if new.spec.unschedulable != old.spec.unschedulable {
        let again = if new.spec.unschedulable { "unschedulable" } else { "schedulable again" };
        return format!("{} made {name} {again}{ending}", subject(by));
    }
    let only = |here: &Node, there: &Node| {
        let missing =
            |taint: &&Taint| !there.spec.taints.iter().any(|t| t.key == taint.key && t.effect == taint.effect);
        let keys: Vec<&str> = here.spec.taints.iter().filter(missing).map(|taint| &*taint.key).collect();
        keys.join(" and ")
    };
    match (only(new, old), only(old, new)) {
        (added, removed) if removed.is_empty() && !added.is_empty() => {
            format!("{} gave {name} the taint {added}{ending}", subject(by))
        }
        (added, removed) if added.is_empty() && !removed.is_empty() => {
            format!("{} took the taint {removed} from {name}{ending}", subject(by))
        }
        (added, removed) if !added.is_empty() && !removed.is_empty() => {
            format!("{} changed the taints of {name} from {removed} to {added}{ending}", subject(by))
        }
        _ => format!("{} changed {name}{ending}", subject(by)),
    }
}

/// Whether a write is the first half of an eviction: it says why, and the deletion follows.
fn is_eviction(by: &Actor, new: &Pod, old: &Pod) -> bool {
    let evicted = |pod: &Pod| {
        condition(&pod.status.conditions, "DisruptionTarget").is_some_and(|c| &*c.reason == "EvictionByEvictionAPI")
    };
    *by == Actor::User && evicted(new) && !evicted(old)
}

fn pod_update(by: &Actor, new: &Pod, old: &Pod, ending: &str) -> String {
    let name = &new.metadata.name;
    if new.spec.node_name != old.spec.node_name {
        return format!("The scheduler chose {} for {name}{ending}", new.spec.node_name);
    }
    if new.phase() != old.phase() {
        return format!("{} reports that {name} is {}.", subject(by), new.phase().as_str());
    }
    if new.is_ready() && !old.is_ready() {
        return format!("{name} became Ready.");
    }
    if !new.is_ready() && old.is_ready() {
        return match by {
            Actor::Kubelet(_) => format!("{name} is not ready any more."),
            _ => format!("{} set {name} to not Ready: its node does not answer.", by.name()),
        };
    }
    if is_eviction(by, new, old) {
        return format!("You evicted {name}.");
    }
    match waiting_reason(new) {
        Some(reason) => format!("{name} waits: {reason}."),
        None => format!("{} changed {name}{ending}", subject(by)),
    }
}

/// What woke the actor, as a clause.
fn trigger(notes: &[Note], revision: Revision, about: &ObjectRef) -> Option<String> {
    let note = notes.iter().rev().find(|n| matches!(&n.what, What::Write { revision: r, .. } if *r == revision))?;
    let What::Write { verb, target, object, old, by, .. } = &note.what else { return None };
    if target == about && *verb != Verb::Deleted {
        return None;
    }
    let name = &target.name;
    Some(match (verb, object, old) {
        (Verb::Deleted, Object::Pod(_), _) => format!("the object of {name} was gone"),
        (Verb::Updated, Object::Pod(new), Some(Object::Pod(old))) if new.is_ready() && !old.is_ready() => {
            format!("{name} became Ready")
        }
        (Verb::Updated, Object::Pod(new), Some(Object::Pod(old))) if is_eviction(by, new, old) => {
            format!("you evicted {target}")
        }
        (Verb::Created, _, _) if *by == Actor::User => format!("you created {target}"),
        (Verb::Updated, _, _) if *by == Actor::User => format!("you changed {target}"),
        (Verb::Created, _, _) => format!("{target} was created"),
        (Verb::MarkedForDeletion, _, _) => format!("{target} was to be deleted"),
        (Verb::Deleted, _, _) => format!("{target} was deleted"),
        (Verb::Updated, _, _) => format!("{target} had changed"),
    })
}

/// The command of a person, as the end of the chain.
pub(crate) fn command_link(notes: &[Note], commands: &[Stamped], number: u32) -> Option<Link> {
    notes.iter().find_map(|note| match &note.what {
        What::Command { number: n, .. } if *n == number => Some(Link {
            at: note.at,
            by: Actor::User,
            verb: Verb::Updated,
            target: ObjectRef::new(Kind::Namespace, "", ""),
            uid: Uid(0),
            sentence: format!("You: {}", said(commands, number as usize)),
        }),
        _ => None,
    })
}

/// What made a kubelet report a pod as ready again that the control plane had set to not Ready: its machine reports
/// again. The write of its node that says so, and the write that is taken back. The kubelet itself names what it was
/// told of the pod long before.
pub(crate) fn again<'n>(note: &Note, notes: &'n [Note]) -> Option<(&'n Note, &'n Note)> {
    let What::Write { by: Actor::Kubelet(node), target, object: Object::Pod(pod), .. } = &note.what else {
        return None;
    };
    let before = last_telling(note, target, notes).filter(|_| pod.is_ready())?;
    let What::Write { by: Actor::Controller(_), object: Object::Pod(lost), old: Some(Object::Pod(old)), .. } =
        &before.what
    else {
        return None;
    };
    let object = ObjectRef::new(Kind::Node, "", node.clone());
    let reported = last_telling_where(note, &object, notes, |n| readiness(n) == Some(true))?;
    (old.is_ready() && !lost.is_ready() && revision(before) < revision(reported)).then_some((reported, before))
}

/// The command behind a node that is considered lost, or reports again: what was done to its machine since it was
/// the other way.
pub(crate) fn fault(note: &Note, notes: &[Note]) -> Option<u32> {
    let What::Write { target, .. } = &note.what else { return None };
    let ready = readiness(note)?;
    let until = notes.iter().position(|n| std::ptr::eq(n, note))?;
    let fits = |change: MachineChange| {
        use MachineChange::*;
        matches!(change, Healed | PoweredOn | KubeletStarted) == ready
    };
    let since = notes[..until].iter().rposition(|n| readiness(n).is_some() && is_write_to(n, target)).unwrap_or(0);
    let machine = notes[since..until]
        .iter()
        .rposition(|n| matches!(&n.what, What::Machine { node, change } if *node == target.name && fits(*change)))?;
    let at = notes[since + machine].at;
    notes[..since + machine].iter().rev().take_while(|n| n.at == at).find_map(|n| match &n.what {
        What::Command { number, .. } => Some(*number),
        _ => None,
    })
}

/// What a write made of a node's readiness, if it changed it.
pub(crate) fn readiness(note: &Note) -> Option<bool> {
    match &note.what {
        What::Write { verb: Verb::Updated, object: Object::Node(new), old: Some(Object::Node(old)), .. } => {
            (new.is_ready() != old.is_ready()).then(|| new.is_ready())
        }
        _ => None,
    }
}

fn is_write_to(note: &Note, about: &ObjectRef) -> bool {
    matches!(&note.what, What::Write { target, .. } if target == about)
}

fn revision(note: &Note) -> Option<Revision> {
    match &note.what {
        What::Write { revision, .. } => Some(*revision),
        _ => None,
    }
}

fn last_telling<'n>(note: &Note, target: &ObjectRef, notes: &'n [Note]) -> Option<&'n Note> {
    last_telling_where(note, target, notes, |_| true)
}

/// The last telling write to an object before a write.
fn last_telling_where<'n>(
    note: &Note,
    target: &ObjectRef,
    notes: &'n [Note],
    fits: impl Fn(&Note) -> bool,
) -> Option<&'n Note> {
    let earlier = |n: &&Note| revision(n).is_some_and(|r| Some(r) < revision(note));
    notes.iter().rev().filter(earlier).find(|n| is_write_to(n, target) && is_telling(n) && fits(n))
}

/// What a write without a written cause followed from: the last telling write to the same object before it, or to the
/// node that it is about.
pub(crate) fn before<'n>(note: &Note, notes: &'n [Note]) -> Option<&'n Note> {
    let What::Write { by, target, object, .. } = &note.what else { return None };
    if let (Object::Pod(pod), Actor::Controller(_)) = (object, by)
        && !pod.spec.node_name.is_empty()
    {
        let node = ObjectRef::new(Kind::Node, "", pod.spec.node_name.clone());
        if let Some(recent) = last_telling(note, &node, notes) {
            return Some(recent);
        }
    }
    last_telling(note, target, notes)
}

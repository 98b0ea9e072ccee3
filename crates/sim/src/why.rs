//! Sentences that a person would say: why an object is as it is, link by link.

use crate::api::watch::{Actor, Cause};
use crate::controllers::ControllerId;
use crate::note::{Note, Verb, What};
use crate::recording::{Stamped, said};
use crate::timeline::Link;
use petri_objects::*;

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
            new.is_ready() != old.is_ready() || new.spec.taints.len() != old.spec.taints.len()
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
        (Verb::Updated, Object::Node(node)) => {
            if node.is_ready() {
                format!("{name} reports that it is ready.")
            } else if matches!(old, Some(Object::Node(old)) if old.is_ready()) {
                format!("node-controller holds {name} to be lost: its kubelet stopped posting node status.")
            } else {
                format!("{} changed the taints of {name}.", subject(by))
            }
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

/// What a write without a written cause followed from: the last telling write to the same object before it, or the
/// fault on the machine that it is about.
pub(crate) fn before<'n>(note: &Note, notes: &'n [Note]) -> Option<&'n Note> {
    let What::Write { target, revision, object, .. } = &note.what else { return None };
    let earlier = |n: &&Note| matches!(&n.what, What::Write { revision: r, .. } if r < revision);
    let node = match object {
        Object::Pod(pod) if matches!(&note.what, What::Write { by: Actor::Controller(_), .. }) => {
            Some(pod.spec.node_name.clone())
        }
        _ => None,
    };
    if let Some(node) = node.filter(|node| !node.is_empty()) {
        let about_node = |n: &&Note| {
            matches!(&n.what, What::Write { target, .. } if target.kind == Kind::Node && target.name == node)
                && is_telling(n)
        };
        let recent = notes.iter().rev().filter(earlier).find(about_node);
        if recent.is_some() {
            return recent;
        }
    }
    notes
        .iter()
        .rev()
        .filter(earlier)
        .find(|n| matches!(&n.what, What::Write { target: t, .. } if t == target) && is_telling(n))
}

//! What a client may ask the API server, and what it answers.

use super::shelf::Key;
use crate::words::actor::{Actor, Cause};
use crate::words::api_error::ApiError;
use crate::words::command::Propagation;
use petri_objects::*;
use std::rc::Rc;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// A live read, past the caches.
    Get(ObjectRef),
    Create(Object),
    /// Replaces all but the status. A non-zero `resourceVersion` must be the stored one.
    Update(Object),
    /// Replaces the status alone.
    UpdateStatus(Object),
    Patch {
        target: ObjectRef,
        uid: Option<Uid>,
        patch: Patch,
    },
    Delete {
        target: ObjectRef,
        options: DeleteOptions,
    },
    /// Binds a pod to a node: the `binding` subresource.
    Bind {
        pod: Key,
        uid: Uid,
        node: Name,
    },
    /// Asks for a pod to be evicted, if its budget allows: the `eviction` subresource.
    Evict {
        pod: Key,
        grace_seconds: Option<i64>,
    },
}

/// Who writes, when, and what led to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WriteContext {
    pub now: Time,
    pub by: Actor,
    pub cause: Cause,
}

/// The patches that controllers and kubelets send, by their meaning.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Patch {
    /// A JSON merge patch, as users write it; with `status` it goes to the status subresource.
    Merge { value: Value, status: bool },
    /// Adds or replaces one owner reference.
    AddOwner(OwnerReference),
    /// Removes the owner references to these uids.
    RemoveOwners(Vec<Uid>),
    /// Removes one finalizer.
    RemoveFinalizer(Name),
    /// Sets one condition of a pod, and its phase.
    PodCondition { condition: Condition, phase: Option<Phase> },
    /// The status that a kubelet computed: conditions that are not the kubelet's own stay.
    PodStatus(Rc<PodStatus>),
    /// Sets the node that the scheduler expects to use.
    NominatedNode(Name),
    /// Adds (or replaces) and removes taints of a node, by key and effect.
    Taints { add: Vec<Taint>, remove: Vec<Taint> },
    /// Sets annotations.
    Annotate(Vec<(Name, Name)>),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DeleteOptions {
    pub grace_seconds: Option<i64>,
    pub uid: Option<Uid>,
    pub resource_version: Option<Revision>,
    /// What is to become of the dependents; a person's client always says, most controllers leave it open.
    pub propagation: Option<Propagation>,
}

pub type Reply = Result<Object, ApiError>;

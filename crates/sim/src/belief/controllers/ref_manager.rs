//! A controller owns what carries its reference: it adopts matching orphans and releases what no longer matches.
//!
//! Upstream: `pkg/controller/controller_ref_manager.go`.

use super::util::controller_ref;
use crate::belief::api::request::Patch;
use crate::belief::api::shelf::Objects;
use crate::belief::client::call::{Api, Stop};
use crate::words::api_error::ApiError;
use petri_objects::*;
use std::rc::Rc;

/// A kind whose objects controllers claim.
pub trait Claimable {
    const KIND: Kind;
    fn meta(&self) -> &Meta;
}

impl Claimable for Pod {
    const KIND: Kind = Kind::Pod;
    fn meta(&self) -> &Meta {
        &self.metadata
    }
}
impl Claimable for ReplicaSet {
    const KIND: Kind = Kind::ReplicaSet;
    fn meta(&self) -> &Meta {
        &self.metadata
    }
}
impl Claimable for ControllerRevision {
    const KIND: Kind = Kind::ControllerRevision;
    fn meta(&self) -> &Meta {
        &self.metadata
    }
}

/// The pods that a controller may claim: its own and the orphans of its namespace, in name order.
///
/// Upstream: `FilterPodsByOwner`.
pub fn pods_by_owner(objects: &Objects, owner: &Meta) -> Vec<Rc<Pod>> {
    objects
        .pods
        .in_namespace(&owner.namespace)
        .filter(|pod| pod.metadata.controller().is_none_or(|controller| controller.uid == owner.uid))
        .cloned()
        .collect()
}

/// What the owner claims of the candidates: keeps what is its own and matches, adopts matching orphans, releases what
/// is its own and matches no longer. The result has the candidates as the cache has them, in their order.
///
/// # Errors
/// The first refusal of the API server, after all candidates were tried. An object that has just vanished, or does not
/// let itself be released, is no error.
///
/// Upstream: `ClaimPods`, `ClaimReplicaSets`.
pub fn claim<T: Claimable, M>(
    owner: &Object,
    selector: &LabelSelector,
    extra_filter: impl Fn(&T) -> bool,
    candidates: impl IntoIterator<Item = Rc<T>>,
    api: &mut Api<'_, M>,
) -> Result<Vec<Rc<T>>, Stop> {
    let mut claim = Claim { owner, adoption: None, api };
    let mut claimed = Vec::new();
    let mut refused = None;
    for candidate in candidates {
        let matches = selector.matches(&candidate.meta().labels) && extra_filter(&candidate);
        match claim.object::<T>(candidate.meta(), matches) {
            Ok(true) => claimed.push(candidate),
            Ok(false) => {}
            Err(Stop::Awaiting) => return Err(Stop::Awaiting),
            Err(Stop::Failed(error)) => refused = refused.or(Some(error)),
        }
    }
    match refused {
        Some(error) => Err(Stop::Failed(error)),
        None => Ok(claimed),
    }
}

/// [`claim`] for pods.
///
/// # Errors
/// As [`claim`].
pub fn claim_pods<M>(
    owner: &Object,
    selector: &LabelSelector,
    extra_filter: impl Fn(&Pod) -> bool,
    candidates: impl IntoIterator<Item = Rc<Pod>>,
    api: &mut Api<'_, M>,
) -> Result<Vec<Rc<Pod>>, Stop> {
    claim(owner, selector, extra_filter, candidates, api)
}

struct Claim<'a, 'w, M> {
    owner: &'a Object,
    /// Whether the owner may adopt, once that has been asked: the live owner is read before the first adoption only.
    adoption: Option<Result<(), ApiError>>,
    api: &'a mut Api<'w, M>,
}

impl<M> Claim<'_, '_, M> {
    /// Upstream: `ClaimObject`.
    fn object<T: Claimable>(&mut self, object: &Meta, matches: bool) -> Result<bool, Stop> {
        let owner = self.owner.meta();
        if let Some(controller) = object.controller() {
            if controller.uid != owner.uid {
                return Ok(false);
            }
            if matches {
                return Ok(true);
            }
            if !owner.is_terminating() {
                self.release::<T>(object)?;
            }
            return Ok(false);
        }
        if owner.is_terminating() || !matches || object.is_terminating() || object.namespace != owner.namespace {
            return Ok(false);
        }
        self.adopt::<T>(object)
    }

    fn adopt<T: Claimable>(&mut self, object: &Meta) -> Result<bool, Stop> {
        if let Err(error) = self.can_adopt()? {
            let message = format!(
                "can't adopt {} {}/{} ({}): {error}",
                T::KIND.name(),
                object.namespace,
                object.name,
                object.uid
            );
            return Err(Stop::Failed(ApiError::Internal(message.into())));
        }
        let target = ObjectRef::new(T::KIND, object.namespace.clone(), object.name.clone());
        match self.api.patch(target, Some(object.uid), Patch::AddOwner(controller_ref(self.owner)))? {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(Stop::Failed(error)),
        }
    }

    fn release<T: Claimable>(&mut self, object: &Meta) -> Result<(), Stop> {
        let target = ObjectRef::new(T::KIND, object.namespace.clone(), object.name.clone());
        let patch = Patch::RemoveOwners(vec![self.owner.meta().uid]);
        match self.api.patch(target, Some(object.uid), patch)? {
            // Gone, or of another uid by now: it is not ours any more either way.
            Err(error) if !error.is_not_found() && !matches!(error, ApiError::Invalid { .. }) => {
                Err(Stop::Failed(error))
            }
            _ => Ok(()),
        }
    }

    /// Reads the owner past the cache, so that an owner that is being deleted does not take orphans with it.
    ///
    /// Upstream: `RecheckDeletionTimestamp` and the `canAdopt` functions of the controllers.
    fn can_adopt(&mut self) -> Result<Result<(), ApiError>, Stop> {
        if let Some(known) = &self.adoption {
            return Ok(known.clone());
        }
        let (kind, owner) = (self.owner.kind(), self.owner.meta());
        let verdict = match self.api.get(self.owner.reference())? {
            Err(error) => Err(error),
            Ok(fresh) if fresh.meta().uid != owner.uid => Err(ApiError::Internal(
                format!(
                    "original {} {}/{} is gone: got uid {}, wanted {}",
                    kind.name(),
                    owner.namespace,
                    owner.name,
                    fresh.meta().uid,
                    owner.uid
                )
                .into(),
            )),
            Ok(fresh) if fresh.meta().is_terminating() => Err(ApiError::Internal(
                format!(
                    "{}/{} has just been deleted at {}",
                    owner.namespace,
                    owner.name,
                    fresh.meta().deletion_timestamp.rfc3339()
                )
                .into(),
            )),
            Ok(_) => Ok(()),
        };
        self.adoption = Some(verdict.clone());
        Ok(verdict)
    }
}

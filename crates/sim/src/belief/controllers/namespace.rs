//! A namespace that is being deleted is emptied, pods first, and goes when nothing is left in it.
//!
//! Upstream: `pkg/controller/namespace`.
//!
//! Deviation: content is listed from the cache and deleted one by one; upstream lists live and deletes by collection,
//! in an order of kinds that differs from run to run.

use super::util::set_condition;
use crate::belief::api::request::Patch;
use crate::belief::api::shelf::{Key, Objects};
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Done, Outcome, Stop};
use crate::belief::client::informer::Enqueue;
use crate::ground::clock::Span;
use crate::words::reason::Reason;
use petri_objects::*;
use std::collections::BTreeMap;

/// How long every look at a namespace is put off, so that all API servers know that it is being deleted.
///
/// Upstream: `namespaceDeletionGracePeriod`.
const GRACE: Span = Span::seconds(5);

/// What is assumed about finalizers, in seconds.
///
/// Upstream: `finalizerEstimateSeconds`.
const FINALIZER_ESTIMATE_SECONDS: i64 = 15;

/// The kinds that are deleted once the pods are gone.
const AFTER_PODS: &[Kind] = &[
    Kind::PersistentVolumeClaim,
    Kind::PodDisruptionBudget,
    Kind::StatefulSet,
    Kind::ControllerRevision,
    Kind::Service,
    Kind::EndpointSlice,
    Kind::ReplicaSet,
    Kind::Deployment,
    Kind::DaemonSet,
    Kind::ConfigMap,
    Kind::ServiceAccount,
    Kind::ResourceQuota,
    Kind::Lease,
    Kind::Event,
];

/// Upstream: `enqueueNamespace`.
pub fn enqueue(change: &Change, keys: &mut Enqueue<'_>) {
    if let Some(Object::Namespace(namespace)) = &change.new
        && namespace.metadata.is_terminating()
    {
        keys.add_after(Key::of(&namespace.metadata), GRACE);
    }
}

/// What a pass over the content has left.
#[derive(Default)]
struct Remaining {
    left: u32,
    by_kind: BTreeMap<String, u32>,
    finalizers: BTreeMap<Name, u32>,
    /// How long the rest may take, in seconds.
    estimate: i64,
}

/// Upstream: `syncNamespaceFromKey`, `namespacedResourcesDeleter.Delete`.
pub fn sync(key: &Key, api: &mut Api<'_>) -> Outcome {
    let cache = api.cache();
    let Some(namespace) = cache.namespaces.get(key) else { return Ok(Done::settled()) };
    if !namespace.metadata.is_terminating() || namespace.spec.finalizers.is_empty() {
        return Ok(Done::settled());
    }
    let name = &namespace.metadata.name;
    let mut remaining = Remaining::default();
    delete_all(Kind::Pod, name, &cache, &mut remaining, api)?;
    if remaining.left > 0 {
        // Nothing that pods may still need on their way out is taken from them. What is left is not told yet either.
        update_status(namespace, &Remaining::default(), api)?;
        return Ok(come_back(&remaining));
    }
    let kept = cache.kinds().filter(|kind| kind.is_kept() && kind.is_namespaced());
    for kind in AFTER_PODS.iter().copied().chain(kept) {
        delete_all(kind, name, &cache, &mut remaining, api)?;
    }
    update_status(namespace, &remaining, api)?;
    if remaining.left > 0 {
        return Ok(come_back(&remaining));
    }
    let target = ObjectRef::new(Kind::Namespace, "", name.clone());
    match api.patch(target, Some(namespace.metadata.uid), Patch::RemoveFinalizer("kubernetes".into()))? {
        Err(error) if !error.is_not_found() => Err(Stop::Failed(error)),
        _ => Ok(Done::settled()),
    }
}

fn come_back(remaining: &Remaining) -> Done {
    let seconds = remaining.estimate / 2 + 1;
    Done::waiting(Reason::NamespaceNotEmpty { left: remaining.left }).or_after(Some(Span::seconds(seconds as u64)))
}

/// Upstream: `deleteAllContentForGroupVersionResource`.
fn delete_all(
    kind: Kind,
    namespace: &str,
    cache: &Objects,
    remaining: &mut Remaining,
    api: &mut Api<'_>,
) -> Result<(), Stop> {
    let mut refused = None;
    for object in cache.list(kind).into_iter().filter(|object| &*object.meta().namespace == namespace) {
        let reply = match api.delete(object.reference())? {
            Ok(reply) => reply,
            Err(error) => {
                if !error.is_not_found() {
                    refused = refused.or(Some(error));
                }
                continue;
            }
        };
        let Some(estimate) = seconds_left(&reply) else { continue };
        remaining.left += 1;
        remaining.estimate = remaining.estimate.max(estimate);
        *remaining.by_kind.entry(resource(kind)).or_default() += 1;
        for finalizer in &reply.meta().finalizers {
            *remaining.finalizers.entry(finalizer.clone()).or_default() += 1;
        }
    }
    refused.map_or(Ok(()), |error| Err(Stop::Failed(error)))
}

/// How long an object may stay after its deletion was asked for, in seconds; `None` if it is gone already.
///
/// Upstream: `estimateGracefulTermination`.
fn seconds_left(deleted: &Object) -> Option<i64> {
    let meta = deleted.meta();
    if !meta.is_terminating() {
        return None;
    }
    match deleted {
        Object::Pod(pod) if pod.is_scheduled() && !pod.phase().is_terminal() => {
            Some(pod.spec.termination_grace_period_seconds.unwrap_or(30).max(1))
        }
        _ if !meta.finalizers.is_empty() => Some(FINALIZER_ESTIMATE_SECONDS),
        _ => None,
    }
}

/// `persistentvolumeclaims.`, `statefulsets.apps`: upstream joins resource and group with a dot even if there is none.
fn resource(kind: Kind) -> String {
    format!("{}.{}", kind.plural(), kind.group())
}

/// Writes how far the deletion has come.
///
/// Upstream: `namespaceConditionUpdater`.
fn update_status(namespace: &Namespace, remaining: &Remaining, api: &mut Api<'_>) -> Result<(), Stop> {
    let list = |counts: Vec<String>| counts.join(", ");
    let content = list(remaining.by_kind.iter().map(|(k, n)| format!("{k} has {n} resource instances")).collect());
    let finalizers = list(remaining.finalizers.iter().map(|(f, n)| format!("{f} in {n} resource instances")).collect());
    let table = [
        (
            "NamespaceDeletionDiscoveryFailure",
            false,
            "ResourcesDiscovered",
            "All resources successfully discovered".into(),
        ),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            false,
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed".into(),
        ),
        (
            "NamespaceDeletionContentFailure",
            false,
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization".into(),
        ),
        match content.is_empty() {
            true => ("NamespaceContentRemaining", false, "ContentRemoved", "All content successfully removed".into()),
            false => {
                let message = format!("Some resources are remaining: {content}");
                ("NamespaceContentRemaining", true, "SomeResourcesRemain", message)
            }
        },
        match finalizers.is_empty() {
            true => {
                let message = "All content-preserving finalizers finished".into();
                ("NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers", message)
            }
            false => {
                let message = format!("Some content in the namespace has finalizers remaining: {finalizers}");
                ("NamespaceFinalizersRemaining", true, "SomeFinalizersRemain", message)
            }
        },
    ];
    let mut updated = namespace.clone();
    for (kind, holds, reason, message) in table {
        let condition = Condition {
            kind: kind.into(),
            status: if holds { "True" } else { "False" }.into(),
            reason: reason.into(),
            message: message.into(),
            last_transition_time: api.now.whole_seconds(),
            ..Condition::default()
        };
        let said = petri_objects::condition(&updated.status.conditions, kind)
            .is_some_and(|old| old.status == condition.status && old.message != condition.message);
        match updated.status.conditions.iter_mut().find(|old| &*old.kind == kind).filter(|_| said) {
            Some(old) => old.message = condition.message,
            None => set_condition(&mut updated.status.conditions, condition),
        }
    }
    updated.status.phase = "Terminating".into();
    if updated.status != namespace.status {
        api.update_status(updated)??;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::belief::controllers::testing::{Bench, NOW, agree, meta, ready_pod};

    fn terminating(name: &str) -> Namespace {
        Namespace {
            metadata: Meta { namespace: "".into(), deletion_timestamp: NOW, ..meta(name, 1) },
            spec: NamespaceSpec { finalizers: vec!["kubernetes".into()] },
            status: NamespaceStatus { phase: "Terminating".into(), ..NamespaceStatus::default() },
        }
    }
    fn content(name: &str) -> Object {
        ConfigMap { metadata: meta(name, 30), ..ConfigMap::default() }.into()
    }

    #[test]
    fn pods_go_first_and_everything_else_waits_for_them() {
        let mut pod = ready_pod("web-0", 10, "web", None);
        std::rc::Rc::make_mut(&mut pod.spec).termination_grace_period_seconds = Some(10);
        let mut elsewhere = ready_pod("far", 11, "web", None);
        elsewhere.metadata.namespace = "other".into();
        let objects = [terminating("default").into(), pod.clone().into(), elsewhere.into(), content("settings")];
        let mut bench = Bench::new(objects);
        let mut yes = agree(&bench.cache.clone());
        let run = bench.sync(sync, &Key::new("", "default"), |request| {
            let mut reply = yes(request)?;
            if reply.kind() == Kind::Pod {
                reply.meta_mut().deletion_timestamp = NOW + Span::seconds(10);
            }
            Ok(reply)
        });
        assert_eq!(run.requests(), ["delete pod/web-0", "status namespace/default"]);
        assert_eq!(run.done().waiting, Some(Reason::NamespaceNotEmpty { left: 1 }));
        assert_eq!(run.done().after, Some(Span::seconds(6)), "half of the grace, and a second");
    }

    #[test]
    fn an_empty_namespace_loses_its_finalizer() {
        let mut bench = Bench::new([terminating("default").into(), content("settings")]);
        let run = bench.sync(sync, &Key::new("", "default"), agree(&bench.cache.clone()));
        assert_eq!(
            run.requests(),
            [
                "delete configmap/settings",
                "status namespace/default",
                "patch namespace/default remove-finalizer kubernetes"
            ]
        );
    }

    #[test]
    fn what_holds_on_to_a_finalizer_is_named() {
        let mut claim = PersistentVolumeClaim { metadata: meta("data", 20), ..Default::default() };
        claim.metadata.finalizers.push("kubernetes.io/pvc-protection".into());
        claim.metadata.deletion_timestamp = NOW;
        let mut bench = Bench::new([terminating("default").into(), claim.into()]);
        let run = bench.sync(sync, &Key::new("", "default"), agree(&bench.cache.clone()));
        let status = run.sent::<Namespace>()[0].status.clone();
        let messages: Vec<&str> = status.conditions.iter().skip(3).map(|c| &*c.message).collect();
        assert_eq!(
            messages,
            [
                "Some resources are remaining: persistentvolumeclaims. has 1 resource instances",
                "Some content in the namespace has finalizers remaining: kubernetes.io/pvc-protection in 1 resource instances"
            ]
        );
        assert_eq!(run.done().after, Some(Span::seconds(8)));
    }

    #[test]
    fn a_deletion_is_looked_at_after_five_seconds() {
        let mut bench = Bench::default();
        let namespace = Object::from(terminating("gone"));
        assert_eq!(bench.enqueue(enqueue, None, Some(namespace.clone())), [(Key::new("", "gone"), GRACE)]);
        assert_eq!(bench.enqueue(enqueue, Some(namespace), None), []);
    }
}

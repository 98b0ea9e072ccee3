//! An object whose owners are all gone is deleted: children first, children too, or children spared, as the deletion of
//! the owner asked for.
//!
//! Upstream: `pkg/controller/garbagecollector`.
//!
//! Deviation: no graph is kept. Dependents are found in the cache when an owner goes, and only for kinds that own
//! things in practice: an Event, a Lease, an EndpointSlice, a ControllerRevision, a volume, a claim or an attachment is
//! taken to own nothing; a Pod to own only ConfigMaps, Services and the claims that it uses.
//!
//! Deviation: owners that block each other in a circle are not told apart; in the foreground they wait for ever.

use crate::belief::api::custom;
use crate::belief::api::request::{DeleteOptions, Patch};
use crate::belief::api::server::{FOREGROUND, ORPHAN};
use crate::belief::api::shelf::{Key, Objects, Shelf, Stored};
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Done, Outcome, Stop};
use crate::belief::client::informer::Enqueue;
use crate::ground::clock::Span;
use crate::words::api_error::ApiError;
use crate::words::command::Propagation;
use crate::words::reason::Reason;
use petri_objects::*;
use std::rc::Rc;

/// What it takes to find out that an owner which nobody knows does not exist: a round through the queue for the owner
/// itself, then one for what it would own. Meanwhile the scheduler has placed a pod.
const LOOK_UP: Span = Span::millis(10);

/// An object's key in the collector's queue, where objects of all kinds wait: `pod/web-0`.
fn key(target: &ObjectRef) -> Key {
    let text = match target.kind {
        Kind::Kept(_) => format!("{}/{}", target.kind.word(), target.name),
        _ => target.to_string(),
    };
    Key::new(target.namespace.clone(), text)
}

fn target(key: &Key) -> Option<ObjectRef> {
    let (kind, name) = key.name.split_once('/')?;
    let kind = Kind::from_word(kind).or_else(|| Kind::from_resource(kind))?;
    Some(ObjectRef::new(kind, key.namespace.clone(), name))
}

/// An owner that went wakes its dependents, a dependent that went wakes an owner that waits for it, and an object that
/// names an owner that is not there, or is going, wakes itself.
///
/// Upstream: `processGraphChanges`.
pub fn enqueue(change: &Change, keys: &mut Enqueue<'_>) {
    let object = change.object();
    if object.kind() == Kind::Event {
        return;
    }
    let old = change.old.as_ref().map(Object::meta);
    let Some(new) = change.new.as_ref().map(Object::meta) else {
        dependents(object, keys.cache).iter().for_each(|dependent| keys.add(key(&dependent.reference())));
        wake_waiting_owners(object.kind(), object.meta(), keys);
        return;
    };
    let owners_changed = old.is_none_or(|old| old.owner_references != new.owner_references);
    if owners_changed && !new.owner_references.is_empty() {
        let in_doubt = |owner: &OwnerReference| match find_owner(object.kind(), new, owner, keys.cache) {
            Owner::Unknown => false,
            Owner::Found(owner) => deletes_dependents(owner.meta()),
            Owner::Absent | Owner::Impossible => true,
        };
        if new.owner_references.iter().any(in_doubt) {
            keys.add_after(key(&object.reference()), LOOK_UP);
        }
    }
    if let Some(old) = old.filter(|_| owners_changed) {
        wake_waiting_owners(object.kind(), old, keys);
    }
    if deletes_dependents(new) && !old.is_some_and(deletes_dependents) {
        dependents(object, keys.cache).iter().for_each(|dependent| keys.add(key(&dependent.reference())));
        keys.add(key(&object.reference()));
    }
    if orphans_dependents(new) && !old.is_some_and(orphans_dependents) {
        keys.add(key(&object.reference()));
    }
}

fn wake_waiting_owners(kind: Kind, dependent: &Meta, keys: &mut Enqueue<'_>) {
    for owner in &dependent.owner_references {
        if let Owner::Found(owner) = find_owner(kind, dependent, owner, keys.cache)
            && deletes_dependents(owner.meta())
        {
            keys.add(key(&owner.reference()));
        }
    }
}

/// Whether the object is being deleted and waits for its dependents to go first.
fn deletes_dependents(meta: &Meta) -> bool {
    meta.is_terminating() && meta.has_finalizer(FOREGROUND)
}

/// Whether the object is being deleted and its dependents are to be spared.
fn orphans_dependents(meta: &Meta) -> bool {
    meta.is_terminating() && meta.has_finalizer(ORPHAN)
}

/// What an owner reference leads to.
enum Owner {
    Found(Object),
    /// Nothing has that name, or it has another uid.
    Absent,
    /// A kind that is not simulated: nothing can be said.
    Unknown,
    /// An object of the whole cluster names an owner in a namespace, but not in which.
    Impossible,
}

fn find_owner(kind: Kind, dependent: &Meta, owner: &OwnerReference, cache: &Objects) -> Owner {
    match owner_target(kind, dependent, owner, cache) {
        Ok(target) => match cache.get(&target).filter(|found| found.meta().uid == owner.uid) {
            Some(found) => Owner::Found(found),
            None => Owner::Absent,
        },
        Err(owner) => owner,
    }
}

/// Owners live in the namespace of their dependents, or in none.
fn owner_target(kind: Kind, dependent: &Meta, owner: &OwnerReference, cache: &Objects) -> Result<ObjectRef, Owner> {
    let known = Kind::from_api(&owner.api_version, &owner.kind);
    let Some(owner_kind) = known.or_else(|| custom::from_api(cache, &owner.api_version, &owner.kind)) else {
        return Err(Owner::Unknown);
    };
    match (owner_kind.is_namespaced(), kind.is_namespaced()) {
        (true, false) => Err(Owner::Impossible),
        (true, true) => Ok(ObjectRef::new(owner_kind, dependent.namespace.clone(), owner.name.clone())),
        (false, _) => Ok(ObjectRef::new(owner_kind, "", owner.name.clone())),
    }
}

/// The objects that name this one as an owner.
fn dependents(owner: &Object, cache: &Objects) -> Vec<Object> {
    let (meta, mut found) = (owner.meta(), Found { uid: owner.meta().uid, objects: Vec::new() });
    match owner {
        Object::Event(_)
        | Object::Lease(_)
        | Object::EndpointSlice(_)
        | Object::ControllerRevision(_)
        | Object::VolumeAttachment(_)
        | Object::PersistentVolumeClaim(_)
        | Object::PersistentVolume(_) => {}
        Object::Pod(pod) => {
            let claims = pod.claims().map(|claim| Key::new(meta.namespace.clone(), claim.clone()));
            found.take(claims.filter_map(|key| cache.claims.get(&key)));
            found.in_namespace(&cache.config_maps, &meta.namespace);
            found.in_namespace(&cache.services, &meta.namespace);
            found.kept(cache, &meta.namespace);
        }
        _ if owner.kind().is_namespaced() => {
            found.in_namespace(&cache.pods, &meta.namespace);
            found.in_namespace(&cache.replica_sets, &meta.namespace);
            found.in_namespace(&cache.revisions, &meta.namespace);
            found.in_namespace(&cache.claims, &meta.namespace);
            found.in_namespace(&cache.endpoint_slices, &meta.namespace);
            found.in_namespace(&cache.config_maps, &meta.namespace);
            found.in_namespace(&cache.services, &meta.namespace);
            found.in_namespace(&cache.stateful_sets, &meta.namespace);
            found.in_namespace(&cache.deployments, &meta.namespace);
            found.in_namespace(&cache.daemon_sets, &meta.namespace);
            found.in_namespace(&cache.budgets, &meta.namespace);
            found.in_namespace(&cache.leases, &meta.namespace);
            found.kept(cache, &meta.namespace);
        }
        _ => {
            let kinds = cache.kinds().filter(|kind| *kind != Kind::Event);
            let owned = kinds.flat_map(|kind| cache.list(kind)).filter(|object| is_owned(object, meta.uid));
            found.objects.extend(owned);
        }
    }
    found.objects
}

fn is_owned(object: &Object, uid: Uid) -> bool {
    object.meta().owner_references.iter().any(|owner| owner.uid == uid)
}

struct Found {
    uid: Uid,
    objects: Vec<Object>,
}

impl Found {
    fn take<'a, T: 'a>(&mut self, objects: impl Iterator<Item = &'a Rc<T>>)
    where
        Object: From<Rc<T>>,
    {
        let uid = self.uid;
        self.objects.extend(objects.cloned().map(Object::from).filter(|object| is_owned(object, uid)));
    }
    fn in_namespace<T: Stored>(&mut self, shelf: &Shelf<T>, namespace: &str)
    where
        Object: From<Rc<T>>,
    {
        self.take(shelf.in_namespace(namespace));
    }
    fn kept(&mut self, cache: &Objects, namespace: &str) {
        let uid = self.uid;
        let all = cache.kinds().filter(|kind| kind.is_kept()).flat_map(|kind| cache.list(kind));
        self.objects.extend(all.filter(|object| &*object.meta().namespace == namespace && is_owned(object, uid)));
    }
}

/// Upstream: `attemptToDeleteItem`, and `orphanDependents` for an owner that spares its dependents.
pub fn sync(key: &Key, api: &mut Api<'_>) -> Outcome {
    let Some(target) = target(key) else { return Ok(Done::settled()) };
    let Some(item) = api.cache().get(&target) else { return Ok(Done::settled()) };
    if orphans_dependents(item.meta()) {
        return orphan_dependents(&item, api);
    }
    if item.meta().is_terminating() && !deletes_dependents(item.meta()) {
        return Ok(Done::settled());
    }
    let latest = match api.get(target.clone())? {
        Ok(latest) if latest.meta().uid == item.meta().uid => latest,
        Err(error) if !error.is_not_found() => return Err(Stop::Failed(error)),
        _ => return Ok(Done::settled()),
    };
    if deletes_dependents(item.meta()) {
        return process_deleting_dependents(&item, api);
    }
    let Some(owners) = classify_owners(&latest, api)? else { return Ok(Done::settled()) };
    if latest.meta().owner_references.is_empty() || (owners.solid > 0 && owners.useless() == 0) {
        return Ok(Done::settled());
    }
    if owners.solid > 0 {
        // The object lives on with the owners that it has; the others would keep a foreground deletion waiting.
        let useless = owners.dangling.iter().chain(&owners.waiting).copied().collect();
        return ignoring_not_found(api.patch(target, Some(item.meta().uid), Patch::RemoveOwners(useless))?);
    }
    let propagation = if !owners.waiting.is_empty() && !dependents(&item, &api.cache()).is_empty() {
        Propagation::Foreground
    } else if latest.meta().has_finalizer(ORPHAN) {
        Propagation::Orphan
    } else if latest.meta().has_finalizer(FOREGROUND) {
        Propagation::Foreground
    } else {
        Propagation::Background
    };
    let options = DeleteOptions {
        uid: Some(latest.meta().uid),
        resource_version: Some(latest.meta().resource_version),
        propagation: Some(propagation),
        ..DeleteOptions::default()
    };
    ignoring_not_found(api.delete_with(target, options)?)
}

fn ignoring_not_found(reply: Result<Object, ApiError>) -> Outcome {
    match reply {
        Err(error) if !error.is_not_found() => Err(Stop::Failed(error)),
        _ => Ok(Done::settled()),
    }
}

/// The owners of an object, by what has become of them.
#[derive(Default)]
struct Owners {
    solid: u32,
    dangling: Vec<Uid>,
    /// Owners that are being deleted and wait for this very object.
    waiting: Vec<Uid>,
}

impl Owners {
    fn useless(&self) -> usize {
        self.dangling.len() + self.waiting.len()
    }
}

/// Looks each owner up live. `None` if an owner cannot exist where it is said to be: then nothing is decided, ever.
///
/// Upstream: `classifyReferences`.
fn classify_owners(item: &Object, api: &mut Api<'_>) -> Result<Option<Owners>, Stop> {
    let mut owners = Owners::default();
    for owner in &item.meta().owner_references {
        let target = match owner_target(item.kind(), item.meta(), owner, &api.cache()) {
            Ok(target) => target,
            Err(Owner::Impossible) => {
                report_invalid_namespace(item, owner, api);
                return Ok(None);
            }
            Err(_) => {
                owners.solid += 1;
                continue;
            }
        };
        match api.get(target.clone())? {
            Ok(found) if found.meta().uid != owner.uid => owners.dangling.push(owner.uid),
            Ok(found) if deletes_dependents(found.meta()) => owners.waiting.push(owner.uid),
            Ok(_) => owners.solid += 1,
            Err(error) if error.is_not_found() => {
                let elsewhere = |object: &Object| object.meta().uid == owner.uid;
                if target.kind.is_namespaced() && api.cache().list(target.kind).iter().any(elsewhere) {
                    report_invalid_namespace(item, owner, api);
                }
                owners.dangling.push(owner.uid);
            }
            Err(error) => return Err(Stop::Failed(error)),
        }
    }
    Ok(Some(owners))
}

/// Upstream: `reportInvalidNamespaceOwnerRef`.
fn report_invalid_namespace(item: &Object, owner: &OwnerReference, api: &mut Api<'_>) {
    let namespace = &item.meta().namespace;
    let message = format!(
        "ownerRef [{}/{}, namespace: {namespace}, name: {}, uid: {}] does not exist in namespace \"{namespace}\"",
        owner.api_version, owner.kind, owner.name, owner.uid
    );
    api.warning(item, "OwnerRefInvalidNamespace", message);
}

/// Lets the owner go once nothing is left that blocks it.
///
/// Upstream: `processDeletingDependentsItem`.
fn process_deleting_dependents(owner: &Object, api: &mut Api<'_>) -> Outcome {
    let uid = owner.meta().uid;
    let blocks = |dependent: &Object| {
        let owners = &dependent.meta().owner_references;
        owners.iter().any(|owner| owner.uid == uid && owner.block_owner_deletion == Some(true))
    };
    let left = dependents(owner, &api.cache()).iter().filter(|dependent| blocks(dependent)).count() as u32;
    if left > 0 {
        return Ok(Done::waiting(Reason::WaitingForDependents { left }));
    }
    let patch = Patch::RemoveFinalizer(FOREGROUND.into());
    ignoring_not_found(api.patch(owner.reference(), Some(uid), patch)?)
}

/// Takes the owner out of all that it owns, then lets it go.
///
/// Upstream: `attemptToOrphanWorker`, `orphanDependents`.
fn orphan_dependents(owner: &Object, api: &mut Api<'_>) -> Outcome {
    let uid = owner.meta().uid;
    let mut refused = None;
    for dependent in dependents(owner, &api.cache()) {
        let patch = Patch::RemoveOwners(vec![uid]);
        match api.patch(dependent.reference(), Some(dependent.meta().uid), patch)? {
            Err(error) if !error.is_not_found() => refused = refused.or(Some(error)),
            _ => {}
        }
    }
    if let Some(error) = refused {
        return Err(Stop::Failed(error));
    }
    ignoring_not_found(api.patch(owner.reference(), Some(uid), Patch::RemoveFinalizer(ORPHAN.into()))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::belief::controllers::testing::{Bench, NOW, agree, meta, ready_pod};
    use crate::belief::controllers::util::controller_ref;

    fn replica_set(name: &str, uid: u64) -> Object {
        ReplicaSet { metadata: meta(name, uid), ..ReplicaSet::default() }.into()
    }
    fn going(mut object: Object, finalizer: &str) -> Object {
        object.meta_mut().deletion_timestamp = NOW;
        object.meta_mut().finalizers.push(finalizer.into());
        object
    }
    fn woken(bench: &mut Bench, old: Option<Object>, new: Option<Object>) -> Vec<String> {
        bench.enqueue(enqueue, old, new).into_iter().map(|(key, _)| key.to_string()).collect()
    }
    fn key_of(text: &str) -> Key {
        Key::new("default", text)
    }

    #[test]
    fn an_owner_that_went_takes_its_dependents_along_all_at_once() {
        let owner = replica_set("web", 1);
        let mut bench = Bench::new([
            ready_pod("web-a", 10, "web", Some(&owner)).into(),
            ready_pod("web-b", 11, "web", Some(&owner)).into(),
            ready_pod("other", 12, "web", None).into(),
        ]);
        assert_eq!(woken(&mut bench, Some(owner), None), ["default/pod/web-a", "default/pod/web-b"]);
        let run = bench.sync(sync, &key_of("pod/web-a"), agree(&bench.cache.clone()));
        assert_eq!(run.requests(), ["get pod/web-a", "get replicaset/web", "delete pod/web-a"]);
    }

    #[test]
    fn an_object_with_a_missing_owner_is_looked_at_when_it_appears() {
        let (live, gone) = (replica_set("live", 1), replica_set("gone", 2));
        let orphaned = Object::from(ready_pod("lost", 10, "web", Some(&gone)));
        let kept = Object::from(ready_pod("kept", 11, "web", Some(&live)));
        let mut bench = Bench::new([live, orphaned.clone(), kept.clone()]);
        assert_eq!(woken(&mut bench, None, Some(orphaned)), ["default/pod/lost"]);
        assert_eq!(woken(&mut bench, None, Some(kept)), [""; 0]);
    }

    /// C-014.
    #[test]
    fn an_owner_of_another_uid_is_no_owner() {
        let mut bench = Bench::new([replica_set("web", 1)]);
        bench.cache.put(ready_pod("web-a", 10, "web", Some(&replica_set("web", 7))).into());
        let run = bench.sync(sync, &key_of("pod/web-a"), agree(&bench.cache.clone()));
        assert_eq!(run.requests().last().map(String::as_str), Some("delete pod/web-a"));
    }

    /// C-013.
    #[test]
    fn one_solid_owner_is_enough_to_live_and_the_others_are_struck_out() {
        let (live, gone) = (replica_set("live", 1), replica_set("gone", 2));
        let mut pod = ready_pod("web-a", 10, "web", Some(&live));
        pod.metadata.owner_references.push(OwnerReference { controller: None, ..controller_ref(&gone) });
        let mut bench = Bench::new([live, pod.into()]);
        let run = bench.sync(sync, &key_of("pod/web-a"), agree(&bench.cache.clone()));
        assert_eq!(
            run.requests(),
            ["get pod/web-a", "get replicaset/live", "get replicaset/gone", "patch pod/web-a remove-owners 1"]
        );
    }

    #[test]
    fn in_the_foreground_the_owner_waits_for_its_last_dependent() {
        let owner = going(replica_set("web", 1), FOREGROUND);
        let pod = Object::from(ready_pod("web-a", 10, "web", Some(&owner)));
        let mut bench = Bench::new([owner.clone(), pod.clone()]);
        let keys = woken(&mut bench, Some(replica_set("web", 1)), Some(owner));
        assert_eq!(keys, ["default/pod/web-a", "default/replicaset/web"]);

        let run = bench.sync(sync, &key_of("replicaset/web"), agree(&bench.cache.clone()));
        assert_eq!(run.done().waiting, Some(Reason::WaitingForDependents { left: 1 }));
        let run = bench.sync(sync, &key_of("pod/web-a"), agree(&bench.cache.clone()));
        assert_eq!(run.requests().last().map(String::as_str), Some("delete pod/web-a"));

        bench.cache.remove(&pod.reference());
        assert_eq!(woken(&mut bench, Some(pod), None), ["default/replicaset/web"]);
        let run = bench.sync(sync, &key_of("replicaset/web"), agree(&bench.cache.clone()));
        assert_eq!(
            run.requests().last().map(String::as_str),
            Some("patch replicaset/web remove-finalizer foregroundDeletion")
        );
    }

    #[test]
    fn the_foreground_reaches_down_to_the_pods() {
        let deployment = Object::from(Deployment { metadata: meta("web", 1), ..Deployment::default() });
        let deployment = going(deployment, FOREGROUND);
        let mut set = replica_set("web-1", 2);
        set.meta_mut().owner_references.push(controller_ref(&deployment));
        let pod = ready_pod("web-1-a", 10, "web", Some(&set));
        let mut bench = Bench::new([deployment, set, pod.into()]);
        let run = bench.sync(sync, &key_of("replicaset/web-1"), agree(&bench.cache.clone()));
        assert_eq!(run.requests().last().map(String::as_str), Some("delete replicaset/web-1 Foreground"));
    }

    #[test]
    fn orphans_are_set_free_before_their_owner_goes() {
        let owner = going(replica_set("web", 1), ORPHAN);
        let pod = ready_pod("web-a", 10, "web", Some(&owner));
        let mut bench = Bench::new([owner, pod.into()]);
        let run = bench.sync(sync, &key_of("replicaset/web"), agree(&bench.cache.clone()));
        assert_eq!(run.requests(), ["patch pod/web-a remove-owners 1", "patch replicaset/web remove-finalizer orphan"]);
    }

    #[test]
    fn a_claim_of_a_deleted_pod_is_found_through_the_pod() {
        let mut pod = ready_pod("web-0", 10, "web", None);
        Rc::make_mut(&mut pod.spec).volumes.push(Volume {
            name: "data".into(),
            persistent_volume_claim: Some(ClaimVolumeSource { claim_name: "data-web-0".into(), read_only: false }),
            ..Volume::default()
        });
        let pod = Object::from(pod);
        let mut claim = PersistentVolumeClaim { metadata: meta("data-web-0", 20), ..Default::default() };
        claim.metadata.owner_references.push(controller_ref(&pod));
        let mut bench = Bench::new([claim.into()]);
        assert_eq!(woken(&mut bench, Some(pod), None), ["default/persistentvolumeclaim/data-web-0"]);
    }

    #[test]
    fn an_owner_in_another_namespace_is_reported_and_does_not_count() {
        let mut elsewhere = replica_set("web", 1);
        elsewhere.meta_mut().namespace = "ns2".into();
        let pod = ready_pod("web-a", 10, "web", Some(&elsewhere));
        let mut bench = Bench::new([elsewhere, pod.into()]);
        let run = bench.sync(sync, &key_of("pod/web-a"), agree(&bench.cache.clone()));
        assert_eq!(
            run.events(),
            [format!(
                "Warning OwnerRefInvalidNamespace ownerRef [apps/v1/ReplicaSet, namespace: default, name: web, uid: {}] \
                 does not exist in namespace \"default\"",
                Uid(1)
            )]
        );
        assert_eq!(run.requests().last().map(String::as_str), Some("delete pod/web-a"));
    }
}

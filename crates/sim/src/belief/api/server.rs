//! The API server: admission, storage, deletion, the watch log. What it stores is what the cluster believes.
//!
//! Upstream: `staging/src/k8s.io/apiserver`, `pkg/registry`.

use super::event::EventNote;
use super::recorder::Recorder;
use super::request::{DeleteOptions, Patch, Reply, Request, WriteContext};
use super::shelf::{Key, Objects};
use super::watch::{Change, Log};
use super::{admission, limit_ranges, node_ports, validation};
use crate::ground::clock::{Span, Time};
use crate::ground::digest::Kept;
use crate::ground::random::Streams;
use crate::ground::settings::Settings;
use crate::words::api_error::{ApiError, MODIFIED};
use crate::words::command::Propagation;
use petri_objects::record::Opaque;
use petri_objects::*;
use std::collections::BTreeSet;
use std::rc::Rc;

/// The store and the rules for changing it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    objects: Rc<Objects>,
    revision: Revision,
    /// Writes that some cache has not seen yet.
    pub(crate) log: Log,
    recorder: Recorder,
    pub(crate) random: Streams,
    /// Which of the recorded pod names were given, by position.
    named: BTreeSet<u32>,
    settings: Rc<Settings>,
    /// What the token volume of every pod looks like; shared by all of them.
    token_volume: Opaque,
    /// Writes so far by each controller are at or below this revision; see `waits_for_own_writes`.
    pub(crate) last_write: Revision,
}

/// The finalizers that a deletion adds for the garbage collector.
pub const FOREGROUND: &str = "foregroundDeletion";
pub const ORPHAN: &str = "orphan";

/// What is said of a resource that nothing defines.
const NO_RESOURCE: &str = "the server could not find the requested resource";

impl Server {
    pub fn new(settings: Rc<Settings>, seed: u64) -> Server {
        Server {
            objects: Rc::default(),
            revision: Revision(0),
            log: Log::default(),
            recorder: Recorder::default(),
            random: Streams::new(seed),
            named: BTreeSet::new(),
            settings,
            token_volume: admission::token_volume(),
            last_write: Revision(0),
        }
    }
    pub fn objects(&self) -> &Objects {
        &self.objects
    }
    /// The root of the store, for a cache that catches up.
    pub fn root(&self) -> Rc<Objects> {
        self.objects.clone()
    }
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Answers one request. The only way in which objects change.
    pub fn serve(&mut self, request: Request, context: &WriteContext) -> Reply {
        match request {
            Request::Get(target) => self.get(&target),
            Request::Create(object) => self.create(object, context),
            Request::Update(object) => self.update(object, context),
            Request::UpdateStatus(object) => self.update_status(object, context),
            Request::Patch { target, uid, patch } => self.patch(&target, uid, patch, context),
            Request::Delete { target, options } => self.delete(&target, &options, context),
            Request::Bind { pod, uid, node } => self.bind(&pod, uid, node, context),
            Request::Evict { pod, grace_seconds } => super::eviction::evict(self, &pod, grace_seconds, context),
        }
    }

    fn get(&self, target: &ObjectRef) -> Reply {
        self.objects.get(target).ok_or_else(|| ApiError::not_found(target.kind, target.name.clone()))
    }

    fn create(&mut self, mut object: Object, context: &WriteContext) -> Reply {
        self.know(&mut object)?;
        let kind = object.kind();
        if !kind.is_namespaced() {
            object.meta_mut().namespace = Name::default();
        } else if object.meta().namespace.is_empty() {
            object.meta_mut().namespace = "default".into();
        }
        let generated = object.meta().name.is_empty() && !object.meta().generate_name.is_empty();
        if generated {
            self.generate_name(&mut object)?;
        }
        self.check_namespace(&object)?;
        let uids = match kind {
            Kind::ServiceAccount => &mut self.random.accounts,
            _ if super::system_services::is_own(&object) => &mut self.random.accounts,
            _ => &mut self.random.uids,
        };
        admission::fill_system_fields(&mut object, context.now, Uid(uids.draw() | 1));
        petri_objects::defaults::apply_defaults(&mut object);
        let schema = self.fill_custom(&mut object);
        admission::admit(&object, &self.objects, context.now)?;
        admission::mutate(&mut object, &self.objects, &self.settings, &mut self.random, context.now);
        let limited = self.objects.has_limits();
        if let Object::Pod(pod) = &mut object {
            if limited {
                limit_ranges::fill_in(Rc::make_mut(pod), &self.objects);
            }
            admission::use_account(Rc::make_mut(pod), &self.objects, &self.token_volume, &mut self.random.accounts);
        }
        let mut errors = validation::validate_create(&object);
        errors.extend(check_custom(&object, schema.as_ref())?);
        if !errors.is_empty() {
            return Err(invalid(&object, errors));
        }
        let mut errors = admission::check_address(&object, &self.objects, &self.settings);
        if let Object::Service(service) = &mut object {
            errors.extend(node_ports::allocate(Rc::make_mut(service), None, &self.objects));
        }
        if !errors.is_empty() {
            return Err(invalid(&object, errors));
        }
        if let Some(existing) = self.objects.get(&object.reference()) {
            let (name, terminating) = (object.meta().name.clone(), existing.meta().is_terminating());
            return Err(if generated {
                ApiError::GenerateName { kind, name }
            } else {
                ApiError::AlreadyExists { kind, name, terminating }
            });
        }
        if limited {
            limit_ranges::check(&object, &self.objects)?;
        }
        if !self.objects.quotas.is_empty() {
            self.charge(&object, None, context)?;
        }
        Ok(self.commit(None, object, context))
    }

    /// Writes into the quotas of a namespace what an object takes of them, or more than before.
    fn charge(&mut self, new: &Object, old: Option<&Object>, context: &WriteContext) -> Result<(), ApiError> {
        for charged in super::quota::charge(new, old, &self.objects, context.now)? {
            let old = self.objects.get(&Object::from(charged.clone()).reference());
            self.commit(old, charged.into(), context);
        }
        Ok(())
    }

    /// Puts in what was there before the first request; nobody is told, and no revision is used up.
    pub(crate) fn install(&mut self, mut object: Object, now: Time) {
        // From a seed of its own, so that the names and uids of all others do not depend on it.
        let uid = crate::ground::random::mix(u64::from(object.meta().name.len() as u32));
        admission::fill_system_fields(&mut object, now, Uid(uid | 1));
        petri_objects::defaults::apply_defaults(&mut object);
        object.meta_mut().resource_version = Revision(1);
        Rc::make_mut(&mut self.objects).put(object);
    }

    /// Gives a custom resource the names that its definition has now.
    fn know(&self, object: &mut Object) -> Result<(), ApiError> {
        let Object::Kept(kept) = object else { return Ok(()) };
        if kept.kind.is_custom() {
            let kind = super::custom::current(&self.objects, kept.kind);
            Rc::make_mut(kept).kind = kind.ok_or_else(|| ApiError::BadRequest(NO_RESOURCE.into()))?;
        }
        Ok(())
    }

    /// Fills in what the schema of its definition gives to a custom resource; the schema, for what it refuses later.
    fn fill_custom(&self, object: &mut Object) -> Option<Value> {
        let Object::Kept(kept) = object else { return None };
        let schema = kept.kind.is_custom().then(|| super::custom::schema(&self.objects, kept.kind)).flatten()?;
        super::custom::apply_defaults(&mut Rc::make_mut(kept).fields, &schema);
        Some(schema)
    }

    /// API-11: up to eight tries at a name that is free.
    fn generate_name(&mut self, object: &mut Object) -> Result<(), ApiError> {
        if let Some(name) = self.recorded_name(object) {
            object.meta_mut().name = name;
            return Ok(());
        }
        let prefix: String = object.meta().generate_name.chars().take(58).collect();
        for _ in 0..8 {
            object.meta_mut().name = format!("{prefix}{}", self.random.names.suffix()).into();
            if self.objects.get(&object.reference()).is_none() {
                break;
            }
        }
        Ok(())
    }

    /// The name that a recorded cluster drew for this pod, if there is one that was not given yet.
    fn recorded_name(&mut self, object: &Object) -> Option<Name> {
        if object.kind() != Kind::Pod {
            return None;
        }
        let prefix = &object.meta().generate_name;
        let fits = |(at, entry): &(u32, &(Name, Name))| entry.0 == *prefix && !self.named.contains(at);
        let (at, name) = (0..).zip(&self.settings.pod_names).find(fits).map(|(at, entry)| (at, entry.1.clone()))?;
        self.named.insert(at);
        Some(name)
    }

    fn check_namespace(&self, object: &Object) -> Result<(), ApiError> {
        let meta = object.meta();
        if meta.namespace.is_empty() {
            return Ok(());
        }
        match self.objects.namespaces.get(&Key::new("", meta.namespace.clone())) {
            None => Err(ApiError::not_found(Kind::Namespace, meta.namespace.clone())),
            Some(namespace) if namespace.metadata.is_terminating() => Err(ApiError::Forbidden {
                kind: object.kind(),
                name: meta.name.clone(),
                cause: format!(
                    "unable to create new content in namespace {} because it is being terminated",
                    meta.namespace
                )
                .into(),
            }),
            Some(_) => Ok(()),
        }
    }

    fn update(&mut self, mut new: Object, context: &WriteContext) -> Reply {
        self.know(&mut new)?;
        let target = new.reference();
        let old = self.get(&target)?;
        check_version(&new, &old)?;
        admission::keep_for_update(&mut new, &old);
        if let Object::StatefulSet(set) = &mut new {
            admission::drop_gated_fields(set, &self.settings);
        }
        petri_objects::defaults::apply_defaults(&mut new);
        let schema = self.fill_custom(&mut new);
        let mut errors = validation::validate_update(&new, &old);
        errors.extend(check_custom(&new, schema.as_ref())?);
        if !errors.is_empty() {
            return Err(invalid(&new, errors));
        }
        if let (Object::Service(service), Object::Service(old)) = (&mut new, &old) {
            if &*old.spec.kind == "ExternalName" && &*service.spec.kind != "ExternalName" {
                let service = Rc::make_mut(service);
                let asked = !service.spec.cluster_ip.is_empty();
                admission::allocate_address(service, &self.objects, &self.settings, &mut self.random.addresses);
                let errors = match asked {
                    true => admission::check_address(&service.clone().into(), &self.objects, &self.settings),
                    false => Vec::new(),
                };
                if !errors.is_empty() {
                    return Err(invalid(&new, errors));
                }
            }
            let errors = node_ports::allocate(Rc::make_mut(service), Some(&old.spec), &self.objects);
            if !errors.is_empty() {
                return Err(invalid(&new, errors));
            }
        }
        admission::admit_update(&new, &old, &self.objects)?;
        if new.kind() == Kind::PersistentVolumeClaim && self.objects.has_limits() {
            limit_ranges::check(&new, &self.objects)?;
        }
        if new.kind() == Kind::PersistentVolumeClaim && !self.objects.quotas.is_empty() {
            self.charge(&new, Some(&old), context)?;
        }
        if let (Object::DaemonSet(set), Object::DaemonSet(old)) = (&mut new, &old) {
            super::daemon_set::go_on(Rc::make_mut(set), old);
        }
        if admission::spec_differs(&new, &old) {
            new.meta_mut().generation = old.meta().generation + 1;
        }
        Ok(self.store(old, new, context))
    }

    fn update_status(&mut self, new: Object, context: &WriteContext) -> Reply {
        let old = self.get(&new.reference())?;
        check_version(&new, &old)?;
        let merged = admission::with_status_of(&old, &new);
        let errors = validation::validate_status(&merged);
        if !errors.is_empty() {
            return Err(invalid(&merged, errors));
        }
        Ok(self.store(old, merged, context))
    }

    fn patch(&mut self, target: &ObjectRef, uid: Option<Uid>, patch: Patch, context: &WriteContext) -> Reply {
        let old = self.get(target)?;
        if let Some(uid) = uid.filter(|uid| *uid != old.meta().uid) {
            return Err(uid_conflict(&old, uid));
        }
        if let Patch::Merge { value, status } = patch {
            super::patch::check_identity(&old, &value)?;
            let new = super::patch::merge(&old, &value)?;
            return if status { self.update_status(new, context) } else { self.update(new, context) };
        }
        let new = super::patch::typed(&old, patch, context.now);
        Ok(self.store(old, new, context))
    }

    fn bind(&mut self, pod: &Key, uid: Uid, node: Name, context: &WriteContext) -> Reply {
        let old = self.get(&pod.to_ref(Kind::Pod))?;
        if old.meta().uid != uid {
            return Err(uid_conflict(&old, uid));
        }
        let Object::Pod(stored) = &old else { return Err(ApiError::not_found(Kind::Pod, pod.name.clone())) };
        let conflict =
            |cause: String| ApiError::Conflict { kind: Kind::Pod, name: pod.name.clone(), cause: cause.into() };
        if stored.is_terminating() {
            return Err(conflict(format!("pod {} is being deleted, cannot be assigned to a host", pod.name)));
        }
        if stored.is_scheduled() {
            return Err(conflict(format!(
                "pod {} is already assigned to node \"{}\"",
                pod.name, stored.spec.node_name
            )));
        }
        let mut bound = (**stored).clone();
        if let Some(node) = self.objects.nodes.get(&Key::new("", node.clone())) {
            // PodTopologyLabelsAdmission: the node's place becomes the pod's.
            for label in ["topology.kubernetes.io/region", "topology.kubernetes.io/zone"] {
                if let Some(value) = node.metadata.labels.get(label) {
                    bound.metadata.labels.insert(label, value.clone());
                }
            }
        }
        Rc::make_mut(&mut bound.spec).node_name = node;
        let status = Rc::make_mut(&mut bound.status);
        status.nominated_node_name = Name::default();
        super::patch::set_condition(
            &mut status.conditions,
            Condition { kind: "PodScheduled".into(), status: "True".into(), ..Condition::default() },
            context.now,
        );
        Ok(self.store(old, bound.into(), context))
    }

    /// Stores a change, unless it is none (API-2); removes an object that nobody holds any more (API-23).
    pub(crate) fn store(&mut self, old: Object, new: Object, context: &WriteContext) -> Object {
        if new == old {
            return old;
        }
        let meta = new.meta();
        let released = meta.is_terminating() && meta.finalizers.is_empty() && !old.meta().finalizers.is_empty();
        let no_grace = meta.deletion_grace_period_seconds.unwrap_or(0) == 0;
        if released && no_grace && !admission::is_held(&new) {
            return self.remove(new, context);
        }
        if let Object::Namespace(namespace) = &new
            && meta.is_terminating()
            && namespace.spec.finalizers.is_empty()
            && meta.finalizers.is_empty()
        {
            return self.remove(new, context);
        }
        self.commit(Some(old), new, context)
    }

    /// Takes a write: a new revision, a new root, a line in the watch log.
    fn commit(&mut self, old: Option<Object>, mut new: Object, context: &WriteContext) -> Object {
        self.revision.0 += 1;
        new.meta_mut().resource_version = self.revision;
        let kept = Kept::from(new.clone());
        let stood = Rc::make_mut(&mut self.objects).replace(kept.clone());
        let old = old.map(|old| stood.filter(|stood| stood.same(&old)).unwrap_or_else(|| old.into()));
        self.push_change(old, Some(kept), context);
        new
    }

    pub(crate) fn remove(&mut self, object: Object, context: &WriteContext) -> Object {
        if let Object::Kept(kept) = &object
            && super::custom::is_definition(kept)
        {
            for resource in super::custom::resources(&self.objects, kept) {
                self.remove(resource, context);
            }
        }
        self.revision.0 += 1;
        let stood = Rc::make_mut(&mut self.objects).take(&object.reference());
        let old = stood.filter(|stood| stood.same(&object)).unwrap_or_else(|| object.clone().into());
        self.push_change(Some(old), None, context);
        object
    }

    fn push_change(&mut self, old: Option<Kept<Object>>, new: Option<Kept<Object>>, context: &WriteContext) {
        self.last_write = self.revision;
        let WriteContext { now, by, cause } = context;
        self.log.push(Change::new(self.revision, *now, by.clone(), *cause, old, new));
    }

    /// Asks for an object to go: at once, after a grace period, or once its finalizers are gone (API-20 to API-26).
    pub(crate) fn delete(&mut self, target: &ObjectRef, options: &DeleteOptions, context: &WriteContext) -> Reply {
        super::system_namespaces::admit_delete(target)?;
        let old = self.get(target)?;
        super::system_classes::admit_delete(target)?;
        if let Some(uid) = options.uid.filter(|uid| *uid != old.meta().uid) {
            return Err(uid_conflict(&old, uid));
        }
        if let Some(version) = options.resource_version.filter(|v| *v != old.meta().resource_version) {
            let cause = format!(
                "the ResourceVersion in the precondition ({}) does not match the ResourceVersion in record ({}). The object might have been modified",
                version.0,
                old.meta().resource_version.0
            );
            return Err(ApiError::Conflict { kind: target.kind, name: target.name.clone(), cause: cause.into() });
        }
        if old.meta().is_terminating() {
            return Ok(self.delete_again(old, options, context));
        }
        let grace = match &old {
            Object::Pod(pod) => pod_grace(pod, options.grace_seconds),
            _ => 0,
        };
        let mut marked = old.clone();
        mark_for_collection(marked.meta_mut(), options.propagation);
        let held = !marked.meta().finalizers.is_empty() || admission::is_held(&marked);
        let graceful = target.kind == Kind::Pod;
        if grace == 0 && !held && !graceful {
            return Ok(self.remove(old, context));
        }
        let meta = marked.meta_mut();
        meta.deletion_timestamp = deletion_time(context.now, grace);
        // The strategy of namespaces marks them by itself, and speaks of no grace.
        meta.deletion_grace_period_seconds = (target.kind != Kind::Namespace).then_some(grace);
        if meta.generation > 0 {
            meta.generation += 1;
        }
        if let Object::Namespace(namespace) = &mut marked {
            Rc::make_mut(namespace).status.phase = "Terminating".into();
        }
        let marked = self.store(old, marked, context);
        // Watchers see a pod that gets no grace marked before they see it gone (API-22).
        Ok(if grace == 0 && !held { self.remove(marked, context) } else { marked })
    }

    /// API-22: a repeated delete shortens the grace or, at zero, ends it. What waits for no grace is asked again what is
    /// to become of its dependents.
    fn delete_again(&mut self, old: Object, options: &DeleteOptions, context: &WriteContext) -> Object {
        let stored = old.meta().deletion_grace_period_seconds.unwrap_or(0);
        let mut marked = old.clone();
        let mut left = stored;
        if stored != 0 {
            let Some(asked) = options.grace_seconds.filter(|asked| *asked < stored) else { return old };
            let started = old.meta().deletion_timestamp - Span::seconds(stored.max(0) as u64);
            let ends = started + Span::seconds(asked.max(0) as u64);
            let late = ends < context.now;
            left = if late && asked != 0 { 1 } else { asked };
            let meta = marked.meta_mut();
            meta.deletion_timestamp = if late { context.now } else { ends }.whole_seconds();
            meta.deletion_grace_period_seconds = Some(left);
        }
        mark_for_collection(marked.meta_mut(), options.propagation);
        let held = !marked.meta().finalizers.is_empty() || admission::is_held(&marked);
        if held || left != 0 {
            return self.store(old, marked, context);
        }
        // Watchers see that the grace was taken away before they see the object gone; where there was none, they see
        // nothing in between.
        let shortened = stored != 0 && marked.meta().finalizers == old.meta().finalizers;
        let last = if shortened { self.store(old, marked, context) } else { old };
        self.remove(last, context)
    }

    /// Records an event: a new one, or one more of an earlier one.
    pub fn record(&mut self, note: &EventNote, context: &WriteContext) {
        let namespace = self.objects.namespaces.get(&Key::new("", note.about.namespace.clone()));
        if namespace.is_some_and(|namespace| namespace.metadata.is_terminating()) {
            // Nothing new gets into a namespace that goes, events neither.
            return;
        }
        let Some((old, new)) = self.recorder.record(note, context, &self.objects, &mut self.random.events) else {
            return;
        };
        let last = self.last_write;
        self.commit(old.map(Object::from), new.into(), context);
        // Events are written by another client: a controller does not wait to see its own.
        self.last_write = last;
    }
}

fn deletion_time(now: Time, grace: i64) -> Time {
    (now + Span::seconds(grace.max(0) as u64)).whole_seconds()
}

/// API-31: the finalizer that tells the garbage collector what to do with the dependents; where nobody says, the one
/// that the object has stays.
fn mark_for_collection(meta: &mut Meta, propagation: Option<Propagation>) {
    let Some(propagation) = propagation else { return };
    let wanted = match propagation {
        Propagation::Background => None,
        Propagation::Foreground => Some(FOREGROUND),
        Propagation::Orphan => Some(ORPHAN),
    };
    meta.finalizers.retain(|it| !matches!(&**it, FOREGROUND | ORPHAN) || Some(&**it) == wanted);
    if let Some(wanted) = wanted.filter(|wanted| !meta.has_finalizer(wanted)) {
        meta.finalizers.push(wanted.into());
    }
}

/// API-21: how long a pod may take to stop.
fn pod_grace(pod: &Pod, asked: Option<i64>) -> i64 {
    let grace = asked.or(pod.spec.termination_grace_period_seconds).unwrap_or(30);
    match grace {
        _ if !pod.is_scheduled() || pod.phase().is_terminal() => 0,
        grace if grace < 0 => 1,
        grace => grace,
    }
}

/// What the schema of its definition refuses of a custom resource.
fn check_custom(object: &Object, schema: Option<&Value>) -> Result<Vec<validation::FieldError>, ApiError> {
    let (Object::Kept(kept), Some(schema)) = (object, schema) else { return Ok(Vec::new()) };
    super::custom::check_fields(kept, schema)?;
    Ok(validation::validate_custom(kept, schema))
}

fn check_version(new: &Object, old: &Object) -> Result<(), ApiError> {
    let (version, uid) = (new.meta().resource_version, new.meta().uid);
    if version != Revision(0) && version != old.meta().resource_version {
        return Err(ApiError::Conflict { kind: old.kind(), name: old.meta().name.clone(), cause: MODIFIED.into() });
    }
    if uid != Uid(0) && uid != old.meta().uid {
        return Err(uid_conflict(old, uid));
    }
    Ok(())
}

fn uid_conflict(old: &Object, asked: Uid) -> ApiError {
    let cause = format!(
        "the UID in the precondition ({asked}) does not match the UID in record ({}). The object might have been deleted and then recreated",
        old.meta().uid
    );
    ApiError::Conflict { kind: old.kind(), name: old.meta().name.clone(), cause: cause.into() }
}

fn invalid(object: &Object, errors: Vec<validation::FieldError>) -> ApiError {
    ApiError::Invalid {
        kind: object.kind(),
        name: object.meta().name.clone(),
        errors: Rc::new(errors.into_iter().map(|error| error.to_string().into()).collect()),
    }
}

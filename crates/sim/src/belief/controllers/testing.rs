//! Runs one sync of a controller against a cache built by hand and a script that answers its requests.

use super::Memory;
use crate::belief::api::event::EventNote;
use crate::belief::api::request::{Patch, Reply, Request};
use crate::belief::api::shelf::{Key, Objects};
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Done, Exchange, Outcome, Stop, Via};
use crate::belief::client::informer::Enqueue;
use crate::ground::clock::{Span, Time};
use crate::ground::digest::Kept;
use crate::ground::settings::Settings;
use crate::words::actor::{Actor, Cause};
use crate::words::api_error::ApiError;
use petri_objects::*;
use std::rc::Rc;

/// The instant at which the tests play: 2026-01-01T00:00:00Z.
pub const NOW: Time = Time(1_767_225_600_000_000);

/// One controller with what it sees and remembers.
pub struct Bench {
    pub now: Time,
    pub settings: Settings,
    pub cache: Objects,
    pub memory: Memory,
}

/// What a sync did.
pub struct Run {
    pub exchanges: Vec<Exchange>,
    pub events: Vec<EventNote>,
    pub result: Result<Done, ApiError>,
}

impl Default for Bench {
    fn default() -> Bench {
        Bench { now: NOW, settings: Settings::default(), cache: Objects::default(), memory: Memory::default() }
    }
}

impl Bench {
    pub fn new(objects: impl IntoIterator<Item = Object>) -> Bench {
        let mut bench = Bench::default();
        objects.into_iter().for_each(|object| bench.cache.put(object));
        bench
    }

    /// Runs a sync to its end. It is cut at every request and replayed from the top, as exploration does, so each test
    /// also shows that the controller asks the same questions again.
    pub fn sync<M>(
        &mut self,
        sync: fn(&Key, &mut Api<'_, M>) -> Outcome,
        key: &Key,
        mut answer: impl FnMut(&Request) -> Reply,
    ) -> Run
    where
        Memory: AsMut<M>,
    {
        let cache = Rc::new(self.cache.clone());
        let mut exchanges: Vec<Exchange> = Vec::new();
        loop {
            assert!(exchanges.len() < 10_000, "the sync never ends");
            let via = Via::Replay { past: &exchanges, asked: 0, next: None, events: Vec::new() };
            // As in the world: what a sync remembers counts only once it has ended.
            let mut memory = self.memory.clone();
            let mut api = Api::new(self.now, &self.settings, &mut memory, cache.clone(), via).of();
            let outcome = sync(key, &mut api);
            let Via::Replay { next, events, .. } = api.into_via() else { unreachable!("a replay stays one") };
            let result = match outcome {
                Ok(done) => Ok(done),
                Err(Stop::Failed(error)) => Err(error),
                Err(Stop::Awaiting) => {
                    let request = next.expect("a sync that waits has asked");
                    let reply = answer(&request);
                    exchanges.push(Exchange { request, reply });
                    continue;
                }
            };
            self.memory = memory;
            return Run { exchanges, events, result };
        }
    }

    /// Which keys a change wakes, and after which delay. The cache must have the change already.
    pub fn enqueue<M>(
        &mut self,
        enqueue: fn(&Change, &mut Enqueue<'_, M>),
        old: Option<Object>,
        new: Option<Object>,
    ) -> Vec<(Key, Span)>
    where
        Memory: AsMut<M>,
    {
        let revision = new.as_ref().or(old.as_ref()).map(|object| object.meta().resource_version).unwrap_or_default();
        let (old, new) = (old.map(Kept::from), new.map(Kept::from));
        let change = Change::new(revision, self.now, Actor::Setup, Cause::None, old, new);
        let mut keys = Enqueue::new(&self.cache, &mut self.memory, &self.settings, self.now).of();
        enqueue(&change, &mut keys);
        keys.keys
    }
}

/// Agrees to everything: a created object gets a name and a uid, a deleted one is read from `cache`.
pub fn agree(cache: &Objects) -> impl FnMut(&Request) -> Reply + use<> {
    let cache = cache.clone();
    let mut created = 0;
    move |request| match request {
        Request::Create(object) => {
            created += 1;
            let mut object = object.clone();
            let meta = object.meta_mut();
            if meta.name.is_empty() {
                meta.name = format!("{}{created:05}", meta.generate_name).into();
            }
            meta.uid = Uid(1_000_000 + created);
            meta.resource_version = Revision(1_000 + created);
            Ok(object)
        }
        Request::Update(object) | Request::UpdateStatus(object) => Ok(object.clone()),
        Request::Get(target) | Request::Patch { target, .. } | Request::Delete { target, .. } => {
            cache.get(target).ok_or_else(|| ApiError::not_found(target.kind, target.name.clone()))
        }
        Request::Bind { pod, .. } | Request::Evict { pod, .. } => {
            cache.get(&pod.to_ref(Kind::Pod)).ok_or_else(|| ApiError::not_found(Kind::Pod, pod.name.clone()))
        }
    }
}

impl Run {
    /// The requests as short lines: `create pod/web-`, `delete pod/web-0`, `status replicaset/web`.
    pub fn requests(&self) -> Vec<String> {
        self.exchanges.iter().map(|exchange| line(&exchange.request)).collect()
    }
    /// The events as lines: `Normal SuccessfulCreate Created pod: web-x`.
    pub fn events(&self) -> Vec<String> {
        self.events.iter().map(|note| format!("{:?} {} {}", note.kind, note.reason, note.message)).collect()
    }
    /// The objects that were sent in the requests of one verb.
    pub fn sent<T>(&self) -> Vec<Rc<T>>
    where
        Rc<T>: TryFrom<Object>,
    {
        self.exchanges
            .iter()
            .filter_map(|exchange| match &exchange.request {
                Request::Create(object) | Request::Update(object) | Request::UpdateStatus(object) => {
                    Rc::<T>::try_from(object.clone()).ok()
                }
                _ => None,
            })
            .collect()
    }
    pub fn done(&self) -> &Done {
        self.result.as_ref().expect("the sync succeeds")
    }
    /// The code of the reason that it waits for, or the error, or nothing.
    pub fn verdict(&self) -> String {
        match &self.result {
            Ok(done) => done.waiting.as_ref().map_or("", |reason| reason.code()).to_owned(),
            Err(error) => error.to_string(),
        }
    }
}

fn line(request: &Request) -> String {
    let named = |object: &Object| {
        let meta = object.meta();
        let name = if meta.name.is_empty() { &meta.generate_name } else { &meta.name };
        format!("{}/{name}", object.kind().singular())
    };
    match request {
        Request::Get(target) => format!("get {target}"),
        Request::Create(object) => format!("create {}", named(object)),
        Request::Update(object) => format!("update {}", named(object)),
        Request::UpdateStatus(object) => format!("status {}", named(object)),
        Request::Delete { target, options } => match options.propagation {
            None | Some(crate::words::command::Propagation::Background) => format!("delete {target}"),
            Some(other) => format!("delete {target} {other:?}"),
        },
        Request::Patch { target, patch, .. } => {
            let what = match patch {
                Patch::Merge { .. } => "merge".to_owned(),
                Patch::AddOwner(owner) => format!("adopt-by {}", owner.name),
                Patch::RemoveOwners(uids) => format!("remove-owners {}", uids.len()),
                Patch::RemoveFinalizer(finalizer) => format!("remove-finalizer {finalizer}"),
                Patch::PodCondition { condition, .. } => format!("condition {}={}", condition.kind, condition.status),
                Patch::PodStatus(_) => "pod-status".to_owned(),
                Patch::NominatedNode(node) => format!("nominate {node}"),
                Patch::Taints { .. } => "taints".to_owned(),
                Patch::Annotate(_) => "annotate".to_owned(),
            };
            format!("patch {target} {what}")
        }
        Request::Bind { pod, node, .. } => format!("bind pod/{} {node}", pod.name),
        Request::Evict { pod, .. } => format!("evict pod/{}", pod.name),
    }
}

/// A template with one label and one container.
pub fn template(label: &str) -> PodTemplateSpec {
    let mut template = PodTemplateSpec::default();
    template.metadata.labels.insert("app", label);
    Rc::make_mut(&mut template.spec).containers.push(Container {
        name: label.into(),
        image: "nginx:1".into(),
        ..Container::default()
    });
    template
}

pub fn selector(label: &str) -> LabelSelector {
    LabelSelector { match_labels: [("app", label)].into_iter().collect(), ..LabelSelector::default() }
}

pub fn meta(name: &str, uid: u64) -> Meta {
    Meta {
        name: name.into(),
        namespace: "default".into(),
        uid: Uid(uid),
        generation: 1,
        resource_version: Revision(uid),
        creation_timestamp: NOW - Span::seconds(3_600),
        ..Meta::default()
    }
}

/// A pod of an owner, Running and Ready for a minute on `node-1`.
pub fn ready_pod(name: &str, uid: u64, label: &str, owner: Option<&Object>) -> Pod {
    let mut pod = Pod { metadata: meta(name, uid), ..Pod::default() };
    pod.metadata.labels.insert("app", label);
    pod.metadata.owner_references.extend(owner.map(super::util::controller_ref));
    Rc::make_mut(&mut pod.spec).node_name = "node-1".into();
    let status = Rc::make_mut(&mut pod.status);
    status.phase = Phase::Running;
    status.conditions.push(Condition {
        kind: "Ready".into(),
        status: "True".into(),
        last_transition_time: NOW - Span::seconds(60),
        ..Condition::default()
    });
    pod
}

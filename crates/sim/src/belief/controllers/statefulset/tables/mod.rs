//! Upstream's own tables for the StatefulSet controller, played against the real controller and the real API server.
//!
//! A [`Stage`] is a server, one set, and a hand that moves pods and claims the way kubelets and the garbage collector
//! would. Each sync is cut at every request and replayed, and any single request can be refused.

mod claims;
mod golden;
mod history;
mod identity;
mod partition;
mod rollouts;
mod scenarios;

use super::utils::*;
use super::*;
use crate::belief::api::request::{DeleteOptions, Patch, Request, WriteContext};
use crate::belief::api::server::Server;
use crate::belief::controllers::service_account::default_account;
use crate::belief::controllers::testing::{Bench, Run, meta, selector, template};
use crate::ground::settings::Settings;
use crate::words::actor::{Actor, Cause};
use crate::words::api_error::ApiError;
use petri_objects::order::Order as _;
use petri_objects::record::Opaque;
use std::rc::Rc;

/// One request that will be refused: the first of this kind after `skip` of them.
pub struct Refusal {
    pub verb: &'static str,
    pub skip: u32,
}

/// A server, one set, and who moves its pods.
pub struct Stage {
    pub bench: Bench,
    pub server: Server,
    key: Key,
    pub refusal: Option<Refusal>,
    /// A small generator, so that pods advance in an order that differs from case to case.
    random: u64,
}

/// What upstream's fake API server answers when it fails.
pub const BROKEN: &str = "API server failed";

impl Stage {
    pub fn new(set: StatefulSet, random: u64) -> Stage {
        Stage::with(set, random, Settings::default())
    }

    pub fn with(set: StatefulSet, random: u64, settings: Settings) -> Stage {
        let server = Server::new(Rc::new(settings.clone()), random);
        let key = Key::of(&set.metadata);
        let bench = Bench { settings, ..Bench::default() };
        let mut stage = Stage { bench, server, key, refusal: None, random: random.wrapping_mul(2).wrapping_add(1) };
        let mut namespace = Namespace::default();
        namespace.metadata.name = "default".into();
        stage.serve(Request::Create(namespace.into()));
        stage.serve(Request::Create(default_account(&"default".into()).into()));
        stage.serve(Request::Create(set.into()));
        stage
    }

    fn context(&self) -> WriteContext {
        WriteContext { now: self.bench.now, by: Actor::Setup, cause: Cause::None }
    }
    pub fn serve(&mut self, request: Request) -> Object {
        let context = self.context();
        self.server.serve(request, &context).expect("the stage hand asks for what is allowed")
    }

    pub fn set(&self) -> Rc<StatefulSet> {
        self.server.objects().stateful_sets.get(&self.key).expect("the set exists").clone()
    }
    /// The set's pods by ordinal.
    pub fn pods(&self) -> Vec<Rc<Pod>> {
        let set = self.set();
        let mut pods: Vec<Rc<Pod>> =
            self.server.objects().pods.in_namespace("default").filter(|pod| is_member_of(&set, pod)).cloned().collect();
        pods.order_by_key(|pod| ordinal_of(&pod.metadata.name));
        pods
    }
    pub fn pod(&self, ordinal: i32) -> Rc<Pod> {
        let name = pod_name(&self.set(), ordinal);
        self.server.objects().pods.get(&self.key.sibling(name)).expect("the pod exists").clone()
    }
    pub fn claim(&self, name: &str) -> Option<Rc<PersistentVolumeClaim>> {
        self.server.objects().claims.get(&self.key.sibling(name)).cloned()
    }
    pub fn revisions(&self) -> Vec<Rc<ControllerRevision>> {
        let mut all: Vec<_> = self.server.objects().revisions.in_namespace("default").cloned().collect();
        all.order_by_key(|revision| revision.revision);
        all
    }

    /// Edits the set's spec, as a user does.
    pub fn edit(&mut self, edit: impl FnOnce(&mut StatefulSetSpec)) {
        let mut set = (*self.set()).clone();
        edit(Rc::make_mut(&mut set.spec));
        self.serve(Request::Update(set.into()));
    }
    pub fn image(&mut self, image: &str) {
        self.edit(|spec| Rc::make_mut(&mut spec.template.spec).containers[0].image = image.into());
    }

    fn pod_ref(&self, ordinal: i32) -> ObjectRef {
        ObjectRef::new(Kind::Pod, "default", pod_name(&self.set(), ordinal))
    }
    /// What a kubelet reports, on a node that the pod is bound to first.
    pub fn phase(&mut self, ordinal: i32, phase: Phase, ready: bool) {
        let mut pod = self.pod(ordinal);
        if !pod.is_scheduled() && phase != Phase::Pending {
            let bind = Request::Bind { pod: Key::of(&pod.metadata), uid: pod.metadata.uid, node: "node-1".into() };
            self.serve(bind);
            pod = self.pod(ordinal);
        }
        let mut pod = (*pod).clone();
        let now = self.bench.now;
        let status = Rc::make_mut(&mut pod.status);
        status.phase = phase;
        let word = if ready { "True" } else { "False" };
        if condition(&status.conditions, "Ready").is_none_or(|c| &*c.status != word) {
            status.conditions.retain(|c| &*c.kind != "Ready");
            status.conditions.push(Condition {
                kind: "Ready".into(),
                status: word.into(),
                last_transition_time: now,
                ..Condition::default()
            });
        }
        self.serve(Request::UpdateStatus(pod.into()));
    }
    /// `kubectl delete pod`.
    pub fn delete(&mut self, ordinal: i32) {
        let target = self.pod_ref(ordinal);
        self.serve(Request::Delete { target, options: DeleteOptions::default() });
    }
    /// The object goes, as when a kubelet confirms or a user forces it.
    pub fn remove(&mut self, ordinal: i32) {
        let target = self.pod_ref(ordinal);
        let options = DeleteOptions { grace_seconds: Some(0), ..DeleteOptions::default() };
        self.serve(Request::Delete { target, options });
    }
    /// A claim goes, finalizer or not.
    pub fn remove_claim(&mut self, name: &str) {
        let target = ObjectRef::new(Kind::PersistentVolumeClaim, "default", name);
        let patch = Patch::RemoveFinalizer("kubernetes.io/pvc-protection".into());
        self.serve(Request::Patch { target: target.clone(), uid: None, patch });
        self.serve(Request::Delete { target, options: DeleteOptions::default() });
    }
    /// What the garbage collector does: claims whose owning pod is gone go too.
    pub fn collect_garbage(&mut self) {
        let uids: Vec<Uid> = self.pods().iter().map(|pod| pod.metadata.uid).collect();
        let lost: Vec<Name> = self
            .server
            .objects()
            .claims
            .in_namespace("default")
            .filter(|c| c.metadata.owner_references.iter().any(|o| &*o.kind == "Pod" && !uids.contains(&o.uid)))
            .map(|claim| claim.metadata.name.clone())
            .collect();
        for name in lost {
            self.remove_claim(&name);
        }
    }

    /// One sync against a cache that has everything.
    pub fn sync(&mut self) -> Run {
        self.bench.cache = self.server.objects().clone();
        let context = self.context();
        let (server, refusal) = (&mut self.server, &mut self.refusal);
        self.bench.sync(super::sync, &self.key, |request| {
            if let Some(waiting) = refusal.as_mut().filter(|r| verb_of(request) == r.verb) {
                if waiting.skip == 0 {
                    *refusal = None;
                    return Err(ApiError::Internal(BROKEN.into()));
                }
                waiting.skip -= 1;
            }
            server.serve(request.clone(), &context)
        })
    }
    pub fn refuse(&mut self, verb: &'static str, skip: u32) {
        self.refusal = Some(Refusal { verb, skip });
    }

    fn draw(&mut self, below: usize) -> usize {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.random >> 33) % below.max(1) as u64) as usize
    }
    /// Moves one pod, chosen by chance, one step on its way: Pending, Running, Ready; or away, if it is stopping.
    pub fn advance_some_pod(&mut self) {
        let pods = self.pods();
        if pods.is_empty() {
            return;
        }
        let pod = pods[self.draw(pods.len())].clone();
        let ordinal = ordinal_of(&pod.metadata.name).expect("members have ordinals");
        match pod.phase() {
            _ if pod.is_terminating() => self.remove(ordinal),
            Phase::Running => self.phase(ordinal, Phase::Running, true),
            _ => self.phase(ordinal, Phase::Running, false),
        }
    }

    /// Plays until a goal is reached, checking after each sync.
    pub fn play(&mut self, invariant: Invariant, mut done: impl FnMut(&Stage) -> bool) -> Result<(), ApiError> {
        for _ in 0..2_000 {
            if done(self) {
                invariant(self);
                return Ok(());
            }
            self.advance_some_pod();
            let run = self.sync();
            run.result.map(|_| ())?;
            invariant(self);
        }
        panic!("the goal is never reached: {}", self.line());
    }
    pub fn scale_up(&mut self, invariant: Invariant) -> Result<(), ApiError> {
        self.play(invariant, |stage| {
            let set = stage.set();
            set.status.ready_replicas >= set.replicas()
        })
    }
    pub fn scale_down(&mut self, invariant: Invariant) -> Result<(), ApiError> {
        self.play(invariant, |stage| {
            let set = stage.set();
            set.status.replicas <= set.replicas() && stage.pods().len() as i32 <= set.replicas()
        })?;
        self.collect_garbage();
        Ok(())
    }

    /// `[0:R+/r1 1:P/r2] ...`, the notation of the golden stories, with the revisions' own names.
    pub fn line(&self) -> String {
        let pods: Vec<String> = self.pods().iter().map(|pod| short(pod)).collect();
        let set = self.set();
        let s = &set.status;
        format!(
            "[{}] status{{rep={} rdy={} avail={} cur={} upd={} curRev={} updRev={} gen={}}}",
            pods.join(" "),
            s.replicas,
            s.ready_replicas,
            s.available_replicas,
            s.current_replicas,
            s.updated_replicas,
            s.current_revision,
            s.update_revision,
            s.observed_generation
        )
    }
}

fn short(pod: &Pod) -> String {
    let ordinal = ordinal_of(&pod.metadata.name).unwrap_or(-1);
    let phase = &pod.phase().as_str()[..1];
    let ready = if pod.is_ready() { "+" } else { "" };
    let stopping = if pod.is_terminating() { "!" } else { "" };
    format!("{ordinal}:{phase}{ready}{stopping}/{}", pod_revision(pod))
}

/// `create pod`, `update persistentvolumeclaim`, `status statefulset`: what a refusal is aimed at.
fn verb_of(request: &Request) -> String {
    match request {
        Request::Get(target) => format!("get {}", target.kind.singular()),
        Request::Create(object) => format!("create {}", object.kind().singular()),
        Request::Update(object) => format!("update {}", object.kind().singular()),
        Request::UpdateStatus(object) => format!("status {}", object.kind().singular()),
        Request::Delete { target, .. } => format!("delete {}", target.kind.singular()),
        Request::Patch { target, .. } => format!("patch {}", target.kind.singular()),
        Request::Bind { .. } | Request::Evict { .. } => String::new(),
    }
}

/// What must be true after every step.
pub type Invariant = fn(&Stage);

/// Upstream: `assertBurstInvariants`. Every pod has its name, its volumes and its claims, and the claims are owned as
/// the retention policy says.
pub fn burst_invariants(stage: &Stage) {
    let set = stage.set();
    for pod in stage.pods() {
        assert!(identity_matches(&set, &pod), "{}: identity", stage.line());
        assert!(storage_matches(&set, &pod), "{}: storage", stage.line());
        let ordinal = ordinal_of(&pod.metadata.name).expect("members have ordinals");
        for claim in claims_of(&set, ordinal) {
            let stored = stage.claim(&claim.metadata.name).expect("a pod has its claims");
            check_retention(stage, &set, &pod, &stored);
        }
    }
}

/// Upstream: `assertMonotonicInvariants`. Besides, no ordinal is left out, and none is ready before the one below it.
pub fn monotonic_invariants(stage: &Stage) {
    burst_invariants(stage);
    let set = stage.set();
    let pods = stage.pods();
    for (index, pod) in pods.iter().enumerate() {
        let ordinal = ordinal_of(&pod.metadata.name).expect("members have ordinals");
        assert_eq!(ordinal, set.start_ordinal() + index as i32, "{}: a gap", stage.line());
        if index > 0 && pod.is_running_and_ready() {
            assert!(pods[index - 1].is_running_and_ready(), "{}: ready too early", stage.line());
        }
    }
}

/// Upstream: `assertUpdateInvariants`. As many pods as the status says, from below, have the current revision, and as
/// many, from above, the new one.
pub fn update_invariants(stage: &Stage) {
    burst_invariants(stage);
    let set = stage.set();
    if &*set.spec.update_strategy.kind == "OnDelete" {
        return;
    }
    // Stopping pods count in neither number.
    let pods: Vec<Rc<Pod>> = stage.pods().into_iter().filter(|pod| !pod.is_terminating()).collect();
    let newest = pods.iter().filter(|pod| pod_revision(pod) == &*set.status.update_revision).count() as i32;
    assert!(newest >= set.status.updated_replicas, "{}: more updated than there are", stage.line());
    let first_new = pods.iter().position(|pod| pod_revision(pod) == &*set.status.update_revision);
    let last_old = pods.iter().rposition(|pod| pod_revision(pod) != &*set.status.update_revision);
    if let (Some(first_new), Some(last_old)) = (first_new, last_old) {
        assert!(last_old < first_new, "{}: updated out of order", stage.line());
    }
}

/// Upstream: `checkClaimInvarients`.
fn check_retention(stage: &Stage, set: &StatefulSet, pod: &Pod, claim: &PersistentVolumeClaim) {
    let policy = set.spec.persistent_volume_claim_retention_policy.as_ref();
    let deletes = |word: Option<&Name>| word.is_some_and(|word| &**word == "Delete");
    let when_scaled = deletes(policy.map(|p| &p.when_scaled));
    let when_deleted = deletes(policy.map(|p| &p.when_deleted));
    let start = set.start_ordinal();
    let in_range =
        ordinal_of(&pod.metadata.name).is_some_and(|ordinal| (start..start + set.replicas()).contains(&ordinal));
    let owners: Vec<&str> = claim.metadata.owner_references.iter().map(|owner| &*owner.kind).collect();
    let wanted: &[&str] = match (when_deleted, when_scaled, in_range) {
        (_, true, false) => &["Pod"],
        (true, _, _) => &["StatefulSet"],
        (false, _, _) => &[],
    };
    assert_eq!(owners, wanted, "{}: owners of {}", stage.line(), claim.metadata.name);
}

/// `foo`, with one claim template, one volume of the template and a history of two: upstream's `newStatefulSet`.
pub fn new_set(replicas: i32) -> StatefulSet {
    let mut template = template("foo");
    Rc::make_mut(&mut template.spec).volumes.push(Volume {
        name: "home".into(),
        empty_dir: Opaque(Some(Rc::new(Value::Map(Default::default())))),
        ..Volume::default()
    });
    let mut claim = PersistentVolumeClaim::default();
    claim.metadata.name = "datadir".into();
    let spec = Rc::make_mut(&mut claim.spec);
    spec.access_modes = vec!["ReadWriteOnce".into()];
    spec.resources.requests.insert("storage".into(), Quantity("1Gi".into()));
    let mut set = StatefulSet { metadata: meta("foo", 0), ..StatefulSet::default() };
    set.metadata.resource_version = Revision(0);
    set.spec = Rc::new(StatefulSetSpec {
        replicas: Some(replicas),
        revision_history_limit: Some(2),
        selector: Some(selector("foo")),
        service_name: "governingsvc".into(),
        template,
        update_strategy: StatefulSetUpdateStrategy { kind: "RollingUpdate".into(), rolling_update: None },
        volume_claim_templates: vec![claim],
        ..StatefulSetSpec::default()
    });
    set
}

/// Upstream: `burst`.
pub fn parallel(mut set: StatefulSet) -> StatefulSet {
    Rc::make_mut(&mut set.spec).pod_management_policy = "Parallel".into();
    set
}

/// A retention policy by its two words; an empty word is left to the default.
pub fn retention(mut set: StatefulSet, policy: Option<(&str, &str)>) -> StatefulSet {
    Rc::make_mut(&mut set.spec).persistent_volume_claim_retention_policy = policy.map(|(when_scaled, when_deleted)| {
        ClaimRetentionPolicy { when_scaled: when_scaled.into(), when_deleted: when_deleted.into() }
    });
    set
}

/// Upstream: `runTestOverPVCRetentionPolicies`: the four policies, none, and one of which half is left to the default.
pub const POLICIES: [Option<(&str, &str)>; 6] = [
    Some(("Retain", "Retain")),
    Some(("Delete", "Retain")),
    Some(("Retain", "Delete")),
    Some(("Delete", "Delete")),
    None,
    Some(("Delete", "")),
];

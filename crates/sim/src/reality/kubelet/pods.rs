//! The life of a pod on its machine: accepted, volumes, containers; and what is done when the API server is heard again.
//!
//! Upstream: `pkg/kubelet/kubelet.go` (`HandlePodAdditions` and its siblings), `pod_workers.go`, `kubelet_pods.go`.

use super::containers::containers_to_run;
use super::host::Host;
use super::state::{Stage, Wake, Worker};
use crate::belief::api::event::EventType;
use crate::belief::api::watch::Change;
use crate::ground::clock::{Span, Time};
use crate::ground::digest::Kept;
use crate::ground::planted;
use crate::reality::machine::ProcessId;
use petri_objects::*;
use std::rc::Rc;

impl Host<'_> {
    /// Whether the kubelet hears and acts.
    pub fn is_listening(&self) -> bool {
        let machine = &*self.machine;
        machine.kubelet.running && machine.powered && self.network.hears(&machine.name, self.now)
    }

    pub fn wake(&mut self, wake: &Wake) {
        match wake {
            Wake::Start if self.machine.powered && !self.machine.kubelet.running => self.start_kubelet(),
            Wake::Start => {}
            Wake::Lease { life } => self.renew_lease(*life),
            Wake::Statuses { life } => {
                if self.machine.kubelet.running && self.machine.kubelet.life == *life {
                    self.post_again();
                }
            }
            Wake::Hear(change) => self.hear(change),
            Wake::Stored(uid, status) => self.with_worker(*uid, |host, worker| {
                // One that was overtaken, because its link became fast again, says nothing new.
                if !worker.posted {
                    host.store(worker, status.clone());
                }
            }),
            Wake::Resume(uid) => {
                let now = self.now;
                self.with_worker(*uid, |host, worker| {
                    if host.is_paused_until(worker, now) {
                        host.hang(worker, false, None);
                    }
                });
            }
            Wake::Pod(uid) => self.with_worker(*uid, |host, worker| {
                if worker.due.is_some_and(|due| due <= host.now) {
                    worker.due = None;
                    if host.machine.kubelet.running {
                        host.turn(worker);
                    }
                }
            }),
        }
    }

    /// Takes a worker out, lets it act, and puts it back unless it has finished.
    pub fn with_worker(&mut self, uid: Uid, act: impl FnOnce(&mut Host<'_>, &mut Worker)) {
        let Some(mut worker) = self.machine.kubelet.workers.remove(&uid) else { return };
        act(self, &mut worker);
        let finished = worker.stage == Stage::Stopped && worker.gone && worker.mounted.is_empty();
        if !finished {
            self.machine.kubelet.workers.insert(uid, worker);
        }
    }

    /// A change arrives over a slow link. What the kubelet has learned in another way meanwhile is not unlearned.
    fn hear(&mut self, change: &Change) {
        let object = change.object();
        let known = match object {
            Object::Pod(pod) => {
                let worker = self.machine.kubelet.workers.get(&pod.metadata.uid);
                worker.map(|worker| worker.pod.metadata.resource_version)
            }
            _ => self.machine.kubelet.node.as_ref().map(|node| node.metadata.resource_version),
        };
        let late = match (known, &change.new) {
            (Some(known), _) => change.revision < known,
            (None, Some(new)) => {
                self.server.objects().get(&new.reference()).is_none_or(|o| o.meta().uid != new.meta().uid)
            }
            (None, None) => false,
        };
        if self.is_listening() && !late {
            self.observe(change);
        }
    }

    /// A change that the watch delivered.
    pub fn observe(&mut self, change: &Change) {
        match change.object() {
            Object::Node(node) if node.metadata.name == self.machine.name => self.observe_node(change),
            Object::PersistentVolumeClaim(claim) => {
                let uses = |worker: &Worker| {
                    worker.pod.metadata.namespace == claim.metadata.namespace
                        && worker.pod.claims().any(|name| *name == claim.metadata.name)
                };
                let users: Vec<Uid> = self
                    .machine
                    .kubelet
                    .workers
                    .values()
                    .filter(|worker| uses(worker))
                    .map(|w| w.pod.metadata.uid)
                    .collect();
                users.into_iter().for_each(|uid| self.with_worker(uid, |host, worker| host.grow_volumes(worker)));
            }
            Object::Pod(pod) if pod.spec.node_name == self.machine.name => {
                let cause = crate::words::actor::Cause::Write(change.revision);
                let uid = pod.metadata.uid;
                let known = self.machine.kubelet.workers.contains_key(&uid);
                match &change.new {
                    Some(Object::Pod(pod)) if known => {
                        let pod = pod.clone();
                        self.with_worker(uid, |host, worker| host.pod_changed(worker, &pod, cause));
                    }
                    Some(Object::Pod(pod)) => {
                        let pod = pod.clone();
                        self.admit(&pod, cause, false);
                    }
                    _ => {
                        let grace = pod.metadata.deletion_grace_period_seconds;
                        self.with_worker(uid, |host, worker| {
                            worker.cause = cause;
                            host.object_gone(worker, grace);
                        });
                    }
                }
            }
            _ => {}
        }
    }

    fn observe_node(&mut self, change: &Change) {
        let before = self.machine.kubelet.node.take();
        if let Some(Object::Node(node)) = &change.new {
            self.machine.kubelet.node = Some(self.server.objects().nodes.keep(node));
            let attached = |n: &Option<Kept<Rc<Node>>>| n.as_ref().map(|n| n.status.volumes_attached.clone());
            if attached(&before) != attached(&self.machine.kubelet.node) {
                let waiting: Vec<Uid> = self
                    .machine
                    .kubelet
                    .workers
                    .values()
                    .filter(|w| matches!(w.stage, Stage::Volumes { .. }))
                    .map(|w| w.pod.metadata.uid)
                    .collect();
                for uid in waiting {
                    let at = self.now + self.settings.kubelet.volume_poll;
                    self.with_worker(uid, |host, worker| host.plan_worker(worker, Some(at)));
                }
            }
        }
    }

    /// Begins to work on a pod that is bound to this machine. `rebooted`: its containers ran before the machine went off.
    pub fn admit(&mut self, pod: &Rc<Pod>, cause: crate::words::actor::Cause, rebooted: bool) {
        if pod.phase().is_terminal() && !pod.is_terminating() {
            return;
        }
        let mut containers = containers_to_run(pod, rebooted, self.now);
        if self.settings.kubelet.recorded_agent {
            containers.iter_mut().for_each(|run| run.last_exit = None);
        }
        let mut worker = Box::new(Worker {
            pod: self.server.objects().pods.keep(pod),
            gone: false,
            stage: Stage::Volumes { since: self.now, warned: 0 },
            due: None,
            ip: Name::default(),
            containers,
            initialized: false,
            overdue: false,
            grace_ends: Time::ZERO,
            mounted: Vec::new(),
            status: Kept::new(Rc::new(PodStatus { start_time: pod.status.start_time, ..PodStatus::default() })),
            posted: false,
            cause,
        });
        let uid = pod.metadata.uid;
        if pod.is_terminating() {
            // Nothing of it runs here: it has stopped, and all that is left to do is to say so.
            worker.stage = Stage::Stopped;
            if pod.phase().is_terminal() {
                (worker.status, worker.posted) = (Kept::new(pod.status.clone()), true);
            } else {
                self.report(&mut worker);
            }
            let confirm = self.settings.kubelet.confirm;
            let at = self.now + if self.settings.kubelet.delete_terminating_at_boot { Span::ZERO } else { confirm };
            self.plan_worker(&mut worker, Some(at));
            self.machine.kubelet.workers.insert(uid, worker);
            return;
        }
        if rebooted && !self.settings.kubelet.recorded_agent {
            let text = "Pod sandbox changed, it will be killed and re-created.";
            self.event(pod, EventType::Normal, "SandboxChanged", text, cause);
        }
        self.report(&mut worker);
        if worker.pod.claims().next().is_some() {
            self.claim_volumes(&worker);
        }
        self.turn(&mut worker);
        self.machine.kubelet.workers.insert(uid, worker);
    }

    /// Does whatever is due for a pod.
    pub fn turn(&mut self, worker: &mut Worker) {
        if worker.deadline().is_some_and(|at| at <= self.now) {
            return self.exceed_deadline(worker);
        }
        match worker.stage {
            Stage::Volumes { .. } => {
                let set_up = self.try_set_up(worker);
                let mounted =
                    worker.pod.claims().next().is_none() || !worker.mounted.is_empty() || self.try_mount(worker);
                if !mounted || set_up.is_some() {
                    let next = if mounted { None } else { self.next_volume_turn(worker) };
                    self.plan_worker(worker, next.into_iter().chain(set_up).min());
                    return;
                }
                self.grow_volumes(worker);
                self.mount_local(worker);
                worker.stage = Stage::Creating;
                self.create_containers(worker);
            }
            Stage::Creating | Stage::Running => self.run_containers(worker),
            Stage::Stopping => self.stop_containers(worker),
            Stage::Stopped => self.confirm_stopped(worker),
        }
    }

    /// The object changed under a worker that has it.
    fn pod_changed(&mut self, worker: &mut Worker, pod: &Rc<Pod>, cause: crate::words::actor::Cause) {
        let notes_changed = worker.pod.metadata.annotations != pod.metadata.annotations;
        worker.pod = self.server.objects().pods.keep(pod);
        if pod.is_terminating() {
            worker.cause = cause;
            let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or(30);
            self.begin_stop(worker, grace.max(0) as u64, false);
        } else if notes_changed {
            self.annotations_changed(worker);
        }
        if !worker.pod.spec.readiness_gates.is_empty() && worker.stage == Stage::Running {
            // Somebody else may have said what the gates wait for.
            self.report(worker);
        }
        // A deadline may have been set, or moved.
        let due = worker.due;
        self.plan_worker(worker, due);
        let stops = pod.is_terminating() || worker.stage == Stage::Stopped;
        if worker.posted && !stops && differs(&worker.status, &pod.status) {
            // Another writer changed what only the kubelet knows: it will say it again.
            worker.posted = false;
            self.plan_round(self.settings.kubelet.status_interval);
        }
    }

    /// The object is gone: what still runs of it is stopped.
    fn object_gone(&mut self, worker: &mut Worker, grace: Option<i64>) {
        worker.gone = true;
        let grace = match grace {
            // A forced deletion leaves no time; the runtime still gives two seconds.
            Some(0) => 0,
            _ => worker.pod.spec.termination_grace_period_seconds.unwrap_or(30),
        };
        self.begin_stop(worker, grace.max(0) as u64, true);
    }

    pub fn plan_round(&mut self, within: Span) {
        if !self.machine.kubelet.round_planned {
            self.machine.kubelet.round_planned = true;
            let life = self.machine.kubelet.life;
            let after = Span(self.server.random.kubelet.below(within.0.max(1)));
            self.plan(after, Wake::Statuses { life });
        }
    }

    fn post_again(&mut self) {
        self.machine.kubelet.round_planned = false;
        let unposted: Vec<Uid> =
            self.machine.kubelet.workers.values().filter(|w| !w.posted).map(|w| w.pod.metadata.uid).collect();
        for uid in unposted {
            self.with_worker(uid, |host, worker| host.post(worker));
        }
    }

    /// The API server is heard again (`restarted`: by a kubelet that has just started): everything is compared.
    pub fn resync(&mut self, restarted: bool) {
        if !self.machine.kubelet.running || !self.is_connected() {
            return;
        }
        let root = self.server.root();
        let uids: Vec<Uid> = self.machine.kubelet.workers.keys().copied().collect();
        for uid in uids {
            self.with_worker(uid, |host, worker| {
                let key = crate::belief::api::shelf::Key::of(&worker.pod.metadata);
                match root.pods.get(&key).filter(|pod| pod.metadata.uid == uid) {
                    Some(pod) => {
                        let cause = crate::words::actor::Cause::Write(pod.metadata.resource_version);
                        let pod = pod.clone();
                        host.grow_volumes(worker);
                        worker.gone = false;
                        host.pod_changed(worker, &pod, cause);
                        if worker.stage == Stage::Stopped || worker.due.is_none() {
                            host.turn(worker);
                        }
                    }
                    None if planted::is(planted::Error::ForgottenGhost) => {}
                    None => {
                        // A kubelet that kept running gives the full grace; one that restarted kills what nobody wants.
                        let grace = if restarted { Some(0) } else { None };
                        host.object_gone(worker, grace);
                        if worker.stage == Stage::Stopped {
                            host.turn(worker);
                        }
                    }
                }
            });
        }
        let mine = root.pods.values().filter(|pod| pod.spec.node_name == self.machine.name);
        let new: Vec<Rc<Pod>> =
            mine.filter(|pod| !self.machine.kubelet.workers.contains_key(&pod.metadata.uid)).cloned().collect();
        for pod in new {
            let cause = crate::words::actor::Cause::Write(pod.metadata.resource_version);
            let ran_before = pod.status.start_time != crate::ground::clock::Time::ZERO;
            self.admit(&pod, cause, ran_before);
        }
        self.forget_unused(None);
        if self.machine.kubelet.workers.values().any(|w| !w.posted) {
            self.plan_round(self.settings.kubelet.status_interval);
        }
    }

    /// The link to the control plane is whole again.
    pub fn reconnect(&mut self) {
        if self.machine.kubelet.running && self.is_connected() {
            self.register_if_known();
            self.resync(false);
        }
    }

    /// A kubelet registers only when it starts; one that is merely heard again reports to the object that is there.
    fn register_if_known(&mut self) {
        let target = ObjectRef::new(Kind::Node, "", self.name());
        match self.call(crate::belief::api::request::Request::Get(target), crate::words::actor::Cause::None) {
            Ok(_) => self.post_node_status(false),
            Err(_) => self.machine.kubelet.node = None,
        }
    }

    pub fn process_id(worker: &Worker, container: &Name) -> ProcessId {
        ProcessId { pod: worker.pod.metadata.uid, container: container.clone() }
    }
}

/// Whether the API server's status differs in what the kubelet owns.
fn differs(own: &PodStatus, stored: &PodStatus) -> bool {
    let ready = |s: &PodStatus| condition(&s.conditions, "Ready").map(|c| c.status.clone());
    own.phase != stored.phase || ready(own) != ready(stored)
}

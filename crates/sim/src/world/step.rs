//! The only transition function: what one event does to a world.

use crate::belief::api::request::{Reply, Request, WriteContext};
use crate::belief::api::shelf::{Key, Objects};
use crate::belief::api::watch::Change;
use crate::belief::api::{system_namespaces, system_services};
use crate::belief::client::call::{Api, Outcome, PendingSync, Stop, Via};
use crate::belief::client::informer::Enqueue;
use crate::belief::client::workqueue::AT_ONCE;
use crate::belief::controllers::csi_driver::resize;
use crate::belief::controllers::{self, CONTROLLERS};
use crate::ground::clock::{Span, Time};
use crate::ground::planted;
use crate::reality::kubelet::Wake;
use crate::words::actor::{Actor, Cause};
use crate::words::api_error::ApiError;
use crate::words::command::Component;
use crate::words::controller_id::ControllerId;
use crate::words::note::{Note, Verb, What};
use crate::words::reason::{Reason, Waiting};
use crate::world::event::Event;
use crate::world::queue::Slot;
use crate::world::{Grain, World};
use petri_objects::*;

/// Periods of Go's `wait.Until` start when the last body has ended, so ten of them take a little more than ten periods.
const PERIOD_SLACK: Span = Span::millis(1);

impl World {
    /// The earliest event happens. `false` if nothing is planned, or the clock [stands still](World::standstill).
    pub fn step(&mut self, notes: &mut Vec<Note>) -> bool {
        match self.queue.first() {
            Some((slot, _)) if self.standstill().is_none() => {
                self.apply(slot, notes);
                true
            }
            _ => false,
        }
    }

    /// Everything that is due until `until` happens; then it is `until`, unless the clock [stands still](World::standstill)
    /// before.
    pub fn run_until(&mut self, until: Time, notes: &mut Vec<Note>) {
        while self.next_due().is_some_and(|due| due <= until) {
            self.step(notes);
        }
        self.wait_until(until);
    }

    /// Time passes in which nothing is due.
    pub(crate) fn wait_until(&mut self, until: Time) {
        if self.standstill().is_none() {
            self.now = self.now.max(until);
        }
    }

    /// One planned event happens. Nothing happens if it is not planned any more.
    pub fn apply(&mut self, slot: Slot, notes: &mut Vec<Note>) {
        if self.standstill().is_some() {
            return;
        }
        let Some(event) = self.queue.take(slot) else { return };
        self.now = self.now.max(slot.0);
        self.events += 1;
        match event {
            Event::Observe => self.observe(notes),
            Event::Work(id) => self.work(id),
            Event::Requeue(id, key) => {
                if self.queues[id as usize].is_due(&key, self.now) {
                    self.enqueue(id, key, Cause::Timer);
                }
            }
            Event::Period(id, key) => {
                let period = (controllers::of(id).periods)(&self.settings).into_iter().find(|(k, _)| *k == key);
                if let Some((_, period)) = period {
                    self.queue.push(self.now + period + PERIOD_SLACK, Event::Period(id, key.clone()));
                }
                self.enqueue(id, key, Cause::Timer);
            }
            Event::Kubelet(node, wake) => {
                self.on_machine(&node, notes, |host| host.wake(&wake));
            }
            Event::Serve(id) => self.serve_pending(id),
            Event::Answer(id) => self.answer_pending(id),
            Event::Sweep => self.sweep(),
            Event::Program(id) => self.program_turn(&id, notes),
            Event::SessionExpiry => self.expire_sessions(notes),
            Event::Hear(id) => self.hear(id),
            Event::ComponentStarts(component) => self.component_starts(component, notes),
            Event::SystemNamespaces => self.make_system_namespaces(),
        }
        self.after_event(notes);
        self.keep_time();
    }

    /// Tells what was written and plans that the caches hear of it.
    pub(crate) fn after_event(&mut self, notes: &mut Vec<Note>) {
        if self.server.revision() > self.told {
            let news: Vec<Change> = self.server.log.since(self.told).cloned().collect();
            for change in &news {
                self.lose_with(change, notes);
                self.disks.follow(change);
                self.follow_owner(change);
                self.check_change(change, notes);
                if system_namespaces::is_missed(change) {
                    self.plan_system_look(system_namespaces::PERIOD);
                }
                if system_services::is_missed(change) {
                    self.plan_system_look(system_services::PERIOD);
                }
                if let Some(note) = write_note(change) {
                    notes.push(note);
                }
            }
            self.told = self.server.revision();
        }
        let heard = !self.is_stopped(Component::ApiServer);
        if heard && !self.observe_planned && !self.server.log.is_empty() {
            self.observe_planned = true;
            self.queue.push(self.now + self.settings.watch_lag, Event::Observe);
        }
    }

    /// The caches of controllers and connected kubelets catch up with the store.
    fn observe(&mut self, notes: &mut Vec<Note>) {
        self.observe_planned = false;
        if self.is_stopped(Component::ApiServer) {
            // What was written last is heard of when the API server is back.
            return;
        }
        let changes: Vec<Change> = self.server.log.take();
        for controller in CONTROLLERS {
            let id = controller.id;
            if self.sleeps(id) {
                continue;
            }
            if !self.held.contains(&id) && self.is_active(id) && !self.put_off(id, &changes) {
                self.informers[id as usize].cache = self.server.root();
                self.informers[id as usize].seen = self.server.revision();
                self.tell(id, &changes);
            }
        }
        for change in &changes {
            if let Some(Object::PersistentVolumeClaim(claim)) = &change.new
                && resize::awaits_node(claim)
            {
                self.tell_users(claim, change, notes);
                continue;
            }
            let node = match change.object() {
                Object::Pod(pod) if pod.is_scheduled() => pod.spec.node_name.clone(),
                Object::Node(node) => node.metadata.name.clone(),
                _ => continue,
            };
            let latency = self.network.latency(&node);
            if latency > Span::ZERO {
                let wake = Wake::Hear(std::rc::Rc::new(change.clone()));
                self.queue.push(self.now + latency, Event::Kubelet(node, wake));
                continue;
            }
            self.on_machine(&node, notes, |host| {
                if host.is_listening() {
                    host.observe(change);
                }
            });
        }
        self.checks(notes).check_risks();
    }

    /// Whether a control loop has nothing to look at, and had nothing before. It knows nothing then. Those of Jobs never
    /// go back to sleep: pods that hold a finalizer of theirs may come after the last Job has gone.
    fn sleeps(&mut self, id: ControllerId) -> bool {
        let informer = &self.informers[id as usize];
        let needless = |objects| controllers::is_needless(id, objects);
        let may_forget = id == ControllerId::DaemonSet && needless(&*informer.cache);
        let sleeps = needless(self.server.objects()) && (informer.seen == Revision(0) || may_forget);
        if sleeps && informer.seen > Revision(0) {
            self.informers[id as usize] = Default::default();
        }
        sleeps
    }

    /// The machines on which a claim is used hear that its disk has grown.
    fn tell_users(&mut self, claim: &PersistentVolumeClaim, change: &Change, notes: &mut Vec<Note>) {
        let objects = self.server.root();
        let uses =
            |pod: &&std::rc::Rc<Pod>| pod.is_scheduled() && pod.claims().any(|name| *name == claim.metadata.name);
        let users = objects.pods.in_namespace(&claim.metadata.namespace).filter(uses);
        let nodes: std::collections::BTreeSet<Name> = users.map(|pod| pod.spec.node_name.clone()).collect();
        for node in nodes {
            self.on_machine(&node, notes, |host| {
                if host.is_listening() {
                    host.observe(change);
                }
            });
        }
    }

    /// A controller hears of changes. A sync that is cut in the middle must find its controller's memory as it left it.
    pub(crate) fn tell(&mut self, id: ControllerId, changes: &[Change]) {
        if self.pending.contains_key(&id) {
            self.deferred.entry(id).or_default().extend(changes.iter().cloned());
        } else {
            self.notify(id, changes);
        }
    }

    /// Lets a controller queue the keys that changes concern.
    fn notify(&mut self, id: ControllerId, changes: &[Change]) {
        let cache = self.informers[id as usize].cache.clone();
        for change in changes {
            let enqueue = Enqueue::new(&cache, &mut self.memory, &self.settings, self.now);
            for (key, after) in (controllers::of(id).enqueue)(change, enqueue) {
                if after == Span::ZERO {
                    self.enqueue(id, key, Cause::Write(change.revision));
                } else {
                    self.requeue_after(id, key, after);
                }
            }
        }
    }

    fn enqueue(&mut self, id: ControllerId, key: Key, cause: Cause) {
        self.queues[id as usize].add(key, cause);
        self.plan_turn(id);
    }

    fn requeue_after(&mut self, id: ControllerId, key: Key, after: Span) {
        let at = self.now + after;
        if self.queues[id as usize].add_after(&key, at) {
            self.queue.push(at, Event::Requeue(id, key));
        }
    }

    /// The API server is back: what waited goes on.
    pub(crate) fn resume_controllers(&mut self) {
        for controller in CONTROLLERS {
            self.plan_turn(controller.id);
        }
    }

    pub(crate) fn plan_turn(&mut self, id: ControllerId) {
        let idle = self.queues[id as usize].is_idle() || self.pending.contains_key(&id);
        if !idle && self.turns.insert(id) {
            self.queue.push(self.now, Event::Work(id));
        }
    }

    /// A controller takes the next key and works on it.
    fn work(&mut self, id: ControllerId) {
        self.turns.remove(&id);
        if !self.is_active(id) {
            return;
        }
        let Some((key, cause)) = self.queues[id as usize].pop() else { return };
        if !self.has_seen_own_writes(id, &key) {
            let controller = controllers::of(id);
            let limits = (controller.retries().0, controller.slowest());
            let delay = self.queues[id as usize].retry_delay(&key, limits, self.now);
            self.requeue_after(id, key, delay);
        } else if self.grain == Grain::Fine || self.losing_reply.contains(&id) || self.faults.etcd > Span::ZERO {
            let cache = self.informers[id as usize].cache.clone();
            let pending = PendingSync {
                key,
                cause,
                began: self.now,
                cache,
                past: Vec::new(),
                // Replaced by the first question before anybody sees it.
                next: Request::Get(ObjectRef::new(Kind::Namespace, "", "")),
                served: None,
                events: 0,
            };
            self.resume(id, pending);
        } else {
            self.sync_in_place(id, &key, cause);
        }
        self.plan_turn(id);
    }

    /// STS-4: a sync does not run on a cache that misses the controller's own writes.
    fn has_seen_own_writes(&self, id: ControllerId, key: &Key) -> bool {
        // The Job controller has no other way to know what it has done.
        let gate = self.settings.gates.stale_controller_consistency || id == ControllerId::Job;
        if !controllers::of(id).waits_for_own_writes || !gate {
            return true;
        }
        let wrote = self.own_writes.get(&(id, key.clone())).copied().unwrap_or_default();
        self.informers[id as usize].seen >= wrote
    }

    fn sync_in_place(&mut self, id: ControllerId, key: &Key, cause: Cause) {
        let cache = self.informers[id as usize].cache.clone();
        let context = WriteContext { now: self.now, by: Actor::Controller(id), cause };
        self.server.last_write = Revision(0);
        let via = Via::Direct { server: &mut self.server, context };
        let api = Api::new(self.now, &self.settings, &mut self.memory, cache, via);
        let (outcome, _) = (controllers::of(id).sync)(key, api);
        self.remember_own_writes(id, key);
        self.finish(id, key.clone(), outcome);
    }

    fn remember_own_writes(&mut self, id: ControllerId, key: &Key) {
        if controllers::of(id).waits_for_own_writes && self.server.last_write > Revision(0) {
            self.own_writes.insert((id, key.clone()), self.server.last_write);
        }
    }

    /// Runs a cut sync again from the top against what it has heard, until it asks something new or ends. Only at its
    /// end does what it has remembered count.
    fn resume(&mut self, id: ControllerId, mut pending: PendingSync) {
        let mut memory = self.memory.clone();
        let via = Via::Replay { past: &pending.past, asked: 0, next: None, events: Vec::new() };
        let api = Api::new(pending.began, &self.settings, &mut memory, pending.cache.clone(), via);
        let (outcome, via) = (controllers::of(id).sync)(&pending.key, api);
        let Via::Replay { next, events, .. } = via else { unreachable!("the sync was replayed") };
        let context = WriteContext { now: self.now, by: Actor::Controller(id), cause: pending.cause };
        for note in events.iter().skip(pending.events as usize) {
            self.server.record(note, &context);
        }
        pending.events = events.len() as u32;
        match (outcome, next) {
            (Err(Stop::Awaiting), Some(next)) => {
                // A write takes effect when etcd has it.
                let commit = if is_write(&next) { self.faults.etcd } else { Span::ZERO };
                pending.next = next;
                self.pending.insert(id, pending);
                self.queue.push(self.now + commit, Event::Serve(id));
            }
            (outcome, _) => {
                self.memory = memory;
                let key = pending.key;
                self.finish(id, key, outcome);
                if id == ControllerId::CsiDriver {
                    self.turn_storage_parts();
                }
                if let Some(deferred) = self.deferred.remove(&id) {
                    self.notify(id, &deferred);
                }
            }
        }
    }

    fn serve_pending(&mut self, id: ControllerId) {
        let Some(mut pending) = self.pending.remove(&id) else { return };
        let context = WriteContext { now: self.now, by: Actor::Controller(id), cause: pending.cause };
        self.server.last_write = Revision(0);
        pending.served = Some(match self.is_stopped(Component::ApiServer) {
            true => Err(ApiError::Unreachable),
            false => self.server.serve(pending.next.clone(), &context),
        });
        self.remember_own_writes(id, &pending.key);
        self.pending.insert(id, pending);
        self.queue.push(self.now, Event::Answer(id));
    }

    fn answer_pending(&mut self, id: ControllerId) {
        if self.is_paused(id) {
            return;
        }
        if Component::of(id).is_some_and(|component| self.is_stopped(component)) {
            // Nobody is left to hear it; whoever starts again reads everything anew.
            self.forget_sync(id);
            return;
        }
        let Some(mut pending) = self.pending.remove(&id) else { return };
        let Some(mut reply) = pending.served.take() else {
            self.pending.insert(id, pending);
            return;
        };
        if is_write(&pending.next) && self.losing_reply.remove(&id) {
            reply = Reply::Err(ApiError::Unreachable);
        }
        pending.past.push(crate::belief::client::call::Exchange { request: pending.next.clone(), reply });
        self.resume(id, pending);
        self.plan_turn(id);
    }

    /// What a sync leaves behind: a reason, a time to look again, or an error and its back-off.
    fn finish(&mut self, id: ControllerId, key: Key, outcome: Outcome) {
        let waiting = match outcome {
            Ok(done) => {
                self.queues[id as usize].forget(&key);
                if let Some(after) = done.after {
                    let after = if after == Span::ZERO { AT_ONCE } else { after };
                    self.requeue_after(id, key.clone(), after);
                }
                done.waiting
            }
            Err(Stop::Failed(error)) => {
                let controller = controllers::of(id);
                let (first, most) = controller.retries();
                let queue = &mut self.queues[id as usize];
                if most.is_some_and(|most| queue.failures(&key) >= most) {
                    // Given up, until something changes.
                    queue.forget(&key);
                } else if !planted::is(planted::Error::LostRequeue) {
                    let delay = queue.retry_delay(&key, (first, controller.slowest()), self.now);
                    self.requeue_after(id, key.clone(), delay);
                }
                Some(Reason::Refused { message: error.to_string().into() })
            }
            Err(Stop::Awaiting) => unreachable!("a sync that was served in place has nothing to await"),
        };
        let slot = (id, key);
        match waiting {
            None => {
                self.waiting.remove(&slot);
            }
            Some(reason) => {
                let known = self.waiting.get(&slot);
                if known.is_none_or(|known| known.reason != reason) {
                    // The same obstacle with other details has stood since it first appeared.
                    let same =
                        |known: &&Waiting| std::mem::discriminant(&known.reason) == std::mem::discriminant(&reason);
                    let since = known.filter(same).map_or(self.now, |known| known.since);
                    self.waiting.insert(slot, Waiting { since, reason });
                }
            }
        }
    }

    /// A controller's cache jumps to the store as it is, and hears of everything that differs from `before`.
    pub(crate) fn relist(&mut self, id: ControllerId, before: &Objects) {
        if self.sleeps(id) {
            return;
        }
        let root = self.server.root();
        let changes = differences(before, &root, self.now, self.server.revision());
        self.informers[id as usize].cache = root;
        self.informers[id as usize].seen = self.server.revision();
        self.tell(id, &changes);
    }

    /// A controller looks at everything in its cache again.
    pub(crate) fn look_again(&mut self, id: ControllerId) {
        let cache = self.informers[id as usize].cache.clone();
        let changes = differences(&Objects::default(), &cache, self.now, self.informers[id as usize].seen);
        self.tell(id, &changes);
    }

    /// A sync that is cut in the middle ends there, with whatever was planned for it.
    pub(crate) fn forget_sync(&mut self, id: ControllerId) {
        if self.pending.remove(&id).is_some() {
            self.queue.drop_turns(id);
        }
        if id == ControllerId::CsiDriver {
            self.turn_storage_parts();
        }
        self.deferred.remove(&id);
    }

    fn plan_system_look(&mut self, period: Span) {
        self.queue.push(system_namespaces::next_look(period, self.start, self.now), Event::SystemNamespaces);
    }

    /// The API server makes again what every cluster has: namespaces, and its own Service.
    fn make_system_namespaces(&mut self) {
        if self.is_stopped(Component::ApiServer) {
            let at_minutes = system_namespaces::is_look(self.start, self.now);
            let period = if at_minutes { system_namespaces::PERIOD } else { system_services::PERIOD };
            return self.plan_system_look(period);
        }
        let context = WriteContext { now: self.now, by: Actor::Setup, cause: Cause::Timer };
        let looks = system_namespaces::is_look(self.start, self.now);
        let missing: Vec<Namespace> = system_namespaces::missing(self.server.objects()).filter(|_| looks).collect();
        let services = system_services::missing(self.server.objects(), &self.settings);
        for object in missing.into_iter().map(Object::from).chain(services) {
            // Nothing can be wrong with them, and nobody could be told.
            let _ = self.server.serve(Request::Create(object), &context);
        }
    }

    /// API-45: events live for an hour.
    fn sweep(&mut self) {
        self.queue.push(self.now + Span::seconds(600), Event::Sweep);
        let context = WriteContext { now: self.now, by: Actor::Setup, cause: Cause::Timer };
        for key in crate::belief::api::recorder::expired(self.server.objects(), self.now) {
            if let Some(event) = self.server.objects().events.get(&key).cloned() {
                self.server.remove(event.into(), &context);
            }
        }
    }
}

fn is_write(request: &Request) -> bool {
    !matches!(request, Request::Get(_))
}

/// What a relist tells a controller: one change per object that is not the same.
fn differences(before: &Objects, after: &Objects, now: Time, revision: Revision) -> Vec<Change> {
    let change = |old: Option<Object>, new: Option<Object>| {
        let (old, new) = (old.map(|old| before.keep(old)), new.map(|new| after.keep(new)));
        Change::new(revision, now, Actor::Setup, Cause::None, old, new)
    };
    let mut changes = Vec::new();
    let gone = before.kinds().filter(|kind| kind.is_kept() && after.list(*kind).is_empty());
    for kind in after.kinds().chain(gone) {
        for object in after.list(kind) {
            let mut old = before.get(&object.reference());
            // What went and came back under its name meanwhile is another object: it is heard of as both.
            if let Some(gone) = old.take_if(|old| old.meta().uid != object.meta().uid) {
                changes.push(change(Some(gone), None));
            }
            if !old.as_ref().is_some_and(|old| old.same(&object)) {
                changes.push(change(old, Some(object)));
            }
        }
        for object in before.list(kind) {
            if after.get(&object.reference()).is_none() {
                changes.push(change(Some(object), None));
            }
        }
    }
    changes
}

/// The note about a write; heartbeats are not told.
fn write_note(change: &Change) -> Option<Note> {
    let object = change.object();
    let verb = match (&change.old, &change.new) {
        (None, _) => Verb::Created,
        (_, None) => Verb::Deleted,
        (Some(old), Some(new)) if !old.meta().is_terminating() && new.meta().is_terminating() => {
            Verb::MarkedForDeletion
        }
        _ => Verb::Updated,
    };
    if matches!(object, Object::Lease(lease) if &*lease.metadata.namespace == "kube-node-lease") {
        return None;
    }
    // A holder that renews its lock says nothing new.
    if let (Actor::Process(_), Some(old)) = (&change.by, &change.old)
        && crate::reality::workload::election::holder(old) == crate::reality::workload::election::holder(object)
    {
        return None;
    }
    Some(Note {
        at: change.at,
        what: What::Write {
            revision: change.revision,
            by: change.by.clone(),
            cause: change.cause,
            target: object.reference(),
            uid: object.meta().uid,
            verb,
            object: object.clone(),
            old: change.old.clone().filter(|_| verb == Verb::Updated || verb == Verb::MarkedForDeletion),
        },
    })
}

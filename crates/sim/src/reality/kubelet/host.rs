//! A machine with everything its kubelet may touch: the machine itself, its disks, and the API server over the network.

use super::state::{Wake, Worker};
use crate::belief::api::event::{EventNote, EventType};
use crate::belief::api::request::{Patch, Reply, Request, WriteContext};
use crate::belief::api::server::Server;
use crate::ground::clock::{Span, Time};
use crate::ground::settings::Settings;
use crate::reality::agenda::{Agenda, Alarm};
use crate::reality::faults::Faults;
use crate::reality::machine::{Machine, Process, ProcessId};
use crate::reality::network::{Network, Verdict};
use crate::reality::storage::Disks;
use crate::reality::workload::behaviour::ContainerSort;
use crate::words::actor::{Actor, Cause};
use crate::words::api_error::ApiError;
use crate::words::identity::Identity;
use crate::words::note::{Note, ProcessChange, What};
use petri_objects::*;
use std::rc::Rc;

pub(crate) struct Host<'w> {
    pub now: Time,
    pub settings: &'w Settings,
    pub machine: &'w mut Machine,
    pub disks: &'w mut Disks,
    pub network: &'w Network,
    pub faults: &'w Faults,
    pub server: &'w mut Server,
    pub agenda: &'w mut dyn Agenda,
    pub notes: &'w mut Vec<Note>,
    /// Machines whose processes changed: the invariants look at these identities again.
    pub touched: &'w mut Vec<Identity>,
}

impl Host<'_> {
    pub fn name(&self) -> Name {
        self.machine.name.clone()
    }
    /// Whether requests get through and are answered.
    pub fn is_connected(&self) -> bool {
        self.machine.powered && self.network.reaches_control_plane(&self.machine.name)
    }
    /// Asks the API server, if it can be reached.
    pub fn call(&mut self, request: Request, cause: Cause) -> Reply {
        match self.verdict() {
            Verdict::Lost => return Err(ApiError::Unreachable),
            // What only asks, and what is asked first, is as good as lost.
            Verdict::ReplyLost if matches!(request, Request::Get(_)) => return Err(ApiError::Unreachable),
            Verdict::Answered | Verdict::ReplyLost => {}
        }
        let context = self.context(cause);
        let reply = self.server.serve(request, &context);
        if self.is_connected() { reply } else { Err(ApiError::Unreachable) }
    }
    /// What becomes of a request that is sent now.
    pub fn verdict(&self) -> Verdict {
        if self.machine.powered { self.network.verdict(&self.machine.name, self.now) } else { Verdict::Lost }
    }
    /// How long a write is on its way until it is stored.
    pub fn write_delay(&self) -> Span {
        self.network.latency(&self.machine.name) + self.faults.etcd
    }
    pub fn event(&mut self, pod: &Rc<Pod>, kind: EventType, reason: &str, message: impl Into<Name>, cause: Cause) {
        self.event_about(&Object::Pod(pod.clone()), kind, reason, message, cause);
    }
    pub fn event_about(
        &mut self,
        object: &Object,
        kind: EventType,
        reason: &str,
        message: impl Into<Name>,
        cause: Cause,
    ) {
        self.record(EventNote::new(object, kind, reason, message.into()), cause);
    }
    /// An event about one container of a pod.
    pub fn container_event(
        &mut self,
        worker: &Worker,
        index: usize,
        kind: EventType,
        reason: &str,
        message: impl Into<Name>,
    ) {
        let run = &worker.containers[index];
        let list = if run.sort == ContainerSort::Regular { "containers" } else { "initContainers" };
        let mut note = EventNote::new(&Object::Pod(Rc::clone(&worker.pod)), kind, reason, message.into());
        // The recorded agent names no container.
        if !self.settings.kubelet.recorded_agent {
            note.about.field_path = format!("spec.{list}{{{}}}", run.name).into();
        }
        self.record(note, worker.cause);
    }
    fn record(&mut self, note: EventNote, cause: Cause) {
        // Deviation: events that cannot be sent are lost; the real recorder retries for a while.
        if self.verdict() != Verdict::Lost {
            let context = self.context(cause);
            self.server.record(&note, &context);
        }
    }
    pub fn node_event(&mut self, kind: EventType, reason: &str, message: impl Into<Name>) {
        if let (true, Some(node)) = (self.is_connected(), self.machine.kubelet.node.clone()) {
            let note = EventNote::new(&Object::Node(node.into_value()), kind, reason, message.into());
            let context = self.context(Cause::None);
            self.server.record(&note, &context);
        }
    }
    fn context(&self, cause: Cause) -> WriteContext {
        WriteContext { now: self.now, by: Actor::Kubelet(self.machine.name.clone()), cause }
    }
    pub fn plan(&mut self, after: Span, wake: Wake) {
        let name = self.name();
        self.agenda.plan(self.now + after, Alarm::Kubelet(name, wake));
    }
    pub fn plan_at(&mut self, at: Time, wake: Wake) {
        self.plan(at.since(self.now), wake);
    }
    /// Plans the worker's next turn; an earlier plan that is still in the queue rings for nobody.
    pub fn plan_worker(&mut self, worker: &mut Worker, at: Option<Time>) {
        let at = at.into_iter().chain(worker.deadline()).min();
        if worker.due == at {
            return;
        }
        worker.due = at;
        if let Some(at) = at {
            self.plan_at(at, Wake::Pod(worker.pod.metadata.uid));
        }
    }
    /// Posts the worker's status, if the API server can be reached and does not have it.
    pub fn post(&mut self, worker: &mut Worker) {
        if worker.gone || worker.posted {
            return;
        }
        let delay = self.write_delay();
        if delay > Span::ZERO {
            return self.plan(delay, Wake::Stored(worker.pod.metadata.uid, Rc::clone(&worker.status)));
        }
        self.store(worker, Rc::clone(&worker.status));
    }
    /// A status that was posted arrives.
    pub fn store(&mut self, worker: &mut Worker, status: Rc<PodStatus>) {
        if worker.gone || self.verdict() == Verdict::ReplyLost {
            // The status manager looks at the pod first, and hears nothing.
            return;
        }
        let patch = Patch::PodStatus(status.clone());
        let target = ObjectRef::new(Kind::Pod, worker.pod.metadata.namespace.clone(), worker.pod.metadata.name.clone());
        let request = Request::Patch { target, uid: Some(worker.pod.metadata.uid), patch };
        match self.call(request, worker.cause) {
            Ok(Object::Pod(pod)) => {
                worker.posted = status == *worker.status;
                worker.pod = self.server.objects().pods.keep(&pod);
            }
            Ok(_) => {}
            Err(ApiError::Unreachable) => {}
            // "Pod was deleted and then recreated, skipping status update".
            Err(_) => worker.gone = true,
        }
    }
    pub fn note(&mut self, what: What) {
        self.notes.push(Note { at: self.now, what });
    }
    pub fn process_note(&mut self, pod: &Pod, container: &Name, change: ProcessChange) {
        let identity = Identity { namespace: pod.metadata.namespace.clone(), pod: pod.metadata.name.clone() };
        let (node, uid, container) = (self.name(), pod.metadata.uid, container.clone());
        self.note(What::Process { node, identity, uid, container, change });
    }
    pub fn add_process(&mut self, id: ProcessId, process: Process) {
        self.touched.push(process.identity.clone());
        self.machine.processes.insert(id, process);
    }
    pub fn remove_process(&mut self, id: &ProcessId) -> Option<Process> {
        let process = self.machine.processes.remove(id)?;
        self.touched.push(process.identity.clone());
        Some(process)
    }
}

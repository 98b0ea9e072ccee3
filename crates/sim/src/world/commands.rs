//! Commands carried out: what a person does, to the API server or to the physical world.

use crate::belief::api::apply;
use crate::belief::api::request::{DeleteOptions, Patch, Request, WriteContext};
use crate::belief::controllers::CONTROLLERS;
use crate::ground::scenario::MachineSpec;
use crate::reality::kubelet::Wake;
use crate::words::actor::{Actor, Cause};
use crate::words::api_error::ApiError;
use crate::words::command::{Command, Component, StoragePart};
use crate::words::controller_id::ControllerId;
use crate::words::note::{Answer, MachineChange, Note, What};
use crate::world::World;
use petri_objects::*;
use std::rc::Rc;

impl World {
    /// Carries a command out, now.
    ///
    /// # Errors
    /// What the API server refuses, in its words; `BadRequest` for things that do not exist in the physical world, and in a
    /// world whose clock [stands still](World::standstill).
    pub fn command(&mut self, command: &Command, notes: &mut Vec<Note>) -> Result<Answer, ApiError> {
        if let Some(standstill) = self.standstill() {
            return Err(ApiError::BadRequest(standstill.to_string().into()));
        }
        let number = self.commands;
        self.commands += 1;
        self.events += 1;
        let mut after = Vec::new();
        let before = matches!(command, Command::Evict { .. }).then(|| self.server.root());
        let result =
            if command.is_request() { self.request(command, number) } else { self.physical(command, &mut after) };
        let command = Rc::new(command.clone());
        notes.push(Note {
            at: self.now,
            what: What::Command { number, command: command.clone(), result: result.clone(), said: None },
        });
        notes.append(&mut after);
        if let (Command::Evict { pod, .. }, Some(before), true) = (&*command, before, result.is_ok()) {
            let key = crate::belief::api::shelf::Key::new(pod.namespace.clone(), pod.name.clone());
            self.check_eviction(&key, &before, number, notes);
        }
        self.after_event(notes);
        result
    }

    fn request(&mut self, command: &Command, number: u32) -> Result<Answer, ApiError> {
        if self.is_stopped(Component::ApiServer) {
            return Err(ApiError::Unreachable);
        }
        let context = WriteContext { now: self.now, by: Actor::User, cause: Cause::Command(number) };
        let before = self.server.revision();
        match command {
            Command::Apply(manifest) => apply::apply(&mut self.server, manifest, &context),
            Command::Create(object) => {
                let created = self.server.serve(Request::Create(object.clone()), &context)?;
                Ok(Answer::Created(created.reference()))
            }
            Command::Replace(object) => {
                let replaced = self.server.serve(Request::Update(object.clone()), &context)?;
                Ok(Answer::Replaced(replaced.reference()))
            }
            Command::Scale { target, replicas } => {
                let spec: Map = [(Name::from("replicas"), Value::Int(i64::from(*replicas)))].into_iter().collect();
                let value = Value::Map([(Name::from("spec"), Value::Map(spec))].into_iter().collect());
                let patch = Patch::Merge { value, status: false };
                self.server.serve(Request::Patch { target: target.clone(), uid: None, patch }, &context)?;
                Ok(Answer::Scaled(target.clone()))
            }
            Command::Delete { target, grace_seconds, propagation } => {
                let options = DeleteOptions {
                    grace_seconds: *grace_seconds,
                    propagation: Some(*propagation),
                    ..DeleteOptions::default()
                };
                self.server.serve(Request::Delete { target: target.clone(), options }, &context)?;
                Ok(Answer::Deleted { target: target.clone(), forced: *grace_seconds == Some(0) })
            }
            Command::Patch { target, patch, status } => {
                let patch = Patch::Merge { value: patch.clone(), status: *status };
                self.server.serve(Request::Patch { target: target.clone(), uid: None, patch }, &context)?;
                Ok(Answer::Patched { target: target.clone(), changed: self.server.revision() != before })
            }
            Command::Evict { pod, grace_seconds } => {
                let key = crate::belief::api::shelf::Key::new(pod.namespace.clone(), pod.name.clone());
                self.server.serve(Request::Evict { pod: key, grace_seconds: *grace_seconds }, &context)?;
                Ok(Answer::Evicted(pod.clone()))
            }
            Command::Cordon { node, on } => {
                let spec: Map = [(Name::from("unschedulable"), if *on { Value::Bool(true) } else { Value::Null })]
                    .into_iter()
                    .collect();
                let value = Value::Map([(Name::from("spec"), Value::Map(spec))].into_iter().collect());
                let target = ObjectRef::new(Kind::Node, "", node.clone());
                let patch = Patch::Merge { value, status: false };
                self.server.serve(Request::Patch { target, uid: None, patch }, &context)?;
                Ok(Answer::Cordoned { node: node.clone(), on: *on, changed: self.server.revision() != before })
            }
            Command::Taint { node, add, remove } => {
                let target = ObjectRef::new(Kind::Node, "", node.clone());
                let patch = Patch::Taints { add: add.clone(), remove: remove.clone() };
                self.server.serve(Request::Patch { target, uid: None, patch }, &context)?;
                Ok(Answer::Tainted { node: node.clone(), added: !add.is_empty(), removed: !remove.is_empty() })
            }
            _ => unreachable!("only requests are sent to the API server"),
        }
    }

    fn physical(&mut self, command: &Command, notes: &mut Vec<Note>) -> Result<Answer, ApiError> {
        let bad = |text: String| ApiError::BadRequest(text.into());
        let done = |text: String| Ok(Answer::Done(text.into()));
        let machine = |world: &World, node: &Name| {
            if world.machines.contains_key(node) { Ok(()) } else { Err(bad(format!("there is no machine \"{node}\""))) }
        };
        match command {
            Command::PowerOff { node } => {
                machine(self, node)?;
                if !self.machines[node].powered {
                    return Err(bad(format!("{node} is already off")));
                }
                self.power_off(node, notes);
                done(format!("{node} is off"))
            }
            Command::PowerOn { node } => {
                machine(self, node)?;
                if self.machines[node].powered {
                    return Err(bad(format!("{node} is already on")));
                }
                self.power_on(node, notes);
                done(format!("{node} boots"))
            }
            Command::Reboot { node } => {
                machine(self, node)?;
                if self.machines[node].powered {
                    self.power_off(node, notes);
                }
                self.power_on(node, notes);
                done(format!("{node} reboots"))
            }
            Command::StopKubelet { node } => {
                machine(self, node)?;
                if !self.machines[node].kubelet.running {
                    return Err(bad(format!("the kubelet of {node} does not run")));
                }
                self.network.drop_connections(Some(node), self.now);
                self.on_machine(node, notes, |host| host.machine.kubelet.running = false);
                self.machine_note(node, MachineChange::KubeletStopped, notes);
                done(format!("the kubelet of {node} is stopped; its containers run on"))
            }
            Command::StartKubelet { node } => {
                machine(self, node)?;
                let machine = &self.machines[node];
                if !machine.powered || machine.kubelet.running {
                    let why = if machine.powered { "already runs" } else { "cannot run without power" };
                    return Err(bad(format!("the kubelet of {node} {why}")));
                }
                self.machine_note(node, MachineChange::KubeletStarted, notes);
                self.on_machine(node, notes, |host| host.start_kubelet());
                done(format!("the kubelet of {node} starts"))
            }
            Command::AddMachine { node, zone } => {
                if self.machines.contains_key(node) {
                    return Err(bad(format!("there is a machine \"{node}\" already")));
                }
                let spec = MachineSpec::new(node, zone, self.machines.len() as u32);
                self.add_machine(&spec);
                self.on_machine(node, notes, |host| host.start_kubelet());
                self.machine_note(node, MachineChange::PoweredOn, notes);
                done(format!("{node} joins in zone {zone}"))
            }
            Command::Cut { node } => {
                machine(self, node)?;
                if !self.network.cut(node.clone(), self.now) {
                    return Err(bad(format!("{node} is already cut off")));
                }
                self.machine_note(node, MachineChange::Cut, notes);
                done(format!("{node} is cut off from the control plane"))
            }
            Command::Heal { node } => {
                machine(self, node)?;
                let cut = self.network.is_cut(node);
                if !self.heal_link(node, notes) {
                    return Err(bad(format!("{node} is not cut off")));
                }
                done(match cut {
                    true => format!("{node} reaches the control plane again"),
                    false => format!("the links of {node} are whole and fast again"),
                })
            }
            Command::SetClock { node, percent, ahead_seconds } => {
                machine(self, node)?;
                if !(1..=10_000).contains(percent) {
                    return Err(bad("a clock runs at 1% to 10000% of time".into()));
                }
                self.programs.set_clock(node, *percent, *ahead_seconds, self.now);
                let off = match ahead_seconds {
                    0 => String::new(),
                    n if *n < 0 => format!(", {}s behind", n.unsigned_abs()),
                    n => format!(", {n}s ahead"),
                };
                done(format!("the clock of {node} runs at {percent}%{off}"))
            }
            Command::Crash { pod, exit_code } => {
                let (node, uid) = self.process_of(pod)?;
                let code = *exit_code;
                self.on_machine(&node, notes, |host| {
                    host.with_worker(uid, |host, worker| {
                        for index in 0..worker.containers.len() {
                            host.container_exits(worker, index, code);
                        }
                        host.look_again(worker);
                    });
                });
                done(format!("the processes of {} on {node} exit with code {code}", pod.name))
            }
            Command::Hang { pod, on } => {
                let (node, uid) = self.process_of(pod)?;
                let on = *on;
                self.on_machine(&node, notes, |host| {
                    host.with_worker(uid, |host, worker| host.hang(worker, on, None));
                });
                let what = if on { "do not answer any more" } else { "answer again" };
                done(format!("the processes of {} on {node} {what}", pod.name))
            }
            Command::Exec { pod, container, files, exit_code } => {
                self.exec(pod, container, files, *exit_code, notes)?;
                done(format!("done in {} of {}", container, pod.name))
            }
            Command::FailStorage { part, on } => {
                if !self.turn_storage_part(*part, *on) {
                    let already = match part {
                        StoragePart::Provisioner if *on => "the provisioner does not run".to_owned(),
                        StoragePart::Provisioner => "the provisioner already runs".to_owned(),
                        part if *on => format!("requests to {} are already left unanswered", part.name()),
                        part => format!("requests to {} are answered", part.name()),
                    };
                    return Err(bad(already));
                }
                if !*on {
                    self.look_again(ControllerId::CsiDriver);
                }
                done(match (part, on) {
                    (StoragePart::Provisioner, true) => "the provisioner is stopped".to_owned(),
                    (StoragePart::Provisioner, false) => "the provisioner starts".to_owned(),
                    (part, true) => format!("requests to {} a disk are left unanswered", part.name()),
                    (part, false) => format!("requests to {} a disk are answered again", part.name()),
                })
            }
            Command::ReadOnly { volume, on } => {
                let Some(was) = self.disks.get(volume).map(|disk| disk.journal.read_only) else {
                    return Err(bad(format!("there is no disk \"{volume}\"")));
                };
                if was == *on {
                    let why = if *on { "refuses every write already" } else { "takes writes already" };
                    return Err(bad(format!("{volume} {why}")));
                }
                self.disks.on_journal(volume, |journal| journal.read_only = *on);
                done(format!("{volume} {}", if *on { "refuses every write" } else { "takes writes again" }))
            }
            Command::StopComponent { component } => {
                if !self.stop_component(*component) {
                    return Err(bad(format!("{} does not run", component.name())));
                }
                done(format!("{} is stopped", component.name()))
            }
            Command::StartComponent { component } => {
                if !self.stopped.remove(component) {
                    return Err(bad(format!("{} already runs", component.name())));
                }
                self.start_component(*component, notes);
                done(format!("{} starts", component.name()))
            }
            Command::CrashController { controller } => {
                let id = *controller;
                self.restart_controller(id);
                done(format!("{} crashed and starts again with an empty memory", id.name()))
            }
            Command::HoldCache { controller, on } => {
                let (id, name) = (*controller, controller.name());
                if *on {
                    self.held.insert(id);
                    return done(format!("{name} sees the cluster as it is now until its cache is released"));
                }
                if self.held.remove(&id) && !self.is_paused(id) {
                    self.catch_up(id);
                }
                done(format!("{name} sees the cluster as it is again"))
            }
            Command::LoseReply { controller } => {
                self.losing_reply.insert(*controller);
                done(format!("the next answer to a write of {} will be lost", controller.name()))
            }
            _ => self.fault(command, notes),
        }
    }

    /// `false` if it does not run.
    pub(crate) fn stop_component(&mut self, component: Component) -> bool {
        let ran = self.stopped.insert(component);
        if component == Component::ApiServer {
            self.network.control_plane(false);
            self.network.drop_connections(None, self.now);
        }
        ran
    }

    /// A component that was restarted is there again, unless somebody started it before.
    pub(crate) fn component_starts(&mut self, component: Component, notes: &mut Vec<Note>) {
        if self.stopped.remove(&component) {
            self.start_component(component, notes);
        }
    }

    /// A controller that is started knows nothing but what it reads.
    fn restart_controller(&mut self, id: ControllerId) {
        self.forget_sync(id);
        self.queues[id as usize] = Default::default();
        self.memory.forget(id);
        self.faults.late.remove(&id);
        self.own_writes.retain(|(owner, _), _| *owner != id);
        self.waiting.retain(|(owner, _), _| *owner != id);
        self.relist(id, &Default::default());
    }

    fn start_component(&mut self, component: Component, notes: &mut Vec<Note>) {
        if component != Component::ApiServer {
            let own = |id: &ControllerId| Component::of(*id) == Some(component);
            CONTROLLERS.iter().map(|controller| controller.id).filter(own).for_each(|id| self.restart_controller(id));
            return;
        }
        // Everybody else has kept running, and catches up.
        self.network.control_plane(true);
        self.resume_controllers();
        let machines: Vec<Name> = self.machines.keys().cloned().collect();
        for node in machines {
            self.on_machine(&node, notes, |host| host.reconnect());
        }
    }

    fn power_off(&mut self, node: &Name, notes: &mut Vec<Note>) {
        self.machine_note(node, MachineChange::PoweredOff, notes);
        self.network.drop_connections(Some(node), self.now);
        self.on_machine(node, notes, |host| host.power_off());
    }

    fn power_on(&mut self, node: &Name, notes: &mut Vec<Note>) {
        self.machine_note(node, MachineChange::PoweredOn, notes);
        let now = self.now;
        self.on_machine(node, notes, |host| {
            host.machine.powered = true;
            host.machine.power_since = now;
            host.machine.boot += 1;
            let boot = host.settings.kubelet.boot;
            host.plan(boot, Wake::Start);
        });
    }

    pub(crate) fn machine_note(&self, node: &Name, change: MachineChange, notes: &mut Vec<Note>) {
        notes.push(Note { at: self.now, what: What::Machine { node: node.clone(), change } });
    }

    /// The machine and uid of the processes that a pod's name stands for: those of its object if they run, else a ghost's.
    pub(crate) fn process_of(&self, pod: &ObjectRef) -> Result<(Name, Uid), ApiError> {
        let key = crate::belief::api::shelf::Key::new(pod.namespace.clone(), pod.name.clone());
        let believed = self.objects().pods.get(&key).map(|pod| pod.metadata.uid);
        let running = |uid: Uid| self.machine_running(uid).map(|machine| (machine.name.clone(), uid));
        if let Some(found) = believed.and_then(running) {
            return Ok(found);
        }
        self.machines
            .values()
            .flat_map(|machine| machine.processes.values().map(move |process| (machine, process)))
            .find(|(_, process)| process.identity.pod == pod.name && process.identity.namespace == pod.namespace)
            .map(|(machine, process)| (machine.name.clone(), process.uid))
            .ok_or_else(|| ApiError::BadRequest(format!("no process of {} runs on any machine", pod.name).into()))
    }
}

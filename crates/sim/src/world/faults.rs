//! Faults that slow something down or stop it for a while: etcd, caches, controllers, starts, probes, links.
//!
//! Each is a physical fact, never a patch to an object: what follows from it follows by itself.
//!
//! Invariant: a world in which a fault is not used has the fingerprint that it would have without it.

use crate::belief::api::watch::Change;
use crate::ground::clock::Span;
use crate::reality::faults::{Faults, Ills, News};
use crate::reality::kubelet::Wake;
use crate::reality::machine::Machine;
use crate::reality::network::{CONNECTION_OUTLIVES, LONGEST_LATENCY};
use crate::words::api_error::ApiError;
use crate::words::command::{Command, Component, Direction, Probed, StoragePart};
use crate::words::controller_id::ControllerId;
use crate::words::identity::Identity;
use crate::words::note::{Answer, MachineChange, Note};
use crate::world::World;
use crate::world::event::Event;
use petri_objects::{Kind, Name, ObjectRef, Uid};
use std::rc::Rc;

/// Something about the control plane that keeps it from doing its work as usual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hindrance {
    /// The component or controller.
    pub who: &'static str,
    pub sentence: String,
    /// The commands that can have caused it.
    pub causes: Vec<Command>,
    /// The command that ends it.
    pub end: Command,
}

/// etcd answers a request that takes longer than this with a time-out (5 s and two elections' worth).
const LONGEST_COMMIT: Span = Span::seconds(5);

/// No pause and no delay is longer: a run takes at most a day.
const LONGEST: Span = Span::minutes(24 * 60);

/// What a process of the control plane takes to be started again by its kubelet.
///
/// Deviation: Kubernetes does not define it; this is typical of a static pod.
const RESTART: Span = Span::seconds(5);

fn bad(text: String) -> ApiError {
    ApiError::BadRequest(text.into())
}

impl World {
    /// Carries out the commands of this module.
    pub(crate) fn fault(&mut self, command: &Command, notes: &mut Vec<Note>) -> Result<Answer, ApiError> {
        match command {
            Command::Pause { span, .. }
            | Command::SlowStart { span, .. }
            | Command::SlowStop { span, .. }
            | Command::DelayCache { by: span, .. }
                if *span > LONGEST =>
            {
                return Err(bad(format!("nothing here takes longer than {LONGEST}")));
            }
            _ => {}
        }
        let text = match command {
            Command::CutOneWay { node, lost } => self.cut_one_way(node, *lost, notes)?,
            Command::CutZone { zone } => self.cut_zone(zone, notes)?,
            Command::HealZone { zone } => self.heal_zone(zone, notes)?,
            Command::Part { node, other, on } => self.part(node, other, *on)?,
            Command::DelayLink { node, latency } => self.delay_link(node, *latency, notes)?,
            Command::Pause { pod, span } => self.pause(pod, *span, notes)?,
            Command::FailProbe { pod, probe, on } => self.fail_probe(pod, *probe, *on, notes)?,
            Command::SlowStart { pod, span } => self.slow_start(pod, *span)?,
            Command::SlowStop { pod, span } => self.slow_stop(pod, *span, notes)?,
            Command::RestartComponent { component } => self.restart_component(*component)?,
            Command::PauseController { controller, on } => self.pause_controller(*controller, *on)?,
            Command::DelayCache { controller, by } => self.delay_cache(*controller, *by)?,
            Command::DelayEtcd { by } => self.delay_etcd(*by)?,
            _ => unreachable!("the other commands are carried out elsewhere"),
        };
        Ok(Answer::Done(text.into()))
    }

    pub(crate) fn machine(&self, node: &Name) -> Result<&Machine, ApiError> {
        self.machines.get(node).ok_or_else(|| bad(format!("there is no machine \"{node}\"")))
    }

    fn cut_one_way(&mut self, node: &Name, lost: Direction, notes: &mut Vec<Note>) -> Result<String, ApiError> {
        self.machine(node)?;
        if !self.network.cut_one_way(node.clone(), lost, self.now) {
            return Err(bad(format!("{node} is already cut off")));
        }
        let change = match self.network.one_way(node) {
            Some(one_way) => MachineChange::CutOneWay(one_way.lost),
            None => MachineChange::Cut,
        };
        self.machine_note(node, change, notes);
        if self.network.one_way(node).is_none() {
            return Ok(format!("{node} is cut off from the control plane: now both directions are lost"));
        }
        let seconds = CONNECTION_OUTLIVES.as_seconds();
        Ok(match lost {
            Direction::Outgoing => format!(
                "what {node} sends is lost. TCP needs both directions: over connections that are open it hears the \
                 control plane for another {seconds} s, and nothing after that"
            ),
            Direction::Incoming => format!(
                "what is sent to {node} is lost. TCP needs both directions: over connections that are open its requests \
                 take effect for another {seconds} s without an answer, and nothing gets through after that"
            ),
        })
    }

    fn machines_in(&self, zone: &str) -> Result<Vec<Name>, ApiError> {
        let own: Vec<Name> = self
            .machines
            .values()
            .filter(|machine| machine.zone() == zone)
            .map(|machine| machine.name.clone())
            .collect();
        if own.is_empty() { Err(bad(format!("no machine is in zone \"{zone}\""))) } else { Ok(own) }
    }

    fn cut_zone(&mut self, zone: &Name, notes: &mut Vec<Note>) -> Result<String, ApiError> {
        let mut cut: Vec<Name> = Vec::new();
        for node in self.machines_in(zone)? {
            if self.network.cut(node.clone(), self.now) {
                self.machine_note(&node, MachineChange::Cut, notes);
                cut.push(node);
            }
        }
        if cut.is_empty() {
            return Err(bad(format!("every machine of zone {zone} is already cut off")));
        }
        Ok(format!("{} of zone {zone} {} cut off from the control plane", cut.join(", "), is_are(cut.len())))
    }

    fn heal_zone(&mut self, zone: &Name, notes: &mut Vec<Note>) -> Result<String, ApiError> {
        let mut healed: Vec<Name> = Vec::new();
        for node in self.machines_in(zone)? {
            if self.heal_link(&node, notes) {
                healed.push(node);
            }
        }
        if healed.is_empty() {
            return Err(bad(format!("no machine of zone {zone} is cut off")));
        }
        Ok(format!("{} of zone {zone} {} linked again", healed.join(", "), is_are(healed.len())))
    }

    /// Heals a machine's links, and lets its kubelet catch up. `false` if they were whole.
    pub(crate) fn heal_link(&mut self, node: &Name, notes: &mut Vec<Note>) -> bool {
        let healed = self.network.heal(node);
        if healed {
            self.machine_note(node, MachineChange::Healed, notes);
            self.on_machine(node, notes, |host| host.reconnect());
        }
        healed
    }

    fn part(&mut self, node: &Name, other: &Name, on: bool) -> Result<String, ApiError> {
        self.machine(node)?;
        self.machine(other)?;
        if node == other {
            return Err(bad("a machine always reaches itself".into()));
        }
        match (self.network.part(node, other, on), on) {
            (true, true) => Ok(format!("{node} and {other} do not reach each other; the control plane reaches both")),
            (true, false) => Ok(format!("{node} and {other} reach each other again")),
            (false, true) => Err(bad(format!("{node} and {other} are already cut off from each other"))),
            (false, false) => Err(bad(format!("{node} and {other} are not cut off from each other"))),
        }
    }

    fn delay_link(&mut self, node: &Name, latency: Span, notes: &mut Vec<Note>) -> Result<String, ApiError> {
        self.machine(node)?;
        if latency > LONGEST_LATENCY {
            return Err(bad(format!(
                "a packet takes at most {LONGEST_LATENCY} here: requests time out above that, so cut the link instead"
            )));
        }
        if !self.network.delay(node.clone(), latency) {
            return Err(bad(format!("the latency of {node} is that already")));
        }
        if latency > Span::ZERO {
            return Ok(format!("packets to and from {node} take {latency} each way"));
        }
        // What is still on its way has arrived.
        self.on_machine(node, notes, |host| host.reconnect());
        Ok(format!("packets to and from {node} take no time any more"))
    }

    fn pause(&mut self, pod: &ObjectRef, span: Span, notes: &mut Vec<Note>) -> Result<String, ApiError> {
        let (node, uid) = self.process_of(pod)?;
        if span == Span::ZERO {
            return Err(bad("a pause takes some time; write 20s for example".into()));
        }
        let until = self.now + span;
        self.on_machine(&node, notes, |host| {
            host.with_worker(uid, |host, worker| host.hang(worker, true, Some(until)));
            host.plan(span, Wake::Resume(uid));
        });
        Ok(format!("the processes of {} on {node} stand still for {span}", pod.name))
    }

    fn fail_probe(
        &mut self,
        pod: &ObjectRef,
        probe: Probed,
        on: bool,
        notes: &mut Vec<Note>,
    ) -> Result<String, ApiError> {
        let (node, uid) = self.process_of(pod)?;
        let asked = self.on_machine(&node, notes, |host| {
            let mut asked = false;
            host.with_worker(uid, |host, worker| asked = host.fail_probe(worker, probe, on));
            asked
        });
        let (name, word) = (&pod.name, probe.name());
        Ok(match (on, asked) {
            (true, Some(true)) => format!("{word} probes of {name} on {node} fail until its containers are restarted"),
            (true, _) => format!("{name} would fail a {word} probe, and has none: nobody asks it"),
            (false, _) => format!("{word} probes of {name} on {node} are answered as its containers do by themselves"),
        })
    }

    fn slow_start(&mut self, pod: &ObjectRef, span: Span) -> Result<String, ApiError> {
        let identity = Identity { namespace: pod.namespace.clone(), pod: pod.name.clone() };
        let exists = self.objects().get(&ObjectRef { kind: Kind::Pod, ..pod.clone() }).is_some();
        if span == Span::ZERO {
            if self.faults.slow_starts.remove(&identity).is_none() {
                return Err(bad(format!("{identity} does not start slowly")));
            }
            return Ok(format!("{identity} starts as it does by itself, from its next start on"));
        }
        if !exists {
            self.process_of(pod)?;
        }
        self.faults.slow_starts.insert(identity.clone(), span);
        Ok(format!("from its next start on {identity} first answers after {span}"))
    }

    fn slow_stop(&mut self, pod: &ObjectRef, span: Span, notes: &mut Vec<Note>) -> Result<String, ApiError> {
        let (node, uid) = self.process_of(pod)?;
        self.on_machine(&node, notes, |host| {
            host.with_worker(uid, |host, worker| host.stop_slowly(worker, span));
        });
        Ok(format!("the processes of {} on {node} take {span} from SIGTERM to exit", pod.name))
    }

    fn restart_component(&mut self, component: Component) -> Result<String, ApiError> {
        let name = component.name();
        if !self.stop_component(component) {
            return Err(bad(format!("{name} does not run; start it")));
        }
        self.queue.push(self.now + RESTART, Event::ComponentStarts(component));
        Ok(format!("{name} is stopped, and starts again in {RESTART}"))
    }

    fn pause_controller(&mut self, id: ControllerId, on: bool) -> Result<String, ApiError> {
        let name = id.name();
        if on {
            if !self.faults.paused.insert(id) {
                return Err(bad(format!("{name} stands still already")));
            }
            return Ok(format!("{name} stands still: it hears and does nothing until it is resumed"));
        }
        if !self.faults.paused.remove(&id) {
            return Err(bad(format!("{name} does not stand still")));
        }
        if self.pending.get(&id).is_some_and(|pending| pending.served.is_some()) {
            // The answer arrived while it stood still.
            self.queue.push(self.now, Event::Answer(id));
        }
        if !self.held.contains(&id) {
            self.catch_up(id);
        }
        self.plan_turn(id);
        Ok(format!("{name} goes on where it stood, and catches up"))
    }

    fn delay_cache(&mut self, id: ControllerId, by: Span) -> Result<String, ApiError> {
        let name = id.name();
        let before = self.faults.cache_delays.get(&id).copied().unwrap_or(Span::ZERO);
        if before == by {
            return Err(bad(format!("the cache of {name} trails by that already")));
        }
        if by == Span::ZERO {
            self.faults.cache_delays.remove(&id);
            if !self.held.contains(&id) && !self.faults.paused.contains(&id) {
                self.catch_up(id);
            }
            return Ok(format!("the cache of {name} trails no more than others"));
        }
        self.faults.cache_delays.insert(id, by);
        Ok(format!("the cache of {name} trails the API server by {by}"))
    }

    fn delay_etcd(&mut self, by: Span) -> Result<String, ApiError> {
        if by > LONGEST_COMMIT {
            return Err(bad(format!(
                "a write takes at most {LONGEST_COMMIT} here: etcd gives up above that, so stop kube-apiserver instead"
            )));
        }
        if self.faults.etcd == by {
            return Err(bad("etcd takes that long already".into()));
        }
        self.faults.etcd = by;
        if by == Span::ZERO {
            return Ok("etcd commits writes at once again".into());
        }
        Ok(format!("etcd takes {by} to commit a write; whoever wrote waits that long for the answer"))
    }

    /// A controller's cache jumps to the present: it was held back, stood still, or trailed.
    pub(crate) fn catch_up(&mut self, id: ControllerId) {
        self.faults.late.remove(&id);
        let before = self.informers[id as usize].cache.clone();
        self.relist(id, &before);
    }

    /// What a cache hears reaches it later. `false` if it does not trail.
    pub(crate) fn put_off(&mut self, id: ControllerId, changes: &[Change]) -> bool {
        let Some(by) = self.faults.cache_delays.get(&id).copied() else { return false };
        let due = self.now + by;
        let late = self.faults.late.entry(id).or_default();
        if late.next().is_none() {
            self.queue.push(due, Event::Hear(id));
        }
        late.push(News { due, seen: self.server.revision(), changes: changes.to_vec() });
        true
    }

    /// A cache that trails takes its next step. Nothing is left to hear if it has caught up meanwhile.
    pub(crate) fn hear(&mut self, id: ControllerId) {
        let deaf = self.held.contains(&id)
            || self.faults.paused.contains(&id)
            || Component::of(id).is_some_and(|component| self.is_stopped(component));
        let slept = id as usize >= ControllerId::ORDINARY && self.informers[id as usize].seen == Default::default();
        if slept && !deaf {
            // Whoever slept knows nothing that changes could be of, and lists everything.
            return self.catch_up(id);
        }
        let mut heard = false;
        while let Some(news) = self.faults.late.get_mut(&id).and_then(|late| late.pop(self.now)) {
            heard = true;
            // Whoever does not listen lists everything when it listens again.
            if !deaf {
                let informer = &mut self.informers[id as usize];
                let cache = Rc::make_mut(&mut informer.cache);
                for change in &news.changes {
                    match &change.new {
                        Some(object) => cache.put(object.clone()),
                        None => cache.remove(&change.reference()),
                    }
                }
                informer.seen = news.seen;
                self.tell(id, &news.changes);
            }
        }
        match self.faults.late.get(&id).map(|late| late.next()) {
            Some(Some(next)) if heard => drop(self.queue.push(next, Event::Hear(id))),
            Some(None) => drop(self.faults.late.remove(&id)),
            _ => {}
        }
    }

    /// Whether a controller's process stands still.
    pub fn is_paused(&self, controller: ControllerId) -> bool {
        self.faults.paused.contains(&controller)
    }

    /// Lets a part of the storage driver hang or work again. `false` if it does so already. A sync that is cut in the
    /// middle finds the driver as it was until it has ended.
    pub(crate) fn turn_storage_part(&mut self, part: StoragePart, on: bool) -> bool {
        if self.storage_fails(part) == on {
            return false;
        }
        match self.pending.contains_key(&ControllerId::CsiDriver) {
            true => self.faults.storage.push((part, on)),
            false => drop(self.memory.csi_driver.fail(part, on)),
        }
        true
    }

    /// The driver's sync has ended: what was done to the driver meanwhile counts.
    pub(crate) fn turn_storage_parts(&mut self) {
        if !self.faults.storage.is_empty() {
            for (part, on) in std::mem::take(&mut *self.faults.storage) {
                self.memory.csi_driver.fail(part, on);
            }
        }
    }

    /// Whether a part of the storage driver hangs.
    pub fn storage_fails(&self, part: StoragePart) -> bool {
        let last = self.faults.storage.iter().rev().find(|(other, _)| *other == part);
        last.map_or_else(|| self.memory.csi_driver.is_stuck(part), |(_, on)| *on)
    }

    /// What of the control plane is stopped, held back or slow, in a fixed order.
    pub fn hindrances(&self) -> Vec<Hindrance> {
        let usual = self.stopped.is_empty() && self.held.is_empty() && *self.faults == Faults::default();
        if usual { Vec::new() } else { self.hindered() }
    }

    #[inline(never)]
    fn hindered(&self) -> Vec<Hindrance> {
        let mut found = Vec::new();
        let mut add = |who: &'static str, sentence: String, causes: &[Command], end: Command| {
            found.push(Hindrance { who, sentence, causes: causes.to_vec(), end });
        };
        for component in self.stopped.iter().copied() {
            let causes = [Command::StopComponent { component }, Command::RestartComponent { component }];
            let sentence = format!("{} does not run.", component.name());
            add(component.name(), sentence, &causes, Command::StartComponent { component });
        }
        for controller in self.faults.paused.iter().copied() {
            let who = controller.name();
            let pause = |on| Command::PauseController { controller, on };
            add(who, format!("{who} stands still."), &[pause(true)], pause(false));
        }
        for controller in self.held.iter().copied() {
            let who = controller.name();
            let hold = |on| Command::HoldCache { controller, on };
            let sentence = format!("{who} sees the cluster as it was when its cache was held.");
            add(who, sentence, &[hold(true)], hold(false));
        }
        for (&controller, &by) in &self.faults.cache_delays {
            let who = controller.name();
            let delay = |by| Command::DelayCache { controller, by };
            let sentence = format!("{who} sees the cluster as it was {by} ago.");
            add(who, sentence, &[delay(by)], delay(Span::ZERO));
        }
        if self.faults.etcd > Span::ZERO {
            let by = self.faults.etcd;
            let sentence = format!("etcd takes {by} to commit a write.");
            add("etcd", sentence, &[Command::DelayEtcd { by }], Command::DelayEtcd { by: Span::ZERO });
        }
        found
    }

    /// What is slow or stands still.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What is wrong with the first process of a pod that has an ill.
    pub fn ills_of(&self, uid: Uid) -> Option<&Ills> {
        let machine = self.machine_running(uid)?;
        machine.processes_of(uid).map(|(_, process)| &*process.ills).find(|ills| **ills != Ills::default())
    }
}

fn is_are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

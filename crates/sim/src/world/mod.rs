//! Everything that is true at one instant: belief, reality, and what is about to happen.

pub mod event;
pub mod queue;

pub mod standstill;
pub mod step;

pub mod commands;
#[cfg(test)]
mod cut_syncs;
pub mod faults;
pub mod files;
mod processes;
mod promises;

use crate::belief::api::server::Server;
use crate::belief::api::shelf::{Key, Objects};
use crate::belief::api::watch::Change;
use crate::belief::client::call::PendingSync;
use crate::belief::client::informer::Informer;
use crate::belief::client::workqueue::WorkQueue;
use crate::belief::controllers::{CONTROLLERS, Memory};
use crate::ground::clock::Time;
use crate::ground::digest;
use crate::ground::ledger::Ledger;
use crate::ground::rare::Rare;
use crate::ground::roster::Roster;
use crate::ground::scenario::{MachineSpec, Scenario};
use crate::ground::settings::Settings;
use crate::reality::faults::Faults;
use crate::reality::files::Files;
use crate::reality::kubelet::{Host, Kubelet};
use crate::reality::machine::Machine;
use crate::reality::network::Network;
use crate::reality::storage::Disks;
use crate::reality::workload::program::Programs;
use crate::words::command::Component;
use crate::words::controller_id::ControllerId;
use crate::words::identity::Identity;
use crate::words::invariants::Invariants;
use crate::words::note::Note;
use crate::words::reason::Waiting;
use crate::world::event::Event;
use crate::world::queue::{Queue, Slot};
use crate::world::standstill::{Pulse, Standstill};
use petri_objects::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;

/// A cluster at one instant, as plain data: it can be cloned, compared and fingerprinted.
///
/// Invariant: only [`World::apply`] and [`World::command`] change it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// When the scenario began.
    pub start: Time,
    pub now: Time,
    /// How many events and commands were applied so far.
    pub events: u64,
    pub settings: Rc<Settings>,
    /// Belief: the API server and its store.
    pub server: Server,
    /// Reality: machines and their processes.
    pub machines: BTreeMap<Name, Machine>,
    /// Reality: on which machines processes of a name run, in their order.
    pub(crate) places: Ledger<Identity, Vec<Name>>,
    /// Reality: disks and their writers.
    pub disks: Disks,
    /// Reality: which links are cut.
    pub network: Network,
    /// Reality: what processes do by themselves.
    pub programs: Programs,
    /// How the guarantees stand.
    pub invariants: Invariants,
    pub(crate) grain: Grain,
    /// One per controller, in the order of [`CONTROLLERS`].
    pub(crate) informers: Roster<Informer, { ControllerId::ORDINARY }>,
    pub(crate) queues: Roster<WorkQueue, { ControllerId::ORDINARY }>,
    /// Controllers for which a turn is planned.
    pub(crate) turns: BTreeSet<ControllerId>,
    pub(crate) pending: BTreeMap<ControllerId, PendingSync>,
    /// Changes that a controller hears of when its cut sync is done.
    pub(crate) deferred: BTreeMap<ControllerId, Vec<Change>>,
    pub(crate) memory: Memory,
    /// The last own write of each key's sync, for controllers that wait to see it.
    pub(crate) own_writes: Ledger<(ControllerId, Key), Revision>,
    pub(crate) waiting: Ledger<(ControllerId, Key), Waiting>,
    /// Controllers whose cache is held back.
    pub(crate) held: BTreeSet<ControllerId>,
    /// Processes of the control plane that do not run.
    pub(crate) stopped: BTreeSet<Component>,
    /// Controllers that will lose the next answer to a write.
    pub(crate) losing_reply: BTreeSet<ControllerId>,
    pub(crate) observe_planned: bool,
    pub(crate) queue: Queue,
    pub(crate) commands: u32,
    /// Up to which revision writes were told as notes.
    pub(crate) told: Revision,
    /// Commands that removed a pod's object (or its node's) while its process ran.
    pub(crate) removals: BTreeMap<Identity, u32>,
    pub(crate) faults: Rare<Faults>,
    /// Reality: files that somebody's programs have left, but for those on disks.
    pub(crate) files: Rare<Files>,
    pub(crate) standstill: Rare<Option<Standstill>>,
    pub(crate) pulse: Pulse,
    #[cfg(feature = "planted")]
    pub(crate) trace: crate::ground::planted::Trace,
}

/// How finely events can interleave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grain {
    /// A sync happens at one instant.
    #[default]
    Coarse,
    /// Each request of a sync, and each answer, is an event of its own.
    Fine,
}

/// A short name of a whole world: equal worlds have equal fingerprints, natively and in the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u64);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl World {
    /// The world in which a scenario begins: machines registered, setup objects stored, clocks running.
    pub fn new(scenario: &Scenario, seed: u64) -> World {
        let settings = Rc::new(scenario.settings.clone());
        let mut world = World {
            start: scenario.start,
            now: scenario.start,
            events: 0,
            server: Server::new(settings.clone(), seed),
            settings,
            machines: BTreeMap::new(),
            places: Ledger::default(),
            disks: Disks::default(),
            network: Network::default(),
            programs: Programs::new(seed),
            invariants: Invariants::default(),
            grain: Grain::Coarse,
            informers: Roster::of(CONTROLLERS.len()),
            queues: Roster::of(CONTROLLERS.len()),
            turns: BTreeSet::new(),
            pending: BTreeMap::new(),
            deferred: BTreeMap::new(),
            memory: Memory::default(),
            own_writes: Ledger::default(),
            waiting: Ledger::default(),
            held: BTreeSet::new(),
            stopped: BTreeSet::new(),
            losing_reply: BTreeSet::new(),
            observe_planned: false,
            queue: Queue::default(),
            commands: 0,
            told: Revision(0),
            removals: BTreeMap::new(),
            faults: Rare::default(),
            files: Rare::default(),
            standstill: Rare::default(),
            pulse: Pulse::default(),
            #[cfg(feature = "planted")]
            trace: Default::default(),
        };
        world.memory.scheduler.seed(seed);
        world.set_up(scenario);
        world
    }

    fn set_up(&mut self, scenario: &Scenario) {
        use crate::belief::api::request::{Request, WriteContext};
        use crate::words::actor::{Actor, Cause};
        let context = WriteContext { now: self.now, by: Actor::Setup, cause: Cause::None };
        for name in crate::belief::api::system_namespaces::SYSTEM {
            let mut namespace = Namespace::default();
            namespace.metadata.name = name.into();
            self.server
                .serve(Request::Create(namespace.into()), &context)
                .expect("the setup's own namespaces are valid");
            let account = crate::belief::controllers::service_account::default_account(&name.into());
            self.server.serve(Request::Create(account.into()), &context).expect("so are their accounts");
        }
        for class in crate::belief::api::system_classes::first() {
            self.server.install(class, self.now);
        }
        for object in crate::belief::api::system_services::first(&self.settings) {
            self.server.serve(Request::Create(object), &context).expect("so are the cluster's Services");
        }
        for object in &scenario.setup {
            // A setup object that the API server refuses is left out: scenarios are tested to have none.
            let _ = self.server.serve(Request::Create(object.clone()), &context);
        }
        for spec in &scenario.machines {
            self.add_machine(spec);
            self.start_machine(&spec.name);
        }
        // The cluster has been up for a while: the node controller has long seen that these nodes are ready.
        let nodes: Vec<_> = self.objects().nodes.values().cloned().collect();
        for mut node in nodes {
            Rc::make_mut(&mut node).spec.taints.clear();
            self.server.serve(Request::Update(node.into()), &context).expect("the setup's own nodes are valid");
        }
        for controller in CONTROLLERS {
            for (key, period) in (controller.periods)(&self.settings) {
                self.queue.push(self.now + period, Event::Period(controller.id, key));
            }
        }
        self.queue.push(self.now + crate::ground::clock::Span::seconds(600), Event::Sweep);
        let mut notes = Vec::new();
        self.after_event(&mut notes);
        // What the scenario starts with is not news.
        self.told = self.server.revision();
    }

    pub(crate) fn add_machine(&mut self, spec: &MachineSpec) {
        let capacity = [
            ("cpu", spec.cpu.clone()),
            ("memory", spec.memory.clone()),
            ("pods", spec.pods.to_string().into()),
            ("ephemeral-storage", "100Gi".into()),
        ];
        let machine = Machine {
            name: spec.name.clone(),
            labels: spec.labels.clone(),
            capacity: capacity.into_iter().map(|(k, v)| (Name::from(k), v)).collect(),
            internal_ip: spec.internal_ip.clone(),
            subnet: self.machines.len() as u32,
            next_address: 1,
            powered: true,
            power_since: self.now,
            boot: 1,
            kubelet: Kubelet::default(),
            processes: Ledger::default(),
            images: BTreeSet::new(),
        };
        self.machines.insert(spec.name.clone(), machine);
    }

    pub(crate) fn start_machine(&mut self, name: &Name) {
        let mut notes = Vec::new();
        self.on_machine(name, &mut notes, |host| host.start_kubelet());
    }

    /// Lets something happen on a machine. `None` if there is no such machine.
    pub(crate) fn on_machine<T>(
        &mut self,
        name: &str,
        notes: &mut Vec<Note>,
        act: impl FnOnce(&mut Host<'_>) -> T,
    ) -> Option<T> {
        let mut touched = Vec::new();
        let machine = self.machines.get_mut(name)?;
        let mut host = Host {
            now: self.now,
            settings: &self.settings,
            machine,
            disks: &mut self.disks,
            network: &self.network,
            faults: &self.faults,
            server: &mut self.server,
            agenda: &mut self.queue,
            notes,
            touched: &mut touched,
        };
        let result = act(&mut host);
        self.keep_places(name, &touched);
        if !touched.is_empty() || !self.programs.is_empty() {
            self.follow_processes(name, &touched, notes);
        }
        self.checks(notes).check_processes(&touched);
        if self.disks.local().next().is_some() {
            self.lose_local_disks(None, notes);
        }
        Some(result)
    }

    /// Keeps in mind where these names run, after something has happened on a machine.
    fn keep_places(&mut self, machine: &str, touched: &[Identity]) {
        let Some(machine) = self.machines.get(machine) else { return };
        for identity in touched {
            let here = machine.processes.values().any(|process| process.identity == *identity);
            let mut places = self.places.get(identity).cloned().unwrap_or_default();
            match (places.binary_search(&machine.name), here) {
                (Err(at), true) => places.insert(at, machine.name.clone()),
                (Ok(at), false) => drop(places.remove(at)),
                _ => continue,
            }
            match places.is_empty() {
                true => self.places.remove(identity),
                false => self.places.insert(identity.clone(), places),
            };
        }
    }

    pub fn objects(&self) -> &Objects {
        self.server.objects()
    }
    /// When the next event is due; `None` if nothing is planned, or nothing happens any more.
    pub fn next_due(&self) -> Option<Time> {
        self.going()?.first().map(|((at, _), _)| at)
    }
    /// What can happen next, in a fixed order: every event of the earliest instant. Play takes the first, a search each.
    pub fn choices(&self) -> Vec<Slot> {
        self.going().into_iter().flat_map(Queue::earliest).map(|(slot, _)| slot).collect()
    }
    /// What is planned, unless the clock stands still.
    fn going(&self) -> Option<&Queue> {
        self.standstill.is_none().then_some(&self.queue)
    }
    /// The event that a choice stands for.
    pub fn event(&self, slot: Slot) -> Option<&Event> {
        self.queue.iter().find(|(s, _)| *s == slot).map(|(_, event)| event)
    }
    /// Why a controller does nothing about a key at the moment.
    pub fn waiting(&self, controller: ControllerId, key: &Key) -> Option<&Waiting> {
        #[cfg(feature = "planted")]
        self.trace.leave();
        self.waiting.get(&(controller, key.clone()))
    }
    /// Every controller that stopped short of its goal, and why.
    pub fn reasons(&self) -> impl Iterator<Item = (ControllerId, &Key, &Waiting)> {
        #[cfg(feature = "planted")]
        self.trace.leave();
        self.waiting.iter().map(|((id, key), waiting)| (*id, key, waiting))
    }
    /// Syncs that are cut in the middle.
    pub fn pending(&self) -> &BTreeMap<ControllerId, PendingSync> {
        &self.pending
    }
    pub fn set_grain(&mut self, grain: Grain) {
        self.grain = grain;
    }
    pub fn is_held(&self, controller: ControllerId) -> bool {
        self.held.contains(&controller)
    }
    /// Whether somebody has held back what a controller hears.
    pub(crate) fn sees_late(&self, controller: ControllerId) -> bool {
        self.is_held(controller) || self.faults.cache_delays.contains_key(&controller)
    }
    pub fn is_stopped(&self, component: Component) -> bool {
        self.stopped.contains(&component)
    }
    /// Whether a controller's process and the API server run.
    pub(crate) fn is_active(&self, id: ControllerId) -> bool {
        let stopped = |component| self.stopped.contains(&component);
        !stopped(Component::ApiServer) && !Component::of(id).is_some_and(stopped) && !self.is_paused(id)
    }
    /// How many commands were given so far.
    pub fn commands(&self) -> u32 {
        self.commands
    }

    /// Costs what is in motion, not what there is: see [`digest`].
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(digest::of(self))
    }

    /// The machine and process, if any, that runs for a pod's uid.
    pub fn machine_running(&self, uid: Uid) -> Option<&Machine> {
        self.machines.values().find(|machine| machine.runs(uid))
    }
}

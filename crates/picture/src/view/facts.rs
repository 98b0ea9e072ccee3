//! What the models read from a world, gathered once per frame: belief, reality, and why controllers wait.

use super::identity::Identity;
use petri_objects::order::Order as _;
use petri_objects::{Name, Object, ObjectRef, Pod, Time, Uid, Value, condition};
use petri_sim::belief::api::shelf::{Key, Objects};
use petri_sim::promises::foresight::Start;
use petri_sim::reality::machine::{Machine, Process, ProcessId, ProcessState};
use petri_sim::reality::network::Network;
use petri_sim::reality::storage::Disks;
use petri_sim::reality::workload::program::{Program, Programs};
use petri_sim::story::recording::Stamped;
use petri_sim::words::command::Command;
use petri_sim::words::controller_id::ControllerId;
use petri_sim::words::invariants::{Guarantee, Invariants, Standing};
use petri_sim::words::reason::Reason;
use petri_sim::world::World;
use petri_sim::world::faults::Hindrance;
use petri_sim::world::standstill::Standstill as Ended;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Why a controller stopped short, about which key, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standstill {
    pub controller: ControllerId,
    pub key: Key,
    pub since: Time,
    pub reason: Reason,
}

/// A view of the world at one instant.
pub struct Facts<'w> {
    pub start: Time,
    pub now: Time,
    pub objects: &'w Objects,
    pub machines: &'w BTreeMap<Name, Machine>,
    pub network: &'w Network,
    /// `None` if nobody measures; everything holds then.
    pub invariants: Option<&'w Invariants>,
    pub disks: &'w Disks,
    /// What processes do by themselves, if anybody looks.
    pub programs: Option<&'w Programs>,
    pub standstills: Vec<Standstill>,
    /// When the pods start that were given the name of a process that still runs.
    pub successors: BTreeMap<Uid, Start>,
    /// Why the run has ended, if its clock stands still.
    pub ended: Option<&'w Ended>,
    /// What of the control plane is stopped, held back or slow.
    pub hindrances: Vec<Hindrance>,
    /// The run's commands, in order: a command's number is its place.
    pub commands: &'w [Stamped],
    /// When pod objects were removed, if anybody remembers; moments after `now` do not count.
    pub deleted: Option<&'w BTreeMap<Uid, Time>>,
    pods: BTreeMap<Uid, &'w Rc<Pod>>,
    /// The StatefulSets that somebody gave to the cluster, in order, with their namespaces.
    sets: OnceCell<Vec<(Name, Name)>>,
    /// The pods whose own names resolve, in the order of their uids.
    named: OnceCell<Vec<Uid>>,
}

/// Everything of one pod that runs on one machine.
pub struct Running<'w> {
    pub node: &'w Machine,
    pub uid: Uid,
    pub process: &'w Process,
}

impl<'w> Facts<'w> {
    /// `commands` are those of the recording; without them sentences name no cause.
    pub fn of(world: &'w World, commands: &'w [Stamped]) -> Facts<'w> {
        let standstills = world
            .reasons()
            .map(|(controller, key, waiting)| Standstill {
                controller,
                key: key.clone(),
                since: waiting.since,
                reason: waiting.reason.clone(),
            })
            .collect();
        let facts = Facts::new(world.start, world.now, world.objects(), &world.machines, &world.network, &world.disks);
        Facts {
            programs: Some(&world.programs),
            ended: world.standstill(),
            hindrances: world.hindrances(),
            successors: successors(world),
            ..facts.with(&world.invariants, standstills, commands)
        }
    }

    pub fn new(
        start: Time,
        now: Time,
        objects: &'w Objects,
        machines: &'w BTreeMap<Name, Machine>,
        network: &'w Network,
        disks: &'w Disks,
    ) -> Facts<'w> {
        let pods = objects.pods.values().map(|pod| (pod.metadata.uid, pod)).collect();
        Facts {
            start,
            now,
            objects,
            machines,
            network,
            invariants: None,
            disks,
            programs: None,
            standstills: Vec::new(),
            successors: BTreeMap::new(),
            ended: None,
            hindrances: Vec::new(),
            commands: &[],
            deleted: None,
            pods,
            sets: OnceCell::new(),
            named: OnceCell::new(),
        }
    }

    pub fn with(
        mut self,
        invariants: &'w Invariants,
        standstills: Vec<Standstill>,
        commands: &'w [Stamped],
    ) -> Facts<'w> {
        self.invariants = Some(invariants);
        self.standstills = standstills;
        self.commands = commands;
        self
    }

    /// Adds a memory of removed objects, such as [`LaneStore::deleted`](super::lanes::LaneStore::deleted).
    pub fn remembering(mut self, deleted: &'w BTreeMap<Uid, Time>) -> Facts<'w> {
        self.deleted = Some(deleted);
        self
    }

    /// When the pod object of this uid was removed.
    pub fn deleted_at(&self, uid: Uid) -> Option<Time> {
        self.deleted?.get(&uid).copied().filter(|at| *at <= self.now)
    }

    /// The pod object of this uid, whatever name it has.
    pub fn pod(&self, uid: Uid) -> Option<&'w Rc<Pod>> {
        self.pods.get(&uid).copied()
    }

    /// Processes that do something by themselves.
    pub fn running_programs(&self) -> impl Iterator<Item = (&'w ProcessId, &'w Program)> {
        self.programs.into_iter().flat_map(|programs| &programs.running)
    }

    pub fn machine(&self, node: &str) -> Option<&'w Machine> {
        self.machines.get(node)
    }

    /// The process that stands for a pod on its machine: the first of its containers.
    pub fn process(&self, pod: &Pod) -> Option<&'w Process> {
        let machine = self.machine(&pod.spec.node_name)?;
        machine.processes_of(pod.metadata.uid).next().map(|(_, process)| process)
    }

    /// One entry per pod that runs somewhere, by machine and uid.
    pub fn running(&self) -> impl Iterator<Item = Running<'w>> + '_ {
        self.machines.values().flat_map(|node| {
            let mut last = None;
            node.processes.iter().filter_map(move |(id, process)| {
                let first = last != Some(id.pod);
                last = Some(id.pod);
                first.then_some(Running { node, uid: id.pod, process })
            })
        })
    }

    /// Processes without an object.
    pub fn ghosts(&self) -> impl Iterator<Item = Running<'w>> + '_ {
        self.running().filter(|running| self.pod(running.uid).is_none())
    }

    /// Whether the machine can hear the control plane and answer it.
    pub fn answers(&self, machine: &Machine) -> bool {
        machine.powered && machine.kubelet.running && self.network.reaches_control_plane(&machine.name)
    }

    /// The first reason that `pick` accepts.
    pub fn reason<T>(&self, pick: impl Fn(&Standstill) -> Option<T>) -> Option<T> {
        self.standstills.iter().find_map(pick)
    }

    /// The name of the set that a person knows: a Deployment's, where a ReplicaSet of it has the pods.
    pub fn set_name<'n>(&'n self, namespace: &Name, owner: &'n Name) -> &'n Name {
        let set = self.objects.replica_sets.get(&Key::new(namespace.clone(), owner.clone()));
        set.and_then(|set| set.metadata.controller()).map_or(owner, |deployment| &deployment.name)
    }

    /// Whether the name of a pod below a headless Service resolves; `None` for a pod that asks for no name.
    pub fn resolves(&self, pod: &Pod) -> Option<bool> {
        let named = || self.named.get_or_init(|| named_pods(self.objects));
        (!pod.spec.subdomain.is_empty()).then(|| named().binary_search(&pod.metadata.uid).is_ok())
    }

    /// The identity in the colours of its set, so that `db-0` and `rg-0` differ: the second StatefulSet that somebody gave
    /// to the cluster begins at the fifth hue, others between. Nobody's colours change when a set goes. A claim goes by
    /// the set whose name its own ends with.
    #[inline(never)]
    pub fn painted(&self, namespace: &str, mut identity: Identity) -> Identity {
        // A file gives a cluster its first set and its Service: then there is nothing to tell apart.
        if identity.ordinal.is_some() && self.commands.len() > 2 {
            identity.hue = self.hue(namespace, &identity.owner);
        }
        identity
    }

    /// How far the colours of a set, or of claims that end with its name, are from those of the first one.
    #[inline(never)]
    pub fn hue(&self, namespace: &str, owner: &str) -> u8 {
        const HUES: [u8; 4] = [0, 4, 2, 6];
        let sets = self.sets.get_or_init(|| named_sets(self.commands));
        let is_own = |set: &str| owner.strip_suffix(set).is_some_and(|rest| rest.is_empty() || rest.ends_with('-'));
        let own = sets.iter().enumerate().filter(|(_, (home, set))| **home == *namespace && is_own(set));
        own.max_by_key(|(_, (_, set))| set.len()).map_or(0, |(place, _)| HUES[place % HUES.len()])
    }

    /// A command of the run, by its number.
    pub fn command(&self, number: u32) -> Option<(Time, &'w Command)> {
        let stamped = self.commands.get(number as usize)?;
        Some((stamped.at, &stamped.command))
    }

    /// Until when an unconfirmed disk of this volume keeps its machine, if that is known.
    pub fn force_detach(&self, volume: &str) -> Option<Time> {
        self.reason(|standstill| match &standstill.reason {
            Reason::AttachedElsewhere { volume: v, force_detach, .. }
            | Reason::MountedByNode { volume: v, force_detach, .. }
                if &**v == volume =>
            {
                *force_detach
            }
            _ => None,
        })
    }

    /// When the API server last heard of a node: its lease, or else its last heartbeat.
    pub fn last_heard(&self, node: &str) -> Option<Time> {
        let lease = self.objects.leases.get(&Key::new("kube-node-lease", node)).map(|lease| lease.spec.renew_time.0);
        let object = self.objects.nodes.get(&Key::new("", node));
        let beat = object
            .and_then(|node| condition(&node.status.conditions, "Ready"))
            .map(|ready| ready.last_heartbeat_time)
            .filter(|at| *at != Time::ZERO);
        lease.into_iter().chain(beat).max()
    }
    /// When the next breach of at-most-one is due.
    pub fn next_duplicate(&self) -> Option<Time> {
        let at = |start: &Start| if let Start::At(at) = start { Some(*at) } else { None };
        self.successors.values().filter_map(at).min()
    }

    /// The claim's volume, empty as long as there is none.
    pub fn volume_of(&self, namespace: &Name, claim: &Name) -> Name {
        let key = Key::new(namespace.clone(), claim.clone());
        self.objects.claims.get(&key).map(|claim| claim.spec.volume_name.clone()).unwrap_or_default()
    }
}

/// The pods that a headless Service lists with a host name, and as ready: those whose names the DNS answers.
#[inline(never)]
fn named_pods(objects: &Objects) -> Vec<Uid> {
    let mut named = Vec::new();
    for slice in objects.endpoint_slices.values() {
        let of = slice.service_name().cloned().unwrap_or_default();
        let service = objects.services.get(&Key::new(slice.metadata.namespace.clone(), of));
        if !service.is_some_and(|service| service.is_headless()) {
            continue;
        }
        for endpoint in slice.endpoints.iter() {
            if let (Some(target), Some(_)) = (&endpoint.target_ref, &endpoint.hostname)
                && endpoint.conditions.ready != Some(false)
            {
                named.push(target.uid);
            }
        }
    }
    named.order();
    named
}

/// Namespace and name of each StatefulSet that a command makes, in the order of the first of them.
fn named_sets(commands: &[Stamped]) -> Vec<(Name, Name)> {
    let mut sets: Vec<(Name, Name)> = Vec::new();
    for stamped in commands {
        let named = match &*stamped.command {
            Command::Apply(manifest) => {
                let text = |path: &[&str]| manifest.at(path).and_then(Value::as_str);
                let is_set = text(&["kind"]) == Some("StatefulSet");
                is_set.then(|| {
                    (text(&["metadata", "namespace"]).unwrap_or(""), text(&["metadata", "name"]).unwrap_or(""))
                })
            }
            Command::Create(Object::StatefulSet(set)) => Some((&*set.metadata.namespace, &*set.metadata.name)),
            _ => None,
        };
        let Some((namespace, name)) = named else { continue };
        let namespace = if namespace.is_empty() { "default" } else { namespace };
        if !sets.iter().any(|(home, known)| **home == *namespace && **known == *name) {
            sets.push((namespace.into(), name.into()));
        }
    }
    sets
}

fn successors(world: &World) -> BTreeMap<Uid, Start> {
    let at_risk = world.invariants.standing.iter().filter(|((guarantee, _), standing)| {
        *guarantee == Guarantee::AtMostOne && matches!(standing, Standing::AtRisk { .. })
    });
    let pods = at_risk.filter_map(|((_, subject), _)| {
        let (namespace, name) = subject.split_once('/')?;
        world.objects().pods.get(&Key::new(namespace, name))
    });
    pods.map(|pod| (pod.metadata.uid, world.foresee_start(pod))).collect()
}

/// Until when a stopping process may run at most.
pub fn killed_at(process: &Process) -> Option<Time> {
    match process.state {
        ProcessState::Running => None,
        ProcessState::Stopping { killed, .. } => Some(killed),
    }
}

/// The address of a pod.
pub fn pod_ref(namespace: &Name, name: &Name) -> ObjectRef {
    ObjectRef::new(petri_objects::Kind::Pod, namespace.clone(), name.clone())
}

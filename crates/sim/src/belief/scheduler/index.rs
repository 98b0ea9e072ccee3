//! What is on each node: the scheduler's own picture of the cluster, kept up to date change by change.
//!
//! Upstream: `pkg/scheduler/backend/cache`, `framework.NodeInfo`.

use crate::belief::api::shelf::{Key, Objects, Tree};
use crate::ground::clock::Time;
use crate::ground::digest::Kept;
use petri_objects::{Container, LabelSelector, Labels, Name, Node, Pod, PodSpec, Quantity, Uid};
use std::collections::BTreeMap;
use std::rc::Rc;

/// How many selectors are counted on the fly; the oldest is forgotten first.
const TALLIES: usize = 32;

/// What a container without requests is taken to need when nodes are compared, in millicores and bytes.
///
/// Upstream: `DefaultMilliCPURequest`, `DefaultMemoryRequest`.
const UNREQUESTED: (i64, i64) = (100, 200 << 20);

/// Amounts: millicores, bytes, and whole units of anything else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Resources {
    pub cpu: i64,
    pub memory: i64,
    pub others: BTreeMap<Name, i64>,
}

impl Resources {
    fn of(amounts: &BTreeMap<Name, Quantity>) -> Resources {
        let mut resources = Resources::default();
        for (name, amount) in amounts {
            match &**name {
                "cpu" => resources.cpu = amount.millis().and_then(|n| i64::try_from(n).ok()).unwrap_or(i64::MAX),
                "memory" => resources.memory = amount.value().unwrap_or(i64::MAX),
                "pods" => {}
                _ => {
                    resources.others.insert(name.clone(), amount.value().unwrap_or(i64::MAX));
                }
            }
        }
        resources
    }
    fn combine(&mut self, other: &Resources, with: impl Fn(i64, i64) -> i64) {
        self.cpu = with(self.cpu, other.cpu);
        self.memory = with(self.memory, other.memory);
        for (name, amount) in &other.others {
            let mine = self.others.entry(name.clone()).or_default();
            *mine = with(*mine, *amount);
        }
    }
    fn add(&mut self, other: &Resources) {
        self.combine(other, i64::saturating_add);
    }
    fn subtract(&mut self, other: &Resources) {
        self.combine(other, i64::saturating_sub);
    }
    /// Whether freeing `self` gives something that `wanted` asks for.
    pub fn helps(&self, wanted: &Resources) -> bool {
        (self.cpu > 0 && wanted.cpu > 0)
            || (self.memory > 0 && wanted.memory > 0)
            || self.others.iter().any(|(name, n)| *n > 0 && wanted.others.get(name).is_some_and(|w| *w > 0))
    }
}

/// What the scheduler needs to know of a pod that has a node, or is about to get one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PodFacts {
    pub key: Key,
    pub uid: Uid,
    pub labels: Labels,
    pub spec: Rc<PodSpec>,
    pub terminating: bool,
    pub started: Time,
    pub requests: Resources,
    /// The same with assumptions for containers that ask for nothing: for comparing nodes.
    pub compared: (i64, i64),
}

impl PodFacts {
    pub fn of(pod: &Pod) -> PodFacts {
        PodFacts {
            key: Key::of(&pod.metadata),
            uid: pod.metadata.uid,
            labels: pod.metadata.labels.clone(),
            spec: pod.spec.clone(),
            terminating: pod.is_terminating(),
            started: pod.status.start_time,
            requests: requests(&pod.spec, (0, 0)),
            compared: {
                let with_assumptions = requests(&pod.spec, UNREQUESTED);
                (with_assumptions.cpu, with_assumptions.memory)
            },
        }
    }
    pub fn priority(&self) -> i32 {
        self.spec.priority.unwrap_or(0)
    }
    pub fn has_required_anti_affinity(&self) -> bool {
        let affinity = self.spec.affinity.as_ref().and_then(|affinity| affinity.pod_anti_affinity.as_ref());
        affinity.is_some_and(|anti| !anti.required.is_empty())
    }
    pub fn has_pod_affinity(&self) -> bool {
        let affinity = self.spec.affinity.as_ref();
        affinity.is_some_and(|affinity| affinity.pod_affinity.is_some() || affinity.pod_anti_affinity.is_some())
    }
}

/// The most that the pod needs at any moment of its life.
///
/// Upstream: `resourcehelper.PodRequests`.
fn requests(spec: &PodSpec, unrequested: (i64, i64)) -> Resources {
    let of = |container: &Container| {
        let mut amounts = Resources::of(&container.resources.requests);
        if !container.resources.requests.contains_key("cpu") {
            amounts.cpu = unrequested.0;
        }
        if !container.resources.requests.contains_key("memory") {
            amounts.memory = unrequested.1;
        }
        amounts
    };
    let mut total = Resources::default();
    spec.containers.iter().for_each(|container| total.add(&of(container)));
    let (mut sidecars, mut most) = (Resources::default(), Resources::default());
    for container in &spec.init_containers {
        let mut amounts = of(container);
        if &*container.restart_policy == "Always" {
            sidecars.add(&amounts);
            amounts = sidecars.clone();
        } else {
            amounts.add(&sidecars);
        }
        most.combine(&amounts, i64::max);
    }
    total.add(&sidecars);
    total.combine(&most, i64::max);
    total.add(&Resources::of(&spec.overhead));
    total
}

/// A node with what is on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NodeInfo {
    /// `None` if pods are known and the node is not.
    pub node: Option<Kept<Rc<Node>>>,
    pub allocatable: Rc<Resources>,
    pub max_pods: i64,
    pub requested: Resources,
    pub compared: (i64, i64),
    pub pods: Vec<Kept<Rc<PodFacts>>>,
    /// Those of the pods with terms about other pods.
    pub with_affinity: Vec<Kept<Rc<PodFacts>>>,
}

impl NodeInfo {
    fn empty() -> NodeInfo {
        NodeInfo {
            node: None,
            allocatable: Rc::default(),
            max_pods: 0,
            requested: Resources::default(),
            compared: (0, 0),
            pods: Vec::new(),
            with_affinity: Vec::new(),
        }
    }
    pub fn add(&mut self, pod: Kept<Rc<PodFacts>>) {
        self.requested.add(&pod.requests);
        self.compared = (self.compared.0 + pod.compared.0, self.compared.1 + pod.compared.1);
        if pod.has_pod_affinity() {
            self.with_affinity.push(pod.clone());
        }
        self.pods.push(pod);
    }
    pub fn remove(&mut self, key: &Key) -> Option<Kept<Rc<PodFacts>>> {
        let at = self.pods.iter().position(|pod| pod.key == *key)?;
        let pod = self.pods.remove(at);
        self.with_affinity.retain(|other| other.key != *key);
        self.requested.subtract(&pod.requests);
        self.compared = (self.compared.0 - pod.compared.0, self.compared.1 - pod.compared.1);
        Some(pod)
    }
}

/// How many pods on each node match a selector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tally {
    namespace: Name,
    selectors: Vec<LabelSelector>,
    /// Spreading forgets pods that are stopping; affinity counts them until they are gone.
    with_terminating: bool,
    pub counts: BTreeMap<Name, u32>,
}

impl Tally {
    fn counts(&self, pod: &PodFacts) -> bool {
        pod.key.namespace == self.namespace
            && (self.with_terminating || !pod.terminating)
            && self.selectors.iter().all(|selector| selector.matches(&pod.labels))
    }
    pub fn on(&self, node: &str) -> u32 {
        self.counts.get(node).copied().unwrap_or(0)
    }
}

/// All nodes and all pods that have one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Index {
    filled: bool,
    nodes: Tree<NodeInfo>,
    /// Where each pod is.
    places: Tree<Name>,
    tallies: Vec<Rc<Tally>>,
    /// How many pods have terms about other pods.
    pub with_affinity: u32,
}

impl Index {
    /// Reads the cache, once.
    pub fn fill(&mut self, cache: &Objects) {
        if !self.filled {
            self.filled = true;
            cache.nodes.values().for_each(|node| self.put_node(cache.nodes.keep(node)));
            cache.pods.values().for_each(|pod| self.put_pod(pod));
        }
    }
    /// The nodes that exist, by name.
    pub fn nodes(&self) -> impl Iterator<Item = (&Rc<Node>, &Rc<NodeInfo>)> {
        self.nodes.values().filter_map(|info| info.node.as_ref().map(|node| (&**node, info)))
    }
    pub fn node(&self, name: &str) -> Option<&Rc<NodeInfo>> {
        self.nodes.get(&Key::new("", name))
    }
    pub fn put_node(&mut self, node: Kept<Rc<Node>>) {
        let key = Key::of(&node.metadata);
        let mut info = self.nodes.get(&key).map_or_else(NodeInfo::empty, |info| (**info).clone());
        let same = info.node.as_ref().is_some_and(|old| old.status.allocatable == node.status.allocatable);
        if !same {
            info.allocatable = Rc::new(Resources::of(&node.status.allocatable));
            info.max_pods = node.status.allocatable.get("pods").and_then(|pods| pods.value()).unwrap_or(0);
        }
        info.node = Some(node);
        self.nodes.insert(key, Rc::new(info));
    }
    pub fn remove_node(&mut self, name: &Name) {
        let key = Key::new("", name.clone());
        let Some(info) = self.nodes.get(&key) else { return };
        let mut info = (**info).clone();
        info.node = None;
        match info.pods.is_empty() {
            true => self.nodes.remove(&key),
            false => self.nodes.insert(key, Rc::new(info)),
        }
    }
    /// Takes a pod as the API server describes it. Finished pods use nothing any more.
    pub fn put_pod(&mut self, pod: &Pod) {
        if !pod.is_scheduled() || pod.phase().is_terminal() {
            self.remove_pod(&Key::of(&pod.metadata));
            return;
        }
        self.place(pod, &pod.spec.node_name);
    }
    /// Counts the pod on that node, whatever the API server knows of it.
    pub fn place(&mut self, pod: &Pod, node: &Name) {
        let facts = Kept::new(Rc::new(PodFacts::of(pod)));
        self.remove_pod(&facts.key);
        let key = Key::new("", node.clone());
        let mut info = self.nodes.get(&key).map_or_else(NodeInfo::empty, |info| (**info).clone());
        info.add(facts.clone());
        self.nodes.insert(key, Rc::new(info));
        self.places.insert(facts.key.clone(), Rc::new(node.clone()));
        self.with_affinity += u32::from(facts.has_pod_affinity());
        for tally in &mut self.tallies {
            if tally.counts(&facts) {
                *Rc::make_mut(tally).counts.entry(node.clone()).or_default() += 1;
            }
        }
    }
    pub fn remove_pod(&mut self, pod: &Key) {
        let Some(node) = self.places.get(pod).cloned() else { return };
        self.places.remove(pod);
        let key = Key::new("", (*node).clone());
        let Some(info) = self.nodes.get(&key) else { return };
        let mut info = (**info).clone();
        if let Some(facts) = info.remove(pod) {
            self.with_affinity -= u32::from(facts.has_pod_affinity());
            for tally in &mut self.tallies {
                if tally.counts(&facts)
                    && let Some(count) = Rc::make_mut(tally).counts.get_mut(&*node)
                {
                    *count -= 1;
                }
            }
        }
        match info.node.is_none() && info.pods.is_empty() {
            true => self.nodes.remove(&key),
            false => self.nodes.insert(key, Rc::new(info)),
        }
    }
    /// How many pods of a namespace match all selectors, by node. Counted once, and kept from then on.
    pub fn tally(&mut self, namespace: &Name, selectors: &[LabelSelector], with_terminating: bool) -> Rc<Tally> {
        let known = self.tallies.iter().find(|tally| {
            tally.with_terminating == with_terminating && tally.namespace == *namespace && tally.selectors == selectors
        });
        if let Some(tally) = known {
            return tally.clone();
        }
        let mut tally =
            Tally { namespace: namespace.clone(), selectors: selectors.to_vec(), with_terminating, ..Tally::default() };
        for (node, info) in self.nodes.iter() {
            let count = info.pods.iter().filter(|pod| tally.counts(pod)).count() as u32;
            if count > 0 {
                tally.counts.insert(node.name.clone(), count);
            }
        }
        if self.tallies.len() >= TALLIES {
            self.tallies.remove(0);
        }
        let tally = Rc::new(tally);
        self.tallies.push(tally.clone());
        tally
    }
}

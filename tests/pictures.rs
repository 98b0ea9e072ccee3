//! What is told is what is so: every sentence, tile, row, bracket and meter of random runs is compared with the world, read
//! anew and without the picture's own reading.

use petri_objects::{Name, Object, Pod, Uid};
use petri_picture::view::facts::Facts;
use petri_picture::view::meters::{self, MeterState};
use petri_picture::view::{
    self, CellView, ClusterView, DuplicateKind, LinkView, Target, TileState, Tone, plain, table,
};
use petri_sim::reality::machine::Machine;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::invariants::Standing;
use petri_sim::world::World;
use petri_swarm::once;
use petri_swarm::play::Company;
use petri_swarm::script::Step;
use std::collections::{BTreeMap, BTreeSet};

/// How many runs of the swarm; `PETRI_PICTURES` asks for more, or fewer.
fn runs() -> u64 {
    std::env::var("PETRI_PICTURES").ok().and_then(|text| text.parse().ok()).unwrap_or(500)
}

/// A moment of a run, and what of it is told otherwise than it is.
struct Look<'w> {
    world: &'w World,
    view: ClusterView,
    facts: Facts<'w>,
    /// Every pod of which a process exists, with the machines that have one.
    live: BTreeMap<Uid, BTreeSet<Name>>,
    /// The names of those pods.
    names: BTreeMap<Uid, Name>,
    lies: Vec<String>,
}

impl<'w> Look<'w> {
    fn at(timeline: &'w Timeline) -> Look<'w> {
        let world = timeline.world();
        let facts = Facts::of(world, &timeline.recording().commands);
        let (mut live, mut names) = (BTreeMap::<Uid, BTreeSet<Name>>::new(), BTreeMap::new());
        for machine in world.machines.values().filter(|machine| machine.powered) {
            for (id, process) in machine.processes.iter() {
                live.entry(id.pod).or_default().insert(machine.name.clone());
                names.insert(id.pod, process.identity.pod.clone());
            }
        }
        Look { world, view: view::cluster::of(&facts), facts, live, names, lies: Vec::new() }
    }

    fn check(&mut self, so: bool, told: impl FnOnce() -> String) {
        if !so {
            self.lies.push(told());
        }
    }
    fn pod(&self, uid: Uid) -> Option<&'w Pod> {
        self.world.objects().pods.values().find(|pod| pod.metadata.uid == uid).map(|pod| &**pod)
    }
    /// Whether the control plane and the machine's kubelet hear each other.
    fn hears(&self, machine: &Machine) -> bool {
        machine.powered && machine.kubelet.running && self.world.network.reaches_control_plane(&machine.name)
    }
    fn runs_on(&self, name: &str, node: &str) -> bool {
        self.live
            .iter()
            .any(|(uid, nodes)| nodes.contains(node) && self.names.get(uid).is_some_and(|own| &**own == name))
    }

    /// Each pod and each process without an object is drawn once, with the state that it has.
    fn tiles(&mut self) {
        let tiles: Vec<_> = self.view.tiles().cloned().collect();
        let drawn: Vec<Uid> = tiles.iter().map(|tile| tile.uid).collect();
        let objects = self.world.objects().pods.values().map(|pod| pod.metadata.uid);
        let expected: BTreeSet<Uid> = objects.chain(self.live.keys().copied()).collect();
        self.check(drawn.iter().copied().collect::<BTreeSet<_>>() == expected, || {
            "other pods are drawn than exist".into()
        });
        self.check(drawn.len() >= expected.len(), || "a pod is not drawn".into());
        for tile in tiles {
            let (name, is_live, pod) = (&tile.pod.name, self.live.contains_key(&tile.uid), self.pod(tile.uid));
            self.check(tile.process == is_live, || {
                format!("{name}: drawn with a process is {}, it is {is_live}", tile.process)
            });
            let is_ghost = tile.state == TileState::Ghost;
            self.check(is_ghost == pod.is_none(), || {
                format!("{name}: {:?} and an object is {}", tile.state, pod.is_some())
            });
            let Some(pod) = pod else { continue };
            let confirmed = self.world.machines.get(&pod.spec.node_name).is_some_and(|machine| self.hears(machine));
            let so = match tile.state {
                TileState::Ready => pod.is_ready() && is_live && !pod.is_terminating(),
                TileState::Terminating => pod.is_terminating() && confirmed,
                TileState::TerminatingUnconfirmed => pod.is_terminating() && is_live && !confirmed,
                TileState::BelievedDead => !is_live && !confirmed,
                TileState::Pending => !pod.is_scheduled() && !is_live,
                TileState::Failed | TileState::Completed => pod.phase().is_terminal(),
                TileState::Creating { .. } => !is_live,
                TileState::Running | TileState::NotReady => is_live,
                TileState::CrashLoop => !is_live,
                TileState::Ghost => true,
            };
            self.check(so, || format!("{name} is drawn as {:?}", tile.state));
        }
        for pair in self.view.duplicates.clone() {
            let runs = |uid| self.live.contains_key(&uid);
            let both = runs(pair.older) && runs(pair.newer);
            let same = self.names.get(&pair.older) == self.names.get(&pair.newer);
            let so = match pair.kind {
                DuplicateKind::Twice => both && same,
                DuplicateKind::Next => runs(pair.older) && !runs(pair.newer),
                DuplicateKind::More => both && !same,
            };
            self.check(so, || format!("{} is joined as {:?}", pair.name, pair.kind));
        }
    }

    /// The table has kubectl's own words, and says of each machine what is there.
    fn rows(&mut self, listed: &Listed) {
        for row in table::rows(&self.view, &self.facts) {
            let Target::Pod { pod, uid } = &row.target else { continue };
            let is_live = self.live.contains_key(uid);
            let says = row.machine.starts_with("runs");
            self.check(says == is_live, || {
                format!("{}: on the machine {:?}, a process is {is_live}", row.name, row.machine)
            });
            // While the API server is away kubectl lists nothing.
            let Some(belief) = row.belief.as_ref().filter(|_| !listed.pods.is_empty()) else { continue };
            let own = [&*pod.namespace, &*pod.name, &belief.ready, &belief.status, &belief.ip, &belief.node];
            let found = listed.pods.iter().any(|row| row.iter().map(String::as_str).eq(own));
            self.check(found, || format!("kubectl does not list {own:?}"));
        }
        for row in table::nodes(&self.view, &self.facts) {
            let found = listed.nodes.iter().any(|listed| listed[0] == row.name && listed[1] == row.status);
            self.check(found || listed.nodes.is_empty() || row.status == "no object", || {
                format!("kubectl does not list {} as {}", row.name, row.status)
            });
            let running = self.live.values().filter(|nodes| nodes.iter().any(|node| **node == *row.name)).count();
            let told =
                row.machine.split("; runs ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok()).unwrap_or(0);
            self.check(told == running, || format!("{}: {:?}, {running} run", row.name, row.machine));
        }
    }

    /// Nodes, and their links.
    fn nodes(&mut self) {
        for node in self.view.nodes().cloned().collect::<Vec<_>>() {
            let Some(machine) = self.world.machines.get(&node.name) else {
                self.lies.push(format!("there is no machine {}", node.name));
                continue;
            };
            let object = self.world.objects().nodes.values().find(|object| object.metadata.name == node.name);
            self.check(node.powered == machine.powered, || {
                format!("{} is drawn with power: {}", node.name, node.powered)
            });
            self.check(node.registered == object.is_some(), || format!("{} is drawn with an object", node.name));
            let cordoned = object.is_some_and(|object| object.spec.unschedulable);
            self.check(node.cordoned == cordoned, || format!("{} is drawn as cordoned: {}", node.name, node.cordoned));
            let cut = self.world.network.is_cut(&node.name);
            let drawn = matches!(node.link, LinkView::Cut { .. });
            self.check(drawn == cut, || format!("the link of {} is drawn as {:?}", node.name, node.link));
        }
    }

    /// What was asked for, and what of it the API server believes to be ready.
    fn brackets(&mut self) {
        for set in self.view.sets.clone() {
            let Some(object) = set.target.object().and_then(|target| self.world.objects().get(&target)) else {
                self.lies.push(format!("there is no {}", set.name));
                continue;
            };
            let (asked, uid) = match &object {
                Object::StatefulSet(set) => (set.replicas(), set.metadata.uid),
                Object::Deployment(set) => (set.replicas(), set.metadata.uid),
                Object::ReplicaSet(set) => (set.replicas(), set.metadata.uid),
                _ => continue,
            };
            self.check(i64::from(set.asked) == i64::from(asked), || {
                format!("{} asks for {asked}, not {}", set.name, set.asked)
            });
            let own = |pod: &Pod| {
                let owner = pod.metadata.controller().map(|owner| owner.uid);
                let above = self.world.objects().replica_sets.values().find(|set| Some(set.metadata.uid) == owner);
                owner == Some(uid)
                    || above.and_then(|set| set.metadata.controller()).is_some_and(|owner| owner.uid == uid)
            };
            let pods: Vec<_> = self.world.objects().pods.values().filter(|pod| own(pod)).collect();
            let ready = pods.iter().filter(|pod| pod.is_ready() && !pod.is_terminating()).count();
            self.check(set.ready as usize == ready, || format!("{}: {} ready, there are {ready}", set.name, set.ready));
            let there: BTreeSet<Uid> = pods.iter().map(|pod| pod.metadata.uid).collect();
            for cell in &set.cells {
                if let CellView::Pod(tile) = cell {
                    let known = there.contains(&tile.uid) || self.live.contains_key(&tile.uid);
                    self.check(known, || format!("{} has no pod {}", set.name, tile.pod.name));
                }
            }
            let running = set.more_than_asked.len();
            let all = set.more_than_asked.iter().all(|uid| self.live.contains_key(uid));
            self.check(running == 0 || (all && running > set.asked as usize), || {
                format!("{}: {running} run", set.name)
            });
        }
    }

    /// The meters, and the sentence: word by word as far as it speaks of what can be looked up.
    fn words(&mut self) {
        let standing = |test: fn(&Standing) -> bool| self.world.invariants.standing.values().any(test);
        let broken = standing(|standing| matches!(standing, Standing::Broken { .. }));
        let shown = meters::all(&self.facts).iter().any(|meter| meter.state == MeterState::Broken);
        self.check(shown == broken, || format!("a broken promise is shown: {shown}, there is one: {broken}"));

        let say = self.view.say.clone();
        let (head, sub) = (plain(&say.headline), plain(&say.sub));
        let told = format!("{head} {sub}");
        let lost = self.world.machines.values().any(|machine| !self.hears(machine));
        self.check(!head.is_empty() && !sub.is_empty(), || format!("nothing is said: {told:?}"));
        let ghosts = self.live.keys().any(|uid| self.pod(*uid).is_none());
        if say.tone == Tone::Calm {
            self.check(!broken && !ghosts && !lost, || format!("{told:?} in trouble"));
        }
        let is = |name: &str, test: &dyn Fn(&Machine) -> bool| self.world.machines.get(name).is_some_and(test);
        let mut checks = Vec::new();
        if let Some(name) = head.strip_suffix(" exists twice.") {
            let same = self.names.values().filter(|own| &***own == name).count();
            checks.push(same >= 2);
        }
        if let Some(name) = head.strip_suffix(" runs without an object.") {
            checks.push(self.names.iter().any(|(uid, own)| &**own == name && self.pod(*uid).is_none()));
        }
        if let Some(name) = head.strip_suffix(" is off.") {
            checks.push(is(name, &|machine| !machine.powered));
        }
        if let Some(name) = head.strip_suffix(" is cut off.") {
            checks.push(self.world.network.is_cut(name));
            if let Some((names, _)) = sub.split_once(" still run") {
                let all = names.split(", ").flat_map(|part| part.split(" and "));
                checks.extend(all.filter(|own| !own.ends_with(" others")).map(|own| self.runs_on(own, name)));
            }
        }
        if let Some(rest) = head.strip_prefix("The kubelet on ") {
            let name = rest.trim_end_matches(" is stopped.");
            checks.push(is(name, &|machine| machine.powered && !machine.kubelet.running));
        }
        if let Some((ready, rest)) = head.split_once(" of ").filter(|_| head.ends_with(" ready.")) {
            let own = |pod: &Pod| pod.is_ready() && !pod.is_terminating() && self.live.contains_key(&pod.metadata.uid);
            let count = self.world.objects().pods.values().filter(|pod| own(pod)).count();
            checks
                .push(ready.parse() == Ok(count) && rest.split(' ').next().and_then(|n| n.parse().ok()) >= Some(count));
        }
        if let Some((_, rest)) = sub.split_once("The old process ") {
            let words: Vec<&str> = rest.split([' ', ';', '.']).collect();
            let [short, "still", "runs", "on", node, ..] = words[..] else { panic!("{sub}") };
            checks.push(self.live.iter().any(|(uid, nodes)| uid.short() == short && nodes.contains(node)));
        }
        if sub.starts_with("What the API server believes and what the machines run are the same") {
            // A pod that is asked to stop, and does, is no difference.
            let ready = self.world.objects().pods.values().filter(|pod| pod.is_ready());
            checks.push(ready.map(|pod| pod.metadata.uid).all(|uid| self.live.contains_key(&uid)));
            let known = |uid: &Uid| self.pod(*uid).is_some_and(|pod| pod.is_ready() || pod.is_terminating());
            checks.push(self.live.keys().all(known));
        }
        let live: Vec<String> = self.names.values().map(ToString::to_string).collect();
        self.check(checks.iter().all(|so| *so), || format!("{told:?} is not so: {live:?} run"));
    }
}

/// What kubectl says.
struct Listed {
    pods: Vec<Vec<String>>,
    nodes: Vec<Vec<String>>,
}

impl Listed {
    fn at(timeline: &mut Timeline) -> Listed {
        let mut answer = |line: &str| petri_console::run(line, timeline, &BTreeMap::new()).shown();
        let pods = answer("kubectl get pods -A -o wide");
        let nodes = answer("kubectl get nodes");
        Listed {
            pods: columns(&pods, &["NAMESPACE", "NAME", "READY", "STATUS", "IP", "NODE"]),
            nodes: columns(&nodes, &["NAME", "STATUS"]),
        }
    }
}

/// The cells of a table below these of its headings.
fn columns(text: &str, wanted: &[&str]) -> Vec<Vec<String>> {
    let mut lines = text.lines();
    let Some(head) = lines.next().filter(|head| head.starts_with(wanted[0])) else { return Vec::new() };
    let starts: Vec<usize> = wanted
        .iter()
        .filter_map(|name| {
            head.match_indices(name).map(|(at, _)| at).find(|at| {
                let before = head[..*at].chars().next_back();
                let after = head[at + name.len()..].chars().next();
                before.is_none_or(|c| c == ' ') && after.is_none_or(|c| c == ' ')
            })
        })
        .collect();
    assert_eq!(starts.len(), wanted.len(), "{head}");
    let cell = |line: &str, at: usize| line.get(at..).unwrap_or("").split("   ").next().unwrap_or("").trim().to_owned();
    lines.map(|line| starts.iter().map(|at| cell(line, *at)).collect()).collect()
}

/// All that is told at a moment of a run otherwise than it is.
fn lies(timeline: &mut Timeline) -> Vec<String> {
    let listed = Listed::at(timeline);
    let mut look = Look::at(timeline);
    look.tiles();
    look.rows(&listed);
    look.nodes();
    look.brackets();
    look.words();
    look.lies
}

/// Plays runs of the swarm and looks at them after each line and, where time passes, on the way. Answers how often it
/// looked, and the first moment of each run at which something was told otherwise than it was.
fn look(seeds: impl Iterator<Item = u64>) -> (u64, Vec<String>) {
    let (mut looks, mut found) = (0, Vec::new());
    for seed in seeds {
        let (script, _) = once(seed, Company::Alone);
        let (mut timeline, files) = (script.begin(), BTreeMap::new());
        'run: for (line, step) in script.steps.iter().enumerate() {
            let mut moments = Vec::new();
            match step {
                Step::Run(span) => {
                    let now = timeline.now();
                    moments.extend((1..=4).map(|part| now + petri_objects::Span(span.0 * part / 4)));
                }
                step => {
                    petri_console::run(&step.text(), &mut timeline, &files);
                    moments.push(timeline.now());
                }
            }
            for moment in moments {
                timeline.play_until(moment);
                looks += 1;
                let lies = lies(&mut timeline);
                if !lies.is_empty() {
                    let at = petri_picture::view::words::moment_millis(timeline.start(), moment);
                    found.push(format!("seed {seed}, line {line}, at {at}: {lies:#?}"));
                    break 'run;
                }
            }
        }
    }
    (looks, found)
}

#[test]
fn what_is_told_is_what_is_so() {
    let half = |from: u64| look((from..runs()).step_by(2));
    let other = std::thread::spawn(move || half(1));
    let (mut looks, mut found) = half(0);
    let (more, others) = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    looks += more;
    found.extend(others);
    assert!(found.is_empty(), "{} of {} runs: {}", found.len(), runs(), found.join("\n"));
    assert!(looks > runs() * 20, "it looked {looks} times");
}

//! One pod as a tile: belief and reality read independently, then named by the grammar.

use super::facts::{Facts, Running, killed_at, pod_ref};
use super::identity::{Identity, tail};
use super::intention::Intention;
use super::locks;
use super::marks::{TileState, TileView};
use super::revision::Revision;
use super::words;
use petri_objects::{ContainerStatus, Name, Pod, Time, Uid, condition};
use petri_sim::reality::kubelet::RunState;
use petri_sim::words::reason::Reason;

/// What a pod waits for that the scheduler has not looked at yet.
pub const NEXT: &str = "waits for the scheduler";

/// The tile of a pod object.
pub fn tile(pod: &Pod, facts: &Facts, intention: &Intention) -> TileView {
    let identity = facts.painted(&pod.metadata.namespace, Identity::of(pod));
    let read = read(pod, facts);
    let name = &pod.metadata.name;
    let mut tile = TileView {
        pod: pod_ref(&pod.metadata.namespace, name),
        uid: pod.metadata.uid,
        title: title(&identity, pod.metadata.controller().map(|owner| owner.uid), name, intention),
        identity,
        short: pod.metadata.uid.short(),
        state: read.state,
        process: read.process,
        status: status(pod, read.state),
        fact: read.fact,
        mono: read.mono,
        node: pod.is_scheduled().then(|| pod.spec.node_name.clone()),
        leads: locks::leads(pod.metadata.uid, facts),
        resolves: facts.resolves(pod),
        revision: intention.revision(pod.metadata.uid),
        sign: pod.metadata.controller().and_then(|owner| intention.sign(owner.uid)),
        label: String::new(),
    };
    tile.label = label(&tile);
    tile
}

/// The tile of a process without an object.
pub fn ghost(running: &Running, facts: &Facts, intention: &Intention) -> TileView {
    let process = running.process;
    let identity = facts.painted(&process.identity.namespace, Identity::of_process(process));
    let name = &running.process.identity.pod;
    let writes = facts.disks.writers().any(|(_, write)| write.uid == running.uid);
    let (status, fact) = match killed_at(running.process) {
        Some(killed) => ("Ghost: stopping".to_owned(), format!("{} left", words::countdown(facts.now, killed))),
        None if writes => ("Ghost: still runs".to_owned(), "no object, writes".to_owned()),
        None => ("Ghost: still runs".to_owned(), "no object".to_owned()),
    };
    let mut tile = TileView {
        pod: pod_ref(&running.process.identity.namespace, name),
        uid: running.uid,
        title: title(&identity, running.process.owner.as_ref().map(|owner| owner.uid), name, intention),
        identity,
        short: running.uid.short(),
        state: TileState::Ghost,
        process: true,
        status,
        fact,
        mono: false,
        node: Some(running.node.name.clone()),
        leads: locks::leads(running.uid, facts),
        resolves: None,
        revision: Revision::default(),
        sign: running.process.owner.as_ref().and_then(|owner| intention.sign(owner.uid)),
        label: String::new(),
    };
    tile.label = label(&tile);
    tile
}

/// The name; of one that nobody chose, the set's and the part that tells it from its siblings.
fn title(identity: &Identity, owner: Option<Uid>, name: &Name, intention: &Intention) -> String {
    match owner {
        Some(owner) if identity.ordinal.is_none() => match intention.set_of(owner) {
            Some(set) => format!("{} {}", set.object.name, tail(name)),
            None => format!("{} {}", identity.owner, tail(name)),
        },
        _ => name.to_string(),
    }
}

fn label(tile: &TileView) -> String {
    let node = match &tile.node {
        Some(node) => format!(" on {node}"),
        None => ", on no node".to_owned(),
    };
    let process = match (tile.state, tile.process) {
        (TileState::Ghost, _) => "a process without an object",
        (_, true) => "a process runs",
        (TileState::Completed | TileState::Failed, false) => "ended",
        (_, false) => "no process runs",
    };
    let leads = if tile.leads { "; acts as the holder of a lock" } else { "" };
    let resolves = match tile.resolves {
        Some(true) => "; its name resolves",
        Some(false) => "; its name does not resolve",
        None => "",
    };
    format!("Pod {} {}{node}: {}; {process}; {}{resolves}{leads}", tile.pod.name, tile.short, tile.status, tile.fact)
}

/// kubectl's STATUS word; a running pod carries its READY count, because that is what decides.
fn status(pod: &Pod, state: TileState) -> String {
    let word = petri_console::tables::pod_status(pod);
    match state {
        TileState::Running | TileState::Ready | TileState::NotReady | TileState::BelievedDead if word == "Running" => {
            format!("{word} {}", petri_console::tables::pod_ready(pod))
        }
        _ => word,
    }
}

struct Read {
    state: TileState,
    process: bool,
    fact: String,
    mono: bool,
}

impl Read {
    fn new(state: TileState, process: bool, fact: impl Into<String>) -> Read {
        Read { state, process, fact: fact.into(), mono: false }
    }
}

fn read(pod: &Pod, facts: &Facts) -> Read {
    let process = facts.process(pod);
    let runs = process.is_some();
    let machine = facts.machine(&pod.spec.node_name);
    let answers = machine.is_some_and(|machine| facts.answers(machine));
    if !pod.is_scheduled() {
        return Read::new(TileState::Pending, false, why_pending(pod, facts));
    }
    match pod.status.phase {
        petri_objects::Phase::Succeeded => return Read::new(TileState::Completed, runs, exit_code(pod)),
        petri_objects::Phase::Failed => return Read::new(TileState::Failed, runs, why_failed(pod)),
        _ => {}
    }
    if pod.is_terminating() {
        return match (runs, answers) {
            (true, true) => {
                Read::new(TileState::Terminating, true, grace_left(pod, process.and_then(killed_at), facts))
            }
            (true, false) => Read::new(TileState::TerminatingUnconfirmed, true, "nobody can confirm"),
            (false, true) => Read::new(TileState::Terminating, false, "stopped, object goes"),
            (false, false) => Read::new(TileState::BelievedDead, false, "believed, not there"),
        };
    }
    if let Some(process) = process {
        if pod.status.phase == petri_objects::Phase::Pending {
            return Read::new(TileState::Running, true, "runs, not reported yet");
        }
        return match (pod.is_ready(), process.answers, answers) {
            (true, true, _) => Read { mono: true, ..Read::new(TileState::Ready, true, pod.status.pod_ip.to_string()) },
            (true, false, _) => Read::new(TileState::Ready, true, "hangs, unseen"),
            (false, _, false) => Read::new(TileState::NotReady, true, unheard(facts)),
            (false, false, true) => Read::new(TileState::NotReady, true, "does not answer"),
            (false, true, true) if was_ready(pod) => Read::new(TileState::NotReady, true, "readiness failed"),
            (false, true, true) => {
                Read { mono: true, ..Read::new(TileState::Running, true, pod.status.pod_ip.to_string()) }
            }
        };
    }
    if let Some(waiting) = waiting(pod, "CrashLoopBackOff") {
        return Read::new(TileState::CrashLoop, false, next_try(pod, waiting, facts));
    }
    if pod.status.phase == petri_objects::Phase::Running {
        return if answers {
            Read::new(TileState::CrashLoop, false, "process ended, restarts")
        } else {
            Read::new(TileState::BelievedDead, false, "believed, not there")
        };
    }
    if !answers {
        return Read::new(
            TileState::Creating { attached: false, mounted: false, started: false },
            false,
            unheard(facts),
        );
    }
    creating(pod, facts)
}

/// Why nothing is heard of a pod.
fn unheard(facts: &Facts) -> &'static str {
    if facts.network.is_control_plane_down() { "API server does not run" } else { "node does not answer" }
}

/// What a pod waits for whose image nobody has.
pub(super) const NO_IMAGE: &str = "image not found";

/// A pod on its way up: how far it got, and what it waits for.
fn creating(pod: &Pod, facts: &Facts) -> Read {
    let (node, uid) = (&pod.spec.node_name, pod.metadata.uid);
    let (mut attached, mut mounted) = (true, true);
    let mut fact = String::new();
    for claim in pod.claims() {
        let volume = facts.volume_of(&pod.metadata.namespace, claim);
        let disk = facts.disks.get(&volume);
        let here = disk.is_some_and(|disk| disk.attached.contains_key(node));
        let in_use = disk.is_some_and(|disk| disk.mounts.contains_key(&(node.clone(), uid)));
        if !here && fact.is_empty() {
            let elsewhere = disk.is_some_and(|disk| !disk.attached.is_empty());
            fact = if elsewhere { "waits for its disk".to_owned() } else { format!("attaching {claim}") };
        } else if !in_use && fact.is_empty() {
            fact = format!("mounting {claim}");
        }
        attached &= here;
        mounted &= here && in_use;
    }
    let pull_fails = waiting(pod, "ImagePullBackOff").or_else(|| waiting(pod, "ErrImagePull")).is_some();
    if fact.is_empty() {
        fact = if pull_fails { NO_IMAGE } else { "starting" }.to_owned();
    }
    Read::new(TileState::Creating { attached, mounted, started: false }, false, fact)
}

/// What keeps a pod from a node until somebody does something about it.
pub(super) fn blocked(pod: &Pod, facts: &Facts) -> Option<String> {
    let namespace = &pod.metadata.namespace;
    let uses = |key: &petri_sim::belief::api::shelf::Key, claim: &Name| {
        key.namespace == *namespace && pod.claims().any(|name| name == claim)
    };
    facts.reason(|standstill| match &standstill.reason {
        // Volumes that somebody made by hand name a class that nobody has to make.
        Reason::MissingStorageClass { claim, class } if uses(&standstill.key, claim) => {
            let by_hand = facts.objects.volumes.values().any(|volume| volume.spec.storage_class_name == *class);
            Some(match by_hand {
                true => format!("no PersistentVolume of class {class} is free for {claim}"),
                false => format!("storage class {class} does not exist"),
            })
        }
        Reason::NoMatchingVolume { claim, class } if uses(&standstill.key, claim) => Some(match &**class {
            "" => format!("no volume fits its claim {claim}"),
            class => format!("no PersistentVolume of class {class} is free for {claim}"),
        }),
        _ => None,
    })
}

fn why_pending(pod: &Pod, facts: &Facts) -> String {
    if let Some(blocked) = blocked(pod, facts) {
        return blocked;
    }
    let reason = facts.reason(|standstill| {
        let about = standstill.key.name == pod.metadata.name && standstill.key.namespace == pod.metadata.namespace;
        match &standstill.reason {
            Reason::Unschedulable { message } if about => Some(message.to_string()),
            Reason::WaitingForVolume { claim } if about => Some(format!("waits for {claim}")),
            Reason::SchedulingGated if about => Some("held by a scheduling gate".to_owned()),
            _ => None,
        }
    });
    let message = condition(&pod.status.conditions, "PodScheduled")
        .filter(|c| &*c.status == "False" && !c.message.is_empty())
        .map(|c| c.message.to_string());
    let text = reason.or(message).unwrap_or_else(|| NEXT.to_owned());
    Reason::without_tail(&text).map(ToOwned::to_owned).unwrap_or(text)
}

fn grace_left(pod: &Pod, killed: Option<Time>, facts: &Facts) -> String {
    let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or_default().max(0);
    let end = killed.unwrap_or(pod.metadata.deletion_timestamp);
    let left = end.since(facts.now).0.div_ceil(1_000_000).min(grace.unsigned_abs());
    format!("{left} s of {grace} s left")
}

/// Whether the Ready condition has changed since the container started: readiness was there and went.
fn was_ready(pod: &Pod) -> bool {
    let started = pod.status.container_statuses.iter().filter_map(|c| c.state.running.as_ref()).map(|r| r.started_at);
    let changed = condition(&pod.status.conditions, "Ready").map(|c| c.last_transition_time);
    match (started.max(), changed) {
        (Some(started), Some(changed)) => changed > started,
        _ => false,
    }
}

fn waiting<'p>(pod: &'p Pod, reason: &str) -> Option<&'p ContainerStatus> {
    let mut statuses = pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses);
    statuses.find(|c| c.state.waiting.as_ref().is_some_and(|w| &*w.reason == reason))
}

/// When the kubelet will start the container again.
fn next_try(pod: &Pod, status: &ContainerStatus, facts: &Facts) -> String {
    let worker = facts.machine(&pod.spec.node_name).and_then(|m| m.kubelet.workers.get(&pod.metadata.uid));
    let until = worker.and_then(|worker| {
        worker.containers.iter().find_map(|run| match run.state {
            RunState::BackOff { until, .. } => Some(until),
            _ => None,
        })
    });
    match until {
        Some(until) if until > facts.now => format!("next try in {}", words::countdown(facts.now, until)),
        Some(_) => "next try now".to_owned(),
        None => words::plural(status.restart_count.unsigned_abs(), "restart"),
    }
}

fn exit_code(pod: &Pod) -> String {
    let ended = pod.status.container_statuses.iter().find_map(|c| c.state.terminated.as_ref());
    format!("exit code {}", ended.map_or(0, |t| t.exit_code))
}

fn why_failed(pod: &Pod) -> String {
    let ended = pod.status.container_statuses.iter().find_map(|c| c.state.terminated.as_ref());
    match ended {
        Some(terminated) => format!("exit code {}", terminated.exit_code),
        None if !pod.status.message.is_empty() => pod.status.message.to_string(),
        None => "never started".to_owned(),
    }
}

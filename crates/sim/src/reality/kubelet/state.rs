//! What a kubelet remembers: its pods, their containers, and what it is to be woken for.

use crate::belief::api::watch::Change;
use crate::ground::clock::{Span, Time};
use crate::ground::digest::Kept;
use crate::ground::ledger::Ledger;
use crate::reality::workload::behaviour::ContainerSort;
use crate::words::actor::Cause;
use petri_objects::{Container, Name, Node, Pod, PodStatus, Uid};
use std::rc::Rc;

/// A kubelet and what it remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Kubelet {
    pub running: bool,
    /// Counts starts, so that timers of an earlier life ring for nobody.
    pub life: u32,
    /// The Node object as it was last seen.
    pub node: Option<Kept<Rc<Node>>>,
    pub workers: Ledger<Uid, Box<Worker>>,
    /// What `status.volumesInUse` should say.
    pub in_use: Ledger<Name, ()>,
    /// Whether a round that posts statuses again is planned.
    pub round_planned: bool,
}

/// One pod as its kubelet sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Worker {
    /// The last version of the object.
    pub pod: Kept<Rc<Pod>>,
    /// Whether the object is known to be gone.
    pub gone: bool,
    pub stage: Stage,
    /// When this worker has something to do next.
    pub due: Option<Time>,
    pub ip: Name,
    /// Init containers and sidecars in the order of their start, then the others.
    pub containers: Vec<Run>,
    /// Whether the init containers have done their part.
    pub initialized: bool,
    /// Whether it stops because it was active for longer than it may be.
    pub overdue: bool,
    /// When the grace of a pod that stops is over.
    pub grace_ends: Time,
    /// The volumes that are mounted for it.
    pub mounted: Vec<Name>,
    /// What the kubelet says about the pod.
    pub status: Kept<Rc<PodStatus>>,
    /// Whether the API server has that.
    pub posted: bool,
    /// The write that the kubelet reacts to.
    pub cause: Cause,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// It waits until its volumes are attached and mounted.
    Volumes { since: Time, warned: u32 },
    /// The containers were made and are about to start.
    Creating,
    /// Containers run, or are between two runs.
    Running,
    /// The containers were asked to stop.
    Stopping,
    /// All have ended; volumes are released and the object is about to be removed.
    Stopped,
}

/// One container of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Run {
    pub name: Name,
    pub image: Name,
    pub sort: ContainerSort,
    pub state: RunState,
    pub restarts: i32,
    /// How long the next restart will be held back.
    pub back_off: Span,
    pub ready: bool,
    /// Whether the startup probe has succeeded, or there is none.
    pub started: bool,
    /// By `ProbeType`.
    pub probes: [Probing; 3],
    pub last_exit: Option<Exit>,
}

/// How far a probe of a container is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Probing {
    /// When it asks next, or when an unanswered question times out; `None` while asking can tell nothing new.
    pub next: Option<Time>,
    /// Whether a question waits for its answer.
    pub asked: bool,
    /// Successes in a row, or failures as a negative number.
    pub row: i32,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RunState {
    /// Not started: `ContainerCreating`, `PodInitializing`, `ErrImagePull`, `ImagePullBackOff`. At `until` it moves on.
    Waiting { reason: Name, message: Name, until: Option<Time> },
    /// It runs, and ends by itself at `ends`.
    Running { since: Time, ends: Option<(Time, i32)> },
    /// It ended and is started again at `until`, if at all.
    Exited { exit: Exit, until: Option<Time> },
    /// `CrashLoopBackOff`.
    BackOff { until: Time, delay: Span },
    /// `CreateContainerConfigError`: something that its environment is made of is missing. At `until` it is looked for
    /// again. `again`: it ran before.
    Unconfigured { message: Name, until: Time, again: bool },
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exit {
    pub code: i32,
    pub reason: Name,
    pub started: Time,
    pub at: Time,
}

/// The container that a [`Run`] at this place of [`Worker::containers`] is about.
pub fn container_of(pod: &Pod, index: usize) -> &Container {
    let inits = &pod.spec.init_containers;
    inits.get(index).unwrap_or_else(|| &pod.spec.containers[index - inits.len()])
}

/// What a kubelet is woken for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Wake {
    /// The machine has booted, or the kubelet process was started.
    Start,
    /// Time to renew the lease.
    Lease { life: u32 },
    /// Time to post again what the API server does not have.
    Statuses { life: u32 },
    /// A pod has something to do.
    Pod(Uid),
    /// Over a slow link: a change arrives.
    Hear(Rc<Change>),
    /// Over a slow link, or with a slow etcd: a status is stored.
    Stored(Uid, Rc<PodStatus>),
    /// A pause of a pod's processes is over.
    Resume(Uid),
}

impl Run {
    pub fn is_running(&self) -> bool {
        matches!(self.state, RunState::Running { .. })
    }
    /// When this container needs attention next.
    pub fn due(&self) -> Option<Time> {
        let state = match &self.state {
            RunState::Waiting { until, .. } | RunState::Exited { until, .. } => *until,
            RunState::Running { ends, .. } => ends.map(|(at, _)| at),
            RunState::BackOff { until, .. } | RunState::Unconfigured { until, .. } => Some(*until),
        };
        self.next_probe().into_iter().chain(state).min()
    }
    /// When a probe is due next.
    pub fn next_probe(&self) -> Option<Time> {
        if self.is_running() { self.probes.iter().filter_map(|probe| probe.next).min() } else { None }
    }
    /// The init container that it is has done its part, so that the next may start.
    pub fn lets_next_start(&self) -> bool {
        match (self.sort, &self.state) {
            (ContainerSort::Init, RunState::Exited { exit, .. }) => exit.code == 0,
            (ContainerSort::Sidecar, RunState::Running { .. }) => self.started,
            _ => false,
        }
    }
    /// It has ended and will not be started again.
    pub fn has_ended(&self) -> bool {
        matches!(self.state, RunState::Exited { until: None, .. })
    }
    /// It was to succeed before the others start, has not, and is not tried again.
    pub fn has_failed_init(&self) -> bool {
        let failed = |exit: &Exit| exit.code != 0;
        self.sort == ContainerSort::Init
            && matches!(&self.state, RunState::Exited { exit, until: None } if failed(exit))
    }
}

impl Worker {
    /// When it will have been active for as long as it may be.
    pub fn deadline(&self) -> Option<Time> {
        let seconds = self.pod.spec.active_deadline_seconds?;
        let begun = matches!(self.stage, Stage::Volumes { .. } | Stage::Creating | Stage::Running);
        let counts = begun && !self.status.phase.is_terminal() && self.status.start_time != Time::ZERO;
        counts.then(|| self.status.start_time + Span::seconds(seconds.unsigned_abs()))
    }
    /// Whether its work is over: an init container has failed for good, or every other container has ended.
    pub fn is_over(&self) -> bool {
        let mut regular = self.containers.iter().filter(|run| run.sort == ContainerSort::Regular);
        regular.all(Run::has_ended) || self.containers.iter().any(Run::has_failed_init)
    }
}

impl Exit {
    pub fn new(code: i32, started: Time, at: Time) -> Exit {
        Exit { code, reason: if code == 0 { "Completed".into() } else { "Error".into() }, started, at }
    }
}

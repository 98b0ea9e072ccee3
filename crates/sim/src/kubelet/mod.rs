//! The kubelet: it makes real on its machine what the API server asks for, and reports back what it sees.
//!
//! Upstream: `pkg/kubelet`.
//! Deviation: latencies are parameters (`KubeletSettings`); containers of a pod start together; probes are evaluated at
//! their own period, but only those whose answer can differ from the last one become events.

mod containers;
mod host;
mod node_status;
mod pods;
mod status;
mod stopping;
mod volumes;

pub(crate) use host::Host;

use crate::api::watch::Cause;
use crate::clock::{Span, Time};
use petri_objects::{Name, Node, Pod, PodStatus, Uid};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A kubelet and what it remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Kubelet {
    pub running: bool,
    /// Counts starts, so that timers of an earlier life ring for nobody.
    pub life: u32,
    /// The Node object as it was last seen.
    pub node: Option<Rc<Node>>,
    pub workers: BTreeMap<Uid, Worker>,
    /// What `status.volumesInUse` should say.
    pub in_use: BTreeSet<Name>,
    /// Whether a round that posts statuses again is planned.
    pub round_planned: bool,
}

/// One pod as its kubelet sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Worker {
    /// The last version of the object.
    pub pod: Rc<Pod>,
    /// Whether the object is known to be gone.
    pub gone: bool,
    pub stage: Stage,
    /// When this worker has something to do next.
    pub due: Option<Time>,
    pub ip: Name,
    pub containers: Vec<Run>,
    /// The volumes that are mounted for it.
    pub mounted: Vec<Name>,
    /// What the kubelet says about the pod.
    pub status: Rc<PodStatus>,
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
    pub state: RunState,
    pub restarts: i32,
    /// How long the next restart will be held back.
    pub back_off: Span,
    pub ready: bool,
    /// When readiness changes next, as far as the probes can tell now.
    pub ready_change: Option<Time>,
    /// When the liveness probe will have failed often enough.
    pub liveness_fails: Option<Time>,
    pub last_exit: Option<Exit>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RunState {
    /// Not started: `ContainerCreating`, `ErrImagePull`, `ImagePullBackOff`. At `until` it moves on.
    Waiting { reason: Name, message: Name, until: Option<Time> },
    /// It runs, and ends by itself at `ends`.
    Running { since: Time, ends: Option<(Time, i32)> },
    /// It ended and is started again at `until`, if at all.
    Exited { exit: Exit, until: Option<Time> },
    /// `CrashLoopBackOff`.
    BackOff { until: Time, delay: Span },
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exit {
    pub code: i32,
    pub started: Time,
    pub at: Time,
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
            RunState::BackOff { until, .. } => Some(*until),
        };
        let probes = if self.is_running() { [self.ready_change, self.liveness_fails] } else { [None, None] };
        probes.into_iter().flatten().chain(state).min()
    }
}

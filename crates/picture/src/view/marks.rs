//! What pictures are made of: marks that a person can point at, and the words and tones on them.

use super::beats::Beats;
use super::identity::Identity;
use super::revision::{Notch, Revision};
use petri_objects::{Kind, Name, ObjectRef, Time, Uid};
use petri_sim::words::invariants::Guarantee;

/// What a person can point at, in whatever picture.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    ControlPlane,
    Node(Name),
    /// The link between a node and the control plane.
    Link(Name),
    /// A pod or its process. The uid tells a ghost from its successor of the same name.
    Pod {
        pod: ObjectRef,
        uid: Uid,
    },
    Claim(ObjectRef),
    Volume(Name),
    /// A lock, by the name that its holders know: `default/lease/leader`.
    Lock(Name),
    /// A StatefulSet, Deployment or any other object.
    Object(ObjectRef),
    Guarantee(Guarantee),
    Moment(Time),
    /// A branch of the timeline, by its index.
    Branch(usize),
}

impl Target {
    /// Tells targets apart, for keys.
    pub fn key(&self) -> String {
        match self {
            Target::ControlPlane => "control-plane".to_owned(),
            Target::Node(name) => format!("node/{name}"),
            Target::Link(name) => format!("link/{name}"),
            Target::Pod { uid, .. } => format!("pod/{uid}"),
            Target::Claim(object) | Target::Object(object) => {
                format!("{}/{}/{}", object.kind.name(), object.namespace, object.name)
            }
            Target::Volume(name) => format!("volume/{name}"),
            Target::Lock(name) => format!("lock/{name}"),
            Target::Guarantee(guarantee) => format!("guarantee/{}", guarantee.title()),
            Target::Moment(time) => format!("moment/{}", time.0),
            Target::Branch(branch) => format!("branch/{branch}"),
        }
    }
    /// The API object that is meant, if there is one.
    pub fn object(&self) -> Option<ObjectRef> {
        match self {
            Target::Pod { pod, .. } => Some(pod.clone()),
            Target::Claim(object) | Target::Object(object) => Some(object.clone()),
            Target::Node(node) | Target::Link(node) => Some(ObjectRef::new(Kind::Node, "", node.clone())),
            Target::Volume(volume) => Some(ObjectRef::new(Kind::PersistentVolume, "", volume.clone())),
            Target::Lock(lock) => lock_object(lock),
            Target::ControlPlane | Target::Guarantee(_) | Target::Moment(_) | Target::Branch(_) => None,
        }
    }
}

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Plain(String),
    /// The word that matters, coloured by the sentence's tone.
    Strong(String),
    /// A clock reading that leads to its moment.
    Moment {
        at: Time,
        text: String,
    },
}

/// How serious a sentence or a mark is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    #[default]
    Calm,
    /// Waiting, unknown or at risk: amber.
    Risk,
    /// A guarantee is broken: red.
    Broken,
}

/// The sentence over the cluster: always there, in calm as in trouble.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Say {
    pub tone: Tone,
    pub headline: Vec<Piece>,
    pub sub: Vec<Piece>,
}

/// The cluster: belief and reality side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterView {
    pub say: Say,
    pub control_plane: ControlPlaneView,
    /// What was asked for: a bracket per set.
    pub sets: Vec<BracketView>,
    pub zones: Vec<ZoneView>,
    /// Pods that no node has.
    pub waiting: Vec<TileView>,
    /// Whether one of them waits for more than its turn.
    pub stuck: bool,
    /// Claims and volumes that are in no zone yet.
    pub loose: Vec<DiskView>,
    /// Whether there are disks, or a set asks for some.
    pub has_disks: bool,
    /// Pairs of tiles that go by one name.
    pub duplicates: Vec<Duplicate>,
    /// Services that somebody calls.
    pub services: Vec<ServiceView>,
    /// What is on its way to the API server.
    pub beats: Beats,
}

/// A Service, on a rail below the zones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceView {
    pub target: Target,
    pub name: String,
    /// `Service`, `headless Service`.
    pub kind: &'static str,
    /// `10.96.12.7:80`; empty for a headless one.
    pub address: String,
    /// `3 endpoints`; `2 addresses` for a headless one.
    pub says: String,
    /// What fails: `10.244.1.3 did not answer a call 600 ms ago`, `rg-1.rg does not resolve: rg-1 is not Ready`.
    pub trouble: String,
    pub tone: Tone,
    /// `client: 212 answered, 1 failed`.
    pub calls: String,
    pub plugs: Vec<ServicePlug>,
    /// The pods that call it.
    pub callers: Vec<Uid>,
    pub label: String,
}

/// A pod behind a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePlug {
    pub pod: Name,
    pub tile: Uid,
    pub address: Name,
    pub end: PlugEnd,
    /// A call to it has just come to nothing.
    pub failed: bool,
}

/// How a pod stands to a Service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlugEnd {
    /// It gets traffic.
    Ready,
    /// It was asked to stop, and serves until then.
    Stopping,
    /// It is not Ready: it gets none.
    Out,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ControlPlaneView {
    pub answering: u32,
    pub nodes: u32,
    /// `3 of 4 nodes answer`.
    pub text: String,
    pub tone: Tone,
    /// What of it is stopped, held back or slow, in words; empty as a rule.
    pub trouble: String,
}

/// What was asked for of one set, and what there is of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BracketView {
    pub target: Target,
    pub name: String,
    /// `StatefulSet`, or `OnDelete` for one whose updates wait for somebody.
    pub kind: &'static str,
    /// The shape that tells it from other sets, of [`SIGNS`](super::revision::SIGNS).
    pub sign: Option<usize>,
    /// `4 asked, 3 ready`: ready is what the API server believes.
    pub count: String,
    /// `as asked`, `partition 2`, `2 run`.
    pub line: String,
    pub tone: Tone,
    /// In ordinal order. Of very many those that are not as asked.
    pub cells: Vec<CellView>,
    /// Before which cell the bar of a partition stands.
    pub bar: Option<usize>,
    pub asked: u32,
    pub ready: u32,
    /// The pods that run, the oldest first, where machines that do not answer keep more of them than were asked for.
    pub more_than_asked: Vec<Uid>,
    pub label: String,
}

/// One pod in a bracket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CellView {
    Pod(Box<TileView>),
    /// Asked for, and no pod exists.
    Slot(Option<u32>),
}

impl CellView {
    pub fn ordinal(&self) -> Option<u32> {
        match self {
            CellView::Pod(tile) => tile.identity.ordinal,
            CellView::Slot(ordinal) => *ordinal,
        }
    }
    pub fn notch(&self) -> Notch {
        match self {
            CellView::Pod(tile) => tile.revision.notch,
            CellView::Slot(_) => Notch::None,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZoneView {
    /// Empty if the machines carry no zone label.
    pub name: Name,
    pub nodes: Vec<NodeView>,
    pub disks: Vec<DiskView>,
}

/// A machine, and what the API server believes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeView {
    pub name: Name,
    pub state: NodeState,
    /// kubectl's word: `Ready`, `NotReady`, `Ready,SchedulingDisabled`; empty without a Node object.
    pub status: String,
    pub status_tone: Tone,
    /// `heard 3 s ago`, `silent 6 m 15 s`, `off since 5:02`, `no Node object, machine on`.
    pub line: String,
    pub line_tone: Tone,
    pub cordoned: bool,
    pub powered: bool,
    /// Whether a Node object describes the machine.
    pub registered: bool,
    pub link: LinkView,
    /// `1s each way`; empty for a link that takes no time.
    pub latency: String,
    /// Whether somebody wants each of its pods with its words.
    pub near: bool,
    pub tiles: Vec<TileView>,
    /// All of it as one sentence, for assistive technology.
    pub label: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeState {
    Ready,
    /// The API server has not heard of it for too long, or its kubelet says that it is not ready.
    Lost,
    /// The machine has no power.
    Off,
    /// Tainted `node.kubernetes.io/out-of-service`.
    OutOfService,
    /// The machine runs and no Node object describes it.
    Unregistered,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkView {
    Whole,
    /// `cut 6 m 15 s ago`.
    Cut {
        since: Time,
        text: String,
    },
    /// Power or kubelet is off: nothing answers, though nothing is cut.
    Silent,
}

/// A pod: the outline is the object, the block is the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileView {
    pub pod: ObjectRef,
    pub uid: Uid,
    pub identity: Identity,
    /// What stands on the first line: the pod's name, or `…tail` of a Deployment's pod.
    pub title: String,
    /// Four digits of the uid.
    pub short: String,
    pub state: TileState,
    /// Whether a process of this uid runs: the block is solid.
    pub process: bool,
    /// `Running 1/1`, `Terminating`, `Ghost: still runs`.
    pub status: String,
    /// The one fact that matters now: address or reason.
    pub fact: String,
    /// Whether the fact is an address, set in the machine's type.
    pub mono: bool,
    pub node: Option<Name>,
    /// Whether its process believes to hold a lock.
    pub leads: bool,
    /// Whether the DNS answers its own name; `None` where it has none, as outside of headless Services.
    pub resolves: Option<bool>,
    /// The revision of its template, and how that stands to what is asked for.
    pub revision: Revision,
    /// The shape of its set, where there are several.
    pub sign: Option<usize>,
    pub label: String,
}

impl TileView {
    pub fn target(&self) -> Target {
        Target::Pod { pod: self.pod.clone(), uid: self.uid }
    }
}

/// Belief and reality of a pod, as the tile grammar tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TileState {
    Pending,
    /// Steps that were taken: disks attached, disks mounted, process started.
    Creating {
        attached: bool,
        mounted: bool,
        started: bool,
    },
    /// A process; readiness is not known yet.
    Running,
    Ready,
    NotReady,
    Terminating,
    /// Asked to stop, and nobody can confirm it.
    TerminatingUnconfirmed,
    /// A process without an object.
    Ghost,
    /// An object without a process.
    BelievedDead,
    Failed,
    CrashLoop,
    Completed,
}

impl TileState {
    /// Whether belief and reality have come apart here: such tiles are never drawn smaller.
    pub fn is_trouble(self) -> bool {
        matches!(self, TileState::TerminatingUnconfirmed | TileState::Ghost | TileState::BelievedDead)
    }
    /// The class of the tile: one word, stable for styles and tests.
    pub fn class(self) -> &'static str {
        match self {
            TileState::Pending => "pending",
            TileState::Creating { .. } => "creating",
            TileState::Running => "running",
            TileState::Ready => "ready",
            TileState::NotReady => "not-ready",
            TileState::Terminating => "terminating",
            TileState::TerminatingUnconfirmed => "unconfirmed",
            TileState::Ghost => "ghost",
            TileState::BelievedDead => "dead",
            TileState::Failed => "failed",
            TileState::CrashLoop => "crash-loop",
            TileState::Completed => "completed",
        }
    }
}

/// A claim and the disk behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskView {
    /// Unique among disks, and stable: the claim's uid or the volume's name.
    pub key: Name,
    pub target: Target,
    pub name: String,
    pub identity: Identity,
    pub state: DiskState,
    /// `10Gi, attached here`.
    pub line: String,
    pub line_tone: Tone,
    /// The same for a table, where nothing is near: `10Gi, attached to node-3`.
    pub told: String,
    /// `force detach in 5 m 48 s`, or nothing.
    pub right: String,
    pub plugs: Vec<Plug>,
    pub label: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskState {
    Pending,
    Bound,
    Attached,
    Detaching,
    /// Attached to one machine, wanted by another.
    Contested,
    /// The claim is gone, the data are kept.
    Released,
    /// The claim of an ordinal that the set no longer has.
    LeftBehind,
}

impl DiskState {
    pub fn class(self) -> &'static str {
        match self {
            DiskState::Pending => "pending",
            DiskState::Bound => "bound",
            DiskState::Attached => "attached",
            DiskState::Detaching => "detaching",
            DiskState::Contested => "contested",
            DiskState::Released => "released",
            DiskState::LeftBehind => "left-behind",
        }
    }
}

/// What joins a disk and a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plug {
    pub kind: PlugKind,
    pub node: Name,
    /// The tile that uses the disk there, if there is one.
    pub tile: Option<Uid>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlugKind {
    /// Attached.
    Solid,
    /// Wanted and not attached: an open socket.
    Waiting,
    /// Being detached: the plug is drawn out.
    Drawn,
}

/// Two tiles of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    pub name: Name,
    pub older: Uid,
    pub newer: Uid,
    pub kind: DuplicateKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DuplicateKind {
    /// Both processes run.
    Twice,
    /// One runs, the other will.
    Next,
    /// Both run, and one was asked for: no promise, but more than was wanted.
    More,
}

impl DuplicateKind {
    pub fn text(self) -> &'static str {
        match self {
            DuplicateKind::Twice => "twice",
            DuplicateKind::Next => "next: twice",
            DuplicateKind::More => "2 run",
        }
    }
}

/// Joins the pieces of a sentence, for titles, labels and tests.
pub fn plain(pieces: &[Piece]) -> String {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Plain(text) | Piece::Strong(text) | Piece::Moment { text, .. } => text.as_str(),
        })
        .collect()
}

impl ClusterView {
    /// The same picture, looked at closely everywhere.
    pub fn all_near(&self) -> ClusterView {
        let mut view = self.clone();
        view.zones.iter_mut().flat_map(|zone| &mut zone.nodes).for_each(|node| node.near = true);
        view
    }
    pub fn nodes(&self) -> impl Iterator<Item = &NodeView> {
        self.zones.iter().flat_map(|zone| &zone.nodes)
    }
    /// Every tile, those without a node last.
    pub fn tiles(&self) -> impl Iterator<Item = &TileView> {
        self.nodes().flat_map(|node| &node.tiles).chain(&self.waiting)
    }
    pub fn disks(&self) -> impl Iterator<Item = &DiskView> {
        self.zones.iter().flat_map(|zone| &zone.disks).chain(&self.loose)
    }
}

/// The API object behind a lock; none for the locks of other servers.
pub fn lock_object(lock: &str) -> Option<ObjectRef> {
    let (namespace, kind, name) = lock_parts(lock)?;
    let kind = match kind {
        "lease" => Kind::Lease,
        "configmap" => Kind::ConfigMap,
        _ => return None,
    };
    Some(ObjectRef::new(kind, namespace, name))
}

pub fn lock_parts(lock: &str) -> Option<(&str, &str, &str)> {
    let (namespace, rest) = lock.split_once('/')?;
    let (kind, name) = rest.split_once('/')?;
    Some((namespace, kind, name))
}

//! The run as lanes: belief above, reality below, and the gap between them when there is one.

mod draw;

use super::facts::Facts;
use super::lanes::{Bar, LaneKey, LaneStore, PinKind, Span};
use super::scale::Scale;
use super::{Identity, Target, Tone, words};
use petri_objects::order::Order as _;
use petri_objects::{Kind, Name, ObjectRef, Time, Uid};
use petri_sim::story::timeline::{Branch, Timeline};
use petri_sim::story::why::Link;
use petri_sim::words::reason::Reason;
use std::collections::BTreeSet;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Only what fits a thin strip: no labels, no nodes.
    pub strip: bool,
    /// Its lane opens to both halves.
    pub selected: Option<Target>,
    pub filter: Filter,
    /// Moments that somebody named.
    pub bookmarks: Vec<(Time, String)>,
    /// Whose causes are drawn as arrows.
    pub causes: Option<(ObjectRef, Option<Uid>)>,
}

/// What of a run is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter {
    pub pods: bool,
    pub disks: bool,
    pub nodes: bool,
    /// Pins of the person's own commands, faults included.
    pub yours: bool,
    pub controllers: bool,
    /// Lanes in which belief and reality agree, and nobody has selected anything.
    pub calm: bool,
}

impl Default for Filter {
    fn default() -> Filter {
        Filter { pods: true, disks: true, nodes: true, yours: true, controllers: true, calm: true }
    }
}

/// A branch that was left: where from, what was done there, how far it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fork {
    pub from: Time,
    pub to: Time,
    pub label: String,
}

/// What the timeline draws.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimelineView {
    pub width: i32,
    pub height: i32,
    pub strip: bool,
    pub scale: Scale,
    /// The furthest moment that is known: scrubbing ends there.
    pub end: Time,
    /// Where time begins and ends on the line, in pixels.
    pub left: i32,
    pub right: i32,
    pub ticks: Vec<TickMark>,
    pub lanes: Vec<LaneRow>,
    pub folds: Vec<FoldMark>,
    pub pins: Vec<PinMark>,
    /// Spans over the lanes in which a guarantee was broken.
    pub violations: Vec<ViolationMark>,
    pub scrubber: Scrubber,
    /// What lies after the cursor and is known already.
    pub future: Option<(i32, i32)>,
    pub dues: Vec<DueMark>,
    /// From cause to effect.
    pub arrows: Vec<ArrowMark>,
    pub branches: Vec<BranchMark>,
    /// Upper and lower edge of the lanes.
    pub top: i32,
    pub bottom: i32,
    /// The line at the foot: what can be done here, what was folded.
    pub hint: String,
    pub folded: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TickMark {
    pub x: i32,
    pub text: String,
}

/// One lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneRow {
    pub key: LaneKey,
    pub target: Target,
    pub identity: Identity,
    pub name: String,
    pub y: i32,
    pub h: i32,
    /// Whether reality has its own half.
    pub open: bool,
    pub selected: bool,
    pub bars: Vec<BarMark>,
    /// Violations in this lane: left edge and width.
    pub violations: Vec<(i32, i32)>,
    /// All of it as one sentence.
    pub label: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BarMark {
    pub x: i32,
    pub y: i32,
    pub w: i32,
    pub h: i32,
    pub bar: Bar,
    /// What fits into it, or nothing.
    pub text: String,
    /// `Running 1/1 3f1a, 0:30 to 1:51`.
    pub title: String,
}

impl Bar {
    /// The class that draws it.
    pub fn class(self) -> &'static str {
        match self {
            Bar::Pending | Bar::Creating => "bar0",
            Bar::Running => "bar2",
            Bar::Ready | Bar::Terminating | Bar::Attached => "bar1",
            Bar::Ended => "bar3",
            Bar::Process => "real",
            Bar::NodeReady => "gray",
            Bar::NodeLost | Bar::Cut => "amb",
            Bar::Off | Bar::KubeletStopped => "offbar",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoldMark {
    pub x: i32,
    pub w: i32,
    /// `4 m 30 s quiet`.
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinMark {
    pub x: i32,
    pub kind: PinKind,
    pub at: Time,
    /// What has room beside it, or nothing.
    pub text: String,
    /// `You: delete pod rg-1 --force, 7:04.1`; `Fault: cut node-3; You: uncordon node-0, 7:04.1`.
    pub label: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViolationMark {
    pub x: i32,
    pub w: i32,
    pub label: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scrubber {
    pub x: i32,
    /// `7:16.300`.
    pub text: String,
    pub at: Time,
    pub head: (i32, i32),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueMark {
    pub x: i32,
    pub y: i32,
    pub at: Time,
    pub text: String,
    pub tone: Tone,
}

/// One step of a chain of causes, from a spot to a spot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrowMark {
    pub from: (i32, i32),
    pub to: (i32, i32),
    /// What came of it.
    pub label: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchMark {
    pub index: usize,
    /// `branch B`.
    pub name: String,
    pub label: String,
    pub x: i32,
    pub to: i32,
    pub y: i32,
}

impl TimelineView {
    /// The moment at a pixel, for scrubbing; never after what is known.
    pub fn time_at(&self, x: i32) -> Time {
        self.scale.time(x.clamp(self.left, self.right)).min(self.end)
    }
}

/// The timeline of a run. `window` is what to show; `None` shows all of it, with a little of the unknown.
pub fn view(
    timeline: &Timeline,
    store: &LaneStore,
    window: Option<(Time, Time)>,
    width: u32,
    options: &Options,
) -> TimelineView {
    let facts = Facts::of(timeline.world(), &timeline.recording().commands);
    let forks: Vec<Fork> = timeline
        .branches()
        .iter()
        .map(|branch| Fork { from: parting(timeline, branch), to: branch.end, label: branch.label.clone() })
        .collect();
    let mut view = of(&facts, store, timeline.end(), &forks, window, width, options);
    if let Some((object, uid)) = &options.causes {
        view.arrows = arrows(&timeline.why(object, *uid), &view);
    }
    view
}

/// The chain of causes of an object as arrows between lanes. What has no lane of its own stands in the row of pins.
fn arrows(links: &[Link], view: &TimelineView) -> Vec<ArrowMark> {
    let spot = |link: &Link| {
        let lane = view.lanes.iter().find(|lane| match &lane.key {
            LaneKey::Identity { namespace, pod } => {
                link.target.kind == Kind::Pod && link.target.namespace == *namespace && link.target.name == *pod
            }
            LaneKey::Node(node) => link.target.kind == Kind::Node && link.target.name == *node,
            LaneKey::Volume(volume) => link.target.kind == Kind::PersistentVolume && link.target.name == *volume,
        });
        (view.scale.x(link.at), lane.map_or(view.top - 10, |lane| lane.y + lane.h / 2))
    };
    links
        .windows(2)
        .map(|pair| ArrowMark { from: spot(&pair[1]), to: spot(&pair[0]), label: pair[0].sentence.clone() })
        .filter(|arrow| arrow.from != arrow.to)
        .collect()
}

/// Where two courses part: at the first command that only one of them has.
fn parting(timeline: &Timeline, branch: &Branch) -> Time {
    let (ours, theirs) = (&timeline.recording().commands, &branch.recording.commands);
    let common = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
    let firsts = ours.get(common).into_iter().chain(theirs.get(common)).map(|stamped| stamped.at);
    firsts.min().unwrap_or(branch.from)
}

/// The timeline of gathered facts.
pub fn of(
    facts: &Facts,
    store: &LaneStore,
    end: Time,
    forks: &[Fork],
    window: Option<(Time, Time)>,
    width: u32,
    options: &Options,
) -> TimelineView {
    draw::draw(facts, store, end.max(facts.now), forks, window, width, options)
}

/// The lanes to draw, in order: identities by owner and ordinal, contested disks, nodes.
fn choose<'s>(
    facts: &Facts,
    store: &'s LaneStore,
    window: (Time, Time),
    options: &Options,
) -> Vec<(LaneKey, Lane<'s>)> {
    let mut identities = Vec::new();
    let mut nodes = Vec::new();
    let mut volumes = Vec::new();
    let contested = contested(facts);
    for (key, lane) in &store.lanes {
        let seen = lane.belief.iter().chain(&lane.reality).any(|span| span.covers(window.0, window.1));
        match key {
            LaneKey::Identity { namespace, pod } if seen => {
                let order = (namespace.clone(), lane.identity.owner.clone(), lane.identity.ordinal, pod.clone());
                identities.push((order, (key.clone(), Lane::of(lane))));
            }
            LaneKey::Node(name) if facts.machine(name).is_some() || seen => {
                nodes.push((super::cluster::natural(name), (key.clone(), Lane::of(lane))));
            }
            LaneKey::Volume(volume) => {
                let moved = lane.belief.iter().filter(|span| span.covers(window.0, window.1)).map(|span| &span.node);
                if contested.contains(volume) || moved.collect::<BTreeSet<_>>().len() > 1 {
                    volumes.push((volume.clone(), (key.clone(), Lane::of(lane))));
                }
            }
            _ => {}
        }
    }
    for name in facts.machines.keys() {
        let key = LaneKey::Node(name.clone());
        if !store.lanes.contains_key(&key) {
            nodes.push((super::cluster::natural(name), (key, Lane { untouched: true, ..Lane::default() })));
        }
    }
    let filter = options.filter;
    identities.retain(|_| filter.pods);
    volumes.retain(|_| filter.disks);
    nodes.retain(|_| filter.nodes);
    identities.order_by(|a, b| a.0.cmp(&b.0));
    nodes.order_by(|a, b| a.0.cmp(&b.0));
    volumes.order_by(|a, b| a.0.cmp(&b.0));
    let lanes = identities.into_iter().map(|(_, lane)| lane);
    if options.strip {
        return lanes.collect();
    }
    lanes.chain(volumes.into_iter().map(|(_, lane)| lane)).chain(nodes.into_iter().map(|(_, lane)| lane)).collect()
}

/// A lane's spans, borrowed.
#[derive(Clone, Debug, Default)]
struct Lane<'s> {
    identity: Identity,
    belief: &'s [Span],
    reality: &'s [Span],
    /// No note was ever about it: it is as it was at the beginning.
    untouched: bool,
}

impl<'s> Lane<'s> {
    fn of(lane: &'s super::lanes::Lane) -> Lane<'s> {
        Lane { identity: lane.identity.clone(), belief: &lane.belief, reality: &lane.reality, untouched: false }
    }
}

/// Volumes that somebody waits for.
fn contested(facts: &Facts) -> BTreeSet<Name> {
    facts
        .standstills
        .iter()
        .filter_map(|standstill| match &standstill.reason {
            Reason::AttachedElsewhere { volume, .. } | Reason::MountedByNode { volume, .. } => Some(volume.clone()),
            _ => None,
        })
        .collect()
}

/// Timers that will ring: force detaches and tolerations, with the lane that they concern.
fn dues(facts: &Facts) -> Vec<(Time, LaneKey, &'static str)> {
    let mut dues: Vec<(Time, LaneKey, &'static str)> = facts
        .standstills
        .iter()
        .filter_map(|standstill| match &standstill.reason {
            Reason::AttachedElsewhere { volume, force_detach: Some(at), .. }
            | Reason::MountedByNode { volume, force_detach: Some(at), .. } => {
                Some((*at, LaneKey::Volume(volume.clone()), "force detach"))
            }
            Reason::TolerationRunning { pod, until, .. } => {
                let namespace = standstill.key.namespace.clone();
                Some((*until, LaneKey::Identity { namespace, pod: pod.clone() }, "eviction"))
            }
            _ => None,
        })
        .filter(|(at, _, _)| *at > facts.now)
        .collect();
    dues.order();
    dues.dedup_by(|a, b| a.1 == b.1);
    dues
}

/// A sentence about a lane: its last bars in words.
fn lane_label(name: &str, bars: &[BarMark]) -> String {
    let told: Vec<&str> = bars.iter().rev().take(4).map(|bar| bar.title.as_str()).collect();
    if told.is_empty() {
        format!("{name}: nothing in view")
    } else {
        format!("{name}, latest first: {}", told.join("; "))
    }
}

/// The words of a bar.
fn bar_text(span: &Span, sole: bool) -> String {
    let uid = if sole || span.uid.0 == 0 { String::new() } else { format!(" {}", span.uid.short()) };
    match span.bar {
        Bar::Pending => format!("Pending{uid}"),
        Bar::Creating => format!("Creating{uid}"),
        Bar::Running => format!("Running, not Ready{uid}"),
        Bar::Ready => format!("Ready{uid}"),
        Bar::Terminating => format!("Terminating{uid}"),
        Bar::Ended => format!("Ended{uid}"),
        Bar::Process => format!("process on {}{uid}", span.node),
        Bar::Attached => format!("attached to {}", span.node),
        Bar::NodeReady => "Ready".to_owned(),
        Bar::NodeLost => "NotReady".to_owned(),
        Bar::Cut => "cut off".to_owned(),
        Bar::Off => "off".to_owned(),
        Bar::KubeletStopped => "kubelet stopped".to_owned(),
    }
}

/// The words of a bar in which several spans last at once.
fn together_text(spans: &[&Span], sole: bool) -> String {
    let [first, _, ..] = spans else { return spans.first().map(|span| bar_text(span, sole)).unwrap_or_default() };
    let mut told: Vec<String> = spans
        .iter()
        .map(|span| match span.bar {
            Bar::Process => format!("{} on {}", span.uid.short(), span.node),
            Bar::Attached => span.node.to_string(),
            _ => bar_text(span, sole),
        })
        .collect();
    told.order();
    let told = words::list(&told);
    match first.bar {
        Bar::Process => format!("processes {told}"),
        Bar::Attached => format!("attached to {told}"),
        _ => told,
    }
}

fn branch_name(index: usize) -> String {
    let letter = char::from_u32('B' as u32 + (index as u32).min(24)).unwrap_or('Z');
    format!("branch {letter}")
}

fn between(start: Time, from: Time, to: Option<Time>) -> String {
    match to {
        Some(to) => format!("{} to {}", words::moment_tenths(start, from), words::moment_tenths(start, to)),
        None => format!("since {}", words::moment_tenths(start, from)),
    }
}

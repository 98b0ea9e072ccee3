//! What the timeline draws, and what it is asked to draw.

use crate::view::identity::Identity;
use crate::view::lanes::{Bar, LaneKey, PinKind};
use crate::view::marks::{Target, Tone};
use crate::view::revision::Notch;
use crate::view::scale::Scale;
use petri_objects::{ObjectRef, Time, Uid};

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
    pub locks: bool,
    pub clients: bool,
    /// Pins of the person's own commands, faults included.
    pub yours: bool,
    pub controllers: bool,
    /// Lanes in which belief and reality agree, and nobody has selected anything.
    pub calm: bool,
    /// Lanes of pods that have gone a while ago, if belief and reality agreed.
    pub gone: bool,
}

impl Default for Filter {
    fn default() -> Filter {
        Filter {
            pods: true,
            disks: true,
            nodes: true,
            locks: true,
            clients: true,
            yours: true,
            controllers: true,
            calm: true,
            gone: false,
        }
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
    /// Spans, and on a pod's lane small marks where the DNS began and ceased to answer its own name, and a rule where
    /// another owner's lanes end above it.
    pub bars: Vec<BarMark>,
    /// What a set asked for.
    pub set: Option<SetMark>,
    /// How the pods of a name stood to the revision that was asked for.
    pub notches: Vec<NotchMark>,
    /// Violations in this lane: left edge and width.
    pub violations: Vec<(i32, i32)>,
    /// All of it as one sentence.
    pub label: String,
}

/// The course of a set: a stepped line for what it asked for, a stepped area for what was Ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetMark {
    /// SVG paths.
    pub asked: String,
    pub ready: String,
    pub rules: Vec<RuleMark>,
    /// `4 asked, 3 ready; revision 2 asked for at 4:02`.
    pub text: String,
}

/// The moment at which another revision was asked for: a rule through the lanes of the set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleMark {
    pub x: i32,
    pub from: i32,
    pub to: i32,
    /// `r2 asked`, or nothing where there is no room.
    pub text: String,
}

/// How a pod stood to what was asked for: at the moment of a rule, or when it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotchMark {
    pub x: i32,
    pub notch: Notch,
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

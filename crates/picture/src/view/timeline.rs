//! The run as lanes: belief above, reality below, and the gap between them when there is one.

mod answers;
mod choice;
mod draw;
mod marks;
mod sets;

use super::facts::Facts;
use super::lanes::{LaneKey, LaneStore};
use super::marks::lock_object;
pub use marks::{
    ArrowMark, BarMark, BranchMark, DueMark, Filter, FoldMark, Fork, LaneRow, NotchMark, Options, PinMark, RuleMark,
    Scrubber, SetMark, TickMark, TimelineView, ViolationMark,
};
use petri_objects::{Kind, Time};
use petri_sim::story::timeline::{Branch, Timeline};
use petri_sim::story::why::Link;

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
            LaneKey::Lock(lock) => lock_object(lock).as_ref() == Some(&link.target),
            LaneKey::Set(set) => link.target == *set,
            LaneKey::Client { .. } => false,
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

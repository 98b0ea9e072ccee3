//! What sets asked for, as lines over what was Ready, and how pods stood to it.

use super::choice::Lane;
use super::marks::{LaneRow, NotchMark, RuleMark, SetMark};
use crate::view::lanes::{Asked, Course, LaneKey, LaneStore, Level};
use crate::view::revision::Notch;
use crate::view::scale::Scale;
use crate::view::words;
use petri_objects::{Name, Time};

/// How high the lane's area is, and how far below its upper edge it ends.
const RISE: u32 = 11;
const FLOOR: i32 = 14;
/// How far right of a rule or an edge a notch stands.
const ASIDE: i32 = 7;

/// The course of a set within a window.
pub(super) fn mark(course: &Course, window: (Time, Time), end: Time, scale: &Scale, y: i32) -> SetMark {
    let most = course.levels.iter().map(|level| level.asked.max(level.ready)).max().unwrap_or(0).max(1);
    let height = |number: u32| y + FLOOR - (RISE * number / most) as i32;
    let until = course.gone.unwrap_or(end).min(window.1);
    let seen = course.levels.iter().enumerate().filter(|(index, level)| {
        let to = course.levels.get(index + 1).map_or(until, |next| next.at);
        level.at < window.1 && to > window.0
    });
    let seen: Vec<&Level> = seen.map(|(_, level)| level).collect();
    let steps = |number: fn(&Level) -> u32| {
        let mut d = String::new();
        for level in &seen {
            let (x, y) = (scale.x(level.at.max(window.0)), height(number(level)));
            d.push_str(&if d.is_empty() { format!("M{x} {y}") } else { format!("H{x}V{y}") });
        }
        if !d.is_empty() {
            d.push_str(&format!("H{}", scale.x(until)));
        }
        d
    };
    let mut ready = steps(|level| level.ready);
    if let Some(first) = seen.first() {
        ready.push_str(&format!("V{}H{}z", y + FLOOR, scale.x(first.at.max(window.0))));
    }
    let rules = rules(course, window, scale, y);
    let text = course.levels.last().map_or_else(String::new, |last| told(course, last));
    SetMark { asked: steps(|level| level.asked), ready, rules, text }
}

fn told(course: &Course, last: &Level) -> String {
    let now = format!("{} asked, {} ready", last.asked, last.ready);
    match course.rules().last() {
        Some((number, _)) => format!("{now}; revision {number} was asked for last"),
        None => now,
    }
}

fn rules(course: &Course, window: (Time, Time), scale: &Scale, y: i32) -> Vec<RuleMark> {
    let seen = course.rules().filter(|(_, asked)| window.0 <= asked.at && asked.at <= window.1);
    let mut rules: Vec<RuleMark> = seen
        .map(|(number, asked)| RuleMark { x: scale.x(asked.at), from: y, to: y, text: format!("r{number} asked") })
        .collect();
    for index in 0..rules.len() {
        let next = rules.get(index + 1).map_or(i32::MAX, |next| next.x);
        let fold = scale.folds().map(|fold| fold.left).filter(|left| *left > rules[index].x).min().unwrap_or(i32::MAX);
        if rules[index].x + 8 + words::width(&rules[index].text, 11, false) as i32 > next.min(fold) {
            rules[index].text.clear();
        }
    }
    rules
}

/// A rule goes through the lanes of its set's pods, which follow its own.
pub(super) fn rule_lengths(lanes: &mut [LaneRow]) {
    let mut bottom = lanes.last().map_or(0, |lane| lane.y + lane.h);
    for index in (0..lanes.len()).rev() {
        let next = lanes.get(index + 1).map(|next| !matches!(next.key, LaneKey::Identity { .. }));
        if next == Some(true) {
            bottom = lanes[index].y + lanes[index].h;
        }
        for rule in lanes[index].set.iter_mut().flat_map(|set| &mut set.rules) {
            rule.to = bottom;
        }
    }
}

/// How the pods of a name stood to what was asked for: when they came, and whenever that changed under them. Nothing
/// where only one revision was ever asked for.
pub(super) fn notches(lane: &Lane, store: &LaneStore, window: (Time, Time), scale: &Scale) -> Vec<NotchMark> {
    let Some(course) = lane.set.and_then(|set| store.courses.of(set)) else { return Vec::new() };
    let rules: Vec<Time> = course.rules().map(|(_, asked)| asked.at).collect();
    let Some(first) = rules.first() else { return Vec::new() };
    let mut marks = Vec::new();
    let mut known = None;
    for span in lane.belief {
        let revision = &span.who;
        let comes = (known != Some(span.uid) && span.from >= *first).then_some(span.from);
        known = Some(span.uid);
        // A controller deletes the first pod in the instant in which it asks for another revision.
        let lasts = |at: &&Time| span.from < **at && span.to.is_none_or(|to| to >= **at);
        for at in comes.into_iter().chain(rules.iter().filter(lasts).copied()) {
            if let Some(asked) = course.asked_at(at).filter(|_| window.0 <= at && at <= window.1) {
                marks.push(NotchMark { x: scale.x(at) + ASIDE, notch: stands(revision, asked) });
            }
        }
    }
    marks
}

fn stands(revision: &Name, asked: &Asked) -> Notch {
    match revision {
        revision if *revision == asked.wanted => Notch::New,
        // A Deployment leaves all of its other ReplicaSets behind.
        revision if asked.left.is_empty() || *revision == asked.left => Notch::Old,
        _ => Notch::Neither,
    }
}

//! What both stories have in common, in which order, and when.

use super::line::Line;
use super::matching::heaviest;
use super::pairs::Pairs;
use super::story::{Milestone, Story};
use super::{AREAS, Row, Verdict};
use petri_objects::order::Order as _;
use std::collections::{BTreeMap, BTreeSet};

/// Order is judged only between milestones that are at least so many seconds apart.
const GAP: f64 = 0.4;
/// A reversal smaller than this is none.
const SLACK: f64 = 0.25;
/// Timing tolerance: so many seconds, or this share of the delay since the action.
const LATE: f64 = 1.5;
const SHARE: f64 = 0.20;
/// Lateness inherited from the milestone before that is forgiven if the step itself is right.
const DRIFT: f64 = 3.0;
const DRIFT_SHARE: f64 = 0.35;
const STEP: f64 = 0.5;
/// Areas whose order across objects counts.
const ORDERED: [&str; 7] = ["pods", "processes", "storage", "nodes", "leases", "attachments", "revisions"];

/// An expected milestone, and the actual one that stands for it.
pub(super) type Matches = Vec<(Milestone, Option<Milestone>)>;

/// The expected milestones of an object, and the actual ones.
type BothSides<'s> = (Vec<&'s Milestone>, Vec<Milestone>);

/// Puts neighbours that are close together into the order in which they were expected.
fn settle(expected: &[&Milestone], actual: Vec<Milestone>) -> Vec<Milestone> {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, milestone) in expected.iter().enumerate() {
        places.entry(&milestone.label).or_default().push(i);
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut ranked: Vec<(Option<usize>, Milestone)> = Vec::new();
    for milestone in actual {
        let count = seen.entry(milestone.label.clone()).or_default();
        let places = places.get(milestone.label.as_str());
        ranked.push((places.map(|places| places[(*count).min(places.len() - 1)]), milestone));
        *count += 1;
    }
    let mut again = true;
    while again {
        again = false;
        for i in 1..ranked.len() {
            let close = (ranked[i].1.t - ranked[i - 1].1.t).abs() < GAP;
            if let (Some(before), Some(after)) = (ranked[i - 1].0, ranked[i].0)
                && before > after
                && close
            {
                ranked.swap(i - 1, i);
                again = true;
            }
        }
    }
    ranked.into_iter().map(|(_, milestone)| milestone).collect()
}

#[derive(Default)]
struct Sums {
    need: u64,
    have: u64,
    extra: u64,
}

impl Verdict {
    /// Milestones per object; gives back which expected one is which actual one.
    pub(super) fn story(&mut self, expected: &Story, actual: &Story) -> Matches {
        let mut objects: BTreeMap<(&'static str, &str), BothSides<'_>> = BTreeMap::new();
        for milestone in &expected.milestones {
            objects.entry((milestone.area, &milestone.object)).or_default().0.push(milestone);
        }
        for milestone in &actual.milestones {
            objects.entry((milestone.area, &milestone.object)).or_default().1.push(milestone.clone());
        }
        let (mut matches, mut sums) = (Matches::new(), BTreeMap::<&str, Sums>::new());
        for ((area, _), (theirs, ours)) in objects {
            let ours = settle(&theirs, ours);
            let worth = |i: usize, j: usize| match theirs[i].label == ours[j].label {
                true => 1 + u32::from(!theirs[i].optional) + u32::from(!ours[j].optional),
                false => 0,
            };
            let pairs: BTreeMap<usize, usize> = heaviest(theirs.len(), ours.len(), worth).into_iter().collect();
            let hit: BTreeSet<usize> = pairs.values().copied().collect();
            for (i, milestone) in theirs.iter().enumerate() {
                matches.push(((*milestone).clone(), pairs.get(&i).map(|j| ours[*j].clone())));
            }
            let missed: Vec<&Milestone> = (0..theirs.len())
                .filter(|i| !pairs.contains_key(i))
                .map(|i| theirs[i])
                .filter(|m| !m.optional)
                .collect();
            let more: Vec<&Milestone> =
                (0..ours.len()).filter(|j| !hit.contains(j)).map(|j| &ours[j]).filter(|m| !m.optional).collect();
            let sum = sums.entry(area).or_default();
            let needed = theirs.iter().filter(|milestone| !milestone.optional).count() as u64;
            sum.need += needed;
            sum.have += needed - missed.len() as u64;
            sum.extra += more.len() as u64;
            self.tell_missing(area, missed, more, &ours);
        }
        for (area, _) in AREAS {
            if let Some(sum) = sums.get(area).filter(|sum| sum.need + sum.extra > 0) {
                self.row(area, Row::balance(sum.have, sum.need, sum.extra));
            }
        }
        matches
    }

    fn tell_missing(
        &mut self,
        area: &'static str,
        missed: Vec<&Milestone>,
        mut more: Vec<&Milestone>,
        ours: &[Milestone],
    ) {
        for milestone in missed {
            let near = more.iter().position(|other| (other.t - milestone.t).abs() < 3.0);
            let instead = match near.map(|at| more.remove(at)) {
                Some(other) => format!("got instead: {} at {:.1} s", other.label, other.t),
                None if ours.iter().any(|other| other.label == milestone.label) => {
                    "it did not happen in this place (it did at another point of its story)".into()
                }
                None => "it did not happen".into(),
            };
            self.differ(area, milestone.t, format!("expected {milestone} at {:.1} s; {instead}", milestone.t));
        }
        for milestone in more {
            self.differ(area, milestone.t, format!("unexpected {milestone} at {:.1} s", milestone.t));
        }
    }

    /// Pairs of key milestones that are apart, and cause and effect inside ordered StatefulSets at any distance.
    pub(super) fn order(&mut self, expected: &Story, matches: &Matches) {
        let mut keys: Vec<&(Milestone, Option<Milestone>)> =
            matches.iter().filter(|(x, _)| x.key && !x.optional && ORDERED.contains(&x.area)).collect();
        keys.order_by(|a, b| a.0.t.total_cmp(&b.0.t));
        let (mut order, mut cause, mut bad) = ((0, 0), (0, 0), Vec::new());
        for (i, (x, y)) in keys.iter().enumerate() {
            for (x2, y2) in &keys[i + 1..] {
                let close = x2.t - x.t < GAP;
                if close && !allows(expected, x, x2) {
                    continue;
                }
                let sum = if close { &mut cause } else { &mut order };
                sum.1 += 1;
                if let (Some(y), Some(y2)) = (y, y2) {
                    match y.t <= y2.t + if close { 0.0 } else { SLACK } {
                        true => sum.0 += 1,
                        false => bad.push((x2.t - x.t, x, x2, y.t, y2.t)),
                    }
                }
            }
        }
        self.row("order", Row::share(order.0, order.1));
        self.row("cause", Row::share(cause.0, cause.1));
        bad.order_by(|a, b| a.0.total_cmp(&b.0));
        let mut told: BTreeMap<String, u32> = BTreeMap::new();
        for (apart, x, x2, y, y2) in bad {
            if [x, x2].iter().any(|m| told.get(&m.to_string()).is_some_and(|count| *count >= 2)) {
                continue;
            }
            for milestone in [x, x2] {
                *told.entry(milestone.to_string()).or_default() += 1;
            }
            let text = format!(
                "expected \"{x}\" ({:.1} s) before \"{x2}\" ({:.1} s); it came after ({y:.1} s and {y2:.1} s)",
                x.t, x2.t
            );
            self.differ(if apart < GAP { "cause" } else { "order" }, x.t, text);
        }
    }

    /// Key milestones within tolerance of their delay since the action that led to them.
    pub(super) fn timing(&mut self, expected: &Story, actual: &Story, matches: &Matches, pairs: &Pairs) {
        let when: BTreeMap<usize, f64> = pairs.iter().map(|(e, a)| (*e, actual.actions[*a].t)).collect();
        let mut keys: Vec<&(Milestone, Option<Milestone>)> =
            matches.iter().filter(|(x, _)| x.key && !x.optional).collect();
        keys.order_by(|a, b| a.0.t.total_cmp(&b.0.t));
        let (mut good, mut before): (u64, Option<(&Milestone, f64)>) = (0, None);
        for (x, y) in &keys {
            let Some(y) = y else { continue };
            let action = x.trigger.map(|act| expected.acts[act]);
            let begin = action.map_or(0.0, |action| expected.actions[action].t);
            let own_begin = action.and_then(|action| when.get(&action).copied()).unwrap_or(begin);
            let delay = x.t - begin;
            let off = (delay - (y.t - own_begin)).abs();
            let mut right = off <= LATE.max(SHARE * delay);
            if let Some((x0, y0)) = before.filter(|(x0, _)| !right && x0.trigger == x.trigger)
                && off <= DRIFT.max(DRIFT_SHARE * delay)
            {
                let step = x.t - x0.t;
                right = (step - (y.t - y0)).abs() <= STEP.max(SHARE * step);
            }
            before = Some((x, y.t));
            if right {
                good += 1;
                continue;
            }
            let said = action.map_or("the start".into(), |action| said(&expected.actions[action]));
            let text = format!(
                "{x} came {:.1} s after {said}, expected {delay:.1} s (at {:.1} s, expected {:.1} s)",
                y.t - own_begin,
                y.t,
                x.t
            );
            self.differ("timing", x.t, text);
        }
        self.row("timing", Row::share(good, keys.len() as u64));
    }

    /// How it ended.
    pub(super) fn last(&mut self, expected: &Story, actual: &Story) {
        let objects: BTreeSet<&String> = expected.last.keys().chain(actual.last.keys()).collect();
        let mut good = 0;
        for object in &objects {
            let (theirs, ours) = (expected.last.get(*object), actual.last.get(*object));
            if theirs == ours {
                good += 1;
                continue;
            }
            let word = |state: Option<&String>| state.cloned().unwrap_or("absent".into());
            let text = format!("final state of {object}: expected {}; got {}", word(theirs), word(ours));
            self.differ("final", expected.end, text);
        }
        self.row("final", Row::share(good, objects.len() as u64));
    }

    /// Where containers started, for information: the real scheduler breaks ties at random. `true` if all are equal.
    pub(super) fn placement(&mut self, expected: &Story, actual: &Story) -> bool {
        let by_pod = |story: &Story| {
            let mut nodes: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for (pod, node) in &story.placed {
                nodes.entry(pod.clone()).or_default().push(node.clone());
            }
            nodes
        };
        let (theirs, ours) = (by_pod(expected), by_pod(actual));
        let equal = |pod: &String, nodes: &Vec<String>| {
            let own = ours.get(pod).map(Vec::as_slice).unwrap_or_default();
            nodes.iter().zip(own).filter(|(a, b)| a == b).count() as u64
        };
        let good = theirs.iter().map(|(pod, nodes)| equal(pod, nodes)).sum();
        let total = expected.placed.len() as u64;
        self.row("placement", Row::share(good, total));
        good == total
    }
}

/// Whether the first allowed the second in the same ordered StatefulSet: a pod gone or ready, another created or deleted.
fn allows(expected: &Story, x: &Milestone, x2: &Milestone) -> bool {
    let acts = |label: &str| label.starts_with("created") || label.starts_with("deletion requested");
    if x.area != "pods" || x2.area != "pods" || !matches!(x.label.as_str(), "gone" | "Ready=True") || !acts(&x2.label) {
        return false;
    }
    let set = |m: &Milestone| m.object[4..].rsplit_once('-').map_or(String::new(), |(set, _)| set.to_owned());
    set(x) == set(x2) && expected.ordered.contains(&set(x))
}

/// What an action was, in words.
pub(super) fn said(action: &Line) -> String {
    match action.text("do") {
        Some("kubectl") => format!("kubectl {}", action.args().join(" ")),
        Some("apply") => format!("apply of {}", action.text("manifest").unwrap_or_default()),
        _ => {
            let words = ["do", "kind", "component", "name", "node", "pod", "id", "op"];
            words.iter().filter_map(|key| action.text(key)).collect::<Vec<_>>().join(" ")
        }
    }
}

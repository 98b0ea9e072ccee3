//! What corresponds in two traces: actions, pods with generated names, nodes.

use super::line::Line;
use super::matching::{blocks, heaviest};
use super::noise::is_word;
use super::story::Story;
use petri_objects::order::Order as _;
use petri_objects::{Value, value};
use std::collections::{BTreeMap, BTreeSet};

/// An action of the expected trace and one of the actual, by their places.
pub(super) type Pairs = Vec<(usize, usize)>;

/// What an action does, without generated names.
fn signature(action: &Line, story: &Story) -> String {
    const FIELDS: [&str; 12] =
        ["do", "args", "manifest", "node", "op", "pod", "kind", "name", "patch", "component", "id", "after"];
    let fields = FIELDS.iter().map(|key| action.get(key).cloned().unwrap_or(Value::Null)).collect();
    let mut text = Value::List(fields).to_json();
    let mut generated: Vec<&String> = story.names.generated.keys().collect();
    generated.order_by_key(|name| std::cmp::Reverse(name.len()));
    for name in generated {
        text = text.replace(name.as_str(), "<pod>");
    }
    hide_nodes(&story.names.text(&text), &story.nodes)
}

/// Replaces the names of nodes that stand alone.
fn hide_nodes(text: &str, nodes: &BTreeSet<String>) -> String {
    let bytes = text.as_bytes();
    let part = |byte: Option<&u8>| byte.is_some_and(|byte| is_word(*byte) || *byte == b'-');
    let (mut out, mut kept, mut at) = (String::new(), 0, 0);
    while at < bytes.len() {
        let begins = !part(at.checked_sub(1).and_then(|at| bytes.get(at)));
        let fits = |node: &&String| bytes[at..].starts_with(node.as_bytes()) && !part(bytes.get(at + node.len()));
        match nodes.iter().find(fits).filter(|_| begins) {
            Some(node) => {
                out.push_str(&text[kept..at]);
                out.push_str("<node>");
                at += node.len();
                kept = at;
            }
            None => at += 1,
        }
    }
    out.push_str(&text[kept..]);
    out
}

pub(super) fn align(expected: &Story, actual: &Story) -> Pairs {
    let signatures =
        |story: &Story| story.actions.iter().map(|action| signature(action, story)).collect::<Vec<String>>();
    blocks(&signatures(expected), &signatures(actual))
}

/// What is told about a pod with a generated name: labels in order, and when the first and the last come.
struct Features {
    labels: Vec<String>,
    first: f64,
    last: f64,
}

fn features(story: &Story) -> BTreeMap<String, Features> {
    let mut told: BTreeMap<String, Vec<(f64, String)>> = BTreeMap::new();
    let raw: BTreeMap<&String, &String> =
        story.names.generated.keys().filter_map(|name| Some((story.names.map.get(name)?, name))).collect();
    for milestone in story.milestones.iter().filter(|m| matches!(m.area, "pods" | "processes")) {
        let name = milestone.object.split_once(' ').map(|(_, name)| name.to_owned()).unwrap_or_default();
        if let Some(raw) = raw.get(&name) {
            told.entry((*raw).clone()).or_default().push((milestone.t, milestone.label.clone()));
        }
    }
    for action in &story.actions {
        let mut args = String::new();
        value::write_json_string(&action.args().join(" "), &mut args);
        for raw in story.names.generated.keys().filter(|raw| args.contains(raw.as_str())) {
            told.entry(raw.clone()).or_default().push((action.t, signature(action, story)));
        }
    }
    let features = |mut told: Vec<(f64, String)>| {
        told.order_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        let (first, last) = (told.first().map_or(0.0, |t| t.0), told.last().map_or(0.0, |t| t.0));
        Features { labels: told.into_iter().map(|(_, label)| label).collect(), first, last }
    };
    told.into_iter().map(|(name, told)| (name, features(told))).collect()
}

/// Real names of the actual trace and the canonical names that they stand for in the expected one: interchangeable pods
/// by the most similar story, nodes one to one where that fits better than equal names.
pub(super) fn renames(expected: &Story, actual: &Story, pairs: &Pairs) -> BTreeMap<String, String> {
    let (ours, theirs) = (features(actual), features(expected));
    let mut extra = same_stories(expected, actual, pairs, &ours, &theirs);
    let taken: BTreeSet<&String> = expected.names.map.values().collect();
    let free: Vec<&String> =
        ours.keys().filter(|pod| !theirs.contains_key(*pod) && !extra.contains_key(*pod)).collect();
    let strangers: Vec<(String, String)> = free
        .into_iter()
        .filter_map(|pod| Some((pod, actual.names.map.get(pod)?)))
        .filter(|(_, canonical)| taken.contains(canonical))
        .map(|(pod, canonical)| (pod.clone(), format!("{canonical}(other)")))
        .collect();
    extra.extend(strangers);
    let nodes = same_nodes(expected, actual, pairs, &ours, &extra);
    extra.extend(nodes);
    extra
}

fn same_stories(
    expected: &Story,
    actual: &Story,
    pairs: &Pairs,
    ours: &BTreeMap<String, Features>,
    theirs: &BTreeMap<String, Features>,
) -> BTreeMap<String, String> {
    let mut marks: Vec<(f64, f64)> = pairs
        .iter()
        .map(|(e, a)| (&expected.actions[*e], &actual.actions[*a]))
        .filter(|(e, _)| !e.is_snapshot())
        .map(|(e, a)| (a.t, e.t))
        .collect();
    marks.order_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.total_cmp(&b.1)));
    // An actual time on the expected timeline, by the actions that both have.
    let warp = |t: f64| {
        let next = marks.partition_point(|(at, _)| *at <= t);
        let Some((at, expected)) = next.checked_sub(1).map(|last| marks[last]) else { return t };
        let limit = marks.get(next).map_or(t + 1e9, |(_, expected)| *expected);
        (expected + t - at).min(limit)
    };
    let mut candidates: Vec<(f64, &String, &String)> = Vec::new();
    for (p, own) in ours.iter().filter(|(p, _)| !theirs.contains_key(*p)) {
        for (q, other) in theirs.iter().filter(|(q, _)| !ours.contains_key(*q)) {
            if actual.names.generated.get(p) != expected.names.generated.get(q) {
                continue;
            }
            let same = |i: usize, j: usize| u32::from(other.labels[i] == own.labels[j]);
            let common = heaviest(other.labels.len(), own.labels.len(), same).len() as f64;
            let likeness = 2.0 * common / (own.labels.len() + other.labels.len()) as f64;
            let apart = |own: f64, other: f64| 0.1 * (warp(own) - other).abs().min(5.0);
            candidates.push((likeness - apart(own.first, other.first) - apart(own.last, other.last), p, q));
        }
    }
    candidates.order_by(|a, b| b.0.total_cmp(&a.0));
    let (mut extra, mut given) = (BTreeMap::new(), BTreeSet::new());
    for (_, p, q) in candidates {
        if !extra.contains_key(p) && given.insert(q) {
            extra.insert(p.clone(), expected.names.map[q].clone());
        }
    }
    extra
}

fn same_nodes(
    expected: &Story,
    actual: &Story,
    pairs: &Pairs,
    ours: &BTreeMap<String, Features>,
    extra: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut acted: BTreeMap<String, String> = BTreeMap::new();
    for (e, a) in pairs {
        let (e, a) = (&expected.actions[*e], &actual.actions[*a]);
        if let ("node", Some(theirs), Some(own)) = (e.text("do").unwrap_or_default(), e.text("node"), a.text("node"))
            && !acted.contains_key(own)
            && !acted.values().any(|known| known == theirs)
        {
            acted.insert(own.into(), theirs.into());
        }
    }
    let renamed: BTreeMap<&String, &String> = ours
        .keys()
        .filter_map(|pod| {
            let canonical = actual.names.map.get(pod)?;
            Some((canonical, extra.get(pod).unwrap_or(canonical)))
        })
        .collect();
    let mut places: BTreeMap<&String, (Vec<&String>, Vec<&String>)> = BTreeMap::new();
    for (pod, node) in &expected.placed {
        places.entry(pod).or_default().0.push(node);
    }
    for (pod, node) in &actual.placed {
        places.entry(renamed.get(pod).unwrap_or(&pod)).or_default().1.push(node);
    }
    let spots: Vec<(&String, &String)> =
        places.values().flat_map(|(theirs, own)| theirs.iter().copied().zip(own.iter().copied())).collect();
    let equal = spots.iter().filter(|(theirs, own)| theirs == own).count();
    if equal == spots.len() && acted.iter().all(|(own, theirs)| own == theirs) {
        return BTreeMap::new();
    }
    let mut map = acted.clone();
    for (theirs, own) in &spots {
        if !map.contains_key(*own) && !map.values().any(|known| known == *theirs) {
            map.insert((*own).clone(), (*theirs).clone());
        }
    }
    let fitting = spots.iter().filter(|(theirs, own)| map.get(*own) == Some(*theirs)).count();
    if fitting <= equal && acted.is_empty() {
        return BTreeMap::new();
    }
    let every: BTreeSet<String> = (expected.nodes.iter().chain(&actual.nodes))
        .chain(spots.iter().flat_map(|(theirs, own)| [*theirs, *own]))
        .cloned()
        .collect();
    let mut left: Vec<String> =
        every.iter().filter(|node| !map.values().any(|known| known == *node)).cloned().collect();
    for node in &every {
        if !map.contains_key(node) && !left.is_empty() {
            let at = left.iter().position(|free| free == node).unwrap_or(0);
            map.insert(node.clone(), left.remove(at));
        }
    }
    map
}

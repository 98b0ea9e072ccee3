//! Control plane, zones, machines, links, and where pods and disks are drawn among them.

use super::disk::disk;
use super::intention;
use super::service::service;
use super::shape::{Class, Mark, Shape, circle, classes, group, halo, line, path, rect, ring, text, tone, when};
use super::tile::{self, Patterns};
use crate::view::layout::{ClusterLayout, NodeBox, NodeForm, Rect, TileBox, ZoneBox, row_words};
use crate::view::{ClusterView, DuplicateKind, LinkView, NodeState, NodeView, PlugKind, Target, TileView, Tone, words};
use petri_objects::Name;

/// How pods are drawn: where they are, or around the origin and moved there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pods {
    InPlace,
    Moved,
}

/// All of it, from the back to the front.
pub fn cluster(
    view: &ClusterView,
    layout: &ClusterLayout,
    selected: Option<&Target>,
    patterns: &Patterns,
    pods: Pods,
) -> Vec<Shape> {
    let pod = |view: &TileView, place: &TileBox| match pods {
        Pods::InPlace => Shape::Mark(Box::new(pod(view, place, patterns, selected))),
        Pods::Moved => {
            let Rect { x, y, w, h } = place.rect;
            let place = TileBox { rect: Rect::new(0, 0, w, h), ..*place };
            Shape::At { x, y, mark: Box::new(pod(view, &place, patterns, selected)) }
        }
    };
    let zones = || view.zones.iter().zip(&layout.zones);
    let nodes = || zones().flat_map(|(zone, place)| zone.nodes.iter().zip(&place.nodes));
    let tiles = || view.tiles().zip(layout.tiles()).filter(|(_, place)| place.rect.w > 0);
    let disks = || {
        let placed = zones().flat_map(|(zone, place)| zone.disks.iter().zip(&place.disks));
        placed.chain(view.loose.iter().zip(&layout.loose))
    };
    let wires = disks().flat_map(|(disk, place)| {
        disk.plugs.iter().zip(&place.plugs).map(|(plug, line)| wire(disk.identity.class(), plug.kind, line))
    });
    let rail = disks().filter_map(|(view, place)| Some(disk(view, place.rect?, place.small, selected)));
    let sets = view
        .sets
        .iter()
        .zip(&layout.brackets)
        .map(|(set, place)| Shape::Mark(Box::new(intention::bracket(set, place, patterns, selected))));
    let bars = layout.bars.iter().map(|bar| {
        let pair = &view.duplicates[bar.pair];
        twice(pair.kind, &bar.line, bar.cap, pair.newer.to_string())
    });
    vec![
        Shape::All(patterns.shapes().into()),
        control_plane(view, layout, selected),
        when(!layout.narrow && !view.sets.is_empty(), || caption(layout.control_plane)),
        layout.rail.as_ref().map_or(Shape::None, |rail| intention::rail(rail, view.waiting.len())),
        group("sets", sets),
        group("zones", zones().map(|(zone, place)| zone_frame(&zone.name, place))),
        group("trunks", layout.trunks.iter().map(|points| path("wire", line(points)))),
        group("links", nodes().map(|(node, place)| link(view, node, place, selected))),
        group("nodes", nodes().map(|(node, place)| frame(node, place, selected))),
        group("plugs", wires),
        layout.waiting.map_or(Shape::None, waiting),
        when(!view.services.is_empty(), || services(view, layout, selected)),
        group("tiles", tiles().map(|(view, place)| pod(view, place))),
        group("disks", rail),
        group("folded", layout.zones.iter().filter_map(|zone| zone.folded).map(|(rect, count)| folded(rect, count))),
        group("bars", bars),
    ]
}

#[inline(never)]
fn services(view: &ClusterView, layout: &ClusterLayout, selected: Option<&Target>) -> Shape {
    let rails = view.services.iter().zip(&layout.services);
    group("services", rails.map(|(view, place)| service(view, place, selected)))
}

fn control_plane(view: &ClusterView, layout: &ClusterLayout, selected: Option<&Target>) -> Shape {
    let place = layout.control_plane;
    let y = place.y + 19;
    // The parts are named where there is room beside the count of nodes that answer.
    let mut x = place.x + 124;
    let end = place.right() - 24 - words::width(&view.control_plane.text, 11, false) as i32;
    let parts = ["api-server", "etcd", "scheduler", "controller-manager", "coredns"].map(|part| {
        let at = x;
        x += words::width(part, 11, false) as i32 + 22;
        (part, at, x < end)
    });
    let trouble = &view.control_plane.trouble;
    let whole = parts.iter().all(|(_, _, fits)| *fits) && trouble.is_empty();
    let room = (end - place.x - 124).max(0) as u32;
    // The part that spoke last is underlined for a moment; a new key makes it a new moment.
    let spoke = view.beats.part.filter(|_| whole);
    let number = spoke.map_or(0, |(_, beat)| beat.number);
    let (_, from, _) =
        parts.iter().find(|(part, _, _)| spoke.is_some_and(|(name, _)| name == *part)).unwrap_or(&parts[0]);
    let underline = spoke.map(|(part, _)| format!("M{from} {}h{}", y + 5, words::width(part, 11, false)));
    let answer = classes(&["sub", "e", tone(view.control_plane.tone), "me"]);
    let mut label = format!("Control plane: {}", view.control_plane.text);
    if !trouble.is_empty() {
        label.push_str(". ");
        label.push_str(trouble);
    }
    Shape::Mark(Box::new(Mark {
        key: "control-plane".to_owned(),
        class: "pick".into(),
        label,
        state: None,
        selected: selected == Some(&Target::ControlPlane),
        target: Target::ControlPlane,
        shapes: vec![
            rect("cp", place, 5),
            ring(place, 3),
            text(place.x + 10, y, "nm", "control plane"),
            when(!trouble.is_empty(), || text(place.x + 124, y, "sub warn me", words::fit(trouble, room, 11, false))),
            Shape::All(parts.iter().filter(|_| whole).map(|(part, at, _)| text(*at, y, "sub", *part)).collect()),
            Shape::Passing { key: number, class: "beat-part", d: underline.unwrap_or_default() },
            text(place.right() - 10, y, answer, &*view.control_plane.text),
        ],
    }))
}

fn caption(plane: Rect) -> Shape {
    text(plane.x + 10, plane.y + 35, "zl", "asked for")
}

fn zone_frame(name: &Name, zone: &ZoneBox) -> Shape {
    let place = zone.rect;
    // Rows begin close below it.
    let close = zone.nodes.first().is_some_and(|node| node.rect.y - place.y < 24);
    let y = place.y + if close { 13 } else { 16 };
    let label = if name.is_empty() { "no zone".to_owned() } else { format!("zone {name}") };
    let shapes = vec![rect("zone", place, 6), text(place.x + 12, y, "zl", label)];
    Shape::Group { key: Some(name.to_string()), class: "".into(), shapes }
}

/// The node's own part of its link: whole, silent, or with two caps and a gap.
fn link(view: &ClusterView, node: &NodeView, place: &NodeBox, selected: Option<&Target>) -> Shape {
    let points = &place.link;
    let key = node.name.to_string();
    let [.., before, end] = points[..] else {
        return Shape::Group { key: Some(key), class: "".into(), shapes: Vec::new() };
    };
    let middle = ((before.0 + end.0) / 2, (before.1 + end.1) / 2);
    let level = before.1 == end.1;
    let said = |words: &str| {
        when(!level && place.form == NodeForm::Card, || text(middle.0 + 12, middle.1 + 6, "sub warn me", words))
    };
    let slow = node.link == LinkView::Whole && !node.latency.is_empty();
    let (drawing, class, label, state) = match &node.link {
        LinkView::Whole if slow => {
            let drawing = Shape::All(vec![path("wire slow", line(points)), said(&node.latency)]);
            (drawing, "wire-end slow", format!("slow, {}", node.latency), "slow")
        }
        LinkView::Whole => (path("wire", line(points)), "wire-end", "whole".to_owned(), "whole"),
        LinkView::Silent => (path("wire silent", line(points)), "wire-end", "nothing answers".to_owned(), "silent"),
        LinkView::Cut { text: words, .. } => {
            let drawing = Shape::All(vec![path("wire cut", cut(points, before, end)), said(words)]);
            (drawing, "wire-end cut", words.clone(), "cut")
        }
    };
    let hot = if level {
        Rect::new(before.0.min(end.0), middle.1 - 12, (end.0 - before.0).abs().max(16), 24)
    } else {
        Rect::new(middle.0 - 12, before.1.min(end.1), 24, (end.1 - before.1).abs().max(20))
    };
    let beats = &view.beats.nodes;
    let beat = beats.iter().find(|(name, _)| *name == node.name && node.link == LinkView::Whole).map(|(_, beat)| *beat);
    // There is always one, so that a picture changes in one way only; its key makes each beat a new one.
    let (number, moving) = match beat {
        Some(beat) if beat.heartbeat => (beat.number, "beat heart"),
        Some(beat) => (beat.number, "beat"),
        None => (0, "beat none"),
    };
    let target = Target::Link(node.name.clone());
    Shape::Mark(Box::new(Mark {
        key,
        class: "pick".into(),
        label: format!("Link of {}: {label}", node.name),
        state: Some(state),
        selected: selected == Some(&target),
        target,
        shapes: vec![
            drawing,
            Shape::Passing { key: number, class: moving, d: line(points) },
            circle(class, end, "3"),
            rect("hot", hot, 0),
            rect("ring", hot, 4),
        ],
    }))
}

/// The path of a link that is cut in its last part: up to a cap, and on from another one.
fn cut(points: &[(i32, i32)], before: (i32, i32), end: (i32, i32)) -> String {
    let (mx, my) = ((before.0 + end.0) / 2, (before.1 + end.1) / 2);
    let level = before.1 == end.1;
    let mut first = points[..points.len() - 1].to_vec();
    let (caps, rest) = if level {
        let (half, gap) = (7, ((end.0 - before.0).abs() / 4).clamp(3, 8));
        first.push((mx - gap, my));
        (
            format!("M{} {}v{}M{} {}v{}", mx - gap, my - half, 2 * half, mx + gap, my - half, 2 * half),
            format!("M{} {my}H{}", mx + gap, end.0),
        )
    } else {
        let (half, gap) = (9, ((end.1 - before.1).abs() / 5).clamp(3, 8));
        first.push((mx, my - gap));
        (
            format!("M{} {}h{}M{} {}h{}", mx - half, my - gap, 2 * half, mx - half, my + gap, 2 * half),
            format!("M{mx} {}V{}", my + gap, end.1),
        )
    };
    format!("{}{caps}{rest}", line(&first))
}

fn frame(node: &NodeView, place: &NodeBox, selected: Option<&Target>) -> Shape {
    let Rect { x, y, w, h } = place.rect;
    let (class, state) = match node.state {
        NodeState::Ready => ("node", "ready"),
        NodeState::OutOfService => ("node", "out-of-service"),
        NodeState::Lost => ("node lost", "lost"),
        NodeState::Off => ("node off", "off"),
        NodeState::Unregistered => ("node gone", "unregistered"),
    };
    let words = match place.form {
        NodeForm::Card => card_words(node, place.rect),
        NodeForm::Row => row_of_words(node, place.rect),
        NodeForm::Strip => Shape::All(vec![
            text(x + 6, y + 16, "sub", words::fit(&node.name, 52, 11, false)),
            when(place.more > 0, || text(x + w - 4, y + 16, "sub e", format!("+{}", place.more))),
        ]),
    };
    let target = Target::Node(node.name.clone());
    let selected = selected == Some(&target);
    let power = || path("power", format!("M{} {}a8 8 0 1 0 10 0M{} {}v9", x + w - 22, y + 29, x + w - 17, y + 24));
    Shape::Mark(Box::new(Mark {
        key: node.name.to_string(),
        class: "pick".into(),
        label: node.label.clone(),
        state: Some(state),
        selected,
        target,
        shapes: vec![
            rect(class, place.rect, 5),
            when(node.state == NodeState::OutOfService, || rect("node2", Rect::new(x + 3, y + 3, w - 6, h - 6), 3)),
            when(node.cordoned, || path("gate", format!("M{} {}v{}", x + 3, y + 5, (h - 10).max(4)))),
            when(node.state == NodeState::Off && place.form == NodeForm::Card, power),
            halo(selected, place.rect, 8),
            ring(place.rect, 4),
            words,
        ],
    }))
}

/// One line: the name, and beside it the most that has room of what the API server believes and when it last heard.
fn card_words(node: &NodeView, place: Rect) -> Shape {
    let Rect { x, y, w, h } = place;
    let room = (w - 26).max(0) as u32;
    let beside = room.saturating_sub(words::width(&node.name, 13, false));
    let heard = node.line.strip_prefix("heard ").unwrap_or(&node.line);
    let risk = node.status_tone.max(node.line_tone);
    let both = format!("{} · {heard}", node.status);
    let said: [(&str, Tone); 2] = match node.state {
        NodeState::Ready | NodeState::Lost if node.cordoned => [(&both, risk), ("cordoned", node.line_tone)],
        NodeState::Ready if node.line_tone != Tone::Calm => [(&both, risk), (&node.line, risk)],
        NodeState::Ready | NodeState::Lost => [(&both, risk), (&node.status, node.status_tone)],
        _ => [(&node.line, node.line_tone), (&node.status, node.status_tone)],
    };
    let (said, said_tone) =
        said.into_iter().find(|(words, _)| words::width(words, 11, false) <= beside).unwrap_or(("", Tone::Calm));
    Shape::All(vec![
        text(x + 9, y + 20, "nm", &*node.name),
        text(x + w - 9, y + 20, classes(&["sub", "me", tone(said_tone), "e"]), said),
        when(node.tiles.is_empty(), || text(x + w / 2, y + 34 + (h - 34) / 2, "sub dim c", "no pods")),
    ])
}

/// A row has no line of its own for its link.
fn row_of_words(node: &NodeView, place: Rect) -> Shape {
    let room = row_words(place.w) as u32;
    let (said, said_tone) = match &node.link {
        LinkView::Cut { text, .. } if node.state == NodeState::Ready => (text.clone(), Tone::Risk),
        LinkView::Cut { text, .. } if room > 100 => (format!("{}, {text}", node.status), node.status_tone),
        LinkView::Cut { .. } => (format!("{}, cut", node.status), node.status_tone),
        LinkView::Whole if node.status_tone == Tone::Calm && !node.latency.is_empty() => {
            (node.latency.clone(), Tone::Risk)
        }
        LinkView::Whole if node.status_tone == Tone::Calm && node.line_tone != Tone::Calm => {
            (node.line.clone(), node.line_tone)
        }
        _ => (node.status.clone(), node.status_tone),
    };
    let status: Class = classes(&["sub", "me", tone(said_tone)]);
    Shape::All(vec![
        text(place.x + 9, place.y + 16, "nm", words::fit(&node.name, room - 12, 13, false)),
        text(place.x + 9, place.y + 30, status, words::fit(&said, room - 10, 11, false)),
    ])
}

fn pod(view: &TileView, place: &TileBox, patterns: &Patterns, selected: Option<&Target>) -> Mark {
    let target = view.target();
    let selected = selected == Some(&target);
    Mark {
        key: view.uid.to_string(),
        class: tile::class(view),
        label: view.label.clone(),
        state: Some(view.state.class()),
        selected,
        target,
        shapes: vec![halo(selected, place.rect, 7), ring(place.rect, 4), tile::tile(view, place, patterns)],
    }
}

/// A plug: solid, waiting at an open socket, or drawn out.
fn wire(identity: &'static str, kind: PlugKind, points: &[(i32, i32)]) -> Shape {
    let Some(end) = points.last().copied() else { return Shape::Group { key: None, class: "".into(), shapes: vec![] } };
    let level = points.len() > 1 && points[points.len() - 2].1 == end.1;
    let socket = |class: &'static str| {
        let (w, h) = if level { (6, 8) } else { (8, 6) };
        let (x, y) = if level { (end.0 - 2, end.1 - 4) } else { (end.0 - 4, end.1 - 2) };
        rect(class, Rect::new(x, y, w, h), 1)
    };
    let shapes = match kind {
        PlugKind::Solid => vec![path("plug", line(points)), socket("socket")],
        PlugKind::Drawn => vec![path("plug", line(points)), socket("socket drawn")],
        PlugKind::Waiting => vec![path("plug wait", line(points)), circle("socket wait", end, "4")],
    };
    Shape::Group { key: None, class: identity.into(), shapes }
}

fn waiting(place: Rect) -> Shape {
    group("waiting", [rect("waiting", place, 6), text(place.x + 10, place.y + 17, "zl", "on no node")])
}

fn folded(place: Rect, count: u32) -> Shape {
    let noun = if count == 1 { "disk" } else { "disks" };
    text(place.x + 2, place.y + 14, "sub dim", format!("{count} more {noun}, attached or idle"))
}

fn twice(kind: DuplicateKind, points: &[(i32, i32)], cap: Rect, key: String) -> Shape {
    let (stroke, back, class) = match kind {
        DuplicateKind::Twice => ("twice", "twicecap", "c b inv"),
        DuplicateKind::Next => ("next-twice", "nextcap", "c b warn"),
        DuplicateKind::More => ("more", "morecap", "c b"),
    };
    let shapes =
        vec![path(stroke, line(points)), rect(back, cap, 4), text(cap.x + cap.w / 2, cap.y + 16, class, kind.text())];
    Shape::Group { key: Some(key), class: "".into(), shapes }
}

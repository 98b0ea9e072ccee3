//! The cluster as a picture.

use super::disk::disk;
use super::pick::OnPick;
use super::pick::{Pickable, pickable};
use super::shapes::{path, rect, ring};
use super::tile::{self, Patterns};
use crate::view::layout::{
    ClusterLayout, Density, NodeBox, NodeForm, Rect, Size, ZoneBox, layout_in, layout_low, row_words,
};
use crate::view::{ClusterView, DuplicateKind, LinkView, NodeState, NodeView, PlugKind, Target, TileView, Tone, words};
use petri_objects::Name;
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct ClusterPictureProps {
    pub view: Rc<ClusterView>,
    /// The width that the picture has, in CSS pixels.
    pub width: i32,
    #[prop_or_default]
    pub selected: Option<Target>,
    pub on_pick: OnPick,
    /// One thing to try: a link to cut.
    #[prop_or_default]
    pub hint: Option<Target>,
    #[prop_or_default]
    pub on_hint: Callback<Target>,
    #[prop_or_default]
    pub density: Density,
    /// Whether the window is low.
    #[prop_or_default]
    pub low: bool,
    /// Unique on the page: patterns are found by it.
    #[prop_or(AttrValue::Static("cluster"))]
    pub id: AttrValue,
}

#[component]
pub fn ClusterPicture(props: &ClusterPictureProps) -> Html {
    let size = props.density.size(props.view.tiles().count());
    // Where everything has room, nothing is drawn larger for being selected.
    let selected = props.selected.clone().filter(|_| size != Size::Tile);
    let detailed = size != Size::Tile && props.density == Density::Detailed;
    let drawn = use_memo(
        (props.view.clone(), props.width, selected, (size, detailed, props.low)),
        |(view, width, selected, look)| {
            let (width, (size, detailed, low)) = (u32::try_from(*width).unwrap_or(0), *look);
            let layout_in: fn(&ClusterView, u32, Size) -> ClusterLayout =
                if low && !detailed { layout_low } else { layout_in };
            match selected {
                _ if detailed => layout_in(&view.all_near(), width, size),
                None => layout_in(view, width, size),
                selected => layout_in(&view.near(selected.as_ref()), width, size),
            }
        },
    );
    let (view, layout) = (&*props.view, &*drawn);
    let patterns = Patterns::new(&props.id);
    let zones = || view.zones.iter().zip(&layout.zones);
    let nodes = || zones().flat_map(|(zone, place)| zone.nodes.iter().zip(&place.nodes));
    let tiles = || view.tiles().zip(layout.tiles());
    let disks = || {
        let placed = zones().flat_map(|(zone, place)| zone.disks.iter().zip(&place.disks));
        placed.chain(view.loose.iter().zip(&layout.loose))
    };
    let size = format!("0 0 {} {}", layout.width, layout.height);
    html! {
        <svg class="cluster-picture" viewBox={size} width={layout.width.to_string()} height={layout.height.to_string()}
            role="group" aria-label="Cluster: control plane, zones, nodes, pods, disks">
            { patterns.defs() }
            { control_plane(view, layout, props) }
            <g key="zones">{ for zones().map(|(zone, place)| zone_frame(&zone.name, place)) }</g>
            <g key="trunks">{ for layout.trunks.iter().map(|line| html! { <path class="wire" d={path(line)}/> }) }</g>
            <g key="links">{ for nodes().map(|(node, place)| link(node, place, props)) }</g>
            <g key="nodes">{ for nodes().map(|(node, place)| frame(node, place, props)) }</g>
            <g key="plugs">{ for disks().flat_map(|(disk, place)| {
                disk.plugs.iter().zip(&place.plugs).map(move |(plug, line)| wire(disk.identity.class(), plug.kind, line))
            }) }</g>
            if let Some(rect) = layout.waiting { { waiting(rect) } }
            <g key="tiles">{ for tiles().map(|(tile, place)| {
                let body = tile::tile(tile, place, &patterns);
                pod(tile, place.rect, body, props)
            }) }</g>
            <g key="disks">{ for disks().filter_map(|(view, place)| {
                place.rect.map(|rect| disk(view, rect, place.small, props.selected.as_ref(), &props.on_pick))
            }) }</g>
            <g key="folded">{ for layout.zones.iter().filter_map(|zone| zone.folded).map(|(rect, count)| folded(rect, count)) }</g>
            <g key="bars">{ for layout.bars.iter().map(|bar| {
                let pair = &view.duplicates[bar.pair];
                twice(pair.kind, &bar.line, bar.cap, pair.newer.to_string())
            }) }</g>
            { hint(layout, view, props) }
        </svg>
    }
}

fn text(x: i32, y: i32, class: impl Into<Classes>, words: impl Into<AttrValue>) -> Html {
    let class: Classes = class.into();
    html! { <text x={x.to_string()} y={y.to_string()} {class}>{ words.into() }</text> }
}

fn tone(tone: Tone) -> Option<&'static str> {
    match tone {
        Tone::Calm => None,
        Tone::Risk => Some("warn"),
        Tone::Broken => Some("bad"),
    }
}

fn control_plane(view: &ClusterView, layout: &ClusterLayout, props: &ClusterPictureProps) -> Html {
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
    let body = html! { <>
        { rect("cp", place, 5) }
        { ring(place, 3) }
        { text(place.x + 10, y, "nm", "control plane") }
        if !trouble.is_empty() { { text(place.x + 124, y, "sub warn me", words::fit(trouble, room, 11, false)) } }
        { for parts.iter().filter(|_| whole).map(|(part, at, _)| text(*at, y, "sub", *part)) }
        <path key={number} class="beat-part" d={underline}/>
        { text(place.right() - 10, y, classes!("sub", "e", tone(view.control_plane.tone), "me"), view.control_plane.text.clone()) }
    </> };
    let mut label = format!("Control plane: {}", view.control_plane.text);
    if !trouble.is_empty() {
        label.push_str(". ");
        label.push_str(trouble);
    }
    let selected = props.selected == Some(Target::ControlPlane);
    pickable(Pickable {
        key: "control-plane".into(),
        class: classes!("pick"),
        label: &label,
        state: None,
        selected,
        target: &Target::ControlPlane,
        on_pick: &props.on_pick,
        body,
    })
}

fn zone_frame(name: &Name, zone: &ZoneBox) -> Html {
    let place = zone.rect;
    // Rows begin close below it.
    let close = zone.nodes.first().is_some_and(|node| node.rect.y - place.y < 24);
    let y = place.y + if close { 13 } else { 16 };
    let label = if name.is_empty() { "no zone".to_owned() } else { format!("zone {name}") };
    let key = name.to_string();
    html! { <g {key}>{ rect("zone", place, 6) }{ text(place.x + 12, y, "zl", label) }</g> }
}

/// The node's own part of its link: whole, silent, or with two caps and a gap.
fn link(node: &NodeView, place: &NodeBox, props: &ClusterPictureProps) -> Html {
    let line = &place.link;
    let [.., before, end] = line[..] else { return html! { <g key={node.name.to_string()}/> } };
    let (mx, my) = ((before.0 + end.0) / 2, (before.1 + end.1) / 2);
    let level = before.1 == end.1;
    let drawing = match &node.link {
        LinkView::Whole if !node.latency.is_empty() => html! { <>
            <path class="wire slow" d={path(line)}/>
            if !level && place.form == NodeForm::Card { { text(mx + 12, my + 6, "sub warn me", node.latency.clone()) } }
        </> },
        LinkView::Whole => html! { <path class="wire" d={path(line)}/> },
        LinkView::Silent => html! { <path class="wire silent" d={path(line)}/> },
        LinkView::Cut { text: words, .. } => {
            let mut first = line[..line.len() - 1].to_vec();
            let (half, gap) = if level {
                (7, ((end.0 - before.0).abs() / 4).clamp(3, 8))
            } else {
                (9, ((end.1 - before.1).abs() / 5).clamp(3, 8))
            };
            let (caps, rest) = if level {
                first.push((mx - gap, my));
                (
                    format!("M{} {}v{}M{} {}v{}", mx - gap, my - half, 2 * half, mx + gap, my - half, 2 * half),
                    format!("M{} {my}H{}", mx + gap, end.0),
                )
            } else {
                first.push((mx, my - gap));
                (
                    format!("M{} {}h{}M{} {}h{}", mx - half, my - gap, 2 * half, mx - half, my + gap, 2 * half),
                    format!("M{mx} {}V{}", my + gap, end.1),
                )
            };
            html! { <>
                <path class="wire cut" d={format!("{}{caps}{rest}", path(&first))}/>
                if !level && place.form == NodeForm::Card { { text(mx + 12, my + 6, "sub warn me", words.clone()) } }
            </> }
        }
    };
    let (class, label) = match &node.link {
        LinkView::Cut { text, .. } => ("wire-end cut", format!("Link of {}: {text}", node.name)),
        LinkView::Whole if !node.latency.is_empty() => {
            ("wire-end slow", format!("Link of {}: slow, {}", node.name, node.latency))
        }
        LinkView::Whole => ("wire-end", format!("Link of {}: whole", node.name)),
        LinkView::Silent => ("wire-end", format!("Link of {}: nothing answers", node.name)),
    };
    let hot = if level {
        Rect::new(before.0.min(end.0), my - 12, (end.0 - before.0).abs().max(16), 24)
    } else {
        Rect::new(mx - 12, before.1.min(end.1), 24, (end.1 - before.1).abs().max(20))
    };
    let target = Target::Link(node.name.clone());
    let beats = &props.view.beats.nodes;
    let beat = beats.iter().find(|(name, _)| *name == node.name && node.link == LinkView::Whole).map(|(_, beat)| *beat);
    // There is always one, so that a picture changes in one way only; its key makes each beat a new one.
    let (number, moving) = match beat {
        Some(beat) if beat.heartbeat => (beat.number, "beat heart"),
        Some(beat) => (beat.number, "beat"),
        None => (0, "beat none"),
    };
    let body = html! { <>
        { drawing }
        <path key={number} class={moving} d={path(line)} pathLength="100"/>
        <circle {class} cx={end.0.to_string()} cy={end.1.to_string()} r="3"/>
        { rect("hot", hot, 0) }
        { rect("ring", hot, 4) }
    </> };
    let selected = props.selected.as_ref() == Some(&target);
    let key = node.name.to_string();
    let state = Some(match &node.link {
        LinkView::Whole if !node.latency.is_empty() => "slow",
        LinkView::Whole => "whole",
        LinkView::Cut { .. } => "cut",
        LinkView::Silent => "silent",
    });
    let (class, on_pick) = (classes!("pick"), &props.on_pick);
    pickable(Pickable { key, class, label: &label, state, selected, target: &target, on_pick, body })
}

fn frame(node: &NodeView, place: &NodeBox, props: &ClusterPictureProps) -> Html {
    let Rect { x, y, w, h } = place.rect;
    let class = match node.state {
        NodeState::Ready | NodeState::OutOfService => "node",
        NodeState::Lost => "node lost",
        NodeState::Off => "node off",
        NodeState::Unregistered => "node gone",
    };
    let status = classes!("sub", "me", tone(node.status_tone));
    let room = row_words(w) as u32;
    // A row has no line of its own for its link.
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
    let status = if place.form == NodeForm::Row { classes!("sub", "me", tone(said_tone)) } else { status };
    let words = match place.form {
        NodeForm::Card => {
            let name = words::width(&node.name, 13, false);
            let room = (w - 26).max(0) as u32;
            let beside = room.saturating_sub(name);
            // The mark of a cordon stands at the node's edge; its word alone is better than half of two.
            let long = node.status_tone == Tone::Calm && words::width(&node.status, 11, false) > beside;
            let said = if long && node.cordoned { "cordoned" } else { &node.status };
            let fitted = words::fit(said, beside, 11, false);
            html! { <>
                { text(x + 9, y + 20, "nm", &*node.name) }
                { text(x + w - 9, y + 20, classes!(status, "e"), fitted) }
                { text(x + 9, y + 36, classes!("sub", tone(node.line_tone)), words::fit(&node.line, room + 8, 11, false)) }
                if node.tiles.is_empty() { { text(x + w / 2, y + 48 + (h - 48) / 2, "sub dim c", "no pods") } }
            </> }
        }
        NodeForm::Row => html! { <>
            { text(x + 9, y + 16, "nm", words::fit(&node.name, room - 12, 13, false)) }
            { text(x + 9, y + 30, status, words::fit(&said, room - 10, 11, false)) }
        </> },
        NodeForm::Strip => text(x + 6, y + 16, "sub", words::fit(&node.name, 52, 11, false)),
    };
    let target = Target::Node(node.name.clone());
    let selected = props.selected.as_ref() == Some(&target);
    let body = html! { <>
        { rect(class, place.rect, 5) }
        if node.state == NodeState::OutOfService {
            { rect("node2", Rect::new(x + 3, y + 3, w - 6, h - 6), 3) }
        }
        if node.cordoned { <path class="gate" d={format!("M{} {}v{}", x + 3, y + 5, (h - 10).max(4))}/> }
        if node.state == NodeState::Off && place.form == NodeForm::Card {
            <path class="power" d={format!("M{} {}a8 8 0 1 0 10 0M{} {}v9", x + w - 22, y + 29, x + w - 17, y + 24)}/>
        }
        if selected { { rect("halo", Rect::new(x - 4, y - 4, w + 8, h + 8), 8) } }
        { ring(place.rect, 4) }
        { words }
    </> };
    let state = Some(match node.state {
        NodeState::Ready => "ready",
        NodeState::Lost => "lost",
        NodeState::Off => "off",
        NodeState::OutOfService => "out-of-service",
        NodeState::Unregistered => "unregistered",
    });
    let (key, class, on_pick) = (node.name.to_string(), classes!("pick"), &props.on_pick);
    pickable(Pickable { key, class, label: &node.label, state, selected, target: &target, on_pick, body })
}

fn pod(view: &TileView, place: Rect, body: Html, props: &ClusterPictureProps) -> Html {
    let target = view.target();
    let selected = props.selected.as_ref() == Some(&target);
    let body = html! { <>
        if selected { { rect("halo", Rect::new(place.x - 4, place.y - 4, place.w + 8, place.h + 8), 7) } }
        { ring(place, 4) }
        { body }
    </> };
    let (key, class, on_pick) = (view.uid.to_string(), tile::class(view), &props.on_pick);
    let state = Some(view.state.class());
    pickable(Pickable { key, class, label: &view.label, state, selected, target: &target, on_pick, body })
}

/// A plug: solid, waiting at an open socket, or drawn out.
fn wire(identity: &'static str, kind: PlugKind, line: &[(i32, i32)]) -> Html {
    let Some(end) = line.last().copied() else { return html! { <g/> } };
    let level = line.len() > 1 && line[line.len() - 2].1 == end.1;
    let socket = |class: &'static str| {
        let (w, h) = if level { (6, 8) } else { (8, 6) };
        let (x, y) = if level { (end.0 - 2, end.1 - 4) } else { (end.0 - 4, end.1 - 2) };
        html! { <rect {class} x={x.to_string()} y={y.to_string()} width={w.to_string()} height={h.to_string()} rx="1"/> }
    };
    let drawing = match kind {
        PlugKind::Solid => html! { <><path class="plug" d={path(line)}/>{ socket("socket") }</> },
        PlugKind::Drawn => html! { <><path class="plug" d={path(line)}/>{ socket("socket drawn") }</> },
        PlugKind::Waiting => html! { <>
            <path class="plug wait" d={path(line)}/>
            <circle class="socket wait" cx={end.0.to_string()} cy={end.1.to_string()} r="4"/>
        </> },
    };
    html! { <g class={identity}>{ drawing }</g> }
}

fn waiting(place: Rect) -> Html {
    html! { <g key="waiting">
        { rect("waiting", place, 6) }
        { text(place.x + 10, place.y + 17, "zl", "on no node") }
    </g> }
}

fn folded(place: Rect, count: u32) -> Html {
    let noun = if count == 1 { "disk" } else { "disks" };
    text(place.x + 2, place.y + 14, "sub dim", format!("{count} more {noun}, attached or idle"))
}

fn twice(kind: DuplicateKind, line: &[(i32, i32)], cap: Rect, key: String) -> Html {
    let (stroke, back, class) = match kind {
        DuplicateKind::Twice => ("twice", "twicecap", "c b inv"),
        DuplicateKind::Next => ("next-twice", "nextcap", "c b warn"),
    };
    html! { <g {key}>
        <path class={stroke} d={path(line)}/>
        { rect(back, cap, 4) }
        { text(cap.x + cap.w / 2, cap.y + 16, class, kind.text()) }
    </g> }
}

/// The one highlighted thing to try: a button over a link.
fn hint(layout: &ClusterLayout, view: &ClusterView, props: &ClusterPictureProps) -> Html {
    let nothing = || html! { <g key="hint"/> };
    let Some(target @ Target::Link(name)) = &props.hint else { return nothing() };
    // Among many small pods it would lie over some of them; the inspector says the same.
    if props.density.size(view.tiles().count()) != Size::Tile {
        return nothing();
    }
    let zones = view.zones.iter().zip(&layout.zones);
    let found = zones
        .flat_map(|(zone, place)| zone.nodes.iter().zip(&place.nodes).map(move |(node, at)| (node, at, place.rect)));
    let Some((_, place, zone)) = found.into_iter().find(|(node, _, _)| node.name == *name) else { return nothing() };
    let words = format!("Cut {name} off");
    let width = words::width(&words, 12, false) as i32 + 52;
    let first_of_zone = place.rect.y - zone.y < 28;
    let (x, y) = if layout.narrow && first_of_zone {
        // Beside the zone's name, where it lies over nothing.
        (place.rect.right() - width - 6, place.rect.y - 29)
    } else if layout.narrow {
        (place.rect.right() - width - 6, place.rect.middle().1 - 12)
    } else {
        (place.rect.middle().0 - 15, place.rect.y - 32)
    };
    let x = x.min(zone.right() - width - 6).max(zone.x + 4);
    let onclick = {
        let (target, on_hint) = (target.clone(), props.on_hint.clone());
        move |_: MouseEvent| on_hint.emit(target.clone())
    };
    let onkeydown = {
        let (target, on_hint) = (target.clone(), props.on_hint.clone());
        move |event: KeyboardEvent| {
            if matches!(&*event.key(), "Enter" | " ") {
                event.prevent_default();
                on_hint.emit(target.clone());
            }
        }
    };
    html! { <g key="hint" class="pick hint" role="button" tabindex="0" aria-label={words.clone()} {onclick} {onkeydown}>
        { rect("hint-edge", Rect::new(x - 4, y - 4, width + 8, 32), 16) }
        { rect("hint-face", Rect::new(x, y, width, 24), 12) }
        <path class="hint-sign" d={format!("M{} {}l10 9m-10 0l10-9", x + 11, y + 8)}/>
        { text(x + 27, y + 16, "b inv", words) }
        { ring(Rect::new(x, y, width, 24), 8) }
    </g> }
}

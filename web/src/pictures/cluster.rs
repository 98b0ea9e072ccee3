//! The cluster as a picture.

use super::pick::OnPick;
use super::shape::{element, elements};
use petri_picture::draw::{self, Patterns, Pods, Shape};
use petri_picture::view::layout::{ClusterLayout, Density, Rect, Size, layout_in, layout_low};
use petri_picture::view::{ClusterView, Target, words};
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
    let detailed = size != Size::Tile && props.density == Density::Detailed;
    let drawn = use_memo(
        (props.view.clone(), props.width, (size, detailed, props.low)),
        |(view, width, (size, detailed, low))| {
            let width = u32::try_from(*width).unwrap_or(0);
            match (detailed, low) {
                (true, _) => layout_in(&view.all_near(), width, *size),
                (false, true) => layout_low(view, width, *size),
                (false, false) => layout_in(view, width, *size),
            }
        },
    );
    let (view, layout) = (&*props.view, &*drawn);
    let patterns = Patterns::new(&props.id);
    let shapes = draw::cluster(view, layout, props.selected.as_ref(), &patterns, Pods::InPlace);
    let size = format!("0 0 {} {}", layout.width, layout.height);
    html! {
        <svg class="cluster-picture" viewBox={size} width={layout.width.to_string()} height={layout.height.to_string()}
            role="group" aria-label="Cluster: control plane, zones, nodes, pods, disks">
            { elements(shapes, &props.on_pick) }
            { hint(layout, view, props) }
        </svg>
    }
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
    let rect = |class: &'static str, rect: Rect, rx: i32| {
        element(Shape::Rect { class: class.into(), rect, rx }, &props.on_pick)
    };
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
        <text x={(x + 27).to_string()} y={(y + 16).to_string()} class="b inv">{ words }</text>
        { rect("ring", Rect::new(x - 8, y - 8, width + 16, 40), 6) }
    </g> }
}

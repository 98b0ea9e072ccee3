//! Shapes as elements of the page.

use super::pick::{OnPick, Pickable, pickable};
use petri_picture::draw::{Mark, Shape};
use yew::prelude::*;

/// One shape and all that is in it.
pub fn element(shape: Shape, on_pick: &OnPick) -> Html {
    let all = |shapes: Vec<Shape>| elements(shapes, on_pick);
    match shape {
        Shape::None => html! {},
        Shape::Rect { class, rect, rx } => html! {
            <rect {class} x={rect.x.to_string()} y={rect.y.to_string()} width={rect.w.to_string()} height={rect.h.to_string()} rx={rx.to_string()}/>
        },
        Shape::Filled { pattern, rect, faint } => html! {
            <rect x={rect.x.to_string()} y={rect.y.to_string()} width={rect.w.to_string()} height={rect.h.to_string()}
                fill={format!("url(#{pattern})")} opacity={faint.then_some(".5")}/>
        },
        Shape::Path { class, d } => html! { <path {class} {d}/> },
        Shape::Circle { class, x, y, r } => html! { <circle {class} cx={x.to_string()} cy={y.to_string()} {r}/> },
        Shape::Text { class, x, y, words } => {
            html! { <text x={x.to_string()} y={y.to_string()} {class}>{ words }</text> }
        }
        Shape::Passing { key, class, d } => html! { <path {key} {class} {d} pathLength="100"/> },
        Shape::Pattern { id, size, class } => {
            let size = size.to_string();
            html! {
                <pattern {id} width={size.clone()} height={size.clone()} patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                    <path {class} d={format!("M0 0v{size}")}/>
                </pattern>
            }
        }
        Shape::All(shapes) => all(shapes),
        Shape::Group { key: Some(key), class, shapes } => html! { <g {key} {class}>{ all(shapes) }</g> },
        Shape::Group { key: None, class, shapes } => html! { <g {class}>{ all(shapes) }</g> },
        Shape::At { x, y, mark } => {
            html! { <g transform={format!("translate({x} {y})")}>{ picked(*mark, on_pick) }</g> }
        }
        Shape::Mark(mark) => picked(*mark, on_pick),
    }
}

fn picked(mark: Mark, on_pick: &OnPick) -> Html {
    let body = elements(mark.shapes, on_pick);
    pickable(Pickable {
        key: mark.key,
        class: mark.class.into(),
        label: &mark.label,
        state: mark.state,
        selected: mark.selected,
        target: &mark.target,
        on_pick,
        body,
    })
}

pub fn elements(shapes: Vec<Shape>, on_pick: &OnPick) -> Html {
    shapes.into_iter().map(|shape| element(shape, on_pick)).collect()
}

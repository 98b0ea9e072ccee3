//! The timeline as a picture that can be scrubbed.

use super::pick::OnPick;
use super::pick::{Pickable, pickable};
use super::shape::elements;
use petri_objects::Time;
use petri_picture::draw::Patterns;
use petri_picture::view::lanes::{Bar, LaneKey, PinKind};
use petri_picture::view::revision::Notch;
use petri_picture::view::timeline::{BarMark, LaneRow, NotchMark, PinMark, TimelineView};
use petri_picture::view::{Target, Tone, words};
use std::rc::Rc;
use web_sys::Element;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct TimelinePictureProps {
    pub view: Rc<TimelineView>,
    /// Pins, lanes and branches.
    pub on_pick: OnPick,
    /// The moment under the pointer, while somebody drags.
    pub on_scrub: Callback<Time>,
    /// Unique on the page: patterns are found by it.
    #[prop_or(AttrValue::Static("timeline"))]
    pub id: AttrValue,
}

/// Lanes, pins and the scrubber. Whoever holds the picture gives it a slider's role and keys.
#[component]
pub fn TimelinePicture(props: &TimelinePictureProps) -> Html {
    let host = use_node_ref();
    let dragging = use_mut_ref(|| false);
    let view = &*props.view;
    let moment = {
        let (view, host) = (props.view.clone(), host.clone());
        move |event: &PointerEvent| {
            let rect = host.cast::<Element>().map(|element| element.get_bounding_client_rect());
            let (left, shown) = rect.map_or((0.0, f64::from(view.width)), |rect| (rect.left(), rect.width().max(1.0)));
            let x = (f64::from(event.client_x()) - left) * f64::from(view.width) / shown;
            (x as i32, view.time_at(x as i32))
        }
    };
    let onpointerdown = {
        let (moment, dragging, host, on_scrub) =
            (moment.clone(), dragging.clone(), host.clone(), props.on_scrub.clone());
        let left = view.left;
        move |event: PointerEvent| {
            let (x, at) = moment(&event);
            // Names at the left select a lane, and pins go to their own moment; the rest of the line scrubs.
            if event.button() != 0 || x < left - 6 || on_pin(&event) {
                return;
            }
            *dragging.borrow_mut() = true;
            if let Some(element) = host.cast::<Element>() {
                // Without capture the drag ends at the edge, which is no harm.
                let _ = element.set_pointer_capture(event.pointer_id());
            }
            on_scrub.emit(at);
        }
    };
    let onpointermove = {
        let (dragging, on_scrub) = (dragging.clone(), props.on_scrub.clone());
        move |event: PointerEvent| {
            if *dragging.borrow() {
                on_scrub.emit(moment(&event).1);
            }
        }
    };
    let finish = move |_: PointerEvent| *dragging.borrow_mut() = false;
    let patterns = Patterns::new(&props.id);
    let size = format!("0 0 {} {}", view.width, view.height);
    html! {
        <div ref={host} class="timeline" {onpointerdown} {onpointermove} onpointerup={finish.clone()} onpointercancel={finish}>
            <svg class="tl" viewBox={size} width={view.width.to_string()} height={view.height.to_string()} role="group" aria-label="Timeline">
                <defs>{ elements(patterns.shapes().into(), &props.on_pick) }</defs>
                { axis(view) }
                <g key="lanes">{ for view.lanes.iter().map(|lane| lane_row(lane, view, &patterns, props)) }</g>
                <g key="rules">{ for view.lanes.iter().flat_map(|lane| lane.set.iter().flat_map(|set| &set.rules)).map(|rule| html! { <>
                    <path class="asked-at" d={format!("M{} {}V{}", rule.x, rule.from, rule.to)}/>
                    <text class="sub" x={(rule.x + 5).to_string()} y={(rule.from + 12).to_string()}>{ rule.text.clone() }</text>
                </> }) }</g>
                <g key="folds">{ for view.folds.iter().map(|fold| html! { <>
                    <path class="fold" d={torn(fold.x, fold.w, view.top - 2, view.bottom)}/>
                    if !view.strip && view.bottom - view.top > words::width(&fold.text, 11, false) as i32 {
                        <text class="c dim" transform={format!("translate({} {}) rotate(-90)", fold.x + fold.w / 2 + 4, (view.top + view.bottom) / 2)}>{ fold.text.clone() }</text>
                    }
                </> }) }</g>
                <g key="violations">{ for view.violations.iter().map(|mark| html! {
                    <rect class="rule" x={mark.x.to_string()} y={(view.top - 5).to_string()} width={mark.w.to_string()} height="4"><title>{ mark.label.clone() }</title></rect>
                }) }</g>
                <g key="pins">{ for view.pins.iter().enumerate().map(|(number, mark)| pin(number, mark, view, props)) }</g>
                if let Some((x, w)) = view.future {
                    <rect key="later" class="later" x={x.to_string()} y={(view.top - 2).to_string()} width={w.to_string()} height={(view.bottom - view.top).to_string()}/>
                }
                <g key="arrows" aria-hidden="true">{ for view.arrows.iter().map(arrow) }</g>
                <g key="branches">{ for view.branches.iter().map(|mark| branch(mark, view, props)) }</g>
                <g key="dues">{ for view.dues.iter().map(|due| html! {
                    <text class={if due.tone == Tone::Broken { "bad b sub" } else { "warn me sub" }} x={due.x.to_string()} y={due.y.to_string()}>{ due.text.clone() }</text>
                }) }</g>
                { scrubber(view) }
                if !view.strip {
                    <text class="dim" x="16" y={(view.height - 6).to_string()}>{ view.hint.clone() }</text>
                    <text class="e dim" x={view.right.to_string()} y={(view.height - 6).to_string()}>{ view.folded.clone() }</text>
                }
            </svg>
        </div>
    }
}

/// Whether the pointer is on a pin or another mark that has a moment of its own.
fn on_pin(event: &PointerEvent) -> bool {
    let Some(element) = event.target_dyn_into::<Element>() else { return false };
    element.closest(".mark-pin, .mark-branch").ok().flatten().is_some()
}

fn axis(view: &TimelineView) -> Html {
    let tick = |tick: &petri_picture::view::timeline::TickMark| {
        let y = if view.strip { 15 } else { 14 };
        html! { <>
            if !view.strip { <path class="grid" d={format!("M{} 20V{}", tick.x, view.bottom)}/> }
            <text class={if view.strip && tick.x < 30 { "dim m" } else { "c dim m" }} x={tick.x.to_string()} y={y.to_string()}>{ tick.text.clone() }</text>
        </> }
    };
    html! { <g key="axis" aria-hidden="true">
        if !view.strip && view.left > 100 { <text class="lab b" x="16" y="15">{ "Timeline" }</text> }
        { for view.ticks.iter().map(tick) }
    </g> }
}

fn lane_row(lane: &LaneRow, view: &TimelineView, patterns: &Patterns, props: &TimelinePictureProps) -> Html {
    let middle = lane.y + lane.h / 2;
    let numeral = lane.identity.numeral();
    let is_identity = matches!(lane.key, LaneKey::Identity { .. });
    let indent = if is_identity && !numeral.is_empty() { 36 } else { 16 };
    let room = (view.left - indent - if lane.open && view.left > 100 { 42 } else { 4 }).max(10) as u32;
    let bar = |bar: &BarMark| bar_mark(bar, patterns);
    let body = html! { <>
        <rect class={if lane.selected { "lane sel" } else { "lane" }} x={view.left.to_string()} y={lane.y.to_string()} width={(view.right - view.left).to_string()} height={lane.h.to_string()}/>
        if !view.strip {
            <rect class="hot" x="8" y={lane.y.to_string()} width={(view.left - 8).to_string()} height={lane.h.to_string()}/>
            <rect class="ring" x="10" y={lane.y.to_string()} width={(view.left - 14).to_string()} height={lane.h.to_string()} rx="3"/>
            if indent > 16 {
                <rect class="real" x="16" y={(middle - 7).to_string()} width="14" height="14" rx="2"/>
                <text class="c b inv numeral" x="23" y={(middle + 4).to_string()}>{ numeral }</text>
            }
            <text class={if lane.selected { "lab b" } else { "lab" }} x={indent.to_string()} y={(middle + 4).to_string()}>{ words::fit_name(&lane.name, room, 12) }</text>
            if lane.open && view.left > 100 {
                <text class="dim e" x={(view.left - 6).to_string()} y={(lane.y + 13).to_string()}>{ "belief" }</text>
                <text class="dim e" x={(view.left - 6).to_string()} y={(lane.y + 28).to_string()}>{ "reality" }</text>
            }
        }
        if let Some(set) = &lane.set {
            <path class="area" d={set.ready.clone()}/><path class="asked" d={set.asked.clone()}/>
        }
        { for lane.bars.iter().map(bar) }
        { for lane.notches.iter().map(|mark| notch_mark(mark, lane)) }
        { for lane.violations.iter().map(|(x, w)| html! {
            <rect class="viol" x={x.to_string()} y={lane.y.to_string()} width={w.to_string()} height={lane.h.to_string()} rx="2"/>
        }) }
    </> };
    let key = match &lane.key {
        LaneKey::Identity { namespace, pod } => format!("pod/{namespace}/{pod}"),
        LaneKey::Volume(volume) => format!("volume/{volume}"),
        LaneKey::Node(node) => format!("node/{node}"),
        LaneKey::Set(set) => format!("set/{set}"),
        LaneKey::Lock(lock) => format!("lock/{lock}"),
        LaneKey::Client { namespace, pod } => format!("client/{namespace}/{pod}"),
    };
    let class = classes!("pick", lane.identity.class());
    if view.strip {
        // A thin strip is looked at and scrubbed; its lanes are picked elsewhere.
        return html! { <g {key} {class} aria-label={lane.label.clone()}>{ body }</g> };
    }
    let (selected, target, on_pick) = (lane.selected, &lane.target, &props.on_pick);
    pickable(Pickable { key, class, label: &lane.label, state: None, selected, target, on_pick, body })
}

fn bar_mark(mark: &BarMark, patterns: &Patterns) -> Html {
    let (x, y, w, h) = (mark.x.to_string(), mark.y.to_string(), mark.w.to_string(), mark.h.to_string());
    let text = match mark.bar {
        Bar::Off | Bar::KubeletStopped => "offtext",
        Bar::Process | Bar::Acts | Bar::Taken | Bar::Stale => "inv",
        _ => "on",
    };
    html! { <>
        <rect class={mark.bar.class()} x={x.clone()} y={y.clone()} width={w.clone()} height={h.clone()} rx="2"><title>{ mark.title.clone() }</title></rect>
        if mark.bar == Bar::Terminating {
            <rect {x} {y} width={w} height={h} fill={format!("url(#{})", patterns.hatch)} opacity=".6"/>
        }
        if !mark.text.is_empty() {
            <text class={text} x={(mark.x + 5).to_string()} y={(mark.y + 10).to_string()}>{ mark.text.clone() }</text>
        }
    </> }
}

/// How the pod stood to what was asked for, on the lower edge of its bar.
fn notch_mark(mark: &NotchMark, lane: &LaneRow) -> Html {
    let (x, y) = (mark.x, lane.y + 14);
    let (class, d) = match mark.notch {
        Notch::None => return html! { <g/> },
        Notch::Old => ("notch cut", format!("M{} {}l4-4 4 4", x - 4, y + 1)),
        Notch::New => ("notch", format!("M{} {y}h8l-4 4z", x - 4)),
        Notch::Neither => ("notch box", format!("M{} {}h8v6h-8zM{} {}l8-6", x - 4, y - 3, x - 4, y + 3)),
    };
    html! { <path {class} {d}/> }
}

/// A quiet stretch that was torn out: zigzag edges on both sides.
fn torn(x: i32, w: i32, top: i32, bottom: i32) -> String {
    let steps = ((bottom - top) / 6).max(1);
    let mut d = format!("M{x} {top}");
    for step in 0..steps {
        d.push_str(if step % 2 == 0 { "l3 6" } else { "l-3 6" });
    }
    d.push_str(&format!("h{w}"));
    for step in (0..steps).rev() {
        d.push_str(if step % 2 == 0 { "l-3-6" } else { "l3-6" });
    }
    d.push('z');
    d
}

fn pin(number: usize, mark: &PinMark, view: &TimelineView, props: &TimelinePictureProps) -> Html {
    let (class, words) = match mark.kind {
        PinKind::You => ("pin-you", "me"),
        PinKind::Fault => ("pin-fault", "me"),
        PinKind::Controller => ("pin-controller", "dim"),
        PinKind::Bookmark => ("pin-bookmark", "me"),
    };
    let top = if view.strip { 18 } else { 24 };
    let x = mark.x;
    let d = match mark.kind {
        PinKind::Fault => format!("M{x} {}l5 11h-10z", top - 1),
        PinKind::Bookmark => format!("M{} {top}h7v11l-3.5-3-3.5 3z", x - 3),
        _ => format!("M{} {top}h8v6l-4 5-4-5z", x - 4),
    };
    let body = html! { <>
        if mark.kind == PinKind::Fault {
            <path class="drop" d={format!("M{x} {}V{}", top + 11, view.bottom)}/>
        }
        <path {class} {d}/>
        <rect class="hot" x={(x - 8).to_string()} y={(top - 6).to_string()} width="16" height="24"/>
        <rect class="ring" x={(x - 8).to_string()} y={(top - 3).to_string()} width="16" height="18" rx="3"/>
        if !mark.text.is_empty() {
            <text class={words} x={(x + 8).to_string()} y={(top + 9).to_string()}>{ mark.text.clone() }</text>
        }
    </> };
    // Several pins may share a moment; their order there is stable.
    let key = format!("{}-{}-{number}", mark.at.0, mark.label);
    pickable(Pickable {
        key,
        class: classes!("pick", "mark-pin"),
        label: &mark.label,
        state: None,
        selected: false,
        target: &Target::Moment(mark.at),
        on_pick: &props.on_pick,
        body,
    })
}

/// From a cause to what came of it. The chain is read in the inspector; here it is seen.
fn arrow(mark: &petri_picture::view::timeline::ArrowMark) -> Html {
    let ((x1, y1), (x2, y2)) = (mark.from, mark.to);
    // Within one lane it goes over it, between lanes it leaves and arrives level.
    let (d, turn) = if y1 == y2 {
        let rise = ((x2 - x1) / 4).clamp(8, 22);
        (format!("M{x1} {y1}Q{} {} {x2} {y2}", (x1 + x2) / 2, y1 - 2 * rise), 50)
    } else {
        let bow = ((x2 - x1) / 2).clamp(14, 60);
        (format!("M{x1} {y1}C{} {y1} {} {y2} {} {y2}", x1 + bow, x2 - bow, x2 - 5), 0)
    };
    let head = format!("M{x2} {y2}l-7-3.5v7z");
    html! { <g class="arrow"><title>{ mark.label.clone() }</title>
        <circle cx={x1.to_string()} cy={y1.to_string()} r="2.5"/>
        <path d={d}/><path class="point" d={head} transform={(turn > 0).then(|| format!("rotate({turn} {x2} {y2})"))}/>
    </g> }
}

fn branch(mark: &petri_picture::view::timeline::BranchMark, view: &TimelineView, props: &TimelinePictureProps) -> Html {
    let (x, y) = (mark.x, mark.y);
    let width = words::width(&mark.label, 11, false) as i32;
    // The words stand in the bar, before it or after it, where there is room.
    let inside = width + 10 <= mark.to - x;
    let (at, class) = match inside {
        true => (x + 5, ""),
        false if x - 8 - width > view.left => (x - 8, "e sub"),
        false => (mark.to + 6, "sub"),
    };
    let body = html! { <>
        <rect class="hot" x="8" y={y.to_string()} width={(mark.to - 8).max(24).to_string()} height="18"/>
        <text class="lab acc" x="16" y={(y + 13).to_string()}>{ mark.name.clone() }</text>
        <path class="branch" d={format!("M{x} {}V{y}", view.top + 8)}/>
        <circle class="ring-mark" cx={x.to_string()} cy={(view.top + 8).to_string()} r="3.5"/>
        <rect class="branchbar" x={x.to_string()} y={(y + 2).to_string()} width={(mark.to - x).to_string()} height="12" rx="2"/>
        <text {class} x={at.to_string()} y={(y + 12).to_string()}>{ mark.label.clone() }</text>
        <rect class="ring" x="10" y={y.to_string()} width={(mark.to - 10).max(24).to_string()} height="17" rx="3"/>
    </> };
    let label = format!("{}: {}. Go there", mark.name, mark.label);
    pickable(Pickable {
        key: mark.name.clone(),
        class: classes!("pick", "mark-branch"),
        label: &label,
        state: None,
        selected: false,
        target: &Target::Branch(mark.index),
        on_pick: &props.on_pick,
        body,
    })
}

fn scrubber(view: &TimelineView) -> Html {
    let scrubber = &view.scrubber;
    let (x, (head, width)) = (scrubber.x, scrubber.head);
    html! { <g key="scrubber" aria-hidden="true">
        <path class="scrub" d={format!("M{x} 18V{}", view.bottom)}/>
        <rect class="head" x={head.to_string()} y="2" width={width.to_string()} height="17" rx="3"/>
        <text class="c m b inv" x={(head + width / 2).to_string()} y="14">{ scrubber.text.clone() }</text>
        if view.strip { <circle class="knob" cx={x.to_string()} cy={(view.bottom - 4).to_string()} r="5"/> }
    </g> }
}

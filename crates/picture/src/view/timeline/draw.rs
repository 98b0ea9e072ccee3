//! From lanes to pixels.

use super::answers::answers;
use super::choice::{FEW, Lane, bar_text, between, branch_name, choose, dues, lane_label, refuses, together_text};
use super::marks::{
    BarMark, BranchMark, DueMark, FoldMark, Fork, LaneRow, Options, PinMark, Scrubber, TickMark, TimelineView,
    ViolationMark,
};
use super::sets;
use crate::view::facts::Facts;
use crate::view::identity::{Identity, tail};
use crate::view::lanes::{Bar, LaneKey, LaneStore, Pin, PinKind, Span, said};
use crate::view::marks::{Target, Tone};
use crate::view::scale::Scale;
use crate::view::words;
use petri_objects::order::Order as _;
use petri_objects::{Kind, Name, ObjectRef, Span as Length, Time, Uid};
use petri_sim::words::invariants::Guarantee;

const LANE: i32 = 16;
const OPEN: i32 = 32;
const BETWEEN: i32 = 2;
const STRIP_LANE: i32 = 10;
const STRIP_OPEN: i32 = 13;
/// How many lanes are drawn at most, as long as all of them are quiet.
const LANES: usize = 40;
const STRIP_LANES: usize = 6;
/// Between two processes of one lane.
const GAP: i32 = 2;

pub(super) fn draw(
    facts: &Facts,
    store: &LaneStore,
    end: Time,
    forks: &[Fork],
    window: Option<(Time, Time)>,
    width: u32,
    options: &Options,
) -> TimelineView {
    let width = i32::try_from(width).unwrap_or(i32::MAX).clamp(280, 8_000);
    let strip = options.strip;
    let left = if strip {
        12
    } else if width < 600 {
        92
    } else {
        128
    };
    let right = width - if strip { 12 } else { 16 };
    let marks = marks(facts, store, end, forks);
    let window = window.unwrap_or_else(|| whole(facts.start, end, &marks, left, right));
    let scale = Scale::new(window.0, window.1, left, right, &marks);
    let mut view = TimelineView {
        width,
        strip,
        end,
        left,
        right,
        top: if strip { 24 } else { 42 },
        hint: if strip { String::new() } else { "Drag to scrub. Editing the past forks.".to_owned() },
        ..TimelineView::default()
    };
    let x = scale.x(facts.now);
    let text = words::moment_millis(facts.start, facts.now);
    let head = (words::width(&text, 11, true) as i32 / 2 + 5).max(if strip { 28 } else { 30 });
    view.scrubber = Scrubber { x, text, at: facts.now, head: ((x - head).clamp(0, width - 2 * head), 2 * head) };
    view.ticks = ticks(&scale, facts.start, &view.scrubber, if strip { 110 } else { 84 });
    let known = scale.x(end);
    view.future = (known > x).then_some((x, known - x));
    lanes(facts, store, window, end, &scale, options, &mut view);
    view.folds = folds(&scale);
    view.pins = pins(facts, store, window, &scale, &view, options);
    view.violations = store
        .violations
        .iter()
        .filter(|v| v.from < window.1 && v.to.is_none_or(|to| to > window.0))
        .map(|v| {
            let (x, w) = extent(&scale, v.from, v.to, end);
            let label =
                format!("{} broken for {}, {}", v.guarantee.title(), v.subject, between(facts.start, v.from, v.to));
            ViolationMark { x, w, label }
        })
        .collect();
    view.dues = due_marks(facts, &view);
    let folded: u64 = scale.folds().map(|fold| fold.to.since(fold.from).0).sum();
    if folded > 0 && !strip {
        view.folded = format!("{} of quiet folded", words::duration(Length(folded)));
    }
    if !strip {
        branches(forks, &scale, &mut view);
    }
    let rows = if strip { 0 } else { forks.len() as i32 };
    view.height = if strip { (view.bottom + 5).max(68) } else { view.bottom + rows * (LANE + BETWEEN) + 18 };
    view.scale = scale;
    view
}

/// Every moment at which something is drawn: what must not be folded away.
fn marks(facts: &Facts, store: &LaneStore, end: Time, forks: &[Fork]) -> Vec<Time> {
    let spans = store.lanes.values().flat_map(|lane| lane.belief.iter().chain(&lane.reality));
    let edges = spans.flat_map(|span| [Some(span.from), span.to.filter(|to| *to <= end)]);
    let breaks = store.violations.iter().flat_map(|v| [Some(v.from), v.to]);
    let pins = store.pins.iter().map(|pin| Some(pin.at));
    let forks = forks.iter().map(|fork| Some(fork.from));
    edges.chain(breaks).chain(pins).chain(forks).chain([Some(facts.now), Some(end)]).flatten().collect()
}

/// All that is known and a little of the unknown, half a minute at least.
fn whole(start: Time, end: Time, marks: &[Time], left: i32, right: i32) -> (Time, Time) {
    let known = Scale::new(start, end, left, right, marks);
    let open: u64 = known.segments.iter().filter(|s| !s.folded).map(|s| s.to.since(s.from).0).sum();
    // In steps, so that the line stands still between them.
    const STEPS: [u64; 9] = [10, 15, 30, 60, 120, 300, 600, 1_800, 3_600];
    let wanted = open + (open / 12).max(Length::seconds(2).0);
    let step = STEPS.iter().rev().map(|step| Length::seconds(*step).0).find(|step| step * 5 <= wanted);
    let step = step.unwrap_or(Length::seconds(STEPS[0]).0);
    let more = (wanted.div_ceil(step) * step).max(Length::seconds(30).0) - open;
    (start, end + Length(more))
}

fn extent(scale: &Scale, from: Time, to: Option<Time>, end: Time) -> (i32, i32) {
    let (x, right) = (scale.x(from), scale.x(to.map_or(end, |to| to.min(end))));
    (x, (right - x).max(1))
}

fn ticks(scale: &Scale, start: Time, scrubber: &Scrubber, room: i32) -> Vec<TickMark> {
    let ticks = scale.ticks(start, room);
    let whole = ticks.iter().all(|tick| tick.at.since(start).0.is_multiple_of(1_000_000));
    let right = scale.segments.last().map_or(0, |s| s.right);
    ticks
        .into_iter()
        .map(|tick| {
            let covered = (tick.x - scrubber.x).abs() < 52 || tick.x > right - 14;
            let text = match (covered, whole) {
                (true, _) => String::new(),
                (_, true) => words::moment(start, tick.at),
                (_, false) => words::moment_tenths(start, tick.at),
            };
            TickMark { x: tick.x, text }
        })
        .collect()
}

fn target(key: &LaneKey, lane: &Lane, store: &LaneStore, facts: &Facts) -> Target {
    match key {
        LaneKey::Identity { namespace, pod } => {
            let uid = lane.belief.last().or(lane.reality.last()).map_or(Uid(0), |span| span.uid);
            Target::Pod { pod: ObjectRef::new(Kind::Pod, namespace.clone(), pod.clone()), uid }
        }
        LaneKey::Volume(volume) => {
            let claim = facts.disks.get(volume).and_then(|disk| disk.claim.clone());
            match (claim, store.claims.contains_key(volume)) {
                (Some(claim), true) => Target::Claim(claim.to_ref(Kind::PersistentVolumeClaim)),
                _ => Target::Volume(volume.clone()),
            }
        }
        LaneKey::Node(node) => Target::Node(node.clone()),
        LaneKey::Set(set) => Target::Object(set.clone()),
        LaneKey::Lock(lock) => Target::Lock(lock.clone()),
        LaneKey::Client { namespace, pod } => {
            let uid = lane.belief.last().map_or(Uid(0), |span| span.uid);
            Target::Pod { pod: ObjectRef::new(Kind::Pod, namespace.clone(), pod.clone()), uid }
        }
    }
}

fn is_selected(selected: Option<&Target>, target: &Target) -> bool {
    match (selected, target) {
        (Some(Target::Pod { pod, .. }), Target::Pod { pod: lane, .. }) => pod == lane,
        (Some(Target::Node(a) | Target::Link(a)), Target::Node(b)) => a == b,
        (Some(a), b) => a == b,
        (None, _) => false,
    }
}

fn lanes(
    facts: &Facts,
    store: &LaneStore,
    window: (Time, Time),
    end: Time,
    scale: &Scale,
    options: &Options,
    view: &mut TimelineView,
) {
    let strip = options.strip;
    let mut y = view.top;
    let mut chosen = choose(facts, store, window, options);
    if !options.filter.calm && !strip {
        chosen.retain(|(key, lane)| {
            is_selected(options.selected.as_ref(), &target(key, lane, store, facts)) || comes_apart(key, lane, end)
        });
    }
    let all = chosen.len();
    if !options.filter.gone {
        chosen.retain(|(key, lane)| {
            is_selected(options.selected.as_ref(), &target(key, lane, store, facts))
                || !is_long_gone(key, lane, facts.now)
                || comes_apart(key, lane, end)
        });
    }
    let gone = all - chosen.len();
    if gone > 0 && !strip {
        view.hint = format!("{} {} of pods that have gone folded away.", view.hint, words::plural(gone as u32, "lane"));
    }
    let folded = if strip { 0 } else { fold_sets(&mut chosen, facts, store, end, options) };
    let idle = if strip { 0 } else { gather(&mut chosen, facts, store, options) };
    let hidden = thin_out(&mut chosen, if strip { STRIP_LANES } else { LANES }, |key, lane| {
        let target = target(key, lane, store, facts);
        is_selected(options.selected.as_ref(), &target) || comes_apart(key, lane, end)
    });
    let hidden = hidden + folded;
    if hidden > 0 && !strip {
        view.hint = format!("{} {} not drawn.", view.hint, words::plural(hidden as u32, "quiet lane"));
    }
    for (key, lane) in chosen {
        let target = target(&key, &lane, store, facts);
        let selected = is_selected(options.selected.as_ref(), &target);
        let name = match &key {
            LaneKey::Identity { pod, .. } => pod.to_string(),
            LaneKey::Volume(volume) => store.claims.get(volume).unwrap_or(volume).to_string(),
            LaneKey::Node(node) => node.to_string(),
            LaneKey::Set(set) => set.name.to_string(),
            LaneKey::Lock(lock) => lock.rsplit('/').next().unwrap_or(lock).to_owned(),
            LaneKey::Client { pod, .. } => format!("{pod} → {}", lane.calls.split('.').next().unwrap_or_default()),
        };
        let subject = |v: &&crate::view::lanes::Violation| match &key {
            LaneKey::Identity { pod, .. } => {
                matches!(v.guarantee, Guarantee::AtMostOne | Guarantee::Ordered)
                    && v.subject.rsplit('/').next() == Some(pod)
            }
            LaneKey::Volume(volume) => {
                v.guarantee == Guarantee::OneWriter && (v.subject == *volume || *v.subject == *name)
            }
            LaneKey::Lock(lock) => v.guarantee == Guarantee::OneLeader && v.subject == *lock,
            LaneKey::Node(_) | LaneKey::Client { .. } | LaneKey::Set(_) => false,
        };
        let violations: Vec<(i32, i32)> = store
            .violations
            .iter()
            .filter(|v| v.from < window.1 && v.to.is_none_or(|to| to > window.0))
            .filter(subject)
            .map(|v| extent(scale, v.from, v.to, end))
            .collect();
        let identity = match &key {
            LaneKey::Volume(volume) => {
                let claim = facts.disks.get(volume).and_then(|disk| disk.claim.as_ref());
                facts.painted(claim.map_or("default", |claim| &claim.namespace), Identity::of_claim(&name))
            }
            LaneKey::Identity { namespace, .. } => facts.painted(namespace, lane.identity.clone()),
            _ => lane.identity.clone(),
        };
        let halves = !lane.reality.is_empty();
        let open = halves && (selected || !violations.is_empty() || comes_apart(&key, &lane, end));
        let h = match (strip, open) {
            (true, false) => STRIP_LANE,
            (true, true) => STRIP_OPEN,
            (false, false) => LANE,
            (false, true) => OPEN,
        };
        let is_pod = matches!(key, LaneKey::Identity { .. });
        let mut bars = bars(&key, &lane, window, end, scale, facts, (y, open, strip));
        let name = match &key {
            LaneKey::Identity { namespace, pod } if identity.ordinal.is_none() && identity.owner != *pod => {
                format!("{} {}", facts.set_name(namespace, &identity.owner), tail(pod))
            }
            _ => name,
        };
        let set = lane.course.map(|course| sets::mark(course, window, end, scale, y));
        let label = set.as_ref().map_or_else(|| lane_label(&name, &bars), |set| format!("{name}: {}", set.text));
        if !strip {
            // What the rows before it belong to ends there.
            let before = view.lanes.last().filter(|before| matches!(before.key, LaneKey::Identity { .. }));
            if before.is_some_and(|before| is_pod && identity.parts_from(&before.identity)) {
                let (x, w) = (8, view.right - 8);
                let (text, title) = (String::new(), String::new());
                bars.push(BarMark { x, y: y - 2, w, h: 1, bar: Bar::Parts, text, title });
            }
            answers(&name, &lane, (window, y), scale, facts, &mut bars);
        }
        let notches = if strip { Vec::new() } else { sets::notches(&lane, store, window, scale) };
        let gap = if strip { 3 } else { BETWEEN };
        view.lanes.push(LaneRow {
            key,
            target,
            identity,
            name,
            y,
            h,
            open,
            selected,
            bars,
            set,
            notches,
            violations,
            label,
        });
        y += h + gap;
    }
    if idle > 0 {
        let (name, x) = (format!("{idle} nodes"), scale.x(facts.start));
        let title = format!("Ready, {}", between(facts.start, facts.start, None));
        let (w, text) = ((scale.x(end) - x).max(1), "Ready".to_owned());
        let bars = vec![BarMark { x, y: y + 2, w, h: 12, bar: Bar::NodeReady, text, title }];
        let label = lane_label(&name, &bars);
        view.lanes.push(LaneRow {
            key: LaneKey::Node("".into()),
            target: Target::ControlPlane,
            identity: Identity::default(),
            name,
            y,
            h: LANE,
            open: false,
            selected: false,
            bars,
            set: None,
            notches: Vec::new(),
            violations: Vec::new(),
            label,
        });
        y += LANE + BETWEEN;
    }
    sets::rule_lengths(&mut view.lanes);
    view.bottom = y;
}

/// Takes out the quiet pods of sets that have many: the lane of the set tells of them. Answers how many are gone.
#[inline(never)]
fn fold_sets(
    lanes: &mut Vec<(LaneKey, Lane<'_>)>,
    facts: &Facts,
    store: &LaneStore,
    end: Time,
    options: &Options,
) -> usize {
    let before = lanes.len();
    let mut kept = Vec::new();
    for own in lanes.chunk_by(|(_, a), (_, b)| a.set == b.set) {
        let folds = own.len() > FEW && own[0].1.set.is_some();
        let matters = |(key, lane): &&(LaneKey, Lane)| {
            !folds
                || is_selected(options.selected.as_ref(), &target(key, lane, store, facts))
                || comes_apart(key, lane, end)
        };
        kept.extend(own.iter().filter(matters).cloned());
    }
    *lanes = kept;
    before - lanes.len()
}

/// Whether nothing of a pod was there in the last minute, nor comes in what is known of the future.
fn is_long_gone(key: &LaneKey, lane: &Lane, now: Time) -> bool {
    let over = |span: &Span| span.to.is_some_and(|to| to + Length::seconds(60) <= now);
    matches!(key, LaneKey::Identity { .. }) && lane.belief.iter().chain(lane.reality).all(over)
}

/// Takes out the nodes of which there is nothing to tell but that they are ready, if there are several: one row says so.
fn gather(lanes: &mut Vec<(LaneKey, Lane<'_>)>, facts: &Facts, store: &LaneStore, options: &Options) -> usize {
    let idle = |(key, lane): &(LaneKey, Lane<'_>)| {
        matches!(key, LaneKey::Node(_))
            && lane.reality.is_empty()
            && lane
                .belief
                .iter()
                .all(|span| span.bar == Bar::NodeReady && span.from <= facts.start && span.to.is_none())
            && !is_selected(options.selected.as_ref(), &target(key, lane, store, facts))
    };
    let count = lanes.iter().filter(|lane| idle(lane)).count();
    if count < 2 {
        return 0;
    }
    lanes.retain(|lane| !idle(lane));
    count
}

/// Leaves out quiet lanes, the last first, until `most` are left or only those that matter. Answers how many are gone.
fn thin_out(lanes: &mut Vec<(LaneKey, Lane<'_>)>, most: usize, matters: impl Fn(&LaneKey, &Lane<'_>) -> bool) -> usize {
    let before = lanes.len();
    let mut index = lanes.len();
    while lanes.len() > most && index > 0 {
        index -= 1;
        if !matters(&lanes[index].0, &lanes[index].1) {
            lanes.remove(index);
        }
    }
    before - lanes.len()
}

/// Whether belief and reality differ in this lane for longer than it takes to report.
fn comes_apart(key: &LaneKey, lane: &Lane, end: Time) -> bool {
    match key {
        LaneKey::Node(_) => return !lane.reality.is_empty(),
        LaneKey::Volume(_) => return lane.reality.iter().any(refuses),
        LaneKey::Client { .. } => return lane.belief.iter().any(|span| span.bar == Bar::Unanswered),
        LaneKey::Identity { .. } | LaneKey::Lock(_) | LaneKey::Set(_) => {}
    }
    let is_lock = matches!(key, LaneKey::Lock(_));
    let believed = |at: Time, uid: Uid, who: &Name| {
        lane.belief.iter().any(|span| {
            // The record of a lock knows names, not uids.
            let same = if is_lock { span.who == *who } else { span.uid == uid };
            same && span.from <= at && span.to.is_none_or(|to| to > at) && span.bar != Bar::Ended
        })
    };
    let slack = Length::seconds(3);
    let ghost = lane.reality.iter().any(|span| {
        let last = span.to.unwrap_or(end);
        last.since(span.from) > slack && !believed(last - slack, span.uid, &span.who)
    });
    let twice = lane.reality.windows(2).any(|pair| pair[0].to.is_none_or(|to| to > pair[1].from));
    ghost || twice
}

fn bars(
    key: &LaneKey,
    lane: &Lane,
    window: (Time, Time),
    end: Time,
    scale: &Scale,
    facts: &Facts,
    (y, open, strip): (i32, bool, bool),
) -> Vec<BarMark> {
    let sole =
        lane.belief.iter().chain(lane.reality).map(|span| span.uid).collect::<std::collections::BTreeSet<_>>().len()
            <= 1;
    let always =
        Span { bar: Bar::NodeReady, from: facts.start, to: None, uid: Uid(0), node: "".into(), who: "".into() };
    let untouched = (lane.untouched || lane.belief.is_empty() && matches!(key, LaneKey::Node(_))).then_some(&always);
    // The halves of a lane: belief above, reality below.
    let (top, thick, low, thin) = match (strip, open) {
        (true, false) => (y + 1, 8, y + 1, 8),
        (true, true) => (y, 6, y + 8, 4),
        (false, false) => (y + 2, 12, y + 2, 12),
        (false, true) => (y + 2, 12, y + 18, 8),
    };
    let place = |piece: &Piece, y: i32, h: i32| {
        let Piece { span, text } = piece;
        let (x, w) = extent(scale, span.from, span.to, end);
        // Where something else begins meanwhile, as a second attachment does.
        let next = lane.belief.iter().filter(|other| other.from > span.from).map(|other| scale.x(other.from) - x).min();
        let open = next.filter(|_| y == top).map_or(w, |next| w.min(next));
        // Words end where the first fold begins.
        let room = scale.folds().map(|fold| fold.left - x).filter(|room| *room > 0).fold(open, i32::min);
        let fits = !strip && h >= 12 && words::width(text, 11, false) as i32 + 10 <= room;
        let title = format!("{text}, {}", between(facts.start, span.from, span.to));
        BarMark { x, y, w, h, bar: span.bar, text: if fits { text.clone() } else { String::new() }, title }
    };
    let seen = |piece: &&Piece| piece.span.covers(window.0, window.1);
    let believed: Vec<Span> = untouched.into_iter().chain(lane.belief).cloned().collect();
    // A disk can be attached to several machines at once; of a pod's name the API server believes one thing.
    let believed = pieces(&believed, sole, matches!(key, LaneKey::Volume(_)));
    let mut bars: Vec<BarMark> = believed.iter().filter(seen).map(|piece| place(piece, top, thick)).collect();
    if open {
        let node = matches!(key, LaneKey::Node(_));
        let run = pieces(lane.reality, sole, !node);
        // Where one process follows another it matters which one it is: there is room for that.
        let (low, thin) = if strip || !node && sole { (low, thin) } else { (low - 2, 12) };
        let mut run: Vec<BarMark> = run.iter().filter(seen).map(|piece| place(piece, low, thin)).collect();
        if !node {
            for index in 1..run.len() {
                // What another process follows at once ends visibly.
                let next = run[index].x;
                let before = &mut run[index - 1];
                before.w = before.w.min((next - GAP - before.x).max(1));
            }
        }
        bars.extend(run);
    }
    bars
}

/// A stretch of a lane's half in which the same spans last, and its words.
struct Piece {
    span: Span,
    text: String,
}

/// The stretches of a half. Where spans overlap, one stretch tells all of them, if they are to be told `together`.
fn pieces(spans: &[Span], sole: bool, together: bool) -> Vec<Piece> {
    if !together || spans.windows(2).all(|pair| pair[0].to.is_some_and(|to| to <= pair[1].from)) {
        return spans.iter().map(|span| Piece { span: span.clone(), text: bar_text(span, sole) }).collect();
    }
    let mut edges: Vec<Time> = spans.iter().flat_map(|span| [Some(span.from), span.to]).flatten().collect();
    edges.order();
    edges.dedup();
    let mut found: Vec<Piece> = Vec::new();
    for (index, from) in edges.iter().enumerate() {
        let lasting: Vec<&Span> =
            spans.iter().filter(|span| span.from <= *from && span.to.is_none_or(|to| to > *from)).collect();
        let Some(first) = lasting.first() else { continue };
        let to = edges.get(index + 1).copied();
        found.push(Piece { span: Span { from: *from, to, ..(*first).clone() }, text: together_text(&lasting, sole) });
    }
    found
}

fn folds(scale: &Scale) -> Vec<FoldMark> {
    let mark = |fold: &crate::view::scale::Segment| FoldMark {
        x: fold.left,
        w: fold.right - fold.left,
        text: format!("{} quiet", words::duration(fold.to.since(fold.from))),
    };
    scale.folds().map(mark).collect()
}

fn pins(
    facts: &Facts,
    store: &LaneStore,
    window: (Time, Time),
    scale: &Scale,
    view: &TimelineView,
    options: &Options,
) -> Vec<PinMark> {
    let named = options.bookmarks.iter().map(|(at, name)| Pin {
        at: *at,
        kind: PinKind::Bookmark,
        text: name.clone(),
        more: 0,
        lane: None,
    });
    let named: Vec<Pin> = named.collect();
    let wanted = |pin: &&Pin| match pin.kind {
        PinKind::Bookmark => true,
        PinKind::Controller => options.filter.controllers && !view.strip,
        PinKind::Fault | PinKind::You => options.filter.yours,
    };
    let seen = |pin: &&Pin| window.0 <= pin.at && pin.at <= window.1;
    let mut pins: Vec<&Pin> = store.pins.iter().chain(&named).filter(seen).filter(wanted).collect();
    pins.order_by_key(|pin| (scale.x(pin.at), rank(pin.kind), pin.at));
    // Marks on one spot become one: the person's own before a component's, and a fault before all.
    let mut spots: Vec<Vec<&Pin>> = Vec::new();
    for pin in pins {
        let near = |first: &Pin| scale.x(pin.at) - scale.x(first.at) < 5;
        match spots.last_mut().filter(|spot| near(spot[0]) && (pin.kind == PinKind::Controller || is_own(spot[0]))) {
            // What a component did beside a person's own mark is left out, and so is its second mark.
            Some(_) if pin.kind == PinKind::Controller => {}
            Some(spot) => spot.push(pin),
            None => spots.push(vec![pin]),
        }
    }
    let mut pins: Vec<PinMark> = spots.into_iter().map(|spot| spot_mark(spot, facts.start, scale)).collect();
    if view.strip {
        for pin in &mut pins {
            pin.text.clear();
        }
        return pins;
    }
    // Words end before the next mark: a person's own are cut there, a component's are left out.
    let places: Vec<i32> = pins.iter().map(|pin| pin.x).collect();
    for (index, pin) in pins.iter_mut().enumerate() {
        let next = places.get(index + 1).map_or(view.width, |x| x - 10);
        let room = (next - pin.x - 8).max(0) as u32;
        if words::width(&pin.text, 11, false) <= room {
            continue;
        }
        let cut = pin.kind != PinKind::Controller && room >= 32;
        pin.text = if cut { words::fit(&pin.text, room, 11, false) } else { String::new() };
    }
    pins
}

/// What is told first of one instant.
fn rank(kind: PinKind) -> u8 {
    match kind {
        PinKind::Fault => 0,
        PinKind::Bookmark => 1,
        PinKind::You => 2,
        PinKind::Controller => 3,
    }
}

fn is_own(pin: &Pin) -> bool {
    pin.kind != PinKind::Controller
}

/// The one mark of a spot: it looks like the first in rank, says how many more there are, and its label names them all.
fn spot_mark(mut spot: Vec<&Pin>, start: Time, scale: &Scale) -> PinMark {
    spot.order_by_key(|pin| (rank(pin.kind), pin.at));
    let first = spot[0];
    let more = spot.iter().map(|pin| 1 + pin.more).sum::<usize>() - 1;
    let text = said(&first.text, more);
    let all: Vec<String> = spot
        .iter()
        .enumerate()
        .map(|(index, pin)| {
            let who = match pin.kind {
                PinKind::You => "You: ",
                PinKind::Fault => "Fault: ",
                PinKind::Controller => "",
                PinKind::Bookmark => "Bookmark: ",
            };
            // A moment is said once, after the last that shares it.
            let last = spot.get(index + 1).is_none_or(|next| next.at != pin.at);
            let when = if last { format!(", {}", words::moment_tenths(start, pin.at)) } else { String::new() };
            format!("{who}{}{when}", pin.said())
        })
        .collect();
    PinMark { x: scale.x(first.at), kind: first.kind, at: first.at, text, label: all.join("; ") }
}

fn due_marks(facts: &Facts, view: &TimelineView) -> Vec<DueMark> {
    let mut marks: Vec<DueMark> = dues(facts)
        .into_iter()
        .filter_map(|(at, key, what)| {
            let lane = view.lanes.iter().find(|lane| lane.key == key)?;
            let moment = words::moment(facts.start, at);
            let text = if view.strip { String::new() } else { format!("{what} due {moment} →") };
            Some(DueMark { x: view.scrubber.x + 8, y: lane.y + lane.h / 2 + 4, at, text, tone: Tone::Risk })
        })
        .collect();
    for lane in view.lanes.iter().filter(|lane| !view.strip && !lane.violations.is_empty()) {
        let LaneKey::Identity { pod, .. } = &lane.key else { continue };
        let since = facts.invariants.and_then(|invariants| {
            invariants.standing.iter().find_map(|((guarantee, subject), standing)| match standing {
                petri_sim::words::invariants::Standing::Broken { since, .. }
                    if *guarantee == Guarantee::AtMostOne && subject.rsplit('/').next() == Some(pod) =>
                {
                    Some(*since)
                }
                _ => None,
            })
        });
        if let Some(since) = since {
            let text = format!("twice for {}", words::duration(facts.now.since(since)));
            marks.push(DueMark {
                x: view.scrubber.x + 8,
                y: lane.y + lane.h / 2 + 4,
                at: since,
                text,
                tone: Tone::Broken,
            });
        }
    }
    // Where there is no room at the right, the words stand at the left of the scrubber.
    for mark in &mut marks {
        let width = words::width(&mark.text, 11, false) as i32;
        if mark.x + width > view.width {
            mark.x = (view.scrubber.x - 8 - width).max(view.left);
        }
    }
    marks
}

fn branches(forks: &[Fork], scale: &Scale, view: &mut TimelineView) {
    for (index, fork) in forks.iter().enumerate() {
        let y = view.bottom + index as i32 * (LANE + BETWEEN);
        let x = scale.x(fork.from);
        let to = scale.x(fork.to).max(x + 24).min(view.right);
        view.branches.push(BranchMark { index, name: branch_name(index), label: fork.label.clone(), x, to, y });
    }
}

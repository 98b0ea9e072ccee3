//! Both runs on one time axis.

use crate::compare::{Course, Level, Pair};
use petri_objects::Time;
use petri_picture::view::scale::{Scale, Segment};
use petri_picture::view::words;
use petri_sim::story::recording::{Recording, Stamped};
use yew::prelude::*;

/// What stands to the left and to the right of the axis. The slider below keeps to the same edges.
struct Edges {
    left: i32,
    right: i32,
}

const WIDE: Edges = Edges { left: 96, right: 220 };
const NARROW: Edges = Edges { left: 28, right: 12 };
/// Below this width there is no room for words beside the axis.
const ROOM: i32 = 720;

/// The top of the first lane, the height of one, and from one to the next.
const TOP: i32 = 42;
const HIGH: i32 = 34;
const STEP: i32 = 50;

/// The lanes of both, in a width, and the moment that is looked at.
pub fn lanes(pair: &Pair, at: Time, width: i32) -> Html {
    let edges = if width >= ROOM { WIDE } else { NARROW };
    let right = (width - edges.right).max(edges.left + 40);
    // Nothing is folded away: the slider below goes evenly.
    let whole = Segment { from: pair.start, to: pair.end, left: edges.left, right, folded: false };
    let scale = Scale { segments: vec![whole] };
    let x = |time: Time| scale.x(time);
    let bottom = TOP + STEP + HIGH + 6;
    html! {
        <div key="lanes" class="compare-lanes">
            <svg width={width.to_string()} height={(bottom + 2).to_string()} role="img" aria-label="Both runs on one time axis">
                { for scale.ticks(pair.start, 84).into_iter().map(|tick| html! { <g key={tick.x}>
                    <path class="grid" d={format!("M{} 18V{bottom}", tick.x)}/>
                    <text class="c dim m" x={tick.x.to_string()} y="13">{ words::moment(pair.start, tick.at) }</text>
                </g> }) }
                if pair.first.is_some() {
                    <path class="from" d={format!("M{} 22V{bottom}", x(pair.from))}/>
                }
                { for pins(pair).into_iter().enumerate().map(|(i, pin)| html! { <g key={i}>
                    <path class="pin" d={format!("M{} 32l-5 -9h10z", x(pin.at))}><title>{ format!("{}{} at {}", pin.said, pin.whose, words::moment(pair.start, pin.at)) }</title></path>
                    if i == 0 && edges.right > NARROW.right {
                        <text class="dim" x={(x(pin.at) + 10).to_string()} y="32">{ words::fit(&format!("{}{}", pin.said, pin.whose), 320, 11, false) }</text>
                    }
                </g> }) }
                { lane("A", 0, &pair.a, pair, &x, &edges) }
                { lane("B", 1, &pair.b, pair, &x, &edges) }
                <path class="strip-now" d={format!("M{} 18V{bottom}", x(at))}/>
            </svg>
            { told("A", &pair.a, pair) }
            { told("B", &pair.b, pair) }
        </div>
    }
}

/// One course: what served, what was asked for, what ran beyond it, and where a promise was broken.
fn lane(name: &'static str, row: i32, course: &Course, pair: &Pair, x: &dyn Fn(Time) -> i32, edges: &Edges) -> Html {
    let (top, bottom) = (TOP + row * STEP, TOP + row * STEP + HIGH);
    let most =
        course.levels.iter().map(|level| level.asked.max(level.serving) + level.surplus).max().unwrap_or(1).max(1);
    let y = |count: u32| bottom - (u64::from(count) * (HIGH as u64 - 8) / u64::from(most)) as i32;
    let end = x(pair.end);
    let steps = |count: fn(&Level) -> u32| {
        let mut path = format!("M{} {}", x(pair.start), y(0));
        for level in &course.levels {
            path.push_str(&format!("H{}V{}", x(level.at), y(count(level))));
        }
        path + &format!("H{end}")
    };
    let area = format!("{}V{bottom}H{}Z", steps(|level| level.serving), x(pair.start));
    let beyond = course.levels.iter().enumerate().filter(|(_, level)| level.surplus > 0).map(|(i, level)| {
        let until = course.levels.get(i + 1).map_or(end, |next| x(next.at));
        let (from, high) = (y(level.asked + level.surplus), y(level.asked) - y(level.asked + level.surplus));
        html! { <rect key={i} class="strip-beyond" x={x(level.at).to_string()} y={from.to_string()} width={(until - x(level.at)).max(2).to_string()} height={high.to_string()}/> }
    });
    let broken = course.broken.iter().enumerate().map(|(i, broken)| {
        let (from, to) = (x(broken.from), x(broken.to));
        html! { <rect key={i} class="strip-broken" x={from.to_string()} y={(top - 4).to_string()} width={(to - from).max(3).to_string()} height="5"/> }
    });
    html! {
        <g key={name}>
            <text class="b" x={(edges.left - 14).to_string()} y={(top + HIGH / 2 + 4).to_string()} text-anchor="end">{ name }</text>
            <rect class="strip-bed" x={edges.left.to_string()} y={top.to_string()} width={(end - edges.left).to_string()} height={HIGH.to_string()}/>
            <path class="strip-area" d={area}/>
            <path class="strip-asked" d={steps(|level| level.asked)}/>
            { for beyond }
            { for broken }
            if edges.right > NARROW.right {
                <text class="dim" x={(end + 10).to_string()} y={(top + HIGH / 2 + 4).to_string()}>{ last(course) }</text>
            }
        </g>
    }
}

fn last(course: &Course) -> String {
    match course.levels.last() {
        Some(Level { serving, asked, surplus: 0, .. }) => format!("{serving} of {asked} serve"),
        Some(Level { serving, asked, surplus, .. }) => format!("{serving} of {asked} serve, {surplus} too many"),
        None => String::new(),
    }
}

/// The same in words, for who does not see the lanes.
fn told(name: &'static str, course: &Course, pair: &Pair) -> Html {
    let mut told: Vec<String> = course
        .broken
        .iter()
        .map(|broken| {
            let (from, to) = (words::moment(pair.start, broken.from), words::moment(pair.start, broken.to));
            format!("{} broken from {from} to {to}", broken.guarantee.title())
        })
        .collect();
    // What nothing changes any more is as it was before.
    let before = course.levels.iter().rfind(|level| level.at <= pair.from);
    let after = course.levels.iter().filter(|level| level.at >= pair.from);
    let lowest = before.into_iter().chain(after).min_by_key(|level| level.serving);
    told.insert(
        0,
        lowest.map_or_else(
            || "nothing serves".into(),
            |level| format!("at least {} of {} serve", level.serving, level.asked),
        ),
    );
    html! { <p key={format!("told-{name}")} class="unseen" data-strip={name}>{ format!("{name}: {}.", told.join("; ")) }</p> }
}

/// Something that was done, in both or in one.
struct Pin {
    at: Time,
    said: String,
    whose: &'static str,
}

fn pins(pair: &Pair) -> Vec<Pin> {
    let of = |recording: &Recording| -> Vec<(Time, String)> {
        let done = |stamped: &&Stamped| !stamped.command.is_manifest();
        recording.commands.iter().filter(done).map(|stamped| (stamped.at, stamped.said())).collect()
    };
    let (a, b) = (of(pair.a.timeline.recording()), of(pair.b.timeline.recording()));
    let whose = |is_other: bool, name: &'static str| if is_other { "" } else { name };
    let own = a.iter().map(|it| Pin { at: it.0, said: it.1.clone(), whose: whose(b.contains(it), ", in A alone") });
    let other = b.iter().filter(|it| !a.contains(it));
    let other = other.map(|it| Pin { at: it.0, said: it.1.clone(), whose: ", in B alone" });
    let mut pins: Vec<Pin> = own.chain(other).collect();
    petri_objects::order::Order::order_by_key(&mut pins, |pin| pin.at);
    pins
}

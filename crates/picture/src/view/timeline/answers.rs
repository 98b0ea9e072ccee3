//! What the DNS answers for the names of pods, as marks on their lanes.

use super::choice::Lane;
use super::marks::BarMark;
use crate::view::facts::Facts;
use crate::view::lanes::Bar;
use crate::view::scale::Scale;
use crate::view::words;
use petri_objects::Time;

/// How large a mark is. Those that are nearer than this are one: the last.
const SIZE: i32 = 6;

/// Adds a mark at the upper edge of a lane for each answer that changed.
#[inline(never)]
pub(super) fn answers(
    pod: &str,
    lane: &Lane,
    (window, y): ((Time, Time), i32),
    scale: &Scale,
    facts: &Facts,
    bars: &mut Vec<BarMark>,
) {
    for answer in lane.answers.iter().filter(|answer| window.0 <= answer.at && answer.at <= window.1) {
        let x = scale.x(answer.at) - SIZE / 2;
        let (bar, is) = match &*answer.address {
            "" => (Bar::Nameless, "NXDOMAIN"),
            address => (Bar::Named, address),
        };
        let when = words::moment_tenths(facts.start, answer.at);
        let title = format!("{pod}.{} is {is}, {when}", answer.service);
        bars.pop_if(|last| matches!(last.bar, Bar::Named | Bar::Nameless) && x - last.x < SIZE);
        bars.push(BarMark { x, y, w: SIZE, h: SIZE, bar, text: String::new(), title });
    }
}

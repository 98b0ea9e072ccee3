//! From pin to pin: the moments of what somebody did, or named.

use super::handle::Desk;
use petri_objects::Time;
use petri_picture::view::lanes::LaneStore;
use petri_sim::story::timeline::Timeline;

/// The moments of pins: what somebody did, or named.
fn pins(desk: &Desk, timeline: &Timeline) -> Vec<Time> {
    let mut store = LaneStore::new(timeline.start());
    store.follow(timeline.notes());
    let named = desk.bookmarks();
    store.pins.iter().map(|pin| pin.at).chain(named.iter().map(|bookmark| bookmark.at)).collect()
}

/// To the next pin, or the one before.
pub fn jump(desk: &Desk, forward: bool) {
    let to = {
        let timeline = desk.session.timeline();
        let now = timeline.now();
        let pins = pins(desk, &timeline);
        if forward {
            pins.iter().copied().filter(|at| *at > now).min().unwrap_or(timeline.end())
        } else {
            pins.iter().copied().filter(|at| *at < now).max().unwrap_or(timeline.start())
        }
    };
    desk.seek(to);
}

//! How fast time goes, and what the player is doing.

use crate::frames::Frame;
use petri_objects::Time;
use petri_sim::story::timeline::Timeline;
use std::rc::Rc;

/// How fast time goes, in thousandths of real time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Speed(pub u64);

impl Speed {
    pub const REAL: Speed = Speed(1_000);
    pub const ALL: [Speed; 6] =
        [Speed(100), Speed::REAL, Speed(10_000), Speed(100_000), Speed(1_000_000), Speed(10_000_000)];

    /// `0.1×`, `1×`, `10,000×`.
    pub fn label(self) -> &'static str {
        match self.0 {
            0..1_000 => "0.1×",
            1_000..10_000 => "1×",
            10_000..100_000 => "10×",
            100_000..1_000_000 => "100×",
            1_000_000..10_000_000 => "1,000×",
            _ => "10,000×",
        }
    }
    /// The next faster or slower one; the same at the ends.
    pub fn next(self, faster: bool) -> Speed {
        let at = Speed::ALL.iter().position(|speed| *speed >= self).unwrap_or(Speed::ALL.len() - 1);
        let at = if faster { at + 1 } else { at.saturating_sub(1) };
        Speed::ALL.get(at).copied().unwrap_or(self)
    }
}

/// What the player is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Mode {
    #[default]
    Paused,
    Playing,
    /// As fast as the frames allow until this moment, then what was done before.
    Running {
        until: Time,
        then_play: bool,
    },
}

/// How far whoever moves time wants it to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onward {
    /// To this very moment, and nobody wants to be asked before.
    To(Time),
    /// At most to this moment: asked again after each event.
    Until(Time),
    /// No further.
    Stop,
}

/// Says how far time goes on.
pub(super) type Driver = Box<dyn FnMut(&mut Timeline) -> Onward>;
/// Looks on after each event, however fast time goes.
pub type Watcher = Rc<dyn Fn(&mut Timeline)>;

pub struct Player {
    pub mode: Mode,
    /// Who says how far a run goes, if not its moment alone.
    pub(super) driver: Option<Driver>,
    /// Counts those who did, the present one included.
    pub(super) drives: u64,
    /// Whether somebody else has moved or stopped time since then.
    pub(super) is_taken_over: bool,
    pub(super) watcher: Option<Watcher>,
    pub speed: Speed,
    /// The clock reading of the last frame, in milliseconds; `None` before the first one.
    pub(super) last: Option<f64>,
    /// The frame that was asked for.
    pub(super) awaited: Option<Frame>,
    /// Whether nobody can see it: then time stands still, and goes on as it did.
    pub(super) is_unseen: bool,
}

impl Default for Player {
    fn default() -> Player {
        Player {
            mode: Mode::Paused,
            driver: None,
            drives: 0,
            is_taken_over: true,
            watcher: None,
            speed: Speed::REAL,
            last: None,
            awaited: None,
            is_unseen: false,
        }
    }
}

/// What transport buttons show.
#[derive(Clone, Debug, PartialEq)]
pub struct PlayerState {
    pub mode: Mode,
    pub speed: Speed,
}

impl PlayerState {
    pub fn is_moving(&self) -> bool {
        self.mode != Mode::Paused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_step_by_tens_and_stop_at_the_ends() {
        assert_eq!(Speed::REAL.next(true).label(), "10×");
        assert_eq!(Speed::REAL.next(false).label(), "0.1×");
        assert_eq!(Speed(100).next(false), Speed(100));
        assert_eq!(Speed(10_000_000).next(true), Speed(10_000_000));
        assert_eq!(Speed::ALL.map(Speed::label), ["0.1×", "1×", "10×", "100×", "1,000×", "10,000×"]);
    }
}

//! Virtual time moved along by the browser's frames.

use crate::frames::{self, Frame};
use crate::session::Session;
use petri_objects::{Span, Time};
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

/// Asked after each event; time stops when it answers no.
type Condition = Box<dyn FnMut(&mut Timeline) -> bool>;
/// Looks on after each event, however fast time goes.
pub type Watcher = Rc<dyn Fn(&mut Timeline)>;

pub struct Player {
    pub mode: Mode,
    /// What a run goes on for, beside its moment.
    condition: Option<Condition>,
    watcher: Option<Watcher>,
    pub speed: Speed,
    /// The clock reading of the last frame, in milliseconds; `None` before the first one.
    last: Option<f64>,
    /// The frame that was asked for.
    awaited: Option<Frame>,
}

impl Default for Player {
    fn default() -> Player {
        Player { mode: Mode::Paused, condition: None, watcher: None, speed: Speed::REAL, last: None, awaited: None }
    }
}

/// What one frame may take from the page, in milliseconds.
const BUDGET: f64 = 8.0;
/// A frame that comes later than this was not late: the page was hidden, and time stood still.
const LONGEST_FRAME: f64 = 100.0;
/// Events between two looks at the clock.
const BATCH: u64 = 64;
/// A condition that never holds is given up after this.
const LONGEST_RUN: Span = Span::minutes(24 * 60);

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

impl Session {
    pub fn player_state(&self) -> PlayerState {
        let player = self.player().borrow();
        PlayerState { mode: player.mode.clone(), speed: player.speed }
    }
    pub fn play(&self) {
        self.set_mode(Mode::Playing);
    }
    pub fn pause(&self) {
        self.set_mode(Mode::Paused);
    }
    pub fn toggle(&self) {
        if self.player_state().is_moving() { self.pause() } else { self.play() }
    }
    pub fn set_speed(&self, speed: Speed) {
        self.player().borrow_mut().speed = speed;
        self.changed();
    }
    /// How far back what is on its way can be seen; `None` if nothing is, or all of it would only flicker.
    pub fn sight(&self) -> Option<Span> {
        let player = self.player().borrow();
        match player.mode {
            // Six tenths of a second, as people see them.
            Mode::Playing => (player.speed.0 <= 10_000).then_some(Span(600 * player.speed.0)),
            Mode::Paused if !self.has_jumped() => Some(Span(0)),
            Mode::Paused | Mode::Running { .. } => None,
        }
    }
    /// Goes on for a while, as fast as it can, and then does what it did before.
    pub fn run_for(&self, span: Span) {
        let until = self.timeline().now() + span;
        let then_play = matches!(self.player_state().mode, Mode::Playing);
        self.set_mode(Mode::Running { until, then_play });
    }

    /// Goes on as fast as it can while a condition holds, for a day at most.
    pub fn run_while(&self, condition: impl FnMut(&mut Timeline) -> bool + 'static) {
        self.run_while_within(LONGEST_RUN, condition);
    }
    /// The same for so long at most.
    pub fn run_while_within(&self, longest: Span, condition: impl FnMut(&mut Timeline) -> bool + 'static) {
        self.run_for(longest);
        self.player().borrow_mut().condition = Some(Box::new(condition));
    }

    /// Lets somebody look on, or nobody any more.
    pub fn watch(&self, watcher: Option<Watcher>) {
        self.player().borrow_mut().watcher = watcher;
    }

    fn set_mode(&self, mode: Mode) {
        {
            let mut player = self.player().borrow_mut();
            if player.mode == mode {
                return;
            }
            player.mode = mode;
            player.condition = None;
            player.last = None;
        }
        self.changed();
        self.await_frame();
    }
    fn await_frame(&self) {
        let mut player = self.player().borrow_mut();
        if player.mode != Mode::Paused && player.awaited.is_none() {
            let session = self.clone();
            player.awaited = Some(frames::request(move || {
                session.player().borrow_mut().awaited = None;
                session.frame(frames::now());
                session.await_frame();
            }));
        }
    }

    /// Moves the run by one frame, whose clock reads `now` milliseconds.
    pub fn frame(&self, now: f64) {
        let (mode, speed, last) = {
            let mut player = self.player().borrow_mut();
            (player.mode.clone(), player.speed, player.last.replace(now))
        };
        let goal = match mode {
            Mode::Paused => return,
            Mode::Running { until, .. } => until,
            Mode::Playing => {
                let real = last.map_or(0.0, |last| (now - last).clamp(0.0, LONGEST_FRAME));
                self.timeline().now() + Span((real * speed.0 as f64) as u64)
            }
        };
        let started = frames::now();
        let mut condition = self.player().borrow_mut().condition.take();
        let watcher = self.player().borrow().watcher.clone();
        let batch = if condition.is_some() || watcher.is_some() { 1 } else { BATCH };
        let done = self.change(|timeline| {
            let mut last_look = 0;
            loop {
                let arrived = timeline.play_for(goal, batch);
                if let Some(watcher) = &watcher {
                    watcher(timeline);
                }
                if arrived || condition.as_mut().is_some_and(|goes_on| !goes_on(timeline)) {
                    return true;
                }
                last_look += batch;
                if last_look >= BATCH {
                    last_look = 0;
                    if frames::now() - started > BUDGET {
                        return false;
                    }
                }
            }
        });
        if !done {
            self.player().borrow_mut().condition = condition;
        }
        // A frame that could not keep up lets time go slower rather than the page.
        if let (true, Mode::Running { then_play, .. }) = (done, mode) {
            self.set_mode(if then_play { Mode::Playing } else { Mode::Paused });
        }
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

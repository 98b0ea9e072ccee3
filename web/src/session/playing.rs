//! Virtual time moved along by the browser's frames, or by hand.

use super::handle::Session;
use super::player::{Mode, PlayerState, Speed, Watcher};
use crate::frames;
use petri_objects::{Span, Time};
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;

/// What one frame may take from the page, in milliseconds.
const BUDGET: f64 = 8.0;
/// A frame that comes later than this was not late: the page was hidden, and time stood still.
const LONGEST_FRAME: f64 = 100.0;
/// Events between two looks at the clock.
const BATCH: u64 = 64;
/// A condition that never holds is given up after this.
const LONGEST_RUN: Span = Span::minutes(24 * 60);

impl Session {
    /// Starts over with another run.
    pub fn replace(&self, recording: Recording) {
        self.pause();
        self.enter_next_run();
        self.watch(None);
        self.change(|timeline| *timeline = Timeline::new(recording));
    }
    pub fn seek(&self, moment: Time) {
        self.pause();
        self.set_jumped(true);
        self.change(|timeline| timeline.seek(moment));
    }
    pub fn step(&self) {
        self.pause();
        self.set_jumped(false);
        self.change(|timeline| timeline.step());
    }
    pub fn step_back(&self) {
        self.pause();
        self.set_jumped(true);
        self.change(|timeline| timeline.step_back());
    }
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
                if condition.as_mut().is_some_and(|goes_on| !goes_on(timeline)) || arrived {
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
        if self.timeline().world().standstill().is_some() {
            // Nothing will ever move again; what was before can be looked at.
            return self.pause();
        }
        // A frame that could not keep up lets time go slower rather than the page.
        if let (true, Mode::Running { then_play, .. }) = (done, mode) {
            self.set_mode(if then_play { Mode::Playing } else { Mode::Paused });
        }
    }
}

//! Virtual time moved along by the browser's frames, or by hand.

use super::handle::Session;
use super::player::{Mode, Onward, PlayerState, Speed, Watcher};
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

impl Session {
    /// Starts over with another run.
    pub fn replace(&self, recording: Recording) {
        self.show(Timeline::new(recording));
    }
    /// Starts over with another run that somebody has played already.
    pub fn show(&self, other: Timeline) {
        self.pause();
        self.enter_next_run();
        self.watch(None);
        self.set_jumped(true);
        self.change(|timeline| *timeline = other);
    }
    pub fn seek(&self, moment: Time) {
        self.stand_at(moment, None);
    }
    pub fn stand_at(&self, moment: Time, position: Option<u64>) {
        self.pause();
        self.set_jumped(true);
        self.change(|timeline| timeline.stand_at(moment, position));
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

    /// Goes on as fast as it can while a condition holds, which is asked after each event, for so long at most.
    pub fn run_while_within(&self, longest: Span, mut condition: impl FnMut(&mut Timeline) -> bool + 'static) {
        let end = self.timeline().now() + longest;
        self.run_by(end, move |timeline| match timeline.now() < end && condition(timeline) {
            true => Onward::Until(end),
            false => Onward::Stop,
        });
    }

    /// Goes on as fast as it can as far as somebody says, for as long as nobody else takes over; `end` is what is expected.
    /// Answers a number by which [`Session::is_run_by`] knows them.
    pub fn run_by(&self, end: Time, driver: impl FnMut(&mut Timeline) -> Onward + 'static) -> u64 {
        let then_play = match self.player_state().mode {
            Mode::Playing => true,
            Mode::Paused => false,
            Mode::Running { then_play, .. } => then_play,
        };
        self.set_mode(Mode::Running { until: end, then_play });
        let mut player = self.player().borrow_mut();
        player.driver = Some(Box::new(driver));
        player.is_taken_over = false;
        player.drives += 1;
        player.drives
    }
    /// Whether time is moved by the one with this number.
    pub fn is_run_by(&self, number: u64) -> bool {
        let player = self.player().borrow();
        player.drives == number && matches!(player.mode, Mode::Running { .. }) && !player.is_taken_over
    }
    /// Ends a run, and does what was done before it.
    pub fn end_run(&self) {
        if let Mode::Running { then_play, .. } = self.player_state().mode {
            self.set_mode(if then_play { Mode::Playing } else { Mode::Paused });
        }
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
            player.driver = None;
            player.is_taken_over = true;
            player.last = None;
        }
        self.changed();
        self.await_frame();
    }
    /// Says whether it can be seen: time goes on for nobody else.
    pub fn set_seen(&self, is_seen: bool) {
        {
            let mut player = self.player().borrow_mut();
            player.is_unseen = !is_seen;
            player.last = None;
            if !is_seen {
                player.awaited = None;
            }
        }
        self.await_frame();
    }
    fn await_frame(&self) {
        let mut player = self.player().borrow_mut();
        if player.mode != Mode::Paused && player.awaited.is_none() && !player.is_unseen {
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
        let mut driver = self.player().borrow_mut().driver.take();
        let drives = self.player().borrow().drives;
        let watcher = self.player().borrow().watcher.clone();
        let most = if watcher.is_some() { 1 } else { BATCH };
        let done = self.change(|timeline| {
            let mut last_look = 0;
            let mut onward = driver.as_mut().map_or(Onward::To(goal), |driver| driver(timeline));
            loop {
                let (goal, batch) = match onward {
                    Onward::To(goal) => (goal, most),
                    Onward::Until(goal) => (goal, 1),
                    Onward::Stop => return true,
                };
                let arrived = timeline.play_for(goal, batch);
                if let Some(watcher) = &watcher {
                    watcher(timeline);
                    // Whom the watcher lets move time does so from this very moment on.
                    if self.player().borrow().drives != drives {
                        return false;
                    }
                }
                match &mut driver {
                    Some(driver) if arrived || matches!(onward, Onward::Until(_)) => onward = driver(timeline),
                    None if arrived => return true,
                    _ => {}
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
        {
            let mut player = self.player().borrow_mut();
            if player.drives != drives || player.mode != mode {
                return;
            }
            if !done {
                player.driver = driver;
            }
        }
        // Nobody plays on where there is no more to be played, or no room for it; what was before can be looked at.
        if self.timeline().is_over() || self.want().is_some_and(|want| want.is_full) {
            return self.pause();
        }
        // A frame that could not keep up lets time go slower rather than the page.
        if let (true, Mode::Running { then_play, .. }) = (done, mode) {
            self.set_mode(if then_play { Mode::Playing } else { Mode::Paused });
        }
    }
}

//! A run with memory: play, seek, step back, fork.
//!
//! Worlds are kept every so many events; any other moment is the last kept world before it, played forward.

use crate::ground::clock::Time;
use crate::ground::limits::{MAX_COMMANDS, MAX_COURSES, MAX_EVENTS};
use crate::story::limits::{self, Room};
use crate::story::recording::{ENGINE, Recording, Stamped, kept, said};
use crate::story::shared::{Course, Shared};
use crate::story::why::Link;
use crate::words::actor::Cause;
use crate::words::api_error::ApiError;
use crate::words::command::Command;
use crate::words::note::{Answer, Note, What};
use crate::world::{Grain, World};
use petri_objects::*;
use std::fmt;
use std::rc::Rc;

/// How many events lie between two kept worlds: playing that many must take less than a frame.
const KEEP_EVERY: u64 = 400;

/// How many worlds are kept at most: from then on there are fewer, and further apart. That is a run of weeks.
const MOST_KEPT: usize = 4_096;

/// A run, its past and the future that was already seen.
#[derive(Clone, Debug)]
pub struct Timeline {
    recording: Recording,
    world: World,
    /// Commands of the recording that were carried out before the cursor.
    done: usize,
    frames: Vec<Frame>,
    notes: Vec<Note>,
    /// Notes that lie before the cursor.
    told: usize,
    /// The furthest moment that was computed, and its position.
    end: (Time, u64),
    branches: Vec<Branch>,
    /// How many events lie between two kept worlds.
    keep_every: u64,
    /// The room that the recording takes up to each of its commands, as far as that was asked.
    rooms: Vec<Room>,
    misfit: Option<Misfit>,
    /// The line that is being carried out.
    line: Option<String>,
}

/// Where a recording asks for something that no run of this engine would have recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// A command, counted from 1, would have been refused as too much, and was not carried out.
    Refused { command: usize, words: String },
    /// A command, counted from 1, stands after more events than happen until its moment. It was carried out then.
    Displaced { command: usize },
}

impl fmt::Display for Misfit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Misfit::Refused { command, words } => write!(out, "Command {command} asks for too much. {words}"),
            Misfit::Displaced { command } => {
                write!(out, "Command {command} stands after more events than happen: it was carried out at its moment.")
            }
        }
    }
}

#[derive(Clone, Debug)]
struct Frame {
    world: World,
    done: usize,
    told: usize,
}

/// Another course of events that was left by editing the past.
#[derive(Clone, Debug)]
pub struct Branch {
    /// Where it parts from the present course.
    pub from: Time,
    /// The first command that is only in this branch.
    pub label: String,
    pub recording: Recording,
    pub end: Time,
}

impl Timeline {
    /// A run at its beginning. The commands of the recording are carried out as time passes them.
    /// A recording of another engine unfolds as this one has it, and is a recording of this one from then on.
    pub fn new(recording: Recording) -> Timeline {
        Timeline::with_grain(recording, Grain::Coarse)
    }

    /// The same with requests and answers as events of their own, if the grain is fine. Recordings do not carry that.
    pub fn with_grain(mut recording: Recording, grain: Grain) -> Timeline {
        if *recording.engine != *ENGINE {
            recording.engine = ENGINE.into();
        }
        let mut world = World::new(&recording.scenario, recording.seed);
        world.set_grain(grain);
        let frame = Frame { world: world.clone(), done: 0, told: 0 };
        let end = (world.now, world.events);
        Timeline {
            recording,
            world,
            done: 0,
            frames: vec![frame],
            notes: Vec::new(),
            told: 0,
            end,
            branches: Vec::new(),
            keep_every: KEEP_EVERY,
            rooms: Vec::new(),
            misfit: None,
            line: None,
        }
    }

    /// A run that was shared, at the moment that its sender looked at.
    pub fn opened(shared: Shared) -> Timeline {
        let Shared { recording, moment, end, position, branches, .. } = shared;
        let mut timeline = Timeline::new(recording);
        timeline.take_courses(branches);
        timeline.play_until(end);
        timeline.stand_at(moment, position);
        timeline
    }

    /// What another person needs to see the same moment of the same run. Somebody who stopped the clock and then did
    /// something looks at an instant of which more is to come.
    pub fn shared(&self) -> Shared {
        let now = self.now();
        let is_due = self.world.next_due().is_some_and(|due| due <= now);
        let is_said = self.recording.commands.get(self.done).is_some_and(|next| next.at <= now);
        let position = (is_due || is_said).then_some(self.world.events);
        Shared { position, ..Shared::new(self.recording.clone(), now, self.end()) }
    }

    pub fn world(&self) -> &World {
        &self.world
    }
    pub fn now(&self) -> Time {
        self.world.now
    }
    pub fn start(&self) -> Time {
        self.world.start
    }
    /// The furthest moment that was computed.
    pub fn end(&self) -> Time {
        self.end.0
    }
    pub fn position(&self) -> u64 {
        self.world.events
    }
    pub fn recording(&self) -> &Recording {
        &self.recording
    }
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }
    /// Everything that happened from the start to the end, also after the cursor.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }
    pub fn notes_until_now(&self) -> &[Note] {
        &self.notes[..self.told]
    }

    /// Forgets the worlds that are kept between the beginning and now: less memory, for going back takes longer.
    pub fn forget_kept(&mut self) {
        self.frames.truncate(1);
    }

    /// Keeps an eighth of the worlds that are kept, from now on as well: less memory, for going back takes longer.
    pub fn keep_fewer(&mut self) {
        self.keep_every *= 8;
        let (every, mut last) = (self.keep_every, None);
        self.frames.retain(|frame| {
            let keeps = last.is_none_or(|last| frame.world.events >= last + every);
            last = if keeps { Some(frame.world.events) } else { last };
            keeps
        });
    }

    /// Where the recording asked for something that no run of this engine would have recorded, if that was played.
    pub fn misfit(&self) -> Option<&Misfit> {
        self.misfit.as_ref()
    }

    /// The latest moment that can be played to.
    pub fn horizon(&self) -> Time {
        limits::horizon(&self.world)
    }

    /// Why the run does not go on, if it does not.
    pub fn ended(&self) -> Option<String> {
        limits::ended(&self.world)
    }

    /// Whether time will never go on from here: that is the end, or the clock [stands still](World::standstill).
    pub fn is_over(&self) -> bool {
        self.world.standstill().is_some() || self.ended().is_some()
    }

    /// Plays forward until it is `until`, the clock [stands still](World::standstill), or there is no more to be played.
    pub fn play_until(&mut self, until: Time) {
        self.play_for(until, u64::MAX);
    }

    /// Plays forward until it is `until`, the clock [stands still](World::standstill), or a number of events have
    /// happened. `false` if the number ended it.
    pub fn play_for(&mut self, until: Time, max_events: u64) -> bool {
        let until = until.min(self.horizon());
        for _ in 0..max_events {
            if self.world.events >= MAX_EVENTS {
                return true;
            }
            if !self.advance(until) {
                self.world.wait_until(until);
                self.end = self.end.max((self.world.now, self.world.events));
                return true;
            }
        }
        false
    }

    /// The next event or command that is due until `until`. `false` if there is none.
    fn advance(&mut self, until: Time) -> bool {
        if self.world.standstill().is_some() {
            return false;
        }
        let due = self.world.next_due();
        if let Some(next) = self.recording.commands.get(self.done) {
            // Among the events of its moment it stands where it stood, and after all of them at the latest.
            let last = due.is_none_or(|due| due > next.at);
            let here = next.at <= self.world.now && next.position.is_some_and(|at| at <= self.world.events);
            if (last || here) && next.at <= until {
                let Stamped { at, position, command, said } = next.clone();
                self.world.now = self.world.now.max(at);
                self.done += 1;
                let number = self.done;
                if position.is_some_and(|position| position > self.world.events) {
                    self.misfit.get_or_insert(Misfit::Displaced { command: number });
                }
                let mut refused = None;
                self.act(|world, notes| {
                    refused = limits::carry_out(world, &command, notes).err();
                    tell(notes, &said);
                });
                let is_first = !matches!(self.misfit, Some(Misfit::Refused { .. }));
                if let Some(words) = refused.filter(|_| is_first) {
                    self.misfit = Some(Misfit::Refused { command: number, words });
                }
                return true;
            }
        }
        match due {
            Some(due) if due <= until => {
                self.act(|world, notes| {
                    world.step(notes);
                });
                true
            }
            _ => false,
        }
    }

    /// Changes the world, and remembers what that told unless it is known from an earlier pass.
    fn act(&mut self, change: impl FnOnce(&mut World, &mut Vec<Note>)) {
        let known = self.told < self.notes.len() || self.world.events < self.end.1;
        let mut news = Vec::new();
        change(&mut self.world, &mut news);
        self.told += news.len();
        if !known || self.told > self.notes.len() {
            self.notes.append(&mut news);
        }
        self.end = self.end.max((self.world.now, self.world.events));
        let last = self.frames.last().map_or(0, |frame| frame.world.events);
        if self.world.events >= last + self.keep_every {
            self.frames.push(Frame { world: self.world.clone(), done: self.done, told: self.told });
            if self.frames.len() > MOST_KEPT {
                self.keep_fewer();
            }
        }
    }

    /// The next event happens. `false` if nothing is planned any more, or can be played any more.
    pub fn step(&mut self) -> bool {
        let horizon = self.horizon();
        if self.world.events < MAX_EVENTS && self.advance(horizon) {
            return true;
        }
        if self.world.next_due().is_some_and(|due| due > horizon) {
            self.world.wait_until(horizon);
            self.end = self.end.max((horizon, self.world.events));
        }
        false
    }

    /// Goes back to just before the last event. `false` at the start.
    pub fn step_back(&mut self) -> bool {
        let Some(target) = self.world.events.checked_sub(1) else { return false };
        self.rewind(|frame| frame.world.events <= target);
        while self.world.events < target && self.advance(Time::MAX) {}
        true
    }

    /// Goes to any moment: back to what was, forward to what was already computed or beyond.
    pub fn seek(&mut self, to: Time) {
        let to = to.max(self.world.start);
        let frame = self.frames.partition_point(|frame| frame.world.now <= to).saturating_sub(1);
        let behind = to < self.world.now;
        let leap = self.frames[frame].world.events > self.world.events;
        if behind || leap {
            self.rewind(|frame| frame.world.now <= to);
        }
        self.play_until(to);
    }

    /// Goes to a moment, and to the place in its instant where somebody stood, if that was not its end.
    pub fn stand_at(&mut self, moment: Time, position: Option<u64>) {
        self.seek(moment);
        let Some(position) = position.filter(|position| *position < self.world.events) else { return };
        self.rewind(|frame| frame.world.events <= position);
        while self.world.events < position && self.advance(moment) {}
        if self.world.now < moment {
            // It is a place in another instant.
            self.seek(moment);
        }
    }

    /// Goes back (or forward) to the last kept world that fits.
    fn rewind(&mut self, fits: impl Fn(&Frame) -> bool) {
        let index = self.frames.partition_point(fits).saturating_sub(1);
        let frame = &self.frames[index];
        self.world = frame.world.clone();
        self.done = frame.done;
        self.told = frame.told;
    }

    /// A command at the cursor. In the past it forks: the future that was is kept as a branch.
    ///
    /// # Errors
    /// What the API server or the physical world refuses: the command is part of the recording all the same. And what is
    /// [too much](limits), or comes when the clock [stands still](World::standstill): then everything is as it was.
    pub fn command(&mut self, command: Command) -> Result<Answer, ApiError> {
        let too_much = |words: String| ApiError::BadRequest(words.into());
        if let Some(standstill) = self.world.standstill() {
            return Err(too_much(standstill.to_string()));
        }
        let command = Rc::new(command);
        let said = kept(self.line.as_deref(), &command);
        let stamped = Stamped { at: self.world.now, position: Some(self.world.events), command: command.clone(), said };
        let room = self.room_for(&stamped).map_err(too_much)?;
        let (mut world, mut news) = (self.world.clone(), Vec::new());
        let result = limits::carry_out(&mut world, &command, &mut news).map_err(too_much)?;
        tell(&mut news, &stamped.said);
        self.fork();
        self.recording.commands.push(stamped);
        self.rooms.push(room);
        self.done += 1;
        self.act(|present, notes| (*present, *notes) = (world, news));
        result
    }

    /// Somebody says a line, from now until they say `None`: the commands that it comes to are told in its words.
    pub fn says(&mut self, line: Option<String>) {
        self.line = line;
    }

    /// The room that the recording takes with one more command at the cursor.
    fn room_for(&mut self, stamped: &Stamped) -> Result<Room, String> {
        if self.done >= MAX_COMMANDS || self.world.events >= MAX_EVENTS {
            return Err(self.ended().unwrap_or_else(limits::commands_message));
        }
        self.rooms.truncate(self.done);
        while let Some(known) = self.recording.commands[..self.done].get(self.rooms.len()) {
            let room = self.rooms.last().copied().unwrap_or_default().with(known)?;
            self.rooms.push(room);
        }
        self.rooms.last().copied().unwrap_or_default().with(stamped)
    }

    /// What was done last, in the words in which it was said; empty if nothing was.
    pub fn last_said(&self) -> String {
        self.done().checked_sub(1).map_or_else(String::new, |last| self.recording().commands[last].said())
    }
    /// How many of the recording's commands were carried out before the cursor.
    pub fn done(&self) -> usize {
        self.done
    }

    /// Drops the future after the cursor; what had commands of its own there becomes a branch.
    fn fork(&mut self) {
        if self.done < self.recording.commands.len() {
            let left = self.recording.clone();
            self.recording.commands.truncate(self.done);
            self.part_again();
            self.branches.push(self.parted(left, self.end.0));
        }
        let position = self.world.events;
        self.notes.truncate(self.told);
        self.frames.retain(|frame| frame.world.events <= position);
        self.end = (self.world.now, position);
    }

    /// The branches as a link carries them: the latest, if there are too many.
    pub fn courses(&self) -> Vec<Course> {
        let left = self.branches.len().saturating_sub(MAX_COURSES);
        let course = |branch: &Branch| {
            let shares = self.shared_with(&branch.recording);
            Course { shares, end: branch.end, commands: branch.recording.commands[shares..].to_vec() }
        };
        self.branches[left..].iter().map(course).collect()
    }

    /// Takes over the branches of a link.
    pub fn take_courses(&mut self, courses: Vec<Course>) {
        for Course { shares, end, mut commands } in courses {
            let mut recording = self.recording.clone();
            recording.commands.truncate(shares);
            recording.commands.append(&mut commands);
            self.branches.push(self.parted(recording, end));
        }
    }

    /// How many commands another course has in common with the present one.
    fn shared_with(&self, other: &Recording) -> usize {
        let same = |(a, b): &(&Stamped, &Stamped)| a == b;
        self.recording.commands.iter().zip(&other.commands).take_while(same).count()
    }

    /// The present course is another one: the branches part from it where they differ.
    fn part_again(&mut self) {
        let branches = std::mem::take(&mut self.branches);
        self.branches = branches.into_iter().map(|branch| self.parted(branch.recording, branch.end)).collect();
    }

    /// A course that is left, as it parts from the present one.
    fn parted(&self, recording: Recording, end: Time) -> Branch {
        let common = self.shared_with(&recording);
        let first = recording.commands.get(common);
        Branch {
            from: first.map_or(end, |first| first.at),
            label: first.map_or_else(|| "no command".into(), |_| said(&recording.commands, common)),
            recording,
            end,
        }
    }

    /// Makes a branch the present course; the present becomes a branch. The cursor goes to the branch's end.
    pub fn switch(&mut self, branch: usize) {
        if branch >= self.branches.len() {
            return;
        }
        let Branch { recording, end, .. } = self.branches.remove(branch);
        let Timeline { recording: left, end: (left_end, _), branches, .. } =
            std::mem::replace(self, Timeline::new(recording));
        self.branches = branches;
        self.part_again();
        self.branches.push(self.parted(left, left_end));
        self.play_until(end);
    }

    /// Takes the last command before the cursor back, by forking just before it. `false` if there is none.
    pub fn undo(&mut self) -> bool {
        let Some(last) = self.done.checked_sub(1) else { return false };
        let stamped = self.recording.commands[last].clone();
        self.rewind(|frame| frame.done <= last && frame.world.now <= stamped.at);
        while self.done < last || self.world.events < stamped.position.unwrap_or(0) {
            if !self.advance(stamped.at) {
                break;
            }
        }
        self.world.now = self.world.now.max(stamped.at);
        self.fork();
        true
    }

    /// Takes back the last [`undo`](Timeline::undo) or [`reset`](Timeline::reset): goes on with the latest course that
    /// has done all that was done here, and more. `false` if there is none, as after a command that was done instead.
    pub fn redo(&mut self) -> bool {
        let own = self.recording.commands.len();
        let goes_on =
            |branch: &Branch| branch.recording.commands.len() > own && self.shared_with(&branch.recording) == own;
        let Some(branch) = self.branches.iter().rposition(goes_on) else { return false };
        self.switch(branch);
        // The course that was left has nothing of its own.
        self.branches.pop();
        true
    }

    /// Goes back to a moment at which so many commands were done, and drops the others: what had commands of its own
    /// becomes a branch. `false` if there are no others.
    pub fn reset(&mut self, commands: usize, moment: Time) -> bool {
        if self.recording.commands.len() <= commands {
            return false;
        }
        self.rewind(|frame| frame.done <= commands && frame.world.now <= moment);
        while self.done < commands && self.advance(Time::MAX) {}
        self.fork();
        self.play_until(moment);
        true
    }

    /// Why an object is as it is: its last writes and what led to them, newest first.
    pub fn why(&self, target: &ObjectRef, uid: Option<Uid>) -> Vec<Link> {
        let notes = self.notes_until_now();
        let mut links: Vec<Link> = Vec::new();
        let concerns = |note: &&Note| matches!(&note.what, What::Write { target: t, uid: u, .. } if t == target && uid.is_none_or(|uid| uid == *u));
        let mut next = notes.iter().rev().filter(concerns).find(|note| crate::story::why::is_telling(note));
        let mut taken_back = None;
        while let Some(note) = next {
            let What::Write { by, cause, verb, target, uid, .. } = &note.what else { break };
            let sentence = crate::story::why::sentence(note, notes);
            let link = Link { at: note.at, by: by.clone(), verb: *verb, target: target.clone(), uid: *uid, sentence };
            if links.last().is_none_or(|last| last.sentence != link.sentence) {
                links.push(link);
            }
            if links.len() >= 12 {
                break;
            }
            let command = |number| crate::story::why::command_link(notes, &self.recording.commands, number);
            next = match cause {
                Cause::Write(revision) => match crate::story::why::again(note, notes) {
                    Some((reported, lost)) => {
                        taken_back = Some(lost);
                        Some(reported)
                    }
                    None => find_write(notes, *revision),
                },
                Cause::Command(number) => {
                    links.extend(command(*number));
                    None
                }
                Cause::None | Cause::Timer => {
                    let fault = crate::story::why::fault(note, notes);
                    links.extend(fault.and_then(command));
                    // What broke a machine ends the chain; what mended it does not say what was wrong before.
                    let ended = fault.is_some() && crate::story::why::readiness(note) == Some(false);
                    let earlier = taken_back.take().or_else(|| crate::story::why::before(note, notes));
                    earlier.filter(|_| !ended)
                }
            };
        }
        links
    }
}

/// Lets the note of a command tell in which words it was said, which no world knows.
fn tell(notes: &mut [Note], line: &Option<Name>) {
    for note in notes {
        if let What::Command { said, .. } = &mut note.what {
            said.clone_from(line);
        }
    }
}

fn find_write(notes: &[Note], revision: Revision) -> Option<&Note> {
    notes.iter().rev().find(|note| matches!(&note.what, What::Write { revision: r, .. } if *r == revision))
}

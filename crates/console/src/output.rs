//! What a line came to, and what it still waits for: the host looks again whenever the world has moved.

use crate::host::Host;
use crate::interpreter::Interpreter;
use crate::limits::LARGEST_ANSWER;
use crate::session::{Listens, Memory};
use crate::shell::Rest;
use petri_objects::{ObjectRef, Time};
use petri_sim::ground::clock::elapsed;
use petri_sim::story::limits;
use petri_sim::world::World;
use std::fmt;

/// What a line came to.
#[derive(Clone, Debug, Default)]
pub struct Output {
    pub stdout: String,
    pub stderr: String,
    /// What kubectl would not say: fields that have no effect in the simulation.
    pub notes: String,
    /// A name and a text for the editor, if the line asks for one to be opened.
    pub open_in_editor: Option<(String, String)>,
    /// Files that the line wrote, by name.
    pub(crate) written: Vec<(String, String)>,
    /// What the command asks of the console that runs it.
    pub(crate) asks: Option<Asks>,
    /// What went wrong and is said at the end of the command.
    pub(crate) gathered: Vec<Trouble>,
    /// The exit code: 0 if all went well.
    pub code: i32,
    /// What the line still waits for, if the host does not wait by itself.
    pub follow: Option<Follow>,
}

impl Output {
    pub fn text(stdout: impl Into<String>) -> Output {
        Output { stdout: stdout.into(), ..Output::default() }
    }
    /// A message on stderr, a line break added, and exit code 1.
    pub fn error(message: impl fmt::Display) -> Output {
        Output { stderr: format!("{message}\n"), code: 1, ..Output::default() }
    }
    /// All of it, as a terminal shows it. What goes to stderr is shown first: kubectl warns before it acts.
    pub fn shown(&self) -> String {
        format!("{}{}{}", self.notes, self.stderr, self.stdout)
    }
    /// What a program that sleeps says when it wakes: it is kept with the wait.
    pub(crate) fn slept_text(&self) -> String {
        self.follow.as_ref().map_or_else(String::new, |follow| follow.what.kept_text())
    }
    pub(crate) fn line(&mut self, line: impl fmt::Display) {
        self.stdout.push_str(&format!("{line}\n"));
    }
    pub(crate) fn fail(&mut self, message: impl fmt::Display) {
        self.stderr.push_str(&format!("{message}\n"));
        self.code = 1;
    }
    /// What went wrong with one of several things: said when the command has tried them all.
    pub(crate) fn gather(&mut self, trouble: impl Into<Trouble>) {
        self.gathered.push(trouble.into());
        self.code = 1;
    }
    pub(crate) fn has_gathered(&self) -> bool {
        !self.gathered.is_empty()
    }
    /// Says what was gathered.
    pub(crate) fn settle(&mut self) {
        let troubles = std::mem::take(&mut self.gathered);
        let is_alone = troubles.len() == 1;
        for trouble in troubles {
            self.stderr.push_str(if is_alone { &trouble.alone } else { &trouble.among });
            self.stderr.push('\n');
        }
    }
    /// Another output after this one. What is too much for one answer is cut off.
    pub(crate) fn then(&mut self, other: Output) {
        append(&mut self.stdout, &other.stdout);
        append(&mut self.stderr, &other.stderr);
        append(&mut self.notes, &other.notes);
        self.open_in_editor = other.open_in_editor.or(self.open_in_editor.take());
        self.written.extend(other.written);
        self.asks = other.asks.or(self.asks.take());
        self.code = other.code;
        self.follow = other.follow;
    }
}

/// What went wrong with one thing, in the words for it alone, and among others.
///
/// Upstream: `checkErr` puts `error: ` before what is alone, and `MultipleErrors` before nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub alone: String,
    pub among: String,
}

impl Trouble {
    /// One that is counted as several even if it is alone: upstream wraps what it gathered while it read files.
    pub fn nested(problem: Failure) -> Trouble {
        let among = Trouble::from(problem).among;
        Trouble { alone: among.clone(), among }
    }
}

impl From<Failure> for Trouble {
    fn from(alone: Failure) -> Trouble {
        let among = alone.strip_prefix("error: ").unwrap_or(&alone).to_owned();
        Trouble { alone, among }
    }
}

impl From<&str> for Trouble {
    fn from(alone: &str) -> Trouble {
        alone.to_owned().into()
    }
}

/// What a command asks of the console that runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    /// The next lines are for the shell of a container.
    Enter { pod: ObjectRef, container: String, reads: Interpreter, removes: bool, image: Option<String> },
    /// A port of the person's own machine leads into the cluster.
    Listen(Listens),
}

fn append(text: &mut String, more: &str) {
    const CUT: &str = "... the rest of this answer is cut off: it is too long\n";
    // One command may say a lot; several together only so much.
    if text.is_empty() || text.len() + more.len() <= LARGEST_ANSWER {
        text.push_str(more);
    } else if !text.ends_with(CUT) {
        text.push_str(CUT);
    }
}

/// Why a line ends before its work: the message for stderr, whole, without the last line break.
pub(crate) type Failure = String;

/// A line that is not done: what it waits for, and the commands that come after that.
///
/// The host asks [`poll`](crate::poll) again whenever the world has moved, and at [`Follow::due`] at the latest. Dropping it is
/// Ctrl-C: the rest of the line is not run.
#[derive(Clone, Debug)]
pub struct Follow {
    what: Box<dyn Awaited>,
    /// When the command gives up, and what it says then.
    deadline: Option<(Time, Expiry)>,
    /// The exit code that the command has so far.
    pub(crate) code: i32,
    /// The commands after it.
    pub(crate) rest: Rest,
    /// What the shell knew when it began to wait, for hosts that keep no session.
    pub(crate) session: Memory,
}

/// What a line waits for.
pub(crate) trait Awaited: fmt::Debug {
    /// In a few words.
    fn words(&self, world: &World) -> String;
    /// Looks at the world again, and says what is new. `true` if the line is done.
    fn look(&mut self, host: &mut dyn Host, out: &mut Output) -> bool;
    /// When to look although nothing may have happened until then.
    fn due(&self) -> Option<Time> {
        None
    }
    /// What the line says when its own `--timeout` is over.
    fn expire(&self, out: &mut Output) {
        out.fail("error: timed out waiting for the condition");
    }
    /// Whether the command moves time by itself, as `run` does, rather than watching how it goes.
    fn moves_time(&self) -> bool {
        false
    }
    /// The moment before which it cannot be done, if it waits for nothing but that.
    fn until(&self) -> Option<Time> {
        None
    }
    /// Whether it comes to an end by itself, however long that takes.
    fn ends(&self) -> bool {
        self.until().is_some()
    }
    /// What is said when it is over, if that is known.
    fn kept_text(&self) -> String {
        String::new()
    }
    /// Worlds are copied and so are those who wait for them.
    fn copy(&self) -> Box<dyn Awaited>;
}

impl Clone for Box<dyn Awaited> {
    fn clone(&self) -> Box<dyn Awaited> {
        self.copy()
    }
}

#[derive(Clone, Debug)]
enum Expiry {
    /// The line's own `--timeout`.
    Flag,
    /// `timeout 60s`.
    Command,
}

impl Follow {
    pub(crate) fn new(what: impl Awaited + 'static, deadline: Option<Time>) -> Follow {
        let deadline = deadline.map(|at| (at, Expiry::Flag));
        Follow { what: Box::new(what), deadline, code: 0, rest: Rest::default(), session: Memory::default() }
    }
    pub(crate) fn stop_at(&mut self, at: Time) {
        if self.deadline.as_ref().is_none_or(|(deadline, _)| at < *deadline) {
            self.deadline = Some((at, Expiry::Command));
        }
    }
    /// When the command gives up by itself.
    pub fn deadline(&self) -> Option<Time> {
        self.deadline.as_ref().map(|(at, _)| *at)
    }
    /// The moment at which it has to be asked, if nothing that happens before can end it.
    pub fn until(&self) -> Option<Time> {
        self.what.until().map(|at| self.deadline().map_or(at, |deadline| deadline.min(at)))
    }
    /// The moment at which it has to be asked at the latest, if there is one.
    pub fn due(&self) -> Option<Time> {
        self.until().or([self.what.due(), self.deadline()].into_iter().flatten().min())
    }
    /// Whether the words of the command say when it is over: nobody has to lose patience with it.
    pub fn ends(&self) -> bool {
        self.deadline.is_some() || self.what.ends()
    }
    /// Whether the line moves time by itself, as `run` does, rather than watching how it goes.
    pub fn moves_time(&self) -> bool {
        self.what.moves_time()
    }
    /// What the line waits for, in a few words.
    pub fn waits_for(&self, world: &World) -> String {
        self.what.words(world)
    }
    /// How many commands of the line come after that.
    pub fn commands_left(&self) -> usize {
        self.rest.left()
    }
    /// Those commands, as one would type them.
    pub fn then(&self) -> String {
        self.rest.words()
    }

    /// Looks at the world again; what is new is in `out`. `true` if the command is over.
    pub(crate) fn look(&mut self, host: &mut dyn Host, out: &mut Output) -> bool {
        if self.what.look(host, out) {
            return true;
        }
        if let Some(standstill) = host.world().standstill() {
            // Nothing will ever move again.
            out.fail(format!("error: {standstill}"));
            return true;
        }
        match &self.deadline {
            Some((at, expiry)) if host.world().now >= *at => {
                match expiry {
                    Expiry::Flag => self.what.expire(out),
                    Expiry::Command => out.code = 124,
                }
                true
            }
            _ => match limits::ended(host.world()) {
                Some(words) => {
                    out.fail(format!("error: {words}"));
                    true
                }
                None => false,
            },
        }
    }
}

/// A program sleeps, and its output comes when it has ended.
#[derive(Clone, Debug)]
pub(crate) struct Slept {
    pub until: Time,
    pub said: String,
}

impl Awaited for Slept {
    fn words(&self, world: &World) -> String {
        elapsed(self.until.since(world.start))
    }
    fn look(&mut self, host: &mut dyn Host, out: &mut Output) -> bool {
        if host.world().now < self.until {
            return false;
        }
        out.stdout.push_str(&std::mem::take(&mut self.said));
        true
    }
    fn kept_text(&self) -> String {
        self.said.clone()
    }
    fn moves_time(&self) -> bool {
        true
    }
    fn until(&self) -> Option<Time> {
        Some(self.until)
    }
    fn copy(&self) -> Box<dyn Awaited> {
        Box::new(self.clone())
    }
}

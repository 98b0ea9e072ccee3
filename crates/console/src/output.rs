//! What a line came to, and what it still waits for: the host looks again whenever the world has moved.

use crate::host::Host;
use petri_objects::Time;
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
    pub(crate) fn line(&mut self, line: impl fmt::Display) {
        self.stdout.push_str(&format!("{line}\n"));
    }
    pub(crate) fn fail(&mut self, message: impl fmt::Display) {
        self.stderr.push_str(&format!("{message}\n"));
        self.code = 1;
    }
    /// Another output after this one.
    pub(crate) fn then(&mut self, other: Output) {
        self.stdout.push_str(&other.stdout);
        self.stderr.push_str(&other.stderr);
        self.notes.push_str(&other.notes);
        self.open_in_editor = other.open_in_editor.or(self.open_in_editor.take());
        self.code = other.code;
        self.follow = other.follow;
    }
}

/// Why a line ends before its work: the message for stderr, whole, without the last line break.
pub(crate) type Failure = String;

/// A line that is not done. The host asks [`Follow::poll`] again whenever the world has moved; dropping it is Ctrl-C.
#[derive(Clone, Debug)]
pub struct Follow {
    what: Box<dyn Awaited>,
    /// When the line gives up, and what it says then.
    deadline: Option<(Time, Expiry)>,
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
        Follow { what: Box::new(what), deadline: deadline.map(|at| (at, Expiry::Flag)) }
    }
    pub(crate) fn stop_at(&mut self, at: Time) {
        if self.deadline.as_ref().is_none_or(|(deadline, _)| at < *deadline) {
            self.deadline = Some((at, Expiry::Command));
        }
    }
    /// When the line gives up by itself.
    pub fn deadline(&self) -> Option<Time> {
        self.deadline.as_ref().map(|(at, _)| *at)
    }
    /// When to look again at the latest, whether anything happens until then or not.
    pub fn due(&self) -> Option<Time> {
        self.what.due()
    }
    /// What the line waits for, in a few words.
    pub fn waits_for(&self, world: &World) -> String {
        self.what.words(world)
    }

    /// Looks at the world again. The output has the lines that are new, and the follow again unless the line is done.
    pub fn poll(mut self, host: &mut dyn Host) -> Output {
        let mut out = Output::default();
        if self.what.look(host, &mut out) {
            return out;
        }
        match &self.deadline {
            Some((at, expiry)) if host.world().now >= *at => {
                match expiry {
                    Expiry::Flag => self.what.expire(&mut out),
                    Expiry::Command => out.code = 124,
                }
                out
            }
            _ => {
                out.follow = Some(self);
                out
            }
        }
    }
}

/// Plays time forward until a line is done, if the host wants lines to wait by themselves.
pub(crate) fn wait(out: &mut Output, host: &mut dyn Host) {
    let Some(patience) = host.patience() else { return };
    let limit = host.world().now + patience;
    while let Some(follow) = out.follow.take() {
        let end = [follow.deadline(), follow.due()].into_iter().flatten().fold(limit, Time::min);
        match host.world().next_due() {
            Some(due) if due <= end => {
                host.step();
            }
            _ => host.play_until(end),
        }
        let waited_for = follow.waits_for(host.world());
        let mut next = follow.poll(host);
        if next.follow.is_some() && host.world().now >= limit {
            next.follow = None;
            next.stderr.push_str(&format!("^C (waited {patience} for {waited_for})\n"));
            next.code = 130;
        }
        let code = if next.code == 0 { out.code } else { next.code };
        out.then(next);
        out.code = code;
    }
}

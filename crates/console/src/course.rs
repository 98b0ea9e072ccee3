//! A line from its first command to its last: each command waits until the one before it is over.

use crate::args;
use crate::host::{Files, Host};
use crate::limits::LONGEST_RUN;
use crate::output::{Follow, Output};
use crate::shell::{self, Rest};
use crate::{dig, help, kubectl, verbs};
use petri_objects::Span;
use petri_objects::value::quoted;

/// Runs one line, which may be several lines of text. Commands stand apart by `;`, `&&`, `||` and line breaks;
/// here-documents follow `<<EOF`.
pub fn run(line: &str, host: &mut dyn Host, files: &dyn Files) -> Output {
    let mut out = Output::default();
    match shell::read(line) {
        Ok(steps) => go_on(Rest::new(steps), &mut out, host, files),
        Err(problem) => out.fail(problem),
    }
    out
}

/// Runs commands up to the first that has to be waited for.
fn go_on(mut rest: Rest, out: &mut Output, host: &mut dyn Host, files: &dyn Files) {
    while let Some(step) = rest.next(out.code) {
        host.says(shell::joined(&step.words));
        let mut next = dispatch(&step.words, step.here.as_deref(), host, files);
        host.says(None);
        if let Some(patience) = host.patience() {
            wait(&mut next, host, patience);
        }
        out.then(next);
        if let Some(follow) = &mut out.follow {
            follow.code = out.code;
            follow.rest = rest;
            return;
        }
    }
}

/// Looks at the world again. The output has what is new, and the follow again unless the whole line is done.
pub fn poll(mut follow: Follow, host: &mut dyn Host, files: &dyn Files) -> Output {
    let mut out = Output::default();
    let over = follow.look(host, &mut out);
    if out.code == 0 {
        out.code = follow.code;
    }
    if over {
        go_on(follow.rest, &mut out, host, files);
    } else {
        follow.code = out.code;
        out.follow = Some(follow);
    }
    out
}

/// Gives up on what is waited for after so long, and goes on with the rest of the line.
pub fn give_up(follow: Follow, waited: Span, host: &mut dyn Host, files: &dyn Files) -> Output {
    let mut out = Output::default();
    interrupted(&follow, waited, host, &mut out);
    go_on(follow.rest, &mut out, host, files);
    out
}

fn interrupted(follow: &Follow, waited: Span, host: &dyn Host, out: &mut Output) {
    out.stderr.push_str(&format!("^C (waited {waited} for {})\n", follow.waits_for(host.world())));
    out.code = 130;
}

fn dispatch(words: &[String], here: Option<&str>, host: &mut dyn Host, files: &dyn Files) -> Output {
    // `timeout 60s COMMAND` ends a command that would wait for longer, with code 124. Of several the first one counts.
    let (mut words, mut deadline) = (words, None);
    while let Some(("timeout", rest)) = words.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        let Some((text, rest)) = rest.split_first() else { return Output::error("error: timeout needs a duration") };
        let Some(span) = args::duration(text) else {
            return Output::error(format!("error: invalid duration {}", quoted(text)));
        };
        let at = host.world().now + span;
        deadline = Some(deadline.map_or(at, |known| at.min(known)));
        words = rest;
    }
    let Some((first, rest)) = words.split_first() else { return Output::default() };
    let result = match first.as_str() {
        "kubectl" | "k" => kubectl::run(rest, here, host, files),
        "dig" => dig::run(rest, host.world()),
        "help" | "?" if rest.first().is_some_and(|word| word == "kubectl") => Ok(Output::text(kubectl::help())),
        "help" | "?" => Ok(Output::text(help::text(rest))),
        verb if verbs::VERBS.contains(&verb) => verbs::run(words, host),
        verb if kubectl::VERBS.contains(&verb) => kubectl::run(words, here, host, files),
        unknown => Err(format!("error: unknown command {}; `help` lists what can be said here", quoted(unknown))),
    };
    let mut out = result.unwrap_or_else(Output::error);
    if let (Some(follow), Some(deadline)) = (&mut out.follow, deadline) {
        follow.stop_at(deadline);
    }
    out
}

/// Plays time forward until a command is over. What it says itself about how long it waits goes before the host's patience.
fn wait(out: &mut Output, host: &mut dyn Host, patience: Span) {
    let begun = host.world().now;
    while let Some(mut follow) = out.follow.take() {
        let longest = if follow.ends() { LONGEST_RUN } else { patience };
        let limit = begun + longest;
        let end = follow.due().map_or(limit, |at| at.min(limit));
        match host.world().next_due() {
            Some(due) if due <= end && follow.until().is_none() => {
                host.step();
            }
            _ => host.play_until(end),
        }
        let mut next = Output::default();
        if !follow.look(host, &mut next) {
            if host.world().now >= limit {
                interrupted(&follow, longest, host, &mut next);
            } else {
                next.follow = Some(follow);
            }
        }
        let code = if next.code == 0 { out.code } else { next.code };
        out.then(next);
        out.code = code;
    }
}

//! A script on its way: what is run next, and where its output goes.
//!
//! It is a value that can be put aside: a command that waits for the cluster ends a turn, and the rest goes on when it is
//! over. Nothing here recurses; loops are bounded.

use super::expand::{self, Around};
use super::marks::is_name;
use super::script::{Entry, List, Pipeline, Redirect, Script, Stream, To, What, When, Word};
use super::variables::Variables;
use crate::limits::{LARGEST_ANSWER, MOST_TURNS, beyond};
use std::rc::Rc;

/// A command that is to be run now, its words as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub words: Vec<String>,
    /// What stands before its `|` or behind its `<`.
    pub input: Option<String>,
    /// It stands before `&`.
    pub background: bool,
}

/// What comes next.
#[derive(Debug)]
pub(crate) enum Next {
    Run(Step),
    /// What the shell itself says about a command, and what comes of that.
    Said {
        stdout: String,
        stderr: String,
    },
    Over,
}

/// The rest of a script.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rest {
    frames: Vec<Frame>,
    documents: Rc<[Word]>,
    /// The exit code of the last command.
    pub code: i32,
    /// Commands that were run.
    turns: usize,
}

#[derive(Clone, Debug)]
enum Frame {
    /// A command of which every word is known.
    Words(Vec<String>),
    List {
        list: List,
        at: usize,
    },
    Pipe {
        pipeline: Rc<Pipeline>,
        at: usize,
        carried: Option<String>,
    },
    For {
        name: Rc<str>,
        values: Rc<[String]>,
        at: usize,
        body: List,
    },
    While {
        until: bool,
        condition: List,
        body: List,
        is_testing: bool,
        code: i32,
    },
    If {
        branches: Rc<[(List, List)]>,
        at: usize,
        otherwise: Option<List>,
        is_testing: bool,
    },
    /// What is written inside goes to the next command of a pipeline.
    Collect {
        text: String,
    },
    /// What is written inside goes elsewhere.
    Aside {
        output: Target,
        errors: Target,
    },
    /// What is read inside.
    Input {
        text: String,
    },
    /// A subshell ends.
    Restore(Box<Variables>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Output,
    Errors,
    File(String),
    Nowhere,
}

/// What reads standard input without being told to.
const READERS: [&str; 20] = [
    "cat", "grep", "head", "tail", "wc", "sort", "uniq", "cut", "tr", "sed", "awk", "tee", "xargs", "jq", "base64",
    "mysql", "psql", "tac", "nl", "sh",
];

impl Rest {
    pub(crate) fn new(script: &Script) -> Rest {
        let frames = vec![Frame::List { list: script.list.clone(), at: 0 }];
        Rest { frames, documents: script.documents.clone(), ..Rest::default() }
    }
    /// Commands of which every word is known, one after the other.
    pub(crate) fn of_words(commands: Vec<Vec<String>>) -> Rest {
        Rest { frames: commands.into_iter().rev().map(Frame::Words).collect(), ..Rest::default() }
    }
    /// The same with something to read.
    pub(crate) fn fed(mut self, input: Option<String>) -> Rest {
        self.frames.splice(0..0, input.map(|text| Frame::Input { text }));
        self
    }
    /// A part of the same script, in brackets of its own.
    pub(crate) fn part(&self, list: &List) -> Rest {
        let frames = vec![Frame::List { list: list.clone(), at: 0 }];
        Rest { frames, documents: self.documents.clone(), code: 0, turns: self.turns }
    }

    /// Entries that were not begun yet.
    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.frames.iter().rev().flat_map(|frame| match frame {
            Frame::List { list, at } => &list[(*at).min(list.len())..],
            _ => &[],
        })
    }
    pub(crate) fn left(&self) -> usize {
        let loops = self.frames.iter().map(|frame| match frame {
            Frame::For { values, at, body, .. } => values.len().saturating_sub(*at) * body.len(),
            Frame::Words(_) => 1,
            _ => 0,
        });
        self.entries().count() + loops.sum::<usize>()
    }
    /// Whether a loop goes round that has no end of its own.
    pub(crate) fn is_looping(&self) -> bool {
        self.frames.iter().any(|frame| matches!(frame, Frame::While { .. }))
    }
    /// As one would type it, without here-documents and cut where it becomes long.
    pub(crate) fn words(&self) -> String {
        const LONGEST: usize = 120;
        let mut text = String::new();
        for frame in self.frames.iter().rev() {
            let Frame::Words(words) = frame else { continue };
            if !text.is_empty() {
                text.push_str("; ");
            }
            text.push_str(&super::plain::joined(words).unwrap_or_default());
        }
        for entry in self.entries() {
            if !text.is_empty() {
                text.push_str(if entry.when == When::Always { "" } else { " " });
                text.push_str(entry.when.sign());
                text.push(' ');
            }
            text.push_str(&entry.text);
            if text.chars().count() > LONGEST {
                return text.chars().take(LONGEST).chain(['…']).collect();
            }
        }
        text
    }

    /// A command has ended.
    pub(crate) fn done(&mut self, code: i32, around: &mut dyn Around) {
        self.code = code;
        around.variables().code = code;
    }

    /// Where output goes: what of it is to be shown.
    pub(crate) fn emit(&mut self, stdout: String, stderr: String, around: &mut dyn Around) -> (String, String) {
        let (mut stdout, mut stderr) = (stdout, stderr);
        for frame in self.frames.iter_mut().rev() {
            if stdout.is_empty() && stderr.is_empty() {
                break;
            }
            match frame {
                Frame::Collect { text } => {
                    text.push_str(&std::mem::take(&mut stdout));
                    if text.len() > LARGEST_ANSWER {
                        text.truncate(floor(text, LARGEST_ANSWER));
                        stderr.push_str(&beyond("a pipe carries", LARGEST_ANSWER, "bytes"));
                        stderr.push('\n');
                    }
                }
                Frame::Aside { output, errors } => {
                    let (out, err) = (std::mem::take(&mut stdout), std::mem::take(&mut stderr));
                    for (text, target) in [(err, &*errors), (out, &*output)] {
                        match target {
                            _ if text.is_empty() => {}
                            Target::Output => stdout.push_str(&text),
                            Target::Errors => stderr.push_str(&text),
                            Target::Nowhere => {}
                            Target::File(name) => {
                                if let Err(why) = around.write(name, &text, true) {
                                    stderr.push_str(&format!("sh: write error: {name}: {why}\n"));
                                    self.code = 1;
                                }
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        (stdout, stderr)
    }

    /// What is to be run next.
    pub(crate) fn next(&mut self, around: &mut dyn Around) -> Next {
        loop {
            let Some(frame) = self.frames.last_mut() else { return Next::Over };
            match frame {
                Frame::Words(words) => {
                    let words = std::mem::take(words);
                    self.frames.pop();
                    return Next::Run(Step { words, input: None, background: false });
                }
                Frame::List { list, at } => {
                    let code = self.code;
                    let runs = |entry: &Entry| match entry.when {
                        When::Always => true,
                        When::Success => code == 0,
                        When::Failure => code != 0,
                    };
                    let Some(next) = list[*at..].iter().position(runs) else {
                        self.frames.pop();
                        continue;
                    };
                    let pipeline = list[*at + next].pipeline.clone();
                    *at += next + 1;
                    self.frames.push(Frame::Pipe { pipeline, at: 0, carried: None });
                }
                Frame::Pipe { pipeline, at, .. } if *at >= pipeline.stages.len() => {
                    if pipeline.negated {
                        self.code = i32::from(self.code == 0);
                    }
                    self.frames.pop();
                }
                Frame::Pipe { pipeline, at, carried } => {
                    let (pipeline, index, input) = (pipeline.clone(), *at, carried.take());
                    *at += 1;
                    match self.enter(&pipeline, index, input, around) {
                        Ok(None) => {}
                        Ok(Some(step)) => return Next::Run(step),
                        Err(problem) => {
                            let (stdout, stderr) = self.emit(String::new(), problem + "\n", around);
                            self.done(1, around);
                            return Next::Said { stdout, stderr };
                        }
                    }
                }
                Frame::For { name, values, at, body } => {
                    let Some(value) = values.get(*at).cloned() else {
                        self.frames.pop();
                        continue;
                    };
                    *at += 1;
                    let (name, body) = (name.clone(), body.clone());
                    // It was checked when the loop was entered.
                    let _ = around.variables().set(&name, value);
                    self.frames.push(Frame::List { list: body, at: 0 });
                }
                Frame::While { until, condition, body, is_testing, code } => {
                    if *is_testing && (self.code == 0) == *until {
                        self.code = *code;
                        self.frames.pop();
                        continue;
                    }
                    if !*is_testing {
                        *code = self.code;
                    }
                    let list = if *is_testing { body.clone() } else { condition.clone() };
                    *is_testing = !*is_testing;
                    self.frames.push(Frame::List { list, at: 0 });
                }
                Frame::If { branches, at, otherwise, is_testing } => {
                    let body = match at.checked_sub(1).filter(|_| *is_testing && self.code == 0) {
                        Some(before) => Some(branches[before].1.clone()),
                        None => match branches.get(*at) {
                            Some((condition, _)) => {
                                let list = condition.clone();
                                (*at, *is_testing) = (*at + 1, true);
                                self.frames.push(Frame::List { list, at: 0 });
                                continue;
                            }
                            None => otherwise.clone(),
                        },
                    };
                    self.code = 0;
                    self.frames.pop();
                    self.frames.extend(body.map(|list| Frame::List { list, at: 0 }));
                }
                Frame::Collect { text } => {
                    let text = std::mem::take(text);
                    self.frames.pop();
                    if let Some(Frame::Pipe { carried, .. }) = self.frames.last_mut() {
                        *carried = Some(text);
                    }
                }
                Frame::Aside { .. } | Frame::Input { .. } => drop(self.frames.pop()),
                Frame::Restore(before) => {
                    let code = self.code;
                    *around.variables() = std::mem::take(&mut **before);
                    around.variables().code = code;
                    self.frames.pop();
                }
            }
        }
    }

    /// Begins a command of a pipeline. One that is no loop is answered.
    fn enter(
        &mut self,
        pipeline: &Pipeline,
        index: usize,
        input: Option<String>,
        around: &mut dyn Around,
    ) -> Result<Option<Step>, String> {
        self.turns += 1;
        if self.turns > MOST_TURNS {
            self.frames.clear();
            return Err(beyond("a line runs", MOST_TURNS, "commands, loops included: it ends here"));
        }
        let stage = &pipeline.stages[index];
        let below = self.frames.len();
        if index + 1 < pipeline.stages.len() {
            self.frames.push(Frame::Collect { text: String::new() });
        }
        if let Some(text) = input {
            self.frames.push(Frame::Input { text });
        }
        self.redirect(&stage.redirects, around)?;
        match &stage.what {
            What::Simple { assignments, words } => {
                return self.simple(assignments, words, below, pipeline.background, around);
            }
            What::For { name, words, body } => {
                let values: Rc<[String]> = expand::words(words, around)?.into();
                around.variables().set(name, String::new())?;
                self.frames.push(Frame::For { name: name.as_str().into(), values, at: 0, body: body.clone() });
                self.code = 0;
            }
            What::While { until, condition, body } => {
                let (condition, body) = (condition.clone(), body.clone());
                self.frames.push(Frame::While { until: *until, condition, body, is_testing: false, code: 0 });
                self.code = 0;
            }
            What::If { branches, otherwise } => {
                let (branches, otherwise) = (branches.clone(), otherwise.clone());
                self.frames.push(Frame::If { branches, at: 0, otherwise, is_testing: false });
            }
            What::Group(list) => self.frames.push(Frame::List { list: list.clone(), at: 0 }),
            What::Subshell(list) => {
                self.frames.push(Frame::Restore(Box::new(around.variables().clone())));
                self.frames.push(Frame::List { list: list.clone(), at: 0 });
            }
        }
        Ok(None)
    }

    fn redirect(&mut self, redirects: &[Redirect], around: &mut dyn Around) -> Result<(), String> {
        if redirects.is_empty() {
            return Ok(());
        }
        let (mut output, mut errors) = (Target::Output, Target::Errors);
        for redirect in redirects {
            let target = match &redirect.to {
                To::Document(number) => {
                    let word = self.documents.get(*number).cloned().unwrap_or_default();
                    let text = expand::text(&word, around)?;
                    self.frames.push(Frame::Input { text });
                    continue;
                }
                To::Text(word) => {
                    let text = expand::text(word, around)? + "\n";
                    self.frames.push(Frame::Input { text });
                    continue;
                }
                To::Read(word) => {
                    let name = expand::text(word, around)?;
                    let text = match &*name {
                        "/dev/null" => String::new(),
                        name => around.read(name).map_err(|why| format!("sh: {name}: {why}"))?,
                    };
                    self.frames.push(Frame::Input { text });
                    continue;
                }
                To::Write(word) | To::Append(word) => {
                    let name = expand::text(word, around)?;
                    match &*name {
                        "/dev/null" => Target::Nowhere,
                        "/dev/stderr" => Target::Errors,
                        "/dev/stdout" | "/dev/tty" | "/proc/1/fd/1" => Target::Output,
                        _ => {
                            let append = matches!(&redirect.to, To::Append(_));
                            around.write(&name, "", append).map_err(|why| format!("sh: {name}: {why}"))?;
                            Target::File(name)
                        }
                    }
                }
                To::Stream(Stream::Output) => output.clone(),
                To::Stream(_) => errors.clone(),
                To::Closed => Target::Nowhere,
            };
            match redirect.from {
                Stream::Input => {}
                Stream::Output => output = target,
                Stream::Errors => errors = target,
                Stream::Both => (output, errors) = (target.clone(), target),
            }
        }
        if (&output, &errors) != (&Target::Output, &Target::Errors) {
            self.frames.push(Frame::Aside { output, errors });
        }
        Ok(())
    }

    /// Whether input comes from a file or a pipe, and what of it is left; a loop reads it line by line.
    fn input(&mut self) -> Option<&mut String> {
        self.frames.iter_mut().rev().find_map(|frame| match frame {
            Frame::Input { text } => Some(text),
            _ => None,
        })
    }

    fn simple(
        &mut self,
        assignments: &[(String, Word)],
        words: &[Word],
        below: usize,
        background: bool,
        around: &mut dyn Around,
    ) -> Result<Option<Step>, String> {
        let words = expand::words(words, around)?;
        for (name, word) in assignments {
            let value = expand::text(word, around)?;
            // Deviation: what stands before a command stays afterwards.
            if let Err(problem) = around.variables().set(name, value) {
                // A loop that grows a variable would go on growing it.
                self.frames.clear();
                return Err(problem);
            }
        }
        let texts: Vec<&str> = words.iter().map(String::as_str).collect();
        let code = match texts[..] {
            [] | [":", ..] => 0,
            ["export" | "local" | "readonly" | "declare", ref named @ ..] => {
                for word in named.iter().filter(|word| !word.starts_with('-')) {
                    let (name, value) = word.split_once('=').map_or((*word, None), |(name, value)| (name, Some(value)));
                    if !is_name(name) {
                        return Err(format!("export: `{word}': not a valid identifier"));
                    }
                    if let Some(value) = value {
                        around.variables().set(name, value.into())?;
                    }
                }
                0
            }
            ["unset", ref names @ ..] => {
                names.iter().for_each(|name| around.variables().unset(name));
                0
            }
            ["set", ref flags @ ..] if flags.iter().all(|flag| flag.starts_with(['-', '+'])) && !flags.is_empty() => 0,
            ["read", ref names @ ..] => self.read(names, around)?,
            ["break"] => self.leave(true),
            ["continue"] => self.leave(false),
            ["exit"] => self.exit(None),
            ["exit", code] if code.parse::<i32>().is_ok() => self.exit(code.parse().ok()),
            _ => {
                // What a loop reads is read by those inside who read, and by nobody else.
                let own = self.frames[below..].iter().any(|frame| matches!(frame, Frame::Input { .. }));
                let reads = own || texts.contains(&"-") || texts.first().is_some_and(|name| READERS.contains(name));
                let input = if reads { self.input().map(std::mem::take) } else { None };
                return Ok(Some(Step { words, input, background }));
            }
        };
        self.done(code, around);
        Ok(None)
    }

    /// `exit` ends the script, and says so to whoever runs it.
    fn exit(&mut self, code: Option<i32>) -> i32 {
        let code = code.unwrap_or(self.code);
        // Where output goes is still to be closed: pipes end here as well.
        self.frames.clear();
        code
    }

    /// `break`, or `continue` without the end of the loop.
    fn leave(&mut self, ends: bool) -> i32 {
        let is_loop = |frame: &Frame| matches!(frame, Frame::For { .. } | Frame::While { .. });
        if let Some(at) = self.frames.iter().rposition(is_loop) {
            self.frames.truncate(at + usize::from(!ends));
            if let Some(Frame::While { is_testing, .. }) = self.frames.last_mut()
                && !ends
            {
                *is_testing = false;
            }
        }
        0
    }

    fn read(&mut self, names: &[&str], around: &mut dyn Around) -> Result<i32, String> {
        let names: Vec<&&str> = names.iter().filter(|name| !name.starts_with('-')).collect();
        let Some(text) = self.input().filter(|text| !text.is_empty()) else { return Ok(1) };
        let end = text.find('\n').unwrap_or(text.len());
        let line = text[..end].to_owned();
        text.drain(..(end + 1).min(text.len()));
        let mut rest = line.trim();
        for (at, name) in names.iter().enumerate() {
            let split = if at + 1 == names.len() { rest.len() } else { rest.find([' ', '\t']).unwrap_or(rest.len()) };
            around.variables().set(name, rest[..split].into())?;
            rest = rest[split..].trim_start();
        }
        Ok(0)
    }
}

/// The largest place of a text up to this one at which it can be cut.
pub(crate) fn floor(text: &str, most: usize) -> usize {
    (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

//! Long builds by cargo, side by side, told as they go: what, how far, and how long so far.
//!
//! Cargo counts what it builds, and shows the count on terminals alone; it is asked for it here in any case, and its lines
//! are kept back until something fails.

use std::io::{IsTerminal, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::shop::{Outcome, lasted};

/// Between two lines on a terminal, where one takes the place of the other, and in a file.
const ON_SCREEN: Duration = Duration::from_secs(1);
const IN_FILE: Duration = Duration::from_secs(15);
/// What is told of a build that failed.
const LINES_TOLD: usize = 40;

/// A build by cargo.
pub struct Work {
    /// As the line calls it: `trunk`.
    pub name: String,
    pub command: Command,
    /// Added to what is said when it fails.
    pub help: String,
    /// Whether everything ends when this fails. Of other work that fails nothing is said: whoever needs it finds out.
    pub needed: bool,
}

/// Runs each lane's builds one after the other, and the lanes beside each other. Ends all of it at the first failure of a
/// build that is needed.
pub fn build(lanes: Vec<Vec<Work>>) -> Outcome {
    let start = Instant::now();
    let board = Mutex::new(Board::default());
    std::thread::scope(|scope| {
        let lanes: Vec<_> = lanes
            .into_iter()
            .map(|lane| scope.spawn(|| lane.into_iter().try_for_each(|work| one(work, &board))))
            .collect();
        let screen = std::io::stderr().is_terminal();
        let pause = if screen { ON_SCREEN } else { IN_FILE };
        let mut next = start + if screen { pause } else { pause / 3 };
        while lanes.iter().any(|lane| !lane.is_finished()) {
            std::thread::sleep(Duration::from_millis(100));
            if Instant::now() >= next {
                next += pause;
                let line = lock(&board).line(start.elapsed());
                // A closed screen is no reason to stop building.
                let _ = if screen {
                    write!(std::io::stderr(), "\r\x1b[K{line}").and_then(|()| std::io::stderr().flush())
                } else {
                    writeln!(std::io::stderr(), "{line}")
                };
            }
        }
        if screen {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
        let ended =
            lanes.into_iter().map(|lane| lane.join().unwrap_or_else(|_| Err("a build was not watched".to_owned())));
        // An empty message is that of a lane which was ended for another's sake.
        ended.filter_map(Result::err).max_by_key(String::len).map_or(Ok(()), Err)
    })
}

/// What is being built, for all to see.
#[derive(Default)]
struct Board {
    works: Vec<(String, Step)>,
    failed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Fetching,
    Built(u32, u32),
}

impl Board {
    fn line(&self, time: Duration) -> String {
        let works: Vec<String> = self
            .works
            .iter()
            .map(|(name, step)| match step {
                Step::Fetching => format!("{name}: fetching its sources"),
                Step::Built(done, all) => format!("{name}: {done} of {all} pieces"),
            })
            .collect();
        format!("  {}, {} so far", works.join(", "), lasted(time))
    }

    fn set(&mut self, name: &str, step: Option<Step>) {
        let at = self.works.iter().position(|(known, _)| known == name);
        match (at, step) {
            (Some(at), Some(step)) => self.works[at].1 = step,
            (None, Some(step)) => self.works.push((name.to_owned(), step)),
            (Some(at), None) => drop(self.works.remove(at)),
            (None, None) => {}
        }
    }
}

fn lock(board: &Mutex<Board>) -> MutexGuard<'_, Board> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

fn one(mut work: Work, board: &Mutex<Board>) -> Outcome {
    if lock(board).failed {
        return Err(String::new());
    }
    lock(board).set(&work.name, Some(Step::Fetching));
    work.command.envs([
        ("CARGO_TERM_PROGRESS_WHEN", "always"),
        ("CARGO_TERM_PROGRESS_WIDTH", "80"),
        ("CARGO_TERM_PROGRESS_TERM_INTEGRATION", "false"),
        ("CARGO_TERM_COLOR", "never"),
        ("CARGO_TERM_QUIET", "false"),
    ]);
    work.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = work.command.spawn().map_err(|error| format!("cargo could not be started: {error}"))?;
    let mut told = Vec::new();
    let mut ended = false;
    if let Some(pipe) = child.stderr.take() {
        ended = follow(pipe, &mut child, &work.name, board, &mut told);
    }
    let status = child.wait().map_err(|error| format!("{}: {error}", work.name));
    lock(board).set(&work.name, None);
    match status {
        Ok(status) if status.success() => Ok(()),
        _ if !work.needed => Ok(()),
        _ if ended => Err(String::new()),
        status => {
            lock(board).failed = true;
            let status = status.map_or_else(|problem| problem, |status| status.to_string());
            let told = told[told.len().saturating_sub(LINES_TOLD)..].join("\n");
            Err(format!("building {} failed ({status}):\n{told}\n{}", work.name, work.help))
        }
    }
}

/// Reads what cargo says until it is silent. Answers whether it was ended because another build has failed.
fn follow(mut pipe: impl Read, child: &mut Child, name: &str, board: &Mutex<Board>, told: &mut Vec<String>) -> bool {
    let mut ended = false;
    let mut open = Vec::new();
    let mut chunk = [0; 4096];
    // Cargo speaks several times a second, so this looks up often enough.
    while let Ok(read @ 1..) = pipe.read(&mut chunk) {
        for &byte in &chunk[..read] {
            if byte != b'\n' && byte != b'\r' {
                open.push(byte);
                continue;
            }
            let line = String::from_utf8_lossy(&open).into_owned();
            open.clear();
            match step(&line) {
                Some(step) => lock(board).set(name, Some(step)),
                None if is_routine(&line) => {}
                None => told.push(line),
            }
        }
        if !ended && lock(board).failed {
            ended = child.kill().is_ok();
        }
    }
    ended
}

/// What cargo's progress bar says: `Building [====>   ] 12/34: serde, syn(build)`.
fn step(line: &str) -> Option<Step> {
    let (_, rest) = line.split_once("Building [")?;
    let (_, rest) = rest.split_once("] ")?;
    let (done, rest) = rest.split_once('/')?;
    let all: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some(Step::Built(done.trim().parse().ok()?, all.parse().ok()?))
}

/// What cargo says when all is well.
fn is_routine(line: &str) -> bool {
    const VERBS: [&str; 12] = [
        "Adding",
        "Blocking",
        "Compiling",
        "Downloaded",
        "Downloading",
        "Fetch",
        "Finished",
        "Installing",
        "Locking",
        "Updating",
        "Building",
        "Fresh",
    ];
    let line = line.trim_start_matches("\x1b[K").trim();
    line.is_empty() || VERBS.iter().any(|verb| line.starts_with(verb))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(name: &str, script: &str, needed: bool) -> Work {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Work { name: name.to_owned(), command, help: format!("help for {name}"), needed }
    }

    #[test]
    fn cargos_count_is_read_from_its_bar() {
        let bar = "\x1b[K    Building [=====>                    ] 123/380: serde, syn(build.rs)...";
        assert_eq!(step(bar), Some(Step::Built(123, 380)));
        assert_eq!(step("    Building [>    ]   0/9"), Some(Step::Built(0, 9)));
        assert_eq!(step("   Compiling serde v1.0.0"), None);
        assert_eq!(step("error: Building [ is no bar"), None);
    }

    #[test]
    fn the_line_names_what_is_built_and_how_far_it_is() {
        let mut board = Board::default();
        board.set("trunk", Some(Step::Fetching));
        board.set("page", Some(Step::Built(3, 90)));
        board.set("trunk", Some(Step::Built(12, 300)));
        let line = board.line(Duration::from_secs(65));
        assert_eq!(line, "  trunk: 12 of 300 pieces, page: 3 of 90 pieces, 65 s so far");
        board.set("page", None);
        assert!(!board.line(Duration::from_secs(66)).contains("page"));
    }

    #[test]
    fn a_needed_build_that_fails_is_told_with_its_help_and_without_routine() {
        let script = "echo '   Compiling a v1' >&2; echo 'error: no linker' >&2; exit 1";
        let problem = build(vec![vec![work("trunk", script, true)]]).expect_err("it failed");
        assert!(problem.contains("no linker") && problem.ends_with("help for trunk"), "{problem}");
        assert!(!problem.contains("Compiling"), "{problem}");
        assert_eq!(build(vec![vec![work("page", script, false), work("tool", "exit 0", true)]]), Ok(()));
    }

    #[test]
    fn a_failure_ends_what_runs_beside_it_and_what_would_follow() {
        let talks = "while sleep 0.05; do echo '   Compiling a v1' >&2; done";
        let lanes =
            vec![vec![work("long", talks, true), work("next", "exit 0", true)], vec![work("bad", "exit 3", true)]];
        let problem = build(lanes).expect_err("one has failed");
        assert!(problem.contains("bad") && !problem.contains("long"), "{problem}");
    }
}

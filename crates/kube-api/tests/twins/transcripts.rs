//! Transcripts as twins: what a lesson or a golden test types at kubectl, typed once into the console and once into the
//! system's own shell with the real kubectl.
//!
//! Judged is each line that asks kubectl for something and that a shell without the console's own verbs can play. All other
//! lines are said to both worlds, so that both go on together: those of the console itself, those of a terminal.
//! `tests/twins/transcripts.md` has the lines that differ, and why.

use super::{Desk, Said, Verdict, meet, plain, post, put, shown};
use petri_console::Session;
use petri_lessons::official::{self, WithOfficial};
use petri_lessons::transcript::{self, Block, Options};
use petri_objects::{Map, Value};
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// What ends an answer of the shell.
const END: u8 = 0x1e;
/// The first words of lines that a plain shell can play.
const PLAYABLE: [&str; 17] = [
    "kubectl", "for", "while", "if", "echo", "printf", "cat", "seq", "export", "mkdir", "rm", "touch", "cp", "sed",
    "base64", "head", "openssl",
];
/// Words of the console that a shell would not know, or that take time there.
const OWN: [&str; 12] =
    ["run", "sleep", "cut", "heal", "power", "why", "dig", "curl", "wget", "watch", "timeout", "guarantees"];
/// The shell that both worlds' lines of the console share.
const CONSOLE: &str = "transcript";
/// In a reason's lines: this one and all that follow in its transcript.
const FROM_HERE: &str = "...";

/// A transcript to be played.
pub struct Script {
    pub name: String,
    text: String,
}

impl Script {
    /// Whether a line of it begins like this.
    pub fn types(&self, line: &str) -> bool {
        self.text.contains(&format!("$ {}", line.trim_end_matches(FROM_HERE).trim_end()))
    }
}

/// A line that differs, and why.
pub type Reasons = BTreeMap<(String, String), String>;

/// All transcripts below some folders.
pub fn read_folders(folders: &[PathBuf]) -> Vec<Script> {
    let mut scripts = Vec::new();
    for folder in folders {
        for entry in std::fs::read_dir(folder).expect("the folder exists").flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|ending| ending == "md") {
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                scripts.push(Script { name, text: std::fs::read_to_string(&path).expect("transcripts are readable") });
            }
        }
    }
    scripts.sort_by(|a, b| a.name.cmp(&b.name));
    scripts
}

/// The reasons: a heading names the transcript, a quotation says why, and the lines that it holds for follow as code.
pub fn read_reasons(path: &Path) -> Reasons {
    let (mut reasons, mut name, mut reason) = (Reasons::new(), String::new(), String::new());
    for line in std::fs::read_to_string(path).expect("reasons are readable").lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            name = heading.trim().into();
        } else if let Some(words) = line.strip_prefix("> ") {
            reason = words.trim().into();
        } else if let Some(typed) = line.strip_prefix("    ") {
            assert!(!reason.is_empty() && !name.is_empty(), "{typed} has no reason, or no transcript");
            reasons.insert((name.clone(), typed.trim().into()), reason.clone());
        }
    }
    reasons
}

/// How a line is played.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Once by each, and judged.
    Judged,
    /// Once by each: what it changes is files and variables of a shell, or what a client keeps for itself.
    Shell,
    /// A line of the console, or of a terminal: said to both worlds.
    Console,
}

fn way(line: &str, session: &Session) -> Way {
    let words: Vec<&str> = line.split_whitespace().collect();
    let first = words.first().copied().unwrap_or_default();
    let has = |flags: &[&str]| words.iter().any(|word| flags.contains(word));
    let is_typed =
        has(&["-it", "-ti", "-i", "--stdin", "--tty", "-t"]) && has(&["exec", "run", "attach"]) && first == "kubectl";
    let waits = has(&["-w", "--watch", "--watch-only", "--follow", "port-forward", "proxy", "debug", "attach", "edit"])
        || has(&["logs"]) && has(&["-f"])
        || line.trim_end().ends_with('&');
    // A word of the reader's own in angle brackets, or a loop that a person ends.
    let is_open = line.contains("<node-name>") || line.starts_with("while true");
    if session.prompt().is_some() || is_typed || is_open || waits && line.contains("kubectl") {
        return Way::Console;
    }
    // The first word of each command, roughly: behind what ends one.
    let (mut is_next, mut is_own) = (true, false);
    for word in line.lines().next().unwrap_or_default().split_inclusive([' ', ';', '|', '&']) {
        let text = word.trim_matches([' ', ';', '|', '&', '(']);
        is_own |= is_next && OWN.contains(&text);
        if !text.is_empty() {
            is_next = ["do", "then", "else", "if", "while"].contains(&text);
        }
        is_next |= word.ends_with([';', '|', '&']);
    }
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let assigns = first.split_once('=').is_some_and(|(name, _)| is_name(name));
    match (assigns || PLAYABLE.contains(&first)) && !is_own {
        true if line.contains("kubectl") && !has(&["config", "completion", "--help", "-h"]) => Way::Judged,
        true => Way::Shell,
        false => Way::Console,
    }
}

/// The system's shell, which remembers from line to line as the console does.
struct Shell {
    child: Child,
    stdin: ChildStdin,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Shell {
    fn open(desk: &Desk, kubectl: &Path) -> Shell {
        let path = std::env::var("PATH").unwrap_or_default();
        let own = kubectl.parent().map_or(String::new(), |folder| folder.display().to_string());
        let mut command: Command = desk.command(Path::new("bash"), "--noprofile --norc");
        command
            .env("PATH", format!("{own}:{path}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // What a line has started goes with its shell.
        let mut child = command.process_group(0).spawn().expect("bash starts");
        let stdin = child.stdin.take().expect("it is piped");
        let stdout = answers(BufReader::new(child.stdout.take().expect("it is piped")));
        let stderr = answers(BufReader::new(child.stderr.take().expect("it is piped")));
        Shell { child, stdin, stdout, stderr }
    }
    /// `None` if it does not come to an end.
    fn say(&mut self, line: &str) -> Option<Said> {
        // What a line reads is not the next line.
        let asked = format!("{{ {line}\n}} < /dev/null\nprintf '\\n%d\\036' $?\nprintf '\\036' >&2\n");
        self.stdin.write_all(asked.as_bytes()).ok()?;
        self.stdin.flush().ok()?;
        let said = self.stdout.recv_timeout(Duration::from_secs(60)).ok()?;
        let stderr = self.stderr.recv_timeout(Duration::from_secs(5)).ok()?;
        let (stdout, code) = said.rsplit_once('\n')?;
        Some(Said { stdout: stdout.into(), stderr, code: code.parse().ok()? })
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-9", "--", &format!("-{}", self.child.id())]).status();
        let _ = self.child.wait();
    }
}

fn answers(mut pipe: BufReader<impl std::io::Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        loop {
            let mut bytes = Vec::new();
            match pipe.read_until(END, &mut bytes) {
                Ok(n) if n > 0 && bytes.last() == Some(&END) => {
                    bytes.pop();
                    if sender.send(String::from_utf8_lossy(&bytes).into_owned()).is_err() {
                        break;
                    }
                }
                _ => break,
            }
        }
    });
    receiver
}

fn beginning(text: &str) -> Timeline {
    let mut options = Options::default();
    transcript::beginning(text, &mut options).expect("its beginning is one");
    Timeline::with_grain(Recording::new(options.scenario.clone(), options.seed), options.grain)
}

/// Plays a transcript, and judges its lines.
pub fn play(script: &Script, kubectl: &Path, reasons: &Reasons) -> Vec<Verdict> {
    let mut page = beginning(&script.text);
    let examples = petri_lessons::examples();
    let text = script.text.clone();
    let desk = Desk::before(move || beginning(&text), &script.name, examples);
    let mut files: BTreeMap<String, String> =
        examples.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
    let (mut shell, mut session, mut verdicts) = (Shell::open(&desk, kubectl), Session::default(), Vec::new());
    let mut is_over = false;
    for block in transcript::blocks(&script.text) {
        match block {
            Block::Prose(_) => {}
            Block::Manifest { name, text } => {
                put(&desk.folder, &name, &text);
                files.insert(name, text);
            }
            Block::Console(exchanges) => {
                for exchange in exchanges {
                    let line = exchange.line.as_str();
                    let way = way(line, &session);
                    let ours = session.run(line, &mut page, &WithOfficial(&files));
                    let ours = Said { stdout: ours.stdout, stderr: ours.stderr, code: ours.code };
                    let theirs = match way {
                        Way::Judged | Way::Shell => shell.say(&fetched(&desk, line, &files)),
                        Way::Console => {
                            console(&desk, line, &files);
                            None
                        }
                    };
                    meet(desk.server, &mut page);
                    for (name, text) in session.files() {
                        if !desk.folder.join(name).exists() && !name.starts_with('/') {
                            put(&desk.folder, name, text);
                        }
                    }
                    if way != Way::Judged {
                        continue;
                    }
                    let Some(theirs) = theirs else {
                        let told = format!("{}: $ {line}\n  the shell did not come to an end\n", script.name);
                        verdicts.push(Verdict::Differs(told));
                        return verdicts;
                    };
                    let first = line.lines().next().unwrap_or_default().trim();
                    let known = |line: &str| reasons.contains_key(&(script.name.clone(), line.to_owned()));
                    is_over |= known(&format!("{first} {FROM_HERE}"));
                    verdicts.push(judged(script, line, ours, theirs, is_over || known(first)));
                }
            }
        }
    }
    verdicts
}

fn judged(script: &Script, line: &str, ours: Said, theirs: Said, is_excused: bool) -> Verdict {
    let (ours, theirs) = (settled(ours, line), settled(theirs, line));
    match (ours == theirs, is_excused) {
        (true, _) => Verdict::Same,
        (false, true) => Verdict::Excused,
        (false, false) => Verdict::Differs(format!(
            "{}: $ {line}\n{}{}",
            script.name,
            shown("kubectl", &theirs),
            shown("console", &ours)
        )),
    }
}

/// Also where kubectl stands behind something else on its line. Events of one moment stand in no order: Go sorts what is
/// equal as it likes. That there is no terminal here is no news.
fn settled(said: Said, line: &str) -> Said {
    let verb = line.split("kubectl ").nth(1).unwrap_or_default();
    let mut said = plain(said, &format!("kubectl {verb}"));
    said.stderr = said.stderr.split_inclusive('\n').filter(|line| !line.starts_with("Unable to use a TTY")).collect();
    if verb.starts_with("events") {
        let mut lines: Vec<&str> = said.stdout.split_inclusive('\n').collect();
        lines.sort_unstable();
        said.stdout = lines.concat();
    }
    said
}

/// A line of the console, said to the world behind the API.
fn console(desk: &Desk, line: &str, files: &BTreeMap<String, String>) {
    let mut files: Map = files.iter().map(|(name, text)| (name.as_str().into(), Value::from(text.as_str()))).collect();
    for word in line.split_whitespace() {
        let path = if word.contains("://") { official::path_of(word) } else { official::meant(word) };
        if let Some(text) = path.and_then(official::text).filter(|_| files.get(word).is_none()) {
            files.insert(word, Value::from(text));
        }
    }
    let (line, session) = (Value::from(line), Value::from(CONSOLE));
    let body = [("line".into(), line), ("files".into(), Value::Map(files)), ("session".into(), session)];
    let body = body.into_iter().collect();
    post(desk.server, "/petri/command", &Value::Map(body));
}

/// The line with the files that it names by an address or by a name of the documentation lying in the folder.
fn fetched(desk: &Desk, line: &str, files: &BTreeMap<String, String>) -> String {
    let mut line = line.to_owned();
    let lay = |path: &str, name: &str| {
        if !files.contains_key(name) && !desk.folder.join(name).exists() {
            put(&desk.folder, name, official::text(path).expect("it comes with the product"));
        }
    };
    // A kustomization names files as a line does.
    let built = ["kustomization.yaml", "kustomization.yml"]
        .map(|name| std::fs::read_to_string(desk.folder.join(name)).unwrap_or_default());
    for path in [line.as_str(), &built[0], &built[1]].into_iter().flat_map(official::named_in) {
        lay(path, path.rsplit('/').next().unwrap_or(path));
        lay(path, path);
    }
    // Files of a folder.
    for folder in line.split(['=', ' ']).filter(|word| word.ends_with('/')) {
        official::paths().filter(|path| path.starts_with(folder)).for_each(|path| lay(path, path));
    }
    let addresses: Vec<String> = line
        .split(|c: char| c.is_whitespace() || "'\",".contains(c))
        .filter(|word| word.contains("://"))
        .map(str::to_owned)
        .collect();
    for address in addresses {
        if let Some(path) = official::path_of(&address) {
            line = line.replace(&address, path);
        }
    }
    line
}

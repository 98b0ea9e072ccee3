//! One file of twins, read and played.

pub mod transcripts;

use petri_kube_api::cluster::Cluster;
use petri_kube_api::serve::{self, Pace};
use petri_objects::Value;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub struct Twin {
    pub name: String,
    files: BTreeMap<String, String>,
    lines: Vec<Line>,
}

struct Line {
    text: String,
    /// Why its twins differ, if that is known.
    reason: Option<Reason>,
}

enum Reason {
    /// `!`: they differ.
    Differs(String),
    /// `?`: they may.
    May,
}

pub enum Verdict {
    Same,
    Excused,
    Differs(String),
}

/// What a line says, and its code.
#[derive(PartialEq, Eq)]
struct Said {
    stdout: String,
    stderr: String,
    code: i32,
}

pub fn read_folder(folder: &Path) -> Vec<Twin> {
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    names.retain(|path| path.extension().is_some_and(|ending| ending == "txt"));
    names.sort();
    names.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Twin {
    let text = std::fs::read_to_string(path).expect("twins are readable");
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut twin = Twin { name, files: BTreeMap::new(), lines: Vec::new() };
    let (mut file, mut reason): (Option<String>, Option<Reason>) = (None, None);
    for line in text.lines() {
        match line.strip_prefix("--- ") {
            Some("lines") => file = Some(String::new()),
            Some(name) => file = Some(name.into()),
            None => match file.as_deref() {
                None => {}
                Some("") => match line.split_at_checked(2) {
                    Some(("! ", why)) => reason = Some(Reason::Differs(why.into())),
                    Some(("? ", _)) => reason = Some(Reason::May),
                    _ if line.trim().is_empty() || line.starts_with('#') => {}
                    _ => twin.lines.push(Line { text: line.into(), reason: reason.take() }),
                },
                Some(name) => {
                    let text = twin.files.entry(name.to_owned()).or_default();
                    text.push_str(line);
                    text.push('\n');
                }
            },
        }
    }
    assert!(!twin.lines.is_empty(), "{} has no lines", path.display());
    twin
}

fn world() -> Timeline {
    Timeline::new(Recording::new(Scenario::standard(), 1))
}

/// A file in a folder, with the folders that its name has.
fn put(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    path.parent().map(std::fs::create_dir_all).transpose().expect("there is room");
    std::fs::write(path, text).expect("there is room");
}

/// A cluster behind the API, and a folder for those who ask it.
pub struct Desk {
    folder: PathBuf,
    server: SocketAddr,
}

impl Desk {
    pub fn open(name: &str, files: &[(&str, &str)]) -> Desk {
        Desk::before(world, name, files)
    }
    /// The same before a world of one's own.
    pub fn before(opened: impl FnOnce() -> Timeline + Send + 'static, name: &str, files: &[(&str, &str)]) -> Desk {
        let folder = std::env::temp_dir().join(format!("petri-twins-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("there is room");
        for (name, text) in files {
            put(&folder, name, text);
        }
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let server = listener.local_addr().expect("it has an address");
        std::thread::spawn(move || serve::run(listener, Cluster::new(opened()), Pace::WhileWatched, Box::new(|_| {})));
        std::fs::write(folder.join(".kubeconfig"), kubeconfig(server)).expect("there is room");
        Desk { folder, server }
    }
    /// A program with what it needs to know of the cluster.
    pub fn command(&self, program: &Path, words: &str) -> Command {
        let mut command = Command::new(program);
        command.args(split(words)).current_dir(&self.folder).env("KUBECONFIG", self.folder.join(".kubeconfig"));
        command.env("HOME", &self.folder).env("KUBE_EDITOR", "true").stdin(Stdio::null());
        command
    }
    /// What a program says: on standard output, on standard error, and its code.
    pub fn say(&self, program: &Path, words: &str) -> (String, String, i32) {
        let said = real(words, program, self);
        (said.stdout, said.stderr, said.code)
    }
    /// A line of the console.
    pub fn line(&self, text: &str) {
        post(self.server, "/petri/command", &Value::nested(&["line"], Value::from(text)));
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Plays a file, and judges each of its lines.
pub fn play(twin: &Twin, kubectl: &Path) -> Vec<Verdict> {
    let files: Vec<(&str, &str)> = twin.files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let desk = Desk::open(&twin.name, &files);
    let mut page = world();
    twin.lines.iter().map(|line| judge(twin, line, kubectl, &desk, &mut page)).collect()
}

fn kubeconfig(server: SocketAddr) -> String {
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: petri\n  cluster: {{ server: 'http://{server}' }}\ncontexts:\n- \
         name: petri\n  context: {{ cluster: petri, namespace: default }}\ncurrent-context: petri\n"
    )
}

fn judge(twin: &Twin, line: &Line, kubectl: &Path, desk: &Desk, page: &mut Timeline) -> Verdict {
    let server = desk.server;
    let ours = {
        let output = petri_console::run(&line.text, page, &twin.files);
        Said { stdout: output.stdout, stderr: output.stderr, code: output.code }
    };
    let theirs = match line.text.strip_prefix("kubectl ") {
        Some(words) => real(words, kubectl, desk),
        None => {
            let answer = post(server, "/petri/command", &Value::nested(&["line"], Value::from(line.text.as_str())));
            let text = |key: &str| answer.at(&[key]).and_then(Value::as_str).unwrap_or_default().to_owned();
            let code = answer.at(&["code"]).and_then(Value::as_int).unwrap_or(1);
            Said { stdout: text("stdout"), stderr: text("stderr"), code: i32::try_from(code).unwrap_or(1) }
        }
    };
    meet(server, page);
    let (ours, theirs) = (plain(ours, &line.text), plain(theirs, &line.text));
    match (ours == theirs, &line.reason) {
        (true, None | Some(Reason::May)) => Verdict::Same,
        (false, Some(_)) => Verdict::Excused,
        (true, Some(Reason::Differs(reason))) => Verdict::Differs(format!(
            "{}: $ {}\n  agrees by now, so this reason must go: {reason}\n",
            twin.name, line.text
        )),
        (false, None) => Verdict::Differs(format!(
            "{}: $ {}\n{}{}",
            twin.name,
            line.text,
            shown("kubectl", &theirs),
            shown("console", &ours)
        )),
    }
}

fn shown(who: &str, said: &Said) -> String {
    let mut text = format!("  {who} [{}]\n", said.code);
    for line in said.stdout.lines() {
        text.push_str(&format!("    | {line}\n"));
    }
    for line in said.stderr.lines() {
        text.push_str(&format!("    2 {line}\n"));
    }
    text
}

/// Both worlds go on to the later of their two moments.
fn meet(server: SocketAddr, page: &mut Timeline) {
    // Whoever watched is gone: nothing goes on by itself.
    let now = post(server, "/petri/disconnect", &Value::Null);
    let theirs = now.at(&["microseconds"]).and_then(Value::as_int).and_then(|now| u64::try_from(now).ok()).unwrap_or(0);
    let ours = page.now().0;
    if theirs > ours {
        page.play_until(petri_objects::Time(theirs));
    } else if ours > theirs {
        let span = format!("{}us", ours - theirs);
        post(server, "/petri/run", &Value::nested(&["for"], Value::from(span.as_str())));
    }
}

/// What cannot be the same by nature is made so: versions, because a client that waits looks a little longer at its world,
/// ages that a client computes, and what its library logs where a minute of the world took it less than a second.
fn plain(said: Said, line: &str) -> Said {
    let by_client = ["kubectl describe", "kubectl events", "kubectl rollout"].iter().any(|verb| line.starts_with(verb));
    let text = |text: String| if by_client { ages(&text) } else { versions(&text) };
    let is_logged = |line: &&str| {
        line.contains("reflector.go") && line.contains("very short watch")
            || line.contains("schema.go") && line.contains("skipping")
            || line.contains("prune.go") && line.contains("Deprecated")
    };
    let stderr = said.stderr.split_inclusive('\n').filter(|line| !is_logged(line)).collect();
    Said { stdout: text(said.stdout), stderr: text(stderr), code: said.code }
}

/// The text without the numbers of its versions.
fn versions(text: &str) -> String {
    let version = |line: &str| match line.trim_start().trim_start_matches('"').starts_with("resourceVersion") {
        true => line.chars().filter(|c| !c.is_ascii_digit()).collect(),
        false => line.to_owned(),
    };
    text.split('\n').map(version).collect::<Vec<String>>().join("\n")
}

/// Every word that is an age becomes `AGE`, and runs of blanks become two.
fn ages(text: &str) -> String {
    let is_age = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_digit())
            && word.ends_with(['s', 'm', 'h', 'd', 'y'])
            && word.chars().all(|c| c.is_ascii_digit() || "smhdy".contains(c))
    };
    let line = |line: &str| {
        let age = |word: &str| match word.strip_suffix(')') {
            Some(inner) if is_age(inner) => "AGE)".to_owned(),
            _ if is_age(word) => "AGE".to_owned(),
            _ => word.to_owned(),
        };
        let words = line.split_whitespace().map(age);
        words.collect::<Vec<_>>().join(" ")
    };
    text.lines().map(|text| line(text) + "\n").collect()
}

fn real(words: &str, program: &Path, desk: &Desk) -> Said {
    let mut command = desk.command(program, words);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let readers = [
        Box::new(child.stdout.take().expect("it is piped")) as Box<dyn std::io::Read + Send>,
        Box::new(child.stderr.take().expect("it is piped")),
    ]
    .map(|mut pipe| {
        std::thread::spawn(move || {
            let mut text = String::new();
            let _ = pipe.read_to_string(&mut text);
            text
        })
    });
    let begun = Instant::now();
    let code = loop {
        match child.try_wait().expect("it is our child") {
            Some(status) => break status.code().unwrap_or(-1),
            None if begun.elapsed() > Duration::from_secs(60) => {
                let _ = child.kill();
                let _ = child.wait();
                break 124;
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let [stdout, stderr] = readers.map(|reader| reader.join().expect("a reader ends"));
    Said { stdout, stderr, code }
}

/// Words as a shell takes them, quotes included.
fn split(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut begun) = (Vec::new(), String::new(), None, false);
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), c) => word.push(c),
            (None, '\'' | '"') => (quote, begun) = (Some(c), true),
            (None, ' ') if begun || !word.is_empty() => {
                words.push(std::mem::take(&mut word));
                begun = false;
            }
            (None, ' ') => {}
            (None, c) => word.push(c),
        }
    }
    if begun || !word.is_empty() {
        words.push(word);
    }
    words
}

fn post(server: SocketAddr, path: &str, body: &Value) -> Value {
    let body = body.to_json();
    let length = body.len();
    exchange(
        server,
        &format!("POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"),
    )
}

fn exchange(server: SocketAddr, request: &str) -> Value {
    let mut stream = TcpStream::connect(server).expect("the server runs");
    stream.write_all(request.as_bytes()).expect("it listens");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer.split_once("\r\n\r\n").and_then(|(_, body)| Value::from_json(body)).unwrap_or_default()
}

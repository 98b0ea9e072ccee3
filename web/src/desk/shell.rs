//! The console's host: lines run against the page's session.

use super::handle::Desk;
use super::host::{Drafts, with_page};
use super::waiting::{self, Desktop, Waiting};
use crate::edge;
use crate::examples;
use crate::session::Session;
use crate::state::{Action, File, LogKind, Outcome, Panel};
use petri_console::{Output, Turn};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;

/// Runs a line and puts what it says into the console. Answers what went wrong.
pub fn say(desk: &Desk, line: &str) -> Option<String> {
    let line = line.trim();
    if line.is_empty() {
        return None;
    }
    if line == "clear" {
        desk.send(Action::ClearLog);
        return None;
    }
    desk.log(LogKind::Input, line);
    // The page takes its files back, too.
    if let Some(turn) = Turn::named(line) {
        let words = desk.turn(turn);
        desk.log(LogKind::Output, words);
        return None;
    }
    // The files of the documentation come when a line names them.
    let names_files = line.contains(".yaml") || line.contains(".yml") || line.contains("://");
    let missing = if names_files { petri_lessons::official::named_in(line) } else { Vec::new() };
    let missing: Vec<&str> = missing.into_iter().filter(|path| examples::official(path).is_none()).collect();
    if !missing.is_empty() {
        WAITING.set(WAITING.get() + 1);
        let (desk, line) = (desk.clone(), line.to_owned());
        spawn_local(async move {
            for path in missing {
                if let Err(why) = examples::fetch_official(path).await {
                    desk.log(LogKind::Warning, why);
                }
            }
            run(&desk, &line);
            WAITING.set(WAITING.get() - 1);
        });
        return None;
    }
    // What few lines need is not there yet. Lines that come meanwhile stay behind this one.
    if WAITING.get() > 0 || !edge::has_third_part() && petri_console::is_rare(line) {
        WAITING.set(WAITING.get() + 1);
        let (desk, line) = (desk.clone(), line.to_owned());
        spawn_local(async move {
            edge::expect_third_part().await;
            run(&desk, &line);
            WAITING.set(WAITING.get() - 1);
        });
        return None;
    }
    run(desk, line)
}

thread_local! {
    /// How many lines wait for the third part of the module.
    static WAITING: Cell<usize> = const { Cell::new(0) };
}

fn run(desk: &Desk, line: &str) -> Option<String> {
    let session = desk.session.clone();
    let drafts = Drafts(desk.files());
    let branches = session.timeline().branches().len();
    waiting::enter(desk);
    let output = with_page(&session, |page| desk.waiting.shell.borrow_mut().run(line, page, &drafts));
    show(desk, &output);
    desk.announce_fork(branches);
    if let Some(follow) = output.follow {
        waiting::wait_for(desk, follow);
    }
    (output.code != 0).then(|| output.stderr.lines().next().unwrap_or("It failed.").to_owned())
}

fn show(desk: &Desk, output: &Output) {
    for line in output.notes.lines() {
        desk.log(LogKind::Warning, line);
    }
    for line in output.stderr.lines() {
        let kind = if output.code == 0 || line.starts_with("Warning") { LogKind::Warning } else { LogKind::Error };
        desk.log(kind, line);
    }
    match &output.open_in_editor {
        Some((name, text)) => {
            desk.send(Action::NewFile { name: name.clone(), text: text.as_str().into() });
            desk.send(Action::ShowPanel(Panel::Manifests));
            desk.log(LogKind::Output, format!("opened in the editor as {name}"));
        }
        None => desk.log(LogKind::Output, output.stdout.as_str()),
    }
}

/// `kubectl apply -f` of one text.
pub fn apply(session: &Session, name: &str, text: &str) -> Outcome {
    let files = BTreeMap::from([(name.to_owned(), text.to_owned())]);
    let output = with_page(session, |page| petri_console::run(&format!("kubectl apply -f {name}"), page, &files));
    let said = output.notes.lines().chain(output.stderr.lines());
    let is_remark = |line: &String| line.starts_with("Warning: ") || line.starts_with("Note: ");
    let (warnings, errors) = said.map(str::to_owned).partition(is_remark);
    Outcome { lines: output.stdout.lines().map(str::to_owned).collect(), warnings, errors }
}

impl Desktop for Desk {
    fn session(&self) -> &Session {
        &self.session
    }
    fn waiting(&self) -> &Rc<Waiting> {
        &self.waiting
    }
    fn drafts(&self) -> Vec<Rc<File>> {
        self.files()
    }
    fn show(&self, output: &Output) {
        show(self, output);
    }
    fn tell(&self, kind: LogKind, text: String) {
        self.log(kind, text);
    }
    fn acted(&self, branches: usize) {
        self.announce_fork(branches);
    }
}

/// Lines that still wait, in words.
pub fn waits(desk: &Desk) -> Vec<String> {
    desk.waiting.words(&desk.session.timeline())
}

/// The prompt of the shell that reads the lines, if that is one in a container: `web-0:/# `.
pub fn prompt(desk: &Desk) -> Option<String> {
    desk.waiting.shell.borrow().prompt()
}

/// Ctrl-C: gives up on whatever waits.
pub fn interrupt(desk: &Desk) -> bool {
    waiting::interrupt(desk)
}

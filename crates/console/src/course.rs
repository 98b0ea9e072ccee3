//! A line from its first command to its last: each command waits until the one before it is over.

use crate::args;
use crate::host::{Files, Host, Turn};
use crate::limits::{LONGEST_RUN, MOST_NESTED, beyond};
use crate::output::{Asks, Follow, Output, Slept};
use crate::programs::{self, desk};
use crate::session::{Inside, Memory, Shelf};
use crate::shell::prompt::Reader;
use crate::shell::{self, Around, List, Next, Rest, Step, Variables};
use crate::{dig, help, kubectl, select, verbs};
use petri_objects::Span;
use petri_objects::value::quoted;
use std::collections::BTreeMap;

/// Runs one line, which may be several lines of text, in a shell that remembers nothing.
pub fn run(line: &str, host: &mut dyn Host, files: &dyn Files) -> Output {
    Session::default().run(line, host, files)
}

/// Looks at the world again. The output has what is new, and the follow again unless the whole line is done.
pub fn poll(follow: Follow, host: &mut dyn Host, files: &dyn Files) -> Output {
    Session { memory: follow.session.clone(), ..Session::default() }.poll(follow, host, files)
}

/// Gives up on what is waited for after so long, and goes on with the rest of the line.
pub fn give_up(follow: Follow, waited: Span, host: &mut dyn Host, files: &dyn Files) -> Output {
    Session { memory: follow.session.clone(), ..Session::default() }.give_up(follow, waited, host, files)
}

/// A console that remembers from one line to the next what its shell knows: variables, files that lines wrote with `>`, and
/// whose shell it is in. It is the host's to keep: the cluster knows nothing of it, and no recording has it.
///
/// Commands take time: what stands on one line behind a command of kubectl that wrote something sees what the controllers
/// made of it in the meantime. Between lines time stands still, as their host says, unless the session is [`paced`](Self::paced).
#[derive(Clone, Debug, Default)]
pub struct Session {
    memory: Memory,
    paced: bool,
}

impl Session {
    /// One whose lines are typed by somebody: a line of kubectl takes its time after the one before it, too. For hosts that
    /// play time by themselves.
    pub fn paced() -> Session {
        Session { paced: true, ..Session::default() }
    }
    /// The pod whose shell reads the lines, for a prompt.
    pub fn prompt(&self) -> Option<String> {
        self.memory.prompt()
    }
    /// Files that lines wrote with `>`, for an editor.
    pub fn files(&self) -> &BTreeMap<String, String> {
        self.memory.files()
    }

    /// Runs one line, which may be several lines of text. Commands stand apart by `;`, `&&`, `||` and line breaks, or hand
    /// their output on by `|`; here-documents follow `<<EOF`.
    pub fn run(&mut self, line: &str, host: &mut dyn Host, files: &dyn Files) -> Output {
        let (session, mut out) = (&mut self.memory, Output::default());
        let mut line = line;
        let reader = session.inside.as_ref().map_or(Reader::Desk, reader);
        if let Some(own) = shell::prompt::without(line, reader, programs::is_program) {
            line = own;
            session.pasted = true;
        } else if session.pasted && is_command(line) {
            session.pasted = false;
        }
        if let Some(at) = session.acted.filter(|_| self.paced && is_kubectl(line.split_whitespace().next()))
            && host.world().now.since(at) < PACE
        {
            host.play_until(at + PACE);
        }
        if let Some(inside) = session.inside.clone() {
            if stays_inside(line) {
                inside_line(session, inside, line, host, files, &mut out);
                return out;
            }
            leave(session, host, &mut out);
        }
        if let Some(commands) = plain(line) {
            go_on(Rest::of_words(commands), &mut out, session, host, files, 0);
            return out;
        }
        match shell::read(line) {
            Ok(script) => go_on(Rest::new(&script), &mut out, session, host, files, 0),
            Err(_) if is_passed_over(line, session) => out.notes.push_str(PASSED_OVER),
            Err(problem) => {
                out.fail(problem.words());
                session.variables.code = 2;
            }
        }
        out
    }

    /// Looks at the world again. The output has what is new, and the follow again unless the whole line is done.
    pub fn poll(&mut self, mut follow: Follow, host: &mut dyn Host, files: &dyn Files) -> Output {
        let (session, mut out) = (&mut self.memory, Output::default());
        let over = follow.look(host, &mut out);
        if out.code == 0 {
            out.code = follow.code;
        }
        let mut rest = std::mem::take(&mut follow.rest);
        redirect(&mut out, &mut rest, session, host, files);
        if over {
            asked(session, &mut out, host);
            finish(rest, &mut out, session, host, files);
        } else {
            follow.code = out.code;
            follow.rest = rest;
            out.follow = Some(follow);
        }
        out
    }

    /// Gives up on what is waited for after so long, and goes on with the rest of the line.
    pub fn give_up(&mut self, mut follow: Follow, waited: Span, host: &mut dyn Host, files: &dyn Files) -> Output {
        let (session, mut out) = (&mut self.memory, Output::default());
        interrupted(&follow.waits_for(host.world()), waited, &mut out);
        finish(std::mem::take(&mut follow.rest), &mut out, session, host, files);
        out
    }
}

/// What a command of kubectl takes from its start to its answer, on a machine that is near its cluster.
const PACE: Span = Span::millis(100);

fn is_kubectl(first: Option<&str>) -> bool {
    matches!(first, Some("kubectl" | "k"))
}

/// Who reads the lines in a container.
fn reader(inside: &Inside) -> Reader {
    if inside.reads.is_client() { Reader::Client } else { Reader::Shell }
}

/// What is said of a line that no command begins, after one with a prompt.
const PASSED_OVER: &str = "Note: passed over: output that was pasted along\n";

/// Whether a line that cannot be read is no command: an output behind a line with a prompt, or the completion of a shell.
fn is_passed_over(line: &str, session: &Memory) -> bool {
    session.pasted && !is_command(line) || line.trim_start().starts_with("source <(")
}

/// Whether a line begins with a command.
fn is_command(line: &str) -> bool {
    let first = line.split_whitespace().next().unwrap_or_default();
    is_own(first) || kubectl::VERBS.contains(&first) || programs::is_program(first)
}

/// Whether words that are no command are what kubectl answers: the head of a table, or what was done to an object.
fn is_answer(words: &[String]) -> bool {
    const DONE: [&str; 9] =
        ["annotated", "configured", "created", "deleted", "exposed", "labeled", "patched", "scaled", "unchanged"];
    let first = words[0].as_str();
    let is_head = ["NAME", "NAMESPACE", "LAST", "CURRENT"].contains(&first) && words.len() > 1;
    is_head || first.contains('/') && words.get(1).is_some_and(|word| DONE.contains(&word.as_str()))
}

/// What few lines ask of kubectl.
const RARE_FLAGS: [&str; 6] = ["--field-selector", "--prune", "--record", "--selector", "--server-side", "--sort-by"];
const RARE: [&str; 31] = [
    "alpha",
    "annotate",
    "api-resources",
    "attach",
    "auth",
    "autoscale",
    "certificate",
    "cluster-info",
    "completion",
    "config",
    "cp",
    "debug",
    "create",
    "describe",
    "diff",
    "edit",
    "events",
    "exec",
    "explain",
    "expose",
    "kustomize",
    "label",
    "logs",
    "patch",
    "plugin",
    "port-forward",
    "replace",
    "rollout",
    "run",
    "set",
    "wait",
];

/// Whether a line asks for what few lines ask for, so that the page has it apart from the rest: a shell, a description, a
/// program in a container, an object that the line makes, a claim to wait for, or a kind that few clusters have
/// objects of. It may be a name of something else.
pub fn is_rare(line: &str) -> bool {
    let asks = |words: &Vec<String>| {
        // What is made of a file is made as `apply` makes it.
        let of_file = words.iter().any(|word| word.starts_with("-f") || word.starts_with("--filename"));
        let is_kubectl = matches!(words[0].as_str(), "kubectl" | "k");
        let awaits = words[0] == "run" && words.get(1).is_some_and(|word| word == "until");
        let verb = kubectl::verb(&words[1..]).unwrap_or_default();
        let of_image = verb == "set" && words.iter().any(|word| word == "image");
        let is_usual = of_image || of_file && verb == "create";
        let names_by_file = of_file && !matches!(verb, "apply" | "create" | "replace");
        let has_flag = words
            .iter()
            .any(|word| RARE_FLAGS.contains(&word.split('=').next().unwrap_or(word)) || word.starts_with("-l"));
        awaits || is_kubectl && (has_flag || names_by_file || RARE.contains(&verb) && !is_usual)
    };
    plain(line).is_none_or(|commands| commands.iter().any(asks)) || select::is_about_rare(line)
}

/// The commands of a line that needs no shell.
fn plain(line: &str) -> Option<Vec<Vec<String>>> {
    shell::plain(line, is_own)
}

/// Whether a word is a command of the console's own, and no shell has a meaning for it.
fn is_own(word: &str) -> bool {
    matches!(word, "kubectl" | "k" | "dig" | "help") || verbs::VERBS.contains(&word)
}

/// The shell of the console, as words and redirections see it.
struct Desk<'a> {
    session: &'a mut Memory,
    host: &'a mut dyn Host,
    files: &'a dyn Files,
    /// The script whose parts are run for `$(...)`.
    rest: Rest,
    depth: u32,
    /// What such parts say on standard error.
    stderr: String,
}

impl<'a> Desk<'a> {
    fn new(session: &'a mut Memory, host: &'a mut dyn Host, files: &'a dyn Files, rest: &Rest, depth: u32) -> Self {
        Desk { session, host, files, rest: rest.part(&List::default()), depth, stderr: String::new() }
    }
}

impl Around for Desk<'_> {
    fn variables(&mut self) -> &mut Variables {
        &mut self.session.variables
    }
    fn output_of(&mut self, list: &List) -> Result<String, String> {
        if self.depth >= MOST_NESTED {
            return Err(beyond("$(...) lies in $(...)", MOST_NESTED as usize, "deep"));
        }
        let mut out = Output::default();
        go_on(self.rest.part(list), &mut out, self.session, self.host, self.files, self.depth + 1);
        self.stderr.push_str(&out.notes);
        self.stderr.push_str(&out.stderr);
        match out.follow {
            Some(_) => Err("error: a command that waits cannot stand in $(...) here: say it on a line before".into()),
            None => Ok(out.stdout),
        }
    }
    fn read(&mut self, name: &str) -> Result<String, String> {
        desk::read(&Shelf { written: &self.session.written, files: self.files }, name)
            .map_err(|fault| fault.as_str().into())
    }
    fn write(&mut self, name: &str, text: &str, append: bool) -> Result<(), String> {
        let before = if append { self.read(name).unwrap_or_default() } else { String::new() };
        self.session.write(name, &(before + text))
    }
}

/// Runs commands up to the first that has to be waited for.
fn go_on(mut rest: Rest, out: &mut Output, session: &mut Memory, host: &mut dyn Host, files: &dyn Files, depth: u32) {
    let begun = host.world().now;
    loop {
        let mut desk = Desk::new(session, host, files, &rest, depth);
        let next = rest.next(&mut desk);
        out.stderr.push_str(&desk.stderr);
        match next {
            Next::Over => break,
            Next::Said { stdout, stderr } => {
                out.then(Output { stdout, stderr, code: rest.code, ..Output::default() });
            }
            Next::Run(step) => {
                host.says(shell::joined(&step.words));
                let before = host.world().server.revision();
                let mut next = dispatch(&step, session, host, files);
                host.says(None);
                session.turns += 1;
                if is_kubectl(step.words.first().map(String::as_str)) && host.world().server.revision() != before {
                    let now = host.world().now;
                    session.acted = Some(now);
                    let more = depth == 0 && (rest.left() > 0 || rest.is_looping());
                    if more && next.follow.is_none() && next.asks.is_none() {
                        let said = std::mem::take(&mut next.stdout);
                        next.follow = Some(Follow::new(Slept { until: now + PACE, said }, None));
                    }
                }
                if let Some(patience) = host.patience() {
                    wait(&mut next, host, patience);
                    if rest.is_looping() && host.world().now >= begun + patience {
                        interrupted("the end of a loop", patience, &mut next);
                        rest = Rest::default();
                    }
                }
                asked(session, &mut next, host);
                redirect(&mut next, &mut rest, session, host, files);
                out.then(next);
                if let Some(follow) = &mut out.follow {
                    follow.code = out.code;
                    follow.rest = rest;
                    follow.session = session.clone();
                    return;
                }
                rest.done(out.code, &mut Desk::new(session, host, files, &Rest::default(), depth));
            }
        }
    }
    out.code = rest.code;
}

/// What comes after a command that was waited for.
fn finish(mut rest: Rest, out: &mut Output, session: &mut Memory, host: &mut dyn Host, files: &dyn Files) {
    rest.done(out.code, &mut Desk::new(session, host, files, &Rest::default(), 0));
    go_on(rest, out, session, host, files, 0);
}

/// Output goes where the line says.
fn redirect(out: &mut Output, rest: &mut Rest, session: &mut Memory, host: &mut dyn Host, files: &dyn Files) {
    let (stdout, stderr) = (std::mem::take(&mut out.stdout), std::mem::take(&mut out.stderr));
    let mut desk = Desk::new(session, host, files, &Rest::default(), 0);
    (out.stdout, out.stderr) = rest.emit(stdout, stderr, &mut desk);
}

/// What a command asks of the console itself.
fn asked(session: &mut Memory, out: &mut Output, host: &mut dyn Host) {
    if out.follow.is_some() {
        return;
    }
    match out.asks.take() {
        None => {}
        Some(Asks::Enter { pod, container, reads, removes, image }) => {
            let mut inside =
                Inside { pod, container, folder: "/".into(), reads, removes, image, variables: Variables::default() };
            inside.folder = programs::folder_of(&inside.pod, &inside.container, host.world());
            out.notes.push_str(&format!(
                "Note: the next lines are for {} in {}; exit leaves it, and so does a line that begins with kubectl\n",
                inside.reads.name(),
                inside.pod.name
            ));
            session.inside = Some(inside);
        }
        Some(Asks::Listen(listens)) => {
            session.listens.retain(|known| known.port != listens.port);
            session.listens.push(listens);
            session.listens.truncate(100);
        }
    }
}

/// Whether a line that comes while a container's shell is open is for that shell.
fn stays_inside(line: &str) -> bool {
    let first = line.split_whitespace().next().unwrap_or_default();
    !["kubectl", "k", "minikube", "kind", "watch", "undo", "redo", "reset"].contains(&first)
}

/// A line for the shell of a container. The simulator's own verbs that no container knows are the console's.
fn inside_line(
    session: &mut Memory,
    mut inside: Inside,
    line: &str,
    host: &mut dyn Host,
    files: &dyn Files,
    out: &mut Output,
) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let first = words.first().copied().unwrap_or_default();
    if inside.reads.is_left_by(line) {
        return leave(session, host, out);
    }
    let own = verbs::VERBS.contains(&first) && !programs::is_program(first);
    if own && Turn::named(first).is_none() {
        if let Ok(script) = shell::read(line) {
            go_on(Rest::new(&script), out, session, host, files, 0);
        }
        return;
    }
    session.turns += 1;
    host.says(Some(line.trim().to_owned()));
    let still_there = programs::typed(&mut inside, line, session.turns, host, out);
    host.says(None);
    session.inside = Some(inside);
    if let Some(patience) = host.patience() {
        wait(out, host, patience);
    }
    if !still_there {
        leave(session, host, out);
    }
    if let Some(follow) = &mut out.follow {
        follow.session = session.clone();
    }
}

/// The shell of a container is left.
fn leave(session: &mut Memory, host: &mut dyn Host, out: &mut Output) {
    let Some(inside) = session.inside.take() else { return };
    if inside.removes {
        let mut removed = kubectl::remove_pod(&inside.pod, host);
        removed.code = out.code;
        out.then(removed);
    }
}

fn interrupted(waits_for: &str, waited: Span, out: &mut Output) {
    out.stderr.push_str(&format!("^C (waited {waited} for {waits_for})\n"));
    out.code = 130;
}

/// What does not change what a command does: it is left out.
const PREFIXES: [&str; 4] = ["sudo", "time", "command", "nohup"];

fn dispatch(step: &Step, session: &mut Memory, host: &mut dyn Host, files: &dyn Files) -> Output {
    let mut words = &step.words[..];
    // `timeout 60s COMMAND` ends a command that would wait for longer, with code 124. Of several the first one counts.
    let mut deadline = None;
    loop {
        let Some((first, rest)) = words.split_first() else { return Output::default() };
        match first.as_str() {
            "timeout" => {
                let Some((text, rest)) = rest.split_first() else {
                    return Output::error("error: timeout needs a duration");
                };
                let Some(span) = args::duration(text) else {
                    return Output::error(format!("error: invalid duration {}", quoted(text)));
                };
                let at = host.world().now + span;
                deadline = Some(deadline.map_or(at, |known| at.min(known)));
                words = rest;
            }
            prefix if PREFIXES.contains(&prefix) && !rest.is_empty() => words = rest,
            _ => break,
        }
    }
    let mut out = one(words, step, session, host, files);
    if let (Some(follow), Some(deadline)) = (&mut out.follow, deadline) {
        follow.stop_at(deadline);
    }
    out
}

/// One command of the console.
fn one(words: &[String], step: &Step, session: &mut Memory, host: &mut dyn Host, files: &dyn Files) -> Output {
    let Some((first, rest)) = words.split_first() else { return Output::default() };
    let input = step.input.as_deref();
    let (listens, turn) = (session.listens.clone(), session.turns);
    let written = session.written.clone();
    let shelf = Shelf { written: &written, files };
    let is_text = first != "cut" || input.is_some() || rest.first().is_some_and(|word| word.starts_with('-'));
    let result = match first.as_str() {
        "kubectl" | "k" => kubectl(rest, input, session, host, files),
        "minikube" if rest.first().is_some_and(|word| word == "kubectl") => {
            let rest = if rest.get(1).is_some_and(|word| word == "--") { &rest[2..] } else { &rest[1..] };
            kubectl(rest, input, session, host, files)
        }
        "curl" if let Some(asked) = desk::asked(rest, &listens, &shelf) => match asked {
            Ok(asked) => {
                let done = kubectl(&asked.words, asked.input.as_deref(), session, host, files);
                return desk::answered(&asked, done, host.world());
            }
            Err(problem) => Err(problem),
        },
        "dig" => dig::run(rest, host.world()),
        "help" | "?" if rest.first().is_some_and(|word| word == "kubectl") => Ok(Output::text(kubectl::usage::all())),
        "help" | "?" => Ok(Output::text(help::text(rest))),
        "xargs" => {
            let (own, given) = desk::xargs(rest, input.unwrap_or_default());
            if own.is_empty() || own.first().is_some_and(|word| word == "xargs") {
                return Output::text(given.join(" ") + "\n");
            }
            let next = Step { words: own.into_iter().chain(given).collect(), input: None, background: false };
            return one(&next.words, &next, session, host, files);
        }
        "watch" => {
            let own = desk::watched(rest);
            let title = format!("Every 2.0s: {}\n\n", own.join(" "));
            let next = Step { words: own, input: None, background: false };
            let mut shown = one(&next.words, &next, session, host, files);
            shown.stdout = title + &shown.stdout;
            return shown;
        }
        verb if verbs::VERBS.contains(&verb) && !(verb == "cut" && is_text) => verbs::run(words, host),
        verb if kubectl::VERBS.contains(&verb) && !programs::is_text(verb) => {
            kubectl(words, input, session, host, files)
        }
        _ => match desk::run(words, input, &listens, turn, host.world(), &shelf) {
            Some(done) => {
                let mut out = done.out;
                for (name, text) in done.written {
                    if let Err(why) = session.write(&name, &text) {
                        out.fail(format!("{first}: {name}: {why}"));
                    }
                }
                done.removed.iter().for_each(|name| drop(session.written.remove(name)));
                return out;
            }
            None if session.pasted || is_answer(words) => {
                session.pasted = true;
                return Output { notes: PASSED_OVER.into(), ..Output::default() };
            }
            None => Err(format!("error: unknown command {}; `help` lists what can be said here", quoted(first))),
        },
    };
    let mut out = result.unwrap_or_else(Output::error);
    for (name, text) in std::mem::take(&mut out.written) {
        if let Err(why) = session.write(&name, &text) {
            out.fail(format!("error: {name}: {why}"));
        }
    }
    out
}

/// A command of kubectl, in the namespace of the context.
fn kubectl(
    words: &[String],
    input: Option<&str>,
    session: &mut Memory,
    host: &mut dyn Host,
    files: &dyn Files,
) -> Result<Output, String> {
    if let Some(rest) = kubectl::config_words(words) {
        return kubectl::config::run(&rest, &mut session.configs);
    }
    let shelf = Shelf { written: &session.written, files };
    // The flag goes before all others: what stands behind `--` is another program's.
    let own = match session.configs.is_empty() {
        true => None,
        false => kubectl::config::namespace(&session.configs),
    };
    match own {
        None => kubectl::run(words, input, host, &shelf, session.turns),
        Some(own) => {
            let first = format!("--{}={own}", args::OF_CONTEXT);
            let words: Vec<String> = std::iter::once(first).chain(words.iter().cloned()).collect();
            kubectl::run(&words, input, host, &shelf, session.turns)
        }
    }
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
                interrupted(&follow.waits_for(host.world()), longest, &mut next);
            } else {
                next.follow = Some(follow);
            }
        }
        let code = if next.code == 0 { out.code } else { next.code };
        out.then(next);
        out.code = code;
    }
}

#[cfg(test)]
mod tests {
    use super::is_rare;

    /// The page fetches what few lines ask for before it says such a line, and nothing for the others.
    #[test]
    fn few_lines_are_rare() {
        for line in [
            "kubectl get pods",
            "kubectl get all",
            "kubectl get events",
            "kubectl -n shop get events --watch",
            "kubectl get pods,sts,pvc -A",
            "kubectl delete pod debug",
            "kubectl create -f web.yaml",
            "kubectl set image sts rg random-generator=k8spatterns/random-generator:2.0",
            "kubectl get pods; run 1m",
        ] {
            assert!(!is_rare(line), "{line}");
        }
        for line in [
            "kubectl events",
            "kubectl -n shop describe pod web-0",
            "kubectl create deployment web --image=nginx",
            "kubectl apply -f web.yaml --server-side",
            "kubectl get pods | wc -l",
            "kubectl get jobs",
            "kubectl get pods -l app=web",
            "kubectl delete pods --selector=app=web",
            "run until pod/web-0 is Ready",
            "kubectl delete -f web.yaml",
        ] {
            assert!(is_rare(line), "{line}");
        }
    }
}

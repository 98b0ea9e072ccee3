//! Programs: what can be started in a container, and in the console around kubectl.
//!
//! A program sees what its container would see: its volumes, its environment, the cluster's DNS, other pods over the
//! network. It changes nothing by itself: what it did to files, and to the process that runs there, becomes one
//! [`Command`](petri_sim::words::command::Command) when it has ended, so that a run can be recorded.
//!
//! | module | programs |
//! |---|---|
//! | [`text`] | what reads and writes texts: `echo`, `cat`, `grep`, `sort`, `seq`, `jq`, `date`, `sleep` ... |
//! | [`folders`] | what is about files: `ls`, `rm`, `mkdir`, `df`, `mount` ... |
//! | [`process`] | what is about the container: `hostname`, `env`, `ps`, `kill` ... |
//! | [`network`] | what asks others: `nslookup`, `dig`, `curl`, `wget`, `nc` ... |
//! | [`clients`] | what comes with an image: `zkCli.sh`, `redis-cli`, `nodetool` ... |
//! | [`sql`] | `mysql` and `psql` |
//!
//! Shells and clients that read line after line are kept by whoever types as an [`Interpreter`](crate::interpreter::Interpreter).
//!
//! Deviation: a program takes no time but for what it sleeps, and what it writes is there when it begins. Any image has
//! the usual programs but those without a shell; `curl` is missing where busybox is all there is.

mod archive;
mod clients;
pub(crate) mod desk;
mod edit;
mod environment;
mod facts;
mod family;
mod folders;
mod given;
mod image;
mod inside;
mod jq;
mod made;
mod names;
mod network;
mod pattern;
mod process;
mod replays;
mod said;
mod sql;
mod start;
mod system;
mod text;
mod web;

use crate::errors::api_error;
use crate::host::Host;
use crate::interpreter::{Interpreter, Typed};
use crate::output::{Follow, Output, Slept};
use crate::session::Inside;
use inside::{Container, Terminal};
use petri_objects::{ContainerStatus, ObjectRef, Pod, Span, Time};
use petri_sim::words::api_error::ApiError;
use petri_sim::words::command::Command;
use petri_sim::world::World;
use start::start;
use std::rc::Rc;
use system::Ran;

/// Whether a container may have a program of this name.
pub(crate) fn is_program(name: &str) -> bool {
    names::is_program(name)
}

/// Whether it is a program that reads and writes texts.
pub(crate) fn is_text(name: &str) -> bool {
    names::TEXT.contains(&name)
}

/// Whether it is a program that comes with an image and speaks to a server.
pub(crate) fn is_client(name: &str) -> bool {
    names::CLIENTS.contains(&name)
}

/// An answer over HTTP.
pub(crate) struct Reply {
    pub status: u16,
    pub reason: &'static str,
    pub kind: &'static str,
    pub body: String,
}

/// What a web server in a container answers to somebody in front of the cluster.
pub(crate) fn get(pod: &ObjectRef, container: &str, path: &str, world: &World) -> Option<Reply> {
    let found = web::answer(pod, container, path, &made::replays(), world)?;
    let reason = found.reason();
    Some(Reply { status: found.status, reason, kind: found.kind, body: found.body })
}

/// The container of a pod that listens to a port.
pub(crate) fn port(pod: &Pod, number: u16, world: &World) -> Option<String> {
    let asker = web::Asker { node: None, namespace: &pod.metadata.namespace, own: None, salt: 0, replays: None };
    match web::open(&pod.status.pod_ip, number, asker, world) {
        web::Call::Open { container, .. } => Some(container.to_string()),
        _ => None,
    }
}

/// Where a shell in a container begins.
pub(crate) fn folder_of(pod: &ObjectRef, container: &str, world: &World) -> String {
    Container::of(pod, container, world, 0).map_or_else(|| "/".into(), |container| container.folder)
}

/// What a pod that was made by these words runs with them.
pub(crate) fn entry(inside: &petri_sim::world::files::Inside<'_>, words: Vec<String>) -> Vec<String> {
    if inside.container.command.is_empty() { family::entry(&inside.container.image, words) } else { words }
}

/// What the process of a container has said between two instants: by its own command, where its words are those of programs
/// that are known here, and as its image does otherwise.
pub(crate) fn log_lines(
    pod: &Rc<Pod>,
    container: &petri_objects::Container,
    (began, ended): (Time, Option<Time>),
    world: &World,
) -> Vec<String> {
    match said::said(pod, container, began, ended, world) {
        Some(text) => text.lines().map(str::to_owned).collect(),
        None => image::log_lines(pod, container, began),
    }
}

/// When a container's process began and ended, if it has; with `previous` the one before it.
pub(crate) fn life(status: Option<&ContainerStatus>, previous: bool) -> (Time, Option<Time>) {
    let Some(status) = status else { return (Time::ZERO, None) };
    let state = if previous { &status.last_state } else { &status.state };
    match (&state.running, &state.terminated) {
        (Some(running), _) => (running.started_at, None),
        (None, Some(ended)) => (ended.started_at, Some(ended.finished_at)),
        (None, None) => (Time::ZERO, None),
    }
}

/// Starts at a terminal what reads line after line, or says how that ended at once; `None` if the command reads nothing.
pub(crate) fn open(
    pod: &ObjectRef,
    container: &str,
    command: &[String],
    host: &mut dyn Host,
) -> Option<Result<Interpreter, Output>> {
    let reads = Interpreter::of(command)?;
    let probed = exec(pod, container, &reads.probe(), None, 0, host);
    Some(if probed.code == 0 { Ok(reads) } else { Err(probed) })
}

/// `kubectl exec POD -c CONTAINER -- WORDS`: runs a program, and gives the cluster what it did.
#[inline(never)]
pub(crate) fn exec(
    pod: &ObjectRef,
    container: &str,
    words: &[String],
    input: Option<&str>,
    salt: u64,
    host: &mut dyn Host,
) -> Output {
    let Some(mut own) = Container::of(pod, container, host.world(), salt) else {
        return Output::error(format!(
            "error: Internal error occurred: unable to upgrade connection: container not found (\"{container}\")"
        ));
    };
    let name = words.first().map_or("", String::as_str);
    own = own.with(start).knowing(&made::replays());
    if !own.has(name) {
        let shown = petri_objects::value::quoted(name);
        let why = if name.contains('/') { "no such file or directory" } else { "executable file not found in $PATH" };
        let text = format!(
            "OCI runtime exec failed: exec failed: unable to start container process: exec: {shown}: {}{why}: unknown\n\
             command terminated with exit code {}",
            if name.contains('/') { format!("stat {name}: ") } else { String::new() },
            if name.contains('/') { 127 } else { 126 },
        );
        return Output { code: if name.contains('/') { 127 } else { 126 }, ..Output::error(text) };
    }
    let mut ran = own.program(words, input.map(str::to_owned));
    ran.slept = own.slept;
    let killed = own.exit_code.is_some();
    let did = own.did(pod);
    drop(own);
    if killed && ran.code == 0 && name != "kill" && name != "pkill" && name != "killall" {
        ran.code = 137;
    }
    finished(ran, did, host, true)
}

/// A line that is typed into the shell of a container, or into a client. Whether the container is there still.
#[inline(never)]
pub(crate) fn typed(inside: &mut Inside, line: &str, salt: u64, host: &mut dyn Host, out: &mut Output) -> bool {
    let Some(mut own) = Container::of(&inside.pod, &inside.container, host.world(), salt) else {
        out.fail("error: the container has ended, and its shell with it\ncommand terminated with exit code 137");
        out.code = 137;
        return false;
    };
    own = own.with(start).knowing(&made::replays());
    if let Some(image) = &inside.image {
        own.family = family::family(image);
    }
    if !inside.variables.is_empty() {
        own.variables = std::mem::take(&mut inside.variables);
    }
    own.folder = std::mem::take(&mut inside.folder);
    own.terminal = Some(Terminal { database: inside.reads.database.take() });
    let mut ran = match inside.reads.take(line) {
        Typed::Script(text) => own.script(&text, inside.reads.name(), None),
        Typed::Program(words, input) => own.program(&words, input),
        Typed::More => Ran::default(),
    };
    ran.slept = own.slept;
    let killed = own.exit_code.is_some();
    let did = own.did(&inside.pod);
    inside.reads.database = own.terminal.take().and_then(|terminal| terminal.database);
    inside.variables = std::mem::take(&mut own.variables);
    inside.folder = std::mem::take(&mut own.folder);
    drop(own);
    out.then(finished(ran, did, host, false));
    !killed
}

/// Gives the cluster what a program did, and waits for as long as it slept.
fn finished(ran: Ran, did: Vec<Command>, host: &mut dyn Host, tells_code: bool) -> Output {
    let mut out = Output { stdout: ran.stdout, stderr: ran.stderr, code: ran.code, ..Output::default() };
    for command in did {
        if let Err(error) = host.command(command) {
            out.fail(match error {
                ApiError::BadRequest(message) => format!("error: {message}"),
                error => api_error(&error, None),
            });
        }
    }
    if tells_code && out.code != 0 {
        out.stderr.push_str(&format!("command terminated with exit code {}\n", out.code));
    }
    if ran.slept > Span::ZERO {
        let until = host.world().now + ran.slept;
        let follow = Follow::new(Slept { until, said: std::mem::take(&mut out.stdout) }, None);
        return Output { follow: Some(follow), ..out };
    }
    out
}

#[cfg(test)]
mod tests;

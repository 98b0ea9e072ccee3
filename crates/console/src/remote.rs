//! What runs in a container, for clients that come over the network: programs, a shell, what a process has said, and what
//! listens to a port.
//!
//! The words are those of `kubectl exec`, `attach`, `logs` and `port-forward`, without kubectl: whoever serves them stands
//! where the kubelet does.

use crate::host::Host;
use crate::output::{Follow, Output};
use crate::programs::{self, Reply};
use crate::session::Inside;
use crate::shell::Variables;
use petri_objects::{Container, ContainerStatus, ObjectRef, Pod, Time};
use petri_sim::world::World;
use std::rc::Rc;

/// What came of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
    /// It sleeps until then, and `stdout` is said when it wakes.
    pub until: Option<Time>,
}

impl Ran {
    fn of(mut output: Output) -> Ran {
        let until = output.follow.as_ref().and_then(Follow::until);
        output.stdout.push_str(&output.slept_text());
        // kubectl says itself with which code a program ended.
        let told = format!("command terminated with exit code {}\n", output.code);
        let stderr = output.stderr.strip_suffix(&told).unwrap_or(&output.stderr).to_owned();
        Ran { stdout: output.stdout, stderr, code: output.code, until }
    }
}

/// Runs a program in a container. `salt`: of several endpoints each call takes the next.
pub fn exec(
    pod: &ObjectRef,
    container: &str,
    words: &[String],
    input: Option<&str>,
    salt: u64,
    host: &mut dyn Host,
) -> Ran {
    host.says(Some(format!("kubectl exec {} -c {container} -- {}", pod.name, words.join(" "))));
    let ran = Ran::of(programs::exec(pod, container, words, input, salt, host));
    host.says(None);
    ran
}

/// Whether a program waits for what it is given on standard input.
pub fn reads(words: &[String]) -> bool {
    let name = words.first().map_or("", |word| word.rsplit('/').next().unwrap_or_default());
    programs::is_text(name)
        || programs::is_client(name)
        || ["sh", "bash", "ash", "dash", "tar", "dd", "xargs"].contains(&name)
}

/// A shell or a client in a container that somebody types into.
#[derive(Clone, Debug)]
pub struct Shell {
    inside: Inside,
    turns: u64,
}

impl Shell {
    /// What these words start, if it reads line after line: `bash`, `sh -i`, `mysql -u root`, and nothing at all. `None` if
    /// it does not, if the image has none, or if it ends at once.
    pub fn open(pod: &ObjectRef, container: &str, words: &[String], host: &mut dyn Host) -> Option<Shell> {
        let reads = programs::open(pod, container, words, host)?.ok()?;
        let inside = Inside {
            pod: pod.clone(),
            container: container.into(),
            folder: programs::folder_of(pod, container, host.world()),
            reads,
            removes: false,
            image: None,
            variables: Variables::default(),
        };
        Some(Shell { inside, turns: 0 })
    }
    /// What stands before the next line.
    pub fn prompt(&self) -> String {
        if let Some(prompt) = self.inside.reads.prompt() {
            return prompt;
        }
        match self.inside.reads.name() {
            "bash" => format!("root@{}:{}# ", self.inside.pod.name, self.inside.folder),
            _ => format!("{} # ", self.inside.folder),
        }
    }
    /// Whether a line leaves it.
    pub fn is_left_by(&self, line: &str) -> bool {
        self.inside.reads.is_left_by(line)
    }
    /// A line, and whether the container is there still.
    pub fn line(&mut self, line: &str, host: &mut dyn Host) -> (Ran, bool) {
        self.turns += 1;
        let mut out = Output::default();
        host.says(Some(line.trim().to_owned()));
        let open = programs::typed(&mut self.inside, line, self.turns, host, &mut out);
        host.says(None);
        (Ran::of(out), open)
    }
}

/// What the process of a container has said between two instants; without an end until now.
pub fn log_lines(pod: &Rc<Pod>, container: &Container, life: (Time, Option<Time>), world: &World) -> Vec<String> {
    programs::log_lines(pod, container, life, world)
}

/// When a container's process began and ended, if it has; with `previous` the one before it.
pub fn life(status: Option<&ContainerStatus>, previous: bool) -> (Time, Option<Time>) {
    programs::life(status, previous)
}

/// What became of a connection to a port of a pod, from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Port {
    /// Nobody listens there.
    Refused,
    /// Something listens in this container.
    Open(String),
}

/// Looks for what listens to a port of a pod.
pub fn port(pod: &Pod, number: u16, world: &World) -> Port {
    programs::port(pod, number, world).map_or(Port::Refused, Port::Open)
}

/// An answer over HTTP: status, its words, media type and body. `None` if what listens there speaks no HTTP.
pub fn get(
    pod: &ObjectRef,
    container: &str,
    path: &str,
    world: &World,
) -> Option<(u16, &'static str, &'static str, String)> {
    programs::get(pod, container, path, world).map(|Reply { status, reason, kind, body }| (status, reason, kind, body))
}

//! What a console remembers from one line to the next: variables, files that lines wrote, and whose shell it is in.
//!
//! It is the host's to keep: the cluster knows nothing of it, and no recording has it.

use crate::host::{Files, Unread};
use crate::interpreter::Interpreter;
use crate::limits::{LARGEST_ANSWER, LONGEST_LINE, MOST_FILES, beyond};
use crate::shell::Variables;
use petri_objects::{ObjectRef, Time, Value};
use std::collections::BTreeMap;

/// What a console remembers from one line to the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    pub(crate) variables: Variables,
    /// Files that lines wrote with `>`, before those of the editor.
    pub(crate) written: BTreeMap<String, String>,
    /// The container whose shell reads the lines.
    pub(crate) inside: Option<Inside>,
    /// What `kubectl port-forward` and `kubectl proxy` listen to.
    pub(crate) listens: Vec<Listens>,
    /// What `kubectl config` changed: a kubeconfig for each file, the usual one under the empty name.
    pub(crate) configs: Vec<(String, Value)>,
    /// A line with a prompt was typed: what is no command after it is output that was pasted along.
    pub(crate) pasted: bool,
    /// When a command of kubectl last changed something.
    pub(crate) acted: Option<Time>,
    /// Commands that were run: of several endpoints, each call takes the next.
    pub(crate) turns: u64,
}

/// A shell or a client in a container that was opened and not left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inside {
    pub pod: ObjectRef,
    pub container: String,
    pub folder: String,
    /// A shell, or a client.
    pub reads: Interpreter,
    /// The pod goes when the shell is left: `kubectl run --rm`.
    pub removes: bool,
    /// The image whose programs there are, if it is not the container's own: `kubectl debug`.
    pub image: Option<String>,
    pub variables: Variables,
}

/// A port of the person's own machine that leads into the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listens {
    pub port: u16,
    /// The pod or Service; `None` for `kubectl proxy`.
    pub target: Option<(ObjectRef, u16)>,
}

impl Memory {
    /// What stands before the next line, if a container reads it: the pod whose shell does, or the client's own words.
    pub(crate) fn prompt(&self) -> Option<String> {
        let shell = |inside: &Inside| format!("{}:{}# ", inside.pod.name, inside.folder);
        self.inside.as_ref().map(|inside| inside.reads.prompt().unwrap_or_else(|| shell(inside)))
    }
    /// Files that lines wrote with `>`, for an editor.
    pub(crate) fn files(&self) -> &BTreeMap<String, String> {
        &self.written
    }

    /// # Errors
    /// There are too many, or they are too large together.
    pub(crate) fn write(&mut self, name: &str, text: &str) -> Result<(), String> {
        let name = name.trim_start_matches("./");
        if name.is_empty() || name.ends_with('/') {
            return Err("Is a directory".into());
        }
        let others = self.written.iter().filter(|(known, _)| *known != name);
        let (count, bytes) = others.fold((1, text.len()), |(n, bytes), (_, text)| (n + 1, bytes + text.len()));
        if count > MOST_FILES {
            return Err(beyond("a console writes", MOST_FILES, "files"));
        }
        if text.len() > LONGEST_LINE || bytes > LARGEST_ANSWER {
            return Err("No space left on device".into());
        }
        self.written.insert(name.into(), text.into());
        Ok(())
    }
}

/// The files that lines wrote, before those of the host.
pub(crate) struct Shelf<'a> {
    pub written: &'a BTreeMap<String, String>,
    pub files: &'a dyn Files,
}

impl Files for Shelf<'_> {
    fn read(&self, name: &str) -> Result<String, Unread> {
        match self.written.get(name.trim_start_matches("./")) {
            Some(text) => Ok(text.clone()),
            None => self.files.read(name),
        }
    }
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.written.keys().cloned().collect();
        names.extend(self.files.names().into_iter().filter(|name| !self.written.contains_key(name)));
        names
    }
}

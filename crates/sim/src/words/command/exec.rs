//! What a program in a container did to its files, as a command says it.

use petri_objects::{Name, ObjectRef, by_name};
use serde::{Deserialize, Serialize};

by_name! {
    FileKind, "kind of file";
}

/// What is at a path after a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    #[default]
    File,
    Folder,
    /// Nothing.
    Gone,
}

impl FileKind {
    pub const ALL: [FileKind; 3] = [FileKind::File, FileKind::Folder, FileKind::Gone];

    pub fn name(self) -> &'static str {
        match self {
            FileKind::File => "file",
            FileKind::Folder => "folder",
            FileKind::Gone => "gone",
        }
    }
    pub fn from_name(name: &str) -> Option<FileKind> {
        FileKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A file that was written, a folder that was made, or what was removed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileChange {
    /// From the container's root, as `/usr/share/nginx/html/index.html`.
    pub path: Name,
    pub what: FileKind,
    /// The whole text of a file.
    #[serde(default, skip_serializing_if = "is_blank")]
    pub text: Name,
    /// Permissions; 0 for the usual ones.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub mode: u32,
}

fn is_blank(text: &Name) -> bool {
    text.is_empty()
}
fn is_zero(mode: &u32) -> bool {
    *mode == 0
}

/// A line that comes to the same, with the flag for the pod's namespace.
pub(super) fn line(
    pod: &ObjectRef,
    flag: &str,
    container: &Name,
    files: &[FileChange],
    exit_code: Option<i32>,
) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let mut steps: Vec<String> = Vec::new();
    for change in files {
        let path = quoted(&change.path);
        steps.push(match change.what {
            FileKind::File => format!("printf %s {} > {path}", quoted(&change.text)),
            FileKind::Folder => format!("mkdir -p {path}"),
            FileKind::Gone => format!("rm -rf {path}"),
        });
        if change.mode != 0 {
            steps.push(format!("chmod {:o} {path}", change.mode));
        }
    }
    if let Some(code) = exit_code {
        steps.push(if code == 0 { "kill 1".into() } else { format!("kill -{} 1", (code - 128).clamp(1, 64)) });
    }
    let name = &pod.name;
    format!("kubectl exec {name} -c {container}{flag} -- sh -c {}", quoted(&steps.join("; ")))
}

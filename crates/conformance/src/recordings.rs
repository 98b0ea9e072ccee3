//! The recordings that the project carries, and the score that each must keep.

use crate::judge::{Verdict, judge};
use crate::replay;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One recorded scenario.
pub struct Recording {
    pub name: String,
    pub folder: PathBuf,
}

impl Recording {
    /// The trace that was recorded.
    ///
    /// # Errors
    /// A sentence about the file.
    pub fn expected(&self) -> Result<String, String> {
        let path = self.folder.join("expected.jsonl");
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    }
    /// Plays the scenario and compares.
    ///
    /// # Errors
    /// A sentence about a file that is missing or cannot be understood.
    pub fn judge(&self) -> Result<Verdict, String> {
        Ok(judge(&self.expected()?, &replay::run(&self.folder)?))
    }
}

/// The folder of the carried recordings.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance")
}

/// Every scenario of a folder, by name.
pub fn all(folder: &Path) -> Vec<Recording> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let recording = |path: PathBuf| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        path.join("expected.jsonl").is_file().then_some((name, path))
    };
    let found: BTreeMap<String, PathBuf> = entries.filter_map(|entry| recording(entry.path())).collect();
    found.into_iter().map(|(name, folder)| Recording { name, folder }).collect()
}

/// How the file of floors begins.
pub const FLOORS_TITLE: &str = "# The least score of each recording, in percent. `petri conformance --raise` writes what is reached;\n\
                                # a floor never falls.\n";

/// The least score of each scenario, from lines of `name percent`; `#` begins a comment.
pub fn floors(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines
        .filter_map(|line| {
            let (name, percent) = line.trim().split_once(' ')?;
            Some((name.to_owned(), percent.trim().parse().ok()?))
        })
        .collect()
}

//! The recordings that the project carries, and the score that each must keep.

use crate::judge::{Verdict, judge};
use crate::replay;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One recorded scenario: its files, by their paths inside the recording's folder. Where they come from is the caller's
/// affair: a browser has no folders.
pub struct Recording {
    pub name: String,
    pub files: BTreeMap<String, String>,
}

impl Recording {
    /// Reads a folder with all that lies in it.
    ///
    /// # Errors
    /// A sentence about the file or folder that cannot be read.
    pub fn read(folder: &Path) -> Result<Recording, String> {
        let mut files = BTreeMap::new();
        collect(folder, "", &mut files)?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Recording { name, files })
    }
    /// One of its files.
    ///
    /// # Errors
    /// A sentence about the file that is missing.
    pub fn file(&self, path: &str) -> Result<&str, String> {
        self.files.get(path).map(String::as_str).ok_or_else(|| format!("{} holds no {path}", self.name))
    }
    /// The trace that was recorded.
    ///
    /// # Errors
    /// A sentence about the file that is missing.
    pub fn expected(&self) -> Result<&str, String> {
        self.file("expected.jsonl")
    }
    /// Plays the scenario and compares.
    ///
    /// # Errors
    /// A sentence about a file that is missing or cannot be understood.
    pub fn judge(&self) -> Result<Verdict, String> {
        Ok(judge(self.expected()?, &replay::run(self)?))
    }
}

/// Texts below a folder, by their paths inside of it. What is no text is passed over.
fn collect(folder: &Path, inside: &str, files: &mut BTreeMap<String, String>) -> Result<(), String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries.flatten() {
        let name = format!("{inside}{}", entry.file_name().to_string_lossy());
        let path = entry.path();
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files)?;
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            files.insert(name, text);
        }
    }
    Ok(())
}

/// The folder of the carried recordings.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance")
}

/// Every scenario of a folder, by name.
///
/// # Errors
/// A sentence about a recording that cannot be read.
pub fn all(folder: &Path) -> Result<Vec<Recording>, String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.join("expected.jsonl").is_file()).collect();
    folders.sort();
    folders.iter().map(|folder| Recording::read(folder)).collect()
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

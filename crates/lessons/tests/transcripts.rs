//! Every lesson and every transcript answers as it is written. `UPDATE_EXPECT=1` writes what was answered instead.

use petri_lessons::transcript::{Options, run};
use std::path::{Path, PathBuf};

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder exists")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    files.sort();
    files
}

fn check(folder: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let options = Options::default();
    let mut failures = String::new();
    let files = files(&folder);
    assert!(!files.is_empty(), "{} has no transcripts", folder.display());
    for file in files {
        let text = std::fs::read_to_string(&file).expect("the file was just listed");
        let report = run(&text, &options).expect("it is a transcript");
        if options.rewrite {
            std::fs::write(&file, &report.text).expect("the file can be written");
        }
        for mismatch in &report.mismatches {
            failures.push_str(&format!("{}, {mismatch}\n", file.display()));
        }
    }
    assert!(failures.is_empty(), "answers differ; UPDATE_EXPECT=1 writes them anew\n\n{failures}");
}

#[test]
fn lessons_answer_as_they_are_written() {
    check("content");
}

#[test]
fn transcripts_answer_as_they_are_written() {
    check("../../tests/transcripts");
}

/// Lines of official pages, with the answers that those pages show but for names, ages and what newer versions word
/// differently. StatefulSet Basics and ZooKeeper stand among the transcripts.
#[test]
fn official_pages_are_answered_as_they_say() {
    check("../../tests/tutorials");
}

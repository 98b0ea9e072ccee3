//! Every transcript in `tests/transcripts` and every lesson says what really happens.

use petri_lessons::LESSONS;
use petri_lessons::transcript::{self, Options};
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("transcripts")
}

/// The differences, as text; empty if everything is as written.
fn differences(name: &str, text: &str) -> String {
    match transcript::run(text, &Options::default()) {
        Err(problem) => format!("{name}: {problem}\n"),
        Ok(report) => report.mismatches.iter().map(|mismatch| format!("{name}, {mismatch}\n")).collect(),
    }
}

#[test]
fn every_transcript_says_what_happens() {
    let mut found = String::new();
    let mut count = 0;
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder()).expect("the folder exists").flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|e| e == "md")) {
        count += 1;
        let text = std::fs::read_to_string(path).expect("the transcript is readable");
        found.push_str(&differences(&path.display().to_string(), &text));
        if Options::default().rewrite {
            let report = transcript::run(&text, &Options::default()).expect("the transcript runs");
            std::fs::write(path, report.text).expect("the transcript is writable");
        }
    }
    assert!(count >= 7, "only {count} transcripts were found");
    assert!(found.is_empty(), "{found}");
}

#[test]
fn every_lesson_says_what_happens() {
    let found: String = LESSONS.iter().map(|lesson| differences(lesson.id, lesson.text)).collect();
    assert!(found.is_empty(), "{found}");
}

#[test]
fn a_transcript_that_lies_is_found_out() {
    let options = Options { rewrite: false, ..Options::default() };
    let text = "```console\n$ kubectl get pods\nNAME   READY   STATUS\n```\n";
    let report = transcript::run(text, &options).expect("the transcript runs");
    assert_eq!(report.mismatches.len(), 1);
}

//! Every transcript in `tests/transcripts` and every lesson says what really happens.

use petri_lessons::transcript;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("transcripts")
}

#[test]
fn every_transcript_says_what_happens() {
    let mut failures = Vec::new();
    let mut count = 0;
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder()).expect("the folder exists").flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|e| e == "md")) {
        count += 1;
        let text = std::fs::read_to_string(path).expect("the transcript is readable");
        let report = transcript::run(&text);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(path, report.rewritten()).expect("the transcript is writable");
        } else if let Some(difference) = report.difference() {
            failures.push(format!("{}:\n{difference}", path.display()));
        }
    }
    assert!(count >= 5, "only {count} transcripts were found");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn a_transcript_that_lies_is_found_out() {
    let text = "```console\n$ kubectl get pods\nNAME   READY   STATUS\n```\n";
    assert!(transcript::run(text).difference().is_some());
}

//! The engine in a real browser: every transcript answers there as it is written, and every recording of a real control
//! plane keeps the score that it has natively. The build script lists them, one test each.
#![cfg(target_arch = "wasm32")]

use petri_conformance::recordings::{Recording, floors};
use petri_lessons::transcript::{Options, run};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

fn check_transcript(text: &str) {
    let report = run(text, &Options::default()).expect("it is a transcript");
    let mismatches: Vec<String> = report.mismatches.iter().map(|mismatch| mismatch.to_string()).collect();
    assert!(mismatches.is_empty(), "{}", mismatches.join("\n"));
}

fn check_recording(name: &str, files: &[(&str, &str)]) {
    let floor = floors(include_str!("../conformance/floors.txt"))[name];
    let own = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
    let recording = Recording { name: name.to_owned(), files: files.iter().map(own).collect() };
    let verdict = recording.judge().expect("a carried recording can be played");
    let said: Vec<&str> = verdict.differences.iter().take(3).map(|difference| difference.text.as_str()).collect();
    assert!(verdict.overall >= floor, "{:.2} is below {floor:.2}: {said:#?}", verdict.overall);
}

mod transcripts {
    use super::{check_transcript, wasm_bindgen_test};
    include!(concat!(env!("OUT_DIR"), "/transcripts.rs"));
}

mod recordings {
    use super::{check_recording, wasm_bindgen_test};
    include!(concat!(env!("OUT_DIR"), "/recordings.rs"));
}

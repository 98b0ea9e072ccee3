//! The engine in a real browser: every transcript answers there as it is written, every recording of a real control plane
//! keeps the score that it has natively, and random runs come to the same worlds. The build script lists them.
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

mod swarm {
    use super::wasm_bindgen_test;
    use petri_swarm::once;
    use petri_swarm::play::Company;
    include!(concat!(env!("OUT_DIR"), "/swarm.rs"));

    /// The seeds of a table that come to another fingerprint here.
    fn differing(table: &[(u64, u64)]) -> Vec<u64> {
        let here = |seed| once(seed, Company::Alone).1.marks.last().copied().unwrap_or_default();
        table.iter().filter(|(seed, native)| here(*seed) != *native).map(|(seed, _)| *seed).collect()
    }

    fn check_seeds(first: usize) {
        let ten: Vec<(u64, u64)> = NATIVE.iter().skip(first).take(10).copied().collect();
        let differing = differing(&ten);
        assert!(differing.is_empty(), "seeds {differing:?} come to another world than natively");
    }

    #[wasm_bindgen_test]
    fn two_hundred_seeds_were_played_natively() {
        assert_eq!(NATIVE.len(), 200, "run this by `cargo xtask test --only browser`, which plays them first");
    }

    #[wasm_bindgen_test]
    fn another_fingerprint_is_told() {
        let (seed, native) = NATIVE[0];
        assert_eq!(differing(&[(seed, native ^ 1)]), [seed]);
    }
}

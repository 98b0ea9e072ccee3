//! `petri fidelity`: the promises that the sources make, collected when this was built.

use crate::conformance::mean;
use petri_conformance::recordings;

/// What is simulated.
const KUBERNETES: &str = "1.36";

/// Word, file, sentence.
const PROMISES: &[(&str, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/fidelity.rs"));

/// The promises, and how well each carried recording of a real control plane is reproduced.
pub fn report() -> String {
    promises() + &scores()
}

/// Plays every recording and compares it.
fn scores() -> String {
    let floors = std::fs::read_to_string(recordings::folder().join("floors.txt")).unwrap_or_default();
    let floors = recordings::floors(&floors);
    let mut text =
        format!("\nrecordings of a real control plane, in percent\n  {:<44} {:>6} {:>6}\n", "", "now", "floor");
    let mut all = Vec::new();
    for recording in recordings::all(&recordings::folder()) {
        let floor = floors.get(&recording.name).map_or("-".into(), |floor| format!("{floor:.2}"));
        match recording.judge() {
            Ok(verdict) => {
                text.push_str(&format!("  {:<44} {:>6.2} {floor:>6}\n", recording.name, verdict.overall));
                all.push((recording.name, verdict.overall));
            }
            Err(problem) => text.push_str(&format!("  {:<44} {problem}\n", recording.name)),
        }
    }
    match all.is_empty() {
        true => text + "  none: they are in tests/conformance of the source\n",
        false => text + &format!("  {:<44} {:>6.2}\n", format!("mean of {}", all.len()), mean(&all)),
    }
}

fn promises() -> String {
    let count = |word: &str| PROMISES.iter().filter(|(w, _, _)| *w == word).count();
    let mut text = format!(
        "petri {}, after Kubernetes {KUBERNETES}\n{} parts name what they follow, {} deviations, {} invariants\n",
        env!("CARGO_PKG_VERSION"),
        count("Upstream"),
        count("Deviation"),
        count("Invariant")
    );
    let mut file = "";
    for (word, at, sentence) in PROMISES {
        if *at != file {
            text.push_str(&format!("\n{at}\n"));
            file = at;
        }
        text.push_str(&format!("  {word}: {sentence}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_names_deviations_by_file() {
        let text = promises();
        assert!(text.contains("\ncrates/sim/src/network.rs\n"));
        assert!(text.contains("  Deviation: "));
    }
}

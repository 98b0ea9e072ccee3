//! `petri fidelity`: the promises that the sources make, collected when this was built.

/// Word, file, sentence.
const PROMISES: &[(&str, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/fidelity.rs"));

pub fn report() -> String {
    let count = |word: &str| PROMISES.iter().filter(|(w, _, _)| *w == word).count();
    let mut text = format!(
        "petri {}, after Kubernetes 1.36\n{} parts name what they follow, {} deviations, {} invariants\n",
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
        let text = report();
        assert!(text.contains("\ncrates/sim/src/network.rs\n"));
        assert!(text.contains("  Deviation: "));
    }
}

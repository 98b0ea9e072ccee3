//! How faithful it is: the promises that the sources make, collected when this was built.

use crate::recordings;
use html_escape::encode_text as escape;

/// What is simulated.
const KUBERNETES: &str = "1.36";

/// Word, file, sentence.
const PROMISES: &[(&str, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/fidelity.rs"));

/// One recording of a real control plane: its name, what it scores now and what it must, in percent.
struct Score {
    name: String,
    now: Result<f64, String>,
    floor: Option<f64>,
}

/// The promises, and how well each carried recording of a real control plane is reproduced.
pub fn report() -> String {
    promises() + &score_table(&scores())
}

/// The same as a page of its own.
pub fn page() -> String {
    html(&scores())
}

/// Plays every recording and compares it.
fn scores() -> Vec<Score> {
    let floors = std::fs::read_to_string(recordings::folder().join("floors.txt")).unwrap_or_default();
    let floors = recordings::floors(&floors);
    let carried = recordings::all(&recordings::folder()).unwrap_or_default();
    carried
        .into_iter()
        .map(|recording| Score {
            floor: floors.get(&recording.name).copied(),
            now: recording.judge().map(|verdict| verdict.overall),
            name: recording.name,
        })
        .collect()
}

/// The arithmetic mean of named scores, in percent.
pub fn mean(scores: &[(String, f64)]) -> f64 {
    scores.iter().map(|(_, score)| score).sum::<f64>() / scores.len().max(1) as f64
}

/// Those that could be played, for their mean.
fn played(scores: &[Score]) -> Vec<(String, f64)> {
    scores.iter().filter_map(|score| Some((score.name.clone(), *score.now.as_ref().ok()?))).collect()
}

fn score_table(scores: &[Score]) -> String {
    let mut text =
        format!("\nrecordings of a real control plane, in percent\n  {:<44} {:>6} {:>6}\n", "", "now", "floor");
    for Score { name, now, floor } in scores {
        let floor = floor.map_or("-".into(), |floor| format!("{floor:.2}"));
        match now {
            Ok(now) => text.push_str(&format!("  {name:<44} {now:>6.2} {floor:>6}\n")),
            Err(problem) => text.push_str(&format!("  {name:<44} {problem}\n")),
        }
    }
    let played = played(scores);
    match played.is_empty() {
        true => text + "  none: they are in tests/conformance of the source\n",
        false => text + &format!("  {:<44} {:>6.2}\n", format!("mean of {}", played.len()), mean(&played)),
    }
}

fn html(scores: &[Score]) -> String {
    let mut rows = String::new();
    for Score { name, now, floor } in scores {
        let now = now.as_ref().map_or_else(|problem| escape(problem).into_owned(), |now| format!("{now:.2}"));
        let floor = floor.map_or(String::new(), |floor| format!("{floor:.2}"));
        rows.push_str(&format!("<tr><td>{}<td>{now}<td>{floor}\n", escape(name)));
    }
    let played = played(scores);
    let mut promised = String::new();
    let mut file = "";
    for (word, at, sentence) in PROMISES.iter().filter(|(word, _, _)| *word != "Invariant") {
        if *at != file {
            promised.push_str(&format!("<h3>{}</h3>\n", escape(at)));
            file = at;
        }
        promised.push_str(&format!("<p class={}><b>{word}</b> {}</p>\n", word.to_lowercase(), code(sentence)));
    }
    format!(
        include_str!("fidelity.html"),
        version = env!("CARGO_PKG_VERSION"),
        kubernetes = KUBERNETES,
        recordings = played.len(),
        mean = mean(&played),
        rows = rows,
        promised = promised,
        deviations = PROMISES.iter().filter(|(word, _, _)| *word == "Deviation").count(),
    )
}

/// What stands between backquotes becomes code.
fn code(text: &str) -> String {
    let parts = escape(text);
    let parts = parts.split('`').enumerate();
    parts.map(|(i, part)| if i % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() }).collect()
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
    fn the_page_has_a_row_for_each_recording_and_escapes_what_it_quotes() {
        let one = Score { name: "sts-create".into(), now: Ok(99.5), floor: Some(99.0) };
        let other = Score { name: "<b>".into(), now: Err("a & b".into()), floor: None };
        let text = html(&[one, other]);
        assert!(text.contains("<tr><td>sts-create<td>99.50<td>99.00\n"));
        assert!(text.contains("<tr><td>&lt;b&gt;<td>a &amp; b<td>\n"));
        assert!(text.contains("<p class=deviation><b>Deviation</b> "));
        assert_eq!(code("as `a<b` is"), "as <code>a&lt;b</code> is");
    }

    #[test]
    fn the_report_names_deviations_by_file() {
        let text = promises();
        assert!(text.contains("\ncrates/sim/src/reality/network.rs\n"));
        assert!(text.contains("  Deviation: "));
    }
}

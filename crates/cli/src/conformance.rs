//! `petri judge` and `petri conformance`: how well simulated traces agree with recorded ones.

use petri_conformance::fidelity::mean;
use petri_conformance::judge::{Verdict, judge as compare};
use petri_conformance::recordings::{self, Recording};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Compares two traces and prints what differs.
pub fn judge(expected: &str, actual: &str) -> ExitCode {
    let read = |path: &str| std::fs::read_to_string(path).map_err(|error| eprintln!("error: {path}: {error}"));
    let (Ok(expected), Ok(actual)) = (read(expected), read(actual)) else { return ExitCode::FAILURE };
    let verdict = compare(&expected, &actual);
    for difference in &verdict.differences {
        println!("[{}] {}", difference.area, difference.text);
    }
    println!("{:.2} %", verdict.overall);
    ExitCode::SUCCESS
}

/// Plays every recording of a folder and prints a table; with `--raise` the floors of the carried ones rise.
pub fn conformance(words: &[String]) -> ExitCode {
    let raise = words.iter().any(|word| word == "--raise");
    let folder = words.iter().find(|word| !word.starts_with("--")).map_or_else(recordings::folder, PathBuf::from);
    let all = match recordings::all(&folder) {
        Ok(all) => all,
        Err(problem) => {
            eprintln!("error: {problem}");
            return ExitCode::FAILURE;
        }
    };
    if all.is_empty() {
        eprintln!("error: {} holds no recordings", folder.display());
        return ExitCode::FAILURE;
    }
    let scores: Vec<(String, f64)> =
        all.iter().filter_map(|recording| Some((recording.name.clone(), one(recording)?))).collect();
    println!("{:<44} {:>6.2}", "mean", mean(&scores));
    if raise && let Err(problem) = raise_floors(&folder, &scores) {
        eprintln!("error: {problem}");
        return ExitCode::FAILURE;
    }
    if scores.len() == all.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn one(recording: &Recording) -> Option<f64> {
    match recording.judge() {
        Ok(verdict) => {
            println!("{:<44} {:>6.2}  {}", recording.name, verdict.overall, parts(&verdict));
            Some(verdict.overall)
        }
        Err(problem) => {
            eprintln!("{}: {problem}", recording.name);
            None
        }
    }
}

fn parts(verdict: &Verdict) -> String {
    verdict.groups.iter().map(|(group, percent)| format!("{group} {percent:.0}")).collect::<Vec<_>>().join("  ")
}

/// Floors only rise.
fn raise_floors(folder: &Path, scores: &[(String, f64)]) -> Result<(), String> {
    let path = folder.join("floors.txt");
    let old = recordings::floors(&std::fs::read_to_string(&path).unwrap_or_default());
    let mut text = String::from(recordings::FLOORS_TITLE);
    for (name, score) in scores {
        // A hundredth of slack for rounding on another machine.
        let floor = (score - 0.01).max(old.get(name).copied().unwrap_or(0.0));
        text.push_str(&format!("{name} {floor:.2}\n"));
    }
    std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
}

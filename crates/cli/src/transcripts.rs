//! `petri run`: transcripts on a terminal.

use petri_lessons::transcript::{Options, run as run_transcript};
use std::process::ExitCode;

pub fn run(words: &[String]) -> ExitCode {
    let update = words.iter().any(|word| word == "--update");
    let files: Vec<&String> = words.iter().filter(|word| !word.starts_with("--")).collect();
    if let Some(flag) = words.iter().find(|word| word.starts_with("--") && *word != "--update") {
        eprintln!("petri run: unknown flag {flag}");
        return ExitCode::from(2);
    }
    if files.is_empty() {
        eprintln!("petri run: which transcript? petri run FILE.md");
        return ExitCode::from(2);
    }
    let mut options = Options::default();
    options.rewrite |= update;
    let mut failed = false;
    for file in files {
        if let Err(problem) = one(file, &options) {
            eprintln!("{file}: {problem}");
            failed = true;
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn one(file: &str, options: &Options) -> Result<(), String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let report = run_transcript(&text, options)?;
    if options.rewrite && report.text != text {
        std::fs::write(file, &report.text).map_err(|error| error.to_string())?;
        println!("{file}: rewritten, {} lines", report.lines);
        return Ok(());
    }
    if report.is_ok() {
        println!("{file}: ok, {} lines", report.lines);
        return Ok(());
    }
    let texts: Vec<String> = report.mismatches.iter().map(|mismatch| format!("\n{mismatch}")).collect();
    Err(format!("{} answers differ\n{}", report.mismatches.len(), texts.concat()))
}

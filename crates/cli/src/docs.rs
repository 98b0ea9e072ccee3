//! `petri doctest` and `petri mdbook`: clusters in other people's documentation.

use petri_docs::doctest::Report;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

/// Runs the fences of a folder or a file.
pub fn doctest(words: &[String]) -> ExitCode {
    let (flags, paths): (Vec<&str>, Vec<&str>) = words.iter().map(String::as_str).partition(|w| w.starts_with("--"));
    let ([path], [] | ["--github"]) = (&paths[..], &flags[..]) else {
        eprintln!("petri doctest: one folder or file, please: petri doctest PATH [--github]");
        return ExitCode::from(2);
    };
    match petri_docs::doctest::check(Path::new(path)) {
        Ok(report) => tell(&report, flags == ["--github"]),
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::from(2)
        }
    }
}

fn tell(report: &Report, github: bool) -> ExitCode {
    for (level, list) in [("warning", &report.remarks), ("error", &report.failures)] {
        for complaint in list {
            match github {
                true => println!("{}", complaint.annotation(level)),
                false => println!("{level}: {complaint}"),
            }
        }
    }
    let Report { files, fences, lines, claims, failures, .. } = report;
    let s = |number: u32, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    println!(
        "{} in {}: {}, {}; {}",
        s(*fences, "fence"),
        s(*files, "file"),
        s(*lines, "console line"),
        s(*claims, "claim"),
        match failures.len() {
            0 => "all as they say".to_owned(),
            1 => "1 is not as it says".to_owned(),
            many => format!("{many} are not as they say"),
        }
    );
    if report.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What mdBook calls: with a book on standard input, or to ask whether a renderer is supported.
pub fn mdbook(words: &[String]) -> ExitCode {
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        // Other renderers keep the fences as they are.
        ["supports", renderer] => return if renderer == "html" { ExitCode::SUCCESS } else { ExitCode::FAILURE },
        [] => {}
        _ => {
            eprintln!("petri mdbook: it is called by mdBook, as the command of [preprocessor.petri]");
            return ExitCode::from(2);
        }
    }
    let mut input = String::new();
    let read = std::io::stdin().read_to_string(&mut input).map_err(|problem| problem.to_string());
    match read.and_then(|_| petri_docs::mdbook::preprocess(&input)) {
        Ok(book) => {
            println!("{book}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("petri mdbook: {problem}");
            ExitCode::FAILURE
        }
    }
}

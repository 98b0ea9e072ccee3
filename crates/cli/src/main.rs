//! `petri`: transcripts, recordings, search and measurements on a terminal.

mod bench;
mod conformance;
mod console;
mod ctl;
mod docs;
mod open;
mod poster;
mod replay;
mod search;
mod serve_api;
mod swarm;
mod transcripts;

use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "petri: a Kubernetes playground that simulates the control loops

petri run FILE.md... [--update]       run transcripts; --update writes the answers that were given
petri console                         read console lines from standard input, starting with a calm cluster
petri replay DIR                      replay a recording of a real control plane and write the trace
petri judge EXPECTED ACTUAL           compare two traces and say what differs
petri conformance [DIR] [--raise]     replay every recording and print how well each agrees; --raise keeps the scores
petri serve-api [--port N] [--speed N]  the cluster behind a Kubernetes API, for kubectl, Helm and client libraries;
            [--kubeconfig FILE]       `petri serve-api --help` tells of the rest
petri ctl run 60s                     let its clock run; `petri ctl --help` tells what else it does
petri open FILE|LINK [--json|--link]  play a recording and tell what was done and what broke; or print it in a form
petri doctest PATH [--github]         run the fences of a folder of documentation; fails where a claim does not hold
petri poster FILE|LINK [--out DIR]    the picture of each fence of a page, of a manifest or of a recording, as SVG;
            [--at TIME] [--width N]   at its end, or at a time such as 7m
petri mdbook                          a preprocessor of mdBook: fences become clusters
petri search [--lies] [--out FILE]    search for a run that breaks a guarantee; --out keeps it for the page to open
petri swarm [--seeds A..B] [--seconds N]  random clusters in random trouble; says what must not be, and how to see it again;
            [--jobs N] [--least N]    fails below so many seeds a second; `petri swarm --help` tells of the rest
petri bench [--json] [--quick]        measure the engine
petri fidelity [--html]               what is simulated after which part of Kubernetes, and where it differs
petri --help, petri --version
";

fn main() -> ExitCode {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    if words.is_empty() {
        print!("{HELP}");
        return ExitCode::from(2);
    }
    let verb = words.remove(0);
    match (verb.as_str(), &words[..]) {
        ("run", files) => transcripts::run(files),
        ("console", []) => console::run(),
        ("replay", [folder]) => replay::again(&PathBuf::from(folder), &mut std::io::stdout()),
        ("judge", [expected, actual]) => conformance::judge(expected, actual),
        ("conformance", words) => conformance::conformance(words),
        ("serve-api", words) => serve_api::run(words),
        ("ctl", words) => ctl::run(words),
        ("open", words) => open::run(words),
        ("doctest", words) => docs::doctest(words),
        ("poster", words) => poster::run(words),
        ("mdbook", words) => docs::mdbook(words),
        ("search", words) => search::run(words),
        ("swarm", words) => swarm::run(words),
        ("bench", flags) if flags.iter().all(|flag| flag == "--json" || flag == "--quick") => {
            let has = |flag: &str| flags.iter().any(|f| f == flag);
            bench::bench(has("--json"), has("--quick"));
            ExitCode::SUCCESS
        }
        ("fidelity", [html]) if html == "--html" => {
            print!("{}", petri_conformance::fidelity::page());
            ExitCode::SUCCESS
        }
        ("fidelity", []) => {
            print!("{}", petri_conformance::fidelity::report());
            ExitCode::SUCCESS
        }
        ("--help" | "-h" | "help", _) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        ("--version" | "-V", _) => {
            println!("petri {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        _ => {
            eprint!("petri: this is not understood: {verb} {}\n\n{HELP}", words.join(" "));
            ExitCode::from(2)
        }
    }
}

//! `petri bench`: measures the engine.

use std::process::ExitCode;

pub fn run(_flags: &[String]) -> ExitCode {
    eprintln!("petri bench: nothing is measured yet");
    ExitCode::FAILURE
}

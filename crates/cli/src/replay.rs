//! `petri replay DIR`: the trace of a recorded scenario, played again.

use petri_conformance::recordings::Recording;
use petri_conformance::replay;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// Replays a folder and writes the trace.
pub fn again(dir: &Path, out: &mut dyn Write) -> ExitCode {
    match Recording::read(dir).and_then(|recording| replay::run(&recording)) {
        Ok(lines) => match out.write_all(lines.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

//! `petri replay DIR`: the trace of a recorded scenario, played again.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// Replays a folder and writes the trace.
pub fn replay(dir: &Path, out: &mut dyn Write) -> ExitCode {
    match petri_conformance::replay::run(dir) {
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

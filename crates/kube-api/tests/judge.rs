//! Twins: the same line said to the real kubectl through the API, and to the console of the page, in two equal worlds.
//!
//! The real kubectl is the file that `PETRI_KUBECTL` names; without it nothing is judged, and that is said. `PETRI_TWINS`
//! picks a part: `2/4` the second quarter of the files, a name those whose names hold it. `cargo xtask judge` sets both.
//!
//! A file of `tests/twins` begins with manifests (`--- web.yaml`) and goes on with lines (`--- lines`). A line that is not
//! kubectl's is said to both worlds. `! reason` stands before a line whose twins differ, and why; `? reason` before one whose
//! twins may.

mod twins;

use std::path::{Path, PathBuf};
use twins::{Twin, Verdict, play};

#[test]
fn the_console_says_what_kubectl_says() {
    let Some(kubectl) = std::env::var_os("PETRI_KUBECTL").map(PathBuf::from).filter(|file| file.is_file()) else {
        println!("skipped: PETRI_KUBECTL names no kubectl; `cargo xtask judge` fetches one");
        return;
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/twins");
    let all = twins::read_folder(&folder);
    assert!(!all.is_empty(), "there are no twins in {}", folder.display());
    let (mut lines, mut excused, mut faults) = (0, 0, Vec::new());
    for twin in picked(all, &std::env::var("PETRI_TWINS").unwrap_or_default()) {
        for verdict in play(&twin, &kubectl) {
            lines += 1;
            match verdict {
                Verdict::Same => {}
                Verdict::Excused => excused += 1,
                Verdict::Differs(text) => faults.push(text),
            }
        }
    }
    println!("{lines} lines, {excused} of them differ for a reason that is told");
    assert!(faults.is_empty(), "{} lines differ:\n\n{}", faults.len(), faults.join("\n"));
}

fn picked(all: Vec<Twin>, choice: &str) -> Vec<Twin> {
    let part =
        choice.split_once('/').and_then(|(part, of)| Some((part.parse::<usize>().ok()?, of.parse::<usize>().ok()?)));
    let mine = |at: usize, twin: &Twin| match part {
        Some((part, of)) => at % of.max(1) == part % of.max(1),
        None => twin.name.contains(choice),
    };
    all.into_iter().enumerate().filter(|(at, twin)| mine(*at, twin)).map(|(_, twin)| twin).collect()
}

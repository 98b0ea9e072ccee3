//! Collects the promises of fidelity: every `Upstream:`, `Deviation:` and `Invariant:` in the libraries' documentation.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const WORDS: [&str; 3] = ["Upstream", "Deviation", "Invariant"];
const CRATES: [&str; 6] = ["objects", "manifest", "sim", "console", "kube-api", "conformance"];

fn main() {
    let crates = Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets this"))
        .parent()
        .expect("this crate lies in the folder of crates")
        .to_owned();
    let mut code = String::from("&[\n");
    for name in CRATES {
        let folder = crates.join(name).join("src");
        println!("cargo::rerun-if-changed={}", folder.display());
        let mut files = Vec::new();
        collect(&folder, &mut files);
        files.sort();
        for file in files {
            let text = std::fs::read_to_string(&file).expect("a source file can be read");
            let shown = format!("crates/{name}/src/{}", file.strip_prefix(&folder).expect("it lies there").display());
            for (word, sentence) in promises(&text) {
                writeln!(code, "    ({word:?}, {shown:?}, {sentence:?}),").expect("writing to a String does not fail");
            }
        }
    }
    code.push_str("]\n");
    let out = Path::new(&std::env::var("OUT_DIR").expect("cargo sets this")).join("fidelity.rs");
    std::fs::write(out, code).expect("cargo's output folder can be written");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// A promise begins with its word and ends with the paragraph or the comment.
fn promises(text: &str) -> Vec<(&'static str, String)> {
    let mut found: Vec<(&str, String)> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let line = line.trim();
        let Some(comment) = ["///", "//!", "//"].iter().find_map(|mark| line.strip_prefix(mark)) else {
            open = false;
            continue;
        };
        let comment = comment.trim();
        let begins = WORDS.iter().find_map(|word| Some((*word, comment.strip_prefix(word)?.strip_prefix(':')?.trim())));
        match begins {
            Some((word, rest)) => {
                found.push((word, rest.to_owned()));
                open = true;
            }
            None if comment.is_empty() => open = false,
            None if open => {
                let sentence = &mut found.last_mut().expect("an open promise was pushed").1;
                sentence.push(' ');
                sentence.push_str(comment);
            }
            None => {}
        }
    }
    found
}

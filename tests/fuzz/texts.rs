//! What the mutator begins with: texts of this repository that are read by each target, and the kept corpus.

use petri_lessons::fence::in_address;
use petri_lessons::transcript::{Block, blocks};
use std::path::{Path, PathBuf};

fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The texts of one target.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    let mut texts: Vec<String> = match target {
        "manifest" => files(&here().join("../../crates/lessons/manifests"), ".yaml"),
        "line" => lines(),
        "recording" => files(&here().join("../recordings"), ".json"),
        "link" => {
            let kept = files(&here().join("../recordings"), ".txt");
            kept.iter().flat_map(|text| text.split_whitespace().map(str::to_owned)).collect()
        }
        "transcript" => files(&here().join("../transcripts"), ".md"),
        "patch" => argument("-p "),
        "fence" => {
            let manifests = files(&here().join("../../crates/lessons/manifests"), ".yaml");
            let words = [
                "",
                "height=420 title=\"A node\"",
                "panels=cluster,console speed=10 autoplay",
                "seed=3 scenario=sized-2",
            ];
            let steps = "---\n$ run until sts/web Ready\n$ cut {node of pod/web-0}\n$ run 1m\n? At most one holds\n";
            let all = manifests.iter().zip(words.iter().cycle());
            all.map(|(manifest, words)| format!("{words}\n{manifest}{steps}")).collect()
        }
        "address" => {
            let kept = files(&here().join("../recordings"), ".txt");
            let links = kept.iter().flat_map(|text| text.split_whitespace());
            let links = links.filter(|word| word.starts_with('#')).map(str::to_owned);
            let fences = of("fence").into_iter().map(|text| in_address(&String::from_utf8_lossy(&text)));
            let begins = ["example=lease", "lesson=at-most-one", "recording=r%3D1abc", "speed=10&autoplay&seed=3"];
            let looks =
                ["title=A+node%21&height=420", "theme=dark&panels=cluster,console", "engine=0.0.1&scenario=sized-2"];
            let searches =
                begins.into_iter().zip(looks.into_iter().cycle()).map(|(one, two)| format!("?embed&{one}&{two}"));
            let hashes = links.chain(fences.map(|fence| format!("fence={fence}"))).chain([String::new()]);
            hashes.zip(searches.cycle()).map(|(hash, search)| format!("{search}\n{hash}")).collect()
        }
        "path" => argument("jsonpath="),
        "columns" => argument("custom-columns="),
        _ => Vec::new(),
    };
    texts.extend(files(&here().join("corpus").join(target), ""));
    texts.into_iter().map(String::into_bytes).collect()
}

fn files(folder: &Path, ending: &str) -> Vec<String> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let kept = paths.iter().filter(|path| path.to_string_lossy().ends_with(ending));
    kept.filter_map(|path| std::fs::read(path).ok()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
}

/// Every line that a transcript types.
fn lines() -> Vec<String> {
    let mut found = Vec::new();
    for text in files(&here().join("../transcripts"), ".md") {
        for block in blocks(&text) {
            if let Block::Console(exchanges) = block {
                found.extend(exchanges.into_iter().map(|exchange| exchange.line));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// What stands behind a flag in some line.
fn argument(flag: &str) -> Vec<String> {
    let behind = |line: String| line.split_once(flag).map(|(_, rest)| rest.trim_matches(['\'', '"']).to_owned());
    lines().into_iter().filter_map(behind).collect()
}

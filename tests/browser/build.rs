//! Writes one test for each transcript, lesson and recording, and for each ten seeds of the swarm: a browser can list no folder,
//! so all of them are compiled in.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    let here = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("cargo says where the crate is"));
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("cargo says where to write"));
    let tests = here.parent().expect("the crate is inside of `tests`");
    let lessons = tests.parent().expect("the tests are inside of the clone").join("crates/lessons/content");

    let mut code = String::new();
    for path in entries(&tests.join("transcripts")).into_iter().chain(entries(&lessons)) {
        if path.extension().is_some_and(|ending| ending == "md") {
            write_test(&mut code, &path, &format!("check_transcript({})", included(&path)));
        }
    }
    write(&out.join("transcripts.rs"), &code);

    let mut code = String::new();
    for folder in entries(&tests.join("conformance")).into_iter().filter(|path| path.is_dir()) {
        let mut files = String::new();
        for file in below(&folder) {
            let inside = file.strip_prefix(&folder).expect("it lies below").to_string_lossy().replace('\\', "/");
            write!(files, "({inside:?}, {}), ", included(&file)).expect("writing to a String does not fail");
        }
        write_test(&mut code, &folder, &format!("check_recording({:?}, &[{files}])", stem(&folder)));
    }
    write(&out.join("recordings.rs"), &code);
    write(&out.join("swarm.rs"), &swarm());
}

/// How many seeds the table has.
const SEEDS: u32 = 200;

/// A table of seeds and the fingerprints that they come to natively, and a test for each ten of them. The file is written by
/// `cargo xtask test --only browser`; without it there is no table, and a test that says so.
fn swarm() -> String {
    println!("cargo::rerun-if-env-changed=PETRI_SWARM_FINGERPRINTS");
    let path = std::env::var("PETRI_SWARM_FINGERPRINTS").ok().map(PathBuf::from);
    let text = path.map_or_else(String::new, |path| {
        println!("cargo::rerun-if-changed={}", path.display());
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    });
    let rows = text.lines().filter_map(|line| line.split_once(' '));
    let table: String = rows.map(|(seed, fingerprint)| format!("    ({seed}, 0x{fingerprint}),\n")).collect();
    let mut code = format!("pub const NATIVE: &[(u64, u64)] = &[\n{table}];\n");
    for first in (0..SEEDS).step_by(10) {
        let body = format!("check_seeds({first})");
        writeln!(code, "#[wasm_bindgen_test]\nfn seeds_from_{first}() {{\n    {body};\n}}")
            .expect("writing to a String does not fail");
    }
    code
}

/// What a folder holds, by name; cargo builds anew when that changes.
fn entries(folder: &Path) -> Vec<PathBuf> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn below(folder: &Path) -> Vec<PathBuf> {
    entries(folder).into_iter().flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
}

/// By a path that the compiler completes: cargo's output may serve clones in several folders.
fn included(path: &Path) -> String {
    let here = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("cargo says where the crate is"));
    let clone = here.ancestors().nth(2).expect("the crate is two folders inside of the clone");
    let inside = path.strip_prefix(clone).expect("all of it lies in the clone").to_string_lossy().replace('\\', "/");
    format!("include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {:?}))", format!("/../../{inside}"))
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn write_test(code: &mut String, path: &Path, body: &str) {
    let name = stem(path).replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    writeln!(code, "#[wasm_bindgen_test]\nfn {name}() {{\n    {body};\n}}").expect("writing to a String does not fail");
}

fn write(path: &Path, code: &str) {
    std::fs::write(path, code).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

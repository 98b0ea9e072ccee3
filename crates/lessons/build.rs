//! Lists the example manifests, so that a new file is an example without being registered anywhere.

use std::fmt::Write as _;
use std::path::Path;

/// The manifest of the first visit stands first; the others follow by name.
const FIRST: &str = "random-generator.yaml";

fn main() {
    println!("cargo::rerun-if-changed=manifests");
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets this")).join("manifests");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .expect("the crate has a folder of manifests")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".yaml"))
        .collect();
    names.sort_by_key(|name| (name != FIRST, name.clone()));
    let mut code = String::from("&[\n");
    for name in &names {
        let path = folder.join(name);
        writeln!(code, "    ({name:?}, include_str!({path:?})),").expect("writing to a String does not fail");
    }
    code.push_str("]\n");
    let out = Path::new(&std::env::var("OUT_DIR").expect("cargo sets this")).join("examples.rs");
    std::fs::write(out, code).expect("cargo's output folder can be written");
}

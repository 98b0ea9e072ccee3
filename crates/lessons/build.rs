//! Lists the example manifests with their versions, and compiles their texts in: all of them with the feature `content`,
//! and otherwise only that of the first visit. The same for the files of the official documentation, by their paths.

use std::fmt::Write as _;
use std::path::Path;

/// The manifest of the first visit stands first; the others follow by name.
const FIRST: &str = "random-generator.yaml";

fn main() {
    println!("cargo::rerun-if-changed=manifests");
    let variable = |name: &str| std::env::var(name).expect("cargo sets this");
    let all = std::env::var_os("CARGO_FEATURE_CONTENT").is_some();
    let folder = Path::new(&variable("CARGO_MANIFEST_DIR")).join("manifests");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .expect("the crate has a folder of manifests")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".yaml"))
        .collect();
    names.sort_by_key(|name| (name != FIRST, name.clone()));

    let mut texts = String::from("const TEXTS: &[(&str, &str)] = &[\n");
    let mut versions = String::from("const VERSIONS: &[(&str, u64)] = &[\n");
    for name in &names {
        let text = std::fs::read(folder.join(name)).expect("a manifest that was just listed can be read");
        if all || name == FIRST {
            // By a path that the compiler completes: cargo's output may serve clones in several folders.
            let path = format!("concat!(env!(\"CARGO_MANIFEST_DIR\"), {:?})", format!("/manifests/{name}"));
            writeln!(texts, "    ({name:?}, include_str!({path})),").expect("writing to a String does not fail");
        }
        writeln!(versions, "    ({name:?}, {}),", fnv(&text)).expect("writing to a String does not fail");
    }
    official(&variable, all);
    let out = Path::new(&variable("OUT_DIR")).join("examples.rs");
    std::fs::write(out, format!("{texts}];\n{versions}];\n")).expect("cargo's output folder can be written");
}

/// The files below `official`, by their paths there.
fn official(variable: &dyn Fn(&str) -> String, all: bool) {
    println!("cargo::rerun-if-changed=official");
    let folder = Path::new(&variable("CARGO_MANIFEST_DIR")).join("official");
    let (mut open, mut paths) = (vec![folder.clone()], Vec::new());
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).expect("the folder was just listed").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let path = path.strip_prefix(&folder).expect("it lies below").to_string_lossy().replace('\\', "/");
                paths.push(path);
            }
        }
    }
    paths.sort();
    let (mut names, mut texts) = (String::new(), String::new());
    for path in &paths {
        let text = std::fs::read(folder.join(path)).expect("a file that was just listed can be read");
        writeln!(names, "    ({path:?}, {}),", fnv(&text) >> 32).expect("writing to a String does not fail");
        if all {
            let place = format!("concat!(env!(\"CARGO_MANIFEST_DIR\"), {:?})", format!("/official/{path}"));
            writeln!(texts, "    ({path:?}, include_str!({place})),").expect("writing to a String does not fail");
        }
    }
    let out = Path::new(&variable("OUT_DIR")).join("official.rs");
    let text = format!("const FILES: &[(&str, u32)] = &[\n{names}];\nconst TEXTS: &[(&str, &str)] = &[\n{texts}];\n");
    std::fs::write(out, text).expect("cargo's output folder can be written");
}

/// FNV-1a, which stays the same wherever and whenever it is computed.
fn fnv(content: &[u8]) -> u64 {
    content.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

//! `dist/` as others need it: whole, and made of the files that are here now; built first where it is not.
//!
//! A build that was broken off leaves a folder that looks like a page, and an edit makes one out of date without a trace.
//! So a finished build leaves a note beside cargo's output: a fingerprint of what it was made of, and one of what it made.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::shop::{self, Outcome, Shop, capture, say};
use crate::{hosting, page, tools};

/// Inside cargo's target folder.
const NOTE: &str = "page/dist.note";
/// What the page is made of, beside the programs that make it.
const SOURCES: [&str; 12] = [
    "crates",
    "web",
    "tests/conformance",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "index.html",
    "Trunk.toml",
    "Cargo.toml",
    "Cargo.lock",
    "tests/e2e/first-visit.mjs",
    "tests/e2e/harness.mjs",
    "tests/e2e/steps.mjs",
];

/// The page's folder. Builds it unless it is whole and of today.
pub fn ready(shop: &Shop) -> Outcome<PathBuf> {
    let dist = shop.path("dist");
    match stale(shop) {
        None => Ok(dist),
        Some(why) => {
            say(&format!("{why}, so the page is built first"), "");
            build(shop, false)?;
            Ok(dist)
        }
    }
}

/// Builds the page, compressed as well if that is wanted, and notes what it was made of.
pub fn build(shop: &Shop, precompressed: bool) -> Outcome {
    tools::node()?;
    let before = made_of(shop, &shop.root)?;
    page::build(shop, page::Shape::Parts)?;
    if precompressed {
        hosting::precompress(&shop.path("dist"))?;
    }
    note(shop, before)
}

/// Takes over a page that another folder with the same files has built, with its cargo's output in `target`.
pub fn take_over(shop: &Shop, from: &Path, target: &Path) -> Outcome {
    let before = made_of(shop, from)?;
    let dist = shop.path("dist");
    shop::remove_folder(&dist)?;
    shop::copy_folder(&from.join("dist"), &dist)?;
    shop::write(&shop.target().join(page::ONE), shop::read_bytes(&target.join(page::ONE))?)?;
    note(shop, before)
}

/// Why `dist/` cannot be used as it is, if so.
pub fn stale(shop: &Shop) -> Option<String> {
    let dist = shop.path("dist");
    if !dist.join("index.html").is_file() {
        return Some("dist/ is not there".to_owned());
    }
    let Ok(noted) = shop::read(&shop.target().join(NOTE)) else {
        return Some("nothing tells whether dist/ was finished".to_owned());
    };
    let mut noted = noted.lines();
    if noted.next().map(str::to_owned) != made_of(shop, &shop.root).ok() {
        return Some("dist/ was made of other files than are here now".to_owned());
    }
    if noted.next().map(str::to_owned) != fingerprint_of(&dist, &[""]).ok() {
        return Some("dist/ is not as the build left it".to_owned());
    }
    None
}

fn note(shop: &Shop, made_of: String) -> Outcome {
    let made = fingerprint_of(&shop.path("dist"), &[""])?;
    shop::write(&shop.target().join(NOTE), format!("{made_of}\n{made}\n"))
}

/// A fingerprint of the sources in `root` and of the programs that make a page of them.
fn made_of(shop: &Shop, root: &Path) -> Outcome<String> {
    let rust = capture(&mut shop.program("rustc", &["--version"]))?;
    let node = capture(&mut shop.program("node", &["--version"]))?;
    Ok(format!("{} {} {}", fingerprint_of(root, &SOURCES)?, rust.trim(), node.trim()))
}

/// FNV-1a over names and contents of the files at or below these paths in `root`.
fn fingerprint_of(root: &Path, paths: &[&str]) -> Outcome<String> {
    let mut files = BTreeSet::new();
    for path in paths {
        files.extend(files_in(&root.join(path))?);
    }
    let mut hash = Fnv::default();
    for path in files {
        hash.eat(path.strip_prefix(root).unwrap_or(&path).to_string_lossy().as_bytes());
        let content = shop::read_bytes(&path)?;
        hash.eat(&content.len().to_le_bytes());
        hash.eat(&content);
    }
    Ok(format!("{:016x}", hash.0))
}

struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn eat(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    }
}

/// The file itself, or the files below a folder, apart from what tools keep there.
fn files_in(path: &Path) -> Outcome<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|error| format!("{}: {error}", path.display()))?.flatten() {
        let name = entry.file_name();
        if name != "node_modules" && !name.to_string_lossy().starts_with('.') {
            found.extend(files_in(&entry.path())?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_changes_with_names_and_contents_and_with_nothing_else() {
        let root = std::env::temp_dir().join(format!("petri-xtask-dist-{}", std::process::id()));
        let print = || fingerprint_of(&root, &["a", "b"]).expect("both are there");
        let write =
            |name: &str, text: &str| shop::write(&root.join(name), text).expect("a temporary folder is writable");
        write("a/one", "1");
        write("b", "2");
        let first = print();
        write("a/node_modules/left", "behind");
        write("a/.stage/half", "done");
        write("c", "not asked for");
        assert_eq!(print(), first);
        write("a/one", "2");
        assert_ne!(print(), first);
        write("a/one", "1");
        assert_eq!(print(), first);
        std::fs::rename(root.join("a/one"), root.join("a/two")).expect("it is there");
        assert_ne!(print(), first);
        assert!(fingerprint_of(&root, &["missing"]).is_err());
        shop::remove_folder(&root).expect("the folder is ours");
    }
}

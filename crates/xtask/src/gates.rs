//! Limits that a change must not cross: what may be linked into the page, under which licenses, and how large it gets.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::licenses::{self, Policy};
use crate::page;
use crate::shop::{self, Outcome, Shop, capture, find_program};
use crate::wasm_std::TARGET;

/// What the page must never link: too large for what it gives, or a source of time and chance that replays cannot share.
const KEPT_OUT: [&str; 5] = ["regex", "getrandom", "chrono", "clap", "k8s-openapi"];
/// Who may link one of these all the same: Yew asks for all of gloo, and gloo's browser history for random numbers. None
/// of it is called, so none of it is in the built page; `without_chance` holds that to account.
const TOLERATED: [(&str, &str); 1] = [("getrandom", "gloo-history")];
const LIBRARIES: [&str; 6] =
    ["petri-objects", "petri-manifest", "petri-sim", "petri-explore", "petri-console", "petri-lessons"];
/// What the whole first load may weigh, in bytes as brotli sends them. The editor loads later and is not in it.
pub const FIRST_LOAD_BUDGET: u64 = 300_000;
/// What an ordinary visit may fetch of the page's WebAssembly, in the same bytes: all but what few visits need.
const VISIT_BUDGET: u64 = 1_200_000;
/// How much heavier the page's WebAssembly may be in parts than in one, in thousandths. `petri-split` says what the
/// difference is made of; a third part adds to it, because brotli cannot look across files.
const PARTS_BUDGET: u64 = 1_100;
/// What hosts like Netlify and Cloudflare Pages read from the root of a site, and serve nobody.
pub const HEADERS: &str = "_headers";
/// What the page fetches later or not at all.
const LATER: [&str; 10] = [
    "editor/",
    "embed",
    "worker",
    "second-",
    "third-",
    "licenses.txt",
    "fidelity.html",
    "offline.js",
    "petri.js",
    "plugins/",
];

/// What has a lock file of npm's.
const LOCKED: [&str; 7] = [
    "web/editor",
    "tests/e2e",
    "crates/xtask/tools",
    "crates/xtask/bench",
    "tests/docs/sites/vitepress",
    "tests/docs/sites/docusaurus",
    "tests/docs/sites/starlight",
];

/// The libraries link none of these, and the page neither, apart from what Yew itself brings and the linker drops.
pub fn tree(shop: &Shop) -> Outcome {
    let libraries = crates(shop, &LIBRARIES)?;
    let mut problems = unexpected(&libraries, LIBRARIES[0], |_| Ok(false))?;
    let page = crates(shop, &["petri-web"])?;
    problems.extend(unexpected(&page, "yew", |package| {
        let parents = dependents(shop, package)?;
        Ok(!parents.is_empty() && parents.iter().all(|parent| TOLERATED.contains(&(&package.name, parent))))
    })?);
    if problems.is_empty() {
        return Ok(());
    }
    let mut told = String::from("the page links what it must not:");
    for package in &problems {
        told.push('\n');
        told.push_str(&tree_of(shop, &["petri-web"], &["-i", &package.spec()]).unwrap_or_else(|problem| problem));
    }
    Err(told)
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
}

impl Package {
    /// A line of `cargo tree --prefix none --format {p}`, such as `yew v0.23.0 (*)`.
    fn read(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let name = words.next()?.to_owned();
        let version = words.next()?.strip_prefix('v')?.to_owned();
        Some(Self { name, version })
    }

    fn spec(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

fn tree_of(shop: &Shop, roots: &[&str], more: &[&str]) -> Outcome<String> {
    let mut words = vec!["tree", "--locked", "-e", "normal", "--target", TARGET];
    words.extend(roots.iter().flat_map(|root| ["-p", root]));
    words.extend(more);
    capture(&mut shop.cargo(&words))
}

fn crates(shop: &Shop, roots: &[&str]) -> Outcome<BTreeSet<Package>> {
    Ok(packages_in(&tree_of(shop, roots, &["--prefix", "none", "--format", "{p}"])?))
}

fn packages_in(listing: &str) -> BTreeSet<Package> {
    listing.lines().filter_map(Package::read).collect()
}

/// The packages that depend on this one directly.
fn dependents(shop: &Shop, package: &Package) -> Outcome<Vec<String>> {
    let spec = package.spec();
    let words = ["-i", &spec, "--depth", "1", "--prefix", "none", "--format", "{p}"];
    let listing = tree_of(shop, &["petri-web"], &words)?;
    Ok(listing.lines().skip(1).filter_map(Package::read).map(|parent| parent.name).collect())
}

/// What is kept out and yet in the listing, without what is tolerated. A listing that lacks what must be in it proves
/// nothing.
fn unexpected(
    listing: &BTreeSet<Package>,
    known_in: &str,
    tolerated: impl Fn(&Package) -> Outcome<bool>,
) -> Outcome<Vec<Package>> {
    if listing.iter().all(|package| package.name != known_in) {
        return Err(format!("the listing of the page's crates lacks {known_in}, so it proves nothing"));
    }
    let mut found = Vec::new();
    for package in listing.iter().filter(|package| KEPT_OUT.contains(&package.name.as_str())) {
        if !tolerated(package)? {
            found.push(package.clone());
        }
    }
    Ok(found)
}

/// Licenses, banned crates and origins of every package, by the lists in deny.toml.
pub fn packages(shop: &Shop) -> Outcome<usize> {
    let policy = Policy::read(&shop.read("deny.toml")?)?;
    let metadata = licenses::metadata(shop, None)?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata lists no packages")?;
    let problems: Vec<String> = packages.iter().filter_map(|package| refuse(package, &policy)).collect();
    if problems.is_empty() { Ok(packages.len()) } else { Err(problems.join("\n")) }
}

/// Why a package of `cargo metadata` may not be used, if so.
fn refuse(package: &Value, policy: &Policy) -> Option<String> {
    let name = package["name"].as_str().unwrap_or("?");
    let version = package["version"].as_str().unwrap_or("?");
    let about = |what: &str| Some(format!("{name} {version}: {what}"));
    if policy.banned.iter().any(|banned| banned == name) {
        return about("is banned by deny.toml");
    }
    match package["source"].as_str() {
        // A crate of this workspace.
        None => {}
        Some(source) if source.starts_with("registry+") && source.ends_with("/crates.io-index") => {}
        Some(_) => return about("does not come from crates.io"),
    }
    match package["license"].as_str() {
        Some(expression) => match licenses::satisfied(expression, &policy.allowed) {
            Ok(true) => None,
            Ok(false) => about(&format!("its license `{expression}` is not allowed by deny.toml")),
            Err(problem) => about(&format!("its license `{expression}` cannot be read: {problem}")),
        },
        None => about("states no license"),
    }
}

/// A file of the first load and its size.
#[derive(Debug, PartialEq, Eq)]
pub struct Size {
    pub name: String,
    pub raw: u64,
    pub brotli: u64,
    pub first_load: bool,
}

/// The sizes of what `dist` serves, as they are and as brotli sends them.
pub fn sizes(dist: &Path) -> Outcome<Vec<Size>> {
    let names = names(dist)?;
    let files: Vec<PathBuf> = names.iter().map(|name| dist.join(name)).collect();
    let packed = packed(&files)?;
    let size = |((path, name), brotli): ((&PathBuf, String), u64)| {
        let raw = std::fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?.len();
        Ok(Size { first_load: is_first_load(&name), name, raw, brotli })
    };
    files.iter().zip(names).zip(packed).map(size).collect()
}

/// What `dist` serves, by its names there, in order. What was compressed beforehand is the same once more.
pub fn names(dist: &Path) -> Outcome<Vec<String>> {
    let mut files = Vec::new();
    collect(dist, &mut files)?;
    files.sort();
    let name = |path: &PathBuf| path.strip_prefix(dist).unwrap_or(path).to_string_lossy().replace('\\', "/");
    Ok(files.iter().map(name).collect())
}

/// How many bytes brotli makes of each file.
fn packed(files: &[PathBuf]) -> Outcome<Vec<u64>> {
    let script = "const {brotliCompressSync: b} = require('zlib'), {readFileSync: r} = require('fs');\
        console.log(process.argv.slice(1).map((f) => b(r(f)).length).join(' '))";
    let node = find_program(&["node"]).ok_or("Node is needed to compress with brotli")?;
    let answer = capture(Command::new(node).args(["-e", script]).args(files))?;
    let packed: Vec<u64> = answer.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    if packed.len() != files.len() {
        return Err(format!("{} files were compressed, not {}", packed.len(), files.len()));
    }
    Ok(packed)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Outcome {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            // Trunk's staging folder starts with a dot.
            if !entry.file_name().to_string_lossy().starts_with('.') {
                collect(&path, files)?;
            }
        } else if path.file_name().is_some_and(|name| name != HEADERS)
            && !path.extension().is_some_and(|ending| ending == "br" || ending == "gz")
        {
            files.push(path);
        }
    }
    Ok(())
}

fn is_first_load(name: &str) -> bool {
    let served = [".html", ".css", ".js", ".wasm", ".svg", ".woff2"].iter().any(|ending| name.ends_with(ending));
    served && !LATER.iter().any(|prefix| name.starts_with(prefix))
}

/// Fails if the first load is over its budget, or if something that belongs to it is missing.
pub fn size(dist: &Path) -> Outcome<u64> {
    within_budget(&sizes(dist)?, FIRST_LOAD_BUDGET)
}

/// What the page's WebAssembly weighs: all of it, what an ordinary visit fetches, and what it does in one module.
pub struct Parts {
    all: u64,
    visit: u64,
    plain: u64,
}

impl Parts {
    pub fn weigh(shop: &Shop, sizes: &[Size]) -> Outcome<Self> {
        let parts = || sizes.iter().filter(|size| size.name.ends_with(".wasm"));
        let all = parts().map(|size| size.brotli).sum();
        let visit = parts().filter(|size| !size.name.starts_with("third-")).map(|size| size.brotli).sum();
        let plain = packed(&[shop.target().join(page::ONE)])?.first().copied().unwrap_or_default();
        Ok(Self { all, visit, plain })
    }

    fn allowed(&self) -> u64 {
        self.plain * PARTS_BUDGET / 1_000
    }

    /// Lines below the table of sizes.
    pub fn told(&self) -> String {
        let Self { all, visit, plain } = self;
        format!(
            "{visit:>21}  WebAssembly of an ordinary visit, of {VISIT_BUDGET} allowed\n\
             {all:>21}  WebAssembly in all, of {} allowed: it is {plain} in one module",
            self.allowed()
        )
    }

    pub fn within_budget(&self) -> Outcome {
        if self.visit > VISIT_BUDGET {
            return Err(format!("the WebAssembly of an ordinary visit is too heavy\n{}", self.told()));
        }
        if self.all > self.allowed() {
            return Err(format!("the WebAssembly is too heavy in parts\n{}", self.told()));
        }
        Ok(())
    }
}

fn within_budget(sizes: &[Size], budget: u64) -> Outcome<u64> {
    for ending in [".html", ".css", ".js", ".wasm"] {
        if !sizes.iter().any(|size| size.first_load && size.name.ends_with(ending)) {
            return Err(format!("the first load holds no {ending} file, so its size means nothing"));
        }
    }
    let total = first_load(sizes);
    if total <= budget {
        return Ok(total);
    }
    Err(format!("the first load is {total} bytes of brotli, over its budget of {budget}\n{}", size_table(sizes)))
}

pub fn first_load(sizes: &[Size]) -> u64 {
    sizes.iter().filter(|size| size.first_load).map(|size| size.brotli).sum()
}

pub fn size_table(sizes: &[Size]) -> String {
    let mut table = format!("{:>10} {:>10}  file\n", "bytes", "brotli");
    for size in sizes {
        let later = if size.first_load { "" } else { "  (not in the first load)" };
        let _ = writeln!(table, "{:>10} {:>10}  {}{later}", size.raw, size.brotli, size.name);
    }
    let raw: u64 = sizes.iter().filter(|size| size.first_load).map(|size| size.raw).sum();
    let _ = write!(table, "{raw:>10} {:>10}  first load, of {FIRST_LOAD_BUDGET} allowed", first_load(sizes));
    table
}

/// The page cannot draw random numbers: its script would have to hand them in. A replay could not repeat them.
pub fn without_chance(dist: &Path) -> Outcome {
    let mut files = Vec::new();
    collect(dist, &mut files)?;
    let mut scripts = files.iter().filter(|path| path.extension().is_some_and(|ending| ending == "js"));
    scripts.try_for_each(|path| check_chance(&shop::read(path)?))
}

fn check_chance(script: &str) -> Outcome {
    match ["getRandomValues", "randomFillSync"].iter().find(|name| script.contains(**name)) {
        None => Ok(()),
        Some(name) => {
            Err(format!("the built page imports `{name}`: find out with `cargo tree -i getrandom` who asks for it"))
        }
    }
}

/// Whether the compiler in use is one that the workspace supports.
pub fn rust_version(shop: &Shop) -> Outcome<String> {
    let text = capture(&mut shop.program("rustc", &["--version"]))?;
    let wanted =
        minor_after(&shop.read("Cargo.toml")?, "rust-version = \"1.").ok_or("Cargo.toml names no Rust version")?;
    let found = minor_after(&text, "rustc 1.").ok_or_else(|| format!("`rustc --version` says {text}"))?;
    if found >= wanted {
        return Ok(text.trim().to_owned());
    }
    Err(format!("Rust 1.{wanted} or newer is needed, and this is {}\n    rustup update stable", text.trim()))
}

fn minor_after(text: &str, before: &str) -> Option<u32> {
    let rest = &text[text.find(before)? + before.len()..];
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}

/// The file of a folder whose name begins and ends like this.
pub fn file_in(folder: &Path, ending: &str, beginning: &str) -> Outcome<PathBuf> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let named = |path: &PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|n| n.starts_with(beginning) && n.ends_with(ending))
    };
    let found = entries.flatten().map(|entry| entry.path()).find(named);
    found.ok_or_else(|| format!("{} holds no {beginning}…{ending}", folder.display()))
}

/// Every npm package that ships with the page, and whether its license is allowed.
pub fn npm_packages(shop: &Shop) -> Outcome<usize> {
    let policy = Policy::read(&shop.read("deny.toml")?)?;
    let lock: Value = serde_json::from_str(&shop.read("web/editor/package-lock.json")?).map_err(|e| e.to_string())?;
    let packages = licenses::shipped_npm_packages(&lock);
    if packages.is_empty() {
        return Err("web/editor/package-lock.json lists no package that ships".to_owned());
    }
    for (name, license) in &packages {
        if !licenses::satisfied(license, &policy.allowed)? {
            return Err(format!("{name}: its license `{license}` is not allowed by deny.toml"));
        }
    }
    Ok(packages.len())
}

/// Lock files must not say where this machine fetches packages from.
pub fn lock_files(shop: &Shop) -> Outcome {
    for folder in LOCKED {
        let path = shop.path(folder).join("package-lock.json");
        if shop::read(&path)?.contains("\"resolved\"") {
            return Err(format!(
                "{folder}/package-lock.json holds addresses of a registry: run npm there with its .npmrc"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn size(name: &str, brotli: u64) -> Size {
        Size { name: name.to_owned(), raw: brotli * 3, brotli, first_load: is_first_load(name) }
    }

    #[test]
    fn the_tree_gate_fails_on_a_forbidden_crate_and_on_an_empty_listing() {
        let gate = |listing: &str, tolerate: bool| unexpected(&packages_in(listing), "yew", |_| Ok(tolerate));
        let listing = "petri-web v0.1.0 (/here)\nyew v0.23.0\nregex-lite v0.1.0\n\n";
        assert_eq!(gate(listing, false), Ok(vec![]));
        let linked = format!("{listing}regex v1.0.0 (*)\n");
        assert_eq!(gate(&linked, false).map(|found| found[0].spec()), Ok("regex@1.0.0".to_owned()));
        assert_eq!(gate(&linked, true), Ok(vec![]));
        assert!(gate("", false).is_err());
    }

    #[test]
    fn a_page_that_can_draw_random_numbers_is_refused() {
        assert_eq!(check_chance("const a = performance.now();"), Ok(()));
        assert!(check_chance("getObject(arg0).getRandomValues(x)").is_err());
    }

    #[test]
    fn the_package_gate_fails_on_license_ban_and_origin() {
        let policy = Policy { allowed: vec!["MIT".to_owned()], banned: vec!["wee_alloc".to_owned()] };
        let index = "registry+https://example.org/crates.io-index";
        let package = |name: &str, license: Option<&str>, source: Option<&str>| {
            refuse(&json!({ "name": name, "version": "1.0.0", "license": license, "source": source }), &policy)
        };
        assert_eq!(package("fine", Some("MIT OR GPL-3.0"), Some(index)), None);
        assert_eq!(package("own", Some("MIT"), None), None);
        assert!(package("copyleft", Some("GPL-3.0"), Some(index)).is_some_and(|why| why.contains("not allowed")));
        assert!(package("silent", None, Some(index)).is_some_and(|why| why.contains("no license")));
        assert!(package("wee_alloc", Some("MIT"), Some(index)).is_some_and(|why| why.contains("banned")));
        assert!(
            package("forked", Some("MIT"), Some("git+https://example.org/x")).is_some_and(|why| why.contains("come"))
        );
    }

    #[test]
    fn the_size_gate_fails_over_budget_and_on_an_empty_folder() {
        let page = ["index.html", "page-1.css", "boot-1.js", "app_bg.wasm"].map(|name| size(name, 25));
        assert_eq!(within_budget(&page, 100), Ok(100));
        assert!(within_budget(&page, 99).is_err_and(|why| why.contains("over its budget")));
        assert!(within_budget(&page[..3], 100).is_err_and(|why| why.contains(".wasm")));
    }

    #[test]
    fn the_size_gate_fails_where_parts_cost_much_more_than_one() {
        let parts = |all, visit| Parts { all, visit, plain: 1_000 }.within_budget();
        assert_eq!(parts(PARTS_BUDGET, 1_000), Ok(()));
        assert!(parts(PARTS_BUDGET, VISIT_BUDGET + 1).is_err_and(|why| why.contains("ordinary visit")));
        let (over, allowed) = (PARTS_BUDGET + 1, format!("of {PARTS_BUDGET} allowed"));
        assert!(parts(over, 1_000).is_err_and(|why| why.contains(&over.to_string()) && why.contains(&allowed)));
    }

    #[test]
    fn what_loads_later_is_not_in_the_first_load() {
        assert!(is_first_load("petri-web-0123_bg.wasm") && is_first_load("icon-1.svg"));
        assert!(!is_first_load("editor/editor-1.js") && !is_first_load("embed.js") && !is_first_load("licenses.txt"));
    }

    #[test]
    fn compiler_versions_compare_as_numbers() {
        assert_eq!(minor_after("rustc 1.95.0 (abc 2026-04-14)", "rustc 1."), Some(95));
        assert_eq!(minor_after("rust-version = \"1.90\"", "rust-version = \"1."), Some(90));
        assert_eq!(minor_after("something else", "rustc 1."), None);
    }
}

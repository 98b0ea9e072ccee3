//! The tools a build needs beside Rust: found where they are, installed once per version into the user's cache.
//!
//! Nothing else on the machine changes, except that system packages (a browser, Node) come from `apt-get` where that is
//! possible without asking anyone.

use std::env::consts::OS;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::page;
use crate::progress::{self, Work};
use crate::shop::{self, Outcome, Setting, Shop, capture, find_program, run, say, succeeds};

const TRUNK: &str = "0.21.14";
const MDBOOK: &str = "0.5.4";
/// The first Node whose `fetch`, test runner and module loader the scripts here rely on.
const NODE: u32 = 20;

/// A program that cargo builds.
struct CargoTool {
    program: &'static str,
    version: String,
    /// The folder inside the cache: one per version, so that a second clone finds what the first one built.
    folder: String,
    source: Source,
    /// Of its code. What runs for seconds at each build of a page is worth some seconds more, once.
    optimized: bool,
}

enum Source {
    /// A package of cargo's registry.
    Registry(&'static str),
    /// A crate of this repository.
    Here(PathBuf),
}

/// The folder that the tools are in.
pub fn cache() -> Outcome<PathBuf> {
    let set = |name| std::env::var_os(name).map(PathBuf::from).filter(|path: &PathBuf| path.is_absolute());
    let base = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    base.map(|base| base.join("petri"))
        .ok_or_else(|| "set XDG_CACHE_HOME: there is no HOME to keep tools in".to_owned())
}

pub fn clean() -> Outcome {
    let folder = cache()?;
    shop::remove_folder(&folder)?;
    println!("removed {}", folder.display());
    Ok(())
}

/// Trunk, and what it needs to build the page. Whatever is missing is built, and `meanwhile` beside it.
pub fn for_page(shop: &Shop, meanwhile: impl FnOnce() -> Work) -> Outcome<Setting> {
    let trunk = CargoTool {
        program: "trunk",
        version: TRUNK.to_owned(),
        folder: format!("trunk-{TRUNK}"),
        source: Source::Registry("trunk"),
        optimized: false,
    };
    let whole = wasm_bindgen(shop)?;
    let bindgen = if whole.found()?.is_some() { whole } else { own_bindgen(shop, whole.version)? };
    ensure(&[trunk, bindgen], || vec![meanwhile()])
}

/// The test runner of wasm-bindgen, which comes with its command line.
pub fn test_runner(shop: &Shop) -> Outcome<Setting> {
    ensure(&[wasm_bindgen(shop)?], Vec::new)
}

/// The command line of wasm-bindgen, at the very version that Cargo.lock names.
fn wasm_bindgen(shop: &Shop) -> Outcome<CargoTool> {
    let lock = shop.read("Cargo.lock")?;
    let version = locked_version(&lock, "wasm-bindgen").ok_or("Cargo.lock names no wasm-bindgen")?.to_owned();
    let folder = format!("wasm-bindgen-{version}");
    let source = Source::Registry("wasm-bindgen-cli");
    Ok(CargoTool { program: "wasm-bindgen", version, folder, source, optimized: true })
}

/// The part of it that a page needs: less to build before the first page.
fn own_bindgen(shop: &Shop, version: String) -> Outcome<CargoTool> {
    let source = shop.path("crates/bindgen");
    let made_of = shop::read(&source.join("src/main.rs"))? + &shop::read(&source.join("Cargo.toml"))?;
    let folder = format!("bindgen-{version}-{:08x}", page::fingerprint(made_of.as_bytes()) as u32);
    Ok(CargoTool { program: "wasm-bindgen", version, folder, source: Source::Here(source), optimized: true })
}

/// These tools, from PATH or from the user's cache; built into that where they are in neither, one after the other and
/// beside other work that is only done then.
fn ensure(tools: &[CargoTool], beside: impl FnOnce() -> Vec<Work>) -> Outcome<Setting> {
    let mut setting = Setting::default();
    let mut lane = Vec::new();
    // Gone when they are there. Who is interrupted goes on from where they were.
    let workshop = cache()?.join("building");
    for tool in tools {
        match tool.found()? {
            Some(found) => setting = setting.and(found),
            None => {
                let home = tool.home()?;
                say(&format!("building {} {} into {}", tool.program, tool.version, home.display()), "2 minutes, once");
                lane.push(tool.work(&home, &workshop.join(&tool.folder))?);
                setting = setting.with_path(home.join("bin"));
            }
        }
    }
    if lane.is_empty() {
        return Ok(setting);
    }
    progress::build(vec![lane, beside()])?;
    shop::remove_folder(&workshop)?;
    Ok(setting)
}

/// wasm-opt, from the npm package `binaryen`: what distributions carry is too old for today's compiler.
pub fn wasm_opt(shop: &Shop) -> Outcome<Setting> {
    let source = shop.path("crates/xtask/tools");
    let version = npm_version(&shop::read(&source.join("package.json"))?, "binaryen")?;
    Ok(Setting::default().with_path(npm_tree(&source, &format!("binaryen-{version}"))?.join(".bin")))
}

/// The packages that a folder's package-lock.json names, installed into the user's cache. Answers where they are.
pub fn npm_tree(source: &Path, name: &str) -> Outcome<PathBuf> {
    let folder = cache()?.join(name);
    shop::make_folder(&folder)?;
    for name in ["package.json", "package-lock.json", ".npmrc"] {
        let from = source.join(name);
        std::fs::copy(&from, folder.join(name)).map_err(|error| format!("{}: {error}", from.display()))?;
    }
    npm_ci(&folder)?;
    Ok(folder.join("node_modules"))
}

/// mdBook, without what serves and searches.
pub fn mdbook() -> Outcome<Setting> {
    let tool = CargoTool {
        program: "mdbook",
        version: MDBOOK.to_owned(),
        folder: format!("mdbook-{MDBOOK}"),
        source: Source::Registry("mdbook"),
        optimized: false,
    };
    ensure(&[tool], Vec::new)
}

/// The packages that a file with `pip`'s requirements names, installed into the user's cache: the folder of its programs.
pub fn python(requirements: &Path) -> Outcome<PathBuf> {
    let wanted = shop::read(requirements)?;
    let folder = cache()?.join(format!("python-{:08x}", page::fingerprint(wanted.as_bytes()) as u32));
    let programs = folder.join("bin");
    let stamp = folder.join("installed");
    if !stamp.is_file() {
        say(&format!("installing the Python packages of {}", requirements.display()), "30 seconds, once");
        let environment = || {
            let mut command = Command::new("python3");
            command.args(["-m", "venv", "--clear"]).arg(&folder).stdout(std::io::stderr());
            command
        };
        // Debian has the module for that in a package of its own.
        if run(&mut environment()).is_err() {
            install_packages(&["python3", "python3-venv"])?;
            run(&mut environment())?;
        }
        let mut install = Command::new(programs.join("python"));
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
        run(install.arg(requirements).stdout(std::io::stderr()))?;
        shop::write(&stamp, wanted)?;
    }
    Ok(programs)
}

impl CargoTool {
    fn home(&self) -> Outcome<PathBuf> {
        Ok(cache()?.join(&self.folder))
    }

    /// What makes a program of this version found, if there is one.
    fn found(&self) -> Outcome<Option<Setting>> {
        if find_program(&[self.program]).is_some_and(|program| self.is_version(&program)) {
            return Ok(Some(Setting::default()));
        }
        let programs = self.home()?.join("bin");
        Ok(self.is_version(&programs.join(self.program)).then(|| Setting::default().with_path(programs)))
    }

    fn is_version(&self, program: &Path) -> bool {
        capture(Command::new(program).arg("--version"))
            .is_ok_and(|text| text.split_whitespace().any(|word| word.trim_start_matches('v') == self.version))
    }

    fn work(&self, home: &Path, workshop: &Path) -> Outcome<Work> {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(["install", "--locked", "--force"]);
        let help = match &self.source {
            // Neither is asked to fetch anything, to look for a newer version of itself, or to serve by TLS.
            Source::Registry(package) => {
                command.args([package, "--version", &self.version, "--no-default-features"]);
                let by_hand = format!("cargo install --locked {package} --version {}", self.version);
                format!("Install it by hand and put it on PATH:\n    {by_hand}")
            }
            Source::Here(folder) => {
                command.arg("--path").arg(folder);
                String::new()
            }
        };
        command.arg("--root").arg(home).arg("--target-dir").arg(workshop);
        // A tool that runs for a second need not be built for ten minutes.
        let level = if self.optimized { "1" } else { "0" };
        let profile =
            [("OPT_LEVEL", level), ("LTO", "off"), ("CODEGEN_UNITS", "16"), ("DEBUG", "0"), ("PANIC", "abort")];
        command.envs(profile.map(|(name, value)| (format!("CARGO_PROFILE_RELEASE_{name}"), value)));
        command.env_remove("CARGO_TARGET_DIR").env_remove("CARGO_BUILD_TARGET");
        // Outside the repository, so that its cargo configuration has no say.
        shop::make_folder(home)?;
        command.current_dir(home);
        Ok(Work { name: self.program.to_owned(), command, help, needed: true })
    }
}

/// The version of a package in the text of Cargo.lock.
pub fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
    lines.next()?.strip_prefix("version = \"")?.strip_suffix('"')
}

fn npm_version(package: &str, dependency: &str) -> Outcome<String> {
    let value: serde_json::Value = serde_json::from_str(package).map_err(|error| error.to_string())?;
    let version = value["dependencies"][dependency].as_str();
    version.map(str::to_owned).ok_or_else(|| format!("package.json names no {dependency}"))
}

/// Node and npm, at a version that will do. Whatever needs them asks here before it does anything that takes long.
pub fn node() -> Outcome {
    if find_program(&["node"]).is_none() || find_program(&["npm"]).is_none() {
        install_node()?;
    }
    let text = capture(Command::new("node").arg("--version"))?;
    match major(text.trim().trim_start_matches('v')) {
        Some(major) if major >= NODE => Ok(()),
        _ => Err(format!("Node {NODE} or newer is needed, but `node --version` says {}: {NODE_HELP}", text.trim())),
    }
}

const NODE_HELP: &str = "install it from https://nodejs.org or with your system's package manager";

/// From the system's packages, if they are new enough and nobody has to be asked.
fn install_node() -> Outcome {
    let missing = || format!("Node {NODE} or newer, with npm, is needed and is not on PATH: {NODE_HELP}");
    if find_program(&["apt-get"]).is_none() || !is_root() {
        return Err(missing());
    }
    let offered = || capture(Command::new("apt-cache").args(["policy", "nodejs"])).ok().and_then(|text| offered(&text));
    let version = offered().or_else(|| {
        update_packages();
        offered()
    });
    match version.as_deref().and_then(major) {
        Some(major) if major >= NODE => install_packages(&["nodejs", "npm"]),
        Some(major) => Err(format!("{} (this system's own package is Node {major}, which is too old)", missing())),
        None => Err(missing()),
    }
}

/// The version that `apt-cache policy` would install.
fn offered(policy: &str) -> Option<String> {
    let line = policy.lines().find_map(|line| line.trim().strip_prefix("Candidate:"))?.trim();
    // Distributions put an epoch before the version.
    let version = line.split_once(':').map_or(line, |(_, version)| version);
    (version != "(none)").then(|| version.to_owned())
}

fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}

/// Installs what a package-lock.json names, unless exactly that is there already.
pub fn npm_ci(folder: &Path) -> Outcome {
    let lock = shop::read(&folder.join("package-lock.json"))?;
    let stamp = folder.join("node_modules/.installed-lock");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    node()?;
    say(&format!("installing the npm packages of {}", folder.display()), "seconds, 2 minutes for the largest, once");
    let mut command = Command::new("npm");
    command.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(folder);
    // npm's own report belongs with ours: standard output stays free for results.
    command.stdout(std::io::stderr());
    run(&mut command)?;
    shop::write(&stamp, lock)
}

/// The browser and its driver.
pub struct Browser {
    pub chrome: PathBuf,
    pub driver: PathBuf,
}

pub fn browser() -> Outcome<Browser> {
    if let Some(found) = find_browser()? {
        return Ok(found);
    }
    install_packages(&["chromium", "chromium-driver"])?;
    find_browser()?.ok_or_else(|| "no Chromium was found: set CHROME and CHROMEDRIVER to their programs".to_owned())
}

fn find_browser() -> Outcome<Option<Browser>> {
    let chrome = named_or_found("CHROME", &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"])?;
    let driver = named_or_found("CHROMEDRIVER", &["chromedriver"])?;
    Ok(chrome.zip(driver).map(|(chrome, driver)| Browser { chrome, driver }))
}

/// A program that a variable names, or else the first of these on PATH.
fn named_or_found(variable: &str, names: &[&str]) -> Outcome<Option<PathBuf>> {
    let Some(named) = std::env::var_os(variable).filter(|value| !value.is_empty()) else {
        return Ok(find_program(names));
    };
    let path = PathBuf::from(named);
    if path.is_file() { Ok(Some(path)) } else { Err(format!("{variable} names {}, which is no file", path.display())) }
}

/// Programs by the place where Debian has them and by its packages; on PATH they are found as well. What is missing is
/// installed where nobody has to be asked. Where that fails, the problem is a sentence that says what would help.
pub fn debian(wanted: &[(&str, &str)]) -> Outcome<Vec<PathBuf>> {
    let found = |place: &str| {
        let own = Path::new(place);
        // Some are in folders where only root looks.
        if own.is_file() { Some(own.to_owned()) } else { find_program(&[own.file_name()?.to_str()?]) }
    };
    let missing = || -> Vec<&str> {
        wanted.iter().filter(|(place, _)| found(place).is_none()).map(|(_, package)| *package).collect()
    };
    if !missing().is_empty() && is_root() {
        // Where that fails this says what is missing.
        let _ = install_packages(&missing());
    }
    let missing = missing();
    if missing.is_empty() {
        return Ok(wanted.iter().filter_map(|(place, _)| found(place)).collect());
    }
    let [all, names] = [", ", " "].map(|between| missing.join(between));
    Err(format!("missing: {all}; only root on Debian gets that by itself: apt-get install {names}"))
}

/// Installs system packages where that needs nobody's leave, and says how to otherwise.
pub fn install_packages(packages: &[&str]) -> Outcome {
    let names = packages.join(" ");
    let debian = find_program(&["apt-get"]).is_some();
    if !debian {
        let hint = if OS == "macos" { "with Homebrew, for example" } else { "with your system's package manager" };
        return Err(format!("please install {names} {hint} (or whatever they are called there)"));
    }
    if !is_root() {
        return Err(format!("some system packages are missing:\n    sudo apt-get install {names}"));
    }
    say(&format!("installing system packages: {names}"), "1 minute, once");
    let mut install = vec!["install", "-y", "-qq", "--no-install-recommends"];
    install.extend(packages);
    update_packages();
    apt(&install).map_err(|problem| format!("{problem}\nTry by hand:\n    apt-get install {names}"))
}

/// Lists of packages may be current already, and fetching them may be what fails.
fn update_packages() {
    if let Err(problem) = apt(&["update", "-qq"]) {
        shop::warn(&problem);
    }
}

fn apt(words: &[&str]) -> Outcome {
    let mut command = Command::new("apt-get");
    command.args(words).env("DEBIAN_FRONTEND", "noninteractive").stdout(std::io::stderr());
    run(&mut command)
}

pub fn is_root() -> bool {
    succeeds(Command::new("sh").args(["-c", "[ \"$(id -u)\" = 0 ]"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"9.9.9\"\n\n\
        [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.126\"\nsource = \"registry\"\n";

    #[test]
    fn the_locked_version_is_that_of_the_very_package() {
        assert_eq!(locked_version(LOCK, "wasm-bindgen"), Some("0.2.126"));
        assert_eq!(locked_version(LOCK, "wasm"), None);
    }

    #[test]
    fn the_systems_offer_of_node_is_read_with_its_epoch() {
        let policy =
            |candidate: &str| format!("nodejs:\n  Installed: (none)\n  Candidate: {candidate}\n  Version table:\n");
        let found = |candidate: &str| offered(&policy(candidate)).as_deref().and_then(major);
        assert_eq!(found("18.20.4+dfsg-1~deb12u1"), Some(18));
        assert_eq!(found("1:22.3.0-1"), Some(22));
        assert_eq!(found("(none)"), None);
        assert_eq!(offered("N: Unable to locate package nodejs"), None);
    }

    #[test]
    fn the_page_and_what_binds_it_are_of_one_version() {
        let lock = include_str!("../../../Cargo.lock");
        let page = locked_version(lock, "wasm-bindgen");
        assert!(page.is_some());
        assert_eq!(locked_version(lock, "wasm-bindgen-cli-support"), page);
        assert_eq!(locked_version(lock, "xtask-bindgen"), page);
    }

    #[test]
    fn what_is_there_is_not_installed() {
        assert_eq!(debian(&[("/bin/sh", "dash")]), Ok(vec![PathBuf::from("/bin/sh")]));
        assert!(debian(&[("/nowhere/sh", "dash")]).is_ok_and(|found| found[0].ends_with("sh")), "it is on PATH");
    }

    #[test]
    fn npm_versions_come_from_the_manifest() {
        assert_eq!(npm_version(r#"{"dependencies":{"binaryen":"132.0.0"}}"#, "binaryen"), Ok("132.0.0".to_owned()));
        assert!(npm_version("{}", "binaryen").is_err());
    }
}

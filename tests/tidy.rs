//! The rules of the house that a compiler does not check.

use petri_sim::words::reason::Reason;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests have a workspace").to_owned()
}

fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !matches!(&*name, "target" | "node_modules" | "dist" | ".git") {
                files(&path, ending, found);
            }
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
}

pub fn sources(folder: &str) -> Vec<(String, String)> {
    let mut paths = Vec::new();
    files(&root().join(folder), ".rs", &mut paths);
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap_or(&path).to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("sources are readable"))
        })
        .collect()
}

/// `petri-*` crates that a manifest depends on outside of its dev-dependencies.
fn arrows(manifest: &str) -> BTreeSet<String> {
    let mut section = "";
    let mut found = BTreeSet::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section == "[dependencies]"
            && let Some(name) = line.strip_prefix("petri-")
        {
            let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(name.len());
            found.insert(name[..end].to_owned());
        }
    }
    found
}

#[test]
fn dependencies_point_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("objects", &[][..]),
        ("manifest", &["objects"]),
        ("sim", &["objects"]),
        ("explore", &["objects", "sim"]),
        ("console", &["manifest", "objects", "sim"]),
        ("swarm", &["console", "manifest", "objects", "sim"]),
        ("lessons", &["console", "manifest", "objects", "sim"]),
        ("conformance", &["console", "manifest", "objects", "sim"]),
        ("picture", &["console", "objects", "sim"]),
        ("docs", &["console", "lessons", "objects", "sim"]),
        ("kube-api", &["console", "manifest", "objects", "sim"]),
        ("split", &[]),
        ("xtask", &["split"]),
    ]);
    for (name, may) in allowed {
        let path = root().join("crates").join(name).join("Cargo.toml");
        let manifest = std::fs::read_to_string(&path).expect("every crate has a manifest");
        for arrow in arrows(&manifest) {
            assert!(may.contains(&&*arrow), "{name} must not depend on {arrow}");
        }
    }
}

#[test]
fn a_wrong_arrow_is_found() {
    assert_eq!(
        arrows("[dependencies]\npetri-sim.workspace = true\n[dev-dependencies]\npetri-web = \"1\"\n"),
        BTreeSet::from(["sim".to_owned()])
    );
}

/// Words that have no place in the simulated world, and why.
const FORBIDDEN_IN_SIM: [(&str, &str); 8] = [
    ("std::time", "the wall clock"),
    ("SystemTime", "the wall clock"),
    ("std::fs", "IO"),
    ("TcpStream", "IO"),
    ("println!", "IO"),
    ("RefCell", "interior mutability"),
    ("f64", "floats"),
    ("f32", "floats"),
];

/// Where names and schemas are made once and stay: they are equal wherever they are made, and no world holds their store.
const MADE_ONCE: [&str; 2] = ["objects/src/kept/explain.rs", "objects/src/kept/taught.rs"];

fn without_tests(source: &str) -> &str {
    source.split("#[cfg(test)]").next().unwrap_or(source)
}

#[test]
fn the_world_knows_no_clock_no_io_no_floats() {
    for folder in ["crates/sim/src", "crates/objects/src"] {
        let is_test = |name: &str| name.ends_with("tests.rs") || name.contains("/tables");
        for (name, source) in sources(folder).into_iter().filter(|(name, _)| !is_test(name)) {
            for (number, line) in without_tests(&source).lines().enumerate() {
                let code = line.split("//").next().unwrap_or("");
                for (word, why) in FORBIDDEN_IN_SIM {
                    // serde's list of what may be asked for names floats; nothing answers with one.
                    if why == "floats" && code.trim_start().starts_with("bool i8 i16 ") {
                        continue;
                    }
                    if word == "RefCell" && MADE_ONCE.iter().any(|file| name.ends_with(file)) {
                        continue;
                    }
                    assert!(!code.contains(word), "{name}:{}: {word} ({why})", number + 1);
                }
            }
        }
    }
}

#[test]
fn the_page_is_the_only_home_of_the_browser() {
    for krate in ["objects", "manifest", "sim", "explore", "console", "lessons", "swarm", "picture"] {
        for (name, source) in sources(&format!("crates/{krate}/src")) {
            for word in ["web_sys", "js_sys", "wasm_bindgen", "yew", "gloo"] {
                assert!(!source.contains(&format!("{word}::")), "{name} uses {word}");
            }
        }
    }
}

/// What the page is made with, by the name in its manifest.
const PAGE_IS_MADE_WITH: [&str; 7] =
    ["wasm-bindgen", "web-sys", "js-sys", "serde", "serde-wasm-bindgen", "yew", "gloo"];
/// What the page asks of those packages rather than of the browser: listening, timers and frames, and objects whose
/// fields go by strings. Each with the one file that may, and why.
const PLUMBING: [(&str, &str); 8] = [
    ("add_event_listener", ""),
    ("set_timeout", ""),
    ("set_interval", ""),
    (".request_animation_frame(", ""),
    ("Reflect", ""),
    ("Object::new(", ""),
    ("JSON::", ""),
    // A failing page has nobody left to tell of a window that is not there.
    ("web_sys::window()", "web/src/panic.rs"),
];

#[test]
fn the_page_is_made_with_the_agreed_packages() {
    let manifest = std::fs::read_to_string(root().join("web/Cargo.toml")).expect("the page has a manifest");
    let listed = manifest.split("\n[dev-dependencies]").next().unwrap_or_default();
    let shipped: Vec<(String, String)> =
        sources("web/src").into_iter().map(|(name, source)| (name, without_tests(&source).to_owned())).collect();
    for package in PAGE_IS_MADE_WITH {
        let in_manifest = [format!("\n{package} = "), format!("\n[dependencies.{package}]")];
        assert!(in_manifest.iter().any(|line| listed.contains(line)), "web/Cargo.toml lacks {package}");
        let path = format!("{}::", package.replace('-', "_"));
        let calls = |source: &str| source.match_indices(&path).any(|(at, _)| !source[..at].ends_with(is_in_word));
        assert!(shipped.iter().any(|(_, source)| calls(source)), "nothing in web/src calls {package}");
    }
    for name in ["web/src/json.rs", "web/src/recording/commands.rs", "web/src/recording/settings.rs"] {
        assert!(!root().join(name).exists(), "{name}: recordings are read and written by derives, in `sim`");
    }
    for (name, source) in &shipped {
        for (word, home) in PLUMBING {
            assert!(name == home || !source.contains(word), "{name} uses {word}: a package does that");
        }
    }
}

fn is_in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}

#[test]
fn every_reason_is_given_somewhere_and_has_a_sentence() {
    let reasons = std::fs::read_to_string(root().join("crates/sim/src/words/reason.rs")).expect("reasons are readable");
    let (_, text) = reasons.split_once("pub fn sentence").expect("reasons have sentences");
    let mut inside = false;
    let mut codes = Vec::new();
    for line in reasons.lines() {
        if line.starts_with("pub enum Reason") {
            inside = true;
        } else if inside && line == "}" {
            break;
        } else if inside {
            let word: String = line.trim().chars().take_while(char::is_ascii_alphanumeric).collect();
            if word.starts_with(|c: char| c.is_ascii_uppercase()) {
                codes.push(word);
            }
        }
    }
    assert!(codes.len() > 30, "only {} reasons were read", codes.len());
    let mut all = String::new();
    for (name, source) in sources("crates/sim/src") {
        if !name.contains("/reason") {
            all.push_str(&source);
        }
    }
    for code in &codes {
        assert!(text.contains(&format!("Reason::{code}")), "{code} has no sentence");
    }
    let unused: Vec<&String> = codes.iter().filter(|code| !all.contains(&format!("Reason::{code}"))).collect();
    assert!(unused.is_empty(), "no controller gives these reasons: {unused:?}");
    // The code of a value is the variant's name.
    assert_eq!(Reason::RolloutPaused.code(), "RolloutPaused");
}

#[test]
fn files_fit_in_the_head() {
    let mut long = Vec::new();
    for folder in ["crates", "web/src", "tests"] {
        for (name, source) in sources(folder) {
            let lines = source.lines().count();
            if lines > 700 {
                long.push(format!("{name}: {lines} lines"));
            }
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn sources_name_no_machine() {
    for folder in ["crates", "web/src", "tests"] {
        for (name, source) in sources(folder) {
            if name.ends_with("tidy.rs") {
                continue;
            }
            for word in ["/work/", "/root/", "/tmp/"] {
                assert!(!source.contains(word), "{name} has the machine path {word}");
            }
        }
    }
}

/// Lines that print through `Debug`, outside of tests and of what only tests see.
fn debug_prints(source: &str) -> Vec<&str> {
    let shipped = source.split("#[cfg(test)]").next().unwrap_or("");
    let seen_by_tests_only = ["assert", "panic!", "expect(", "//"];
    shipped
        .lines()
        .filter(|line| line.contains(":?}") || line.contains(":#?}"))
        .filter(|line| !seen_by_tests_only.iter().any(|word| line.contains(word)))
        .collect()
}

#[test]
fn nobody_reads_debug_output() {
    // The optimized page is built without it (`-Zfmt-debug=none`): whatever prints through it would be empty there.
    let native = ["tests.rs", "testing.rs", "swarm.rs"];
    let for_tests = ["/tests/", "/tables/", "/golden/"];
    let shipped = |name: &str| {
        !native.iter().any(|ending| name.ends_with(ending)) && !for_tests.iter().any(|part| name.contains(part))
    };
    let folders = ["objects", "manifest", "sim", "explore", "console", "lessons", "picture"]
        .map(|name| format!("crates/{name}/src"));
    for folder in folders.iter().map(String::as_str).chain(["web/src"]) {
        for (name, source) in sources(folder).into_iter().filter(|(name, _)| shipped(name)) {
            assert_eq!(debug_prints(&source), Vec::<&str>::new(), "{name}");
        }
    }
}

#[test]
fn debug_output_is_found() {
    assert_eq!(debug_prints("let a = format!(\"{b:?}\");\n#[cfg(test)]\nformat!(\"{c:?}\")").len(), 1);
}

#[test]
fn planted_errors_are_in_no_product() {
    for (manifest, names) in [("crates/sim/Cargo.toml", 1), ("crates/swarm/Cargo.toml", 4)] {
        let text = std::fs::read_to_string(root().join(manifest)).expect("every crate has a manifest");
        assert_eq!(text.matches("planted").count(), names, "{manifest}: a feature for one test, and nothing more");
        assert!(!text.contains("default = "), "{manifest}: no feature is on by itself");
    }
    let mut manifests = Vec::new();
    files(&root(), "Cargo.toml", &mut manifests);
    assert!(manifests.len() > 10);
    for path in manifests {
        let text = std::fs::read_to_string(&path).expect("it can be read");
        let own = path.ends_with("sim/Cargo.toml") || path.ends_with("swarm/Cargo.toml");
        assert!(own || !text.contains("planted"), "{}: whoever asks for planted errors gets them", path.display());
    }
}

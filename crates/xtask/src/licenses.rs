//! What the packages we build on ask of us: license expressions, the lists of deny.toml, and the notice that ships with
//! the page.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use crate::shop::{self, Outcome, Shop, capture};
use crate::wasm_std::TARGET;

/// The parts of deny.toml that are enforced here; cargo-deny reads the same file and more of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Policy {
    pub allowed: Vec<String>,
    pub banned: Vec<String>,
}

impl Policy {
    pub fn read(text: &str) -> Outcome<Self> {
        let allowed = list(text, "licenses", "allow");
        if allowed.is_empty() {
            return Err("deny.toml allows no license at all".to_owned());
        }
        // An entry is a plain name, or a table whose `crate` names it.
        Ok(Self { allowed, banned: list(text, "bans", "deny") })
    }
}

/// The strings of the list `key` in `[section]`. Of a table in the list, the one after `crate =` counts.
fn list(text: &str, section: &str, key: &str) -> Vec<String> {
    let mut inside = false;
    let mut open = false;
    let mut found = Vec::new();
    for line in text.lines().map(|line| line.split('#').next().unwrap_or("").trim()) {
        if !open {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                inside = name == section;
                continue;
            }
            let value = line.split_once('=').filter(|(name, _)| inside && name.trim() == key).map(|(_, value)| value);
            let Some(value) = value else { continue };
            collect_strings(value, &mut found);
            open = !value.ends_with(']');
        } else {
            collect_strings(line, &mut found);
            open = !line.ends_with(']');
        }
    }
    found
}

fn collect_strings(line: &str, found: &mut Vec<String>) {
    if let Some((_, after)) = line.split_once("crate =") {
        found.extend(after.split('"').nth(1).map(str::to_owned));
    } else {
        found.extend(line.split('"').skip(1).step_by(2).map(str::to_owned));
    }
}

/// Whether an SPDX expression can be met with allowed licenses alone. `/` is the old way of writing `OR`.
pub fn satisfied(expression: &str, allowed: &[String]) -> Outcome<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = Words { words: spaced.split_whitespace().collect(), at: 0, allowed };
    let answer = words.either()?;
    if words.at == words.words.len() { Ok(answer) } else { Err(format!("`{}` is unexpected", words.words[words.at])) }
}

struct Words<'a> {
    words: Vec<&'a str>,
    at: usize,
    allowed: &'a [String],
}

impl Words<'_> {
    fn take(&mut self, word: &str) -> bool {
        let here = self.words.get(self.at).is_some_and(|next| *next == word);
        self.at += usize::from(here);
        here
    }

    fn either(&mut self) -> Outcome<bool> {
        let mut answer = self.both()?;
        while self.take("OR") {
            answer |= self.both()?;
        }
        Ok(answer)
    }

    fn both(&mut self) -> Outcome<bool> {
        let mut answer = self.one()?;
        while self.take("AND") {
            answer &= self.one()?;
        }
        Ok(answer)
    }

    fn one(&mut self) -> Outcome<bool> {
        if self.take("(") {
            let answer = self.either()?;
            return if self.take(")") { Ok(answer) } else { Err("a parenthesis is not closed".to_owned()) };
        }
        let Some(name) = self.words.get(self.at).copied().filter(|word| !["OR", "AND", "WITH", ")"].contains(word))
        else {
            return Err("a license is missing".to_owned());
        };
        self.at += 1;
        let mut full = name.to_owned();
        if self.take("WITH") {
            let exception = self.words.get(self.at).ok_or("an exception is missing")?;
            full = format!("{name} WITH {exception}");
            self.at += 1;
        }
        Ok(self.allowed.contains(&full))
    }
}

/// What cargo knows about every package, or about those that one target needs.
pub fn metadata(shop: &Shop, target: Option<&str>) -> Outcome<Value> {
    let mut words = vec!["metadata", "--locked", "--format-version", "1"];
    words.extend(target.into_iter().flat_map(|target| ["--filter-platform", target]));
    let text = capture(&mut shop.cargo(&words))?;
    serde_json::from_str(&text).map_err(|error| format!("cargo metadata: {error}"))
}

/// Name and license of what the editor's bundle holds: every package that is not a build tool.
pub fn shipped_npm_packages(lock: &Value) -> Vec<(String, String)> {
    let entries = lock["packages"].as_object().into_iter().flatten();
    let shipped =
        entries.filter(|(path, package)| !path.is_empty() && package["dev"] != true && package["devOptional"] != true);
    shipped
        .map(|(path, package)| {
            let name = path.rsplit_once("node_modules/").map_or(path.as_str(), |(_, name)| name);
            let version = package["version"].as_str().unwrap_or("?");
            (format!("{name} {version}"), package["license"].as_str().unwrap_or("UNKNOWN").to_owned())
        })
        .collect()
}

/// The text of `licenses.txt`: every package inside the page, its license, and the texts that have to come along.
pub fn third_party(shop: &Shop) -> Outcome<String> {
    let metadata = metadata(shop, Some(TARGET))?;
    let mut notices = Notices::default();
    for package in linked(&metadata, "petri-web")? {
        let name =
            format!("{} {}", package["name"].as_str().unwrap_or("?"), package["version"].as_str().unwrap_or("?"));
        let license = package["license"].as_str().unwrap_or("see its license file");
        let folder = package["manifest_path"].as_str().and_then(|path| Path::new(path).parent());
        notices.add(name, license, folder);
    }
    let lock: Value = serde_json::from_str(&shop.read("web/editor/package-lock.json")?).map_err(|e| e.to_string())?;
    for (name, license) in shipped_npm_packages(&lock) {
        let plain = name.rsplit_once(' ').map_or(name.as_str(), |(plain, _)| plain).to_owned();
        notices.add(name, &license, Some(&shop.path("web/editor/node_modules").join(plain)));
    }
    Ok(notices.text())
}

/// The packages from outside that `root` links, found along normal dependencies.
fn linked<'a>(metadata: &'a Value, root: &str) -> Outcome<Vec<&'a Value>> {
    let packages = metadata["packages"].as_array().ok_or("cargo metadata lists no packages")?;
    let nodes = metadata["resolve"]["nodes"].as_array().ok_or("cargo metadata resolves nothing")?;
    let by_id: BTreeMap<&str, &Value> = packages.iter().filter_map(|p| Some((p["id"].as_str()?, p))).collect();
    let node_of: BTreeMap<&str, &Value> = nodes.iter().filter_map(|node| Some((node["id"].as_str()?, node))).collect();
    let start = packages.iter().find(|package| package["name"] == root).and_then(|package| package["id"].as_str());
    let mut waiting = vec![start.ok_or_else(|| format!("there is no package {root}"))?];
    let mut seen = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        let dependencies = node_of.get(id).and_then(|node| node["deps"].as_array()).into_iter().flatten();
        for dependency in dependencies {
            let mut kinds = dependency["dep_kinds"].as_array().into_iter().flatten();
            if kinds.any(|kind| kind["kind"].is_null()) {
                waiting.extend(dependency["pkg"].as_str());
            }
        }
    }
    Ok(seen.iter().filter_map(|id| by_id.get(id).copied()).filter(|package| !package["source"].is_null()).collect())
}

/// License texts, each with the packages that carry it word for word.
#[derive(Default)]
struct Notices {
    packages: BTreeMap<String, String>,
    texts: BTreeMap<String, BTreeSet<String>>,
}

impl Notices {
    fn add(&mut self, name: String, license: &str, folder: Option<&Path>) {
        for text in folder.map(license_texts).unwrap_or_default() {
            self.texts.entry(text).or_default().insert(name.clone());
        }
        self.packages.insert(name, license.to_owned());
    }

    fn text(&self) -> String {
        let mut text = String::from("Petri is built on the work of others. These packages are inside the page:\n\n");
        for (name, license) in &self.packages {
            let _ = writeln!(text, "  {name}: {license}");
        }
        for (body, names) in &self.texts {
            let names = names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            let _ = write!(text, "\n{}\n{names}\n\n{body}\n", "=".repeat(80));
        }
        text
    }
}

/// The texts of a package's license and notice files.
fn license_texts(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    paths.sort();
    let wanted = |path: &Path| {
        let name = path.file_name().map(|name| name.to_string_lossy().to_uppercase()).unwrap_or_default();
        ["LICENSE", "LICENCE", "COPYING", "NOTICE", "COPYRIGHT"].iter().any(|start| name.starts_with(start))
    };
    let texts = paths.iter().filter(|path| wanted(path)).filter_map(|path| shop::read(path).ok());
    // The same text with other line ends is the same text.
    texts.map(|text| text.replace("\r\n", "\n").trim_matches('\n').to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const DENY: &str = "# allow = [\"GPL-3.0\"]\n[advisories]\nignore = [\"RUSTSEC-1\"]\n\n[licenses]\nallow = [\n  \
        \"MIT\", # short\n  \"Apache-2.0\",\n]\nconfidence-threshold = 0.9\n\n[bans]\ndeny = [\n  \
        { crate = \"im\", reason = \"archived\" },\n  \"wee_alloc\",\n]\n";

    #[test]
    fn the_lists_of_deny_toml_are_read() {
        let policy = Policy::read(DENY).expect("it allows something");
        assert_eq!(policy.allowed, ["MIT", "Apache-2.0"]);
        assert_eq!(policy.banned, ["im", "wee_alloc"]);
        assert_eq!(list("[licenses]\nallow = [\"MIT\"]\nother = [\"x\"]", "licenses", "allow"), ["MIT"]);
        assert!(Policy::read("[bans]\n").is_err());
    }

    #[test]
    fn an_expression_is_met_by_what_is_allowed_and_by_nothing_else() {
        let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"].map(str::to_owned);
        let met = |expression: &str| satisfied(expression, &allowed);
        assert_eq!(met("MIT"), Ok(true));
        assert_eq!(met("GPL-3.0"), Ok(false));
        assert_eq!(met("MIT/GPL-3.0"), Ok(true));
        assert_eq!(met("GPL-3.0 OR Zlib"), Ok(false));
        assert_eq!(met("(MIT OR GPL-3.0) AND Unicode-3.0"), Ok(true));
        assert_eq!(met("MIT AND GPL-3.0"), Ok(false));
        assert_eq!(met("MIT OR GPL-3.0 AND Zlib"), Ok(true));
        assert_eq!(met("Apache-2.0 WITH LLVM-exception"), Ok(true));
        assert_eq!(met("MIT WITH LLVM-exception"), Ok(false));
        assert!(met("").is_err() && met("MIT OR").is_err() && met("(MIT").is_err() && met("MIT MIT").is_err());
    }

    #[test]
    fn only_normal_dependencies_are_linked() {
        let package = |name: &str, source: Option<&str>| json!({ "id": name, "name": name, "source": source });
        let dep = |name: &str, kind: Option<&str>| json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] });
        let metadata = json!({
            "packages": [package("petri-web", None), package("yew", Some("r")), package("syn", Some("r")), package("insta", Some("r"))],
            "resolve": { "nodes": [
                { "id": "petri-web", "deps": [dep("yew", None), dep("insta", Some("dev"))] },
                { "id": "yew", "deps": [dep("syn", None), dep("petri-web", None)] },
            ] },
        });
        let names: Vec<_> =
            linked(&metadata, "petri-web").expect("it is there").iter().map(|p| p["name"].clone()).collect();
        assert_eq!(names, ["syn", "yew"]);
        assert!(linked(&metadata, "nobody").is_err());
    }

    #[test]
    fn build_tools_do_not_ship() {
        let lock = json!({ "packages": {
            "": { "name": "petri-editor" },
            "node_modules/@codemirror/view": { "version": "6.0.0", "license": "MIT" },
            "node_modules/esbuild": { "version": "0.1.0", "license": "MIT", "dev": true },
        } });
        assert_eq!(shipped_npm_packages(&lock), [("@codemirror/view 6.0.0".to_owned(), "MIT".to_owned())]);
    }
}

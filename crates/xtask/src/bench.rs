//! What things cost: natively, in WebAssembly as it ships, and in the peer, all measured in one run on one machine.
//!
//! The native program names the scenarios: `petri bench --json` prints a list of objects with `name`, `wall_ms`,
//! `cpu_ms` and `memory_bytes`. The page exports `bench(name)`, which runs one of them. For scenarios called
//! `replicas-N` and `fast-forward-N` the peer runs the same.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::shop::{self, Outcome, Shop, capture, run, say, warn};
use crate::{dist, gates, page, tools};

#[derive(Clone, Copy)]
pub struct Options {
    pub peer: bool,
    pub quick: bool,
}

/// Nodes of the cluster that `replicas-N` runs on, here and in the peer.
const NODES: u32 = 10;
const COLUMNS: [&str; 3] = ["native", "wasm", "peer"];

pub fn measure(shop: &Shop, options: Options) -> Outcome {
    dist::build(shop, false)?;
    let native = native(shop, options)?;
    let wasm = wasm(shop, &native)?;
    let peer = match options.peer {
        false => BTreeMap::new(),
        true => peer(shop, &native).unwrap_or_else(|problem| {
            warn(&format!("the peer was not measured: {problem}"));
            BTreeMap::new()
        }),
    };
    let scenarios: Vec<Value> =
        native.iter().map(|(name, native)| row(name, native, wasm.get(name), peer.get(name))).collect();
    println!("\n{}", table(&scenarios));

    let sizes = gates::sizes(&shop.path("dist"))?;
    println!("{}", gates::size_table(&sizes));
    let sizes: Vec<Value> = sizes
        .iter()
        .map(|size| json!({ "name": size.name, "raw": size.raw, "brotli": size.brotli, "first_load": size.first_load }))
        .collect();
    let machine = json!({
        "processors": std::thread::available_parallelism().map_or(0, usize::from),
        "system": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        "rust": capture(&mut shop.program("rustc", &["--version"]))?.trim(),
        "node": capture(&mut shop.program("node", &["--version"]))?.trim(),
    });
    let all = json!({ "machine": machine, "scenarios": scenarios, "dist": sizes });
    let file = shop.path("target/bench.json");
    shop::write(&file, format!("{all:#}\n"))?;
    println!("the figures are in target/bench.json");
    Ok(())
}

fn native(shop: &Shop, options: Options) -> Outcome<Vec<(String, Value)>> {
    say("measuring natively", "2 minutes to build, 1 to run");
    let mut words =
        vec!["run", "--quiet", "--locked", "--profile", "native", "-p", "petri-cli", "--", "bench", "--json"];
    words.extend(options.quick.then_some("--quick"));
    scenarios(&capture(&mut shop.cargo(&words))?)
}

/// The native program's list, bare or as the member `scenarios` of an object.
fn scenarios(text: &str) -> Outcome<Vec<(String, Value)>> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("`petri bench --json`: {error}"))?;
    let list = value.as_array().or_else(|| value["scenarios"].as_array()).filter(|list| !list.is_empty());
    let named = |scenario: &Value| Some((scenario["name"].as_str()?.to_owned(), scenario.clone()));
    list.and_then(|list| list.iter().map(named).collect())
        .ok_or_else(|| "`petri bench --json` prints no list of named scenarios".to_owned())
}

/// Each scenario in a Node of its own, so that memory and compiled code start fresh.
fn wasm(shop: &Shop, native: &[(String, Value)]) -> Outcome<BTreeMap<String, Value>> {
    say("measuring the page's WebAssembly in Node", "1 minute");
    let (module, wasm) = shipped(shop)?;
    let script = shop.path("crates/xtask/bench/wasm.mjs");
    let mut results = BTreeMap::new();
    for (name, _) in native {
        // All of it compiled, by the compiler that optimizes, before the clock starts.
        let mut command = shop.program("node", &["--no-liftoff", "--no-wasm-lazy-compilation"]);
        command.arg(&script).arg(&module).arg(&wasm).arg(name);
        results.insert(name.clone(), last_line(&capture(&mut command)?)?);
    }
    Ok(results)
}

/// The very files of `dist/`, the script under a name that Node takes for a module.
/// The page's script, and its WebAssembly as it was before it was taken apart: the same code in one file.
fn shipped(shop: &Shop) -> Outcome<(PathBuf, PathBuf)> {
    let script = gates::file_in(&shop.path("dist"), ".js", "petri-web")?;
    let module = shop.path("target/bench/petri.mjs");
    shop::write(&module, shop::read(&script)?)?;
    Ok((module, shop.target().join(page::WHOLE)))
}

fn peer(shop: &Shop, native: &[(String, Value)]) -> Outcome<BTreeMap<String, Value>> {
    let source = shop.path("crates/xtask/bench");
    tools::npm_ci(&source)?;
    let bundle = shop.path("target/bench/peer.mjs");
    let mut build = shop.program(source.join("node_modules/.bin/esbuild"), &["peer.mjs", "--bundle"]);
    build.args(["--platform=node", "--format=esm", "--log-level=error"]);
    build.arg(format!("--outfile={}", bundle.display())).current_dir(&source);
    run(&mut build)?;

    let mut results = BTreeMap::new();
    for (name, _) in native {
        let Some(words) = peer_words(name) else { continue };
        say(&format!("measuring the peer: {name}"), "up to 2 minutes");
        let mut command = shop.program("node", &[]);
        command.arg(&bundle).args(&words);
        match capture(&mut command).and_then(|text| last_line(&text)) {
            Ok(result) => drop(results.insert(name.clone(), result)),
            Err(problem) => warn(&format!("the peer did not finish {name}: {problem}")),
        }
    }
    Ok(results)
}

/// How the peer's program is told to run a scenario, if it has that one.
fn peer_words(name: &str) -> Option<Vec<String>> {
    let (kind, number) = name.rsplit_once('-')?;
    let number: u32 = number.parse().ok()?;
    match kind {
        "replicas" => Some(vec![kind.to_owned(), NODES.to_string(), number.to_string()]),
        "fast-forward" => Some(vec![kind.to_owned(), number.to_string()]),
        _ => None,
    }
}

/// Programs may talk before they print their result.
fn last_line(text: &str) -> Outcome<Value> {
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    serde_json::from_str(line).map_err(|error| format!("`{line}` is no result: {error}"))
}

fn row(name: &str, native: &Value, wasm: Option<&Value>, peer: Option<&Value>) -> Value {
    let mut row = Map::new();
    row.insert("name".to_owned(), name.into());
    row.insert("native".to_owned(), native.clone());
    for (column, value) in [("wasm", wasm), ("peer", peer)] {
        if let Some(value) = value {
            row.insert(column.to_owned(), value.clone());
        }
    }
    if let (Some(wasm), Some(peer)) = (wasm, peer) {
        let ratio = |key: &str| Some(peer[key].as_f64()? / wasm[key].as_f64().filter(|ours| *ours > 0.0)?);
        let ratios: Map<String, Value> = ["wall_ms", "cpu_ms", "memory_bytes"]
            .iter()
            .filter_map(|key| Some(((*key).to_owned(), json!(ratio(key)?))))
            .collect();
        row.insert("peer_over_wasm".to_owned(), ratios.into());
    }
    row.into()
}

fn table(scenarios: &[Value]) -> String {
    let mut table = format!("{:<24} {:<7} {:>12} {:>12} {:>10}\n", "scenario", "", "wall ms", "cpu ms", "MB");
    for scenario in scenarios {
        for column in COLUMNS.iter().filter(|column| scenario[**column].is_object()) {
            let cost = &scenario[*column];
            let name = if *column == "native" { scenario["name"].as_str().unwrap_or("?") } else { "" };
            let memory = cost["memory_bytes"].as_f64().map(|bytes| bytes / 1e6);
            let _ = writeln!(
                table,
                "{name:<24} {column:<7} {:>12} {:>12} {:>10}",
                figure(cost["wall_ms"].as_f64()),
                figure(cost["cpu_ms"].as_f64()),
                figure(memory)
            );
        }
        let ratios = &scenario["peer_over_wasm"];
        if ratios.is_object() {
            let times = |key: &str| format!("{}x", figure(ratios[key].as_f64()));
            let _ = writeln!(
                table,
                "{:<24} {:<7} {:>12} {:>12} {:>10}",
                "",
                "ratio",
                times("wall_ms"),
                times("cpu_ms"),
                times("memory_bytes")
            );
        }
    }
    table
}

fn figure(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value >= 100.0 => format!("{value:.0}"),
        Some(value) if value >= 1.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_are_read_bare_or_wrapped_and_never_empty() {
        let names = |text: &str| scenarios(text).map(|list| list.into_iter().map(|(name, _)| name).collect::<Vec<_>>());
        assert_eq!(names(r#"[{"name":"a"},{"name":"b"}]"#), Ok(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(names(r#"{"scenarios":[{"name":"a"}]}"#), Ok(vec!["a".to_owned()]));
        assert!(names("[]").is_err() && names(r#"[{"wall_ms":1}]"#).is_err() && names("oops").is_err());
    }

    #[test]
    fn the_peer_knows_two_kinds_of_scenario() {
        assert_eq!(peer_words("replicas-1000"), Some(["replicas", "10", "1000"].map(str::to_owned).to_vec()));
        assert_eq!(peer_words("fast-forward-50"), Some(["fast-forward", "50"].map(str::to_owned).to_vec()));
        assert_eq!(peer_words("seek"), None);
    }

    #[test]
    fn ratios_compare_the_peer_with_what_ships() {
        let cost = |wall: f64| json!({ "wall_ms": wall, "cpu_ms": wall, "memory_bytes": 1_000_000 });
        let row = row("replicas-100", &cost(1.0), Some(&cost(2.0)), Some(&cost(600.0)));
        assert_eq!(row["peer_over_wasm"]["wall_ms"], 300.0);
        assert_eq!(row["peer_over_wasm"]["memory_bytes"], 1.0);
        let text = table(&[row]);
        assert!(text.contains("replicas-100") && text.contains("300x"), "{text}");
    }
}

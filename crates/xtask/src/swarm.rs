//! The swarm: seeds by the two minutes, errors that are planted in the engine, and what the browser is compared with. And its
//! sibling for texts, `cargo xtask fuzz`.

use std::path::PathBuf;

use crate::checks::{Report, cargo_tests};
use crate::shop::{self, Outcome, Shop, capture, run, say};

/// How long the step plays.
const SECONDS: &str = "120";
/// Seeds a second, of both processors of a small machine.
const LEAST: &str = "50";
/// The seeds of every test run: more than two minutes give. All of them were played when the engine was changed last, so what
/// fails here is a change's doing; others are played by `petri swarm` and counted in tests/swarm/seeds.md.
const SEEDS: &str = "0..13000";
/// The seeds that are played in the browser as well.
const IN_BROWSER: &str = "0..200";
const PETRI: [&str; 9] = ["run", "--locked", "--quiet", "--profile", "native", "-p", "petri-cli", "--", "swarm"];

/// As many seeds as two minutes give.
pub fn seeds(shop: &Shop) -> Outcome<Report> {
    build(shop)?;
    let words = [&PETRI[..], &["--seeds", SEEDS, "--seconds", SECONDS, "--least", LEAST]].concat();
    let (success, output) = shop::tee(&mut shop.cargo(&words))?;
    let told = output.lines().rev().find(|line| line.contains(" seeds (")).unwrap_or("no seed was played");
    match success {
        true => Ok(Report::holds(told)),
        false => Err(format!("{told}\n{}", output.lines().last().unwrap_or_default())),
    }
}

/// Errors that are planted in the engine are found: the swarm can fail.
pub fn planted(shop: &Shop) -> Outcome<Report> {
    let words = ["test", "--locked", "--profile", "native", "-p", "petri-swarm", "--features", "planted"];
    let words = [&words[..], &["--test", "planted", "--", "--nocapture"]].concat();
    cargo_tests(&mut shop.cargo(&words), "cargo test")
}

/// Writes the final fingerprint of some seeds, played natively, for the browser to come to as well.
pub fn fingerprints(shop: &Shop) -> Outcome<PathBuf> {
    build(shop)?;
    let path = shop.target().join("swarm-fingerprints.txt");
    let words = [&PETRI[..], &["--fingerprints", "--seeds", IN_BROWSER]].concat();
    shop::write(&path, capture(&mut shop.cargo(&words))?)?;
    Ok(path)
}

/// Tries mutated texts on everything that reads some; findings are kept as files under `target/fuzz`.
pub fn fuzz(shop: &Shop, minutes: &str, seed: &str) -> Outcome {
    let kept = shop.target().join("fuzz");
    shop::make_folder(&kept)?;
    let words = ["run", "--locked", "--quiet", "--profile", "native", "-p", "petri-fuzz", "--"];
    let words = [&words[..], &["--minutes", minutes, "--seed", seed]].concat();
    say("trying mutated texts", &format!("{minutes} minutes, and 4 to build"));
    run(shop.cargo(&words).env("PETRI_FUZZ_KEPT", &kept))
}

fn build(shop: &Shop) -> Outcome {
    say("building the native binary", "4 minutes, seconds again");
    run(&mut shop.cargo(&["build", "--locked", "--profile", "native", "-p", "petri-cli"]))
}

//! `cargo xtask test`: everything that must hold, in steps that all run even if one fails.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::counts::{self, Counts};
use crate::shop::{Outcome, Setting, Shop, lasted, run, succeeds, tee, timed};
use crate::wasm_std::{self, TARGET};
use crate::{dist, docs, fresh, gates, judge, nginx, page, shop, swarm, tools};

/// Which steps to run.
pub struct Choice {
    pub only: Option<Vec<String>>,
    pub skip: Vec<String>,
    /// Less of it, for every day.
    pub quick: bool,
    pub list: bool,
}

#[derive(Clone, Copy)]

struct Step {
    name: &'static str,
    about: &'static str,
    usual: &'static str,
    work: fn(&Shop) -> Outcome<Report>,
}

/// How a step ended; a step that could not even do its work ends with a problem instead.
pub(crate) struct Report {
    pub(crate) counts: Counts,
    /// Why it failed, or why it was left out, or what it found.
    pub(crate) note: String,
    pub(crate) skipped: bool,
}

impl Report {
    /// A check that holds or not, and counts as one.
    pub(crate) fn holds(note: impl Into<String>) -> Self {
        Self { counts: Counts { passed: 1, ..Counts::default() }, note: note.into(), skipped: false }
    }

    pub(crate) fn skipped(note: impl Into<String>) -> Self {
        Self { counts: Counts { skipped: 1, ..Counts::default() }, note: note.into(), skipped: true }
    }

    /// A test runner's verdict and figures. A runner that fails without a failing test failed all the same, and one
    /// that ran nothing proves nothing.
    fn of_runner(success: bool, mut counts: Counts, what: &str) -> Self {
        let note = match (success, counts.failed) {
            (true, 0) if counts.passed == 0 => {
                counts.failed = 1;
                format!("{what} ran no test at all")
            }
            (true, 0) => format!("{} passed", counts.passed),
            (false, 0) => {
                counts.failed = 1;
                format!("{what} failed before or after its tests")
            }
            (_, failed) => format!("{failed} failed"),
        };
        Self { counts, note, skipped: false }
    }
}

const STEPS: [Step; 19] = [
    Step { name: "rust", about: "the compiler is recent enough", usual: "", work: rust },
    Step { name: "format", about: "the code is formatted", usual: "2 seconds", work: format },
    Step { name: "lint", about: "clippy has nothing to say, natively", usual: "2 minutes, seconds again", work: lint },
    Step { name: "lint-web", about: "nor about the page", usual: "2 minutes, seconds again", work: lint_web },
    Step {
        name: "native",
        about: "tests of every crate, and of the page what needs no browser",
        usual: "5 minutes, 2 again",
        work: native,
    },
    Step {
        name: "swarm",
        about: "random clusters in random trouble, for two minutes",
        usual: "6 minutes, 2 again",
        work: swarm::seeds,
    },
    Step {
        name: "judge",
        about: "the real kubectl says what the console says",
        usual: "2 minutes, 36 MB at first",
        work: judge::some,
    },
    Step {
        name: "planted",
        about: "the swarm finds errors that are planted in the engine",
        usual: "3 minutes, seconds again",
        work: swarm::planted,
    },
    Step { name: "tree", about: "the page links nothing it must not", usual: "1 second", work: tree },
    Step { name: "licenses", about: "licenses, bans and origins of packages", usual: "1 second", work: licenses },
    Step { name: "editor", about: "tests of the editor's own code", usual: "2 seconds", work: editor },
    Step {
        name: "browser",
        about: "tests of the page inside a browser",
        usual: "3 minutes, seconds again",
        work: browser,
    },
    Step {
        name: "fresh",
        about: "serve, test, screenshots, build and clean in a fresh clone",
        usual: "8 minutes, 3 again",
        work: fresh,
    },
    Step { name: "page", about: "the optimized page is built", usual: "5 minutes, none after `fresh`", work: build },
    Step { name: "size", about: "the first load is within its budget", usual: "2 seconds", work: size },
    Step {
        name: "hosting",
        about: "a real host serves the page as the README says",
        usual: "15 seconds",
        work: nginx::step,
    },
    Step { name: "e2e", about: "the built page in a browser, as a visitor", usual: "3 to 7 minutes", work: end_to_end },
    Step {
        name: "engines",
        about: "the page and its embeds in Firefox and WebKit",
        usual: "1 to 3 minutes",
        work: engines,
    },
    Step {
        name: "docs",
        about: "a cluster in plain HTML, mdBook and one more documentation tool",
        usual: "2 minutes, 5 at first",
        work: docs::some,
    },
];

/// What `--quick` does in other ways: most of what can break, in a few minutes.
const QUICKER: [Step; 2] = [
    Step {
        name: "native",
        about: "tests of every crate, with a tenth of the random runs",
        usual: "2 minutes, 1 again",
        work: native_quick,
    },
    Step {
        name: "e2e",
        about: "some visits in a browser, to a page that is not optimized",
        usual: "2 minutes, 1 again",
        work: some_visits,
    },
];
/// What `--quick` leaves out. The development page of its visits compiles what clippy would see.
const LEFT_OUT: [&str; 11] =
    ["lint-web", "swarm", "judge", "planted", "browser", "fresh", "page", "size", "hosting", "engines", "docs"];
/// Random runs with the engine for development in `--quick`; two hundred otherwise.
const QUICK_SWARM: &str = "20";
/// The visits of `--quick`.
const VISITS: [&str; 2] = ["story.test.mjs", "verbs.test.mjs"];
/// Visits that are held to times, or look at frames: nothing else runs beside them. Of the others two run at once.
const TIMED: [&str; 12] = [
    "compare",
    "dense",
    "embed",
    "embed-hard",
    "embed-idle",
    "embed-life",
    "experience",
    "kept",
    "lighthouse",
    "parts",
    "speed",
    "story",
];
/// The steps that cannot do without Node.
const BY_NODE: [&str; 9] = ["judge", "editor", "fresh", "page", "size", "hosting", "e2e", "engines", "docs"];

pub fn test(shop: &Shop, choice: &Choice) -> Outcome<ExitCode> {
    let steps = chosen(choice)?;
    if choice.list {
        for step in &steps {
            println!("{:<10} {}", step.name, step.about);
        }
        return Ok(ExitCode::SUCCESS);
    }
    // Now rather than in a quarter of an hour.
    if steps.iter().any(|step| BY_NODE.contains(&step.name)) {
        tools::node()?;
    }
    let start = Instant::now();
    let mut rows = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        println!("\n[{}/{}] {}: {}{}", index + 1, steps.len(), step.name, step.about, usually(step.usual));
        let (outcome, time) = timed(|| (step.work)(shop));
        let report = outcome.unwrap_or_else(|problem| {
            println!("{problem}");
            let note = problem.lines().next().unwrap_or_default().to_owned();
            Report { counts: Counts { failed: 1, ..Counts::default() }, note, skipped: false }
        });
        println!("{} in {}: {}", verdict(&report), lasted(time), report.note);
        rows.push((step.name, report, time));
    }
    println!("\n{}", summary(&rows));
    println!("all of it took {}", lasted(start.elapsed()));
    if choice.quick {
        println!("left out by --quick: {}", left_out());
    }
    let total = rows.iter().fold(Counts::default(), |mut sum, (_, report, _)| {
        sum += report.counts;
        sum
    });
    println!("{}", closing_line(total));
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Every step, or those of `--quick`.
fn steps(quick: bool) -> Vec<Step> {
    if !quick {
        return STEPS.to_vec();
    }
    let kept = STEPS.iter().filter(|step| !LEFT_OUT.contains(&step.name));
    kept.map(|step| *QUICKER.iter().find(|other| other.name == step.name).unwrap_or(step)).collect()
}

fn left_out() -> String {
    let steps = LEFT_OUT.join(", ");
    format!("{steps}; most random runs of `native`; all of `e2e` but {}", VISITS.join(" and "))
}

fn chosen(choice: &Choice) -> Outcome<Vec<Step>> {
    let named = choice.only.iter().flatten().chain(&choice.skip);
    if let Some(unknown) = named.into_iter().find(|name| STEPS.iter().all(|step| step.name != name.as_str())) {
        let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        return Err(format!("there is no step `{unknown}`; there are {}", names.join(", ")));
    }
    let has = |list: &[String], step: &Step| list.iter().any(|name| name == step.name);
    let wanted = |step: &Step| choice.only.as_ref().is_none_or(|only| has(only, step)) && !has(&choice.skip, step);
    Ok(steps(choice.quick).into_iter().filter(wanted).collect())
}

fn usually(usual: &str) -> String {
    if usual.is_empty() { String::new() } else { format!(" (usually {usual})") }
}

pub(crate) fn verdict(report: &Report) -> &'static str {
    match (report.counts.failed, report.skipped) {
        (0, false) => "ok",
        (0, true) => "skipped",
        _ => "FAILED",
    }
}

fn summary(rows: &[(&str, Report, Duration)]) -> String {
    let line = |(name, report, time): &(&str, Report, Duration)| {
        format!("  {name:<10} {:<8} {:>12}  {}", verdict(report), lasted(*time), report.note)
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The last line of all, for people and for whatever counts.
pub(crate) fn closing_line(total: Counts) -> String {
    let mut line = format!("{} passed, {} failed", total.passed, total.failed);
    if total.skipped > 0 {
        line.push_str(&format!(", {} skipped", total.skipped));
    }
    line
}

fn rust(shop: &Shop) -> Outcome<Report> {
    gates::rust_version(shop).map(Report::holds)
}

fn format(shop: &Shop) -> Outcome<Report> {
    component(shop, "fmt", "rustfmt")?;
    tee_checked(&mut shop.cargo(&["fmt", "--all", "--check"]))
        .map_err(|_| "some files are not formatted:\n    cargo fmt --all".to_owned())?;
    Ok(Report::holds("formatted"))
}

fn lint(shop: &Shop) -> Outcome<Report> {
    component(shop, "clippy", "clippy")?;
    let words =
        ["clippy", "--locked", "--workspace", "--exclude", "petri-web", "--all-targets", "--", "-D", "warnings"];
    tee_checked(&mut shop.cargo(&words))?;
    Ok(Report::holds("no warnings"))
}

fn lint_web(shop: &Shop) -> Outcome<Report> {
    component(shop, "clippy", "clippy")?;
    let setting = wasm_std::ensure(shop)?;
    if !setting.variables.is_empty() {
        return Ok(Report::skipped("this machine's compiler for the browser comes without clippy"));
    }
    let packages = ["-p", "petri-web", "-p", "petri-browser-tests", "--all-targets", "--target", TARGET];
    let words = [&["clippy", "--locked"], &packages[..], &["--", "-D", "warnings"]].concat();
    tee_checked(&mut shop.cargo(&words))?;
    Ok(Report::holds("no warnings"))
}

/// rustup's minimal profile leaves these two out.
fn component(shop: &Shop, subcommand: &str, name: &str) -> Outcome {
    if succeeds(&mut shop.cargo(&[subcommand, "--version"])) {
        return Ok(());
    }
    shop::say(&format!("adding {name} to the Rust toolchain"), "10 seconds, once");
    run(shop.program("rustup", &["component", "add", name]).stdout(std::io::stderr()))
        .map_err(|problem| format!("{problem}\nThis would help:\n    rustup component add {name}"))
}

fn native(shop: &Shop) -> Outcome<Report> {
    cargo_tests(&mut native_tests(shop), "cargo test")
}

fn native_quick(shop: &Shop) -> Outcome<Report> {
    cargo_tests(native_tests(shop).env("PETRI_SWARM", QUICK_SWARM), "cargo test")
}

/// All packages at once: what they have in common is compiled once, with one choice of features.
fn native_tests(shop: &Shop) -> Command {
    shop.cargo(&["test", "--locked", "--workspace", "--no-fail-fast"])
}

fn tree(shop: &Shop) -> Outcome<Report> {
    gates::tree(shop)?;
    Ok(Report::holds("nothing forbidden"))
}

fn licenses(shop: &Shop) -> Outcome<Report> {
    let crates = gates::packages(shop)?;
    let npm = gates::npm_packages(shop)?;
    gates::lock_files(shop)?;
    Ok(Report::holds(format!("{crates} crates and {npm} npm packages are fine")))
}

fn editor(shop: &Shop) -> Outcome<Report> {
    tools::node()?;
    tools::npm_ci(&shop.path("web/editor"))?;
    let mut command = shop.program("node", &["--test", "--test-reporter=spec"]);
    command.current_dir(shop.path("web/editor"));
    node_tests(&mut command)
}

fn browser(shop: &Shop) -> Outcome<Report> {
    if !shop.path("web/tests/browser.rs").is_file() {
        return Ok(Report::skipped("there is no web/tests/browser.rs"));
    }
    let browser = tools::browser()?;
    let webdriver = shop.target().join("webdriver.json");
    shop::write(&webdriver, webdriver_with(&shop.read("web/webdriver.json")?, &browser.chrome.to_string_lossy())?)?;
    let setting = wasm_std::development(wasm_std::ensure(shop)?)
        .with("PETRI_SWARM_FINGERPRINTS", swarm::fingerprints(shop)?)
        .and(tools::test_runner(shop)?)
        .and(Setting::default().with("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", "wasm-bindgen-test-runner"))
        .with("CHROMEDRIVER", browser.driver)
        .with("WASM_BINDGEN_TEST_WEBDRIVER_JSON", webdriver)
        // Seconds. A simulation at the development profile takes its time on a shared machine.
        .with("WASM_BINDGEN_TEST_TIMEOUT", "300");
    let packages = ["-p", "petri-web", "-p", "petri-browser-tests", "--target", TARGET];
    let words = [&["test", "--locked", "--no-fail-fast"], &packages[..], &["--test", "*"]].concat();
    cargo_tests(&mut shop.cargo_in(&setting, &words), "wasm-bindgen-test")
}

/// The driver's capabilities with the very browser that was found, so that all tests use the same one.
fn webdriver_with(text: &str, chrome: &str) -> Outcome<String> {
    let mut value: serde_json::Value =
        serde_json::from_str(text).map_err(|error| format!("webdriver.json: {error}"))?;
    value["goog:chromeOptions"]["binary"] = chrome.into();
    Ok(value.to_string())
}

fn fresh(shop: &Shop) -> Outcome<Report> {
    if !shop.path(".git").exists() {
        return Ok(Report::skipped("this folder is no clone, so nothing tells what one would have"));
    }
    fresh::prove(shop).map(Report::holds)
}

fn build(shop: &Shop) -> Outcome<Report> {
    let Some(why) = dist::stale(shop) else {
        return Ok(Report::holds("dist/ was built of these very files before"));
    };
    dist::build(shop, false)?;
    Ok(Report::holds(format!("dist/ is complete: {why}, so it was built")))
}

fn size(shop: &Shop) -> Outcome<Report> {
    let dist = dist::ready(shop)?;
    let total = gates::size(&dist)?;
    gates::Parts::weigh(shop, &gates::sizes(&dist)?)?.within_budget()?;
    Ok(Report::holds(format!("{total} of {} bytes", gates::FIRST_LOAD_BUDGET)))
}

fn end_to_end(shop: &Shop) -> Outcome<Report> {
    dist::ready(shop)?;
    visits(shop, page::browser_setting(shop)?, &test_files(&shop.path("tests/e2e"))?, &shop.path("dist"))
}

fn some_visits(shop: &Shop) -> Outcome<Report> {
    let folder = shop.path("tests/e2e");
    let tests = VISITS.map(|name| folder.join(name));
    visits(shop, page::browser_setting(shop)?, &tests, &page::for_development(shop)?)
}

fn engines(shop: &Shop) -> Outcome<Report> {
    dist::ready(shop)?;
    let programs = tools::debian(&[
        ("/usr/bin/firefox-esr", "firefox-esr"),
        ("/usr/bin/WebKitWebDriver", "webkit2gtk-driver"),
        ("/usr/bin/Xvfb", "xvfb"),
    ]);
    let programs = match programs {
        Ok(programs) => programs,
        Err(why) => return Ok(Report::skipped(why)),
    };
    tools::npm_ci(&shop.path("tests/e2e"))?;
    let names = ["FIREFOX", "WEBKIT_DRIVER", "XVFB"];
    let setting = names.iter().zip(programs).fold(Setting::default(), |all, (name, program)| all.with(name, program));
    visits(shop, setting, &test_files(&shop.path("tests/e2e/engines"))?, &shop.path("dist"))
}

/// Node 20 takes file names only, later ones patterns as well: names work everywhere.
fn test_files(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut tests = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?.flatten() {
        if entry.file_name().to_string_lossy().ends_with(".test.mjs") {
            tests.push(entry.path());
        }
    }
    tests.sort();
    Ok(tests)
}

/// Runs these files of tests in a browser that visits the page in `dist`.
fn visits(shop: &Shop, setting: Setting, tests: &[PathBuf], dist: &Path) -> Outcome<Report> {
    let setting = setting.with("PETRI_DIST", dist);
    let is_timed = |test: &&PathBuf| {
        let name = test.file_name().unwrap_or_default().to_string_lossy();
        TIMED.contains(&name.trim_end_matches(".test.mjs"))
    };
    let (timed, others): (Vec<&PathBuf>, Vec<&PathBuf>) = tests.iter().partition(is_timed);
    let (mut success, mut counts) = (true, Counts::default());
    for (tests, at_once) in [(others, "--test-concurrency=2"), (timed, "--test-concurrency=1")] {
        if tests.is_empty() {
            continue;
        }
        // Milliseconds, and for a whole file: a browser that hangs must not hold everything up.
        let limit = "--test-timeout=600000";
        let mut command = shop.program("node", &["--test", "--test-reporter=spec", at_once, limit]);
        command.args(tests);
        setting.apply(&mut command);
        let (well, output) = tee(&mut command)?;
        success &= well;
        counts += counts::of_node(&output);
    }
    Ok(Report::of_runner(success, counts, "node --test"))
}

pub(crate) fn cargo_tests(command: &mut Command, what: &str) -> Outcome<Report> {
    let (success, output) = tee(command)?;
    Ok(Report::of_runner(success, counts::of_cargo(&output), what))
}

pub(crate) fn node_tests(command: &mut Command) -> Outcome<Report> {
    let (success, output) = tee(command)?;
    Ok(Report::of_runner(success, counts::of_node(&output), "node --test"))
}

/// A program whose only result is its verdict.
fn tee_checked(command: &mut Command) -> Outcome {
    match tee(command)? {
        (true, _) => Ok(()),
        (false, _) => Err("it failed; see above".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(only: &[&str], skip: &[&str]) -> Choice {
        let own = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        Choice { only: (!only.is_empty()).then(|| own(only)), skip: own(skip), quick: false, list: false }
    }

    fn names(choice: &Choice) -> Vec<&'static str> {
        chosen(choice).expect("the names are known").iter().map(|step| step.name).collect()
    }

    #[test]
    fn steps_are_chosen_by_name_and_typos_are_refused() {
        assert_eq!(names(&choice(&["e2e", "rust"], &[])), ["rust", "e2e"]);
        assert_eq!(names(&choice(&["e2e", "rust"], &["rust"])), ["e2e"]);
        assert_eq!(names(&choice(&[], &["e2e"])).len(), STEPS.len() - 1);
        assert!(chosen(&choice(&["e3e"], &[])).is_err_and(|problem| problem.contains("e3e")));
    }

    #[test]
    fn quick_leaves_out_what_it_says_and_does_the_rest_in_order() {
        let quick = names(&Choice { quick: true, ..choice(&[], &[]) });
        let all = names(&choice(&[], &[]));
        let expected: Vec<&str> = all.iter().copied().filter(|name| !LEFT_OUT.contains(name)).collect();
        assert_eq!(quick, expected);
        assert_eq!(quick.len() + LEFT_OUT.len(), STEPS.len(), "whatever is left out is a step");
        assert!(QUICKER.iter().all(|step| quick.contains(&step.name)), "what is done in another way is done");
        assert!(LEFT_OUT.iter().chain(&VISITS).all(|name| left_out().contains(name)));
        assert!(BY_NODE.iter().all(|name| all.contains(name)));
    }

    #[test]
    fn a_runner_that_fails_or_runs_nothing_does_not_pass() {
        let counts = |passed, failed| Counts { passed, failed, skipped: 0 };
        assert_eq!(Report::of_runner(true, counts(3, 0), "it").counts, counts(3, 0));
        assert_eq!(Report::of_runner(false, counts(3, 1), "it").counts, counts(3, 1));
        assert_eq!(Report::of_runner(false, counts(0, 0), "it").counts, counts(0, 1), "did not compile");
        assert_eq!(Report::of_runner(true, counts(0, 0), "it").counts, counts(0, 1), "ran nothing");
        assert_eq!(verdict(&Report::of_runner(true, counts(0, 0), "it")), "FAILED");
    }

    #[test]
    fn the_closing_line_is_plain() {
        assert_eq!(closing_line(Counts { passed: 12, failed: 0, skipped: 0 }), "12 passed, 0 failed");
        assert_eq!(closing_line(Counts { passed: 1, failed: 2, skipped: 3 }), "1 passed, 2 failed, 3 skipped");
    }

    #[test]
    fn the_driver_is_told_which_browser_to_start() {
        let text = webdriver_with(r#"{"goog:chromeOptions":{"args":["--headless"]}}"#, "/opt/chrome");
        assert!(text.is_ok_and(|text| text.contains("/opt/chrome") && text.contains("--headless")));
    }
}

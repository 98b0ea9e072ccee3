//! `cargo xtask docs`: clusters in the documentation tools that there are. Each tool builds a little site of its own, with
//! one page of text that is the same for all, and a browser reads it; and the README's commands are run in empty folders.
//!
//! `tests/docs/tools.json` says what to do for each tool, `tests/docs/sites` has what the README says that it needs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::checks::{self, Report};
use crate::counts::Counts;
use crate::shop::{self, Outcome, Setting, Shop, capture, copy_folder, lasted, run, say, timed};
use crate::{dist, page, tools};

const FOLDER: &str = "tests/docs";
/// Driven each time that everything is tested. The others take turns.
const ALWAYS: [&str; 2] = ["html", "mdbook"];
/// What the README has a newcomer do, by the folder that its tool has here.
const NEWCOMERS: [(&str, &str); 3] = [("html", "plain HTML"), ("mdbook", "mdBook"), ("mkdocs", "MkDocs")];
/// Within this time a newcomer has a page with a cluster.
const PATIENCE: Duration = Duration::from_secs(300);
/// Of what a tool says when it fails.
const LINES_TOLD: usize = 40;

/// A documentation tool, and what its site is made of.
struct Tool {
    name: String,
    folder: String,
    /// Where the page goes, and what the tool wants before it.
    page: String,
    before: String,
    /// Where Petri goes.
    petri: String,
    /// What is copied to where after that.
    also: BTreeMap<String, String>,
    build: Vec<String>,
}

/// How long a tool took.
#[derive(Default)]
struct Times {
    install: Duration,
    build: Duration,
    drive: Duration,
}

/// All of them, or those of these folders, and a table.
pub fn all(shop: &Shop, only: Option<&[String]>) -> Outcome<ExitCode> {
    let known = read(&shop.read("tests/docs/tools.json")?)?;
    if let Some(unknown) = only.into_iter().flatten().find(|name| known.iter().all(|tool| tool.folder != **name)) {
        let names: Vec<&str> = known.iter().map(|tool| tool.folder.as_str()).collect();
        return Err(format!("there is no tool `{unknown}`; there are {}", names.join(", ")));
    }
    let wanted = |folder: &str| only.is_none_or(|only| only.iter().any(|name| name == folder));
    let start = Instant::now();
    let ground = ground(shop)?;
    let mut rows = Vec::new();
    for tool in known.iter().filter(|tool| wanted(&tool.folder)) {
        rows.push(one(shop, &ground, tool));
    }
    let newcomers: Vec<_> = NEWCOMERS.into_iter().filter(|(folder, _)| wanted(folder)).collect();
    if !newcomers.is_empty() {
        rows.push(newcomer(shop, &ground, &newcomers));
    }
    println!("\n  {:<34} {:<8} {:>12} {:>12} {:>12}  tests", "", "", "install", "build", "drive");
    let mut total = Counts::default();
    for (name, report, times) in &rows {
        let [install, build, drive] = [times.install, times.build, times.drive].map(lasted);
        let note = report.note.lines().next().unwrap_or_default();
        println!("  {name:<34} {:<8} {install:>12} {build:>12} {drive:>12}  {note}", checks::verdict(report));
        total += report.counts;
    }
    println!("\nall of it took {}\n{}", lasted(start.elapsed()), checks::closing_line(total));
    Ok(if total.failed == 0 && total.skipped == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Plain HTML, mdBook, what a newcomer does, and one of the others in turn.
pub(crate) fn some(shop: &Shop) -> Outcome<Report> {
    let known = read(&shop.read("tests/docs/tools.json")?)?;
    let others: Vec<&Tool> = known.iter().filter(|tool| !ALWAYS.contains(&tool.folder.as_str())).collect();
    let next = others.get(turn(shop) % others.len()).ok_or("tests/docs/tools.json names no tool")?;
    println!("in turn, by the number of commits: {}", next.name);
    let ground = ground(shop)?;
    let driven = known.iter().filter(|tool| ALWAYS.contains(&tool.folder.as_str()) || tool.folder == next.folder);
    let mut rows: Vec<_> = driven.map(|tool| one(shop, &ground, tool)).collect();
    rows.push(newcomer(shop, &ground, &NEWCOMERS));
    let mut sum = Report { counts: Counts::default(), note: String::new(), skipped: false };
    for (name, report, times) in rows {
        sum.counts += report.counts;
        let note = report.note.lines().next().unwrap_or_default();
        let time = lasted(times.install + times.build + times.drive);
        sum.note += &format!("{}{name}: {note} ({time})", if sum.note.is_empty() { "" } else { ", " });
    }
    Ok(sum)
}

/// Which of the others it is this time: the next one with each commit.
fn turn(shop: &Shop) -> usize {
    let mut git = shop.program("git", &["-c", "safe.directory=*", "rev-list", "--count", "HEAD"]);
    capture(&mut git).ok().and_then(|count| count.trim().parse().ok()).unwrap_or_default()
}

fn read(text: &str) -> Outcome<Vec<Tool>> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("tests/docs/tools.json: {error}"))?;
    let list = value.as_array().ok_or("tests/docs/tools.json is no list")?;
    list.iter()
        .map(|tool| {
            let word = |name: &str| tool[name].as_str().map(str::to_owned);
            let needed = |name: &str| word(name).ok_or_else(|| format!("tests/docs/tools.json: a tool has no {name}"));
            let also = tool["also"].as_object().into_iter().flatten();
            Ok(Tool {
                name: needed("name")?,
                folder: needed("folder")?,
                page: needed("page")?,
                before: word("before").unwrap_or_default(),
                petri: needed("petri")?,
                also: also.filter_map(|(from, to)| Some((from.clone(), to.as_str()?.to_owned()))).collect(),
                build: tool["build"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|w| w.as_str().map(str::to_owned))
                    .collect(),
            })
        })
        .collect()
}

/// What all of them need.
struct Ground {
    /// With a browser, the program `petri`, and the page's folder as the README calls it.
    setting: Setting,
    /// The page's folder.
    dist: PathBuf,
}

fn ground(shop: &Shop) -> Outcome<Ground> {
    // Who tries another page than `dist/` says where it is, as for the tests in a browser.
    let dist = match std::env::var_os("PETRI_DIST") {
        Some(dist) => PathBuf::from(dist),
        None => dist::ready(shop)?,
    };
    let setting = page::browser_setting(shop)?;
    say("building the program `petri`", "2 minutes, seconds again");
    run(shop.cargo(&["build", "--quiet", "--locked", "-p", "petri-cli"]).stdout(std::io::stderr()))?;
    let setting = setting.with_path(shop.target().join("debug")).with("PETRI", &dist);
    Ok(Ground { setting, dist })
}

/// Installs, builds, drives.
fn one(shop: &Shop, ground: &Ground, tool: &Tool) -> (String, Report, Times) {
    println!("\n{}", tool.name);
    let mut times = Times::default();
    let report = (|| {
        let (own, time) = timed(|| installed(shop, &tool.folder));
        times.install = time;
        let setting = match own {
            Ok(own) => ground.setting.clone().and(own),
            Err(problem) => return Ok(missing(problem)),
        };
        let (built, time) = timed(|| build(shop, &setting, &ground.dist, tool));
        times.build = time;
        built?;
        let (driven, time) = timed(|| drive(shop, &setting, "tools.test.mjs", &[&tool.folder]));
        times.drive = time;
        driven
    })();
    (tool.name.clone(), report.unwrap_or_else(failed), times)
}

/// A tool that cannot be had here says nothing of the page. Whoever asks for all of them is told so by [`all`].
fn missing(problem: String) -> Report {
    println!("{problem}");
    Report::skipped(problem)
}

fn failed(problem: String) -> Report {
    println!("{problem}");
    Report { counts: Counts { failed: 1, ..Counts::default() }, note: problem, skipped: false }
}

/// The tool itself, at the version that this repository names.
fn installed(shop: &Shop, folder: &str) -> Outcome<Setting> {
    let site = shop.path(FOLDER).join("sites").join(folder);
    match folder {
        "html" => Ok(Setting::default()),
        "mdbook" => tools::mdbook(),
        _ if site.join("package-lock.json").is_file() => {
            Ok(Setting::default().with_path(packages(&site)?.join(".bin")))
        }
        _ => Ok(Setting::default().with_path(tools::python(&shop.path(FOLDER).join("requirements.txt"))?)),
    }
}

/// The npm packages of a site, in the user's cache: one folder per lock file.
fn packages(site: &Path) -> Outcome<PathBuf> {
    let lock = shop::read(&site.join("package-lock.json"))?;
    let name = site.file_name().unwrap_or_default().to_string_lossy();
    tools::npm_tree(site, &format!("docs-{name}-{:08x}", page::fingerprint(lock.as_bytes()) as u32))
}

/// Lays the site out in cargo's target folder, and has the tool build it.
fn build(shop: &Shop, setting: &Setting, dist: &Path, tool: &Tool) -> Outcome {
    let source = shop.path(FOLDER).join("sites").join(&tool.folder);
    let mut site = shop.target().join("docs").join(&tool.folder);
    shop::remove_folder(&site)?;
    if source.join("package-lock.json").is_file() {
        // Below the folder that has its packages: Astro takes a package for a part of the site where the two share no
        // folder. One for each clone.
        let clone = page::fingerprint(site.to_string_lossy().as_bytes()) as u32;
        let beside = packages(&source)?.with_file_name(format!("site-{clone:08x}"));
        shop::remove_folder(&beside)?;
        shop::make_folder(&beside)?;
        shop::make_folder(&shop.target().join("docs"))?;
        link(&beside, &site)?;
    }
    // Tools disagree about what a folder that is a link is called.
    shop::make_folder(&site)?;
    site = site.canonicalize().map_err(|error| format!("{}: {error}", site.display()))?;
    copy_folder(&source, &site)?;
    copy_folder(dist, &site.join(&tool.petri))?;
    let text = shop.read("tests/docs/page.md")?;
    let page = site.join(&tool.page);
    match tool.page.ends_with(".html") {
        true => shop::write(&page, shop::read(&page)?.replace("<!-- page.md -->", &as_html(&text)?))?,
        false => shop::write(&page, format!("{}{text}", tool.before))?,
    }
    for (from, to) in &tool.also {
        copy_folder(&site.join(from), &site.join(to))?;
    }
    let Some((program, words)) = tool.build.split_first() else { return Ok(()) };
    let mut command = Command::new(program);
    command.args(words).current_dir(&site).envs([("ASTRO_TELEMETRY_DISABLED", "1"), ("NO_COLOR", "1")]);
    setting.apply(&mut command);
    quietly(&mut command)
}

/// The page's fence, as whoever writes HTML has it: with the way to Petri for who reads without scripts.
fn as_html(markdown: &str) -> Outcome<String> {
    let fence = markdown.split_once("```petri\n").and_then(|(_, rest)| rest.split_once("```"));
    let (fence, _) = fence.ok_or("tests/docs/page.md has no fence")?;
    let (text, link) = (html_escape::encode_text(fence), utf8_percent_encode(fence, NON_ALPHANUMERIC));
    Ok(format!(
        "<pre><code class=\"language-petri\">{text}</code></pre>\n    <p><a href=\"petri/#fence={link}\">Open in Petri</a></p>"
    ))
}

/// Reads what was built in a browser.
fn drive(shop: &Shop, setting: &Setting, test: &str, folders: &[&str]) -> Outcome<Report> {
    let mut command = shop.program("node", &["--test", "--test-reporter=spec", "--test-timeout=300000"]);
    command.arg(shop.path(FOLDER).join(test));
    command.env("PETRI_DOCS", shop.target().join("docs")).env("PETRI_DOCS_TOOLS", folders.join(","));
    setting.apply(&mut command);
    checks::node_tests(&mut command)
}

/// Does what the README says in empty folders, and reads what comes of it.
fn newcomer(shop: &Shop, ground: &Ground, wanted: &[(&str, &str)]) -> (String, Report, Times) {
    println!("\nA newcomer, by the README");
    let mut times = Times::default();
    let report = (|| {
        let readme = shop.read("README.md")?;
        let mut setting = ground.setting.clone();
        for (folder, name) in wanted {
            let (own, time) = timed(|| installed(shop, folder));
            times.install += time;
            setting = match own {
                Ok(own) => setting.and(own),
                Err(problem) => return Ok(missing(problem)),
            };
            let empty = shop.target().join("docs/newcomer").join(folder);
            shop::remove_folder(&empty)?;
            shop::make_folder(&empty)?;
            let mut shell = Command::new("sh");
            shell.args(["-e", "-c", &recipe(&readme, name)?]).current_dir(&empty);
            setting.apply(&mut shell);
            let (done, time) = timed(|| quietly(&mut shell));
            done?;
            println!("{name}: built in {}", lasted(time));
            times.build += time;
        }
        let folders: Vec<&str> = wanted.iter().map(|(folder, _)| *folder).collect();
        let (driven, time) = timed(|| drive(shop, &setting, "newcomer.test.mjs", &folders));
        times.drive = time;
        if times.build + time > PATIENCE {
            return Err(format!("a newcomer waits for {}", lasted(times.build + time)));
        }
        driven
    })();
    ("a newcomer".to_owned(), report.unwrap_or_else(failed), times)
}

/// The commands of the README for an empty folder and this tool: an indented block with that in its first line.
fn recipe(readme: &str, name: &str) -> Outcome<String> {
    let first = format!("    # {name}, in an empty folder");
    let mut lines = readme.lines().skip_while(|line| *line != first).peekable();
    lines.peek().ok_or_else(|| format!("the README does not say how to begin with {name}: `{}`", first.trim()))?;
    let block = lines.take_while(|line| line.is_empty() || line.starts_with("    "));
    Ok(block.map(|line| format!("{}\n", line.get(4..).unwrap_or_default())).collect())
}

/// A program whose output matters only if it fails.
fn quietly(command: &mut Command) -> Outcome {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("`{name}` could not be started: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    let lines: Vec<&str> = told.lines().collect();
    let last = lines[lines.len().saturating_sub(LINES_TOLD)..].join("\n");
    Err(format!("`{name}` failed ({})\n{last}", output.status))
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) -> Outcome {
    std::os::unix::fs::symlink(to, at).map_err(|error| format!("{}: {error}", at.display()))
}

#[cfg(windows)]
fn link(to: &Path, at: &Path) -> Outcome {
    std::os::windows::fs::symlink_dir(to, at).map_err(|error| format!("{}: {error}", at.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = include_str!("../../../README.md");

    fn known() -> Vec<Tool> {
        read(include_str!("../../../tests/docs/tools.json")).expect("it is a list of tools")
    }

    /// The indented blocks of a text.
    fn blocks(text: &str) -> Vec<Vec<&str>> {
        let mut found = vec![Vec::new()];
        for line in text.lines() {
            match (line.strip_prefix("    "), found.last_mut()) {
                (Some(inside), Some(block)) => block.push(inside),
                (None, Some(block)) if !block.is_empty() && !line.is_empty() => found.push(Vec::new()),
                _ => {}
            }
        }
        found
    }

    #[test]
    fn the_readme_has_the_lines_that_are_tested() {
        let sites = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/docs/sites");
        let mut compared = Vec::new();
        for block in blocks(README) {
            // `# book.toml`, `// docusaurus.config.mjs`: whose lines these are.
            let Some((mark, name)) = block.first().and_then(|line| line.split_once(' ')) else { continue };
            if !["#", "//"].contains(&mark) {
                continue;
            }
            for tool in known() {
                let Ok(text) = std::fs::read_to_string(sites.join(&tool.folder).join(name)) else { continue };
                let mut rest: Vec<&str> = text.lines().map(str::trim).collect();
                for line in block[1..].iter().map(|line| line.trim()).filter(|line| !line.is_empty()) {
                    let at = rest.iter().position(|own| *own == line);
                    let at = at.unwrap_or_else(|| panic!("README: `{line}` is not what is tested in {name}"));
                    rest.drain(..=at);
                }
                compared.push(tool.folder);
            }
        }
        compared.sort();
        assert_eq!(compared, ["docusaurus", "mdbook", "mkdocs", "sphinx", "starlight", "vitepress"]);
    }

    #[test]
    fn the_readme_says_where_petri_goes_in_every_tool() {
        for tool in known() {
            let row = README.lines().find(|line| line.starts_with(&format!("| {} |", tool.name)));
            let row = row.unwrap_or_else(|| panic!("README: no row for {}", tool.name));
            assert!(row.contains(&format!("`{}/`", tool.petri)), "{row}");
        }
    }

    #[test]
    fn the_readme_has_commands_for_newcomers() {
        for (_, name) in NEWCOMERS {
            let commands = recipe(README, name).expect("they are there");
            assert!(commands.contains("cp -r \"$PETRI\" ") && commands.contains("? "), "{commands}");
        }
        assert!(recipe(README, "LaTeX").is_err());
        let text = "x\n\n    # a, in an empty folder\n    one <<END\n\n      two\n    END\n\nAfter.\n";
        assert_eq!(recipe(text, "a"), Ok("# a, in an empty folder\none <<END\n\n  two\nEND\n\n".to_owned()));
    }

    #[test]
    fn every_tool_takes_its_turn() {
        let tools = known();
        assert!(ALWAYS.iter().all(|folder| tools.iter().any(|tool| tool.folder == *folder)));
        assert_eq!(tools.len(), 8);
    }

    #[test]
    fn a_fence_becomes_html() {
        let html = as_html("a\n\n```petri\n? a < b\n```\nb\n").expect("there is a fence");
        assert!(html.starts_with("<pre><code class=\"language-petri\">? a &lt; b\n</code></pre>\n"), "{html}");
        assert!(html.contains("href=\"petri/#fence=%3F%20a%20%3C%20b%0A\""), "{html}");
        assert!(as_html("no fence").is_err());
    }
}

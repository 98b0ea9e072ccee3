//! Documentation that cannot rot: every fence of a folder is run, and every claim in it must hold.

use crate::find::{self, Found};
use petri_lessons::fence::Fence;
use petri_lessons::fence::run::{Outcome, Told, play};
use petri_sim::story::recording::ENGINE;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// What a folder's fences came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Files with at least one fence.
    pub files: u32,
    pub fences: u32,
    pub lines: u32,
    pub claims: u32,
    pub failures: Vec<Complaint>,
    /// What its writer should know, though all holds.
    pub remarks: Vec<Complaint>,
}

/// Something that does not hold, at its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    pub file: PathBuf,
    /// From 1.
    pub line: u32,
    pub message: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.message)
    }
}

impl Complaint {
    /// As GitHub's runners read it, to show it at the line: `::error file=a.md,line=7::message`.
    pub fn annotation(&self, level: &str) -> String {
        let escaped = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
        let file = escaped(&self.file.display().to_string()).replace(':', "%3A").replace(',', "%2C");
        format!("::{level} file={file},line={}::{}", self.line, escaped(&self.message))
    }
}

/// Runs the fences of a file, or of all files of documentation below a folder.
///
/// # Errors
/// What cannot be read, in a sentence.
pub fn check(path: &Path) -> Result<Report, String> {
    if !path.exists() {
        return Err(format!("{} does not exist", path.display()));
    }
    let texts = crate::texts();
    let mut report = Report::default();
    for entry in WalkDir::new(path).sort_by_file_name().into_iter().filter_entry(is_looked_into) {
        let entry = entry.map_err(|problem| problem.to_string())?;
        let name = entry.file_name().to_string_lossy();
        let is_text = name.rsplit_once('.').is_some_and(|(_, ending)| find::KINDS.contains(&ending));
        if !entry.file_type().is_file() || !is_text {
            continue;
        }
        let file = entry.path();
        let text = std::fs::read(file).map_err(|problem| format!("{}: {problem}", file.display()))?;
        let Ok(text) = String::from_utf8(text) else {
            report.remarks.push(Complaint {
                file: file.to_owned(),
                line: 1,
                message: "it is not UTF-8, and was passed over".into(),
            });
            continue;
        };
        let found = find::fences(&name, &text);
        report.files += u32::from(!found.is_empty());
        for fence in &found {
            report.one(file, fence, &texts);
        }
    }
    Ok(report)
}

/// Neither what tools leave behind nor what is hidden.
fn is_looked_into(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    entry.depth() == 0
        || !(name.starts_with('.') || ["node_modules", "target", "dist", "site", "build", "book"].contains(&&*name))
}

impl Report {
    pub fn is_ok(&self) -> bool {
        self.failures.is_empty()
    }

    fn one(&mut self, file: &Path, found: &Found, texts: &BTreeMap<String, String>) {
        self.fences += 1;
        let fence = Fence::read(&found.words, &found.body);
        let complaint = |number: u32, message: String| {
            let line = if number == 0 { found.line } else { found.first + number - 1 };
            Complaint { file: file.to_owned(), line, message }
        };
        for problem in fence.problems.iter().filter(|problem| problem.is_harmless) {
            self.remarks.push(complaint(problem.number, problem.message.clone()));
        }
        if let Some(engine) = fence.attributes.engine.as_deref().filter(|engine| *engine != ENGINE) {
            self.remarks
                .push(complaint(0, format!("it was written for Petri {engine}, and is checked by Petri {ENGINE}")));
        }
        let run = match play(&fence, texts) {
            Ok(run) => run,
            Err(problems) => {
                let told = problems.into_iter().map(|problem| complaint(problem.number, problem.message));
                return self.failures.extend(told);
            }
        };
        for outcome in &run.outcomes {
            let told = &outcome.what;
            self.lines += u32::from(matches!(told, Told::Line { .. }));
            self.claims += u32::from(matches!(told, Told::Claim { .. }));
            if !outcome.is_well() {
                self.failures.push(complaint(outcome.number, told_badly(outcome)));
            }
        }
    }
}

fn told_badly(outcome: &Outcome) -> String {
    match &outcome.what {
        Told::Claim { claim, verdict } => format!("`{claim}` does not hold: {}", verdict.found),
        Told::Line { line, shown, code, refused: false } => {
            format!("`{}` ends with code {code}: {}", first_line(line), first_line(shown))
        }
        Told::Line { line, .. } => format!("`{}` was to be refused, and was not", first_line(line)),
    }
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> PathBuf {
        let name =
            format!("petri-doctest-{}-{}", std::process::id(), files.iter().map(|(_, text)| text.len()).sum::<usize>());
        let root = std::env::temp_dir().join(name);
        for (name, text) in files {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().expect("it is in the folder")).expect("there is room");
            std::fs::write(path, text).expect("there is room");
        }
        root
    }

    const GOOD: &str = "# A\n\n```petri\nrandom-generator\n$ run 60s\n? no pod is Pending\n? At most one holds\n```\n";

    #[test]
    fn a_folder_is_run_and_what_does_not_hold_is_named_with_its_line() {
        let root = folder(&[
            ("a.md", GOOD),
            ("deep/b.md", &GOOD.replace("no pod is Pending", "no pod is Running")),
            ("c.rst", ".. petri::\n\n   kind: [\n"),
            ("d.md", "```petri colour=red engine=0.0.1\n$ cut node-77\n```\n"),
            ("e.md", "```petri\n$! cut node-77\n$! run 1s\n```\n"),
            (".hidden/f.md", "```petri\n? nonsense\n```\n"),
            ("g.txt", "```petri\n? nonsense\n```\n"),
        ]);
        let report = check(&root).expect("the folder is there");
        std::fs::remove_dir_all(&root).expect("it is ours");
        let told: Vec<String> = (report.failures.iter())
            .map(|failure| failure.to_string().replace(&format!("{}/", root.display()), ""))
            .collect();
        assert_eq!((report.files, report.fences, report.claims, report.lines), (5, 5, 4, 5), "{told:?}");
        let starts = [
            "c.rst:3: ",
            "d.md:2: `cut node-77` ends with code 1: ",
            "deep/b.md:6: `no pod is Running` does not hold: ",
            "e.md:3: `run 1s` was to be refused",
        ];
        assert!(told.len() == 4 && told.iter().zip(starts).all(|(told, start)| told.starts_with(start)), "{told:#?}");
        let remarks: Vec<&str> = report.remarks.iter().map(|remark| &*remark.message).collect();
        assert!(remarks[0].contains("colour") && remarks[1].contains("0.0.1"), "{remarks:?}");
        let annotation = report.failures[2].annotation("error");
        assert!(annotation.starts_with("::error file=") && annotation.contains("b.md,line=6::`no pod"), "{annotation}");
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        assert!(check(Path::new("/nowhere/at/all")).is_err());
    }
}

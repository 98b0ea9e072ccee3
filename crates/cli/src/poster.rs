//! `petri poster`: the picture of a fence, a manifest or a recording, as an SVG file.

use crate::open;
use petri_console::args::duration;
use petri_docs::find;
use petri_lessons::fence::run::play;
use petri_lessons::fence::{Beginning, Fence, Problem};
use petri_objects::Span;
use petri_picture::poster;
use petri_sim::story::timeline::Timeline;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "petri poster: a page, a manifest or a recording, please: petri poster FILE|LINK [--out DIR] [--at TIME] [--width PIXELS]";

/// What has no line that lets time pass shows what has come of it after this.
const SETTLED: Span = Span::minutes(1);

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    name: String,
    /// Where posters go; those of a page go beside it otherwise.
    out: Option<PathBuf>,
    /// Since the run's start.
    at: Option<Span>,
    width: u32,
}

/// One picture, and the name of its file.
struct Poster {
    file: PathBuf,
    svg: String,
}

/// Writes the posters of what the words name.
pub fn run(words: &[String]) -> ExitCode {
    let asked = match read(words) {
        Ok(asked) => asked,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(2);
        }
    };
    match posters(&asked).and_then(|posters| posters.iter().try_for_each(write)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn read(words: &[String]) -> Result<Asked, String> {
    let mut asked = Asked { name: String::new(), out: None, at: None, width: poster::WIDTH };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (flag, attached) = match word.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => (flag, Some(value)),
            _ => (word.as_str(), None),
        };
        let mut value = || attached.or_else(|| words.next().map(String::as_str)).ok_or(USAGE);
        match flag {
            "--out" => asked.out = Some(value()?.into()),
            "--at" => {
                let text = value()?;
                asked.at =
                    Some(duration(text).ok_or_else(|| format!("petri poster: {text} is no time such as 90s or 7m"))?);
            }
            "--width" => {
                let text = value()?;
                asked.width = text.parse().ok().filter(|width| poster::WIDTHS.contains(width)).ok_or_else(|| {
                    let (least, most) = (poster::WIDTHS.start(), poster::WIDTHS.end());
                    format!("petri poster: a width is a number of pixels from {least} to {most}, and {text} is none")
                })?;
            }
            _ if flag.starts_with("--") || !asked.name.is_empty() => return Err(USAGE.into()),
            _ => word.clone_into(&mut asked.name),
        }
    }
    if asked.name.is_empty() { Err(USAGE.into()) } else { Ok(asked) }
}

fn posters(asked: &Asked) -> Result<Vec<Poster>, String> {
    let path = Path::new(&asked.name);
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let text = || std::fs::read_to_string(path).map_err(|problem| format!("{}: {problem}", asked.name));
    if find::KINDS.contains(&ending) && !asked.name.contains("://") {
        return of_page(path, &text()?, asked);
    }
    let mut timeline = match ending {
        "yaml" | "yml" => played(path, 1, 1, &Fence::read("", &text()?), asked)?,
        _ => {
            let refused = |refused| format!("{} could not be opened: {refused}", asked.name);
            Timeline::opened(open::read(&asked.name).map_err(refused)?)
        }
    };
    // A link is no name for a file.
    let stem = path.file_stem().filter(|_| path.exists()).unwrap_or("cluster".as_ref());
    let file = asked.out.clone().unwrap_or_default().join(stem).with_extension("svg");
    Ok(vec![Poster { file, svg: drawn(&mut timeline, None, asked) }])
}

/// One for each fence: under the name that its `poster=` has, or that of the page with a number.
fn of_page(path: &Path, text: &str, asked: &Asked) -> Result<Vec<Poster>, String> {
    let found = find::fences(&path.file_name().unwrap_or_default().to_string_lossy(), text);
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let beside = path.parent().unwrap_or(Path::new(""));
    let mut posters: Vec<Poster> = Vec::new();
    for (number, one) in (1..).zip(&found) {
        let fence = Fence::read(&one.words, &one.body);
        let mut timeline = played(path, one.line, one.first, &fence, asked)?;
        let complain = |problem: &str| format!("{}:{}: {problem}", path.display(), one.line);
        let named = match (&fence.attributes.poster, found.len()) {
            (Some(poster), _) => PathBuf::from(poster),
            (None, 1) => format!("{stem}.svg").into(),
            (None, _) => format!("{stem}-{number}.svg").into(),
        };
        let file = match &asked.out {
            Some(folder) => folder.join(named.file_name().ok_or_else(|| complain("`poster` names no file"))?),
            // It is somebody else's text that says where to write.
            None if named.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) => {
                beside.join(named)
            }
            None => return Err(complain("`poster` leads out of the page's folder: say where to write with --out")),
        };
        if file.extension().is_none_or(|ending| ending != "svg") {
            return Err(complain("`poster` is no name of an SVG file: it ends in .svg"));
        }
        if posters.iter().any(|other| other.file == file) {
            return Err(complain("two fences have one poster"));
        }
        posters.push(Poster { file, svg: drawn(&mut timeline, fence.attributes.title.as_deref(), asked) });
    }
    if posters.is_empty() { Err(format!("{} has no fence", path.display())) } else { Ok(posters) }
}

/// What a fence comes to. `line` has its words, and `first` its first line.
fn played(path: &Path, line: u32, first: u32, fence: &Fence, asked: &Asked) -> Result<Timeline, String> {
    let told = |problem: &Problem| {
        let line = if problem.number == 0 { line } else { first + problem.number - 1 };
        format!("{}:{line}: {}", path.display(), problem.message)
    };
    let run = play(fence, &petri_docs::texts())
        .map_err(|problems| problems.iter().map(told).collect::<Vec<_>>().join("\nerror: "))?;
    let mut timeline = run.timeline;
    let rests = fence.steps.is_empty() && matches!(fence.beginning, Beginning::Manifest(_) | Beginning::Example(_));
    if rests && asked.at.is_none() {
        timeline.play_until(timeline.now() + SETTLED);
    }
    Ok(timeline)
}

fn drawn(timeline: &mut Timeline, title: Option<&str>, asked: &Asked) -> String {
    if let Some(at) = asked.at.map(|since| timeline.start() + since) {
        if at > timeline.now() {
            timeline.play_until(at);
        } else {
            timeline.seek(at);
        }
    }
    poster::of(timeline, title, asked.width)
}

fn write(poster: &Poster) -> Result<(), String> {
    let Poster { file, svg } = poster;
    let problem = |problem: std::io::Error| format!("{}: {problem}", file.display());
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or(Ok(()), std::fs::create_dir_all).map_err(problem)?;
    std::fs::write(file, svg).map_err(problem)?;
    println!("{}: {} bytes", file.display(), svg.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(words: &str) -> Result<Asked, String> {
        read(&words.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    fn names(text: &str, words: &str) -> Result<Vec<String>, String> {
        let posters = of_page(Path::new("docs/page.md"), text, &ask(&format!("docs/page.md {words}"))?)?;
        Ok(posters.into_iter().map(|poster| poster.file.to_string_lossy().into_owned()).collect())
    }

    #[test]
    fn each_fence_has_a_file_that_the_page_can_name() {
        let fence = |words: &str| format!("```petri {words}\nlease\n```\n\n");
        let one = fence("");
        assert_eq!(names(&one, "").unwrap(), ["docs/page.svg"]);
        assert_eq!(names(&one, "--out img").unwrap(), ["img/page.svg"]);
        let two = format!("{}{}", fence(""), fence("poster=img/b.svg"));
        assert_eq!(names(&two, "").unwrap(), ["docs/page-1.svg", "docs/img/b.svg"]);
        assert_eq!(names(&two, "--out=x").unwrap(), ["x/page-1.svg", "x/b.svg"]);
        for (words, said) in [
            ("poster=../../etc/x.svg", "docs/page.md:1: `poster` leads out of"),
            ("poster=/etc/x.svg", "leads out of"),
            ("poster=x.sh", "ends in .svg"),
        ] {
            let problem = names(&fence(words), "").unwrap_err();
            assert!(problem.contains(said), "{problem}");
        }
        assert!(names(&format!("{0}{0}", fence("poster=a.svg")), "").unwrap_err().contains("two fences"));
        assert!(names("no fence", "").unwrap_err().contains("has no fence"));
        let wrong = names("# T\n\n```petri\nkind: [\n```\n", "").unwrap_err();
        assert!(wrong.starts_with("docs/page.md:4: "), "{wrong}");
    }

    #[test]
    fn a_poster_is_of_the_end_or_of_the_moment_that_was_asked_for() {
        let text = "```petri title=\"Two of them\"\nrandom-generator\n$ run 90s\n```\n";
        let svg = |words: &str| {
            let asked = ask(&format!("page.md {words}")).unwrap();
            of_page(Path::new("page.md"), text, &asked).unwrap().remove(0).svg
        };
        for (words, title) in [
            ("", "Two of them. At 1:30: "),
            ("--at 5s", "Two of them. At 0:05: "),
            ("--at 3m", "Two of them. At 3:00: "),
        ] {
            assert!(svg(words).contains(&format!("<title id=\"t\">{title}")), "{words}");
        }
        assert!(svg("--width 400").contains("width=\"400\""));
    }

    #[test]
    fn what_is_not_understood_is_said() {
        for words in ["", "--out", "a b", "a --fast", "a --at soon", "a --width 7", "a --width x"] {
            assert!(ask(words).is_err(), "{words}");
        }
        let wanted = Asked { name: "a.md".into(), out: Some("d".into()), at: Some(Span::seconds(90)), width: 720 };
        assert_eq!(ask("--out d a.md --at=1m30s"), Ok(wanted));
    }
}

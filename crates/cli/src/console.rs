//! `petri console`: lines from standard input, one by one.

use petri_console::limits::LONGEST_LINE;
use petri_console::{Files, Session, Typed, Unread};
use petri_sim::ground::clock::elapsed;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use std::io::{self, BufRead, ErrorKind, IsTerminal, Read as _, Write};
use std::process::ExitCode;

/// Files of the working folder, and the examples by their names.
struct Folder;

impl Files for Folder {
    fn read(&self, name: &str) -> Result<String, Unread> {
        if name.contains("://") {
            let text = petri_lessons::official::path_of(name).and_then(petri_lessons::official::text);
            return text.map(str::to_owned).ok_or(Unread::Missing);
        }
        let example = || petri_lessons::examples().iter().find(|(example, _)| *example == name);
        match std::fs::read(name) {
            Ok(bytes) => String::from_utf8(bytes).map_err(|problem| {
                let at = problem.utf8_error().valid_up_to() + 1;
                Unread::Because(format!("it is not UTF-8 text from byte {at} on"))
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let official = || petri_lessons::official::meant(name).and_then(petri_lessons::official::text);
                let found = example().map(|(_, text)| *text).or_else(official);
                found.map(str::to_owned).ok_or(Unread::Missing)
            }
            Err(error) if error.kind() == ErrorKind::IsADirectory => Err(Unread::Because("it is a folder".into())),
            Err(error) => Err(Unread::Because(error.to_string())),
        }
    }
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(".").into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| !name.starts_with('.')).collect()
    }
}

pub fn run() -> ExitCode {
    let interactive = io::stdin().is_terminal();
    let (mut out, mut err) = (io::stdout().lock(), io::stderr().lock());
    match session(&mut io::stdin().lock(), &mut out, &mut err, interactive) {
        Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        // Whoever read the answers has left.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(err, "error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Reads lines and answers them to the end. The code is that of the last line.
fn session(input: &mut dyn BufRead, out: &mut dyn Write, err: &mut dyn Write, prompts: bool) -> io::Result<i32> {
    let mut timeline = Timeline::new(Recording::new(Scenario::standard(), 1));
    let (mut shell, mut typed, mut number, mut code) = (Session::paced(), Typed::default(), 0, 0);
    // A line that could not be read: nothing of the command that it belongs to is run.
    let mut unread: Option<String> = None;
    loop {
        if prompts {
            if typed.is_open() {
                write!(out, "> ")?;
            } else if let Some(prompt) = shell.prompt() {
                write!(out, "{prompt}")?;
            } else {
                write!(out, "{} $ ", elapsed(timeline.now().since(timeline.start())))?;
            }
            out.flush()?;
        }
        number += 1;
        let line = match next_line(input, number)? {
            Line::End => break,
            Line::Text(line) => line,
            Line::Unreadable { instead, problem } => {
                unread.get_or_insert(problem);
                instead
            }
        };
        if let Some(whole) = typed.line(&line) {
            code = answer(&whole, unread.take(), &mut shell, &mut timeline, out, err)?;
        }
    }
    match typed.end() {
        Some(whole) => answer(&whole, unread, &mut shell, &mut timeline, out, err),
        None => Ok(code),
    }
}

fn answer(
    line: &str,
    unread: Option<String>,
    shell: &mut Session,
    timeline: &mut Timeline,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<i32> {
    if let Some(problem) = unread {
        writeln!(err, "error: {problem}; nothing of this command was run")?;
        return Ok(1);
    }
    let output = shell.run(line, timeline, &Folder);
    write!(err, "{}{}", output.notes, output.stderr)?;
    write!(out, "{}", output.stdout)?;
    Ok(output.code)
}

enum Line {
    Text(String),
    /// What stands in its place, so that the end of a here-document is found, and what is wrong with it.
    Unreadable {
        instead: String,
        problem: String,
    },
    End,
}

/// The next line, without its line break.
fn next_line(input: &mut dyn BufRead, number: u64) -> io::Result<Line> {
    let mut bytes = Vec::new();
    let most = LONGEST_LINE as u64 + 1;
    if (&mut *input).take(most).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(Line::End);
    }
    if bytes.len() as u64 == most && !bytes.ends_with(b"\n") {
        input.skip_until(b'\n')?;
        let problem = format!("line {number} is longer than {} kB", LONGEST_LINE / 1024);
        return Ok(Line::Unreadable { instead: String::new(), problem });
    }
    if bytes.ends_with(b"\n") {
        bytes.pop();
    }
    // Some editors begin a text with a byte order mark.
    let mark: &[u8] = if number == 1 { "\u{feff}".as_bytes() } else { b"" };
    let bytes = bytes.strip_prefix(mark).unwrap_or(&bytes);
    Ok(match std::str::from_utf8(bytes) {
        Ok(text) => Line::Text(text.into()),
        Err(error) => Line::Unreadable {
            instead: String::from_utf8_lossy(bytes).into_owned(),
            problem: format!("line {number} is not UTF-8 text from byte {} on", error.valid_up_to() + 1),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a session says on standard output and on standard error, and its code.
    fn says(input: impl AsRef<[u8]>) -> (String, String, i32) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = session(&mut input.as_ref(), &mut out, &mut err, false).expect("buffers take everything");
        let text = |bytes| String::from_utf8(bytes).expect("answers are text");
        (text(out), text(err), code)
    }

    const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n";

    #[test]
    fn a_line_that_is_no_text_is_told_and_the_next_one_is_run() {
        let (out, err, code) = says(b"version\n\xff\nget sts\ncordon node-\xc3(\nversion");
        assert_eq!(out.matches("Server Version").count(), 2);
        assert_eq!(
            err,
            "error: line 2 is not UTF-8 text from byte 1 on; nothing of this command was run\n\
             No resources found in default namespace.\n\
             error: line 4 is not UTF-8 text from byte 13 on; nothing of this command was run\n"
        );
        assert_eq!(code, 0);
        assert_eq!(says(b"version\n\xff").2, 1);
        let (_, err, _) = says([&b"a".repeat(LONGEST_LINE + 5)[..], b"\nversion\n"].concat());
        assert_eq!(err, "error: line 1 is longer than 1024 kB; nothing of this command was run\n");
        let (out, err, _) = says("\u{feff}version\r\n");
        assert!(out.contains("Server Version") && err.is_empty(), "{err}");
    }

    #[test]
    fn a_here_document_comes_line_by_line() {
        for (begin, indent) in [("<<EOF", ""), ("<<-EOF", "\t"), ("<< 'EOF'", "")] {
            let lines = NAMESPACE.replace('\n', &format!("\n{indent}"));
            let (out, err, _) = says(format!("apply -f - {begin}; get ns shop -o name\n{indent}{lines}EOF\nversion\n"));
            assert!(out.starts_with("namespace/shop created\nnamespace/shop\nClient Version"), "{begin}: {out}{err}");
        }
        let (out, err, code) = says(format!("apply -f - <<EOF\n{NAMESPACE}"));
        assert_eq!((&*out, &*err, code), ("", "error: the here-document does not end with EOF\n", 1));
        let bytes = [b"apply -f - <<EOF\n# \xff\n", NAMESPACE.as_bytes(), b"EOF\nget ns shop\n"].concat();
        let (out, err, _) = says(bytes);
        assert_eq!(out, "");
        assert_eq!(
            err,
            "error: line 2 is not UTF-8 text from byte 3 on; nothing of this command was run\n\
             Error from server (NotFound): namespaces \"shop\" not found\n"
        );
        let (_, err, _) = says("apply -f - <<EOF\n".to_owned() + &"- a\n".repeat(400_000) + "EOF\nversion\n");
        assert!(err.contains("Petri reads at most 1024 kB") && err.lines().count() == 1, "{err}");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_told_from_one_that_is_not_there() {
        let folder = std::env::temp_dir().join(format!("petri-console-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("there is room");
        let bad = folder.join("bad.yaml");
        std::fs::write(&bad, b"kind: \xff\n").expect("there is room");
        let line = |path: &std::path::Path| says(format!("apply -f '{}'\n", path.display()));
        let (bad_text, folder_text) = (bad.display(), folder.display());
        assert_eq!(
            line(&bad).1,
            format!("error: the path \"{bad_text}\" cannot be read: it is not UTF-8 text from byte 7 on\n")
        );
        assert_eq!(line(&folder).1, format!("error: the path \"{folder_text}\" cannot be read: it is a folder\n"));
        let none = folder.join("none.yaml");
        assert_eq!(line(&none).1, format!("error: the path \"{}\" does not exist\n", none.display()));
        std::fs::remove_dir_all(&folder).expect("it was made here");
    }
}

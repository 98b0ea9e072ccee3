//! What the YAML parser complained about, in the words that kubectl's parser would use.

use std::ops::Range;

/// Something wrong with the text itself, before any object is looked at.
pub(crate) struct Fault {
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    pub(crate) is_error: bool,
}

/// A fault of the scanner or parser at a byte of the text; `end` is where its document ends.
pub(crate) fn scan_fault(text: &str, at: usize, end: usize, info: &str) -> Fault {
    let at = at.min(end);
    // Squiggle to the end of the line, and at least one character where there is one.
    let rest = &text[at..end];
    let line = rest.split(['\r', '\n']).next().unwrap_or("").trim_end();
    let mut span = at..at + line.len();
    if span.is_empty() {
        span = match rest.chars().next() {
            Some(next) => at..at + next.len_utf8(),
            // At the very end: the last character that says anything.
            None => {
                let before = text[..at].trim_end();
                let last = before.chars().next_back().map_or(0, char::len_utf8);
                before.len() - last..before.len()
            }
        };
    }
    let (message, help) = words(info, line);
    Fault { span, message, help, is_error: true }
}

fn words(info: &str, line: &str) -> (String, Option<String>) {
    let help = |text: &str| Some(text.to_owned());
    if info.contains("unknown anchor") {
        let name: String =
            line.trim_start_matches('*').chars().take_while(|c| c.is_ascii_alphanumeric() || !c.is_ascii()).collect();
        return (format!("unknown anchor '{name}' referenced"), None);
    }
    let (message, help) = match info {
        "found unprintable character" => ("control characters are not allowed", None),
        _ if info.contains("tab") => (
            "found character that cannot start any token",
            help("There is a tab here. YAML is indented with spaces only."),
        ),
        "mapping values are not allowed in this context" | "illegal placement of ':' indicator" => (
            "mapping values are not allowed in this context",
            help("A colon too many on this line, or the line is indented deeper than its neighbours."),
        ),
        _ if info.contains("did not find expected key") || info.contains("simple key expect") => (
            "did not find expected key",
            help("This line fits no open block: check its indentation, and that a key ends with a colon."),
        ),
        _ if info.contains("expected '-' indicator") => {
            ("did not find expected '-' indicator", help("Keys and list items cannot mix at one indentation."))
        }
        _ if info.contains("',' or ']'") => ("did not find expected ',' or ']'", None),
        _ if info.contains("',' or '}'") => ("did not find expected ',' or '}'", None),
        _ if info.contains("unexpected end of stream") || info.contains("invalid indentation in quoted scalar") => {
            ("found unexpected end of stream", help("A quote is opened here and never closed."))
        }
        "recursion limit exceeded" => ("too many brackets inside one another", None),
        "did not find expected <document start>" | "did not find expected <document-start>" => {
            ("did not find expected <document start>", None)
        }
        other => match other.split_once(", ") {
            Some((context, rest)) if context.starts_with("while ") => (rest, None),
            _ => (other, None),
        },
    };
    (message.into(), help)
}

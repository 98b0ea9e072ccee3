//! From a line to words: quotes, comments, `;`, `&&` and here-documents.

/// A line, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub commands: Vec<Part>,
    /// What stands between `<<EOF` and `EOF`: the standard input of the commands.
    pub here_document: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    pub words: Vec<String>,
    /// It stands after `&&`.
    pub only_after_success: bool,
}

/// Takes a line apart.
///
/// # Errors
/// A quote or a here-document that does not end.
pub fn read(text: &str) -> Result<Line, String> {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let (mut head, mut here_document) = (text, None);
    if let Some((before, after)) = first.split_once("<<") {
        let end = after.trim_start_matches('-').split_whitespace().next().unwrap_or("").trim_matches(['\'', '"']);
        if end.is_empty() {
            return Err("a here-document needs a word after <<".into());
        }
        let lines: Vec<&str> = rest.lines().collect();
        let Some(at) = lines.iter().position(|line| line.trim() == end) else {
            return Err(format!("the here-document does not end with {end}"));
        };
        here_document = Some(lines[..at].iter().map(|line| format!("{line}\n")).collect());
        head = before;
    }
    let mut commands = Vec::new();
    for (piece, only_after_success) in pieces(&head.replace("\\\n", " ")) {
        let words = shlex::split(&piece).ok_or("a quote does not end")?;
        if !words.is_empty() {
            commands.push(Part { words, only_after_success });
        }
    }
    Ok(Line { commands, here_document })
}

/// Cuts at `;`, `&&` and line breaks outside of quotes.
fn pieces(text: &str) -> Vec<(String, bool)> {
    let mut pieces = vec![(String::new(), false)];
    let mut quote: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let piece = pieces.last_mut().expect("there is always a piece");
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None | Some('"'), '\\') => {
                piece.0.push(c);
                piece.0.extend(chars.next());
                continue;
            }
            (None, ';' | '\n') => {
                pieces.push((String::new(), false));
                continue;
            }
            (None, '&') if chars.peek() == Some(&'&') => {
                chars.next();
                pieces.push((String::new(), true));
                continue;
            }
            _ => {}
        }
        piece.0.push(c);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Vec<String>> {
        read(text).unwrap().commands.into_iter().map(|c| c.words).collect()
    }

    #[test]
    fn commands_stand_apart_outside_of_quotes_only() {
        assert_eq!(words("a b; c 'd;e' && f # g"), vec![vec!["a", "b"], vec!["c", "d;e"], vec!["f"]]);
        assert!(read("a && b").unwrap().commands[1].only_after_success);
    }

    #[test]
    fn a_here_document_is_standard_input() {
        let line = read("kubectl apply -f - <<EOF\nkind: Pod\nEOF\n").unwrap();
        assert_eq!(line.here_document.as_deref(), Some("kind: Pod\n"));
        assert_eq!(line.commands[0].words, ["kubectl", "apply", "-f", "-"]);
    }

    #[test]
    fn open_quotes_are_refused() {
        assert!(read("echo 'a").is_err());
        assert!(read("apply -f - <<EOF\na").is_err());
    }
}

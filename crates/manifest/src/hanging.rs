//! Lines inside of brackets and quotes, which may stand anywhere.
//!
//! YAML 1.2 wants them to be indented further than the key that they belong to; go-yaml, and so kubectl, does not. Where a
//! text cannot be read they are moved to the right, and it is read again.

/// A text whose lines inside of brackets and quotes stand behind what opens them, and for each of its characters the byte
/// of the text that it was made of. `None` if there are no such lines.
pub(crate) fn indented(text: &str) -> Option<(String, Vec<u32>)> {
    let pads = Scanner::default().pads(text);
    let room: usize = pads.iter().map(|(_, by)| by).sum();
    if pads.is_empty() || room > 2 * text.len() + MOST {
        return None;
    }
    let (mut new, mut from) = (String::with_capacity(text.len()), Vec::with_capacity(text.len()));
    let mut pads = pads.into_iter().peekable();
    for (at, c) in text.char_indices() {
        if let Some((_, by)) = pads.next_if(|(line, _)| *line == at) {
            new.extend(std::iter::repeat_n(' ', by));
            from.extend(std::iter::repeat_n(at as u32, by));
        }
        new.push(c);
        from.push(at as u32);
    }
    from.push(text.len() as u32);
    Some((new, from))
}

/// Further to the right than this nothing is moved, and not much more than the text is long in all.
const MOST: usize = 200;

#[derive(Clone, Copy, PartialEq)]
enum Quote {
    Single,
    Double,
}

/// How far a look at the text has got. It knows just enough of YAML to tell a bracket or a quote that opens something from
/// one inside of a word, a comment or a block of text.
#[derive(Default)]
struct Scanner {
    depth: usize,
    quote: Option<Quote>,
    /// Where the outermost bracket or quote stands in its line.
    column: usize,
    /// Lines further in than this belong to a block of text.
    block: Option<usize>,
}

impl Scanner {
    /// Where lines begin that hang, and how far to the right they go.
    fn pads(mut self, text: &str) -> Vec<(usize, usize)> {
        let mut pads = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let indent = line.len() - line.trim_start_matches(' ').len();
            let is_blank = line.trim().is_empty();
            let is_marker = line.starts_with("---") || line.starts_with("...");
            let hangs = self.depth > 0 || self.quote.is_some();
            if let Some(outer) = self.block.filter(|_| !is_blank) {
                if indent > outer {
                    start += line.len();
                    continue;
                }
                self.block = None;
            }
            if hangs && !is_blank && !is_marker && indent <= self.column {
                pads.push((start, (self.column + 1).min(MOST)));
            }
            self.line(line, indent);
            start += line.len();
        }
        pads
    }

    fn line(&mut self, line: &str, indent: usize) {
        // Whether a word may begin here; in the middle of one brackets and quotes are letters.
        let mut fresh = true;
        let mut before = ' ';
        let mut characters = line.char_indices().peekable();
        while let Some((column, c)) = characters.next() {
            let next = characters.peek().map_or('\n', |(_, next)| *next);
            match self.quote {
                Some(Quote::Double) => match c {
                    '\\' => drop(characters.next()),
                    '"' => (self.quote, fresh) = (None, false),
                    _ => {}
                },
                Some(Quote::Single) => match c {
                    '\'' if next == '\'' => drop(characters.next()),
                    '\'' => (self.quote, fresh) = (None, false),
                    _ => {}
                },
                None if c == '#' && before.is_whitespace() => return,
                None => {
                    let opens = fresh && matches!(c, '[' | '{' | '"' | '\'');
                    if opens && self.depth == 0 {
                        self.column = column;
                    }
                    match c {
                        '"' if opens => self.quote = Some(Quote::Double),
                        '\'' if opens => self.quote = Some(Quote::Single),
                        '[' | '{' if opens => self.depth += 1,
                        ']' | '}' if self.depth > 0 => {
                            self.depth -= 1;
                            fresh = false;
                        }
                        ',' if self.depth > 0 => fresh = true,
                        // Behind a text in quotes a colon needs no space.
                        ':' if next.is_whitespace() || self.depth > 0 && matches!(before, '"' | '\'') => fresh = true,
                        '-' | '?' if fresh && next.is_whitespace() => {}
                        '!' | '&' if fresh => {
                            // A tag or an anchor stands before what it is about.
                            while characters
                                .next_if(|(_, c)| !c.is_whitespace() && !matches!(c, ',' | ']' | '}'))
                                .is_some()
                            {}
                        }
                        '|' | '>' if fresh && self.depth == 0 => {
                            self.block = Some(indent);
                            return;
                        }
                        c if c.is_whitespace() => {}
                        _ => fresh = false,
                    }
                }
            }
            before = c;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::indented;

    #[test]
    fn only_lines_inside_of_brackets_and_quotes_move() {
        let same = [
            "a: [1, 2]\nb: {c: d}\n",
            "a: |\n  [\n  \"\nb: it's\nc: x[1\nd: e # [\n",
            "- a: >-\n    {\n\n    '\n  b: 1\n",
            "a: !tag x\nb: &n y\nc: *n\n",
            "a: [\n        1,\n     2]\n",
        ];
        for text in same {
            assert_eq!(indented(text), None, "{text}");
        }
        let moved = [
            ("a: [\n1\n]\n", "a: [\n    1\n    ]\n"),
            ("a: [ \"x\",\n  \"y\"\n]\nb: 1\n", "a: [ \"x\",\n      \"y\"\n    ]\nb: 1\n"),
            ("a: 'b\nc'\n", "a: 'b\n    c'\n"),
            ("a: {\"b\":[\n1]}\n", "a: {\"b\":[\n    1]}\n"),
        ];
        for (text, new) in moved {
            let (found, from) = indented(text).expect("a line hangs");
            assert_eq!(found, new);
            assert_eq!(from.len(), found.chars().count() + 1);
            let back: Vec<char> = found
                .chars()
                .zip(&from)
                .filter(|(c, at)| text[**at as usize..].starts_with(*c))
                .map(|(c, _)| c)
                .collect();
            assert!(back.len() >= text.chars().count());
        }
    }
}

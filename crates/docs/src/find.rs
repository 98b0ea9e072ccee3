//! Where the fences of a file are.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use std::ops::Range;

/// A fence, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The words behind `petri`.
    pub words: String,
    pub body: String,
    /// The line in the file, from 1, that the words are in.
    pub line: u32,
    /// The line in the file that the body begins with.
    pub first: u32,
    /// The bytes of the file that it takes, its marks included.
    pub range: Range<usize>,
}

/// The kinds of files that are looked into, by the ends of their names.
pub const KINDS: [&str; 6] = ["md", "markdown", "mdx", "html", "htm", "rst"];

/// The fences of a file, in order; nothing if the name says that it is of no such kind.
pub fn fences(name: &str, text: &str) -> Vec<Found> {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("md" | "markdown" | "mdx") => markdown(text),
        Some("html" | "htm") => elements(text, &[]),
        Some("rst") => directives(text),
        _ => Vec::new(),
    }
}

/// Fenced blocks whose language is `petri`, YAML whose first line says `# petri`, and the element itself.
pub fn markdown(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut code: Vec<Range<usize>> = Vec::new();
    let mut open: Option<(String, Range<usize>, String, Option<usize>)> = None;
    for (event, range) in Parser::new_ext(text, Options::all()).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                code.push(range.clone());
                if let CodeBlockKind::Fenced(info) = kind {
                    open = Some((info.to_string(), range, String::new(), None));
                }
            }
            Event::Text(part) => {
                if let Some((.., body, first)) = &mut open {
                    body.push_str(&part);
                    first.get_or_insert(range.start);
                }
            }
            Event::Code(_) => code.push(range),
            Event::End(TagEnd::CodeBlock) => {
                if let Some((info, range, body, first)) = open.take()
                    && let Some(words) = words(&info, &body)
                {
                    let line = line_of(text, range.start);
                    let first = first.map_or(line + 1, |at| line_of(text, at));
                    found.push(Found { words, body, line, first, range });
                }
            }
            _ => {}
        }
    }
    found.extend(elements(text, &code));
    found.sort_by_key(|fence| fence.range.start);
    found
}

/// The words behind `petri` in an info string; nothing if the block is none of ours.
fn words(info: &str, body: &str) -> Option<String> {
    let info = info.trim();
    let (language, rest) = info.split_once([' ', ',']).unwrap_or((info, ""));
    let language = language.trim_matches(['{', '}', '.']);
    let rest = rest.trim().trim_end_matches('}');
    match language {
        "petri" => Some(rest.to_owned()),
        "yaml" | "yml" => match rest.strip_prefix("petri") {
            Some(rest) => Some(rest.trim().to_owned()),
            None => is_marked(body).then(|| rest.to_owned()),
        },
        _ => None,
    }
}

/// Whether the first line says `# petri` or `# petri: height=420`.
pub fn is_marked(body: &str) -> bool {
    let first = body.trim_start().lines().next().unwrap_or("");
    let mark = first.strip_prefix('#').map(str::trim);
    mark.is_some_and(|mark| mark == "petri" || mark.starts_with("petri:"))
}

/// `<petri-cluster height="420">...</petri-cluster>`, outside of these ranges.
fn elements(text: &str, not_in: &[Range<usize>]) -> Vec<Found> {
    const OPEN: &str = "<petri-cluster";
    const CLOSE: &str = "</petri-cluster>";
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(OPEN).map(|offset| at + offset) {
        at = start + OPEN.len();
        let quoted = |end: usize| text[start..end].matches('"').count() % 2 == 1;
        let ends = text[at..].match_indices('>').map(|(offset, _)| at + offset);
        let Some(tag_end) = ends.into_iter().find(|end| !quoted(*end)) else { continue };
        if not_in.iter().any(|range| range.contains(&start)) {
            continue;
        }
        let Some(end) = text[tag_end..].find(CLOSE).map(|offset| tag_end + offset) else { continue };
        let (from, to) = preformatted(text, tag_end + 1..end);
        let inside = &text[from..to];
        let plain: String = without_tags(inside);
        // The line after the tag, if the text begins there.
        let skipped = inside.len() - inside.trim_start_matches([' ', '\r', '\n']).len();
        let first = line_of(text, from + skipped);
        let body = html_escape::decode_html_entities(plain.trim_start_matches(['\r', '\n'])).into_owned();
        let words = html_escape::decode_html_entities(&text[at..tag_end]).into_owned();
        found.push(Found { words, body, line: line_of(text, start), first, range: start..end + CLOSE.len() });
        at = end;
    }
    found
}

/// What is between `<pre>` and `</pre>`, if the element has that: what else is in it are words and links around the fence.
fn preformatted(text: &str, whole: Range<usize>) -> (usize, usize) {
    let inside = &text[whole.clone()];
    let from = inside.find("<pre").and_then(|open| Some(open + inside[open..].find('>')? + 1));
    let to = from.and_then(|from| Some(from + inside[from..].find("</pre>")?));
    from.zip(to).map_or((whole.start, whole.end), |(from, to)| (whole.start + from, whole.start + to))
}

/// The text between tags, as a reader sees it.
fn without_tags(html: &str) -> String {
    let (mut out, mut rest) = (String::new(), html);
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        rest = after.split_once('>').map_or("", |(_, behind)| behind);
    }
    out + rest
}

/// `.. petri::` with options, as the Sphinx extension has it, and `.. code-block:: petri`.
fn directives(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut lines = line_starts(text).into_iter().peekable();
    while let Some((number, start, line)) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        let head = line.trim();
        let Some(argument) = [".. petri::", ".. code-block:: petri", ".. sourcecode:: petri"]
            .iter()
            .find_map(|directive| head.strip_prefix(directive))
        else {
            continue;
        };
        let mut words: Vec<String> = match argument.trim() {
            "" => Vec::new(),
            title => vec![format!("title=\"{title}\"")],
        };
        let (mut body, mut first, mut end) = (Vec::new(), None, start + line.len());
        let mut own = None;
        while let Some((number, start, line)) = lines.peek().copied() {
            let is_empty = line.trim().is_empty();
            let inner = line.len() - line.trim_start().len();
            if !is_empty && inner <= indent {
                break;
            }
            lines.next();
            let option = line.trim().strip_prefix(':').and_then(|option| option.split_once(':'));
            match option {
                Some((name, value)) if first.is_none() => {
                    words.push(match value.trim() {
                        "" => name.to_owned(),
                        value => format!("{name}=\"{value}\""),
                    });
                }
                _ if is_empty && first.is_none() => {}
                _ => {
                    let own = *own.get_or_insert(inner);
                    first.get_or_insert(number);
                    body.push(line.get(own.min(line.len())..).unwrap_or("").to_owned());
                }
            }
            if !is_empty {
                end = start + line.len();
            }
        }
        while body.last().is_some_and(|line| line.trim().is_empty()) {
            body.pop();
        }
        let body: String = body.iter().map(|line| format!("{line}\n")).collect();
        found.push(Found {
            words: words.join(" "),
            body,
            line: number,
            first: first.unwrap_or(number + 1),
            range: start..end,
        });
    }
    found
}

/// Number, offset and text of each line.
fn line_starts(text: &str) -> Vec<(u32, usize, &str)> {
    let mut at = 0;
    (1u32..)
        .zip(text.split_inclusive('\n'))
        .map(|(number, line)| {
            let start = at;
            at += line.len();
            (number, start, line.trim_end_matches(['\n', '\r']))
        })
        .collect()
}

fn line_of(text: &str, at: usize) -> u32 {
    let before = text.get(..at).unwrap_or(text).matches('\n').count();
    u32::try_from(before).map_or(u32::MAX, |lines| lines.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, text: &str) -> Found {
        let found = fences(name, text);
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        found.into_iter().next().expect("there is one")
    }

    #[test]
    fn markdown_has_fences_marked_yaml_and_elements() {
        let text = "# T\n\n```petri height=420 title=\"a b\"\nkind: X\n$ run 1s\n```\n";
        let found = one("a.md", text);
        assert_eq!((&*found.words, &*found.body), ("height=420 title=\"a b\"", "kind: X\n$ run 1s\n"));
        assert_eq!((found.line, found.first), (3, 4));
        assert_eq!(&text[found.range], text[5..].trim_end());

        let found =
            one("a.md", "1. in a list\n\n   ~~~ {.petri height=200}\n   kind: X\n\n   ? pod/x is gone\n   ~~~\n");
        assert_eq!((&*found.words, &*found.body, found.first), ("height=200", "kind: X\n\n? pod/x is gone\n", 4));
        assert_eq!(one("a.mdx", "```yaml petri height=300\nkind: X\n```\n").words, "height=300");
        assert_eq!(one("a.md", "```yaml\n# petri: height=300\nkind: X\n```\n").first, 2);
        assert_eq!(one("a.md", "text\n\n<petri-cluster example=\"lease\">\n$ run 1s\n</petri-cluster>\n").first, 4);
        for none in [
            "```yaml\nkind: X\n```\n",
            "```console\n$ run\n```\n",
            "`<petri-cluster></petri-cluster>`\n",
            "    petri\n",
        ] {
            assert_eq!(fences("a.md", none), [], "{none}");
        }
        assert_eq!(fences("a.txt", text), []);
    }

    #[test]
    fn elements_are_read_as_a_browser_reads_them() {
        let text = "<p>a</p>\n<petri-cluster title=\"a &gt; b > c\"><pre><code>kind: X\n? pod/x is &quot;gone&quot;\n</code></pre></petri-cluster>";
        let found = one("a.html", text);
        assert_eq!((&*found.words, found.line, found.first), (" title=\"a > b > c\"", 2, 2));
        assert_eq!(found.body, "kind: X\n? pod/x is \"gone\"\n");
    }

    #[test]
    fn directives_have_options_and_an_indented_text() {
        let text = "T\n=\n\n.. petri:: A title\n   :height: 420\n   :autoplay:\n\n   kind: X\n   spec:\n     a: 1\n\n   $ run 1s\n\nAfter.\n";
        let found = one("a.rst", text);
        assert_eq!(found.words, "title=\"A title\" height=\"420\" autoplay");
        assert_eq!((&*found.body, found.line, found.first), ("kind: X\nspec:\n  a: 1\n\n$ run 1s\n", 4, 8));
        assert_eq!(one("a.rst", ".. code-block:: petri\n\n   lease\n").body, "lease\n");
    }
}

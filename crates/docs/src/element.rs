//! A fence as HTML: text that anybody can read, inside of the element that `embed.js` brings to life.

use petri_lessons::fence::address::of_fence;
use petri_lessons::fence::{ATTRIBUTES, pairs as words_of};

/// Where the page lives, as the document that carries the fence names it: `../petri/`, with a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home<'h>(pub &'h str);

/// The element, in one line, so that no Markdown sees an empty line in it, and behind the tag of a block that Markdown
/// knows: it would take ours for part of a paragraph, and set its quotes and dashes. What is no known attribute stays as
/// well: the element names it to whoever looks.
pub fn element(words: &str, body: &str, home: &Home<'_>) -> String {
    let pairs = pairs(words);
    let attributes: String = (pairs.iter())
        .map(|(name, value)| format!(" {name}=\"{}\"", html_escape::encode_double_quoted_attribute(value)))
        .collect();
    let text = html_escape::encode_text(body.trim_end()).replace('\n', "&#10;");
    format!(
        "<div><petri-cluster{attributes}><pre><code>{text}</code></pre><a href=\"{}{}\">Open in Petri</a></petri-cluster></div>",
        html_escape::encode_double_quoted_attribute(home.0),
        html_escape::encode_double_quoted_attribute(&of_fence(&pairs, body))
    )
}

/// The script that a document needs once.
pub fn script(home: &Home<'_>) -> String {
    format!("<script type=\"module\" src=\"{}embed.js\"></script>", html_escape::encode_double_quoted_attribute(home.0))
}

/// Known attributes, and whatever else is a name.
fn pairs(words: &str) -> Vec<(String, String)> {
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let mut pairs = words_of(words);
    pairs.retain(|(name, _)| {
        is_name(name) && (ATTRIBUTES.iter().any(|(known, _)| known == name) || !name.starts_with("on"))
    });
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find;

    #[test]
    fn an_element_is_one_line_and_reads_back() {
        let (words, body) = ("height=420 title=\"a \\\"b\\\"\"", "kind: X\n\n? pod/x is <gone> & \"quoted\"\n");
        let html = element(words, body, &Home("../petri/"));
        assert!(!html.contains('\n') && html.contains("href=\"../petri/?title=a%20%5C#fence=kind%3A%20X%0A"), "{html}");
        let found = find::fences("a.html", &html);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].body, body.trim_end());
        let lesson = element("height=300 lesson=at-most-one", "", &Home("/petri/"));
        assert!(lesson.contains("href=\"/petri/?lesson=at-most-one#fence=\""), "{lesson}");
        assert!(!element("onload=alert(1)", "", &Home("/")).contains("onload"));
        assert_eq!(script(&Home("p/")), "<script type=\"module\" src=\"p/embed.js\"></script>");
    }
}

//! One text into documents, at the lines where kubectl splits.
//!
//! Splitting first, and parsing each part alone, is what keeps one broken document from hiding the others.
//!
//! Upstream: `apimachinery/pkg/util/yaml.YAMLReader`.

use std::ops::Range;

/// A part of the text between separator lines.
pub(crate) struct Chunk {
    pub(crate) span: Range<usize>,
    /// Text behind the `---` of the separator line that ends this chunk, which kubectl refuses.
    pub(crate) bad_separator: Option<Range<usize>>,
}

pub(crate) fn split(text: &str) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    // A byte order mark is no content.
    let mut start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut at = start;
    for line in text[start..].split_inclusive('\n') {
        let end = at + line.len();
        if let Some(rest) = line.strip_prefix("---") {
            let content = rest.trim();
            let bad_separator = (!content.is_empty() && !content.starts_with('#')).then(|| {
                let from = at + 3 + (rest.len() - rest.trim_start().len());
                from..from + content.len()
            });
            chunks.push(Chunk { span: start..at, bad_separator });
            start = end;
        }
        at = end;
    }
    chunks.push(Chunk { span: start..text.len(), bad_separator: None });
    chunks
}

/// Whether there is anything but comments, directives and white space.
pub(crate) fn has_content(chunk: &str) -> bool {
    // Only blanks and tabs are white space to YAML; a no-break space is a text.
    chunk
        .lines()
        .map(|line| line.trim_matches([' ', '\t', '\r']))
        .any(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with('%'))
}

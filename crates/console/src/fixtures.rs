//! Objects for tests, written as YAML.

use petri_objects::{Decode, Object, Span, Time};

/// The present of the fixtures: 2026-11-21T12:00:00Z.
pub fn now() -> Time {
    Time::parse_rfc3339("2026-11-21T12:00:00Z").expect("this is an instant")
}

/// The objects of a text of YAML documents, statuses included. `{N}` stands for the instant N seconds ago.
pub fn objects(yaml: &str) -> Vec<Object> {
    let mut text = String::new();
    let mut rest = yaml;
    while let Some(at) = rest.find('{') {
        text.push_str(&rest[..at]);
        let end = rest[at..].find('}').map(|end| at + end);
        let seconds = end.and_then(|end| rest[at + 1..end].parse::<u64>().ok());
        match (end, seconds) {
            (Some(end), Some(seconds)) => {
                text.push_str(&format!("\"{}\"", (now() - Span::seconds(seconds)).rfc3339()));
                rest = &rest[end + 1..];
            }
            _ => {
                text.push('{');
                rest = &rest[at + 1..];
            }
        }
    }
    text.push_str(rest);
    let parsed = petri_manifest::parse(&text);
    let decode = |value| {
        let mut at = Decode::default();
        let object = Object::from_value(value, &mut at).expect("fixtures are of simulated kinds");
        let errors: Vec<_> = at.problems.iter().filter(|problem| problem.kind.is_error()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        object
    };
    parsed.documents.iter().map(|document| decode(&document.value)).collect()
}

/// The part of a golden file between two marks.
pub fn section<'g>(golden: &'g str, from: &str, to: &str) -> &'g str {
    let start = golden.find(from).unwrap_or_else(|| panic!("no {from:?} in the golden file")) + from.len();
    let rest = &golden[start..];
    &rest[..rest.find(to).unwrap_or(rest.len())]
}

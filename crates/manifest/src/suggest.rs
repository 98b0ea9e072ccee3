//! "Did you mean": the known field that is closest to an unknown one.

use petri_objects::{Kind, Schema, Type};
use std::collections::VecDeque;

/// Help for an unknown field: a name that is nearly the same here, or the same name somewhere else.
pub(crate) fn for_field(kind: Kind, path: &str) -> Option<String> {
    let (parent, name) = match path.rsplit_once('.') {
        Some((parent, name)) => (parent, name),
        None => ("", path),
    };
    if let Some(schema) = schema_at(kind.schema(), parent) {
        let names = schema.named().map(|field| field.name);
        if let Some(close) = closest(name, names) {
            return Some(format!("Did you mean `{close}`?"));
        }
    }
    elsewhere(kind.schema(), name).map(|place| format!("`{name}` belongs in `{place}`."))
}

/// The candidate with the least edit distance, if that is small for a word of this length.
pub(crate) fn closest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Nobody mistypes a name of 40 letters; longer words would only cost time.
    if word.len() > 40 {
        return None;
    }
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .map(|candidate| (distance(&word.to_ascii_lowercase(), &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits to get from one word to the other; swapping two neighbours counts as one.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut best = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(rows[i - 2][j - 2] + 1);
                }
                best
            };
        }
    }
    rows[a.len()][b.len()]
}

fn record(kind: &'static Type) -> Option<&'static Schema> {
    match kind {
        Type::Record(schema) => Some(schema),
        Type::List(inner) | Type::Map(inner) => record(inner),
        _ => None,
    }
}

/// The record at a path such as `spec.template.spec.containers[0]`.
fn schema_at(root: &'static Schema, path: &str) -> Option<&'static Schema> {
    path.split('.').filter(|word| !word.is_empty()).try_fold(root, |schema, word| {
        let name = word.split('[').next().unwrap_or(word);
        record(schema.field(name)?.kind)
    })
}

/// The nearest place from the top where a field of this name is known.
fn elsewhere(root: &'static Schema, name: &str) -> Option<String> {
    let mut queue = VecDeque::from([(root, String::new(), 0)]);
    while let Some((schema, path, depth)) = queue.pop_front() {
        if depth > 0 && schema.field(name).is_some() {
            return Some(if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") });
        }
        if depth == 6 {
            continue;
        }
        // What a controller writes, and what nobody writes by accident, is no place to send a person to.
        let hidden = ["status", "affinity", "ownerReferences", "managedFields"];
        for field in schema.named().filter(|field| !hidden.contains(&field.name)) {
            if let Some(inner) = record(field.kind) {
                let mark = if matches!(field.kind, Type::List(_)) { "[]" } else { "" };
                let dot = if path.is_empty() { "" } else { "." };
                queue.push_back((inner, format!("{path}{dot}{}{mark}", field.name), depth + 1));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: Kind, path: &str, help: &str) {
        assert_eq!(for_field(kind, path).unwrap_or_default(), help, "{path}");
    }

    #[test]
    fn a_mistyped_field_is_recognised() {
        check(Kind::StatefulSet, "spec.replica", "Did you mean `replicas`?");
        check(Kind::StatefulSet, "spec.servicename", "Did you mean `serviceName`?");
        check(Kind::StatefulSet, "spec.tempalte", "Did you mean `template`?");
        check(Kind::Pod, "spec.containers[0].imagePulPolicy", "Did you mean `imagePullPolicy`?");
        check(Kind::Pod, "spec.xyzzy", "");
    }

    #[test]
    fn a_misplaced_field_is_sent_home() {
        check(Kind::StatefulSet, "spec.containers", "`containers` belongs in `spec.template.spec.containers`.");
        check(Kind::StatefulSet, "replicas", "`replicas` belongs in `spec.replicas`.");
        check(Kind::Pod, "spec.image", "`image` belongs in `spec.containers[].image`.");
    }
}

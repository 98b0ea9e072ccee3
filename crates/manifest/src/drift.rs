//! What a cluster has otherwise than the text says that declares it.

use crate::change::{Changed, change};
use crate::{Document, Parsed};
use petri_objects::Value;
use std::ops::Range;

/// A value that the cluster has otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// `spec.replicas`.
    pub path: String,
    /// Bytes of the whole text.
    pub span: Range<usize>,
    /// What the cluster has, as JSON where it is no text; empty if it has nothing there.
    pub cluster: String,
}

/// Where the cluster's object differs from what a document declares: fields that the document does not name are nobody's
/// business, nor is a value that is only written in another way.
pub fn drifts(document: &Document, live: &Value) -> Vec<Drift> {
    let mut found = Vec::new();
    if let Some(object) = &document.object {
        compare(&document.value, &object.to_value(), live, &mut String::new(), &mut |path, cluster| {
            found.push(Drift { path: path.to_owned(), span: document.locate(path), cluster });
        });
    }
    found
}

/// The text with the cluster's values in the places of its own.
pub fn taken_over(text: &str, parsed: &Parsed, document: usize, live: &Value) -> Changed {
    let found = parsed.documents.get(document).and_then(|found| Some((found, found.object.as_ref()?.to_value())));
    let Some((written, declared)) = found else { return Changed { text: text.to_owned(), ..Changed::default() } };
    let wanted = compare(&written.value, &declared, live, &mut String::new(), &mut |_, _| {});
    change(text, document, &declared, &wanted)
}

/// Tells where they differ, and answers what is declared with the cluster's values in the places of those.
///
/// `written` says which fields are named, `declared` how the API writes their values.
fn compare(
    written: &Value,
    declared: &Value,
    live: &Value,
    path: &mut String,
    tell: &mut dyn FnMut(&str, String),
) -> Value {
    let before = path.len();
    match (written, declared, live) {
        (Value::Map(named), Value::Map(declared), Value::Map(live)) => {
            let mut merged = declared.clone();
            for (key, inner) in named.iter() {
                let (Some(own), false) = (declared.get(key), NOT_COMPARED.contains(&&**key)) else { continue };
                if before > 0 {
                    path.push('.');
                }
                path.push_str(key);
                match live.get(key) {
                    Some(live) => {
                        let value = compare(inner, own, live, path, tell);
                        merged.insert(key.clone(), value);
                    }
                    None => {
                        tell(path, String::new());
                        merged.remove(key);
                    }
                }
                path.truncate(before);
            }
            Value::Map(merged)
        }
        (Value::List(named), Value::List(declared), Value::List(live)) if declared.len() == live.len() => {
            let items = named.iter().zip(declared).zip(live).enumerate().map(|(index, ((inner, own), live))| {
                path.push_str(&format!("[{index}]"));
                let merged = compare(inner, own, live, path, tell);
                path.truncate(before);
                merged
            });
            Value::List(items.collect())
        }
        (_, declared, live) if declared == live => declared.clone(),
        (_, _, live) => {
            tell(path, live.as_str().map_or_else(|| live.to_json(), str::to_owned));
            live.clone()
        }
    }
}

/// Who an object is does not drift, and its status is no declaration.
const NOT_COMPARED: [&str; 5] = ["apiVersion", "kind", "status", "stringData", "creationTimestamp"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    const TEXT: &str = "# mine
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: db
  labels: {tier: back}
spec:
  replicas: 3 # three
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
      - name: pg
        image: postgres:16 # pinned
        resources: {requests: {cpu: 0.5}}
";

    /// The cluster's object: as the text declares it, with its defaults, and then with this put in its place.
    fn live(from: &str, to: &str) -> Value {
        let parsed = parse(&TEXT.replace(from, to));
        let mut object = parsed.documents[0].object.clone().expect("it is one");
        petri_objects::defaults::apply_defaults(&mut object);
        object.to_value()
    }

    #[test]
    fn what_somebody_changed_in_the_cluster_is_found_at_its_place() {
        let parsed = parse(TEXT);
        let found = |from: &str, to: &str| {
            let found = drifts(&parsed.documents[0], &live(from, to));
            found.into_iter().map(|drift| (drift.path, TEXT[drift.span].to_owned(), drift.cluster)).collect::<Vec<_>>()
        };
        assert_eq!(found("", ""), [], "defaults, and quantities in other words, are none");
        assert_eq!(found("replicas: 3", "replicas: 4"), [("spec.replicas".into(), "3".into(), "4".into())]);
        assert_eq!(
            found("postgres:16", "postgres:17"),
            [("spec.template.spec.containers[0].image".into(), "postgres:16".into(), "postgres:17".into())]
        );
        assert_eq!(found("tier: back", "other: x"), [("metadata.labels.tier".into(), "back".into(), String::new())]);
    }

    #[test]
    fn the_cluster_s_values_are_taken_over_and_nothing_else_changes() {
        let parsed = parse(TEXT);
        let taken = |from: &str, to: &str| taken_over(TEXT, &parsed, 0, &live(from, to));
        assert_eq!(taken("", "").text, TEXT);
        assert_eq!(taken("replicas: 3", "replicas: 4").text, TEXT.replace("replicas: 3 #", "replicas: 4 #"));
        let image = taken("postgres:16", "postgres:17");
        assert_eq!((image.text, image.left), (TEXT.replace("postgres:16 #", "postgres:17 #"), vec![]));
    }
}

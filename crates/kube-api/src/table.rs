//! Tables: the columns that `kubectl get` prints are the server's, and so are the ages in them.
//!
//! Upstream: `pkg/printers/internalversion`, `apiserver/pkg/endpoints/handlers/response.go`.

use crate::form::Included;
use crate::store::map;
use petri_console::tables;
use petri_objects::{Kind, Object, Revision, Time, Value};

/// A table of objects. `show` gives the whole form of one; `listed` are the revision and what else a list's metadata has.
pub fn table(
    kind: Kind,
    objects: &[Object],
    included: Included,
    now: Time,
    metadata: Value,
    headers: bool,
    show: &dyn Fn(&Object) -> Value,
) -> Value {
    let rows = objects.iter().map(|object| row(object, included, now, show)).collect();
    let mut entries = vec![("kind", "Table".into()), ("apiVersion", "meta.k8s.io/v1".into()), ("metadata", metadata)];
    let headers = if headers { Value::List(columns(kind)) } else { Value::Null };
    entries.push(("columnDefinitions", headers));
    entries.push(("rows", Value::List(rows)));
    map(entries)
}

fn row(object: &Object, included: Included, now: Time, show: &dyn Fn(&Object) -> Value) -> Value {
    let cells = tables::row(object, true, now).into_iter().map(|cell| cell_value(&cell)).collect();
    let mut entries = vec![("cells", Value::List(cells))];
    match included {
        Included::Nothing => {}
        Included::Metadata => entries.push(("object", metadata_of(&show(object)))),
        Included::Object => entries.push(("object", show(object))),
    }
    map(entries)
}

/// Counts are numbers; kubectl prints both alike.
fn cell_value(cell: &str) -> Value {
    match cell.parse::<i64>() {
        Ok(number) if number.to_string() == *cell => Value::Int(number),
        _ => Value::from(cell),
    }
}

/// `PartialObjectMetadata` of an object's whole form.
pub fn metadata_of(whole: &Value) -> Value {
    let metadata = whole.at(&["metadata"]).cloned().unwrap_or_else(|| map([]));
    map([("kind", "PartialObjectMetadata".into()), ("apiVersion", "meta.k8s.io/v1".into()), ("metadata", metadata)])
}

fn columns(kind: Kind) -> Vec<Value> {
    let narrow = tables::columns(kind, false);
    let column = |header: &&str| {
        let is_name = *header == "NAME";
        map([
            ("name", Value::from(title(header).as_str())),
            ("type", "string".into()),
            ("format", if is_name { "name" } else { "" }.into()),
            ("description", "".into()),
            ("priority", Value::Int(i64::from(!narrow.contains(header)))),
        ])
    };
    tables::columns(kind, true).iter().map(column).collect()
}

/// `UP-TO-DATE` as the server names it: `Up-to-date`.
fn title(header: &str) -> String {
    match header {
        "IP" => "IP".into(),
        "CLUSTER-IP" => "Cluster-IP".into(),
        "EXTERNAL-IP" => "External-IP".into(),
        "INTERNAL-IP" => "Internal-IP".into(),
        "OS-IMAGE" => "OS-Image".into(),
        "UP-TO-DATE" | "PORT(S)" | "MINPODS" | "MAXPODS" => capital(header),
        _ => {
            let words: Vec<String> =
                header.split(' ').map(|word| word.split('-').map(capital).collect::<Vec<_>>().join("-")).collect();
            words.join(" ")
        }
    }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| format!("{first}{}", chars.as_str().to_lowercase()))
}

/// The metadata of a list.
pub fn list_metadata(revision: Revision, more: Option<(String, u64)>) -> Value {
    let mut entries = vec![("resourceVersion", Value::from(revision.0.to_string().as_str()))];
    if let Some((token, remaining)) = more {
        entries.push(("continue", Value::from(token.as_str())));
        entries.push(("remainingItemCount", Value::Int(i64::try_from(remaining).unwrap_or(i64::MAX))));
    }
    map(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_named_as_the_server_names_them() {
        let titles = ["NAME", "UP-TO-DATE", "NOMINATED NODE", "CLUSTER-IP", "PORT(S)", "OS-IMAGE", "KERNEL-VERSION"];
        let named: Vec<String> = titles.iter().map(|header| title(header)).collect();
        assert_eq!(
            named,
            ["Name", "Up-to-date", "Nominated Node", "Cluster-IP", "Port(s)", "OS-Image", "Kernel-Version"]
        );
        assert!(titles.iter().zip(&named).all(|(header, name)| name.to_uppercase() == *header));
    }
}

//! Whether a text holds nothing but simulated kinds and their own fields: then nobody needs to know the rest of Kubernetes.

use crate::limits::MAX_TEXT;
use crate::split::{has_content, split};
use crate::tree;
use petri_objects::{Kind, Schema, Type, Value};

/// Whether every document is of a kind that many clusters have objects of, and has no field beyond those that such objects
/// have here. It takes no longer than reading the text does, and tells nothing of what is wrong.
pub fn is_plain(text: &str) -> bool {
    let chunks = if text.len() > MAX_TEXT { Vec::new() } else { split(text) };
    chunks.into_iter().filter(|chunk| has_content(&text[chunk.span.clone()])).all(|chunk| {
        let (root, _) = tree::build(text, chunk.span);
        root.is_none_or(|root| document(&root.to_value()))
    })
}

fn document(value: &Value) -> bool {
    let word = |key: &str| value.at(&[key]).and_then(Value::as_str).unwrap_or_default();
    let (version, name) = (word("apiVersion"), word("kind"));
    if let (true, Some(items)) = (name.ends_with("List"), value.at(&["items"]).and_then(Value::as_list)) {
        // What the items of a typed list are, they may leave out.
        return name == "List" && items.iter().all(document);
    }
    let kind = Kind::ALL.iter().find(|kind| kind.name() == name && kind.api_version() == version);
    // Who is still typing has no kind yet.
    kind.map_or(version.is_empty() || name.is_empty(), |kind| !kind.is_rare() && record(kind.schema(), value, true))
}

fn record(schema: &Schema, value: &Value, is_typed: bool) -> bool {
    let Some(map) = value.as_map() else { return true };
    map.iter().all(|(key, value)| match schema.field(key) {
        Some(field) => holds(field.kind, value),
        None => is_typed && matches!(&**key, "apiVersion" | "kind"),
    })
}

fn holds(ty: &Type, value: &Value) -> bool {
    match ty {
        Type::Record(schema) => record(schema, value, schema.name == "PersistentVolumeClaim"),
        Type::List(inner) => value.as_list().unwrap_or_default().iter().all(|item| holds(inner, item)),
        Type::Map(inner) => value.as_map().is_none_or(|map| map.iter().all(|(_, value)| holds(inner, value))),
        // Of nothing there is nothing to know.
        Type::Opaque => value.as_map().map_or(*value == Value::Null, |map| map.iter().next().is_none()),
        Type::String | Type::Integer(_) | Type::Boolean | Type::Quantity | Type::IntOrString | Type::Time => true,
    }
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    const SET: &str = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: web\n  labels: {app.kubernetes.io/name: web}\nspec:\n  replicas: 2\n";

    const POD: &str = "apiVersion: v1\nkind: Pod\nspec:\n  volumes:\n  - {name: data, emptyDir: {}}\n";

    #[test]
    fn what_only_simulated_kinds_hold_is_plain() {
        for text in
            ["", "kind: Sec", "a: [", SET, &format!("{SET}---\napiVersion: v1\nkind: ConfigMap\ndata: {{a: b}}\n"), POD]
        {
            assert!(is_plain(text), "{text}");
        }
    }

    #[test]
    fn other_kinds_versions_and_fields_are_not() {
        let other = [
            SET.replace("apps/v1", "apps/v1beta1"),
            SET.replace("replicas", "replica"),
            POD.replace("emptyDir: {}", "emptyDir: {sizeLimit: 1Gi}"),
            format!("{SET}---\napiVersion: v1\nkind: Secret\n"),
            format!("{SET}---\napiVersion: v1\nkind: ResourceQuota\n"),
            "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Secret}]\n".to_owned(),
            "apiVersion: v1\nkind: PodList\nitems: [{metadata: {name: a}}]\n".to_owned(),
        ];
        for text in other {
            assert!(!is_plain(&text), "{text}");
        }
    }
}

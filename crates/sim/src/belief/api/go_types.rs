//! The Go structs behind a pod: two texts that Kubernetes makes of them hang on their fields and the order of these, absent
//! ones included.

use std::collections::BTreeMap;

const TABLE: &str = include_str!("pod.types");

/// Struct by struct, its fields as the table has them.
pub struct GoTypes(BTreeMap<&'static str, &'static str>);

/// A field of a struct.
pub struct GoField {
    /// In Go; the type's name if the field is an embedded struct.
    pub name: &'static str,
    pub is_embedded: bool,
    /// In a manifest.
    pub key: String,
    pub kind: &'static str,
}

impl GoTypes {
    /// The types of the API, `k8s.io/api/core/v1`.
    pub fn of_api() -> GoTypes {
        let own = TABLE.lines().filter(|line| !line.starts_with(['#', '!']));
        GoTypes(own.filter_map(|line| line.split_once(": ")).collect())
    }

    /// The types that the API server works with.
    pub fn of_server() -> GoTypes {
        let mut types = GoTypes::of_api();
        let others = TABLE.lines().filter_map(|line| line.strip_prefix("! ")?.split_once(": "));
        types.0.extend(others);
        types
    }

    /// The fields of a struct, in order; `None` if it is a text, or not in the table.
    pub fn fields(&self, name: &str) -> Option<Vec<GoField>> {
        let field = |text: &'static str| {
            if let Some(embedded) = text.strip_prefix('+') {
                return GoField { name: embedded, is_embedded: true, key: String::new(), kind: embedded };
            }
            let (names, kind) = text.split_once(' ').unwrap_or((text, "string"));
            let (name, key) = match names.split_once('/') {
                Some((name, key)) => (name, key.to_owned()),
                None => (names, format!("{}{}", names[..1].to_ascii_lowercase(), &names[1..])),
            };
            GoField { name, is_embedded: false, key, kind }
        };
        Some(self.0.get(name)?.split(", ").map(field).collect())
    }
}

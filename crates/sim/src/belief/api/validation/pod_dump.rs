//! A pod's spec as the API server prints it in a diff: the fields of its own Go structs, in their order, absent ones too.
//!
//! Upstream: `pkg/apis/core/types.go`.

use super::diff;
use crate::belief::api::go_types::{GoField, GoTypes};
use petri_objects::{PodSpec, Record as _, Value};

/// The spec, a field a line.
pub(super) fn pod_spec(spec: &PodSpec) -> String {
    let mut value = spec.to_value();
    if let Value::Map(map) = &mut value {
        // The host's flags are of the spec in a manifest, and of the security context in the server.
        for key in ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"] {
            if let (Some(flag), Some(Value::Map(context))) = (map.remove(key), map.entry_mut("securityContext")) {
                context.insert(key, flag);
            }
        }
    }
    let mut dump = Dump { types: GoTypes::of_server(), out: String::new() };
    dump.write("PodSpec", Some(&value), 0);
    dump.out.push('\n');
    dump.out
}

/// A part of an object as JSON, with the names of the server's own struct.
pub(super) fn compact(kind: &str, value: &Value) -> String {
    let mut dump = Dump { types: GoTypes::of_server(), out: String::new() };
    dump.write(kind, Some(value), 0);
    // No text has a line's end in it, and no name of a field a quote.
    dump.out.lines().map(|line| line.trim_start().replacen("\": ", "\":", 1)).collect()
}

struct Dump {
    types: GoTypes,
    out: String,
}

impl Dump {
    fn write(&mut self, kind: &str, value: Option<&Value>, depth: usize) {
        let value = value.filter(|value| !matches!(value, Value::Null));
        if let Some(fields) = self.types.fields(kind.trim_start_matches('*')).filter(|_| keeps_go_names(kind)) {
            return match value {
                None if kind.starts_with('*') => self.out.push_str("null"),
                value => self.write_struct(&fields, value, depth),
            };
        }
        match (kind, value) {
            (_, Some(Value::List(items))) if kind.starts_with("[]") => self.write_list(&kind[2..], items, depth),
            (_, Some(value)) => {
                let margin = format!("\n{}", " ".repeat(depth));
                self.out.push_str(&diff::pretty(value).trim_end().replace('\n', &margin));
            }
            ("bool", None) => self.out.push_str("false"),
            ("int32" | "int64", None) => self.out.push('0'),
            _ if kind.starts_with(['*', '[']) || kind.starts_with("map[") || kind == "ResourceList" => {
                self.out.push_str("null");
            }
            _ => self.out.push_str("\"\""),
        }
    }

    fn write_struct(&mut self, fields: &[GoField], value: Option<&Value>, depth: usize) {
        self.out.push('{');
        let mut first = true;
        self.write_fields(fields, value, depth + 1, &mut first);
        self.end('}', depth);
    }

    /// An embedded struct's fields stand among the others.
    fn write_fields(&mut self, fields: &[GoField], value: Option<&Value>, depth: usize, first: &mut bool) {
        for field in fields {
            if let Some(embedded) = self.types.fields(field.kind).filter(|_| field.is_embedded) {
                self.write_fields(&embedded, value, depth, first);
                continue;
            }
            self.begin(first, depth);
            self.out.push_str(&format!("\"{}\": ", field.name));
            self.write(field.kind, value.and_then(|value| value.at(&[&field.key])), depth);
        }
    }

    fn write_list(&mut self, item: &str, items: &[Value], depth: usize) {
        self.out.push('[');
        let mut first = true;
        for value in items {
            self.begin(&mut first, depth + 1);
            self.write(item, Some(value), depth + 1);
        }
        self.end(']', depth);
    }

    fn begin(&mut self, first: &mut bool, depth: usize) {
        self.out.push_str(if *first { "\n" } else { ",\n" });
        *first = false;
        self.out.extend(std::iter::repeat_n(' ', depth));
    }

    fn end(&mut self, bracket: char, depth: usize) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', depth));
        self.out.push(bracket);
    }
}

/// Selectors are of a package whose structs are printed under the names of manifests.
fn keeps_go_names(kind: &str) -> bool {
    !kind.ends_with("LabelSelector")
}

#[cfg(test)]
mod tests {
    use super::*;
    use petri_objects::{Container, Name};
    use std::collections::BTreeSet;

    /// What a manifest can say is printed under a name of its own.
    #[test]
    fn every_field_of_a_pod_is_printed() {
        let types = GoTypes::of_server();
        let keys = |name: &str| -> BTreeSet<String> {
            let fields = types.fields(name).expect("the table has it");
            let embedded = fields.iter().filter(|field| field.is_embedded);
            let inner = embedded.flat_map(|field| types.fields(field.kind).expect("the table has it"));
            inner.map(|field| field.key).chain(fields.iter().map(|field| field.key.clone())).collect()
        };
        let missing = |schema: &petri_objects::record::Schema, name: &str| -> Vec<&'static str> {
            let printed = keys(name);
            schema.named().map(|field| field.name).filter(|key| !printed.contains(*key)).collect()
        };
        let moved = ["hostIPC", "hostNetwork", "hostPID", "serviceAccount", "shareProcessNamespace"];
        assert_eq!(missing(&PodSpec::SCHEMA, "PodSpec"), moved);
        for (schema, name) in [
            (&Container::SCHEMA, "Container"),
            (&petri_objects::Volume::SCHEMA, "Volume"),
            (&petri_objects::Probe::SCHEMA, "Probe"),
            (&petri_objects::Affinity::SCHEMA, "Affinity"),
            (&petri_objects::TopologySpreadConstraint::SCHEMA, "TopologySpreadConstraint"),
            (&petri_objects::Toleration::SCHEMA, "Toleration"),
        ] {
            assert!(missing(schema, name).is_empty(), "{name}: {}", missing(schema, name).join(" "));
        }
    }

    #[test]
    fn flags_of_the_host_stand_in_the_security_context() {
        let mut spec = PodSpec { host_network: true, hostname: Name::from("x"), ..PodSpec::default() };
        spec.security_context = petri_objects::record::Opaque::empty_map();
        let text = pod_spec(&spec);
        assert!(text.contains(" \"SecurityContext\": {\n  \"HostNetwork\": true,\n  \"HostPID\": false,"), "{text}");
        assert!(text.contains("\n \"Containers\": null") || text.contains("\n \"Containers\": ["), "{text}");
    }
}

//! OpenAPI: which parameters a path takes, and what the fields of a kind are.
//!
//! Descriptions are the simulator's own, from the declarations of the types.
//!
//! Upstream: `kube-openapi`, `kubectl/pkg/cmd/explain`, `client-go/openapi3`.

use crate::ask::{Answer, Ask, JSON};
use crate::route::kinds;
use crate::store::map;
use crate::versions::{self, serves};
use petri_console::kubectl::explain::{API_VERSION_DOC, KIND_DOC};
use petri_objects::kept::types;
use petri_objects::{Kind, Map, Name, Object, Schema, Type, Value};
use petri_sim::belief::api::shelf::Objects;
use std::collections::BTreeSet;

/// Answers `/openapi/...`; `None` for other paths.
pub fn answer(ask: &Ask, objects: &Objects) -> Option<Answer> {
    let parts: Vec<&str> = ask.path.split('/').filter(|part| !part.is_empty()).collect();
    match parts[..] {
        // kubectl takes an empty description for one that knows no types, and uses its own.
        ["openapi", "v2"] if ask.accept.contains("protobuf") => Some(Answer::text(200, V2_PROTOBUF, "")),
        ["openapi", "v2"] => Some(Answer::text(200, JSON, v2(objects).to_json())),
        ["openapi", "v3"] => Some(Answer::text(200, JSON, index(objects).to_json())),
        ["openapi", "v3", "api", version] => document(version, objects),
        ["openapi", "v3", "apis", group, version] => document(&format!("{group}/{version}"), objects),
        _ => None,
    }
}

const V2_PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

fn info() -> Value {
    map([("title", "Kubernetes".into()), ("version", "v1.36.3".into())])
}

fn group_versions(objects: &Objects) -> BTreeSet<String> {
    let older = ["autoscaling/v1", versions::EVENTS].map(str::to_owned);
    kinds(objects).map(|kind| kind.api_version().to_owned()).chain(older).collect()
}

fn index(objects: &Objects) -> Value {
    let entry = |group_version: String| {
        let path =
            if group_version.contains('/') { format!("apis/{group_version}") } else { format!("api/{group_version}") };
        let url = Value::from(format!("/openapi/v3/{path}").as_str());
        (Name::from(path), map([("serverRelativeURL", url)]))
    };
    map([("paths", Value::Map(group_versions(objects).into_iter().map(entry).collect()))])
}

fn gvk(kind: Kind, group_version: &str) -> Value {
    let (group, version) = group_version.split_once('/').unwrap_or(("", group_version));
    map([("group", group.into()), ("kind", kind.name().into()), ("version", version.into())])
}

/// All types in one, as the second version of OpenAPI has them.
fn v2(objects: &Objects) -> Value {
    let mut schemas = Schemas { at: "#/definitions/", found: Map::new() };
    for group_version in group_versions(objects) {
        for kind in kinds(objects).filter(|kind| serves(*kind, &group_version)) {
            schemas.kind(kind, &group_version, objects);
        }
    }
    map([("swagger", "2.0".into()), ("info", info()), ("paths", map([])), ("definitions", Value::Map(schemas.found))])
}

fn document(group_version: &str, objects: &Objects) -> Option<Answer> {
    if !group_versions(objects).contains(group_version) {
        return None;
    }
    let parameter = |name: &'static str| {
        map([("name", name.into()), ("in", "query".into()), ("schema", map([("type", "string".into())]))])
    };
    let mut paths = Vec::new();
    let mut schemas = Schemas { at: "#/components/schemas/", found: Map::new() };
    for kind in kinds(objects).filter(|kind| serves(*kind, group_version)) {
        let root = if group_version.contains('/') { "/apis/" } else { "/api/" };
        let namespace = if kind.is_namespaced() { "/namespaces/{namespace}" } else { "" };
        let path = format!("{root}{group_version}{namespace}/{}/{{name}}", kind.plural());
        let operation = |action: &'static str| {
            map([
                (
                    "parameters",
                    Value::List(["dryRun", "fieldManager", "fieldValidation", "force"].map(parameter).into()),
                ),
                ("responses", map([])),
                ("x-kubernetes-action", action.into()),
                ("x-kubernetes-group-version-kind", gvk(kind, group_version)),
            ])
        };
        let operations = map([("get", operation("get")), ("patch", operation("patch")), ("put", operation("put"))]);
        paths.push((Name::from(path), operations));
        schemas.kind(kind, group_version, objects);
    }
    let document = map([
        ("openapi", "3.0.0".into()),
        ("info", info()),
        ("paths", Value::Map(paths.into_iter().collect())),
        ("components", map([("schemas", Value::Map(schemas.found))])),
    ]);
    Some(Answer::text(200, JSON, document.to_json()))
}

/// The types of a document, as far as they were named.
struct Schemas {
    /// What stands before the name of a type that is pointed to.
    at: &'static str,
    found: Map,
}

impl Schemas {
    fn kind(&mut self, kind: Kind, group_version: &str, objects: &Objects) {
        let name = format!("io.k8s.api.{}.{}", group_version.replace('/', "."), kind.name());
        if self.found.get(&name).is_some() {
            return;
        }
        let own = Value::List(vec![gvk(kind, group_version)]);
        let is_custom = matches!(kind, Kind::Kept(kept) if kept.is_custom());
        let mut schema = match custom(kind, objects).filter(|_| is_custom) {
            Some(Value::Map(schema)) => schema,
            _ => self.record(kind.schema()),
        };
        let mut properties = schema.get("properties").and_then(Value::as_map).cloned().unwrap_or_default();
        let text = |doc: &'static str| map([("description", doc.into()), ("type", "string".into())]);
        properties.insert("apiVersion", text(API_VERSION_DOC));
        properties.insert("kind", text(KIND_DOC));
        if is_custom {
            let meta = self.holds(&<petri_objects::Meta as petri_objects::record::Field>::TYPE);
            properties.insert("metadata", described(meta, ""));
        }
        schema.insert("properties", Value::Map(properties));
        schema.insert("x-kubernetes-group-version-kind", own);
        self.found.insert(name, Value::Map(schema));
    }

    fn record(&mut self, schema: &'static Schema) -> Map {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in schema.named() {
            if types::field_of(schema.name, field.name).is_some_and(|own| own.required) {
                required.push(Value::from(field.name));
            }
            properties.insert(field.name, described(self.holds(field.kind), field.doc));
        }
        let mut found: Map = [("type".into(), "object".into())].into_iter().collect();
        if !schema.doc.is_empty() {
            found.insert("description", schema.doc.trim().into());
        }
        found.insert("properties", Value::Map(properties));
        if !required.is_empty() {
            found.insert("required", Value::List(required));
        }
        found
    }

    /// What a field holds; records are pointed to.
    fn holds(&mut self, holds: &'static Type) -> Value {
        let plain = |kind: &'static str| map([("type", kind.into())]);
        match holds {
            Type::String => plain("string"),
            Type::Time => map([("type", "string".into()), ("format", "date-time".into())]),
            Type::Integer(format) => map([("type", "integer".into()), ("format", (*format).into())]),
            Type::Boolean => plain("boolean"),
            Type::Quantity => self.point("io.k8s.apimachinery.pkg.api.resource.Quantity", either("string", "number")),
            Type::IntOrString => {
                self.point("io.k8s.apimachinery.pkg.util.intstr.IntOrString", either("integer", "string"))
            }
            Type::List(inner) => map([("type", "array".into()), ("items", self.holds(inner))]),
            Type::Map(inner) => map([("type", "object".into()), ("additionalProperties", self.holds(inner))]),
            Type::Opaque => plain("object"),
            Type::Record(schema) => {
                let own = if schema.name == "Meta" { "ObjectMeta" } else { schema.name };
                let name = format!("io.k8s.api.{own}");
                if self.found.get(&name).is_none() {
                    // A type may hold itself: its place is taken first.
                    self.found.insert(name.as_str(), map([]));
                    let record = Value::Map(self.record(schema));
                    self.found.insert(name.as_str(), record);
                }
                map([("$ref", Value::from(format!("{}{name}", self.at).as_str()))])
            }
        }
    }

    fn point(&mut self, name: &str, schema: Value) -> Value {
        if self.found.get(name).is_none() {
            self.found.insert(name, schema);
        }
        map([("$ref", Value::from(format!("{}{name}", self.at).as_str()))])
    }
}

fn either(one: &'static str, other: &'static str) -> Value {
    let kind = |kind: &'static str| map([("type", kind.into())]);
    map([("oneOf", Value::List(vec![kind(one), kind(other)]))])
}

/// A schema with a description: beside a pointer there is no room for one.
fn described(schema: Value, doc: &'static str) -> Value {
    let mut found = match schema.at(&["$ref"]) {
        Some(_) => map([("allOf", Value::List(vec![schema]))]),
        None => schema,
    };
    if let (Value::Map(map), false) = (&mut found, doc.is_empty()) {
        map.insert("description", doc.trim().into());
    }
    found
}

/// The schema that a definition gives a kind of the cluster's own.
fn custom(kind: Kind, objects: &Objects) -> Option<Value> {
    let definitions = Kind::every().find(|kind| kind.name() == "CustomResourceDefinition")?;
    let wanted = format!("{}.{}", kind.plural(), kind.group());
    let found = objects.list(definitions).into_iter().find(|own| *own.meta().name == *wanted)?;
    let Object::Kept(definition) = found else { return None };
    let versions = definition.list(&["spec", "versions"]);
    let own = versions.iter().find(|own| own.at(&["name"]).and_then(Value::as_str) == Some(kind.version()));
    own.and_then(|own| own.at(&["schema", "openAPIV3Schema"])).cloned()
}

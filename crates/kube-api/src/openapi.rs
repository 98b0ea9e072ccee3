//! OpenAPI, as far as clients ask for it: which parameters a path takes, and what the fields of a kind are.
//!
//! Upstream: `kube-openapi`, `kubectl/pkg/cmd/explain`, `client-go/openapi3`.

use crate::ask::{Answer, Ask, JSON};
use crate::route::{kinds, serves};
use crate::store::map;
use petri_objects::{Kind, Name, Value};
use petri_sim::belief::api::shelf::Objects;
use std::collections::BTreeSet;

/// Answers `/openapi/...`; `None` for other paths.
pub fn answer(ask: &Ask, objects: &Objects) -> Option<Answer> {
    let parts: Vec<&str> = ask.path.split('/').filter(|part| !part.is_empty()).collect();
    match parts[..] {
        // kubectl looks there for kinds that nobody serves, and takes an empty description for an answer.
        ["openapi", "v2"] if ask.accept.contains("protobuf") => Some(Answer::text(200, V2_PROTOBUF, "")),
        ["openapi", "v2"] => Some(Answer::text(200, JSON, v2().to_json())),
        ["openapi", "v3"] => Some(Answer::text(200, JSON, index(objects).to_json())),
        ["openapi", "v3", "api", version] => document(version, objects),
        ["openapi", "v3", "apis", group, version] => document(&format!("{group}/{version}"), objects),
        _ => None,
    }
}

const V2_PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

fn v2() -> Value {
    map([
        ("swagger", "2.0".into()),
        ("info", map([("title", "Kubernetes".into()), ("version", "v1.36.3".into())])),
        ("paths", map([])),
        ("definitions", map([])),
    ])
}

fn group_versions(objects: &Objects) -> BTreeSet<String> {
    kinds(objects).map(|kind| kind.api_version().to_owned()).chain(["autoscaling/v1".to_owned()]).collect()
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

fn document(group_version: &str, objects: &Objects) -> Option<Answer> {
    if !group_versions(objects).contains(group_version) {
        return None;
    }
    let parameter = |name: &'static str| {
        map([("name", name.into()), ("in", "query".into()), ("schema", map([("type", "string".into())]))])
    };
    let (mut paths, mut schemas) = (Vec::new(), Vec::new());
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
        let operations = map([("patch", operation("patch")), ("put", operation("put"))]);
        paths.push((Name::from(path), operations));
        let name = format!("{}.{}", group_version.replace('/', "."), kind.name());
        let schema = map([
            ("type", "object".into()),
            ("x-kubernetes-group-version-kind", Value::List(vec![gvk(kind, group_version)])),
        ]);
        schemas.push((Name::from(name), schema));
    }
    let document = map([
        ("openapi", "3.0.0".into()),
        ("info", map([("title", "Kubernetes".into()), ("version", "v1.36.3".into())])),
        ("paths", Value::Map(paths.into_iter().collect())),
        ("components", map([("schemas", Value::Map(schemas.into_iter().collect()))])),
    ]);
    Some(Answer::text(200, JSON, document.to_json()))
}

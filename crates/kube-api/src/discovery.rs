//! Discovery: which kinds there are, and what can be done with them.
//!
//! Upstream: `apiserver/pkg/endpoints/discovery`, `discovery/aggregated`.

use crate::ask::{Answer, Ask, JSON};
use crate::resource::has_status;
use crate::route::{group_version, kinds};
use crate::scale;
use crate::store::map;
use crate::versions::serves;
use petri_objects::{Kind, Value};
use petri_sim::belief::api::shelf::Objects;
use std::collections::BTreeSet;

/// The groups in the order in which a cluster serves them; those of a cluster's own kinds follow.
const GROUPS: &[&str] = &[
    "",
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
    "discovery.k8s.io",
    "resource.k8s.io",
    "flowcontrol.apiserver.k8s.io",
];

const VERBS: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// A resource as discovery tells of it.
struct Resource {
    plural: String,
    singular: String,
    kind: &'static str,
    namespaced: bool,
    short_names: Vec<&'static str>,
    categories: Vec<&'static str>,
    verbs: Vec<&'static str>,
    /// Name, group and version and kind of what it takes, verbs.
    parts: Vec<(&'static str, &'static str, &'static str, Vec<&'static str>)>,
}

/// The versions of a group, the preferred one first.
fn versions(group: &str, objects: &Objects) -> Vec<String> {
    if matches!(group, "authentication.k8s.io" | "authorization.k8s.io" | "events.k8s.io") {
        return vec!["v1".into()];
    }
    let mut found: Vec<String> = Vec::new();
    for kind in kinds(objects).filter(|kind| kind.group() == group) {
        if !found.iter().any(|known| known == kind.version()) {
            found.push(kind.version().into());
        }
    }
    if group == "autoscaling" {
        found.push("v1".into());
    }
    found
}

fn groups(objects: &Objects) -> Vec<String> {
    let own: BTreeSet<&str> = kinds(objects).map(Kind::group).filter(|group| !GROUPS.contains(group)).collect();
    GROUPS.iter().copied().chain(own).map(str::to_owned).collect()
}

fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.into() } else { format!("{group}/{version}") }
}

fn resources(group_version: &str, objects: &Objects) -> Vec<Resource> {
    let review = |plural: &str, kind: &'static str, namespaced: bool| Resource {
        plural: plural.into(),
        singular: kind.to_lowercase(),
        kind,
        namespaced,
        short_names: Vec::new(),
        categories: Vec::new(),
        verbs: vec!["create"],
        parts: Vec::new(),
    };
    match group_version {
        "authentication.k8s.io/v1" => return vec![review("selfsubjectreviews", "SelfSubjectReview", false)],
        "authorization.k8s.io/v1" => {
            return vec![
                review("localsubjectaccessreviews", "LocalSubjectAccessReview", true),
                review("selfsubjectaccessreviews", "SelfSubjectAccessReview", false),
                review("selfsubjectrulesreviews", "SelfSubjectRulesReview", false),
                review("subjectaccessreviews", "SubjectAccessReview", false),
            ];
        }
        _ => {}
    }
    let mut found: Vec<Resource> = kinds(objects).filter(|kind| serves(*kind, group_version)).map(resource).collect();
    found.sort_by(|a, b| a.plural.cmp(&b.plural));
    found
}

fn resource(kind: Kind) -> Resource {
    let categories = match kind {
        Kind::Kept(kept) => kept.entry().categories.to_vec(),
        Kind::Pod | Kind::Service | Kind::StatefulSet | Kind::ReplicaSet | Kind::Deployment | Kind::DaemonSet => {
            vec!["all"]
        }
        _ => Vec::new(),
    };
    let mut parts = Vec::new();
    if kind == Kind::Pod {
        parts.push(("attach", "", "PodAttachOptions", vec!["create", "get"]));
        parts.push(("eviction", "policy/v1", "Eviction", vec!["create"]));
        parts.push(("exec", "", "PodExecOptions", vec!["create", "get"]));
        parts.push(("log", "", "Pod", vec!["get"]));
        parts.push(("portforward", "", "PodPortForwardOptions", vec!["create", "get"]));
    }
    if kind == Kind::ServiceAccount {
        parts.push(("token", "authentication.k8s.io/v1", "TokenRequest", vec!["create"]));
    }
    if scale::has(kind) {
        parts.push(("scale", "autoscaling/v1", "Scale", vec!["get", "patch", "update"]));
    }
    if has_status(kind) {
        parts.push(("status", "", "", vec!["get", "patch", "update"]));
    }
    let without = |verb: &&&str| kind != Kind::Namespace || **verb != "deletecollection";
    Resource {
        plural: kind.plural().into(),
        singular: kind.singular(),
        kind: kind.name(),
        namespaced: kind.is_namespaced(),
        short_names: kind.short_names().to_vec(),
        categories,
        verbs: VERBS.iter().filter(without).copied().collect(),
        parts,
    }
}

fn texts(list: &[&str]) -> Value {
    Value::List(list.iter().map(|text| Value::from(*text)).collect())
}

fn text(text: &str) -> Value {
    Value::from(text)
}

/// Whether a client wants all groups in one answer.
fn wants_all(ask: &Ask) -> bool {
    ask.accept.split(',').any(|entry| {
        entry.contains("as=APIGroupDiscoveryList") && entry.contains("v=v2") && !entry.contains("v=v2beta1")
    })
}

const ALL_IN_ONE: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Answers `/api`, `/apis` and what is directly below them; `None` for other paths.
pub fn answer(ask: &Ask, objects: &Objects) -> Option<Answer> {
    let parts: Vec<&str> = ask.path.split('/').filter(|part| !part.is_empty()).collect();
    match parts[..] {
        ["api" | "apis"] if wants_all(ask) => {
            let wanted = |group: &String| group.is_empty() == (parts[0] == "api");
            let groups: Vec<String> = groups(objects).into_iter().filter(wanted).collect();
            let items = groups.iter().map(|group| aggregated(group, objects)).collect();
            let list = map([
                ("kind", "APIGroupDiscoveryList".into()),
                ("apiVersion", "apidiscovery.k8s.io/v2".into()),
                ("metadata", map([])),
                ("items", Value::List(items)),
            ]);
            Some(Answer::text(200, ALL_IN_ONE, list.to_json()))
        }
        ["api"] => Some(Answer::json(
            200,
            &map([
                ("kind", "APIVersions".into()),
                ("versions", texts(&["v1"])),
                (
                    "serverAddressByClientCIDRs",
                    Value::List(vec![map([("clientCIDR", "0.0.0.0/0".into()), ("serverAddress", "127.0.0.1".into())])]),
                ),
            ]),
        )),
        ["apis"] => {
            let groups = groups(objects).into_iter().filter(|group| !group.is_empty());
            let groups = groups.map(|name| group(&name, objects, false)).collect();
            Some(Answer::json(
                200,
                &map([("kind", "APIGroupList".into()), ("apiVersion", "v1".into()), ("groups", Value::List(groups))]),
            ))
        }
        ["apis", name] => {
            groups(objects).iter().any(|known| known == name).then(|| Answer::json(200, &group(name, objects, true)))
        }
        ["api", _] | ["apis", _, _] => {
            let (group_version, _) = group_version(&ask.path)?;
            let found = resources(&group_version, objects);
            (!found.is_empty()).then(|| Answer::json(200, &resource_list(&group_version, &found)))
        }
        _ => None,
    }
}

fn group(name: &str, objects: &Objects, alone: bool) -> Value {
    let versions: Vec<Value> = versions(name, objects)
        .iter()
        .map(|version| map([("groupVersion", text(&api_version(name, version))), ("version", text(version))]))
        .collect();
    let mut entries = Vec::new();
    if alone {
        entries.extend([("kind", "APIGroup".into()), ("apiVersion", "v1".into())]);
    }
    entries.push(("name", text(name)));
    entries.extend(versions.first().cloned().map(|first| ("preferredVersion", first)));
    entries.push(("versions", Value::List(versions)));
    map(entries)
}

fn resource_list(group_version: &str, found: &[Resource]) -> Value {
    let mut list = Vec::new();
    for resource in found {
        let mut entries = vec![
            ("name", text(&resource.plural)),
            ("singularName", text(&resource.singular)),
            ("namespaced", Value::Bool(resource.namespaced)),
            ("kind", text(resource.kind)),
            ("verbs", texts(&resource.verbs)),
        ];
        if !resource.short_names.is_empty() {
            entries.push(("shortNames", texts(&resource.short_names)));
        }
        if !resource.categories.is_empty() {
            entries.push(("categories", texts(&resource.categories)));
        }
        list.push(map(entries));
        for (part, takes, kind, verbs) in &resource.parts {
            let mut entries = vec![
                ("name", text(&format!("{}/{part}", resource.plural))),
                ("singularName", "".into()),
                ("namespaced", Value::Bool(resource.namespaced)),
                ("kind", text(if kind.is_empty() { resource.kind } else { kind })),
                ("verbs", texts(verbs)),
            ];
            if let Some((group, version)) = takes.split_once('/') {
                entries.extend([("group", text(group)), ("version", text(version))]);
            }
            list.push(map(entries));
        }
    }
    map([
        ("kind", "APIResourceList".into()),
        ("apiVersion", "v1".into()),
        ("groupVersion", text(group_version)),
        ("resources", Value::List(list)),
    ])
}

/// A group with everything in it.
fn aggregated(group: &str, objects: &Objects) -> Value {
    let version = |version: &String| {
        let all = resources(&api_version(group, version), objects);
        let all = all.iter().map(|resource| aggregated_resource(resource, group, version)).collect();
        map([("version", text(version)), ("resources", Value::List(all)), ("freshness", "Current".into())])
    };
    let metadata = if group.is_empty() { map([]) } else { map([("name", text(group))]) };
    map([("metadata", metadata), ("versions", Value::List(versions(group, objects).iter().map(version).collect()))])
}

fn kind_of(group: &str, version: &str, kind: &str) -> Value {
    map([("group", text(group)), ("version", text(version)), ("kind", text(kind))])
}

fn aggregated_resource(resource: &Resource, group: &str, version: &str) -> Value {
    let mut entries = vec![
        ("resource", text(&resource.plural)),
        ("responseKind", kind_of(group, version, resource.kind)),
        ("scope", if resource.namespaced { "Namespaced" } else { "Cluster" }.into()),
        ("singularResource", text(&resource.singular)),
        ("verbs", texts(&resource.verbs)),
    ];
    if !resource.short_names.is_empty() {
        entries.push(("shortNames", texts(&resource.short_names)));
    }
    if !resource.categories.is_empty() {
        entries.push(("categories", texts(&resource.categories)));
    }
    if !resource.parts.is_empty() {
        let part = |(part, takes, kind, verbs): &(&'static str, &'static str, &'static str, Vec<&'static str>)| {
            let (group, version) = takes.split_once('/').unwrap_or((group, version));
            let kind = if kind.is_empty() { resource.kind } else { kind };
            map([("subresource", text(part)), ("responseKind", kind_of(group, version, kind)), ("verbs", texts(verbs))])
        };
        entries.push(("subresources", Value::List(resource.parts.iter().map(part).collect())));
    }
    map(entries)
}

/// `/healthz`, `/livez`, `/readyz`: a server that answers is well.
pub fn health(ask: &Ask) -> Answer {
    let check = ask.path.split('/').find(|part| !part.is_empty()).unwrap_or_default();
    if ask.query.get("verbose").is_none() {
        return Answer::plain("ok");
    }
    let mut lines: Vec<&str> = vec!["ping", "log", "etcd", "poststarthook/start-apiserver-admission-initializer"];
    lines.extend(Some("informer-sync").filter(|_| check == "readyz"));
    let lines: String = lines.iter().map(|what| format!("[+]{what} ok\n")).collect();
    Answer::plain(&format!("{lines}{check} check passed\n"))
}

/// `/version`: what this cluster says it is.
pub fn version() -> Answer {
    let entries = [
        ("major", "1"),
        ("minor", "36"),
        ("gitVersion", "v1.36.3"),
        ("gitCommit", ""),
        ("gitTreeState", "clean"),
        ("buildDate", "2026-01-01T00:00:00Z"),
        ("goVersion", ""),
        ("compiler", "petri"),
        ("platform", "linux/amd64"),
    ];
    Answer::json(200, &map(entries.map(|(key, value)| (key, text(value)))))
}

/// `/`: where one can go from here.
pub fn root(objects: &Objects) -> Answer {
    let mut paths: Vec<String> = vec!["/api".into(), "/api/v1".into(), "/apis".into()];
    for group in groups(objects).iter().filter(|group| !group.is_empty()) {
        paths.push(format!("/apis/{group}"));
        paths.extend(versions(group, objects).iter().map(|version| format!("/apis/{group}/{version}")));
    }
    paths.extend(
        ["/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/petri", "/readyz", "/version"].map(str::to_owned),
    );
    let paths = paths.iter().map(|path| text(path)).collect();
    Answer::text(200, JSON, map([("paths", Value::List(paths))]).to_json())
}

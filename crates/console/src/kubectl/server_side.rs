//! `kubectl apply --server-side`: each manager has its share of the fields, and takes none of another's without being told to.
//!
//! Upstream: `kubectl/pkg/cmd/apply`, `structured-merge-diff/v6/merge`. Shares are kept in `metadata.managedFields`, as
//! there.
//!
//! Deviation: only what is applied has managers. What `kubectl apply` wrote without `--server-side` is known by its
//! annotation, a number of replicas that differs from it was scaled, and other changes are taken for edits.

use super::context::Context;
use super::judged::{knows_all_but_fields, warn};
use super::merge;
use crate::args::{Arguments, namespace};
use crate::errors::{named, trouble};
use crate::output::{Failure, Output};
use petri_manifest::{Document, Grade, Problem};
use petri_objects::merge::{Lists, strategic};
use petri_objects::{Decode, Kind, Map, Object, ObjectRef, Value};
use petri_sim::belief::api::apply::LAST_APPLIED;
use petri_sim::words::command::Command;
use std::collections::{BTreeMap, BTreeSet};

/// The steps to a field, as `fieldsV1` writes them: `f:spec`, `k:{"name":"web"}`.
type Path = Vec<String>;
type Leaves = Vec<(Path, Value)>;

/// How deep fields are looked at.
const DEEPEST: usize = 64;
/// Who applies without `--server-side`.
const BY_CLIENT: &str = "kubectl-client-side-apply";

/// One manager's share of an object.
struct Share {
    manager: String,
    fields: Vec<Path>,
    entry: Option<Value>,
}

/// Applies one object.
#[inline(never)]
pub(super) fn one(
    target: &ObjectRef,
    manifest: &Value,
    arguments: &Arguments,
    context: &mut Context<'_>,
    out: &mut Output,
) {
    let kind = target.kind;
    let manager = arguments.last("field-manager").unwrap_or("kubectl");
    let mut config = manifest.clone();
    if let Value::Map(map) = &mut config {
        map.remove("status");
    }
    let normal = Object::decode(kind, &config, &mut Decode::default()).to_value();
    let paths: Vec<Path> = leaves(kind, &config).into_iter().map(|(path, _)| path).collect();
    let known: BTreeSet<&Path> = paths.iter().collect();
    // What is applied, as the API server writes it.
    let wanted: Leaves = leaves(kind, &normal).into_iter().filter(|(path, _)| known.contains(path)).collect();
    let now = context.host.world().now.rfc3339();
    let old = context.host.world().objects().get(target);
    let (mut new, before, mut shares) = match &old {
        None => (config.clone(), None, Vec::new()),
        Some(old) => {
            let before = old.to_value();
            let live = leaves(kind, &before);
            let shares = shares(kind, old, &live);
            let conflicts = conflicts(kind, &shares, manager, &live, &wanted);
            if !conflicts.is_empty() && !arguments.is_set("force-conflicts") {
                return out.gather(refused(&conflicts));
            }
            match strategic(Lists::of(kind), &before, &config) {
                Ok(new) => (new, Some(before), shares),
                Err(unfit) => return out.gather(format!("Error from server: {unfit}")),
            }
        }
    };
    let at = shares.iter().position(|share| share.manager == manager);
    let was = at.map(|at| shares.remove(at).fields).unwrap_or_default();
    for path in was.iter().filter(|path| !known.contains(path)) {
        if !shares.iter().any(|share| share.fields.iter().any(|field| field.starts_with(path))) {
            drop_field(&mut new, path);
        }
    }
    let live = before.as_ref().map(|before| leaves(kind, before)).unwrap_or_default();
    let by_path = |all: &Leaves| all.iter().cloned().collect::<BTreeMap<_, _>>();
    let (live, asked) = (by_path(&live), by_path(&wanted));
    for share in &mut shares {
        // What is taken over by force, or agreed on, has its new manager; who agrees keeps it as well.
        share.fields.retain(|path| !known.contains(path) || live.get(path) == asked.get(path));
    }
    let mut entries: Vec<Value> = shares
        .iter()
        .filter(|share| !share.fields.is_empty())
        .filter_map(|share| share.listed(&share.fields))
        .collect();
    let own = [
        ("apiVersion", Value::from(kind.api_version())),
        ("fieldsType", "FieldsV1".into()),
        ("fieldsV1", tree(&paths)),
        ("manager", Value::from(manager)),
        ("operation", "Apply".into()),
        ("time", Value::from(now.as_str())),
    ];
    entries.insert(0, Value::Map(own.into_iter().map(|(key, value)| (key.into(), value)).collect()));
    set_metadata(&mut new, "managedFields", Value::List(entries));
    let has_annotation = old.as_ref().is_some_and(|old| old.meta().annotations.get(LAST_APPLIED).is_some());
    if has_annotation && manager == "kubectl" {
        let text = Value::from(format!("{}\n", manifest.to_json()).as_str());
        let with = Value::nested(&["metadata", "annotations", LAST_APPLIED], text);
        new = strategic(Lists::of(kind), &new, &with).unwrap_or(new);
    }
    let command = match &before {
        None => {
            set_metadata(&mut new, "namespace", Value::String(target.namespace.clone()));
            Command::Create(Object::decode(kind, &new, &mut Decode::default()))
        }
        Some(before) => Command::Patch {
            target: target.clone(),
            patch: merge::difference(before, &new).unwrap_or_else(|| Value::Map(Map::new())),
            status: false,
        },
    };
    match context.host.command(command) {
        Ok(answer) => {
            warn(&answer, old.as_ref(), context, out);
            out.line(format!("{} serverside-applied", named(target)));
        }
        Err(error) => out.gather(trouble(&error, None)),
    }
}

/// What the server says of a document whose only faults are fields that nobody knows; `None` for any other.
#[inline(never)]
pub(super) fn refusal(document: &Document, arguments: &Arguments, problems: &[&Problem]) -> Option<Failure> {
    let kind = document.kind.filter(|_| knows_all_but_fields(problems))?;
    let paths: Vec<String> =
        problems.iter().filter(|problem| problem.grade == Grade::Error).map(|problem| problem.path.clone()).collect();
    let word = |key: &str| document.value.at(&["metadata", key]).and_then(Value::as_str).unwrap_or_default();
    let namespace = match (kind.is_namespaced(), word("namespace")) {
        (false, _) => String::new(),
        (true, "") => namespace(arguments),
        (true, own) => own.to_owned(),
    };
    let target = ObjectRef::new(kind, namespace, word("name"));
    Some(format!("Error from server: {}", Lists::of(kind).undeclared(&target, &document.value, &paths)))
}

impl Share {
    /// The entry as it is written; a share that was only derived is not.
    fn listed(&self, fields: &[Path]) -> Option<Value> {
        let mut entry = self.entry.clone()?;
        if let Value::Map(map) = &mut entry {
            map.insert("fieldsV1", tree(fields));
        }
        Some(entry)
    }
}

fn set_metadata(value: &mut Value, key: &str, to: Value) {
    let Value::Map(map) = value else { return };
    let mut metadata = map.get("metadata").and_then(Value::as_map).cloned().unwrap_or_default();
    if to != Value::String("".into()) {
        metadata.insert(key, to);
    }
    map.insert("metadata", Value::Map(metadata));
}

/// Who manages what: as written, and as derived from what kubectl applied.
fn shares(kind: Kind, object: &Object, live: &Leaves) -> Vec<Share> {
    let mut all = Vec::new();
    let list = object.meta().managed_fields.0.as_deref().and_then(Value::as_list).unwrap_or_default();
    for entry in list {
        let word = |key: &str| entry.at(&[key]).and_then(Value::as_str).unwrap_or_default();
        let mut fields = Vec::new();
        if let Some(tree) = entry.at(&["fieldsV1"]) {
            paths(tree, &mut Vec::new(), &mut fields);
        }
        if word("operation") == "Apply" {
            all.push(Share { manager: word("manager").into(), fields, entry: Some(entry.clone()) });
        }
    }
    let applied = object.meta().annotations.get(LAST_APPLIED).and_then(|text| Value::from_json(text.trim_end()));
    if let Some(applied) = applied.filter(|_| !all.iter().any(|share| share.manager == "kubectl")) {
        let known = leaves(kind, &Object::decode(kind, &applied, &mut Decode::default()).to_value());
        let (same, other): (Leaves, Leaves) = leaves(kind, &applied)
            .into_iter()
            .map(|(path, value)| {
                let normal = known.iter().find(|(own, _)| *own == path).map(|(_, value)| value.clone());
                (path, normal.unwrap_or(value))
            })
            .partition(|leaf| live.contains(leaf));
        let fields = |leaves: Leaves| leaves.into_iter().map(|(path, _)| path).collect::<Vec<_>>();
        all.push(Share { manager: BY_CLIENT.into(), fields: fields(same), entry: None });
        let (scaled, edited): (Leaves, Leaves) =
            other.into_iter().partition(|(path, _)| dotted(path) == ".spec.replicas");
        all.push(Share { manager: "kubectl\" with subresource \"scale".into(), fields: fields(scaled), entry: None });
        all.push(Share { manager: "kubectl-edit".into(), fields: fields(edited), entry: None });
    }
    all
}

/// The fields that somebody else manages and that would change: whose, and which.
fn conflicts(kind: Kind, shares: &[Share], manager: &str, live: &Leaves, wanted: &Leaves) -> Vec<[String; 2]> {
    let others = shares.iter().filter(|share| share.manager != manager);
    others
        .flat_map(|share| {
            // Only who updates has written in a version; an apply is of all.
            let using = match share.entry {
                None => format!(" using {}", kind.api_version()),
                Some(_) => String::new(),
            };
            let with = format!("with \"{}\"{using}", share.manager);
            let changed = wanted.iter().filter(|leaf| !live.contains(leaf) && share.fields.contains(&leaf.0));
            changed.map(|(path, _)| [with.clone(), dotted(path)]).collect::<Vec<_>>()
        })
        .collect()
}

fn refused(conflicts: &[[String; 2]]) -> String {
    let mut text = format!("error: Apply failed with {} conflict", conflicts.len());
    match conflicts {
        [[with, field]] => text.push_str(&format!(": conflict {with}: {field}")),
        _ => {
            text.push_str("s: ");
            let (mut last, mut parts) = ("", Vec::new());
            for [with, field] in conflicts {
                if with != last {
                    parts.push(format!("conflicts {with}:"));
                    last = with;
                }
                parts.push(format!("- {field}"));
            }
            text.push_str(&parts.join("\n"));
        }
    }
    text + "\nPlease review the fields above--they currently have other managers. Here\nare the ways you can resolve this \
            warning:\n* If you intend to manage all of these fields, please re-run the apply\n  command with the \
            `--force-conflicts` flag.\n* If you do not intend to manage all of the fields, please edit your\n  manifest to \
            remove references to the fields that should keep their\n  current managers.\n* You may co-own fields by \
            updating your manifest to match the existing\n  value; in this case, you'll become the manager if the other \
            manager(s)\n  stop managing the field (remove it from their configuration).\nSee \
            https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts"
}

/// The fields of an object that somebody can manage.
fn leaves(kind: Kind, value: &Value) -> Leaves {
    let mut found = Leaves::new();
    let lists = Lists::of(kind);
    for (key, value) in value.as_map().into_iter().flat_map(Map::iter) {
        match (&**key, value) {
            ("apiVersion" | "kind" | "status", _) => {}
            ("metadata", Value::Map(metadata)) => {
                for (key, value) in metadata.iter().filter(|(key, _)| matches!(&***key, "labels" | "annotations")) {
                    let own = value.as_map().map(|map| {
                        Value::Map(
                            map.iter()
                                .filter(|(key, _)| &***key != LAST_APPLIED)
                                .map(|(k, v)| (k.clone(), v.clone()))
                                .collect(),
                        )
                    });
                    let own = own.filter(|own| own.as_map().is_some_and(|map| !map.is_empty()));
                    if let Some(own) = own {
                        walk(lists, key, &own, &mut vec!["f:metadata".into(), format!("f:{key}")], &mut found);
                    }
                }
            }
            (key, value) => walk(lists, key, value, &mut vec![format!("f:{key}")], &mut found),
        }
    }
    found
}

fn walk(lists: Lists, field: &str, value: &Value, path: &mut Path, found: &mut Leaves) {
    match value {
        Value::Map(map) if !map.is_empty() && path.len() < DEEPEST => {
            for (key, value) in map.iter() {
                path.push(format!("f:{key}"));
                walk(lists, key, value, path, found);
                path.pop();
            }
        }
        Value::List(items) if !items.is_empty() && path.len() < DEEPEST => match lists.key(field) {
            Some(key) if items.iter().all(|item| item.at(&[key]).is_some()) => {
                for item in items {
                    let id = item.at(&[key]).cloned().unwrap_or_default();
                    path.push(format!("k:{}", Value::nested(&[key], id).to_json()));
                    walk(lists, "", item, path, found);
                    path.pop();
                }
            }
            _ => found.push((path.clone(), value.clone())),
        },
        _ => found.push((path.clone(), value.clone())),
    }
}

/// `fieldsV1` of some paths.
fn tree(fields: &[Path]) -> Value {
    let mut root = Value::Map(Map::new());
    for path in fields {
        let mut at = &mut root;
        for step in path {
            let Value::Map(map) = at else { break };
            if map.get(step).is_none() {
                let mut inner = Map::new();
                if step.starts_with("k:") {
                    inner.insert(".", Value::Map(Map::new()));
                }
                map.insert(step.as_str(), Value::Map(inner));
            }
            let Some(next) = map.entry_mut(step) else { break };
            at = next;
        }
    }
    root
}

/// The paths of `fieldsV1`: those of its leaves.
fn paths(tree: &Value, path: &mut Path, found: &mut Vec<Path>) {
    let steps = || tree.as_map().into_iter().flat_map(Map::iter).filter(|(step, _)| &***step != ".");
    if steps().next().is_none() || path.len() >= DEEPEST {
        if !path.is_empty() {
            found.push(path.clone());
        }
        return;
    }
    for (step, value) in steps() {
        path.push(step.to_string());
        paths(value, path, found);
        path.pop();
    }
}

/// `.spec.template.spec.containers[name="web"].image`, as conflicts name a field.
fn dotted(path: &[String]) -> String {
    let step = |step: &String| match step.split_once(':') {
        Some(("k", json)) => {
            let key = Value::from_json(json).unwrap_or_default();
            let pairs = key.as_map().into_iter().flat_map(Map::iter);
            format!("[{}]", pairs.map(|(key, value)| format!("{key}={}", value.to_json())).collect::<String>())
        }
        Some((_, name)) => format!(".{name}"),
        None => String::new(),
    };
    path.iter().map(step).collect()
}

/// Takes a field away, and the items and maps that nothing is left of.
fn drop_field(value: &mut Value, path: &[String]) {
    let Some((step, rest)) = path.split_first() else { return };
    match (value, step.split_once(':')) {
        (Value::Map(map), Some(("f", name))) => {
            if rest.is_empty() {
                map.remove(name);
            } else if let Some(inner) = map.entry_mut(name) {
                drop_field(inner, rest);
                let is_empty = match inner {
                    Value::Map(map) => map.is_empty(),
                    Value::List(list) => list.is_empty(),
                    _ => false,
                };
                if is_empty {
                    map.remove(name);
                }
            }
        }
        (Value::List(list), Some(("k", json))) => {
            let Some(Value::Map(key)) = Value::from_json(json) else { return };
            let is_meant = |item: &Value| key.iter().all(|(name, value)| item.at(&[name]) == Some(value));
            let Some(at) = list.iter().position(is_meant) else { return };
            let is_key = matches!(rest, [only] if key.get(only.trim_start_matches("f:")).is_some());
            drop_field(&mut list[at], rest);
            // Without its key an item is none.
            if is_key {
                list.remove(at);
            }
        }
        _ => {}
    }
}

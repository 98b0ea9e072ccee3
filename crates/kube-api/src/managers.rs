//! Who manages which field: what `managedFields` tells, and what applying needs to know.
//!
//! Upstream: `structured-merge-diff`, `apimachinery/pkg/util/managedfields`.

use crate::ask::Ask;
use crate::store::map;
use petri_objects::merge::Lists;
use petri_objects::{Kind, Map, Name, Object, Time, Uid, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The steps to a field, as `fieldsV1` writes them: `f:spec`, `k:{"name":"web"}`, `v:"a"`.
pub type Path = Vec<String>;
/// The leaves of an object's fields.
pub type Leaves = BTreeMap<Path, Value>;

/// How deep fields are looked at.
const DEEPEST: usize = 64;
/// How many objects have managers at most: whoever wrote longest ago is forgotten first.
const MOST_OBJECTS: usize = 20_000;

/// Who writes, and how.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    pub name: String,
    pub subresource: &'static str,
    pub dry_run: bool,
    /// What is applied, if it is.
    pub applied: Option<BTreeSet<Path>>,
}

impl Writer {
    /// From `fieldManager`, or from what the client calls itself.
    pub fn of(ask: &Ask) -> Writer {
        let agent = ask.agent.split('/').next().unwrap_or_default();
        let name = Some(ask.query.text("fieldManager")).filter(|name| !name.is_empty()).unwrap_or(agent);
        let name: String = name.chars().filter(|c| !c.is_control()).take(128).collect();
        let status = ask.path.ends_with("/status") && ask.method != "POST";
        Writer {
            name: if name.is_empty() { "unknown".into() } else { name },
            subresource: if status { "status" } else { "" },
            dry_run: ask.is_dry_run(),
            applied: None,
        }
    }
}

/// One manager's share of an object.
#[derive(Clone, Debug)]
struct Share {
    manager: String,
    subresource: &'static str,
    applies: bool,
    api_version: &'static str,
    time: Time,
    fields: BTreeSet<Path>,
}

/// The managers of all objects.
#[derive(Debug, Default)]
pub struct Managers {
    shares: BTreeMap<Uid, (u64, Vec<Share>)>,
    writes: u64,
}

/// A field that somebody else manages and that would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    pub manager: String,
    pub api_version: &'static str,
    /// `.spec.replicas`
    pub field: String,
}

impl Managers {
    pub fn forget(&mut self, uid: Uid) {
        self.shares.remove(&uid);
    }

    /// An object was written.
    pub fn updated(&mut self, old: Option<&Object>, new: &Object, writer: &Writer, now: Time) {
        let kind = new.kind();
        let after = leaves(kind, &new.to_value());
        let before = old.map(|old| leaves(kind, &old.to_value())).unwrap_or_default();
        self.writes += 1;
        let (writes, known) = (self.writes, self.shares.len());
        let (last, shares) = self.shares.entry(new.meta().uid).or_default();
        *last = writes;
        let changed: BTreeSet<Path> = after
            .iter()
            .filter(|(path, value)| before.get(*path) != Some(value))
            .map(|(path, _)| path.clone())
            .collect();
        for share in shares.iter_mut() {
            share.fields.retain(|path| after.contains_key(path) && !changed.contains(path));
        }
        let mine =
            writer.applied.clone().map(|applied| applied.into_iter().filter(|path| after.contains_key(path)).collect());
        share_of(shares, writer, kind, mine.unwrap_or(changed), now);
        shares.retain(|share| !share.fields.is_empty());
        if known > MOST_OBJECTS {
            let oldest = self.shares.iter().min_by_key(|(_, (last, _))| *last).map(|(uid, _)| *uid);
            oldest.map(|uid| self.shares.remove(&uid));
        }
    }

    /// A client says itself who manages what; an empty list forgets all.
    pub fn replace(&mut self, object: &Object, list: &[Value]) {
        let share = |entry: &Value| {
            let word = |key: &str| entry.at(&[key]).and_then(Value::as_str).unwrap_or_default();
            let mut fields = BTreeSet::new();
            paths(entry.at(&["fieldsV1"])?, &mut Vec::new(), &mut fields);
            Some(Share {
                manager: word("manager").chars().take(128).collect(),
                subresource: if word("subresource") == "status" { "status" } else { "" },
                applies: word("operation") == "Apply",
                api_version: object.kind().api_version(),
                time: Time::parse_rfc3339(word("time")).unwrap_or_default(),
                fields,
            })
        };
        let shares: Vec<Share> = list.iter().filter_map(share).collect();
        match shares.is_empty() {
            true => drop(self.shares.remove(&object.meta().uid)),
            false => drop(self.shares.insert(object.meta().uid, (self.writes, shares))),
        }
    }

    /// Somebody applied what was there already.
    pub fn applied(&mut self, object: &Object, writer: &Writer, now: Time) {
        let Some(applied) = writer.applied.clone() else { return };
        let (_, shares) = self.shares.entry(object.meta().uid).or_default();
        share_of(shares, writer, object.kind(), applied, now);
    }

    /// What a manager applied before.
    pub fn applied_by(&self, uid: Uid, writer: &Writer) -> BTreeSet<Path> {
        let share = self.shares.get(&uid).and_then(|(_, shares)| shares.iter().find(|share| is_of(share, writer)));
        share.map(|share| share.fields.clone()).unwrap_or_default()
    }

    /// Whether somebody else manages a field, or what is below it.
    pub fn has_other(&self, uid: Uid, writer: &Writer, path: &[String]) -> bool {
        let others = self.shares.get(&uid).into_iter().flat_map(|(_, shares)| shares);
        others
            .filter(|share| !is_of(share, writer))
            .any(|share| share.fields.iter().any(|field| field.starts_with(path)))
    }

    /// Which fields an apply would take away from others.
    pub fn conflicts(&self, uid: Uid, writer: &Writer, live: &Leaves, wanted: &Leaves) -> Vec<Conflict> {
        let changes = || wanted.iter().filter(|(path, value)| live.get(*path) != Some(value)).map(|(path, _)| path);
        let others = self.shares.get(&uid).into_iter().flat_map(|(_, shares)| shares);
        let others = others.filter(|share| share.manager != writer.name || !share.applies);
        others
            .flat_map(|share| {
                changes().filter(|path| share.fields.contains(*path)).map(|path| Conflict {
                    manager: share.manager.clone(),
                    api_version: share.api_version,
                    field: dotted(path),
                })
            })
            .collect()
    }

    /// `metadata.managedFields`; `None` if nobody is known to manage anything.
    pub fn of(&self, uid: Uid) -> Option<Value> {
        let (_, shares) = self.shares.get(&uid)?;
        let entry = |share: &Share| {
            let mut entries = vec![
                ("manager", Value::from(share.manager.as_str())),
                ("operation", if share.applies { "Apply" } else { "Update" }.into()),
                ("apiVersion", share.api_version.into()),
                ("time", Value::from(share.time.rfc3339().as_str())),
                ("fieldsType", "FieldsV1".into()),
                ("fieldsV1", tree(&share.fields)),
            ];
            if !share.subresource.is_empty() {
                entries.push(("subresource", share.subresource.into()));
            }
            map(entries)
        };
        (!shares.is_empty()).then(|| Value::List(shares.iter().map(entry).collect()))
    }
}

fn is_of(share: &Share, writer: &Writer) -> bool {
    share.manager == writer.name && share.applies && share.subresource == writer.subresource
}

fn share_of(shares: &mut Vec<Share>, writer: &Writer, kind: Kind, fields: BTreeSet<Path>, now: Time) {
    let applies = writer.applied.is_some();
    let same = |share: &&mut Share| {
        share.manager == writer.name && share.applies == applies && share.subresource == writer.subresource
    };
    match shares.iter_mut().find(same) {
        Some(share) if applies => (share.fields, share.time) = (fields, now),
        Some(share) => {
            share.fields.extend(fields);
            share.time = now;
        }
        None => shares.push(Share {
            manager: writer.name.clone(),
            subresource: writer.subresource,
            applies,
            api_version: kind.api_version(),
            time: now,
            fields,
        }),
    }
}

/// The fields of an object that somebody can manage.
pub fn leaves(kind: Kind, value: &Value) -> Leaves {
    let mut found = Leaves::new();
    let Value::Map(map) = value else { return found };
    let lists = Lists::of(kind);
    for (key, value) in map.iter() {
        match (&**key, value) {
            ("apiVersion" | "kind", _) => {}
            ("metadata", Value::Map(metadata)) => {
                for (key, value) in metadata.iter() {
                    if matches!(&**key, "labels" | "annotations" | "ownerReferences" | "finalizers" | "generateName") {
                        walk(lists, key, value, &mut vec!["f:metadata".into(), format!("f:{key}")], &mut found);
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
        Value::List(items) if field == "finalizers" => {
            for item in items {
                path.push(format!("v:{}", item.to_json()));
                found.insert(path.clone(), Value::Null);
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
            _ => drop(found.insert(path.clone(), value.clone())),
        },
        _ => drop(found.insert(path.clone(), value.clone())),
    }
}

/// `fieldsV1` of a set of paths.
fn tree(fields: &BTreeSet<Path>) -> Value {
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
                map.insert(Name::from(step.as_str()), Value::Map(inner));
            }
            let Some(next) = map.entry_mut(step) else { break };
            at = next;
        }
    }
    root
}

/// The paths of `fieldsV1`: those of its leaves.
fn paths(tree: &Value, path: &mut Path, found: &mut BTreeSet<Path>) {
    let inner = tree.as_map().filter(|map| map.iter().any(|(step, _)| &**step != ".") && path.len() < DEEPEST);
    let Some(inner) = inner else {
        if !path.is_empty() {
            found.insert(path.clone());
        }
        return;
    };
    for (step, value) in inner.iter().filter(|(step, _)| &***step != ".") {
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
            let pairs =
                key.as_map().into_iter().flat_map(Map::iter).map(|(key, value)| format!("{key}={}", value.to_json()));
            format!("[{}]", pairs.collect::<Vec<_>>().join(","))
        }
        Some(("v", json)) => format!("[={json}]"),
        Some((_, name)) => format!(".{name}"),
        None => String::new(),
    };
    path.iter().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_named_by_the_keys_of_their_lists() {
        let read = |text| Value::from_json(text).expect("it is JSON");
        let value = read(
            r#"{"kind":"Pod","metadata":{"name":"x","labels":{"a":"b"}},"spec":{"containers":[{"name":"web","image":"nginx","args":["x"]}]}}"#,
        );
        let found = leaves(Kind::Pod, &value);
        let named: Vec<String> = found.keys().map(|path| dotted(path)).collect();
        assert_eq!(
            named,
            [
                ".metadata.labels.a",
                ".spec.containers[name=\"web\"].args",
                ".spec.containers[name=\"web\"].image",
                ".spec.containers[name=\"web\"].name",
            ]
        );
        assert_eq!(
            tree(&found.into_keys().collect()).to_json(),
            r#"{"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"web\"}":{".":{},"f:args":{},"f:image":{},"f:name":{}}}}}"#
        );
    }
}

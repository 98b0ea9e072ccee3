//! Strategic merge patches: what `kubectl patch` and `kubectl apply` make of lists.
//!
//! A list of objects is merged by a key that the API's types name for it (`patchMergeKey`); any other list is replaced.
//! Custom resources have no such types: all of their lists are replaced.
//!
//! Upstream: `apimachinery/pkg/util/strategicpatch`, the struct tags of `k8s.io/api`.

use crate::order::Order as _;
use crate::{Kind, Map, ObjectRef, Value};
use std::collections::BTreeMap;

const DIRECTIVE: &str = "$patch";
const RETAIN: &str = "$retainKeys";
const ORDER: &str = "$setElementOrder/";
const DELETE: &str = "$deleteFromPrimitiveList/";

/// How the lists of one kind are merged.
#[derive(Clone, Copy, Debug)]
pub struct Lists(Option<Kind>);

impl Lists {
    /// Those of a kind.
    pub fn of(kind: Kind) -> Lists {
        let is_custom = matches!(kind, Kind::Kept(kept) if kept.is_custom());
        Lists((!is_custom).then_some(kind))
    }

    /// A path as problems name it, `spec.containers[0].image`, as a schema does: `.spec.containers[name="web"].image`.
    pub fn keyed(self, value: &Value, path: &str) -> String {
        let (mut at, mut field, mut told) = (Some(value), "", String::new());
        for step in path.split(['.', '[']) {
            match step.strip_suffix(']').and_then(|index| index.parse::<usize>().ok()) {
                Some(index) => {
                    at = at.and_then(|list| list.as_list()?.get(index));
                    let id = self.key(field).and_then(|key| Some((key, at?.at(&[key])?)));
                    told.push_str(&id.map_or(format!("[{index}]"), |(key, id)| format!("[{key}={}]", id.to_json())));
                }
                None => {
                    (at, field) = (at.and_then(|map| map.as_map()?.get(step)), step);
                    told.push('.');
                    told.push_str(step);
                }
            }
        }
        told
    }

    /// What a server says of fields that no schema has in what a manager applies.
    ///
    /// Upstream: `structuredmerge.go`, `typed.ValidationErrors`.
    pub fn undeclared(self, target: &ObjectRef, value: &Value, paths: &[String]) -> String {
        let mut problems: Vec<String> =
            paths.iter().map(|path| format!("{}: field not declared in schema", self.keyed(value, path))).collect();
        problems.order();
        let told = match &problems[..] {
            [one] => one.clone(),
            _ => format!("errors:\n  {}", problems.join("\n  ")),
        };
        let ObjectRef { kind, namespace, name } = target;
        let of = format!("{namespace}/{name}; {}, Kind={}", kind.api_version(), kind.name());
        format!("failed to create typed patch object ({of}): {told}")
    }

    /// The key by which a field's items are told apart, if they are merged.
    pub fn key(self, field: &str) -> Option<&'static str> {
        let kind = self.0?.name();
        match (field, kind) {
            ("ports", "Service") => Some("port"),
            ("ports", "EndpointSlice" | "Endpoints" | "NetworkPolicy") => None,
            ("ports", _) => Some("containerPort"),
            ("secrets", "ServiceAccount") => Some("name"),
            ("webhooks", "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration") => Some("name"),
            ("addresses", "Node") | ("conditions", _) => Some("type"),
            ("containers" | "initContainers" | "ephemeralContainers" | "volumes" | "env", _) => Some("name"),
            ("imagePullSecrets" | "schedulingGates" | "resourceClaims", _) => Some("name"),
            ("volumeMounts", _) => Some("mountPath"),
            ("volumeDevices", _) => Some("devicePath"),
            ("hostAliases" | "podIPs" | "hostIPs", _) => Some("ip"),
            ("topologySpreadConstraints", _) => Some("topologyKey"),
            ("ownerReferences", _) => Some("uid"),
            _ => None,
        }
    }

    /// Whether the words of a list without keys are added to those that are there.
    fn is_set(self, field: &str) -> bool {
        self.0.is_some() && field == "finalizers"
    }

    /// Whether `kubectl apply` drops what it does not name in a map that it changes: the map is one of several.
    pub fn is_one_of_several(self, field: &str) -> bool {
        self.0.is_some_and(|kind| kind == Kind::Deployment && field == "strategy" || field == "volumes")
    }
}

/// Why a patch is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// `$patch` says something else than `delete`, `merge` and `replace`.
    Directive(String),
    /// An item of this list lacks the key that it is merged by.
    NoKey(String, &'static str),
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unfit::Directive(word) => write!(out, "unknown patch type found: {word}"),
            Unfit::NoKey(item, key) => write!(out, "map: {item} does not contain declared merge key: {key}"),
        }
    }
}

/// What a strategic merge patch makes of a value.
///
/// # Errors
/// A directive or an item that nobody could follow.
pub fn strategic(lists: Lists, old: &Value, patch: &Value) -> Result<Value, Unfit> {
    Ok(merge(lists, Some(old), patch, "", None)?.unwrap_or_else(|| Value::Map(Map::new())))
}

/// `None` where the value is to go. `order` is that of a list's items, where the patch tells it apart from them.
fn merge(
    lists: Lists,
    old: Option<&Value>,
    patch: &Value,
    field: &str,
    order: Option<&[Value]>,
) -> Result<Option<Value>, Unfit> {
    Ok(match patch {
        Value::Null => None,
        Value::Map(patch) => {
            let empty = Map::new();
            merge_maps(lists, old.and_then(Value::as_map).unwrap_or(&empty), patch)?.map(Value::Map)
        }
        Value::List(items) => {
            let known = old.and_then(Value::as_list).unwrap_or_default();
            Some(Value::List(match lists.key(field) {
                Some(key) => merge_items(lists, known, items, key, order)?,
                None if lists.is_set(field) => union(known, items),
                None => items.clone(),
            }))
        }
        _ => Some(patch.clone()),
    })
}

/// `None` where the map is to go.
fn merge_maps(lists: Lists, old: &Map, patch: &Map) -> Result<Option<Map>, Unfit> {
    let mut merged = match directive(patch)? {
        Some(Directive::Delete) => return Ok(None),
        Some(Directive::Replace) => return Ok(Some(without_directives(patch))),
        None => old.clone(),
    };
    if let Some(retained) = patch.get(RETAIN).and_then(Value::as_list) {
        merged.retain(|key| retained.iter().any(|kept| kept.as_str() == Some(key)));
    }
    for (key, value) in patch.iter() {
        if let Some(field) = key.strip_prefix(DELETE) {
            let gone = value.as_list().unwrap_or_default();
            if let Some(Value::List(list)) = merged.entry_mut(field) {
                list.retain(|item| !gone.contains(item));
            }
        }
        if key.starts_with('$') {
            continue;
        }
        let order = patch.get(&format!("{ORDER}{key}")).and_then(Value::as_list);
        match merge(lists, merged.get(key), value, key, order)? {
            Some(value) => merged.insert(key.clone(), value),
            None => drop(merged.remove(key)),
        }
    }
    // An order of a list of which nothing else is said.
    for (key, value) in patch.iter() {
        let Some(field) = key.strip_prefix(ORDER).filter(|field| patch.get(field).is_none()) else { continue };
        let (Some(item_key), Some(order)) = (lists.key(field), value.as_list()) else { continue };
        if let Some(Value::List(list)) = merged.entry_mut(field) {
            *list = in_order(list, list, order, item_key);
        }
    }
    Ok(Some(merged))
}

enum Directive {
    Delete,
    Replace,
}

fn directive(patch: &Map) -> Result<Option<Directive>, Unfit> {
    match patch.get(DIRECTIVE).map(|word| word.as_str().unwrap_or_default()) {
        None | Some("merge") => Ok(None),
        Some("delete") => Ok(Some(Directive::Delete)),
        Some("replace") => Ok(Some(Directive::Replace)),
        Some(other) => Err(Unfit::Directive(other.to_owned())),
    }
}

fn without_directives(patch: &Map) -> Map {
    let mut plain = patch.clone();
    plain.retain(|key| !key.starts_with('$'));
    plain
}

/// The place of the first item of each key.
fn places<'l>(list: &'l [Value], key: &str) -> BTreeMap<&'l Value, usize> {
    let mut found = BTreeMap::new();
    for (at, item) in list.iter().enumerate() {
        if let Some(id) = item.at(&[key]) {
            found.entry(id).or_insert(at);
        }
    }
    found
}

fn merge_items(
    lists: Lists,
    old: &[Value],
    patch: &[Value],
    key: &'static str,
    order: Option<&[Value]>,
) -> Result<Vec<Value>, Unfit> {
    let mut replaces = false;
    for item in patch.iter().filter_map(Value::as_map) {
        let alone = item.get(key).is_none();
        match directive(item)? {
            Some(Directive::Replace) if alone => replaces = true,
            _ if alone => return Err(Unfit::NoKey(Value::Map(item.clone()).go_text(), key)),
            _ => {}
        }
    }
    if replaces {
        let items = patch.iter().filter_map(Value::as_map).filter(|item| item.get(DIRECTIVE).is_none());
        return Ok(items.map(|item| Value::Map(without_directives(item))).collect());
    }
    let known = places(old, key);
    let (mut merged, mut said, mut gone) = (old.to_vec(), Vec::new(), Vec::new());
    for item in patch {
        let (Some(id), Some(map)) = (item.at(&[key]), item.as_map()) else { continue };
        let empty = Map::new();
        let before = known.get(id).and_then(|at| old[*at].as_map());
        match (merge_maps(lists, before.unwrap_or(&empty), map)?, known.get(id)) {
            (None, _) => gone.push(id.clone()),
            (Some(map), Some(at)) => {
                merged[*at] = Value::Map(map);
                said.push(item.clone());
            }
            (Some(map), None) => {
                merged.push(Value::Map(map));
                said.push(item.clone());
            }
        }
    }
    merged.retain(|item| item.at(&[key]).is_none_or(|id| !gone.contains(id)));
    Ok(in_order(&merged, old, order.unwrap_or(&said), key))
}

/// Items that a patch names in its order, and the others where they were among them.
///
/// Upstream: `normalizeElementOrder`.
pub fn in_order(items: &[Value], before: &[Value], order: &[Value], key: &str) -> Vec<Value> {
    let (here, known, wanted) = (places(items, key), places(before, key), places(order, key));
    let place = |item: &Value| item.at(&[key]).and_then(|id| known.get(id));
    let mut named = order.iter().enumerate().filter_map(|(at, item)| {
        let id = item.at(&[key])?;
        (wanted.get(id) == Some(&at)).then(|| here.get(id).map(|at| &items[*at])).flatten()
    });
    let mut others = items.iter().filter(|item| item.at(&[key]).is_none_or(|id| !wanted.contains_key(id)));
    let (mut name, mut other) = (named.next(), others.next());
    let mut ordered = Vec::with_capacity(items.len());
    loop {
        let named_first = match (name, other) {
            (None, None) => return ordered,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            // What is new comes before what was there.
            (Some(name), Some(other)) => place(name).is_none_or(|at| place(other).is_some_and(|rest| at < rest)),
        };
        let next = if named_first {
            std::mem::replace(&mut name, named.next())
        } else {
            std::mem::replace(&mut other, others.next())
        };
        ordered.extend(next.cloned());
    }
}

fn union(old: &[Value], more: &[Value]) -> Vec<Value> {
    let new = more.iter().filter(|item| !old.contains(item));
    old.iter().chain(new).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(kind: Kind, old: &str, patch: &str) -> String {
        let read = |text| Value::from_json(text).expect("it is JSON");
        strategic(Lists::of(kind), &read(old), &read(patch)).map_or_else(|unfit| unfit.to_string(), |new| new.to_json())
    }

    #[test]
    fn lists_merge_by_the_keys_of_their_types() {
        let cases = [
            // New containers come first, as in the documentation of kubectl patch.
            (
                r#"{"containers":[{"name":"a","image":"x"}]}"#,
                r#"{"containers":[{"name":"b"}]}"#,
                r#"{"containers":[{"name":"b"},{"image":"x","name":"a"}]}"#,
            ),
            (
                r#"{"volumeMounts":[{"name":"d","mountPath":"/a"}]}"#,
                r#"{"volumeMounts":[{"name":"d","mountPath":"/b"}]}"#,
                r#"{"volumeMounts":[{"mountPath":"/b","name":"d"},{"mountPath":"/a","name":"d"}]}"#,
            ),
            (
                r#"{"tolerations":[{"key":"a"}]}"#,
                r#"{"tolerations":[{"key":"b"}]}"#,
                r#"{"tolerations":[{"key":"b"}]}"#,
            ),
            (r#"{"finalizers":["a"]}"#, r#"{"finalizers":["b"]}"#, r#"{"finalizers":["a","b"]}"#),
            (r#"{"args":["a"]}"#, r#"{"args":["b"]}"#, r#"{"args":["b"]}"#),
        ];
        for (old, patch, new) in cases {
            assert_eq!(patched(Kind::Pod, old, patch), new);
        }
        let ports = r#"{"ports":[{"port":80,"name":"http"}]}"#;
        assert_eq!(
            patched(Kind::Service, ports, r#"{"ports":[{"port":80,"name":"web"}]}"#),
            r#"{"ports":[{"name":"web","port":80}]}"#
        );
    }

    #[test]
    fn directives_are_followed() {
        let two = r#"{"containers":[{"name":"a"},{"name":"b"}]}"#;
        let cases = [
            (r#"{"containers":[{"name":"b","$patch":"delete"}]}"#, r#"{"containers":[{"name":"a"}]}"#),
            (r#"{"containers":[{"$patch":"replace"},{"name":"c"}]}"#, r#"{"containers":[{"name":"c"}]}"#),
            (
                r#"{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]}"#,
                r#"{"containers":[{"name":"b"},{"name":"a"}]}"#,
            ),
            (r#"{"containers":null}"#, "{}"),
            (r#"{"containers":[{"image":"x"}]}"#, r#"map: map[image:x] does not contain declared merge key: name"#),
            (r#"{"containers":[{"name":"a","$patch":"drop"}]}"#, "unknown patch type found: drop"),
        ];
        for (patch, new) in cases {
            assert_eq!(patched(Kind::Pod, two, patch), new);
        }
        let old = r#"{"strategy":{"rollingUpdate":{"maxSurge":1},"type":"RollingUpdate"}}"#;
        let patch = r#"{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}"#;
        assert_eq!(patched(Kind::Deployment, old, patch), r#"{"strategy":{"type":"Recreate"}}"#);
        assert_eq!(patched(Kind::Deployment, old, r#"{"strategy":{"$patch":"delete"}}"#), "{}");
        assert_eq!(
            patched(Kind::Pod, r#"{"finalizers":["a","b"]}"#, r#"{"$deleteFromPrimitiveList/finalizers":["a"]}"#),
            r#"{"finalizers":["b"]}"#
        );
    }
}

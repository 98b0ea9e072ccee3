//! `kubectl apply`: a three-way merge of what was applied before, what is applied now, and what is stored.
//!
//! Upstream: `kubectl/pkg/cmd/apply`, `apimachinery/pkg/util/strategicpatch`.

use super::request::Request;
use super::server::Server;
use super::shelf::Objects;
use crate::belief::api::request::WriteContext;
use crate::words::api_error::ApiError;
use crate::words::note::Answer;
use petri_objects::merge::{Lists, in_order};
use petri_objects::record::by_decoder;
use petri_objects::*;
use std::collections::BTreeMap;

/// The annotation in which kubectl keeps the manifest of the last apply.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Applies a manifest as it was typed.
///
/// # Errors
/// What the API server refuses; `BadRequest` for content that does not decode under strict validation.
pub fn apply(server: &mut Server, manifest: &Value, context: &WriteContext) -> Result<Answer, ApiError> {
    let (object, unknown) = decode(manifest, server.objects())?;
    let mut target = object.reference();
    if target.kind.is_namespaced() && target.namespace.is_empty() {
        target.namespace = "default".into();
    }
    let mut modified = manifest.clone();
    let text = remembered(manifest, &target);
    super::patch::merge_value(&mut modified, &annotation(&text));
    let Some(current) = server.objects().get(&target) else {
        refuse_unknown(&object, &unknown)?;
        server.serve(Request::Create(decode_strictly(&modified, server.objects())?), context)?;
        return Ok(Answer::Created(target));
    };
    let original = current
        .meta()
        .annotations
        .get(LAST_APPLIED)
        .and_then(|text| Value::from_json(text.trim_end()))
        .unwrap_or_default();
    let stored = current.to_value();
    let mut merged = stored.clone();
    // What an older version of a kind says is compared as the stored one says it.
    let writes_only = manifest.at(&["stringData"]).is_some() && target.kind.name() == "Secret";
    let (original, modified) = match target.kind {
        Kind::Kept(kind) => (kept::as_stored(kind, original), kept::as_stored(kind, modified)),
        _ => (original, modified),
    };
    three_way(Lists::of(target.kind), &mut merged, &original, &modified, "");
    let mut at = Decode::default();
    let mut new = Object::decode(target.kind, &merged, &mut at);
    let unknown = unknown_fields(&at);
    if !unknown.is_empty() {
        let patch = difference(&current.to_value(), &modified).unwrap_or_default();
        return Err(ApiError::InvalidPatch(
            format!("patch: Invalid value: {}: {}", value::quoted(&patch.go_text()), strict(&unknown)).into(),
        ));
    }
    // kubectl patches without naming a version: the latest is meant.
    new.meta_mut().resource_version = Revision(0);
    // kubectl speaks of what it sends: a patch may say what the server had by itself, or what nobody reads.
    // What is replaced whole is sent each time, whether it differs or not: upstream's `patchStrategy: replace`.
    let replaces = target.kind == Kind::PodDisruptionBudget && manifest.at(&["spec", "selector"]).is_some();
    let sends = writes_only || replaces || merged.to_json() != stored.to_json();
    let before = server.revision();
    server.serve(Request::Update(new), context)?;
    Ok(if server.revision() == before && !sends { Answer::Unchanged(target) } else { Answer::Configured(target) })
}

/// The text by which an object remembers a manifest that made it.
pub fn remembered(manifest: &Value, target: &ObjectRef) -> String {
    format!("{}\n", with_namespace(manifest, target).to_json())
}

fn annotation(text: &str) -> Value {
    let leaf: Map = [(Name::from(LAST_APPLIED), Value::from(text))].into_iter().collect();
    let annotations: Map = [(Name::from("annotations"), Value::Map(leaf))].into_iter().collect();
    Value::Map([(Name::from("metadata"), Value::Map(annotations))].into_iter().collect())
}

/// kubectl writes the namespace and empty annotations into the manifest that it remembers.
fn with_namespace(manifest: &Value, target: &ObjectRef) -> Value {
    let mut metadata = manifest.at(&["metadata"]).and_then(Value::as_map).cloned().unwrap_or_default();
    if metadata.get("annotations").is_none() {
        metadata.insert("annotations", Value::Map(Map::new()));
    }
    if target.kind.is_namespaced() {
        metadata.insert("namespace", Value::String(target.namespace.clone()));
    }
    let mut value = manifest.clone();
    if let Value::Map(map) = &mut value {
        map.insert("metadata", Value::Map(metadata));
    }
    value
}

/// Decodes as the API server does when every unknown field is an error.
///
/// # Errors
/// `BadRequest` with all problems, in the API server's words.
pub fn decode_strictly(manifest: &Value, objects: &Objects) -> Result<Object, ApiError> {
    let (object, unknown) = decode(manifest, objects)?;
    refuse_unknown(&object, &unknown)?;
    Ok(object)
}

/// An object, and the fields of it that nobody knows.
fn decode(manifest: &Value, objects: &Objects) -> Result<(Object, Vec<String>), ApiError> {
    let word = |key: &str| manifest.at(&[key]).and_then(Value::as_str).unwrap_or("");
    let (kind, api_version) = (word("kind"), word("apiVersion"));
    let mut at = Decode::default();
    let known = Kind::from_api(api_version, kind).or_else(|| super::custom::from_api(objects, api_version, kind));
    let Some(object) = known.map(|kind| Object::decode(kind, manifest, &mut at)) else {
        return Err(ApiError::BadRequest(
            format!("no matches for kind \"{kind}\" in version \"{api_version}\"").into(),
        ));
    };
    let version = object.kind().version();
    if let Some(text) = at.problems.iter().find_map(|problem| match &problem.kind {
        DecodeProblemKind::WrongType(text) => Some(text),
        _ => None,
    }) {
        return Err(ApiError::BadRequest(
            format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {}", by_decoder(text)).into(),
        ));
    }
    Ok((object, unknown_fields(&at)))
}

fn unknown_fields(at: &Decode) -> Vec<String> {
    let unknown = at.problems.iter().filter(|problem| problem.kind == DecodeProblemKind::UnknownField);
    unknown.map(|problem| problem.path.clone()).collect()
}

fn strict(unknown: &[String]) -> String {
    let fields: Vec<String> = unknown.iter().map(|path| format!("unknown field \"{path}\"")).collect();
    format!("strict decoding error: {}", fields.join(", "))
}

fn refuse_unknown(object: &Object, unknown: &[String]) -> Result<(), ApiError> {
    if unknown.is_empty() {
        return Ok(());
    }
    let (kind, version) = (object.kind().name(), object.kind().version());
    let told = strict(unknown);
    Err(ApiError::BadRequest(format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {told}").into()))
}

/// What a manifest says otherwise than the stored object; `None` if nothing. Lists are told whole.
///
/// Deviation: kubectl names the items of lists that are merged by a key, and their order.
fn difference(current: &Value, modified: &Value) -> Option<Value> {
    match (current, modified) {
        (Value::Map(current), Value::Map(modified)) => {
            let known = current.lookup();
            let differ = modified.sorted().into_iter().filter_map(|(key, value)| {
                Some((key.clone(), difference(known.get(key).unwrap_or(&Value::Null), value)?))
            });
            let differ: Map = differ.collect();
            (!differ.is_empty()).then_some(Value::Map(differ))
        }
        (current, modified) => (current != modified).then(|| modified.clone()),
    }
}

fn three_way(lists: Lists, current: &mut Value, original: &Value, modified: &Value, field: &str) {
    match (current, modified) {
        (Value::Map(current), Value::Map(modified)) => {
            let (before, wanted) = (original.as_map().map(Map::lookup), modified.lookup());
            let known = lists.is_one_of_several(field).then(|| current.clone());
            if let Value::Map(original) = original {
                let gone = original.iter().filter(|(key, _)| wanted.get(key).is_none());
                let gone: Map = gone.map(|(key, _)| (key.clone(), Value::Null)).collect();
                current.update(&gone, &mut |_, _, _| None);
            }
            current.update(modified, &mut |old, key, value| match (old, value) {
                (_, Value::Null) => None,
                (Some(mut known), value) => {
                    let before = before.as_ref().and_then(|before| before.get(key)).unwrap_or(&Value::Null);
                    three_way(lists, &mut known, before, value, key);
                    Some(known)
                }
                (None, value) => Some(value.clone()),
            });
            // What changes is named whole: what belongs to another of the several goes.
            if known.is_some_and(|known| known != *current) {
                current.retain(|key| wanted.get(key).is_some());
            }
        }
        (Value::List(current), Value::List(modified)) => match lists.key(field) {
            Some(key) => merge_list(lists, current, original, modified, (field, key)),
            None => *current = modified.clone(),
        },
        (current, modified) => *current = modified.clone(),
    }
}

/// The first item of each key.
fn by_key<'l>(list: &'l [Value], key: &str) -> BTreeMap<Option<&'l Value>, &'l Value> {
    let mut found = BTreeMap::new();
    for item in list {
        found.entry(item.at(&[key])).or_insert(item);
    }
    found
}

fn merge_list(
    lists: Lists,
    current: &mut Vec<Value>,
    original: &Value,
    modified: &[Value],
    (field, key): (&str, &str),
) {
    let original = by_key(original.as_list().unwrap_or_default(), key);
    let (known, wanted) = (by_key(current, key), by_key(modified, key));
    let mut merged = Vec::new();
    for item in modified {
        let id = item.at(&[key]);
        let merged_item = match known.get(&id) {
            Some(present) => {
                let mut present = (*present).clone();
                three_way(lists, &mut present, original.get(&id).unwrap_or(&&Value::Null), item, field);
                present
            }
            None => item.clone(),
        };
        merged.push(merged_item);
    }
    // Items that others added stay; items that an earlier apply added and this one dropped go.
    for item in current.iter() {
        let id = item.at(&[key]);
        if !wanted.contains_key(&id) && !original.contains_key(&id) {
            merged.push(item.clone());
        }
    }
    *current = in_order(&merged, current, modified, key);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_way_merge_removes_what_the_last_apply_had_and_keeps_what_others_set() {
        let parse = |text: &str| Value::from_json(text).unwrap();
        let mut current = parse(r#"{"spec":{"a":1,"b":2,"replicas":5},"extra":true}"#);
        let original = parse(r#"{"spec":{"a":1,"b":2}}"#);
        let modified = parse(r#"{"spec":{"a":3}}"#);
        three_way(Lists::of(Kind::Pod), &mut current, &original, &modified, "");
        assert_eq!(current.to_json(), r#"{"extra":true,"spec":{"a":3,"replicas":5}}"#);
    }

    #[test]
    fn one_of_several_takes_the_place_of_another() {
        let parse = |text: &str| Value::from_json(text).unwrap();
        let rolling = r#"{"strategy":{"rollingUpdate":{"maxSurge":"25%"},"type":"RollingUpdate"}}"#;
        let applied = |original: &str, modified: &str| {
            let mut current = parse(rolling);
            three_way(Lists::of(Kind::Deployment), &mut current, &parse(original), &parse(modified), "");
            current.to_json()
        };
        assert_eq!(applied("{}", r#"{"strategy":{"type":"Recreate"}}"#), r#"{"strategy":{"type":"Recreate"}}"#);
        assert_eq!(applied("{}", r#"{"strategy":{"type":"RollingUpdate"}}"#), rolling);
        assert_eq!(applied("{}", "{}"), rolling);
    }

    #[test]
    fn containers_merge_by_name() {
        let parse = |text: &str| Value::from_json(text).unwrap();
        let mut current = parse(r#"{"containers":[{"name":"a","image":"x:1","pull":"Always"},{"name":"side"}]}"#);
        let original = parse(r#"{"containers":[{"name":"a","image":"x:1"}]}"#);
        let modified = parse(r#"{"containers":[{"name":"a","image":"x:2"}]}"#);
        three_way(Lists::of(Kind::Pod), &mut current, &original, &modified, "");
        assert_eq!(current.to_json(), r#"{"containers":[{"image":"x:2","name":"a","pull":"Always"},{"name":"side"}]}"#);
    }
}

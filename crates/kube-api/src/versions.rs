//! Versions of kinds that are served beside the one in which objects are stored.
//!
//! Upstream: `pkg/apis/autoscaling/v1/conversion.go`, `pkg/apis/events/v1/conversion.go`.

use crate::store::map;
use petri_objects::{Kind, Map, Name, Object, Value, kept};
use std::rc::Rc;

/// The version of events that their own group serves.
pub const EVENTS: &str = "events.k8s.io/v1";

/// Where an autoscaler of version 1 keeps the metrics that it has no field for, and how it scales.
const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";

/// How the fields of an event are called in the two groups.
const EVENT_FIELDS: &[(&str, &str)] = &[
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

/// Whether a version of a kind is served.
pub fn serves(kind: Kind, api_version: &str) -> bool {
    kind.api_version() == api_version
        || kept::older_type(kind, api_version).is_some()
        || kind == Kind::Event && api_version == EVENTS
}

/// The whole form of an object as a version tells it.
pub fn shown(kind: Kind, api_version: &str, value: &mut Value) {
    if kind.api_version() == api_version {
        return;
    }
    let Value::Map(object) = value else { return };
    object.insert("apiVersion", Value::from(api_version));
    if kind == Kind::Event {
        for (own, other) in EVENT_FIELDS {
            if let Some(value) = object.remove(own) {
                object.insert(*other, value);
            }
        }
    } else {
        downgrade(object);
    }
}

/// What a client sent in a version that names its fields otherwise, as the stored one names them.
pub fn told(kind: Kind, api_version: &str, value: &mut Value) {
    if kind != Kind::Event || api_version != EVENTS {
        return;
    }
    let Value::Map(object) = value else { return };
    object.insert("apiVersion", kind.api_version().into());
    for (own, other) in EVENT_FIELDS {
        if let Some(value) = object.remove(other) {
            object.insert(*own, value);
        }
    }
}

/// An autoscaler of version 2 as one of version 1.
fn downgrade(object: &mut Map) {
    let Some(Value::Map(spec)) = object.entry_mut("spec") else { return };
    let metrics =
        spec.remove("metrics").and_then(|metrics| metrics.as_list().map(<[Value]>::to_vec)).unwrap_or_default();
    let behavior = spec.remove("behavior");
    let percentage = |metric: &Value| {
        let is_cpu = metric.at(&["resource", "name"]).and_then(Value::as_str) == Some("cpu");
        metric.at(&["resource", "target", "averageUtilization"]).filter(|_| is_cpu).cloned()
    };
    if let Some(value) = metrics.iter().find_map(percentage) {
        spec.insert("targetCPUUtilizationPercentage", value);
    }
    let others: Vec<Value> = metrics.iter().filter(|metric| percentage(metric).is_none()).cloned().collect();
    let mut annotations = Vec::new();
    if !others.is_empty() {
        annotations.push((METRICS, Value::List(others)));
    }
    annotations.extend(behavior.map(|behavior| (BEHAVIOR, behavior)));
    if annotations.is_empty() {
        return;
    }
    let Some(Value::Map(metadata)) = object.entry_mut("metadata") else { return };
    if metadata.get("annotations").is_none() {
        metadata.insert("annotations", map([]));
    }
    if let Some(Value::Map(known)) = metadata.entry_mut("annotations") {
        for (key, value) in annotations {
            known.insert(key, Value::from(value.to_json().as_str()));
        }
    }
}

/// What an autoscaler of version 1 says in its annotations, as the fields of version 2 say it; and what it means without
/// any metric: 80 % of what is asked for of processors.
pub fn complete(object: &mut Object, api_version: &str) {
    let Object::Kept(kept) = object else { return };
    if kept::older_type(Kind::Kept(kept.kind), api_version).is_none() {
        return;
    }
    let kept = Rc::make_mut(kept);
    let said = [METRICS, BEHAVIOR].map(|key| {
        let text = kept.metadata.annotations.get(key).map(Name::to_string)?;
        kept.metadata.annotations.remove(key);
        Value::from_json(&text)
    });
    let Some(Value::Map(spec)) = kept.fields.entry_mut("spec") else { return };
    let [metrics, behavior] = said;
    let mut all = spec.get("metrics").and_then(Value::as_list).unwrap_or_default().to_vec();
    all.extend(metrics.as_ref().and_then(Value::as_list).unwrap_or_default().iter().cloned());
    if all.is_empty() {
        let target = map([("averageUtilization", Value::Int(80)), ("type", "Utilization".into())]);
        all.push(map([("resource", map([("name", "cpu".into()), ("target", target)])), ("type", "Resource".into())]));
    }
    spec.insert("metrics", Value::List(all));
    if let Some(behavior) = behavior {
        spec.insert("behavior", behavior);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn autoscaler() -> Kind {
        Kind::every().find(|kind| kind.name() == "HorizontalPodAutoscaler").expect("it is known")
    }

    #[test]
    fn an_autoscaler_is_told_in_both_versions() {
        let stored = r#"{"apiVersion":"autoscaling/v2","metadata":{"name":"h"},"spec":{"maxReplicas":3,"metrics":[{"resource":{"name":"cpu","target":{"averageUtilization":50,"type":"Utilization"}},"type":"Resource"},{"resource":{"name":"memory","target":{"averageUtilization":70,"type":"Utilization"}},"type":"Resource"}]}}"#;
        let mut value = Value::from_json(stored).expect("it is JSON");
        shown(autoscaler(), "autoscaling/v1", &mut value);
        assert_eq!(value.at(&["spec", "targetCPUUtilizationPercentage"]), Some(&Value::Int(50)));
        assert!(value.at(&["spec", "metrics"]).is_none() && value.to_json().contains("memory"));
        let mut object = Object::decode(autoscaler(), &value, &mut petri_objects::Decode::default());
        complete(&mut object, "autoscaling/v1");
        let again = object.to_value();
        assert_eq!(again.at(&["spec", "metrics"]).and_then(Value::as_list).map(<[Value]>::len), Some(2));
        assert!(object.meta().annotations.is_empty());
    }

    #[test]
    fn an_event_has_other_names_in_its_own_group() {
        let mut value = Value::from_json(r#"{"message":"m","involvedObject":{"name":"x"}}"#).expect("it is JSON");
        shown(Kind::Event, EVENTS, &mut value);
        assert_eq!(value.to_json(), r#"{"apiVersion":"events.k8s.io/v1","note":"m","regarding":{"name":"x"}}"#);
        told(Kind::Event, EVENTS, &mut value);
        assert_eq!(value.to_json(), r#"{"apiVersion":"v1","involvedObject":{"name":"x"},"message":"m"}"#);
    }
}

//! What a HorizontalPodAutoscaler scales, by what, and how fast.
//!
//! Upstream: `pkg/apis/autoscaling/validation`.

use super::super::field::{Errors, Path};
use super::super::format;
use super::super::names::{NameRule, dns_label};
use super::super::pod_resources::container_resource;
use super::read::{items, word};
use petri_objects::{KeptObject, Quantity, Value};

const METRICS: [&str; 5] = ["ContainerResource", "External", "Object", "Pods", "Resource"];

/// Fields of a metric, and the type that goes with each, in the order in which they are looked at.
const SOURCES: [(&str, &str); 5] = [
    ("object", "Object"),
    ("external", "External"),
    ("pods", "Pods"),
    ("resource", "Resource"),
    ("containerResource", "ContainerResource"),
];

pub(super) fn autoscaler(errors: &mut Errors, object: &KeptObject) {
    let number = |key: &str| object.at(&["spec", key]).and_then(Value::as_int);
    let spec = Path::root("spec");
    let (min, max) = (number("minReplicas"), number("maxReplicas").unwrap_or(0));
    if let Some(min) = min.filter(|min| *min < 1) {
        errors.invalid(&spec.key("minReplicas"), min.to_string(), "must be greater than or equal to 1");
    }
    if max < 1 {
        errors.invalid(&spec.key("maxReplicas"), max.to_string(), "must be greater than 0");
    }
    if min.is_some_and(|min| max < min) {
        let detail = "must be greater than or equal to `minReplicas`";
        errors.invalid(&spec.key("maxReplicas"), max.to_string(), detail);
    }
    reference(errors, object.at(&["spec", "scaleTargetRef"]), &spec.key("scaleTargetRef"));
    let list = spec.key("metrics");
    for (i, metric) in object.list(&["spec", "metrics"]).iter().enumerate() {
        self::metric(errors, metric, &list.index(i));
    }
    let behavior = spec.key("behavior");
    for way in ["scaleUp", "scaleDown"] {
        if let Some(rules) = object.at(&["spec", "behavior", way]) {
            scaling(errors, rules, &behavior.key(way));
        }
    }
}

/// Upstream: `ValidateCrossVersionObjectReference`.
fn reference(errors: &mut Errors, value: Option<&Value>, path: &Path<'_>) {
    let none = Value::Null;
    let value = value.unwrap_or(&none);
    for key in ["kind", "name"] {
        match word(value, &[key]) {
            "" => errors.required(&path.key(key), ""),
            name => NameRule::PathSegment.check(errors, &path.key(key), name),
        }
    }
    let version = word(value, &["apiVersion"]);
    if version.split('/').count() > 2 {
        let detail = format!("unexpected GroupVersion string: {version}");
        errors.invalid(&path.key("apiVersion"), format::text(version), detail);
    }
}

/// Upstream: `validateMetricSpec`.
fn metric(errors: &mut Errors, metric: &Value, path: &Path<'_>) {
    let kind = word(metric, &["type"]);
    let unknown = |errors: &mut Errors| errors.not_supported(&path.key("type"), format::text(kind), &METRICS);
    if kind.is_empty() {
        errors.required(&path.key("type"), "must specify a metric source type");
    }
    if !METRICS.contains(&kind) {
        unknown(errors);
    }
    let present: Vec<_> = SOURCES.iter().filter(|(key, _)| metric.at(&[key]).is_some()).collect();
    if let Some((key, _)) = present.first() {
        source(errors, key, metric.at(&[key]).unwrap_or(&Value::Null), &path.key(key));
    }
    let expected = SOURCES.iter().find(|row| row.1 == kind).map(|row| row.0);
    match expected {
        Some(key) if metric.at(&[key]).is_none() => {
            errors.required(&path.key(key), "must populate information for the given metric source");
        }
        Some(_) => {}
        None => unknown(errors),
    }
    if present.len() != 1 {
        for (key, _) in present.into_iter().filter(|(key, _)| Some(*key) != expected) {
            errors.forbidden(&path.key(key), "must populate the given metric source only");
        }
    }
}

fn source(errors: &mut Errors, kind: &str, source: &Value, path: &Path<'_>) {
    if kind == "object" {
        reference(errors, source.at(&["describedObject"]), &path.key("describedObject"));
    }
    if kind == "containerResource" {
        match word(source, &["name"]) {
            "" => errors.required(&path.key("name"), "must specify a resource name"),
            name => container_resource(errors, name, &path.key("name")),
        }
        match word(source, &["container"]) {
            "" => errors.required(&path.key("container"), "must specify a container"),
            name => dns_label(errors, &path.key("container"), name),
        }
    } else if kind == "resource" {
        if word(source, &["name"]).is_empty() {
            errors.required(&path.key("name"), "must specify a resource name");
        }
    } else {
        let at = path.key("metric");
        match word(source, &["metric", "name"]) {
            "" => errors.required(&at.key("name"), "must specify a metric name"),
            name => NameRule::PathSegment.check(errors, &at.key("name"), name),
        }
    }
    let at = path.key("target");
    target(errors, source.at(&["target"]).unwrap_or(&Value::Null), &at);
    let has = |key: &str| source.at(&["target", key]).is_some();
    let (value, average, utilization) = (has("value"), has("averageValue"), has("averageUtilization"));
    match kind {
        "object" if !value && !average => {
            errors.required(&at.key("averageValue"), "must set either a target value or averageValue");
        }
        "external" if !value && !average => {
            let detail = "must set either a target value for metric or a per-pod target";
            errors.required(&at.key("averageValue"), detail);
        }
        "external" if value && average => {
            let detail = "may not set both a target value for metric and a per-pod target";
            errors.forbidden(&at.key("value"), detail);
        }
        "pods" if !average => {
            errors.required(&at.key("averageValue"), "must specify a positive target averageValue");
        }
        "resource" | "containerResource" if !utilization && !average => {
            let detail = "must set either a target raw value or a target utilization";
            errors.required(&at.key("averageUtilization"), detail);
        }
        "resource" | "containerResource" if utilization && average => {
            let detail = "may not set both a target raw value and a target utilization";
            errors.forbidden(&at.key("averageValue"), detail);
        }
        _ => {}
    }
}

/// Upstream: `validateMetricTarget`.
fn target(errors: &mut Errors, target: &Value, path: &Path<'_>) {
    let kind = word(target, &["type"]);
    if kind.is_empty() {
        errors.required(&path.key("type"), "must specify a metric target type");
    }
    if !matches!(kind, "Utilization" | "Value" | "AverageValue") {
        let detail = "must be either Utilization, Value, or AverageValue";
        errors.invalid(&path.key("type"), format::text(kind), detail);
    }
    for key in ["value", "averageValue"] {
        let amount = match target.at(&[key]) {
            Some(Value::String(text)) => Quantity(text.clone()),
            Some(Value::Int(number)) => Quantity(number.to_string().into()),
            _ => continue,
        };
        if amount.millis().is_some_and(|millis| millis <= 0) {
            errors.invalid(&path.key(key), format::text(&amount.0), "must be positive");
        }
    }
    if let Some(percent) = target.at(&["averageUtilization"]).and_then(Value::as_int).filter(|percent| *percent < 1) {
        errors.invalid(&path.key("averageUtilization"), percent.to_string(), "must be greater than 0");
    }
}

/// Upstream: `validateScalingRules`, `validateScalingPolicy`.
fn scaling(errors: &mut Errors, rules: &Value, path: &Path<'_>) {
    let window = path.key("stabilizationWindowSeconds");
    match rules.at(&["stabilizationWindowSeconds"]).and_then(Value::as_int) {
        Some(seconds) if seconds < 0 => {
            errors.invalid(&window, seconds.to_string(), "must be greater than or equal to zero");
        }
        Some(seconds) if seconds > 3_600 => {
            errors.invalid(&window, seconds.to_string(), "must be less than or equal to 3600");
        }
        _ => {}
    }
    if let Some(policy) = rules.at(&["selectPolicy"]).and_then(Value::as_str) {
        errors.one_of(&path.key("selectPolicy"), policy, &["Disabled", "Max", "Min"]);
    }
    let (list, policies) = (path.key("policies"), items(rules, &["policies"]));
    if policies.is_empty() {
        errors.required(&list, "must specify at least one Policy");
    }
    for (i, policy) in policies.iter().enumerate() {
        let path = list.index(i);
        errors.one_of(&path.key("type"), word(policy, &["type"]), &["Percent", "Pods"]);
        for (key, most) in [("value", i64::MAX), ("periodSeconds", 1_800)] {
            let number = policy.at(&[key]).and_then(Value::as_int).unwrap_or(0);
            if number <= 0 {
                errors.invalid(&path.key(key), number.to_string(), "must be greater than zero");
            }
            if number > most {
                errors.invalid(&path.key(key), number.to_string(), format!("must be less than or equal to {most}"));
            }
        }
    }
}

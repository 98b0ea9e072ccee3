//! LimitRanges and what they say of one resource.
//!
//! Upstream: `ValidateLimitRange`.

use super::super::field::{Errors, Path};
use super::super::format;
use super::super::names::qualified;
use super::super::pod_resources::{any_resource, container_resource, is_extended};
use super::read::word;
use petri_objects::{KeptObject, Map, Quantity, Value};
use std::collections::BTreeSet;

const ROWS: [&str; 5] = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];

fn amount<'i>(item: &'i Value, row: &str, resource: &str) -> Option<(&'i str, i128)> {
    let text = item.at(&[row, resource])?.as_str()?;
    Some((text, Quantity(text.into()).millis()?))
}

/// One rule of order: which row may not have more than which, where that is said and of which row's value, and how.
struct Order {
    low: &'static str,
    high: &'static str,
    at: &'static str,
    shown: &'static str,
    said: (&'static str, &'static str),
}

const ORDERED: &[Order] = &[
    Order { low: "min", high: "max", at: "min", shown: "min", said: ("min value", "max value") },
    Order {
        low: "min",
        high: "defaultRequest",
        at: "defaultRequest",
        shown: "defaultRequest",
        said: ("min value", "default request value"),
    },
    Order {
        low: "defaultRequest",
        high: "max",
        at: "defaultRequest",
        shown: "defaultRequest",
        said: ("default request value", "max value"),
    },
    Order {
        low: "defaultRequest",
        high: "default",
        at: "defaultRequest",
        shown: "defaultRequest",
        said: ("default request value", "default limit value"),
    },
    Order { low: "min", high: "default", at: "default", shown: "min", said: ("min value", "default value") },
    Order { low: "default", high: "max", at: "default", shown: "max", said: ("default value", "max value") },
];

pub(super) fn limit_range(errors: &mut Errors, object: &KeptObject) {
    let (spec, mut seen) = (Path::root("spec"), BTreeSet::new());
    let limits = spec.key("limits");
    for (i, item) in object.list(&["spec", "limits"]).iter().enumerate() {
        let path = limits.index(i);
        let kind = word(item, &["type"]);
        let at = path.key("type");
        let before = errors.count();
        qualified(errors, &at, kind, kind);
        if errors.count() == before
            && !kind.contains('/')
            && !matches!(kind, "Pod" | "Container" | "PersistentVolumeClaim")
        {
            errors.invalid(&at, format::text(kind), "must be a standard limit type or fully qualified");
        }
        if !seen.insert(kind) {
            errors.duplicate(&at, kind);
        }
        let mut keys: BTreeSet<&str> = BTreeSet::new();
        for row in ROWS {
            let names = item.at(&[row]).and_then(Value::as_map);
            if kind == "Pod" && row.starts_with("default") {
                if names.is_some_and(|names| !names.is_empty()) {
                    errors.forbidden(&path.key(row), "may not be specified when `type` is 'Pod'");
                }
                continue;
            }
            if row == "maxLimitRequestRatio" && kind == "PersistentVolumeClaim" {
                claims_have_a_bound(errors, item, &path);
            }
            for (key, _) in names.into_iter().flat_map(Map::iter) {
                let at = path.key(row);
                match kind {
                    "Pod" | "Container" => container_resource(errors, key, &at.map_key(key)),
                    _ => any_resource(errors, key, &at.map_key(key)),
                }
                keys.insert(key);
            }
        }
        for key in keys {
            one(errors, item, key, kind == "Pod", &path);
        }
    }
}

fn claims_have_a_bound(errors: &mut Errors, item: &Value, path: &Path<'_>) {
    if ["min", "max"].iter().all(|row| item.at(&[row, "storage"]).is_none()) {
        let detail = "either minimum or maximum storage value is required, but neither was provided";
        errors.required(&path.key("limits"), detail);
    }
}

fn one(errors: &mut Errors, item: &Value, key: &str, is_pod: bool, path: &Path<'_>) {
    for order in ORDERED.iter().filter(|order| !is_pod || order.at == "min") {
        if let (Some((text, low)), Some((most, high))) = (amount(item, order.low, key), amount(item, order.high, key))
            && low > high
        {
            let (less, more) = order.said;
            let shown = amount(item, order.shown, key).map_or("", |found| found.0);
            let detail = format!("{less} {text} is greater than {more} {most}");
            errors.invalid(&path.key(order.at).map_key(key), format::text(shown), detail);
        }
    }
    if let Some((text, ratio)) = amount(item, "maxLimitRequestRatio", key) {
        let path = path.key("maxLimitRequestRatio");
        let path = path.map_key(key);
        if ratio < 1_000 {
            errors.invalid(&path, format::text(text), format!("ratio {text} is less than 1"));
        }
        if let (Some((_, min)), Some((_, max))) = (amount(item, "min", key), amount(item, "max", key))
            && min > 0
            && ratio.saturating_mul(min) > max.saturating_mul(1_000)
        {
            // Go's `%f` of the quotient.
            let millionths = max.saturating_mul(1_000_000).saturating_add(min / 2) / min;
            let (whole, rest) = (millionths / 1_000_000, millionths % 1_000_000);
            let detail = format!("ratio {text} is greater than max/min = {whole}.{rest:06}");
            errors.invalid(&path, format::text(text), detail);
        }
    }
    if let (Some((limit, most)), Some((request, least))) =
        (amount(item, "default", key), amount(item, "defaultRequest", key))
        && is_extended(key)
        && !is_pod
        && most != least
    {
        let detail = format!("default value {limit} must equal to defaultRequest value {request} in {key}");
        errors.invalid(&path.key("defaultRequest").map_key(key), format::text(request), detail);
    }
}

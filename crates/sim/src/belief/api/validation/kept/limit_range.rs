//! LimitRanges and what they say of one resource.
//!
//! Upstream: `ValidateLimitRange`.

use super::super::field::{Errors, Path};
use super::super::format;
use petri_objects::{KeptObject, Quantity, Value};
use std::collections::BTreeSet;

fn amount<'i>(item: &'i Value, row: &str, resource: &str) -> Option<(&'i str, i128)> {
    let text = item.at(&[row, resource])?.as_str()?;
    Some((text, Quantity(text.into()).millis()?))
}

/// Rows of which the first may not have more than the second, and how that is said.
const ORDERED: &[(&str, &str, &str, &str)] = &[
    ("min", "max", "min value", "max value"),
    ("min", "defaultRequest", "min value", "default request value"),
    ("defaultRequest", "max", "default request value", "max value"),
    ("defaultRequest", "default", "default request value", "default limit value"),
    ("min", "default", "min value", "default value"),
    ("default", "max", "default value", "max value"),
];

pub(super) fn limit_range(errors: &mut Errors, object: &KeptObject) {
    let (spec, mut seen) = (Path::root("spec"), BTreeSet::new());
    let limits = spec.key("limits");
    for (i, item) in object.list(&["spec", "limits"]).iter().enumerate() {
        let path = limits.index(i);
        let kind = item.at(&["type"]).and_then(Value::as_str).unwrap_or_default();
        if !seen.insert(kind) {
            errors.duplicate(&path.key("type"), kind);
        }
        if kind == "Pod" {
            for key in ["default", "defaultRequest"] {
                if item.at(&[key]).is_some() {
                    errors.forbidden(&path.key(key), "may not be specified when `type` is 'Pod'");
                }
            }
        }
        if kind == "PersistentVolumeClaim" && ["min", "max"].iter().all(|row| item.at(&[row, "storage"]).is_none()) {
            errors.required(&path, "either minimum or maximum storage value is required, but neither was provided");
        }
        let rows = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];
        let keys = rows.iter().filter_map(|row| item.at(&[row])?.as_map()).flat_map(|map| map.iter());
        let keys: BTreeSet<&str> = keys.map(|(key, _)| &**key).collect();
        for key in keys {
            one(errors, item, key, kind, &path);
        }
    }
}

fn one(errors: &mut Errors, item: &Value, key: &str, kind: &str, path: &Path<'_>) {
    for (low, high, low_name, high_name) in ORDERED {
        if kind == "Pod" && (*low != "min" || *high != "max") {
            continue;
        }
        if let (Some((text, low_amount)), Some((most, high_amount))) = (amount(item, low, key), amount(item, high, key))
            && low_amount > high_amount
        {
            let detail = format!("{low_name} {text} is greater than {high_name} {most}");
            errors.invalid(&path.key(low).map_key(key), format::text(text), detail);
        }
    }
    if let Some((text, ratio)) = amount(item, "maxLimitRequestRatio", key) {
        let path = path.key("maxLimitRequestRatio");
        let path = path.map_key(key);
        if ratio < 1_000 {
            errors.invalid(&path, format::text(text), format!("ratio {text} is less than 1"));
        }
        if let (Some((least, min)), Some((most, max))) = (amount(item, "min", key), amount(item, "max", key))
            && min > 0
            && ratio * min > max * 1_000
        {
            let largest = max / min;
            let detail = format!("ratio {text} is greater than max/min = {largest}.000000");
            let detail =
                if max % min == 0 { detail } else { format!("ratio {text} is greater than max/min of {most}/{least}") };
            errors.invalid(&path, format::text(text), detail);
        }
    }
}

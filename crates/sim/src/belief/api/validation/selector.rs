//! Label selectors.
//!
//! Upstream: `apimachinery/pkg/apis/meta/v1/validation`, `ValidateLabelSelector`.

use super::field::{Errors, Path};
use super::format;
use super::names::{label_value, labels, qualified};
use petri_objects::{LabelSelector, Name};

pub(super) fn label_selector(errors: &mut Errors, path: &Path<'_>, selector: &LabelSelector) {
    labels(errors, &path.key("matchLabels"), &selector.match_labels);
    let path = path.key("matchExpressions");
    for (i, requirement) in selector.match_expressions.iter().enumerate() {
        let path = path.index(i);
        operator(errors, &path, &requirement.operator, &requirement.values);
        qualified(errors, &path.key("key"), &requirement.key, &requirement.key);
        let values = path.key("values");
        for (i, value) in requirement.values.iter().enumerate() {
            label_value(errors, &values.index(i), value);
        }
    }
}

/// Whether the operator and the number of values go together.
pub(super) fn operator(errors: &mut Errors, path: &Path<'_>, operator: &Name, values: &[Name]) {
    match &**operator {
        "In" | "NotIn" if values.is_empty() => {
            errors.required(&path.key("values"), "must be specified when `operator` is 'In' or 'NotIn'");
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            errors.forbidden(&path.key("values"), detail);
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        other => errors.invalid(&path.key("operator"), format::text(other), "not a valid selector operator"),
    }
}

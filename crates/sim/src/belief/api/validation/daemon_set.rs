//! DaemonSets.
//!
//! Upstream: `ValidateDaemonSet`, `ValidateDaemonSetUpdate` and `ValidateDaemonSetStatus` in `pkg/apis/apps/validation`.

use super::field::{Errors, Path};
use super::format;
use super::names::{at_most_hundred_percent, positive_or_percent};
use super::selector::label_selector;
use super::workloads::{always_restarts, immutable_selector, pod_template, template_matches};
use petri_objects::*;

#[inline(never)]
pub(super) fn spec(errors: &mut Errors, spec: &DaemonSetSpec, path: &Path<'_>) {
    let template = path.key("template");
    if let Some(selector) = &spec.selector {
        label_selector(errors, &path.key("selector"), selector);
    }
    template_matches(errors, spec.selector.as_ref(), &spec.template, &template);
    if let Some(selector) = spec.selector.as_ref().filter(|selector| selector.is_empty()) {
        let detail = "empty selector is invalid for daemonset";
        errors.invalid(&path.key("selector"), format::selector(Some(selector)), detail);
    }
    pod_template(errors, &spec.template, &template, &[]);
    always_restarts(errors, &spec.template, "DaemonSet", &template);
    errors.not_negative(&path.key("minReadySeconds"), i64::from(spec.min_ready_seconds));
    strategy(errors, &spec.update_strategy, &path.key("updateStrategy"));
    errors.not_negative(&path.key("revisionHistoryLimit"), i64::from(spec.revision_history_limit.unwrap_or(10)));
}

fn strategy(errors: &mut Errors, strategy: &DaemonSetUpdateStrategy, path: &Path<'_>) {
    let rolling_path = path.key("rollingUpdate");
    match (&*strategy.kind, &strategy.rolling_update) {
        ("OnDelete", _) => {}
        ("RollingUpdate", None) => errors.required(&rolling_path, ""),
        ("RollingUpdate", Some(rolling)) => rolling_update(errors, rolling, &rolling_path),
        (other, rolling) => {
            let rolling = rolling.as_ref().map_or("null".into(), |rolling| {
                let text = |value: &Option<IntOrString>| {
                    format::int_or_string(Some(value.as_ref().unwrap_or(&IntOrString::Int(0))))
                };
                let (unavailable, surge) = (text(&rolling.max_unavailable), text(&rolling.max_surge));
                format!(r#"{{"MaxUnavailable":{unavailable},"MaxSurge":{surge}}}"#)
            });
            let value = format!(r#"{{"Type":{},"RollingUpdate":{rolling}}}"#, format::json_text(other));
            errors.not_supported(path, value, &["RollingUpdate", "OnDelete"]);
        }
    }
}

fn rolling_update(errors: &mut Errors, rolling: &RollingUpdateDaemonSet, path: &Path<'_>) {
    let zero = IntOrString::Int(0);
    let (unavailable_path, surge_path) = (path.key("maxUnavailable"), path.key("maxSurge"));
    let unavailable = rolling.max_unavailable.as_ref().unwrap_or(&zero);
    let surge = rolling.max_surge.as_ref().unwrap_or(&zero);
    positive_or_percent(errors, &unavailable_path, unavailable);
    positive_or_percent(errors, &surge_path, surge);
    at_most_hundred_percent(errors, &unavailable_path, unavailable);
    at_most_hundred_percent(errors, &surge_path, surge);
    // What cannot be read counts as nothing.
    let is_some = |value: &IntOrString| value.scaled(100, true).unwrap_or(0) != 0;
    match (is_some(unavailable), is_some(surge)) {
        (true, true) => {
            let value = format::int_or_string(Some(surge));
            errors.invalid(&surge_path, value, "may not be set when maxUnavailable is non-zero");
        }
        (false, false) => errors.required(&unavailable_path, "cannot be 0 when maxSurge is 0"),
        _ => {}
    }
}

#[inline(never)]
pub(super) fn update(errors: &mut Errors, new: &DaemonSetSpec, old: &DaemonSetSpec, path: &Path<'_>) {
    spec(errors, new, path);
    immutable_selector(errors, &new.selector, &old.selector, path);
}

#[inline(never)]
pub(super) fn status(errors: &mut Errors, status: &DaemonSetStatus) {
    let path = Path::root("status");
    let counts = [
        ("currentNumberScheduled", status.current_number_scheduled),
        ("numberMisscheduled", status.number_misscheduled),
        ("desiredNumberScheduled", status.desired_number_scheduled),
        ("numberReady", status.number_ready),
        ("updatedNumberScheduled", status.updated_number_scheduled),
        ("numberAvailable", status.number_available),
        ("numberUnavailable", status.number_unavailable),
    ];
    for (key, count) in counts {
        errors.not_negative(&path.key(key), i64::from(count));
    }
}

//! When a Job gives up early, and when it is content early.
//!
//! Upstream: `pkg/apis/batch/validation`.

use super::super::field::{Errors, Path};
use super::super::{format, names};
use super::read::{items, word};
use petri_objects::Value;

const MOST_RULES: usize = 20;
const MOST_PATTERNS: usize = 20;
const MOST_EXIT_CODES: usize = 255;
const MOST_INDEXES_TEXT: usize = 64 * 1024;

/// Upstream: `validatePodFailurePolicy`. `containers` are the names in the template, `per_index` whether there is a limit for
/// each index.
pub(super) fn failure_policy(
    errors: &mut Errors,
    policy: &Value,
    containers: &[&str],
    per_index: bool,
    path: &Path<'_>,
) {
    let (rules, path) = (items(policy, &["rules"]), path.key("rules"));
    errors.at_most(&path, rules.len(), MOST_RULES);
    for (i, rule) in rules.iter().enumerate() {
        let path = path.index(i);
        if word(rule, &["action"]) == "FailIndex" && !per_index {
            errors.invalid(&path.key("action"), "\"FailIndex\"", "requires the backoffLimitPerIndex to be set");
        }
        let (codes, patterns) = (rule.at(&["onExitCodes"]), items(rule, &["onPodConditions"]));
        if let Some(codes) = codes {
            exit_codes(errors, codes, containers, &path.key("onExitCodes"));
        }
        let conditions = path.key("onPodConditions");
        errors.at_most(&conditions, patterns.len(), MOST_PATTERNS);
        for (j, pattern) in patterns.iter().enumerate() {
            pod_condition(errors, pattern, &conditions.index(j));
        }
        match (codes.is_some(), patterns.is_empty()) {
            (true, false) => {
                errors.invalid_whole(&path, "specifying both OnExitCodes and OnPodConditions is not supported");
            }
            (false, true) => {
                errors.invalid_whole(&path, "specifying one of OnExitCodes and OnPodConditions is required");
            }
            _ => {}
        }
    }
}

/// Upstream: `validatePodFailurePolicyRuleOnPodConditions`.
fn pod_condition(errors: &mut Errors, pattern: &Value, path: &Path<'_>) {
    let (kind, status) = (word(pattern, &["type"]), word(pattern, &["status"]));
    if !kind.is_empty() {
        names::qualified(errors, &path.key("type"), kind, kind);
    }
    // What is left out is a default by then.
    if !status.is_empty() {
        errors.one_of(&path.key("status"), status, &["False", "True", "Unknown"]);
    }
}

/// Upstream: `validatePodFailurePolicyRuleOnExitCodes`.
fn exit_codes(errors: &mut Errors, codes: &Value, containers: &[&str], path: &Path<'_>) {
    if let Some(name) = codes.at(&["containerName"]).and_then(Value::as_str).filter(|name| !containers.contains(name)) {
        let detail = "must be one of the container or initContainer names in the pod template";
        errors.invalid(&path.key("containerName"), format::text(name), detail);
    }
    let is_in = word(codes, &["operator"]) == "In";
    let path = path.key("values");
    let values: Vec<i64> = items(codes, &["values"]).iter().filter_map(Value::as_int).collect();
    let shown = || format!("[{}]", values.iter().map(i64::to_string).collect::<Vec<_>>().join(","));
    if values.is_empty() {
        return errors.invalid(&path, shown(), "at least one value is required");
    }
    errors.at_most(&path, values.len(), MOST_EXIT_CODES);
    let mut seen = std::collections::BTreeSet::new();
    for (i, value) in values.iter().enumerate() {
        if is_in && *value == 0 {
            errors.invalid(&path.index(i), "0", "must not be 0 for the In operator");
        }
        if !seen.insert(*value) {
            errors.duplicate_value(&path.index(i), value.to_string());
        }
    }
    if !values.is_sorted() {
        errors.invalid(&path, shown(), "must be ordered");
    }
}

/// Upstream: `validateSuccessPolicy`. That there are rules is asked for by the table of fields.
pub(super) fn success_policy(errors: &mut Errors, policy: &Value, completions: i64, path: &Path<'_>) {
    let (rules, path) = (items(policy, &["rules"]), path.key("rules"));
    errors.at_most(&path, rules.len(), MOST_RULES);
    for (i, rule) in rules.iter().enumerate() {
        success_rule(errors, rule, completions, &path.index(i));
    }
}

fn success_rule(errors: &mut Errors, rule: &Value, completions: i64, path: &Path<'_>) {
    let count = rule.at(&["succeededCount"]).and_then(Value::as_int);
    let indexes = rule.at(&["succeededIndexes"]).and_then(Value::as_str);
    if count.is_none() && indexes.is_none() {
        errors.required(path, "at least one of succeededCount or succeededIndexes must be specified");
    }
    let mut total = 0;
    if let Some(text) = indexes {
        let path = path.key("succeededIndexes");
        if text.len() > MOST_INDEXES_TEXT {
            errors.too_long(&path, "may not be more than 65536 bytes");
        }
        match number_of_indexes(text, completions) {
            Ok(number) => total = number,
            Err(problem) => {
                errors.invalid(&path, format::text(text), format!("error parsing succeededIndexes: {problem}"));
            }
        }
    }
    let Some(count) = count else { return };
    let path = path.key("succeededCount");
    errors.not_negative(&path, count);
    let mut limit = |limit: i64, what: &str| {
        if count > limit {
            errors.invalid(
                &path,
                count.to_string(),
                format!("must be less than or equal to {limit} (the number of {what})"),
            );
        }
    };
    limit(completions, "specified completions");
    if indexes.is_some() {
        limit(total, "indexes in the specified succeededIndexes field");
    }
}

/// How many indexes a text such as `0,2-4` names.
///
/// Upstream: `validateIndexesFormat`.
fn number_of_indexes(text: &str, completions: i64) -> Result<i64, String> {
    let (mut last, mut total) = (None, 0);
    for part in text.split(',').filter(|_| !text.is_empty()) {
        let (from, to) = interval(part, completions)?;
        if let Some(last) = last.filter(|last| *last >= from) {
            return Err(not_rising(last, from));
        }
        total += to - from + 1;
        last = Some(to);
    }
    Ok(total)
}

fn not_rising(previous: i64, current: i64) -> String {
    format!("non-increasing order, previous: {previous}, current: {current}")
}

/// Upstream: `parseIndexInterval`.
fn interval(part: &str, completions: i64) -> Result<(i64, i64), String> {
    let number = |text: &str| match text.parse::<i64>() {
        Err(_) => Err(format!("cannot convert string to integer for index: {}", format::text(text))),
        Ok(index) if index >= completions => Err(format!("too large index: {}", format::text(text))),
        Ok(index) => Ok(index),
    };
    let mut limits = part.split('-');
    match (limits.next(), limits.next(), limits.next()) {
        (_, _, Some(_)) => Err(format!(
            "the fragment {} violates the requirement that an index interval can have at most two parts separated by '-'",
            format::text(part)
        )),
        (from, Some(to), None) => match (number(from.unwrap_or_default())?, number(to)?) {
            (from, to) if from >= to => Err(not_rising(from, to)),
            both => Ok(both),
        },
        (index, None, None) => number(index.unwrap_or_default()).map(|index| (index, index)),
    }
}

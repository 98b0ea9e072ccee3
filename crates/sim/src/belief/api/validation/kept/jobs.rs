//! Jobs, and what CronJobs make.
//!
//! Upstream: `pkg/apis/batch/validation`.

use super::super::field::{Errors, Path};
use super::super::seldom::grammar;
use super::super::{format, names, pod_dump, selector};
use super::job_policies::{failure_policy, success_policy};
use super::read::{json, word};
use petri_objects::{KeptObject, Map, Uid, Value, batch};

/// `maxManagedByLength`.
const LONGEST_MANAGER: usize = 63;

/// Numbers that may not be negative.
const COUNTS: [&str; 7] = [
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
];

/// Upstream: `ValidateJob`, without the template.
pub(super) fn job(errors: &mut Errors, object: &KeptObject) {
    // What was never stored has no selector yet.
    if object.metadata.uid != Uid(0) {
        generated_selector(errors, object);
    }
    specification(errors, object, &[]);
    pod_names(errors, object);
    if object.metadata.uid == Uid(0) {
        return;
    }
    let (own, spec) = (batch::selector(object), Path::root("spec"));
    match object.at(&["spec", "selector"]) {
        None => errors.required(&spec.key("selector"), ""),
        Some(_) => selector::label_selector(errors, &spec.key("selector"), &own),
    }
    let labels = batch::template(object).metadata.labels;
    if !own.matches(&labels) {
        let (template, detail) = (spec.key("template"), "`selector` does not match template `labels`");
        let metadata = template.key("metadata");
        errors.invalid(&metadata.key("labels"), format::labels(&labels), detail);
    }
}

/// The areas of the IANA time zones, with the older ones.
const AREAS: [&str; 17] = [
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Brazil",
    "Canada",
    "Chile",
    "Etc",
    "Europe",
    "Indian",
    "Mexico",
    "Pacific",
    "US",
    "SystemV",
];
/// Time zones without an area.
const SHORT_ZONES: [&str; 45] = [
    "CET",
    "CST6CDT",
    "Cuba",
    "EET",
    "EST",
    "EST5EDT",
    "Egypt",
    "Eire",
    "Factory",
    "GB",
    "GB-Eire",
    "GMT",
    "GMT+0",
    "GMT-0",
    "GMT0",
    "Greenwich",
    "HST",
    "Hongkong",
    "Iceland",
    "Iran",
    "Israel",
    "Jamaica",
    "Japan",
    "Kwajalein",
    "Libya",
    "MET",
    "MST",
    "MST7MDT",
    "NZ",
    "NZ-CHAT",
    "Navajo",
    "PRC",
    "PST8PDT",
    "Poland",
    "Portugal",
    "ROC",
    "ROK",
    "Singapore",
    "Turkey",
    "UCT",
    "UTC",
    "Universal",
    "W-SU",
    "WET",
    "Zulu",
];

/// Whether a text can be the name of a time zone.
///
/// Deviation: upstream knows every city; here the area decides.
fn is_zone(name: &str) -> bool {
    match name.split_once('/') {
        None => SHORT_ZONES.contains(&name),
        Some((area, city)) => {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+');
            AREAS.contains(&area) && city.split('/').all(|part| !part.is_empty() && part.chars().all(is_plain))
        }
    }
}

/// What a CronJob asks for in its Jobs.
pub(super) fn of_cron_job(errors: &mut Errors, object: &KeptObject) {
    let (spec, text) = (Path::root("spec"), |key: &str| object.text(&["spec", key]));
    if text("schedule").contains("TZ") {
        let detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
        errors.invalid(&spec.key("schedule"), format::text(text("schedule")), detail);
    }
    if object.at(&["spec", "timeZone"]).is_some() {
        let path = spec.key("timeZone");
        match text("timeZone") {
            "" => errors.invalid(&path, "\"\"", "timeZone must be nil or non-empty string"),
            zone if zone.eq_ignore_ascii_case("local") => {
                let detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
                errors.invalid(&path, format::text(zone), detail);
            }
            zone if !is_zone(zone) => errors.invalid(&path, format::text(zone), format!("unknown time zone {zone}")),
            _ => {}
        }
    }
    specification(errors, object, &["jobTemplate", "spec"]);
    let (template, at) = (spec.key("jobTemplate"), |key: &str| object.at(&["spec", "jobTemplate", "spec", key]));
    let own = template.key("spec");
    if let Some(selector) = at("selector") {
        errors.invalid(&own.key("selector"), selector.to_json(), "`selector` will be auto-generated");
    }
    if at("manualSelector") == Some(&Value::Bool(true)) {
        errors.not_supported(&own.key("manualSelector"), "true", &["nil", "false"]);
    }
}

/// Upstream: `validateJobSpec`, without what is asked of more than 100,000 completions: nobody can have so many here.
/// `below` leads from `spec` to the Job's own.
fn specification(errors: &mut Errors, object: &KeptObject, below: &[&str]) {
    let at = |keys: &[&str]| object.at(&[&["spec"], below, keys].concat());
    let number = |key: &str| at(&[key]).and_then(Value::as_int);
    let spec = Path::root("spec");
    let (outer, inner);
    let spec = match below {
        [first, second] => {
            outer = spec.key(first);
            inner = outer.key(second);
            &inner
        }
        _ => &spec,
    };
    for key in COUNTS {
        errors.not_negative(&spec.key(key), number(key).unwrap_or(0));
    }
    let completions = number("completions");
    let (per_index, failed) = (number("backoffLimitPerIndex"), number("maxFailedIndexes"));
    if at(&["completionMode"]).and_then(Value::as_str) == Some("Indexed") {
        if completions.is_none() {
            errors.required(&spec.key("completions"), "when completion mode is Indexed");
        }
        let failures = spec.key("maxFailedIndexes");
        if let Some(failed) = failed.filter(|failed| completions.is_some_and(|completions| *failed > completions)) {
            errors.invalid(&failures, failed.to_string(), "must be less than or equal to completions");
        }
        if let (Some(policy), Some(completions)) = (at(&["successPolicy"]), completions) {
            success_policy(errors, policy, completions, &spec.key("successPolicy"));
        }
    } else {
        if let Some(limit) = per_index {
            errors.invalid(&spec.key("backoffLimitPerIndex"), limit.to_string(), "requires indexed completion mode");
        }
        if let Some(failed) = failed {
            errors.invalid(&spec.key("maxFailedIndexes"), failed.to_string(), "requires indexed completion mode");
        }
        if at(&["successPolicy"]).is_some() {
            let path = spec.key("successPolicy");
            errors.invalid(&path, json(at(&["successPolicy"])), "requires indexed completion mode");
        }
    }
    if failed.is_some() && per_index.is_none() {
        errors.required(&spec.key("backoffLimitPerIndex"), "when maxFailedIndexes is specified");
    }
    if let Some(manager) = at(&["managedBy"]).and_then(Value::as_str) {
        let path = spec.key("managedBy");
        grammar::domain_prefixed_path(errors, &path, manager);
        if manager.len() > LONGEST_MANAGER {
            errors.too_long(&path, &format!("may not be more than {LONGEST_MANAGER} bytes"));
        }
    }
    if let Some(failures) = at(&["podFailurePolicy"]) {
        let template = spec.key("template");
        let policy = at(&["template", "spec", "restartPolicy"]).and_then(Value::as_str).unwrap_or_default();
        if policy != "Never" {
            let detail = "only \"Never\" is supported when podFailurePolicy is specified";
            errors.invalid(&template.key("spec").key("restartPolicy"), format::text(policy), detail);
        }
        if at(&["podReplacementPolicy"]).and_then(Value::as_str) == Some("TerminatingOrFailed") {
            errors.not_supported(&spec.key("podReplacementPolicy"), "\"TerminatingOrFailed\"", &["Failed"]);
        }
        let containers = |key: &str| at(&["template", "spec", key]).and_then(Value::as_list).unwrap_or_default().iter();
        let both = containers("containers").chain(containers("initContainers"));
        let names: Vec<&str> = both.map(|container| word(container, &["name"])).collect();
        failure_policy(errors, failures, &names, per_index.is_some(), &spec.key("podFailurePolicy"));
    }
}

/// The pods of an indexed Job have host names with their index.
fn pod_names(errors: &mut Errors, job: &KeptObject) {
    let completions = job.at(&["spec", "completions"]).and_then(Value::as_int).unwrap_or(0);
    if job.text(&["spec", "completionMode"]) != "Indexed" || completions <= 0 {
        return;
    }
    let longest = format!("{}-{}", job.metadata.name, completions - 1);
    if longest.len() > 63 || !names::is_label(&longest) {
        let detail = format!("will not able to create pod with invalid DNS label: {longest}");
        errors.invalid(&Path::root("metadata").key("name"), format::text(&job.metadata.name), detail);
    }
}

/// Upstream: `ValidateGeneratedSelector`.
fn generated_selector(errors: &mut Errors, job: &KeptObject) {
    let is_manual = job.at(&["spec", "manualSelector"]) == Some(&Value::Bool(true));
    if is_manual || job.at(&["spec", "selector"]).is_none() {
        return;
    }
    let uid = job.metadata.uid.to_string();
    let (spec, labels) = (Path::root("spec"), batch::template(job).metadata.labels);
    let template = spec.key("template");
    let metadata = template.key("metadata");
    let path = metadata.key("labels");
    let mut expected = petri_objects::Labels::default();
    for (keys, value) in [(batch::UID_LABELS, &*uid), (batch::NAME_LABELS, &*job.metadata.name)] {
        for key in keys {
            expected.insert(key, value);
            let detail = format!("must be '{value}'");
            match labels.get(key) {
                None => errors.required(&path.map_key(key), &detail),
                Some(own) if **own != *value => errors.invalid(&path.map_key(key), format::labels(&labels), detail),
                Some(_) => {}
            }
        }
    }
    let own = batch::selector(job);
    if !own.matches(&expected) {
        errors.invalid(&spec.key("selector"), format::selector(Some(&own)), "`selector` not auto-generated");
    }
}

/// Upstream: `validateCompletions`, `validatePodTemplateUpdate`.
pub(super) fn update(errors: &mut Errors, new: &KeptObject, old: &KeptObject) {
    let (spec, number) = (Path::root("spec"), |job: &KeptObject, key: &str| job.at(&["spec", key]).cloned());
    if number(new, "completions") != number(old, "completions") {
        let value = json(new.at(&["spec", "completions"]));
        if new.text(&["spec", "completionMode"]) != "Indexed" {
            errors.invalid(&spec.key("completions"), value, "field is immutable");
        } else if number(new, "completions") != number(new, "parallelism") {
            let detail = "can only be modified in tandem with spec.parallelism";
            errors.invalid(&spec.key("completions"), value, detail);
        }
    }
    let template = |job: &KeptObject, movable: bool| {
        let mut value = job.at(&["spec", "template"]).cloned().unwrap_or_default();
        if let (Value::Map(map), true) = (&mut value, movable) {
            strip(map, "metadata", &["annotations", "labels"]);
            strip(map, "spec", &["affinity", "nodeSelector", "schedulingGates", "tolerations"]);
            for key in ["containers", "initContainers"] {
                if let Some(Value::Map(spec)) = map.entry_mut("spec")
                    && let Some(Value::List(containers)) = spec.entry_mut(key)
                {
                    let maps = containers
                        .iter_mut()
                        .filter_map(|own| if let Value::Map(own) = own { Some(own) } else { None });
                    maps.for_each(|own| drop(own.remove("resources")));
                }
            }
        }
        value
    };
    // Of a suspended Job without pods it may still be said where they run and with how much.
    let says_suspended = |value: &Value| {
        let text = |key: &str| value.at(&[key]).and_then(Value::as_str);
        text("type") == Some("Suspended") && text("status") == Some("True")
    };
    let stands =
        old.text(&["status", "startTime"]).is_empty() || old.list(&["status", "conditions"]).iter().any(says_suspended);
    let is_movable = old.at(&["spec", "suspend"]) == Some(&Value::Bool(true))
        && old.at(&["status", "active"]).and_then(Value::as_int).unwrap_or(0) == 0
        && stands;
    if template(new, is_movable) != template(old, is_movable) {
        errors.invalid(&spec.key("template"), dump(new), "field is immutable");
    }
}

/// The template as the API server prints it: the metadata's fields, then the specification under the name that it has in
/// the server.
fn dump(job: &KeptObject) -> String {
    let mut map = job.at(&["spec", "template", "metadata"]).and_then(Value::as_map).cloned().unwrap_or_default();
    let spec = pod_dump::pod_spec(&batch::template(job).spec);
    map.insert("Spec", Value::from_json(&spec).unwrap_or_default());
    Value::Map(map).to_json()
}

fn strip(map: &mut Map, key: &str, fields: &[&str]) {
    if let Some(Value::Map(inner)) = map.entry_mut(key) {
        fields.iter().for_each(|field| drop(inner.remove(field)));
    }
}

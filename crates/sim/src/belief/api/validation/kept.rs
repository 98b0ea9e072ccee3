//! Kept kinds: what their table calls required, words that must be one of a few, pod templates, and a few rules per kind.
//!
//! Deviation: of the validation of most of these kinds this is a part. What it does not know it lets pass.
//!
//! Upstream: `pkg/apis/*/validation`.

mod autoscaler;
mod extensions;
mod job_policies;
mod jobs;
mod limit_range;
mod network;
mod rbac;
mod read;
mod rules;
mod schedule;

use super::field::{Errors, Path};
use super::{format, names, pod};
use petri_objects::kept::types::{self, FieldType};
use petri_objects::*;

/// What the description of the API calls required, although the API server takes an object without it.
const OPTIONAL: &[&str] =
    &["CSINodeSpec.drivers", "TokenRequest.audience", "PodFailurePolicyOnPodConditionsPattern.status"];

/// Fields whose absence the API server explains.
const EXPLAINED: &[(&str, &str)] = &[
    ("ValidatingWebhook.sideEffects", "must specify one of None, NoneOnDryRun"),
    ("MutatingWebhook.sideEffects", "must specify one of None, NoneOnDryRun"),
    ("SuccessPolicy.rules", "at least one rules must be specified when the successPolicy is specified"),
];

/// Fields that hold one of a few words, in the order in which the API server lists them.
const WORDS: &[(&str, &str)] = &[
    ("LabelSelectorRequirement.operator", "In NotIn Exists DoesNotExist"),
    ("CronJobSpec.concurrencyPolicy", "Allow Forbid Replace"),
    ("JobSpec.completionMode", "Indexed NonIndexed"),
    ("JobSpec.podReplacementPolicy", "Failed TerminatingOrFailed"),
    ("PodFailurePolicyRule.action", "Count FailIndex FailJob Ignore"),
    ("PodFailurePolicyOnExitCodesRequirement.operator", "In NotIn"),
    ("CustomResourceDefinitionSpec.scope", "Cluster Namespaced"),
    ("CustomResourceConversion.strategy", "None Webhook"),
    ("ValidatingWebhook.failurePolicy", "Fail Ignore"),
    ("ValidatingWebhook.matchPolicy", "Equivalent Exact"),
    ("ValidatingWebhook.sideEffects", "None NoneOnDryRun"),
    ("MutatingWebhook.failurePolicy", "Fail Ignore"),
    ("MutatingWebhook.matchPolicy", "Equivalent Exact"),
    ("MutatingWebhook.sideEffects", "None NoneOnDryRun"),
    ("MutatingWebhook.reinvocationPolicy", "IfNeeded Never"),
    ("RuleWithOperations.operations", "* CONNECT CREATE DELETE UPDATE"),
    ("RuleWithOperations.scope", "* Cluster Namespaced"),
    ("NamedRuleWithOperations.operations", "* CONNECT CREATE DELETE UPDATE"),
    ("NamedRuleWithOperations.scope", "* Cluster Namespaced"),
    ("ValidatingAdmissionPolicySpec.failurePolicy", "Fail Ignore"),
    ("MutatingAdmissionPolicySpec.failurePolicy", "Fail Ignore"),
    ("MutatingAdmissionPolicySpec.reinvocationPolicy", "IfNeeded Never"),
    ("MatchResources.matchPolicy", "Equivalent Exact"),
    ("ValidatingAdmissionPolicyBindingSpec.validationActions", "Audit Deny Warn"),
    ("PriorityLevelConfigurationSpec.type", "Exempt Limited"),
    ("LimitResponse.type", "Queue Reject"),
    ("FlowDistinguisherMethod.type", "ByNamespace ByUser"),
    ("flowcontrol.Subject.kind", "Group ServiceAccount User"),
    ("CSIDriverSpec.fsGroupPolicy", "File None ReadWriteOnceWithFSType"),
    ("CSIDriverSpec.volumeLifecycleModes", "Ephemeral Persistent"),
];

/// Kinds of which every rule is written down, so that the API's description has nothing to add.
const WHOLE: &[&str] = &[
    "ClusterRole",
    "ClusterRoleBinding",
    "Endpoints",
    "HorizontalPodAutoscaler",
    "Ingress",
    "IngressClass",
    "LimitRange",
    "NetworkPolicy",
    "Role",
    "RoleBinding",
];

/// Everything that a new object of a kept kind must satisfy beyond its metadata.
pub(super) fn create(errors: &mut Errors, object: &KeptObject) {
    let Some(name) = types::of(object.kind) else { return };
    if WHOLE.contains(&object.kind.entry().name) && !object.kind.is_custom() {
        return rules::check(errors, object);
    }
    let fields = types::fields(types::line(name)).filter(|field| field.name != "status");
    for field in fields {
        let path = Path::root(field.name);
        one(errors, &path, name, field, object.fields.get(field.name), object);
    }
    rules::check(errors, object);
}

/// What the name of an object of a kept kind has to be beyond its rule.
pub(super) fn name(errors: &mut Errors, object: &KeptObject) {
    rules::name(errors, object);
}

/// The rule that names of a kept kind follow; `None` if any name will do.
pub(super) fn name_rule(kind: Kind) -> Option<names::NameRule> {
    rules::name_rule(kind)
}

pub(super) fn update(errors: &mut Errors, new: &KeptObject, old: &KeptObject) {
    create(errors, new);
    rules::check_update(errors, new, old);
}

fn one(
    errors: &mut Errors,
    path: &Path<'_>,
    owner: &'static str,
    field: FieldType,
    value: Option<&Value>,
    object: &KeptObject,
) {
    let place = format!("{owner}.{}", field.name);
    let is_text = |value: &Value| value.as_str().is_some_and(str::is_empty);
    let is_list = |value: &Value| value.as_list().is_some_and(<[Value]>::is_empty);
    let missing = value.is_none_or(|value| is_text(value) || is_list(value));
    if field.required && missing && !OPTIONAL.contains(&&*place) {
        match field.holds {
            // A number or a boolean that is missing is zero or false.
            "i" | "l" | "b" | "f" | "j" | "m" | "q" => {}
            holds if holds.len() == 1 || holds.starts_with(['[', '{']) => {
                let why = EXPLAINED.iter().find(|row| row.0 == place).map_or("", |row| row.1);
                errors.required(path, why);
            }
            // What is missing inside of a record that is missing.
            name => record(errors, path, name, &Map::new(), object),
        }
        return;
    }
    let words = WORDS.iter().find(|row| row.0 == place).map(|row| row.1.split(' ').collect::<Vec<_>>());
    match value {
        Some(Value::String(word)) if !word.is_empty() => {
            if let Some(words) = &words {
                errors.one_of(path, word, words);
            }
        }
        Some(Value::List(items)) => {
            for (i, item) in items.iter().enumerate() {
                let path = path.index(i);
                match (item, &words, field.holds.strip_prefix('[')) {
                    (Value::String(word), Some(words), _) => errors.one_of(&path, word, words),
                    (Value::Map(map), _, Some(holds)) if holds.len() > 1 => record(errors, &path, holds, map, object),
                    _ => {}
                }
            }
        }
        Some(Value::Map(map)) => match field.holds.strip_prefix('{') {
            Some(holds) if holds.len() > 1 => {
                for (key, value) in map.iter() {
                    if let Value::Map(inner) = value {
                        record(errors, &path.map_key(key), holds, inner, object);
                    }
                }
            }
            None if field.holds.len() > 1 => record(errors, path, field.holds, map, object),
            _ => {}
        },
        _ => {}
    }
}

fn record(errors: &mut Errors, path: &Path<'_>, name: &'static str, map: &Map, object: &KeptObject) {
    // A JSON schema is checked by those who use it.
    if name == "JSONSchemaProps" {
        return;
    }
    if name == "PodTemplateSpec" {
        return pod_template(errors, path, map, object);
    }
    for field in types::fields(types::line(name)) {
        one(errors, &path.key(field.name), name, field, map.get(field.name), object);
    }
}

/// A template is checked as those of the simulated workloads are.
fn pod_template(errors: &mut Errors, path: &Path<'_>, map: &Map, object: &KeptObject) {
    let read = PodTemplateSpec::from_value(&Value::Map(map.clone()), &mut record::Decode::default());
    let mut filled = Object::from(Pod { spec: read.spec.clone(), ..Pod::default() });
    defaults::apply_defaults(&mut filled);
    let Object::Pod(filled) = filled else { return };
    names::labels(errors, &path.key("labels"), &read.metadata.labels);
    names::annotations(errors, &path.key("annotations"), &read.metadata.annotations);
    let spec = path.key("spec");
    pod::spec(errors, &filled.spec, &spec, &[]);
    let written = read.spec.restart_policy.as_ref();
    let restart = spec.key("restartPolicy");
    match object.kind.entry().name {
        "ReplicationController" => errors.one_of(&restart, &filled.spec.restart_policy, &["Always"]),
        "Job" | "CronJob" if !matches!(written, "OnFailure" | "Never") => {
            errors.required(&restart, "valid values: \"OnFailure\", \"Never\"");
        }
        _ => {}
    }
    let own = &read.metadata.labels;
    let matches = match object.kind.entry().name {
        "ReplicationController" => {
            let selector = object.at(&["spec", "selector"]).and_then(Value::as_map);
            if selector.is_none_or(Map::is_empty) {
                errors.required(&Path::root("spec").key("selector"), "");
            }
            let pairs = selector.into_iter().flat_map(Map::iter);
            pairs.into_iter().all(|(key, value)| own.get(key).map(|own| &**own) == value.as_str())
        }
        _ => true,
    };
    if !matches {
        let path = path.key("metadata");
        let detail = "`selector` does not match template `labels`";
        errors.invalid(&path.key("labels"), format::labels(own), detail);
    }
}

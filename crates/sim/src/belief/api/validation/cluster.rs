//! Nodes, namespaces, ConfigMaps, priority classes.
//!
//! Upstream: `pkg/apis/{core,scheduling}/validation`.

use super::super::system_classes;
use super::field::{Errors, Path};
use super::format;
use super::names::{config_key, label_value, qualified};
use petri_objects::*;

/// How many bytes the data of an object may have.
const MOST_BYTES: usize = 1 << 20;

/// Upstream: `ValidateConfigMap`.
pub(super) fn config_map(errors: &mut Errors, map: &ConfigMap) {
    let (data, binary) = (Path::root("data"), Path::root("binaryData"));
    let mut size = 0;
    for (key, text) in map.data.iter() {
        config_key(errors, &data.map_key(key), key);
        if map.binary_data.get(key).is_some() {
            errors.invalid(&data.map_key(key), format::text(key), "duplicate of key present in binaryData");
        }
        size += text.len();
    }
    for (key, text) in map.binary_data.iter() {
        config_key(errors, &binary.map_key(key), key);
        size += text.len() / 4 * 3;
    }
    if size > MOST_BYTES {
        errors.too_long(&Path::root("[]"), "may not be more than 1048576 bytes");
    }
}

/// Upstream: `ValidatePriorityClass`.
pub(super) fn priority_class(errors: &mut Errors, class: &PriorityClass) {
    if class.metadata.name.starts_with("system-") {
        if let Some(fault) = system_classes::fault(class) {
            let path = Path::root("metadata");
            let detail = "priority class names with 'system-' prefix are reserved for system use only. error: ";
            errors.forbidden(&path.key("name"), format!("{detail}{fault}"));
        }
    } else if class.value > 1_000_000_000 {
        errors.forbidden(&Path::root("value"), "maximum allowed value of a user defined priority is 1000000000");
    }
    if let Some(policy) = &class.preemption_policy {
        errors.one_of(&Path::root("preemptionPolicy"), policy, &["PreemptLowerPriority", "Never"]);
    }
}

/// Upstream: `ValidateConfigMapUpdate`.
pub(super) fn config_map_update(errors: &mut Errors, new: &ConfigMap, old: &ConfigMap) {
    if old.immutable == Some(true) {
        let changed = [
            ("immutable", new.immutable != Some(true)),
            ("data", new.data != old.data),
            ("binaryData", new.binary_data != old.binary_data),
        ];
        for (key, _) in changed.into_iter().filter(|change| change.1) {
            errors.forbidden(&Path::root(key), "field is immutable when `immutable` is set");
        }
    }
    config_map(errors, new);
}

/// Upstream: `ValidatePriorityClassUpdate`.
pub(super) fn priority_class_update(errors: &mut Errors, new: &PriorityClass, old: &PriorityClass) {
    const DETAIL: &str = "field is immutable";
    if new.value != old.value {
        errors.invalid(&Path::root("value"), new.value.to_string(), DETAIL);
    }
    if new.preemption_policy != old.preemption_policy {
        let value = new.preemption_policy.as_deref().map_or("null".into(), format::text);
        errors.invalid(&Path::root("preemptionPolicy"), value, DETAIL);
    }
}

/// Upstream: `ValidateNamespace`.
pub(super) fn namespace(errors: &mut Errors, namespace: &Namespace) {
    let spec = Path::root("spec");
    let path = spec.key("finalizers");
    for name in &namespace.spec.finalizers {
        qualified(errors, &path, name, name);
        if !name.contains('/') && !matches!(&**name, "kubernetes" | "orphan" | "foregroundDeletion") {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            errors.invalid(&path, format::text(name), detail);
        }
    }
}

/// Upstream: `ValidateNode`.
pub(super) fn node(errors: &mut Errors, node: &Node) {
    taints(errors, &node.spec.taints);
}

/// Upstream: `ValidateNodeUpdate`.
pub(super) fn node_update(errors: &mut Errors, new: &Node, old: &Node) {
    let spec = Path::root("spec");
    if !old.spec.pod_cidrs.is_empty() && new.spec.pod_cidrs != old.spec.pod_cidrs {
        let detail = "node updates may not change podCIDR except from \"\" to valid";
        errors.forbidden(&spec.key("podCIDRs"), detail);
    }
    if !old.spec.provider_id.is_empty() && new.spec.provider_id != old.spec.provider_id {
        let detail = "node updates may not change providerID except from \"\" to valid";
        errors.forbidden(&spec.key("providerID"), detail);
    }
    if new.spec.taints != old.spec.taints {
        taints(errors, &new.spec.taints);
    }
}

/// Upstream: `validateNodeTaints`, which takes them for a part of the metadata.
fn taints(errors: &mut Errors, taints: &[Taint]) {
    let metadata = Path::root("metadata");
    let list = metadata.key("taints");
    for (i, taint) in taints.iter().enumerate() {
        let path = list.index(i);
        qualified(errors, &path.key("key"), &taint.key, &taint.key);
        label_value(errors, &path.key("value"), &taint.value);
        errors.required_one_of(&path.key("effect"), &taint.effect, &["NoSchedule", "PreferNoSchedule", "NoExecute"]);
        if taints[..i].iter().any(|other| (&other.key, &other.effect) == (&taint.key, &taint.effect)) {
            let text = format::json_text;
            let (key, value, effect) = (text(&taint.key), text(&taint.value), text(&taint.effect));
            let value = format!(r#"{{"Key":{key},"Value":{value},"Effect":{effect},"TimeAdded":null}}"#);
            errors.duplicate_value(&path, value);
            errors.explain_last("taints must be unique by key and effect pair");
        }
    }
}

//! What the API server refuses, in its own words and in its own order.
//!
//! [`validate_create`] and [`validate_update`] take objects that are already defaulted. A valid object costs no
//! allocation: paths live on the stack until there is something to report.
//!
//! Upstream: `pkg/apis/*/validation`, `apimachinery/pkg/api/validation`, `apimachinery/pkg/util/validation`.

pub mod field;

mod custom;
mod daemon_set;
mod diff;
mod format;
mod kept;
mod meta;
mod names;
mod pod;
mod pod_dump;
mod pod_host;
mod pod_placement;
mod pod_sources;
mod pod_update;
mod selector;
mod service;
mod storage;
mod workloads;

#[cfg(test)]
mod tests;

pub use custom::validate_custom;
pub use field::{FieldError, FieldErrorKind};

use field::{Errors, Path};
use petri_objects::{Kind, Object, Revision};

/// Everything that is wrong with a new object, in the order in which the API server lists it.
pub fn validate_create(object: &Object) -> Vec<FieldError> {
    let mut errors = Errors::default();
    meta::create(&mut errors, object);
    let spec = Path::root("spec");
    match object {
        Object::Pod(pod) => pod::spec(&mut errors, &pod.spec, &spec, &[]),
        Object::StatefulSet(set) => workloads::stateful_set_spec(&mut errors, &set.spec, &spec),
        Object::ReplicaSet(set) => workloads::replica_set_spec(&mut errors, &set.spec, &spec),
        Object::Deployment(deployment) => workloads::deployment_spec(&mut errors, &deployment.spec, &spec),
        Object::DaemonSet(set) => daemon_set::spec(&mut errors, &set.spec, &spec),
        Object::PodDisruptionBudget(budget) => workloads::budget_spec(&mut errors, &budget.spec, &spec),
        Object::ControllerRevision(revision) => workloads::revision(&mut errors, revision),
        Object::Service(service) => service::spec(&mut errors, &service.spec, &spec),
        Object::EndpointSlice(slice) => service::endpoint_slice(&mut errors, slice),
        Object::Lease(lease) => service::lease_spec(&mut errors, &lease.spec, &spec),
        Object::PersistentVolumeClaim(claim) => storage::claim_spec(&mut errors, &claim.spec, &spec),
        Object::PersistentVolume(volume) => storage::volume_spec(&mut errors, &volume.spec, &spec),
        Object::StorageClass(class) => storage::class(&mut errors, class),
        Object::ResourceQuota(quota) => quota_spec(&mut errors, &quota.spec, &spec),
        Object::ConfigMap(map) => config_map(&mut errors, map),
        Object::PriorityClass(class) => priority_class(&mut errors, class),
        Object::Kept(object) => kept::create(&mut errors, object),
        Object::Namespace(_)
        | Object::Node(_)
        | Object::ServiceAccount(_)
        | Object::Event(_)
        | Object::VolumeAttachment(_) => {}
    }
    errors.list
}

/// How many bytes the data of an object may have.
const MOST_BYTES: usize = 1 << 20;

/// Upstream: `ValidateConfigMap`.
fn config_map(errors: &mut Errors, map: &petri_objects::ConfigMap) {
    let (data, binary) = (Path::root("data"), Path::root("binaryData"));
    let mut size = 0;
    for (key, text) in map.data.iter() {
        names::config_key(errors, &data.map_key(key), key);
        if map.binary_data.get(key).is_some() {
            errors.invalid(&data.map_key(key), format::text(key), "duplicate of key present in binaryData");
        }
        size += text.len();
    }
    for (key, text) in map.binary_data.iter() {
        names::config_key(errors, &binary.map_key(key), key);
        size += text.len() / 4 * 3;
    }
    if size > MOST_BYTES {
        errors.too_long(&Path::root("[]"), "may not be more than 1048576 bytes");
    }
}

/// Upstream: `ValidatePriorityClass`.
fn priority_class(errors: &mut Errors, class: &petri_objects::PriorityClass) {
    if class.metadata.name.starts_with("system-") {
        let path = Path::root("metadata");
        let detail = "priority class names with 'system-' prefix are reserved for system use only. error: invalid system \
                      priority class";
        errors.forbidden(&path.key("name"), detail);
    } else if class.value > 1_000_000_000 {
        errors.forbidden(&Path::root("value"), "maximum allowed value of a user defined priority is 1000000000");
    }
}

/// Words that a quota may have for its scope.
const SCOPES: [&str; 7] = [
    "BestEffort",
    "CrossNamespacePodAffinity",
    "NotBestEffort",
    "NotTerminating",
    "PriorityClass",
    "Terminating",
    "VolumeAttributesClass",
];

/// What a quota may limit without a word of its own.
const COUNTED: [&str; 21] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "persistentvolumeclaims",
    "configmaps",
    "services.nodeports",
    "services.loadbalancers",
    "storage",
    "gpu",
];

/// Upstream: `ValidateResourceQuotaSpec`.
fn quota_spec(errors: &mut Errors, spec: &petri_objects::ResourceQuotaSpec, path: &Path<'_>) {
    for (resource, amount) in &spec.hard {
        let path = path.key("hard");
        let path = path.map_key(resource);
        let is_known =
            resource.contains('/') || COUNTED.contains(&&**resource) || resource.starts_with("requests.hugepages-");
        if !is_known && !resource.starts_with("hugepages-") {
            errors.invalid(&path, format::text(resource), "must be a standard resource for quota");
        }
        let counted = !["cpu", "memory", "storage"].iter().any(|end| resource.ends_with(end));
        match amount.millis() {
            Some(millis) if millis < 0 => {
                errors.invalid(&path, format::text(&amount.0), "must be greater than or equal to 0");
            }
            Some(millis) if counted && millis % 1_000 != 0 => {
                errors.invalid(&path, format::text(&amount.0), "must be an integer");
            }
            _ => {}
        }
    }
    if spec.scopes.iter().any(|scope| !SCOPES.contains(&&**scope)) {
        let scopes =
            petri_objects::Value::List(spec.scopes.iter().cloned().map(petri_objects::Value::String).collect());
        errors.invalid(&path.key("scopes"), scopes.to_json(), "unsupported scope");
    }
}

/// Everything that is wrong with replacing `old` by `new`. Both must be of one kind.
///
/// This is the main resource: status is not looked at (see [`validate_status`]), and a binding, which sets
/// `spec.nodeName`, is a subresource that does not come through here.
pub fn validate_update(new: &Object, old: &Object) -> Vec<FieldError> {
    let mut errors = Errors::default();
    // These two kinds refuse an update that does not say which version it was made from.
    if matches!(new.kind(), Kind::PodDisruptionBudget | Kind::Lease) && new.meta().resource_version == Revision(0) {
        let path = Path::root("metadata");
        errors.invalid(&path.key("resourceVersion"), "0", "must be specified for an update");
        return errors.list;
    }
    meta::update(&mut errors, new, old);
    let spec = Path::root("spec");
    match (new, old) {
        (Object::Pod(new), Object::Pod(old)) => pod_update::spec(&mut errors, &new.spec, &old.spec, &spec),
        (Object::StatefulSet(new), Object::StatefulSet(old)) => {
            workloads::stateful_set_spec(&mut errors, &new.spec, &spec);
            workloads::stateful_set_update(&mut errors, &new.spec, &old.spec, &spec);
        }
        (Object::ReplicaSet(new), Object::ReplicaSet(old)) => {
            workloads::replica_set_spec(&mut errors, &new.spec, &spec);
            workloads::immutable_selector(&mut errors, &new.spec.selector, &old.spec.selector, &spec);
        }
        (Object::Deployment(new), Object::Deployment(old)) => {
            workloads::deployment_spec(&mut errors, &new.spec, &spec);
            workloads::immutable_selector(&mut errors, &new.spec.selector, &old.spec.selector, &spec);
        }
        (Object::DaemonSet(new), Object::DaemonSet(old)) => {
            daemon_set::update(&mut errors, &new.spec, &old.spec, &spec);
        }
        (Object::PodDisruptionBudget(new), Object::PodDisruptionBudget(_)) => {
            workloads::budget_spec(&mut errors, &new.spec, &spec);
        }
        (Object::ControllerRevision(new), Object::ControllerRevision(old)) => {
            workloads::revision(&mut errors, new);
            workloads::revision_update(&mut errors, new, old);
        }
        (Object::Service(new), Object::Service(old)) => {
            service::update(&mut errors, &new.spec, &old.spec, &spec);
            service::spec(&mut errors, &new.spec, &spec);
        }
        (Object::EndpointSlice(new), Object::EndpointSlice(old)) => {
            service::endpoint_slice(&mut errors, new);
            if new.address_type != old.address_type {
                let value = format::text(&new.address_type);
                errors.invalid(&Path::root("addressType"), value, "field is immutable");
            }
        }
        (Object::Lease(new), Object::Lease(_)) => service::lease_spec(&mut errors, &new.spec, &spec),
        (Object::PersistentVolumeClaim(new), Object::PersistentVolumeClaim(old)) => {
            storage::claim_spec(&mut errors, &new.spec, &spec);
            storage::claim_update(&mut errors, new, old, &spec);
        }
        (Object::PersistentVolume(new), Object::PersistentVolume(old)) => {
            storage::volume_spec(&mut errors, &new.spec, &spec);
            storage::volume_update(&mut errors, &new.spec, &old.spec, &spec);
        }
        (Object::StorageClass(new), Object::StorageClass(old)) => storage::class_update(&mut errors, new, old),
        (Object::Kept(new), Object::Kept(old)) => kept::update(&mut errors, new, old),
        _ => {}
    }
    errors.list
}

/// What a status may not say, for the workloads whose numbers must fit together.
pub fn validate_status(object: &Object) -> Vec<FieldError> {
    let mut errors = Errors::default();
    match object {
        Object::DaemonSet(set) => daemon_set::status(&mut errors, &set.status),
        object => workloads::status(&mut errors, object),
    }
    errors.list
}

//! What the API server refuses, in its own words and in its own order.
//!
//! [`validate_create`] and [`validate_update`] take objects that are already defaulted. A valid object costs no
//! allocation: paths live on the stack until there is something to report.
//!
//! Upstream: `pkg/apis/*/validation`, `apimachinery/pkg/api/validation`, `apimachinery/pkg/util/validation`.

pub mod field;

mod cluster;
mod custom;
mod daemon_set;
mod diff;
mod drivers;
mod format;
mod kept;
mod meta;
mod names;
mod pod;
mod pod_dump;
mod pod_host;
mod pod_mounts;
mod pod_placement;
mod pod_resources;
mod pod_sources;
mod pod_update;
mod seldom;
mod selector;
mod service;
mod storage;
mod storage_sources;
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
        Object::Pod(pod) => pod::create(&mut errors, pod),
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
        Object::ResourceQuota(quota) => seldom::quota::spec(&mut errors, &quota.spec, &spec),
        Object::ConfigMap(map) => cluster::config_map(&mut errors, map),
        Object::PriorityClass(class) => cluster::priority_class(&mut errors, class),
        Object::Node(node) => cluster::node(&mut errors, node),
        Object::Namespace(namespace) => cluster::namespace(&mut errors, namespace),
        Object::Kept(object) => kept::create(&mut errors, object),
        Object::ServiceAccount(_) | Object::Event(_) | Object::VolumeAttachment(_) => {}
    }
    errors.list
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
        (Object::Pod(new), Object::Pod(old)) => pod_update::pod(&mut errors, new, old, &spec),
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
        (Object::ResourceQuota(new), Object::ResourceQuota(old)) => {
            seldom::quota::spec(&mut errors, &new.spec, &spec);
            seldom::quota::update(&mut errors, &new.spec, &old.spec, &spec);
        }
        (Object::ConfigMap(new), Object::ConfigMap(old)) => cluster::config_map_update(&mut errors, new, old),
        (Object::PriorityClass(new), Object::PriorityClass(old)) => {
            cluster::priority_class_update(&mut errors, new, old)
        }
        (Object::Node(new), Object::Node(old)) => cluster::node_update(&mut errors, new, old),
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

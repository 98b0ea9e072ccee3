//! How controllers make pods from a template and take them away, and what they tell about it.
//!
//! Upstream: `RealPodControl` in `pkg/controller/controller_utils.go`.

use super::expectations::Did;
use super::util::{controller_ref, is_namespace_terminating};
use crate::belief::api::shelf::Key;
use crate::belief::client::call::{Api, Stop};
use petri_objects::*;

/// Upstream: `createPods`.
///
/// # Errors
/// The API server's refusal, unless the pod would be gone at once with its namespace: that is neither an event nor a
/// failure.
pub fn create_pod<M>(about: &Object, pod: Pod, did: &mut Did, api: &mut Api<'_, M>) -> Result<(), Stop> {
    match api.create(pod)? {
        Ok(pod) => {
            did.create(pod.meta().resource_version);
            api.normal(about, "SuccessfulCreate", format!("Created pod: {}", pod.meta().name));
            Ok(())
        }
        Err(error) if is_namespace_terminating(&error) => Ok(()),
        Err(error) => {
            api.warning(about, "FailedCreate", format!("Error creating: {error}"));
            Err(Stop::Failed(error))
        }
    }
}

/// Upstream: `GetPodFromTemplate`.
pub fn pod_from_template(owner: &Object, template: &PodTemplateSpec) -> Pod {
    let meta = owner.meta();
    Pod {
        metadata: Meta {
            namespace: meta.namespace.clone(),
            labels: template.metadata.labels.clone(),
            annotations: template.metadata.annotations.clone(),
            finalizers: template.metadata.finalizers.clone(),
            generate_name: pods_prefix(&meta.name),
            owner_references: vec![controller_ref(owner)],
            ..Meta::default()
        },
        spec: template.spec.clone(),
        ..Pod::default()
    }
}

/// The dash makes names readable; a name too long for it does without.
///
/// Upstream: `getPodsPrefix`.
fn pods_prefix(controller_name: &Name) -> Name {
    let prefix = format!("{controller_name}-");
    if prefix.len() <= 253 { prefix.into() } else { controller_name.clone() }
}

/// Upstream: `DeletePod`.
///
/// # Errors
/// The API server's refusal, unless the pod is gone already.
pub fn delete_pod<M>(about: &Object, pod: &Pod, did: &mut Did, api: &mut Api<'_, M>) -> Result<(), Stop> {
    let name = &pod.metadata.name;
    match api.delete(Key::of(&pod.metadata).to_ref(Kind::Pod))? {
        Ok(_) => {
            did.delete(name.clone(), pod.metadata.uid);
            api.normal(about, "SuccessfulDelete", format!("Deleted pod: {name}"));
            Ok(())
        }
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) => {
            api.warning(about, "FailedDelete", format!("Error deleting: {error}"));
            Err(Stop::Failed(error))
        }
    }
}

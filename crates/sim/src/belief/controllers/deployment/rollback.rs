//! Going back by annotation, as very old clients ask for it; `kubectl rollout undo` replaces the template itself.
//!
//! Upstream: `pkg/controller/deployment/rollback.go`.

use super::sync::replica_sets_and_revision;
use super::util::*;
use crate::belief::client::call::{Api, Done, Outcome, Stop};
use petri_objects::*;
use std::rc::Rc;

/// Upstream: `rollback`.
pub fn rollback(deployment: &mut Deployment, sets: &[Rc<ReplicaSet>], api: &mut Api<'_>) -> Outcome {
    let all = replica_sets_and_revision(deployment, sets, true, api)?.all();
    let about = Object::from(deployment.clone());
    let wanted = match rollback_to(deployment) {
        Some(0) => last_revision(&all),
        wanted => wanted.unwrap_or(0),
    };
    if wanted == 0 {
        api.warning(&about, "DeploymentRollbackRevisionNotFound", "Unable to find last revision.");
        return clear_rollback_to(deployment, api);
    }
    let name = deployment.metadata.name.clone();
    let Some(set) = all.iter().find(|set| revision(&set.metadata) == Some(wanted)) else {
        api.warning(&about, "DeploymentRollbackRevisionNotFound", "Unable to find the revision to rollback to.");
        return clear_rollback_to(deployment, api);
    };
    if equal_ignore_hash(&deployment.spec.template, &set.spec.template) {
        let message = format!("The rollback revision contains the same template as current deployment \"{name}\"");
        api.warning(&about, "DeploymentRollbackTemplateUnchanged", message);
        return clear_rollback_to(deployment, api);
    }
    take_template(deployment, set);
    let done = clear_rollback_to(deployment, api)?;
    api.normal(&about, "DeploymentRollback", format!("Rolled back deployment \"{name}\" to revision {wanted}"));
    Ok(done)
}

/// Upstream: `SetFromReplicaSetTemplate`, `SetDeploymentAnnotationsTo`.
fn take_template(deployment: &mut Deployment, set: &ReplicaSet) {
    let spec = Rc::make_mut(&mut deployment.spec);
    spec.template = set.spec.template.clone();
    spec.template.metadata.labels.remove(HASH_LABEL);
    let own = deployment.metadata.annotations.iter().filter(|(key, _)| is_own_annotation(key));
    let copied = set.metadata.annotations.iter().filter(|(key, _)| !is_own_annotation(key));
    deployment.metadata.annotations = own.chain(copied).map(|(key, value)| (key.clone(), value.clone())).collect();
}

/// Upstream: `updateDeploymentAndClearRollbackTo`.
fn clear_rollback_to(deployment: &mut Deployment, api: &mut Api<'_>) -> Result<Done, Stop> {
    deployment.metadata.annotations.remove(ROLLBACK_TO);
    api.update(deployment.clone())??;
    Ok(Done::settled())
}

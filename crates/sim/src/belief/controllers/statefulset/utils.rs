//! Identity of a StatefulSet's pods: name, ordinal, labels, claims.
//!
//! Upstream: `pkg/controller/statefulset/stateful_set_utils.go`.

use crate::belief::api::shelf::{Key, Objects};
use crate::ground::clock::Time;
use petri_objects::order::Order as _;
use petri_objects::*;
use std::rc::Rc;

pub const REVISION_LABEL: &str = "controller-revision-hash";
pub const POD_NAME_LABEL: &str = "statefulset.kubernetes.io/pod-name";
pub const POD_INDEX_LABEL: &str = "apps.kubernetes.io/pod-index";

/// `web-1-2` is ordinal 2 of `web-1`; `None` for a name that ends in no number.
///
/// Upstream: `getParentNameAndOrdinal`.
pub fn parent_and_ordinal(pod: &str) -> Option<(&str, i32)> {
    let (parent, number) = pod.rsplit_once('-')?;
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(())?;
    Some((parent, number.parse().ok()?))
}

/// The ordinal in a pod's name.
pub fn ordinal_of(pod: &str) -> Option<i32> {
    parent_and_ordinal(pod).map(|(_, ordinal)| ordinal)
}

pub fn is_member_of(set: &StatefulSet, pod: &Pod) -> bool {
    parent_and_ordinal(&pod.metadata.name).is_some_and(|(parent, _)| parent == &*set.metadata.name)
}

pub fn pod_name(set: &StatefulSet, ordinal: i32) -> Name {
    format!("{}-{ordinal}", set.metadata.name).into()
}

pub fn claim_name(set: &StatefulSet, template: &PersistentVolumeClaim, ordinal: i32) -> Name {
    format!("{}-{}-{ordinal}", template.metadata.name, set.metadata.name).into()
}

/// The revision that a pod was made from; empty if it does not say.
pub fn pod_revision(pod: &Pod) -> &str {
    pod.metadata.labels.get(REVISION_LABEL).map_or("", |revision| revision)
}

/// The claims of an ordinal, by template name.
///
/// Deviation: upstream walks a map in random order; ours is sorted by the template's name.
pub fn claims_of(set: &StatefulSet, ordinal: i32) -> Vec<PersistentVolumeClaim> {
    let mut templates: Vec<&PersistentVolumeClaim> = set.spec.volume_claim_templates.iter().collect();
    templates.order_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
    templates
        .into_iter()
        .map(|template| {
            let mut claim = template.clone();
            claim.metadata.name = claim_name(set, template, ordinal);
            claim.metadata.namespace = set.metadata.namespace.clone();
            if let Some(selector) = &set.spec.selector {
                for (key, value) in selector.match_labels.iter() {
                    claim.metadata.labels.insert(key.clone(), value.clone());
                }
            }
            claim
        })
        .collect()
}

/// A pod as it should be created: name, labels, host name and claims on top of the template of a revision.
///
/// Upstream: `newStatefulSetPod`, `initIdentity`, `updateStorage`.
pub fn new_pod(set: &StatefulSet, template: &PodTemplateSpec, revision: &str, ordinal: i32) -> Pod {
    let name = pod_name(set, ordinal);
    let mut pod = Pod::default();
    pod.metadata.labels = template.metadata.labels.clone();
    pod.metadata.annotations = template.metadata.annotations.clone();
    pod.metadata.finalizers = template.metadata.finalizers.clone();
    pod.metadata.generate_name = format!("{}-", set.metadata.name).into();
    pod.metadata.owner_references = vec![owner_reference(set)];
    pod.metadata.labels.insert(REVISION_LABEL, revision);
    let mut spec = (*template.spec).clone();
    spec.hostname = name;
    spec.subdomain = set.spec.service_name.clone();
    pod.spec = Rc::new(spec);
    update_identity(set, &mut pod, ordinal);
    update_storage(set, &mut pod, ordinal);
    pod
}

fn owner_reference(set: &StatefulSet) -> OwnerReference {
    OwnerReference {
        api_version: "apps/v1".into(),
        kind: "StatefulSet".into(),
        name: set.metadata.name.clone(),
        uid: set.metadata.uid,
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// Whether name and identity labels are as they should be.
pub fn identity_matches(set: &StatefulSet, pod: &Pod) -> bool {
    let Some((parent, digits)) = pod.metadata.name.rsplit_once('-') else { return false };
    // The ordinal as a number is written, or the name is another one.
    parent == &*set.metadata.name
        && ordinal_of(&pod.metadata.name).is_some()
        && (digits == "0" || !digits.starts_with('0'))
        && pod.metadata.namespace == set.metadata.namespace
        && pod.metadata.labels.get(POD_NAME_LABEL) == Some(&pod.metadata.name)
        && pod.metadata.labels.get(POD_INDEX_LABEL).is_some_and(|index| **index == *digits)
}

pub fn update_identity(set: &StatefulSet, pod: &mut Pod, ordinal: i32) {
    let name = pod_name(set, ordinal);
    pod.metadata.name = name.clone();
    pod.metadata.namespace = set.metadata.namespace.clone();
    pod.metadata.labels.insert(POD_NAME_LABEL, name);
    pod.metadata.labels.insert(POD_INDEX_LABEL, ordinal.to_string());
}

/// Whether every claim template has its volume.
pub fn storage_matches(set: &StatefulSet, pod: &Pod) -> bool {
    let Some(ordinal) = ordinal_of(&pod.metadata.name) else { return false };
    set.spec.volume_claim_templates.iter().all(|template| {
        let wanted = claim_name(set, template, ordinal);
        pod.spec.volumes.iter().any(|volume| {
            volume.name == template.metadata.name
                && volume.persistent_volume_claim.as_ref().is_some_and(|source| source.claim_name == wanted)
        })
    })
}

pub fn update_storage(set: &StatefulSet, pod: &mut Pod, ordinal: i32) {
    if set.spec.volume_claim_templates.is_empty() {
        return;
    }
    let mut templates: Vec<&PersistentVolumeClaim> = set.spec.volume_claim_templates.iter().collect();
    templates.order_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
    let mut volumes: Vec<Volume> = templates
        .iter()
        .map(|template| Volume {
            name: template.metadata.name.clone(),
            persistent_volume_claim: Some(ClaimVolumeSource {
                claim_name: claim_name(set, template, ordinal),
                read_only: false,
            }),
            ..Volume::default()
        })
        .collect();
    let spec = Rc::make_mut(&mut pod.spec);
    // A volume of the template with the name of a claim template is replaced.
    volumes.extend(spec.volumes.iter().filter(|v| !templates.iter().any(|t| t.metadata.name == v.name)).cloned());
    spec.volumes = volumes;
}

/// Not available, or about to go.
///
/// Upstream: `isUnavailable`.
pub fn is_unavailable(pod: &Pod, min_ready_seconds: i32, now: Time) -> bool {
    !pod.is_available(min_ready_seconds, now) || pod.is_terminating()
}

fn policy(set: &StatefulSet) -> (bool, bool) {
    let policy = set.spec.persistent_volume_claim_retention_policy.as_ref();
    let deletes = |word: Option<&Name>| word.is_some_and(|w| &**w == "Delete");
    (deletes(policy.map(|p| &p.when_deleted)), deletes(policy.map(|p| &p.when_scaled)))
}

fn is_in_range(set: &StatefulSet, ordinal: i32) -> bool {
    ordinal >= set.start_ordinal() && ordinal < set.start_ordinal() + set.replicas()
}

/// Who should own the claims of a pod (section 2.10): the set, the pod, or nobody.
fn wanted_owner(set: &StatefulSet, pod: &Pod) -> Option<OwnerReference> {
    let (when_deleted, when_scaled) = policy(set);
    let condemned = ordinal_of(&pod.metadata.name).is_some_and(|ordinal| !is_in_range(set, ordinal));
    if condemned && when_scaled {
        return Some(OwnerReference {
            api_version: "v1".into(),
            kind: "Pod".into(),
            name: pod.metadata.name.clone(),
            uid: pod.metadata.uid,
            controller: Some(true),
            block_owner_deletion: Some(true),
        });
    }
    when_deleted.then(|| owner_reference(set))
}

/// Whether a reference names the set, whatever its uid.
///
/// Upstream: `matchesRef`.
fn names_set(owner: &OwnerReference, set: &StatefulSet) -> bool {
    &*owner.api_version == "apps/v1" && &*owner.kind == "StatefulSet" && owner.name == set.metadata.name
}

fn names_pod(owner: &OwnerReference, pod: &Pod) -> bool {
    &*owner.api_version == "v1" && &*owner.kind == "Pod" && owner.name == pod.metadata.name
}

/// STS-31: a reference to an earlier set or pod of the same name.
pub fn has_stale_owner(set: &StatefulSet, pod: &Pod, claim: &PersistentVolumeClaim) -> bool {
    claim.metadata.owner_references.iter().any(|owner| {
        (names_set(owner, set) && owner.uid != set.metadata.uid)
            || (names_pod(owner, pod) && owner.uid != pod.metadata.uid)
    })
}

/// STS-32: somebody else controls the claim. That is nothing to a set that keeps its claims in any case.
pub fn has_unexpected_controller(set: &StatefulSet, pod: &Pod, claim: &PersistentVolumeClaim) -> bool {
    policy(set) != (false, false)
        && claim.metadata.controller().is_some_and(|owner| !names_set(owner, set) && !names_pod(owner, pod))
}

/// The claim with the owner that the retention policy asks for; `None` if it has it already.
///
/// Upstream: `isClaimOwnerUpToDate`, `updateClaimOwnerRefForSetAndPod`.
pub fn with_wanted_owner(set: &StatefulSet, pod: &Pod, claim: &PersistentVolumeClaim) -> Option<PersistentVolumeClaim> {
    let wanted = if has_unexpected_controller(set, pod, claim) { None } else { wanted_owner(set, pod) };
    let is_ours = |owner: &OwnerReference| names_set(owner, set) || names_pod(owner, pod);
    let same = |owner: &OwnerReference, wanted: &OwnerReference| {
        owner.uid == wanted.uid && is_ours(owner) && owner.controller == Some(true)
    };
    let ours: Vec<&OwnerReference> = claim.metadata.owner_references.iter().filter(|owner| is_ours(owner)).collect();
    let up_to_date = match (&ours[..], &wanted) {
        ([], None) => true,
        ([owner], Some(wanted)) => same(owner, wanted),
        _ => false,
    };
    if up_to_date {
        return None;
    }
    let mut updated = claim.clone();
    updated.metadata.owner_references.retain(|owner| !is_ours(owner));
    updated.metadata.owner_references.extend(wanted);
    Some(updated)
}

/// The stored claims of a pod.
pub fn stored_claims(set: &StatefulSet, pod: &Pod, cache: &Objects) -> Vec<Rc<PersistentVolumeClaim>> {
    let Some(ordinal) = ordinal_of(&pod.metadata.name) else { return Vec::new() };
    let key = Key::of(&set.metadata);
    set.spec
        .volume_claim_templates
        .iter()
        .filter_map(|template| cache.claims.get(&key.sibling(claim_name(set, template, ordinal))).cloned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_greedily() {
        assert_eq!(parent_and_ordinal("web-0"), Some(("web", 0)));
        assert_eq!(parent_and_ordinal("web-1-2"), Some(("web-1", 2)));
        assert_eq!(parent_and_ordinal("web-01"), Some(("web", 1)));
        assert_eq!(parent_and_ordinal("web-99999999999"), None);
        assert_eq!(parent_and_ordinal("web"), None);
        assert_eq!(parent_and_ordinal("web-x"), None);
    }
}

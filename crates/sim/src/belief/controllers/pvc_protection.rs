//! A claim that is being deleted stays until the last pod that uses it is gone.
//!
//! Upstream: `pkg/controller/volume/pvcprotection`.

use crate::belief::api::request::Patch;
use crate::belief::api::shelf::Key;
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Done, Outcome};
use crate::belief::client::informer::Enqueue;
use crate::words::reason::Reason;
use petri_objects::{Kind, Meta, Name, Object, Pod, Value};

pub const FINALIZER: &str = "kubernetes.io/pvc-protection";

pub fn enqueue(change: &Change, keys: &mut Enqueue<'_>) {
    match change.object() {
        Object::PersistentVolumeClaim(claim)
            if change.new.is_some() && claim.metadata.is_terminating() == claim.metadata.has_finalizer(FINALIZER) =>
        {
            keys.add(Key::of(&claim.metadata));
        }
        Object::Pod(pod) => {
            for claim in claims_let_go(change, pod) {
                let key = Key::new(pod.metadata.namespace.clone(), claim);
                if keys.cache.claims.get(&key).is_some_and(|claim| claim.metadata.is_terminating()) {
                    keys.add(key);
                }
            }
        }
        _ => {}
    }
}

/// The claims that the pod may have been the last to use.
fn claims_let_go(change: &Change, pod: &Pod) -> Vec<Name> {
    if change.new.is_none() || pod.phase().is_terminal() { pod.claims().cloned().collect() } else { Vec::new() }
}

pub fn sync(key: &Key, api: &mut Api<'_>) -> Outcome {
    let cache = api.cache();
    let Some(claim) = cache.claims.get(key) else { return Ok(Done::settled()) };
    let target = key.to_ref(Kind::PersistentVolumeClaim);
    if !claim.metadata.is_terminating() {
        if !claim.metadata.has_finalizer(FINALIZER) {
            api.patch(target, Some(claim.metadata.uid), with_finalizer(&claim.metadata, FINALIZER))??;
        }
        return Ok(Done::settled());
    }
    if !claim.metadata.has_finalizer(FINALIZER) {
        return Ok(Done::settled());
    }
    // Finished and stopping pods count too, for as long as their objects exist; pods without a node do not.
    let mut pods = cache.pods.in_namespace(&key.namespace);
    if let Some(user) = pods.find(|pod| pod.is_scheduled() && pod.claims().any(|claim| *claim == key.name)) {
        let (claim, pod) = (key.name.clone(), user.metadata.name.clone());
        return Ok(Done::waiting(Reason::ClaimInUse { claim, pod }));
    }
    api.patch(target, Some(claim.metadata.uid), Patch::RemoveFinalizer(FINALIZER.into()))??;
    Ok(Done::settled())
}

/// A patch that adds one finalizer to those that the object has.
pub(super) fn with_finalizer(meta: &Meta, finalizer: &str) -> Patch {
    let finalizers = meta.finalizers.iter().map(|f| &**f).chain([finalizer]).map(Value::from).collect();
    let metadata = [("finalizers".into(), Value::List(finalizers))].into_iter().collect();
    let value = Value::Map([("metadata".into(), Value::Map(metadata))].into_iter().collect());
    Patch::Merge { value, status: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::belief::controllers::testing::{Bench, NOW, agree};
    use petri_objects::{ClaimVolumeSource, PersistentVolumeClaim, Phase, PodSpec, PodStatus, Volume};
    use std::rc::Rc;

    fn claim() -> PersistentVolumeClaim {
        let mut claim = PersistentVolumeClaim::default();
        claim.metadata.name = "data".into();
        claim.metadata.namespace = "default".into();
        claim.metadata.deletion_timestamp = NOW;
        claim.metadata.finalizers.push(FINALIZER.into());
        claim
    }
    fn pod(node: &str) -> Pod {
        let source = ClaimVolumeSource { claim_name: "data".into(), read_only: false };
        let volumes = vec![Volume { persistent_volume_claim: Some(source), ..Volume::default() }];
        Pod {
            metadata: Meta { name: "web-0".into(), namespace: "default".into(), ..Meta::default() },
            spec: Rc::new(PodSpec { node_name: node.into(), volumes, ..PodSpec::default() }),
            status: Rc::new(PodStatus { phase: Phase::Succeeded, ..PodStatus::default() }),
        }
    }

    #[test]
    fn a_claim_goes_when_no_pod_with_a_node_uses_it() {
        let key = Key::new("default", "data");
        let mut bench = Bench::new([claim().into(), pod("node-1").into()]);
        let answer = agree(&bench.cache);
        let kept = bench.sync(sync, &key, answer);
        assert_eq!(kept.verdict(), "ClaimInUse", "a finished pod counts for as long as its object exists");

        let mut bench = Bench::new([claim().into(), pod("").into()]);
        let answer = agree(&bench.cache);
        let let_go = bench.sync(sync, &key, answer);
        assert_eq!(
            let_go.requests(),
            ["patch persistentvolumeclaim/data remove-finalizer kubernetes.io/pvc-protection"]
        );
        let woken = bench.enqueue(enqueue, Some(pod("node-1").into()), None);
        assert_eq!(woken.len(), 1, "the end of a pod wakes its claims");
    }

    #[test]
    fn a_claim_without_the_finalizer_gets_it() {
        let mut bare = claim();
        bare.metadata.deletion_timestamp = petri_objects::Time::ZERO;
        bare.metadata.finalizers = vec!["example.com/other".into()];
        let mut bench = Bench::new([bare.clone().into()]);
        let answer = agree(&bench.cache);
        let run = bench.sync(sync, &Key::new("default", "data"), answer);
        assert_eq!(run.requests(), ["patch persistentvolumeclaim/data merge"]);
        let patch = with_finalizer(&bare.metadata, FINALIZER);
        let Patch::Merge { value, status: false } = patch else { panic!("a merge patch") };
        assert_eq!(
            value.to_json(),
            r#"{"metadata":{"finalizers":["example.com/other","kubernetes.io/pvc-protection"]}}"#
        );
    }
}

//! A volume that is being deleted stays for as long as it is bound to a claim.
//!
//! Upstream: `pkg/controller/volume/pvprotection`.

use super::pvc_protection::with_finalizer;
use crate::belief::api::request::Patch;
use crate::belief::api::shelf::Key;
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Done, Outcome};
use crate::belief::client::informer::Enqueue;
use crate::words::reason::Reason;
use petri_objects::{Kind, Object};

pub const FINALIZER: &str = "kubernetes.io/pv-protection";

pub fn enqueue(change: &Change, keys: &mut Enqueue<'_>) {
    if let Some(Object::PersistentVolume(volume)) = &change.new
        && volume.metadata.is_terminating() == volume.metadata.has_finalizer(FINALIZER)
    {
        keys.add(Key::of(&volume.metadata));
    }
}

pub fn sync(key: &Key, api: &mut Api<'_>) -> Outcome {
    let cache = api.cache();
    let Some(volume) = cache.volumes.get(key) else { return Ok(Done::settled()) };
    let (meta, target) = (&volume.metadata, key.to_ref(Kind::PersistentVolume));
    match (meta.is_terminating(), meta.has_finalizer(FINALIZER)) {
        (false, false) => {
            api.patch(target, Some(meta.uid), with_finalizer(meta, FINALIZER))??;
        }
        (true, true) if &*volume.status.phase == "Bound" => {
            return Ok(Done::waiting(Reason::VolumeInUse { volume: key.name.clone() }));
        }
        (true, true) => {
            api.patch(target, Some(meta.uid), Patch::RemoveFinalizer(FINALIZER.into()))??;
        }
        (false, true) | (true, false) => {}
    }
    Ok(Done::settled())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::belief::controllers::testing::{Bench, NOW, agree};
    use petri_objects::PersistentVolume;

    #[test]
    fn a_bound_volume_stays_and_a_released_one_goes() {
        let verdict = |phase: &str| {
            let mut volume = PersistentVolume::default();
            volume.metadata.name = "pv".into();
            volume.metadata.deletion_timestamp = NOW;
            volume.metadata.finalizers.push(FINALIZER.into());
            volume.status.phase = phase.into();
            let mut bench = Bench::new([volume.into()]);
            let answer = agree(&bench.cache);
            let run = bench.sync(sync, &Key::new("", "pv"), answer);
            (run.verdict(), run.requests().join("; "))
        };
        assert_eq!(verdict("Bound"), ("VolumeInUse".into(), String::new()));
        let removed = "patch persistentvolume/pv remove-finalizer kubernetes.io/pv-protection";
        assert_eq!(verdict("Released"), (String::new(), removed.into()));
    }
}

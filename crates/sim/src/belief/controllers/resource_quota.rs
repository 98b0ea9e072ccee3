//! Counts what the objects of a namespace use of its quotas.
//!
//! The API server adds what it lets in; this controller takes away what has gone, and counts everything anew every five
//! minutes.
//!
//! Upstream: `pkg/controller/resourcequota`.

use crate::belief::api::quota;
use crate::belief::api::shelf::Key;
use crate::belief::api::watch::Change;
use crate::belief::client::call::{Api, Done, Outcome};
use crate::belief::client::informer::Enqueue;
use crate::ground::clock::Span;
use crate::ground::settings::Settings;
use petri_objects::Object;
use std::rc::Rc;

/// `--resource-quota-sync-period`.
const RESYNC: Span = Span::seconds(300);

/// The key of the round that looks at all quotas; no object has an empty name.
fn everything() -> Key {
    Key::default()
}

pub fn periods(_: &Settings) -> Vec<(Key, Span)> {
    vec![(everything(), RESYNC)]
}

/// Upstream: `addQuota`, and `QuotaMonitor` for what gives something back.
pub fn enqueue(change: &Change, keys: &mut Enqueue<'_>) {
    if keys.cache.quotas.is_empty() {
        return;
    }
    match (&change.old, &change.new) {
        (Some(Object::ResourceQuota(old)), Some(Object::ResourceQuota(new))) if old.spec == new.spec => {}
        (_, Some(Object::ResourceQuota(new))) => keys.add(Key::of(&new.metadata)),
        (Some(gone), None) => quotas_of(gone, keys),
        (Some(Object::Pod(old)), Some(Object::Pod(new)))
            if quota::counts(old, keys.now) && !quota::counts(new, keys.now) =>
        {
            quotas_of(&Object::Pod(new.clone()), keys);
        }
        _ => {}
    }
}

fn quotas_of(object: &Object, keys: &mut Enqueue<'_>) {
    let quotas = keys.cache.quotas.in_namespace(&object.meta().namespace);
    let found: Vec<Key> = quotas.map(|quota| Key::of(&quota.metadata)).collect();
    found.into_iter().for_each(|key| keys.add(key));
}

/// Upstream: `syncResourceQuota`.
pub fn sync(key: &Key, api: &mut Api<'_>) -> Outcome {
    let cache = api.cache();
    let quotas = match *key == everything() {
        true => cache.quotas.values().cloned().collect(),
        false => cache.quotas.get(key).cloned().into_iter().collect::<Vec<_>>(),
    };
    for stored in quotas {
        let used = quota::total(&stored, &cache, api.now);
        if stored.status.hard == stored.spec.hard && stored.status.used == used {
            continue;
        }
        let mut counted = (*stored).clone();
        let status = Rc::make_mut(&mut counted.status);
        status.hard = stored.spec.hard.clone();
        status.used = used;
        api.update_status(counted)??;
    }
    Ok(Done::settled())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::belief::controllers::testing::{Bench, agree, meta};
    use petri_objects::{Quantity, ResourceQuota};

    fn pod(name: &str) -> Object {
        petri_objects::Pod { metadata: meta(name, 0), ..petri_objects::Pod::default() }.into()
    }

    #[test]
    fn what_is_there_is_counted_and_told_once() {
        let mut quota = ResourceQuota { metadata: meta("q", 0), ..ResourceQuota::default() };
        Rc::make_mut(&mut quota.spec).hard.insert("pods".into(), Quantity("5".into()));
        let key = Key::of(&quota.metadata);
        let pods = ["a", "b"].map(pod);
        let mut bench = Bench::new(pods.into_iter().chain([quota.into()]));
        let answer = agree(&bench.cache);
        let run = bench.sync(sync, &key, answer);
        assert_eq!(run.requests(), ["status resourcequota/q"]);
        let told = run.sent::<ResourceQuota>()[0].clone();
        assert_eq!(&*told.status.used["pods"].0, "2");
        let mut bench = Bench::new(["a", "b"].map(pod).into_iter().chain([told.into()]));
        let answer = agree(&bench.cache);
        assert!(bench.sync(sync, &key, answer).requests().is_empty());
    }
}

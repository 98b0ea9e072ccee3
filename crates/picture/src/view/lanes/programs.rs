//! What processes do by themselves, as spans: who holds a lock, what a client hears, what a disk makes of records.

use super::spans::{Bar, Lane, LaneKey, Span, close};
use petri_objects::{Name, Object, Time, Uid};
use petri_sim::reality::workload::election;
use petri_sim::words::identity::Identity;
use petri_sim::words::note::{CallResult, ProgramChange, Verb, Verdict};
use std::collections::BTreeMap;

/// What is told of each lane.
type Lanes = BTreeMap<LaneKey, Lane>;

/// The namespace of the Leases by which nodes show that they live.
const NODES: &str = "kube-node-lease";

/// A Lease or a ConfigMap was written: it may be the record of a lock.
#[inline(never)]
pub(super) fn written_record(lanes: &mut Lanes, at: Time, verb: Verb, object: &Object) {
    let meta = object.meta();
    if *meta.namespace == *NODES {
        return;
    }
    let word = if matches!(object, Object::Lease(_)) { "lease" } else { "configmap" };
    let lock: Name = format!("{}/{word}/{}", meta.namespace, meta.name).into();
    let known = election::record(object).filter(|known| verb != Verb::Deleted && !known.holder.is_empty());
    match known {
        // Renewals are not told, so nobody knows here when it runs out: it names its holder until it names another.
        Some(known) => record(lanes, at, &lock, Some(&known.holder), None),
        None => record(lanes, at, &lock, None, None),
    }
}

/// Whom the record of a lock names from now on, until it ends by itself.
pub(super) fn record(lanes: &mut Lanes, at: Time, lock: &Name, holder: Option<&Name>, until: Option<Time>) {
    let key = LaneKey::Lock(lock.clone());
    let Some(holder) = holder else {
        if let Some(lane) = lanes.get_mut(&key) {
            end_last(&mut lane.belief, at);
        }
        return;
    };
    let belief = &mut lanes.entry(key).or_default().belief;
    match belief.last_mut().filter(|last| last.who == *holder && last.to.is_none_or(|to| to >= at)) {
        // Renewed.
        Some(last) => last.to = until,
        None => {
            end_last(belief, at);
            let span = Span::begins(Bar::Record, at, Uid(0), Name::default());
            belief.push(Span { who: holder.clone(), to: until, ..span });
        }
    }
}

/// The lanes in which something lasts that ends with a pod's processes.
#[derive(Clone, Debug, Default)]
pub(super) struct Acting(Vec<(Uid, LaneKey)>);

impl Acting {
    /// A process does something else than before. Answers what of it is worth a pin, and on which lane: a lock that
    /// changes hands.
    #[inline(never)]
    pub(super) fn program(
        &mut self,
        lanes: &mut Lanes,
        at: Time,
        (node, identity, uid): (&Name, &Identity, Uid),
        change: &ProgramChange,
    ) -> Option<(String, LaneKey)> {
        let span = |bar, who: Name| Span { who, ..Span::begins(bar, at, uid, node.clone()) };
        match change {
            ProgramChange::Leads { lock, id, .. } => {
                let key = LaneKey::Lock(lock.clone());
                let reality = &mut lanes.entry(key.clone()).or_default().reality;
                let before = reality.last().map(|last| last.who.clone());
                reality.push(span(Bar::Acts, id.clone()));
                self.acts(uid, &key);
                if before.is_some_and(|before| before != *id) {
                    let name = lock.rsplit('/').next().unwrap_or(lock);
                    return Some((format!("{} leads {name}", identity.pod), key));
                }
            }
            ProgramChange::Yields { lock } => {
                if let Some(lane) = lanes.get_mut(&LaneKey::Lock(lock.clone())) {
                    close(&mut lane.reality, at, |span| span.uid == uid);
                }
            }
            ProgramChange::Called { target, result } => {
                let key = LaneKey::Client { namespace: identity.namespace.clone(), pod: identity.pod.clone() };
                let lane: &mut Lane = lanes.entry(key.clone()).or_default();
                lane.calls = target.clone();
                close(&mut lane.belief, at, |_| true);
                lane.belief.push(match result {
                    CallResult::Answered(..) => span(Bar::Answered, Name::default()),
                    CallResult::NoName => span(Bar::Unanswered, "no such name".into()),
                    CallResult::NoAddress => span(Bar::Unanswered, "nobody is ready".into()),
                    CallResult::NoAnswer(address) => span(Bar::Unanswered, format!("no answer at {address}").into()),
                });
                self.acts(uid, &key);
            }
            ProgramChange::Wrote { volume, verdict, .. } => {
                let key = LaneKey::Volume(volume.clone());
                let reality = &mut lanes.entry(key.clone()).or_default().reality;
                close(reality, at, |span| span.uid == uid);
                let bar = match verdict {
                    Verdict::Accepted => Bar::Taken,
                    Verdict::AcceptedStale => Bar::Stale,
                    Verdict::RefusedOldToken | Verdict::RefusedNoToken | Verdict::RefusedReadOnly => Bar::Refused,
                };
                reality.push(span(bar, identity.pod.clone()));
                self.acts(uid, &key);
            }
        }
        None
    }

    fn acts(&mut self, uid: Uid, key: &LaneKey) {
        if !self.0.iter().any(|(other, known)| *other == uid && known == key) {
            self.0.push((uid, key.clone()));
        }
    }

    /// The last process of a pod has ended, and with it what it did.
    pub(super) fn stops(&mut self, lanes: &mut Lanes, at: Time, uid: Uid) {
        for (_, key) in self.0.iter().filter(|(other, _)| *other == uid) {
            if let Some(lane) = lanes.get_mut(key) {
                close(&mut lane.reality, at, |span| span.uid == uid);
                if matches!(key, LaneKey::Client { .. }) {
                    close(&mut lane.belief, at, |span| span.uid == uid);
                }
            }
        }
        self.0.retain(|(other, _)| *other != uid);
    }
}

/// A record ends when it says so, or now.
fn end_last(belief: &mut [Span], at: Time) {
    if let Some(last) = belief.last_mut().filter(|last| last.to.is_none_or(|to| to > at)) {
        last.to = Some(at);
    }
}

//! Upstream's own tables for binding, provisioning, deleting and recycling: `binder_test.go` (`TestSync`,
//! `TestMultiSync`), `provision_test.go` (`TestProvisionSync`), `delete_test.go`, `recycle_test.go` and
//! `pv_controller_test.go` (`TestRetroactiveStorageClassAssignment`) of `pkg/controller/volume/persistentvolume`. Rows
//! bear upstream's numbers; those with words of their own stand between them.
//!
//! Volumes that a plugin inside of Kubernetes makes, recycles or deletes are not simulated.

use super::*;
use crate::belief::api::request::{Patch, Request};
use crate::belief::controllers::testing::{Bench, NOW, agree};
use petri_objects::*;
use std::rc::Rc;

/// `pv 10Gi Available for=data#7 ctl class=gold Delete`: a volume. Words that may follow: `made` by a driver,
/// `labelled`, `block`, `leaving`, `vac=NAME`. The policy is Retain if none is named.
pub(super) fn volume(text: &str) -> PersistentVolume {
    let mut words = text.split(' ');
    let mut next = || words.next().expect("a name, a size and a phase");
    let (name, size, phase) = (next(), next(), next());
    let mut volume = PersistentVolume {
        metadata: Meta { name: name.into(), uid: Uid(900), ..Meta::default() },
        status: PersistentVolumeStatus { phase: phase.into(), ..PersistentVolumeStatus::default() },
        ..PersistentVolume::default()
    };
    let meta = &mut volume.metadata;
    let spec = Rc::make_mut(&mut volume.spec);
    spec.capacity = [(Name::from("storage"), Quantity(size.into()))].into_iter().collect();
    spec.persistent_volume_reclaim_policy = "Retain".into();
    for word in words {
        match word.split_once('=') {
            Some(("for", claim)) => {
                let (name, uid) = claim.split_once('#').unwrap_or((claim, "0"));
                spec.claim_ref = Some(ObjectReference {
                    namespace: "default".into(),
                    name: name.into(),
                    uid: Uid(uid.parse().expect("a number")),
                    ..ObjectReference::default()
                });
            }
            Some(("class", class)) => spec.storage_class_name = class.into(),
            Some(("vac", class)) => spec.volume_attributes_class_name = Some(class.into()),
            _ => match word {
                "ctl" => meta.annotations.insert(BOUND_BY_CONTROLLER, "yes"),
                "made" => meta.annotations.insert(PROVISIONED_BY, "sim.csi"),
                "labelled" => meta.labels = [("foo", "true"), ("bar", "false")].into_iter().collect(),
                "block" => spec.volume_mode = "Block".into(),
                "leaving" => meta.deletion_timestamp = NOW,
                "rwo" => spec.access_modes.push("ReadWriteOnce".into()),
                "rox" => spec.access_modes.push("ReadOnlyMany".into()),
                "rwx" => spec.access_modes.push("ReadWriteMany".into()),
                policy => spec.persistent_volume_reclaim_policy = policy.into(),
            },
        }
    }
    if spec.access_modes.is_empty() {
        spec.access_modes.push("ReadWriteOnce".into());
    }
    volume
}

/// `10Gi Pending vol=pv ctl done class=gold`: the claim `data` with the uid 7. Words that may follow: `selects` labels,
/// `block`, `asked` its driver, `gives=SIZE` in its status, `node=NAME`, `vac=NAME`, `class=` for the empty class.
pub(super) fn claim(text: &str) -> PersistentVolumeClaim {
    let mut words = text.split(' ');
    let (size, phase) = (words.next().expect("a size"), words.next().expect("a phase"));
    let storage = |size: &str| (Name::from("storage"), Quantity(size.into()));
    let mut claim = PersistentVolumeClaim {
        metadata: Meta { name: "data".into(), namespace: "default".into(), uid: Uid(7), ..Meta::default() },
        status: PersistentVolumeClaimStatus { phase: phase.into(), ..PersistentVolumeClaimStatus::default() },
        ..PersistentVolumeClaim::default()
    };
    let (notes, status) = (&mut claim.metadata.annotations, &mut claim.status);
    let spec = Rc::make_mut(&mut claim.spec);
    spec.resources.requests = [storage(size)].into_iter().collect();
    for word in words {
        match word.split_once('=') {
            Some(("vol", volume)) => spec.volume_name = volume.into(),
            Some(("class", class)) => spec.storage_class_name = Some(class.into()),
            Some(("vac", class)) => spec.volume_attributes_class_name = Some(class.into()),
            Some(("gives", size)) => status.capacity = [storage(size)].into_iter().collect(),
            Some(("node", node)) => notes.insert(SELECTED_NODE, node),
            _ => match word {
                "ctl" => notes.insert(BOUND_BY_CONTROLLER, "yes"),
                "done" => notes.insert(BIND_COMPLETED, "yes"),
                "asked" => notes.insert(STORAGE_PROVISIONER, "sim.csi"),
                "block" => spec.volume_mode = "Block".into(),
                "rwo" => spec.access_modes.push("ReadWriteOnce".into()),
                "rox" => spec.access_modes.push("ReadOnlyMany".into()),
                "rwx" => spec.access_modes.push("ReadWriteMany".into()),
                "selects" => {
                    let labels = [("foo", "true"), ("bar", "false")].into_iter().collect();
                    spec.selector = Some(LabelSelector { match_labels: labels, ..LabelSelector::default() });
                }
                other => panic!("{other}"),
            },
        }
    }
    if spec.access_modes.is_empty() {
        spec.access_modes.push("ReadWriteOnce".into());
    }
    claim
}

/// What a test looks at: everything that these controllers write.
fn show_volume(volume: &PersistentVolume) -> String {
    let (notes, spec) = (&volume.metadata.annotations, &volume.spec);
    let named = spec.claim_ref.as_ref().map_or("nobody".into(), |claim| format!("{}#{}", claim.name, claim.uid.0));
    let by_controller = notes.get(BOUND_BY_CONTROLLER).is_some();
    format!("{} {} for {named}, by the controller: {by_controller}", volume.metadata.name, volume.status.phase)
}

fn show_claim(claim: &PersistentVolumeClaim) -> String {
    let (notes, has) = (&claim.metadata.annotations, |key: &str| claim.metadata.annotations.get(key).is_some());
    let given = claim.status.capacity.get("storage").map_or("nothing", |size| &*size.0);
    format!(
        "{} on \"{}\", class {}, by the controller: {}, done: {}, asked {}, gives {given}",
        claim.status.phase,
        claim.spec.volume_name,
        claim.spec.storage_class_name.as_deref().map_or("unset".into(), |class| format!("\"{class}\"")),
        has(BOUND_BY_CONTROLLER),
        has(BIND_COMPLETED),
        notes.get(STORAGE_PROVISIONER).map_or("nobody", |driver| driver)
    )
}

fn class(name: &str, provisioner: &str, waits: bool) -> StorageClass {
    let mode = if waits { "WaitForFirstConsumer" } else { "Immediate" };
    StorageClass {
        metadata: Meta { name: name.into(), ..Meta::default() },
        provisioner: provisioner.into(),
        volume_binding_mode: Some(mode.into()),
        ..StorageClass::default()
    }
}

/// Whose sync is run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Claim,
    /// The volume `pv`.
    Volume,
}
use Of::{Claim, Volume};

struct Row {
    number: &'static str,
    of: Of,
    volumes: &'static [&'static str],
    volumes_after: &'static [&'static str],
    /// Empty if there is none.
    claim: &'static str,
    claim_after: &'static str,
    events: &'static [&'static str],
}

type Volumes = &'static [&'static str];

const fn row(
    number: &'static str,
    of: Of,
    [volumes, volumes_after]: [Volumes; 2],
    [claim, claim_after]: [&'static str; 2],
    events: &'static [&'static str],
) -> Row {
    Row { number, of, volumes, volumes_after, claim, claim_after, events }
}

/// Runs one sync and lets the cache see what it wrote.
fn sync_once(bench: &mut Bench, of: Of) -> (Vec<String>, String) {
    let key = if of == Claim { Key::new("default", "data") } else { Key::new("", "pv") };
    let answer = agree(&bench.cache);
    let run = bench.sync(sync, &key, answer);
    for exchange in &run.exchanges {
        match (&exchange.request, &exchange.reply) {
            (Request::Update(_) | Request::UpdateStatus(_), Ok(object)) => bench.cache.put(object.clone()),
            (Request::Patch { target, patch: Patch::Annotate(notes), .. }, Ok(_)) => {
                let mut object = bench.cache.get(target).expect("what is patched exists");
                for (key, value) in notes {
                    object.meta_mut().annotations.insert(key.clone(), value.clone());
                }
                bench.cache.put(object);
            }
            _ => {}
        }
    }
    let verdict = if run.result.is_err() { run.verdict() } else { String::new() };
    let kind_and_reason = |line: String| line.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" ");
    (run.events().into_iter().map(kind_and_reason).collect(), verdict)
}

fn check(table: &[Row], classes: &[StorageClass]) {
    for row in table {
        let mut bench = Bench::new(classes.iter().map(|class| class.clone().into()));
        row.volumes.iter().for_each(|text| bench.cache.put(volume(text).into()));
        if !row.claim.is_empty() {
            bench.cache.put(claim(row.claim).into());
        }
        let (mut events, error) = sync_once(&mut bench, row.of);
        events.extend((!error.is_empty()).then(|| "error".to_owned()));
        assert_eq!(events, row.events, "{}: events", row.number);
        let volumes: Vec<String> = bench.cache.volumes.values().map(|volume| show_volume(volume)).collect();
        let mut wanted: Vec<PersistentVolume> = row.volumes_after.iter().map(|text| volume(text)).collect();
        wanted.order_by_key(|volume| volume.metadata.name.clone());
        assert_eq!(volumes, wanted.iter().map(show_volume).collect::<Vec<_>>(), "{}", row.number);
        let shown = bench.cache.claims.values().next().map(|claim| show_claim(claim));
        let wanted = (!row.claim_after.is_empty()).then(|| show_claim(&claim(row.claim_after)));
        assert_eq!(shown, wanted, "{}", row.number);
    }
}
use petri_objects::order::Order as _;

const NOTHING: &[&str] = &["Normal FailedBinding"];

#[test]
fn a_claim_that_does_not_care_which_volume_it_gets() {
    const BOUND: &str = "1Gi Bound vol=pv ctl done gives=1Gi";
    check(
        &[
            row("1-1", Claim, [&["pv 1Gi Available"], &["pv 1Gi Bound for=data#7 ctl"]], ["1Gi Pending", BOUND], &[]),
            row("1-2", Claim, [&["pv 1Gi Available"]; 2], ["10Gi Pending"; 2], NOTHING),
            row("1-3", Claim, [&["pv 1Gi Available"]; 2], ["10Gi Bound gives=10Gi", "10Gi Pending"], NOTHING),
            row(
                "1-4",
                Claim,
                [&["big 10Gi Available", "pv 1Gi Available"], &["big 10Gi Available", "pv 1Gi Bound for=data#7 ctl"]],
                ["1Gi Pending", BOUND],
                &[],
            ),
            row(
                "1-5",
                Claim,
                [
                    &["big 10Gi Available for=data", "pv 1Gi Available"],
                    &["big 10Gi Bound for=data#7", "pv 1Gi Available"],
                ],
                ["1Gi Pending", "1Gi Bound vol=big ctl done gives=10Gi"],
                &[],
            ),
            row(
                "1-6",
                Claim,
                [
                    &["big 10Gi Available for=data#7", "pv 1Gi Available"],
                    &["big 10Gi Bound for=data#7", "pv 1Gi Available"],
                ],
                ["1Gi Pending", "1Gi Bound vol=big ctl done gives=10Gi"],
                &[],
            ),
            row("1-7", Claim, [&["pv 10Gi Available for=data#777"]; 2], ["1Gi Pending"; 2], NOTHING),
            row(
                "1-8",
                Claim,
                [&["pv 1Gi Pending for=data#7 ctl"], &["pv 1Gi Bound for=data#7 ctl"]],
                ["1Gi Pending", BOUND],
                &[],
            ),
            row("1-9", Claim, [&["pv 1Gi Bound for=data#7 ctl"]; 2], ["1Gi Pending", BOUND], &[]),
            row("1-10", Claim, [&["pv 1Gi Bound for=data#7 ctl"]; 2], ["1Gi Pending vol=pv ctl done", BOUND], &[]),
            row(
                "1-11",
                Claim,
                [&["pv 1Gi Available labelled"], &["pv 1Gi Bound for=data#7 ctl"]],
                ["1Gi Pending selects", BOUND],
                &[],
            ),
            row("1-12", Claim, [&["pv 1Gi Available"]; 2], ["1Gi Pending selects"; 2], NOTHING),
            row("1-13, not available yet", Claim, [&["pv 1Gi Pending"]; 2], ["1Gi Pending"; 2], NOTHING),
            row("1-14, released", Claim, [&["pv 1Gi Released for=data#6"]; 2], ["1Gi Pending"; 2], NOTHING),
            row("1-15, on its way out", Claim, [&["pv 1Gi Available leaving"]; 2], ["1Gi Pending"; 2], NOTHING),
            row(
                "1-16, reserved and too small",
                Claim,
                [&["pv 1Gi Available for=data"]; 2],
                ["2Gi Pending"; 2],
                NOTHING,
            ),
        ],
        &[],
    );
}

#[test]
fn a_claim_that_asks_for_one_volume() {
    const ASKS: &str = "1Gi Pending vol=pv";
    const BOUND: &str = "1Gi Bound vol=pv done gives=1Gi";
    const MISMATCH: &[&str] = &["Warning VolumeMismatch"];
    check(
        &[
            row("2-1", Claim, [&[]; 2], ["10Gi Pending vol=pv"; 2], &[]),
            row("2-2", Claim, [&[]; 2], ["10Gi Bound vol=pv gives=10Gi", "10Gi Pending vol=pv"], &[]),
            row("2-3", Claim, [&["pv 1Gi Available"], &["pv 1Gi Bound for=data#7 ctl"]], [ASKS, BOUND], &[]),
            row("2-4", Claim, [&["pv 1Gi Available for=data"], &["pv 1Gi Bound for=data#7"]], [ASKS, BOUND], &[]),
            row("2-5", Claim, [&["pv 1Gi Available for=data#7"], &["pv 1Gi Bound for=data#7"]], [ASKS, BOUND], &[]),
            row(
                "2-6",
                Claim,
                [&["pv 1Gi Bound for=other#8"]; 2],
                ["1Gi Bound vol=pv", ASKS],
                &["Warning FailedBinding"],
            ),
            row(
                "2-7",
                Claim,
                [&["pv 1Gi Bound for=other#8"]; 2],
                ["1Gi Bound vol=pv ctl"; 2],
                &["Warning FailedBinding", "error"],
            ),
            row(
                "2-8",
                Claim,
                [&["pv 1Gi Available"], &["pv 1Gi Bound for=data#7 ctl"]],
                ["1Gi Pending vol=pv selects", BOUND],
                &[],
            ),
            row("2-9", Claim, [&["pv 1Gi Available"]; 2], ["2Gi Pending vol=pv"; 2], MISMATCH),
            row("2-10", Claim, [&["pv 1Gi Available class=gold"]; 2], [ASKS; 2], MISMATCH),
            row("2-11, modes", Claim, [&["pv 1Gi Available"]; 2], ["1Gi Pending vol=pv rwo rwx"; 2], MISMATCH),
            row("2-12, block", Claim, [&["pv 1Gi Available block"]; 2], [ASKS; 2], MISMATCH),
            row("2-13, attributes", Claim, [&["pv 1Gi Available vac=fast"]; 2], [ASKS; 2], MISMATCH),
            row("2-14, on its way out", Claim, [&["pv 1Gi Available leaving"]; 2], [ASKS; 2], MISMATCH),
            row(
                "2-15, of the same name in another life",
                Claim,
                [&["pv 1Gi Released for=data#6"]; 2],
                ["1Gi Pending vol=pv"; 2],
                &["Warning FailedBinding"],
            ),
        ],
        &[],
    );
}

#[test]
fn a_claim_that_was_bound_before() {
    const LOST: &[&str] = &["Warning ClaimLost"];
    const MISBOUND: &[&str] = &["Warning ClaimMisbound"];
    const DONE: &str = "10Gi Pending vol=pv ctl done";
    const BOUND: &str = "10Gi Bound vol=pv ctl done gives=10Gi";
    check(
        &[
            row("3-1", Claim, [&[]; 2], ["10Gi Bound ctl done gives=10Gi", "10Gi Lost ctl done"], LOST),
            row("3-2", Claim, [&[]; 2], [BOUND, "10Gi Lost vol=pv ctl done"], LOST),
            row("3-3", Claim, [&["pv 10Gi Available"], &["pv 10Gi Bound for=data#7 ctl"]], [DONE, BOUND], &[]),
            row("3-4", Claim, [&["pv 10Gi Pending for=data#9"]; 2], [DONE, "10Gi Lost vol=pv ctl done"], MISBOUND),
            row(
                "3-5",
                Claim,
                [&["pv 10Gi Pending for=data#7"], &["pv 10Gi Bound for=data#7"]],
                ["10Gi Pending vol=pv done", "10Gi Bound vol=pv done gives=10Gi"],
                &[],
            ),
            row(
                "3-6",
                Claim,
                [&["pv 10Gi Pending for=other#9"]; 2],
                ["10Gi Pending vol=pv done", "10Gi Lost vol=pv done"],
                MISBOUND,
            ),
            row(
                "3-7",
                Claim,
                [&["pv 10Gi Available"], &["pv 10Gi Bound for=data#7 ctl"]],
                ["10Gi Pending vol=pv ctl done selects", BOUND],
                &[],
            ),
            row("3-8, all is well", Claim, [&["pv 10Gi Bound for=data#7 ctl"]; 2], [BOUND; 2], &[]),
            row("3-9, lost is told once", Claim, [&[]; 2], ["10Gi Lost vol=pv ctl done"; 2], &[]),
        ],
        &[],
    );
}

#[test]
fn a_volume_follows_its_claim() {
    const RELEASED: [Volumes; 2] = [&["pv 10Gi Bound for=data#7"], &["pv 10Gi Released for=data#7"]];
    const ELSEWHERE: [&str; 2] = ["10Gi Bound vol=another"; 2];
    check(
        &[
            row("4-1", Volume, [&["pv 10Gi Pending"], &["pv 10Gi Available"]], [""; 2], &[]),
            row("4-2", Volume, [&["pv 10Gi Pending for=data"], &["pv 10Gi Available for=data"]], [""; 2], &[]),
            row("4-3", Volume, RELEASED, [""; 2], &[]),
            row(
                "4-4",
                Volume,
                [&["pv 10Gi Bound for=data#8"], &["pv 10Gi Released for=data#8"]],
                ["10Gi Bound vol=pv done"; 2],
                &[],
            ),
            row("4-5", Volume, [&["pv 10Gi Bound for=data#7 ctl"]; 2], ["10Gi Pending"; 2], &[]),
            row("4-5, by the user", Volume, [&["pv 10Gi Bound for=data#7"]; 2], ["10Gi Pending"; 2], &[]),
            row(
                "4-6",
                Volume,
                [&["pv 10Gi Available for=data#7"], &["pv 10Gi Bound for=data#7"]],
                ["10Gi Bound vol=pv"; 2],
                &[],
            ),
            row("4-7", Volume, [&["pv 10Gi Bound for=data#7 ctl"], &["pv 10Gi Available"]], ELSEWHERE, &[]),
            row("4-8", Volume, [&["pv 10Gi Bound for=data#7"], &["pv 10Gi Available for=data"]], ELSEWHERE, &[]),
            row(
                "4-9",
                Volume,
                [&["pv 10Gi Available for=data#7 block"]; 2],
                ["10Gi Pending"; 2],
                &["Warning VolumeMismatch", "Warning VolumeMismatch"],
            ),
        ],
        &[],
    );
}

#[test]
fn what_becomes_of_a_released_volume() {
    const FAILED: &[&str] = &["Warning VolumeFailedDelete"];
    const RECYCLE: &[&str] = &["Warning VolumeFailedRecycle"];
    check(
        &[
            row("6-3", Volume, [&["pv 1Gi Bound for=data#7 Recycle"], &["pv 1Gi Failed for=data#7"]], [""; 2], RECYCLE),
            row(
                "6-9",
                Volume,
                [&["pv 1Gi Bound for=data#8 Recycle"], &["pv 1Gi Failed for=data#8"]],
                ["1Gi Pending"; 2],
                RECYCLE,
            ),
            row(
                "6-10",
                Volume,
                [&["pv 1Gi Bound for=data#7 Unknown"], &["pv 1Gi Failed for=data#7"]],
                [""; 2],
                &["Warning VolumeUnknownReclaimPolicy"],
            ),
            row("6-3, told once", Volume, [&["pv 1Gi Failed for=data#7 Recycle"]; 2], [""; 2], &[]),
            row("8-3", Volume, [&["pv 1Gi Bound for=data#7 Delete"], &["pv 1Gi Failed for=data#7"]], [""; 2], FAILED),
            row(
                "8-9",
                Volume,
                [&["pv 1Gi Bound for=data#8 Delete"], &["pv 1Gi Failed for=data#8"]],
                ["10Gi Pending"; 2],
                FAILED,
            ),
            row(
                "8-10",
                Volume,
                [&["pv 1Gi Bound for=data#7 ctl Delete made"], &["pv 1Gi Released for=data#7 ctl"]],
                [""; 2],
                &[],
            ),
            row(
                "8-12",
                Volume,
                [
                    &["pv 1Gi Bound for=data#7 Delete made", "second 1Gi Bound for=data#7 Delete made"],
                    &["pv 1Gi Released for=data#7", "second 1Gi Bound for=data#7"],
                ],
                ["10Gi Bound vol=second"; 2],
                &[],
            ),
            row("8-3, told once", Volume, [&["pv 1Gi Failed for=data#7 Delete"]; 2], [""; 2], &[]),
            row("Retain", Volume, [&["pv 1Gi Released for=data#7"]; 2], [""; 2], &[]),
        ],
        &[],
    );
}

#[test]
fn classes_decide_before_sizes_do() {
    const SMALL_AND_GOLD: [&str; 2] = ["pv 1Gi Available", "gold 10Gi Available class=gold"];
    check(
        &[
            row(
                "13-1",
                Claim,
                [&SMALL_AND_GOLD, &["pv 1Gi Available", "gold 10Gi Bound for=data#7 ctl"]],
                ["1Gi Pending class=gold", "1Gi Bound vol=gold ctl done class=gold gives=10Gi"],
                &[],
            ),
            row(
                "13-2",
                Claim,
                [
                    &["gold 1Gi Available class=gold", "pv 10Gi Available"],
                    &["gold 1Gi Available", "pv 10Gi Bound for=data#7 ctl"],
                ],
                ["1Gi Pending", "1Gi Bound vol=pv ctl done gives=10Gi"],
                &[],
            ),
            row(
                "13-3",
                Claim,
                [
                    &["silver 1Gi Available class=silver", "gold 10Gi Available class=gold"],
                    &["silver 1Gi Available", "gold 10Gi Bound for=data#7 ctl"],
                ],
                ["1Gi Pending class=gold", "1Gi Bound vol=gold ctl done class=gold gives=10Gi"],
                &[],
            ),
            row(
                "13-4",
                Claim,
                [&["pv 1Gi Available class="], &["pv 1Gi Bound for=data#7 ctl"]],
                ["1Gi Pending class=", "1Gi Bound vol=pv ctl done class= gives=1Gi"],
                &[],
            ),
            row(
                "13-5",
                Claim,
                [&["pv 1Gi Available class="], &["pv 1Gi Bound for=data#7 ctl"]],
                ["1Gi Pending", "1Gi Bound vol=pv ctl done gives=1Gi"],
                &[],
            ),
            row(
                "13-6",
                Claim,
                [&["pv 1Gi Available"], &["pv 1Gi Bound for=data#7 ctl"]],
                ["1Gi Pending class=", "1Gi Bound vol=pv ctl done class= gives=1Gi"],
                &[],
            ),
            row(
                "14-1",
                Claim,
                [&["pv 1Gi Available block"], &["pv 1Gi Bound for=data#7 ctl"]],
                ["1Gi Pending block", "1Gi Bound vol=pv ctl done gives=1Gi"],
                &[],
            ),
            row(
                "14-2",
                Claim,
                [&["pv 1Gi Available for=data block"], &["pv 1Gi Bound for=data#7"]],
                ["1Gi Pending block", "1Gi Bound vol=pv ctl done gives=1Gi"],
                &[],
            ),
            row("14-3", Claim, [&["pv 1Gi Available for=data block"]; 2], ["1Gi Pending"; 2], NOTHING),
            row("14-4", Claim, [&["pv 1Gi Available"]; 2], ["1Gi Pending block"; 2], NOTHING),
        ],
        &[class("gold", "sim.csi", false), class("silver", "sim.csi", false)],
    );
}

#[test]
fn a_driver_is_asked_where_no_volume_fits() {
    const ASKED: &[&str] = &["Normal ExternalProvisioning"];
    const FAILED: &[&str] = &["Warning ProvisioningFailed"];
    const BY_HAND: Volumes = &["pv 1Gi Available class=late"];
    check(
        &[
            row("11-1", Claim, [&[]; 2], ["1Gi Pending class=gold", "1Gi Pending class=gold asked"], ASKED),
            row("11-2", Claim, [&[]; 2], ["1Gi Pending class=manual"; 2], FAILED),
            row(
                "11-6",
                Claim,
                [&["pv 1Gi Available class=gold"], &["pv 1Gi Bound for=data#7 ctl"]],
                ["1Gi Pending class=gold", "1Gi Bound vol=pv ctl done class=gold gives=1Gi"],
                &[],
            ),
            row("11-14", Claim, [&[]; 2], ["1Gi Pending class=nowhere"; 2], FAILED),
            row("11-15", Claim, [&[]; 2], ["1Gi Pending class="; 2], NOTHING),
            row("11-16", Claim, [&[]; 2], ["1Gi Pending"; 2], NOTHING),
            row("11-17, asked before", Claim, [&[]; 2], ["1Gi Pending class=gold asked"; 2], ASKED),
            row("11-22", Claim, [&[]; 2], ["1Gi Pending class=late"; 2], &["Normal WaitForFirstConsumer"]),
            row("11-23", Claim, [BY_HAND; 2], ["1Gi Pending class=late node=n", "1Gi Pending class=late asked"], ASKED),
            row(
                "left to the scheduler",
                Claim,
                [BY_HAND; 2],
                ["1Gi Pending class=late"; 2],
                &["Normal WaitForFirstConsumer"],
            ),
            row(
                "reserved for it, whatever the class says",
                Claim,
                [&["pv 1Gi Available for=data class=late"], &["pv 1Gi Bound for=data#7"]],
                ["1Gi Pending class=late", "1Gi Bound vol=pv ctl done class=late gives=1Gi"],
                &[],
            ),
        ],
        &[class("gold", "sim.csi", false), class("manual", NO_PROVISIONER, false), class("late", "sim.csi", true)],
    );
}

#[test]
fn a_default_class_is_given_later_to_claims_that_name_none() {
    let default = |name: &str, age: u64| {
        let mut class = class(name, "sim.csi", false);
        class.metadata.creation_timestamp = NOW - crate::ground::clock::Span::seconds(age);
        class.metadata.annotations.insert("storageclass.kubernetes.io/is-default-class", "true");
        class
    };
    let plain = class("plain", "sim.csi", false);
    const ASKED: &[&str] = &["Normal ExternalProvisioning"];
    check(&[row("15-1", Claim, [&[]; 2], ["1Gi Pending"; 2], NOTHING)], &[]);
    check(&[row("15-1, beside a class that is no default", Claim, [&[]; 2], ["1Gi Pending"; 2], NOTHING)], &[plain]);
    const BOUND: &str = "1Gi Bound vol=pv ctl done gives=1Gi";
    let table = [
        row("15-3", Claim, [&["pv 1Gi Bound for=data#7 ctl"]; 2], [BOUND; 2], &[]),
        row("15-4", Claim, [&[]; 2], ["1Gi Pending", "1Gi Pending class=young"], &[]),
        row("15-5", Claim, [&[]; 2], ["1Gi Pending class=old", "1Gi Pending class=old asked"], ASKED),
        row("the empty class is a choice", Claim, [&[]; 2], ["1Gi Pending class="; 2], NOTHING),
        row(
            "a volume without a class is taken first",
            Claim,
            [&["pv 1Gi Available"], &["pv 1Gi Bound for=data#7 ctl"]],
            ["1Gi Pending", BOUND],
            &[],
        ),
    ];
    check(&table, &[default("old", 100), default("young", 1)]);
}

/// Upstream: `TestMultiSync` (10-1, 10-2): syncs of everything until nothing changes any more.
#[test]
fn in_the_end_one_volume_wins_and_the_other_is_free() {
    for (volumes, text, ends) in [
        (&["pv 1Gi Pending"][..], "1Gi Pending", &["pv 1Gi Bound for=data#7 ctl"][..]),
        (
            &["other 1Gi Bound for=data#7 ctl", "pv 1Gi Bound for=data#7 ctl"],
            "1Gi Bound vol=other ctl done gives=1Gi",
            &["other 1Gi Bound for=data#7 ctl", "pv 1Gi Available"],
        ),
    ] {
        let mut bench = Bench::new([claim(text).into()]);
        for text in volumes {
            let volume: Object = volume(text).into();
            bench.cache.put(volume.clone());
            bench.enqueue(enqueue, None, Some(volume));
        }
        for _ in 0..4 {
            sync_once(&mut bench, Volume);
            sync_once(&mut bench, Claim);
        }
        let shown: Vec<String> = bench.cache.volumes.values().map(|volume| show_volume(volume)).collect();
        assert_eq!(shown, ends.iter().map(|text| show_volume(&volume(text))).collect::<Vec<_>>());
        assert!(bench.cache.claims.values().all(|claim| claim.is_bound()));
    }
}

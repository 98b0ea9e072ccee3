//! Binding, matching, releasing: the worked examples of the controller's own tests upstream, in our words.

use super::*;
use crate::belief::controllers::testing::{Bench, NOW, Run, agree};
use crate::ground::clock::Span;
use matching::{For, find_best_match};
use petri_objects::*;
use std::rc::Rc;

fn volume(name: &str, size: &str, modes: &[&str]) -> PersistentVolume {
    PersistentVolume {
        metadata: Meta { name: name.into(), uid: Uid(900), ..Meta::default() },
        spec: Rc::new(PersistentVolumeSpec {
            access_modes: modes.iter().map(|mode| Name::from(*mode)).collect(),
            capacity: [(Name::from("storage"), Quantity(size.into()))].into_iter().collect(),
            persistent_volume_reclaim_policy: "Retain".into(),
            ..PersistentVolumeSpec::default()
        }),
        status: PersistentVolumeStatus { phase: "Available".into(), ..PersistentVolumeStatus::default() },
    }
}

fn claim(size: &str, class: &str) -> PersistentVolumeClaim {
    let requests = [(Name::from("storage"), Quantity(size.into()))].into_iter().collect();
    PersistentVolumeClaim {
        metadata: Meta { name: "data".into(), namespace: "default".into(), uid: Uid(7), ..Meta::default() },
        spec: Rc::new(PersistentVolumeClaimSpec {
            access_modes: vec!["ReadWriteOnce".into()],
            resources: VolumeResourceRequirements { requests, ..VolumeResourceRequirements::default() },
            storage_class_name: Some(class.into()),
            ..PersistentVolumeClaimSpec::default()
        }),
        status: PersistentVolumeClaimStatus { phase: "Pending".into(), ..PersistentVolumeClaimStatus::default() },
    }
}

fn class(name: &str, mode: &str, provisioner: &str) -> StorageClass {
    StorageClass {
        metadata: Meta { name: name.into(), ..Meta::default() },
        provisioner: provisioner.into(),
        volume_binding_mode: Some(mode.into()),
        ..StorageClass::default()
    }
}

fn claimed_by(mut volume: PersistentVolume, uid: u64) -> PersistentVolume {
    Rc::make_mut(&mut volume.spec).claim_ref = Some(ObjectReference {
        namespace: "default".into(),
        name: "data".into(),
        uid: Uid(uid),
        ..ObjectReference::default()
    });
    volume
}

fn bound_to(mut claim: PersistentVolumeClaim, volume: &str) -> PersistentVolumeClaim {
    Rc::make_mut(&mut claim.spec).volume_name = volume.into();
    claim.metadata.annotations.insert(BIND_COMPLETED, "yes");
    claim.status.phase = "Bound".into();
    claim
}

fn of_claim(objects: impl IntoIterator<Item = Object>) -> Run {
    let mut bench = Bench::new(objects);
    let answer = agree(&bench.cache);
    bench.sync(sync, &Key::new("default", "data"), answer)
}

fn of_volume(objects: impl IntoIterator<Item = Object>) -> Run {
    let mut bench = Bench::new(objects);
    let answer = agree(&bench.cache);
    bench.sync(sync, &Key::new("", "pv"), answer)
}

#[test]
fn the_fewest_modes_come_first_and_then_the_smallest_volume_that_is_large_enough() {
    let rwo = ["ReadWriteOnce"];
    let volumes: Vec<Rc<PersistentVolume>> = [
        volume("wide", "3Gi", &["ReadWriteOnce", "ReadWriteMany"]),
        volume("ten", "10Gi", &rwo),
        volume("five", "5Gi", &rwo),
        volume("one", "1Gi", &rwo),
        PersistentVolume { status: PersistentVolumeStatus::default(), ..volume("new", "4Gi", &rwo) },
        claimed_by(volume("released", "3Gi", &rwo), 666),
    ]
    .into_iter()
    .map(Rc::new)
    .collect();
    let best = |volumes: &[Rc<PersistentVolume>], claim: &PersistentVolumeClaim, delayed: bool| {
        find_best_match(claim, volumes, For::Controller { delayed }).map(|volume| volume.metadata.name.to_string())
    };
    assert_eq!(best(&volumes, &claim("3Gi", ""), false).as_deref(), Some("five"));
    assert_eq!(best(&volumes[..1], &claim("3Gi", ""), false).as_deref(), Some("wide"));
    assert_eq!(best(&volumes, &claim("11Gi", ""), false), None);
    assert_eq!(best(&volumes, &claim("3Gi", "fast"), false), None, "another class");
    assert_eq!(best(&volumes, &claim("3Gi", ""), true), None, "that is left to the scheduler");
    let reserved = Rc::new(claimed_by(volume("reserved", "20Gi", &rwo), 0));
    let with_reserved: Vec<_> = volumes.iter().cloned().chain([reserved]).collect();
    assert_eq!(best(&with_reserved, &claim("3Gi", ""), true).as_deref(), Some("reserved"), "a name wins outright");
}

#[test]
fn a_binding_is_four_writes_and_the_claim_shows_the_size_of_the_volume() {
    let run = of_claim([claim("3Gi", "").into(), volume("five", "5Gi", &["ReadWriteOnce"]).into()]);
    assert_eq!(
        run.requests(),
        [
            "update persistentvolume/five",
            "status persistentvolume/five",
            "update persistentvolumeclaim/data",
            "status persistentvolumeclaim/data",
        ]
    );
    let claims = run.sent::<PersistentVolumeClaim>();
    assert_eq!(&*claims[0].spec.volume_name, "five");
    assert_eq!(claims[1].status.capacity.get("storage").map(|q| &*q.0), Some("5Gi"));
    assert_eq!(&*claims[1].status.phase, "Bound");
    assert_eq!(run.sent::<PersistentVolume>()[0].spec.claim_ref.as_ref().unwrap().uid, Uid(7));
}

#[test]
fn a_binding_that_broke_off_goes_on_where_it_was() {
    let mut half = claimed_by(volume("pv", "5Gi", &["ReadWriteOnce"]), 7);
    half.status.phase = "Bound".into();
    let run = of_claim([claim("3Gi", "").into(), half.into()]);
    assert_eq!(run.requests(), ["update persistentvolumeclaim/data", "status persistentvolumeclaim/data"]);
}

#[test]
fn an_unbound_claim_says_what_it_waits_for_and_is_looked_at_every_15_seconds() {
    let told = |claim: PersistentVolumeClaim, others: Vec<Object>| {
        let run = of_claim(others.into_iter().chain([claim.into()]));
        let until_next = Span::seconds(15) - Span(NOW.0 % Span::seconds(15).0);
        assert_eq!(run.done().after, Some(until_next));
        (run.verdict(), run.events().join("; "))
    };
    let text = |(verdict, events): (String, String)| format!("{verdict}: {events}");
    assert_eq!(
        text(told(claim("1Gi", ""), vec![])),
        "NoMatchingVolume: Normal FailedBinding no persistent volumes available for this claim and no storage class is set"
    );
    assert_eq!(
        text(told(claim("1Gi", "gone"), vec![])),
        "MissingStorageClass: Warning ProvisioningFailed storageclass.storage.k8s.io \"gone\" not found"
    );
    let late = class("late", "WaitForFirstConsumer", "sim.csi");
    assert_eq!(
        text(told(claim("1Gi", "late"), vec![late.clone().into()])),
        "WaitingForFirstConsumer: Normal WaitForFirstConsumer waiting for first consumer to be created before binding"
    );
    let volumes = vec![Volume {
        persistent_volume_claim: Some(ClaimVolumeSource { claim_name: "data".into(), read_only: false }),
        ..Volume::default()
    }];
    let pod = Pod {
        metadata: Meta { name: "web-0".into(), namespace: "default".into(), ..Meta::default() },
        spec: Rc::new(PodSpec { volumes, ..PodSpec::default() }),
        ..Pod::default()
    };
    assert_eq!(
        text(told(claim("1Gi", "late"), vec![late.into(), pod.into()])),
        "WaitingForFirstConsumer: Normal WaitForPodScheduled waiting for pod web-0 to be scheduled"
    );
    assert_eq!(
        text(told(claim("1Gi", "fast"), vec![class("fast", "Immediate", "sim.csi").into()])),
        "WaitingForProvisioner: Normal ExternalProvisioning Waiting for a volume to be created either by the external \
         provisioner 'sim.csi' or manually by the system administrator. If volume creation is delayed, please verify that \
         the provisioner is running and correctly registered."
    );
    assert_eq!(
        text(told(claim("1Gi", "hand"), vec![class("hand", "Immediate", NO_PROVISIONER).into()])),
        "NoMatchingVolume: Warning ProvisioningFailed no volume plugin matched name: kubernetes.io/no-provisioner"
    );
}

#[test]
fn a_claim_without_a_class_gets_the_default_class_later() {
    let mut bare = claim("1Gi", "");
    Rc::make_mut(&mut bare.spec).storage_class_name = None;
    let mut default = class("standard", "Immediate", "sim.csi");
    default.metadata.annotations.insert(DEFAULT_CLASS_ANNOTATION, "true");
    let run = of_claim([bare.into(), default.into()]);
    assert_eq!(run.requests(), ["update persistentvolumeclaim/data"]);
    assert_eq!(run.sent::<PersistentVolumeClaim>()[0].class(), "standard");
}

#[test]
fn a_claim_for_a_named_volume_says_why_it_cannot_have_it() {
    let named = |volume: PersistentVolume| {
        let mut claim = claim("3Gi", "");
        Rc::make_mut(&mut claim.spec).volume_name = "pv".into();
        of_claim([claim.into(), volume.into()])
    };
    let small = named(volume("pv", "1Gi", &["ReadWriteOnce"]));
    assert_eq!(
        small.events(),
        ["Warning VolumeMismatch Cannot bind to requested volume \"pv\": requested PV is too small"]
    );
    let taken = named(claimed_by(volume("pv", "5Gi", &["ReadWriteOnce"]), 666));
    assert_eq!(taken.events(), ["Warning FailedBinding volume \"pv\" already bound to a different claim."]);
    let free = named(volume("pv", "5Gi", &["ReadWriteOnce"]));
    assert_eq!(free.requests().len(), 4);
}

#[test]
fn a_bound_claim_without_its_volume_is_lost_for_ever() {
    let run = of_claim([bound_to(claim("1Gi", ""), "pv").into()]);
    assert_eq!(run.requests(), ["status persistentvolumeclaim/data"]);
    assert_eq!(
        run.events(),
        ["Warning ClaimLost Bound claim has lost its PersistentVolume. Data on the volume is lost!"]
    );
    let mut lost = bound_to(claim("1Gi", ""), "pv");
    lost.status.phase = "Lost".into();
    assert!(of_claim([lost.into()]).exchanges.is_empty());
    let other = claimed_by(volume("pv", "1Gi", &["ReadWriteOnce"]), 666);
    let run = of_claim([bound_to(claim("1Gi", ""), "pv").into(), other.into()]);
    assert_eq!(
        run.events(),
        ["Warning ClaimMisbound Two claims are bound to the same volume, this one is bound incorrectly"]
    );
}

#[test]
fn a_volume_is_released_when_its_claim_is_gone_even_if_the_name_is_used_again() {
    let mut old = claimed_by(volume("pv", "1Gi", &["ReadWriteOnce"]), 6);
    old.status.phase = "Bound".into();
    let run = of_volume([old.clone().into(), claim("1Gi", "").into()]);
    assert_eq!(run.requests(), ["get persistentvolumeclaim/data", "status persistentvolume/pv"]);
    assert_eq!(&*run.sent::<PersistentVolume>()[0].status.phase, "Released");

    let bound = of_volume([
        claimed_by(volume("pv", "1Gi", &["ReadWriteOnce"]), 7).into(),
        bound_to(claim("1Gi", ""), "pv").into(),
    ]);
    assert_eq!(&*bound.sent::<PersistentVolume>()[0].status.phase, "Bound");
    let mut new = volume("pv", "1Gi", &["ReadWriteOnce"]);
    new.status.phase = "Pending".into();
    assert_eq!(&*of_volume([new.into()]).sent::<PersistentVolume>()[0].status.phase, "Available");
}

#[test]
fn a_volume_that_no_driver_made_cannot_be_deleted() {
    let mut old = claimed_by(volume("pv", "1Gi", &["ReadWriteOnce"]), 6);
    Rc::make_mut(&mut old.spec).persistent_volume_reclaim_policy = "Delete".into();
    let run = of_volume([old.into()]);
    assert_eq!(&*run.sent::<PersistentVolume>()[1].status.phase, "Failed");
    assert_eq!(
        run.events(),
        [
            "Warning VolumeFailedDelete error getting deleter volume plugin for volume \"pv\": no deletable volume plugin \
          matched"
        ]
    );
}

#[test]
fn a_new_volume_does_not_wake_claims_that_it_does_not_name() {
    let mut bench = Bench::new([claim("1Gi", "").into()]);
    let free: Object = volume("pv", "5Gi", &["ReadWriteOnce"]).into();
    let keys = bench.enqueue(enqueue, None, Some(free));
    assert_eq!(keys, [(Key::new("", "pv"), Span::ZERO)], "they find it at the next resync");
    let reserved: Object = claimed_by(volume("pv", "5Gi", &["ReadWriteOnce"]), 0).into();
    let keys: Vec<String> =
        bench.enqueue(enqueue, None, Some(reserved)).iter().map(|(key, _)| key.to_string()).collect();
    assert_eq!(keys, ["pv", "default/data"]);
}

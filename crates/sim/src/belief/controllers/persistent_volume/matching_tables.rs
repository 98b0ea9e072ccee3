//! Upstream's own tables for choosing a volume: `index_test.go` (`TestMatchVolume`, `TestMatchingWithBoundVolumes`,
//! `TestListByAccessModes`, `TestAllPossibleAccessModes`, `TestFindingVolumeWithDifferentAccessModes`,
//! `TestFindingPreboundVolumes`, `TestBestMatchDelayed`, `TestVolumeModeCheck`, `TestFilteringVolumesByVolumeModes`) of
//! `pkg/controller/volume/persistentvolume`, and `pv_helpers_test.go` (`TestFindMatchVolumeWithNode`).

use super::matching::{For, find_best_match};
use super::tables::{claim, volume};
use super::*;
use petri_objects::*;
use std::rc::Rc;

fn volumes(texts: &[&str]) -> Vec<Rc<PersistentVolume>> {
    texts.iter().map(|text| Rc::new(volume(text))).collect()
}

fn best(asked: &str, volumes: &[Rc<PersistentVolume>], asks: For<'_>) -> String {
    find_best_match(&claim(asked), volumes, asks).map_or("none".into(), |found| found.metadata.name.to_string())
}

const CONTROLLER: For<'static> = For::Controller { delayed: false };

#[test]
fn the_smallest_of_those_with_the_fewest_modes() {
    let all = volumes(&[
        "disk-10 10G Available rwo rox",
        "disk-20 20G Bound for=other#8 rwo rox",
        "nfs-5 5G Available rwo rox rwx",
        "disk-1 1G Bound for=other#9 rwo rox",
        "nfs-10 10G Available rwo rox rwx",
        "disk-5 5G Available rwo rox",
        "nfs-1 1G Available rwo rox rwx",
        "single-20000 20000G Available rwo labelled",
        "silver-a 100000G Available rwo labelled class=silver",
        "silver-b 100G Available rwo class=silver",
        "reserved 500G Available for=someone rwo",
    ]);
    for (asked, found) in [
        ("8G Pending rox rwo", "disk-10"),
        ("5G Pending rox rwo rwx", "nfs-5"),
        ("1G Pending rox rwo", "disk-5"),
        ("999G Pending rox rwo", "none"),
        ("11G Pending rox rwo", "none"),
        ("10G Pending rox rwo", "disk-10"),
        ("6G Pending rwx", "nfs-10"),
        ("1G Pending rwo selects", "single-20000"),
        ("999999G Pending rwo selects", "none"),
        ("20000G Pending rox rwo selects", "none"),
        ("1G Pending rwo selects class=silver", "silver-a"),
        ("1G Pending rwo class=silver", "silver-b"),
        ("1G Pending rwo class=gold", "none"),
        ("1G Pending rwo", "single-20000"),
    ] {
        assert_eq!(best(asked, &all, CONTROLLER), found, "{asked}");
    }
}

#[test]
fn the_order_of_modes_does_not_matter_and_fewer_may_be_asked_for() {
    const FREE: [&str; 3] = ["two 10G Available rwo rox", "one 10G Available rwo", "three 10G Available rwo rox rwx"];
    const ONE_TAKEN: [&str; 3] = [FREE[0], "one 10G Bound for=other#8 rwo", FREE[2]];
    const TWO_TAKEN: [&str; 3] = ["two 10G Bound for=other#9 rwo rox", ONE_TAKEN[1], FREE[2]];
    for (there, asked, found) in [
        (FREE, "1G Pending rwo", "one"),
        (FREE, "1G Pending rwo rox", "two"),
        (FREE, "1G Pending rwx rwo rox", "three"),
        (FREE, "1G Pending rwx", "three"),
        (ONE_TAKEN, "1G Pending rwo", "two"),
        (TWO_TAKEN, "1G Pending rwo", "three"),
        (ONE_TAKEN, "1G Pending rox", "two"),
    ] {
        assert_eq!(best(asked, &volumes(&there), CONTROLLER), found, "{asked}");
    }
}

#[test]
fn a_reserved_volume_goes_to_nobody_else_and_wins_over_all_others() {
    for (first, second, found) in [
        // The claim asks for 1G; both volumes would do.
        ("a 1G Available", "b 5G Available", "a"),
        ("a 1G Available for=other", "b 5G Available", "b"),
        ("a 1G Available for=other", "b 5G Available for=data", "b"),
        ("a 1G Available", "b 5G Available for=data", "b"),
        ("a 1G Available", "b 5G Available for=data#7", "b"),
        ("a 1G Available", "b 5G Available for=data#6", "a"),
        ("a 1G Available", "b 5G Pending for=data", "b"),
        ("a 1G Available", "b 5G Available for=data leaving", "a"),
        ("a 1G Available", "b 5G Available for=data block", "a"),
        ("a 1G Available", "b 5G Available for=data vac=fast", "a"),
        ("a 1G Available", "b 500M Available for=data", "a"),
        ("a 1G Available", "b 5G Available for=data class=gold", "b"),
    ] {
        assert_eq!(best("1G Pending", &volumes(&[first, second]), CONTROLLER), found, "{first}, {second}");
    }
}

#[test]
fn of_claims_that_wait_for_a_pod_the_controller_serves_only_reservations() {
    let delayed = For::Controller { delayed: true };
    for (there, found) in
        [("pv 1G Available", "none"), ("pv 1G Available for=data", "pv"), ("pv 1G Bound for=data#7", "pv")]
    {
        assert_eq!(best("1G Pending", &volumes(&[there]), delayed), found, "{there}");
    }
}

#[test]
fn volume_modes_must_be_the_same() {
    for (there, asked, fits) in [
        ("pv 1G Available block", "1G Pending block", true),
        ("pv 1G Available", "1G Pending", true),
        ("pv 1G Available block", "1G Pending", false),
        ("pv 1G Available", "1G Pending block", false),
        ("pv 1G Available for=data block", "1G Pending block", true),
        ("pv 1G Available for=data block", "1G Pending", false),
    ] {
        assert_eq!(best(asked, &volumes(&[there]), CONTROLLER) == "pv", fits, "{there}, {asked}");
    }
    let (mut named, mut asked) = (volume("pv 1G Available"), claim("1G Pending"));
    for (theirs, mine, same) in
        [("", "", true), ("Filesystem", "", true), ("", "Filesystem", true), ("Block", "", false), ("", "Block", false)]
    {
        Rc::make_mut(&mut named.spec).volume_mode = theirs.into();
        Rc::make_mut(&mut asked.spec).volume_mode = mine.into();
        assert_eq!(matching::is_same_mode(&asked, &named), same, "{theirs:?}, {mine:?}");
    }
}

/// Upstream: `TestFindMatchVolumeWithNode`, `TestCheckAccessModes`: the scheduler's choice for one node. It does not
/// prefer volumes with fewer modes.
#[test]
fn the_scheduler_takes_the_smallest_that_its_node_reaches() {
    let at = |text: &str, zone: &str| {
        let mut volume = volume(text);
        let requirement =
            NodeSelectorRequirement { key: "zone".into(), operator: "In".into(), values: vec![zone.into()] };
        let term = NodeSelectorTerm { match_expressions: vec![requirement], match_fields: Vec::new() };
        let selector = NodeSelector { node_selector_terms: vec![term] };
        Rc::make_mut(&mut volume.spec).node_affinity = Some(VolumeNodeAffinity { required: Some(selector) });
        Rc::new(volume)
    };
    let node = |zone: &str| {
        let mut node = Node::default();
        node.metadata.labels.insert("zone", zone);
        node
    };
    let all = [
        at("small 5G Available rwo rox rwx class=late", "1"),
        at("large 10G Available rwo class=late", "1"),
        at("far 1G Available rwo class=late", "2"),
        at("other-class 1G Available rwo class=gold", "1"),
        at("taken 2G Bound for=other#9 rwo class=late", "1"),
        at("mine 50G Available for=data rwo class=kept", "2"),
    ];
    for (asked, zone, found) in [
        ("1G Pending class=late", "1", "small"),
        ("6G Pending class=late", "1", "large"),
        ("1G Pending class=late", "2", "far"),
        ("2G Pending class=late", "2", "none"),
        ("1G Pending class=late", "3", "none"),
        ("1G Pending class=late rwx", "1", "small"),
        ("6G Pending class=late rwx", "1", "none"),
        ("1G Pending class=kept", "2", "mine"),
        ("1G Pending class=kept", "1", "none"),
        ("51G Pending class=kept", "2", "none"),
    ] {
        assert_eq!(best(asked, &all, For::Node(&node(zone))), found, "{asked} in {zone}");
    }
}

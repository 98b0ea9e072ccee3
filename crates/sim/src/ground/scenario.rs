//! What a run starts from: machines, settings, objects.

use crate::ground::differing;
use crate::ground::settings::Settings;
use petri_objects::{Labels, Name, Object, Time};
use serde::{Deserialize, Serialize};

/// The beginning of a run. Together with a seed and commands it determines everything that follows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The name that recordings and links carry.
    pub name: Name,
    /// The wall-clock time that virtual time starts at.
    pub start: Time,
    #[serde(default, with = "differing", skip_serializing_if = "Settings::are_usual")]
    pub settings: Settings,
    pub machines: Vec<MachineSpec>,
    /// Objects that exist before time begins, storage classes for instance.
    pub setup: Vec<Object>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachineSpec {
    pub name: Name,
    pub labels: Labels,
    #[serde(rename = "ip")]
    pub internal_ip: Name,
    pub cpu: Name,
    pub memory: Name,
    pub pods: u32,
}

impl MachineSpec {
    pub fn new(name: &str, zone: &str, index: u32) -> MachineSpec {
        MachineSpec {
            name: name.into(),
            labels: [
                ("kubernetes.io/hostname", name),
                ("kubernetes.io/os", "linux"),
                ("kubernetes.io/arch", "amd64"),
                ("topology.kubernetes.io/region", "region-1"),
                ("topology.kubernetes.io/zone", zone),
            ]
            .into_iter()
            .collect(),
            internal_ip: format!("192.168.1.{}", 10 + index).into(),
            cpu: "4".into(),
            memory: "16Gi".into(),
            pods: 110,
        }
    }
}

impl Scenario {
    /// Four machines in two zones and one default storage class: the cluster of the first visit. Each machine has a
    /// neighbour in its zone, because disks cannot leave theirs.
    pub fn standard() -> Scenario {
        let zones = [("node-0", "a"), ("node-1", "a"), ("node-2", "b"), ("node-3", "b")];
        let mut scenario = Scenario::empty("standard");
        scenario.machines =
            zones.iter().zip(0..).map(|((name, zone), index)| MachineSpec::new(name, zone, index)).collect();
        scenario
    }
    /// `count` machines spread over three zones.
    pub fn sized(count: u32) -> Scenario {
        let mut scenario = Scenario::empty("sized");
        scenario.machines =
            (0..count).map(|i| MachineSpec::new(&format!("node-{i}"), ["a", "b", "c"][(i % 3) as usize], i)).collect();
        scenario
    }
    /// No machines; the default storage class.
    pub fn empty(name: &str) -> Scenario {
        let mut class = petri_objects::StorageClass {
            provisioner: "disk.petri.dev".into(),
            reclaim_policy: Some("Delete".into()),
            volume_binding_mode: Some("WaitForFirstConsumer".into()),
            allow_volume_expansion: Some(true),
            ..Default::default()
        };
        class.metadata.name = "standard".into();
        class.metadata.annotations = [(petri_objects::DEFAULT_CLASS_ANNOTATION, "true")].into_iter().collect();
        Scenario {
            name: name.into(),
            // 2026-01-01T00:00:00Z
            start: Time(1_767_225_600_000_000),
            settings: Settings::default(),
            machines: Vec::new(),
            setup: vec![class.into()],
        }
    }
}

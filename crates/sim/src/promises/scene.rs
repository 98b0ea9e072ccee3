//! What a promise may look at: parts of a world, borrowed.

use crate::belief::api::shelf::{Key, Objects};
use crate::belief::controllers::{attach_detach, csi_driver};
use crate::ground::clock::Time;
use crate::ground::ledger::Ledger;
use crate::ground::settings::Settings;
use crate::reality::machine::Machine;
use crate::reality::network::Network;
use crate::reality::storage::Disks;
use crate::reality::workload::program::Programs;
use crate::words::controller_id::ControllerId;
use crate::words::identity::Identity;
use crate::words::reason::Waiting;
use petri_objects::{Name, Uid};
use std::collections::BTreeMap;

#[derive(Clone, Copy)]
pub(crate) struct Scene<'w> {
    /// When the scenario began.
    pub start: Time,
    pub now: Time,
    pub settings: &'w Settings,
    pub objects: &'w Objects,
    pub machines: &'w BTreeMap<Name, Machine>,
    /// On which machines processes of a name run.
    pub places: &'w Ledger<Identity, Vec<Name>>,
    pub disks: &'w Disks,
    pub network: &'w Network,
    pub programs: &'w Programs,
    /// Why controllers do nothing about a key.
    pub waiting: &'w Ledger<(ControllerId, Key), Waiting>,
    pub attachments: &'w attach_detach::Memory,
    pub driver: &'w csi_driver::Memory,
    /// Whether the controller that attaches disks runs.
    pub attaches: bool,
    /// What the StatefulSet controller saw when it began the sync that it is in the middle of, if it sees what is.
    pub orders_by: Option<&'w Objects>,
}

impl<'w> Scene<'w> {
    /// Whether a machine's kubelet hears of what happens.
    pub fn hears(&self, node: &str) -> bool {
        self.network.reaches_control_plane(node)
            && self.machines.get(node).is_some_and(|machine| machine.powered && machine.kubelet.running)
    }
    /// The machine, if any, on which a process runs for a pod's uid.
    pub fn machine_running(&self, uid: Uid) -> Option<&'w Machine> {
        self.machines.values().find(|machine| machine.runs(uid))
    }
}

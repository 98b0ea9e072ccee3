//! What the world shows to its promises, and when it asks them.

use crate::belief::api::shelf::{Key, Objects};
use crate::belief::api::watch::Change;
use crate::promises::checks::Checks;
use crate::promises::foresight::{self, Start};
use crate::promises::leave;
use crate::promises::scene::Scene;
use crate::promises::workloads;
use crate::reality::workload::Loss;
use crate::reality::workload::program::Program;
use crate::words::controller_id::ControllerId;
use crate::words::invariants::Guarantee;
use crate::words::note::Note;
use crate::world::World;
use petri_objects::Pod;

/// The parts of a world that promises look at. A macro, so that the other parts can be borrowed at the same time.
macro_rules! scene {
    ($world:ident) => {
        Scene {
            start: $world.start,
            now: $world.now,
            settings: &$world.settings,
            objects: $world.server.objects(),
            machines: &$world.machines,
            places: &$world.places,
            disks: &$world.disks,
            network: &$world.network,
            programs: &$world.programs,
            waiting: &$world.waiting,
            attachments: &$world.memory.attach_detach,
            driver: &$world.memory.csi_driver,
            attaches: $world.is_active(ControllerId::AttachDetach),
            orders_by: match $world.sees_late(ControllerId::StatefulSet) {
                true => None,
                false => $world.pending.get(&ControllerId::StatefulSet).map(|sync| &*sync.cache),
            },
        }
    };
}

impl World {
    fn scene(&self) -> Scene<'_> {
        scene!(self)
    }
    pub(super) fn checks<'w>(&'w mut self, notes: &'w mut Vec<Note>) -> Checks<'w> {
        Checks { scene: scene!(self), invariants: &mut self.invariants, removals: &mut self.removals, notes }
    }
    /// Whether a machine's kubelet hears of what happens.
    pub(crate) fn hears(&self, node: &str) -> bool {
        self.scene().hears(node)
    }
    /// When the first container of a pod is to run, in whole seconds from the start of the scenario, rounded up.
    pub fn foresee_start(&self, pod: &Pod) -> Start {
        foresight::foresee_start(&self.scene(), pod)
    }
    /// Whether a guarantee is about anything in this world.
    pub fn concerns(&self, guarantee: Guarantee) -> bool {
        workloads::concerns(&self.scene(), &self.invariants, guarantee)
    }

    /// Something was written: what has gone stands for nothing any more, and the rest is looked at again.
    pub(super) fn check_change(&mut self, change: &Change, notes: &mut Vec<Note>) {
        let mut checks = self.checks(notes);
        leave::take_leave(&mut checks, change);
        checks.check_change(change);
    }
    pub(super) fn check_program(&mut self, program: &Program, notes: &mut Vec<Note>) {
        workloads::check_program(&mut self.checks(notes), program);
    }
    pub(super) fn check_losses(&mut self, losses: Vec<Loss>, notes: &mut Vec<Note>) {
        workloads::check_losses(&mut self.checks(notes), losses);
    }
    pub(super) fn check_eviction(&mut self, pod: &Key, before: &Objects, number: u32, notes: &mut Vec<Note>) {
        workloads::check_eviction(&mut self.checks(notes), pod, before, number);
    }
}

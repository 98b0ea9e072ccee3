//! A program sleeps, and its output comes when it has ended.

use crate::host::Host;
use crate::output::{Awaited, Output};
use petri_objects::Time;
use petri_sim::ground::clock::elapsed;
use petri_sim::world::World;

/// A program sleeps, and its output comes when it has ended.
#[derive(Clone, Debug)]
pub(crate) struct Slept {
    pub until: Time,
    pub said: String,
}

impl Awaited for Slept {
    fn words(&self, world: &World) -> String {
        elapsed(self.until.since(world.start))
    }
    fn look(&mut self, host: &mut dyn Host, out: &mut Output) -> bool {
        if host.world().now < self.until {
            return false;
        }
        out.stdout.push_str(&std::mem::take(&mut self.said));
        true
    }
    fn kept_text(&self) -> String {
        self.said.clone()
    }
    fn moves_time(&self) -> bool {
        true
    }
    fn until(&self) -> Option<Time> {
        Some(self.until)
    }
    fn copy(&self) -> Box<dyn Awaited> {
        Box::new(self.clone())
    }
}

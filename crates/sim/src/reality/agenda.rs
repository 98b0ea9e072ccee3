//! What machines and processes have planned for themselves.

use super::kubelet::state::Wake;
use super::machine::ProcessId;
use crate::ground::clock::Time;
use petri_objects::Name;

/// Something that reality will do by itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Alarm {
    /// The kubelet of this machine is woken.
    Kubelet(Name, Wake),
    /// A process does something by itself.
    Program(ProcessId),
    /// The lock server looks whose session is over.
    SessionExpiry,
}

/// Whoever keeps the plans, and rings when their time has come.
pub trait Agenda {
    fn plan(&mut self, at: Time, alarm: Alarm);
}

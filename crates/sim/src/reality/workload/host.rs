//! What a process can reach: its disks, other processes, the API server over its machine's link.

use super::program::{Program, Programs};
use crate::belief::api::request::{Reply, Request, WriteContext};
use crate::belief::api::server::Server;
use crate::belief::api::shelf::Objects;
use crate::ground::clock::Time;
use crate::reality::agenda::{Agenda, Alarm};
use crate::reality::faults::Faults;
use crate::reality::machine::{Machine, ProcessId};
use crate::reality::network::{Network, Verdict};
use crate::reality::storage::Disks;
use crate::words::actor::{Actor, Cause};
use crate::words::api_error::ApiError;
use crate::words::note::{Note, ProgramChange, What};
use petri_objects::Name;
use std::collections::BTreeMap;

pub(crate) struct Host<'w> {
    pub now: Time,
    pub machines: &'w BTreeMap<Name, Machine>,
    pub disks: &'w mut Disks,
    pub network: &'w Network,
    pub faults: &'w Faults,
    pub server: &'w mut Server,
    pub programs: &'w mut Programs,
    pub agenda: &'w mut dyn Agenda,
    /// What happened to data that was acknowledged.
    pub losses: &'w mut Vec<Loss>,
    pub notes: &'w mut Vec<Note>,
}

/// Data that was acknowledged is gone, or was spoiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The volume, or the quorum.
    pub subject: Name,
    pub sentence: String,
    /// The number of the command without which it would still be there.
    pub command: Option<u32>,
}

impl Host<'_> {
    pub fn objects(&self) -> &Objects {
        self.server.objects()
    }
    pub fn machine_running(&self, uid: petri_objects::Uid) -> Option<&Machine> {
        self.machines.values().find(|machine| machine.runs(uid))
    }
    /// A request of a process to the API server.
    pub fn call(&mut self, program: &Program, request: Request) -> Reply {
        let verdict = self.network.verdict(&program.node, self.now);
        // A question is as good as lost if nobody hears the answer.
        if verdict == Verdict::Lost || (verdict == Verdict::ReplyLost && matches!(request, Request::Get(_))) {
            return Err(ApiError::Unreachable);
        }
        let context = self.context(program);
        let reply = self.server.serve(request, &context);
        if verdict == Verdict::Answered { reply } else { Err(ApiError::Unreachable) }
    }
    pub fn context(&self, program: &Program) -> WriteContext {
        WriteContext { now: self.now, by: Actor::Process(program.identity.pod.clone()), cause: Cause::Timer }
    }
    /// Tells what a process does from now on.
    pub fn tell(&mut self, program: &Program, change: ProgramChange) {
        let (node, identity) = (program.node.clone(), program.identity.clone());
        let what = What::Program { node, identity, uid: program.uid, change };
        self.notes.push(Note { at: self.now, what });
    }
    pub fn lost(&mut self, subject: Name, sentence: String, command: Option<u32>) {
        self.losses.push(Loss { subject, sentence, command });
    }

    /// Plans the next turn, at once if it is overdue.
    pub fn plan(&mut self, id: &ProcessId, program: &mut Program) {
        let next = if program.hangs || program.cancelled { None } else { program.next() };
        let next = next.map(|at| at.max(self.now));
        if program.due != next {
            program.due = next;
            if let Some(at) = next {
                self.agenda.plan(at, Alarm::Program(id.clone()));
            }
        }
    }

    /// A watch fires: the process looks at its lock at once.
    pub fn wake(&mut self, clients: Vec<ProcessId>) {
        for id in clients {
            let Some(mut program) = self.programs.running.remove(&id) else { continue };
            if !self.network.is_cut(&program.node) {
                program.lock_at = Some(self.now);
                self.plan(&id, &mut program);
            }
            self.programs.running.insert(id, program);
        }
    }
}

//! Somebody waits for a container, and for what runs in it.

use super::delete::remove_pod;
use crate::host::Host;
use crate::output::{Asks, Awaited, Follow, Output};
use crate::programs;
use petri_objects::{ObjectRef, Time};
use petri_sim::world::World;

/// Somebody waits for the container, and for what runs in it.
#[derive(Clone, Debug)]
pub(super) struct Attached {
    pub target: ObjectRef,
    pub container: String,
    pub command: Vec<String>,
    pub input: Option<String>,
    pub removes: bool,
    pub salt: u64,
    /// Until when the program sleeps, and what it says then.
    pub sleeps: Option<(Time, String)>,
}

impl Attached {
    fn ends(&mut self, host: &mut dyn Host, out: &mut Output) -> bool {
        if self.removes {
            let removed = remove_pod(&self.target, host);
            out.stdout.push_str(&removed.stdout);
            out.stderr.push_str(&removed.stderr);
        }
        true
    }
}

impl Awaited for Attached {
    fn words(&self, _: &World) -> String {
        format!("{} to be running", self.target)
    }
    fn look(&mut self, host: &mut dyn Host, out: &mut Output) -> bool {
        if let Some((until, said)) = &mut self.sleeps {
            if host.world().now < *until {
                return false;
            }
            out.stdout.push_str(&std::mem::take(said));
            return self.ends(host, out);
        }
        let world = host.world();
        let Some(uid) = world.uid_of(&self.target) else {
            out.fail(format!("Error from server (NotFound): pods \"{}\" not found", self.target.name));
            return true;
        };
        let Some(inside) = world.inside(uid, &self.container) else { return false };
        self.command = programs::entry(&inside, std::mem::take(&mut self.command));
        let typed = self.input.is_none();
        match typed.then(|| programs::open(&self.target, &self.container, &self.command, host)).flatten() {
            Some(Ok(reads)) => {
                out.stderr.push_str("If you don't see a command prompt, try pressing enter.\n");
                let (pod, container) = (self.target.clone(), self.container.clone());
                out.asks = Some(Asks::Enter { pod, container, reads, removes: self.removes, image: None });
                return true;
            }
            Some(Err(ended)) => {
                out.stderr.push_str(&ended.stderr);
                out.code = ended.code;
                return self.ends(host, out);
            }
            None => {}
        }
        let words = if self.command.is_empty() { vec!["sh".to_owned()] } else { self.command.clone() };
        let ran = programs::exec(&self.target, &self.container, &words, self.input.as_deref(), self.salt, host);
        out.stderr.push_str(&ran.stderr);
        out.code = ran.code;
        match ran.follow.as_ref().and_then(Follow::until) {
            Some(until) => {
                self.sleeps = Some((until, ran.slept_text()));
                false
            }
            None => {
                out.stdout.push_str(&ran.stdout);
                self.ends(host, out)
            }
        }
    }
    fn due(&self) -> Option<Time> {
        self.sleeps.as_ref().map(|(until, _)| *until)
    }
    fn expire(&self, out: &mut Output) {
        out.fail("error: timed out waiting for the condition");
    }
    fn copy(&self) -> Box<dyn Awaited> {
        Box::new(self.clone())
    }
}

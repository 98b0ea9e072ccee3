//! Lines that wait for the cluster: what they wait for, and what they say meanwhile.

use crate::kubectl::drain::Drain;
use crate::kubectl::get::Watch;
use crate::kubectl::rollout::RolloutStatus;
use crate::kubectl::wait::Wait;
use crate::verbs::Until;
use crate::{Host, Output};
use petri_objects::{ObjectRef, Time, Uid};
use petri_sim::world::World;

/// A line that is not done. The host asks [`Follow::poll`] again whenever the world has moved; dropping it is Ctrl-C.
#[derive(Clone, Debug)]
pub struct Follow {
    what: Waiting,
    /// When the line gives up, and what it says then.
    deadline: Option<(Time, Expiry)>,
}

#[derive(Clone, Debug)]
pub(crate) enum Waiting {
    /// `kubectl delete`: these objects are to disappear.
    Gone(Vec<(ObjectRef, Uid)>),
    Rollout(RolloutStatus),
    /// `kubectl wait`.
    Condition(Wait),
    /// `run until`.
    Until(Until),
    /// `run 60s`, where the host has not played that far at once.
    Clock(Time),
    /// `kubectl get -w`.
    Watch(Watch),
    Drain(Drain),
}

#[derive(Clone, Debug)]
enum Expiry {
    /// The line's own `--timeout`.
    Flag,
    /// `timeout 60s`.
    Command,
}

impl Follow {
    pub(crate) fn new(what: Waiting) -> Follow {
        Follow { what, deadline: None }
    }
    pub(crate) fn with_timeout(what: Waiting, deadline: Option<Time>) -> Follow {
        Follow { what, deadline: deadline.map(|at| (at, Expiry::Flag)) }
    }
    pub(crate) fn stop_at(&mut self, at: Time) {
        if self.deadline.as_ref().is_none_or(|(deadline, _)| at < *deadline) {
            self.deadline = Some((at, Expiry::Command));
        }
    }
    /// When the line gives up by itself.
    pub fn deadline(&self) -> Option<Time> {
        self.deadline.as_ref().map(|(at, _)| *at)
    }
    /// What the line waits for, in a few words.
    pub fn waits_for(&self, world: &World) -> String {
        match &self.what {
            Waiting::Gone(targets) => {
                let left: Vec<String> =
                    targets.iter().filter(|t| !is_gone(t, world)).map(|(target, _)| target.to_string()).collect();
                format!("{} to be gone", left.join(", "))
            }
            Waiting::Rollout(rollout) => format!("the rollout of {}", rollout.target),
            Waiting::Condition(wait) => wait.words(),
            Waiting::Until(until) => until.to_string(),
            Waiting::Clock(time) => petri_sim::ground::clock::elapsed(time.since(world.start)),
            Waiting::Watch(_) => "changes".into(),
            Waiting::Drain(drain) => format!("{} to be drained", drain.node),
        }
    }

    /// Looks at the world again. The output has the lines that are new, and the follow again unless the line is done.
    pub fn poll(mut self, host: &mut dyn Host) -> Output {
        let mut out = Output::default();
        let done = match &mut self.what {
            Waiting::Gone(targets) => {
                targets.retain(|target| !is_gone(target, host.world()));
                targets.is_empty()
            }
            Waiting::Rollout(rollout) => rollout.look(host.world(), &mut out),
            Waiting::Condition(wait) => wait.look(host.world(), &mut out),
            Waiting::Until(until) => until.holds(host.world()),
            Waiting::Clock(time) => host.world().now >= *time,
            Waiting::Watch(watch) => watch.look(host.world(), &mut out),
            Waiting::Drain(drain) => drain.look(host, &mut out),
        };
        if done {
            return out;
        }
        match &self.deadline {
            Some((at, expiry)) if host.world().now >= *at => {
                self.expire(&mut out, expiry);
                out
            }
            _ => {
                out.follow = Some(self);
                out
            }
        }
    }

    fn expire(&self, out: &mut Output, expiry: &Expiry) {
        if let Expiry::Command = expiry {
            out.code = 124;
            return;
        }
        let on = |target: &ObjectRef| format!("{}/{}", target.kind.plural(), target.name);
        match &self.what {
            Waiting::Gone(targets) => {
                for (target, _) in targets {
                    out.fail(format!("error: timed out waiting for the condition on {}", on(target)));
                }
            }
            Waiting::Condition(wait) => {
                for target in wait.pending() {
                    out.fail(format!("error: timed out waiting for the condition on {}", on(target)));
                }
            }
            Waiting::Until(until) => out.fail(format!("error: timed out waiting for {until}")),
            Waiting::Drain(drain) => drain.expire(out),
            _ => out.fail("error: timed out waiting for the condition"),
        }
    }
}

fn is_gone((target, uid): &(ObjectRef, Uid), world: &World) -> bool {
    world.objects().get(target).is_none_or(|object| object.meta().uid != *uid)
}

/// Plays time forward until a line is done, if the host wants lines to wait by themselves.
pub(crate) fn wait(out: &mut Output, host: &mut dyn Host) {
    let Some(patience) = host.patience() else { return };
    let limit = host.world().now + patience;
    while let Some(follow) = out.follow.take() {
        let end = follow.deadline().map_or(limit, |at| at.min(limit));
        match host.world().next_due() {
            Some(due) if due <= end => {
                host.step();
            }
            _ => host.play_until(end),
        }
        let waited_for = follow.waits_for(host.world());
        let mut next = follow.poll(host);
        if next.follow.is_some() && host.world().now >= limit {
            next.follow = None;
            next.stderr.push_str(&format!("^C (waited {patience} for {waited_for})\n"));
            next.code = 130;
        }
        let code = if next.code == 0 { out.code } else { next.code };
        out.then(next);
        out.code = code;
    }
}

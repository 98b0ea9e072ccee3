//! The memory of the timeline: what notes said, kept as spans, so that a frame costs the same after a hundred thousand.

mod answers;
mod programs;
mod sets;
mod spans;

use programs::Acting;
use sets::Courses;
pub use sets::{Asked, Course, Level};
use spans::close;
pub use spans::{Answer, Bar, Lane, LaneKey, Span};

use super::identity::Identity;
use petri_objects::{Name, Node, Object, ObjectRef, Phase, Pod, Time, Uid, VolumeAttachment, condition};
use petri_sim::story::recording::AGAIN;
use petri_sim::words::actor::Actor;
use petri_sim::words::command::Command;
use petri_sim::words::controller_id::ControllerId;
use petri_sim::words::invariants::{Guarantee, Standing};
use petri_sim::words::note::{MachineChange, Note, ProcessChange, Verb, What};
use std::collections::{BTreeMap, BTreeSet};

/// A moment worth a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    pub at: Time,
    pub kind: PinKind,
    pub text: String,
    /// How many more it stands for, such as the other objects of a file.
    pub more: usize,
    /// The lane it concerns, if there is one.
    pub lane: Option<LaneKey>,
}

impl Pin {
    /// `cut node-1`, `apply StatefulSet rg and 1 more`.
    pub fn said(&self) -> String {
        said(&self.text, self.more)
    }
}

/// A text, and how many more there are.
pub fn said(text: &str, more: usize) -> String {
    if more > 0 { format!("{text} and {more} more") } else { text.to_owned() }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PinKind {
    Controller,
    Fault,
    You,
    /// A moment that somebody named.
    Bookmark,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub guarantee: Guarantee,
    pub subject: Name,
    pub from: Time,
    pub to: Option<Time>,
}

/// Everything that the timeline draws, fed with notes as they come.
#[derive(Clone, Debug, Default)]
pub struct LaneStore {
    pub lanes: BTreeMap<LaneKey, Lane>,
    pub pins: Vec<Pin>,
    pub violations: Vec<Violation>,
    /// Claims by the volume that is bound to them.
    pub claims: BTreeMap<Name, Name>,
    /// What sets asked for.
    pub courses: Courses,
    deleted: BTreeMap<Uid, Time>,
    /// Pods whose evictions are parts of a drain and were refused, and when: they are asked for again.
    draining: BTreeMap<ObjectRef, Time>,
    containers: BTreeSet<(Uid, Name)>,
    acting: Acting,
    start: Time,
    became_ready: Option<(Time, Name)>,
    seen: usize,
    last: Option<Note>,
}

impl LaneStore {
    /// An empty memory of a run that begins then.
    pub fn new(start: Time) -> LaneStore {
        LaneStore { start, ..LaneStore::default() }
    }

    /// How many notes it has taken in.
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// When pod objects were removed.
    pub fn deleted(&self) -> &BTreeMap<Uid, Time> {
        &self.deleted
    }

    /// Takes in notes that follow the ones it has.
    pub fn extend(&mut self, notes: &[Note]) {
        for note in notes {
            self.take(note);
        }
        self.seen += notes.len();
        if let Some(last) = notes.last() {
            self.last = Some(last.clone());
        }
    }

    /// Forgets everything and takes in what is left: after a fork, an undo or a change of branch.
    pub fn truncate(&mut self, notes: &[Note]) {
        *self = LaneStore::new(self.start);
        self.extend(notes);
    }

    /// Brings the memory up to date with all notes of a run. A run that was cut short and went on differently is
    /// noticed by its length or its last known note; after any other fork, call [`LaneStore::truncate`].
    pub fn follow(&mut self, notes: &[Note]) {
        let known = notes.len() >= self.seen && (self.seen == 0 || notes.get(self.seen - 1) == self.last.as_ref());
        if known {
            self.extend(&notes[self.seen..]);
        } else {
            self.truncate(notes);
        }
    }

    fn take(&mut self, note: &Note) {
        let at = note.at;
        match &note.what {
            What::Write { by, verb, object, old, .. } => match object {
                Object::Pod(pod) => self.pod(at, by, *verb, pod, old.as_ref()),
                Object::Node(node) => self.node(at, *verb, node, old.as_ref()),
                Object::VolumeAttachment(attachment) => self.attachment(at, *verb, attachment),
                Object::PersistentVolumeClaim(claim) if !claim.spec.volume_name.is_empty() => {
                    self.claims.insert(claim.spec.volume_name.clone(), claim.metadata.name.clone());
                }
                Object::StatefulSet(_) | Object::Deployment(_) | Object::ReplicaSet(_) | Object::DaemonSet(_) => {
                    self.courses.set(at, *verb, object)
                }
                Object::EndpointSlice(slice) => answers::listed(&mut self.lanes, at, *verb, slice, old.as_ref()),
                Object::Lease(_) | Object::ConfigMap(_) => programs::written_record(&mut self.lanes, at, *verb, object),
                _ => {}
            },
            What::Command { command, result, said, .. } => {
                let mut text = said.as_deref().map_or_else(|| short_line(command), short);
                if result.is_err() {
                    text.push_str(" (refused)");
                }
                if self.belongs_to_the_last(at, command, result.is_err()) {
                    return;
                }
                let kind = if command.is_fault() { PinKind::Fault } else { PinKind::You };
                self.pins.push(Pin { at, kind, text, more: 0, lane: lane_of(command) });
            }
            What::Process { node, identity, uid, container, change } => {
                let key = LaneKey::Identity { namespace: identity.namespace.clone(), pod: identity.pod.clone() };
                match change {
                    ProcessChange::Started { .. } => {
                        let first = !self.containers.iter().any(|(pod, _)| pod == uid);
                        self.containers.insert((*uid, container.clone()));
                        if first {
                            let span = Span::begins(Bar::Process, at, *uid, node.clone());
                            self.lanes.entry(key).or_default().reality.push(span);
                        }
                    }
                    ProcessChange::Stopped { .. } | ProcessChange::Died => {
                        self.containers.remove(&(*uid, container.clone()));
                        if !self.containers.iter().any(|(pod, _)| pod == uid)
                            && let Some(lane) = self.lanes.get_mut(&key)
                        {
                            close(&mut lane.reality, at, |span| span.uid == *uid);
                            self.acting.stops(&mut self.lanes, at, *uid);
                        }
                    }
                    ProcessChange::Ready | ProcessChange::Unready | ProcessChange::AskedToStop { .. } => {}
                }
            }
            What::Program { node, identity, uid, change } => {
                let told = self.acting.program(&mut self.lanes, at, (node, identity, *uid), change);
                if let Some((text, key)) = told {
                    self.pin(at, text, Some(key));
                }
            }
            What::Lock { lock, holder, until } => programs::record(&mut self.lanes, at, lock, holder.as_ref(), *until),
            What::Machine { node, change } => self.machine(at, node, *change),
            What::Guarantee { guarantee, subject, standing } => self.guarantee(at, *guarantee, subject, standing),
        }
    }

    /// Whether a command is a part of what was said already: an eviction of a drain, another object of a file.
    fn belongs_to_the_last(&mut self, at: Time, command: &Command, refused: bool) -> bool {
        if let Command::Evict { pod, .. } = command
            && self.draining.remove(pod).is_some_and(|asked| at.since(asked) <= AGAIN)
        {
            if refused {
                self.draining.insert(pod.clone(), at);
            }
            return true;
        }
        let yours = |pin: &&mut Pin| matches!(pin.kind, PinKind::You | PinKind::Fault);
        let Some(last) = self.pins.iter_mut().rev().find(yours).filter(|pin| pin.at == at) else { return false };
        match command {
            Command::Evict { pod, .. } => {
                if let Some(node) = last.text.strip_prefix("cordon ") {
                    last.text = format!("drain {node}");
                }
                let drains = last.text.starts_with("drain ");
                if drains && refused {
                    self.draining.insert(pod.clone(), at);
                }
                drains
            }
            Command::Apply(_) if last.text.starts_with("apply ") => {
                last.more += 1;
                let line = short_line(command);
                // A workload tells more than what stands around it.
                let tells = ["apply StatefulSet ", "apply Deployment "].iter().any(|start| line.starts_with(start));
                if tells {
                    last.text = line;
                }
                true
            }
            _ => false,
        }
    }

    fn pod(&mut self, at: Time, by: &Actor, verb: Verb, pod: &Pod, old: Option<&Object>) {
        let meta = &pod.metadata;
        let key = LaneKey::Identity { namespace: meta.namespace.clone(), pod: meta.name.clone() };
        let set = self.courses.set_of(pod);
        let lane = self.lanes.entry(key.clone()).or_default();
        if verb == Verb::Deleted {
            close(&mut lane.belief, at, |span| span.uid == meta.uid);
            self.deleted.insert(meta.uid, at);
            if by == &Actor::Controller(ControllerId::PodGc) {
                self.pin(at, format!("{} removed", meta.name), Some(key));
            }
            return;
        }
        lane.identity = Identity::of(pod);
        let revision = match set {
            Some((set, revision)) => {
                lane.set = Some(set);
                revision
            }
            None => Name::default(),
        };
        let ordinal = lane.identity.ordinal;
        let bar = believed(pod);
        let open = lane.belief.last_mut().filter(|span| span.to.is_none() && span.uid == meta.uid);
        if let Some(span) = open.filter(|span| span.bar == Bar::Pending && bar == Bar::Creating)
            && at.since(span.from).as_millis() < 1_000
        {
            // Nobody waits who is placed at once.
            span.bar = bar;
            span.node = pod.spec.node_name.clone();
        }
        let open = lane.belief.last().filter(|span| span.to.is_none() && span.uid == meta.uid);
        if open.is_none_or(|span| span.bar != bar) {
            close(&mut lane.belief, at, |span| span.uid == meta.uid);
            let node = pod.spec.node_name.clone();
            lane.belief.push(Span { who: revision, ..Span::begins(bar, at, meta.uid, node) });
        }
        if bar == Bar::Ready && !matches!(old, Some(Object::Pod(old)) if old.is_ready()) {
            self.became_ready = Some((at, meta.name.clone()));
        }
        match (verb, by) {
            (Verb::Created, Actor::Controller(_)) if ordinal.is_some() => {
                let text = match &self.became_ready {
                    Some((ready, before)) if at.since(*ready).as_millis() < 500 && *before != meta.name => {
                        format!("{before} Ready, so {}", meta.name)
                    }
                    _ => format!("{} created", meta.name),
                };
                self.pin(at, text, Some(key));
            }
            (Verb::MarkedForDeletion, Actor::Controller(ControllerId::TaintEviction)) => {
                self.pin(at, format!("evict {}", meta.name), Some(key));
            }
            (Verb::MarkedForDeletion, Actor::Controller(_)) if ordinal.is_some() => {
                self.pin(at, format!("delete {}", meta.name), Some(key));
            }
            _ => {}
        }
    }

    fn pin(&mut self, at: Time, text: String, lane: Option<LaneKey>) {
        self.pins.push(Pin { at, kind: PinKind::Controller, text, more: 0, lane });
    }

    fn node(&mut self, at: Time, verb: Verb, node: &Node, old: Option<&Object>) {
        let key = LaneKey::Node(node.metadata.name.clone());
        let start = self.start;
        let lane = self.lanes.entry(key.clone()).or_default();
        if verb == Verb::Deleted {
            close(&mut lane.belief, at, |_| true);
            return;
        }
        let bar = node_bar(node);
        let mut changed = lane.belief.last().is_none_or(|span| span.to.is_some() || span.bar != bar);
        if let (true, Some(Object::Node(old))) = (lane.belief.is_empty(), old) {
            // The node was there before the first note about it.
            let before = node_bar(old);
            let span = Span::begins(before, start, old.metadata.uid, Name::default());
            lane.belief.push(span);
            changed = before != bar;
        }
        if changed {
            let known = !lane.belief.is_empty();
            close(&mut lane.belief, at, |_| true);
            lane.belief.push(Span::begins(bar, at, node.metadata.uid, Name::default()));
            if known {
                let name = &node.metadata.name;
                let text = if bar == Bar::NodeReady { format!("{name} Ready") } else { format!("{name} NotReady") };
                self.pin(at, text, Some(key));
            }
        }
    }

    fn machine(&mut self, at: Time, node: &Name, change: MachineChange) {
        let reality = &mut self.lanes.entry(LaneKey::Node(node.clone())).or_default().reality;
        let mut open = |bar| {
            if !reality.iter().any(|span| span.bar == bar && span.to.is_none()) {
                reality.push(Span::begins(bar, at, Uid(0), node.clone()));
            }
        };
        match change {
            MachineChange::PoweredOff => open(Bar::Off),
            MachineChange::Cut | MachineChange::CutOneWay(_) => open(Bar::Cut),
            MachineChange::KubeletStopped => open(Bar::KubeletStopped),
            MachineChange::PoweredOn => close(reality, at, |span| span.bar == Bar::Off),
            MachineChange::Healed => close(reality, at, |span| span.bar == Bar::Cut),
            MachineChange::KubeletStarted => close(reality, at, |span| span.bar == Bar::KubeletStopped),
        }
    }

    fn attachment(&mut self, at: Time, verb: Verb, attachment: &VolumeAttachment) {
        let volume = attachment.spec.source.persistent_volume_name.clone();
        let spans = &mut self.lanes.entry(LaneKey::Volume(volume)).or_default().belief;
        let (uid, node) = (attachment.metadata.uid, &attachment.spec.node_name);
        let attached = verb != Verb::Deleted && attachment.status.attached;
        let open = spans.iter().any(|span| span.to.is_none() && span.uid == uid);
        match (attached, open) {
            (true, false) => spans.push(Span::begins(Bar::Attached, at, uid, node.clone())),
            (false, true) => close(spans, at, |span| span.uid == uid),
            _ => {}
        }
    }

    fn guarantee(&mut self, at: Time, guarantee: Guarantee, subject: &Name, standing: &Standing) {
        let open = |v: &&mut Violation| v.guarantee == guarantee && v.subject == *subject && v.to.is_none();
        let known = self.violations.iter_mut().rev().find(open);
        match (standing, known) {
            (Standing::Broken { since, .. }, None) => {
                self.violations.push(Violation { guarantee, subject: subject.clone(), from: *since, to: None });
            }
            (Standing::Holding | Standing::AtRisk { .. }, Some(violation)) => violation.to = Some(at),
            _ => {}
        }
    }
}

/// What the API server believes of a pod, as a bar.
fn believed(pod: &Pod) -> Bar {
    match pod.status.phase {
        _ if pod.is_terminating() => Bar::Terminating,
        Phase::Succeeded | Phase::Failed => Bar::Ended,
        Phase::Running if pod.is_ready() => Bar::Ready,
        Phase::Running | Phase::Unknown => Bar::Running,
        Phase::Pending | Phase::None if pod.is_scheduled() => Bar::Creating,
        Phase::Pending | Phase::None => Bar::Pending,
    }
}

fn node_bar(node: &Node) -> Bar {
    // A node that has not reported yet is not lost.
    let lost = condition(&node.status.conditions, "Ready").is_some_and(|ready| &*ready.status != "True");
    if lost { Bar::NodeLost } else { Bar::NodeReady }
}

/// The console line, as short as a pin needs it.
pub fn short_line(command: &Command) -> String {
    short(&command.said())
}

/// A line without what a pin has no room for.
fn short(line: &str) -> String {
    line.strip_prefix("kubectl ").unwrap_or(line).replace(" --grace-period=0", "")
}

fn lane_of(command: &Command) -> Option<LaneKey> {
    match command {
        Command::Delete { target, .. } | Command::Patch { target, .. } if target.kind == petri_objects::Kind::Pod => {
            Some(LaneKey::Identity { namespace: target.namespace.clone(), pod: target.name.clone() })
        }
        Command::Evict { pod, .. }
        | Command::Crash { pod, .. }
        | Command::Hang { pod, .. }
        | Command::Pause { pod, .. }
        | Command::FailProbe { pod, .. }
        | Command::SlowStart { pod, .. }
        | Command::SlowStop { pod, .. } => {
            Some(LaneKey::Identity { namespace: pod.namespace.clone(), pod: pod.name.clone() })
        }
        Command::Cordon { node, .. }
        | Command::Taint { node, .. }
        | Command::PowerOff { node }
        | Command::PowerOn { node }
        | Command::Reboot { node }
        | Command::StopKubelet { node }
        | Command::StartKubelet { node }
        | Command::AddMachine { node, .. }
        | Command::Cut { node }
        | Command::CutOneWay { node, .. }
        | Command::Part { node, .. }
        | Command::DelayLink { node, .. }
        | Command::SetClock { node, .. }
        | Command::Heal { node } => Some(LaneKey::Node(node.clone())),
        _ => None,
    }
}

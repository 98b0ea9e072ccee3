//! The engine without the page, for scripts: what `petri.js` hands out.
//!
//! A run is a [`Timeline`] of its own, apart from that of any page. Lines wait by themselves, as on a terminal: virtual time
//! costs none. Whatever goes over the edge is a plain value, and `web/embed/petri.d.ts` has its type, which a test compares with
//! what really crosses.

use crate::edge::to_js;
use petri_console::claims::Claim;
use petri_lessons::fence::Fence;
use petri_lessons::fence::run::{Run, needs};
use petri_objects::value::quoted;
use petri_objects::{Kind, Object, Value};
use petri_sim::ground::scenario::Scenario;
use petri_sim::reality::machine::ProcessState;
use petri_sim::story::link;
use petri_sim::story::recording::{ENGINE, Recording};
use petri_sim::story::shared::Shared;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::invariants::{Guarantee, Standing};
use petri_sim::words::note::{CallResult, MachineChange, Note, ProcessChange, ProgramChange, Verb, What};
use petri_sim::world::World;
use serde::Serialize;
use std::collections::BTreeMap;
use wasm_bindgen::prelude::*;

/// A run that a script owns.
#[wasm_bindgen(js_name = Engine)]
pub struct Engine {
    timeline: Timeline,
    files: BTreeMap<String, String>,
    /// How many notes were handed out.
    heard: usize,
}

/// Everything that is true at one moment: what the API server believes, and what the machines do.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Everything {
    /// RFC 3339, virtual.
    now: String,
    /// Virtual milliseconds since the start.
    elapsed: f64,
    /// How many events have happened.
    events: f64,
    /// Equal worlds have equal ones.
    fingerprint: String,
    /// What the API server has stored, as `kubectl get -o json` prints it.
    objects: Vec<Value>,
    machines: Vec<Machine>,
    disks: Vec<Disk>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Machine {
    name: String,
    zone: String,
    powered: bool,
    /// Whether it can reach, and be reached by, the control plane.
    linked: bool,
    processes: Vec<Process>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Process {
    namespace: String,
    pod: String,
    uid: String,
    container: String,
    state: &'static str,
    restarts: u32,
    /// Virtual milliseconds since the start of the run.
    started: f64,
    /// Whether the API server has the object that it belongs to.
    known: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Disk {
    volume: String,
    /// `namespace/name`.
    claim: Option<String>,
    attached: Vec<String>,
    writers: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Promise {
    name: &'static str,
    definition: &'static str,
    standing: &'static str,
    /// What shows it, if it does not hold.
    evidence: Option<String>,
    /// When it was first broken: virtual milliseconds since the start.
    first_broken: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Said {
    /// What a terminal would show.
    shown: String,
    /// The exit code.
    code: i32,
}

#[derive(Debug, Serialize)]
struct Judged {
    holds: bool,
    /// What is there.
    found: String,
}

/// Something that happened.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Happening {
    /// Virtual milliseconds since the start.
    at: f64,
    kind: &'static str,
    /// What it is about: `pod/web-0`, `node-1`, `At most one`.
    subject: String,
    /// What happened to it, in a word or two.
    what: String,
    by: Option<String>,
}

#[derive(Debug, Serialize)]
struct Kept {
    /// The part of a link behind `#`.
    fragment: String,
    /// The same as JSON.
    json: String,
    engine: &'static str,
}

/// The version of this engine: recordings name it.
#[wasm_bindgen(js_name = engineVersion)]
pub fn engine_version() -> String {
    ENGINE.to_owned()
}

/// The names of the texts that a fence needs and does not hold: examples and lessons, to be handed to
/// [`Engine::open`].
#[wasm_bindgen(js_name = needs)]
pub fn needed(words: &str, fence: &str) -> Vec<String> {
    needs(&Fence::read(words, fence))
}

#[wasm_bindgen(js_class = Engine)]
impl Engine {
    /// Opens a fence (a manifest is one), or a recording: its JSON, a link, or the part of a link behind `#`. `texts` are pairs
    /// of names and texts, one after the other.
    ///
    /// # Errors
    /// What is wrong with it, a sentence a line.
    pub fn open(words: &str, text: &str, texts: Vec<String>) -> Result<Engine, JsError> {
        let refused = |words: String| JsError::new(&words);
        let shared = match text.trim_start().starts_with("{\"engine\"") {
            true => Some(Shared::from_json(text)),
            false if text.lines().count() <= 1 => link::from_fragment(text.rsplit('#').next().unwrap_or(text)),
            false => None,
        };
        if let Some(shared) = shared {
            let shared = shared.map_err(|problem| refused(problem.to_string()))?;
            let timeline = Timeline::opened(shared);
            return Ok(Engine { timeline, files: BTreeMap::new(), heard: 0 });
        }
        let pairs = texts.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone()));
        let files: BTreeMap<String, String> = pairs.collect();
        let fence = Fence::read(words, text);
        let mut run = Run::begin(&fence, &files).map_err(|problems| {
            let lines: Vec<String> = problems.iter().map(|p| format!("line {}: {}", p.number, p.message)).collect();
            refused(lines.join("\n"))
        })?;
        while run.advance(u64::MAX) {}
        Ok(Engine { timeline: run.timeline, files: run.files, heard: 0 })
    }

    /// Machines, and nothing else: `standard`, `empty`, `sized-12`.
    ///
    /// # Errors
    /// If there is no such scenario.
    pub fn empty(scenario: &str, seed: u32) -> Result<Engine, JsError> {
        let found: Option<Scenario> = petri_lessons::scenario(scenario);
        let scenario = found.ok_or_else(|| JsError::new(&format!("there is no scenario {}", quoted(scenario))))?;
        let timeline = Timeline::new(Recording::new(scenario, u64::from(seed)));
        Ok(Engine { timeline, files: BTreeMap::new(), heard: 0 })
    }

    /// Puts a file where `kubectl apply -f NAME` finds it.
    pub fn file(&mut self, name: String, text: String) {
        self.files.insert(name, text);
    }

    /// Types a line on the console: `kubectl ...`, `cut node-0`, `run 60s`, `run until sts/web Ready`.
    pub fn command(&mut self, line: &str) -> JsValue {
        let out = petri_console::run(line, &mut self.timeline, &self.files);
        to_js(&Said { shown: out.shown(), code: out.code })
    }

    /// Everything that is true now.
    pub fn world(&self) -> JsValue {
        to_js(&everything(self.timeline.world()))
    }

    /// What the cluster promises, and how it stands.
    pub fn guarantees(&self) -> JsValue {
        to_js(&promises(self.timeline.world()))
    }

    /// Whether a claim holds now, and what is there.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn claim(&self, text: &str) -> Result<JsValue, JsError> {
        let claim = Claim::parse(text, "default").map_err(|problem| JsError::new(&problem))?;
        let verdict = claim.look(self.timeline.world());
        Ok(to_js(&Judged { holds: verdict.holds, found: verdict.found }))
    }

    /// Goes to a moment: virtual milliseconds since the start.
    pub fn seek(&mut self, elapsed: f64) {
        // What is no moment at all is the start.
        let micros = (elapsed.clamp(0.0, 9.0e12) * 1_000.0) as u64;
        let to = petri_objects::Time(self.timeline.start().0.saturating_add(micros));
        self.timeline.seek(to.min(self.timeline.end().max(self.timeline.now())));
    }

    /// The same run at the same moment, to go another way.
    pub fn fork(&self) -> Engine {
        let mut timeline = Timeline::new(self.timeline.recording().clone());
        timeline.play_until(self.timeline.end());
        timeline.seek(self.timeline.now());
        Engine { timeline, files: self.files.clone(), heard: self.heard }
    }

    /// What has happened since this was last asked.
    pub fn news(&mut self) -> JsValue {
        let notes = self.timeline.notes_until_now();
        // After a jump back there is less than was heard.
        let from = self.heard.min(notes.len());
        let start = self.timeline.start();
        let told: Vec<Happening> = notes[from..].iter().map(|note| happening(note, start)).collect();
        self.heard = notes.len();
        to_js(&told)
    }

    /// The whole run, to be opened again.
    pub fn recording(&self) -> JsValue {
        let timeline = &self.timeline;
        let shared = timeline.shared();
        to_js(&Kept { fragment: link::to_fragment(&shared), json: shared.to_json(), engine: ENGINE })
    }
}

fn since(at: petri_objects::Time, start: petri_objects::Time) -> f64 {
    at.since(start).0 as f64 / 1_000.0
}

fn everything(world: &World) -> Everything {
    let objects = world.objects();
    let machine = |machine: &petri_sim::reality::machine::Machine| Machine {
        name: machine.name.to_string(),
        zone: machine.zone().to_owned(),
        powered: machine.powered,
        linked: !world.network.is_cut(&machine.name),
        processes: (machine.processes.iter())
            .map(|(id, process)| {
                let key = petri_sim::belief::api::shelf::Key::new(
                    process.identity.namespace.clone(),
                    process.identity.pod.clone(),
                );
                Process {
                    namespace: process.identity.namespace.to_string(),
                    pod: process.identity.pod.to_string(),
                    uid: process.uid.to_string(),
                    container: id.container.to_string(),
                    state: match process.state {
                        ProcessState::Stopping { .. } => "stopping",
                        ProcessState::Running if !process.answers => "hung",
                        ProcessState::Running => "running",
                    },
                    restarts: process.restarts,
                    started: since(process.started, world.start),
                    known: objects.pods.get(&key).is_some_and(|pod| pod.metadata.uid == process.uid),
                }
            })
            .collect(),
    };
    let disk = |disk: &petri_sim::reality::storage::Disk| Disk {
        volume: disk.volume.to_string(),
        claim: disk.claim.as_ref().map(|claim| format!("{}/{}", claim.namespace, claim.name)),
        attached: disk.attached.keys().map(|node| node.to_string()).collect(),
        writers: disk.writers().map(|writer| writer.pod.to_string()).collect(),
    };
    Everything {
        now: world.now.rfc3339_micro(),
        elapsed: since(world.now, world.start),
        events: world.events as f64,
        fingerprint: world.fingerprint().to_string(),
        objects: Kind::ALL
            .iter()
            .flat_map(|kind| objects.list(*kind))
            .map(|object: Object| object.to_value())
            .collect(),
        machines: world.machines.values().map(machine).collect(),
        disks: world.disks.iter().map(disk).collect(),
    }
}

fn promises(world: &World) -> Vec<Promise> {
    let concerned = Guarantee::ALL.into_iter().filter(|guarantee| world.concerns(*guarantee));
    concerned
        .map(|guarantee| {
            let (standing, _) = world.invariants.worst(guarantee);
            let (standing, evidence) = match standing {
                Standing::Holding => ("holds", None),
                Standing::AtRisk { evidence, .. } => ("at risk", Some(evidence.sentence.to_string())),
                Standing::Broken { evidence, .. } => ("broken", Some(evidence.sentence.to_string())),
            };
            let first = world.invariants.first_broken.get(&guarantee);
            Promise {
                name: guarantee.title(),
                definition: guarantee.definition(),
                standing,
                evidence,
                first_broken: first.map(|(at, ..)| since(*at, world.start)),
            }
        })
        .collect()
}

fn happening(note: &Note, start: petri_objects::Time) -> Happening {
    let (kind, subject, what, by) = match &note.what {
        What::Write { by, target, verb, .. } => {
            let what = match verb {
                Verb::Created => "created",
                Verb::Updated => "updated",
                Verb::MarkedForDeletion => "marked for deletion",
                Verb::Deleted => "deleted",
            };
            ("object", target.to_string(), what.to_owned(), Some(by.name().to_string()))
        }
        What::Command { command, result, .. } => {
            ("command", command.line(), if result.is_ok() { "done" } else { "refused" }.to_owned(), None)
        }
        What::Process { node, identity, change, .. } => {
            let what = match change {
                ProcessChange::Started { .. } => "started",
                ProcessChange::Ready => "ready",
                ProcessChange::Unready => "unready",
                ProcessChange::AskedToStop { .. } => "asked to stop",
                ProcessChange::Stopped { .. } => "stopped",
                ProcessChange::Died => "died",
            };
            ("process", format!("{identity} on {node}"), what.to_owned(), None)
        }
        What::Program { node, identity, change, .. } => {
            let what = match change {
                ProgramChange::Leads { lock, .. } => format!("leads {lock}"),
                ProgramChange::Yields { lock } => format!("yields {lock}"),
                ProgramChange::Called { target, result: CallResult::Answered(..) } => format!("reaches {target}"),
                ProgramChange::Called { target, .. } => format!("does not reach {target}"),
                ProgramChange::Wrote { volume, verdict, .. } => format!("writes to {volume}, {}", verdict.as_str()),
            };
            ("process", format!("{identity} on {node}"), what, None)
        }
        What::Lock { lock, holder, .. } => {
            let what = holder.as_ref().map_or_else(|| "free".to_owned(), |holder| format!("held by {holder}"));
            ("lock", lock.to_string(), what, None)
        }
        What::Machine { node, change } => {
            let what = match change {
                MachineChange::PoweredOff => "powered off",
                MachineChange::PoweredOn => "powered on",
                MachineChange::KubeletStopped => "kubelet stopped",
                MachineChange::KubeletStarted => "kubelet started",
                MachineChange::Cut | MachineChange::CutOneWay(_) => "cut",
                MachineChange::Healed => "healed",
            };
            ("machine", node.to_string(), what.to_owned(), None)
        }
        What::Guarantee { guarantee, standing, .. } => {
            let what = match standing {
                Standing::Holding => "holds",
                Standing::AtRisk { .. } => "at risk",
                Standing::Broken { .. } => "broken",
            };
            ("guarantee", guarantee.title().to_owned(), what.to_owned(), None)
        }
    };
    Happening { at: since(note.at, start), kind, subject, what, by }
}

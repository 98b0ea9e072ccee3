//! What a person may do. A click, a key, a console line, a lesson step and a link all become one of these.

use crate::ground::clock::Span;
use crate::words::controller_id::ControllerId;
use petri_objects::wire::records;
use petri_objects::{Container, Name, Object, ObjectRef, Taint, Value, by_name};
use serde::{Deserialize, Serialize};
use std::rc::Rc;

mod exec;
mod written;
pub use exec::{FileChange, FileKind};
use written::{manifest, object, within_a_run};

by_name! {
    Component, "component";
    Direction, "direction";
    Probed, "probe";
    Propagation, "propagation";
    StoragePart, "part of the storage";
}

/// A process of the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    ApiServer,
    ControllerManager,
    Scheduler,
}

impl Component {
    pub const ALL: [Component; 3] = [Component::ApiServer, Component::ControllerManager, Component::Scheduler];

    pub fn name(self) -> &'static str {
        match self {
            Component::ApiServer => "kube-apiserver",
            Component::ControllerManager => "kube-controller-manager",
            Component::Scheduler => "kube-scheduler",
        }
    }
    pub fn from_name(name: &str) -> Option<Component> {
        Component::ALL.into_iter().find(|component| component.name() == name)
    }
    /// The process that a controller runs in; `None` for those that are no part of the control plane.
    pub fn of(controller: ControllerId) -> Option<Component> {
        match controller {
            ControllerId::Scheduler => Some(Component::Scheduler),
            ControllerId::CsiDriver => None,
            _ => Some(Component::ControllerManager),
        }
    }
}

/// A part of the storage driver that can fail by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StoragePart {
    /// It makes and deletes disks.
    Provisioner,
    /// Requests to attach a disk are answered.
    Attach,
    /// Requests to detach a disk are answered.
    Detach,
}

impl StoragePart {
    pub const ALL: [StoragePart; 3] = [StoragePart::Provisioner, StoragePart::Attach, StoragePart::Detach];

    pub fn name(self) -> &'static str {
        match self {
            StoragePart::Provisioner => "provisioner",
            StoragePart::Attach => "attach",
            StoragePart::Detach => "detach",
        }
    }
    pub fn from_name(name: &str) -> Option<StoragePart> {
        StoragePart::ALL.into_iter().find(|part| part.name() == name)
    }
}

/// A question of the kubelet that a process can answer badly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Probed {
    Readiness,
    Liveness,
}

impl Probed {
    pub const ALL: [Probed; 2] = [Probed::Readiness, Probed::Liveness];

    pub fn name(self) -> &'static str {
        match self {
            Probed::Readiness => "readiness",
            Probed::Liveness => "liveness",
        }
    }
    pub fn from_name(name: &str) -> Option<Probed> {
        Probed::ALL.into_iter().find(|probe| probe.name() == name)
    }
    /// Whether the kubelet asks this container.
    pub fn asks(self, container: &Container) -> bool {
        match self {
            Probed::Readiness => container.readiness_probe.is_some(),
            Probed::Liveness => container.liveness_probe.is_some(),
        }
    }
}

/// Whose packets are lost, from where the machine stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// What the machine sends.
    Outgoing,
    /// What is sent to it.
    Incoming,
}

impl Direction {
    pub const ALL: [Direction; 2] = [Direction::Outgoing, Direction::Incoming];

    /// `outgoing`, `incoming`.
    pub fn name(self) -> &'static str {
        match self {
            Direction::Outgoing => "outgoing",
            Direction::Incoming => "incoming",
        }
    }
    pub fn from_name(name: &str) -> Option<Direction> {
        Direction::ALL.into_iter().find(|direction| direction.name() == name)
    }
}

/// What happens to the objects that the deleted one owns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Propagation {
    #[default]
    Background,
    Foreground,
    Orphan,
}

impl Propagation {
    pub const ALL: [Propagation; 3] = [Propagation::Background, Propagation::Foreground, Propagation::Orphan];

    /// The word of `propagationPolicy`.
    pub fn name(self) -> &'static str {
        match self {
            Propagation::Background => "Background",
            Propagation::Foreground => "Foreground",
            Propagation::Orphan => "Orphan",
        }
    }
    pub fn from_name(name: &str) -> Option<Propagation> {
        Propagation::ALL.into_iter().find(|propagation| propagation.name() == name)
    }
}

/// One command.
///
/// Links hold commands by the names of their variants and fields for ever: none is renamed (`rename` keeps the old name
/// where the code has a better one), none is taken away, and a field that is added has a default.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    // What kubectl can say: requests to the API server.
    /// `kubectl apply`: creates the object or merges it into the stored one. The manifest is kept as it was typed,
    /// without defaults, because the next apply needs to know what this one left out.
    #[serde(with = "manifest")]
    Apply(Rc<Value>),
    /// `kubectl create`.
    #[serde(with = "object")]
    Create(Object),
    /// `kubectl replace`, and what an editor saves.
    #[serde(with = "object")]
    Replace(Object),
    Scale {
        target: ObjectRef,
        replicas: i32,
    },
    Delete {
        target: ObjectRef,
        #[serde(rename = "grace")]
        grace_seconds: Option<i64>,
        propagation: Propagation,
    },
    /// A JSON merge patch.
    Patch {
        target: ObjectRef,
        patch: Value,
        status: bool,
    },
    Evict {
        #[serde(rename = "target")]
        pod: ObjectRef,
        #[serde(rename = "grace")]
        grace_seconds: Option<i64>,
    },
    /// `kubectl cordon` and `uncordon`.
    Cordon {
        node: Name,
        on: bool,
    },
    Taint {
        node: Name,
        #[serde(with = "records")]
        add: Vec<Taint>,
        #[serde(with = "records")]
        remove: Vec<Taint>,
    },

    // What happens to machines.
    PowerOff {
        node: Name,
    },
    PowerOn {
        node: Name,
    },
    /// Off, and on again after a boot.
    Reboot {
        node: Name,
    },
    /// Stops the kubelet process; containers run on, unsupervised.
    StopKubelet {
        node: Name,
    },
    StartKubelet {
        node: Name,
    },
    /// Adds a machine that registers itself.
    AddMachine {
        node: Name,
        zone: Name,
    },

    // What happens to the network.
    /// Cuts a machine off from the control plane.
    Cut {
        node: Name,
    },
    /// Heals everything about a machine's links: cuts, lost directions, latency, and its cuts from other machines.
    Heal {
        node: Name,
    },
    /// A machine's link loses the packets of one direction.
    CutOneWay {
        node: Name,
        lost: Direction,
    },
    /// Cuts every machine of a zone off from the control plane.
    CutZone {
        zone: Name,
    },
    HealZone {
        zone: Name,
    },
    /// Two machines do not reach each other, or do again.
    Part {
        node: Name,
        other: Name,
        on: bool,
    },
    /// How long a packet to or from a machine is on its way; none heals that.
    DelayLink {
        node: Name,
        #[serde(rename = "by", deserialize_with = "within_a_run")]
        latency: Span,
    },

    /// A machine's clock runs fast or slow from now on (100 percent is right), and shows a time of day that is ahead or
    /// behind.
    #[serde(rename = "clock")]
    SetClock {
        node: Name,
        percent: u32,
        #[serde(rename = "ahead", default)]
        ahead_seconds: i64,
    },

    // What happens to processes.
    /// The container's process ends with this exit code.
    Crash {
        #[serde(rename = "target")]
        pod: ObjectRef,
        #[serde(rename = "exitCode")]
        exit_code: i32,
    },
    /// The process runs but does not answer, or answers again.
    Hang {
        #[serde(rename = "target")]
        pod: ObjectRef,
        on: bool,
    },

    /// The process stands still for so long, as in a long garbage collection, and goes on where it stood.
    Pause {
        #[serde(rename = "target")]
        pod: ObjectRef,
        #[serde(rename = "by", deserialize_with = "within_a_run")]
        span: Span,
    },
    /// The process answers a probe badly until it ends, or as it does by itself again.
    FailProbe {
        #[serde(rename = "target")]
        pod: ObjectRef,
        probe: Probed,
        on: bool,
    },
    /// From its next start on, whichever object describes it, the pod's process first answers so long after its start.
    SlowStart {
        #[serde(rename = "target")]
        pod: ObjectRef,
        #[serde(rename = "by", deserialize_with = "within_a_run")]
        span: Span,
    },
    /// The process takes so long from SIGTERM to exit.
    SlowStop {
        #[serde(rename = "target")]
        pod: ObjectRef,
        #[serde(rename = "by", deserialize_with = "within_a_run")]
        span: Span,
    },

    /// A program that somebody started in a container (`kubectl exec`) has changed files, or ended the container's process
    /// with this exit code.
    Exec {
        #[serde(rename = "target")]
        pod: ObjectRef,
        container: Name,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<FileChange>,
        #[serde(rename = "exitCode", default, skip_serializing_if = "Option::is_none")]
        exit_code: Option<i32>,
    },

    // What happens to storage.
    /// A part of the storage driver does nothing any more, or works again.
    FailStorage {
        part: StoragePart,
        on: bool,
    },
    /// A disk refuses every write, or takes them again. It goes by the name of its volume.
    ReadOnly {
        volume: Name,
        on: bool,
    },

    // What happens to the control plane.
    /// A process of the control plane ends.
    StopComponent {
        component: Component,
    },
    /// It is started again, and knows nothing but what it reads.
    StartComponent {
        component: Component,
    },
    /// It ends, and its kubelet starts it again.
    RestartComponent {
        component: Component,
    },
    /// A controller's process stands still, or goes on.
    PauseController {
        controller: ControllerId,
        on: bool,
    },
    /// A controller's cache trails the store by so much.
    DelayCache {
        controller: ControllerId,
        #[serde(deserialize_with = "within_a_run")]
        by: Span,
    },
    /// Every write takes etcd so long.
    DelayEtcd {
        #[serde(deserialize_with = "within_a_run")]
        by: Span,
    },
    /// A controller loses its memory and its half-finished work, and starts again.
    CrashController {
        controller: ControllerId,
    },
    /// A controller's cache stops following the store, or follows again.
    HoldCache {
        controller: ControllerId,
        on: bool,
    },
    /// The next answer to a write of this controller is lost on the way.
    LoseReply {
        controller: ControllerId,
    },
}

impl Command {
    /// Whether the command hands the API server an object as somebody has written it.
    pub fn is_manifest(&self) -> bool {
        matches!(self, Command::Apply(_) | Command::Create(_) | Command::Replace(_))
    }

    /// Whether the command asks the API server, rather than changing the physical world.
    pub fn is_request(&self) -> bool {
        matches!(
            self,
            Command::Apply(_)
                | Command::Create(_)
                | Command::Replace(_)
                | Command::Scale { .. }
                | Command::Delete { .. }
                | Command::Patch { .. }
                | Command::Evict { .. }
                | Command::Cordon { .. }
                | Command::Taint { .. }
        )
    }
    /// Whether it breaks something: the timeline marks it with a triangle.
    pub fn is_fault(&self) -> bool {
        match self {
            Command::DelayLink { latency: span, .. }
            | Command::DelayCache { by: span, .. }
            | Command::DelayEtcd { by: span }
            | Command::SlowStart { span, .. }
            | Command::SlowStop { span, .. } => return *span > Span::ZERO,
            _ => {}
        }
        matches!(
            self,
            Command::PowerOff { .. }
                | Command::Reboot { .. }
                | Command::StopKubelet { .. }
                | Command::Cut { .. }
                | Command::SetClock { .. }
                | Command::Crash { .. }
                | Command::Hang { on: true, .. }
                | Command::FailStorage { on: true, .. }
                | Command::ReadOnly { on: true, .. }
                | Command::StopComponent { .. }
                | Command::CrashController { .. }
                | Command::HoldCache { on: true, .. }
                | Command::LoseReply { .. }
                | Command::CutOneWay { .. }
                | Command::CutZone { .. }
                | Command::Part { on: true, .. }
                | Command::Pause { .. }
                | Command::FailProbe { on: true, .. }
                | Command::RestartComponent { .. }
                | Command::PauseController { on: true, .. }
                | Command::Exec { exit_code: Some(_), .. }
        )
    }
    /// The line that does the same in the console.
    /// The line as far as the command knows it: which file a manifest stood in, it does not.
    pub fn said(&self) -> String {
        let named = |verb: &str, kind: &str, name: &str| format!("{verb} {kind} {name}");
        match self {
            Command::Apply(manifest) => {
                let text = |path: &[&str], other: &'static str| {
                    manifest.at(path).and_then(Value::as_str).unwrap_or(other).to_owned()
                };
                named("apply", &text(&["kind"], "a manifest"), &text(&["metadata", "name"], ""))
            }
            Command::Create(object) => named("create", object.kind().name(), &object.meta().name),
            Command::Replace(object) => named("replace", object.kind().name(), &object.meta().name),
            other => other.line(),
        }
    }
    pub fn line(&self) -> String {
        let on_off = |on: &bool, yes: &'static str, no: &'static str| if *on { yes } else { no };
        match self {
            Command::Apply(manifest) => {
                let name = manifest.at(&["metadata", "name"]).and_then(Value::as_str).unwrap_or("manifest");
                format!("kubectl apply -f {name}.yaml")
            }
            Command::Create(object) => format!("kubectl create -f {}.yaml", object.meta().name),
            Command::Replace(object) => format!("kubectl replace -f {}.yaml", object.meta().name),
            Command::Scale { target, replicas } => {
                format!("kubectl scale {target} --replicas={replicas}{}", namespace_flag(target))
            }
            Command::Delete { target, grace_seconds, propagation } => {
                let mut line = format!("kubectl delete {} {}", target.kind.singular(), target.name);
                match grace_seconds {
                    Some(0) => line.push_str(" --force --grace-period=0"),
                    Some(grace) => line.push_str(&format!(" --grace-period={grace}")),
                    None => {}
                }
                match propagation {
                    Propagation::Background => {}
                    Propagation::Foreground => line.push_str(" --cascade=foreground"),
                    Propagation::Orphan => line.push_str(" --cascade=orphan"),
                }
                line + &namespace_flag(target)
            }
            Command::Patch { target, patch, status } => {
                let (patch, part) =
                    (patch.to_json().replace('\'', "'\\''"), if *status { " --subresource=status" } else { "" });
                format!("kubectl patch {target}{part} --type=merge -p '{patch}'{}", namespace_flag(target))
            }
            Command::Evict { pod, .. } => format!("evict {pod}{}", namespace_flag(pod)),
            Command::Cordon { node, on } => format!("kubectl {} {node}", on_off(on, "cordon", "uncordon")),
            Command::Taint { node, add, remove } => {
                let mut line = format!("kubectl taint nodes {node}");
                for taint in add {
                    let value = if taint.value.is_empty() { String::new() } else { format!("={}", taint.value) };
                    line.push_str(&format!(" {}{value}:{}", taint.key, taint.effect));
                }
                for taint in remove {
                    line.push_str(&format!(" {}:{}-", taint.key, taint.effect));
                }
                line
            }
            Command::PowerOff { node } => format!("power off {node}"),
            Command::PowerOn { node } => format!("power on {node}"),
            Command::Reboot { node } => format!("reboot {node}"),
            Command::StopKubelet { node } => format!("stop kubelet {node}"),
            Command::StartKubelet { node } => format!("start kubelet {node}"),
            Command::AddMachine { node, zone } => format!("add machine {node} --zone={zone}"),
            Command::Cut { node } => format!("cut {node}"),
            Command::Heal { node } => format!("heal {node}"),
            Command::CutOneWay { node, lost } => format!("cut {node} --{}", lost.name()),
            Command::CutZone { zone } => format!("cut zone {zone}"),
            Command::HealZone { zone } => format!("heal zone {zone}"),
            Command::Part { node, other, on } => format!("{} {node} {other}", on_off(on, "cut", "heal")),
            Command::DelayLink { node, latency } => format!("delay link {node} {latency}"),
            Command::SetClock { node, percent, ahead_seconds } => {
                let mut line = format!("clock {node} --rate={percent}%");
                match ahead_seconds {
                    0 => {}
                    behind if *behind < 0 => line.push_str(&format!(" --behind={}s", behind.unsigned_abs())),
                    ahead => line.push_str(&format!(" --ahead={ahead}s")),
                }
                line
            }
            Command::Crash { pod, exit_code } => {
                format!("crash {pod} --exit-code={exit_code}{}", namespace_flag(pod))
            }
            Command::Exec { pod, container, files, exit_code } => {
                exec::line(pod, &namespace_flag(pod), container, files, *exit_code)
            }
            Command::Hang { pod, on } => format!("{} {pod}{}", on_off(on, "hang", "unhang"), namespace_flag(pod)),
            Command::Pause { pod, span } => format!("pause {pod} {span}{}", namespace_flag(pod)),
            Command::FailProbe { pod, probe, on } => {
                format!("{} {} {pod}{}", on_off(on, "fail", "pass"), probe.name(), namespace_flag(pod))
            }
            Command::SlowStart { pod, span } => format!("slow start {pod} {span}{}", namespace_flag(pod)),
            Command::SlowStop { pod, span } => format!("slow stop {pod} {span}{}", namespace_flag(pod)),
            Command::FailStorage { part: StoragePart::Provisioner, on } => {
                format!("{} provisioner", on_off(on, "stop", "start"))
            }
            Command::FailStorage { part, on } => format!("{} {}", on_off(on, "hold", "release"), part.name()),
            Command::ReadOnly { volume, on } => format!("{} {volume}", on_off(on, "read-only", "read-write")),
            Command::StopComponent { component } => format!("stop {}", component.name()),
            Command::StartComponent { component } => format!("start {}", component.name()),
            Command::RestartComponent { component } => format!("restart {}", component.name()),
            Command::PauseController { controller, on } => {
                format!("{} controller {}", on_off(on, "pause", "resume"), controller.name())
            }
            Command::DelayCache { controller, by } => format!("delay cache {} {by}", controller.name()),
            Command::DelayEtcd { by } => format!("delay etcd {by}"),
            Command::CrashController { controller } => format!("crash controller {}", controller.name()),
            Command::HoldCache { controller, on } => {
                format!("{} cache {}", on_off(on, "hold", "release"), controller.name())
            }
            Command::LoseReply { controller } => format!("lose reply {}", controller.name()),
        }
    }
}

fn namespace_flag(target: &ObjectRef) -> String {
    match &*target.namespace {
        "" | "default" => String::new(),
        namespace => format!(" -n {namespace}"),
    }
}

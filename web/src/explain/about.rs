//! What a thing is, in one sentence, before anything has happened to it.

use petri_objects::Kind;
use petri_picture::view::Target;

/// A name and the sentence that defines it.
pub type About = (&'static str, &'static str);

/// The parts of the control plane, as the picture names them.
const COMPONENTS: [About; 5] = [
    ("api-server", "takes every request; all others talk to it and never to each other."),
    ("etcd", "keeps what the API server believes."),
    ("scheduler", "chooses a node for each pod that has none, and does nothing else."),
    ("controller-manager", "runs the loops that bring what is there closer to what was asked for."),
    ("coredns", "answers names with the addresses of pods that are Ready."),
];

/// What is selected, by definition.
pub fn about(target: Option<&Target>) -> Vec<About> {
    match target {
        Some(Target::ControlPlane) => COMPONENTS.to_vec(),
        Some(Target::Link(_)) => {
            vec![("The link", "carries everything that a kubelet and the API server know of each other.")]
        }
        Some(target) => {
            target.object().map(|object| vec![(object.kind.name(), of_kind(object.kind))]).unwrap_or_default()
        }
        None => Vec::new(),
    }
}

fn of_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Namespace => "holds objects under names of their own and takes them along when it goes.",
        Kind::Node => "is what the API server believes of a machine; the machine runs on without it.",
        Kind::Pod => "asks one machine to run containers under one name and one uid; it never moves.",
        Kind::Service => "gives one name to all Ready pods that match its selector.",
        Kind::ConfigMap => "holds settings that pods read.",
        Kind::ServiceAccount => "is who a pod is to the API server.",
        Kind::ResourceQuota => "limits how much a namespace may hold.",
        Kind::PersistentVolumeClaim => "asks for a disk and keeps it, whichever pod uses it.",
        Kind::PersistentVolume => "describes a disk that exists apart from any pod.",
        Kind::Event => "tells what somebody noticed; nothing acts on it.",
        Kind::StatefulSet => "keeps pods that have each a name, and one pod at most under each.",
        Kind::ReplicaSet => "keeps a number of pods that may stand for each other.",
        Kind::Deployment => "replaces pods by new ones step by step, through one ReplicaSet per version.",
        Kind::DaemonSet => {
            "keeps one pod on every machine that it is meant for, and follows machines as they come and go."
        }
        Kind::ControllerRevision => "remembers a version of a StatefulSet's or a DaemonSet's template.",
        Kind::PodDisruptionBudget => "says how many pods an eviction has to leave; other losses do not ask it.",
        Kind::StorageClass => "says who makes a disk for a claim, and how.",
        Kind::VolumeAttachment => "asks the storage driver to attach one disk to one machine.",
        Kind::EndpointSlice => "lists the addresses behind a Service, and which of them are ready.",
        Kind::Lease => "says who holds something until when; a node's says that it lives.",
        Kind::PriorityClass => "says which pods may push others off a node.",
        Kind::Kept(kind) if kind.is_acted_on() => match kind.entry().name {
            "Job" => "runs pods until as many as it asks for have succeeded, or too many have failed.",
            "CronJob" => "makes a Job at each time of its schedule.",
            _ => "keeps as many pods with its labels as it asks for, as the older form of a ReplicaSet.",
        },
        Kind::Kept(_) => "is kept as an API server keeps it; nothing here acts on it.",
    }
}

//! Words of Kubernetes: which of them stand in a sentence, and what each of them means, with the page of its documentation.

/// How the words are spelled in sentences, each with its place in [`MEANINGS`]. Longer ones go before their beginnings.
/// Apart from the meanings, which nobody reads who does not ask.
const WORDS: &[(&str, usize)] = &[
    ("API server", 0),
    ("claims", 1),
    ("claim", 1),
    ("PersistentVolumeClaim", 1),
    ("ConfigMap", 2),
    ("controllers", 3),
    ("controller", 3),
    ("cordoned", 4),
    ("cordon", 4),
    ("Deployment", 5),
    ("disruption budgets", 6),
    ("disruption budget", 6),
    ("PodDisruptionBudget", 6),
    ("drained", 7),
    ("drain", 7),
    ("EndpointSlice", 8),
    ("etcd", 9),
    ("evicted", 10),
    ("evicts", 10),
    ("evict", 10),
    ("evictions", 10),
    ("eviction", 10),
    ("finalizers", 11),
    ("finalizer", 11),
    ("force-deleted", 12),
    ("force delete", 12),
    ("Force-delete", 12),
    ("grace period", 13),
    ("Terminating", 13),
    ("headless", 14),
    ("ImagePullBackOff", 15),
    ("kubelets", 16),
    ("kubelet", 16),
    ("leases", 17),
    ("lease", 17),
    ("Lease", 17),
    ("liveness probe", 18),
    ("minReadySeconds", 19),
    ("Multi-Attach", 20),
    ("ReadWriteOncePod", 20),
    ("ReadWriteOnce", 20),
    ("namespace", 21),
    ("NXDOMAIN", 22),
    ("OnDelete", 23),
    ("ordinal", 24),
    ("out-of-service", 25),
    ("out of service", 25),
    ("Parallel", 26),
    ("partition", 27),
    ("PersistentVolumes", 28),
    ("PersistentVolume", 28),
    ("preStop", 29),
    ("readiness probe", 30),
    ("ReplicaSets", 31),
    ("ReplicaSet", 31),
    ("revisions", 32),
    ("revision", 32),
    ("scheduler", 33),
    ("selector", 34),
    ("StatefulSets", 35),
    ("StatefulSet", 35),
    ("storage classes", 36),
    ("storage class", 36),
    ("StorageClass", 36),
    ("taints", 37),
    ("tainted", 37),
    ("taint", 37),
    ("tolerates", 38),
    ("toleration", 38),
    ("uid", 39),
    ("CrashLoopBackOff", 40),
    ("Service", 41),
    ("Node object", 42),
];

/// What a word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    pub word: &'static str,
    /// One sentence.
    pub sentence: &'static str,
    /// Its page, below the documentation's address.
    page: &'static str,
}

const fn means(word: &'static str, sentence: &'static str, page: &'static str) -> Meaning {
    Meaning { word, sentence, page }
}

const STATEFUL: &str = "concepts/workloads/controllers/statefulset/";

const MEANINGS: &[Meaning] = &[
    means(
        "API server",
        "Takes every request and stores what is asked for; nothing else talks to etcd.",
        "concepts/architecture/#kube-apiserver",
    ),
    means(
        "PersistentVolumeClaim",
        "A request for storage that outlives the pods that use it.",
        "concepts/storage/persistent-volumes/#persistentvolumeclaims",
    ),
    means("ConfigMap", "Settings, by key, that pods can read.", "concepts/configuration/configmap/"),
    means(
        "Controller",
        "A loop that compares what is there with what was asked for, and does something about the difference.",
        "concepts/architecture/controller/",
    ),
    means(
        "Cordon",
        "Marks a node so that no new pods are placed on it; those that run there stay.",
        "tasks/administer-cluster/safely-drain-node/",
    ),
    means(
        "Deployment",
        "Replaces interchangeable pods step by step, with one ReplicaSet for each version of their template.",
        "concepts/workloads/controllers/deployment/",
    ),
    means(
        "PodDisruptionBudget",
        "Says how many pods an eviction has to leave; crashes and lost nodes do not ask it.",
        "concepts/workloads/pods/disruptions/",
    ),
    means("Drain", "Cordons a node and evicts its pods one by one.", "tasks/administer-cluster/safely-drain-node/"),
    means(
        "EndpointSlice",
        "Lists the addresses behind a Service and whether each of them is ready.",
        "concepts/services-networking/endpoint-slices/",
    ),
    means(
        "etcd",
        "The store behind the API server: what is in it is what the control plane believes.",
        "concepts/architecture/#etcd",
    ),
    means(
        "Eviction",
        "A request to delete a pod that a disruption budget may refuse.",
        "concepts/scheduling-eviction/api-eviction/",
    ),
    means(
        "Finalizer",
        "A name on an object: until its owner takes it away, the object is marked for deletion and stays.",
        "concepts/overview/working-with-objects/finalizers/",
    ),
    means(
        "Force delete",
        "Removes a pod's object without waiting for the kubelet; its processes may go on.",
        "tasks/run-application/force-delete-stateful-set-pod/",
    ),
    means(
        "Termination",
        "A pod that is deleted gets SIGTERM, then so many seconds, then SIGKILL; its object goes when the kubelet says that it has ended.",
        "concepts/workloads/pods/pod-lifecycle/#pod-termination",
    ),
    means(
        "Headless Service",
        "A Service without an address: its name answers with the addresses of its pods.",
        "concepts/services-networking/service/#headless-services",
    ),
    means(
        "ImagePullBackOff",
        "The image cannot be fetched, and the kubelet waits longer before each further try.",
        "concepts/containers/images/#imagepullbackoff",
    ),
    means(
        "kubelet",
        "The agent of a node: it starts and stops containers and reports what became of them.",
        "concepts/architecture/#kubelet",
    ),
    means(
        "Lease",
        "An object that says who holds something and until when: a node's heartbeat, or who leads.",
        "concepts/architecture/leases/",
    ),
    means(
        "Liveness probe",
        "The kubelet's question whether a container still works; after enough failures it is restarted.",
        "concepts/workloads/pods/pod-lifecycle/#container-probes",
    ),
    means(
        "minReadySeconds",
        "How long a pod has to be ready before it counts as available.",
        "concepts/workloads/controllers/statefulset/#minimum-ready-seconds",
    ),
    means(
        "Access mode",
        "How many nodes, or pods, may use a volume at one time.",
        "concepts/storage/persistent-volumes/#access-modes",
    ),
    means(
        "Namespace",
        "A part of the cluster in which names are unique.",
        "concepts/overview/working-with-objects/namespaces/",
    ),
    means(
        "NXDOMAIN",
        "The answer of DNS that a name does not exist: a pod behind a headless Service has one only while it is ready.",
        "concepts/services-networking/dns-pod-service/",
    ),
    means(
        "OnDelete",
        "The controller waits until somebody deletes a pod before it makes one of the new template.",
        "concepts/workloads/controllers/statefulset/#on-delete",
    ),
    means(
        "Ordinal",
        "The number at the end of a StatefulSet pod's name; it keeps name and claims across restarts.",
        "concepts/workloads/controllers/statefulset/#ordinal-index",
    ),
    means(
        "Out-of-service taint",
        "Tells Kubernetes that a node is off and stays off: its pods are deleted and its volumes detached.",
        "concepts/cluster-administration/node-shutdown/#non-graceful-node-shutdown",
    ),
    means(
        "Parallel",
        "The controller starts and stops pods without waiting for those before them.",
        "concepts/workloads/controllers/statefulset/#parallel-pod-management",
    ),
    means(
        "Partition",
        "Pods with a smaller ordinal keep the old template during a rolling update.",
        "concepts/workloads/controllers/statefulset/#partitions",
    ),
    means(
        "PersistentVolume",
        "A piece of storage that exists apart from any pod.",
        "concepts/storage/persistent-volumes/",
    ),
    means(
        "preStop hook",
        "What a container is asked to do before SIGTERM; it counts towards the grace period.",
        "concepts/containers/container-lifecycle-hooks/",
    ),
    means(
        "Readiness probe",
        "The kubelet's question whether a container can serve; while it fails, Services leave the pod out.",
        "concepts/workloads/pods/pod-lifecycle/#container-probes",
    ),
    means(
        "ReplicaSet",
        "Keeps a number of interchangeable pods; it may have one too many for a while.",
        "concepts/workloads/controllers/replicaset/",
    ),
    means(
        "Revision",
        "A version of the pod template that the controller remembers.",
        "concepts/workloads/controllers/statefulset/#rolling-updates",
    ),
    means("Scheduler", "Chooses a node for each pod that has none.", "concepts/scheduling-eviction/kube-scheduler/"),
    means(
        "Selector",
        "The labels by which an object finds the pods that it is about.",
        "concepts/overview/working-with-objects/labels/#label-selectors",
    ),
    means(
        "StatefulSet",
        "Keeps pods that have each a name and storage of their own, and at most one pod under each name.",
        STATEFUL,
    ),
    means("StorageClass", "Says who makes a volume for a claim, and how.", "concepts/storage/storage-classes/"),
    means(
        "Taint",
        "A mark on a node that keeps pods away, or drives them out, unless they tolerate it.",
        "concepts/scheduling-eviction/taint-and-toleration/",
    ),
    means(
        "Toleration",
        "Lets a pod stay on a tainted node, for ever or for so many seconds.",
        "concepts/scheduling-eviction/taint-and-toleration/",
    ),
    means(
        "uid",
        "Tells two objects of one name apart: a pod that was replaced has another one.",
        "concepts/overview/working-with-objects/names/#uids",
    ),
    means(
        "CrashLoopBackOff",
        "A container ends again and again, and the kubelet waits longer before each restart.",
        "concepts/workloads/pods/pod-lifecycle/#restart-policy",
    ),
    means(
        "Service",
        "One name, and usually one address, for the ready pods that its selector matches.",
        "concepts/services-networking/service/",
    ),
    means(
        "Node",
        "What the API server knows of a machine; the machine runs on without it.",
        "concepts/architecture/nodes/",
    ),
];

impl Meaning {
    /// The address of its page in the documentation of Kubernetes.
    pub fn address(&self) -> String {
        format!("https://kubernetes.io/docs/{}", self.page)
    }
}

/// What the word at this place means.
pub fn meaning(place: usize) -> Option<&'static Meaning> {
    MEANINGS.get(place)
}

/// All of them, each with its place.
pub fn all() -> impl Iterator<Item = (usize, &'static Meaning)> {
    MEANINGS.iter().enumerate()
}

/// A part of a sentence: plain text, or a word with its place.
pub type Part<'t> = (&'t str, Option<usize>);

/// Words that were met, one bit for each: none is explained twice in one place.
pub type Met = u64;
/// Nothing is explained any more.
pub const ALL: Met = Met::MAX;

/// Takes a sentence apart at the words that have a meaning and were not met yet.
pub fn parts<'t>(text: &'t str, met: &mut Met) -> Vec<Part<'t>> {
    let mut parts = Vec::new();
    let (mut from, mut before) = (0, None::<char>);
    let mut skip = 0;
    // `node-0` and `statefulset/rg` are names.
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '/' | '.' | '_');
    for (at, own) in text.char_indices() {
        if at >= skip && !before.is_some_and(is_part) && own.is_alphabetic() {
            let ends = |end: usize| {
                let mut rest = text[end..].chars();
                match rest.next() {
                    // A full stop ends a sentence, or goes on in a name.
                    Some('.') => !rest.next().is_some_and(|next| next.is_alphanumeric()),
                    next => !next.is_some_and(is_part),
                }
            };
            let found = WORDS.iter().find(|(word, _)| text[at..].starts_with(word) && ends(at + word.len()));
            if let Some((word, place)) = found {
                skip = at + word.len();
                if *met & (1 << place) == 0 {
                    *met |= 1 << place;
                    parts.extend([(&text[from..at], None), (&text[at..skip], Some(*place))]);
                    from = skip;
                }
            }
        }
        before = Some(own);
    }
    parts.push((&text[from..], None));
    parts.retain(|(text, _)| !text.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sentence with its explained words in brackets.
    fn marked(text: &str) -> String {
        let of = |(text, place): &Part<'_>| if place.is_some() { format!("[{text}]") } else { (*text).to_owned() };
        parts(text, &mut 0).iter().map(of).collect()
    }

    #[test]
    fn words_are_found_and_names_are_not() {
        for (text, found) in [
            ("The kubelet on node-0 reports.", "The [kubelet] on node-0 reports."),
            ("statefulset-controller changed statefulset/rg", "statefulset-controller changed statefulset/rg"),
            ("They keep revision 1: partition is 2.", "They keep [revision] 1: [partition] is 2."),
            ("A claim, and another claim.", "A [claim], and another claim."),
            ("No storage class offers it: claims wait.", "No [storage class] offers it: [claims] wait."),
            ("taint.example.com is a name, a taint.", "taint.example.com is a name, a [taint]."),
            ("", ""),
        ] {
            assert_eq!(marked(text), found);
        }
    }

    #[test]
    fn every_word_has_a_meaning_and_every_meaning_a_page() {
        assert!(MEANINGS.len() <= Met::BITS as usize);
        for (number, (word, place)) in WORDS.iter().enumerate() {
            assert!(meaning(*place).is_some(), "{word}");
            let shorter = WORDS[..number].iter().find(|(other, _)| word.starts_with(other));
            // Otherwise the end of the longer one would never be looked at; whole words end where they end.
            assert!(shorter.is_none_or(|(other, _)| word.as_bytes()[other.len()].is_ascii_alphanumeric()), "{word}");
        }
        for (place, meaning) in all() {
            assert!(WORDS.iter().any(|(_, own)| *own == place), "{} is spelled nowhere", meaning.word);
            assert!(meaning.sentence.ends_with('.') && meaning.address().contains('/'), "{}", meaning.word);
            assert!(!meaning.page.starts_with('/'), "{}", meaning.page);
        }
    }

    #[test]
    fn what_was_explained_is_not_explained_again() {
        let mut met = 0;
        let first = parts("a taint", &mut met).len();
        assert_eq!((first, parts("a taint", &mut met).len()), (2, 1));
    }
}

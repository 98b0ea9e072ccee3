//! The words that a field takes, where the API knows only some.

use petri_objects::Kind;

type Words = &'static [(&'static str, &'static str)];

const MODES: Words = &[
    ("ReadWriteOnce", "one machine at a time may use it"),
    ("ReadWriteOncePod", "one pod at a time may use it"),
    ("ReadOnlyMany", "every machine may read it"),
    ("ReadWriteMany", "every machine may write to it"),
];
const RETENTION: Words = &[("Retain", "the claim stays"), ("Delete", "the claim goes")];
const RECLAIM: Words = &[("Retain", "the disk stays when its claim goes"), ("Delete", "the disk goes with its claim")];
const OPERATORS: Words = &[
    ("In", "the label has one of the values"),
    ("NotIn", "it has none of them"),
    ("Exists", "there is such a label"),
    ("DoesNotExist", "there is none"),
];
const EFFECTS: Words = &[
    ("NoSchedule", "no new pods"),
    ("PreferNoSchedule", "rather no new pods"),
    ("NoExecute", "pods that do not tolerate it are evicted"),
];
const PROTOCOLS: Words = &[("TCP", ""), ("UDP", ""), ("SCTP", "")];
const IMAGES: Words = &[
    ("petri.dev/server:1", "answers as soon as it runs"),
    ("petri.dev/writer:1", "writes a record to its disk again and again"),
    ("petri.dev/elector:1", "elects a leader on a Lease; who leads writes to its disk"),
    ("petri.dev/configmap-lock:1", "the same on a ConfigMap"),
    ("petri.dev/session-lock:1", "waits in line for a lock that ends with its session"),
    ("petri.dev/ttl-lock:1", "takes a lock that runs out"),
    ("petri.dev/quorum:1", "accepts writes while a majority is reached"),
    ("petri.dev/client:1", "calls a name again and again, and remembers its address"),
    ("petri.dev/crasher:1", "exits with code 1 a second after each start"),
    ("petri.dev/slow-starter:1", "answers a minute after its start"),
    ("petri.dev/slow-stopper:1", "takes a minute from SIGTERM to exit"),
    ("petri.dev/never-ready:1", "never answers its readiness probe"),
];

/// The words for a field of a type, each with what it means.
pub(super) fn of(schema: &str, field: &str) -> Words {
    match (schema, field) {
        ("StatefulSetSpec", "podManagementPolicy") => {
            &[("OrderedReady", "one after the other, each when the one before is ready"), ("Parallel", "all at once")]
        }
        ("StatefulSetUpdateStrategy", "type") => &[
            ("RollingUpdate", "one after the other, the last first"),
            ("OnDelete", "when somebody deletes the old pod"),
        ],
        ("DaemonSetUpdateStrategy", "type") => {
            &[("RollingUpdate", "node after node"), ("OnDelete", "when somebody deletes the old pod")]
        }
        ("DeploymentStrategy", "type") => {
            &[("RollingUpdate", "new pods before old ones go"), ("Recreate", "old pods go before new ones come")]
        }
        (_, "whenDeleted" | "whenScaled") => RETENTION,
        (_, "reclaimPolicy" | "persistentVolumeReclaimPolicy") => RECLAIM,
        (_, "volumeBindingMode") => &[
            ("WaitForFirstConsumer", "the disk is made where the first pod goes"),
            ("Immediate", "the disk is made at once, wherever"),
        ],
        (_, "volumeMode") => &[("Filesystem", ""), ("Block", "")],
        ("PodSpec", "restartPolicy") => &[
            ("Always", "a container that ends is started again"),
            ("OnFailure", "only if it ended badly"),
            ("Never", ""),
        ],
        (_, "imagePullPolicy") => &[("IfNotPresent", ""), ("Always", ""), ("Never", "")],
        ("ServiceSpec", "type") => &[
            ("ClusterIP", "an address inside of the cluster"),
            ("ExternalName", "an alias for another name"),
            ("NodePort", ""),
            ("LoadBalancer", ""),
        ],
        ("ServiceSpec", "clusterIP") => &[("None", "headless: its pods' own addresses")],
        (_, "unhealthyPodEvictionPolicy") => &[
            ("IfHealthyBudget", "pods that are not Ready may go while enough are healthy"),
            ("AlwaysAllow", "pods that are not Ready may always go"),
        ],
        (_, "whenUnsatisfiable") => &[("DoNotSchedule", "the pod waits"), ("ScheduleAnyway", "another place is taken")],
        (_, "topologyKey") => &[
            ("kubernetes.io/hostname", "each machine for itself"),
            ("topology.kubernetes.io/zone", "each zone for itself"),
        ],
        ("Toleration", "operator") => &[("Equal", "key and value are the same"), ("Exists", "whatever the value")],
        ("Toleration" | "Taint", "effect") => EFFECTS,
        ("Toleration", "key") => &[
            ("node.kubernetes.io/unreachable", "nobody has heard of the node"),
            ("node.kubernetes.io/not-ready", "its kubelet says so"),
        ],
        (_, "operator") => OPERATORS,
        (_, "protocol") => PROTOCOLS,
        (_, "accessModes") => MODES,
        ("Container", "image") => IMAGES,
        (_, "provisioner" | "driver") => &[("disk.petri.dev", "the simulated disks")],
        ("PriorityClass", "preemptionPolicy") => {
            &[("PreemptLowerPriority", "other pods make room"), ("Never", "it only goes first in the queue")]
        }
        (_, "storageClassName") => &[("standard", "the class that every cluster here begins with")],
        _ => &[],
    }
}

/// Whether people write objects of this kind; the others are made by controllers.
pub(super) fn is_written_by_people(kind: Kind) -> bool {
    !matches!(kind, Kind::Event | Kind::ControllerRevision | Kind::VolumeAttachment | Kind::EndpointSlice | Kind::Node)
}

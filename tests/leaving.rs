//! What goes leaves nothing behind, what has to stay stays, and what comes back comes back.

use petri_objects::{Kind, ObjectRef};
use petri_sim::ground::clock::Span;
use petri_sim::ground::scenario::Scenario;
use petri_sim::story::recording::Recording;
use petri_sim::story::timeline::Timeline;
use petri_sim::words::invariants::Guarantee;
use std::collections::BTreeMap;

/// A cluster and the files of whoever speaks to it.
struct Session {
    timeline: Timeline,
    files: BTreeMap<String, String>,
}

impl Session {
    fn new(manifest: &str) -> Session {
        let files = BTreeMap::from([("all.yaml".to_owned(), manifest.to_owned())]);
        Session { timeline: Timeline::new(Recording::new(Scenario::standard(), 1)), files }
    }
    fn say(&mut self, lines: &[&str]) -> String {
        let said = lines.iter().map(|line| petri_console::run(line, &mut self.timeline, &self.files).shown());
        said.last().unwrap_or_default()
    }
    /// After the first lines a-0 is on a machine, which takes no more pods from then on; after the others, in which it is
    /// `{node}`, a-0 runs on another one. Answers the first machine.
    fn moves(&mut self, begin: &[&str], then: &[&str]) -> String {
        self.say(begin);
        let node = petri_console::claims::fill("{node of pod/a-0}", "default", self.timeline.world());
        let node = node.expect("it is on a node");
        self.say(&[&format!("kubectl cordon {node}")]);
        for line in then {
            self.say(&[&line.replace("{node}", &node)]);
        }
        let claim = petri_console::claims::Claim::parse("pod/a-0 is Ready", "default").expect("it is a claim");
        let verdict = claim.look(self.timeline.world());
        assert!(verdict.holds && !verdict.found.contains(&node), "{}", verdict.found);
        node
    }
    /// What is still thought of anything.
    fn left(&self) -> Vec<String> {
        let (world, start) = (self.timeline.world(), self.timeline.start());
        let invariants = &world.invariants;
        let mut left: Vec<String> =
            invariants.standing.keys().map(|(guarantee, subject)| format!("{} {subject}", guarantee.title())).collect();
        left.extend(invariants.complete.keys().map(|subject| format!("{subject} was complete")));
        left.extend(
            world.reasons().map(|(id, key, waiting)| {
                format!("{} waits about {key}: {}", id.name(), waiting.reason.sentence(start))
            }),
        );
        left
    }
}

const REPLICA_SET: &str = "
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: a}
spec:
  replicas: 1
  selector: {matchLabels: {app: a}}
  template:
    metadata: {labels: {app: a}}
    spec: {containers: [{name: c, image: server}]}
";

/// Everything that a promise can be about.
fn everything() -> String {
    let set = |name: &str, image: &str, notes: &str| {
        format!(
            "---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: {name}}}\nspec:\n  serviceName: {name}\n  \
             replicas: 3\n  podManagementPolicy: Parallel\n  persistentVolumeClaimRetentionPolicy: {{whenDeleted: Delete, \
             whenScaled: Retain}}\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: \
             {name}}}, annotations: {{{notes}}}}}\n    spec:\n      containers: [{{name: c, image: {image}, volumeMounts: \
             [{{name: d, mountPath: /d}}]}}]\n  volumeClaimTemplates:\n  - metadata: {{name: d}}\n    spec: {{accessModes: \
             [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}\n"
        )
    };
    let service = |name: &str| {
        format!(
            "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{clusterIP: None, selector: {{app: \
             {name}}}, ports: [{{port: 80}}]}}\n"
        )
    };
    let deployment = REPLICA_SET.replace("ReplicaSet", "Deployment").replace("a}", "b}");
    let budget = "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: a}\nspec: {minAvailable: 1, \
                  selector: {matchLabels: {app: a}}}\n";
    [
        REPLICA_SET.to_owned(),
        format!("---{deployment}"),
        set("web", "petri.dev/writer", ""),
        set("lock", "petri.dev/elector", "petri.dev/lock: leader"),
        set("ttl", "petri.dev/ttl-lock", ""),
        set("quorum", "petri.dev/quorum", "petri.dev/service: members"),
        service("members").replace("{app: members}", "{app: quorum}"),
        budget.to_owned(),
    ]
    .concat()
}

#[test]
fn a_standing_goes_with_its_subject() {
    let mut session = Session::new(REPLICA_SET);
    session.say(&["kubectl apply -f all.yaml", "run 60s"]);
    let node = session.say(&["kubectl get pods -o jsonpath='{.items[0].spec.nodeName}'"]);
    session.say(&[&format!("power off {node}"), "run 2m"]);
    assert_eq!(session.left()[..1], ["At least X default/replicaset/a"], "it is broken while it exists");
    session.say(&["kubectl delete rs a --wait=false", "run 1h", &format!("power on {node}"), "run 30m"]);
    assert_eq!(session.left(), Vec::<String>::new());
    // One of the same name is another one: it has promised nothing before it was complete.
    session.say(&["cut zone a", "cut zone b", "kubectl apply -f all.yaml", "run 60s"]);
    assert!(!session.left().iter().any(|line| line.starts_with("At least X")), "{:?}", session.left());
}

#[test]
fn everything_that_is_deleted_leaves_nothing_behind() {
    for trouble in [
        &["run 10s"][..],
        &["cut node-0", "cut node-2", "run 7m"],
        &["power off node-1", "power off node-3", "run 2m"],
        &["cut node-0", "run 7m", "kubectl delete pods --all --force --wait=false", "run 10m"],
        &["hang lock-0", "hang quorum-0", "part node-0 node-2", "run 1m", "hold detach", "run 1m"],
    ] {
        let mut session = Session::new(&everything());
        session.say(&["kubectl apply -f all.yaml", "run 2m"]);
        assert_eq!(session.left().len(), 3, "two sizes and a quorum: {:?}", session.left());
        session.say(trouble);
        session.say(&["kubectl delete rs,deploy,sts,svc,pdb,pvc --all --wait=false", "run 2m"]);
        for node in ["node-0", "node-1", "node-2", "node-3"] {
            session.say(&[&format!("heal {node}"), &format!("power on {node}")]);
        }
        session.say(&["unhang lock-0", "unhang quorum-0", "release detach", "run 30m"]);
        assert_eq!(session.left(), Vec::<String>::new(), "after {trouble:?}");
        let told = &session.timeline.world().invariants.first_broken;
        assert!(told.keys().all(|guarantee| Guarantee::ALL.contains(guarantee)), "what was broken stays told");
    }
}

#[test]
fn namespaces_that_a_cluster_needs_stay_or_come_back() {
    let mut session = Session::new("");
    for name in ["default", "kube-system", "kube-public"] {
        assert_eq!(
            session.say(&[&format!("kubectl delete ns {name}")]),
            format!(
                "Error from server (Forbidden): namespaces \"{name}\" is forbidden: this namespace may not be deleted\n"
            )
        );
    }
    session.say(&["run 42s"]);
    let said = session.say(&["kubectl delete ns kube-node-lease"]);
    assert_eq!(said, "namespace \"kube-node-lease\" deleted\n");
    let exists = |session: &Session| {
        let target = ObjectRef::new(Kind::Namespace, "", "kube-node-lease");
        session.timeline.world().objects().get(&target).is_some()
    };
    assert!(!exists(&session));
    session.timeline.play_until(session.timeline.start() + Span::millis(119_999));
    let before = exists(&session);
    session.timeline.play_until(session.timeline.start() + Span::millis(120_001));
    assert!(!before || exists(&session), "the API server looks once a minute");
    session.say(&["run 5m"]);
    assert!(exists(&session));
    let lost = "kubectl get nodes -o jsonpath='{.items[*].status.conditions[?(@.type==\"Ready\")].status}'";
    assert_eq!(session.say(&[lost]), "True True True True");
    let notes = session.timeline.notes().len();
    session.say(&["run 10m"]);
    assert_eq!(session.timeline.notes().len(), notes, "no node is lost, and none comes back");
    assert!(session.say(&["kubectl get sa -n kube-node-lease"]).contains("default"));
}

/// One file brings a namespace and what is in it.
#[test]
fn a_pod_of_a_namespace_that_was_just_made_gets_its_account() {
    const POD: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: it, namespace: shop}
spec: {containers: [{name: c, image: server}]}
";
    let mut session = Session::new(POD);
    assert_eq!(session.say(&["kubectl apply -f all.yaml"]), "namespace/shop created\npod/it created\n");
    session.say(&["run 20s"]);
    assert!(session.say(&["kubectl get pods -n shop"]).contains("Running"));
    session.say(&["kubectl delete sa default -n shop; kubectl delete pod it -n shop --wait=false", "run 1m"]);
    session.say(&["pause controller serviceaccount-controller", "kubectl delete sa default -n shop", "run 5s"]);
    let refused = session.say(&["kubectl apply -f all.yaml"]);
    assert!(refused.contains("serviceaccount \"default\" not found"), "the namespace is not new: {refused}");
}

#[test]
fn deleting_all_namespaces_leaves_those_that_must_stay() {
    let mut session = Session::new("");
    session.say(&["kubectl create ns shop", "run 1s"]);
    let said = session.say(&["timeout 60s kubectl delete ns --all"]);
    assert!(said.contains("namespaces \"default\" is forbidden") && said.contains("\"shop\" deleted"), "{said}");
    session.say(&["run 10m"]);
    let names = session.say(&["kubectl get ns -o jsonpath='{.items[*].metadata.name}'"]);
    assert_eq!(names, "default kube-node-lease kube-public kube-system");
    assert_eq!(session.left(), Vec::<String>::new());
}

#[test]
fn a_provisioner_with_a_slash_gives_disks() {
    for provisioner in [
        "rancher.io/local-path",
        "k8s.io/minikube-hostpath",
        "kubernetes.io/aws-ebs",
        "x/y",
        "a-very.long.name-that-no-driver.has.because-it-may-have.sixty-three/letters-only",
    ] {
        let manifest = format!(
            "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {{name: fast}}\nprovisioner: {provisioner}\n\
             volumeBindingMode: WaitForFirstConsumer\n{}",
            everything().split("---\n").nth(2).map(|set| format!("---\n{set}")).unwrap_or_default()
        )
        .replace("accessModes", "storageClassName: fast, accessModes");
        let mut session = Session::new(&manifest);
        session.say(&["kubectl apply -f all.yaml", "run 5m"]);
        let ready = session.say(&["kubectl get sts -o jsonpath='{.items[*].status.readyReplicas}'"]);
        assert_eq!(ready, "3", "{provisioner}: {:?}", session.left());
        session.say(&["kubectl delete sts --all --wait=false", "run 5m"]);
        assert_eq!(session.say(&["kubectl get pv,volumeattachments"]), "No resources found\n", "{provisioner}");
    }
}

/// A ReplicaSet of three whose pods were another one's before.
#[test]
fn pods_that_are_adopted_serve_for_whom_they_belong_to() {
    let set = |name: &str| {
        REPLICA_SET.replace("{name: a}", &format!("{{name: {name}}}")).replace("replicas: 1", "replicas: 3")
    };
    let mut session = Session::new(&set("a"));
    session.say(&["kubectl apply -f all.yaml", "run 60s", "kubectl delete rs a --cascade=orphan", "run 10s"]);
    session.files.insert("b.yaml".into(), set("b"));
    session.say(&["kubectl apply -f b.yaml", "run 60s"]);
    let left = session.left();
    assert_eq!(left, ["default/replicaset/b was complete"]);
    // The second set stands for itself alone: a pod that it loses is missed.
    session.say(&["power off node-0", "power off node-1", "power off node-2", "power off node-3", "run 60s"]);
    assert!(session.left().iter().any(|left| left == "At least X default/replicaset/b"), "{:?}", session.left());
}

/// What was broken by itself is its Deployment's business once that has taken it.
#[test]
fn a_replica_set_that_is_adopted_promises_nothing_by_itself() {
    let labels = "metadata: {name: a, labels: {app: a}}";
    let mut session = Session::new(&REPLICA_SET.replace("metadata: {name: a}", labels));
    session.say(&["kubectl apply -f all.yaml", "run 60s", "kubectl delete pods --all", "run 1s"]);
    let node = session.timeline.world().objects().pods.values().map(|pod| pod.spec.node_name.to_string()).next();
    session.say(&[&format!("power off {}", node.unwrap_or_default()), "run 20s"]);
    let deployment = REPLICA_SET.replace("kind: ReplicaSet", "kind: Deployment");
    session.files.insert("b.yaml".into(), deployment);
    session.say(&["kubectl apply -f b.yaml", "run 10m"]);
    let of_set = session.left().into_iter().filter(|left| left.contains("replicaset/a")).collect::<Vec<_>>();
    assert_eq!(of_set, [] as [String; 0]);
}

const WITH_CLAIM: &str = "
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: a}
spec:
  replicas: 1
  selector: {matchLabels: {app: a}}
  template:
    metadata: {labels: {app: a}}
    spec: {containers: [{name: c, image: server}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
";

/// Who has slept meanwhile hears of a pod and of its successor at once, under one name.
#[test]
fn a_disk_follows_its_pod_past_a_controller_that_has_slept() {
    let mut session = Session::new(WITH_CLAIM);
    let node = session.moves(
        &["kubectl apply -f all.yaml", "run until pod/a-0 is Ready", "run 5s"],
        &[
            "pause controller attachdetach-controller",
            "kubectl delete pod a-0",
            "run 20s",
            "resume controller attachdetach-controller",
            "run 3m",
        ],
    );
    assert!(session.timeline.world().disks.iter().all(|disk| !disk.attached.contains_key(&*node)));
}

/// A driver that has not answered for long, and answers when nobody wants the disk any more.
#[test]
fn a_disk_that_was_asked_for_in_vain_is_given_back() {
    let mut session = Session::new(WITH_CLAIM);
    session.say(&["hold attach", "kubectl apply -f all.yaml", "run 18m", "kubectl delete sts a", "run 10s"]);
    session.say(&["release attach", "run 10m"]);
    let world = session.timeline.world();
    let attachments: Vec<_> = world.objects().attachments.values().map(|a| a.metadata.name.to_string()).collect();
    assert_eq!(attachments, [] as [String; 0]);
    assert!(world.disks.iter().all(|disk| disk.attached.is_empty()));
}

/// A pod that is forgotten while it waits for its disk uses it no more.
#[test]
fn a_disk_that_a_forgotten_pod_waited_for_is_free() {
    Session::new(WITH_CLAIM).moves(
        &["hold attach", "kubectl apply -f all.yaml", "run 30s"],
        &["kubectl delete pod a-0 --force --grace-period=0", "run 1s", "release attach", "run 2m"],
    );
}

/// A kubelet that is cut off while it stops a pod says afterwards that the disk is not in use.
#[test]
fn a_disk_is_free_once_its_machine_is_heard_again() {
    Session::new(WITH_CLAIM).moves(
        &["kubectl apply -f all.yaml", "run until pod/a-0 is Ready", "run 5s"],
        &[
            "kubectl delete pod a-0 --force --grace-period=0",
            "run 1s",
            "cut {node}",
            "run 10s",
            "heal {node}",
            "run 2m",
        ],
    );
}

/// Who catches up hears of a machine and of its successor at once, under one name.
#[test]
fn what_belonged_to_a_node_goes_past_a_garbage_collector_that_has_slept() {
    let mut session = Session::new("");
    session.say(&[
        "run 1s",
        "pause controller garbage-collector-controller",
        "power off node-0",
        "power on node-0",
        "kubectl delete node node-0 --wait=false",
        "run 1m",
        "resume controller garbage-collector-controller",
        "run 2m",
    ]);
    let objects = session.timeline.world().objects();
    let node = objects.get(&ObjectRef::new(Kind::Node, "", "node-0")).expect("it has registered again");
    let lease = objects.get(&ObjectRef::new(Kind::Lease, "kube-node-lease", "node-0")).expect("it has a lease");
    let owners: Vec<_> = lease.meta().owner_references.iter().map(|owner| owner.uid).collect();
    assert_eq!(owners, [node.meta().uid]);
}

/// The resync finds a claim that its volume has forgotten.
#[test]
fn a_volume_that_was_replaced_belongs_to_its_claim_again() {
    const VOLUME: &str = "
apiVersion: v1
kind: PersistentVolume
metadata: {name: disk}
spec: {accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}, csi: {driver: disk.petri.dev, volumeHandle: disk}}
";
    const CLAIM: &str = "
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: spare}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, storageClassName: \"\"}
";
    let mut session = Session::new(VOLUME);
    session.files.insert("claim.yaml".to_owned(), CLAIM.to_owned());
    session.say(&["kubectl apply -f all.yaml", "kubectl apply -f claim.yaml", "run 1m"]);
    session.say(&["kubectl replace -f all.yaml", "run 1s"]);
    let phase = |session: &Session| {
        let volumes = &session.timeline.world().objects().volumes;
        volumes.values().map(|volume| volume.status.phase.to_string()).collect::<String>()
    };
    assert_eq!(phase(&session), "Available", "nobody has looked yet");
    session.say(&["run 15s"]);
    assert_eq!(phase(&session), "Bound");
}

/// Who deletes again says anew what is to become of the dependents, where nothing waits for a grace.
#[test]
fn a_second_delete_of_what_waits_for_its_dependents_says_anew_what_they_are_for() {
    let object = |session: &Session, kind, namespace: &str, name: &str| {
        session.timeline.world().objects().get(&ObjectRef::new(kind, namespace, name))
    };
    let mut session = Session::new(REPLICA_SET);
    session.say(&[
        "kubectl apply -f all.yaml",
        "run 1m",
        "pause controller garbage-collector-controller",
        "kubectl delete rs a --cascade=foreground --wait=false",
        "kubectl delete rs a --cascade=orphan --wait=false",
    ]);
    let waiting = object(&session, Kind::ReplicaSet, "default", "a").expect("nobody has collected anything");
    let finalizers: Vec<_> = waiting.meta().finalizers.iter().map(ToString::to_string).collect();
    assert_eq!(finalizers, ["orphan"]);
    session.say(&["resume controller garbage-collector-controller", "run 1m"]);
    assert!(object(&session, Kind::ReplicaSet, "default", "a").is_none());
    assert_eq!(session.timeline.world().objects().pods.len(), 1, "its pod was spared");

    session.say(&[
        "pause controller garbage-collector-controller",
        "kubectl delete sc standard --cascade=foreground --wait=false",
        "kubectl delete sc standard --wait=false",
    ]);
    assert!(object(&session, Kind::StorageClass, "", "standard").is_none(), "nobody has to be waited for any more");
}

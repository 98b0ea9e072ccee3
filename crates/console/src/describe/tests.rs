//! Descriptions against the output of kubectl's own describers, kind by kind.

use super::*;
use crate::fixtures::{objects as fixtures, section};
use std::rc::Rc;

const GOLDEN: &str = include_str!("../../golden/kubectl-describe.txt");

/// What the golden file calls the present: 324 days and a little after the first events.
fn now() -> Time {
    Time::parse_rfc3339("2026-11-21T12:00:00Z").expect("this is an instant")
}

/// Events about the described object, as the golden file has them under every object.
fn events(kind: &str, name: &str) -> String {
    let event = |id: &str, kind_of: &str, reason: &str, from: &str, times: &str, message: &str| {
        format!(
            "
---
apiVersion: v1
kind: Event
metadata: {{ name: {name}.{id}, namespace: default }}
involvedObject: {{ kind: {kind}, name: {name} }}
type: {kind_of}
reason: {reason}
source: {{ component: {from} }}
{times}
message: '{message}'"
        )
    };
    let assigned = "Successfully assigned default/web-0 to node-a";
    let created = "Create Pod web-0 in StatefulSet web successful";
    let failed = "Create Pod web-1 in StatefulSet web failed error: boom";
    let once = "firstTimestamp: {28000000}\nlastTimestamp: {28000000}\ncount: 1";
    [
        event("a", "Normal", "Scheduled", "default-scheduler", once, assigned),
        event(
            "b",
            "Normal",
            "SuccessfulCreate",
            "statefulset-controller",
            "firstTimestamp: {100}\nlastTimestamp: {100}",
            created,
        ),
        event(
            "c",
            "Warning",
            "FailedCreate",
            "statefulset-controller",
            "firstTimestamp: {300}\nlastTimestamp: {10}\ncount: 12",
            failed,
        ),
    ]
    .concat()
}

/// Describes the first object of a text, with the others and the usual events around it.
fn check(title: &str, yaml: &str) {
    let all = fixtures(yaml);
    let described = &all[0];
    let mut objects = Objects::default();
    let mut events = fixtures(&events(described.kind().name(), &described.meta().name));
    for event in &mut events {
        if let Object::Event(event) = event {
            Rc::make_mut(event).involved_object.uid = described.meta().uid;
        }
    }
    for object in all.iter().chain(&events) {
        objects.put(object.clone());
    }
    let expected = section(GOLDEN, &format!("######## describe {title}\n"), "\nERR <nil>");
    let actual = describe(&objects, described, now());
    // A node's events are looked for under two uids, and the golden cluster gave all of them both times.
    let expected = if title == "node" { without_repeats(expected) } else { expected.to_owned() };
    assert_eq!(actual, expected, "{title}\n{actual}");
}

fn without_repeats(text: &str) -> String {
    let (body, events) = text.split_once("Events:\n").expect("there are events");
    let mut lines: Vec<&str> = events.lines().collect();
    lines.dedup();
    format!("{body}Events:\n{}\n", lines.join("\n"))
}

const TEMPLATE: &str = "
  template:
    metadata: { labels: { app: nginx } }
    spec: { containers: [{ name: nginx, image: 'nginx:1.25' }] }";

#[test]
fn a_stateful_set_is_described_as_kubectl_does() {
    check(
        "statefulset",
        "
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: web, namespace: default, uid: 00000001-0000-4000-8000-000000000001, creationTimestamp: '2026-01-01T00:00:00Z', labels: { app: web } }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  updateStrategy: { type: RollingUpdate, rollingUpdate: { partition: 0 } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
      - name: nginx
        image: nginx:1.25
        ports: [{ name: http, containerPort: 80, protocol: TCP }]
        readinessProbe: { httpGet: { path: /, port: 80, scheme: HTTP }, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }
        volumeMounts: [{ name: data, mountPath: /data }]
  volumeClaimTemplates:
  - metadata: { name: data }
    spec: { accessModes: [ReadWriteOnce], storageClassName: standard, resources: { requests: { storage: 1Gi } } }
status: { replicas: 3 }
---
apiVersion: v1
kind: Pod
metadata:
  name: web-0
  namespace: default
  labels: { app: web }
  ownerReferences: [{ apiVersion: apps/v1, kind: StatefulSet, name: web, uid: 00000001-0000-4000-8000-000000000001, controller: true }]
spec: { containers: [] }
status: { phase: Running }
---
apiVersion: v1
kind: Pod
metadata: { name: stranger, namespace: default, labels: { app: web } }
spec: { containers: [] }
status: { phase: Running }
",
    );
}

const POD: &str = "
apiVersion: v1
kind: Pod
metadata:
  name: web-0
  namespace: default
  labels: { app: web, apps.kubernetes.io/pod-index: '0', controller-revision-hash: web-5b5fff9b74, statefulset.kubernetes.io/pod-name: web-0 }
  ownerReferences: [{ apiVersion: apps/v1, kind: StatefulSet, name: web, uid: u, controller: true }]
spec:
  priority: 0
  serviceAccountName: default
  nodeName: node-a
  containers:
  - name: nginx
    image: nginx:1.25
    ports: [{ name: http, containerPort: 80, protocol: TCP }]
    volumeMounts: [{ name: data, mountPath: /data }]
  volumes: [{ name: data, persistentVolumeClaim: { claimName: data-web-0 } }]
  tolerations:
  - { key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 300 }
  - { key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 300 }
status:
  phase: Running
  hostIP: 192.168.1.11
  startTime: '2026-01-01T00:00:01Z'
  podIP: 10.244.1.5
  podIPs: [{ ip: 10.244.1.5 }]
  qosClass: BestEffort
  conditions:
  - { type: PodReadyToStartContainers, status: 'True' }
  - { type: Initialized, status: 'True' }
  - { type: Ready, status: 'True' }
  - { type: ContainersReady, status: 'True' }
  - { type: PodScheduled, status: 'True' }
  containerStatuses:
  - name: nginx
    image: nginx:1.25
    containerID: containerd://123
    imageID: docker.io/library/nginx@sha256:abc
    ready: true
    restartCount: 0
    state: { running: { startedAt: '2026-01-01T00:00:02Z' } }
";

#[test]
fn a_pod_is_described_as_kubectl_does() {
    check("pod", POD);
}

#[test]
fn a_terminating_pod_says_since_when() {
    let mut pod = fixtures(POD).remove(0);
    let text = |pod: &Object| {
        let page = describe(&Objects::default(), pod, now());
        page.lines()
            .filter(|line| line.starts_with("Status") || line.starts_with("Termination"))
            .map(String::from)
            .collect::<Vec<_>>()
    };
    let meta = pod.meta_mut();
    meta.deletion_timestamp = now() - Span::minutes(5);
    meta.deletion_grace_period_seconds = Some(30);
    assert_eq!(text(&pod), ["Status:                    Terminating (lasts 5m)", "Termination Grace Period:  30s"]);
    // The deletion timestamp is the end of the grace, so it can lie ahead.
    pod.meta_mut().deletion_timestamp = now() + Span::seconds(20);
    assert_eq!(text(&pod)[0], "Status:                    Terminating (lasts <invalid>)");
}

#[test]
fn deployments_and_replica_sets_are_described_as_kubectl_does() {
    let replica_set = "
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: nginx-7cd5cff77d
  namespace: default
  labels: { app: nginx, pod-template-hash: 7cd5cff77d }
  annotations: { deployment.kubernetes.io/desired-replicas: '3', deployment.kubernetes.io/max-replicas: '4', deployment.kubernetes.io/revision: '1' }
  ownerReferences: [{ apiVersion: apps/v1, kind: Deployment, name: nginx, uid: 00000001-0000-4000-8000-000000000001, controller: true }]
spec:
  replicas: 3
  selector: { matchLabels: { app: nginx, pod-template-hash: 7cd5cff77d } }
  template:
    metadata: { labels: { app: nginx, pod-template-hash: 7cd5cff77d } }
    spec: { containers: [{ name: nginx, image: 'nginx:1.25' }] }
status: { replicas: 3 }
";
    check("replicaset", replica_set);
    let deployment = format!(
        "
apiVersion: apps/v1
kind: Deployment
metadata:
  name: nginx
  namespace: default
  uid: 00000001-0000-4000-8000-000000000001
  creationTimestamp: '2026-01-01T00:00:00Z'
  labels: {{ app: nginx }}
  annotations: {{ deployment.kubernetes.io/revision: '1' }}
spec:
  replicas: 3
  selector: {{ matchLabels: {{ app: nginx }} }}
  strategy: {{ type: RollingUpdate, rollingUpdate: {{ maxSurge: 25%, maxUnavailable: 25% }} }}{TEMPLATE}
status:
  replicas: 3
  updatedReplicas: 3
  availableReplicas: 3
  conditions:
  - {{ type: Available, status: 'True', reason: MinimumReplicasAvailable }}
  - {{ type: Progressing, status: 'True', reason: NewReplicaSetAvailable }}
---{replica_set}"
    );
    check("deployment", &deployment);
}

#[test]
fn storage_is_described_as_kubectl_does() {
    check(
        "pvc",
        "
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data-web-0, namespace: default, labels: { app: web }, annotations: { pv.kubernetes.io/bind-completed: 'yes' }, finalizers: [kubernetes.io/pvc-protection] }
spec: { storageClassName: standard, volumeName: pvc-1f1b, volumeMode: Filesystem }
status: { phase: Bound, capacity: { storage: 1Gi }, accessModes: [ReadWriteOnce] }
---
apiVersion: v1
kind: Pod
metadata: { name: web-0, namespace: default }
spec: { containers: [], volumes: [{ name: data, persistentVolumeClaim: { claimName: data-web-0 } }] }
status: { phase: Running }
",
    );
    check(
        "pv",
        "
apiVersion: v1
kind: PersistentVolume
metadata: { name: pvc-1f1b, annotations: { pv.kubernetes.io/provisioned-by: sim.csi.io }, finalizers: [kubernetes.io/pv-protection] }
spec:
  storageClassName: standard
  claimRef: { namespace: default, name: data-web-0 }
  persistentVolumeReclaimPolicy: Delete
  accessModes: [ReadWriteOnce]
  volumeMode: Filesystem
  capacity: { storage: 1Gi }
  nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: topology.kubernetes.io/zone, operator: In, values: [a] }] }] } }
  csi: { driver: sim.csi.io, volumeHandle: vol-1 }
status: { phase: Bound }
",
    );
    check(
        "sc",
        "
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: standard, annotations: { storageclass.kubernetes.io/is-default-class: 'true' } }
provisioner: sim.csi.io
reclaimPolicy: Delete
volumeBindingMode: WaitForFirstConsumer
",
    );
}

#[test]
fn services_slices_and_budgets_are_described_as_kubectl_does() {
    let slice = "
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-x2x4k, namespace: default, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
ports: [{ name: http, port: 80, protocol: TCP }]
endpoints:
- { addresses: [10.244.1.5], conditions: { ready: true }, hostname: web-0, nodeName: node-a, targetRef: { kind: Pod, name: web-0 } }
- { addresses: [10.244.1.6], conditions: { ready: false }, hostname: web-1, nodeName: node-b, targetRef: { kind: Pod, name: web-1 } }
";
    check("endpointslice", slice);
    check(
        "service",
        &format!(
            "
apiVersion: v1
kind: Service
metadata: {{ name: web, namespace: default }}
spec:
  type: ClusterIP
  ipFamilyPolicy: SingleStack
  ipFamilies: [IPv4]
  clusterIP: None
  clusterIPs: [None]
  selector: {{ app: web }}
  sessionAffinity: None
  internalTrafficPolicy: Cluster
  ports: [{{ name: http, port: 80, targetPort: 80, protocol: TCP }}]
---{slice}"
        ),
    );
    check(
        "pdb",
        "
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: web-pdb, namespace: default }
spec: { minAvailable: 2, selector: { matchLabels: { app: web } } }
status: { disruptionsAllowed: 1, currentHealthy: 3, desiredHealthy: 2, expectedPods: 3 }
",
    );
}

#[test]
fn a_node_is_described_as_kubectl_does() {
    let condition = |kind: &str| {
        format!(
            "{{ type: {kind}, status: Unknown, lastHeartbeatTime: '2026-01-01T00:00:00Z', lastTransitionTime: '2026-01-01T00:01:00Z', reason: NodeStatusUnknown, message: Kubelet stopped posting node status. }}"
        )
    };
    check(
        "node",
        &format!(
            "
apiVersion: v1
kind: Node
metadata: {{ name: node-a, creationTimestamp: '2026-01-01T00:00:00Z', labels: {{ kubernetes.io/hostname: node-a }} }}
spec: {{ taints: [{{ key: node.kubernetes.io/unreachable, effect: NoSchedule }}, {{ key: node.kubernetes.io/unreachable, effect: NoExecute }}] }}
status:
  conditions: [{}, {}]
  addresses: [{{ type: InternalIP, address: 192.168.1.11 }}]
  capacity: {{ cpu: '4', memory: 8Gi, pods: '110' }}
  allocatable: {{ cpu: '4', memory: 8Gi, pods: '110' }}
  nodeInfo: {{ containerRuntimeVersion: 'containerd://2.1.1', kubeletVersion: v1.36.3 }}
---
apiVersion: v1
kind: Pod
metadata: {{ name: web-0, namespace: default, creationTimestamp: {{28000000}} }}
spec: {{ nodeName: node-a, containers: [{{ name: nginx }}] }}
status: {{ phase: Running }}
",
            condition("MemoryPressure"),
            condition("Ready")
        ),
    );
}

#[test]
fn other_kinds_are_described_field_by_field() {
    let lease = fixtures(
        "
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: { name: node-a, namespace: kube-node-lease }
spec: { holderIdentity: node-a, leaseDurationSeconds: 40 }
",
    );
    let text = describe(&Objects::default(), &lease[0], now());
    assert!(text.contains("\n  Holder Identity:         node-a\n"), "{text}");
    assert!(text.contains("\n  Lease Duration Seconds:  40\n"), "{text}");
    assert_eq!(title_of("apiVersion"), "API Version");
    assert_eq!(title_of("podIP"), "Pod IP");
}

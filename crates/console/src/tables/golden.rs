//! Tables against the output of kubectl's own printers, kind by kind.

use super::*;
use crate::fixtures::{now, objects, section};

const GOLDEN: &str = include_str!("../../golden/kubectl-get-tables.txt");

/// Prints objects and compares the narrow and, if the golden file has it, the wide table.
fn check(kind: Kind, title: &str, yaml: &str) {
    let objects = objects(yaml);
    let part = section(GOLDEN, &format!("#### # {title}\n"), "#### ");
    for wide in [false, true] {
        let mark = format!("-- wide: {wide}\n");
        if !part.contains(&mark) {
            continue;
        }
        let options = TableOptions { wide, ..TableOptions::default() };
        assert_eq!(table(kind, &objects, &options, now()), section(part, &mark, "-- "), "{title}, wide: {wide}");
    }
}

const PODS: &str = "
apiVersion: v1
kind: Pod
metadata: { name: web-0, namespace: default, creationTimestamp: {330}, labels: { app: web, statefulset.kubernetes.io/pod-name: web-0 } }
spec: { nodeName: node-a, containers: [{ name: c }] }
status:
  phase: Running
  podIPs: [{ ip: 10.244.1.5 }]
  conditions: [{ type: Initialized, status: 'True' }, { type: Ready, status: 'True' }]
  containerStatuses: [{ name: c, image: i, imageID: '', ready: true, restartCount: 0, state: { running: {} } }]
---
apiVersion: v1
kind: Pod
metadata: { name: web-1, namespace: default, creationTimestamp: {125}, deletionTimestamp: {5} }
spec: { nodeName: node-b, containers: [{ name: c }] }
status:
  phase: Running
  podIPs: [{ ip: 10.244.2.5 }]
  containerStatuses:
  - { name: c, image: i, imageID: '', ready: true, restartCount: 2, state: { running: {} }, lastState: { terminated: { exitCode: 1, finishedAt: {95} } } }
---
apiVersion: v1
kind: Pod
metadata: { name: crash, namespace: default, creationTimestamp: {93600} }
spec: { nodeName: node-b, containers: [{ name: c }] }
status:
  phase: Running
  podIPs: [{ ip: 10.244.2.6 }]
  containerStatuses:
  - { name: c, image: i, imageID: '', ready: false, restartCount: 12, state: { waiting: { reason: CrashLoopBackOff } }, lastState: { terminated: { exitCode: 1, finishedAt: {192} } } }
---
apiVersion: v1
kind: Pod
metadata: { name: pending, namespace: default, creationTimestamp: {3} }
spec: { containers: [{ name: c }] }
status: { phase: Pending }
---
apiVersion: v1
kind: Pod
metadata: { name: creating, namespace: default, creationTimestamp: {32400} }
spec: { nodeName: node-a, containers: [{ name: c }, { name: d }] }
status:
  phase: Pending
  containerStatuses:
  - { name: c, image: i, imageID: '', ready: false, restartCount: 0, state: { waiting: { reason: ContainerCreating } } }
  - { name: d, image: i, imageID: '', ready: false, restartCount: 0, state: { waiting: { reason: ContainerCreating } } }
---
apiVersion: v1
kind: Pod
metadata: { name: evicted, namespace: default, creationTimestamp: {2851200} }
spec: { nodeName: node-a, containers: [{ name: c }] }
status: { phase: Failed, reason: Evicted }
---
apiVersion: v1
kind: Pod
metadata: { name: init, namespace: default, creationTimestamp: {15} }
spec: { nodeName: node-a, containers: [{ name: c }], initContainers: [{ name: i }] }
status:
  phase: Pending
  initContainerStatuses: [{ name: i, image: i, imageID: '', ready: false, restartCount: 0, state: { running: {} } }]
";

#[test]
fn pods_print_as_kubectl_prints_them() {
    let objects = objects(PODS);
    let part = section(GOLDEN, "#### # pods ALLNS\n", "#### ");
    let print = |options: TableOptions| table(Kind::Pod, &objects, &options, now());
    assert_eq!(print(TableOptions::default()), section(part, "-- wide: false\n", "-- "));
    assert_eq!(print(TableOptions { wide: true, ..TableOptions::default() }), section(part, "-- wide: true\n", "-- "));
    let everywhere = TableOptions { namespaces: true, labels: true, ..TableOptions::default() };
    assert_eq!(print(everywhere), section(part, "-- -A --show-labels\n", "-- "));
}

#[test]
fn workloads_print_as_kubectl_prints_them() {
    check(
        Kind::StatefulSet,
        "statefulsets",
        "
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: web, creationTimestamp: {300} }
spec:
  replicas: 3
  template: { spec: { containers: [{ name: nginx, image: 'nginx:1.25' }, { name: sidecar, image: 'busybox:1.36' }] } }
status: { readyReplicas: 2 }
",
    );
    check(
        Kind::Deployment,
        "deployments",
        "
apiVersion: apps/v1
kind: Deployment
metadata: { name: nginx, creationTimestamp: {135} }
spec:
  replicas: 3
  selector: { matchLabels: { app: nginx }, matchExpressions: [{ key: tier, operator: In, values: [b, a] }] }
  template: { spec: { containers: [{ name: nginx, image: 'nginx:1.25' }] } }
status: { readyReplicas: 3, updatedReplicas: 1, availableReplicas: 3 }
",
    );
    check(
        Kind::ReplicaSet,
        "replicasets",
        "
apiVersion: apps/v1
kind: ReplicaSet
metadata: { name: nginx-7cd5cff77d, creationTimestamp: {135} }
spec:
  replicas: 3
  selector: { matchLabels: { app: nginx, pod-template-hash: 7cd5cff77d } }
  template: { spec: { containers: [{ name: nginx, image: 'nginx:1.25' }] } }
status: { replicas: 3, readyReplicas: 2 }
",
    );
    check(
        Kind::ControllerRevision,
        "controllerrevisions NOWIDE",
        "
apiVersion: apps/v1
kind: ControllerRevision
metadata:
  name: web-5b5fff9b74
  creationTimestamp: {1500}
  ownerReferences: [{ apiVersion: apps/v1, kind: StatefulSet, name: web, uid: x, controller: true }]
revision: 1
",
    );
    check(
        Kind::PodDisruptionBudget,
        "pdb NOWIDE",
        "
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: web-pdb, creationTimestamp: {1500} }
spec: { minAvailable: 2 }
status: { disruptionsAllowed: 1 }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: zk-pdb, creationTimestamp: {1500} }
spec: { maxUnavailable: 30% }
",
    );
}

#[test]
fn services_and_slices_print_as_kubectl_prints_them() {
    check(
        Kind::Service,
        "services",
        "
apiVersion: v1
kind: Service
metadata: { name: kubernetes, creationTimestamp: {1200} }
spec: { type: ClusterIP, clusterIP: 10.96.0.1, ports: [{ port: 443, protocol: TCP }] }
---
apiVersion: v1
kind: Service
metadata: { name: web, creationTimestamp: {300} }
spec: { type: ClusterIP, clusterIP: None, selector: { app: web }, ports: [{ port: 80, protocol: TCP }] }
---
apiVersion: v1
kind: Service
metadata: { name: np, creationTimestamp: {300} }
spec:
  type: NodePort
  clusterIP: 10.96.10.2
  selector: { app: web, x: z }
  ports: [{ port: 80, nodePort: 30080, protocol: TCP }, { port: 9090, nodePort: 30090, protocol: UDP }]
---
apiVersion: v1
kind: Service
metadata: { name: lb, creationTimestamp: {300} }
spec: { type: LoadBalancer, clusterIP: 10.96.10.3, selector: { app: web }, ports: [{ port: 80, nodePort: 30081, protocol: TCP }] }
---
apiVersion: v1
kind: Service
metadata: { name: ext, creationTimestamp: {300} }
spec: { type: ExternalName, externalName: db.example.com }
",
    );
    check(
        Kind::EndpointSlice,
        "endpointslices NOWIDE",
        "
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-x2x4k, creationTimestamp: {300} }
addressType: IPv4
ports: [{ name: http, port: 80, protocol: TCP }]
endpoints:
- { addresses: [10.244.1.5], conditions: { ready: true } }
- { addresses: [10.244.2.5], conditions: { ready: false } }
- { addresses: [10.244.2.6], conditions: { ready: true } }
- { addresses: [10.244.2.7], conditions: { ready: true } }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: empty-abcde, creationTimestamp: {300} }
addressType: IPv4
endpoints: []
ports: []
",
    );
    check(
        Kind::Lease,
        "leases NOWIDE",
        "
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: { name: node-a, creationTimestamp: {1500} }
spec: { holderIdentity: node-a }
",
    );
}

#[test]
fn storage_prints_as_kubectl_prints_it() {
    check(
        Kind::PersistentVolumeClaim,
        "pvc",
        "
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data-web-0, creationTimestamp: {300} }
spec: { volumeName: pvc-1f1b6a3e-9c0e-4b52-8e9b-0d0f0c6c1a11, storageClassName: standard, volumeMode: Filesystem }
status: { phase: Bound, capacity: { storage: 1Gi }, accessModes: [ReadWriteOnce] }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data-web-1, creationTimestamp: {240} }
spec: { storageClassName: standard, volumeMode: Filesystem }
status: { phase: Pending }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data-web-2, creationTimestamp: {240}, deletionTimestamp: {5} }
spec: { volumeName: pv1, volumeMode: Filesystem }
status: { phase: Bound, capacity: { storage: 1Gi }, accessModes: [ReadWriteOncePod] }
",
    );
    check(
        Kind::PersistentVolume,
        "pv",
        "
apiVersion: v1
kind: PersistentVolume
metadata: { name: pvc-1f1b6a3e-9c0e-4b52-8e9b-0d0f0c6c1a11, creationTimestamp: {300} }
spec:
  capacity: { storage: 1Gi }
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Delete
  storageClassName: standard
  volumeMode: Filesystem
  claimRef: { namespace: default, name: data-web-0 }
status: { phase: Bound }
---
apiVersion: v1
kind: PersistentVolume
metadata: { name: pv-free, creationTimestamp: {300} }
spec:
  capacity: { storage: 10Gi }
  accessModes: [ReadWriteMany, ReadOnlyMany, ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  volumeMode: Filesystem
status: { phase: Available }
",
    );
    check(
        Kind::StorageClass,
        "storageclass NOWIDE",
        "
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: standard, creationTimestamp: {1500}, annotations: { storageclass.kubernetes.io/is-default-class: 'true' } }
provisioner: rancher.io/local-path
reclaimPolicy: Delete
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: fast, creationTimestamp: {1500} }
provisioner: ebs.csi.aws.com
reclaimPolicy: Delete
volumeBindingMode: Immediate
allowVolumeExpansion: true
",
    );
    check(
        Kind::VolumeAttachment,
        "volumeattachments NOWIDE",
        "
apiVersion: storage.k8s.io/v1
kind: VolumeAttachment
metadata: { name: csi-6f1c0c3f2b, creationTimestamp: {1500} }
spec: { attacher: ebs.csi.aws.com, nodeName: node-a, source: { persistentVolumeName: pvc-1 } }
status: { attached: true }
",
    );
}

#[test]
fn nodes_and_events_print_as_kubectl_prints_them() {
    check(
        Kind::Node,
        "nodes",
        "
apiVersion: v1
kind: Node
metadata: { name: cp-1, creationTimestamp: {1500}, labels: { node-role.kubernetes.io/control-plane: '' } }
status:
  conditions: [{ type: Ready, status: 'True' }]
  addresses: [{ type: InternalIP, address: 192.168.1.10 }]
  nodeInfo: { kubeletVersion: v1.36.3, osImage: Debian GNU/Linux 12 (bookworm), kernelVersion: 6.1.0, architecture: amd64, containerRuntimeVersion: 'containerd://2.1.1' }
---
apiVersion: v1
kind: Node
metadata: { name: node-a, creationTimestamp: {1500} }
spec: { unschedulable: true }
status: { conditions: [{ type: Ready, status: 'True' }], nodeInfo: { kubeletVersion: v1.36.3 } }
---
apiVersion: v1
kind: Node
metadata: { name: node-b, creationTimestamp: {1500} }
status: { conditions: [{ type: Ready, status: Unknown }], nodeInfo: { kubeletVersion: v1.36.3 } }
",
    );
    check(
        Kind::Event,
        "events",
        "
apiVersion: v1
kind: Event
metadata: { name: web-0.17d5e5b6a1f2c3d4 }
type: Normal
reason: Started
message: Container started
involvedObject: { kind: Pod, name: web-0, fieldPath: 'spec.containers{nginx}' }
source: { component: kubelet, host: node-a }
firstTimestamp: {100}
lastTimestamp: {100}
count: 1
---
apiVersion: v1
kind: Event
metadata: { name: web-1.17d5e5b6a1f2c3d5 }
type: Warning
reason: FailedScheduling
message: '0/3 nodes are available: 3 Insufficient cpu.'
involvedObject: { kind: Pod, name: web-1 }
reportingComponent: default-scheduler
reportingInstance: default-scheduler-cp-1
lastTimestamp: {45}
",
    );
}

/// The STATUS, READY and RESTARTS columns of a pod with this status.
fn status(status: &str) -> String {
    let yaml = format!(
        "
apiVersion: v1
kind: Pod
metadata: {{ name: p }}
spec: {{ containers: [{{ name: a }}, {{ name: b }}] }}
status: {status}
"
    );
    let all = objects(&yaml);
    let Object::Pod(pod) = &all[0] else { panic!("a pod was written") };
    format!("{} {} {}", pod_status(pod), pod_ready(pod), pod_restarts(pod, now()))
}

#[test]
fn the_first_container_in_trouble_has_the_last_word() {
    let container = |name: &str, ready: bool, state: &str| {
        format!("{{ name: {name}, ready: {ready}, restartCount: 1, state: {state} }}")
    };
    let pod = |a: &str, b: &str| status(&format!("{{ phase: Running, containerStatuses: [{a}, {b}] }}"));
    let running = |name: &str| container(name, true, "{ running: { } }");
    let crashing = container("a", false, "{ waiting: { reason: CrashLoopBackOff } }");
    let failed = container("b", false, "{ terminated: { exitCode: 1, reason: Error } }");
    assert_eq!(pod(&crashing, &running("b")), "CrashLoopBackOff 1/2 2");
    assert_eq!(pod(&running("a"), &failed), "Error 1/2 2");
    assert_eq!(pod(&crashing, &failed), "CrashLoopBackOff 0/2 2");
    assert_eq!(pod(&container("a", false, "{ terminated: { exitCode: 3 } }"), &running("b")), "ExitCode:3 1/2 2");
    assert_eq!(
        pod(&container("a", false, "{ terminated: { exitCode: 0, signal: 9 } }"), &running("b")),
        "Signal:9 1/2 2"
    );
}

#[test]
fn a_container_that_is_done_does_not_hide_one_that_runs() {
    let done = "{ name: a, ready: false, state: { terminated: { exitCode: 0, reason: Completed } } }";
    let running = "{ name: b, ready: true, state: { running: { } } }";
    let pod = |ready: &str| {
        status(&format!(
            "{{ phase: Running, conditions: [{{ type: Ready, status: '{ready}' }}], containerStatuses: [{done}, {running}] }}"
        ))
    };
    assert_eq!(pod("True"), "Running 1/2 0");
    assert_eq!(pod("False"), "NotReady 1/2 0");
}

#[test]
fn an_ended_pod_that_is_deleted_shows_how_it_ended() {
    let deleted = |phase: &str| {
        let all = objects(&format!(
            "
apiVersion: v1
kind: Pod
metadata: {{ name: p, deletionTimestamp: {{5}} }}
spec: {{ containers: [{{ name: a }}] }}
status: {{ phase: {phase}, containerStatuses: [{{ name: a, ready: false, state: {{ terminated: {{ exitCode: 0, reason: Completed }} }} }}] }}
"
        ));
        let Object::Pod(pod) = &all[0] else { panic!("a pod was written") };
        pod_status(pod)
    };
    assert_eq!(deleted("Succeeded"), "Completed");
    assert_eq!(deleted("Running"), "Terminating");
}

#[test]
fn init_containers_come_first() {
    let pod = |statuses: &str| {
        let all = objects(&format!(
            "
apiVersion: v1
kind: Pod
metadata: {{ name: p }}
spec: {{ containers: [{{ name: a }}], initContainers: [{{ name: i, restartPolicy: Always }}, {{ name: j }}] }}
status: {{ phase: Pending, initContainerStatuses: [{statuses}] }}
"
        ));
        let Object::Pod(pod) = &all[0] else { panic!("a pod was written") };
        format!("{} {}", pod_status(pod), pod_ready(pod))
    };
    let sidecar = "{ name: i, ready: true, started: true, state: { running: { } } }";
    assert_eq!(pod("{ name: i, ready: false, state: { running: { } } }"), "Init:0/2 0/2");
    assert_eq!(pod(&format!("{sidecar}, {{ name: j, ready: false, state: {{ running: {{ }} }} }}")), "Init:1/2 1/2");
    let failed = "{ name: j, ready: false, state: { terminated: { exitCode: 2 } } }";
    assert_eq!(pod(&format!("{sidecar}, {failed}")), "Init:ExitCode:2 1/2");
    let waiting = "{ name: j, ready: false, state: { waiting: { reason: ErrImagePull } } }";
    assert_eq!(pod(&format!("{sidecar}, {waiting}")), "Init:ErrImagePull 1/2");
}

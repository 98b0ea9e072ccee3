// What a new file can begin with: one for each kind that people write, and one for each thing a workload can do.

const doc = (text) => `${text.trim()}\n`;

const labels = (name) => `    matchLabels:
      app: ${name}`;

const container = (image, more = "") => `      containers:
        - name: main
          image: ${image}${more}`;

const set = ({ name, replicas, image, notes = "", more = "", claims = "" }) => `apiVersion: v1
kind: Service
metadata:
  name: ${name}
spec:
  clusterIP: None
  selector:
    app: ${name}
  ports:
    - name: http
      port: 80
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: ${name}
spec:
  serviceName: ${name}
  replicas: ${replicas}
  selector:
${labels(name)}
  template:
    metadata:
      labels:
        app: ${name}${notes}
    spec:
${container(image, more)}${claims}`;

const mount = `
          volumeMounts:
            - name: data
              mountPath: /data`;

const claimTemplate = `
  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
        resources:
          requests:
            storage: 1Gi`;

const note = (lines) => `\n      annotations:\n${lines.map((line) => `        petri.dev/${line}`).join("\n")}`;

export const templates = [
  {
    name: "statefulset.yaml",
    kind: "StatefulSet",
    about: "pods with a name, a disk and an address each, behind a headless Service",
    text: set({ name: "web", replicas: 3, image: "nginx:1.27", more: mount, claims: claimTemplate }),
  },
  {
    name: "deployment.yaml",
    kind: "Deployment",
    about: "interchangeable pods that are replaced step by step",
    text: `apiVersion: apps/v1
kind: Deployment
metadata:
  name: front
spec:
  replicas: 3
  selector:
${labels("front")}
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  template:
    metadata:
      labels:
        app: front
    spec:
${container("nginx:1.27")}`,
  },
  {
    name: "replicaset.yaml",
    kind: "ReplicaSet",
    about: "a number of equal pods, and no rollout",
    text: `apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: workers
spec:
  replicas: 3
  selector:
${labels("workers")}
  template:
    metadata:
      labels:
        app: workers
    spec:
${container("nginx:1.27")}`,
  },
  {
    name: "pod.yaml",
    kind: "Pod",
    about: "one pod that nobody replaces",
    text: `apiVersion: v1
kind: Pod
metadata:
  name: alone
  labels:
    app: alone
spec:
  containers:
    - name: main
      image: nginx:1.27
      readinessProbe:
        httpGet:
          path: /
          port: 80`,
  },
  {
    name: "service.yaml",
    kind: "Service",
    about: "one address for the ready pods of a label",
    text: `apiVersion: v1
kind: Service
metadata:
  name: web-any
spec:
  # Without clusterIP: None it gets an address of its own.
  selector:
    app: web
  ports:
    - name: http
      port: 80`,
  },
  {
    name: "budget.yaml",
    kind: "PodDisruptionBudget",
    about: "how many pods an eviction must leave",
    text: `apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: web
spec:
  # Or maxUnavailable: 1
  minAvailable: 2
  selector:
${labels("web")}`,
  },
  {
    name: "claim.yaml",
    kind: "PersistentVolumeClaim",
    about: "a disk, asked for by size and access mode",
    text: `apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
spec:
  # ReadWriteOnce: one machine; ReadWriteOncePod: one pod; ReadWriteMany: all of them.
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 1Gi`,
  },
  {
    name: "volume.yaml",
    kind: "PersistentVolume",
    about: "a disk that somebody made by hand",
    text: `apiVersion: v1
kind: PersistentVolume
metadata:
  name: by-hand
spec:
  accessModes: [ReadWriteOnce]
  capacity:
    storage: 1Gi
  # Retain: the disk stays when its claim goes.
  persistentVolumeReclaimPolicy: Retain
  storageClassName: manual
  csi:
    driver: disk.petri.dev
    volumeHandle: by-hand`,
  },
  {
    name: "storage-class.yaml",
    kind: "StorageClass",
    about: "how disks are made",
    text: `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: keep
provisioner: disk.petri.dev
reclaimPolicy: Retain
# Immediate makes the disk before anybody knows where its pod will run.
volumeBindingMode: WaitForFirstConsumer`,
  },
  {
    name: "config-map.yaml",
    kind: "ConfigMap",
    about: "words that pods can read",
    text: `apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  mode: calm`,
  },
  {
    name: "namespace.yaml",
    kind: "Namespace",
    about: "a place for names",
    text: `apiVersion: v1
kind: Namespace
metadata:
  name: team`,
  },
  {
    name: "priority-class.yaml",
    kind: "PriorityClass",
    about: "whose pods others must make room for",
    text: `apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata:
  name: important
value: 1000`,
  },
  {
    name: "lease.yaml",
    kind: "Lease",
    about: "the record of a lock",
    text: `apiVersion: coordination.k8s.io/v1
kind: Lease
metadata:
  name: leader
spec:
  holderIdentity: nobody-yet
  leaseDurationSeconds: 15`,
  },
  {
    name: "election.yaml",
    kind: "elector",
    about: "two pods that elect a leader on a Lease, and one shared disk that its leader writes to",
    text: `apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: shared
  annotations:
    # With "on" the disk refuses the tokens of earlier leaders.
    petri.dev/fencing: "off"
spec:
  accessModes: [ReadWriteMany]
  resources:
    requests:
      storage: 1Gi
---
${set({
  name: "elector",
  replicas: 2,
  image: "petri.dev/elector:1",
  notes: note(["lock: leader"]),
  more: mount,
  claims: "\n      volumes:\n        - name: data\n          persistentVolumeClaim:\n            claimName: shared",
})}`,
  },
  {
    name: "quorum.yaml",
    kind: "quorum",
    about: "three members that accept writes while a majority is reached",
    text: set({ name: "members", replicas: 3, image: "petri.dev/quorum:1", notes: note(['members: "3"']), more: mount, claims: claimTemplate }),
  },
  {
    name: "client.yaml",
    kind: "client",
    about: "a pod that calls a Service again and again, and remembers its address",
    text: set({ name: "caller", replicas: 1, image: "petri.dev/client:1", notes: note(["target: web", "dns-cache: 30s/5s"]) }),
  },
  {
    name: "session-lock.yaml",
    kind: "session-lock",
    about: "two pods that wait in line for a lock which ends with its session",
    text: set({ name: "in-line", replicas: 2, image: "petri.dev/session-lock:1", notes: note(["lock: turn", "session-timeout: 30s"]) }),
  },
  {
    name: "ttl-lock.yaml",
    kind: "ttl-lock",
    about: "two pods that share a lock which simply runs out",
    text: set({ name: "in-turn", replicas: 2, image: "petri.dev/ttl-lock:1", notes: note(["lock: key", "ttl: 15s", "hold: 10s"]) }),
  },
].map((template) => ({ ...template, text: doc(template.text) }));

// Twenty things that people come for, done by what the page offers alone, each in as few actions as it may take at most: a
// line in the console, a press, a key with its meaning, a paste.

import assert from "node:assert/strict";
import { test } from "node:test";

import { openApp } from "./harness.mjs";
import { serve } from "./served.mjs";
import { drawn, includes, manifests, paste, pause, pods, say, seconds, shown } from "./steps.mjs";

const server = serve();

const set = (name, more = "") => `apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {clusterIP: None, selector: {app: ${name}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: ${name}}
spec:
  serviceName: ${name}
  replicas: 3${more}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {containers: [{name: db, image: "postgres:16"}]}
`;

const replicaSet = (name, replicas, spec) => `apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: ${name}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: ${spec}
`;

const claim = (name, spec) => `apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: ${name}}
spec: {${spec}, resources: {requests: {storage: 1Gi}}}
---
`;

/** Somebody at the page: what is done is counted, looking is not. */
class Person {
  #actions = 0;
  constructor(page) {
    this.page = page;
  }
  async line(text) {
    this.#actions += 1;
    return say(this.page, text);
  }
  /** Lets time pass by a line; the page plays it by frames. */
  async wait(span) {
    const before = await seconds(this.page);
    await this.line(`run ${span}`);
    const long = { s: 1, m: 60, h: 3600 }[span.at(-1)] * Number.parseInt(span, 10);
    await this.page.waitForFunction((end) => Number(document.querySelector(".clock").dataset.micros) / 1e6 >= end, before + long - 0.001);
    await drawn(this.page);
  }
  async press(locator) {
    this.#actions += 1;
    await locator.click();
    await drawn(this.page);
  }
  async key(key) {
    this.#actions += 1;
    await this.page.keyboard.press(key);
    await drawn(this.page);
  }
  /** Pastes over the open file and applies it. */
  async apply(text) {
    this.#actions += 1;
    await paste(this.page, text);
    await this.key("Control+Enter");
  }
  button(name) {
    return this.page.getByRole("button", { name });
  }
  headline() {
    return this.page.locator(".say h1").innerText();
  }
  /** The whole of what is told of the selection. */
  why() {
    return this.page.locator(".why").innerText();
  }
  /** Where a pod is, as its mark says. */
  async nodeOf(mark) {
    return / on (node-\d)/.exec(await mark.first().getAttribute("aria-label"))[1];
  }
  set(name) {
    return this.page.locator(".cluster-picture").getByRole("button", { name: new RegExp(`StatefulSet ${name}\\b`) }).first();
  }
  get actions() {
    return this.#actions;
  }
}

/**
 * A task, and how many actions it may take. None of them needs the part of the module that few visits need, unless it
 * brings fields that are known by name only, or opens Compare.
 */
function task(name, most, does, { needsAll = false } = {}) {
  test(`task: ${name}, in ${most} actions at most`, async (t) => {
    const page = await openApp({ url: server.url, viewport: { width: 1440, height: 900 } });
    await pause(page);
    const person = new Person(page);
    await does(person, page);
    // Emptied for the next task.
    const rare = server.requests.splice(0).filter((path) => path.includes("/third-"));
    if (!needsAll) assert.deepEqual(rare, []);
    t.diagnostic(`${person.actions} actions`);
    assert.ok(person.actions > 0 && person.actions <= most, `${person.actions} actions`);
    await page.finish();
  });
}

const rows = (page, name) => page.locator(".facts tr", { hasText: name });

task("paste a set of one's own and watch its ordered start", 4, async (person, page) => {
  await person.apply(set("db"));
  await person.wait("60s");
  for (const name of ["db-0", "db-1", "db-2"]) await pods(page, name, "ready").first().waitFor();
  const lanes = await page.locator(".tl").textContent();
  assert.ok(lanes.indexOf("db-0") < lanes.indexOf("db-1"), lanes);
});

task("scale to 5, to 2 and to 5 again: the same names, the same claims", 7, async (person, page) => {
  await person.line("kubectl scale sts rg --replicas=5");
  await person.wait("60s");
  await person.line("kubectl scale sts rg --replicas=2");
  await person.wait("60s");
  includes(await person.line("kubectl get pvc"), "logs-rg-4");
  await person.line("kubectl scale sts rg --replicas=5");
  await person.wait("60s");
  await pods(page, "rg-4", "ready").first().waitFor();
});

task("update by partition, and see what holds the others back", 5, async (person, page) => {
  await person.apply(set("db", "\n  updateStrategy: {rollingUpdate: {partition: 2}}"));
  await person.wait("60s");
  await person.line("kubectl set image sts/db db=postgres:17");
  await person.wait("60s");
  includes(await page.locator(".facts").innerText(), "1, kept: partition");
  includes(await page.locator(".cluster-picture").textContent(), "partition 2");
});

task("OnDelete: nothing happens until somebody deletes", 6, async (person, page) => {
  await person.apply(set("db", "\n  updateStrategy: {type: OnDelete}"));
  await person.wait("60s");
  await person.line("kubectl set image sts/db db=postgres:17");
  await person.wait("10s");
  await person.press(person.set("db"));
  includes(await person.why(), "OnDelete");
});

task("a rollout that is stuck after its template was reverted, and its repair", 9, async (person, page) => {
  await person.apply(set("db"));
  await person.wait("60s");
  await person.line("kubectl set image sts/db db=bad:1");
  await person.wait("60s");
  await person.line("kubectl set image sts/db db=postgres:16");
  await person.wait("60s");
  await person.press(person.set("db"));
  await person.press(page.locator(".why .act", { hasText: "delete pod db-2" }).first());
});

task("Parallel: all at once", 3, async (person, page) => {
  await person.apply(set("db", "\n  podManagementPolicy: Parallel"));
  await person.wait("20s");
  for (const name of ["db-0", "db-1", "db-2"]) await pods(page, name, "ready").first().waitFor();
});

task("a drain that a budget holds up", 4, async (person, page) => {
  await person.apply(`${set("db")}---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: db}
spec: {minAvailable: 3, selector: {matchLabels: {app: db}}}
`);
  await person.wait("60s");
  await person.line(`kubectl drain ${await person.nodeOf(pods(page, "db-1"))}`);
  assert.match(await person.headline(), /may not leave/);
});

task("power a machine off, and tell the cluster that it stays off", 5, async (person, page) => {
  await person.line("power off node-1");
  await person.wait("60s");
  await person.line("kubectl taint nodes node-1 node.kubernetes.io/out-of-service=nodeshutdown:NoExecute");
  await person.wait("60s");
  await pods(page, "rg-1", "ready").first().waitFor();
});

task("cut off, force, two of one name, heal", 6, async (person, page) => {
  await person.press(page.locator("#try-button"));
  await person.wait("6m");
  const pod = (await page.locator(".cluster-picture [data-state=unconfirmed]").first().getAttribute("data-pod")) ?? "rg-1";
  await person.line(`kubectl delete pod ${pod} --force --grace-period=0`);
  await person.wait("7m");
  assert.equal(await person.headline(), `${pod} exists twice.`);
  await person.line("heal node-0; heal node-1; heal node-2; heal node-3");
  await person.wait("60s");
  assert.doesNotMatch(await person.headline(), /twice/);
});

task("delete the Node object of a machine that runs", 3, async (person, page) => {
  await person.line("kubectl delete node node-1");
  await page.locator('.cluster-picture [data-node="node-1"][data-state="unregistered"]').waitFor();
  assert.match(await person.headline(), /node-1 has no Node object/);
});

task("a Deployment beside a StatefulSet on the same bad day", 6, async (person, page) => {
  await person.press(page.locator("#try-button"));
  await person.wait("6m");
  await person.press(page.locator("#compare-button"));
  await person.press(person.button("StatefulSet beside Deployment"));
  await page.locator('.compare-sides[data-compared="true"]').waitFor();
  await page.locator('[data-measure="more than asked for"]').waitFor();
}, { needsAll: true });

task("a singleton by a ReplicaSet has two processes, and no promise is broken", 5, async (person, page) => {
  await person.apply(replicaSet("one", 1, '{containers: [{name: c, image: "nginx:1"}]}'));
  await person.wait("30s");
  await person.line(`cut ${await person.nodeOf(page.locator('svg [data-pod^="one-"]'))}`);
  await person.wait("7m");
  assert.equal(await person.headline(), "one has two processes; one is asked for.");
});

task("ReadWriteOncePod: the second pod waits", 3, async (person, page) => {
  const container = '{name: c, image: "nginx:1", volumeMounts: [{name: d, mountPath: /d}]}';
  const volume = "{name: d, persistentVolumeClaim: {claimName: only}}";
  const two = replicaSet("two", 2, `{containers: [${container}], volumes: [${volume}]}`);
  await person.apply(claim("only", "accessModes: [ReadWriteOncePod]") + two);
  await person.wait("60s");
  await rows(page, "two").filter({ hasText: "Pending" }).first().waitFor();
});

task("volumes that an administrator makes: the one that is missing is offered", 4, async (person, page) => {
  const manual = "storageClassName: manual, accessModes: [ReadWriteOnce]";
  await person.apply(`${claim("first", manual)}${claim("second", manual)}apiVersion: v1
kind: PersistentVolume
metadata: {name: disk-0}
spec: {storageClassName: manual, capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /data}}
`);
  await person.wait("20s");
  await person.press(page.locator('.cluster-picture [data-claim="second"]').first());
  includes(await person.why(), "PersistentVolume");
  await page.locator(".why .act", { hasText: "PersistentVolume" }).first().waitFor();
}, { needsAll: true });

task("DNS: names that resolve, and the answer", 4, async (person) => {
  includes(await person.line("dig rg-0.random-generator.default.svc.cluster.local"), "10.244.");
  includes(await person.line("dig SRV random-generator.default.svc.cluster.local"), "rg-1.random-generator");
});

task("a Lease, its holder frozen, and a fence", 6, async (person, page) => {
  await person.press(page.locator("#examples-button"));
  await person.press(page.locator('[data-example="lease.yaml"]'));
  await shown(page, "lease.yaml");
  await person.wait("30s");
  await person.line("pause pod/keeper-0 60s");
  await person.wait("60s");
  includes(await person.line("ledger shared"), "refused");
  const told = (words) => page.locator(".timeline title", { hasText: words }).first().waitFor({ state: "attached" });
  await told("keeper-1 on record");
  await told("keeper-0 refused");
});

task("locks by ConfigMap and by time to live", 6, async (person) => {
  await person.apply(await manifests("four-locks-fail-over"));
  await person.wait("60s");
  const locks = await person.line("locks");
  assert.match(locks, /ConfigMap|configmap/);
  assert.match(locks, /ttl|TTL/);
});

task("a quorum loses its majority", 5, async (person, page) => {
  await person.apply(await manifests("a-quorum-forgets"));
  await person.wait("60s");
  await person.line(`power off ${await person.nodeOf(pods(page, "q-0"))}; power off ${await person.nodeOf(pods(page, "q-1"))}`);
  await person.wait("60s");
  assert.equal(await person.headline(), "q has no majority.");
  await page.locator('[data-meter="quorum"][data-standing="broken"]').waitFor();
});

task("go back, take another way, and come back to the first", 6, async (person, page) => {
  await person.line("cut node-1");
  await person.wait("60s");
  await page.locator(".cluster-body").focus();
  await person.key("Control+z");
  await person.line("power off node-1");
  await person.wait("60s");
  await person.press(page.locator(".mark-branch text").first());
  includes(await person.headline(), "cut off");
});

task("send somebody the run", 3, async (person, page) => {
  await person.line("cut node-1");
  await person.press(page.locator("#share-button"));
  const link = await page.locator("#share-link").inputValue();
  assert.match(link, /#r=/);
  const other = await openApp({ url: link, viewport: { width: 1440, height: 900 } });
  assert.equal(await other.locator(".say h1").innerText(), await person.headline());
  await other.finish();
}, { needsAll: true });

// What people bring beside their StatefulSet is kept: marked once, listed like the rest, and fetched only by who needs it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { inParts, openApp, screenshot } from "./harness.mjs";
import { serve } from "./served.mjs";
import { drawn, includes, paste, pause, say } from "./steps.mjs";

const server = serve();
const isThird = (path) => /\/third-[0-9a-f]+\.wasm$/.test(path);
const fetched = () => server.requests.filter(isThird).length;

const BROUGHT = `apiVersion: v1
kind: Secret
metadata: { name: db }
type: Opaque
immutable: true
stringData: { password: hush }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: watcher }
rules:
- { apiGroups: [""], resources: [pods], verbs: [get, list, watch] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: inside }
spec:
  podSelector: { matchLabels: { app: db } }
  policyTypes: [Ingress]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: db
  replicas: 1
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec:
      containers:
      - { name: c, image: nginx }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: db }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: StatefulSet, name: db }
  minReplicas: 1
  maxReplicas: 3
  metrics:
  - { type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 60 } } }
`;
const KINDS = "ClusterRole, HorizontalPodAutoscaler, NetworkPolicy";

test("what a set comes with is applied and listed, and one line says that it is kept", async () => {
  server.requests.length = 0;
  const page = await openApp({ url: server.url, viewport: { width: 1440, height: 900 } });
  await pause(page);
  await paste(page, BROUGHT);
  // Nothing blocks: a request that does would be a warning in the browser's console, which ends the test.
  await page.locator(".problems .unused", { hasText: `Kept, not simulated: ${KINDS}.` }).waitFor();
  assert.equal(await page.locator(".problems li").count(), 0, "no field is told of by itself");
  const marks = page.locator(".cm-content", { hasText: "kept, not simulated" });
  await marks.waitFor();
  await page.locator("#apply").click();
  const outcome = page.locator(".outcome");
  await outcome.locator("code", { hasText: "secret/db created" }).waitFor();
  assert.deepEqual(await outcome.locator(".warn").allInnerTexts(), [`Note: kept, not simulated: ${KINDS}`]);
  assert.equal(await outcome.locator(".bad").count(), 0);
  const rows = await say(page, "kubectl get secret,clusterrole,netpol,hpa");
  for (const row of [/secret\/db\s+Opaque\s+1/, /clusterrole\S*\/watcher/, /networkpolicy\S*\/inside\s+app=db/, /horizontalpodautoscaler\S*\/db\s+StatefulSet\/db\s+cpu: <unknown>\/60%/]) {
    assert.match(rows, row);
  }
  await drawn(page);
  await screenshot(page, "kept");
  if (await inParts()) assert.equal(fetched(), 1);
  await page.finish();
});

test("a line about them fetches what it needs, and lines after it wait for their turn", async () => {
  server.requests.length = 0;
  const page = await openApp({ url: server.url, viewport: { width: 1440, height: 900 } });
  await pause(page);
  await say(page, "kubectl scale sts rg --replicas 3");
  assert.equal(fetched(), 0);
  await say(page, "kubectl get secrets");
  await say(page, "kubectl get sts rg");
  await page.locator(".term", { hasText: /No resources found[^]*rg\s+\d\/3/ }).waitFor({ state: "attached" });
  await page.finish();
});

test("an ordinary visit does without", async () => {
  server.requests.length = 0;
  const page = await openApp({ url: server.url, viewport: { width: 1440, height: 900 } });
  await page.locator("#try-button").click();
  await pause(page);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("cut node");
  await drawn(page);
  await page.keyboard.press("Escape");
  for (const line of ["kubectl get pods", "kubectl get all", "kubectl get pod rg-0 -o yaml", "kubectl get pods; kubectl get pvc", "kubectl get pods,sts,pvc -A", "kubectl scale sts rg --replicas 3", "run 1m", "kubectl get events", "kubectl delete pod rg-0", "kubectl set image sts rg random-generator=k8spatterns/random-generator:2.0"]) {
    await say(page, line);
  }
  includes(await say(page, "kubectl get sts"), "rg");
  assert.equal(fetched(), 0);
  await page.finish();
});

for (const [line, answer] of [["kubectl describe pod rg-0", /Name:\s+rg-0/], ["kubectl get pods | wc -l", /wc -l[^]*3/], ["kubectl exec rg-0 -- hostname", /hostname[^]*rg-0/]]) {
  test(`a description, a shell and a program in a container come when they are asked for: ${line}`, async () => {
    server.requests.length = 0;
    const page = await openApp({ url: server.url, viewport: { width: 1440, height: 900 } });
    await pause(page);
    await say(page, "run 1m");
    assert.equal(fetched(), 0);
    await say(page, line);
    await page.locator(".term", { hasText: answer }).waitFor({ state: "attached" });
    assert.equal(fetched(), 1);
    await page.finish();
  });
}

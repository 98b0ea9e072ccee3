// The editor knows the simulated kinds: it completes, explains and shows what an apply would change before it does.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { openApp, STRICT_CSP } from "./harness.mjs";
import { serve } from "./served.mjs";
import { drawn, includes, panel, paste, pause, say } from "./steps.mjs";

const WIDE = { width: 1440, height: 900 };
const server = serve({ csp: STRICT_CSP });

async function open(options = {}) {
  const page = await openApp({ url: server.url, viewport: WIDE, ...options });
  await page.locator('[data-editor="codemirror"]').waitFor();
  await pause(page);
  return page;
}

/** What the page opens with: the editor itself draws only the lines in sight. */
const first = () => readFile(new URL("../../crates/lessons/manifests/random-generator.yaml", import.meta.url), "utf8");
const content = (page) => page.locator('[data-editor="codemirror"] .cm-content');

test("a diff says what an apply would change, and applies it", async () => {
  const page = await open();
  const before = await first();
  await page.locator("#diff").click();
  includes(await page.locator(".diff").innerText(), "Nothing: the cluster has all of it already.");
  await page.keyboard.press("Escape");

  await paste(page, before.replace("replicas: 2", "replicas: 4 # more"));
  await page.keyboard.press("Control+Shift+Enter");
  const set = page.locator('.diff [data-object="statefulset/rg"]');
  assert.equal(await set.getAttribute("data-change"), "changed");
  assert.equal(await set.locator("del").innerText(), "-   replicas: 2\n");
  assert.equal(await set.locator("ins").innerText(), "+   replicas: 4\n");
  assert.equal(await page.locator('.diff [data-object="service/random-generator"]').getAttribute("data-change"), "same");
  includes(await page.locator(".diff .said").innerText(), "kubectl diff -f random-generator.yaml");
  await page.locator("#apply-diff").click();
  await drawn(page);
  includes(await page.locator(".term").innerText(), "statefulset.apps/rg configured");
  assert.equal(await page.locator(".diff").count(), 0);
  await page.finish();
});

test("a diff says what would be refused, in the API server's words", async () => {
  const page = await open();
  const before = await first();
  await paste(page, before.replace("serviceName: random-generator", "serviceName: other"));
  // The check under the editor says so as well: only what has no errors has a diff.
  await page.locator(".problems[data-errors='1']").waitFor({ state: "attached" });
  includes(await page.locator(".problems").innerText(), "Forbidden: updates to statefulset spec for fields other than");
  assert.ok(await page.locator("#diff").isDisabled());
  await page.finish();
});

test("fields are completed from the schema, with what they are if they are left out", async () => {
  const page = await open();
  await paste(page, "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: db\nspec:\n  ");
  await page.keyboard.type("pod");
  const list = page.locator(".cm-tooltip-autocomplete");
  await list.waitFor();
  const first = list.locator("li").first();
  includes(await first.innerText(), "podManagementPolicy");
  includes(await first.innerText(), "OrderedReady if left out");
  await page.waitForTimeout(120);
  await page.keyboard.press("Enter");
  await page.keyboard.press("Control+Space");
  await list.locator("li", { hasText: "Parallel" }).waitFor();
  await page.keyboard.type("Par");
  await page.waitForTimeout(120);
  await page.keyboard.press("Enter");
  includes(await content(page).innerText(), "podManagementPolicy: Parallel");
  await page.finish();
});

test("a kind brings its version, and what is written already is not offered again", async () => {
  const page = await open();
  await paste(page, "");
  await page.keyboard.type("kind: Persis");
  const list = page.locator(".cm-tooltip-autocomplete");
  await list.locator("li", { hasText: "PersistentVolumeClaim" }).waitFor();
  await page.keyboard.press("Escape");
  await paste(page, "kind: PersistentVolumeClaim\n");
  await page.keyboard.press("Control+Space");
  await list.locator("li", { hasText: "apiVersion" }).waitFor();
  assert.equal(await list.locator("li", { hasText: /^kind/ }).count(), 0);
  await page.finish();
});

test("a field is explained under the pointer, and at the cursor without one", async () => {
  const page = await open();
  await paste(page, "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: db\nspec:\n  replicas: 3\n");
  await page.locator(".cm-line", { hasText: "replicas" }).locator("span").first().hover();
  const hover = page.locator(".petri-hover");
  await hover.waitFor();
  includes(await hover.innerText(), "How many pods.");
  includes(await hover.innerText(), "1 if it is left out.");

  await page.mouse.move(700, 20);
  await page.locator(".cm-line", { hasText: "replicas" }).click();
  includes(await page.locator(".petri-about").innerText(), "replicas: integer How many pods.");
  await page.keyboard.press("F1");
  await page.locator(".cm-announced", { hasText: "How many pods." }).waitFor({ state: "attached" });
  await page.finish();
});

test("what is accepted but not simulated is said at its place", async () => {
  const page = await open();
  await paste(
    page,
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n  - name: c\n    image: i\n    resizePolicy: []\n",
  );
  await page.locator(".petri-badge", { hasText: "not simulated" }).first().waitFor();
  await page.locator(".cm-line", { hasText: "resizePolicy" }).click();
  includes(await page.locator(".petri-about").innerText(), "nothing in the simulation depends on it");
  await page.finish();
});

test("every template applies without a complaint", async () => {
  const page = await open();
  await page.locator("#new-file").click();
  const items = page.locator("[data-template]");
  await items.nth(5).waitFor();
  const names = await items.evaluateAll((all) => all.map((item) => item.dataset.template));
  for (const kind of ["statefulset", "deployment", "replicaset", "pod", "service", "budget", "claim", "volume", "storage-class", "lease"]) {
    assert.ok(names.includes(`${kind}.yaml`), kind);
  }
  await page.keyboard.press("Escape");
  for (const name of names.slice(1)) {
    await page.locator("#new-file").click();
    await page.locator(`[data-template="${name}"]`).click();
    await page.locator(`[data-file="${name}"] [data-editor="codemirror"]`).waitFor();
    assert.equal(await page.locator(".problems").getAttribute("data-errors"), "0", name);
    await page.locator("#apply").click();
    await page.locator(".outcome[data-refused='false'] code").first().waitFor();
    assert.equal(await page.locator(".outcome .bad").count(), 0, name);
  }
  await page.finish();
});

test("on a phone a template, its diff and its apply are within reach", async () => {
  const page = await openApp({ url: server.url, viewport: { width: 390, height: 844 } });
  await pause(page);
  await panel(page, "manifests");
  await page.locator('[data-editor="codemirror"]').waitFor();
  await page.locator("#new-file").click();
  await page.locator('[data-template="deployment.yaml"]').click();
  await page.locator('[data-file="deployment.yaml"] [data-editor="codemirror"]').waitFor();
  await page.locator("#diff").click();
  assert.equal(await page.locator('.diff [data-object="deployment/front"]').getAttribute("data-change"), "new");
  const box = await page.locator(".diff").boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= 390 && box.y + box.height <= 844, JSON.stringify(box));
  await page.locator("#apply-diff").click();
  includes(await page.locator(".outcome").innerText(), "deployment.apps/front created");
  await page.finish();
});

test("the file stays the person's: what the cluster has otherwise is marked, taken over or applied again", async () => {
  const page = await open();
  await paste(page, (await first()).replace("replicas: 2", "replicas: 2 # as many as machines"));
  await page.locator("#apply").click();
  await page.locator("#verbs-button").waitFor({ state: "detached" });
  await pause(page);
  assert.equal(await page.locator(".petri-drift, .drift").count(), 0);
  await say(page, "kubectl scale sts/rg --replicas=3");
  const line = page.locator(".cm-line.petri-drift");
  await line.waitFor();
  includes(await line.innerText(), "replicas: 2 # as many as machines");
  includes(await line.innerText(), "cluster: 3");
  includes(await page.locator(".drift").innerText(), "1 difference to the cluster: kubectl scale sts/rg --replicas=3 at 0:");
  includes(await page.locator(".apply").innerText(), "Applied at", "the file is what was applied");
  // Into the file, with its comment kept.
  await line.locator(".petri-take").click();
  await page.locator(".cm-line", { hasText: "replicas: 3 # as many as machines" }).waitFor();
  await page.locator(".drift").waitFor({ state: "detached" });
  includes(await page.locator(".apply").innerText(), "Changed, not applied");
  await page.locator("#apply").click();
  await page.locator(".apply", { hasText: "Applied at" }).waitFor();
  // Or back into the cluster.
  await say(page, "kubectl set image sts/rg random-generator=k8spatterns/random-generator:2.0");
  includes(await line.innerText(), "cluster: k8spatterns/random-generator:2.0");
  await page.locator("#apply-again").click();
  await line.waitFor({ state: "detached" });
  includes(await say(page, "kubectl get sts rg -o jsonpath='{.spec.template.spec.containers[0].image}'"), "random-generator:1.0");
  await page.finish();
});

test("a file can be closed, and the last one stays", async () => {
  const page = await open();
  assert.equal(await page.locator("#close-file").count(), 0, "the only file stays");
  await page.locator("#new-file").click();
  await page.locator('[data-template="pod.yaml"]').click();
  await page.locator('[data-file="pod.yaml"] [data-editor="codemirror"]').waitFor();
  await page.locator("#close-file").click();
  await page.locator('[data-file="random-generator.yaml"] [data-editor="codemirror"]').waitFor();
  // What was typed into it is not lost.
  await page.locator("#new-file").click();
  await page.locator("#reopen-file").click();
  await page.locator('[data-file="pod.yaml"] [data-editor="codemirror"]').waitFor();
  includes(await content(page).innerText(), "name: alone");
  await page.locator("#close-file").click();
  await page.locator('[data-file="random-generator.yaml"] [data-editor="codemirror"]').waitFor();
  assert.equal(await page.locator("#close-file").count(), 0);
  await page.finish();
});

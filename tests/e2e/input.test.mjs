// Bad input of every kind: the message at its place, cluster and text unchanged, and the page lives on.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { openApp } from "./harness.mjs";
import { serve } from "./served.mjs";
import { cluster, includes, panel, pause, paste, say, seconds } from "./steps.mjs";

const server = serve();

const SET = (change = (text) => text) =>
  change(`apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: web
spec:
  serviceName: web
  replicas: 2
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - name: c
        image: nginx
`);
const CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: fine\n";

const CASES = {
  "broken YAML": { text: "kind: [\n  a: b\n", line: 2 },
  "several documents, one of them broken": { text: `${CONFIG}---\nkind: Pod\n  name: x\n---\n${CONFIG}`, says: /line|mapping|indent/i },
  "an unknown kind": { text: "apiVersion: apps/v1\nkind: DaemonSat\nmetadata:\n  name: x\n", says: /DaemonSat/ },
  "a version that is gone": { text: "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata:\n  name: x\n", line: 1, says: /networking\.k8s\.io\/v1/ },
  "an unknown field": { text: SET((text) => text.replace("replicas: 2", "replica: 2")), line: 7, says: /unknown field/ },
  "a wrong type": { text: SET((text) => text.replace("replicas: 2", "replicas: two")), line: 7, says: /int32|replicas/ },
  "a missing selector": { text: SET((text) => text.replace(/ {2}selector:\n {4}matchLabels:\n {6}app: web\n/, "")), says: /selector/ },
  "a bad name": { text: SET((text) => text.replace("name: web\nspec", "name: Web_1\nspec")), line: 4, says: /RFC 1123|lower case/ },
  "10,000 replicas": { text: SET((text) => text.replace("replicas: 2", "replicas: 10000")), line: 7, says: /10,000/ },
  "a negative number": { text: SET((text) => text.replace("replicas: 2", "replicas: -1")), line: 7, says: /greater than or equal to 0/ },
  "an empty file": { text: "", says: /no objects passed to apply/, refusedOnly: true },
};

describe("bad input is answered at its place", () => {
  for (const [name, { text, line, says, refusedOnly }] of Object.entries(CASES)) {
    test(name, async () => {
      const page = await openApp({ url: server.url, viewport: { width: 1440, height: 900 } });
      await pause(page);
      const before = await cluster(page);
      await paste(page, text);
      if (!refusedOnly) {
        const problem = page.locator('.problems li[data-grade="error"]').first();
        await problem.waitFor();
        if (line) assert.equal(await problem.getAttribute("data-line"), String(line));
        if (says) assert.match(await page.locator(".problems").innerText(), says);
        await page.locator(".cm-lintRange-error, .cm-lint-marker-error").first().waitFor();
      }
      await page.locator("#apply").click();
      const outcome = page.locator(".outcome[data-refused=true]");
      await outcome.waitFor();
      if (refusedOnly) assert.match(await outcome.innerText(), says);
      assert.equal(await cluster(page), before, "the cluster is unchanged");
      const kept = await page.locator(".cm-content").innerText();
      assert.equal(kept.trim(), text.trim(), "the text is unchanged");
      includes(await say(page, "kubectl get pods"), "rg-0");
      await page.finish();
    });
  }

  test("a megabyte", async () => {
    const page = await openApp({ url: server.url, viewport: { width: 1440, height: 900 } });
    await pause(page);
    const before = await cluster(page);
    const text = "# a comment that goes on and on, and on, and on, and on\n".repeat(19_000);
    await paste(page, text);
    await page.locator('.problems li[data-grade="error"]').first().waitFor();
    assert.match(await page.locator(".problems").innerText(), /large|long|KiB|kB|bytes/i);
    await page.locator("#apply").click();
    await page.locator(".outcome[data-refused=true]").waitFor();
    assert.equal(await cluster(page), before);
    await page.finish();
  });
});

test("the console answers nonsense with an error and goes on", async () => {
  const page = await openApp({ url: server.url, viewport: { width: 1440, height: 900 } });
  for (const line of ["nonsense", "kubectl", "kubectl get nonsense", "kubectl scale sts/rg --replicas=10000", "cut node-99", "run", "'", "kubectl delete pod nope"]) {
    await say(page, line);
  }
  assert.ok((await page.locator(".term .err").count()) >= 5);
  includes(await say(page, "kubectl get pods"), "rg-0");
  await page.finish();
});

test("text that is typed before the editor has arrived is not lost", async () => {
  const page = await openApp({ url: server.url, viewport: { width: 1440, height: 900 } });
  // Loading again in the middle of the editor's first arrival would cut its request off.
  await page.locator('[data-editor="codemirror"]').waitFor();
  await page.route("**/editor/editor*.js", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await route.continue();
  });
  await page.reload();
  const area = page.locator(".code-area");
  await area.fill(CONFIG);
  await area.press("Control+Enter");
  includes(await page.locator(".outcome").innerText(), "configmap/fine created");
  await area.pressSequentially("data:\n");
  await page.locator('[data-editor="codemirror"]').waitFor();
  includes(await page.locator(".cm-content").innerText(), "data:");
  await page.finish();
});

describe("a line of the console goes on to its end", () => {
  const commands = async (page) => (await page.locator(".term").innerText()).split("\n");

  test("what comes after a run is done at its moment", async () => {
    const page = await openApp({ url: server.url, viewport: { width: 1440, height: 900 } });
    await pause(page);
    const before = await seconds(page);
    await say(page, "cut node-0; run 60s; heal node-0; get nodes -o name");
    await page.locator(".term").getByText("node/node-3").waitFor({ state: "attached" });
    assert.ok(Math.abs((await seconds(page)) - before - 60) < 0.01);
    assert.ok(!(await commands(page)).some((line) => line.startsWith("^C")));
    await page.close();
  });

  test("stopping drops the rest and says so", async () => {
    const page = await openApp({ url: server.url, viewport: { width: 1440, height: 900 } });
    await pause(page);
    await say(page, "run 160h; cut node-0");
    await page.locator(".still").getByText("then cut node-0").waitFor();
    await page.locator(".still button").click();
    await page.locator(".term").getByText("not run: cut node-0").waitFor({ state: "attached" });
    await page.close();
  });

  test("several pasted lines keep their here-document", async () => {
    const page = await openApp({ url: server.url, viewport: { width: 1440, height: 900 } });
    await panel(page, "console");
    await page.locator("#console-line").evaluate((input) => {
      const data = new DataTransfer();
      data.setData("text/plain", "apply -f - <<EOF\napiVersion: v1\nkind: Namespace\nmetadata: { name: pasted }\nEOF\nget ns pasted -o name\n");
      input.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    });
    await page.locator(".term").getByText("namespace/pasted created").waitFor({ state: "attached" });
    await page.close();
  });
});

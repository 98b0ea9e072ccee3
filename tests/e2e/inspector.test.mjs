// What the page tells of a pod beside why it is so: its logs, its files, its name in the DNS, its place beside other sets.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { openApp, shutDown, startServer } from "./harness.mjs";
import { drawn, includes, pause, pods, run, say } from "./steps.mjs";

let server;
before(async () => (server = await startServer()));
after(async () => {
  await shutDown();
  await server?.close();
});

test("a pod's logs and a claim's files are in the inspector", async () => {
  const page = await openApp({ url: server.url, viewport: { width: 1440, height: 900 } });
  await pause(page);
  await say(page, "kubectl exec rg-0 -- sh -c 'echo here I was > /logs/mark'");
  await pods(page, "rg-0").last().click();
  await page.locator("#tab-Own").click();
  const logs = page.locator('[data-panel="logs"]');
  await logs.waitFor();
  includes(await logs.innerText(), "kubectl logs rg-0");
  includes(await logs.innerText(), "Tomcat started");
  await page.locator('[data-facts="Claims"]').click();
  await page.locator(".facts .row-button", { hasText: "logs-rg-0" }).click();
  await page.locator("#tab-Own").click();
  const files = page.locator('[data-panel="disk"] [aria-label="Files"]');
  includes(await files.innerText(), "/mark");
  includes(await files.innerText(), "here I was");
  await page.finish();
});

test("the DNS reacts in sight: marks on lanes, and a tile whose name does not resolve", async () => {
  const page = await openApp({ url: server.url, viewport: { width: 1440, height: 900 } });
  await pause(page);
  assert.equal(await page.locator(".tl .named:not(.no)").count(), 2, "both names began to resolve");
  assert.equal(await page.locator(".tl .no").count(), 0);
  await say(page, "cut node-0");
  await run(page, 60);
  await drawn(page);
  assert.equal(await page.locator(".tl .no").count(), 1);
  assert.match(await page.locator(".tl .no title").textContent(), /^rg-\d\.random-generator is NXDOMAIN, 1:0\d\.\d$/);
  assert.equal(await page.locator("svg.cluster-picture .tile .pip.out").count() > 0, true);
  await page.finish();
});

test("two sets have colours of their own, and rules between them", async () => {
  const page = await openApp({ url: server.url, viewport: { width: 1440, height: 900 } });
  await pause(page);
  await say(page, "kubectl apply -f https://k8s.io/examples/application/web/web.yaml");
  await run(page, 60);
  const hue = (name) => pods(page, name).last().evaluate((tile) => tile.getAttribute("class").match(/id-\d/)[0]);
  assert.deepEqual([await hue("rg-0"), await hue("web-0")], ["id-0", "id-4"]);
  assert.equal(await page.locator(".facts tr.parts").count(), 1);
  assert.equal(await page.locator(".tl .parts").count(), 1);
  await page.finish();
});

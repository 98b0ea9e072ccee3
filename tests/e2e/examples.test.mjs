// The page carries the first visit's example alone. Whoever asks for another one gets it as soon as it has come, and
// whoever cannot get it loses nothing.

import assert from "node:assert/strict";
import { join } from "node:path";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";

import { DIST, openApp, openPage } from "./harness.mjs";
import { serve } from "./served.mjs";
import { choose, drawn, example, includes, pause, pods, shown } from "./steps.mjs";

const server = serve();
const FIRST = "random-generator.yaml";
const REFUSED = [/Failed to load resource/, /examples\//];

const open = (options) => openApp({ url: server.url, viewport: { width: 1440, height: 900 }, ...options });
const asked = (name) => server.requests.filter((path) => path.endsWith(`/examples/${name}`)).length;
const toast = (page) => page.locator(".toast").innerText();
const text = (page) => page.locator(".cm-content, .code-area").first().evaluate((area) => area.value ?? area.innerText);

test("the module holds the words of the first example, and of no other", async () => {
  const modules = (await readdir(DIST)).filter((name) => name.endsWith(".wasm"));
  const bytes = Buffer.concat(await Promise.all(modules.map((name) => readFile(join(DIST, name)))));
  const names = (await readdir(join(DIST, "examples"))).filter((name) => name.endsWith(".yaml"));
  assert.ok(names.length > 1 && modules.length > 0);
  for (const name of names) {
    const words = await readFile(join(DIST, "examples", name), "utf8");
    assert.equal(bytes.includes(words), name === FIRST, name);
  }
  assert.ok((await readdir(join(DIST, "lessons"))).some((name) => name.endsWith(".md.txt")));
});

test("the old run stays until an example has come, and it is fetched once", async () => {
  const page = await open();
  await pause(page);
  let arrive;
  const arrival = new Promise((resolve) => (arrive = resolve));
  await page.route(/examples\/my-sts/, async (route) => {
    await arrival;
    await route.continue();
  });
  await choose(page, "my-sts.yaml");
  await page.locator('[data-loading="my-sts.yaml"]').waitFor();
  await page.locator(".toast", { hasText: "my-sts.yaml is on its way." }).waitFor();
  assert.equal(await page.locator("[data-app]").getAttribute("data-shown"), FIRST);
  assert.equal(await pods(page, "rg-0").count(), 1, "the old run can be seen");
  arrive();
  await shown(page, "my-sts.yaml");
  assert.equal(await page.locator("[data-loading]").count(), 0);
  assert.equal(await page.locator(".toast").count(), 0);
  await pods(page, "my-sts-4").waitFor();
  includes(await text(page), "# Five replicas without claims");
  await example(page, FIRST);
  await example(page, "my-sts.yaml");
  assert.equal(asked("my-sts.yaml"), 1);
  assert.equal(asked(FIRST), 0);
  await page.finish();
});

test("an example that builds on another one brings it along", async () => {
  const page = await open();
  await example(page, "pdb.yaml");
  await page.locator('[data-file="pdb.yaml"]').waitFor();
  assert.deepEqual([asked("replicaset.yaml"), asked("pdb.yaml")], [1, 1]);
  assert.deepEqual((await page.locator('.file-bar [role="tab"]').allInnerTexts()).map((tab) => tab.trim()), ["replicaset.yaml", "pdb.yaml"]);
  await page.finish();
});

test("what was asked for last is what is shown, in whichever order it comes", async () => {
  const page = await open();
  let arrive;
  const arrival = new Promise((resolve) => (arrive = resolve));
  await page.route(/examples\/my-sts/, async (route) => {
    await arrival;
    await route.continue();
  });
  await choose(page, "my-sts.yaml");
  await page.locator('[data-loading="my-sts.yaml"]').waitFor();
  await example(page, "replicaset.yaml");
  const came = page.waitForResponse(/examples\/my-sts/);
  arrive();
  await (await came).finished();
  await drawn(page);
  await drawn(page);
  assert.equal(await page.locator("[data-app]").getAttribute("data-shown"), "replicaset.yaml");
  assert.equal(await page.locator("[data-loading]").count(), 0);
  await page.finish();
});

const refusals = {
  "without a connection": [(route) => route.abort(), "there is no connection to where this page came from"],
  "that the server does not have": [(route) => route.fulfill({ status: 404, body: "not here" }), "the server answered 404"],
  "in whose place another page comes": [(route) => route.fulfill({ status: 200, contentType: "text/html", body: "<p>Home</p>" }), "the server answered with something else"],
};
for (const [name, [refuse, why]] of Object.entries(refusals)) {
  test(`an example ${name} is told, and nothing is lost`, async () => {
    const page = await open({ allow: REFUSED });
    await pause(page);
    const before = await page.locator(".clock").getAttribute("data-micros");
    await page.route(/examples\/replicaset/, refuse);
    await choose(page, "pdb.yaml");
    await page.locator(".toast", { hasText: why }).waitFor();
    assert.equal((await toast(page)).split("\n")[0].trim(), `replicaset.yaml could not be fetched: ${why}. Everything is as it was.`);
    includes(await page.locator(".term").innerText(), why);
    assert.equal(await page.locator("[data-loading]").count(), 0);
    assert.equal(await page.locator("[data-app]").getAttribute("data-shown"), FIRST);
    assert.equal(await page.locator(".clock").getAttribute("data-micros"), before);
    // It can be asked for again.
    await page.unroute(/examples\/replicaset/);
    await example(page, "pdb.yaml");
    await page.finish();
  });
}

test("a link to a run of an example brings its own words, comments included", async () => {
  const page = await open();
  await example(page, "lease.yaml");
  await pause(page);
  await page.locator("#share-button").click();
  const link = await page.locator("#share-link").inputValue();
  await page.finish();

  const linked = await open({ url: link });
  await linked.locator('[data-file="lease.yaml"]').waitFor();
  await linked.locator('[data-editor="codemirror"]', { hasText: "# Two pods stand for one Lease" }).waitFor();
  includes(await linked.locator(".apply").innerText(), "Applied at");
  await linked.finish();

  const alone = await openPage({ viewport: { width: 1440, height: 900 }, allow: REFUSED });
  await alone.route(/examples\/lease/, (route) => route.abort());
  await alone.goto(link);
  await alone.locator(".toast", { hasText: "The file shows what was applied of it." }).waitFor();
  await alone.locator('[data-file="lease.yaml"]').waitFor();
  const words = await text(alone);
  includes(words, "kind: PersistentVolumeClaim");
  assert.ok(!words.includes("# Two pods"));
  includes(await alone.locator(".apply").innerText(), "Applied at");
  await alone.finish();
});

// After its first load the page needs no network: not to open again, not to be worked with, not under a sub-path.

import assert from "node:assert/strict";
import { test } from "node:test";

import { inParts, openApp, STRICT_CSP } from "./harness.mjs";
import { serve } from "./served.mjs";
import { drawn, example, includes, pause, say, suggestion } from "./steps.mjs";

const server = serve({ prefix: "/some/where/petri/", csp: STRICT_CSP });

/** Waits until everything is kept. */
async function kept(page) {
  const all = () =>
    page.evaluate(async () => {
      const names = navigator.serviceWorker.controller ? await caches.keys() : [];
      const found = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
      return found.flat().map((request) => request.url);
    });
  const parts = ["index.html", "/petri-web-", "_bg.wasm", ...((await inParts()) ? ["/second-", "/third-"] : []), "/editor/editor-", ".css", "/examples/pdb.yaml", "/lessons/"];
  for (let i = 0; i < 100; i++) {
    const found = await all();
    if (parts.every((part) => found.some((url) => url.includes(part)))) return;
    await page.waitForTimeout(200);
  }
  assert.fail(`only these are kept: ${(await all()).join(", ")}`);
}

test("who has opened the page once can open it again without a network, and do everything", async () => {
  const page = await openApp({ url: server.url, viewport: { width: 1440, height: 900 }, serviceWorkers: "allow", allow: [/ERR_INTERNET_DISCONNECTED/] });
  await kept(page);
  await page.context().setOffline(true);
  await page.reload();
  await page.waitForSelector("[data-app]");
  await pause(page);
  await page.locator('[data-editor="codemirror"]').waitFor();
  const { node } = await suggestion(page);
  includes(await say(page, `cut ${node}`), "cut off");
  await page.locator("#compare-button").click();
  await page.locator('.compare-sides[data-compared="true"]').waitFor();
  await page.keyboard.press("Escape");
  await example(page, "pdb.yaml");
  // An address that holds a run opens as well.
  await page.goto(`${server.url}index.html#nothing`);
  await page.waitForSelector("[data-app]");
  await drawn(page);
  await page.finish();
});

test("with a network the newest page is shown, and nothing outside of its folder is touched", async () => {
  const page = await openApp({ url: server.url, serviceWorkers: "allow" });
  await kept(page);
  const before = server.requests.length;
  await page.reload();
  await page.waitForSelector("[data-app]");
  await page.waitForTimeout(300);
  const asked = server.requests.slice(before);
  assert.deepEqual(asked.filter((path) => !path.endsWith("/petri/")), [], "only the index is asked for again");
  assert.deepEqual(server.requests.filter((path) => !path.startsWith("/some/where/petri/")), []);
  await page.finish();
});

test("a browser that keeps nothing shows the page all the same", async () => {
  const page = await openApp({ url: server.url });
  await page.waitForTimeout(2_000);
  assert.equal(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length), 0);
  await page.finish();
});

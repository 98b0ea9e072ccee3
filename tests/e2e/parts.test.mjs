// The page arrives in two parts: a first visit needs the first one only, and the second comes before anyone misses it.

import assert from "node:assert/strict";
import { after, test as always } from "node:test";

import { inParts, openApp, shutDown, startServer } from "./harness.mjs";

const skip = (await inParts()) ? false : "dist/ holds the whole module (build --whole)";
const test = (name, work) => always(name, { skip }, work);
const isSecond = (path) => /\/second-[0-9a-f]+\.wasm$/.test(path);

after(shutDown);

async function visit(t, options = {}) {
  const server = await startServer();
  t.after(() => server.close());
  const page = await openApp({ url: server.url, first: true, ...options });
  return { server, page };
}

// Without a service worker, which the harness keeps away: that one fetches the rest when there is time, to keep it.
test("who only looks, fetches the first part only", async (t) => {
  const { server, page } = await visit(t, { reducedMotion: "no-preference" });
  await page.waitForTimeout(3_000);
  assert.deepEqual(server.requests.filter(isSecond), []);
  await page.finish();
});

// Common screens that are none of those the build watches.
const SCREENS = [
  [2560, 1440],
  [1536, 864],
  [1366, 768],
  [1280, 950],
  [1200, 700],
  [1180, 820],
  [1024, 768],
  [768, 1024],
  [900, 600],
  [600, 960],
  [412, 915],
  [375, 667],
  [360, 640],
];

test("the first part is enough on every screen", async (t) => {
  const needsMore = async ([width, height]) => {
    const { server, page } = await visit(t, { viewport: { width, height }, reducedMotion: "no-preference" });
    await page.waitForTimeout(500);
    const needs = server.requests.some(isSecond);
    await page.finish();
    return needs;
  };
  const short = [];
  for (const screen of SCREENS) {
    // A machine that is busy with other things takes ways that it does not take again: a screen needs more if it always does.
    if ((await needsMore(screen)) && (await needsMore(screen))) short.push(screen.join("x"));
  }
  assert.deepEqual(short, []);
});

test("who starts to do something gets the rest, once", async (t) => {
  const { server, page } = await visit(t);
  await page.mouse.move(200, 200);
  await page.waitForFunction(() => globalThis.petriExports["~.arrived"].value === 1);
  await page.mouse.click(10, 10);
  await page.keyboard.press("Tab");
  assert.equal(server.requests.filter(isSecond).length, 1);
  await page.finish();
});

test("a press that is faster than the second part blocks nothing, and is answered when that is there", async (t) => {
  const { server, page } = await visit(t);
  await page.route(/\/second-/, async (route) => {
    await new Promise((later) => setTimeout(later, 700));
    await route.continue();
  });
  const frames = await page.evaluate(async () => {
    const button = document.querySelector("#play");
    const before = button.getAttribute("aria-label");
    const since = performance.now();
    button.click();
    await new Promise(requestAnimationFrame);
    const frame = performance.now() - since;
    // A blocking request would be a warning in the console, which ends the test.
    while (button.getAttribute("aria-label") === before) await new Promise(requestAnimationFrame);
    return { frame, answered: performance.now() - since };
  });
  t.diagnostic(`the next frame after ${frames.frame.toFixed(0)} ms, the answer after ${frames.answered.toFixed(0)} ms`);
  assert.ok(frames.answered >= 600, "it waited");
  assert.equal(server.requests.filter(isSecond).length, 1);
  await page.finish();
});

test("who is faster than the second part waits for it, and loses nothing", async (t) => {
  // Chromium has something to say about requests that block; here one must.
  const { server, page } = await visit(t, { allow: [/Synchronous XMLHttpRequest/] });
  const told = await page.evaluate(async () => {
    const { complete } = await import(globalThis.petriParts.module);
    complete();
    return globalThis.petriExports["~.arrived"].value;
  });
  assert.equal(told, 1);
  assert.equal(server.requests.filter(isSecond).length, 1);
  await page.finish();
});

test("a second part that cannot be had is asked for again", async (t) => {
  const { server, page } = await visit(t, { allow: [/second-/, /Failed to load resource/] });
  await page.route(/\/second-/, (route) => route.abort());
  await page.mouse.move(200, 200);
  await page.waitForTimeout(300);
  await page.unroute(/\/second-/);
  assert.equal(await page.evaluate(() => globalThis.petriExports["~.arrived"].value), 0);
  await page.evaluate(async () => (await import(globalThis.petriParts.module)).complete());
  assert.equal(await page.evaluate(() => globalThis.petriExports["~.arrived"].value), 1);
  assert.equal(server.requests.filter(isSecond).length, 1);
  await page.finish();
});

test("who follows a link gets all parts at once, and nothing blocks", async (t) => {
  const { server, page } = await visit(t);
  await page.locator("#try-button").click();
  await page.waitForFunction(() => location.hash.startsWith("#r="));
  const link = page.url();
  await page.finish();
  server.requests.length = 0;
  // A blocking request would be a warning in the console, which ends the test.
  const linked = await openApp({ url: link });
  assert.equal(await linked.evaluate(() => globalThis.petriExports["~.arrived"].value), 1);
  assert.equal(server.requests.filter(isSecond).length, 1);
  await linked.finish();
});

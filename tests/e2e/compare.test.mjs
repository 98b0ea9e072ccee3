// The same bad day, twice: what came of it in words and numbers, and both clusters on one clock.

import assert from "node:assert/strict";
import { test } from "node:test";

import { openApp } from "./harness.mjs";
import { serve } from "./served.mjs";
import { drawn, includes, isBusy, panel, pause, run, say, suggestion, tasks } from "./steps.mjs";

const WIDE = { width: 1440, height: 900 };
const server = serve();

/** The first visit's story to its end: two processes under one name. */
async function badDay(page) {
  await pause(page);
  const { pod } = await suggestion(page);
  await page.locator("#try-button").click();
  await run(page, 360);
  await say(page, `kubectl delete pod ${pod} --force --grace-period=0`);
  await run(page, 360);
  await run(page, 60);
}

async function compared(page) {
  await page.locator('.compare-sides[data-compared="true"]').waitFor();
  await drawn(page);
}
const measure = (page, what) => page.locator(`[data-measure="${what}"]`);

test("without the force delete there are no duplicates, and it is said so", async () => {
  const page = await openApp({ url: server.url, viewport: WIDE });
  await badDay(page);
  await page.locator("#compare-button").click();
  await compared(page);
  const chosen = await page.locator("#compare-b option:checked").innerText();
  assert.match(chosen, /^without: kubectl delete pod rg-1 --force/);
  const verdict = await page.locator(".compare-sentence").innerText();
  assert.match(verdict, /^In A .* one name runs twice for \d+[^.]*\. In B /);
  assert.match(await measure(page, "one name twice").innerText(), /more in A/);
  assert.match(await page.locator('[data-strip="A"]').textContent(), /At most one broken from \d+:\d\d to \d+:\d\d/);
  assert.doesNotMatch(await page.locator('[data-strip="B"]').textContent(), /At most one broken/);
  includes(await page.locator('[data-side="A"]').innerText(), "twice");
  // What was measured, and how far beyond the present both were played.
  const measured = await page.locator(".compare-verdict .cap").innerText();
  assert.match(measured, /^Measured from cut node-\d at \d:\d\d to \d+:\d\d\. This run stands at \d+:\d\d; both were played .* beyond that/);

  // One clock for both.
  const slider = page.locator("#compare-moment");
  await slider.focus();
  await page.keyboard.press("Home");
  await drawn(page);
  includes(await page.locator(".compare-clock").innerText(), "0:00.0");
  includes(await page.locator('[data-side="A"]').innerText(), "0 of 2 pods ready.");
  includes(await page.locator('[data-side="B"]').innerText(), "0 of 2 pods ready.");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(".compare").count(), 0);
  await page.finish();
});

test("two manifests under one script of faults, and two settings", async () => {
  const page = await openApp({ url: server.url, viewport: WIDE });
  await badDay(page);
  await page.locator("#new-file").click();
  await page.locator('[data-template="deployment.yaml"]').click();
  await page.locator('[data-file="deployment.yaml"] [data-editor="codemirror"]').waitFor();
  await page.locator(".cluster-body").focus();
  await page.keyboard.press("c");
  await page.locator("#compare-b").selectOption("file-deployment.yaml");
  await compared(page);
  await page.waitForFunction(() => document.querySelector('[data-side="B"]')?.innerText.includes("front-"));
  includes(await measure(page, "one name twice").innerText(), "0 s");
  await page.locator("#compare-b").selectOption("setting-2");
  await page.waitForFunction(() => document.querySelector('[data-side="B"]')?.innerText.includes("rg-1"));
  await compared(page);
  assert.doesNotMatch(await page.locator(".compare-sentence").innerText(), /In B .*twice/);
  await page.finish();
});

test("a branch is compared with the course that replaced it, on a phone as well", async () => {
  const page = await openApp({ url: server.url, viewport: { width: 390, height: 844 } });
  await pause(page);
  await say(page, "cut node-1");
  await run(page, 60);
  await panel(page, "cluster");
  await page.locator(".cluster-body").focus();
  await page.keyboard.press("Control+z");
  await say(page, "power off node-1");
  await run(page, 60);
  await panel(page, "more");
  await page.locator("#compare-button").click();
  await compared(page);
  assert.equal(await page.locator("#compare-b").inputValue(), "branch-0");
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(over <= 0, `${over} pixels too wide`);
  // At 200 % both clusters have most of the room, and the scrubber stays.
  await page.setViewportSize({ width: 720, height: 450 });
  await page.locator(".compare").evaluate((stage) => stage.scrollTo(0, 200));
  const covers = await page.evaluate(() => {
    const shows = (x, y) => Boolean(document.elementFromPoint(x, y)?.closest(".compare-sides"));
    return [20, 120, 220, 320].filter((y) => !shows(100, y));
  });
  assert.deepEqual(covers, [], "heights at which something lies over the clusters");
  const scrubber = await page.locator("#compare-moment").boundingBox();
  assert.ok(scrubber.y + scrubber.height <= 450, JSON.stringify(scrubber));
  await page.finish();
});

test("a Deployment beside the StatefulSet is one press, and says why it goes another way", async () => {
  const page = await openApp({ url: server.url, viewport: WIDE });
  await badDay(page);
  await page.locator("#compare-button").click();
  await compared(page);
  await page.getByRole("button", { name: "StatefulSet beside Deployment" }).click();
  await page.waitForFunction(() => /Deployment/.test(document.querySelector('[data-side="B"] .compare-picture')?.textContent ?? ""));
  await compared(page);
  assert.match(await measure(page, "more than asked for").innerText(), /more in B/);
  includes(await page.locator(".compare-verdict").innerText(), "A ReplicaSet counts pods");
  // Both stand beside each other, over one time axis, and nothing is cut.
  const boxes = await page.evaluate(() =>
    ['[data-side="A"]', '[data-side="B"]', ".compare-verdict", ".compare-time"].map((name) => document.querySelector(name).getBoundingClientRect().toJSON()));
  const [a, b, verdict, time] = boxes;
  assert.ok(a.right <= b.left + 1 && b.right <= verdict.left + 1 && Math.max(a.bottom, b.bottom, verdict.bottom) <= time.top + 1, JSON.stringify(boxes));
  assert.ok(time.bottom <= 900 && verdict.right <= 1440, JSON.stringify(boxes));
  await page.finish();
});

/** A day with twenty pods, and the longest task while both courses of it are played, each time in a page of its own. */
async function longestTask() {
  const page = await openApp({ url: server.url, viewport: WIDE });
  await pause(page);
  await say(page, "kubectl scale sts rg --replicas=20");
  await run(page, 60);
  await say(page, "cut node-1");
  await say(page, "run 29h");
  await page.waitForFunction(() => /^29:/.test(document.querySelector(".clock")?.textContent ?? ""), null, { timeout: 60_000 });
  await drawn(page);
  const longest = await tasks(page, async () => {
    await page.locator("#compare-button").click();
    await page.locator(".compare-sentence").filter({ hasText: /being played: \d+ %/ }).waitFor();
    await page.locator('.compare-sides[data-compared="true"]').waitFor();
    await drawn(page);
  });
  await page.finish();
  return longest;
}

test("a long day is played in slices: no task over 50 ms", async (t) => {
  const most = (isBusy() ? 2 : 1) * 50;
  // What the machine does beside it only adds: one of three tries tells what the page does.
  const tries = [];
  do tries.push(await longestTask());
  while (tries.at(-1).processor > most && tries.length < 3);
  const told = tries.map(({ processor, clock }) => `${processor.toFixed(1)} ms of the processor, ${clock.toFixed(1)} ms of the clock`);
  t.diagnostic(`longest task ${told.join("; ")}`);
  assert.ok(tries.at(-1).processor <= most, told.join("; "));
});

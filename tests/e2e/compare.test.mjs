// The same bad day, twice: what came of it in words and numbers, and both clusters on one clock.

import assert from "node:assert/strict";
import { test } from "node:test";

import { openApp } from "./harness.mjs";
import { serve } from "./served.mjs";
import { drawn, includes, panel, pause, run, say, suggestion } from "./steps.mjs";

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
  await page.locator('.compare-body[data-compared="true"]').waitFor();
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
  const sentence = await page.locator(".compare-sentence").innerText();
  assert.match(sentence, /^Available \d+(\.\d)? % \/ \d+(\.\d)? %;.*duplicates [^;]*\d+ s \/ 0 s/);
  assert.match(await measure(page, "duplicates").innerText(), /more in A/);
  assert.match(await page.locator('[data-strip="A"]').innerText(), /At most one broken from \d+:\d\d to \d+:\d\d/);
  assert.doesNotMatch(await page.locator('[data-strip="B"]').innerText(), /At most one broken/);
  includes(await page.locator('[data-side="A"]').innerText(), "twice");

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
  includes(await measure(page, "duplicates").innerText(), "0 s");
  await page.locator("#compare-b").selectOption("setting-2");
  await page.waitForFunction(() => document.querySelector('[data-side="B"]')?.innerText.includes("rg-1"));
  await compared(page);
  assert.match(await page.locator(".compare-sentence").innerText(), /duplicates [^;]* \/ 0 s/);
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
  await page.finish();
});

// Thirty nodes and two hundred pods: everything is there, small where it is calm, and large where there is trouble.

import assert from "node:assert/strict";
import { test } from "node:test";

import { openApp, screenshot } from "./harness.mjs";
import { serve } from "./served.mjs";
import { drawn, panel, pause, run, say, shown } from "./steps.mjs";

const server = serve();

async function large(viewport) {
  const page = await openApp({ url: server.url, viewport });
  await pause(page);
  if (viewport.width < 1100) {
    await panel(page, "more");
    await page.locator(".more .btn", { hasText: "Examples" }).click();
  } else {
    await page.locator("#examples-button").click();
  }
  await page.locator('[data-example="large.yaml"]').click();
  await shown(page, "large.yaml");
  await panel(page, "cluster");
  await page.locator('svg.cluster-picture [data-node="node-29"]').waitFor();
  await pause(page);
  await run(page, 10);
  await drawn(page);
  return page;
}

for (const [name, viewport] of Object.entries({ desk: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } })) {
  test(`two hundred pods on thirty nodes can be read, picked and played: ${name}`, async () => {
    const page = await large(viewport);
    assert.equal(await page.locator("svg.cluster-picture [data-pod]").count(), 200);
    assert.equal(await page.locator("svg.cluster-picture [data-node]").count(), 30);
    const nodes = await page.evaluate(() => document.querySelectorAll("*").length);
    assert.ok(nodes < 8_000, `${nodes} elements`);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(over <= 0, `${over} pixels too wide`);

    // Selection and trouble change marks; no machine is anywhere else afterwards.
    const places = () => page.locator("svg.cluster-picture [data-node][data-state]").evaluateAll((all) => {
      const of = (box) => [box.x, box.y, box.width, box.height].map(Math.round).join(" ");
      const origin = document.querySelector("svg.cluster-picture").getBoundingClientRect();
      return all.map((node) => {
        const box = node.querySelector(".node").getBoundingClientRect();
        return of({ x: box.x - origin.x, y: box.y - origin.y, width: box.width, height: box.height });
      });
    });
    const before = await places();
    await page.locator('svg.cluster-picture [data-node="node-12"]').press("Enter");
    await drawn(page);
    await panel(page, "cluster");
    assert.deepEqual(await places(), before, "who selects a node moves nothing");
    await page.locator(".cluster-body").focus();
    await page.keyboard.press("Escape");
    await say(page, "cut node-7");
    await run(page, 60);
    await panel(page, "cluster");
    const lost = page.locator('svg.cluster-picture [data-node="node-7"]');
    assert.equal(await lost.getAttribute("data-state"), "lost");
    // A phone has one column, and opens what is in trouble there.
    if (name === "desk") assert.deepEqual(await places(), before, "nor does a machine that is lost");
    await screenshot(page, `dense-${name}`);

    // A frame of the player is far below a tenth of a second.
    await page.keyboard.press("Escape");
    const slowest = await page.evaluate(async () => {
      document.querySelector("#play").click();
      let last = performance.now();
      const frames = [];
      for (let i = 0; i < 40; i++) {
        await new Promise(requestAnimationFrame);
        frames.push(performance.now() - last);
        last = performance.now();
      }
      return frames.sort((a, b) => a - b)[30];
    });
    await pause(page);
    assert.ok(slowest < 250, `three of four frames take up to ${slowest} ms`);
    await page.finish();
  });
}

test("many rows are sorted and filtered", async () => {
  const page = await large({ width: 1440, height: 900 });
  const names = () => page.locator(".facts tbody tr[data-row] th").allInnerTexts();
  const shown = page.locator(".filter [role=status]");
  await page.locator("#filter").fill("node-12");
  await drawn(page);
  assert.match(await shown.innerText(), /^\d+ of 200$/);
  const few = await names();
  assert.ok(few.length > 2 && few.length < 20, few.join(", "));
  const head = page.locator(".facts th", { hasText: "NAME" });
  await head.locator("button").click();
  await head.locator("button").click();
  await drawn(page);
  assert.equal(await head.getAttribute("aria-sort"), "descending");
  assert.deepEqual(await names(), [...few].reverse());
  await page.locator("#filter").fill("nobody is called so");
  await drawn(page);
  assert.equal(await shown.innerText(), "0 of 200");
  await page.locator("#filter").fill("");
  await say(page, "cut node-7");
  await run(page, 60);
  await page.locator("#only-trouble").click();
  await drawn(page);
  const nodes = await page.locator(".facts tbody tr[data-row] td:nth-child(7)").allInnerTexts();
  assert.ok(nodes.length > 2 && nodes.every((node) => node === "node-7"), nodes.join(", "));
  await page.finish();
});

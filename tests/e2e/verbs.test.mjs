// What a person can break half: links, probes, the control plane; from the menus, and back; and what a link carries of it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { openApp } from "./harness.mjs";
import { serve } from "./served.mjs";
import { drawn, example, includes, paste, pause, recorded, run, say, suggestion } from "./steps.mjs";

const WIDE = { width: 1440, height: 900 };
const server = serve();

async function open(options = {}) {
  const page = await openApp({ url: server.url, viewport: WIDE, ...options });
  await page.locator('[data-editor="codemirror"]').waitFor();
  await pause(page);
  return page;
}

/** Opens the menu of a mark and chooses the entry that says this line. */
async function choose(page, mark, line) {
  await mark.press("Shift+F10");
  const entry = page.locator(`[data-verb="${line}"]`);
  await entry.scrollIntoViewIfNeeded();
  await entry.click();
  await drawn(page);
}

test("a link loses one direction from its node's menu, and is healed where it was broken", async () => {
  const page = await open();
  // A machine that a pod runs on.
  await page.locator("#try-button").waitFor();
  const { node: name } = await suggestion(page);
  const node = page.locator(`svg [data-node="${name}"]`).first();
  await choose(page, node, `cut ${name} --outgoing`);
  includes(await page.locator(".term").innerText(), "TCP needs both directions");
  await run(page, 60);
  includes(await say(page, "links"), "outgoing lost");
  await choose(page, node, `heal ${name}`);
  includes(await say(page, "links"), "whole");
  // The address carries it: the same run opens from it.
  await page.waitForFunction(() => location.hash.startsWith("#r="));
  await page.waitForTimeout(600);
  const hash = await page.evaluate(() => location.hash);
  const again = await openApp({ url: `${server.url}${hash}`, viewport: WIDE });
  includes(await again.locator(".facts").innerText(), "node-");
  includes(await say(again, "links"), "whole");
  await again.finish();
  await page.finish();
});

test("why tells what of the control plane is slow, and offers what ends it", async () => {
  const page = await open();
  await say(page, "pause controller statefulset-controller");
  await say(page, "kubectl delete pod rg-0 --wait=false");
  await run(page, 60);
  await page.locator(".cluster-body").focus();
  const why = page.locator('[data-panel="why"], .questions').first();
  includes(await why.innerText(), "statefulset-controller: stands still.");
  await page.locator(".act", { hasText: "resume controller statefulset-controller" }).click();
  await run(page, 60);
  assert.doesNotMatch(await why.innerText(), /stands still/);
  await page.finish();
});

test("a compared setting opens from its link, and is in the address of the run", async () => {
  const page = await open();
  await say(page, "cut node-0");
  await run(page, 60);
  await page.locator("#compare-button").click();
  await page.locator('.compare-sides[data-compared="true"]').waitFor();
  await page.locator("#compare-b").selectOption("setting-1");
  await page.waitForTimeout(100);
  await page.locator('.compare-sides[data-compared="true"]').waitFor();
  const href = await page.locator('[data-open="B"]').getAttribute("href");
  assert.match(href, /^#r=/);
  await page.locator('[data-open="B"]').click();
  await page.locator(".term", { hasText: "Opened a recording" }).waitFor({ state: "attached" });
  await drawn(page);
  includes(await page.locator(".term").innerText(), "Opened a recording");
  // Its setting has come with it.
  await page.locator("#share-button").click();
  const json = await recorded(page);
  assert.deepEqual(JSON.parse(json).scenario.settings, { nodeMonitorGracePeriod: 20_000_000 });
  await page.finish();
});

test("the editor offers the names of what is in the cluster", async () => {
  const page = await open();
  await paste(page, "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: db\nspec:\n  serviceName: ");
  await page.keyboard.press("Control+Space");
  const list = page.locator(".cm-tooltip-autocomplete");
  await list.locator("li", { hasText: "random-generator" }).waitFor();
  await page.keyboard.press("Escape");
  await paste(page, "apiVersion: v1\nkind: Service\nmetadata:\n  name: db\nspec:\n  selector:\n    ");
  await page.keyboard.press("Control+Space");
  await list.locator("li", { hasText: "app" }).waitFor();
  await page.finish();
});

test("what is watched is told in full however fast time goes, and waiting ends with its run", async () => {
  const page = await open();
  await say(page, "kubectl get pods -w");
  await say(page, "kubectl delete pod rg-1");
  await run(page, 60);
  const rows = (await page.locator(".term").innerText()).match(/^rg-1 .*$/gm).map((row) => row.split(/ +/)[2]);
  const statuses = rows.filter((status, at) => status !== rows[at - 1]);
  assert.deepEqual(statuses, ["Running", "Terminating", "Completed", "Pending", "ContainerCreating", "Running"]);
  await example(page, "my-sts.yaml");
  await pause(page);
  await run(page, 60);
  assert.ok(!/^(rg|my-sts)-/m.test(await page.locator(".term").innerText()), "nobody watches this run");
  await page.finish();
});

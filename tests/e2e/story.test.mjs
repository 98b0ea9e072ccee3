// The whole story: a node is cut off, nothing replaces its pod, a force delete makes a ghost, and in the end two
// processes run under one name. Then back in time, and another choice.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { openApp } from "./harness.mjs";
import { serve } from "./served.mjs";
import { drawn, example, includes, panel, paste, pause, pods, recorded, run, say, seconds, standing, suggestion } from "./steps.mjs";

const WIDE = { width: 1440, height: 900 };
const server = serve({ prefix: "/petri/" });

const open = (options) => openApp({ url: server.url, viewport: WIDE, ...options });

test("the first visit shows a running set and one thing to try", async () => {
  const page = await open();
  assert.equal(await pods(page, "rg-0", "ready").count(), 1);
  assert.equal(await pods(page, "rg-1", "ready").count(), 1);
  includes(await page.locator(".term").innerText(), "statefulset.apps/rg created");
  assert.equal(await page.locator("#try-button").count(), 1);
  for (const meter of ["at-most-one", "one-writer", "ordered"]) assert.equal(await standing(page, meter), "holding");
  assert.equal(await page.locator('[data-meter="at-least-x"]').count(), 0, "nobody promises it here");
  await page.finish();
});

describe("cut, wait, force-delete, wait", () => {
  test("a set with disks is at risk first, and broken when the disk is detached by force", async () => {
    const page = await open();
    const { node, pod } = await suggestion(page);
    await page.locator("#try-button").click();
    includes(await page.locator(".term").innerText(), `cut ${node}`);

    await run(page, 360);
    assert.equal(await pods(page, pod, "unconfirmed").count(), 1, "Terminating, and nobody can confirm");
    assert.equal(await pods(page, pod).count(), 1, "no replacement");
    includes(await page.locator(".facts").innerText(), "Terminating");
    await pods(page, pod, "unconfirmed").click();
    includes(await page.locator(".why").innerText(), "Why is nothing happening?");
    const force = page.locator(`[data-fix^="kubectl delete pod ${pod} --force"]`);
    assert.equal(await force.getAttribute("data-risky"), "true", "the risk is part of the button");

    await force.click();
    includes(await page.locator(".term").innerText(), "Warning: Immediate deletion does not wait");
    await run(page, 10);
    assert.equal(await pods(page, pod, "ghost").count(), 1, "the process runs on without an object");
    assert.equal(await pods(page, pod, "creating").count(), 1, "the replacement waits for the disk");
    assert.equal(await standing(page, "at-most-one"), "at-risk");

    await run(page, 360);
    assert.equal(await standing(page, "at-most-one"), "broken");
    includes(await page.locator(".cluster").innerText(), "twice");
    await page.locator('[data-meter="at-most-one"]').click();
    const evidence = await page.getByRole("dialog").innerText();
    includes(evidence, node);
    includes(evidence, "--force --grace-period=0");
    await page.keyboard.press("Escape");
    assert.equal(await page.getByRole("dialog").count(), 0);

    // Back to before the force delete, and another choice: the past forks, and the old future is kept.
    const end = await seconds(page);
    await page.locator(".time-slider").focus();
    await page.keyboard.press("Shift+ArrowLeft");
    for (let i = 0; i < 12 && (await pods(page, pod, "ghost").count()) > 0; i++) {
      await page.keyboard.press("ArrowLeft");
      await drawn(page);
    }
    assert.ok((await seconds(page)) < end - 300);
    assert.equal(await pods(page, pod, "unconfirmed").count(), 1);
    await say(page, `heal ${node}`);
    includes(await page.locator(".toast").innerText(), "branch B");
    await run(page, 60);
    assert.equal(await pods(page, pod, "ready").count(), 1, "one process, after the old one has stopped");
    assert.equal(await pods(page, pod).count(), 1);
    assert.equal(await standing(page, "at-most-one"), "holding");
    await page.locator('[data-branch="0"]').click();
    await page.locator(".time-slider").focus();
    await page.keyboard.press("End");
    await drawn(page);
    assert.equal(await standing(page, "at-most-one"), "broken", "the branch is as it was");
    await page.finish();
  });

  test("a set without disks is broken at once", async () => {
    const page = await open();
    await example(page, "my-sts.yaml");
    await page.waitForSelector('svg [data-pod="my-sts-4"][data-state="ready"]');
    const { node, pod } = await suggestion(page);
    await page.locator("#try-button").click();
    await run(page, 360);
    includes(await say(page, `kubectl delete pod ${pod} --force --grace-period=0`), "force deleted");
    await run(page, 10);
    assert.equal(await standing(page, "at-most-one"), "broken");
    assert.ok((await pods(page, pod).count()) >= 2);
    includes(await page.locator(".cluster").innerText(), node);
    await page.finish();
  });
});

test("a pod that waits says why, and what would help", async () => {
  const page = await open();
  await example(page, "nginx-web.yaml");
  await pause(page);
  await pods(page, "web-0", "pending").click();
  const why = page.locator(".why");
  includes(await why.innerText(), "my-storage-class");
  const fix = page.locator('[data-fix="kubectl apply -f my-storage-class.yaml"]');
  await fix.click();
  await run(page, 60);
  for (const pod of ["web-0", "web-1", "web-2"]) assert.equal(await pods(page, pod, "ready").count(), 1);
  await page.finish();
});

test("a changed manifest is applied with the keyboard, in kubectl's words", async () => {
  const page = await open();
  await page.locator('[data-editor="codemirror"]').waitFor();
  const text = await page.evaluate(() => document.querySelector(".cm-content").innerText);
  assert.match(text, /replicas: 2/);
  const manifest = await say(page, "kubectl get sts rg -o yaml");
  includes(manifest, "replicas: 2");
  await paste(page, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  a: b\n");
  await page.keyboard.press("Control+Enter");
  includes(await page.locator(".outcome").innerText(), "configmap/settings created");
  await page.finish();
});

test("what is shared opens as the same moment", async () => {
  const page = await open();
  await page.locator("#try-button").click();
  await run(page, 60);
  await page.locator("#share-button").click();
  const link = await page.locator("#share-link").inputValue();
  const recording = JSON.parse(await recorded(page));
  assert.ok(recording.commands.length >= 3);
  const [clock, sentence] = [await page.locator(".clock").innerText(), await page.locator(".cluster h1").innerText()];
  await page.finish();
  const other = await open({ url: link });
  assert.equal(await other.locator(".clock").innerText(), clock);
  assert.equal(await other.locator(".cluster h1").innerText(), sentence);
  await other.finish();
  // Links of the first form open for ever.
  const old = await open({ url: `${link.split("#")[0]}#recording=${Buffer.from(JSON.stringify(recording)).toString("base64url")}` });
  assert.equal(await old.locator(".clock").innerText(), clock);
  await old.finish();
  const damaged = await open({ url: `${link.slice(0, -2)}` });
  includes(await damaged.locator(".toast").innerText(), "could not be opened");
  // What can be saved of it is offered: the manifests.
  includes(await damaged.locator(".toast").innerText(), "in the editor, to be applied again");
  await damaged.locator('[data-editor="codemirror"]').waitFor();
  includes(await damaged.locator(".cm-content").innerText(), "k8spatterns/random-generator:1.0");
  await damaged.finish();
});

test("the address holds the run: who loads the page again is where they were", async () => {
  const page = await open();
  assert.equal(await page.evaluate(() => location.hash), "", "a page that nobody touched has a short address");
  await page.locator("#try-button").click();
  await run(page, 60);
  await pause(page);
  await page.waitForFunction(() => location.hash.startsWith("#r="));
  // The last change is written a moment later.
  await page.waitForTimeout(600);
  const facts = async () => [await page.locator(".clock").innerText(), await page.locator(".cluster h1").innerText()];
  const before = await facts();
  await page.locator('[data-editor="codemirror"]').waitFor();
  await page.reload();
  await page.waitForSelector("[data-app]");
  assert.deepEqual(await facts(), before);
  await page.finish();
});

test("by keyboard alone", async () => {
  const page = await open();
  await pause(page);
  const reach = async (selector) => {
    for (let i = 0; i < 200; i++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((s) => document.activeElement?.matches(s), selector)) return;
      // Tab indents in the editor; Escape lets it go, as its description says.
      if (await page.evaluate(() => document.activeElement?.matches(".cm-content"))) await page.keyboard.press("Escape");
    }
    assert.fail(`${selector} cannot be reached with Tab`);
  };
  await reach("#try-button");
  await page.keyboard.press("Enter");
  includes(await page.locator(".term").innerText(), "cut node-");
  await page.evaluate(() => document.activeElement?.blur());
  const start = await seconds(page);
  await page.keyboard.press(".");
  assert.ok((await seconds(page)) > start, "a step forward");
  await page.keyboard.press(",");
  assert.equal(await seconds(page), start, "and back");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("run 6m");
  await page.keyboard.press("Enter");
  await page.waitForFunction((end) => Number(document.querySelector(".clock").dataset.micros) / 1e6 >= end, start + 359);
  await drawn(page);
  assert.equal(await page.locator("svg [data-state=unconfirmed]").count(), 1);
  await page.evaluate(() => document.activeElement?.blur());
  await reach("svg [data-state=unconfirmed]");
  await page.keyboard.press("Shift+F10");
  await page.getByRole("menu").waitFor();
  for (let i = 0; i < 12; i++) {
    if (await page.evaluate(() => document.activeElement?.dataset.verb?.includes("--force"))) break;
    await page.keyboard.press("ArrowDown");
  }
  await page.keyboard.press("Enter");
  includes(await page.locator(".term").innerText(), "force deleted");
  await page.keyboard.press("Control+z");
  includes(await page.locator(".toast").innerText(), "Took back");
  await drawn(page);
  assert.equal(await page.locator("svg [data-state=unconfirmed]").count(), 1);
  await page.keyboard.press("?");
  includes(await page.getByRole("dialog").innerText(), "play or pause");
  await page.keyboard.press("Escape");
  await page.finish();
});

test("at most one is broken within a minute by whoever presses what is offered", async () => {
  const begun = Date.now();
  const page = await open();
  const { pod } = await suggestion(page);
  await page.locator("#try-button").click();
  await page.locator("#guide-button", { hasText: `Force-delete ${pod}` }).click();
  await page.locator("#guide-button", { hasText: `Run until ${pod} runs twice` }).click();
  const done = page.locator(".try", { hasText: "You broke at most one" });
  await done.waitFor().catch(async (error) => {
    // What there is instead.
    const places = [".clock", ".say", ".try", ".term"].map((place) => page.locator(place).innerText());
    throw new Error(`${(await Promise.all(places)).join("\n")}\n${error.message}`);
  });
  assert.ok(Date.now() - begun < 60_000);
  includes(await page.locator(".say h1").innerText(), `${pod} exists twice.`);
  await page.finish();
});

test("on a phone, in the dark", async () => {
  const page = await open({ viewport: { width: 390, height: 844 }, colorScheme: "dark", hasTouch: true, isMobile: true });
  await panel(page, "why");
  const { pod } = await suggestion(page);
  await page.locator("#try-button").click();
  await run(page, 360);
  await panel(page, "cluster");
  assert.equal(await pods(page, pod, "unconfirmed").count(), 1);
  includes(await say(page, `kubectl delete pod ${pod} --force --grace-period=0`), "force deleted");
  await panel(page, "cluster");
  assert.equal(await pods(page, pod, "ghost").count(), 1);
  includes(await page.locator("#next-step").innerText(), "What next? Let time pass");
  await page.locator("#next-step").click();
  await page.locator("#guide-button").click();
  await page.locator(".try", { hasText: "You broke at most one" }).waitFor();
  await panel(page, "manifests");
  assert.equal(await page.locator("#apply").isVisible(), true);
  await panel(page, "more");
  includes(await page.locator(".rec").innerText(), "random-generator");
  await page.finish();
});

// One search for everything: what a few letters find, and what is done by choosing it. And what it leads to: other
// clusters and the way back from them, the colours of the page, and what words mean.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { openApp } from "./harness.mjs";
import { serve } from "./served.mjs";
import { drawn, example, includes, panel, pause, pods, say, shown } from "./steps.mjs";

const server = serve();
const FIRST = "random-generator.yaml";
const WIDE = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };

const open = (options) => openApp({ url: server.url, viewport: WIDE, ...options });
const line = (page) => page.locator("#palette-line");
const chosen = (page) => page.locator('.find-row[aria-selected="true"]');
const dialog = (page, name) => page.getByRole("dialog", { name });
const nodes = (page) => page.locator('svg [data-node][aria-label^="Node"]');

/** One of a few in the dialog for new clusters. */
const option = (page, group, name) => page.getByRole("group", { name: group, exact: true }).getByRole("button", { name, exact: true });

/** Opens the palette and types. */
async function search(page, text, key = "Control+k") {
  await page.keyboard.press(key);
  await line(page).waitFor();
  await page.keyboard.type(text);
  await drawn(page);
}

/** Types and takes what is found first. */
async function take(page, text) {
  await search(page, text);
  await page.keyboard.press("Enter");
  await line(page).waitFor({ state: "detached" });
}

const label = async (page) => (await chosen(page).getAttribute("data-find")) ?? "";

describe("three letters find", () => {
  test("what can be done with a node", async () => {
    const page = await open();
    await search(page, "cut", "/");
    assert.equal(await label(page), "Cut node-0 off");
    await page.keyboard.press("Enter");
    await drawn(page);
    includes(await page.locator(".term").innerText(), "cut node-0");
    assert.equal(await line(page).count(), 0);
    await page.finish();
  });

  test("what the page does, and objects", async () => {
    const page = await open();
    await take(page, "sha");
    await dialog(page, "Share").waitFor();
    await page.keyboard.press("Escape");
    await take(page, "com");
    await page.locator('.compare-sides[data-compared="true"]').waitFor();
    await page.keyboard.press("Escape");
    await take(page, "rg-1");
    includes(await page.locator(".obj").innerText(), "Pod rg-1");
    await search(page, "del");
    includes(await page.locator('[data-group="selected"]').innerText(), "For what is selected: Pod rg-1");
    assert.equal(await label(page), "Delete pod rg-1");
    await page.finish();
  });
});

test("the palette is worked by keys, and gives the focus back", async () => {
  const page = await open();
  await page.locator("#help-button").focus();
  await search(page, "cut");
  assert.equal(await line(page).getAttribute("role"), "combobox");
  assert.equal(await line(page).getAttribute("aria-controls"), await page.getByRole("listbox").getAttribute("id"));
  const active = () => line(page).getAttribute("aria-activedescendant");
  assert.equal(await active(), await chosen(page).getAttribute("id"));
  await page.keyboard.press("ArrowDown");
  assert.equal(await label(page), "Cut node-1 off");
  assert.equal(await active(), await chosen(page).getAttribute("id"));
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  assert.equal(await label(page), "Run cut as a console line", "it goes round");
  const box = await chosen(page).boundingBox();
  const list = await page.locator(".finds").boundingBox();
  assert.ok(box.y + box.height <= list.y + list.height + 1, "what is chosen is in sight");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Tab");
  assert.equal(await line(page).inputValue(), "cut node-0");
  await page.keyboard.press("Escape");
  await line(page).waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => document.activeElement.id), "help-button");
  await page.finish();
});

test("a whole line of the console is one, and what lacks its end is left to be said", async () => {
  const page = await open();
  await take(page, "kubectl get pods");
  includes(await page.locator(".term").innerText(), "rg-0");
  await search(page, "scale rg");
  await page.keyboard.type(" re");
  await drawn(page);
  await page.locator('[data-find="Scale statefulset rg"]').click();
  assert.equal(await line(page).inputValue(), "kubectl scale statefulset/rg --replicas=");
  await page.keyboard.type("3");
  await page.keyboard.press("Enter");
  await page.locator(".term", { hasText: "statefulset.apps/rg scaled" }).waitFor();
  await page.finish();
});

for (const [name, viewport, height] of [["wide", WIDE, 32], ["phone", PHONE, 52]]) {
  test(`rows are ${height} px high on a ${name} screen`, async () => {
    const page = await open({ viewport });
    await page.locator("#find-button").click();
    await page.keyboard.type("cut");
    await drawn(page);
    for (const row of await page.locator(".find-row").all()) assert.equal((await row.boundingBox()).height, height);
    const box = await page.locator(".palette").boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= viewport.width && box.y + box.height <= viewport.height);
    await page.keyboard.press("Enter");
    await panel(page, "console");
    includes(await page.locator(".term").innerText(), "cut node-0");
    await page.finish();
  });
}

describe("a new cluster", () => {
  test("is made in one dialog, is in the link, and can be undone", async () => {
    const page = await open();
    await pause(page);
    await take(page, "new");
    await dialog(page, "New cluster").waitFor();
    await option(page, "Start with", "empty").click();
    await option(page, "Nodes", "6").click();
    await option(page, "Zones", "3").click();
    await option(page, "Latency", "two regions").click();
    await page.locator("#new-seed").fill("7041");
    await page.locator("#new-toleration").fill("60s");
    await page.keyboard.press("Tab");
    const text = await dialog(page, "New cluster").innerText();
    includes(text, "6 nodes in 3 zones, room for 660 pods. A node that is cut off loses its pods after 1 m 50 s.");
    includes(text, "1 changed");
    await page.locator("#create-cluster").click();
    await shown(page, "New cluster");
    await pause(page);
    await drawn(page);
    assert.equal(await nodes(page).count(), 6);
    assert.equal(await pods(page, "rg-0").count(), 0);
    // The address is written a moment after the last change.
    await page.waitForTimeout(1000);
    await page.reload({ waitUntil: "load" });
    await page.waitForSelector("[data-app]");
    assert.equal(await nodes(page).count(), 6);
    await page.finish();
  });

  test("takes the open files, and leaves the run before to Undo", async () => {
    const page = await open();
    await pause(page);
    await say(page, "cut node-0");
    await page.locator("#examples-button").click();
    await page.locator("#new-cluster").click();
    await option(page, "Nodes", "3").click();
    await page.keyboard.press("Control+Enter");
    await shown(page, "New cluster");
    await page.locator(".toast", { hasText: "Undo brings it back" }).waitFor();
    await pods(page, "rg-1").first().waitFor();
    await pause(page);
    assert.equal(await nodes(page).count(), 3);
    await page.locator(".cluster-body").focus();
    await page.keyboard.press("Control+z");
    await shown(page, FIRST);
    await nodes(page).nth(3).waitFor();
    includes(await page.locator('svg [data-node="node-0"]').first().getAttribute("aria-label"), "cut");
    await page.keyboard.press("Control+Shift+z");
    await shown(page, "New cluster");
    assert.equal(await nodes(page).count(), 3);
    await page.finish();
  });
});

test("examples go by title, in groups, and replace what runs until somebody wants that back", async () => {
  const page = await open();
  await pause(page);
  await page.locator("#examples-button").click();
  const menu = await page.locator(".examples").innerText();
  for (const part of ["Workloads", "Leader election", "Two pods, one Lease"]) includes(menu, part);
  await page.keyboard.press("Escape");
  await say(page, "cut node-3");
  await search(page, "leader");
  assert.equal(await label(page), "Leader election");
  await page.keyboard.press("Enter");
  await shown(page, "lease.yaml");
  await pause(page);
  await say(page, "undo");
  await shown(page, FIRST);
  await page.locator(".term", { hasText: "Back to" }).waitFor({ state: "attached" });
  includes(await page.locator('svg [data-node="node-3"]').first().getAttribute("aria-label"), "cut");
  await page.finish();
});

test("undo, redo and reset are words of the console", async () => {
  const page = await open();
  await pause(page);
  const isCut = async () => (await page.locator('svg [data-node="node-0"]').first().getAttribute("aria-label")).includes("cut");
  await say(page, "cut node-0");
  await drawn(page);
  assert.ok(await isCut());
  includes(await say(page, "undo"), "Took back: cut node-0.");
  await drawn(page);
  assert.ok(!(await isCut()));
  includes(await say(page, "redo"), "Done again: cut node-0.");
  await drawn(page);
  assert.ok(await isCut());
  await say(page, "cut node-1");
  includes(await say(page, "reset"), "Back at what this run began with.");
  await drawn(page);
  assert.ok(!(await isCut()));
  assert.equal(await pods(page, "rg-1").count(), 1, "what the page opened with is there");
  includes(await say(page, "help"), "go back to what the run began with");
  await page.finish();
});

test("colours and large type are chosen, and remembered", async () => {
  const page = await open();
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme ?? "auto");
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const type = () => page.evaluate(() => parseFloat(getComputedStyle(document.body).fontSize));
  const [light, small] = [await ground(), await type()];
  await take(page, "dark");
  assert.equal(await theme(), "dark");
  assert.notEqual(await ground(), light);
  await take(page, "presentation");
  assert.ok((await type()) > small);
  await page.reload({ waitUntil: "load" });
  await page.waitForSelector("[data-app]");
  assert.equal(await theme(), "dark");
  assert.ok((await type()) > small);
  await page.locator("#view-button").click();
  await page.locator('[data-theme-choice="auto"]').click();
  await page.locator("#large-type").click();
  assert.deepEqual([await theme(), await type(), await ground()], ["auto", small, light]);
  await page.finish();
});

test("what was typed is what is told", async () => {
  const page = await open();
  await pause(page);
  await say(page, "kubectl set image sts/rg random-generator=k8spatterns/random-generator:2.0");
  await take(page, "statefulset rg");
  await page.locator('[id="tab-Why"]').click();
  await drawn(page);
  const why = await page.locator(".why-body").innerText();
  includes(why, "You: kubectl set image sts/rg random-generator=k8spatterns/random-generator:2.0");
  assert.ok(!why.includes("patch"), why);
  includes(await page.locator(".timeline, .time").first().innerHTML(), "set image sts/rg");
  await page.finish();
});

test("a word of Kubernetes opens what it means, and where more is said", async () => {
  const page = await open();
  assert.equal(await page.locator(".why .word").count(), 0, "whoever has done nothing has one thing to press");
  await take(page, "rg-1");
  const term = page.locator(".why .word").first();
  const word = await term.innerText();
  await term.click();
  const box = page.locator(".meaning");
  await box.waitFor();
  assert.match(await box.locator("a").getAttribute("href"), /^https:\/\/kubernetes\.io\/docs\/\w/);
  assert.match(await box.locator("p").innerText(), /\.$/);
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => document.activeElement.dataset.term), word, "the focus is back");
  await take(page, "toleration");
  includes(await dialog(page, "Toleration").innerText(), "tainted node");
  await page.finish();
});

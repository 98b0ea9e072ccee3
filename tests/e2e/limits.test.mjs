// Nothing that somebody opens, types or plays takes the page with it, and nothing of it is lost without a word.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { openApp, openPage, shutDown, startServer } from "./harness.mjs";
import { pause, recorded } from "./steps.mjs";

after(shutDown);

async function served(t, options) {
  const server = await startServer(options);
  t.after(() => server.close());
  return server;
}

/** Says a line in the console. */
async function say(page, line) {
  await page.locator("#console-line").fill(line);
  await page.locator("#console-line").press("Enter");
}
const log = (page) => page.locator(".term").innerText();
const micros = async (page) => Number(await page.locator("time.clock").getAttribute("data-micros"));

/** A recording as a link of the older form, whose JSON a test can write. */
function link(url, recording) {
  return `${url}#recording=${Buffer.from(JSON.stringify(recording)).toString("base64url")}`;
}

/** The recording of a page. */
async function recording(page) {
  await page.locator("#share-button").click();
  const text = await recorded(page);
  await page.keyboard.press("Escape");
  return JSON.parse(text);
}

/** Opens a recording as a file: it can be longer than Chromium lets an address be. */
async function openFile(page, file) {
  await page.locator("#share-button").click();
  await page.locator('.share [data-form="File"]').click();
  const chooser = page.waitForEvent("filechooser");
  await page.locator("#open-recording").click();
  await (await chooser).setFiles(file);
}
const fileOf = (run) => ({ name: "run.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(run)) });

/** Makes the module trap the next time that it does anything, as a mistake in it would. */
const spoil = (page) => page.evaluate(() => new Uint8Array(globalThis.petriExports.memory.buffer).fill(255));

test("a module that traps is called no more, and its run goes on in three ways", async (t) => {
  const server = await served(t);
  const page = await openApp({ url: server.url, allow: [/./] });
  await say(page, "cut node-0");
  await say(page, "run 30s");
  await page.waitForFunction(() => location.hash.length > 1);
  const whole = await recording(page);
  const calls = () => page.evaluate(() => globalThis.trapped);
  await page.evaluate(() => {
    globalThis.trapped = 0;
    addEventListener("error", () => (globalThis.trapped += 1));
  });
  await spoil(page);
  await page.keyboard.press("?");
  await page.locator("#panic-screen").waitFor();
  assert.match(await page.locator("#panic-screen pre").innerText(), /RuntimeError/);
  const kept = JSON.parse(await page.locator("#panic-recording").inputValue());
  assert.deepEqual(kept.commands.at(-1).do, whole.commands.at(-1).do);
  assert.equal(kept.seed, whole.seed);
  const before = await calls();
  await page.setViewportSize({ width: 900, height: 700 });
  await page.keyboard.press("a");
  await page.mouse.move(200, 200);
  await page.waitForTimeout(500);
  assert.equal(await calls(), before, "nothing of it runs any more");
  await page.setViewportSize({ width: 1280, height: 800 });

  await page.locator("[data-open=without-last]").click();
  await page.locator(".app[data-app=petri]").waitFor();
  const without = await recording(page);
  assert.deepEqual(without.commands, whole.commands.slice(0, -1));
  await page.finish();
});

test("what stopped once is opened again only if somebody wants it", async (t) => {
  const server = await served(t);
  const page = await openApp({ url: server.url, allow: [/./] });
  await say(page, "cut node-0");
  await page.waitForFunction(() => location.hash.length > 1);
  const commands = (await recording(page)).commands;
  await spoil(page);
  await page.keyboard.press("?");
  await page.locator("#panic-screen").waitFor();
  await page.reload();
  await page.getByRole("alert").waitFor();
  assert.match(await page.getByRole("alert").innerText(), /Petri stopped/);
  await page.locator("[data-open=beginning]").click();
  await page.locator(".app[data-app=petri]").waitFor();
  assert.equal(await micros(page), 0);
  assert.deepEqual((await recording(page)).commands, commands, "all of it is still to come");
  await spoil(page);
  await page.keyboard.press("?");
  await page.locator("[data-open=manifests]").click();
  await page.locator(".app[data-app=petri]").waitFor();
  assert.match(await page.locator(".toast").innerText(), /in the editor/);
  assert.deepEqual((await recording(page)).commands, []);
  await page.finish();
});

test("a link that is played for long says how far it is and can be stopped", async (t) => {
  const server = await served(t);
  const first = await openApp({ url: server.url });
  const run = await recording(first);
  await first.finish();
  run.end = 596_160_000_000;
  run.moment = run.end;
  const page = await openPage({ allow: [/./] });
  await page.goto(link(server.url, run));
  await page.getByText(/Playing the run: \d+ %/).waitFor();
  await page.getByRole("button", { name: "Stop here" }).click();
  await page.locator(".app[data-app=petri]").waitFor();
  const stopped = await micros(page);
  assert.ok(stopped > 0 && stopped < run.end, `${stopped}`);
  assert.match(await log(page), /Stopped at/);
  await page.finish();
});

test("a link that is followed inside a page leaves what is open until it stands", async (t) => {
  const server = await served(t);
  const page = await openApp({ url: server.url });
  await say(page, "cut node-0");
  // Whoever follows a link in the same instant follows it into an address that is just being written.
  await page.waitForTimeout(500);
  const own = await recording(page);
  const other = { ...own, commands: [], end: 596_160_000_000, moment: 0 };
  const follow = (run) => page.evaluate((hash) => (location.hash = hash), link("", run));
  await follow(other);
  await page.locator("#stop-opening").waitFor();
  assert.deepEqual((await recording(page)).commands, own.commands, "it is still there");
  await page.locator("#stop-opening").click();
  assert.equal(await page.locator("#stop-opening").count(), 0);
  assert.deepEqual((await recording(page)).commands, own.commands);
  await follow({ ...other, end: 3600e6, moment: 3600e6 });
  await page.waitForFunction(() => document.querySelector("time.clock").dataset.micros === "3600000000");
  assert.deepEqual((await recording(page)).commands, []);
  await page.finish();
});

test("whatever a link asks too much of is said, and the page is there", async (t) => {
  const server = await served(t);
  const first = await openApp({ url: server.url });
  const run = await recording(first);
  await first.finish();
  const target = { kind: "StatefulSet", namespace: "default", name: "web" };
  const at = run.end;
  const set = (name, replicas) => ({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name },
    spec: {
      replicas,
      serviceName: name,
      podManagementPolicy: "Parallel",
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "main", image: "nginx" }] } },
    },
  });
  const more = {
    scale: [{ verb: "scale", target, replicas: 2147483647 }],
    patch: [{ verb: "patch", target, patch: { spec: { replicas: 2147483647 } }, status: false }],
    "one set": [{ verb: "apply", manifest: set("big", 1_000_000) }],
    machines: Array.from({ length: 10_000 }, (_, n) => ({ verb: "add-machine", node: `more-${n}`, zone: "a" })),
    "all sets": Array.from({ length: 1_000 }, (_, n) => ({ verb: "apply", manifest: set(`s${n}`, 5_000) })),
    "too many": Array.from({ length: 10_001 }, () => ({ verb: "cut", node: "node-3" })),
  };
  for (const [name, commands] of Object.entries(more)) {
    const page = await openPage();
    const wanted = { ...run, commands: [...run.commands, ...commands.map((command) => ({ at, do: command }))] };
    await page.goto(server.url);
    await page.locator(".app[data-app=petri]").waitFor();
    await openFile(page, fileOf(wanted));
    await page.getByText(/could not be opened/).filter({ visible: true }).first().waitFor({ timeout: 20_000 });
    assert.match(await log(page), /at most/, name);
    await page.finish();
  }
});

test("a run that is too long for the address is kept, and can be saved and opened", async (t) => {
  const server = await served(t);
  const page = await openApp({ url: server.url, viewport: { width: 1440, height: 900 } });
  const run = await recording(page);
  const text = Array.from({ length: 20_000 }, (_, n) => ((n * 2654435761) >>> 0).toString(36)).join(" ");
  const manifest = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "big", namespace: "default" }, data: { text } };
  run.commands.push({ at: run.end, do: { verb: "apply", manifest } });
  await openFile(page, fileOf(run));
  await page.locator(".term").getByText(/Opened a recording/).waitFor({ state: "attached" });
  await say(page, "cut node-0");
  await page.getByText(/too long for the address/).waitFor();
  assert.match(await page.evaluate(() => location.hash), /^#kept=/);
  const own = await recording(page);
  const saved = page.waitForEvent("download");
  await page.locator("#save-run").click();
  const path = await (await saved).path();
  await page.reload();
  await page.locator(".app[data-app=petri]").waitFor();
  assert.deepEqual((await recording(page)).commands, own.commands, "loading again opens it");

  const other = await openApp({ url: server.url });
  await openFile(other, path);
  await other.locator(".term").getByText(/Opened a recording/).waitFor({ state: "attached" });
  assert.deepEqual((await recording(other)).commands, own.commands, "and so does the file");
  await other.finish();
  await page.finish();
});

test("a day and more is played, kept in the address, and opened again", async (t) => {
  const server = await served(t);
  const page = await openApp({ url: server.url });
  await say(page, "run 25h");
  const day = 25 * 3600e6;
  await page.waitForFunction((day) => Number(document.querySelector("time.clock").dataset.micros) > day, day, { timeout: 60_000 });
  await pause(page);
  // What is drawn follows in the next frame.
  await page.waitForTimeout(300);
  const at = await micros(page);
  // The address follows a stop after a moment.
  await page.waitForTimeout(1_000);
  await page.reload();
  await page.locator(".app[data-app=petri]").waitFor({ timeout: 60_000 });
  assert.equal(await micros(page), at);
  await say(page, "run 1000000h");
  assert.match(await log(page), /at most 7 days of virtual time/);
  await say(page, "run until pod/nobody Ready");
  await page.getByText(/waited 24h0m0s for pod\/nobody Ready/).waitFor({ timeout: 60_000 });
  await page.finish();
});

test("the console and the questions to DNS work in a frame that allows no forms", async (t) => {
  const frame = '<iframe sandbox="allow-scripts allow-same-origin" src="/page/" style="width:1400px;height:860px"></iframe>';
  const server = await served(t, { prefix: "/page/", pages: { "/": frame } });
  // Of a frame on the same host Chromium says that it could leave its sandbox; and the host has no icon.
  const page = await openPage({ viewport: { width: 1440, height: 900 }, allow: [/can escape its sandboxing/, /favicon|404/] });
  await page.goto(server.origin);
  const inside = page.frameLocator("iframe");
  await inside.locator("#console-line").fill("cut node-0");
  await inside.locator("#console-line").press("Enter");
  await inside.getByText("node-0 is cut off from the control plane").waitFor();
  await inside.getByRole("tab", { name: "DNS" }).click();
  await inside.locator("#dns-name").fill("nobody.default");
  await inside.locator("#dns-ask").click();
  await inside.locator(".answer[data-answered=true]").waitFor();
  await page.finish();
});

// Disks, addresses, budgets and locks: each has a place on the page, and what it says is what the engine knows.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";

import { openApp } from "./harness.mjs";
import { serve } from "./served.mjs";
import { drawn, example, includes, manifests, panel, paste, pause, pods, run, say, suggestion } from "./steps.mjs";

const WIDE = { width: 1440, height: 900 };
const server = serve();

/** A page on which they run. */
async function running(transcript, options = {}) {
  const page = await openApp({ url: server.url, viewport: WIDE, ...options });
  await pause(page);
  await panel(page, "manifests");
  await paste(page, await manifests(transcript));
  await page.locator("#apply").click();
  return page;
}

const tab = (page, name) => page.locator(`[role=tab][id^="tab-"]`, { hasText: name });
const facts = (page, name) => page.locator(`[data-facts="${name}"]`);
const inspector = (page) => page.locator("#inspector-body");

describe("DNS", () => {
  test("a question is answered as dig answers it, and again when the cluster has changed", async () => {
    const page = await openApp({ url: server.url, viewport: WIDE });
    await pause(page);
    await page.locator("#ask-dns").click();
    await page.locator("#dns-name").fill("rg-1.random-generator");
    await page.locator("#dns-ask").click();
    const answer = page.locator(".answer");
    await answer.locator("table").waitFor();
    includes(await answer.innerText(), "NOERROR: 1 record.");
    includes(await page.locator(".term").innerText(), "dig +search rg-1.random-generator A");
    const listed = await page.locator('[data-record="rg-1.random-generator"]').innerText();
    assert.match(listed, /10\.244\.\d+\.\d+/);

    await page.locator("#dns-type").selectOption("SOA");
    await page.locator("#dns-name").fill("cluster.local");
    await page.locator("#dns-name").press("Enter");
    includes(await answer.innerText(), "ns.dns.cluster.local.");

    await page.locator("#dns-type").selectOption("A");
    await page.locator("#dns-name").fill("rg-1.random-generator");
    await page.locator("#dns-name").press("Enter");
    const { node } = await suggestionOf(page);
    await say(page, `cut ${node}`);
    await run(page, 60);
    includes(await answer.innerText(), "NXDOMAIN: there is no such name, of any type.");
    includes(await answer.innerText(), "may keep this \"no\" for 30 s");
    includes(await page.locator('[data-record="rg-1.random-generator"]').innerText(), "rg-1 is not Ready");
    await page.finish();
  });

  test("a client remembers an answer that the DNS would not give any more, with what is left of it", async () => {
    const page = await running("a-client-remembers-too-long");
    await run(page, 60);
    await tab(page, "DNS").click();
    const client = page.locator('[data-client="remembers-0"]');
    const kept = client.locator('[data-cached^="web-0.web.default.svc"]');
    // Not one that ends while the pod is away.
    for (let i = 0; i < 4 && Number(/(\d+) s$/m.exec(await kept.innerText())[1]) < 20; i++) await run(page, 10);
    await say(page, "kubectl delete pod web-0 --wait=false");
    await run(page, 10);
    assert.equal(await kept.getAttribute("data-stale"), "true");
    assert.match(await kept.innerText(), /stale: now 10\.244\.\d+\.\d+\s+\d+ s/);
    includes(await client.innerText(), "by a remembered answer");
    includes(await page.locator('[data-client="asks-0"]').innerText(), "It remembers nothing.");
    // The console reads the same engine.
    const said = await say(page, "cache remembers-0");
    const left = /(\d+) s$/m.exec(await kept.innerText())[1];
    includes(said, `${left}s`);
    await page.finish();
  });
});

/** The last pod of the first visit and its node. */
async function suggestionOf(page) {
  if ((await page.locator("#try-button").count()) > 0) return suggestion(page);
  const row = await page.locator(".facts tr", { hasText: "rg-1" }).innerText();
  return { node: /node-\d/.exec(row)[0], pod: "rg-1" };
}

describe("locks and ledgers", () => {
  test("record, countdown, token and belief come apart when a leader freezes; the disk's ledger tells the rest", async () => {
    const page = await running("a-fence-keeps-the-past-out");
    await run(page, 60);
    await facts(page, "Locks").click();
    const row = page.locator(".facts tr", { hasText: "Lease" }).filter({ hasText: "lease-" }).first();
    const [, leader] = /(lease-\d)_[0-9a-f]+-0/.exec(await row.innerText());
    assert.match(await row.innerText(), /in \d+ s/);
    await say(page, `hang ${leader}`);
    await run(page, 10);
    await run(page, 10);
    await run(page, 10);
    await row.locator("button").click();
    const lock = page.locator('[data-panel="lock"]');
    includes(await lock.innerText(), "hangs and takes itself for the holder");
    assert.equal(await lock.locator("[data-candidate]", { hasText: /act as its holder|acts as its holder/ }).count(), 2);
    assert.match(await lock.locator("[aria-label=Holders]").innerText(), /two for \d+ s/);

    await say(page, `unhang ${leader}`);
    await run(page, 10);
    await facts(page, "Claims").click();
    await page.locator(".facts .row-button", { hasText: "shared" }).click();
    await tab(page, "Disk").click();
    const disk = page.locator('[data-panel="disk"]');
    assert.ok((await disk.locator('[data-verdict="refused, old token"]').count()) > 0);
    includes(await disk.innerText(), "It refuses tokens of default/lease/lease below 1.");
    includes(await disk.innerText(), "ReadWriteMany");
    await page.finish();
  });

  test("a disk without a fence takes stale records, and they are marked", async () => {
    const page = await openApp({ url: server.url, viewport: WIDE });
    await pause(page);
    await paste(page, (await manifests("a-fence-keeps-the-past-out")).replace('fencing: "on"', 'fencing: "off"'));
    await page.locator("#apply").click();
    await run(page, 60);
    await facts(page, "Locks").click();
    const names = await page.locator(".facts").first().innerText();
    const [, leader] = /(lease-\d)_/.exec(names);
    await say(page, `hang ${leader}`);
    await run(page, 10);
    await run(page, 10);
    await run(page, 10);
    await say(page, `unhang ${leader}`);
    await run(page, 10);
    await facts(page, "Claims").click();
    await page.locator(".facts .row-button", { hasText: "shared" }).click();
    await tab(page, "Disk").click();
    const stale = page.locator('[data-verdict="accepted, stale"]');
    assert.ok((await stale.count()) > 0);
    assert.match(await page.locator('[data-panel="disk"]').innerText(), /\d+ of them stale/);
    // A moment of the ledger leads there.
    const before = await page.locator(".clock").getAttribute("data-micros");
    await stale.first().locator(".moment").click();
    await drawn(page);
    assert.notEqual(await page.locator(".clock").getAttribute("data-micros"), before);
    await page.finish();
  });

  test("what a search finds opens as the run that breaks the promise", async () => {
    // A native test keeps this file: it is what a search of two holders on an unfenced disk comes back with.
    const found = await readFile(new URL("./found/stale-record.json", import.meta.url));
    const link = `${server.url}#recording=${found.toString("base64url")}`;
    const page = await openApp({ url: link, viewport: WIDE });
    await drawn(page);
    assert.match(await page.locator('[data-meter="data"]').getAttribute("data-standing"), /broken$/);
    await facts(page, "Claims").click();
    await page.locator(".facts .row-button", { hasText: "shared" }).click();
    await tab(page, "Disk").click();
    assert.ok((await page.locator('[data-verdict="accepted, stale"]').count()) > 0);
    await page.finish();
  });

  test("the Lease of a node that is cut off expires, though its kubelet runs", async () => {
    const page = await openApp({ url: server.url, viewport: WIDE });
    await pause(page);
    await say(page, "cut node-1");
    await run(page, 60);
    await facts(page, "Locks").click();
    const row = page.locator(".facts tr", { hasText: "its kubelet runs, and cannot say so" });
    assert.match(await row.innerText(), /node-1.*\d+ s ago/s);
    includes(await page.locator(".facts-panel").innerText(), "Nobody stands for a lock.");
    await page.finish();
  });
});

test("a budget shows its numbers and its pods, and says why an eviction is refused before it is asked for", async () => {
  const page = await openApp({ url: server.url, viewport: WIDE });
  await example(page, "pdb.yaml");
  await pause(page);
  await facts(page, "Budgets").click();
  includes(await page.locator(".facts").innerText(), "1 healthy pod may be evicted");
  await page.locator(".facts .row-button", { hasText: "random-generator-pdb" }).click();
  const budget = page.locator('[data-panel="budget"]');
  assert.equal(await budget.locator('[data-guarded][data-refused="false"]').count(), 3);
  await budget.locator("[data-guarded] .act").first().click();
  await drawn(page);
  includes(await page.locator(".term").innerText(), "evict pod/rg-");
  const refused = budget.locator('[data-refused="true"]').first();
  const words = /does not allow evicting pods currently|needs 2 healthy pods and has 2 currently/;
  assert.match(await refused.innerText(), words);
  includes(await page.locator(".facts").innerText(), "refused: The disruption budget random-generator-pdb");
  // Tried all the same, the API server says the same.
  await refused.locator(".act").click();
  await drawn(page);
  includes(await page.locator(".term").innerText(), "Cannot evict pod as it would violate the pod's disruption budget.");
  // What is said of it over the page is a line or two, and no column of letters.
  const said = await page.locator(".toast").boundingBox();
  assert.ok(said.height < 80, `${said.height} pixels high`);
  await page.finish();
});

test("a claim tells its bonds: volume, class, owner, pod, machine", async () => {
  const page = await openApp({ url: server.url, viewport: WIDE });
  await pause(page);
  await facts(page, "Claims").click();
  await page.locator(".facts .row-button").first().click();
  await tab(page, "Disk").click();
  const text = await inspector(page).innerText();
  for (const part of ["Bound", "Delete: the disk goes with the claim", "it stays when its pod and its set go", "Attached to", "Mounted on"]) {
    includes(text, part);
  }
  // From the disk to its pod, and the tab of the disk does not stay behind.
  await inspector(page).locator(".link", { hasText: /^rg-0 / }).first().click();
  assert.equal(await tab(page, "Disk").count(), 0);
  assert.equal(await tab(page, "Why").getAttribute("aria-selected"), "true");
  await page.finish();
});

test("all of it is there on a phone and by keyboard", async () => {
  const page = await openApp({ url: server.url, viewport: { width: 390, height: 844 } });
  await pause(page);
  await panel(page, "more");
  await page.locator("#ask-dns").press("Enter");
  await page.locator("#dns-name").press("Enter");
  await page.locator(".answer .verdict").waitFor();
  await panel(page, "cluster");
  for (const name of ["Nodes", "Claims"]) {
    await facts(page, name).press("Enter");
    // What really is so stands below the columns, in view without a scroll to the side.
    const box = await page.locator(".facts tbody td.r").first().boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 390, `${name}: ${JSON.stringify(box)}`);
  }
  await page.locator(".facts .row-button").first().press("Enter");
  await panel(page, "why");
  await tab(page, "Disk").press("Enter");
  await page.locator('[data-panel="disk"]').waitFor();
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(over <= 0, `${over} pixels too wide`);
  await page.finish();
});

describe("Services in the picture", () => {
  const rail = (page) => page.locator('.cluster-picture [aria-label^="Service web,"]');

  test("a Service that is called has a rail, and a call that nobody answers is told there and on the client's lane", async () => {
    const page = await running("a-client-remembers-too-long");
    await run(page, 60);
    includes(await rail(page).getAttribute("aria-label"), "answered");
    const nodes = () => page.locator(".cluster-picture .node").evaluateAll((all) => all.map((node) => node.getAttribute("x") + " " + node.getAttribute("y")));
    const before = await nodes();
    await say(page, "kubectl delete pod web-0 --force --grace-period=0");
    await run(page, 10);
    assert.match(await rail(page).getAttribute("aria-label"), /\d+ answered, \d+ failed/);
    const lane = page.locator('.timeline [aria-label^="remembers-0 → web-0"]');
    assert.match(await lane.getAttribute("aria-label"), /no answer at 10\./);
    assert.deepEqual(await nodes(), before, "nothing moved");
    await page.finish();
  });

  test("a Service of which there is nothing to tell has none", async () => {
    const page = await openApp({ url: server.url, viewport: WIDE });
    await pause(page);
    await drawn(page);
    assert.equal(await page.locator('.cluster-picture [aria-label^="Service "]').count(), 0);
    await page.finish();
  });
});

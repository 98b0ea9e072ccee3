// The life of an embed in a page of documentation: how soon it is there, what is left of it on paper, what it weighs while
// it waits, and what becomes of it when the reader goes on.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { FENCE, SHORT, clock, clusters, drawn, escape, fenced, frameOf, pair, protocol, start, step } from "./embed.mjs";
import { DIST, launch, openApp, shutDown, startServer } from "./harness.mjs";
import { drawn as redrawn, recorded, say } from "./steps.mjs";

after(shutDown);


/** Seconds that the page's main thread has worked: what other programs do on this machine is not in it. */
async function worked(browser) {
  const { metrics } = await browser.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === "TaskDuration").value;
}

test("E10: it is drawn soon after Start", async (t) => {
  const { page } = await pair(t, fenced(SHORT).repeat(2), { server: { keep: true } });
  const browser = await protocol(page);
  await browser.send("Performance.enable", { timeDomain: "threadTicks" });
  const told = [];
  const begin = async (nth) => {
    const [since, before] = [performance.now(), await worked(browser)];
    await start(page, nth);
    await drawn(page, nth);
    const [seconds, work] = [(performance.now() - since) / 1000, (await worked(browser)) - before];
    told.push(`${seconds.toFixed(2)} s, of them ${work.toFixed(2)} s of work`);
    return work;
  };
  await begin(0);
  const warm = await begin(1);
  t.diagnostic(`Start to the first picture: ${told[0]}; again: ${told[1]}`);
  assert.ok(warm > 0 && warm <= 1, told[1]);
  await page.finish();
});

test("E14: on paper three embeds are three figures with captions and addresses", async (t) => {
  const titled = (title) => `<petri-cluster title="${title}"><pre>${FENCE.slice(0, 60)}</pre></petri-cluster>`;
  const { petri, page } = await pair(t, titled("One") + fenced(SHORT) + titled("Three"));
  await start(page, 1);
  await drawn(page, 1);
  const paper = (await page.pdf()).toString("latin1");
  const links = [...paper.matchAll(/\/URI \((\S*)\)/g)].map(([, address]) => address);
  assert.equal(links.filter((address) => address.startsWith(petri.url)).length, 3, links.join("\n"));
  await page.emulateMedia({ media: "print" });
  for (const [nth, title] of ["One", "A Kubernetes cluster", "Three"].entries()) {
    const figure = clusters(page).nth(nth).locator("figure");
    const caption = await figure.locator("figcaption").innerText();
    assert.equal(caption, `${title}. Open it at ${petri.url}`);
    assert.ok(nth === 1 || (await clusters(page).nth(nth).locator("pre").isVisible()), "its text");
    assert.equal(await clusters(page).nth(nth).locator("button").isVisible(), false, "nothing to press");
  }
  assert.ok(await clusters(page).nth(1).locator("iframe").isVisible(), "a cluster that runs is printed as it is");
  assert.ok(await frameOf(page, 1).locator(".picture svg").isVisible());
  await page.emulateMedia({ media: "screen" });
  assert.equal(await clusters(page).first().locator("figcaption").isVisible(), false);
  await page.finish();
});

/** Bytes of JavaScript that are in use, and bytes that the page's process has to itself. */
async function weight(browser) {
  await browser.send("HeapProfiler.collectGarbage");
  const { usedSize } = await browser.send("Runtime.getHeapUsage");
  const session = await (await launch()).newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  let own = 0;
  for (const { type, id } of processInfo) {
    if (type !== "renderer") continue;
    const told = await readFile(`/proc/${id}/smaps_rollup`, "utf8").catch(() => "");
    own += 1024 * Number(told.match(/Private_Dirty:\s*(\d+)/)?.[1] ?? 0);
  }
  return { heap: usedSize, own };
}

test("E8: an embed that waits weighs next to nothing", async (t) => {
  const { petri, page } = await pair(t, "<main></main>", { csp: false });
  const browser = await protocol(page);
  const fill = (body) => page.evaluate((body) => (document.querySelector("main").innerHTML = body), body);
  const text = `<pre><code>${FENCE}</code></pre>`.repeat(10);
  await fill(text);
  const before = await weight(browser);
  await fill(text.replaceAll("<code>", '<code class="language-petri">'));
  await clusters(page).nth(9).getByRole("button").waitFor();
  const after = await weight(browser);
  const each = (what) => (after[what] - before[what]) / 10 / 1e6;
  t.diagnostic(`an embed that waits: ${each("own").toFixed(2)} MB, of them ${each("heap").toFixed(3)} MB of heap`);
  assert.ok(each("heap") <= 0.3 && each("own") <= 3, JSON.stringify({ before, after }));
  assert.equal(page.frames().length, 1);
  assert.equal(petri.requests.filter((path) => path.endsWith(".wasm")).length, 0);
  await page.finish();
});

test("E16: twenty navigations inside of one page leave nothing behind", async (t) => {
  const { petri, page } = await pair(t, "<main></main>", { csp: false });
  const browser = await protocol(page);
  const body = fenced(SHORT).repeat(2);
  /** As frameworks do: the content is exchanged, and the page's scripts run once more. */
  const navigate = async (nth) => {
    await page.evaluate(
      async ([body, address, again]) => {
        history.pushState(null, "", `#page-${again}`);
        document.querySelector("main").innerHTML = body;
        await import(`${address}?${again}`);
      },
      [body, `${petri.url}embed.js`, nth],
    );
    await clusters(page).nth(1).getByRole("button").waitFor();
    // One that redraws parts of a page may also take a block away and leave what it did not make.
    await page.evaluate(() => document.querySelector("pre").remove());
    await page.waitForFunction(() => document.querySelectorAll("petri-cluster").length === 1);
  };
  for (const nth of [1, 2]) {
    await navigate(nth);
    await start(page);
    await drawn(page);
  }
  await navigate(3);
  const before = await weight(browser);
  for (let nth = 4; nth <= 20; nth += 1) {
    await navigate(nth);
    if (nth % 8 === 0) {
      await start(page);
      await drawn(page);
      assert.equal(page.frames().length, 2);
    }
  }
  await page.waitForTimeout(300);
  const grown = ((await weight(browser)).heap - before.heap) / 1e6;
  t.diagnostic(`17 navigations: ${grown.toFixed(2)} MB of heap`);
  assert.ok(grown <= 5, `${grown} MB`);
  assert.equal(page.frames().length, 1, "the frames of pages that were left are gone");
  await page.evaluate((body) => (document.querySelector("main").innerHTML = body), body);
  await page.waitForFunction(() => document.querySelectorAll("petri-cluster").length === 2);
  assert.equal(await page.evaluate(() => document.querySelectorAll("petri-cluster").length), 2, "one embed per fence");
  await page.finish();
});

/** The run that a page shows, as Share has it. */
async function shared(page) {
  await page.locator("#share-button").click();
  const link = await page.locator("#share-link").inputValue();
  const json = await recorded(page);
  return { fragment: new URL(link).hash.slice(1), run: JSON.parse(json) };
}

test("Share writes what a page needs to have the run at hand, and shows how it will look", async (t) => {
  const petri = await startServer({ prefix: "/petri/", cors: true });
  t.after(() => petri.close());
  const page = await openApp({ url: petri.url });
  await say(page, "cut node-0");
  await page.locator("#step").click();
  await redrawn(page);
  const moment = await page.locator(".clock").getAttribute("data-micros");
  await page.locator("#share-button").click();
  await page.locator('.share [data-form="Embed"]').click();
  await page.locator("#embed-title").fill("A <quiet> node");
  const snippets = {};
  for (const form of ["Markdown", "HTML", "Frame"]) {
    await page.locator(`[data-form="${form}"]`).click();
    snippets[form] = await page.locator("#share-snippet").inputValue();
  }
  await page.locator("#preview-snippet").click();
  const preview = page.frameLocator("iframe.preview");
  await preview.locator(".picture svg").first().waitFor();
  assert.equal(await preview.locator(".clock").getAttribute("data-micros"), moment);
  assert.equal(await preview.locator(".embed-title").innerText(), "A <quiet> node");
  await page.finish();

  const markdown = snippets.Markdown.match(/^```(petri .*)\n(.*)\n```\n$/);
  const block = `<pre><code class="language-petri">${escape(`# ${markdown[1].replace(" ", ": ")}\n${markdown[2]}`)}</code></pre>`;
  const host = await pair(t, block + snippets.HTML + snippets.Frame, { csp: false });
  for (const nth of [0, 1]) {
    await start(host.page, nth);
    await drawn(host.page, nth);
    assert.equal(String(await clock(host.page, nth)), moment, nth ? "as HTML" : "as Markdown");
  }
  const alone = host.page.frameLocator("body > iframe");
  await alone.locator(".picture svg").first().waitFor();
  assert.equal(await alone.locator(".clock").getAttribute("data-micros"), moment, "as a frame");
  assert.match(await host.page.locator("petri-cluster a").innerText(), /A <quiet> node in Petri/);
  await host.page.finish();
});

test("E18: Open in Petri keeps moment, edits and branches, in a link that lasts", async (t) => {
  const begun = `# petri: panels=cluster,timeline,console\n${FENCE.slice(0, FENCE.indexOf("$ cut"))}$ run 30s\n`;
  const { petri, page } = await pair(t, fenced("at-most-one") + fenced(begun));
  const leave = async (nth) => {
    const [opened] = await Promise.all([page.context().waitForEvent("page"), frameOf(page, nth).locator("#open-in-petri").click()]);
    await opened.locator("[data-app]").waitFor();
    await opened.setViewportSize({ width: 1280, height: 800 });
    return opened;
  };
  await start(page, 0);
  await drawn(page, 0);
  const lesson = await leave(0);
  assert.ok(lesson.url().length <= 2048, `${lesson.url().length} characters`);
  const version = JSON.parse(await readFile(`${DIST}/package.json`, "utf8")).version;
  assert.equal((await shared(lesson)).run.engine, version, "it names its engine");
  await lesson.close();

  await start(page, 1);
  await drawn(page, 1);
  const frame = frameOf(page, 1);
  const type = async (line) => {
    await frame.locator('[data-dock="console"]').click();
    await frame.locator("#console-line").fill(line);
    await frame.locator("#console-line").press("Enter");
  };
  await type("kubectl scale sts/web --replicas=3");
  await frame.locator("#start").click();
  await type("cut node-0");
  await step(page, 1);
  const moment = await clock(page, 1);
  const opened = await leave(1);
  const { run } = await shared(opened);
  assert.equal(run.moment, moment);
  assert.ok(run.commands.length > 0 && run.branches?.length === 1, JSON.stringify(run).slice(-600));
  assert.equal(await opened.locator(".clock").getAttribute("data-micros"), String(moment));
  assert.match(JSON.stringify(run.branches[0].commands), /"replicas":3/);
  await opened.close();
  assert.deepEqual(petri.requests.filter((path) => !path.startsWith("/petri/")), []);
  await page.finish();
});

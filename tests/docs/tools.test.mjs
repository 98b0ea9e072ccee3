// One page of text in every documentation tool: built by the tool itself, and read in a browser as its readers do.
//
// `cargo xtask docs` builds the sites. `PETRI_DOCS` names the folder that they are in, `PETRI_DOCS_TOOLS` those to drive.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openPage, screenshot, shutDown, startServer } from "../e2e/harness.mjs";
import { TOGGLES } from "./toggles.mjs";

const here = (name) => readFile(new URL(name, import.meta.url), "utf8");
const TOOLS = JSON.parse(await here("tools.json"));
const WANTED = (process.env.PETRI_DOCS_TOOLS ?? "").split(",").filter(Boolean);
/** What the writer typed. */
const FENCE = (await here("page.md")).match(/```petri\n([^]*?)```/)[1];
/** Those whose readers go from page to page without loading one. */
const STAYS = ["mkdocs", "vitepress", "docusaurus"];
// Browsers ask every host for one.
const ICON = [/favicon/, /404 \(Not Found\)/];

after(shutDown);

for (const tool of TOOLS.filter(({ folder }) => WANTED.includes(folder))) {
  describe(tool.name, () => {
    const [first, second] = tool.addresses;
    let server;
    before(async () => {
      const dist = join(process.env.PETRI_DOCS, tool.folder, tool.out);
      const pages = {};
      server = await startServer({ dist, pages });
      // Material goes to pages of its sitemap without loading them, and this host's port is not in there.
      const sitemap = await readFile(join(dist, "sitemap.xml"), "utf8").catch(() => "");
      if (sitemap) pages["/sitemap.xml"] = { type: "application/xml", body: sitemap.replaceAll("http://127.0.0.1", server.origin) };
    });
    after(() => server.close());
    const open = (address, more) => openPage({ url: server.url + address, allow: ICON, ...more });

    test("E15, E13: a fence is one cluster, which plays where it is read and follows the page's theme", async () => {
      const page = await open(first);
      const start = page.locator("petri-cluster").getByRole("button", { name: "Start this cluster: A node goes quiet" });
      await start.waitFor();
      assert.equal(await page.locator("petri-cluster").count(), 1);
      const text = await page.locator("petri-cluster").evaluate((cluster) => cluster.text);
      assert.equal(text.trimEnd(), FENCE.trimEnd(), "to the letter");
      const shown = page.locator("pre").filter({ hasText: "kind: StatefulSet" });
      assert.equal(await shown.count(), 1, "shown once");
      assert.match(await shown.innerText(), /kind: StatefulSet\nmetadata: \{ name: web \}\nspec:\n {2}serviceName: nginx\n/);
      assert.ok(!server.requests.some((path) => path.endsWith(".wasm")), "nothing is fetched before Start");

      await start.click();
      const frame = page.locator("petri-cluster").frameLocator("iframe");
      await frame.locator(".picture svg, .picture .node").first().waitFor();
      assert.equal(await page.locator("petri-cluster").evaluate((cluster) => cluster.shadowRoot.querySelector("iframe").clientHeight), 440);
      const claims = frame.locator(".claims li");
      assert.equal(await claims.count(), 2);
      await claims.nth(1).getByRole("button").click();
      for (const nth of [0, 1]) await frame.locator('.claims li[data-claim="holds"]').nth(nth).waitFor();
      await screenshot(page, `docs-${tool.folder}`);
      if (TOGGLES[tool.folder]) await followsTheme(page, TOGGLES[tool.folder]);
      await page.finish();
    });

    test("E15: and so it is in the words that are the tool's own, with a lesson by its name", async () => {
      const page = await open(second);
      await page.locator("petri-cluster").getByRole("button", { name: "Start this cluster: A lesson" }).click();
      assert.equal(await page.locator("petri-cluster").count(), 1);
      const frame = page.locator("petri-cluster").frameLocator("iframe");
      await frame.locator(".claims li").getByRole("button").click();
      await frame.locator('.claims li[data-claim="holds"]').waitFor();
      await page.finish();
    });

    test("E3: without scripts its text is there to read", async () => {
      const page = await open(first, { javaScriptEnabled: false, allow: [...ICON, /csp$/] });
      const shown = page.locator("pre").filter({ hasText: "kind: StatefulSet" });
      assert.match(await shown.innerText(), /\$ run until sts\/web Ready\n\$ cut \{node of pod\/web-1\}\n/);
      await leads(page, FENCE);
      await page.goto(server.url + second);
      await leads(page, "");
      await page.finish();

      /** Its one link opens this fence, or what the words behind `?` name. */
      async function leads(page, fence) {
        const link = page.getByRole("link", { name: "Open in Petri" });
        assert.ok(await link.isVisible());
        const { pathname, search, hash } = new URL(await link.evaluate((a) => a.href));
        assert.equal((await fetch(new URL(pathname, server.url))).status, 200, "it leads to Petri");
        const text = decodeURIComponent(hash.slice("#fence=".length));
        if (fence) assert.equal(text.trimEnd(), fence.trimEnd());
        else assert.match(search + text, /lesson=at-most-one/);
      }
    });

    test("E16: pages come and go, and each has its cluster", async () => {
      const page = await open(first);
      const stays = STAYS.includes(tool.folder);
      await page.evaluate(() => (window.stayed = true));
      await page.locator("petri-cluster").getByRole("button").click();
      await page.locator("petri-cluster").frameLocator("iframe").locator(".picture").first().waitFor();
      const go = async (address, title) => {
        await page.locator(`a[href]:visible`).evaluateAll((links, to) => links.find((link) => link.href === to).click(), server.url + address);
        await page.locator("petri-cluster").getByRole("button", { name: `Start this cluster: ${title}` }).waitFor();
        assert.equal(await page.locator("petri-cluster").count(), 1);
        assert.equal(page.frames().length, 1, "what ran on the page before is gone");
      };
      const round = async () => {
        await go(second, "A lesson");
        await go(first, "A node goes quiet");
      };
      await round();
      const heap = await used(page);
      for (let nth = 0; nth < (stays ? 10 : 1); nth += 1) await round();
      assert.equal(await page.evaluate(() => window.stayed === true), stays);
      if (stays) {
        const grown = (await used(page)) - heap;
        console.log(`${tool.name}: the heap grows by ${grown} bytes in 20 navigations`);
        assert.ok(grown <= 5_000_000, `${grown} bytes`);
      }
      await page.finish();
    });
  });
}

/** The cluster is as dark as the page within 100 ms of a reader's wish, both ways, twice. */
async function followsTheme(page, toggle) {
  const frame = page.frames().find((frame) => frame.parentFrame());
  const theme = () => frame.evaluate(() => document.documentElement.dataset.theme);
  assert.equal(await theme(), "light");
  const times = [];
  for (const wanted of ["dark", "light", "dark", "light"]) {
    await page.evaluate((wanted) => {
      const frame = document.querySelector("petri-cluster").shadowRoot.querySelector("iframe");
      window.took = new Promise((resolve) => {
        let since = null;
        // From the last change of the page: some toggles have three positions.
        const begin = new MutationObserver(() => (since = performance.now()));
        for (const root of [document.documentElement, document.body]) begin.observe(root, { attributes: true });
        new MutationObserver(() => {
          if (frame.contentDocument.documentElement.dataset.theme === wanted) resolve(performance.now() - (since ?? performance.now()));
        }).observe(frame.contentDocument.documentElement, { attributes: true });
      });
    }, wanted);
    await toggle(page, wanted);
    times.push(Math.round(await page.evaluate(() => Promise.race([window.took, new Promise((resolve) => setTimeout(resolve, 3000, Infinity))]))));
    assert.equal(await theme(), wanted, `after ${times} ms`);
  }
  console.log(`the theme is followed within ${times.join(", ")} ms`);
  const median = times.toSorted((a, b) => a - b)[2];
  assert.ok(median <= 100, `${times} ms`);
}

/** Bytes of JavaScript that are in use. */
async function used(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  await devtools.detach();
  return usedSize;
}

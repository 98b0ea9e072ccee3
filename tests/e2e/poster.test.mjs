// Posters in somebody else's page: what stands there before Start, and what a parked cluster leaves.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { openPage, shutDown, startServer } from "./harness.mjs";

after(shutDown);

const POSTER = `<svg xmlns="http://www.w3.org/2000/svg" width="720" height="400"><style>rect{fill:#fff}@media (prefers-color-scheme:dark){rect{fill:#000}}</style><rect width="720" height="400"/></svg>`;
const FENCE = "lease\n$ run 20s\n";
const ICON = [/favicon\.ico/, /none\.svg/, /404 \(Not Found\)/];

/** Petri on one origin; on another a page of documentation that has posters of its own. */
async function host(t, body, { policy = "img-src data: 'self'", style = "", allow = ICON } = {}) {
  const petri = await startServer({ prefix: "/petri/", cors: true });
  const csp = `default-src 'none'; ${policy}; script-src ${petri.origin}; style-src 'unsafe-inline'; frame-src ${petri.origin}`;
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>A page</title><style>${style}</style><body><p>Before.</p>${body}<p id="after">After.</p><script type="module" src="${petri.url}embed.js"></script>`;
  const pages = { "/page.html": html, "/poster.svg": { type: "image/svg+xml", body: POSTER } };
  const server = await startServer({ prefix: "/none/", csp, pages });
  t.after(() => Promise.all([petri.close(), server.close()]));
  const page = await openPage({ url: `${server.origin}/page.html`, viewport: { width: 900, height: 1200 }, allow });
  return { petri, page };
}

const picture = (page, nth = 0) => page.locator("petri-cluster").nth(nth).locator("img");
const start = (page, nth = 0) => page.locator("petri-cluster").nth(nth).getByRole("button", { name: /Start|Go on/ }).click();
const drawn = (page, nth = 0) => page.locator("petri-cluster").nth(nth).frameLocator("iframe").locator(".picture svg").first().waitFor();
const top = (page) => page.locator("#after").evaluate((element) => element.getBoundingClientRect().top);
/** The colour in the middle of an element, as it is painted. */
async function paint(page, locator) {
  const shot = (await locator.screenshot()).toString("base64");
  return page.context().newPage().then(async (other) => {
    const sum = await other.evaluate(async (data) => {
      const image = new Image();
      image.src = `data:image/png;base64,${data}`;
      await image.decode();
      const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
      context.drawImage(image, 0, 0);
      return context.getImageData(image.width / 2, image.height / 2, 1, 1).data.slice(0, 3).reduce((a, b) => a + b);
    }, shot);
    await other.close();
    return sum > 382 ? "light" : "dark";
  });
}

describe("posters", { concurrency: false }, () => {
  for (const [what, body] of [
    ["an element", `<petri-cluster poster="/poster.svg" title="Two of them" height="400"><pre>${FENCE}</pre></petri-cluster>`],
    ["a fence", `<pre><code class="language-petri"># petri: poster=/poster.svg height=400 title="Two of them"\n${FENCE}</code></pre>`],
  ]) {
    test(`E2, E4: the poster of ${what} stands where the cluster will be`, async (t) => {
      const { petri, page } = await host(t, body);
      await picture(page).waitFor();
      assert.equal(await picture(page).getAttribute("loading"), "lazy");
      assert.match(await picture(page).getAttribute("alt"), /Two of them/);
      assert.equal((await picture(page).boundingBox()).height, 400);
      assert.deepEqual(petri.requests.filter((path) => path.endsWith(".wasm")), [], "nothing was fetched");
      const before = await top(page);
      await start(page);
      assert.equal(await top(page), before, "nothing moves by Start");
      await drawn(page);
      assert.equal(await top(page), before, "nor by what comes of it");
      await page.finish();
    });
  }

  test("E3: a poster that cannot be had gives way to the text", async (t) => {
    const body = `<petri-cluster poster="/none.svg"><pre>${FENCE}</pre></petri-cluster>`;
    const { page } = await host(t, body);
    await page.locator("petri-cluster pre").waitFor();
    assert.equal(await picture(page).count(), 0);
    assert.match(await page.locator("petri-cluster").innerText(), /run 20s/);
    await page.finish();
  });

  test("E13: a poster has the paint of the page, not that of the system", async (t) => {
    const body = `<petri-cluster poster="/poster.svg" height="400"><pre>${FENCE}</pre></petri-cluster>`;
    const { page } = await host(t, body, { style: "body{background:#fff} .dark body{background:#111}" });
    await picture(page).waitFor();
    assert.equal(await paint(page, picture(page)), "light");
    await page.evaluate(() => document.documentElement.classList.add("dark"));
    await page.waitForFunction(() => document.querySelector("petri-cluster").shadowRoot.querySelector("img").style.colorScheme === "dark");
    assert.equal(await paint(page, picture(page)), "dark");
    await page.finish();
  });

  test("E8: a parked cluster leaves the picture of its moment, and nothing moves", async (t) => {
    const body = ["A", "B", "C"].map((title) => `<petri-cluster title="Cluster ${title}" height="300"><pre>${FENCE}</pre></petri-cluster>`).join("<p>Between.</p>");
    const { page } = await host(t, body, { policy: "img-src data:" });
    for (const nth of [0, 1]) {
      await start(page, nth);
      await drawn(page, nth);
    }
    const between = () => page.locator("p", { hasText: "Between." }).first().evaluate((element) => element.getBoundingClientRect().top);
    const before = await between();
    await start(page, 2);
    await picture(page, 0).waitFor();
    assert.equal(await between(), before);
    assert.equal((await picture(page, 0).boundingBox()).height, 300);
    const shown = await picture(page, 0).evaluate(async (image) => {
      await image.decode();
      return { width: image.naturalWidth, src: image.src, markup: image.getRootNode().querySelectorAll("svg").length };
    });
    assert.ok(shown.width >= 320 && shown.src.startsWith("data:image/svg+xml,") && shown.markup === 0, JSON.stringify(shown));
    const svg = decodeURIComponent(shown.src.slice("data:image/svg+xml,".length));
    assert.ok(svg.length <= 16_000, `${svg.length} characters`);
    assert.match(svg, /<title id="t">Cluster A\. At 0:20: /);
    assert.match(svg, />keeper-0</);
    await start(page, 0);
    await drawn(page, 0);
    assert.equal(await between(), before, "it goes on in the same place");
    await page.finish();
  });

  test("E11: where pictures are not allowed a parked cluster keeps its place", async (t) => {
    const body = ["A", "B", "C"].map((title) => `<petri-cluster title="Cluster ${title}" height="300"><pre>${FENCE}</pre></petri-cluster>`).join("");
    const { page } = await host(t, body, { policy: "img-src 'none'", allow: [...ICON, /Content Security Policy/, /Refused to load|violates/] });
    for (const nth of [0, 1, 2]) {
      await start(page, nth);
      await drawn(page, nth);
    }
    await picture(page, 0).waitFor();
    assert.equal((await picture(page, 0).boundingBox()).height, 300);
    await start(page, 0);
    await drawn(page, 0);
    await page.finish();
  });
});

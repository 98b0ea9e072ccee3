// A page of documentation with clusters in it: what the tests of embedding share.

import assert from "node:assert/strict";
import { openPage, startServer } from "./harness.mjs";

export const FENCE = `apiVersion: v1
kind: Service
metadata: { name: nginx }
spec: { clusterIP: None, selector: { app: nginx }, ports: [{ port: 80 }] }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: web }
spec:
  serviceName: nginx
  replicas: 2
  selector: { matchLabels: { app: nginx } }
  template:
    metadata: { labels: { app: nginx } }
    spec: { containers: [{ name: nginx, image: nginx }] }
---
$ run until sts/web Ready
$ cut {node of pod/web-1}
$ run 7m
? pod/web-1 is Terminating
? pod/web-1 is gone
`;

/** The same, and a reader is there sooner. */
export const SHORT = FENCE.replace("$ run 7m", "$ run 50s");

export const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
export const fenced = (text) => `<pre><code class="language-petri">${escape(text)}</code></pre>`;
// Browsers ask every host for one.
export const ICON = [/favicon\.ico/, /404 \(Not Found\)/];

/**
 * Petri on one origin, a page of documentation on another, under a policy that allows no more than it must, or under
 * none (`csp`); or both on one origin (`together`). `head` comes first in the page. Answers both servers, the
 * page's address and what else they serve.
 */
export async function site(t, body, { csp = true, head = "", server = {}, together = false } = {}) {
  const pages = {};
  const petri = await startServer({ prefix: "/petri/", cors: true, pages, ...server });
  const allows = `default-src 'none'; img-src data:; script-src ${petri.origin}; style-src 'self'; frame-src ${petri.origin}`;
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>A page</title>${head}<body><h1>A page</h1><p>Before.</p>${body}<p id="after">After.</p><script type="module" src="${petri.url}embed.js"></script>`;
  pages["/page.html"] = html;
  const host = together ? petri : await startServer({ prefix: "/none/", csp: csp ? allows : "", pages });
  t.after(() => Promise.all([petri.close(), host.close()]));
  return { petri, host, pages, url: `${host.origin}/page.html` };
}

/** The same, opened. `init` runs first in the page and in its frames. */
export async function pair(t, body, { csp, head, server, together, init, ...more } = {}) {
  const { petri, host, url } = await site(t, body, { csp, head, server, together });
  const page = await openPage({ viewport: { width: 900, height: 900 }, allow: ICON, ...more });
  if (init) await page.addInitScript(init);
  await page.goto(url, { waitUntil: "load" });
  return { petri, host, page };
}

/** Notes, frame by frame, where everything stands that is no embed: each arrangement once, from the load on. */
export function watchPlaces() {
  if (self !== top) return;
  globalThis.places = [];
  const look = () => {
    requestAnimationFrame(look);
    if (document.readyState === "loading") return;
    const place = (element) => {
      const { left, top, width, height } = element.getBoundingClientRect();
      return [element.id || element.tagName, left, top + scrollY, width, height].join(" ");
    };
    const now = [...document.querySelectorAll("body :not(petri-cluster):not(script)")].map(place).join("\n");
    if (globalThis.places.at(-1) !== now) globalThis.places.push(now);
  };
  requestAnimationFrame(look);
}

/** By one Start these places have changed once: what is below the cluster went down by its height, and nothing else. */
export function movedByHeight(places, below, where, height = 420) {
  assert.equal(places.length, 2, `${where}: one change, by the one click\n${places.join("\n\n")}`);
  const [first, then] = places.map((text) => text.split("\n").map((line) => line.split(" ")));
  const moved = then.filter((line, index) => line.join() !== first[index].join());
  for (const line of moved) {
    const [name, left, y, ...size] = line;
    const was = first[then.indexOf(line)];
    assert.deepEqual([name, left, ...size], [was[0], was[1], ...was.slice(3)], `${where}: only downwards`);
    assert.ok(Math.abs(Number(y) - Number(was[2]) - height) < 0.01, `${where}: ${name} by its height, not ${y - was[2]}`);
  }
  assert.deepEqual(moved.map(([name]) => name), below, `${where}: what is below it`);
}

export const clusters = (page) => page.locator("petri-cluster");
export const start = (page, nth = 0) => clusters(page).nth(nth).getByRole("button", { name: /Start|Go on/ }).click();
export const frameOf = (page, nth = 0) => clusters(page).nth(nth).frameLocator("iframe");
/** One event further, and drawn. */
export async function step(page, nth = 0) {
  const frame = frameOf(page, nth);
  await frame.locator("#step").click();
  await frame.locator("body").evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}
export const drawn = (page, nth = 0) => frameOf(page, nth).locator(".picture svg, .picture .node, .broken-fence").first().waitFor();
export const isWasm = (path) => path.endsWith(".wasm");
/** The frame of the only cluster that runs. */
export const inside = (page) => page.frames()[1];

/** The simulated time of a frame, in microseconds. */
export const clock = async (page, nth = 0) => Number(await frameOf(page, nth).locator(".clock").getAttribute("data-micros"));
/** What the browser's own protocol tells of a page. */
export const protocol = (page) => page.context().newCDPSession(page);

// A page of documentation with clusters in it: what the tests of embedding share.

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

export const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
export const fenced = (text) => `<pre><code class="language-petri">${escape(text)}</code></pre>`;
// Browsers ask every host for one.
export const ICON = [/favicon\.ico/, /404 \(Not Found\)/];

/**
 * Petri on one origin, a page of documentation on another, under a policy that allows no more than it
 * must, or under none (`csp`); or both on one origin (`together`). `init` runs first in the page and in its frames.
 */
export async function pair(t, body, { csp = true, init, server = {}, together = false, ...more } = {}) {
  const pages = {};
  const petri = await startServer({ prefix: "/petri/", cors: true, pages, ...server });
  const allows = `default-src 'none'; img-src data:; script-src ${petri.origin}; style-src 'self'; frame-src ${petri.origin}`;
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>A page</title><body><h1>A page</h1><p>Before.</p>${body}<p id="after">After.</p><script type="module" src="${petri.url}embed.js"></script>`;
  pages["/page.html"] = html;
  const host = together ? petri : await startServer({ prefix: "/none/", csp: csp ? allows : "", pages });
  t.after(() => Promise.all([petri.close(), host.close()]));
  const page = await openPage({ viewport: { width: 900, height: 900 }, allow: ICON, ...more });
  if (init) await page.addInitScript(init);
  await page.goto(`${host.origin}/page.html`, { waitUntil: "load" });
  return { petri, host, page };
}

export const clusters = (page) => page.locator("petri-cluster");
export const start = (page, nth = 0) => clusters(page).nth(nth).getByRole("button", { name: /Start|Go on/ }).click();
export const frameOf = (page, nth = 0) => clusters(page).nth(nth).frameLocator("iframe");
export const drawn = (page, nth = 0) => frameOf(page, nth).locator(".picture svg, .picture .node, .broken-fence").first().waitFor();
export const isWasm = (path) => path.endsWith(".wasm");
/** The frame of the only cluster that runs. */
export const inside = (page) => page.frames()[1];

/** The simulated time of a frame, in microseconds. */
export const clock = async (page, nth = 0) => Number(await frameOf(page, nth).locator(".clock").getAttribute("data-micros"));
/** What the browser's own protocol tells of a page. */
export const protocol = (page) => page.context().newCDPSession(page);

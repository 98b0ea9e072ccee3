// A cluster inside somebody else's page: two origins, strict policies, sandboxes, and a reader who only reads.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, describe, test } from "node:test";
import { brotliCompressSync } from "node:zlib";
import { FENCE, ICON, clusters, drawn, escape, fenced, frameOf, isWasm, pair, start, step } from "./embed.mjs";
import { DIST, openPage, screenshot, shutDown, startServer } from "./harness.mjs";

after(shutDown);

test("E1: the loader is small and depends on nothing", async () => {
  const loader = await readFile(`${DIST}/embed.js`);
  const size = brotliCompressSync(loader).length;
  assert.ok(size <= 6_000, `${size} bytes`);
  assert.doesNotMatch(loader.toString(), /\bimport\s*[{*"']|\bfrom\s*"/);
});

test("E1: it can be imported where there is no window", async () => {
  const { define } = await import(new URL("embed.js", `file://${DIST}`.replace(/\/?$/, "/")).href);
  assert.equal(define(), undefined);
});

describe("a page of documentation", () => {
  test("E2, E3, E5, E11: reads as text, fetches nothing before Start, and runs then", async (t) => {
    const { petri, page } = await pair(t, fenced(FENCE) + fenced("kind: StatefulSet\nspec: [\n") + "<p>More.</p>".repeat(40));
    await clusters(page).nth(1).getByRole("button").waitFor();
    const top = () => page.locator("#after").evaluate((element) => element.getBoundingClientRect().top + scrollY);
    const before = await top();
    await page.waitForTimeout(500);
    assert.deepEqual(petri.requests, ["/petri/embed.js"]);
    assert.match(await page.locator("pre").first().innerText(), /kind: StatefulSet/);
    assert.equal(await top(), before, "nothing moves by itself");

    await page.evaluate(() => scrollTo(0, 100));
    await start(page);
    await drawn(page);
    assert.ok(petri.requests.some(isWasm));
    assert.equal((await top()) - before, 420, "it takes the height that was announced, and no more");
    assert.equal(await page.evaluate(() => scrollY), 100);
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), "PETRI-CLUSTER", "focus stays where the reader put it");
    const claims = frameOf(page).locator(".claims li");
    assert.equal(await claims.count(), 2);
    assert.equal(await claims.first().getAttribute("data-claim"), "to come");
    await claims.nth(1).getByRole("button").click();
    await frameOf(page).locator('.claims [data-claim="does not hold"]').waitFor();
    assert.match(await claims.nth(1).innerText(), /pod\/web-1 is Terminating/, "what is there instead");
    await screenshot(page, "embed");

    await start(page, 1);
    await drawn(page, 1);
    assert.match(await frameOf(page, 1).locator(".broken-fence .wrong").innerText(), /spec: \[/);
    await page.finish();
  });

  test("E8: at most two run; the oldest is parked and goes on where it was", async (t) => {
    const short = FENCE.replace("$ run 7m", "$ run 50s");
    const { page } = await pair(t, fenced(short).repeat(3));
    for (const nth of [0, 1]) {
      await start(page, nth);
      await drawn(page, nth);
    }
    const clock = (nth) => frameOf(page, nth).locator(".clock").getAttribute("data-micros");
    await step(page, 0);
    const moment = await clock(0);
    await start(page, 2);
    await drawn(page, 2);
    await clusters(page).nth(0).getByRole("button", { name: /Go on/ }).waitFor();
    assert.equal(page.frames().length, 3, "the page and two of three");
    await start(page, 0);
    await drawn(page, 0);
    assert.equal(await clock(0), moment);
    await page.finish();
  });

  test("E12: runs in a sandbox without an origin, and without storage", async (t) => {
    const { page } = await pair(t, `<petri-cluster sandbox="allow-scripts" height="300"><pre>${escape(FENCE)}</pre></petri-cluster>`);
    await start(page);
    await drawn(page);
    await page.finish();
  });

  test("E13: follows the paint of the page", async (t) => {
    const { page } = await pair(t, fenced(FENCE), { csp: false });
    await start(page);
    await drawn(page);
    const theme = () => page.frames()[1].evaluate(() => document.documentElement.dataset.theme);
    assert.equal(await theme(), "light");
    for (const [set, wanted] of [["slate", "dark"], ["default", "light"]]) {
      await page.evaluate((scheme) => {
        document.body.style.background = scheme === "slate" ? "#111" : "#fff";
        document.body.dataset.mdColorScheme = scheme;
      }, set);
      await page.frames()[1].waitForFunction((wanted) => document.documentElement.dataset.theme === wanted, wanted, { timeout: 1000 });
    }
    await page.finish();
  });

  test("E3: without scripts there are a text and a link", async (t) => {
    const body = `<petri-cluster><pre>${escape(FENCE)}</pre><a href="https://example.org/">Open in Petri</a></petri-cluster>`;
    const { page } = await pair(t, body, { javaScriptEnabled: false, allow: [...ICON, /csp$/] });
    assert.match(await page.locator("petri-cluster").innerText(), /kind: StatefulSet[^]*Open in Petri/);
    await page.finish();
  });

  test("E11: a frame that is refused becomes a link", async (t) => {
    const petri = await startServer({ prefix: "/petri/", cors: true });
    const html = `<!doctype html><meta charset="utf-8"><title>A page</title>${fenced(FENCE)}<script type="module" src="${petri.url}embed.js"></script>`;
    const csp = `default-src 'none'; script-src ${petri.origin}; style-src 'self'; frame-src 'none'`;
    const host = await startServer({ prefix: "/none/", csp, pages: { "/page.html": html } });
    t.after(() => Promise.all([petri.close(), host.close()]));
    const page = await openPage({ url: `${host.origin}/page.html`, allow: [...ICON, /frame-src/, /Framing/, /BLOCKED_BY_CSP/, /csp$/] });
    await start(page);
    await clusters(page).getByRole("link", { name: "Open it in Petri" }).waitFor({ timeout: 3000 });
    await page.finish();
  });

  test("E19: messages that are none are no concern of the frame, nor of the page", async (t) => {
    const { petri, page } = await pair(t, fenced(FENCE), { csp: false });
    await start(page);
    await drawn(page);
    // What is none in ten ways, and what chance makes of messages.
    const seed = [null, 1, "x", [], {}, { petri: 1 }, { petri: 1, type: "theme" }, { petri: 1, type: "theme", theme: 7 },
      { petri: 2, type: "park" }, { petri: 1, type: "nothing" }, { petri: 1, type: "parked", fragment: "r=<b>" }, { petri: 1, type: "height", height: 1e9 }];
    const longest = await page.evaluate(async (messages) => {
      const frame = document.querySelector("petri-cluster").shadowRoot.querySelector("iframe");
      let state = 12;
      const below = (bound) => (state = (state * 48271) % 2147483647) % bound;
      const one = (list) => list[below(list.length)];
      const odd = [null, true, -1, 1e999, NaN, "", "park", "theme", "x".repeat(5000), [], [[]], {}, { toString: null, valueOf: null }, new Date(), new Map([[1, 2]]), 7n, /x/];
      const chance = (depth = 0) => {
        if (depth > 3 || below(3) === 0) return one(odd);
        const names = ["petri", "type", "theme", "height", "fragment", "picture", "length", "0"];
        return Object.fromEntries(names.filter(() => below(2)).map((name) => [name, name === "petri" && below(3) ? 1 : chance(depth + 1)]));
      };
      // One thread hears all of them: what was sent before this was heard before.
      const heard = () => new Promise((next) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => next();
        port2.postMessage(null);
      });
      let longest = 0;
      for (let nth = 0; nth < 10_000; nth += 1) {
        const message = nth % 3 ? chance() : one(messages);
        // What is understood is no mutation any more.
        if (message?.petri === 1 && message.type === "park") continue;
        frame.contentWindow.postMessage(message, "*");
        postMessage(message, "*");
        if (nth % 100 === 0) {
          const since = performance.now();
          await heard();
          longest = Math.max(longest, performance.now() - since);
        }
      }
      return longest;
    }, seed);
    // A hundred of them together may take what one of them must not: in one process all are heard on one thread.
    assert.ok(longest < 1000, `${longest} ms`);
    await page.waitForTimeout(300);
    assert.equal(page.frames().length, 2, "it was not parked by others");
    assert.equal(await page.frames()[1].evaluate(() => document.documentElement.dataset.theme), "light");
    const outside = petri.requests.filter((path) => !path.startsWith("/petri/"));
    assert.deepEqual(outside, []);
    await page.finish();
  });
});

test("the engine for scripts: in a browser, from another origin", async (t) => {
  const petri = await startServer({ prefix: "/petri/", cors: true });
  const host = await startServer({ prefix: "/none/", pages: { "/page.html": "<!doctype html><title>A page</title>" } });
  t.after(() => Promise.all([petri.close(), host.close()]));
  const page = await openPage({ url: `${host.origin}/page.html`, allow: ICON });
  const told = await page.evaluate(async ([from, fence]) => {
    const { open } = await import(`${from}petri.js`);
    const cluster = await open(fence);
    const heard = new Set();
    const happened = [];
    const end = cluster.on("*", (happening) => heard.add(happening.kind) && happened.push(happening));
    const before = cluster.fork();
    cluster.command("kubectl delete pod web-1 --force --grace-period=0");
    cluster.run("10m");
    end();
    const again = await open(cluster.recording().fragment);
    return {
      heard: [...heard].sort(),
      broken: cluster.claim("At most one is broken").holds,
      untouched: before.claim("At most one holds").holds,
      same: again.world().fingerprint === cluster.world().fingerprint,
      ghosts: cluster.world().machines.flatMap((machine) => machine.processes).filter((process) => !process.known).length,
      why: cluster.why("sts/web").length > 0,
      samples: {
        World: cluster.world(),
        Machine: cluster.world().machines.find((machine) => machine.processes.length),
        Process: cluster.world().machines.flatMap((machine) => machine.processes)[0],
        Guarantee: cluster.guarantees()[0],
        Said: cluster.command("clock"),
        Verdict: cluster.claim("pod/web-0 is Ready"),
        Happening: happened[0],
        Recording: cluster.recording(),
      },
    };
  }, [petri.url, FENCE]);
  assert.deepEqual(told.heard, ["command", "guarantee", "object", "process"]);
  const types = await readFile(`${DIST}/petri.d.ts`, "utf8");
  for (const [name, sample] of Object.entries(told.samples)) {
    const declared = types.match(new RegExp(`export interface ${name} \\{([^}]*)\\}`))[1].matchAll(/^ {2}(\w+)\??:/gm);
    assert.deepEqual([...declared].map(([, field]) => field).sort(), Object.keys(sample).sort(), `the fields of ${name}`);
  }
  assert.deepEqual({ ...told, heard: null, samples: null }, { heard: null, samples: null, broken: true, untouched: true, same: true, ghosts: 1, why: true });
  await page.finish();
});

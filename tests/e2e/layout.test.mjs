// How the page lies: no scrolling sideways, nothing jumps, and everything can be read and reached.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, test } from "node:test";

import { openApp, openPage } from "./harness.mjs";
import { serve } from "./served.mjs";
import { example, panel, pause, run, say } from "./steps.mjs";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const server = serve();

const SIZES = { "390 pixels": [390, 844], "a small phone": [320, 640], "a tablet": [820, 1180], "a laptop": [1280, 720], "a desk": [1440, 900] };

describe("nothing is wider than the window", () => {
  for (const [name, [width, height]] of Object.entries(SIZES)) {
    test(name, async () => {
      const page = await openApp({ url: server.url, viewport: { width, height } });
      const panels = width < 1100 ? ["manifests", "cluster", "why", "console", "more"] : [""];
      for (const shown of panels) {
        if (shown) await panel(page, shown);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(over <= 0, `${shown || "the page"} is ${over} pixels too wide`);
        const tall = await page.evaluate(() => document.documentElement.scrollHeight - window.innerHeight);
        assert.ok(tall <= 0, `${shown || "the page"} is ${tall} pixels too tall`);
      }
      await page.finish();
    });
  }
});

// WCAG 1.4.4 and 1.4.10: 1440x900 and 1280x720 at 200 %, and 320 CSS pixels.
for (const [width, height] of [[720, 450], [640, 360], [320, 256]]) {
  test(`at ${width}x${height} the page scrolls as one, and the cluster is whole`, async () => {
    const page = await openApp({ url: server.url, viewport: { width, height } });
    await pause(page);
    for (const shown of ["cluster", "why", "more"]) {
      await panel(page, shown);
      const found = await page.evaluate(() => {
        const root = document.documentElement;
        const inner = [...document.querySelectorAll(".cluster-body, .why-body, .dns")].filter((part) => part.scrollHeight > part.clientHeight + 1);
        return { over: root.scrollWidth - window.innerWidth, inner: inner.map((part) => part.className) };
      });
      assert.deepEqual(found, { over: 0, inner: [] }, shown);
    }
    await panel(page, "cluster");
    const picture = page.locator("svg.cluster-picture");
    const last = page.locator(".facts tbody tr").last();
    await last.scrollIntoViewIfNeeded();
    const box = await picture.boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= width, JSON.stringify(box));
    assert.ok((await page.locator(".top").boundingBox()).y === 0, "the bar stays");
    await page.finish();
  });
}

test("nothing jumps while the page loads", async () => {
  const page = await openPage({ viewport: { width: 1440, height: 900 } });
  await page.addInitScript(() => {
    globalThis.shift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) globalThis.shift += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto(server.url);
  await page.waitForSelector("[data-app]");
  await page.locator('[data-editor="codemirror"]').waitFor();
  await page.waitForTimeout(300);
  const shift = await page.evaluate(() => globalThis.shift);
  assert.ok(shift < 0.02, `the layout shifted by ${shift}`);
  await page.finish();
});

describe("it can be read and reached", () => {
  for (const colorScheme of ["light", "dark"]) {
    for (const [width, height] of [[1440, 900], [390, 844]]) {
      test(`${colorScheme}, ${width} pixels`, async () => {
        const page = await openApp({ url: server.url, colorScheme, viewport: { width, height }, bypassCSP: true });
        await pause(page);
        await page.addScriptTag({ path: axe });
        const panels = width < 1100 ? ["manifests", "cluster", "why", "console", "more"] : [""];
        for (const shown of panels) {
          if (shown) await panel(page, shown);
          const { violations } = await page.evaluate(() =>
            globalThis.axe.run(
              // CodeMirror scrolls a box around its text field; the field has the focus and scrolls it.
              { exclude: [[".cm-scroller"]] },
              {
                runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
                // The label of a mark is a sentence: it begins with the name that is drawn, and tells the rest in words.
                rules: { "label-content-name-mismatch": { enabled: false } },
              },
            ),
          );
          const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).slice(0, 3).join(" | ")}`);
          assert.deepEqual(found, [], shown);
        }
        await page.finish();
      });
    }
  }
});

test("menus and dialogs fit on a phone, and close with Escape", async () => {
  const page = await openApp({ url: server.url, viewport: { width: 390, height: 844 } });
  for (const button of ["#speed-button"]) {
    await page.locator(button).click();
    const box = await page.locator(".float").boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 390 && box.y >= 0 && box.y + box.height <= 844, JSON.stringify(box));
    await page.keyboard.press("Escape");
    assert.equal(await page.locator(".float").count(), 0);
    assert.ok(await page.evaluate((s) => document.activeElement?.matches(s), button), "the focus returns");
  }
  await page.finish();
});

test("on a phone a button counts the promises that hold, and opens the list of all", async () => {
  const page = await openApp({ url: server.url, viewport: { width: 390, height: 844 } });
  const button = page.getByRole("button", { name: "3 promises hold" });
  await button.click();
  const dialog = page.getByRole("dialog", { name: "Guarantees" });
  // With the one that nobody gives here.
  assert.equal(await dialog.getByRole("menuitem").count(), 4);
  await dialog.getByRole("menuitem", { name: /^At most one: holding/ }).click();
  assert.equal(await page.getByRole("dialog", { name: "At most one" }).count(), 1);
  await page.keyboard.press("Escape");
  await page.setViewportSize({ width: 820, height: 1180 });
  assert.ok(await page.locator('.say [data-meter="at-most-one"]').isVisible(), "there is room for the names");
  assert.equal(await button.isVisible(), false);
  await page.finish();
});

test("in a low window every pod of the main example is in view, and so is its table", async () => {
  const page = await openApp({ url: server.url, viewport: { width: 1280, height: 720 } });
  const end = await page.locator(".cluster-body").evaluate((body) => body.getBoundingClientRect().bottom);
  for (const mark of ['svg [data-pod="rg-0"]', 'svg [data-pod="rg-1"]', ".facts tbody tr >> nth=0"]) {
    const box = await page.locator(mark).first().boundingBox();
    assert.ok(box.y + box.height <= end, `${mark} ends at ${box.y + box.height}, the panel at ${end}`);
  }
  await page.finish();
});

test("no machine, panel or bracket moves through a scale-up, an update, a lost node and what the console says", async () => {
  const page = await openApp({ url: server.url, viewport: { width: 1440, height: 900 } });
  await pause(page);
  const places = () => page.evaluate(() => {
    const parts = [".say", ".cluster-body", ".facts-head", ".time", ".con", "svg.cluster-picture [data-node][data-state] .node", "svg.cluster-picture .asked"];
    const of = (part) => [...document.querySelectorAll(part)].map((found) => found.getBoundingClientRect());
    // The drawer lies over the timeline; what counts is where the console's line is.
    return Object.fromEntries(parts.map((part) => [part, of(part).map((box) => (part === ".con" ? [Math.round(box.bottom)] : [box.x, box.y, box.width, box.height].map(Math.round)))]));
  });
  await say(page, "kubectl scale sts/rg --replicas=3");
  await run(page, 10);
  const before = await places();
  for (const [line, spans] of [
    ["kubectl set image sts/rg random-generator=k8spatterns/random-generator:2.0", [10, 10, 10]],
    ["cut node-3", [10, 60, 360]],
    ["heal node-3", [10, 60]],
  ]) {
    await say(page, line);
    assert.deepEqual(await places(), before, line);
    for (const span of spans) {
      await run(page, span);
      assert.deepEqual(await places(), before, `${line}, ${span} s later`);
    }
  }
  await page.locator("#console-line").fill("kubectl describe pod rg-0");
  await page.locator("#console-line").press("Enter");
  await page.locator('#drawer-button[aria-expanded="true"]').waitFor();
  assert.deepEqual(await places(), before, "the console opens over the timeline");
  await page.finish();
});

test("every example opens without a complaint", async () => {
  const page = await openApp({ url: server.url, viewport: { width: 1440, height: 900 } });
  for (const name of ["nginx-web.yaml", "my-sts.yaml", "replicaset.yaml", "shared-claim.yaml", "lease.yaml", "pdb.yaml", "large.yaml", "random-generator.yaml"]) {
    await example(page, name);
    await page.locator(".problems[data-errors='0']").waitFor({ state: "attached" });
  }
  await page.finish();
});

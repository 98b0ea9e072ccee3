// Everything that can be shown is shown once, and axe finds nothing against it: light, dark, on a phone, and in the
// colours that a reader forces.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, test } from "node:test";

import { openApp } from "./harness.mjs";
import { serve } from "./served.mjs";
import { drawn, example, panel, pause, pods, run, say, suggestion } from "./steps.mjs";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const server = serve();

const ALL = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
// What colours have a say in. The rest of the page is the same in all of them, and looked through once.
const OF_COLOURS = ["color-contrast", "link-in-text-block"];

async function clean(page, what, rules) {
  await drawn(page);
  const { violations } = await page.evaluate(
    (runOnly) =>
      globalThis.axe.run(
        // CodeMirror scrolls a box around its text field; the field has the focus and scrolls it.
        { exclude: [[".cm-scroller"]] },
        {
          runOnly,
          // The label of a mark is a sentence: it begins with the name that is drawn, and tells the rest in words.
          rules: { "label-content-name-mismatch": { enabled: false } },
        },
      ),
    rules,
  );
  const found = violations.map((v) => `${what}: ${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).slice(0, 3).join(" | ")}`);
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (over > 0) found.push(`${what}: ${over} pixels too wide`);
  return found;
}

/** Every panel, tab, table, menu and dialog, on a day that went badly enough to fill them. Answers what was found. */
async function walk(page, narrow, rules) {
  const show = async (name) => panel(page, name);
  const found = [];
  const check = async (what) => found.push(...(await clean(page, what, rules)));
  const float = async (button, what) => {
    await page.locator(button).click();
    await page.locator(".float").waitFor();
    await check(what);
    await page.keyboard.press("Escape");
  };
  await show("manifests");
  await page.locator('[data-editor="codemirror"]').waitFor();
  await pause(page);
  await page.addScriptTag({ path: axe });
  await check("the editor");
  await page.locator("#new-file").click();
  await page.locator('[data-template="election.yaml"]').waitFor();
  await check("the templates");
  await page.locator('[data-template="election.yaml"]').click();
  await page.locator('[data-file="election.yaml"] [data-editor="codemirror"]').waitFor();
  await float("#diff", "a diff");
  await page.locator("#apply").click();

  await show("why");
  const { node, pod } = await suggestion(page);
  await page.locator("#try-button").click();
  await run(page, 360);
  await say(page, `kubectl delete pod ${pod} --force --grace-period=0`);
  await say(page, "kubectl create -f nothing.yaml");
  await run(page, 10);
  for (const name of ["Pods", "Nodes", "Claims", "Locks", "Budgets"]) {
    await show("cluster");
    await page.locator(`[data-facts="${name}"]`).click();
    await check(`the table of ${name}`);
  }
  const tabs = async (what) => {
    await show("why");
    const ids = await page.locator("#inspector-body").evaluate(() => [...document.querySelectorAll('[role=tab][id^="tab-"]')].map((tab) => tab.id));
    for (const id of ids) {
      await page.locator(`[id="${id}"]`).click();
      await check(`${what}: ${id}`);
    }
  };
  await show("cluster");
  await pods(page, pod, "ghost").click();
  await tabs("a ghost");
  await show("cluster");
  await page.locator('[data-facts="Claims"]').click();
  await page.locator(".facts .row-button").first().click();
  await tabs("a claim");
  await show("cluster");
  await page.locator('[data-facts="Locks"]').click();
  await page.locator(".facts .row-button").first().click();
  await tabs("a lock");
  await page.locator("#dns-name").fill("nobody.rg");
  await page.locator("#dns-ask").click();
  await check("an answer");
  await float("#verbs-button", "the verbs of a lock");

  await show("cluster");
  await float("#speed-button", "the speeds");
  await page.locator('[data-meter="at-most-one"]').first().click();
  await check("a guarantee");
  await page.keyboard.press("Escape");
  await page.locator(`svg [data-node="${node}"]`).first().press("Shift+F10");
  await check("the verbs of a node");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await check("the palette");
  await page.keyboard.press("Escape");
  if (narrow) {
    await show("console");
    await check("the console");
    await show("more");
    await check("more");
    await float("#view-button", "what the pictures show");
  } else {
    await float("#view-button", "what the pictures show");
    await float("#share-button", "sharing");
    await float("#help-button", "help");
    await float("#examples-button", "the examples");
  }
  await page.locator("#compare-button").click();
  await page.locator('.compare-sides[data-compared="true"]').waitFor();
  await check("two courses");
  await page.keyboard.press("Escape");
  if (narrow) return found;
  await example(page, "pdb.yaml");
  await pause(page);
  await page.locator('[data-facts="Budgets"]').click();
  await page.locator(".facts .row-button").first().click();
  await check("a budget");
  return found;
}

describe("axe finds nothing", () => {
  const wide = { width: 1440, height: 900 };
  const phone = { width: 390, height: 844 };
  const looks = {
    "light, wide": { viewport: wide, colorScheme: "light" },
    "dark, wide": { viewport: wide, colorScheme: "dark" },
    "light, 390 pixels": { viewport: phone, colorScheme: "light" },
    "dark, 390 pixels": { viewport: phone, colorScheme: "dark" },
    "forced colours, wide": { viewport: wide, forcedColors: "active", colorScheme: "dark" },
    "forced colours, 390 pixels": { viewport: phone, forcedColors: "active", colorScheme: "dark" },
  };
  for (const [name, look] of Object.entries(looks)) {
    test(name, async () => {
      const page = await openApp({ url: server.url, bypassCSP: true, ...look });
      const rules = look.colorScheme === "light" ? ALL : OF_COLOURS;
      assert.deepEqual(await walk(page, look.viewport.width < 1100, rules), []);
      await page.finish();
    });
  }
});

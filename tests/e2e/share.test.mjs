// What a run can be taken along as: a link, a picture, part of a page, a transcript, a file.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";

import { openApp, shutDown, startServer } from "./harness.mjs";
import { drawn, includes, pause, say } from "./steps.mjs";

let server;
before(async () => (server = await startServer()));
after(async () => {
  await shutDown();
  await server?.close();
});

const form = (page, word) => page.locator(`.share [data-form="${word}"]`);

/** What a button saves: the name of the file and its bytes. */
async function saved(page, button) {
  const coming = page.waitForEvent("download");
  await page.locator(button).click();
  const download = await coming;
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

/** Opens the dialog in a run that has something to tell. */
async function opened(options = {}) {
  const page = await openApp({ url: server.url, acceptDownloads: true, ...options });
  await pause(page);
  await say(page, "cut node-0");
  await say(page, "run 60s");
  await page.waitForFunction(() => document.querySelector("#play").getAttribute("aria-label").startsWith("Play"));
  return page;
}

describe("Share", () => {
  test("gives the picture of the moment, as SVG and as PNG, in light and in dark", async () => {
    const page = await opened();
    await page.locator("#share-button").click();
    await form(page, "Picture").click();
    await page.locator(".share .shot").evaluate((shot) => shot.decode());
    const light = await saved(page, "#save-svg");
    assert.match(light.name, /^petri-1-\d\d-\d\.svg$/);
    includes(light.bytes.toString(), "node-0 is cut off");
    includes(light.bytes.toString(), "fill:#ffffff");
    assert.ok(!light.bytes.includes("prefers-color-scheme"), "it is light whatever the system is");
    const png = await saved(page, "#save-png");
    assert.deepEqual([...png.bytes.subarray(1, 4)], [..."PNG"].map((letter) => letter.charCodeAt(0)));
    const width = png.bytes.readUInt32BE(16);
    const natural = await page.locator(".share .shot").evaluate((shot) => shot.naturalWidth);
    assert.equal(width, 2 * natural);
    includes(await page.locator('.share [role="status"]').innerText(), "Picture saved");
    await form(page, "Dark").click();
    includes((await saved(page, "#save-svg")).bytes.toString(), ".frame{fill:#101413");
    await form(page, "Both").click();
    includes((await saved(page, "#save-svg")).bytes.toString(), "prefers-color-scheme:dark");
    assert.ok(await page.locator("#save-png").isDisabled());
    await page.finish();
  });

  test("gives a transcript that repeats the run", async () => {
    const page = await opened();
    await page.locator("#share-button").click();
    await form(page, "Transcript").click();
    const text = await page.locator("#share-transcript").inputValue();
    for (const part of ["<!-- scenario: standard, seed: ", "```yaml manifest random-generator.yaml", "$ kubectl apply -f random-generator.yaml", "$ cut node-0", "$ kubectl get pods -o wide\nNAME "]) {
      includes(text, part);
    }
    const { name, bytes } = await saved(page, "#save-transcript");
    assert.ok(name.endsWith(".md") && bytes.toString() === text, name);
    await page.finish();
  });

  test("works by keyboard alone", async () => {
    const page = await opened();
    await page.locator("#share-button").focus();
    await page.keyboard.press("Enter");
    await page.locator("#share-link").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), "copy-link");
    const reached = new Set();
    for (let step = 0; step < 20; step++) {
      await page.keyboard.press("Tab");
      reached.add(await page.evaluate(() => document.activeElement.dataset.form ?? document.activeElement.id));
    }
    for (const word of ["Link", "Picture", "Embed", "Transcript", "File", "share-link", "copy-link"]) assert.ok(reached.has(word), `${word}: ${[...reached]}`);
    await form(page, "File").focus();
    await page.keyboard.press("Space");
    await page.locator("#share-json").waitFor();
    await page.keyboard.press("Escape");
    await drawn(page);
    assert.equal(await page.locator(".share").count(), 0);
    assert.equal(await page.evaluate(() => document.activeElement.id), "share-button");
    await page.finish();
  });

  test("fits a phone, and all of it can be pressed there", async () => {
    const page = await opened({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    await page.locator('[data-dock="dns"], [data-dock="more"]').first().click();
    await page.locator(".more .btn", { hasText: "Share" }).click();
    for (const word of ["Link", "Picture", "Embed", "Transcript", "File"]) {
      await form(page, word).click();
      await drawn(page);
      const small = await page.locator(".share").evaluate((box) => {
        const { left, right } = box.getBoundingClientRect();
        const bad = [];
        for (const element of box.querySelectorAll("button, input")) {
          const own = element.getBoundingClientRect();
          if (own.height < 44 || own.left < left || own.right > right + 0.5 || element.scrollWidth > element.clientWidth + 1 && element.tagName === "BUTTON") {
            bad.push(`${element.id || element.textContent}: ${own.width} x ${own.height}`);
          }
        }
        return bad;
      });
      assert.deepEqual(small, [], word);
    }
    await page.finish();
  });
});

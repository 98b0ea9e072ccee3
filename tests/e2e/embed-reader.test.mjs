// What embeds owe to who reads the page around them: it does not move, and does not catch the wheel or the keys.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { FENCE, SHORT, clock, clusters, drawn, fenced, frameOf, inside, movedByHeight, pair, protocol, start, watchPlaces } from "./embed.mjs";
import { shutDown } from "./harness.mjs";

after(shutDown);

test("E4: nothing moves, but for the height that was announced, at three widths", async (t) => {
  const at = async (width) => {
    const viewport = { width, height: 900 };
    const { page } = await pair(t, fenced(SHORT) + "<p>Between.</p>" + fenced(FENCE), { viewport, init: watchPlaces });
    await clusters(page).nth(1).getByRole("button").waitFor();
    await page.waitForTimeout(300);
    const before = await page.evaluate(() => globalThis.places);
    assert.equal(before.length, 1, `${width}: it stands as it came`);
    await start(page);
    await drawn(page);
    await page.waitForTimeout(2000);
    const places = await page.evaluate(() => globalThis.places);
    movedByHeight(places, ["P", "PRE", "CODE", "after"], `${width}`);
    await page.finish();
  };
  await Promise.all([320, 768, 1280].map(at));
});

test("E6: the wheel and the finger move the page, until the reader goes into the frame", async (t) => {
  const body = `<petri-cluster height="300"><pre>${FENCE}</pre></petri-cluster>${"<p>More.</p>".repeat(80)}`;
  const { page } = await pair(t, body, { hasTouch: true });
  await start(page);
  await drawn(page);
  const scrolled = () => page.evaluate(() => Math.round(scrollY));
  const room = frameOf(page).locator(".cluster-body");
  const within = () => room.evaluate((element) => element.scrollTop);
  assert.ok(await room.evaluate((element) => element.scrollHeight > element.clientHeight + 50), "there is something to scroll in the frame");
  const { x, y } = await clusters(page).boundingBox();
  await page.mouse.move(x + 300, y + 140);
  await page.mouse.wheel(0, 60);
  await page.waitForFunction(() => scrollY === 60, null, { timeout: 2000 });
  const browser = await protocol(page);
  const finger = (type, ...touchPoints) => browser.send("Input.dispatchTouchEvent", { type, touchPoints });
  for (const below of [20, 140, 280]) {
    // The bar, the picture, the timeline.
    const from = { x: x + 300, y: y + below - (await scrolled()) };
    const before = await scrolled();
    await finger("touchStart", from);
    for (let step = 1; step <= 5; step += 1) await finger("touchMove", { x: from.x, y: from.y - 8 * step });
    // A finger that rests before it goes leaves nothing that scrolls on.
    await page.waitForTimeout(150);
    await finger("touchEnd");
    await page.waitForFunction((before) => scrollY > before, before, { timeout: 2000 });
  }
  assert.equal(await within(), 0);

  await page.evaluate(() => scrollTo(0, 0));
  await frameOf(page).locator(".cluster-body").focus();
  await frameOf(page).locator(":root[data-active]").waitFor();
  await page.mouse.move(x + 300, y + 140);
  await page.mouse.wheel(0, 40);
  await inside(page).waitForFunction(() => document.querySelector(".cluster-body").scrollTop > 0, null, { timeout: 2000 });
  assert.equal(await scrolled(), 0);
  await page.finish();
});

/** Notes which listeners for keys there are in the page around. */
function watchListeners() {
  if (self !== top) return;
  const { addEventListener } = EventTarget.prototype;
  globalThis.keyListeners = [];
  EventTarget.prototype.addEventListener = function (type, ...rest) {
    if (/^(key|wheel|touch|pointer)/.test(type)) globalThis.keyListeners.push(type);
    return addEventListener.call(this, type, ...rest);
  };
}

test("E7: one stop of Tab before, at most twelve while it runs, and no key of the page is heard", async (t) => {
  const body = `<a id="first" href="#first">First.</a>${fenced(SHORT)}<p><a id="last" href="#last">Last.</a></p>`;
  const { page } = await pair(t, body, { init: watchListeners });
  const focus = () => page.evaluate(() => document.activeElement.id || document.activeElement.tagName);
  await clusters(page).getByRole("button").waitFor();
  await page.locator("#first").focus();
  await page.keyboard.press("Tab");
  assert.equal(await focus(), "PETRI-CLUSTER");
  await page.keyboard.press("Tab");
  assert.equal(await focus(), "last", "one stop");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await drawn(page);

  const before = await clock(page);
  for (const key of ["?", ".", ",", "s", "/", "ArrowRight"]) await page.keyboard.press(key);
  assert.equal(await clock(page), before, "keys of the page move no time");
  assert.equal(await frameOf(page).locator("[role=dialog]").count(), 0);
  assert.deepEqual(await page.evaluate(() => globalThis.keyListeners), []);

  let stops = 0;
  for (; (await focus()) !== "last" && stops <= 12; stops += 1) await page.keyboard.press("Tab");
  assert.ok(stops <= 12, `${stops} stops`);
  assert.ok(stops > 4, "and the cluster can be reached");
  await page.finish();
});

test("E17: in a closed tab, closed details or not displayed it keeps its run, and has its size when it is shown", async (t) => {
  const body = `<details open><summary>Details</summary>${fenced(SHORT)}</details><section id="tab" hidden>${fenced(SHORT)}</section>`;
  const { page } = await pair(t, body);
  await start(page);
  await drawn(page);
  const [frame] = page.frames().slice(1);
  await frame.evaluate(() => (globalThis.mark = "the same document"));
  await page.evaluate(() => (document.querySelector("details").open = false));
  // A tab that was never shown: a script starts what is in it.
  await page.evaluate(() => document.querySelectorAll("petri-cluster")[1].start());
  await page.setViewportSize({ width: 600, height: 900 });
  await page.waitForTimeout(200);
  await page.evaluate(() => {
    document.querySelector("details").open = true;
    document.querySelector("#tab").hidden = false;
  });
  await drawn(page, 1);
  assert.equal(await frame.evaluate(() => globalThis.mark), "the same document");
  for (const nth of [0, 1]) {
    const { width, height } = await clusters(page).nth(nth).locator("iframe").boundingBox();
    const app = frameOf(page, nth).locator(".app");
    const fits = async () => {
      const own = await app.evaluate((element) => [element.clientWidth, element.clientHeight]);
      const [picture, room] = await frameOf(page, nth).locator(".picture").evaluate((element) => [element.scrollWidth, element.clientWidth]);
      return own[0] === Math.round(width) && own[1] === Math.round(height) && picture <= room;
    };
    for (let tries = 0; !(await fits()) && tries < 20; tries += 1) await page.waitForTimeout(100);
    assert.ok(await fits(), `${nth ? "the tab" : "details"}: ${await app.evaluate((element) => element.clientWidth)} of ${width}`);
  }
  await page.finish();
});

test("the way to the whole page is in sight, however narrow the column is", async (t) => {
  for (const width of [320, 360, 390, 460]) {
    const { page } = await pair(t, fenced("lease"), { viewport: { width, height: 800 } });
    await start(page);
    await drawn(page);
    const [right, all] = await frameOf(page).locator("#open-in-petri").evaluate((link) => [link.getBoundingClientRect().right, innerWidth]);
    assert.ok(right <= all, `at ${width} px it ends at ${right} of ${all}`);
    await page.finish();
  }
});

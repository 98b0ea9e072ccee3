// Embeds that nobody touches: nothing moves, and what nobody looks at costs nothing. All of it at once, for it is mostly
// waited: a minute.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { SHORT, clock, clusters, drawn, fenced, frameOf, inside, pair, start, watchPlaces } from "./embed.mjs";
import { shutDown } from "./harness.mjs";

after(shutDown);

/** Counts what a frame lets the browser call, and what is still to come. */
function watchCalls() {
  const busy = (globalThis.busy = { calls: 0, pending: new Set() });
  const counted = (name, cancel) => {
    const [ask, end] = [globalThis[name].bind(globalThis), globalThis[cancel].bind(globalThis)];
    globalThis[name] = (callback, ...rest) => {
      const id = ask((...given) => {
        busy.calls += 1;
        if (name !== "setInterval") busy.pending.delete(`${name} ${id}`);
        callback(...given);
      }, ...rest);
      busy.pending.add(`${name} ${id}`);
      return id;
    };
    globalThis[cancel] = (id) => {
      busy.pending.delete(`${name} ${id}`);
      end(id);
    };
  };
  counted("setTimeout", "clearTimeout");
  counted("setInterval", "clearInterval");
  counted("requestAnimationFrame", "cancelAnimationFrame");
}

describe("left alone", { concurrency: true }, () => {
  test("E4: for a minute nothing moves, whether it waits, plays or is parked", async (t) => {
    const init = watchPlaces;
    // In view at once, and high enough for four.
    const viewport = { width: 900, height: 2400 };
    const waits = fenced(SHORT);
    const plays = fenced(`# petri: autoplay speed=10 height=240\n${SHORT}`);
    const { page } = await pair(t, plays.repeat(3) + waits, { viewport, init, reducedMotion: "no-preference" });
    for (const nth of [0, 1, 2]) {
      await start(page, nth);
      await drawn(page, nth);
    }
    await clusters(page).nth(0).getByRole("button", { name: /Go on/ }).waitFor();
    assert.equal(await clusters(page).nth(3).getByRole("button", { name: /Start/ }).count(), 1);
    const [before, from] = [await page.evaluate(() => globalThis.places.length), await clock(page, 2)];
    await page.evaluate(() => {
      globalThis.shifts = 0;
      new PerformanceObserver((list) => (globalThis.shifts += list.getEntries().length)).observe({ type: "layout-shift" });
    });
    await page.waitForTimeout(60_000);
    assert.equal(await page.evaluate(() => globalThis.places.length), before, "each frame is as the one before");
    assert.equal(await page.evaluate(() => globalThis.shifts), 0, "and the browser says so as well");
    assert.ok((await clock(page, 2)) > from + 60e6, "and it has played meanwhile");
    await page.finish();
  });

  // On one origin browsers do not rein frames in by themselves.
  for (const [together, where] of [[true, "on the page's own origin"], [false, "on another origin"]]) {
    test(`E9: paused, out of sight or hidden for 10 s it asks for no timer and no frame, ${where}`, async (t) => {
      await rests(t, together);
    });
  }
});

/** The whole of E9, with Petri and the page on one origin (`together`) or on two. */
async function rests(t, together) {
  const body = fenced(`# petri: autoplay speed=10\n${SHORT}`) + "<p>More.</p>".repeat(90);
  const { page } = await pair(t, body, { init: watchCalls, together, reducedMotion: "no-preference" });
  await start(page);
  await drawn(page);
  const frame = inside(page);
  const calls = () => frame.evaluate(() => globalThis.busy.calls);
  const first = await calls();
  // Asked from here: who waits inside of the frame asks it for timers.
  const until = async (holds, why) => {
    for (let tries = 0; !(await holds()); tries += 1) {
      if (tries > 30) assert.fail(typeof why === "string" ? why : await why());
      await page.waitForTimeout(100);
    }
  };
  const plays = async () => {
    const from = await clock(page);
    await until(async () => (await clock(page)) > from, "time goes on");
  };
  await plays();
  assert.ok((await calls()) > first, "while it plays it asks for frames");
  assert.match(await frameOf(page).locator("#speed-button").innerText(), /10×/);

  // The frame of another origin, out of sight, is itself not told so by Chromium: a picture that it has asked for is held
  // back until somebody sees it, and is no work meanwhile. A timer would be.
  const pending = () => frame.evaluate((all) => [...globalThis.busy.pending].filter((what) => all || !what.startsWith("request")).join(", "), together);
  /** Nothing is left to be called, and for ten seconds nothing is called. */
  const stands = async (why) => {
    await until(async () => (await pending()) === "", async () => `${why}: ${await pending()} is to come`);
    const before = await calls();
    await page.waitForTimeout(10_000);
    // The picture that was held back may come when somebody looks another way.
    const heldBack = together ? 0 : 2;
    assert.equal(await pending(), "", why);
    assert.ok((await calls()) - before <= heldBack, `${why}: ${(await calls()) - before} calls in ten seconds`);
  };
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await stands("out of sight");
  const unseen = await clock(page);
  await page.evaluate(() => scrollTo(0, 0));
  await plays();
  assert.ok((await clock(page)) - unseen < 60e6, "no time has passed that nobody saw");
  await page.evaluate(() => (document.querySelector("petri-cluster").hidden = true));
  await stands("hidden");
  await page.evaluate(() => (document.querySelector("petri-cluster").hidden = false));
  await plays();
  await frameOf(page).locator("#play").click();
  await stands("paused");
  await page.finish();
}

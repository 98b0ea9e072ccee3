// What a person does on the page, as steps that tests are told in.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";

/** The simulated time in seconds since the start. */
export async function seconds(page) {
  await drawn(page);
  return Number(await page.locator(".clock").getAttribute("data-micros")) / 1e6;
}

/** Waits until what was done is drawn. */
export async function drawn(page) {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/**
 * Stops the clock, and waits until it stands: frames that are on their way still move it. A run may reach its end between
 * a look at the button and the press, which then starts the clock: that is looked for, and pressed once more.
 */
export async function pause(page) {
  await page.waitForFunction(
    () => {
      const button = document.querySelector("#play");
      const plays = button.getAttribute("aria-label").startsWith("Pause");
      if (plays) button.click();
      return !plays;
    },
    null,
    { polling: 100 },
  );
  await drawn(page);
}

/** Jumps ahead with the speed menu, and waits until the time has passed. */
export async function run(page, span) {
  await pause(page);
  const before = await seconds(page);
  await page.locator("#speed-button").click();
  await page.locator(`[data-run="${span}"]`).click();
  await page.waitForFunction(
    (end) => Number(document.querySelector(".clock").dataset.micros) / 1e6 >= end - 0.001,
    before + span,
  );
}

/** Shows a panel: on a narrow screen its tab is pressed, on a wide one it is there. */
export async function panel(page, name) {
  const tab = page.locator(`[data-dock="${name}"]`);
  if ((await tab.count()) > 0) await tab.click();
}

/**
 * Says a line in the console, and answers what the console then shows. What opened over the timeline is folded again, as
 * who goes on with the mouse does.
 */
export async function say(page, line) {
  await panel(page, "console");
  await page.locator("#console-line").fill(line);
  await page.locator("#console-line").press("Enter");
  const shown = await page.locator(".term").innerText();
  if ((await page.locator('#drawer-button[aria-expanded="true"]').count()) > 0) await page.locator("#console-line").press("Escape");
  return shown;
}

/**
 * Says a line that is played by frames, and waits for what its answer ends with: after a long run a frame may come late.
 * The console may hold an older answer of the same kind, so the text is looked for below the line that was said.
 */
export async function answered(page, line, pattern) {
  const before = (await page.locator(".term").innerText()).length;
  await say(page, line);
  const [source, flags] = [pattern.source, pattern.flags];
  const said = await page.waitForFunction(
    ([from, source, flags]) => new RegExp(source, flags).exec(document.querySelector(".term").innerText.slice(from)),
    [before, source, flags],
  );
  return said.jsonValue();
}

/** Asks for an example, which has to be fetched unless somebody has done so before. */
export async function choose(page, name) {
  await page.locator("#examples-button").click();
  await page.locator(`[data-example="${name}"]`).click();
}

/** Waits until an example is what the page shows. */
export async function shown(page, name) {
  await page.locator(`[data-shown="${name}"]`).waitFor({ state: "attached" });
}

export async function example(page, name) {
  await choose(page, name);
  await shown(page, name);
}

/** Whether others want the processor as well: then what the clock says is not about the page. */
export function isBusy() {
  return loadavg()[0] > 1.5 * availableParallelism();
}

/** The longest tasks of the page's main thread while something happens, in milliseconds of processor time and of the clock. */
export async function tasks(page, happens) {
  const session = await page.context().newCDPSession(page);
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  const traceConfig = { includedCategories: ["toplevel", "devtools.timeline"] };
  await session.send("Tracing.start", { transferMode: "ReportEvents", traceConfig });
  await happens();
  const complete = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
  await session.send("Tracing.end");
  await complete;
  await session.detach();
  const thread = (event) => `${event.pid}:${event.tid}`;
  const frames = events.filter((event) => event.name === "FireAnimationFrame").map(thread);
  const most = [...new Set(frames)].sort((a, b) => frames.filter((f) => f === b).length - frames.filter((f) => f === a).length);
  const own = events.filter((event) => event.ph === "X" && /RunTask$/.test(event.name) && thread(event) === most[0] && event.tdur);
  assert.ok(own.length > 50, "the trace holds the page's tasks");
  const longest = (of) => Math.max(...own.map((event) => (of(event) ?? 0) / 1000));
  return { processor: longest((event) => event.tdur), clock: longest((event) => event.dur) };
}

/** The manifests of one of the engine's own transcripts. */
export async function manifests(transcript) {
  const text = await readFile(new URL(`../transcripts/${transcript}.md`, import.meta.url), "utf8");
  return [...text.matchAll(/```yaml manifest[^\n]*\n(.*?)```/gs)].map((block) => block[1]).join("---\n");
}

export const pods = (page, name, state) =>
  page.locator(`svg [data-pod="${name}"]${state ? `[data-state="${state}"]` : ""}`);

/** How a guarantee stands: holding, at-risk, broken. */
export async function standing(page, meter) {
  await drawn(page);
  return page.locator(`[data-meter="${meter}"]`).getAttribute("data-standing");
}

/** The node that the first visit suggests to cut, and the pod on it. */
export async function suggestion(page) {
  const label = await page.locator("#try-button").innerText();
  const text = await page.locator(".try").innerText();
  return { node: /Cut (\S+) off/.exec(label)[1], pod: /Its pod (\S+) runs/.exec(text)[1] };
}

/** Replaces the text of the open file, as a paste does. */
export async function paste(page, text) {
  const mirror = page.locator('[data-editor="codemirror"] .cm-content');
  await mirror.waitFor();
  await mirror.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Delete");
  await mirror.evaluate((element, pasted) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", pasted);
    element.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, text);
}

/** The recording of the run, as the open Share dialog has it. */
export async function recorded(page) {
  await page.locator('.share [data-form="File"]').click();
  return page.locator("#share-json").inputValue();
}

/** The cluster as text: what must not change when something is refused. */
export async function cluster(page) {
  return page.locator(".facts").innerText();
}

export function includes(text, part) {
  assert.ok(text.includes(part), `expected ${JSON.stringify(part)} in:\n${text}`);
}

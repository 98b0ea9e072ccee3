// Watches a first visit to a page whose WebAssembly counts what runs, and prints the functions that did.
//
// node first-visit.mjs <folder of the page>
//
// Nobody does anything here: the page opens, draws itself and plays, on a wide and on a narrow screen, in light and in
// dark, and a pointer crosses it. Then it is loaded again, when the editor arrives sooner than the first picture. `cargo xtask build` splits the WebAssembly by the answer; the rest is fetched while
// the pointer is on its way.

import { openPage, shutDown, startServer } from "./harness.mjs";

const visits = [
  { viewport: { width: 1440, height: 900 }, colorScheme: "light", reducedMotion: "no-preference" },
  { viewport: { width: 390, height: 844 }, colorScheme: "dark" },
  // A slow machine takes ways that a fast one never does: frames that come late, parts that arrive in another order.
  { viewport: { width: 390, height: 844 }, reducedMotion: "no-preference", slower: 6 },
];

const server = await startServer({ dist: process.argv[2] });
const ran = new Set();
async function collect(page) {
  const found = await page.evaluate(() =>
    Object.entries(globalThis.petriExports)
      .filter(([name, counter]) => name.startsWith("~.ran") && counter.value !== 0)
      .map(([name]) => name.slice("~.ran".length)),
  );
  for (const index of found) ran.add(index);
}
for (const visit of visits) {
  const { slower = 1, ...options } = visit;
  const page = await openPage(options);
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: slower });
  await page.goto(server.url);
  await page.waitForSelector("[data-app]");
  await page.waitForTimeout(6_000);
  const { width, height } = visit.viewport;
  for (const y of [0.05, 0.3, 0.5, 0.7, 0.95]) await page.mouse.move(width * (1 - y), height * y, { steps: 12 });
  await page.keyboard.press("Tab");
  await page.waitForTimeout(100);
  await collect(page);
  await page.reload();
  await page.waitForSelector("[data-app]");
  await page.waitForTimeout(2_500);
  await collect(page);
  await page.finish();
}
await server.close();
await shutDown();
if (ran.size === 0) throw new Error("the page counted nothing: was it built with counters?");
console.log([...ran].join(" "));

// Watches first visits to a page whose WebAssembly marks where control comes, and prints the marks: four in each
// hexadecimal digit, the lowest first.
//
// node first-visit.mjs <folder of the page>
//
// Nobody does anything here: the page opens, draws itself and plays, on screens of several sizes, in light and in dark,
// and a pointer crosses it. Then it is loaded again, when the editor arrives sooner than the first picture. `cargo xtask
// build` splits the WebAssembly by the answer; the rest is fetched while the pointer is on its way.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openPage, shutDown, startServer } from "./harness.mjs";

// The first one lasts until the page fetches the rest by itself.
const visits = [
  { viewport: { width: 1440, height: 900 }, colorScheme: "light", reducedMotion: "no-preference", seconds: 24 },
  { viewport: { width: 1920, height: 1080 }, colorScheme: "dark", reducedMotion: "no-preference" },
  { viewport: { width: 1280, height: 720 }, colorScheme: "light", reducedMotion: "no-preference" },
  // High enough for columns, and not wide enough for all of them.
  { viewport: { width: 1280, height: 800 }, colorScheme: "light", reducedMotion: "reduce" },
  { viewport: { width: 820, height: 1180 }, colorScheme: "light", reducedMotion: "no-preference" },
  { viewport: { width: 390, height: 844 }, colorScheme: "dark", reducedMotion: "no-preference" },
  { viewport: { width: 320, height: 640 }, colorScheme: "light", reducedMotion: "reduce" },
  // A slow machine takes ways that a fast one never does: frames that come late, parts that arrive in another order.
  { viewport: { width: 390, height: 844 }, reducedMotion: "no-preference", slower: 6 },
];

// Where the picture breaks its rows depends on the width, and how high they are on the height.
for (const width of [2560, 1536, 1366, 1180, 1024, 900, 768, 600, 430, 360]) {
  // Where machines are narrow, words about them give way as the seconds get more digits.
  const seconds = width === 1180 ? 12 : 1;
  for (const height of [680, 860]) visits.push({ viewport: { width, height }, seconds, again: height > 800 });
}

// A visit mostly waits, so several browsers share them out. Each of them has one page after the other: a page that lies
// behind another one draws nothing.
const BROWSERS = 2;

let came = [];

const merge = (digits) => (came = digits.map((digit, at) => digit | (came[at] ?? 0)));

async function collect(page) {
  const marks = await page.evaluate(() => {
    const bytes = new Uint8Array(globalThis.petriExports["~.marks"].buffer);
    const digits = [];
    for (let at = 0; at < bytes.length; at += 4) {
      digits.push(bytes[at] | (bytes[at + 1] << 1) | (bytes[at + 2] << 2) | (bytes[at + 3] << 3));
    }
    return digits;
  });
  merge(marks);
}

async function watch(url, { seconds = 4, slower = 1, again = true, ...options }) {
  const page = await openPage(options);
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: slower });
  await page.goto(url);
  await page.waitForSelector("[data-app]");
  await page.waitForTimeout(seconds * 1000);
  const { width, height } = options.viewport;
  for (const y of [0.05, 0.3, 0.5, 0.7, 0.95]) await page.mouse.move(width * (1 - y), height * y, { steps: 12 });
  await page.keyboard.press("Tab");
  await page.waitForTimeout(100);
  await collect(page);
  if (again) {
    await page.reload();
    await page.waitForSelector("[data-app]");
    await page.waitForTimeout(Math.min(seconds, 2) * 1000);
    await collect(page);
  }
  await page.finish();
}

/** The visits of one browser: every so many-th. */
async function visitAll(dist, share) {
  const server = await startServer({ dist });
  for (const [at, visit] of visits.entries()) if (at % BROWSERS === share) await watch(server.url, visit);
  await server.close();
  await shutDown();
}

const [dist, share] = process.argv.slice(2);
if (share !== undefined) {
  await visitAll(dist, Number(share));
} else {
  const run = promisify(execFile);
  const own = fileURLToPath(import.meta.url);
  const browser = (at) => run(process.execPath, [own, dist, String(at)], { maxBuffer: Infinity });
  const shares = await Promise.all(Array.from({ length: BROWSERS }, (_, at) => browser(at)));
  for (const { stdout, stderr } of shares) {
    process.stderr.write(stderr);
    merge([...stdout.trim()].map((digit) => Number.parseInt(digit, 16)));
  }
}
if (!came.some((digit) => digit !== 0)) throw new Error("no mark was set: was the page built with marks?");
console.log(came.map((digit) => digit.toString(16)).join(""));

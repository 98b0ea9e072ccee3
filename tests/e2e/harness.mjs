// What the end-to-end tests stand on: a static host with the habits of real ones, a browser, and pages that report
// every error they meet.

import { createReadStream } from "node:fs";
import { access, mkdir, readFile, readdir, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { delimiter, extname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";
import { chromium } from "playwright-core";

/** The page. Who tests another one than `dist/` says where it is. */
export const DIST = process.env.PETRI_DIST || fileURLToPath(new URL("../../dist/", import.meta.url));
export const OUTPUT = fileURLToPath(new URL("./output/", import.meta.url));

/** The strictest policy that the page promises to work under. */
export const STRICT_CSP = "script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'";

export const BROWSER_FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--disable-quic",
];

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".json": "application/json",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
};

/**
 * Serves a folder under `prefix`, on a port of its own choice.
 *
 * - `dist`: the folder.
 * - `prefix`: the sub-path, with a slash at both ends. Whatever is asked for outside of it is not found.
 * - `csp`: a Content-Security-Policy for every answer; none if empty.
 * - `wasmType`: the Content-Type of .wasm files, for hosts that get it wrong.
 * - `compress`: whether text and WebAssembly come compressed, as a host that is meant for people sends them. Costs
 *   seconds for each server, so only who measures asks for it.
 * - `keep`: whether browsers may keep what they have fetched.
 * - `cors`: whether other origins may fetch from here, as frames without an origin of their own must.
 * - `pages`: more answers, from a path (absolute, so also outside of the prefix) to HTML or `{ type, body }`.
 *
 * Answers `{ url, origin, requests, close }`: the address of the folder, the server's own, and what was asked for.
 */
export async function startServer({ dist = DIST, prefix = "/", csp = "", wasmType = TYPES[".wasm"], compress = false, keep = false, cors = false, pages = {} } = {}) {
  await access(dist);
  const compressed = new Map();
  const requests = [];
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://host").pathname);
    requests.push(path);
    if (csp) response.setHeader("Content-Security-Policy", csp);
    if (cors) response.setHeader("Access-Control-Allow-Origin", "*");
    const page = pages[path];
    if (page !== undefined) {
      const { type = TYPES[".html"], body } = typeof page === "string" ? { body: page } : page;
      response.writeHead(200, { "Content-Type": type }).end(body);
      return;
    }
    const file = path.startsWith(prefix) ? await fileAt(dist, path.slice(prefix.length)) : null;
    if (!file) {
      response.writeHead(404, { "Content-Type": "text/plain" }).end("not found");
      return;
    }
    const extension = extname(file);
    const type = extension === ".wasm" ? wasmType : (TYPES[extension] ?? "application/octet-stream");
    if (compress && extension !== ".png" && /\bbr\b/.test(request.headers["accept-encoding"] ?? "")) {
      if (!compressed.has(file)) compressed.set(file, brotli(await readFile(file)));
      const body = await compressed.get(file);
      const headers = { "Content-Type": type, "Content-Encoding": "br", "Content-Length": body.length };
      // Names change with their content, but for the index.
      const cached = extension === ".html" ? "no-cache" : "max-age=31536000, immutable";
      response.writeHead(200, { ...headers, Vary: "Accept-Encoding", "Cache-Control": cached }).end(body);
      return;
    }
    response.writeHead(200, { "Content-Type": type, "Cache-Control": keep ? "max-age=3600" : "no-store" });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    url: origin + prefix,
    requests,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Whether the page's WebAssembly comes in parts; with `build --whole` it does not. */
export async function inParts(dist = DIST) {
  return (await readFile(join(dist, "index.html"), "utf8")).includes("data-second=");
}

/** Has a server that compresses do so with the whole page before it is asked for: that is its work, not the page's. */
export async function compressed({ url }, dist = DIST) {
  const names = (await readdir(dist)).filter((name) => /\.(html|js|css|svg|wasm)$/.test(name));
  await Promise.all(names.map(async (name) => (await fetch(url + name, { headers: { "Accept-Encoding": "br" } })).arrayBuffer()));
}

/** As a host does that compresses its files once and serves them many times. */
function brotli(content) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  return promisify(brotliCompress)(content, { params });
}

async function fileAt(dist, inside) {
  const root = normalize(dist.endsWith(sep) ? dist : dist + sep);
  const path = normalize(join(root, inside === "" || inside.endsWith("/") ? `${inside}index.html` : inside));
  if (!path.startsWith(root)) return null;
  const found = await stat(path).catch(() => null);
  return found?.isFile() ? path : null;
}

/** What Playwright says where it keeps service workers away. */
const BLOCKED = /Service Worker registration blocked by Playwright/;

let running = null;

/** The browser: one per test file, started when it is first needed. Close it with `shutDown`. */
export function launch() {
  // Whoever asks while it starts gets the same one.
  running ??= chromePath().then((executablePath) => chromium.launch({ executablePath, args: BROWSER_FLAGS, chromiumSandbox: false }));
  return running;
}

/** Closes the browser; call it `after` all tests of a file. */
export async function shutDown() {
  const browser = await running;
  running = null;
  await browser?.close();
}

/** The browser to drive. */
export async function chromePath() {
  if (process.env.CHROME) return process.env.CHROME;
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of names) {
      const path = join(folder, name);
      if (await access(path).then(() => true, () => false)) return path;
    }
  }
  throw new Error("no Chromium was found: set CHROME to its program, or run `cargo xtask test`");
}

/**
 * Opens a page in a context of its own and records what goes wrong in it.
 *
 * Answers Playwright's page with three more members:
 * - `page.problems`: console errors and warnings, uncaught exceptions and failed requests so far.
 * - `page.expectNoProblems()`: throws if there are any.
 * - `page.finish()`: `expectNoProblems`, then closes the page. The usual end of a test.
 *
 * `allow` is a list of patterns of problems that belong to the test. A service worker answers requests that a test means
 * to watch or to refuse, so there is none unless a test asks for it: `serviceWorkers: "allow"`.
 */
export async function openPage({
  url,
  viewport = { width: 1280, height: 800 },
  colorScheme = "light",
  allow = [],
  reducedMotion = "reduce",
  serviceWorkers = "block",
  ...context
} = {}) {
  const browser = await launch();
  const own = await browser.newContext({ viewport, colorScheme, reducedMotion, serviceWorkers, ...context });
  const page = await own.newPage();
  page.setDefaultTimeout(30_000);
  page.problems = [];
  const report = (text) => {
    if (![...allow, BLOCKED].some((pattern) => pattern.test(text))) page.problems.push(text);
  };
  page.on("console", (message) => {
    const kind = message.type();
    if (kind === "error" || kind === "warning") {
      const { url: from, lineNumber } = message.location();
      report(`console ${kind}: ${message.text()} (${from}:${lineNumber})`);
    }
  });
  page.on("pageerror", (error) => report(`uncaught: ${error.stack ?? error.message}`));
  page.on("crash", () => report("the page crashed"));
  page.on("requestfailed", (request) => {
    report(`request failed: ${request.url()} ${request.failure()?.errorText ?? ""}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) report(`request failed: ${response.url()} ${response.status()}`);
  });
  page.expectNoProblems = () => {
    if (page.problems.length > 0) throw new Error(`the page met problems:\n  ${page.problems.join("\n  ")}`);
  };
  page.finish = async () => {
    // What the page does last is reported a moment later. (Counted here: without scripts a page has no timers.)
    await new Promise((resolve) => setTimeout(resolve, 50));
    await own.close();
    page.expectNoProblems();
  };
  if (url) await page.goto(url, { waitUntil: "load" });
  return page;
}

/**
 * Opens the application and waits until it has drawn itself, and until what a person needs is there: a press that comes
 * before is answered a little later. With `first` it is the first part alone.
 */
export async function openApp({ first = false, ...options } = {}) {
  const page = await openPage(options);
  await page.waitForSelector("[data-app]");
  if (!first) await page.evaluate(() => globalThis.petriExpectSecondPart?.());
  return page;
}

/** Saves a picture as `tests/e2e/output/<name>.png` and answers its path. */
export async function screenshot(page, name, options = {}) {
  await mkdir(OUTPUT, { recursive: true });
  const path = join(OUTPUT, `${name}.png`);
  await page.screenshot({ path, animations: "disabled", ...options });
  return path;
}

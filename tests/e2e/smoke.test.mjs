// The built page loads wherever it is put, and the harness sees it when it does not.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { openApp, openPage, screenshot, shutDown, startServer, STRICT_CSP } from "./harness.mjs";

const PREFIX = "/some/where/petri/";

after(shutDown);

describe("the page loads", () => {
  const hosts = {
    "under a sub-path": {},
    "under a strict content security policy": { csp: STRICT_CSP },
    "from a host that serves WebAssembly as plain bytes": { wasmType: "application/octet-stream" },
    "from a host that knows no type for WebAssembly, under a strict policy": { wasmType: "text/plain", csp: STRICT_CSP },
  };
  for (const [name, options] of Object.entries(hosts)) {
    test(name, async (t) => {
      const server = await startServer({ prefix: PREFIX, ...options });
      t.after(() => server.close());
      const page = await openApp({ url: server.url });
      assert.equal(await page.locator("[data-app]").count(), 1);
      assert.equal(await page.locator("#boot-message").count(), 0, "the skeleton is gone");
      const outside = server.requests.filter((path) => !path.startsWith(PREFIX));
      assert.deepEqual(outside, [], "nothing outside of the sub-path is asked for");
      const scripts = await page.evaluate(() => document.querySelectorAll("script:not([src])").length);
      assert.equal(scripts, 0, "no script is inline");
      await page.finish();
    });
  }

  test("in the dark, on a phone", async (t) => {
    const server = await startServer({ prefix: PREFIX });
    t.after(() => server.close());
    const page = await openApp({ url: server.url, colorScheme: "dark", viewport: { width: 390, height: 844 } });
    await screenshot(page, "smoke-phone-dark");
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(overflow <= 0, `the page is ${overflow} pixels wider than the phone`);
    await page.finish();
  });

  test("with a word for visitors who allow no scripts", async (t) => {
    const server = await startServer({ prefix: PREFIX });
    t.after(() => server.close());
    // Such a browser calls the preloaded module blocked.
    const page = await openPage({ url: server.url, javaScriptEnabled: false, allow: [/\.js csp$/] });
    assert.match(await page.locator("noscript").innerText(), /JavaScript/);
    assert.equal(await page.locator("#boot-message").isVisible(), false);
    await page.finish();
  });
});

test("the help leads to how faithful it is", async (t) => {
  const server = await startServer({ prefix: PREFIX, csp: STRICT_CSP });
  t.after(() => server.close());
  const page = await openApp({ url: server.url });
  await page.locator("#help-button").click();
  const address = await page.getByRole("link", { name: "How faithful is this?" }).getAttribute("href");
  // Leaving while the editor is on its way would cut its request off.
  await page.locator('[data-editor="codemirror"]').waitFor();
  await page.goto(new URL(address, server.url).href);
  assert.match(await page.locator("h1").innerText(), /faithful/);
  assert.ok((await page.locator("tbody tr").count()) >= 48, "a row for each recording");
  await page.finish();
});

test("the editor's bundle edits, applies, shows problems and lets the keyboard go", async (t) => {
  const server = await startServer({ prefix: PREFIX, csp: STRICT_CSP });
  t.after(() => server.close());
  const page = await openApp({ url: server.url });
  await page.evaluate(async () => {
    const { create } = await globalThis.petriLoadEditor();
    const host = document.createElement("div");
    host.style.cssText = "position:fixed;inset:0;z-index:9999;background:canvas";
    document.body.append(host);
    const next = document.createElement("button");
    next.id = "next-in-line";
    host.after(next);
    globalThis.heard = { changes: [], applied: [] };
    globalThis.editor = create(host, {
      doc: "kind: Pod\nspec: {}\n",
      label: "Trial manifest",
      onChange: (text) => globalThis.heard.changes.push(text),
      onApply: (text) => globalThis.heard.applied.push(text),
    });
  });
  const box = page.getByRole("textbox", { name: "Trial manifest" });
  await box.click();
  await page.keyboard.press("Control+Home");
  await page.keyboard.type("#");
  await page.keyboard.press("Control+Enter");
  const heard = await page.evaluate(() => globalThis.heard);
  assert.deepEqual(heard, { changes: ["#kind: Pod\nspec: {}\n"], applied: ["#kind: Pod\nspec: {}\n"] });

  await page.evaluate(() => {
    globalThis.editor.setDoc("kind: Pod\nspec: é\n");
    globalThis.editor.setApplied("kind: Pod\nspec: {}\n");
    globalThis.editor.setDiagnostics([
      { from: 6, to: 9, severity: "error", message: "no such kind", badge: "not simulated" },
      { from: 900, to: 950, severity: "warning", message: "out of the text" },
    ]);
  });
  assert.equal(await page.evaluate(() => globalThis.heard.changes.length), 1, "the page does not hear its own echo");
  assert.equal(await page.evaluate(() => globalThis.editor.offsetOfByte(18)), 17);
  assert.equal(await page.locator(".cm-lintRange-error").innerText(), "Pod");
  assert.equal(await page.locator(".petri-badge").innerText(), "not simulated");
  assert.equal(await page.locator(".petri-changed").count(), 1);

  await page.evaluate(() => globalThis.editor.focus());
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "next-in-line");
  await page.evaluate(() => globalThis.editor.destroy());
  assert.equal(await page.getByRole("textbox", { name: "Trial manifest" }).count(), 0);
  await page.finish();
});

test("a program that fails hands over the run, and what the browser saw", async (t) => {
  const server = await startServer();
  t.after(() => server.close());
  const page = await openApp({ url: server.url });
  // Of what is the same for everybody nothing is handed over.
  await page.locator("#console-line").fill("cut node-1");
  await page.locator("#console-line").press("Enter");
  // As a browser tells it: WebAssembly stops, and nothing of the program runs any more.
  const failure = await page.evaluate(() => {
    const error = new WebAssembly.RuntimeError("unreachable");
    dispatchEvent(new ErrorEvent("error", { error }));
    return error.stack;
  });
  const screen = await page.locator("#panic-screen pre").innerText();
  assert.ok(screen.includes("RuntimeError: unreachable") && screen.includes(failure.split("\n")[1].trim()), screen);
  assert.match(await page.locator("#panic-recording").inputValue(), /"cut","node":"node-1"/, "the run is there");
  await page.finish();
});

describe("a page that cannot start says so", () => {
  test("when the WebAssembly is missing", async (t) => {
    const server = await startServer({ prefix: PREFIX });
    t.after(() => server.close());
    const page = await openPage({ allow: [/./] });
    await page.route("**/*.wasm", (route) => route.fulfill({ status: 404, body: "" }));
    await page.goto(server.url);
    await page.getByRole("alert").waitFor();
    assert.match(await page.getByRole("alert").innerText(), /could not start.*404/s);
    await page.finish();
  });

  test("when WebAssembly is switched off", async (t) => {
    const server = await startServer({ prefix: PREFIX });
    t.after(() => server.close());
    const page = await openPage({ allow: [/./] });
    await page.addInitScript(() => delete globalThis.WebAssembly);
    await page.goto(server.url);
    await page.getByRole("alert").waitFor();
    assert.match(await page.getByRole("alert").innerText(), /switched off/);
    await page.finish();
  });
});

describe("a frame that cannot start says so within 3 seconds", () => {
  test("where the policy forbids WebAssembly", async (t) => {
    const server = await startServer({ csp: "script-src 'self'; style-src 'self' 'unsafe-inline'" });
    t.after(() => server.close());
    const page = await openPage({ url: server.url, allow: [/./] });
    await page.getByRole("alert").waitFor({ timeout: 3_000 });
    assert.match(await page.getByRole("alert").innerText(), /could not start.*wasm-unsafe-eval/s);
    await page.finish();
  });

  test("where its files may not be fetched", async (t) => {
    const pages = { "/host": '<!doctype html><link rel=icon href=data:,><iframe sandbox="allow-scripts" src="/" width=900 height=600></iframe>' };
    const server = await startServer({ pages });
    t.after(() => server.close());
    const page = await openPage({ url: `${server.origin}/host`, allow: [/./] });
    const late = page.frameLocator("iframe").locator("#boot-late");
    await late.waitFor();
    await page.waitForTimeout(2_800);
    assert.equal(await late.evaluate((words) => getComputedStyle(words).opacity), "1");
    assert.match(await late.innerText(), /Access-Control-Allow-Origin/);
    await page.finish();
  });

  test("and who waits for a slow line is told nothing of frames once the page answers", async (t) => {
    const server = await startServer();
    t.after(() => server.close());
    const page = await openApp({ url: server.url });
    assert.equal(await page.locator("#boot-late").count(), 0);
    await page.finish();
  });
});

describe("the harness can fail", () => {
  const cases = {
    "on a console error": ["<script>console.error('as planned')</script>", /console error: as planned/],
    "on a console warning": ["<script>console.warn('as planned')</script>", /console warning: as planned/],
    "on an exception": ["<script>throw new Error('as planned')</script>", /uncaught:.*as planned/],
    "on a missing file": ["<img src='/nowhere.png'>", /request failed: .*nowhere\.png 404/],
  };
  for (const [name, [html, expected]] of Object.entries(cases)) {
    test(name, async (t) => {
      const server = await startServer({ pages: { "/bad": `<!doctype html><link rel=icon href=data:,>${html}` } });
      t.after(() => server.close());
      const page = await openPage({ url: `${server.origin}/bad` });
      await assert.rejects(page.finish(), expected);
    });
  }

  test("on a script that the policy refuses", async (t) => {
    const pages = { "/bad": "<!doctype html><link rel=icon href=data:,><script>document.title = 'ran'</script>" };
    const server = await startServer({ csp: STRICT_CSP, pages });
    t.after(() => server.close());
    const page = await openPage({ url: `${server.origin}/bad` });
    assert.notEqual(await page.title(), "ran");
    await assert.rejects(page.finish(), /Content Security Policy/);
  });

  test("and finds nothing outside of the sub-path", async (t) => {
    const server = await startServer({ prefix: PREFIX });
    t.after(() => server.close());
    assert.equal((await fetch(`${server.origin}/index.html`)).status, 404);
    assert.equal((await fetch(`${server.url}%2e%2e%2fCargo.toml`)).status, 404);
    assert.equal((await fetch(`${server.url}index.html`)).status, 200);
  });
});

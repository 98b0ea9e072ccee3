// The page and its embeds in the engines that are not Chromium's. What they owe to their readers is told at length in
// the tests beside this folder; here is what engines do in ways of their own: layout, focus, caches, sandboxes, frames.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { FENCE, SHORT, escape, fenced, isWasm, movedByHeight, site, watchPlaces } from "../embed.mjs";
import { startServer } from "../harness.mjs";

const PAGE = undefined;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** All of it in one engine: `launch` starts it, if its `programs` are there. */
export function visit(name, programs, launch) {
  const missing = programs.filter((program) => !existsSync(program));
  describe(name, { skip: missing.length > 0 && `${missing.join(" and ")} is missing` }, () => {
    let browser;
    before(async () => {
      browser = await launch();
    });
    after(() => browser?.close());

    const evaluate = (...words) => browser.evaluate(...words);
    /** Waits for what is asked in the page, or in the frame of a cluster. */
    const until = async (why, nth, work, ...given) => {
      const end = Date.now() + 30_000;
      for (;;) {
        // A frame that is not there yet has nothing to ask.
        const [found, error] = await evaluate(nth, work, ...given).then((found) => [found], (error) => [null, error]);
        if (found) return found;
        assert.ok(Date.now() < end, `${why}: ${error ?? found}`);
        await pause(50);
      }
    };
    const open = async (url, size = [900, 900]) => {
      browser.problems?.splice(0);
      await browser.resize(size);
      await browser.go(url);
    };
    const finish = () => {
      // Browsers ask every host for one.
      const problems = browser.problems?.filter((text) => !/favicon\.ico|404 \(Not Found\)/.test(text));
      assert.deepEqual(problems ?? [], []);
    };
    const ready = (nth) => until("it can be started", PAGE, (nth) => !!document.querySelectorAll("petri-cluster")[nth]?.shadowRoot?.querySelector("button"), nth);
    const press = (nth) => browser.click(PAGE, (nth) => document.querySelectorAll("petri-cluster")[nth].shadowRoot.querySelector("button"), nth);
    const drawn = (nth) => until("it is drawn", nth, () => document.querySelector(".picture svg, .picture .node")?.getBoundingClientRect().height > 0);
    const clock = (nth) => evaluate(nth, () => Number(document.querySelector(".clock").dataset.micros));
    const start = async (nth) => {
      await ready(nth);
      await press(nth);
      await drawn(nth);
    };

    test("E3: without scripts there are a text and a link", async (t) => {
      const body = `<petri-cluster><pre>${escape(FENCE)}</pre><a href="https://example.org/">Open in Petri</a></petri-cluster>${fenced(FENCE)}`;
      const { host, petri, pages } = await site(t, body, { csp: false });
      pages["/reader.html"] = '<!doctype html><title>A reader</title><iframe sandbox="allow-same-origin" src="/page.html" width="800" height="800"></iframe>';
      await open(`${host.origin}/reader.html`);
      const [text, pre, link, upgraded] = await until("it is loaded", PAGE, () => {
        const { body, readyState } = document.querySelector("iframe").contentDocument;
        if (readyState !== "complete" || !body.querySelector("pre")) return null;
        const high = (selector) => body.querySelector(selector).getBoundingClientRect().height;
        return [body.innerText, high("pre"), high("a"), body.querySelectorAll("petri-cluster").length > 1];
      });
      assert.match(text, /kind: StatefulSet[^]*Open in Petri[^]*kind: StatefulSet/);
      assert.ok(pre > 100 && link > 5, `${pre} and ${link} pixels`);
      assert.deepEqual([upgraded, petri.requests], [false, []], "no script has run");
    });

    test("E4: nothing moves, but for the height that was announced, at three widths", async (t) => {
      // A bar to scroll by that comes with the first cluster is the host's own doing.
      const head = `<style>html{overflow-y:scroll}</style><script>(${watchPlaces})()</script>`;
      const { url } = await site(t, fenced(SHORT) + "<p>Between.</p>" + fenced(FENCE), { csp: false, head });
      for (const width of [320, 768, 1280]) {
        await open(url, [width, 900]);
        await ready(1);
        await pause(300);
        assert.equal((await evaluate(PAGE, () => globalThis.places)).length, 1, `${width}: it stands as it came`);
        await start(0);
        await pause(2000);
        movedByHeight(await evaluate(PAGE, () => globalThis.places), ["P", "PRE", "CODE", "after"], `${width}`);
      }
      finish();
    });

    test("E5: focus and scroll stay where the reader has them, while three clusters load, play and reach their goals", async (t) => {
      // All of them in view at once: what nobody sees does not play.
      const text = FENCE.replace("$ run 7m", "$ run 20s").replace(/\? pod[^]*/, "? At most one holds\n");
      const playing = `<petri-cluster autoplay speed="10" height="240"><pre hidden>${escape(text)}</pre></petri-cluster>`;
      const { url } = await site(t, `<p><input id="mine" aria-label="Mine"></p>${playing.repeat(3)}${"<p>More.</p>".repeat(80)}`);
      await open(url);
      await ready(2);
      await evaluate(PAGE, () => {
        document.querySelector("#mine").focus({ preventScroll: true });
        scrollTo(0, 60);
      });
      await until("it is scrolled", PAGE, () => scrollY === 60);
      await pause(100);
      await evaluate(PAGE, () => {
        globalThis.events = [];
        for (const type of ["focusin", "focusout", "scroll"]) document.addEventListener(type, () => globalThis.events.push(type), true);
      });
      const stays = async (when) => {
        const now = await evaluate(PAGE, () => [document.activeElement.id, scrollY, ...globalThis.events]);
        assert.deepEqual(now, ["mine", 60], when);
      };
      for (const nth of [0, 1, 2]) {
        // A script's doing, not a click: a click is the reader's own focus.
        await evaluate(PAGE, (nth) => document.querySelectorAll("petri-cluster")[nth].start(), nth);
        await drawn(nth);
        await stays(`${nth} is loaded`);
      }
      const before = await clock(2);
      await until("it plays", 2, (before) => Number(document.querySelector(".clock").dataset.micros) > before, before);
      await until("a claim is judged", 2, () => document.querySelector('.claims [data-claim="holds"]') !== null);
      await stays("a goal is reached");
      finish();
    });

    test("E8: of ten embeds on one origin two run, the engine comes once, and the oldest is parked and goes on", async (t) => {
      const { petri, url } = await site(t, fenced(SHORT).repeat(10), { together: true, server: { keep: true } });
      await open(url);
      await ready(9);
      assert.deepEqual(petri.requests.filter(isWasm), [], "nothing before Start");
      for (const nth of [0, 1]) await start(nth);
      await browser.click(0, () => document.querySelector("#step"));
      await pause(300);
      const moment = await clock(0);
      await start(2);
      await until("the oldest is parked", PAGE, () => /Go on/.test(document.querySelectorAll("petri-cluster")[0].shadowRoot.querySelector("button")?.textContent));
      assert.equal(await evaluate(PAGE, () => [...document.querySelectorAll("petri-cluster")].filter(({ shadowRoot }) => shadowRoot.querySelector("iframe")).length), 2);
      await start(0);
      assert.equal(await clock(0), moment);
      const wasm = petri.requests.filter(isWasm);
      const parts = [...new Set(wasm)];
      assert.ok(parts.length > 0);
      // Without a cache each of the four starts asks anew, and once.
      assert.equal(wasm.length, parts.length * (browser.keeps ? 1 : 4), wasm.join("\n"));
      finish();
    });

    test("E12: runs in a sandbox without an origin, and without storage", async (t) => {
      const { url } = await site(t, `<petri-cluster sandbox="allow-scripts" height="300"><pre>${escape(SHORT)}</pre></petri-cluster>`);
      await open(url);
      await start(0);
      const storage = await evaluate(0, () => {
        try {
          return `${localStorage.length} kept`;
        } catch (error) {
          return error.name;
        }
      });
      assert.equal(storage, "SecurityError");
      const before = await clock(0);
      await browser.click(0, () => document.querySelector("#step"));
      await until("it steps", 0, (before) => Number(document.querySelector(".clock").dataset.micros) > before, before);
      finish();
    });

    test("E13: follows the toggles of documentation tools within 100 ms", async (t) => {
      const head = "<style>body{background:#fff}body[data-md-color-scheme=slate],[data-theme=dark] body,.dark body,.navy body{background:#111}</style>";
      const { url } = await site(t, fenced(SHORT), { csp: false, head });
      await open(url);
      await start(0);
      await evaluate(0, () => {
        globalThis.painted = [[document.documentElement.dataset.theme, 0]];
        const look = () => globalThis.painted.push([document.documentElement.dataset.theme, Date.now()]);
        new MutationObserver(look).observe(document.documentElement, { attributeFilter: ["data-theme"] });
      });
      assert.equal((await evaluate(0, () => globalThis.painted))[0][0], "light");
      await evaluate(PAGE, () => {
        globalThis.toggles = {
          Material: (dark) => (document.body.dataset.mdColorScheme = dark ? "slate" : "default"),
          "Docusaurus and Starlight": (dark) => (document.documentElement.dataset.theme = dark ? "dark" : "light"),
          VitePress: (dark) => document.documentElement.classList.toggle("dark", dark),
          mdBook: (dark) => (document.documentElement.className = dark ? "navy" : "light"),
        };
      });
      for (const tool of await evaluate(PAGE, () => Object.keys(globalThis.toggles))) {
        const times = [];
        // Others may have the processor at one moment: what follows by the clock would be late each time.
        for (const dark of [true, false, true, false]) {
          const at = await evaluate(PAGE, (tool, dark) => [Date.now(), globalThis.toggles[tool](dark)][0], tool, dark);
          const theme = dark ? "dark" : "light";
          const then = await until(`${tool}: ${theme}`, 0, (theme) => globalThis.painted.at(-1)[0] === theme && globalThis.painted.at(-1)[1], theme);
          times.push(then - at);
        }
        t.diagnostic(`${tool}: ${times.join(", ")} ms`);
        assert.ok(Math.min(...times) <= 100, `${tool}: ${times} ms`);
      }
      finish();
    });

    test("the page opens, and its first step cuts a node off", async (t) => {
      const server = await startServer({ prefix: "/petri/" });
      t.after(server.close);
      await open(server.url, [1280, 800]);
      const node = await until("there is something to try", PAGE, () => /Cut (\S+) off/.exec(document.querySelector("#try-button")?.innerText)?.[1]);
      await browser.click(PAGE, () => document.querySelector("#try-button"));
      await until("it is cut", PAGE, (line) => document.querySelector(".term").textContent.includes(line), `cut ${node}`);
      finish();
    });

    test("a phone shows every panel without scrolling sideways", async (t) => {
      const server = await startServer({ prefix: "/petri/" });
      t.after(server.close);
      for (const size of [[390, 844], [320, 640]]) {
        await open(server.url, size);
        await until("it is there", PAGE, () => document.querySelector("[data-app] [data-dock=console]") !== null);
        for (const panel of ["manifests", "cluster", "why", "console", "more"]) {
          await browser.click(PAGE, (panel) => document.querySelector(`[data-dock="${panel}"]`), panel);
          await pause(100);
          const over = await evaluate(PAGE, () => [document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]);
          assert.ok(over[0] <= 0 && over[1] <= 0, `${size}: ${panel} is ${over} pixels too large`);
        }
      }
      finish();
    });
  });
}

// WebKit, as WebKitGTK has it: its own little browser on a screen that nobody sees, driven by the WebDriver of W3C.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What is driven, and where it is seen. */
export const PROGRAMS = [process.env.WEBKIT_DRIVER || "/usr/bin/WebKitWebDriver", process.env.XVFB || "/usr/bin/Xvfb"];
const [DRIVER, SCREEN] = PROGRAMS;
/** How an element is written in messages of the protocol. */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
const PLAIN = { NO_AT_BRIDGE: "1", LIBGL_ALWAYS_SOFTWARE: "1", WEBKIT_DISABLE_DMABUF_RENDERER: "1", GDK_BACKEND: "x11", GTK_THEME: "Adwaita" };
/** The window's own parts need room: without it a page cannot be as narrow as a phone. */
const NARROW = "* { min-width: 0; min-height: 0; padding: 0; margin: 0; border-width: 0; font-size: 4px }";

export async function webkit() {
  const screen = spawn(SCREEN, ["-displayfd", "3", "-screen", "0", "1600x1200x24", "-nolisten", "tcp"], { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  const [display] = await Promise.race([once(screen.stdio[3].setEncoding("utf8"), "data"), once(screen, "exit").then(() => ["none"])]);
  const home = await mkdtemp(join(tmpdir(), "petri-webkit-"));
  await mkdir(join(home, "gtk-3.0"));
  await writeFile(join(home, "gtk-3.0/gtk.css"), NARROW);
  const env = { ...process.env, ...PLAIN, DISPLAY: `:${display.trim()}`, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home, XDG_CACHE_HOME: home };
  const port = await freePort();
  const driver = spawn(DRIVER, [`--port=${port}`, "--host=127.0.0.1"], { env, stdio: "ignore" });
  const ask = async (method, path, body) => {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, body: method === "POST" ? JSON.stringify(body ?? {}) : undefined });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
    return value;
  };
  for (let tries = 0; !(await ask("GET", "/status").catch(() => null))?.ready; tries += 1) {
    if (tries > 100) throw new Error("WebKitWebDriver does not answer");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const args = ["--automation", "--javascript-can-open-windows-automatically=true"];
  const { sessionId } = await ask("POST", "/session", { capabilities: { alwaysMatch: { "webkitgtk:browserOptions": { args } } } });
  // A window without the tools of a browser can be as narrow as a phone.
  const first = await ask("GET", `/session/${sessionId}/window`);
  await ask("POST", `/session/${sessionId}/execute/sync`, { script: "open('about:blank', '', 'width=320,height=600,toolbar=no,location=no,menubar=no')", args: [] });
  const handle = (await ask("GET", `/session/${sessionId}/window/handles`)).find((other) => other !== first);
  await ask("POST", `/session/${sessionId}/window`, { handle });
  const at = (path) => `/session/${sessionId}/${path}`;
  const run = (work, given) => ask("POST", at("execute/sync"), { script: `return (${work}).apply(null, arguments)`, args: given });
  /** Goes to the page, or to the frame of one of its clusters. */
  const goTo = async (nth) => {
    await ask("POST", at("frame"), { id: null });
    if (nth === undefined) return;
    const id = await run((nth) => document.querySelectorAll("petri-cluster")[nth].shadowRoot.querySelector("iframe"), [nth]);
    await ask("POST", at("frame"), { id });
  };
  return {
    /** Driven, it keeps nothing that it has fetched, and tells nobody what pages say in the console. */
    keeps: false,
    go: async (url) => {
      await goTo();
      await ask("POST", at("url"), { url });
    },
    /** The window as it must be for a page of this size. */
    async resize([width, height]) {
      await goTo();
      const size = () => run(() => [innerWidth, innerHeight], []);
      const rect = await ask("GET", at("window/rect"));
      const [wide, high] = await size();
      await ask("POST", at("window/rect"), { width: rect.width + width - wide, height: rect.height + height - high });
      for (let tries = 0; `${await size()}` !== `${[width, height]}`; tries += 1) {
        if (tries > 50) throw new Error(`the window is ${await size()}, not ${width},${height}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async evaluate(nth, work, ...given) {
      await goTo(nth);
      return run(work, given);
    },
    async click(nth, find, ...given) {
      await goTo(nth);
      const element = await run(find, given);
      await ask("POST", at(`element/${element[ELEMENT]}/click`));
    },
    async close() {
      await ask("DELETE", `/session/${sessionId}`).catch(() => {});
      for (const child of [driver, screen]) {
        child.kill();
        if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      }
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

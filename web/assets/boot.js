// Starts the page: fetches the module and its WebAssembly, and says in plain words what went wrong if that fails.
//
// It is a file of its own because a strict Content-Security-Policy allows no inline script, and it fetches the
// WebAssembly itself because a static host may serve it under any Content-Type.

import { before, guard, offers, opened, opens, stop } from "./failure.js";

document.getElementById("boot-late")?.remove();
const app = document.querySelector("meta[name=petri-app]");
const asked = new URLSearchParams(location.search);
/** Whether this is part of somebody else's page: see web/src/host.rs. */
const embedded = asked.has("embed");
/** What somebody preferred at an earlier visit; an embed is as the page around it wants it. */
const preferred = (name) => {
  try {
    return embedded ? null : localStorage.getItem(`petri-${name}`);
  } catch {
    return null;
  }
};
// Before anything is painted: no white flash in a dark page.
const theme = asked.get("theme") ?? preferred("theme") ?? "";
if (/^(light|dark)$/.test(theme)) document.documentElement.dataset.theme = theme;
if (preferred("large")) document.documentElement.dataset.large = "";
// The page around hears at once that this is there, in its theme: until then it shows none of it.
if (embedded && parent !== window) parent.postMessage({ petri: 1, type: "hello" }, "*");
const editor = document.querySelector("meta[name=petri-editor]");
const resolve = (path) => new URL(path, document.baseURI).href;

// Where the page finds its lazily loaded parts: `Parts` in web/src/edge.rs.
globalThis.petriParts = Object.freeze({
  module: resolve(app.content),
  wasm: resolve(app.dataset.wasm),
  // Where the build took the WebAssembly apart: what the first visit does not run.
  second: app.dataset.second ? resolve(app.dataset.second) : null,
  // And what few visits need.
  third: app.dataset.third ? resolve(app.dataset.third) : null,
  editor: resolve(editor.content),
  examples: resolve("./examples/"),
  lessons: resolve("./lessons/"),
});
globalThis.petriLoadEditor = () => import(globalThis.petriParts.editor);

// What each part of the WebAssembly exports; those that come later import it.
let exported = null;
let lent = null;
let second = null;
let third = null;
let isComplete = false;

const fetchPart = (address) =>
  fetch(address, { credentials: "same-origin" })
    .then((response) => (response.ok ? response.arrayBuffer() : Promise.reject(new Error(`status ${response.status}`))))
    .then((bytes) => WebAssembly.compile(bytes));

/** The same at once, for who cannot wait for a promise. It blocks. */
function fetchPartNow(address) {
  const request = new XMLHttpRequest();
  request.open("GET", address, false);
  // The only way to bytes in a blocking request: one character for each.
  request.overrideMimeType("text/plain; charset=x-user-defined");
  request.send();
  if (request.status >= 400) throw new Error(`A part of Petri could not be fetched: the server answered ${request.status}.`);
  return new WebAssembly.Module(Uint8Array.from(request.responseText, (character) => character.charCodeAt(0) & 255));
}

/** Fetches and compiles the second part ahead of its use. Failing is no harm: whoever needs it tries again. */
function expectSecondPart(fetched = null) {
  second ??= (fetched ?? fetchPart(globalThis.petriParts.second)).then(join).catch(() => (second = null));
  return second;
}

function join(module) {
  if (exported["~.arrived"].value) return;
  lent = new WebAssembly.Instance(module, { "~": exported }).exports;
  exported["~.arrived"].value = 1;
}

/**
 * Called by the first part where it is about to run a function that only the second one has. The caller cannot wait
 * for a promise, so this fetches at once and blocks, which happens only to who is faster than `expectSecondPart`.
 */
globalThis.petriSecondPart = () => {
  if (exported?.["~.arrived"] && !exported["~.arrived"].value) join(fetchPartNow(globalThis.petriParts.second));
};

/** Fetches and compiles the third part ahead of its use. Answers whether it is there now, at the latest when it is. */
function expectThirdPart(fetched = null) {
  if (!globalThis.petriParts.third || isComplete) return Promise.resolve(true);
  third ??= Promise.all([fetched ?? fetchPart(globalThis.petriParts.third), expectSecondPart()])
    .then(([module]) => complete(module))
    .catch(() => ((third = null), false));
  return third;
}
globalThis.petriExpectSecondPart = () => globalThis.petriParts.second && expectSecondPart();
globalThis.petriExpectThirdPart = () => expectThirdPart();

function complete(module) {
  if (!isComplete) new WebAssembly.Instance(module, { "~": exported, "~~": lent });
  isComplete = true;
  return true;
}

/** The same as `petriSecondPart`, for what few visits need; the second part calls it. */
globalThis.petriThirdPart = () => {
  if (!globalThis.petriParts.third || isComplete) return;
  globalThis.petriSecondPart();
  complete(fetchPartNow(globalThis.petriParts.third));
};
/** Whether all parts are there. */
globalThis.petriHasThirdPart = () => isComplete || !globalThis.petriParts.third;

/**
 * Keeps the page for a time without a network. A host without https, a sandboxed frame or a browser that forbids it
 * lose nothing else by it.
 */
async function keepForOffline() {
  const script = app.dataset.offline;
  if (!script || !globalThis.isSecureContext) return;
  try {
    const workers = navigator.serviceWorker;
    await workers.register(resolve(script));
    const { active } = await workers.ready;
    // What a first visit does not need comes when there is time for it, and not to who pays for each byte.
    if (navigator.connection?.saveData) return;
    setTimeout(() => active?.postMessage("the rest"), 1500);
  } catch {
    // It works with a network.
  }
}

/** Whether this page comes from what an earlier visit has kept. A sandboxed frame may not even ask. */
function isKept() {
  try {
    return Boolean(navigator.serviceWorker?.controller);
  } catch {
    return false;
  }
}

/**
 * Who presses something before the second part is there sees the next frame at once, and what the press does when the part
 * has come: the press is held until then, and made again.
 */
function hold(event) {
  if (exported["~.arrived"].value) return removeEventListener("click", hold, true);
  event.preventDefault();
  event.stopImmediatePropagation();
  const again = new MouseEvent("click", event);
  const { target } = event;
  // Where it cannot be had it is asked for once more, in the way that blocks.
  expectSecondPart().then(() => {
    removeEventListener("click", hold, true);
    target.dispatchEvent(again);
  });
}

/** A person who starts to do something will soon need the rest, and so will a cluster that is left to itself. */
function awaitPerson() {
  addEventListener("click", hold, true);
  setTimeout(() => expectSecondPart(), 20_000);
  const signs = ["pointermove", "pointerdown", "touchstart", "wheel", "keydown", "focusin"];
  const seen = () => {
    for (const sign of signs) removeEventListener(sign, seen, true);
    expectSecondPart();
  };
  for (const sign of signs) addEventListener(sign, seen, { capture: true, passive: true });
}

/** What escapes the guard: the second part's start, for one. */
function watchForFailure() {
  const fail = (error) => error instanceof WebAssembly.RuntimeError && stop(String(error), error.stack);
  addEventListener("error", (event) => fail(event.error));
  addEventListener("unhandledrejection", (event) => fail(event.reason));
}

/** Starts the module, with a guard before each of its exports. Answers the exports themselves. */
async function instantiate(module, compiled) {
  const { instantiate } = WebAssembly;
  let exports = null;
  WebAssembly.instantiate = async (...given) => {
    ({ exports } = await instantiate(...given));
    return { instance: { exports: guard(exports) } };
  };
  try {
    await module.default({ module_or_path: compiled });
  } finally {
    WebAssembly.instantiate = instantiate;
  }
  return exports;
}

/**
 * Waits for the first picture: on a slow line the WebAssembly takes all of it for seconds, and the words that say what
 * this is come first. A page in the background draws nothing, and does not wait for long.
 */
function painted() {
  return new Promise((next) => {
    requestAnimationFrame(() => requestAnimationFrame(next));
    setTimeout(next, 100);
  });
}

async function start() {
  if (typeof WebAssembly !== "object") {
    throw new Error("This browser has WebAssembly switched off, and the simulation needs it.");
  }
  // The cluster of the first visit comes already started. That of a link has to be read and played, which takes all parts,
  // and so does what stands in somebody else's page, or was written there. And what is kept for offline costs no time,
  // while a request that blocks would not be answered from there.
  const parts = globalThis.petriParts;
  const isNamed = location.hash.length > 1 || ["example", "lesson", "recording"].some((name) => asked.has(name));
  const all = embedded || isNamed || isKept();
  const whole = parts.second && all ? fetchPart(parts.second) : null;
  whole?.catch(() => {});
  const rest = parts.third && all ? fetchPart(parts.third) : null;
  rest?.catch(() => {});
  await painted();
  const [module, response] = await Promise.all([
    import(globalThis.petriParts.module),
    fetch(globalThis.petriParts.wasm, { credentials: "same-origin" }),
  ]);
  if (!response.ok) {
    throw new Error(`The simulation could not be fetched: the server answered ${response.status}.`);
  }
  const type = response.headers.get("Content-Type")?.split(";")[0].trim();
  // Compiling while it streams in works only under the right type; under any other one the bytes come first.
  const streams = type === "application/wasm";
  const compiled = streams ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
  exported = await instantiate(module, await compiled);
  // The build's marks of what runs are exports, too.
  globalThis.petriExports = exported;
  if (whole) await expectSecondPart(whole);
  else if (parts.second) awaitPerson();
  if (rest) await expectThirdPart(rest);
  watchForFailure();
  opens();
  await play(module);
  opened();
  // What is part of another page leaves nothing behind in its reader's browser.
  if (!embedded) setTimeout(keepForOffline, 1500);
}

/** The rest of a task's time is the browser's, without the pause that it makes between timers. */
const soon = () =>
  new Promise((next) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => next(port1.close());
    port2.postMessage(null);
  });

/** Does the start in parts, so that the browser can paint and listen in between. Who waits for long may stop it. */
async function play(module) {
  const since = performance.now();
  let told = since;
  let line = null;
  for (let done = module.start(); done < 1; done = module.start()) {
    const now = performance.now();
    if (now - told > 300 && now - since > 800) {
      told = now;
      line ??= progress(() => module.stop());
      if (line) line.textContent = `Playing the run: ${Math.floor(done * 100)} %`;
    }
    await soon();
  }
}

/** A line about what is played, with a button that stops it. */
function progress(stops) {
  const say = document.getElementById("boot-message");
  if (!say) return null;
  const line = document.createElement("span");
  say.className = "boot-progress";
  say.replaceChildren(line, button("Stop here", stops));
  return line;
}

function button(text, act) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", className: "btn", textContent: text });
  made.addEventListener("click", act);
  return made;
}

/** What was open here when something went wrong is opened again only if somebody wants it. */
function ask(words) {
  const say = document.getElementById("boot-message");
  say.setAttribute("role", "alert");
  say.className = "boot-failed";
  const what = document.createElement("strong");
  what.textContent = words;
  return new Promise((go) => {
    const again = button("Open it all the same", () => {
      say.className = "boot-loading";
      say.replaceChildren("Loading the simulation…");
      go();
    });
    say.replaceChildren(what, offers(location.hash.slice(1)), again);
  });
}

function explain(error) {
  console.error(error);
  const say = document.getElementById("boot-message");
  // The application has replaced the skeleton: from here on it reports by itself.
  if (!say) return;
  say.setAttribute("role", "alert");
  say.className = "boot-failed";
  const what = document.createElement("strong");
  what.textContent = "Petri could not start.";
  const why = document.createElement("span");
  const told = error instanceof Error ? error.message : String(error);
  // Each browser has other words for it.
  const isForbidden = error?.name === "CompileError" && /unsafe-eval|Policy/i.test(told);
  why.textContent = ` ${isForbidden ? "This page's Content-Security-Policy forbids WebAssembly: script-src needs 'wasm-unsafe-eval'." : told}`;
  say.replaceChildren(what, why, button("Try again", () => location.reload()));
}

const failed = before();
(failed ? ask(failed) : Promise.resolve()).then(start).catch(explain);

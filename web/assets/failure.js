// What is left when the program itself has failed: a screen with the run, and ways to go on without what broke it.
//
// WebAssembly that has stopped half-way is in no state to be asked for anything, so nothing of this needs it: the run is
// told to `petriRemember` while it grows, and every call into the module passes `guard`, which lets none through any more.

import { save } from "./keep.js";

/** The run as it was told last: see `web/src/panic.rs`. */
const told = { head: "", commands: [], moment: 0, end: 0, bytes: () => 0 };
let stopped = false;

globalThis.petriRemember = ({ head, kept, more, moment, end }) => {
  told.head = head ?? told.head;
  told.commands.length = Math.min(told.commands.length, kept);
  for (const command of more) told.commands.push(command);
  Object.assign(told, { moment, end });
};

/** A recording of those commands, as JSON. */
const recording = (commands = told.commands, moment = told.moment, end = told.end) =>
  told.head && `${told.head},"moment":${moment},"end":${end},"commands":[${commands.join()}]}`;

/** What a closed door answers: who expects several values finds none in it, and no number either. */
const NOTHING = Object.freeze([]);

/** The exports of the module, behind a door that closes at its first failure. */
export function guard(exports) {
  told.bytes = () => exports.memory.buffer.byteLength;
  const door = (own) => (...given) => {
    if (stopped) return NOTHING;
    try {
      return own(...given);
    } catch (error) {
      if (isFailure(error)) stop(String(error), error.stack);
      throw error;
    }
  };
  return Object.fromEntries(
    Object.entries(exports).map(([name, own]) => [name, typeof own === "function" ? door(own) : own]),
  );
}

/** WebAssembly stops with a RuntimeError, and with what browsers say of a stack that is full. */
const isFailure = (error) =>
  error instanceof WebAssembly.RuntimeError ||
  (error instanceof RangeError && /stack/i.test(error.message)) ||
  error?.name === "InternalError";

// Browsers keep what a page says about itself for as long as its tab lives; a sandboxed frame may not even ask.
const STOPPED = "petri-stopped";
const OPENING = "petri-opening";
function note(key, value) {
  try {
    if (value) sessionStorage.setItem(key, value);
    else sessionStorage.removeItem(key);
  } catch {
    // Then nobody is warned of what has failed before.
  }
}
function noted(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

/** What went wrong the last time this address was opened here, if something did. */
export function before() {
  if (location.hash.length < 2 || location.hash.startsWith("#open=")) return null;
  if (noted(STOPPED) === location.hash) return "The last time this run was open here, Petri stopped.";
  if (noted(OPENING) === location.hash) return "The last time, this run was not opened to its end.";
  return null;
}
export const opens = () => location.hash.length > 1 && note(OPENING, location.hash);
export function opened() {
  note(OPENING, null);
  note(STOPPED, null);
}

function element(tag, attributes, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...inside);
  return made;
}
function button(text, act, attributes = {}) {
  const made = element("button", { type: "button", class: "btn", ...attributes }, text);
  made.addEventListener("click", act);
  return made;
}

/** Opens what an address names, in a program that begins anew. */
function open(fragment) {
  location.hash = fragment;
  location.reload();
}

/** JSON as the part of an address: see `crates/sim/src/story/link.rs`. */
function fragment(json) {
  let letters = "";
  for (const byte of new TextEncoder().encode(json)) letters += String.fromCharCode(byte);
  return `recording=${btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
}

/** Three ways to open the run of an address that stop before whatever stopped it. */
export function offers(run) {
  const offer = (word, title, words) =>
    element("li", {}, button(title, () => open(`open=${word}&${run}`), { "data-open": word }), ` ${words}`);
  return element(
    "ul",
    { class: "offers" },
    offer("beginning", "Open at the beginning", "All that was done is still to come."),
    offer("without-last", "Open without the last command", "Played to the moment at which it was given."),
    offer("manifests", "Open the manifests only", "In the editor of a fresh cluster, to be applied again."),
  );
}

/** Browsers refuse longer addresses. */
const LONGEST = 1_900_000;

/** Shows the screen over everything else. The first failure is the one that matters: others only follow from it. */
export function stop(message, stack = "") {
  stopped = true;
  if (document.getElementById("panic-screen")) return;
  if (location.hash.length > 1) note(STOPPED, location.hash);
  const text = recording();
  const run = text && fragment(text);
  // Four gigabytes are all that 32 bits can address.
  const full = told.bytes() > 0xf0000000;
  const why = full
    ? "This run needs more memory than a page may have."
    : "That is a mistake in Petri, not in what you did. The recording below repeats it; please send it along with the message.";
  const screen = element(
    "div",
    { id: "panic-screen", role: "alertdialog", "aria-label": "Petri has stopped", tabindex: "-1" },
    element("h1", {}, full ? "Petri has run out of memory." : "Petri has stopped."),
    element("p", {}, why),
  );
  if (run && run.length < LONGEST) screen.append(element("h2", {}, "Go on"), offers(run));
  screen.append(element("h2", {}, "What happened"), element("pre", {}, stack.startsWith(message) ? stack : `${message}\n${stack}`));
  if (text) {
    const area = { id: "panic-recording", "aria-label": "Recording", readonly: "", rows: "6" };
    screen.append(element("textarea", area, text));
  }
  const saves = () => save("petri-recording.json", text);
  const row = element("div", { class: "row" }, element("a", { href: "?" }, "Begin with a fresh page"));
  if (text) row.prepend(button("Save the recording", saves, { id: "panic-save" }));
  screen.append(row);
  document.body.append(screen);
  screen.focus();
}
globalThis.petriStopped = (message) => stop(message);

// The engine without the page: a Kubernetes cluster as a value, for scripts in a browser or in Node.
//
//   import { open } from "./petri.js";
//   const cluster = await open(manifest);
//   cluster.run("60s");
//   cluster.command("cut node-0");
//   cluster.claim("At most one holds").holds;
//
// It fetches what the page next to it is made of, once. Calls answer at once and block: a minute of a small cluster takes
// about a millisecond.

const HERE = new URL("./", import.meta.url);

async function bytes(url) {
  if (url.protocol === "file:") return (await import(/* webpackIgnore: true */ "node:fs/promises")).readFile(url);
  const response = await fetch(url, { credentials: "same-origin" });
  if (!response.ok) throw new Error(`${url.pathname} could not be fetched: the server answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

const text = async (url) => new TextDecoder().decode(await bytes(url));

const loaded = new Map();

/** Fetches the engine: that next to this file, or that of the page at `from`. */
export function load(from = HERE) {
  const home = new URL(from, HERE);
  if (!loaded.has(home.href)) {
    const engine = fetchEngine(home);
    engine.catch(() => loaded.delete(home.href));
    loaded.set(home.href, engine);
  }
  return loaded.get(home.href);
}

async function fetchEngine(home) {
  const index = await text(new URL("index.html", home));
  const app = index.match(/<meta name="petri-app"[^>]*>/)?.[0] ?? "";
  const named = (name) => app.match(new RegExp(`${name}="([^"]+)"`))?.[1];
  if (!named("content")) throw new Error(`there is no page of Petri at ${home.href}`);
  const [module, first, ...later] = await Promise.all([
    import(/* webpackIgnore: true */ new URL(named("content"), home).href),
    bytes(new URL(named("data-wasm"), home)),
    ...["data-second", "data-third"].filter(named).map((part) => bytes(new URL(named(part), home))),
  ]);
  // Who calls cannot wait, so all parts are there before.
  const exported = await module.default({ module_or_path: first });
  const lent = { "~": exported };
  for (const part of later) {
    ({ exports: lent["~~"] } = new WebAssembly.Instance(await WebAssembly.compile(part), lent));
    exported["~.arrived"].value = 1;
  }
  return { module, home };
}

/** The version of the engine. */
export async function version(from) {
  return (await load(from)).module.engineVersion();
}

/**
 * Opens a manifest, a fence with its lines and claims, or a recording: JSON, a link, or the part of one behind `#`.
 */
export async function open(source, { from, ...attributes } = {}) {
  const { module, home } = await load(from);
  const words = Object.entries(attributes).map(([name, value]) => `${name}="${String(value).replaceAll('"', "'")}"`).join(" ");
  const names = module.needs(words, source);
  const texts = await Promise.all(names.map((name) => text(new URL(name.endsWith(".md") ? `lessons/${name}.txt` : `examples/${name}`, home))));
  return new Cluster(module.Engine.open(words, source, names.flatMap((name, at) => [name, texts[at]])));
}

/** Machines and nothing else. */
export async function empty({ from, scenario = "standard", seed = 1 } = {}) {
  return new Cluster((await load(from)).module.Engine.empty(scenario, seed));
}

/** A run of a cluster. */
export class Cluster {
  #engine;
  #listeners = new Set();

  constructor(engine) {
    this.#engine = engine;
    engine.news();
  }

  #tell(result) {
    const news = this.#engine.news();
    for (const happening of news) for (const [kind, listener] of this.#listeners) if (kind === "*" || kind === happening.kind) listener(happening);
    return result;
  }

  /** Puts a file where `kubectl apply -f NAME` finds it. */
  file(name, content) {
    this.#engine.file(name, content);
  }
  /** Types a line on the console. */
  command(line) {
    return this.#tell(this.#engine.command(line));
  }
  /** Lets virtual time pass: `60s`, `6m`. */
  run(span) {
    return this.command(`run ${span}`);
  }
  /** Lets virtual time pass until a claim holds. */
  until(claim, timeout) {
    return this.command(`run until ${claim}${timeout ? ` --timeout=${timeout}` : ""}`);
  }
  /** Everything that is true now. */
  world() {
    return this.#engine.world();
  }
  /** What the cluster promises, and how it stands. */
  guarantees() {
    return this.#engine.guarantees();
  }
  /** Whether a claim holds now. */
  claim(claim) {
    return this.#engine.claim(claim);
  }
  /** Why an object is as it is. */
  why(target) {
    return this.#engine.command(`why ${target}`).shown;
  }
  /** Goes to a moment: virtual milliseconds since the start. */
  seek(elapsed) {
    this.#engine.seek(elapsed);
  }
  /** The same run at the same moment, to go another way. */
  fork() {
    return new Cluster(this.#engine.fork());
  }
  /** Calls back with what happens: of one kind, or of all (`*`). Answers a function that ends it. */
  on(kind, listener) {
    const entry = [kind, listener];
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }
  /** The whole run, to be opened again, here or in the page. */
  recording() {
    return this.#engine.recording();
  }
  /** Gives its memory back. */
  close() {
    this.#engine.free();
  }
}

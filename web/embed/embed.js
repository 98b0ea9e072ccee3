// A cluster inside somebody else's page: defines <petri-cluster> and turns fenced blocks into it.
//
//   <script type="module" src="petri/embed.js"></script>
//
// Text first: until a reader presses Start nothing is fetched, and nothing on the page moves. What is drawn before lies on
// top of the block that is there. Nothing here takes the focus, scrolls, or listens to a key.
//
// It needs no style of the page's own (`style-src 'self'` suffices), and it can be imported where there is no window.

const HOME = new URL("./", import.meta.url).href;
/** More engines at once are too much for a phone: the one that was started first is parked. */
const ALIVE = 2;
/** Who has not said a word by then may be blocked: the reader gets a link. */
const PATIENCE = 2500;
const HEIGHT = { usual: 420, least: 160, most: 1600 };
const WORDS = ["panels", "theme", "speed", "autoplay", "engine", "example", "lesson", "recording", "scenario", "seed", "title", "height"];
const KNOWN = new Set([...WORDS, "src", "poster", "sandbox", "class", "id", "style", "slot", "hidden", "lang", "dir"]);

/** What a block of text looks like in the documentation tools that there are: its code, and what stands for the block. */
const BLOCKS = [
  "pre > code.language-petri", "pre > code[data-lang=petri]",
  // Whatever says so itself, or its first line says it of: `# petri` or `# petri: height=420`. MkDocs drops the name of a
  // language that it does not know.
  "pre",
];
const MARK = /^\s*#\s*petri(?::([^\n]*))?\s*(?:\n|$)/;

const CSS = `
:host { display: block; position: relative; min-width: 0; }
:host([hidden]) { display: none; }
:host(:focus) { outline: none; }
.bar { position: absolute; inset: auto .5rem .5rem auto; display: flex; gap: .5rem; align-items: center; z-index: 1; }
:host(.runs) .bar, :host(.runs) slot { display: none; }
button, a { font: 600 13px/1 system-ui, sans-serif; border-radius: 6px; padding: .55em .8em; border: 1px solid #0f766e; }
button { background: #0f766e; color: #fff; cursor: pointer; }
a { background: #fff; color: #0f766e; text-decoration: none; }
button:hover { background: #115e59; }
button:focus-visible, a:focus-visible { outline: 3px solid #2dd4bf; outline-offset: 2px; }
figure { margin: 0; }
figcaption { display: none; font: 13px/1.4 system-ui, sans-serif; }
figcaption a { all: unset; text-decoration: underline; }
iframe { display: block; width: 100%; border: 0; border-radius: 8px; }
img { display: block; width: 100%; object-fit: contain; }
.note { position: absolute; inset: auto .5rem .5rem; font: 13px/1.4 system-ui, sans-serif; }
.note a { margin-inline-start: .5em; }
@media print { .bar { display: none; } figcaption { display: block; } figure { break-inside: avoid; } }
`;

let sheet;
const running = new Set();
const Base = globalThis.HTMLElement ?? class {};

/** Dark or light, as the page around it is painted just now, whichever tool's toggle has made it so. */
function themeAround(element) {
  for (let at = element; at; at = at.parentElement ?? at.getRootNode().host) {
    const paint = getComputedStyle(at).backgroundColor.match(/[\d.]+/g)?.map(Number);
    if (paint && paint[3] !== 0) return 0.2126 * paint[0] + 0.7152 * paint[1] + 0.0722 * paint[2] < 128 ? "dark" : "light";
  }
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

const make = (tag, words, ...inside) => {
  const element = Object.assign(document.createElement(tag), words);
  element.append(...inside);
  return element;
};

/** Margins that met above and below an empty element, and do not once it is none: it grows by what was announced alone. */
function gapBefore({ block, nextElementSibling: next }) {
  const margin = (element, side) => (element ? parseFloat(getComputedStyle(element)[side]) || 0 : 0);
  return block ? Math.min(margin(block, "marginBottom"), margin(next, "marginTop")) : 0;
}

/** What is no attribute is named where writers look for such things. */
const isKnown = (name) => KNOWN.has(name) || /^(data|aria)-/.test(name) || console.warn(`Petri: ${name} is no attribute, and is ignored`);

class PetriCluster extends Base {
  static observedAttributes = ["theme"];
  #frame = null;
  #answered = false;
  #went = "";
  #still = "";

  connectedCallback() {
    if (this.shadowRoot) return;
    this.getAttributeNames().forEach(isKnown);
    // Of words in the first line some need no value. What the element says itself counts more.
    const words = (this.text.match(MARK)?.[1] ?? "").matchAll(/([a-z]+)(?:=(?:"([^"]*)"|([^\s"]+)))?/g);
    for (const [, name, quoted, bare] of words) if (!this.hasAttribute(name) && isKnown(name)) this.setAttribute(name, quoted ?? bare ?? "");
    const root = this.attachShadow({ mode: "open" });
    sheet ??= Object.assign(new CSSStyleSheet(), {});
    if (!sheet.cssRules.length) sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
    this.#idle("Start");
  }

  disconnectedCallback() {
    // Moved about in the page, it is connected again before this task ends.
    queueMicrotask(() => {
      if (!this.isConnected) this.#stop();
    });
  }

  attributeChangedCallback() {
    this.#paint();
  }

  #paint() {
    const theme = this.#theme();
    this.#say({ type: "theme", theme });
    const img = this.shadowRoot?.querySelector("img");
    if (img) img.style.colorScheme = theme;
  }

  /** The fence's text: what stands in the element, or in the block that it stands for. */
  get text() {
    const begins = ["example", "lesson", "recording"].some((name) => this.hasAttribute(name));
    // What stands in an element that says what it begins with is for readers alone, unless it is code.
    const text = this.fence?.() ?? (this.querySelector("pre") ?? (begins ? {} : this)).textContent ?? "";
    return text.replace(/^\n/, "");
  }

  /** The page to run it in, and the page to open it in. */
  address(inside) {
    const url = new URL(this.getAttribute("src") ?? HOME, document.baseURI);
    if (inside) url.searchParams.set("embed", "");
    for (const name of WORDS) {
      const value = this.getAttribute(name);
      if (value !== null) url.searchParams.set(name, value);
    }
    if (inside) url.searchParams.set("theme", this.#theme());
    else url.searchParams.delete("theme");
    url.hash = this.#went || `fence=${encodeURIComponent(this.text)}`;
    return url.href.replace("embed=&", "embed&");
  }

  #theme() {
    const theme = this.getAttribute("theme");
    return theme === "dark" || theme === "light" ? theme : themeAround(this);
  }

  get height() {
    const height = parseInt(this.getAttribute("height"), 10);
    return height >= HEIGHT.least && height <= HEIGHT.most ? height : HEIGHT.usual;
  }

  // React and Vue assign what they find to be a property.
  set height(height) {
    this.setAttribute("height", height);
  }

  #idle(word) {
    const start = make("button", { type: "button", onclick: () => this.start() }, `▶ ${word}`);
    const room = (tag, words) => {
      const element = make(tag, words);
      element.style.height = `${this.height}px`;
      return element;
    };
    start.setAttribute("aria-label", `${word} this cluster${this.title ? `: ${this.title}` : ""}`);
    // What was parked keeps its room: the page around it moves for nobody's Start but its own.
    const empty = () => (this.#went ? room("div", {}) : make("slot"));
    this.#show(this.#still || this.getAttribute("poster") ? this.#picture(empty) : empty());
    this.shadowRoot.append(make("div", { className: "bar" }, start));
    this.classList.remove("runs");
  }

  /** On paper it is a figure with a caption and an address. */
  #show(...parts) {
    this.shadowRoot.replaceChildren(make("figure", {}, ...parts, make("figcaption")));
  }

  /** The page is about to be printed. */
  print() {
    const { origin, pathname, href } = new URL(this.address(false));
    const title = this.getAttribute("title") ?? "A Kubernetes cluster";
    this.shadowRoot.querySelector("figcaption").replaceChildren(`${title}. Open it at `, make("a", { href }, origin + pathname));
  }

  /** What stands here until Start: as high as the cluster will be, so that nothing moves, and in the page's paint. */
  #picture(empty) {
    const alt = `${this.#still ? "Parked" : "A picture"}: ${this.getAttribute("title") ?? "a Kubernetes cluster"}`;
    const img = make("img", { alt, height: this.height, loading: "lazy", src: this.#still || this.getAttribute("poster") });
    img.style.marginTop = `${-gapBefore(this)}px`;
    img.style.colorScheme = this.#theme();
    // What cannot be had is no reason to hide the text.
    if (!this.#still) img.onerror = () => img.replaceWith(empty());
    return img;
  }

  /** Runs it here. A reader's action: nothing calls this by itself. */
  start() {
    if (this.#frame) return;
    for (const other of running) if (running.size >= ALIVE) other.park();
    const frame = make("iframe", { title: this.getAttribute("title") ?? "Petri: a Kubernetes cluster", src: this.address(true) });
    const sandbox = this.getAttribute("sandbox");
    if (sandbox !== null) frame.setAttribute("sandbox", sandbox || "allow-scripts");
    frame.height = this.height;
    // What a browser paints of it before it knows the page's theme nobody needs to see.
    frame.style.opacity = 0;
    frame.style.marginTop = `${-gapBefore(this)}px`;
    this.#frame = frame;
    this.#answered = false;
    running.add(this);
    const pressed = this.shadowRoot.activeElement;
    this.#show(make("slot"), frame);
    // The button is gone that had the focus: the next Tab leads into the cluster, and nothing has moved.
    if (pressed) {
      this.tabIndex = -1;
      this.focus({ preventScroll: true });
    }
    this.classList.add("runs");
    setTimeout(() => {
      if (this.#frame === frame && !this.#answered) this.#blocked();
    }, PATIENCE);
  }

  /** Stops the engine and keeps its moment: Start goes on from there. */
  park() {
    running.delete(this);
    if (!this.#frame) return;
    this.#say({ type: "park" });
    const frame = this.#frame;
    // A frame that does not answer loses its moment, not the reader's page.
    setTimeout(() => this.#frame === frame && this.#stop(), 1000);
  }

  #stop() {
    running.delete(this);
    this.#frame = null;
    if (this.shadowRoot) this.#idle(this.#went ? "Go on" : "Start");
  }

  #blocked() {
    const link = make("a", { href: this.address(false), target: "_blank", rel: "noopener" }, "Open it in Petri");
    this.#frame.height = 0;
    this.shadowRoot.append(make("div", { className: "note", role: "status" }, "This page does not let the cluster run here.", link));
    this.classList.remove("runs");
  }

  #say(message) {
    this.#frame?.contentWindow?.postMessage({ petri: 1, ...message }, "*");
  }

  /** Hears its own frame, and nobody else. */
  hear({ source, data }) {
    if (!this.#frame || source !== this.#frame.contentWindow || data?.petri !== 1 || typeof data.type !== "string") return;
    if (!this.#answered) {
      this.#answered = true;
      this.shadowRoot.querySelector(".note")?.remove();
      this.#frame.height = this.height;
      this.#frame.style.opacity = "";
      this.classList.add("runs");
    }
    const { type, fragment, picture, height } = data;
    if (type === "ready") this.#say({ type: "theme", theme: this.#theme() });
    if (type === "height" && Number.isFinite(height)) this.#frame.height = Math.min(Math.max(height, HEIGHT.least), HEIGHT.most);
    if (type === "parked" && typeof fragment === "string" && /^r=[\w-]*$/.test(fragment)) {
      this.#went = fragment;
      // An image, and never markup. It has no half of a character, which no address can have.
      const sound = typeof picture === "string" && picture.length < 2e4 && picture.startsWith("<svg ") && !/\p{Surrogate}/u.test(picture);
      this.#still = sound ? `data:image/svg+xml,${encodeURIComponent(picture)}` : "";
      this.#stop();
    }
    this.dispatchEvent(new CustomEvent(`petri-${type.slice(0, 20)}`, { detail: data }));
  }

  /** The page's paint has changed. */
  repaint() {
    if (!/^(dark|light)$/.test(this.getAttribute("theme"))) this.#paint();
  }
}

/** Blocks that have their Start. Not a mark on them: frameworks write attributes anew. */
const upgraded = new WeakSet();

/** A block's text; highlighters give each line an element. */
const textOf = (code) => [...code.querySelectorAll(".line, .ec-line, .token-line")].map((line) => line.textContent.replace(/\n$/, "")).join("\n") || code.textContent;

/** Gives each fenced block of the page a Start of its own. The block stays where it is, and stays readable. */
export function upgrade(root = document) {
  for (const code of root.querySelectorAll(BLOCKS.join(","))) {
    const pre = code.closest("pre") ?? code;
    const text = textOf(code);
    const isNamed = /(^|\s)(language-|highlight-)?petri(\s|$)/.test(`${code.className} ${code.dataset.lang ?? ""} ${pre.dataset.language ?? ""} ${code.closest("div[class*=-petri]")?.className ?? ""}`);
    if (upgraded.has(pre) || pre.closest("petri-cluster") || !(isNamed || MARK.test(text))) continue;
    upgraded.add(pre);
    const block = pre.closest("div.highlight, div[class*=language-], div[class*=highlight-], .expressive-code") ?? pre;
    const element = document.createElement("petri-cluster");
    element.fence = () => textOf(code);
    // A class is a word without a value.
    const words = code.className.matchAll(/([a-z]+)=(?:"([^"]*)"|([^\s"]+))/g);
    for (const [, name, quoted, bare] of words) if (isKnown(name)) element.setAttribute(name, quoted ?? bare ?? "");
    // Behind the block, for frameworks take a block away that they know, and would not find it inside of another one.
    element.classList.add("behind");
    element.block = block;
    block.after(element);
  }
}

/** Defines the element, once, and upgrades what is there and what comes by navigation. */
export function define() {
  if (!globalThis.customElements || customElements.get("petri-cluster")) return;
  customElements.define("petri-cluster", PetriCluster);
  const each = (act) => document.querySelectorAll("petri-cluster").forEach(act);
  addEventListener("message", (event) => each((cluster) => cluster.hear?.(event)));
  const repaint = () => each((cluster) => cluster.repaint?.());
  const watch = { attributes: true, attributeFilter: ["class", "style", "data-theme", "data-md-color-scheme", "data-color-mode"] };
  const begin = () => {
    upgrade();
    for (const root of [document.documentElement, document.body]) new MutationObserver(repaint).observe(root, watch);
    let soon = 0;
    new MutationObserver(() => {
      soon ||= requestAnimationFrame(() => {
        soon = 0;
        // A framework takes away what it has made, and this was none of it.
        each((cluster) => cluster.block?.isConnected === false && cluster.remove());
        upgrade();
      });
    }).observe(document.body, { childList: true, subtree: true });
  };
  addEventListener("beforeprint", () => each((cluster) => cluster.print()));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin);
  else begin();
}

define();

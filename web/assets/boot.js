// Starts the page: fetches the module and its WebAssembly, and says in plain words what went wrong if that fails.
//
// It is a file of its own because a strict Content-Security-Policy allows no inline script, and it fetches the
// WebAssembly itself because a static host may serve it under any Content-Type.

const app = document.querySelector("meta[name=petri-app]");
const editor = document.querySelector("meta[name=petri-editor]");
const resolve = (path) => new URL(path, document.baseURI).href;

// Where the page finds its lazily loaded parts. Read by the Rust side, and by a worker's creator.
globalThis.petriParts = Object.freeze({
  module: resolve(app.content),
  wasm: resolve(app.dataset.wasm),
  editor: resolve(editor.content),
});
globalThis.petriLoadEditor = () => import(globalThis.petriParts.editor);

async function start() {
  if (typeof WebAssembly !== "object") {
    throw new Error("This browser has WebAssembly switched off, and the simulation needs it.");
  }
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
  await module.default({ module_or_path: streams ? response : await response.arrayBuffer() });
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
  why.textContent = ` ${error instanceof Error ? error.message : String(error)}`;
  const again = document.createElement("button");
  again.type = "button";
  again.textContent = "Try again";
  again.addEventListener("click", () => location.reload());
  say.replaceChildren(what, why, again);
}

start().catch(explain);

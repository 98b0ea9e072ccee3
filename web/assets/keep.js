// What the page keeps for who made it: files that are saved and chosen, runs that are too long for an address, and how
// somebody likes to read.

const KEPT = "petri-run-";
/** So many runs are kept; older ones make room. */
const MOST = 5;
/** Tells the runs of this page from those of others. */
const own = Date.now().toString(36);

const TYPES = { json: "application/json", svg: "image/svg+xml", png: "image/png" };

/** Saves a text, or the bytes of a picture, as a file. */
export function save(name, content) {
  const href = URL.createObjectURL(new Blob([content], { type: TYPES[name.split(".").pop()] ?? "text/plain" }));
  const link = document.createElement("a");
  Object.assign(link, { href, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}
globalThis.petriSave = save;

/** Lets a person choose a file; answers its text, or null if nothing was chosen. */
globalThis.petriChoose = () =>
  new Promise((answer) => {
    const input = document.createElement("input");
    Object.assign(input, { type: "file", accept: ".json,.txt,application/json,text/plain" });
    input.addEventListener("change", () => answer(input.files[0]?.text() ?? null));
    input.addEventListener("cancel", () => answer(null));
    input.click();
  });

/** Keeps a run of this page in the browser. Answers its name, or null where nothing can be kept. */
globalThis.petriKeep = (number, text) => {
  const name = `${own}-${number}`;
  const others = () => Object.keys(localStorage).filter((key) => key.startsWith(KEPT) && key !== KEPT + name).sort();
  try {
    for (const key of others().slice(0, -(MOST - 1))) localStorage.removeItem(key);
    for (;;) {
      try {
        localStorage.setItem(KEPT + name, text);
        return name;
      } catch (full) {
        const [oldest] = others();
        if (!oldest) throw full;
        localStorage.removeItem(oldest);
      }
    }
  } catch {
    return null;
  }
};

/** A run that was kept in this browser, or null. */
globalThis.petriKept = (name) => {
  try {
    return localStorage.getItem(KEPT + name);
  } catch {
    return null;
  }
};

/** Keeps what somebody prefers; an empty text forgets it. Where nothing can be kept it lasts as long as the page. */
globalThis.petriPrefer = (name, value) => {
  try {
    if (value) localStorage.setItem(`petri-${name}`, value);
    else localStorage.removeItem(`petri-${name}`);
  } catch {
    // The page has it already.
  }
};

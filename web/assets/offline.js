// Keeps the page for a time without a network: a service worker that the build puts beside the page, with the list of
// its files. Every build keeps its own, so what is kept is never wrong; only the index has to be asked for first.

// The build replaces these two lines.
const VERSION = "";
const FILES = { first: [], later: [] };

const at = (name) => new URL(name, self.registration.scope).href;
// Several builds may live on one host, each in its folder: none touches what another keeps.
const OURS = `petri ${at(".")} `;
const KEPT = OURS + VERSION;

/** Fetches and keeps what is not kept yet. The browser's own cache has most of it already. */
async function keep(names) {
  const kept = await caches.open(KEPT);
  const missing = await Promise.all(names.map(async (name) => ((await kept.match(at(name))) ? [] : [asked(name)])));
  await kept.addAll(missing.flat());
}

/** Under a name that does not change with its content, that cache may have an older file. */
const asked = (name) => new Request(at(name), { cache: /-[0-9a-f]{16}[._]/.test(name) ? "default" : "no-cache" });

self.addEventListener("install", (event) => {
  event.waitUntil(keep(FILES.first).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const forget = async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith(OURS) && name !== KEPT) await caches.delete(name);
    }
  };
  event.waitUntil(forget().then(() => self.clients.claim()));
});

// The page says when there is time for what a first visit does not need.
self.addEventListener("message", (event) => {
  if (event.data === "the rest") event.waitUntil(keep(FILES.later));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || !address.href.startsWith(self.registration.scope)) return;
  address.hash = "";
  address.search = "";
  const name = address.href === self.registration.scope ? at("index.html") : address.href;
  const known = [...FILES.first, ...FILES.later].some((file) => at(file) === name);
  if (!known) return;
  event.respondWith(request.mode === "navigate" ? fresh(request, name) : own(request, name));
});

/** What is kept, or else the network's, which is kept from then on. */
async function own(request, name) {
  const kept = await caches.open(KEPT);
  const found = await kept.match(name);
  if (found) return found;
  const response = await fetch(request);
  if (response.ok) await kept.put(name, response.clone());
  return response;
}

/** The network's, or else what is kept. */
async function fresh(request, name) {
  const kept = await caches.open(KEPT);
  try {
    const response = await fetch(request);
    if (response.ok) await kept.put(name, response.clone());
    return response;
  } catch (error) {
    const found = await kept.match(name);
    if (found) return found;
    throw error;
  }
}

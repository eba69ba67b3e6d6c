// Opens the judge's pages without a network: the last copy of the page and its files. Never touches /api or streams.
const PAGES = "judge-pages";
const FILES = "judge-files";
const PATIENCE_MS = 3_000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  const { page, assets } = event.data;
  const keep = async () => {
    const files = await caches.open(FILES);
    for (const old of await files.keys()) if (!assets.includes(new URL(old.url).pathname)) await files.delete(old);
    await Promise.all(assets.map(async (path) => (await files.match(path)) || files.add(path)));
    const response = await fetch(page, { headers: { Accept: "text/html" } });
    await keepPage(page, response);
  };
  event.waitUntil(keep());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (pathname.startsWith("/assets/")) event.respondWith(openFile(request));
  else if (request.mode === "navigate" && pathname.startsWith("/judge/")) event.respondWith(openPage(request, pathname));
});

async function openFile(request) {
  return (await caches.match(request)) ?? fetch(request);
}

async function openPage(request, path) {
  const control = new AbortController();
  const timer = setTimeout(() => control.abort(), PATIENCE_MS);
  try {
    const response = await fetch(request, { signal: control.signal });
    await keepPage(path, response.clone());
    return response;
  } catch (error) {
    const pages = await caches.open(PAGES);
    const kept = await pages.match(deskOf(path));
    if (kept) return kept;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

// One document serves the desk and every run of a championship, so one copy is kept for each championship.
const deskOf = (path) => path.split("/").slice(0, 3).join("/");

async function keepPage(path, response) {
  const pages = await caches.open(PAGES);
  if (response.redirected || response.status === 401 || response.status === 403) return pages.delete(deskOf(path));
  if (response.ok) await pages.put(deskOf(path), response);
}

// Asks the service worker to keep this page; where there can be none, says what that means for the judge.
export async function keepPages(strings, store) {
  if (!store.keeps) return strings.nothing_kept;
  if (!("serviceWorker" in navigator)) return strings.no_worker;
  try {
    await navigator.serviceWorker.register("/judge/worker.js", { scope: "/judge/", type: "classic" });
  } catch (error) {
    if (error instanceof TypeError || error instanceof DOMException) return strings.no_worker;
    throw error;
  }
  const registration = await navigator.serviceWorker.ready;
  const assets = performance.getEntriesByType("resource").map((entry) => new URL(entry.name)).filter((url) => url.origin === location.origin && url.pathname.startsWith("/assets/"));
  registration.active.postMessage({ page: location.pathname, assets: assets.map((url) => url.pathname) });
  return "";
}

// The site without a network, after the first visit. Online everything comes from the server, so that nobody reads an old
// page; offline from what is kept, which is one build, whole or not at all. The studio, whose worker is of a narrower
// scope, keeps itself; of a report what was looked at is kept.

// Tests: test/site/sw.test.ts, test/site/site.test.ts

import { type FetchEvent, keepOnly, plain, within, worker } from "../studio/service-worker.ts";

/** Of the build that this script belongs to; `scripts/site.mjs` puts both in. */
declare const BUILD: string;
/** Paths of all pages and what they load. */
declare const FILES: readonly string[];

/** The site's own address, with "/" at its end. */
const ROOT = worker.registration.scope;
/** Caches are the origin's: another site beside this one has its own. */
const MINE = `ganatomy-site ${ROOT} `;
/** A network that has not brought a page by then is as good as none. */
const PATIENCE_MS = 5000;

worker.addEventListener("install", (event) => event.waitUntil(keep()));
worker.addEventListener("activate", (event) => event.waitUntil(keepOnly(MINE, BUILD)));
worker.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  const { origin, pathname } = new URL(url);
  const address = origin + pathname; // TypeDoc's own files have no queries
  if (method !== "GET" || !address.startsWith(ROOT) || address.startsWith(`${ROOT}studio/`)) return;
  event.respondWith(answer(event, address.endsWith("/") ? `${address}index.html` : address));
});

async function keep(): Promise<void> {
  const cache = await caches.open(MINE + BUILD);
  // Some hosts lead from edits.html to edits.
  const keepOne = async (path: string): Promise<void> =>
    cache.put(ROOT + path, await plain(await fetch(ROOT + path, { cache: "no-cache" })));
  await Promise.all(FILES.map(keepOne));
  await worker.skipWaiting();
}

async function answer(event: FetchEvent, address: string): Promise<Response> {
  const cache = await caches.open(MINE + BUILD);
  const asked = fetch(event.request);
  try {
    const response = await within(asked, PATIENCE_MS);
    // A part of a file cannot be kept, nor anything where there is no room: it is shown all the same.
    if (response.status === 200 && address.startsWith(`${ROOT}reports/`)) {
      event.waitUntil(cache.put(address, response.clone()).catch(() => {}));
    }
    return response;
  } catch {
    // Slow is better than nothing.
    return (await cache.match(address)) ?? asked;
  }
}

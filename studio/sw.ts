// The studio without a network, after the first visit. Online everything comes from the server, so
// that nobody sees an old studio: only what is asked for by the build's own hash ("?b=…"), which
// can be no other, is taken from what is kept. Offline all of it is. What is kept is one build,
// whole or not at all.

// Tests: test/studio/offline.test.ts

import { keepOnly, plain, within, worker } from "./service-worker.ts";

/** Of the build that this script belongs to; `scripts/studio.mjs` puts both in. */
declare const BUILD: string;
/** Paths of all of its files, but index.html and this one. */
declare const FILES: readonly string[];
/** The page's own address, with "/" at its end. */
const ROOT = worker.registration.scope;
/** Caches are the origin's: another studio beside this one has its own. */
const MINE = `ganatomy-studio ${ROOT} `;
/** A network that has not brought the page by then is as good as none. */
const PATIENCE_MS = 5000;

worker.addEventListener("install", (event) => event.waitUntil(keep()));
worker.addEventListener("activate", (event) => event.waitUntil(keepOnly(MINE, BUILD)));
worker.addEventListener("fetch", (event) => {
  const answer = answerTo(event.request);
  if (answer) event.respondWith(answer);
});

/**
 * Keeps this build, and takes the place of the one before at once: a page of that one which is
 * still open goes on from the network. Fails where the server has another build by now, whose own
 * script will come.
 */
async function keep(): Promise<void> {
  const page = await plain(await fetch(ROOT, { cache: "no-cache" }));
  if (!(await page.clone().text()).includes(BUILD)) throw new Error("The page is of another build.");
  const cache = await caches.open(MINE + BUILD);
  await cache.addAll(FILES.map((path) => `${ROOT}${path}?b=${BUILD}`));
  await cache.put(ROOT, page);
  await worker.skipWaiting();
}

/** Undefined for what is none of the studio's. */
function answerTo(request: Request): Promise<Response> | undefined {
  const { origin, pathname, searchParams } = new URL(request.url);
  const at = origin + pathname;
  if (request.method !== "GET" || !at.startsWith(ROOT)) return undefined;
  const path = at.slice(ROOT.length);
  if (path === "" || path === "index.html") return within(fetch(request), PATIENCE_MS).catch(() => kept(ROOT, request));
  if (!FILES.includes(path)) return undefined;
  const known = `${ROOT}${path}?b=${BUILD}`;
  if (searchParams.get("b") === BUILD) return kept(known, request);
  return fetch(request).catch(() => kept(known, request));
}

/** What is kept at an address; else the server's answer. */
async function kept(address: string, request: Request): Promise<Response> {
  const cache = await caches.open(MINE + BUILD);
  return (await cache.match(address)) ?? fetch(request);
}

// What service workers of ours have in common: the studio's, and the site's.

// Tests: test/studio/offline.test.ts, test/site/site.test.ts

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
export interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface Scope {
  readonly registration: { readonly scope: string };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: ExtendableEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: FetchEvent) => void): void;
}
export const worker = globalThis as unknown as Scope;

/** A page that a redirection led to may not be shown at another address, but what it says may. */
export async function plain(response: Response): Promise<Response> {
  if (!response.ok) throw new Error(`The page answered ${response.status}.`);
  return new Response(await response.blob(), { headers: response.headers });
}

/** Removes what earlier builds kept under names that begin like this one's. */
export async function keepOnly(mine: string, build: string): Promise<void> {
  const others = (await caches.keys()).filter((name) => name.startsWith(mine) && name !== mine + build);
  await Promise.all(others.map((name) => caches.delete(name)));
}

export function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    promise.then(resolve, reject);
    setTimeout(reject, ms, new Error("The network takes too long."));
  });
}

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

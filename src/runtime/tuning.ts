import { VERSION } from "../version.ts";
import type { Adapter } from "./device.ts";

/** Where a device's measurements are kept. A browser's `Cache` (`await caches.open("tuning")`) fits. */
export interface TuningCache {
  match(url: string): Promise<Response | undefined>;
  put(url: string, response: Response): Promise<void>;
}

export interface TuningOptions {
  /**
   * Whether to time the ways in which an operation can run before it is first used, which takes up to 3 s a network: on GPUs
   * unless given, never on software adapters unless asked. Or what another device found, `Object.fromEntries(device.tuned)`: so that
   * results are the same to the bit.
   */
  readonly tune?: boolean | Readonly<Record<string, string>>;
  /** Where the times are kept for the next device on such an adapter; a page's Cache API unless given. */
  readonly tuningCache?: TuningCache | undefined;
}

/** What a device knows of how its operations run fastest; see `tune`. */
export class Tuning {
  /** The fastest way of each operation, both by their names. */
  readonly tuned: Map<string, string>;
  readonly measures: boolean;
  /** Settles when whoever is measuring is done. */
  turn: Promise<void> = Promise.resolve();
  readonly #url: string;
  readonly #cache: () => Promise<TuningCache | undefined>;
  #restoring: Promise<void> | undefined;

  constructor(adapter: Adapter, { tune = !adapter.software, tuningCache }: TuningOptions) {
    this.measures = tune === true;
    this.tuned = new Map(typeof tune === "object" ? Object.entries(tune) : []);
    const { vendor, architecture, description } = adapter;
    const name = [VERSION, vendor, architecture, description].map(encodeURIComponent).join("/");
    // A page's cache takes nothing but addresses; this one is nobody's (RFC 6761).
    this.#url = `https://ganatomy.invalid/tuning/${name}`;
    this.#cache = async () => tuningCache ?? (await pageCache());
  }

  /** Resolves once the cache was read. */
  readonly restored = (): Promise<void> => {
    this.#restoring ??= this.#restore();
    return this.#restoring;
  };

  async #restore(): Promise<void> {
    try {
      const response = await (await this.#cache())?.match(this.#url);
      const kept: unknown = await response?.json();
      if (typeof kept !== "object" || kept === null) return;
      for (const [name, way] of Object.entries(kept)) if (typeof way === "string") this.tuned.set(name, way);
    } catch {
      // Unreadable is as good as empty: it is measured again.
    }
  }

  /** Puts what was found into the cache. */
  async keep(): Promise<void> {
    try {
      const text = JSON.stringify(Object.fromEntries(this.tuned));
      await (await this.#cache())?.put(this.#url, new Response(text));
    } catch {
      // Full or forbidden: it is measured again the next time, and nothing is lost.
    }
  }
}

async function pageCache(): Promise<TuningCache | undefined> {
  const caches = (globalThis as { caches?: { open(name: string): Promise<TuningCache> } }).caches;
  return caches?.open("ganatomy");
}

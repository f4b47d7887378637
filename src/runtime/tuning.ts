import { UsageError } from "../errors.ts";
import { VERSION } from "../version.ts";
import type { Adapter } from "./adapter.ts";
import type { Tunable } from "./graph.ts";

/**
 * Raise it when kernels take other times or ways other names: what was found before is not looked
 * at then.
 */
const FORMAT = 3;

/**
 * Where a device's measurements are kept. A browser's `Cache` (`await caches.open("tuning")`) fits.
 */
export interface TuningCache {
  /** What was put under an address; undefined where nothing was. */
  match(url: string): Promise<Response | undefined>;
  /** Keeps a response under an address. */
  put(url: string, response: Response): Promise<void>;
}

/** How a device finds out in which way each operation runs fastest. */
export interface TuningOptions {
  /**
   * Whether to time the ways in which an operation can run before it is first used, which takes
   * about 3 s a network: on GPUs unless given, never on software adapters unless asked. Or how
   * operations ran on another device, its `tuned` or an object of the same: so that results are the
   * same to the bit.
   */
  readonly tune?: boolean | Iterable<readonly [string, string]> | Readonly<Record<string, string>> | null;
  /**
   * Where the times are kept for the next device on such an adapter; a page's Cache API unless
   * given.
   */
  readonly tuningCache?: TuningCache | undefined;
}

/** What a device knows of how its operations run fastest; see `tune`. */
export class Tuning {
  /** How operations run, both by their names. What a plan was made of stays as it is. */
  readonly tuned: Map<string, string>;
  readonly measures: boolean;
  /** Settles when whoever is measuring is done. */
  turn: Promise<void> = Promise.resolve();
  readonly #url: string;
  readonly #cache: () => Promise<TuningCache | undefined>;
  #restoring: Promise<void> | undefined;
  /** Operations that run untuned although nobody knows whether that is the fastest. */
  readonly #untimed = new Set<string>();

  constructor(adapter: Adapter, { tune, tuningCache }: TuningOptions) {
    const wanted = tune ?? !adapter.software;
    this.measures = wanted === true;
    this.tuned = typeof wanted === "boolean" ? new Map() : waysGiven(wanted);
    const { vendor, architecture, description } = adapter;
    const name = [VERSION, FORMAT, vendor, architecture, description].map(encodeURIComponent).join("/");
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
      for (const [name, way] of Object.entries(kept)) {
        if (typeof way === "string" && !this.tuned.has(name)) this.tuned.set(name, way);
      }
    } catch {
      // Unreadable is as good as empty: it is measured again.
    }
  }

  /** Whether it is not decided how an operation runs, or on a way that it no longer has. */
  readonly isOpen = ([name, { ways }]: readonly [string, Tunable]): boolean =>
    !ways.includes(this.tuned.get(name) ?? "");

  /**
   * Decides that operations run untuned where nothing else was decided: their results must not
   * change on a device.
   */
  settle(tunables: ReadonlyMap<string, Tunable>): void {
    for (const operation of tunables) {
      if (!this.isOpen(operation)) continue;
      const [name, { ways }] = operation;
      this.tuned.set(name, ways[0]!);
      this.#untimed.add(name);
    }
  }

  /** Puts what was found into the cache. */
  async keep(): Promise<void> {
    try {
      const found = [...this.tuned].filter(([name]) => !this.#untimed.has(name));
      const text = JSON.stringify(Object.fromEntries(found));
      await (await this.#cache())?.put(this.#url, new Response(text));
    } catch {
      // Full or forbidden: it is measured again the next time, and nothing is lost.
    }
  }
}

/** @throws UsageError if these are no pairs of names. */
function waysGiven(tune: Iterable<readonly [string, string]> | Readonly<Record<string, string>>): Map<string, string> {
  try {
    const ways = new Map(Symbol.iterator in tune ? tune : Object.entries(tune));
    if ([...ways].flat().every((name) => typeof name === "string")) return ways;
  } catch {
    // No object, or one of no pairs.
  }
  throw new UsageError("`tune` is no list of ways.", "Give true, false or another device's `tuned`.");
}

async function pageCache(): Promise<TuningCache | undefined> {
  const caches = (globalThis as { caches?: { open(name: string): Promise<TuningCache> } }).caches;
  return caches?.open("ganatomy");
}

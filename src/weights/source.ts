import type { NamesOf } from "../names.ts";

// Tests: test/options.test.ts

export interface ReadOptions {
  /** Rejects the read with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A file of known size whose bytes can be read in any order: memory, a Blob, HTTP ranges, or the
 * caller's own.
 */
export interface Source {
  /** A name for messages and progress. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /**
   * The bytes [start, end), 0 ≤ start ≤ end ≤ size. They may be a view of memory that others read
   * too: do not write to them.
   */
  read(start: number, end: number, options?: ReadOptions): Promise<Uint8Array>;
  /** A file that lies beside it, by its name: how a checkpoint in several files is read. */
  beside?(name: string): Promise<Source>;
}

/**
 * What a checkpoint can be loaded from. A string is a URL; paths are opened by the Node entry of
 * the library.
 */
export type SourceLike = string | URL | Request | Blob | ArrayBuffer | Uint8Array | Source;

/** How far the download of a file is. */
export interface LoadProgress {
  /** Bytes so far; never decreases. */
  readonly loaded: number;
  /** Bytes in all; undefined when the server does not say. */
  readonly total: number | undefined;
  /** The file's name. */
  readonly name: string;
}

/** Where downloads are kept. A browser's `Cache` (`await caches.open("weights")`) fits. */
export interface CacheLike {
  /** What was put under an address; undefined where nothing was. */
  match(url: string): Promise<Response | undefined>;
  /** Keeps a response under an address. */
  put(url: string, response: Response): Promise<void>;
  /**
   * Removes what was put under an address. Without it only whole files are kept: with it their
   * parts are, while they are downloaded, and an interrupted download goes on.
   */
  delete?(url: string): Promise<unknown>;
}

/** How a checkpoint is opened. */
export interface LoadOptions {
  /**
   * Aborts opening (not later reads, which take their own signal): rejects with the signal's
   * reason.
   */
  readonly signal?: AbortSignal | undefined;
  /** Called as bytes arrive from the network or the cache. */
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
  /** Called with what went wrong without stopping the load, such as a full cache. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /**
   * Expected SHA-256 as 64 hex digits, or the first 8 or more of them (torch.hub puts 8 in its file
   * names). Loads the whole file.
   */
  readonly sha256?: string | undefined;
  /**
   * The part of the file that is wanted, by its dotted name: "netG", "state_dict.generator". Unless
   * given, the generator is: averaged weights before those of the last step (`Checkpoint.entry`).
   */
  readonly key?: string | undefined;
  /** Takes weights that are NaN or infinite; unless given, they are an error that counts them. */
  readonly allowNonFinite?: boolean | undefined;
  /** Consulted first and filled afterwards, for URLs only. Loads the whole file. */
  readonly cache?: CacheLike | undefined;
  /** Replaces the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
}

export const LOAD_NAMES: NamesOf<LoadOptions> = {
  signal: true,
  onProgress: true,
  onWarning: true,
  sha256: true,
  key: true,
  allowNonFinite: true,
  cache: true,
  fetch: true,
};

import { WeightsError } from "../errors.ts";
import { abortable } from "./abort.ts";
import { contentRange, discard, type HttpClient, readBody } from "./http-client.ts";
import type { ReadOptions, Source } from "./source.ts";

/** Bytes of the file that start at `start`. */
interface Segment {
  readonly start: number;
  readonly bytes: Uint8Array;
}

interface Wish {
  readonly start: number;
  readonly end: number;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * A request costs about as much time as this many bytes, so smaller gaps are read through and
 * smaller reads are widened.
 */
const GAP_BYTES = 128 * 1024;
/**
 * Segments kept for the next small reads: enough for a zip's directory, its first entries and
 * wherever the reader is now.
 */
const KEPT_SEGMENTS = 4;
/** Larger segments go to whoever asked and are not kept, or the whole file would stay in memory. */
const KEPT_BYTES = 2 * GAP_BYTES;

/**
 * A file read by HTTP Range requests. Reads made in the same moment are answered by as few requests
 * as their gaps allow: `Promise.all` over all tensors of a checkpoint is one request.
 */
export class RangeSource implements Source {
  readonly name: string;
  readonly size: number;
  readonly #client: HttpClient;
  readonly #etag: string | null;
  #kept: Segment[];
  #wishes: Wish[] = [];
  #loaded: number;

  /** `head`: the bytes from 0 that the first request brought. */
  constructor(client: HttpClient, size: number, etag: string | null, head: Uint8Array) {
    this.name = client.name;
    this.size = size;
    this.#client = client;
    this.#etag = etag;
    this.#kept = [{ start: 0, bytes: head }];
    this.#loaded = head.length;
  }

  async read(start: number, end: number, options: ReadOptions = {}): Promise<Uint8Array> {
    const { signal } = options;
    signal?.throwIfAborted();
    const held = this.#kept.find((segment) => covers(segment, start, end));
    if (held) return cut(held, start, end);
    const granted = new Promise<Uint8Array>((resolve, reject) => {
      // A timer, not a microtask: readers of several tensors pass through a few awaits before they
      // get here.
      if (this.#wishes.length === 0) setTimeout(() => this.#flush(), 0);
      this.#wishes.push({ start, end, signal, resolve, reject });
    });
    return abortable(granted, signal);
  }

  #flush(): void {
    const wishes = this.#wishes.filter((wish) => !wish.signal?.aborted).sort((a, b) => a.start - b.start);
    this.#wishes = [];
    let group: Wish[] = [];
    let end = 0;
    for (const wish of wishes) {
      if (group.length > 0 && wish.start > end + GAP_BYTES) {
        void this.#grant(group, end);
        group = [];
        end = 0;
      }
      group.push(wish);
      end = Math.max(end, wish.end);
    }
    if (group.length > 0) void this.#grant(group, end);
  }

  /**
   * Fetches one range for a group of wishes; gives up only when nobody in the group wants it any
   * more.
   */
  async #grant(group: readonly Wish[], end: number): Promise<void> {
    const abort = new AbortController();
    const onAbort = () => {
      if (group.every((wish) => wish.signal?.aborted)) abort.abort();
    };
    for (const { signal } of group) signal?.addEventListener("abort", onAbort, { once: true });
    try {
      // Starts at a multiple of 64 so that tensors aligned in the file are aligned in memory and
      // need no copy.
      const start = group[0]!.start - (group[0]!.start % 64);
      const segment = await this.#fetch(start, Math.min(this.size, Math.max(end, start + GAP_BYTES)), abort.signal);
      if (segment.bytes.length <= KEPT_BYTES) this.#kept = [segment, ...this.#kept].slice(0, KEPT_SEGMENTS);
      for (const wish of group) wish.resolve(cut(segment, wish.start, wish.end));
    } catch (error) {
      for (const wish of group) wish.reject(error);
    } finally {
      for (const { signal } of group) signal?.removeEventListener("abort", onAbort);
    }
  }

  async #fetch(start: number, end: number, signal: AbortSignal): Promise<Segment> {
    const response = await this.#client.get(signal, [start, end]);
    const range = contentRange(response);
    const etag = response.headers.get("etag");
    if (range?.total !== this.size || range.start !== start || range.end !== end || etag !== this.#etag) {
      discard(response);
      throw new WeightsError(
        "weights-integrity",
        `${this.name} changed on the server while it was read, or the server stopped answering ranges (status ${response.status}).`,
        "Load it again, or give its sha256 so that it is downloaded in one piece and checked.",
      );
    }
    let seen = 0;
    const bytes = await readBody(response, this.#client, signal, end - start, (loaded) => {
      this.#loaded += loaded - seen;
      seen = loaded;
      // Reading a range twice must not report more than there is.
      this.#client.progress.report(Math.min(this.#loaded, this.size), this.size);
    });
    return { start, bytes };
  }
}

function covers({ start, bytes }: Segment, from: number, to: number): boolean {
  return start <= from && to <= start + bytes.length;
}

function cut({ start, bytes }: Segment, from: number, to: number): Uint8Array {
  return bytes.subarray(from - start, to - start);
}

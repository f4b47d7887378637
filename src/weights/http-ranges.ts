import { GanatomyError, WeightsError } from "../errors.ts";
import { abortable } from "./abort.ts";
import { allocateBytes } from "./bytes.ts";
import {
  CLOSED,
  contentRange,
  discard,
  type HttpClient,
  isBroken,
  RETRIES,
  readWhole,
  receive,
  sameVersion,
} from "./http-client.ts";
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
  /** The first answer, whose version all others must be. */
  readonly #first: Response;
  /** One download, once ranges cannot be relied on. */
  #whole: Promise<Uint8Array> | undefined;
  /** Whether anything was given out that is not in `first`. */
  #given = false;
  #kept: Segment[];
  #wishes: Wish[] = [];
  #loaded: number;

  /** `head`: the bytes from 0 that the first answer brought. */
  constructor(client: HttpClient, size: number, first: Response, head: Uint8Array) {
    this.name = client.name;
    this.size = size;
    this.#client = client;
    this.#first = first;
    this.#kept = [{ start: 0, bytes: head }];
    this.#loaded = head.length;
  }

  /** What tells this version of the file from others; undefined where the server does not say. */
  get version(): string | undefined {
    const { headers } = this.#first;
    return headers.get("etag")?.replace(/^W\//, "") ?? headers.get("last-modified") ?? undefined;
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
      this.#given = true;
      for (const wish of group) wish.resolve(cut(segment, wish.start, wish.end));
    } catch (error) {
      for (const wish of group) wish.reject(error);
    } finally {
      for (const { signal } of group) signal?.removeEventListener("abort", onAbort);
    }
  }

  /**
   * Bytes [start, end) by as many requests as it takes: a server may send less than it was asked
   * for, and a connection may break.
   */
  async #fetch(start: number, end: number, signal: AbortSignal): Promise<Segment> {
    const bytes = allocateBytes(end - start, this.name);
    const held = this.#kept.find((segment) => covers(segment, start, start + 1));
    if (held) bytes.set(cut(held, start, Math.min(end, held.start + held.bytes.length)));
    let at = held ? Math.min(end, held.start + held.bytes.length) - start : 0;
    let failures = 0;
    while (at < bytes.length) {
      // Whoever sends next to nothing would be asked for ever.
      if (this.#whole || failures > RETRIES) return this.#all(signal);
      const before = at;
      try {
        const response = await this.#client.get(signal, [start + at, end]);
        const range = contentRange(response);
        if (range && range.total !== this.size) throw this.#changed(response);
        if (range?.start !== start + at || range.end > end || !sameVersion(response, this.#first)) {
          return this.#all(signal, response);
        }
        await receive(response, signal, (piece) => {
          if (piece.length > range.end - start - at) throw this.#changed(response);
          bytes.set(piece, at);
          at += piece.length;
          this.#arrived(piece.length);
        });
        if (at < range.end - start) throw this.#client.broken(at - before, range.end - range.start, CLOSED);
        failures = at - before < GAP_BYTES ? failures + 1 : 0;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof GanatomyError && !isBroken(error)) throw error;
        if (at - before >= GAP_BYTES) failures = 0;
        if (failures === RETRIES) {
          throw error instanceof GanatomyError ? error : this.#client.broken(at, bytes.length, error);
        }
        await this.#client.retry("broke off", failures, signal);
        failures += 1;
      }
    }
    return { start, bytes };
  }

  /**
   * The whole file by one download, or by this answer where it is that, for a server whose ranges
   * are none.
   */
  async #all(signal: AbortSignal, answer?: Response): Promise<Segment> {
    const usable = answer?.status === 200 && !this.#whole ? answer : undefined;
    if (answer && !usable) discard(answer);
    const download = async (response: Response): Promise<Uint8Array> => {
      if (this.#given && !sameVersion(response, this.#first)) throw this.#changed(response);
      const whole = await readWhole(this.#client, signal, response);
      const held = this.#kept.every(({ start, bytes }) => bytes.every((byte, index) => byte === whole[start + index]));
      if (whole.length !== this.size || !held) throw this.#changed(response);
      this.#kept = [{ start: 0, bytes: whole }];
      return whole;
    };
    const ask = async () => download(await this.#client.get(signal));
    // Of several, one downloads; where that one no longer wants it, the next.
    this.#whole = this.#whole?.catch(ask) ?? (usable ? download(usable) : ask());
    return { start: 0, bytes: await abortable(this.#whole, signal) };
  }

  #arrived(bytes: number): void {
    this.#loaded += bytes;
    // Reading a range twice must not report more than there is.
    this.#client.progress.report(Math.min(this.#loaded, this.size), this.size);
  }

  #changed(response: Response): WeightsError {
    discard(response);
    return new WeightsError(
      "weights-integrity",
      `${this.name} changed on the server while it was read (status ${response.status}).`,
      "Load it again, or download it yourself and open that.",
    );
  }
}

function covers({ start, bytes }: Segment, from: number, to: number): boolean {
  return start <= from && to <= start + bytes.length;
}

function cut({ start, bytes }: Segment, from: number, to: number): Uint8Array {
  return bytes.subarray(from - start, to - start);
}

import type { SamplePicture } from "../dissect/result.ts";
import { UsageError } from "../errors.ts";
import { Desk, type DrawingPlan, type DrawingPool, type DrawnUnit, type UnitDrawing } from "./drawing.ts";
import type { FromWorker, ToWorker } from "./drawing-serve.ts";
import { ENCODER, given } from "./given.ts";
import type { ImageEncoder } from "./image.ts";
import { unpackError } from "./wire-error.ts";

// Tests: test/report/drawing.test.ts, test/report/drawing-lost.test.ts

/** A worker that runs `serveDrawing`, whatever kind of thread it is. */
export interface Hand {
  /** Sends it a message; what is in `transfer` moves there and is not copied. */
  send(message: ToWorker, transfer: ArrayBuffer[]): void;
  /** Whom to tell what it answers, and that nothing more is to be expected of it. */
  listen(answered: (message: FromWorker) => void, died: (error: Error) => void): void;
  /** Whether somebody waits for it: a program may end before an idle one does. */
  busy(isBusy: boolean): void;
  /** Ends it, or what is left of it. */
  end(): Promise<void>;
}

/** Units a worker is given at a time, so that it need not wait for the next. */
const AHEAD = 2;
/** Bytes of pictures that each worker keeps: 300 of 256 pixels, with their labels. */
const KEPT_BYTES = 64 * 2 ** 20;

/**
 * Pixels of strips, in all, from which a worker is worth its start: a fifth of a second of one
 * core's work.
 */
const WORTH_PIXELS = 4e6;
/** More would wait for the thread that writes. */
const MOST_HANDS = 12;
/**
 * Bytes that a worker takes besides what it draws, and for each pixel of a strip: four pictures and
 * their files, and garbage.
 */
const HAND_BYTES = 160 * 2 ** 20;
const PIXEL_BYTES = 40;
/** Of the memory that is free, what workers may take. */
const MEMORY_SHARE = 0.5;

/** What a machine has for workers. */
export interface Machine {
  /** Processor cores that threads can run on. */
  readonly cores: number;
  /** Bytes that are free. */
  readonly memory: number;
}

/** How many workers are worth while for what is to be drawn; fewer than two are none. */
export function handsFor(plan: DrawingPlan, { cores, memory }: Machine): number {
  const fitting = Math.floor((memory * MEMORY_SHARE) / handBytes(plan));
  const hands = Math.min(cores, MOST_HANDS, fitting, Math.floor(plan.pixels / WORTH_PIXELS));
  return hands < 2 ? 0 : hands;
}

/** Bytes that a worker may take. */
export const handBytes = ({ largest }: DrawingPlan): number => HAND_BYTES + PIXEL_BYTES * largest;

/** A worker, what it has been given to do, and which pictures it has. */
interface Place {
  readonly hand: Hand;
  readonly jobs: Set<number>;
  /** Bytes of each picture it has, by image, those used last at the end. */
  pictures: ReadonlyMap<number, number>;
}

interface Waiting {
  readonly unit: UnitDrawing;
  /** Who draws it; nobody: this thread. */
  place: Place | undefined;
  resolve(drawn: DrawnUnit): void;
  reject(error: Error): void;
}

/** Options of `startPool`. */
export interface PoolOptions {
  /** Bytes of pictures that each worker keeps. */
  readonly keptBytes?: number | undefined;
  /**
   * Told why the first worker ended that ended by itself; what it was to draw is drawn all the
   * same.
   */
  readonly onLost?: ((error: Error) => void) | undefined;
}

/**
 * Draws on several threads. Each is sent a picture once, and again only when it had to let it go
 * for others. What a worker that ended was to draw others draw, and this thread, with `encoder`,
 * when none is left: only errors of the drawing itself reject.
 */
export class HandPool implements DrawingPool {
  readonly #plan: DrawingPlan;
  readonly #encoder: ImageEncoder;
  readonly #keptBytes: number;
  readonly #onLost: PoolOptions["onLost"];
  /** Those that live. */
  readonly #places = new Set<Place>();
  /** The ends of the others. */
  readonly #ends: Promise<void>[] = [];
  readonly #waiting = new Map<number, Waiting>();
  #desk: Desk | undefined;
  /** What this thread draws itself, one unit after the other. */
  #own: Promise<void> = Promise.resolve();
  #next = 0;
  /** Why nothing is drawn any more. */
  #end: Error | undefined;

  constructor(plan: DrawingPlan, hands: readonly Hand[], encoder: ImageEncoder, options: PoolOptions = {}) {
    if (hands.length === 0) {
      throw new UsageError(
        "There is no worker to draw with.",
        "Give at least one, or no pool: then this thread draws.",
      );
    }
    this.#plan = plan;
    this.#encoder = given(encoder, "encoder", ["png", "jpeg"], ENCODER);
    this.#keptBytes = options.keptBytes ?? KEPT_BYTES;
    this.#onLost = options.onLost;
    for (const hand of hands) this.#places.add({ hand, jobs: new Set(), pictures: new Map() });
    for (const place of this.#places) this.#begin(place);
  }

  /** As many units as keep those busy that live. */
  get width(): number {
    return Math.max(1, AHEAD * this.#places.size);
  }

  #begin(place: Place): void {
    const { hand } = place;
    try {
      hand.listen(
        (message) => this.#answered(place, message),
        (error) => this.#lost(place, error),
      );
      hand.send({ plan: this.#plan }, []);
      hand.busy(false); // now: listening, in Node, keeps a program alive
    } catch (error) {
      this.#lost(place, error as Error);
    }
  }

  /** Draws a unit on a worker or here; rejects once the pool is closed. */
  draw(unit: UnitDrawing): Promise<DrawnUnit> {
    return new Promise((resolve, reject) => {
      if (this.#end) {
        reject(this.#end);
        return;
      }
      const id = this.#next++;
      this.#waiting.set(id, { unit, place: undefined, resolve, reject });
      this.#assign(id);
    });
  }

  /** To whom has least to do; to this thread where there is nobody, or a unit cannot be sent. */
  #assign(id: number): void {
    const waiting = this.#waiting.get(id)!;
    let place: Place | undefined;
    for (const each of this.#places) if (!place || each.jobs.size < place.jobs.size) place = each;
    waiting.place = place;
    if (!place) {
      this.#drawHere(id, waiting);
      return;
    }
    place.jobs.add(id);
    place.hand.busy(true);
    try {
      this.#send(place, id, waiting.unit);
    } catch {
      this.#leave(place, id);
      this.#drawHere(id, waiting);
    }
  }

  #send(place: Place, id: number, { pictures: { layer, unit, tops }, level, embed }: UnitDrawing): void {
    // Copies: a feature map is a part of its layer's, and all of that would travel.
    const copies = tops.map(({ picture, feature }) => ({ image: picture.image, feature: feature.slice() }));
    const shown = tops.map(({ picture }) => picture);
    const { given, forget, kept } = this.#choose(place, shown);
    const job = { id, layer, unit, level, embed, tops: copies, pictures: given, forget };
    place.hand.send(
      { job },
      copies.map(({ feature }) => feature.buffer),
    );
    place.pictures = kept; // now: it has got none of them if they could not be sent
  }

  /**
   * Which pictures a worker lacks, which it may let go for them - those not used for longest - and
   * which it has then.
   */
  #choose(
    place: Place,
    shown: readonly SamplePicture[],
  ): { given: SamplePicture[]; forget: number[]; kept: ReadonlyMap<number, number> } {
    const kept = new Map(place.pictures);
    const given: SamplePicture[] = [];
    const needed = new Set<number>();
    for (const picture of shown) {
      if (needed.has(picture.image)) continue;
      needed.add(picture.image);
      if (!kept.delete(picture.image)) given.push(whole(picture));
      kept.set(picture.image, picture.rgb.byteLength + picture.labels.byteLength);
    }
    const forget: number[] = [];
    let total = 0;
    for (const bytes of kept.values()) total += bytes;
    for (const [image, bytes] of kept) {
      if (total <= this.#keptBytes || needed.has(image)) break;
      kept.delete(image);
      total -= bytes;
      forget.push(image);
    }
    return { given, forget, kept };
  }

  #drawHere(id: number, waiting: Waiting): void {
    waiting.place = undefined;
    this.#own = this.#own.then(async () => {
      if (this.#waiting.get(id) !== waiting) return; // given up meanwhile
      try {
        this.#desk ??= new Desk(this.#plan, this.#encoder);
        waiting.resolve(await this.#desk.draw(waiting.unit));
      } catch (error) {
        waiting.reject(error as Error);
      }
      this.#waiting.delete(id);
    });
  }

  #leave(place: Place, id: number): void {
    place.jobs.delete(id);
    if (place.jobs.size === 0) place.hand.busy(false);
  }

  #answered(place: Place, message: FromWorker): void {
    this.#leave(place, message.id);
    const waiting = this.#waiting.get(message.id);
    if (waiting?.place !== place) return; // given up, or to others
    if ("error" in message && message.error.code === undefined) {
      // Nothing that drawing throws on purpose: it may be the worker's own trouble, as a lack of
      // memory is.
      this.#drawHere(message.id, waiting);
      return;
    }
    this.#waiting.delete(message.id);
    if ("drawn" in message) waiting.resolve(message.drawn);
    else waiting.reject(unpackError(message.error));
  }

  /** Lets a worker go that is of no use any more, and hands on what it was to draw. */
  #lost(place: Place, error: Error): void {
    if (this.#end || !this.#places.delete(place)) return;
    const jobs = [...place.jobs];
    place.jobs.clear();
    place.hand.busy(false);
    if (this.#ends.length === 0) this.#onLost?.(error);
    this.#ends.push(place.hand.end().catch(() => {})); // it has ended, or is about to
    for (const id of jobs) if (this.#waiting.has(id)) this.#assign(id);
  }

  async close(): Promise<void> {
    const end = new Error("Drawing was given up.");
    this.#end ??= end;
    for (const { reject } of this.#waiting.values()) reject(end);
    this.#waiting.clear();
    await Promise.all([...this.#ends, ...[...this.#places].map(({ hand }) => hand.end())]);
  }
}

/**
 * A pool of as many workers as can be started, `count` at most; undefined where none can, so that
 * the calling thread draws. A system may allow no threads, or no more of them.
 */
export function startPool(
  plan: DrawingPlan,
  count: number,
  start: () => Hand,
  encoder: ImageEncoder,
  options?: PoolOptions,
): HandPool | undefined {
  const hands: Hand[] = [];
  try {
    while (hands.length < count) hands.push(start());
  } catch {
    // Those there are do.
  }
  return hands.length > 0 ? new HandPool(plan, hands, encoder, options) : undefined;
}

/** A picture whose arrays are no parts of larger ones, which would be sent as a whole. */
function whole(picture: SamplePicture): SamplePicture {
  const { rgb, labels } = picture;
  if (isWhole(rgb) && isWhole(labels)) return picture;
  // Not by `slice`, which gives a part of the same memory when it is Node's Buffer.
  const own = labels instanceof Uint8Array ? new Uint8Array(labels) : new Uint16Array(labels);
  return { ...picture, rgb: new Uint8Array(rgb), labels: own };
}

const isWhole = ({ buffer, byteLength }: ArrayBufferView): boolean => buffer.byteLength === byteLength;

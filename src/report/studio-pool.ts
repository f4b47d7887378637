import type { SamplePicture } from "../dissect/result.ts";
import type { DrawingPlan, DrawnUnit, Studio, UnitDrawing } from "./studio.ts";
import type { FromWorker, ToWorker } from "./studio-worker.ts";
import { unpackError } from "./wire-error.ts";

/** A worker that runs `serveStudio`, whatever kind of thread it is. */
export interface Hand {
  send(message: ToWorker, transfer: ArrayBuffer[]): void;
  /** Whom to tell what it answers, and that it ended by itself. */
  listen(answered: (message: FromWorker) => void, died: (error: Error) => void): void;
  /** Whether somebody waits for it: a program may end before an idle one does. */
  busy(isBusy: boolean): void;
  end(): Promise<void>;
}

/** Units a worker is given at a time, so that it need not wait for the next. */
const AHEAD = 2;
/** Bytes of pictures that each worker keeps: 300 of 256 pixels, with their labels. */
const KEPT_BYTES = 64 * 2 ** 20;

/** Pixels of strips, in all, from which a worker is worth its start: a fifth of a second of one core's work. */
const WORTH_PIXELS = 4e6;
/** More would wait for the thread that writes. */
const MOST_HANDS = 12;
/** Bytes that a worker takes besides what it draws, and for each pixel of a strip: four pictures and their files, and garbage. */
const HAND_BYTES = 160 * 2 ** 20;
const PIXEL_BYTES = 40;
/** Of the memory that is free, what workers may take. */
const MEMORY_SHARE = 0.5;

/** What a machine has for workers. */
export interface Machine {
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
  readonly pictures: Map<number, number>;
  bytes: number;
}

interface Waiting {
  readonly place: Place;
  resolve(drawn: DrawnUnit): void;
  reject(error: Error): void;
}

/** Draws on several threads. Each is sent a picture once, and again only when it had to let it go for others. */
export class PoolStudio implements Studio {
  readonly width: number;
  readonly #places: readonly Place[];
  readonly #waiting = new Map<number, Waiting>();
  readonly #keptBytes: number;
  #next = 0;
  /** Why nothing is drawn any more. */
  #end: Error | undefined;

  constructor(plan: DrawingPlan, hands: readonly Hand[], keptBytes = KEPT_BYTES) {
    this.width = AHEAD * hands.length;
    this.#keptBytes = keptBytes;
    this.#places = hands.map((hand) => ({ hand, jobs: new Set(), pictures: new Map(), bytes: 0 }));
    for (const { hand } of this.#places) {
      hand.listen(
        (message) => this.#answered(message),
        (error) => this.#stop(error),
      );
      hand.send({ plan }, []);
      hand.busy(false); // now: listening, in Node, keeps a program alive
    }
  }

  draw({ pictures: { layer, unit, tops }, level, embed }: UnitDrawing): Promise<DrawnUnit> {
    return new Promise((resolve, reject) => {
      if (this.#end) {
        reject(this.#end);
        return;
      }
      const place = this.#places.reduce((a, b) => (b.jobs.size < a.jobs.size ? b : a));
      const id = this.#next++;
      this.#waiting.set(id, { place, resolve, reject });
      place.jobs.add(id);
      place.hand.busy(true);
      // Copies: a feature map is a part of its layer's, and all of that would travel.
      const copies = tops.map(({ picture, feature }) => ({ image: picture.image, feature: feature.slice() }));
      const known = this.#give(
        place,
        tops.map(({ picture }) => picture),
      );
      const job = { id, layer, unit, level, embed, tops: copies, ...known };
      place.hand.send(
        { job },
        copies.map(({ feature }) => feature.buffer),
      );
    });
  }

  /** Which pictures the worker lacks, and which it may let go for them: those it has not used for longest. */
  #give(place: Place, shown: readonly SamplePicture[]): { pictures: SamplePicture[]; forget: number[] } {
    const given: SamplePicture[] = [];
    const needed = new Set<number>();
    for (const picture of shown) {
      if (needed.has(picture.image)) continue;
      needed.add(picture.image);
      const bytes = place.pictures.get(picture.image);
      if (bytes === undefined) {
        given.push(picture);
        place.bytes += bytesOf(picture);
      }
      place.pictures.delete(picture.image);
      place.pictures.set(picture.image, bytes ?? bytesOf(picture));
    }
    const forget: number[] = [];
    for (const [image, bytes] of place.pictures) {
      if (place.bytes <= this.#keptBytes || needed.has(image)) break;
      place.pictures.delete(image);
      place.bytes -= bytes;
      forget.push(image);
    }
    return { pictures: given, forget };
  }

  #answered(message: FromWorker): void {
    const waiting = this.#waiting.get(message.id);
    if (!waiting) return;
    this.#waiting.delete(message.id);
    const { place } = waiting;
    place.jobs.delete(message.id);
    if (place.jobs.size === 0) place.hand.busy(false);
    if ("drawn" in message) waiting.resolve(message.drawn);
    else waiting.reject(unpackError(message.error));
  }

  #stop(error: Error): void {
    this.#end ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#end);
    this.#waiting.clear();
  }

  async close(): Promise<void> {
    this.#stop(new Error("Drawing was given up."));
    await Promise.all(this.#places.map(({ hand }) => hand.end()));
  }
}

const bytesOf = ({ rgb, labels }: SamplePicture): number => rgb.byteLength + labels.byteLength;

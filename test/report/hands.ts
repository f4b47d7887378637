import type { UnitPictures } from "../../src/dissect/result.ts";
import { nodeEncoder } from "../../src/node/photo/encoder.ts";
import type { DrawingPlan } from "../../src/report/drawing.ts";
import { type Hand, HandPool } from "../../src/report/drawing-pool.ts";
import { type FromWorker, serveDrawing, type ToWorker } from "../../src/report/drawing-serve.ts";
import { memoryFolder } from "../../src/report/folder.ts";
import type { ImageEncoder } from "../../src/report/image.ts";
import { writeReport } from "../../src/report/write.ts";
import { fixture, PROVENANCE } from "./fixture.ts";

export const layers = [
  { layer: "layer4", units: 7, size: 8 },
  { layer: "layer6", units: 4, size: 16 },
];
export const options = { encoder: nodeEncoder(), provenance: PROVENANCE };

/**
 * A worker on this thread: all that passes between it and the pool is cloned, and it takes its
 * time.
 */
export class LocalHand implements Hand {
  readonly sent: ToWorker[] = [];
  readonly states: boolean[] = [];
  ended = false;
  died: (error: Error) => void = () => {};
  readonly #serve: (message: ToWorker) => void;
  #answered: (message: FromWorker) => void = () => {};

  constructor(encoder: ImageEncoder = nodeEncoder(), delay = 0) {
    this.#serve = serveDrawing(encoder, (message, transfer) => {
      const copy = structuredClone(message, { transfer });
      setTimeout(() => this.#answered(copy), delay);
    });
  }

  send(message: ToWorker, transfer: ArrayBuffer[]): void {
    const copy = structuredClone(message, { transfer });
    this.sent.push(copy);
    this.#serve(copy);
  }

  listen(answered: (message: FromWorker) => void, died: (error: Error) => void): void {
    this.#answered = answered;
    this.died = died;
  }

  busy(isBusy: boolean): void {
    this.states.push(isBusy);
  }

  async end(): Promise<void> {
    this.ended = true;
  }

  get jobs() {
    return this.sent.flatMap((message) => ("job" in message ? [message.job] : []));
  }
}

export type Write = Partial<Parameters<typeof writeReport>[3]> & { readonly pictures?: AsyncIterable<UnitPictures> };

export async function write({ pictures: own, ...more }: Write = {}) {
  const { dissection, pictures } = fixture({ layers });
  const folder = memoryFolder();
  await writeReport(folder, dissection, own ?? pictures(), { ...options, ...more });
  return folder.files;
}

export const pool = (hands: readonly Hand[], keptBytes?: number) => (plan: DrawingPlan) =>
  new HandPool(plan, hands, nodeEncoder(), { keptBytes });

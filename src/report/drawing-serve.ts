import type { SamplePicture } from "../dissect/result.ts";
import { Desk, type DrawingPlan, type DrawnUnit } from "./drawing.ts";
import { ENCODER, given } from "./given.ts";
import type { ImageEncoder } from "./image.ts";
import { packError, type WireError } from "./wire-error.ts";

// Tests: test/report/drawing.test.ts, test/report/drawing-lost.test.ts

/**
 * A unit to draw, as a worker is sent it. Pictures are named by their image; those it has not seen
 * come along.
 */
export interface WorkerJob {
  /** Tells its answer from others. */
  readonly id: number;
  /** The layer's name, as in `generator.layers`. */
  readonly layer: string;
  /** Channel of the layer, from 0. */
  readonly unit: number;
  /** Activation above which the unit is "on". */
  readonly level: number;
  /** Its top images, best first. */
  readonly tops: readonly {
    /** Index into the test set; names the picture. */
    readonly image: number;
    /** The unit's feature map there, row by row. */
    readonly feature: Float32Array;
  }[];
  /** Ranks of the pictures that the page is to hold and does not yet. */
  readonly embed: readonly number[];
  /** Those that the worker has not seen. */
  readonly pictures: readonly SamplePicture[];
  /** Images whose pictures are not needed any more. */
  readonly forget: readonly number[];
}

/** What a worker is sent: first what is to be drawn at all, then units. */
export type ToWorker =
  | {
      /** Comes first, once. */
      readonly plan: DrawingPlan;
    }
  | {
      /** A unit to draw. */
      readonly job: WorkerJob;
    };

/** What it answers, in the order of the jobs. */
export type FromWorker =
  | {
      /** The job's. */
      readonly id: number;
      /** What was drawn. */
      readonly drawn: DrawnUnit;
    }
  | {
      /** The job's. */
      readonly id: number;
      /** Why it was not. */
      readonly error: WireError;
    };

/**
 * Draws what comes, one unit after the other, and answers, with errors too; returns who takes the
 * messages.
 * @throws UsageError for an encoder that is none.
 */
export function serveDrawing(
  encoder: ImageEncoder,
  answer: (message: FromWorker, transfer: ArrayBuffer[]) => void,
): (message: ToWorker) => void {
  given(encoder, "encoder", ["png", "jpeg"], ENCODER);
  const pictures = new Map<number, SamplePicture>();
  let desk: Desk | undefined;
  let last: Promise<void> = Promise.resolve();

  const draw = async (job: WorkerJob): Promise<void> => {
    for (const image of job.forget) pictures.delete(image);
    for (const picture of job.pictures) pictures.set(picture.image, picture);
    const { id, layer, unit, level, embed } = job;
    try {
      const tops = job.tops.map(({ image, feature }) => ({ picture: pictures.get(image)!, feature }));
      const drawn = await desk!.draw({ pictures: { layer, unit, tops }, level, embed });
      answer({ id, drawn }, buffersOf(drawn));
    } catch (error) {
      answer({ id, error: packError(error) }, []);
    }
  };

  return (message) => {
    if ("plan" in message) desk = new Desk(message.plan, encoder);
    else last = last.then(() => draw(message.job));
  };
}

/** Buffers that hold nothing else, which need not be copied. */
function buffersOf({ files, features, embedded }: DrawnUnit): ArrayBuffer[] {
  const parts = [...files.map(({ data }) => data), features.bytes, ...embedded.flatMap(({ labels }) => labels)];
  const whole = parts.filter(({ buffer, byteLength }) => buffer.byteLength === byteLength);
  return [...new Set(whole.map(({ buffer }) => buffer as ArrayBuffer))];
}

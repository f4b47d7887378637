// Tests: test/cli/run.test.ts, test/cli/commands/dissect.test.ts
import type { Checkpoints } from "../dissect/checkpoint.ts";
import type { DissectOptions } from "../dissect/options.ts";
import type { Dissection, UnitPictures } from "../dissect/result.ts";
import type { Labeller, Subject } from "../dissect/subject.ts";
import type { UnitQuantiles } from "../dissect/unit-quantiles.ts";
import { type Device, dissect, type Generator } from "../index.ts";
import type { Folder } from "../report/folder.ts";
import type { ImageEncoder } from "../report/image.ts";
import { type WriteOptions, writeReport } from "../report/write.ts";
import type { Provenance } from "../report-json.ts";
import { type Summary, toSummary } from "./summary.ts";

/** Where a job runs and who watches it. */
export interface Place {
  readonly device: Device;
  readonly folder: Folder;
  readonly encoder: ImageEncoder;
  /** Who draws the pictures; the thread itself unless given. */
  readonly pool?: WriteOptions["pool"];
  readonly signal: AbortSignal;
  /** Who keeps where it stands; nobody unless given. */
  readonly checkpoints?: Checkpoints | undefined;
  /** The same of the quantiles of a layer's units. */
  readonly unitCheckpoints?: ((layer: string) => Checkpoints | undefined) | undefined;
  progress(phase: string, done: number, total: number): void;
  note(text: string): void;
}

/** What is dissected, and what is written of it. */
export interface Dissecting {
  readonly subject: Generator | Subject;
  readonly segmenter: Labeller;
  readonly options: Omit<DissectOptions, "signal">;
  readonly stripHeight?: number | undefined;
  /** Asked when something is written. */
  provenance(): Provenance;
  /** Measured when the scores are there. */
  quantiles?(): Promise<ReadonlyMap<string, UnitQuantiles>>;
}

/**
 * Dissects and writes the report. Interrupted, it writes a valid report of what it has: all scores
 * and the pictures drawn so far, or the scores of the images seen so far. Only when there are none
 * yet does it reject with the signal's reason. When it fails half-way, it writes the scores it has
 * and rejects all the same.
 */
export async function writeDissection(
  { subject, segmenter, options, stripHeight, provenance, quantiles }: Dissecting,
  { folder, encoder, pool, signal, checkpoints, progress, note }: Place,
): Promise<Summary> {
  let seen: Dissection | undefined;
  const write = (
    dissection: Dissection,
    pictures: AsyncIterable<UnitPictures>,
    measured?: ReadonlyMap<string, UnitQuantiles>,
  ): Promise<void> =>
    writeReport(folder, dissection, pictures, {
      encoder,
      quantiles: measured,
      pool,
      provenance: provenance(),
      ...(stripHeight !== undefined && { stripHeight }),
      onProgress: ({ done, total }) => progress("draw strips", done, total),
    });
  try {
    for await (const event of dissect(subject, segmenter, {
      ...options,
      signal,
      ...(checkpoints && { checkpoints }),
    })) {
      if (event.type === "progress") progress(event.phase, event.done, event.total);
      else if (event.type === "partial") seen = event.dissection;
      else {
        seen = event.dissection;
        // No signal for the writer: it stops because the pictures stop, and then finishes the page
        // with those it has.
        const measured = await quantiles?.();
        let complete = !signal.aborted;
        const pictures = untilAborted(event.pictures({ signal }), signal, () => {
          complete = false;
        });
        await write(seen, pictures, measured);
        return toSummary(seen, complete);
      }
    }
  } catch (error) {
    if (!seen) throw error;
    await write(seen, nothing()).catch((second) => {
      throw signal.aborted ? second : error;
    });
    if (!signal.aborted) {
      note("It failed half-way; the scores of the images seen until then have been written.");
      throw error;
    }
    return toSummary(seen, false);
  }
  throw new Error("The dissection ended without a result.");
}

/** The items until the signal aborts: then it ends instead of throwing, and calls `cut`. */
export async function* untilAborted<T>(
  items: AsyncIterable<T>,
  signal: AbortSignal,
  cut: () => void,
): AsyncGenerator<T> {
  try {
    for await (const item of items) {
      if (signal.aborted) return cut();
      yield item;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    cut();
  }
}

async function* nothing(): AsyncGenerator<never> {}

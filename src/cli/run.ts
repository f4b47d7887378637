import { unitQuantiles } from "../dissect/measure-quantiles.ts";
import type { Dissection, QuantileThreshold, UnitPictures } from "../dissect/result.ts";
import type { UnitQuantiles } from "../dissect/unit-quantiles.ts";
import {
  type Device,
  dissect,
  type Generator,
  type LoadGeneratorOptions,
  loadGenerator,
  loadSegmenter,
  Segmenter,
  type UnifiedOptions,
} from "../index.ts";
import type { GeneratorOptions } from "../networks/generators/family.ts";
import type { Folder } from "../report/folder.ts";
import type { ImageEncoder } from "../report/image.ts";
import type { Provenance } from "../report/report.ts";
import { type WriteOptions, writeReport } from "../report/write.ts";
import type { SourceLike } from "../weights/source.ts";
import { defaultLayer } from "./default-layer.ts";
import { type Summary, toSummary } from "./summary.ts";

/** The files of a segmenter, as `loadSegmenter` takes them. */
export type SegmenterFiles<Source> =
  | { readonly encoder: Source; readonly decoder: Source; readonly labels: Source }
  | { readonly weights: Source; readonly labels: Source };

/**
 * Everything that decides what a dissection computes. Generic in what a file is: a source in Node,
 * an address in a page.
 */
export interface Job<Source = SourceLike> {
  readonly model: {
    readonly name: string;
    readonly source: Source;
    /** How it is to draw. */
    readonly options?: GeneratorOptions & Pick<LoadGeneratorOptions, "classes" | "key">;
  };
  readonly segmenter: {
    readonly name: string;
    /** None: the generator labels its own images. */
    readonly files?: SegmenterFiles<Source>;
    readonly unified?: UnifiedOptions;
  };
  readonly settings: JobSettings;
  /** False: kernels are not timed on a GPU's first use. */
  readonly tune?: boolean;
  readonly provenance: Provenance;
}

export interface JobSettings {
  /** Empty: the layer of the paper. */
  readonly layers: readonly string[];
  readonly size: number;
  readonly seed: number;
  readonly trainSeed: number;
  readonly quantileThreshold: QuantileThreshold;
  readonly examples: number;
  readonly batch?: number;
  /** Bytes of samples that may stay on the GPU. */
  readonly memory?: number;
  readonly stripHeight?: number;
}

/** Where a job runs and who watches it. */
export interface Place {
  readonly device: Device;
  readonly folder: Folder;
  readonly encoder: ImageEncoder;
  /** Who draws the pictures; the thread itself unless given. */
  readonly pool?: WriteOptions["pool"];
  readonly signal: AbortSignal;
  progress(phase: string, done: number, total: number): void;
  note(text: string): void;
}

/**
 * Runs a job: loads, dissects and writes the report. Node and the page in Chrome run this same
 * function.
 *
 * Interrupted, it writes a valid report of what it has: all scores and the pictures drawn so far,
 * or the scores of the images seen so far. Only when there are none yet does it reject with the
 * signal's reason. When it fails half-way, it writes the scores it has and rejects all the same.
 */
export async function runJob(job: Job, place: Place): Promise<Summary> {
  const { device, signal, folder, encoder } = place;
  const started = performance.now();
  const provenance = (): Provenance => ({
    ...job.provenance,
    seconds: Math.round((performance.now() - started) / 100) / 10,
  });
  const options = { device, signal };

  const generator = await loadGenerator(job.model.source, {
    ...options,
    ...job.model.options,
    name: job.model.name,
    onWarning: place.note,
  });
  const { name, files, unified } = job.segmenter;
  const segmenter = files
    ? await loadSegmenter(files, { ...options, ...unified, name })
    : await Segmenter.self(generator, { name, signal });
  const { layers, stripHeight, ...settings } = job.settings;
  const chosen = layers.length > 0 ? layers : defaultLayers(generator, place);

  let seen: Dissection | undefined;
  const write = (
    dissection: Dissection,
    pictures: AsyncIterable<UnitPictures>,
    quantiles?: ReadonlyMap<string, UnitQuantiles>,
  ): Promise<void> =>
    writeReport(folder, dissection, pictures, {
      encoder,
      quantiles,
      pool: place.pool,
      provenance: provenance(),
      ...(stripHeight !== undefined && { stripHeight }),
      onProgress: ({ done, total }) => place.progress("draw strips", done, total),
    });
  try {
    for await (const event of dissect(generator, segmenter, { ...settings, layers: chosen, signal })) {
      if (event.type === "progress") place.progress(event.phase, event.done, event.total);
      else if (event.type === "partial") seen = event.dissection;
      else {
        seen = event.dissection;
        // No signal for the writer: it stops because the pictures stop, and then finishes the page
        // with those it has.
        const quantiles = await quantilesOf(generator, chosen, job.settings, place);
        let complete = !signal.aborted;
        const pictures = untilAborted(event.pictures({ signal }), signal, () => {
          complete = false;
        });
        await write(seen, pictures, quantiles);
        return toSummary(seen, complete);
      }
    }
  } catch (error) {
    if (!seen) throw error;
    await write(seen, nothing()).catch((second) => {
      throw signal.aborted ? second : error;
    });
    if (!signal.aborted) {
      place.note("It failed half-way; the scores of the images seen until then have been written.");
      throw error;
    }
    return toSummary(seen, false);
  } finally {
    segmenter.dispose();
    generator.dispose();
  }
  throw new Error("The dissection ended without a result.");
}

/**
 * Quantiles of the layers' units over the images that are scored, of as many layers as time is for.
 */
async function quantilesOf(
  generator: Generator,
  layers: readonly string[],
  { size, seed, batch }: JobSettings,
  { signal, progress }: Place,
): Promise<ReadonlyMap<string, UnitQuantiles>> {
  const measured = new Map<string, UnitQuantiles>();
  for (const [done, layer] of layers.entries()) {
    progress("quantiles of units", done, layers.length);
    const options = { layer, size, seed, ...(batch !== undefined && { batch }), signal };
    const quantiles = await unitQuantiles(generator, options).catch((error) => {
      if (!signal.aborted) throw error;
    });
    if (!quantiles) return measured;
    measured.set(layer, quantiles);
  }
  progress("quantiles of units", layers.length, layers.length);
  return measured;
}

/** The layer the paper's figures show, where the model has it. */
function defaultLayers(generator: Generator, { note }: Place): string[] {
  const layer = defaultLayer(generator, "--layers");
  const names = generator.layers.map(({ name }) => name);
  note(`No --layers given, so ${layer} is dissected, as in the paper. This model has ${names.join(", ")}.`);
  return [layer];
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

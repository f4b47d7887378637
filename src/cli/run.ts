import { rotated } from "../compare/rotated.ts";
import { unitQuantiles } from "../dissect/measure-quantiles.ts";
import type { DissectOptions } from "../dissect/options.ts";
import type { QuantileThreshold } from "../dissect/result.ts";
import type { RuleName } from "../dissect/rules.ts";
import type { Subject } from "../dissect/subject.ts";
import type { UnitQuantiles } from "../dissect/unit-quantiles.ts";
import {
  type Generator,
  type LoadGeneratorOptions,
  loadGenerator,
  loadSegmenter,
  Segmenter,
  type UnifiedOptions,
} from "../index.ts";
import type { GeneratorOptions } from "../networks/generators/family.ts";
import type { Provenance } from "../report-json.ts";
import type { SourceLike } from "../weights/source.ts";
import { defaultLayer } from "./default-layer.ts";
import { type Place, writeDissection } from "./dissecting.ts";
import type { Summary } from "./summary.ts";

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
  readonly quantileThreshold?: QuantileThreshold;
  readonly rule?: RuleName;
  readonly examples: number;
  /** Seed of the rotation in which layers are seen; none unless given. */
  readonly rotate?: number;
  readonly batch?: number;
  /** Bytes of samples that may stay on the GPU. */
  readonly memory?: number;
  readonly stripHeight?: number;
}

/** What a job works with. */
export interface LoadedJob {
  readonly generator: Generator;
  /** The generator, or a rotation of its layers. */
  readonly subject: Generator | Subject;
  readonly segmenter: Segmenter;
  readonly options: Omit<DissectOptions, "signal" | "checkpoints"> & { readonly layers: readonly string[] };
}

/** Loads what a job names, and lets it go behind `use`. */
export async function withJob<T>(
  job: Job,
  place: Pick<Place, "device" | "signal" | "note">,
  use: (loaded: LoadedJob) => Promise<T>,
): Promise<T> {
  const { device, signal } = place;
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
  const { layers, stripHeight, rotate, ...settings } = job.settings;
  const chosen = layers.length > 0 ? layers : defaultLayers(generator, place);
  try {
    const subject = rotate === undefined ? generator : rotated(generator, rotate);
    return await use({ generator, subject, segmenter, options: { ...settings, layers: chosen } });
  } finally {
    segmenter.dispose();
    generator.dispose();
  }
}

/**
 * Runs a job: loads, dissects and writes the report. Node and the page in Chrome run this same
 * function.
 */
export function runJob(job: Job, place: Place): Promise<Summary> {
  const started = performance.now();
  const provenance = (): Provenance => ({
    ...job.provenance,
    seconds: Math.round((performance.now() - started) / 100) / 10,
  });
  return withJob(job, place, ({ generator, subject, segmenter, options }) =>
    writeDissection(
      {
        ...{ subject, segmenter, options, provenance },
        stripHeight: job.settings.stripHeight,
        // Levels to insert units at, of which a rotation has none.
        ...(subject === generator && { quantiles: () => quantilesOf(generator, options.layers, job.settings, place) }),
      },
      place,
    ),
  );
}

/**
 * Quantiles of the layers' units over the images that are scored, of as many layers as time is for.
 */
async function quantilesOf(
  generator: Generator,
  layers: readonly string[],
  { size, seed, batch }: JobSettings,
  { signal, progress, unitCheckpoints }: Place,
): Promise<ReadonlyMap<string, UnitQuantiles>> {
  const measured = new Map<string, UnitQuantiles>();
  for (const [done, layer] of layers.entries()) {
    progress("quantiles of units", done, layers.length);
    const checkpoints = unitCheckpoints?.(layer);
    const options = { layer, size, seed, ...(batch !== undefined && { batch }), checkpoints, signal };
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
function defaultLayers(generator: Generator, { note }: Pick<Place, "note">): string[] {
  const layer = defaultLayer(generator, "--layers");
  const names = generator.layers.map(({ name }) => name);
  note(`No --layers given, so ${layer} is dissected, as in the paper. This model has ${names.join(", ")}.`);
  return [layer];
}

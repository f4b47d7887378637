// Tests: test/cli/latents.test.ts
import { createHash } from "node:crypto";
import { Option } from "commander";
import type { Measurements } from "../causality/measurements.ts";
import { UsageError } from "../errors.ts";
import { type Generator, openCheckpoint } from "../index.ts";
import { type TensorNumbers, withWeights } from "../inversion/index.ts";
import { type Latents, type LatentsOptions, readLatents } from "../models/latents.ts";
import { counted } from "./amount.ts";
import { ofFile, openFile } from "./files-read.ts";
import { named } from "./options.ts";
import type { Work } from "./with-models.ts";

/**
 * The generator that draws latents: with weights that were fitted to them, where there are some.
 */
export const drawnBy = async (generator: Generator, { weights }: Latents, signal?: AbortSignal): Promise<Generator> =>
  weights ? withWeights(generator, weights, signal) : generator;

/** What is advised where a file holds none. */
export const LATENTS = "Give an inversion.safetensors, or rows of z or w as .npy or .safetensors.";

/** What tells weights from others. */
export function digestOf(weights: ReadonlyMap<string, TensorNumbers>): string {
  const hash = createHash("sha256");
  for (const [key, { data }] of weights) hash.update(JSON.stringify([key, data.length])).update(data);
  return hash.digest("hex");
}

/**
 * The option of a file of latents, which takes the place of a seed. Its rows are as many images,
 * or --size of them: that has no default beside it.
 */
export const latentsOption = (does: string): Option =>
  new Option(
    "--latents <file>",
    `${does}: z, or a StyleGAN's w, as .npy or as tensor z or w of a .safetensors; or an inversion.safetensors; --size n are its first`,
  )
    .argParser(named)
    .conflicts("seed")
    .implies({ size: undefined });

/**
 * Latents of a file, as `readLatents` reads them: all, or the first `size`.
 * @throws UsageError where it has fewer, and what `readLatents` throws.
 */
export async function openLatents(
  path: string,
  generator: Generator,
  { size, ...options }: LatentsOptions & { readonly size?: number | undefined } = {},
): Promise<Latents> {
  const source = await openFile(path);
  const checkpoint = await ofFile(path, () => openCheckpoint(source, { signal: options.signal }), LATENTS);
  const all = await readLatents(checkpoint, generator, { path, ...options });
  if (size === undefined) return all;
  if (size > all.size) {
    throw new UsageError(
      `"${path}" has ${counted(all.size, "row")}, and --size asks for ${size}.`,
      all.size === 1 ? "Leave --size out." : `Give --size up to ${all.size}, or leave it out.`,
    );
  }
  return { ...all, size, rows: all.rows.subarray(0, (size * all.rows.length) / all.size) };
}

/** Which images a command is about. */
export interface ChosenImages {
  /** As `Experiment.create` and `generator.images` take them. */
  readonly images: {
    readonly size: number;
    readonly seed: number;
    readonly rows?: Float32Array;
    readonly from?: string;
  };
  /** As results name them: of a seed, or of a file. */
  readonly said: { readonly size: number; readonly seed?: number; readonly latents?: string };
  /** What draws them. */
  readonly generator: Generator;
  /** Measurements of what it draws. */
  readonly finished: Measurements;
}

/** The images of --size and --seed, or those of --latents. */
export async function imagesOf(
  {
    size,
    seed,
    latents,
    classes,
  }: { readonly size?: number; readonly seed: number; readonly latents?: string } & Pick<LatentsOptions, "classes">,
  { generator, finished, signal, note }: Pick<Work, "generator" | "finished" | "signal" | "note">,
): Promise<ChosenImages> {
  if (latents === undefined) return { images: { size: size!, seed }, said: { size: size!, seed }, generator, finished };
  const { weights, ...opened } = await openLatents(latents, generator, { size, signal, note, classes });
  return {
    images: { seed, ...opened },
    said: { size: opened.size, latents },
    generator: await drawnBy(generator, { ...opened, ...(weights && { weights }) }, signal),
    finished: weights ? ofWeights(finished, digestOf(weights)) : finished,
  };
}

/** Measurements by other weights, which images before any edit need not show. */
const ofWeights = (finished: Measurements, digest: string): Measurements => ({
  get: (key) => finished.get(`${digest} ${key}`),
  set: (key, counts) => finished.set(`${digest} ${key}`, counts),
});

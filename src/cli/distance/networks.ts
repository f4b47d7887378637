// Tests: test/cli/commands/distance.test.ts
import { existsSync } from "node:fs";
import { type Command, Option } from "commander";
import {
  type FeatureKind,
  type FeatureNetwork,
  type InceptionPreprocessing,
  inceptionFeatures,
  segmenterFeatures,
} from "../../compare/index.ts";
import { UsageError, WeightsError } from "../../errors.ts";
import { type Device, loadSegmenter, openCheckpoint, type Segmenter } from "../../index.ts";
import { isInception } from "../../networks/encoders/inception.ts";
import type { Source } from "../../weights/source.ts";
import { openFile } from "../files-read.ts";
import { EMBEDDED, EMBEDDED_PHOTOS, openSegmenter, SELF, type UnifiedFlags, unifiedOf } from "../models.ts";
import { named } from "../options.ts";
import type { SegmenterFiles } from "../run.ts";
import { hashOf, type Input } from "./input.ts";

/** Which networks measure images. */
export interface NetworkFlags extends UnifiedFlags {
  readonly segmenter?: string;
  readonly features?: string;
  readonly preprocessing?: InceptionPreprocessing;
}

/** What other than the segmenter makes features. */
export const networkOptions = (command: Command): Command =>
  command
    .option("--features <net:layer>", "of another segmenter, of another layer, or of Inception's .pth", named)
    .addOption(
      new Option("--preprocessing <whose>", "how images become Inception's (default: pytorch-fid)").choices([
        "pytorch-fid",
        "clean-fid",
      ]),
    );

/** What measures images: the segmenter, and the network of the features, which may be it. */
export interface Networks {
  readonly segmenter: Segmenter;
  /** Of its weights. */
  readonly segmenterHash: string;
  readonly features: FeatureNetwork;
  dispose(): void;
}

/** Their files, which are there. */
export interface NetworkFiles {
  readonly options: NetworkFlags;
  readonly segmenter: SegmenterPlace;
  /** What else makes features: another segmenter, or an Inception by its path. */
  readonly other: SegmenterPlace | string | undefined;
  readonly layer: string | undefined;
}

type SegmenterPlace = Awaited<ReturnType<typeof openSegmenter>>;

/**
 * Opens the files of those that are asked for, or that made the features which are kept: before a
 * GPU is looked for.
 */
export async function openNetworks(inputs: readonly Input[], options: NetworkFlags): Promise<NetworkFiles> {
  const kept = inputs.find((input) => input.kind === "features")?.kept;
  const name = options.segmenter ?? kept?.segmenter ?? defaultSegmenter(inputs);
  if (name === SELF) {
    throw new UsageError(
      "A generator's own labels say nothing of what other images show.",
      `Give --segmenter DIR, ${EMBEDDED} or ${EMBEDDED_PHOTOS}.`,
    );
  }
  const segmenter = await openSegmenter(name);
  const [network = name, layer] =
    options.features === undefined ? likeKept(kept?.kind, name) : partsOf(options.features);
  if (isFile(network)) return { options, segmenter, other: network, layer };
  if (options.preprocessing) {
    throw new UsageError("--preprocessing is Inception's; segmenters have their own.", "Leave it out.");
  }
  return { options, segmenter, other: network === name ? undefined : await openSegmenter(network), layer };
}

/** Loads them. */
export async function networksOf(
  { options, segmenter: place, other, layer }: NetworkFiles,
  device: Device,
  signal: AbortSignal,
): Promise<Networks> {
  const load = async ({ name, files }: SegmenterPlace) => {
    const segmenter = await loadSegmenter(files, { device, name, signal, ...unifiedOf(options) });
    return { segmenter, sha256: await hashOfFiles(files) };
  };
  const { segmenter, sha256 } = await load(place);
  const dispose = (): void => segmenter.dispose();
  const found = { segmenter, segmenterHash: sha256 };
  const chosen = layer === undefined ? {} : { layer };
  if (typeof other === "string") {
    const features = await inceptionOf(other, { ...options, ...chosen }, device, signal);
    return { ...found, features, dispose: all(features.dispose, dispose) };
  }
  if (!other) return { ...found, features: segmenterFeatures(segmenter, { ...chosen, sha256 }), dispose };
  const second = await load(other);
  const features = segmenterFeatures(second.segmenter, { ...chosen, sha256: second.sha256 });
  return { ...found, features, dispose: all(() => second.segmenter.dispose(), dispose) };
}

/**
 * What measured the features that are given: what comes with this package by its name, another only
 * where it is the segmenter.
 */
function likeKept(kind: FeatureKind | undefined, segmenter: string): ReturnType<typeof partsOf> {
  if (!kind) return [undefined, undefined];
  const { network, tensor } = kind;
  if (network === segmenter || network === EMBEDDED || network === EMBEDDED_PHOTOS) return [network, tensor];
  throw new UsageError(
    `The given features are of ${network}, ${tensor}, and ${segmenter} would measure the other images.`,
    `Give --features with the folder or file of ${network}, and ":${tensor}".`,
  );
}

const all =
  (...each: readonly (() => void)[]) =>
  (): void => {
    for (const dispose of each) dispose();
  };

/**
 * "NET:LAYER", of which either may be missing; a drive's colon, before a slash, is none of ours.
 */
function partsOf(features: string | undefined): readonly [network: string | undefined, layer: string | undefined] {
  const [, network, layer] = /^(.*?)(?::([^:/\\]+))?$/.exec(features ?? "") ?? [];
  return [network || undefined, layer];
}

/** Whether the features' network is a file by itself: an Inception's. */
const isFile = (network: string): boolean => /\.(pth|pt|pkl|safetensors)$/i.test(network) && existsSync(network);

async function inceptionOf(
  path: string,
  { layer, preprocessing }: Pick<NetworkFlags, "preprocessing"> & { readonly layer?: string },
  device: Device,
  signal: AbortSignal,
) {
  const source = await openFile(path);
  const { tensors } = await openCheckpoint(source, { signal });
  if (!isInception(tensors)) {
    throw new WeightsError(
      "weights-shape",
      `"${path}" holds no Inception as pytorch-fid names its tensors.`,
      "Use pt_inception-2015-12-05-6726825d.pth; NVIDIA's inception-2015-12-05.pt and .pkl hold code.",
    );
  }
  return inceptionFeatures(tensors, {
    device,
    sha256: await hashOf(source),
    ...(layer !== undefined && { layer }),
    ...(preprocessing !== undefined && { preprocessing }),
  });
}

/**
 * One for the embedded generator's scenes, one for photographs; of another generator nobody knows.
 */
function defaultSegmenter(inputs: readonly Input[]): string {
  const generators = inputs.filter((input) => input.kind === "generator");
  if (generators.length === 0) return EMBEDDED_PHOTOS;
  if (generators.every(({ embedded }) => embedded)) return EMBEDDED;
  throw new UsageError(
    "Which segmenter is to name what is there?",
    `Give --segmenter DIR, ${EMBEDDED} or ${EMBEDDED_PHOTOS}.`,
  );
}

/** The hash of a segmenter's weights. */
async function hashOfFiles(files: SegmenterFiles<Source>): Promise<string> {
  if ("weights" in files) return hashOf(files.weights);
  return `${await hashOf(files.encoder)} ${await hashOf(files.decoder)}`;
}

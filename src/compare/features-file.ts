import { UsageError, WeightsError } from "../errors.ts";
import type { Label } from "../networks/segmenters/network.ts";
import { parseJson } from "../weights/json.ts";
import { writeSafetensors } from "../weights/safetensors.ts";
import type { Checkpoint, CheckpointTensor } from "../weights/tensor.ts";
import type { FeatureKind } from "./features.ts";
import type { Measured } from "./measure.ts";
import type { Moments } from "./vectors.ts";

/** The key of a safetensors file's metadata that says what is in it. */
const KEY = "ganatomy.features";

/** What was measured of a set of images, and how. */
export interface KeptFeatures extends Measured {
  /** What `vectors` are; undefined where there are none. */
  readonly kind?: FeatureKind;
  /** The segmenter that named the pixels of `areas`. */
  readonly segmenter?: string;
  /** Of what images, for people. */
  readonly images: string;
  /** Height and width of the images. */
  readonly extent?: readonly [height: number, width: number];
  /** Whether a generator drew them. */
  readonly generated?: boolean;
  /** Files among them that are no photographs, and why. */
  readonly skipped?: readonly {
    /** Its name. */
    readonly file: string;
    /** Why it was not read. */
    readonly reason: string;
  }[];
  /** All that the images and their measures depend on, so that none is taken for another. */
  readonly fingerprint?: string;
}

interface Told extends Omit<KeptFeatures, keyof Measured> {
  readonly labels?: readonly Label[];
  readonly pixels?: number;
}

/**
 * A safetensors file of them: `features` [n, d] float32, `areas` [n, labels] in pixels, int32,
 * `maxima` [n, units] float32.
 */
export function writeFeatures({ n, vectors, areas, maxima, ...about }: KeptFeatures): Uint8Array<ArrayBuffer> {
  const told: Told = { ...about, ...(areas && { labels: areas.labels, pixels: areas.pixels }) };
  return writeSafetensors(
    {
      ...(vectors && {
        features: { dtype: "float32", shape: [n, vectors.d], data: Float32Array.from(vectors.data) },
      }),
      ...(areas && {
        areas: { dtype: "int32", shape: [n, areas.labels.length], data: Int32Array.from(areas.counts) },
      }),
      ...(maxima && { maxima: { dtype: "float32", shape: [n, maxima.d], data: Float32Array.from(maxima.data) } }),
    },
    { [KEY]: JSON.stringify(told) },
  );
}

/** Whether a checkpoint is such a file, and no network. */
export const hasFeatures = ({ metadata }: Pick<Checkpoint, "metadata">): boolean => Object.hasOwn(metadata, KEY);

/**
 * Reads such a file.
 * @throws WeightsError when it is damaged or holds something else.
 */
export async function readFeatures(file: Checkpoint): Promise<KeptFeatures> {
  const { name } = file.source;
  const broken = (what: string, cause?: unknown): WeightsError =>
    new WeightsError("weights-format", `"${name}" ${what}.`, "Measure the images anew.", { cause });
  let told: Partial<Told>;
  try {
    told = parseJson(file.metadata[KEY] ?? "") as Told;
  } catch (cause) {
    throw broken("does not say what its features are", cause);
  }
  const { labels, pixels, images = name, ...about } = told;
  const [features, areas] = [file.tensors.get("features"), file.tensors.get("areas")];
  const n = (features ?? areas)?.shape[0];
  if (n === undefined) throw broken("holds neither features nor areas");
  if (features && !(features.shape.length === 2 && features.shape[0] === n && features.shape[1] === about.kind?.d)) {
    throw broken(`has features of [${features.shape}], which is not what it says`);
  }
  if (areas && !(Array.isArray(labels) && areas.shape[1] === labels.length && areas.shape[0] === n && pixels! > 0)) {
    throw broken(`has areas of [${areas.shape}], which is not what it says`);
  }
  const vectors = await features?.read();
  const counts = await areas?.read();
  const highest = file.tensors.get("maxima");
  if (highest && !(highest.shape.length === 2 && highest.shape[0] === n)) {
    throw broken(`has maxima of [${highest.shape}], which is not what it says`);
  }
  const maxima = await highest?.read();
  if (![vectors, maxima].every((numbers) => numbers?.every(Number.isFinite) ?? true)) {
    throw broken("has features that are not finite (NaN or infinite)");
  }
  return {
    ...about,
    images,
    n,
    ...(vectors && { vectors: { data: vectors, n, d: about.kind!.d } }),
    ...(maxima && { maxima: { data: maxima, n, d: highest!.shape[1]! } }),
    ...(counts && { areas: { counts: Int32Array.from(counts), n, labels: labels!, pixels: pixels! } }),
  };
}

/** Whether a file is statistics as pytorch-fid keeps them. */
export const hasMoments = ({ tensors }: Pick<Checkpoint, "tensors">): boolean =>
  tensors.has("mu") && tensors.has("sigma");

/**
 * Reads pytorch-fid's statistics, `mu` [d] and `sigma` [d, d] of an .npz.
 * @throws WeightsError when they do not fit together.
 */
export async function readMoments({ tensors, source }: Checkpoint): Promise<Moments> {
  const [mu, sigma] = [tensors.get("mu"), tensors.get("sigma")];
  const d = mu?.shape[0] ?? 0;
  if (!mu || !sigma || mu.shape.length !== 1 || sigma.shape.length !== 2 || sigma.shape.some((n) => n !== d)) {
    throw new WeightsError(
      "weights-shape",
      `"${source.name}" has mu [${mu?.shape ?? "none"}] and sigma [${sigma?.shape ?? "none"}].`,
      "Statistics are mu [d] and sigma [d, d].",
    );
  }
  const [mean, covariance] = [await doubles(mu), await doubles(sigma)];
  if (![mean, covariance].every((numbers) => numbers.every(Number.isFinite))) {
    throw new UsageError(`"${source.name}" holds what is no number.`, "Compute the statistics anew.");
  }
  return { mean, covariance, d };
}

const doubles = async (tensor: CheckpointTensor): Promise<Float64Array> =>
  (await tensor.readDoubles?.()) ?? Float64Array.from(await tensor.read());

// What names other files, and what an inversion leaves until it is done.
import { bytes, le } from "../weights/fixtures.ts";
import { anything } from "./containers.ts";
import { INVERSION_KEY } from "./openers.ts";
import type { Random } from "./random.ts";
import { mutated } from "./texts.ts";

const json = (value: unknown): Uint8Array<ArrayBuffer> => new TextEncoder().encode(JSON.stringify(value));

/** The files that lie beside it: the first holds "w" and "b", the second bytes alone. */
export const [SHARD, BYTES] = ["shard.safetensors", "weights.bin"];
const INDEX_KEYS = ["weight_map", "metadata", "w", "b", "none", SHARD, BYTES, "index.json", "../x", ".", "__proto__"];

/** The index of a checkpoint in several files. */
export function index(random: Random): Uint8Array<ArrayBuffer> {
  const names = random.some(random.one([4, 4, 3000]), (i) => [random.one(["w", "b", `w${i}`]), SHARD] as const);
  const like = { metadata: { total_size: 32 }, weight_map: { w: SHARD, ...Object.fromEntries(names) } };
  return json(mutated(random, like, INDEX_KEYS, random.one([0, 0.02, 0.2])));
}

const MANIFEST_KEYS = [
  ...["weightsManifest", "modelTopology", "paths", "weights", "name", "shape", "dtype", "quantization", "scale", "min"],
  ...[
    "float32",
    "int32",
    "bool",
    "string",
    "complex64",
    "uint8",
    "uint16",
    "float16",
    BYTES,
    SHARD,
    "model.json",
    "../x",
  ],
];

/** A manifest of TensorFlow.js, alone or in a model.json. */
export function manifest(random: Random): Uint8Array<ArrayBuffer> {
  const weights = random.some(random.one([3, 3, 2000]), (i) => ({
    ...{ name: `w${i}`, shape: random.some(3, () => random.one([1, 2, 4])), dtype: random.one(["float32", "int32"]) },
    ...(random.chance(0.3) && { quantization: { dtype: random.one(["uint8", "uint16"]), scale: 0.5, min: -1 } }),
  }));
  // half of them take as many bytes as there are
  const fitting = [{ name: "w", shape: [4, 2], dtype: "float32" }];
  const groups = [{ paths: [BYTES], weights: random.chance(0.5) ? fitting : weights }];
  const like = random.chance(0.5) ? groups : { modelTopology: {}, weightsManifest: groups };
  return json(mutated(random, like, MANIFEST_KEYS, random.one([0, 0.02, 0.2])));
}

const ABOUT_KEYS = ["space", "start", "layer", "psnr", "z", "w", "Infinity", "-Infinity", "layer4", "__proto__"];

/** What was found by an inversion's stages that are over. */
export function inversion(random: Random): Uint8Array<ArrayBuffer> {
  const psnr = { start: 10.5, latent: "Infinity", layer: null };
  const like = { space: "z", start: 3, ...(random.chance(0.5) && { layer: "layer4" }), psnr };
  const depth = random.chance(0.05) ? random.below(60_000) : 0;
  const about = depth
    ? "[".repeat(depth) + "]".repeat(depth)
    : JSON.stringify(mutated(random, like, ABOUT_KEYS, random.one([0, 0.05, 0.3])));
  const described = (at: number) => ({ dtype: "F32", shape: [2], data_offsets: [8 * at, 8 * at + 8] });
  const names = ["latent", "image", ...random.some(4, (i) => random.one(["features", `input.noise${i}`, "input."]))];
  const tensors = Object.fromEntries([...new Set(names)].map((name, at) => [name, described(at)]));
  const odd = random.chance(0.1) ? { [random.one(names)]: anything(random, ABOUT_KEYS) } : {};
  const head = JSON.stringify({ __metadata__: { key: INVERSION_KEY, about }, ...tensors, ...odd });
  return bytes(le(new TextEncoder().encode(head).length, 8), head, new Uint8Array(8 * Object.keys(tensors).length));
}

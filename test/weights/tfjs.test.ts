import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { peer } from "../../bench/peers/installed.mjs";
import { fileSource } from "../../src/node/files.ts";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { failure } from "./fixtures.ts";

const { decodeWeights } = (await peer("@tensorflow/tfjs-core")).io;
await peer("@tensorflow/tfjs-backend-cpu");

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ganatomy-tfjs-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const WEIGHTS = [
  {
    name: "a/filters",
    shape: [1, 2, 3],
    dtype: "float32",
    quantization: { dtype: "uint8", scale: 0.0057930146946626555, min: -0.7125408074435067 },
  },
  { name: "a/bias", shape: [3], dtype: "float32" },
  { name: "b/filters", shape: [5], dtype: "float32", quantization: { dtype: "uint16", scale: 1e-4, min: -3.25 } },
  { name: "c/half", shape: [2, 2], dtype: "float32", quantization: { dtype: "float16" } },
  { name: "d/steps", shape: [], dtype: "int32" },
  { name: "e/counts", shape: [5], dtype: "int32", quantization: { dtype: "uint8", scale: 0.37, min: -7.5 } },
  { name: "f/far", shape: [2], dtype: "int32", quantization: { dtype: "uint16", scale: 1e6, min: 0.5 } },
  { name: "g/on", shape: [3], dtype: "bool" },
] as const;
const SIZES = [6, 12, 10, 8, 4, 5, 4, 3];
/** Bytes by chance, halves and floats among them that are finite. */
const BYTES = Uint8Array.from({ length: SIZES.reduce((sum, size) => sum + size, 0) }, (_, at) => (at * 37 + 11) % 60);
BYTES.set([1, 0, 1], BYTES.length - 3); // switches are nothing else

/** Writes a manifest and its files, and opens it. */
async function open(manifest: unknown, files: Readonly<Record<string, Uint8Array>>, name = "weights_manifest.json") {
  for (const [file, data] of Object.entries(files)) await writeFile(join(folder, file), data);
  await writeFile(join(folder, name), typeof manifest === "string" ? manifest : JSON.stringify(manifest));
  return openCheckpoint(await fileSource(join(folder, name)));
}

const shards = (...ends: readonly number[]) =>
  Object.fromEntries(ends.map((end, i) => [`shard${i + 1}`, BYTES.subarray(ends[i - 1] ?? 0, end)]));
const all = BYTES.length;

describe("weights as TensorFlow.js decodes them", () => {
  const specs = WEIGHTS.map((weight) => ({ ...weight, shape: [...weight.shape] }));
  const decoded: Record<string, { shape: number[]; data(): Promise<ArrayLike<number>> }> = decodeWeights(
    BYTES.slice().buffer,
    specs,
  );
  /** In float32, as all tensors are read. */
  const expected = async (name: string) => [...Float32Array.from(await decoded[name]!.data())];

  test.each([
    ["in one file", shards(all)],
    ["in files that part numbers", shards(3, 7, 19, 20, all)],
  ])("%s", async (_, files) => {
    const { format, tensors } = await open([{ weights: WEIGHTS, paths: Object.keys(files) }], files);
    expect(format).toBe("tfjs");
    expect([...tensors.keys()]).toEqual(WEIGHTS.map(({ name }) => name));
    for (const [name, tensor] of tensors) {
      expect(tensor.shape).toEqual(decoded[name]!.shape);
      expect([name, ...(await tensor.read())]).toEqual([name, ...(await expected(name))]);
    }
    expect([...tensors.values()].map(({ dtype }) => dtype)).toEqual(
      WEIGHTS.map(({ name, dtype }) => (name === "c/half" ? "float16" : dtype)),
    );
  });

  it("in groups of a model.json, behind a long topology", async () => {
    const groups = [
      { paths: ["shard1"], weights: WEIGHTS.slice(0, 2) },
      { paths: ["shard2"], weights: WEIGHTS.slice(2) },
    ];
    const model = { format: "layers-model", modelTopology: { layers: "x".repeat(5000) }, weightsManifest: groups };
    const { tensors } = await open(model, shards(18, all), "model.json");
    for (const [name, tensor] of tensors) expect([...(await tensor.read())]).toEqual([...(await expected(name))]);
    expect(tensors.size).toBe(WEIGHTS.length);
  });
});

test("complex numbers are no tensors, and those behind them are found", async () => {
  const weights = [
    { name: "z", shape: [2], dtype: "complex64" },
    { name: "x", shape: [1], dtype: "uint8" },
  ];
  const { tensors } = await open([{ weights, paths: ["f"] }], { f: Uint8Array.of(...new Array(16).fill(9), 7) });
  expect([...tensors.keys()]).toEqual(["x"]);
  expect([...(await tensors.get("x")!.read())]).toEqual([7]);
});

const one = (weight: object, paths: readonly unknown[] = ["f"]) => [
  { weights: [{ name: "x", shape: [2], dtype: "float32", ...weight }], paths },
];
const quantised = (quantization: object) => one({ quantization });
test.each<[string, unknown, number, RegExp]>([
  ["no JSON", '{"modelTopology": {"keras_version"', 8, /it is no JSON/],
  ["no manifest", { format: "graph-model", modelTopology: {} }, 8, /it has no weightsManifest/],
  ["no tensors", [{ weights: [], paths: [] }], 8, /it names no tensors/],
  ["no paths", [{ weights: [] }], 8, /no paths or no weights/],
  ["no group", { weightsManifest: [null] }, 8, /no paths or no weights/],
  ["a path that leads elsewhere", one({}, ["../f"]), 8, /weights are in "..\/f"/],
  ["a path that is none", one({}, [1]), 8, /weights are in no file/],
  ["a file too short", one({}), 7, /"x" ends at byte 8 of the 7/],
  ["a file too long", one({}), 9, /its tensors take 8 bytes, and their files have 9/],
  ["a name twice", [{ weights: [...one({})[0]!.weights, ...one({})[0]!.weights], paths: ["f"] }], 16, /"x" twice/],
  ["no name", one({ name: 7 }), 8, /no name or no shape/],
  ["an impossible shape", one({ shape: [2 ** 30, 2 ** 30] }), 8, /impossible shape/],
  ["a shape below zero", one({ shape: [-2] }), 8, /impossible shape/],
  ["words", one({ dtype: "string" }), 8, /is of "string", which is not read/],
  ["an inherited type", one({ dtype: "constructor" }), 8, /is of "constructor", which is not read/],
  ["other quantisation", quantised({ dtype: "uint4", scale: 1, min: 0 }), 8, /in a way that is not known/],
  ["a scale that is none", quantised({ dtype: "uint8", scale: "1", min: 0 }), 8, /in a way that is not known/],
])("%s is refused", async (_, manifest, size, said) => {
  const error = await failure(open(manifest, { f: new Uint8Array(size) }));
  expect([error.code, error.message]).toEqual([expect.stringMatching(/^weights-/), expect.stringMatching(said)]);
});

test.each([
  { quantization: { dtype: "uint8", min: 0 } },
  { quantization: { dtype: "uint16", scale: 1 } },
  { dtype: "int32", quantization: { dtype: "float16" } },
  { dtype: "bool", quantization: { dtype: "uint8", scale: 1, min: 0 } },
])("%j is refused by TensorFlow.js too", async (weight) => {
  const [{ weights }] = one(weight) as [ReturnType<typeof one>[0]];
  expect(() => decodeWeights(new ArrayBuffer(4), weights)).toThrow(/metadata min and scale|only supports|Unsupported/);
  await expect(open(one(weight), { f: new Uint8Array(4) })).rejects.toThrow("in a way that is not known");
});

test("without knowing where its files are it cannot be opened, and what is missing is named", async () => {
  const bytes = new TextEncoder().encode(JSON.stringify(one({})));
  await expect(openCheckpoint(bytes)).rejects.toThrow("where they are is not known");
  await expect(open(one({}, ["gone.bin"]), {})).rejects.toThrow("gone.bin");
});

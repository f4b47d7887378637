import { expect, test } from "vitest";
import { checkSameKind } from "../../src/compare/features.ts";
import {
  hasFeatures,
  hasMoments,
  type KeptFeatures,
  readFeatures,
  readMoments,
  writeFeatures,
} from "../../src/compare/features-file.ts";
import { openCheckpoint, writeSafetensors } from "../../src/index.ts";
import { zip } from "../weights/fixtures.ts";

const kind = { network: "scenes64", sha256: "ab", tensor: "c5", preprocessing: "128 pixels", d: 3 };
const kept: KeptFeatures = {
  kind,
  segmenter: "scenes64",
  images: "scenes64, seed 1",
  generated: true,
  fingerprint: "f",
  n: 2,
  vectors: { data: Float32Array.of(1, 2, 3, 4, 5, 6), n: 2, d: 3 },
  areas: {
    counts: Int32Array.of(4000, 96, 96, 4000),
    n: 2,
    labels: [
      { name: "-", category: "object" },
      { name: "sky", category: "object" },
    ],
    pixels: 4096,
  },
};

test("what is written is read again", async () => {
  const file = await openCheckpoint(writeFeatures(kept));
  expect([hasFeatures(file), hasMoments(file)]).toEqual([true, false]);
  expect(await readFeatures(file)).toEqual(kept);
  const { areas: _, segmenter: __, ...alone } = kept;
  expect(await readFeatures(await openCheckpoint(writeFeatures(alone)))).toEqual(alone);
});

const features = { dtype: "float32", shape: [1, 3], data: Float32Array.of(1, 2, 3) } as const;
test.each([
  ["no word of what they are", { features }, {}, /does not say what its features are/],
  ["features of another length", { features }, { kind: { ...kind, d: 4 } }, /has features of \[1,3\]/],
  [
    "areas of other labels",
    { areas: { dtype: "int32", shape: [1, 2], data: Int32Array.of(1, 2) } },
    { labels: [{ name: "-", category: "object" }], pixels: 9 },
    /has areas of \[1,2\]/,
  ],
  ["nothing", { other: features }, { kind }, /holds neither features nor areas/],
  ["what is no number", { features: { ...features, data: Float32Array.of(1, Number.NaN, 3) } }, { kind }, /not finite/],
] as const)("a file with %s is refused", async (_, tensors, about, message) => {
  const metadata = Object.keys(about).length > 0 ? { "ganatomy.features": JSON.stringify(about) } : {};
  const file = await openCheckpoint(writeSafetensors(tensors, metadata));
  await expect(readFeatures(file)).rejects.toThrow(message);
});

/** An array as NumPy writes it. */
function npy(shape: readonly number[], numbers: readonly number[]): Uint8Array {
  const header = `{'descr': '<f8', 'fortran_order': False, 'shape': (${shape.join(", ")},), }\n`;
  const head = Uint8Array.from([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, header.length, 0]);
  return Buffer.concat([head, Buffer.from(header), Buffer.from(Float64Array.from(numbers).buffer)]);
}

test("pytorch-fid's statistics are read in double precision", async () => {
  const file = await openCheckpoint(
    zip([
      { name: "mu.npy", data: npy([2], [1 / 3, 2]) },
      { name: "sigma.npy", data: npy([2, 2], [1 + 1e-12, 0.1, 0.1, 1]) },
    ]),
  );
  expect([hasFeatures(file), hasMoments(file)]).toEqual([false, true]);
  const { mean, covariance, d } = await readMoments(file);
  expect([[...mean], [...covariance], d]).toEqual([[1 / 3, 2], [1 + 1e-12, 0.1, 0.1, 1], 2]);
});

test("statistics that do not fit together are refused", async () => {
  const file = await openCheckpoint(
    zip([
      { name: "mu.npy", data: npy([2], [1, 2]) },
      { name: "sigma.npy", data: npy([3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]) },
    ]),
  );
  await expect(readMoments(file)).rejects.toThrow("mu [2] and sigma [3,3]");
});

test.each([
  ["network", { network: "mosaic" }, "The features differ in network: scenes64 and mosaic."],
  ["layer", { tensor: "c4" }, "The features differ in layer: c5 and c4."],
  ["preprocessing", { preprocessing: "as they are" }, "differ in preprocessing"],
  ["weights", { sha256: "cd" }, "differ in SHA-256"],
])("features of another %s are refused", (_, other, message) => {
  expect(() => checkSameKind(kind, { ...kind, ...other })).toThrow(message);
  expect(() => checkSameKind(kind, kind)).not.toThrow();
  const { sha256: __, ...unknown } = kind;
  expect(() => checkSameKind(kind, unknown)).not.toThrow();
});

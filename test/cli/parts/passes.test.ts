import { expect, test } from "vitest";
import { networkOf, passesOf } from "../../../src/cli/parts/passes.ts";
import type { Job, JobSettings } from "../../../src/cli/run.ts";
import type { Running } from "../../../src/cli/with-folder.ts";
import { UsageError } from "../../../src/errors.ts";
import { writeSafetensors } from "../../../src/weights/safetensors.ts";
import type { Source } from "../../../src/weights/source.ts";

const LAYER = { name: "layer4", channels: 512, height: 8, width: 8 };
const SETTINGS: JobSettings = { layers: [], size: 1000, seed: 1, trainSeed: 2, examples: 20 };
const passes = (layers: number, settings: Partial<JobSettings> = {}, images = 1000): number =>
  passesOf(
    { layers: Array.from({ length: layers }, (_, at) => ({ ...LAYER, name: `layer${at}` })), resolution: 256 },
    { ...SETTINGS, ...settings },
    [{ first: 0, end: images }],
  );

test("how many passes there are is known before", () => {
  expect(passes(1)).toBe(5);
  expect(passes(1, { quantileThreshold: 0.01 })).toBe(4);
  expect(passes(1, { rule: "pnas-2020" })).toBe(4);
  // Of each layer three selections; counts of 512 labels at 100 levels take 100 MiB.
  expect(passes(2)).toBe(3 * 2 + 1 + 1);
  expect(passes(6)).toBe(3 * 6 + 2 + 1);
  expect(passes(1, {}, 262_143)).toBe(5);
  expect(() => passes(1, {}, 262_144)).toThrow("a machine can count 262143");
  // Counters are of label maps, half as high as images or, of PNAS 2020, a quarter; or of layers.
  const counted = (network: Parameters<typeof passesOf>[0], settings: Partial<JobSettings>, ...ends: number[]) =>
    passesOf(
      network,
      { ...SETTINGS, ...settings },
      ends.map((end, i) => ({ first: ends[i - 1] ?? 0, end })),
    );
  const small = { layers: [LAYER], resolution: 255 };
  expect(() => counted(small, {}, 262_144)).toThrow("a machine can count 262143");
  expect(counted(small, { rule: "pnas-2020" }, 2 ** 20 - 1)).toBe(4);
  expect(() => counted(small, { rule: "pnas-2020" }, 2 ** 20)).toThrow("a machine can count 1048575");
  const large = { layers: [LAYER, { ...LAYER, name: "layer8", height: 256, width: 256 }], resolution: 256 };
  expect(() => counted(large, {}, 2 ** 16)).toThrow("a machine can count 65535");
  // the largest part is what counts, and the whole what is divided
  expect(counted(large, {}, 65_535, 131_070)).toBe(3 * 2 + 1 + 1);
  expect(() => counted(large, {}, 10, 70_000, 131_071)).toThrow(/A part of 69990 .*Use --split 3 or more/s);
});

test("labels and layers share as many passes as their counters fit into", () => {
  const counted = (settings: Partial<JobSettings>, ...channels: number[]) =>
    passesOf(
      { layers: channels.map((count, at) => ({ ...LAYER, name: `layer${at}`, channels: count })), resolution: 256 },
      { ...SETTINGS, ...settings },
      [{ first: 0, end: 1000 }],
    );
  const wide = (...channels: number[]) => counted({}, ...channels);
  // Counters of a unit: 512 labels and all together, at 100 levels of four bytes, 205,200. Of 2612
  // units they are 511.2 MiB, of 2620 512.7, and there are 512 for a pass.
  const five = [512, 512, 512, 512, 512];
  expect(wide(...five, 52)).toBe(3 * 5 + 1 + 1);
  for (const last of [57, 60]) expect(wide(...five, last)).toBe(3 * 5 + 2 + 1);
  // Of one layer no more than 128 MiB are bound at once, which 652 units need (127.6), and not 656.
  expect(wide(652)).toBe(3 + 1 + 1);
  expect(wide(656)).toBe(3 + 2 + 1);
  // Between two samples, a single quantile is selected by 4 · (2¹⁶ + 2 · 2⁹) bytes of every unit:
  // of 2016 units in 512 MiB, and not of 2020.
  expect(counted({ quantileThreshold: 0.01 }, 1000, 1016)).toBe(3 + 1);
  expect(counted({ quantileThreshold: 0.01 }, 1000, 1020)).toBe(2 * 3 + 1);
});

/** A vector, a map in the images' middle and images of 4 × 5 pixels, cut from 4 × 6. */
const DESCRIPTION = {
  z: 2,
  image: [3, 4, 6],
  range: "-1..1",
  crop: [4, 5],
  operations: [
    { op: "linear", weight: "dense" },
    { op: "layer", name: "vector" },
    { op: "reshape", shape: [4, 2, 3] },
    { op: "layer", name: "layer4" },
    { op: "relu" },
    { op: "layer", name: "active" },
    { op: "upsampleNearest2" },
    { op: "conv", weight: "rgb" },
    { op: "output" },
  ],
};

function jobOf(layers: readonly string[], key?: string): Job<Source> {
  const shapes: Readonly<Record<string, readonly number[]>> = { dense: [24, 2], rgb: [3, 4, 1, 1] };
  const tensors = Object.entries(shapes).flatMap(([name, shape]) => {
    const data = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
    return [[name, { dtype: "float32", shape, data }] as const];
  });
  const file = writeSafetensors(Object.fromEntries(tensors), { "ganatomy.network": JSON.stringify(DESCRIPTION) });
  const options = { classes: "none", ...(key !== undefined && { key }) };
  return {
    model: { name: "oblong", source: file as unknown as Source, options },
    settings: { ...SETTINGS, layers },
  } as unknown as Job<Source>;
}
const RUNNING = { note: () => {} } as unknown as Running;

test("a plan knows the layers of maps that are asked for, and how large images are", async () => {
  const layer4 = { name: "layer4", channels: 4, height: 2, width: 3 };
  expect(await networkOf(jobOf(["active", "layer4"]), RUNNING)).toEqual({
    layers: [{ ...layer4, name: "active" }, layer4],
    resolution: 5,
  });
  expect(await networkOf(jobOf([]), RUNNING)).toEqual({ layers: [layer4], resolution: 5 });
  expect((await networkOf(jobOf(["active"]), RUNNING)).layers.map(({ name }) => name)).toEqual(["active"]);
  for (const name of ["vector", "layer5"]) {
    await expect(networkOf(jobOf(["layer4", name]), RUNNING)).rejects.toThrow(
      new UsageError(`There is no layer "${name}" of maps in oblong.`, "Its layers are layer4, active."),
    );
  }
  await expect(networkOf(jobOf([], "g_ema"), RUNNING)).rejects.toThrow("g_ema");
});

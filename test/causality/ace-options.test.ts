import { describe, expect, test } from "vitest";
import { type AceOptions, defined, EFFORTS, PAIRS_A_STEP, settleAce } from "../../src/causality/ace-options.ts";
import { UnsupportedError, UsageError } from "../../src/errors.ts";
import type { Generator } from "../../src/models/generator.ts";
import type { Segmenter } from "../../src/models/segmenter.ts";

const LIMITS = { maxBufferSize: 2 ** 31, maxStorageBufferBindingSize: 2 ** 31 };

/** What of two networks decides: nothing of them runs. */
function settle(
  more: Partial<AceOptions> = {},
  { height = 64, width = 64, limits = LIMITS, apart = false, range = "-1..1", reads = "image" } = {},
) {
  const device = { gpu: { limits } };
  const layer = (name: string) => ({ name, channels: 4, height: 8, width: 16 });
  const label = (concept: string): number => {
    if (concept !== "tree") throw new UsageError(`knows no concept "${concept}"`, "");
    return 3;
  };
  const network = { architecture: "a level generator", outputs: [{ kind: "raw", range }] };
  const resolution = Math.max(height, width);
  const generator = { device, height, width, resolution, layer, network } as unknown as Generator;
  const segmenter = { device: apart ? {} : device, label, reads } as unknown as Segmenter;
  return settleAce(generator, segmenter, { layer: "layer4", concept: "tree", initial: [0.5, 0, 0.25, 0.1], ...more });
}

describe("settings", () => {
  test("are gandissect's where none is given (spec §4.2), the quick ones, for as many images as fit", () => {
    expect(settle()).toEqual({
      layer: "layer4",
      concept: "tree",
      initial: Float32Array.of(0.5, 0, 0.25, 0.1),
      searchSize: 300,
      trainSize: 60,
      evalSize: 15,
      places: 1,
      epochs: 6,
      rate: 0.03,
      lambda: 0.005,
      presentSeed: 10,
      candidateSeed: 11,
      seed: 1,
      segmentationSize: 32,
      grid: [32, 32],
      batch: 40,
      signal: undefined,
    });
    const paper = { searchSize: 10_000, trainSize: 1000, evalSize: 200, places: 5, epochs: 10, rate: 0.01 };
    expect(settle({ effort: "paper" })).toMatchObject({ ...paper, lambda: 0.005 });
    expect(settle({ effort: "quick" })).toMatchObject(settle());
    expect(PAIRS_A_STEP).toBe(20); // ten batches of two
    expect(Object.keys(EFFORTS)).toEqual(["quick", "paper"]);
  });

  test("are those given, and undefined is none", () => {
    const given = { searchSize: 50, trainSize: 40, places: 2, rate: 0, lambda: 0, seed: 0, segmentationSize: 1 };
    expect(settle({ ...given, effort: "paper" })).toMatchObject({ ...given, epochs: 10 });
    expect(settle({ rate: undefined, lambda: undefined } as never)).toEqual(settle());
    expect(defined({ a: 0, b: undefined, c: null, d: false })).toEqual({ a: 0, c: null, d: false });
    const { signal } = new AbortController();
    expect(settle({ signal }).signal).toBe(signal);
  });

  test.each([
    [8, 4, 40],
    [4, 4, 40],
    [64, 32, 40],
    [114, 57, 40],
    [116, 58, 20],
    [128, 64, 20],
    [162, 81, 10],
    [256, 128, 8],
    [512, 256, 2],
    [1024, 512, 2],
  ])("of images of %i pixels: label maps of %i, %i images at once", (resolution, segmentationSize, batch) => {
    expect(settle({}, { height: resolution, width: resolution })).toMatchObject({
      ...{ segmentationSize, batch, grid: [segmentationSize, segmentationSize] },
    });
  });

  test("label maps have the images' proportions, and as many images are taken at once as have few pixels", () => {
    const wide = { height: 64, width: 256 };
    expect(settle({}, wide)).toMatchObject({ segmentationSize: 128, grid: [32, 128], batch: 20 });
    expect(settle({ segmentationSize: 20 }, wide)).toMatchObject({ segmentationSize: 20, grid: [5, 20] });
  });

  test("pictures of tiles have no gradient, the scores of their kinds do", () => {
    expect(settle({}, { range: "tiles", reads: "raw" }).concept).toBe("tree");
    expect(() => settle({}, { range: "tiles" })).toThrow(UsageError);
    expect(() => settle({}, { range: "tiles" })).toThrow(
      /no gradient through the pictures of a level.*--segmenter self/,
    );
  });

  test.each([2, 4, 8, 10, 20, 40])("a batch of %i divides a step", (batch) => {
    expect(settle({ batch }).batch).toBe(batch);
  });

  const counts = ["searchSize", "trainSize", "evalSize", "places", "epochs", "segmentationSize", "batch"];
  test.each([
    ...counts.flatMap((key) => [0, -20, 1.5, Number.NaN].map((value) => [{ [key]: value }, `\`${key}\` of ${value}`])),
    ...["seed", "presentSeed", "candidateSeed"].flatMap((key) =>
      [-1, 0.5, 2 ** 32].map((value) => [{ [key]: value }, `${key} ${value} makes no sense`]),
    ),
    ...["rate", "lambda"].flatMap((key) =>
      [-1e-9, Number.NaN, Number.POSITIVE_INFINITY].map((value) => [{ [key]: value }, `\`${key}\` of ${value}`]),
    ),
    [{ trainSize: 30 }, "`trainSize` of 30 makes no whole number of steps. Use a multiple of 20"],
    [{ batch: 6 }, "batch of 6 images divides no step"],
    [{ batch: 5 }, "batch of 5 images divides no step"],
    [{ batch: 80 }, "batch of 80 images divides no step"],
    [{ concept: "dore" }, 'knows no concept "dore"'],
    [{ initial: undefined as never }, "Where does α start"],
    [{ initial: [1, 2, 3] }, "layer4 has 4 units, for which `initial` has 3 values"],
    [{ initial: [1, 2, 3, 4, 5] }, "`initial` has 5 values"],
    [{ initial: [1, 2, 3, Number.NaN] }, "`initial` has values that are no numbers"],
    [{ initial: [1, 2, 3, Number.POSITIVE_INFINITY] }, "`initial` has values that are no numbers"],
    [{ initial: [0, 0, 0, 0] }, "No unit of layer4 has a score for"],
    [{ initial: [0, -1, -2, 0] }, "No unit of layer4 has a score for"],
    [{ effort: "paperr" as never }, 'no effort "paperr". There is quick and paper'],
    [{ effort: "toString" as never }, 'no effort "toString"'],
  ] as readonly (readonly [Partial<AceOptions>, string])[])("%j is refused", (more, message) => {
    expect(() => settle(more)).toThrow(UsageError);
    expect(() => settle(more)).toThrow(message);
  });

  test("seeds are NumPy's, whole epochs may be one, and one positive score will do", () => {
    for (const seed of [0, 2 ** 32 - 1])
      expect(settle({ seed, presentSeed: seed, candidateSeed: seed }).seed).toBe(seed);
    expect(settle({ epochs: 1, evalSize: 1, searchSize: 1, initial: [0, 0, 1e-9, -1] }).epochs).toBe(1);
  });

  test("networks on two devices are refused", () => {
    expect(() => settle({}, { apart: true })).toThrow(/on different devices/);
  });
});

describe("what is kept of all images", () => {
  const within = (bytes: number) => ({ limits: { ...LIMITS, maxStorageBufferBindingSize: bytes } });

  // A layer of 8 × 16 cells, four bytes each.
  test.each([
    [{ searchSize: 1000 }, 4 * 128 * 1000],
    [{ trainSize: 1000, searchSize: 10 }, 4 * 128 * 2000],
    [{ evalSize: 1000, searchSize: 10 }, 4 * 128 * 2000],
    [{ places: 200, searchSize: 1000 }, 4 * 201 * 1000],
  ])("of %j fits in %i bytes and in none fewer", (more, bytes) => {
    expect(settle(more, within(bytes))).toMatchObject(more);
    expect(() => settle(more, within(bytes - 1))).toThrow(UnsupportedError);
    expect(() => settle(more, { limits: { ...LIMITS, maxBufferSize: bytes - 1 } })).toThrow(UnsupportedError);
  });

  test("is said in MiB where it does not fit", () => {
    expect(() => settle({ searchSize: 10_000 }, within(2 ** 20))).toThrow(
      "ACE on 10000 images at layer4 (8×16 cells) needs 5 MiB, and this adapter binds at most 1 MiB.",
    );
  });
});

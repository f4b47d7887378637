import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { segmenterFeatures } from "../../src/compare/features.ts";
import { readFeatures, writeFeatures } from "../../src/compare/features-file.ts";
import { generatedImages, type Images, photographs } from "../../src/compare/images.ts";
import { type Measured, measure } from "../../src/compare/measure.ts";
import { type Device, type Generator, openCheckpoint, type Segmenter } from "../../src/index.ts";
import { smallModels } from "../dissect/models.ts";
import { requestDevice, worst } from "../gpu.ts";
import { goldenAreas, goldenFeatures, goldenJson, goldenScenes, scenes64Originals } from "./golden.ts";

/** Images: the first of the golden files' 200. */
const SIZE = 24;

let device: Device;
let generator: Generator;
let segmenter: Segmenter;
beforeAll(async () => {
  device = await requestDevice();
  ({ generator, segmenter } = await scenes64Originals(device));
});
afterAll(() => {
  segmenter?.dispose();
  generator?.dispose();
  device?.dispose();
});

const scenes = async (): Promise<Images> => {
  const rgb = await goldenScenes();
  const read = (i: number) => ({ width: 64, height: 64, rgb: rgb.subarray(12_288 * i, 12_288 * (i + 1)) });
  return photographs(device, { size: SIZE, height: 64, width: 64, read });
};

/** Rows of golden features differ by what float32 networks differ: 2e-5 of the rms. */
async function checkFeatures({ vectors }: Measured, name: string): Promise<void> {
  const { data, d } = await goldenFeatures(name);
  expect(vectors).toMatchObject({ n: SIZE, d });
  expect(worst(vectors!.data, data.subarray(0, SIZE * d))).toBeLessThan(2e-5);
}

/** At most two pixels of an image, which are as likely of two labels. */
async function checkAreas({ areas }: Measured, name: string): Promise<void> {
  const { counts, labels } = await goldenAreas(name);
  expect(areas!.labels.map((label) => label.name)).toEqual(labels.map((label) => label.name));
  for (let i = 0; i < SIZE; i += 1) {
    let differing = 0;
    for (let label = 0; label < labels.length; label += 1) {
      const at = i * labels.length + label;
      differing += Math.abs(areas!.counts[at]! - counts[at]!);
    }
    expect(differing).toBeLessThanOrEqual(4);
  }
}

describe("the golden images", () => {
  test("of a generator", async () => {
    const images = generatedImages(generator, { size: SIZE, seed: 1 });
    const last = await measure(images, { features: segmenterFeatures(segmenter), segmenter });
    await checkFeatures(last, "generated_c5");
    await checkAreas(last, "seed1");
    const features = segmenterFeatures(segmenter, { layer: "c4" });
    await checkFeatures(await measure(images, { features, batch: 5 }), "generated_c4");
    expect(last.maxima).toBeUndefined();
  });

  test("of a generator whose units are looked at, now and from a file", async () => {
    const images = generatedImages(generator, { size: SIZE, layer: "layer6" });
    const { data, d } = await goldenFeatures("layer6_max");
    const found = await measure(images, { segmenter });
    expect(found.maxima).toMatchObject({ n: SIZE, d });
    expect(worst(found.maxima!.data, data.subarray(0, SIZE * d))).toBeLessThan(2e-5);
    const file = writeFeatures({ ...found, images: "24 of seed 1" });
    const known = await readFeatures(await openCheckpoint(file));
    expect(known.maxima).toEqual(found.maxima);
    expect((await measure({ ...images, size: 7 }, { segmenter, known })).maxima).toMatchObject({ n: 7, d });
  });

  test("of a generator without trees", async () => {
    const units = goldenJson("fsd").tree_units as number[];
    const edits = [{ layer: "layer6", units, value: 0 }];
    const images = generatedImages(generator, { size: SIZE, edits });
    await checkAreas(await measure(images, { segmenter }), "seed1_without_trees");
  });

  test("that are photographs", async () => {
    const found = await measure(await scenes(), { features: segmenterFeatures(segmenter), segmenter });
    await checkFeatures(found, "real_c5");
    await checkAreas(found, "scenes");
  });
});

test("what was measured before is not measured again, and an interrupted run is gone on with", async () => {
  const features = segmenterFeatures(segmenter, { layer: "c2" });
  const options = { features, segmenter, batch: 4 };
  const whole = await measure(await scenes(), options);
  const controller = new AbortController();
  let partial: Measured | undefined;
  const stopped = measure(await scenes(), {
    ...options,
    onProgress: ({ done }) => done >= 8 && controller.abort(new Error("enough")),
    onPartial: (measured) => {
      partial = measured;
    },
    signal: controller.signal,
  });
  await expect(stopped).rejects.toThrow("enough");
  expect(partial!.n).toBeGreaterThanOrEqual(8);
  expect(partial!.n).toBeLessThan(SIZE);
  const asked: number[] = [];
  const images = await scenes();
  const counted: Images = {
    ...images,
    async open(opening) {
      const opened = await images.open(opening);
      const bring: typeof opened.bring = (first, count) => {
        asked.push(first);
        return opened.bring(first, count);
      };
      return { ...opened, bring };
    },
  };
  expect(await measure(counted, { ...options, known: partial! })).toEqual(whole);
  expect(asked[0]).toBe(partial!.n);
  // All of them were measured: nothing is brought, and of more only those that are asked for
  // remain.
  asked.length = 0;
  expect(await measure({ ...counted, size: 7 }, { ...options, known: whole })).toMatchObject({ n: 7 });
  expect(asked).toEqual([]);
});

test("photographs may end before they were said to", async () => {
  const rgb = await goldenScenes();
  const read = (i: number) =>
    i < 6 ? { width: 64, height: 64, rgb: rgb.subarray(12_288 * i, 12_288 * (i + 1)) } : undefined;
  const images = photographs(device, { size: 20, height: 64, width: 64, read });
  const found = await measure(images, { segmenter, batch: 4 });
  expect(found.n).toBe(6);
  expect(found.areas!.counts.length).toBe(6 * segmenter.labels.length);
  for (let i = 0; i < 6; i += 1) {
    const row = found.areas!.counts.subarray(i * segmenter.labels.length, (i + 1) * segmenter.labels.length);
    expect(Array.from(row).reduce((sum, count) => sum + count, 0)).toBe(4096);
  }
});

test("what cannot be measured is refused", async () => {
  await expect(measure(await scenes(), {})).rejects.toThrow("There is nothing to measure.");
  expect(() => segmenterFeatures(segmenter, { layer: "c6" })).toThrow(/no layer "c6"/);
  expect(() => generatedImages(generator, { size: 0 })).toThrow("A size of 0 images makes no sense.");
});

test("a device that is lost while two batches are read ends a measurement once", async () => {
  const lost = await requestDevice();
  const { generator, segmenter } = await smallModels(lost);
  const unheard: unknown[] = [];
  const hear = (reason: unknown): void => void unheard.push(reason);
  process.on("unhandledRejection", hear);
  const images = generatedImages(generator, { size: 6, seed: 1 });
  let opened = 0;
  const losing: Images = {
    ...images,
    open: async (options) => {
      const brought = await images.open(options);
      return {
        ...brought,
        dispose: () => brought.dispose(),
        bring: async (first, count) => {
          opened += 1;
          const found = await brought.bring(first, count);
          if (opened === 2) setTimeout(() => lost.gpu.destroy());
          return found;
        },
      };
    },
  };
  await expect(measure(losing, { segmenter, batch: 2 })).rejects.toMatchObject({ code: "device-lost" });
  await new Promise((resolve) => setTimeout(resolve)); // Node tells of those that nobody awaits
  process.off("unhandledRejection", hear);
  expect(unheard).toEqual([]);
  lost.dispose();
});

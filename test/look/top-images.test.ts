import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { classifierViewer, photographed } from "../../src/dissect/photographed.ts";
import { Pooling } from "../../src/dissect/pooling.ts";
import { dissect, GanatomyError } from "../../src/index.ts";
import { lassos } from "../../src/look/lassos.ts";
import { type Thumbnail, thumbnails } from "../../src/look/thumbnails.ts";
import { topImages } from "../../src/look/top-images.ts";
import { Classifier } from "../../src/models/classifier.ts";
import type { Generator } from "../../src/models/generator.ts";
import { recogniseClassifier } from "../../src/networks/classifiers/recognise.ts";
import { useSmallModels } from "../dissect/models.ts";
import { toNchw } from "../gpu.ts";
import { oblongGenerator } from "../models/oblong.ts";
import { imageOf, stateOf } from "../models/recipe.ts";

const [LAYER, SIZE] = ["layer3", 11];
const models = useSmallModels();

/** What each unit does in each image: [image][unit]. */
async function activations(seed: number) {
  const { generator } = models;
  using run = await generator.forward(generator.sample({ size: SIZE, seed }), { retain: [LAYER] });
  const tensor = run.layers.get(LAYER)!;
  const { channels, height, width } = generator.layer(LAYER);
  const maps = toNchw(await tensor.read(), tensor.shape, channels);
  const pixels = height * width;
  return Array.from({ length: SIZE }, (_, image) =>
    Array.from({ length: channels }, (_, unit) => [
      ...maps.subarray((image * channels + unit) * pixels, (image * channels + unit + 1) * pixels),
    ]),
  );
}

test("are those of a dissection of the same images", async () => {
  const { generator, segmenter } = models;
  const options = { layers: [LAYER], size: SIZE, examples: 4, quantileThreshold: 0.1 };
  for await (const event of dissect(generator, segmenter, options)) {
    if (event.type !== "result") continue;
    const { units } = event.dissection.layers[0]!;
    const found = await topImages(generator, { layer: LAYER, size: SIZE, top: 4, batch: 3 });
    expect(found).toEqual(units.map(({ unit, top }) => ({ unit, images: top })));
  }
});

test("or those with the highest mean, of the units asked for, whatever the batch", async () => {
  const all = await activations(5);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  for (const batch of [1, 4, 40]) {
    const options = { layer: LAYER, units: [6, 2], size: SIZE, seed: 5, by: "mean", top: 3, batch } as const;
    const found = await topImages(models.generator, options);
    expect(found.map(({ unit }) => unit)).toEqual([6, 2]);
    for (const { unit, images } of found) {
      const order = all.map((units, image) => ({ image, mean: mean(units[unit]!) })).sort((a, b) => b.mean - a.mean);
      expect(images.map(({ image }) => image)).toEqual(order.slice(0, 3).map(({ image }) => image));
      images.forEach(({ activation }, i) => {
        expect(activation).toBeCloseTo(order[i]!.mean, 5);
      });
    }
  }
});

test("a layer is pooled to the largest and the mean of each image, a row the units that are stored", async () => {
  const { generator } = models;
  using run = await generator.forward(generator.sample({ size: 2, seed: 5 }), { retain: [LAYER] });
  const maps = run.layers.get(LAYER)!;
  const [, height = 0, width = 0, stored = 0] = maps.shape;
  const values = await maps.read();
  const pooling = await Pooling.create(maps);
  const pooled = await pooling.read(2);
  for (let image = 0; image < 2; image += 1) {
    const [max, mean] = [pooled.max(image), pooled.mean(image)];
    expect([max.length, mean.length]).toEqual([stored, stored]);
    for (let unit = 0; unit < generator.layer(LAYER).channels; unit += 1) {
      const cells = values.filter((_, at) => at % stored === unit).subarray(image * height * width);
      const own = cells.subarray(0, height * width);
      expect(max[unit]).toBe(Math.max(...own));
      expect(mean[unit]).toBeCloseTo(own.reduce((sum, value) => sum + value, 0) / own.length, 5);
    }
  }
  pooling.dispose();
});

test("of those that drive a unit equally, such as one photograph thrice, the first come first", async () => {
  const edge = 16;
  const { cifar } = JSON.parse(readFileSync(new URL("../golden/classifiers.json", import.meta.url), "utf8"));
  const network = recogniseClassifier(stateOf("", cifar.shapes), { edge });
  const classifier = await Classifier.define(network, { device: models.device, name: "tiny" });
  const pixels = imageOf(3, edge, edge);
  const read = (number: number) => {
    const own = pixels.subarray((number % 3) * 4 * edge ** 2, ((number % 3) + 1) * 4 * edge ** 2);
    const rgb = own.filter((_, at) => at % 4 < 3);
    return { width: edge, height: edge, rgb: Uint8Array.from(rgb, (value) => Math.round((value + 1) * 127.5)) };
  };
  const subject = photographed(classifierViewer(classifier), { count: 9, read });
  const options = { layer: "layer3", batch: 4 } as const;
  const whole = await topImages(subject, { ...options, top: 9 });
  const some = await topImages(subject, { ...options, top: 4, size: 99 }); // there are but 9
  for (const [unit, { images }] of whole.entries()) {
    const activations = images.toSorted((a, b) => a.image - b.image).map(({ activation }) => activation);
    const three = activations.slice(0, 3);
    expect(activations).toEqual([...three, ...three, ...three]);
    const order = activations.map((_, image) => image).sort((a, b) => activations[b]! - activations[a]! || a - b);
    expect(images.map(({ image }) => image)).toEqual(order);
    expect(some[unit]!.images).toEqual(images.slice(0, 4));
  }
  classifier.dispose();
});

test("of 200 images of seed 1, eight of every unit, unless told; progress is told", async () => {
  const before = { ...models.device.live };
  const progress = vi.fn();
  const found = await topImages(models.generator, { layer: "layer1", onProgress: progress });
  expect(found).toHaveLength(models.generator.layer("layer1").channels);
  expect(found.every(({ images }) => images.length === 8)).toBe(true);
  expect(progress.mock.calls.map(([{ done, total }]) => [done, total])).toEqual(
    Array.from({ length: 25 }, (_, i) => [8 * i + 8, 200]),
  );
  expect(found).toEqual(await topImages(models.generator, { layer: "layer1", size: 200, seed: 1, top: 8, by: "max" }));
  const few = await topImages(models.generator, { layer: "layer1", size: 2 });
  expect(few[0]!.images.map(({ image }) => image).sort()).toEqual([0, 1]);
  expect({ ...models.device.live }).toEqual(before);
});

test.each([
  [{ layer: "layer9" }, 'no layer "layer9"'],
  [{ size: 0 }, "size 0 makes no sense"],
  [{ top: 0.5 }, "top 0.5 makes no sense"],
  [{ batch: 0 }, "batch 0 makes no sense"],
  [{ by: "median" }, 'no "median" in an image'],
  [{ units: [99] }, "has no unit 99"],
  [{ units: [-1] }, "has no unit -1"],
  [{ images: 3 }, 'knows no "images"'],
])("top images with %j are refused", async (options, message) => {
  await expect(topImages(models.generator, { layer: LAYER, ...options } as never)).rejects.toThrow(message);
});

test("an abort stops the search", async () => {
  const before = { ...models.device.live };
  const abort = new AbortController();
  const onProgress = () => abort.abort(new Error("enough"));
  const searching = topImages(models.generator, {
    layer: LAYER,
    size: SIZE,
    batch: 2,
    signal: abort.signal,
    onProgress,
  });
  await expect(searching).rejects.toThrow("enough");
  expect({ ...models.device.live }).toEqual(before);
});

async function list(stream: AsyncIterable<Thumbnail>): Promise<Thumbnail[]> {
  const found: Thumbnail[] = [];
  for await (const one of stream) found.push(one);
  return found;
}

/** How many rows plans run at a time from now on; for the `failing`th run memory is too small. */
function rowsRun(generator: Generator, failing?: number) {
  const rows: number[] = [];
  let fails = failing;
  const compile = generator.compile.bind(generator);
  const spy = vi.spyOn(generator, "compile").mockImplementation(async (options) => {
    const plan = await compile(options);
    const run = plan.run.bind(plan);
    plan.run = (given) => {
      if (rows.length === fails) {
        fails = undefined;
        throw new GanatomyError("out-of-memory", "Too many images at a time.", "Use fewer.");
      }
      rows.push((given?.length ?? 0) / generator.rowSize);
      run(given);
    };
    return plan;
  });
  return { rows, restore: () => spy.mockRestore() };
}

test("lassos are the units in those images, in that order, each image of a batch made once", async () => {
  const { generator, device } = models;
  const before = { ...device.live };
  const { channels } = generator.layer(LAYER);
  const levels = new Float32Array(channels).fill(0.05);
  const of = [7, 3, 3, 9, 7, 0].map((image, i) => ({ unit: (5 * i) % channels, image }));
  const sample = vi.spyOn(generator, "sample");
  const { rows, restore } = rowsRun(generator);
  const drawn = await list(lassos(generator, { layer: LAYER, of, seed: 4, levels, size: 20, batch: 2 }));
  expect(sample.mock.calls.map(([{ start }]) => start)).toEqual([7, 3, 9, 7, 0]);
  expect(rows).toEqual([2, 2, 1]); // 7 and 3, 9 and 7, 0
  sample.mockRestore();
  restore();
  expect(drawn.map(({ unit, image }) => ({ unit, image }))).toEqual(of);
  using run = await generator.forward(generator.sample({ size: 10, seed: 4 }), { retain: [LAYER] });
  const options = { units: of.map(({ unit }) => unit), image: of.map(({ image }) => image), levels, size: 20 };
  const expected = await list(thumbnails(run.layers.get(LAYER)!, { ...options, view: "outline", pictures: run.image }));
  expect(drawn).toEqual(expected);
  run.dispose();
  expect({ ...device.live }).toEqual(before);
});

test("lassos are of eight images of seed 1 at a time unless told", async () => {
  const { generator } = models;
  const of = Array.from({ length: 9 }, (_, image) => ({ unit: 0, image }));
  const levels = new Float32Array(generator.layer(LAYER).channels).fill(0.05);
  const { rows, restore } = rowsRun(generator);
  const drawn = await list(lassos(generator, { layer: LAYER, of, levels, size: 9 }));
  restore();
  expect(rows).toEqual([8, 1]);
  expect(drawn).toEqual(await list(lassos(generator, { layer: LAYER, of, levels, size: 9, seed: 1, batch: 1 })));
});

test("where memory ends on the way lassos go on, each drawn once", async () => {
  const { generator } = models;
  const of = [0, 1, 2, 3, 4, 5].map((image) => ({ unit: image % 2, image }));
  const asked = { layer: LAYER, of, view: "heat", size: 9 } as const;
  const all = await list(lassos(generator, asked));
  const warned = vi.spyOn(models.device, "warn").mockImplementation(() => {});
  const { rows, restore } = rowsRun(generator, 1);
  const drawn = await list(lassos(generator, { ...asked, batch: 3 }));
  restore();
  expect(warned).toHaveBeenCalledTimes(1);
  warned.mockRestore();
  expect(rows).toEqual([3, 2, 1]);
  expect(drawn).toEqual(all);
});

test("lassos of images that are not square are not, either, and other views are drawn as told", async () => {
  const generator = await oblongGenerator(models.device);
  const [one] = await list(lassos(generator, { layer: "layer3", of: [{ unit: 1, image: 2 }], view: "heat", size: 40 }));
  expect([one!.height, one!.width, one!.image]).toEqual([24, 40, 2]);
  expect(await list(lassos(generator, { layer: "layer3", of: [], view: "heat" }))).toEqual([]);
  generator.dispose();
});

test.each([
  [{ of: [{ unit: 99, image: 0 }] }, "has no unit 99, or the seed no image 0"],
  [{ of: [{ unit: 0, image: -1 }] }, "no image -1"],
  [{ of: [{ unit: 0, image: 0 }] }, "Unit 0 has no level"],
  [{ of: [], batch: 0 }, "A batch of 0"],
  [{}, "needs of"],
  [{ of: [], layer: "layer9" }, 'no layer "layer9"'],
])("lassos with %j are refused", async (options, message) => {
  const drawing = list(lassos(models.generator, { layer: LAYER, ...options } as never));
  await expect(drawing).rejects.toThrow(message);
});

test("the first unit that a layer has not is refused, of top images and of lassos", async () => {
  const { generator } = models;
  const unit = generator.layer(LAYER).channels;
  await expect(topImages(generator, { layer: LAYER, units: [unit] })).rejects.toThrow(`has no unit ${unit}`);
  await expect(list(lassos(generator, { layer: LAYER, of: [{ unit, image: 0 }] }))).rejects.toThrow(
    `has no unit ${unit}`,
  );
});

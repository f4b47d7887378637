import { afterEach, describe, expect, test, vi } from "vitest";
import { generated } from "../../src/dissect/generated.ts";
import { Samples, type SamplesOptions } from "../../src/dissect/samples.ts";
import type { Segmenter } from "../../src/index.ts";
import { useSmallModels } from "./models.ts";
import { syntheticSegmenter } from "./synthetic.ts";

const models = useSmallModels();
const [SIZE, EDGE, BATCH] = [10, 16, 4];

/** Labels by how bright a pixel is, two to a pixel, of `count` labels in all. */
function segmenterOf(count: number): Segmenter {
  const labels = Array.from({ length: count }, (_, label) => ({ name: `${label}`, category: "object" }));
  return syntheticSegmenter(models.device, labels, [
    { thresholds: [0], names: [0, 1] },
    { thresholds: [0.1], names: [count - 1, 2] },
  ]);
}

let made: Samples[] = [];
afterEach(() => {
  for (const samples of made) samples.dispose();
  made = [];
});
async function samplesOf(options: Partial<SamplesOptions> = {}): Promise<Samples> {
  const samples = await Samples.create({
    subject: generated(models.generator),
    set: "test",
    segmenter: segmenterOf(5),
    layers: ["layer3"],
    size: SIZE,
    seed: 1,
    batch: BATCH,
    grid: [EDGE, EDGE],
    pictures: false,
    keepLabels: true,
    memory: 0,
    ...options,
  });
  made.push(samples);
  return samples;
}

/** What a pass brings, of the images that are valid. */
async function seen(samples: Samples, labels: boolean, pictures?: boolean) {
  const batches: [number, number][] = [];
  const [maps, shown] = [new Map<string, number[]>(), [] as number[]];
  for await (const { first, count } of samples.each({ labels, ...(pictures !== undefined && { pictures }) })) {
    batches.push([first, count]);
    expect([...(await samples.batch.read())]).toEqual([first, count]);
    for (const [name, tensor] of samples.maps) {
      const all = await tensor.read();
      maps.set(name, [...(maps.get(name) ?? []), ...all.subarray(0, (count * all.length) / samples.batchSize)]);
    }
    const all = await samples.labelMaps.read();
    if (labels) shown.push(...all.subarray(0, (count * all.length) / samples.batchSize));
  }
  return { batches, maps, shown };
}

describe("samples", () => {
  test("are a seed's images, in even batches, with the maps of all layers and the labels", async () => {
    const layers = ["layer5", "layer1", "layer3"];
    const samples = await samplesOf({ layers });
    expect([samples.size, samples.batchSize, samples.batches, samples.channels]).toEqual([10, 4, 3, 2]);
    expect(samples.labelMaps.shape).toEqual([4, 2, EDGE, EDGE]);
    const { generator } = models;
    using plan = await generator.compile({ batch: SIZE, retain: layers });
    plan.run(generator.sample({ size: SIZE, seed: 1 }));
    const image = await plan.image!.read();
    const labels = Array.from({ length: SIZE * 2 * EDGE ** 2 }, (_, at) => {
      const [pixel, channel] = [at % EDGE ** 2, Math.floor(at / EDGE ** 2) % 2];
      const value = image[4 * (Math.floor(at / EDGE ** 2 / 2) * EDGE ** 2 + pixel) + channel]!;
      return channel === 0 ? (value > 0 ? 1 : 0) : value > Math.fround(0.1) ? 2 : 4;
    });
    for (const labelled of [true, false, true]) {
      const { batches, maps, shown } = await seen(samples, labelled);
      expect(batches).toEqual([
        [0, 4],
        [4, 4],
        [8, 2],
      ]);
      for (const layer of layers) expect(maps.get(layer)).toEqual([...(await plan.layers.get(layer)!.read())]);
      if (labelled) expect(shown).toEqual(labels);
    }
    expect(new Set(labels).size).toBe(4);
  });

  // A batch's labels take 4 × 2 × 16² halves of words.
  test.each([
    { memory: 0, keepLabels: true, kept: 0, generated: 3 },
    { memory: 3 * 4096, keepLabels: true, kept: 3, generated: 0 },
    { memory: 3 * 4096 - 1, keepLabels: true, kept: 2, generated: 1 },
    { memory: 2 ** 20, keepLabels: false, kept: 0, generated: 3 },
  ])("of which $memory bytes are kept are made again as far as they are not: $keepLabels", async (each) => {
    const { memory, keepLabels, kept, generated } = each;
    const base = segmenterOf(5);
    let segmented = 0;
    const compile: Segmenter["compile"] = async (...args) => {
      const plan = await base.compile(...args);
      const run = () => {
        segmented += 1;
        plan.run();
      };
      return Object.create(plan, { run: { value: run }, dispose: { value: () => plan.dispose() } });
    };
    const segmenter = Object.create(base, { compile: { value: compile } });
    const samples = await samplesOf({ segmenter, memory, keepLabels });
    expect(samples.keepsLabels).toBe(kept === 3);
    const first = await seen(samples, true);
    expect(segmented).toBe(3);
    expect(await seen(samples, true)).toEqual(first);
    expect(segmented).toBe(3 + generated);
    // (Without labels none are made.)
    expect((await seen(samples, false)).maps).toEqual(first.maps);
    expect(segmented).toBe(3 + generated);
  });

  test.each([[["layer2", "layer4"]], [["layer4", "layer2"]]])(
    "without images are made as far as the deepest layer of %j only",
    async (layers) => {
      const compile = vi.spyOn(models.generator, "compile");
      await samplesOf({ layers, pictures: true });
      expect(compile.mock.calls.map(([{ until, bytes, retain, batch }]) => [until, bytes, retain, batch])).toEqual([
        [undefined, true, layers, 4],
        ["layer4", undefined, layers, 4],
      ]);
      compile.mockRestore();
    },
  );

  test.each([
    { labels: 256, type: Uint8Array },
    { labels: 257, type: Uint16Array },
  ])("have pictures with $labels labels, until they are forgotten", async ({ labels, type }) => {
    const samples = await samplesOf({ segmenter: segmenterOf(labels), pictures: true });
    await seen(samples, true);
    expect(samples.pictures).toBe(0); // nobody asked for them
    const { shown } = await seen(samples, true, true);
    expect(samples.pictures).toBe(SIZE);
    const { generator } = models;
    using plan = await generator.compile({ batch: SIZE, bytes: true });
    plan.run(generator.sample({ size: SIZE, seed: 1 }));
    const rgb = (await plan.rgba!.read()) as Uint32Array<ArrayBuffer>;
    const bytes = new Uint8Array(rgb.buffer);
    for (let image = 0; image < SIZE; image += 1) {
      const picture = samples.picture(image);
      expect([picture.image, picture.height, picture.width]).toEqual([image, EDGE, EDGE]);
      expect(picture.labels).toBeInstanceOf(type);
      expect([...picture.labels]).toEqual(shown.slice(image * 2 * EDGE ** 2, (image + 1) * 2 * EDGE ** 2));
      const own = bytes.subarray(image * 4 * EDGE ** 2, (image + 1) * 4 * EDGE ** 2);
      expect([...picture.rgb]).toEqual([...own.filter((_, at) => at % 4 < 3)]);
    }
    samples.forget(7, new Set([2, 6, 8]));
    expect(samples.pictures).toBe(2 + 3);
    for (const image of [2, 6, 7, 8, 9]) expect(samples.picture(image).image).toBe(image);
    for (const image of [0, 1, 5]) expect(() => samples.picture(image)).toThrow(`Image ${image} was not kept.`);
  });

  test("of a share begin with its first image, go on at a border of batches, and are those that are wanted", async () => {
    const samples = await samplesOf({ range: { first: 3, end: 10 } });
    const brought = async (options: { from?: number; only?: ReadonlySet<number> }) => {
      const batches: number[][] = [];
      for await (const { first, count } of samples.each({ labels: false, ...options })) batches.push([first, count]);
      return batches;
    };
    const [first, second] = [
      [3, 4],
      [7, 3],
    ];
    expect(await brought({})).toEqual([first, second]);
    expect(await brought({ from: 7 })).toEqual([second]);
    expect(await brought({ from: 10 })).toEqual([]);
    expect(await brought({ only: new Set([5]) })).toEqual([first]);
    expect(await brought({ only: new Set([9]) })).toEqual([second]);
    expect(await brought({ only: new Set([0, 10]) })).toEqual([]);
  });

  test("put pictures aside up to so many bytes, and take back those that fit", async () => {
    const samples = await samplesOf({ pictures: true });
    await seen(samples, true, true);
    // Three bytes a pixel, and two labels.
    const each = 5 * EDGE ** 2;
    const names = (most: number) => [...samples.pictureTables(most).keys()];
    expect(names(2 * each)).toEqual(["picture 0", "labels 0", "picture 1", "labels 1"]);
    expect(names(2 * each - 1)).toEqual(["picture 0", "labels 0"]);
    const tables = samples.pictureTables(SIZE * each);
    expect(tables.size).toBe(2 * SIZE);
    const other = await samplesOf({ pictures: true });
    other.takePictures(tables);
    expect(other.pictures).toBe(SIZE);
    for (let image = 0; image < SIZE; image += 1) expect(other.picture(image)).toEqual(samples.picture(image));
    expect([other.hasPictures([0, 9]), other.hasPictures([9, 10]), other.hasPictures([])]).toEqual([true, false, true]);

    const wary = await samplesOf({ pictures: true });
    const [rgb, labels] = [tables.get("picture 2")!, tables.get("labels 2")!];
    const offered = (image: number, picture: unknown, label: unknown) => {
      wary.takePictures(new Map([[`picture ${image}`, picture] as const, [`labels ${image}`, label] as const]));
      return wary.hasPictures([image]);
    };
    expect(offered(2, rgb.subarray(1), labels)).toBe(false);
    expect(offered(2, rgb, labels.subarray(1))).toBe(false);
    expect(offered(2, rgb, Uint16Array.from(labels))).toBe(false);
    expect(offered(2, undefined, labels)).toBe(false);
    expect(offered(10, rgb, labels)).toBe(false);
    expect(offered(9, rgb, labels)).toBe(true);
  });
});

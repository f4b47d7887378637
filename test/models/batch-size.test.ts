import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type AceEvent, ace, conceptScalar, Experiment, occlude } from "../../src/causality/index.ts";
import { generatedImages } from "../../src/compare/images.ts";
import { measure } from "../../src/compare/measure.ts";
import { unitQuantiles } from "../../src/dissect/measure-quantiles.ts";
import { Device, type Dissection, dissect, type Generator, type Segmenter } from "../../src/index.ts";
import { lassos } from "../../src/look/lassos.ts";
import { topImages } from "../../src/look/top-images.ts";
import { smallModels } from "../dissect/models.ts";
import { type LittleMemory, littleMemory } from "../runtime/little-memory.ts";

const LAYER = "layer3";
const ASKED = 8;

let little: LittleMemory;
let device: Device;
let generator: Generator;
let segmenter: Segmenter;
const told: string[] = [];
beforeAll(async () => {
  little = await littleMemory();
  device = await Device.request({ gpu: little.gpu, tune: false, onWarning: (message) => told.push(message) });
  ({ generator, segmenter } = await smallModels(device));
});
afterAll(() => device.dispose());
afterEach(() => {
  little.isFull = () => false;
  told.length = 0;
});

/** The most bytes that are in use at once, while something is done. */
async function most(work: () => Promise<unknown>): Promise<number> {
  let peak = 0;
  little.isFull = ({ size }, used) => {
    peak = Math.max(peak, used + size);
    return false;
  };
  await work();
  return peak;
}

const FULL = expect.objectContaining({ name: "DeviceLostError", code: "out-of-memory" });

describe("a batch that does not fit", () => {
  test("is an error that names one that does", async () => {
    const compile = (batch: number) => generator.compile({ batch, retain: [LAYER] });
    const before = { ...device.live };
    const room = await most(async () => (await compile(3)).dispose());
    little.isFull = ({ size }, used) => used + size > room;
    const error = await compile(20).catch((error) => error);
    expect(error).toEqual(FULL);
    expect(error.message).toMatch(/^The GPU has no memory left for a plan, beside \d+\.\d MiB .* A batch of 3 fits\.$/);
    expect(error).toMatchObject({ batch: 3, fix: "A batch of 3 fits." });
    (await compile(error.batch)).dispose();
    little.isFull = ({ size }, used) => used + size > before.bytes + 100;
    await expect(compile(3)).rejects.toThrow("Not even one image fits");
    expect(device.live).toEqual(before);
    expect(told).toEqual([]); // nothing else was done instead
  });

  test("is what stopped the search for it, where something did", async () => {
    const stop = new AbortController();
    little.isFull = () => {
      stop.abort(new Error("enough"));
      return true;
    };
    await expect(generator.compile({ batch: 20, signal: stop.signal })).rejects.toThrow("enough");
  });

  test("because of what the adapter binds, too, and at once where it never could", async () => {
    const { maxStorageBufferBindingSize: limit } = device.gpu.limits;
    const { height, width } = generator;
    const tooMany = Math.floor(limit / (16 * height * width)) + 1;
    const error = await generator.compile({ batch: tooMany }).catch((error) => error);
    expect(error).toMatchObject({ name: "UnsupportedError", code: "limit" });
    expect(error.batch).toBeLessThan(tooMany);
    expect(error.message).toMatch(new RegExp(` A batch of ${error.batch} fits\\.$`));
    for (const batch of [2 ** 31, 2 ** 53, Number.POSITIVE_INFINITY, Number.NaN, 0, -1, 1.5]) {
      const refused = await generator.compile({ batch }).catch((error) => error);
      expect([batch, refused.code]).toEqual([batch, expect.stringMatching(/^(shape|usage)$/)]);
    }
    for (const size of [1e12, 2 ** 31, -1, Number.NaN]) {
      expect(() => generator.sample({ size, seed: 1 })).toThrow(expect.objectContaining({ code: "usage" }));
    }
  });
});

/** What is done with so many images at a time, to a result that does not depend on that. */
const WORK: Readonly<Record<string, (batch: number) => Promise<unknown>>> = {
  "a dissection": (batch) => dissected({ batch }),
  "a dissection at a fixed quantile": (batch) => dissected({ batch, quantileThreshold: 0.1 }),
  "quantiles of units": (batch) => unitQuantiles(generator, { layer: LAYER, size: 24, batch }),
  "an experiment": async (batch) => {
    const made = await Experiment.create(generator, segmenter, { editable: [LAYER], size: 24, batch });
    try {
      return [made.before, await made.pixels([{ layer: LAYER, units: [1], value: 3 }])];
    } finally {
      made.dispose();
    }
  },
  "pictures of a generator": async (batch) => {
    const all = [];
    for await (const { rgb } of generator.images({ size: 24, seed: 1, batch })) all.push(rgb);
    return all;
  },
  "areas of labels": (batch) => measure(generatedImages(generator, { size: 24, seed: 1 }), { segmenter, batch }),
  "top images": (batch) => topImages(generator, { layer: LAYER, size: 24, top: 3, batch }),
  "outlines of units": async (batch) => {
    const of = Array.from({ length: 24 }, (_, image) => ({ unit: 1, image }));
    const levels = Array.from({ length: generator.layer(LAYER).channels }, () => 0.1);
    const all = [];
    for await (const { rgba } of lassos(generator, { layer: LAYER, of, levels, batch })) all.push(rgba);
    return all;
  },
  "squares that are covered": async (batch) => {
    using run = await generator.forward(generator.sample({ size: 1, seed: 1 }));
    return await occlude(run.image, conceptScalar(segmenter, "tree"), { patch: 4, stride: 4, batch });
  },
};

async function dissected(options: object): Promise<readonly [Dissection, readonly unknown[]]> {
  for await (const event of dissect(generator, segmenter, { layers: [LAYER], size: 12, examples: 3, ...options })) {
    if (event.type !== "result") continue;
    const pictures = [];
    for await (const { tops } of event.pictures()) pictures.push(tops.map(({ picture }) => picture.rgb));
    return [event.dissection, pictures];
  }
  throw new Error("It has no result.");
}

describe.each(Object.entries(WORK))("%s", (_, work) => {
  test("goes on with fewer images at a time where memory runs out, to the same bits, and says so", async () => {
    const before = { ...device.live };
    const room = await most(() => work(3));
    const needed = await most(() => work(ASKED));
    expect(needed).toBeGreaterThan(room);
    little.isFull = () => false;
    const expected = await work(ASKED);
    little.isFull = ({ size }, used) => used + size > room;
    expect(await work(ASKED)).toEqual(expected);
    expect(told[0]).toMatch(/^8 images at a time do not fit into the GPU's memory; going on with [1-4]\.$/);
    expect(device.live).toEqual(before);
  });

  test("ends with the same result or in a lack of memory, wherever that is, and leaves nothing", async () => {
    const before = { ...device.live };
    const labels = new Set<string>();
    little.isFull = ({ label = "" }) => {
      labels.add(label);
      return false;
    };
    const expected = await work(ASKED);
    expect(labels.size).toBeGreaterThan(3);
    for (const unlucky of labels) {
      for (const times of [1, Number.POSITIVE_INFINITY]) {
        let left = times;
        little.isFull = ({ label }) => label === unlucky && left-- > 0;
        const outcome = await work(ASKED).then(
          (result) => ({ result }),
          (error) => ({ error }),
        );
        little.isFull = () => false;
        await device.idle().catch(() => {}); // what still complains of an invalid buffer
        if ("error" in outcome) expect([unlucky, outcome.error]).toEqual([unlucky, FULL]);
        else expect([unlucky, outcome.result]).toEqual([unlucky, expected]);
        expect([unlucky, device.live]).toEqual([unlucky, before]);
      }
    }
  }, 120_000);
});

test.each<[string, (size: number) => Promise<unknown>]>([
  [
    "pictures",
    async (size) => {
      for await (const { rgb } of generator.images({ size, seed: 1 })) expect(rgb.some((byte) => byte > 0)).toBe(true);
    },
  ],
  ["areas of labels", (size) => measure(generatedImages(generator, { size, seed: 1 }), { segmenter })],
  [
    "an experiment",
    async (size) => (await Experiment.create(generator, segmenter, { editable: [LAYER], size })).dispose(),
  ],
])("what is said of %s is of the images that there are", async (_, work) => {
  let left = 1;
  little.isFull = () => left-- > 0;
  await work(2);
  expect(told).toEqual(["2 images at a time do not fit into the GPU's memory; going on with 1."]);
});

test("ACE goes on with fewer pairs at a time, from the epochs that it has", async () => {
  const options = {
    ...{ layer: LAYER, concept: "tree", searchSize: 60, trainSize: 20, evalSize: 4, places: 2, epochs: 2 },
    initial: Array.from({ length: generator.layer(LAYER).channels }, (_, unit) => (unit % 3) / 4),
    segmentationSize: 16,
  };
  const learn = async (batch: number) => {
    const events: AceEvent[] = [];
    for await (const event of ace(generator, segmenter, { ...options, batch })) events.push(event);
    return events.filter(({ type }) => type !== "progress");
  };
  const room = await most(() => learn(4));
  little.isFull = () => false;
  const expected = await learn(4);
  const before = { ...device.live }; // weights that gradients need are there
  little.isFull = ({ size }, used) => used + size > room;
  expect(await learn(20)).toEqual(expected);
  expect(told.at(-1)).toMatch(/going on with [42]\.$/);
  expect(device.live).toEqual(before);
});

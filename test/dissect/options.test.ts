import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Checkpoint } from "../../src/dissect/checkpoint.ts";
import { generated } from "../../src/dissect/generated.ts";
import { checkSamples, type DissectOptions, defaultBatch, settle, whole } from "../../src/dissect/options.ts";
import { RULES } from "../../src/dissect/rules.ts";
import type { Device, Generator, Segmenter } from "../../src/index.ts";
import { bytesOf, Graph } from "../../src/runtime/graph.ts";
import { requestDevice } from "../gpu.ts";
import { smallModels } from "./models.ts";

let device: Device;
let generator: Generator;
let segmenter: Segmenter;
beforeAll(async () => {
  device = await requestDevice();
  ({ generator, segmenter } = await smallModels(device));
});
afterAll(() => {
  segmenter.dispose();
  generator.dispose();
  device.dispose();
});

/** The same with other properties. */
const like = <T extends object>(object: T, properties: object): T =>
  Object.create(object, Object.getOwnPropertyDescriptors(properties)) as T;

/** `reads` is asked of what is private, which another object has not. */
const likeSegmenter = (properties: object): Segmenter => like(segmenter, { reads: segmenter.reads, ...properties });

const settled = (options: DissectOptions = {}) => settle(generated(generator), segmenter, options);
const message = (options: DissectOptions): string => {
  try {
    settled(options);
  } catch (error) {
    return (error as Error).message;
  }
  return "none";
};

describe("whole numbers", () => {
  test.each([
    [1, true],
    [5, true],
    [0, false],
    [6, false],
    [2.5, false],
    [Number.NaN, false],
    [Number.POSITIVE_INFINITY, false],
  ])("from 1 to 5: %d is %s", (value, fits) => {
    const check = () => whole("rooms", value, 1, 5);
    if (fits) expect(check).not.toThrow();
    else expect(check).toThrow(`rooms ${value} makes no sense. Use a whole number from 1 to 5.`);
  });
});

describe("counters of 32 bits", () => {
  test("hold every pixel of all images, and not one more", () => {
    expect(() => checkSamples(2 ** 32 - 1, 0, 1)).not.toThrow();
    expect(() => checkSamples(2 ** 32, 0, 1)).toThrow("from 1 to 4294967295");
    // 65536 images of 65536 pixels are 2³²
    expect(() => checkSamples(65_535, 0, 256 ** 2)).not.toThrow();
    expect(() => checkSamples(65_536, 0, 256 ** 2)).toThrow("from 1 to 65535");
    expect(() => checkSamples(0, 0, 1)).toThrow("size 0");
  });

  test("hold the label maps, and raw activations too where those are selected", () => {
    expect(message({ size: 65_536, segmentationSize: 256 })).toContain("from 1 to 65535");
    expect(message({ size: 65_535, segmentationSize: 256 })).toBe("none");
    // 16 × 16 raw activations are more than 4 × 4 pixels of label maps.
    const fine = { layers: ["layer6"], segmentationSize: 4 };
    expect(message({ ...fine, size: 2 ** 24 })).toBe("none");
    expect(message({ ...fine, size: 2 ** 24, quantileThreshold: 0.1 })).toContain("from 1 to 16777215");
    expect(message({ ...fine, size: 2 ** 24 - 1, quantileThreshold: 0.1 })).toBe("none");
    expect(message({ ...fine, size: 2 ** 24, quantileThreshold: 0.1, layers: ["layer1", "layer6"] })).toContain("size");
  });

  test("and seeds of NumPy", () => {
    for (const name of ["seed", "trainSeed"]) {
      expect(message({ [name]: 2 ** 32 - 1 })).toBe("none");
      expect(message({ [name]: 2 ** 32 })).toBe(
        `${name} 4294967296 makes no sense. Use a whole number from 0 to 4294967295.`,
      );
      expect(message({ [name]: 0 })).toBe("none");
      expect(message({ [name]: -1 })).toContain(`${name} -1`);
    }
  });
});

describe("labels", () => {
  const refused = (properties: object) => () => settle(generated(generator), likeSegmenter(properties), { batch: 1 });

  test("are refused at once when they have more categories than can be counted", () => {
    const kinds = (count: number) => ({ categories: Array.from({ length: count }, (_, kind) => `kind ${kind}`) });
    expect(refused(kinds(33))).toThrow(/33 categories, and at most 32/);
    expect(refused(kinds(32))).not.toThrow();
  });

  test("are refused at once when they are more than 16 bits tell apart", () => {
    const many = (count: number) => ({ labels: Array(count).fill({ name: "tree", category: "object" }) });
    expect(refused(many(65_537))).toThrow(/65537 labels, and at most 65536/);
    expect(refused(many(65_536))).not.toThrow();
  });
});

describe("settings", () => {
  test("have the defaults of gandissect's scripts", () => {
    expect(settled()).toEqual({
      layers: ["layer1", "layer2", "layer3", "layer4", "layer5", "layer6"],
      size: 1000,
      seed: 1,
      trainSeed: 2,
      rule: RULES["gan-dissection"],
      quantileThreshold: "iqr",
      examples: 20,
      grid: [8, 8],
      areas: new Map(),
      coverings: new Map([1, 2, 3, 4, 5, 6].map((at) => [`layer${at}`, { reach: [8, 8] }])),
      batch: defaultBatch(generator, segmenter),
      memory: 536_870_912,
      signal: undefined,
      checkpoint: expect.any(Checkpoint),
      range: { first: 0, end: 1000 },
    });
    const grid = (height: number, width: number, segmentationSize?: number) => {
      const resolution = Math.max(height, width);
      const options = { batch: 1, ...(segmentationSize && { segmentationSize }) };
      return settle(like(generated(generator), { height, width, resolution }), segmenter, options).grid;
    };
    expect(grid(4, 4)).toEqual([4, 4]);
    // The images' proportions; whole pixels, and at least one.
    expect(grid(48, 64)).toEqual([24, 32]);
    expect(grid(28, 14)).toEqual([14, 7]);
    expect(grid(29, 29)).toEqual([15, 15]);
    expect(grid(10, 33)).toEqual([5, 17]);
    expect(grid(48, 64, 64)).toEqual([48, 64]);
    expect(grid(48, 64, 10)).toEqual([8, 10]);
    expect(grid(1, 100, 8)).toEqual([1, 8]);
  });

  test("are those that are given", () => {
    const given = {
      layers: ["layer2"],
      size: 30,
      seed: 3,
      trainSeed: 4,
      rule: "pnas-2020" as const,
      quantileThreshold: 0.01,
      examples: 5,
      segmentationSize: 12,
      batch: 6,
      memory: 0,
      signal: new AbortController().signal,
    };
    const { segmentationSize, ...rest } = given;
    expect(settled(given)).toEqual({
      ...rest,
      checkpoint: expect.any(Checkpoint),
      range: { first: 0, end: given.size },
      rule: RULES["pnas-2020"],
      grid: [segmentationSize, segmentationSize],
      areas: new Map(),
      coverings: new Map([["layer2", { reach: [segmentationSize, segmentationSize] }]]),
    });
    expect(settled({ size: 7 }).examples).toBe(7); // there are no more
    expect(settled({ size: 7, examples: 3 }).examples).toBe(3);
  });

  test("follow a rule where nothing else is said", () => {
    const { grid, quantileThreshold, rule } = settled({ rule: "pnas-2020" });
    expect({ grid, quantileThreshold, rule }).toEqual({
      grid: [4, 4],
      quantileThreshold: 0.01,
      rule: RULES["pnas-2020"],
    });
    expect(() => settled({ rule: "cvpr-2017", quantileThreshold: "iqr" })).toThrow("takes one quantile for all units");
  });

  test.each<[DissectOptions, DissectOptions]>([
    [{ examples: 1 }, { examples: 0 }],
    [{ examples: 1000 }, { examples: 1001 }],
    [{ batch: 1 }, { batch: 0 }],
    [{ batch: 1024 }, { batch: 1025 }],
    [{ segmentationSize: 2 }, { segmentationSize: 1 }],
    [
      { segmentationSize: 4096, size: 1 },
      { segmentationSize: 4097, size: 1 },
    ],
    [{ memory: 0 }, { memory: -1 }],
    [{ memory: 1.5 }, { memory: Number.NaN }],
    [{ quantileThreshold: "maxiou" }, { quantileThreshold: "best" as "iqr" }],
    [{ quantileThreshold: 1e-9 }, { quantileThreshold: 0 }],
    [{ quantileThreshold: 0.999 }, { quantileThreshold: 1 }],
    [{ layers: ["layer1"] }, { layers: [] }],
    [{ layers: ["layer1", "layer2"] }, { layers: ["layer1", "layer2", "layer1"] }],
    [{ layers: ["output_16x16"] }, { layers: ["layer99"] }],
  ])("%o make sense, and %o do not", (good, bad) => {
    expect(message(good)).toBe("none");
    expect(message(bad)).toMatch(
      Object.hasOwn(bad, "layers") ? /no layer|named twice|layer99/ : `${Object.keys(bad)[0]} `,
    );
  });

  test("need both models on one device", () => {
    expect(() => settle(generated(generator), likeSegmenter({ device: {} }), { batch: 1 })).toThrow(
      "different devices",
    );
  });

  test("need categories and labels that can be counted", () => {
    const categories = (count: number) => ({ categories: Array.from({ length: count }, (_, k) => `kind ${k}`) });
    const labels = (length: number) => ({ labels: new Array(length).fill({ name: "tree", category: "object" }) });
    expect(() => settle(generated(generator), likeSegmenter(categories(32)), { batch: 1 })).not.toThrow();
    expect(() => settle(generated(generator), likeSegmenter(categories(33)), { batch: 1 })).toThrow("33 categories");
    expect(() => settle(generated(generator), likeSegmenter(labels(65_536)), { batch: 1 })).not.toThrow();
    expect(() => settle(generated(generator), likeSegmenter(labels(65_537)), { batch: 1 })).toThrow("65537 labels");
  });
});

describe("images a batch", () => {
  // Its own, as private fields are not inherited.
  const append: Generator["append"] = (...call) => generator.append(...call);
  const limits = (maxStorageBufferBindingSize: number, maxBufferSize: number) =>
    like(generator, {
      append,
      device: { target: device.target, gpu: { limits: { maxStorageBufferBindingSize, maxBufferSize } } },
    });

  test("are as many as hold eight images' worth of 256², and at most 16", () => {
    const of = (resolution: number) =>
      defaultBatch(like(generator, { append, height: resolution, width: resolution }), segmenter);
    expect([of(256), of(257), of(512), of(1024), of(16)]).toEqual([8, 7, 2, 1, 16]);
  });

  test("have maps that fit what the device binds, whichever limit is less", () => {
    const graph = new Graph(device.target);
    segmenter.append(graph, generator.append(graph, 1).image!, 16);
    const learned = new Set(graph.parameters.map(({ value }) => value.id));
    const largest = Math.max(...graph.values.filter(({ id }) => !learned.has(id)).map(bytesOf));
    // weights do not grow with the batch
    expect(Math.max(...graph.values.map(bytesOf))).toBeGreaterThan(largest);
    const much = 2 ** 40;
    expect(defaultBatch(limits(5 * largest, much), segmenter)).toBe(5);
    expect(defaultBatch(limits(much, 5 * largest + largest - 1), segmenter)).toBe(5);
    expect(defaultBatch(limits(much, much), segmenter)).toBe(16);
    // and one at least: it fails with its reason
    expect(defaultBatch(limits(largest - 1, much), segmenter)).toBe(1);
  });
});

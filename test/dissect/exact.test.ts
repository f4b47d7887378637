import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  type Device,
  type Dissection,
  type DissectOptions,
  dissect,
  type Generator,
  type SamplePicture,
  type Segmenter,
} from "../../src/index.ts";
import { decodePhoto } from "../../src/node/photo/decode.ts";
import { nodeEncoder } from "../../src/node/photo/encoder.ts";
import { labelColors } from "../../src/report/colors.ts";
import { memoryFolder } from "../../src/report/folder.ts";
import { writeReport } from "../../src/report/write.ts";
import type { Extent } from "../../src/runtime/graph.ts";
import { requestDevice } from "../gpu.ts";
import { oblongGenerator } from "../models/oblong.ts";
import { smallModels } from "./models.ts";

let device: Device;
let generator: Generator;
let oblong: Generator;
let segmenter: Segmenter;
beforeAll(async () => {
  device = await requestDevice();
  ({ generator, segmenter } = await smallModels(device));
  oblong = await oblongGenerator(device);
});
afterAll(() => {
  oblong.dispose();
  segmenter.dispose();
  generator.dispose();
  device.dispose();
});

const OPTIONS = { layers: ["layer3", "layer4"], size: 13, examples: 4, segmentationSize: 16 };

async function run(options: DissectOptions, by = generator): Promise<Dissection> {
  for await (const event of dissect(by, segmenter, options)) if (event.type === "result") return event.dissection;
  throw new Error("no result");
}

interface Kind {
  readonly generator: Generator;
  readonly grid: Extent;
  readonly segmentationSize: number;
}
/** Images that are square, and others, with label maps as fine as the images or finer. */
const KINDS = [
  {
    name: "square",
    ...({ grid: [16, 16], segmentationSize: 16 } as const),
    get generator() {
      return generator;
    },
  },
  {
    name: "oblong",
    ...({ grid: [12, 20], segmentationSize: 20 } as const),
    get generator() {
      return oblong;
    },
  },
  {
    name: "oblong, magnified",
    ...({ grid: [18, 30], segmentationSize: 30 } as const),
    get generator() {
      return oblong;
    },
  },
] as const;

/** Half-pixel bilinear upsampling with clamped borders in double precision (spec §3.4). */
function upsampled(map: ArrayLike<number>, [height, width]: Extent, [rows, columns]: Extent): Float64Array {
  const y = new Float64Array(rows * columns);
  const source = (t: number, extent: number, size: number): number =>
    Math.min(extent - 1, Math.max(0, ((t + 0.5) * extent) / size - 0.5));
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const [sy, sx] = [source(row, height, rows), source(column, width, columns)];
      const [y0, x0] = [Math.floor(sy), Math.floor(sx)];
      const [y1, x1] = [Math.min(y0 + 1, height - 1), Math.min(x0 + 1, width - 1)];
      const [fy, fx] = [sy - y0, sx - x0];
      const at = (a: number, b: number): number => map[a * width + b]!;
      y[row * columns + column] =
        (1 - fy) * ((1 - fx) * at(y0, x0) + fx * at(y0, x1)) + fy * ((1 - fx) * at(y1, x0) + fx * at(y1, x1));
    }
  }
  return y;
}

/** Every layer's raw maps [image][unit][pixel] and the label maps [image] of a seed. */
async function activations(
  seed: number,
  { generator, grid }: Kind = KINDS[0],
): Promise<{ maps: Map<string, Float32Array[][]>; labels: Uint32Array[] }> {
  const { layers, size } = OPTIONS;
  using plan = await generator.compile({ batch: 1, retain: layers });
  using segmentation = await segmenter.compile(plan.image!, grid);
  const z = generator.sample({ size, seed });
  const maps = new Map<string, Float32Array[][]>(layers.map((layer) => [layer, []]));
  const labels: Uint32Array[] = [];
  for (let i = 0; i < size; i += 1) {
    plan.run(z.subarray(i * generator.zSize, (i + 1) * generator.zSize));
    segmentation.run();
    labels.push(await segmentation.labels.read());
    for (const layer of layers) {
      const { channels, height, width } = generator.layer(layer);
      const data = await plan.layers.get(layer)!.read();
      const stored = data.length / (height * width);
      maps
        .get(layer)!
        .push(
          Array.from({ length: channels }, (_, unit) =>
            Float32Array.from({ length: height * width }, (_, p) => data[p * stored + unit]!),
          ),
        );
    }
  }
  return { maps, labels };
}

describe("the numbers of a dissection", () => {
  it.each(KINDS.flatMap((kind) => (["iqr", "maxiou", 0.05] as const).map((by) => [by, kind.name, kind] as const)))(
    "with levels by %s equal a float64 computation from the same activations of %s images",
    async (quantileThreshold, _, kind) => {
      const { generator, grid, segmentationSize } = kind;
      const dissection = await run({ ...OPTIONS, segmentationSize, quantileThreshold }, generator);
      const test = await activations(1, kind);
      const area = grid[0] * grid[1];
      const pixels = dissection.labels.map((_, label) =>
        test.labels.reduce((sum, map) => sum + map.filter((one) => label > 0 && one === label).length, 0),
      );
      expect(dissection.labelPixels).toEqual(pixels);
      let ties = 0;
      for (const { layer, units, shape, tables } of dissection.layers) {
        for (const { unit, level, intersection, activation, label, top } of units) {
          let [active, both, near] = [0, 0, 0];
          const onLabel = new Float64Array(dissection.labels.length);
          test.maps.get(layer)!.forEach((maps, image) => {
            const values = upsampled(maps[unit]!, shape, grid);
            const ulps = 4 * Math.abs(level) * 2 ** -23;
            const present = test.labels[image]!.some((at) => at > 0);
            values.forEach((value, p) => {
              if (Math.abs(value - level) <= ulps) near += 1;
              if (value > level) {
                const here = test.labels[image]![p]!;
                onLabel[here]! += 1;
                if (present) active += 1;
                if (here === label && label > 0) both += 1;
              }
            });
          });
          ties += near;
          expect(Math.abs(activation - active)).toBeLessThanOrEqual(near);
          expect(Math.abs(intersection - both)).toBeLessThanOrEqual(near);
          for (let c = 1; c < onLabel.length; c += 1) {
            const counted = tables.intersection[c * units.length + unit]!;
            expect(Math.abs(counted - onLabel[c]!)).toBeLessThanOrEqual(near);
          }
          const best = test.maps
            .get(layer)!
            .map((maps, image) => ({ image, activation: Math.max(...maps[unit]!) }))
            .sort((a, b) => b.activation - a.activation || a.image - b.image);
          expect(top).toEqual(best.slice(0, OPTIONS.examples));
        }
      }
      console.log(
        `${quantileThreshold}: ${ties} of ${dissection.layers.length * OPTIONS.size * area} pixel rows within 4 ulp of a level`,
      );
    },
  );

  it.each(KINDS)("choose levels that are Hazen quantiles of the training set: $name images", async (kind) => {
    const { generator, grid, segmentationSize } = kind;
    const dissection = await run({ ...OPTIONS, segmentationSize }, generator);
    const train = await activations(2, kind);
    let checked = 0;
    for (const { layer, units, shape } of dissection.layers) {
      for (const { unit, level, training } of units) {
        const values = train.maps
          .get(layer)!
          .flatMap((maps) => [...upsampled(maps[unit]!, shape, grid)])
          .sort((a, b) => a - b);
        // the report's choice leaves out concepts above one half
        if (training!.iqr.level !== level) continue;
        const at = Math.min(values.length - 1, Math.max(0, (1 - training!.iqr.quantile) * values.length - 0.5));
        const low = values[Math.floor(at)]!;
        const exact = low + ((values[Math.floor(at) + 1] ?? low) - low) * (at - Math.floor(at));
        expect(Math.abs(level - exact)).toBeLessThanOrEqual(4 * 2 ** -23 * Math.max(1e-3, Math.abs(exact)));
        checked += 1;
      }
    }
    expect(checked).toBeGreaterThan(8);
  });

  it.each([0.01, 0.9])(
    "take at a fixed threshold of %d the level that this share of raw activations exceeds",
    async (share) => {
      const dissection = await run({ ...OPTIONS, quantileThreshold: share });
      const test = await activations(1);
      for (const { layer, units } of dissection.layers) {
        for (const { unit, level } of units) {
          const values = test.maps.get(layer)!.flatMap((maps) => [...maps[unit]!]);
          const above = values.filter((value) => value > level).length / values.length;
          expect(Math.abs(above - share)).toBeLessThanOrEqual(1 / values.length);
        }
      }
    },
  );
});

describe("a dissection of images that are not square", () => {
  it("has their height and width, and label maps of half of them", async () => {
    const { model, settings, layers } = await run({ layers: ["layer2", "layer4"], size: 2 }, oblong);
    expect(model).toEqual({ name: "oblong", resolution: 20, height: 12, width: 20, sizes: [6, 8, 8, 6] });
    expect(settings).toMatchObject({ segmentationSize: 10, segmentationHeight: 6, segmentationWidth: 10 });
    expect(layers.map(({ shape }) => shape)).toEqual([
      [6, 10],
      [12, 20],
    ]);
    const square = await run({ layers: ["layer2"], size: 2 });
    expect(square.model).toEqual({ name: "small", resolution: 16, sizes: [8, 12, 10, 6] });
    expect(Object.keys(square.settings)).not.toContain("segmentationHeight");
  });

  it("has pictures and label maps as they were drawn, and a report of them", async () => {
    const shown = new Map<number, SamplePicture>();
    const folder = memoryFolder();
    for await (const event of dissect(oblong, segmenter, { layers: ["layer3"], size: 5, examples: 2 })) {
      if (event.type !== "result") continue;
      for await (const { tops } of event.pictures()) for (const { picture } of tops) shown.set(picture.image, picture);
      const provenance = { generator: { name: "ganatomy", version: "0" } };
      await writeReport(folder, event.dissection, event.pictures(), { encoder: nodeEncoder(), provenance });
    }
    using run = await oblong.forward(oblong.sample({ size: 5, seed: 1 }));
    using plan = await segmenter.compile(run.image, [6, 10]);
    plan.run();
    const labels = await plan.labels.read();
    for await (const { image, rgb } of oblong.images({ size: 5, seed: 1 })) {
      const picture = shown.get(image);
      if (!picture) continue;
      expect(picture).toMatchObject({ height: 12, width: 20, rgb });
      expect([...picture.labels]).toEqual([...labels.subarray(image * 60, (image + 1) * 60)]);
    }
    expect(shown.size).toBeGreaterThan(1);
    const { width, height, rgb } = await decodePhoto(folder.files.get("layer3/s-image/0-seg.png") as Uint8Array, "seg");
    expect([width, height]).toEqual([20, 12]);
    const { top } = JSON.parse(folder.files.get("report.json") as string).layers[0].units[0];
    const colors = labelColors(segmenter.labels);
    const first = shown.get(top[0].image)!.labels;
    const painted = Array.from({ length: 12 * 20 }, (_, i) => {
      const label = first[Math.floor(i / 20 / 2) * 10 + Math.floor((i % 20) / 2)]!;
      return [...colors[label]!];
    });
    expect([...rgb]).toEqual(painted.flat());
    expect(folder.files.get("report.html")).toContain("<dt>Images</dt><dd>20 × 12</dd>");
  });

  it("is of the same bits whatever the batch", async () => {
    const options = { layers: ["layer1", "layer3"], size: 7 };
    const numbers = async (batch: number) => {
      const { layers, labelPixels } = await run({ ...options, batch, memory: batch === 1 ? 0 : 2 ** 29 }, oblong);
      return { layers, labelPixels };
    };
    expect(await numbers(1)).toEqual(await numbers(5));
  });
});

describe("the same bits", () => {
  const numbers = ({ layers, labelPixels }: Dissection): unknown => ({ layers, labelPixels });

  it("whatever the batch, and whether samples stay on the GPU or are generated again", async () => {
    const reference = numbers(await run({ ...OPTIONS, batch: 13 }));
    expect(numbers(await run({ ...OPTIONS, batch: 1 }))).toEqual(reference);
    expect(numbers(await run({ ...OPTIONS, batch: 5, memory: 0 }))).toEqual(reference);
  });

  it("on a device that tunes too, where time was too short to time everything at once", async () => {
    using other = await requestDevice({ tune: true });
    let now = 0;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => {
      now += 1000;
      return now;
    });
    const models = await smallModels(other);
    using generated = await models.generator.compile({ batch: 1 });
    const compile = () => models.segmenter.compile(generated.image!, OPTIONS.segmentationSize);
    (await compile()).dispose();
    clock.mockRestore();
    const ways = Object.fromEntries(other.tuned);
    const bytes = [models.generator.bytes, models.segmenter.bytes];
    expect(Object.keys(ways).length).toBeGreaterThan(0);
    (await compile()).dispose();
    (await models.generator.compile({ batch: 2 })).dispose();
    expect(Object.fromEntries(other.tuned)).toEqual(ways);
    expect([models.generator.bytes, models.segmenter.bytes]).toEqual(bytes);
  });

  it("100 batches leave the number of live buffers unchanged", async () => {
    const before = { ...device.live };
    const during: number[] = [];
    for await (const event of dissect(generator, segmenter, { ...OPTIONS, size: 100, batch: 1, memory: 0 })) {
      if (event.type === "progress" && event.phase === "scores") during.push(device.live.buffers);
    }
    expect(during).toHaveLength(100);
    expect(new Set(during).size).toBe(1);
    expect(device.live).toEqual(before);
  });
});

describe("a run that does not finish", () => {
  it("stops at the signal with its reason and frees everything", async () => {
    const before = { ...device.live };
    for (const phase of ["activations", "levels", "scores"]) {
      const controller = new AbortController();
      const reason = new Error(`enough of ${phase}`);
      await expect(async () => {
        for await (const event of dissect(generator, segmenter, { ...OPTIONS, batch: 1, signal: controller.signal })) {
          if (event.type === "progress" && event.phase === phase) controller.abort(reason);
        }
      }).rejects.toBe(reason);
      expect(device.live).toEqual(before);
    }
  });

  it("frees what is being made when it is stopped", async () => {
    const before = { ...device.live };
    const controller = new AbortController();
    const reason = new Error("enough");
    const create = device.gpu.createBuffer.bind(device.gpu);
    const creating = vi.spyOn(device.gpu, "createBuffer").mockImplementation((descriptor) => {
      // of the quantiles, while the first batch is on its way
      if (descriptor.label === "high") controller.abort(reason);
      return create(descriptor);
    });
    try {
      await expect(run({ ...OPTIONS, signal: controller.signal })).rejects.toBe(reason);
      expect(device.live).toEqual(before);
    } finally {
      creating.mockRestore();
    }
  });

  it("frees everything wherever memory runs out, whatever is being compiled meanwhile", async () => {
    const options = { ...OPTIONS, size: 2, batch: 1, memory: 0 };
    // from now on nothing is compiled, whose error scopes would be taken for those of memory
    await run(options);
    const before = { ...device.live };
    const pop = device.gpu.popErrorScope.bind(device.gpu);
    let left = 0;
    const full = vi.spyOn(device.gpu, "popErrorScope").mockImplementation(async () => {
      const out = left === 0;
      left -= 1;
      const error = await pop();
      return out ? ({ message: "out of memory" } as GPUError) : error;
    });
    try {
      let failures = 0;
      for (const finished = { yet: false }; !finished.yet; failures += 1) {
        left = failures;
        const outcome = run(options).then(
          () => "finished",
          (error: { readonly code: string }) => error.code,
        );
        finished.yet = (await outcome) === "finished";
        if (!finished.yet) expect(await outcome).toBe("out-of-memory");
        expect(device.live).toEqual(before);
      }
      expect(failures).toBeGreaterThan(20);
    } finally {
      full.mockRestore();
    }
  });

  it("delivers partial results on the way", async () => {
    const seen: number[] = [];
    for await (const event of dissect(generator, segmenter, { ...OPTIONS, batch: 1 })) {
      if (event.type !== "partial") continue;
      seen.push(event.dissection.settings.size);
      const pixels = event.dissection.labelPixels.reduce((a, b) => a + b, 0);
      expect(pixels).toBeLessThanOrEqual(event.dissection.settings.size * OPTIONS.segmentationSize ** 2);
    }
    expect(seen.length).toBeGreaterThanOrEqual(3);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  it("says that the device was lost", async () => {
    const other = await requestDevice();
    const models = await smallModels(other);
    await expect(async () => {
      for await (const event of dissect(models.generator, models.segmenter, { ...OPTIONS, batch: 1 })) {
        if (event.type === "progress" && event.phase === "levels") other.gpu.destroy();
      }
    }).rejects.toMatchObject({ code: "device-lost" });
  });
});

describe("options that make no sense", () => {
  it.each([
    [{ layers: ["layer12"] }, /layer1, layer2, layer3/],
    [{ layers: [] }, /no layer/],
    [{ layers: ["layer3", "layer3"] }, /twice/],
    [{ size: 0 }, /size 0/],
    [{ size: 2.5 }, /size 2.5/],
    [{ size: 1e9 }, /size 1000000000/],
    [{ seed: -1 }, /seed -1/],
    [{ examples: 0 }, /examples 0/],
    [{ batch: 0 }, /batch 0/],
    [{ segmentationSize: 1 }, /segmentationSize 1/],
    [{ memory: -1 }, /memory -1/],
    [{ memory: Number.NaN }, /memory NaN/],
    [{ quantileThreshold: 0 }, /quantileThreshold 0/],
    [{ quantileThreshold: 1.5 }, /quantileThreshold 1.5/],
  ])("%o", async (options, message) => {
    await expect(run({ ...OPTIONS, ...options })).rejects.toMatchObject({
      code: "usage",
      message: expect.stringMatching(message),
    });
  });
});

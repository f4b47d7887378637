import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  type Device,
  type Dissection,
  type DissectOptions,
  dissect,
  type Generator,
  type Segmenter,
} from "../../src/index.ts";
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

const OPTIONS = { layers: ["layer3", "layer4"], size: 13, examples: 4, segmentationSize: 16 };

async function run(options: DissectOptions): Promise<Dissection> {
  for await (const event of dissect(generator, segmenter, options))
    if (event.type === "result") return event.dissection;
  throw new Error("no result");
}

/** Half-pixel bilinear upsampling with clamped borders in double precision (spec §3.4). */
function upsampled(map: ArrayLike<number>, extent: number, size: number): Float64Array {
  const y = new Float64Array(size * size);
  const source = (t: number): number => Math.min(extent - 1, Math.max(0, ((t + 0.5) * extent) / size - 0.5));
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1) {
      const [sy, sx] = [source(row), source(column)];
      const [y0, x0] = [Math.floor(sy), Math.floor(sx)];
      const [y1, x1] = [Math.min(y0 + 1, extent - 1), Math.min(x0 + 1, extent - 1)];
      const [fy, fx] = [sy - y0, sx - x0];
      const at = (a: number, b: number): number => map[a * extent + b]!;
      y[row * size + column] =
        (1 - fy) * ((1 - fx) * at(y0, x0) + fx * at(y0, x1)) + fy * ((1 - fx) * at(y1, x0) + fx * at(y1, x1));
    }
  }
  return y;
}

/** Every layer's raw maps [image][unit][pixel] and the label maps [image] of a seed. */
async function activations(seed: number): Promise<{ maps: Map<string, Float32Array[][]>; labels: Uint32Array[] }> {
  const { layers, size, segmentationSize } = OPTIONS;
  using plan = await generator.compile({ batch: 1, retain: layers });
  using segmentation = await segmenter.compile(plan.image!, segmentationSize);
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
  it.each(["iqr", "maxiou", 0.05] as const)(
    "with levels by %s equal a float64 computation from the same activations",
    async (quantileThreshold) => {
      const dissection = await run({ ...OPTIONS, quantileThreshold });
      const test = await activations(1);
      const area = OPTIONS.segmentationSize ** 2;
      let ties = 0;
      for (const { layer, units, shape, tables } of dissection.layers) {
        for (const { unit, level, intersection, activation, label, top } of units) {
          let [active, both, near] = [0, 0, 0];
          const onLabel = new Float64Array(dissection.labels.length);
          test.maps.get(layer)!.forEach((maps, image) => {
            const values = upsampled(maps[unit]!, shape[0], OPTIONS.segmentationSize);
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

  it("choose levels that are Hazen quantiles of the training set", async () => {
    const dissection = await run(OPTIONS);
    const train = await activations(2);
    let checked = 0;
    for (const { layer, units, shape } of dissection.layers) {
      for (const { unit, level, training } of units) {
        const values = train.maps
          .get(layer)!
          .flatMap((maps) => [...upsampled(maps[unit]!, shape[0], OPTIONS.segmentationSize)])
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

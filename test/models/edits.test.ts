import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { ShapeError, UsageError } from "../../src/errors.ts";
import { Generator } from "../../src/models/generator.ts";
import { adaptivePool, type Mask, type MaskPooling, type PooledMask } from "../../src/models/mask.ts";
import { Segmenter } from "../../src/models/segmenter.ts";
import type { Device } from "../../src/runtime/device.ts";
import { Graph } from "../../src/runtime/graph.ts";
import { Plan } from "../../src/runtime/plan.ts";
import type { Tensor } from "../../src/runtime/tensor.ts";
import { requestDevice } from "../gpu.ts";
import { noise } from "../kernels/reference.ts";

const file = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url));

let device: Device;
let generator: Generator;
let z: Float32Array;
beforeAll(async () => {
  device = await requestDevice();
  generator = await Generator.load(file("weights/scenes64/generator.safetensors"), { device });
  z = generator.sample({ size: 2, seed: 5 });
});
afterAll(() => {
  generator?.dispose();
  device?.dispose();
});

const bits = async (tensor: Tensor<"f32"> | undefined): Promise<Uint32Array> =>
  new Uint32Array((await tensor!.read()).buffer);

/** Rows of a mask for layer4, 8 × 8, with one cell on. */
const cell = (row: number, column: number) =>
  Float32Array.from({ length: 64 }, (_, at) => (at === row * 8 + column ? 1 : 0));

describe("a generator from a layer on", () => {
  const EDITS = [
    { layer: "layer4", units: [3, 17], value: [1, 2], mask: cell(2, 3) },
    { layer: "layer4", units: [24, 59], alpha: 0.5 },
    { layer: "layer6", units: [41], value: 3 },
  ];
  const editable = [{ layer: "layer4", edits: 2 }, "layer6"];

  it("draws what the whole draws, to the bit, edited in several layers", async () => {
    using whole = await generator.compile({ batch: 2, retain: ["layer4", "layer5"], editable });
    using head = await generator.compile({ batch: 2, retain: ["layer4"], until: "layer4" });
    using tail = await generator.compile({
      batch: 2,
      from: "layer4",
      inputs: head.behind("layer4"),
      retain: ["layer4", "layer5"],
      editable,
    });
    expect(tail.input).toBe(head.layers.get("layer4"));
    const plain: Uint32Array[] = [];
    for (const edits of [[], EDITS, EDITS.slice(2), []]) {
      whole.setEdits(edits);
      tail.setEdits(edits);
      whole.run(z);
      head.run(z);
      tail.run();
      expect(await bits(tail.image)).toEqual(await bits(whole.image));
      for (const layer of ["layer4", "layer5"]) {
        expect(await bits(tail.layers.get(layer))).toEqual(await bits(whole.layers.get(layer)));
      }
      plain.push(await bits(whole.image));
    }
    expect(plain[3]).toEqual(plain[0]);
    expect(new Set(plain.map(String)).size).toBe(3);
  });

  it("takes features from memory, for fewer images than the batch", async () => {
    using run = await generator.forward(z, { retain: ["layer5"] });
    const features = await run.layers.get("layer5")!.read();
    using tail = await generator.compile({ batch: 2, from: "layer5" });
    tail.run(features.subarray(0, features.length / 2));
    const image = await bits(run.image);
    expect((await bits(tail.image)).subarray(0, image.length / 2)).toEqual(image.subarray(0, image.length / 2));
    expect(() => tail.run(features.subarray(1))).toThrow(/layer5 has .* at most 2 rows/);
  });

  it("can start at any layer", async () => {
    using run = await generator.forward(z, { retain: generator.layers.map(({ name }) => name) });
    const image = await bits(run.image);
    for (const { name } of generator.layers) {
      using tail = await generator.compile({ batch: 2, from: name, inputs: run.layers });
      tail.run();
      expect(await bits(tail.image), name).toEqual(image);
    }
  });

  it("neither edits nor retains what it does not compute", async () => {
    const compile = (options: object) => generator.compile({ batch: 1, from: "layer4", ...options });
    await expect(compile({ editable: ["layer3"] })).rejects.toThrow(/"layer3" is not computed on the way from layer4/);
    await expect(compile({ retain: ["layer3"] })).rejects.toThrow(/"layer3" is not computed .* to the image/);
    await expect(compile({ until: "layer5", editable: ["layer5"] })).rejects.toThrow(/to layer5/);
    await expect(compile({ from: "layer9" })).resolves.toBeDefined();
    await expect(compile({ from: "layer99" })).rejects.toThrow(/has no layer "layer99"/);
  });
});

describe("edits", () => {
  it("act on each image of a batch where its own mask says", async () => {
    const mask = Float32Array.from([...cell(1, 1), ...cell(6, 2)]);
    using both = await generator.forward(z, { edits: [{ layer: "layer4", units: [3, 17, 24], value: 4, mask }] });
    const image = await bits(both.image);
    for (const [index, where] of [cell(1, 1), cell(6, 2)].entries()) {
      const one = z.subarray(index * generator.zSize, (index + 1) * generator.zSize);
      using alone = await generator.forward(one, {
        edits: [{ layer: "layer4", units: [3, 17, 24], value: 4, mask: where }],
      });
      const size = image.length / 2;
      expect(image.subarray(index * size, (index + 1) * size)).toEqual(await bits(alone.image));
    }
  });

  it("take masks of any resolution", async () => {
    const draw = async (mask: Mask | Float32Array) => {
      using run = await generator.forward(z, { edits: [{ layer: "layer4", units: [24, 59, 126], mask }] });
      return bits(run.image);
    };
    // One pixel of the image lies in the cell [2, 5] of 8 × 8: all of it by max, a 64th by mean.
    const data = new Uint8Array(64 * 64);
    data[(2 * 8 + 3) * 64 + 5 * 8 + 1] = 1;
    const pixel = { height: 64, width: 64, data };
    expect(await draw(pixel)).toEqual(await draw(cell(2, 5)));
    expect(await draw({ ...pixel, pooling: "mean" })).toEqual(await draw(cell(2, 5).map((v) => v / 64)));
  });

  it("take masks that were pooled before, whatever became of what they were made of", async () => {
    const units = [24, 59, 126];
    const data = new Uint8Array(2 * 64 * 64);
    data[(2 * 8 + 3) * 64 + 5 * 8 + 1] = 1;
    data[64 * 64 + (6 * 8 + 3) * 64 + 2 * 8 + 1] = 1;
    const mask = { height: 64, width: 64, data };
    using fresh = await generator.forward(z, { edits: [{ layer: "layer4", units, mask }] });
    const pooled = generator.poolMask("layer4", mask);
    expect(pooled.maps).toEqual([cell(2, 5), cell(6, 2)]);
    data.fill(1);
    using again = await generator.forward(z, { edits: [{ layer: "layer4", units, mask: pooled }] });
    expect(await bits(again.image)).toEqual(await bits(fresh.image));
    const set = (mask: PooledMask) => generator.forward(z, { edits: [{ layer: "layer4", units, mask }] });
    await expect(set(generator.poolMask("layer6", mask))).rejects.toThrow(/mask of layer6 is none of layer4/);
    const three = generator.poolMask("layer4", new Float32Array(3 * 64));
    await expect(set(three)).rejects.toThrow(/mask of 3 images is none of 2/);
    expect(() => generator.poolMask("layer4", new Float32Array(65))).toThrow(/64 values or n times as many, not 65/);
    expect(() => generator.poolMask("layer4", [])).toThrow(ShapeError);
    expect(() => generator.poolMask("layer99", mask)).toThrow(/no layer "layer99"/);
  });

  it("copy another image's features, all of which make it the other image", async () => {
    using run = await generator.forward(z, { retain: ["layer4"] });
    const features = run.layers.get("layer4")!;
    const edits = [{ layer: "layer4", units: "all", value: { features, image: 1 } }] as const;
    using copy = await generator.forward(z, { edits });
    const [before, after] = [await bits(run.image), await bits(copy.image)];
    const size = before.length / 2;
    expect(after.subarray(0, size)).toEqual(before.subarray(size));
    expect(after.subarray(size)).toEqual(before.subarray(size));
    // A later edit without a source is not given the earlier one's.
    using plan = await generator.compile({ batch: 2, editable: [{ layer: "layer4", copies: true }] });
    plan.setEdits(edits);
    plan.setEdit({ layer: "layer4", units: [24, 59, 126] });
    plan.run(z);
    using ablated = await generator.forward(z, { edits: [{ layer: "layer4", units: [24, 59, 126] }] });
    expect(await bits(plan.image)).toEqual(await bits(ablated.image));
  });

  it("follow a rule in WGSL", async () => {
    using ruled = await generator.forward(z, {
      edits: [{ layer: "layer4", units: [24, 59, 126], value: 0 }],
      rules: { layer4: "return value;" },
    });
    using plain = await generator.forward(z, { edits: [{ layer: "layer4", units: [24, 59, 126] }] });
    expect(await bits(ruled.image)).toEqual(await bits(plain.image));
    using all = await generator.forward(z, {
      edits: [{ layer: "layer4", units: "all" }],
      rules: { layer4: "if (column < 4u) { return x; }\nreturn select(x, 0.0, unit == 24u || unit == 59u);" },
    });
    const mask = Float32Array.from({ length: 64 }, (_, at) => (at % 8 < 4 ? 0 : 1));
    using half = await generator.forward(z, { edits: [{ layer: "layer4", units: [24, 59], mask }] });
    expect(await bits(all.image)).toEqual(await bits(half.image));
  });

  it("by a rule that is wrong are refused with the compiler's words, and the device goes on", async () => {
    const rules = { layer4: "let y = x;\nreturn y + unit;" };
    const wrong = generator.forward(z, { edits: [{ layer: "layer4", units: "all" }], rules });
    await expect(wrong).rejects.toThrow(UsageError);
    await expect(wrong).rejects.toThrow(
      /rule of layer4 does not compile\.\nline 2: .*f32.*u32[\s\S]*may read x, value/,
    );
    using run = await generator.forward(z);
    expect((await run.image.read()).some((v) => v !== 0)).toBe(true);
  });

  it.each<readonly [string, object, typeof UsageError | typeof ShapeError, RegExp]>([
    ["a unit that is not there", { units: [128] }, UsageError, /layer4 has no unit 128\. Its units are 0…127/],
    ["no units", {}, UsageError, /does not say of which units.*"all"/],
    ["a unit as a text", { units: "3" }, UsageError, /does not say of which units/],
    ["half a unit", { units: [0.5] }, UsageError, /no unit 0\.5/],
    ["too few values", { units: [1, 2], value: [1] }, ShapeError, /2 units has 1 values of value/],
    ["an alpha that is none", { units: [1], alpha: Number.NaN }, UsageError, /NaN is no alpha/],
    ["more than all of a unit", { units: [1, 2], alpha: [1, 1.5] }, UsageError, /1\.5 is no alpha\. Use 0…1/],
    ["less than nothing of a unit", { units: [1], alpha: -0.25 }, UsageError, /-0\.25 is no alpha/],
    ["an odd mask", { units: [1], mask: [1, 2] }, ShapeError, /64 values or 2 times as many, not 2/],
    ["a mask of other numbers", { units: [1], mask: { height: 3, width: 5, data: [1] } }, ShapeError, /15 values/],
    ["a mask that is none", { units: [1], mask: cell(1, 1).map((v) => v / 0) }, UsageError, /a value of NaN/],
    [
      "a mask of bytes",
      { units: [1], mask: new Uint8Array(64).fill(255, 9) },
      UsageError,
      /layer4 has a value of 255\. Use 0…1; divide bytes by 255/,
    ],
    ["a mask below 0", { units: [1], mask: cell(1, 1).map((v) => -v) }, UsageError, /a value of -1/],
    [
      "a mask of half a row",
      { units: [1], mask: { height: 2.5, width: 2, data: [1, 1, 1, 1, 1] } },
      ShapeError,
      /2\.5 × 2/,
    ],
    ["a mask of no rows", { units: [1], mask: { height: 0, width: 3, data: [] } }, ShapeError, /0 × 3/],
    ["a mask that is null", { units: [1], mask: null }, UsageError, /layer4 has no values/],
    ["a mask without values", { units: [1], mask: { height: 1, width: 1, data: null } }, UsageError, /has no values/],
    ["values beyond float32", { units: [1], value: 1e39 }, UsageError, /1e\+39 is no value/],
  ])("with %s are refused", async (_, change, kind, message) => {
    const made = generator.forward(z, { edits: [{ layer: "layer4", ...change } as never] });
    await expect(made).rejects.toThrow(kind);
    await expect(made).rejects.toThrow(message);
  });

  it("that a plan was not compiled for are refused, and change nothing", async () => {
    using plan = await generator.compile({ batch: 2, editable: ["layer4"] });
    plan.setEdit({ layer: "layer4", units: [24] });
    plan.run(z);
    const before = await bits(plan.image);
    const one = { layer: "layer4", units: [1] };
    using run = await generator.forward(z, { retain: ["layer4", "layer5"] });
    expect(() => plan.setEdits([one, one])).toThrow(/composes 1 edits of layer4, not 2/);
    expect(() => plan.setEdit({ layer: "layer5", units: [1] })).toThrow(/does not edit "layer5"/);
    const from = (name: string, image: number) => ({ value: { features: run.layers.get(name)!, image } });
    expect(() => plan.setEdit({ ...one, ...from("layer4", 0) })).toThrow(/copies no values/);
    expect(() => plan.setEdit({ ...one, ...from("layer4", 2) })).toThrow(/no features of layer4 for image 2/);
    expect(() => plan.setEdit({ ...one, ...from("layer5", 0) })).toThrow(ShapeError);
    plan.run(z);
    expect(await bits(plan.image)).toEqual(before);
    using two = await generator.compile({ batch: 2, editable: ["layer4", "layer6"] });
    two.setEdit({ layer: "layer4", units: [24] });
    const half = [
      { layer: "layer4", units: [3] },
      { layer: "layer6", units: [999] },
    ] as const;
    expect(() => two.setEdits(half)).toThrow(/layer6 has no unit 999/);
    two.run(z);
    expect(await bits(two.image)).toEqual(before);
    await expect(generator.compile({ batch: 1, editable: ["layer4", "layer4"] })).rejects.toThrow(/named twice/);
    await expect(generator.compile({ batch: 1, editable: [{ layer: "layer4", edits: 0 }] })).rejects.toThrow(/0 edits/);
  });
});

test("generator and segmenter in one graph see what they see apart", async () => {
  const segmenter = await Segmenter.load(
    { weights: file("weights/scenes64/segmenter.safetensors"), labels: file("weights/scenes64/labels.json") },
    { device },
  );
  const graph = new Graph(device.target, "f32", device.tuned);
  const { input, edits, image } = generator.append(graph, 2, { from: "layer4", editable: ["layer4"] });
  const labels = segmenter.append(graph, image!, 64);
  using run = await generator.forward(z, { retain: ["layer4"], edits: [{ layer: "layer4", units: [24, 59] }] });
  using plan = await Plan.compile(device, graph, {
    keep: [labels],
    bind: [
      ...(await generator.bind(graph)),
      ...(await segmenter.bind(graph)),
      [input, run.layers.get("layer4")!] as const,
    ],
  });
  const values = edits.get("layer4")!;
  plan.tensor(values.alpha).write(Float32Array.from({ length: 128 }, (_, unit) => Number([24, 59].includes(unit))));
  plan.tensor(values.mask).write(new Float32Array(128).fill(1));
  plan.run();
  using apart = await segmenter.compile(run.image, 64);
  apart.run();
  expect(await plan.tensor<"u32">(labels).read()).toEqual(await apart.labels.read());
  segmenter.dispose();
});

describe("a mask is pooled", () => {
  /** By the definition of adaptive pooling, in double precision: all pixels that a cell touches. */
  function pooled({ height, width, data, pooling = "max" }: Mask, rows: number, columns: number): number[] {
    return Array.from({ length: rows * columns }, (_, at) => {
      const [row, column] = [Math.floor(at / columns), at % columns];
      const inside: number[] = [];
      for (let y = 0; y < height; y += 1) {
        for (let x = 0; x < width; x += 1) {
          const overlaps = (p: number, cell: number, cells: number, extent: number) =>
            p * cells < (cell + 1) * extent && (p + 1) * cells > cell * extent;
          if (overlaps(y, row, rows, height) && overlaps(x, column, columns, width)) inside.push(data[y * width + x]!);
        }
      }
      return pooling === "max" ? Math.max(...inside) : inside.reduce((sum, v) => sum + v, 0) / inside.length;
    });
  }

  it.each<readonly [number, number, number, number, MaskPooling]>([
    [64, 64, 8, 8, "max"],
    [64, 64, 8, 8, "mean"],
    [7, 11, 4, 4, "max"],
    [7, 11, 4, 4, "mean"],
    [3, 5, 8, 8, "mean"],
    [1, 1, 4, 6, "max"],
    [256, 1, 16, 16, "mean"],
  ])("from %i × %i to %i × %i by %s", (height, width, rows, columns, pooling) => {
    const mask: Mask = { height, width, data: noise(height * width, height * width), pooling };
    const expected = pooled(mask, rows, columns);
    adaptivePool(mask, rows, columns).forEach((value, at) => {
      expect(Math.abs(value - expected[at]!)).toBeLessThan(2 ** -23);
    });
  });

  it("but not when it has other pixels than it says", () => {
    expect(() => adaptivePool({ height: 2, width: 3, data: [1] }, 1, 1)).toThrow(/2 × 3 cannot have 1 values/);
    expect(() => adaptivePool({ height: 0, width: 3, data: [] }, 1, 1)).toThrow(ShapeError);
    expect(() => adaptivePool({ height: 2.5, width: 2, data: [1, 1, 1, 1, 1] }, 1, 1)).toThrow(ShapeError);
  });
});

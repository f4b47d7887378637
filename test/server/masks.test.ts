import { describe, expect, test } from "vitest";
import type { Edit } from "../../src/models/edits.ts";
import { adaptivePool } from "../../src/models/mask.ts";
import { unitStats } from "../../src/server/features.ts";
import { type Edited, readInterventions } from "../../src/server/interventions.ts";
import { LIMITS, type Limits } from "../../src/server/limits.ts";
import { MaskReader } from "../../src/server/masks.ts";
import { published, testDecoder } from "./published.ts";

const reader = (limits: Partial<Limits> = {}) => new MaskReader(testDecoder, { ...LIMITS, ...limits });
const maskOf = (name: string) => published.masks.find((each) => each.name === name)!.mask;

/** Layers of the golden file, in images of a size that no mask has. */
const generator: Edited = {
  name: "made up",
  height: 100,
  width: 100,
  uncropped: [100, 100],
  hiddenLayers: Object.entries(published.shapes).map(([name, [channels, height, width]]) => ({
    name,
    channels,
    height,
    width,
  })),
};

/** What the published function refuses, and we take. */
const TAKEN: Readonly<Record<string, (data: Uint8Array) => number>> = {
  "one bit for a box": (data) => data.filter(Boolean).length - 12,
  "grey png": (data) => data.length - 64,
};

describe("masks", () => {
  test.each(published.masks)("$name: as mask_to_numpy", async ({ name, mask, result }) => {
    const read = reader().read(mask, "mask");
    const extra = TAKEN[name];
    if (extra) return expect(extra((await read).data)).toBe(0);
    if (!result) return expect(read).rejects.toMatchObject({ status: 400, fix: expect.stringMatching(/./) });
    const { height, width, data } = await read;
    expect([height, width]).toEqual(result.shape);
    const expected = new Uint8Array(height * width);
    for (let i = 0; i < result.runs.length; i += 2) expected.fill(1, result.runs[i], result.runs[i + 1]);
    expect(data).toEqual(expected);
    for (const [size, pools] of Object.entries(result.pooled)) {
      const [rows, columns] = size.split("x").map(Number) as [number, number];
      for (const pooling of ["max", "mean"] as const) {
        const ours = adaptivePool({ height, width, data, pooling }, rows, columns);
        const most = Math.max(...pools[pooling].map((value, i) => Math.abs(value - ours[i]!)));
        expect(most).toBeLessThan(1e-6);
      }
    }
  });

  test.each([
    ["a text", "1"],
    ["nothing", null],
    ["other letters", { bitstring: "0123", shape: [2, 2] }],
    ["a JPEG", { bitstring: "data:image/jpeg;base64,AAAA" }],
    ["a PNG that is none", { bitstring: `data:image/png;base64,${btoa("x".repeat(40))}` }],
    ["no base64", { bitstring: "data:image/png;base64,%%%" }],
    ["a damaged PNG", { bitstring: (maskOf("stroke")["bitstring"] as string).slice(0, 100) }],
    ["a shape of one", { bitstring: "1", shape: [4] }],
    ["a shape of none", { bitstring: "1", shape: [0, 4] }],
    ["a shape beyond bounds", { bitstring: "1", shape: [2049, 4] }],
    ["a fraction", { bitstring: "1", shape: [2.5, 4] }],
    ["bounds backwards", { bitstring: "1", shape: [4, 4], bitbounds: [2, 2, 1, 3] }],
    ["negative bounds", { bitstring: "1", shape: [4, 4], bitbounds: [-1, 0, 1, 1] }],
  ])("%s is refused", async (_, mask) => {
    await expect(reader().read(mask, "masks[3]")).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining("masks[3]"),
    });
  });

  test.each([
    [[0, 0, 1, 1], 0],
    [[3, 4, 4, 5], 19],
    [[0, 4, 4, 5], 4],
    [[3, 0, 4, 5], 15],
  ])("bounds may reach every edge: %j", async (bitbounds, first) => {
    const { data } = await reader().read({ bitstring: "1", shape: [4, 5], bitbounds }, "mask");
    expect(data.indexOf(1)).toBe(first);
  });

  test.each([
    ["bitbounds[0]", [4, 0, 5, 1]],
    ["bitbounds[1]", [0, 5, 1, 6]],
    ["bitbounds[2]", [1, 0, 1, 1]],
    ["bitbounds[2]", [0, 0, 5, 1]],
    ["bitbounds[3]", [0, 1, 1, 1]],
    ["bitbounds[3]", [0, 0, 1, 6]],
    ["bitbounds[0]", [0.5, 0, 1, 1]],
    ["bitbounds has 5", [0, 0, 1, 1, 1]],
    ["bitbounds[3] is missing", [0, 0, 1]],
  ])("%s of %j is refused by its name", async (what, bitbounds) => {
    const read = reader().read({ bitstring: "1", shape: [4, 5], bitbounds }, "masks[7]");
    await expect(read).rejects.toMatchObject({ status: 400, message: expect.stringContaining(`masks[7].${what}`) });
  });

  test.each([
    ["shape has 3", [4, 5, 1]],
    ["shape[0]", [0, 5]],
    ["shape[1]", [4, 2049]],
  ])("%s of the shape %j is refused by its name", async (what, shape) => {
    const read = reader().read({ bitstring: "1", shape }, "masks[7]");
    await expect(read).rejects.toMatchObject({ status: 400, message: expect.stringContaining(`masks[7].${what}`) });
  });

  test("a PNG of its box's width or height alone does not fit", async () => {
    const bitstring = maskOf("rgba png")["bitstring"]; // 12 × 16
    for (const bitbounds of [
      [0, 0, 12, 15],
      [0, 0, 11, 16],
    ]) {
      await expect(reader().read({ bitstring, shape: [32, 32], bitbounds }, "mask")).rejects.toThrow(/16×12/);
    }
  });

  test.each([
    ["the largest shape", { maskEdge: 8 }, { bitstring: "0", shape: [8, 8] }],
    ["as many pixels as there may be", { maskPixels: 64 }, { bitstring: "0", shape: [8, 8] }],
    ["one row", {}, { bitstring: "0", shape: [1, 64] }],
    ["one column", {}, { bitstring: "0", shape: [64, 1] }],
  ])("%s is read", async (_, limits, mask) => {
    expect((await reader(limits).read(mask, "mask")).data).toEqual(new Uint8Array(64));
  });

  /** The head of a PNG of this size, and a decoder that notes what it is given. */
  function header(width: number, height: number, first = 0x89, length = 33) {
    const decoded: Uint8Array[] = [];
    const bytes = new Uint8Array(length);
    bytes.set([first, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    new DataView(bytes.buffer).setUint32(16, width);
    new DataView(bytes.buffer).setUint32(20, height);
    const png = (given: Uint8Array) => {
      decoded.push(given);
      return { width, height, channels: 1, data: new Uint8Array(width * height) } as const;
    };
    return { decoded, decoder: { png }, bitstring: `data:image/png;base64,${btoa(String.fromCharCode(...bytes))}` };
  }

  test.each([
    [2049, 1],
    [1, 2049],
    [0, 1],
    [1, 0],
  ])("a PNG of %i×%i is refused by its header, before it is decoded", async (width, height) => {
    const { decoded, decoder, bitstring } = header(width, height);
    const read = new MaskReader(decoder, LIMITS).read({ bitstring }, "mask");
    await expect(read).rejects.toThrow(`mask is a PNG of ${width}×${height} pixels.`);
    expect(decoded).toEqual([]);
  });

  test.each([
    [2048, 1],
    [1, 2048],
    [1, 1],
  ])("a PNG of %i×%i is decoded", async (width, height) => {
    const { decoder, bitstring } = header(width, height);
    expect(await new MaskReader(decoder, LIMITS).read({ bitstring }, "mask")).toMatchObject({ width, height });
  });

  test("a PNG's pixels count before it is decoded; what begins otherwise is none", async () => {
    const { decoded, decoder, bitstring } = header(40, 30);
    const masks = new MaskReader(decoder, { ...LIMITS, maskPixels: 1199 });
    await expect(masks.read({ bitstring }, "mask")).rejects.toThrow(/more than 1199 pixels/);
    // A signature and the first chunk, which says the size, are 33 bytes.
    for (const { bitstring } of [header(4, 3, 0x88), header(4, 3, 0x89, 32)]) {
      await expect(new MaskReader(decoder, LIMITS).read({ bitstring }, "mask")).rejects.toThrow(/no PNG/);
    }
    expect(decoded).toEqual([]);
  });

  test("all masks of a request have so many pixels", async () => {
    const masks = reader({ maskPixels: 100 });
    await masks.read({ bitstring: "1", shape: [8, 8] }, "a");
    await expect(masks.read({ bitstring: "1", shape: [8, 8] }, "b")).rejects.toThrow(
      /With b the masks have more than 100/,
    );
  });
});

/** What edits make of a layer, as α and v of each cell, composed as the plans do. */
function composed(edits: readonly Edit[], layer: string): { alpha: number[]; value: number[] } {
  const [channels, height, width] = published.shapes[layer]!;
  const cells = height * width;
  const alpha = new Array<number>(channels * cells).fill(0);
  const value = new Array<number>(channels * cells).fill(0);
  for (const edit of edits.filter((each) => each.layer === layer)) {
    (edit.units as number[]).forEach((unit, i) => {
      for (let cell = 0; cell < cells; cell += 1) {
        const at = unit * cells + cell;
        const a = (edit.alpha as number[])[i]! * ((edit.mask as Float32Array | undefined)?.[cell] ?? 1);
        const [before, v] = [alpha[at]!, (edit.value as number[])[i]!];
        alpha[at] = 1 - (1 - before) * (1 - a);
        value[at] = alpha[at] === 0 ? 0 : (value[at]! * before * (1 - a) + v * a) / alpha[at];
      }
    });
  }
  return { alpha, value };
}

describe("interventions", () => {
  test.each(published.interventions)("$name: as decode_intervention_array", async ({ interventions, result }) => {
    const read = readInterventions(interventions, generator, reader(), LIMITS);
    if (!result) return expect(read).rejects.toMatchObject({ status: 400 });
    const edits = await read;
    expect(new Set(edits.map(({ layer }) => layer))).toEqual(new Set(Object.keys(result)));
    for (const [layer, { alpha, value }] of Object.entries(result)) {
      const ours = composed(edits, layer);
      alpha.forEach((expected, i) => {
        expect(Math.abs(ours.alpha[i]! - expected)).toBeLessThan(1e-6);
        // A value where nothing is replaced does not matter.
        if (expected > 0) expect(Math.abs(ours.value[i]! - value[i]!)).toBeLessThan(1e-5);
      });
    }
  });

  test("none at all, and as many records as there may be", async () => {
    expect(await readInterventions(undefined, generator, reader(), LIMITS)).toEqual([]);
    expect(await readInterventions(null, generator, reader(), LIMITS)).toEqual([]);
    const records = new Array(3).fill({ layer: "layer4", unit: 0 });
    const given = [{ ablations: records }, { ablations: records }];
    expect(await readInterventions(given, generator, reader(), { ...LIMITS, ablations: 6 })).toHaveLength(2);
    await expect(readInterventions(given, generator, reader(), { ...LIMITS, ablations: 5 })).rejects.toThrow(
      /6 ablations/,
    );
  });

  test.each([
    ["interventions[1].ablations is 3", { ablations: 3 }],
    ["interventions[1].mask.bitstring is missing", { mask: {}, ablations: [] }],
    ["interventions[1].ablations[0].layer is missing", { ablations: [{}] }],
    ["interventions[1].ablations[0].unit is missing", { ablations: [{ layer: "layer4" }] }],
    ['interventions[1].ablations[0].alpha is "a"', { ablations: [{ layer: "layer4", unit: 0, alpha: "a" }] }],
    ['interventions[1].ablations[0].value is "v"', { ablations: [{ layer: "layer4", unit: 0, value: "v" }] }],
  ])("%s, it is told", async (message, wrong) => {
    const read = readInterventions([{}, wrong], generator, reader(), LIMITS);
    await expect(read).rejects.toThrow(message);
  });

  const of = (record: object) => [{ ablations: [{ layer: "layer4", unit: 0, ...record }] }];
  test.each([
    ["a unit of −1, which is the last one there", of({ unit: -1 }), /unit is -1/],
    ["α = 2, which passes there", of({ alpha: 2 }), /alpha is 2/],
    ["a value that float32 does not hold", of({ value: 1e39 }), /value is 1e\+39/],
    ["a text for a unit", of({ unit: "3" }), /unit is "3"/],
    ["no layer", of({ layer: null }), /layer is null/],
    ["no list", { ablations: [] }, /interventions is/],
    ["no records", [{ ablations: {} }], /ablations is/],
    ["too many", new Array(257).fill({}), /257 entries/],
    ["too many records", new Array(3).fill({ ablations: new Array(4000).fill({ layer: "layer4", unit: 0 }) }), /12000/],
  ])("%s is refused", async (_, given, message) => {
    const read = readInterventions(given, generator, reader(), LIMITS);
    await expect(read).rejects.toMatchObject({ status: 400, message: expect.stringMatching(message) });
  });
});

describe("features", () => {
  test.each(published.stats)("of $ids under $masks: as feature_stats", async ({ ids, masks, result }) => {
    const read = await Promise.all(masks.map((name) => reader().read(maskOf(name), name)));
    for (const [name, expected] of Object.entries(result)) {
      const layer = generator.hiddenLayers.find((each) => each.name === name)!;
      const { channels, height, width } = layer;
      const [cells, stored] = [height * width, Math.ceil(channels / 4) * 4];
      const features = new Float32Array(ids.length * cells * stored);
      ids.forEach((id, image) => {
        for (let at = 0; at < channels * cells; at += 1) {
          const [unit, cell] = [Math.floor(at / cells), at % cells];
          features[(image * cells + cell) * stored + unit] = published.features[name]![id * channels * cells + at]!;
        }
      });
      const ours = unitStats(features, layer, read, generator);
      for (const key of ["max", "mean"] as const) {
        for (const [unit, value] of ours[key].entries()) expect(value).toBeCloseTo(expected[key]![unit]!, 5);
      }
    }
  });
});

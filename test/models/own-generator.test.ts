import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { maximiseUnit } from "../../src/causality/index.ts";
import {
  type Device,
  defineGenerator,
  dissect,
  type Generator,
  type GeneratorDefinition,
  UsageError,
  WeightsError,
  writeSafetensors,
} from "../../src/index.ts";
import { conv, convTranspose, filterOf, linearFilterOf, reshape, unary } from "../../src/networks/index.ts";
import { transposedFilterOf } from "../../src/networks/transposed.ts";
import { built } from "../built.ts";
import { requestDevice } from "../gpu.ts";
import { noise } from "../kernels/reference.ts";

// Runs: examples/generator/own.mjs, src/networks/index.ts

const SHAPES = {
  "start.weight": [32, 5],
  "up.weight": [8, 6, 4, 4],
  "rgb.weight": [3, 6, 3, 3],
  "rgb.bias": [3],
  "left.over": [2],
} as const;
const file = (shapes: Readonly<Record<string, readonly number[]>> = SHAPES): Uint8Array =>
  writeSafetensors(
    Object.fromEntries(
      Object.entries(shapes).map(([name, shape], index) => {
        const count = shape.reduce((product, extent) => product * extent, 1);
        return [name, { dtype: "float32", shape, data: Float32Array.from(noise(index + 1, count)) }] as const;
      }),
    ),
  );
const definition: GeneratorDefinition = {
  weights: file(),
  build({ graph, state, input, layer, output }) {
    const z = input({ name: "z", channels: 5, draw: "normal" });
    const first = layer("first", () =>
      reshape(graph, conv(graph, z(), linearFilterOf(state, "start"), { activation: "relu" }), [8, 2, 2]),
    );
    const second = layer("second", () =>
      convTranspose(graph, first(), transposedFilterOf(state, "up"), { stride: 2, pad: 1, activation: "leaky" }),
    );
    output("image", "image", () => unary(graph, conv(graph, second(), filterOf(state, "rgb"), { pad: 1 }), "tanh"));
  },
};

let device: Device;
let own: Generator;
beforeAll(async () => {
  device = await requestDevice();
  own = await defineGenerator(definition, { device });
});
afterAll(() => {
  own?.dispose();
  device?.dispose();
});

describe("a generator of one's own", () => {
  it("has a name, layers and pictures", () => {
    expect(own).toMatchObject({ name: "own network", zSize: 5, rowSize: 5, height: 4, width: 4, classes: [] });
    expect(own.hiddenLayers).toEqual([
      { name: "first", channels: 8, height: 2, width: 2 },
      { name: "second", channels: 6, height: 4, width: 4 },
    ]);
  });

  it("is edited, started from a layer with the same bits, and followed back", async () => {
    const z = own.sample({ size: 2, seed: 1 });
    using whole = await own.compile({ batch: 2, retain: ["first"], editable: ["second"] });
    whole.run(z);
    const plain = await whole.image!.read();
    using rest = await own.compile({ batch: 2, from: "first", inputs: whole.behind("first"), editable: ["second"] });
    rest.run();
    expect(await rest.image!.read()).toEqual(plain);
    whole.setEdit({ layer: "second", units: [1] });
    whole.run(z);
    const edited = await whole.image!.read();
    expect(edited).not.toEqual(plain);
    rest.setEdit({ layer: "second", units: [1] });
    rest.run();
    expect(await rest.image!.read()).toEqual(edited);

    const values: number[] = [];
    for await (const step of maximiseUnit(own, { layer: "second", unit: 2 }, { images: 1, steps: 20 })) {
      values.push(step.values[0]!);
    }
    expect(values.at(-1)).toBeGreaterThan(values[0]!);
  });

  it("takes z as plain JavaScript has it, and refuses what is no z", async () => {
    const z = own.sample({ size: 1, seed: 1 });
    const image = async (given: ArrayLike<number>) => {
      using run = await own.forward(given);
      return run.image.read();
    };
    expect(await image(Array.from(z))).toEqual(await image(z));
    await expect(own.forward("12345" as never)).rejects.toThrow(/z is no array of numbers/);
    await expect(own.forward(z, { retain: "first" as never })).rejects.toThrow(/list of retain, not "first"/);
  });

  it("refuses options of another kind", async () => {
    const edits = { layer: "first", units: [1] } as never;
    await expect(own.forward(own.sample({ seed: 0, size: 1 }), { edits })).rejects.toThrow(
      "generator.forward takes a list of edits, not { … }. Give an array.",
    );
    await expect(own.compile({} as { batch: number })).rejects.toThrow("generator.compile needs batch.");
    const define = (part: object, options: object = { device }) =>
      defineGenerator({ ...definition, ...part } as GeneratorDefinition, options as { device: Device });
    await expect(define({ build: undefined })).rejects.toThrow("A generator's definition needs build.");
    await expect(define({ build: async () => {} })).rejects.toThrow("`build` is async.");
    await expect(define({}, { device: Promise.resolve(device) })).rejects.toThrow(/needs a device .* not a promise/);
    await expect(define({}, { device, classes: 0 })).rejects.toThrow("takes a list of classes, not 0. Give [0].");
  });

  it("dissects with a segmenter only, and only a generator", async () => {
    const [next, none] = [(it: AsyncGenerator) => it.next(), undefined as never];
    await expect(next(dissect(own, none))).rejects.toThrow("dissect needs a segmenter");
    await expect(next(dissect(own, { layers: ["first"] } as never))).rejects.toThrow("dissect needs a segmenter");
    await expect(next(dissect(none, none))).rejects.toThrow("dissect needs a generator.");
    await expect(next(dissect(Promise.resolve(own) as never, none))).rejects.toThrow("dissect needs a generator.");
  });

  it("is refused with what is wrong in it", async () => {
    const { "rgb.bias": _, ...rest } = SHAPES;
    await expect(
      defineGenerator({ ...definition, weights: file({ ...rest, "up.weight": [8, 6, 4] as never }) }, { device }),
    ).rejects.toThrow(WeightsError);
    await expect(defineGenerator(definition, {} as never)).rejects.toThrow(/defineGenerator needs device/);
    await expect(defineGenerator(definition, { device, sead: 1 } as never)).rejects.toThrow(UsageError);
    await expect(defineGenerator({ ...definition, layers: [] } as never, { device })).rejects.toThrow(
      /definition knows no "layers"/,
    );
    const nothing = { ...definition, build: () => {} };
    await expect(defineGenerator(nothing, { device })).rejects.toThrow(/has no input or makes no image/);
  });
});

it("the example in examples/generator runs", async () => {
  await built();
  const script = fileURLToPath(new URL("../../examples/generator/own.mjs", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  const [, warm, cold] = /^second unit 0: warm, IoU (0\.\d\d)\nsecond unit 1: cold, IoU (0\.\d\d)$/m.exec(stdout) ?? [];
  expect(Math.min(Number(warm), Number(cold))).toBeGreaterThan(0.5);
  const [, before, after] = /^warmth (\S+), without unit 0 (\S+)$/m.exec(stdout) ?? [];
  expect(Number(after)).toBeLessThan(Number(before) - 0.3);
});

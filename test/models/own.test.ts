import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  conv,
  type Device,
  defineSegmenter,
  depthwise,
  filterOf,
  LabelsError,
  loadSegmenter,
  mergeSegmenters,
  type Segmenter,
  type SegmenterDefinition,
  ShapeError,
  Tensor,
  UsageError,
  WeightsError,
  writeSafetensors,
} from "../../src/index.ts";
import { inputOf } from "../../src/networks/segmenters/network.ts";
import { ownNetwork } from "../../src/networks/segmenters/own.ts";
import { Graph } from "../../src/runtime/graph.ts";
import { built } from "../built.ts";
import { requestDevice } from "../gpu.ts";

/** Colours in [−1, 1], none first: the strongest of 2 p·x − |p|²/3 is the label. */
const COLOURS = {
  "-": [0, 0, 0],
  black: [-1, -1, -1],
  white: [1, 1, 1],
  red: [1, -1, -1],
  green: [-1, 1, -1],
  blue: [-1, -1, 1],
} as const;
const NAMES = Object.keys(COLOURS);
const POINTS = Object.values(COLOURS);

const tensor = (shape: readonly number[], numbers: readonly number[]) =>
  ({ dtype: "float32", shape, data: Float32Array.from(numbers) }) as const;
const weights = writeSafetensors({
  "mean.weight": tensor([3, 1, 3, 3], new Array(27).fill(1 / 9)),
  "colour.weight": tensor(
    [6, 3, 1, 1],
    POINTS.flat().map((p) => 2 * p),
  ),
  "colour.bias": tensor(
    [6],
    POINTS.map((p) => -p.reduce((sum: number, v) => sum + v * v, 0) / 3),
  ),
});
const definition: SegmenterDefinition = {
  weights,
  labels: NAMES.map((name) => ({ name, category: "color" })),
  logits: (graph, x, state) => conv(graph, x, filterOf(state, "colour")),
};

let device: Device;
let colours: Segmenter;
beforeAll(async () => {
  device = await requestDevice();
  colours = await defineSegmenter(definition, { device, name: "colours" });
});
afterAll(() => {
  colours?.dispose();
  device?.dispose();
});

const embedded = (): Promise<Segmenter> => {
  const file = (name: string) => readFileSync(new URL(`../../weights/scenes64/${name}`, import.meta.url));
  return loadSegmenter({ weights: file("segmenter.safetensors"), labels: file("labels.json") }, { device });
};

/** An image [1, 8, 8 · colours, 4] of squares, each of one colour. */
function squares(points: readonly (readonly number[])[]): Tensor<"f32"> {
  const width = 8 * points.length;
  const data = new Float32Array(8 * width * 4);
  for (let p = 0; p < 8 * width; p += 1) data.set(points[Math.floor((p % width) / 8)]!, 4 * p);
  return Tensor.from(device, "squares", [1, 8, width, 4], "f32", data);
}

/** The label maps of an image at its own size, one array a map. */
async function segment(segmenter: Segmenter, image: Tensor<"f32">): Promise<number[][]> {
  const [, height = 1, width = 1] = image.shape;
  const plan = await segmenter.compile(image, [height, width]);
  plan.run();
  const labels = [...(await plan.labels.read())];
  expect(plan.labels.shape).toEqual([1, segmenter.channels, height, width]);
  plan.dispose();
  return Array.from({ length: segmenter.channels }, (_, map) =>
    labels.slice(map * height * width, (map + 1) * height * width),
  );
}

describe("a segmenter of one's own", () => {
  it("gives every colour its label at every pixel", async () => {
    const image = squares(POINTS);
    const [map] = await segment(colours, image);
    expect(map).toEqual(Array.from({ length: 8 * 48 }, (_, p) => Math.floor((p % 48) / 8)));
    image.dispose();
  });

  it("has the defaults of a plain network", () => {
    expect(colours.name).toBe("colours");
    expect(colours.channels).toBe(1);
    expect(colours.segsizes).toEqual([]);
    expect(colours.categories).toEqual(["color"]);
    expect(colours.label("red")).toBe(3);
    expect(colours.label("color/blue")).toBe(5);
    expect(colours.cost(64).flops).toBe(2 * 64 * 64 * 3 * 6);
  });

  it("takes several operations, pixels and maps of its own", async () => {
    const own = await defineSegmenter(
      {
        ...definition,
        // Swapped: red is seen as blue. Only red, green and blue compete.
        pixels: { order: "BGR", range: 1, mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5] },
        maps: [{ head: "hue", ranges: [{ first: 3, count: 3 }], names: [0, 0, 0, 3, 4, 5] }],
        logits(graph, x, state, heads) {
          expect([...heads]).toEqual(["hue"]);
          const mean = depthwise(graph, x, { ...filterOf(state, "mean"), inChannels: 3 }, { pad: 1 });
          return new Map([["hue", conv(graph, mean, filterOf(state, "colour"))]]);
        },
      },
      { device },
    );
    const image = squares([COLOURS.red]);
    expect(await segment(own, image)).toEqual([new Array(64).fill(own.label("blue"))]);
    image.dispose();
    own.dispose();
  });

  it("has a probability for every concept", () => {
    const graph = new Graph(device.target);
    const image = graph.map("image", 2, 16, 24, 3);
    expect(colours.score(graph, image, "red", [16, 24]).shape).toEqual([2, 16, 24]);
  });

  it("that was asked for an unknown concept names near ones", () => {
    expect(() => colours.label("dark red")).toThrow(UsageError);
    expect(() => colours.label("dark red")).toThrow(/colours knows no concept "dark red".*Near are red\./);
    expect(() => colours.label("purple")).toThrow(/It knows black, .*\./);
    expect(() => colours.label("-")).toThrow(UsageError);
  });

  it.each<readonly [string, Partial<SegmenterDefinition>, typeof LabelsError | typeof ShapeError, RegExp]>([
    ["labels without none", { labels: [{ name: "black", category: "color" }] }, LabelsError, /first label is not "-"/],
    ["fewer labels than channels", { labels: definition.labels.slice(0, 5) }, ShapeError, /5 names do not fit/],
    [
      "a missing tensor",
      { logits: (g, x, s) => conv(g, x, filterOf(s, "color")) },
      WeightsError as never,
      /"color.weight" is missing/,
    ],
    ["weights that are none", { weights: new Uint8Array(64) }, WeightsError as never, /./],
  ])("with %s is refused", async (_, change, kind, message) => {
    const made = defineSegmenter({ ...definition, ...change }, { device });
    await expect(made).rejects.toThrow(kind);
    await expect(made).rejects.toThrow(message);
  });

  it("is loaded with the options of every load", async () => {
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    await expect(defineSegmenter(definition, { device, signal })).rejects.toBe(reason);
    await expect(defineSegmenter(definition, { device, sha256: "00".repeat(32) })).rejects.toThrow(WeightsError);
  });
});

describe("merged segmenters", () => {
  it("number the second's labels after the first's and see what each sees alone", async () => {
    const scenes = await embedded();
    const twin = await defineSegmenter(definition, { device });
    const both = mergeSegmenters("both", [scenes, twin]);
    const first = scenes.labels.length;
    expect(first).toBe(11);
    expect(both.labels).toEqual([...scenes.labels, ...colours.labels]);
    expect(both.categories).toEqual(["object", "color"]);
    expect(both.label("tree")).toBe(scenes.label("tree"));
    expect(both.label("red")).toBe(first + 3);
    expect(both.channels).toBe(2);
    const image = squares([COLOURS["-"], COLOURS.red, COLOURS.blue]);
    const [things, hues] = await segment(both, image);
    const [[alone], [hue]] = [await segment(scenes, image), await segment(colours, image)];
    expect(things).toEqual(alone);
    expect(hues).toEqual(hue!.map((label) => (label === 0 ? 0 : first + label)));
    expect(new Set(hues)).toEqual(new Set([0, first + 3, first + 5]));
    image.dispose();
    both.dispose();
    await expect(scenes.compile(squares([COLOURS.red]), 8)).rejects.toThrow(UsageError);
  });

  it("with quarters come first or not at all", async () => {
    const first = (name: string) => ({ name, category: "object" });
    const labels = ["-", "a", "b", "c", "d", "e"].map(first);
    const quarters = ["t", "l", "b", "r"].flatMap((k) => labels.slice(1).map(({ name }) => first(`${name}-${k}`)));
    const divided = await defineSegmenter(
      {
        ...definition,
        labels: [...labels, ...quarters],
        maps: [{ head: "logits", ranges: [{ first: 0, count: 6 }], names: [0, 1, 2, 3, 4, 5] }],
        quad: { objects: 5 },
      },
      { device },
    );
    expect(() => mergeSegmenters("wrong", [colours, divided])).toThrow(/quarters is not the first.*Put it first/);
    const right = mergeSegmenters("right", [divided, colours]);
    expect(right.channels).toBe(4);
    expect(right.label("color/red")).toBe(26 + 3);
    const image = squares([COLOURS.red]);
    const [object, vertical, horizontal, hue] = await segment(right, image);
    expect(object).toEqual(new Array(64).fill(3));
    expect(new Set(vertical)).toEqual(new Set([3 + 5 * 1, 3 + 5 * 3]));
    expect(new Set(horizontal)).toEqual(new Set([3 + 5 * 2, 3 + 5 * 4]));
    expect(hue).toEqual(new Array(64).fill(29));
    image.dispose();
    divided.dispose();
  });

  it("are at least one, and stored alike", async () => {
    expect(() => mergeSegmenters("none", [])).toThrow(/nothing to merge/);
    const half = await defineSegmenter(definition, { device, storage: "f16" });
    expect(() => mergeSegmenters("mixed", [colours, half])).toThrow(/stored differently/);
    half.dispose();
  });
});

it("the example in examples/segmenter runs", async () => {
  await built();
  const script = fileURLToPath(new URL("../../examples/segmenter/own.mjs", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  expect(stdout).toMatch(/^ +4 {2}object\/tree +\d+\.\d %$/m);
  expect(stdout).toMatch(/^ +15 {2}color\/green +\d+\.\d %$/m);
});

describe("a network of one function", () => {
  const network = ownNetwork({
    architecture: "own network",
    state: new Map(),
    heads: new Set(["logits"]),
    edge: 8,
    logits: (_, x) => x,
  });

  it("tells what it is given and makes", () => {
    expect(inputOf(network)).toEqual({ name: "image", channels: 3, height: 8, width: 8 });
    const logits = { name: "logits", channels: 3, height: 8, width: 8, kind: "logits", layer: undefined };
    expect(network.outputs).toEqual([logits]);
    const z = { name: "z", height: 1, width: 1, channels: 8 };
    expect(() => inputOf({ inputs: [z] })).toThrow(/inputs are z\./);
    expect(() => inputOf({ inputs: [] })).toThrow(/inputs are none\./);
  });

  it("has no layers to begin at, end at or edit", () => {
    for (const options of [{ from: "c2" }, { until: "c2" }, { edit: new Map([["c2", {}]]) }]) {
      expect(() => network.append(new Graph("gpu"), 1, options)).toThrow(/own network has no layer "c2"/);
    }
  });
});

describe("a network of two categories whose maps share a head", () => {
  // Black or white, and red, green or blue: two maps off the same logits, so that their tables
  // differ in numbers only.
  const two: SegmenterDefinition = {
    ...definition,
    labels: NAMES.map((name, index) => ({ name, category: index < 3 ? "grey" : "hue" })),
    maps: [
      { head: "logits", ranges: [{ first: 1, count: 2 }], names: [...NAMES.keys()] },
      { head: "logits", ranges: [{ first: 3, count: 3 }], names: [...NAMES.keys()] },
    ],
  };

  it("sees the same behind another as alone, with shifted labels", async () => {
    const image = Tensor.from(
      device,
      "pixels",
      [1, 1, 5, 4],
      "f32",
      Float32Array.from(POINTS.slice(1).flatMap((p) => [...p, 0])),
    );
    const read = async (segmenter: Segmenter): Promise<number[]> => {
      const plan = await segmenter.compile(image, [1, 5]);
      plan.run();
      const labels = [...(await plan.labels.read())];
      plan.dispose();
      return labels;
    };
    const behind = await defineSegmenter(two, { device });
    const alone = await read(behind);
    expect(alone.slice(0, 2)).toEqual([1, 2]);
    expect(alone.slice(7)).toEqual([3, 4, 5]);
    const merged = mergeSegmenters("both", [await defineSegmenter(definition, { device }), behind]);
    const both = await read(merged);
    expect(both.slice(0, 5)).toEqual([1, 2, 3, 4, 5]);
    expect(both.slice(5)).toEqual(alone.map((label) => label + NAMES.length));
    merged.dispose();
    image.dispose();
  });

  it.each<readonly [string, Partial<SegmenterDefinition>, RegExp]>([
    ["no maps", { maps: [] }, /no label maps/],
    ["a gate that comes later", { maps: [{ ...two.maps![0]!, gate: 0 }] }, /gated by map 0, which is not before/],
    ["a label that is none", { maps: [{ ...two.maps![0]!, names: [0, 1, 2, 3, 4, 9] }] }, /names label 9 of 6/],
    ["a head that is not made", { maps: [{ ...two.maps![0]!, head: "other" }] }, /no logits called "other"/],
  ])("with %s is refused", async (_, change, message) => {
    await expect(defineSegmenter({ ...two, ...change }, { device })).rejects.toThrow(message);
  });
});

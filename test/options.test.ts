import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ablateEverywhere,
  ablateLocations,
  ace,
  ascend,
  conceptScalar,
  Experiment,
  gradient,
  insertionContext,
  maximiseImage,
  maximiseUnit,
  occlude,
  unitQuantiles,
} from "../src/causality/index.ts";
import {
  Device,
  defineSegmenter,
  dissect,
  type Generator,
  init,
  loadGenerator,
  loadSegmenter,
  openCheckpoint,
  openSource,
  type Segmenter,
  show,
  Tensor,
  UsageError,
} from "../src/index.ts";
import { conv } from "../src/kernels/conv/conv.ts";
import { depthwise } from "../src/kernels/conv/depthwise.ts";
import { outputFolder, threadPool } from "../src/node/index.ts";
import { memoryFolder, writeReport } from "../src/report/index.ts";
import { Graph } from "../src/runtime/graph.ts";
import { smallFiles, smallModels } from "./dissect/models.ts";
import { requestDevice } from "./gpu.ts";

let device: Device;
let generator: Generator;
let segmenter: Segmenter;
let experiment: Experiment;
let image: Tensor<"f32">;
let files: Awaited<ReturnType<typeof smallFiles>>;
beforeAll(async () => {
  device = await requestDevice();
  ({ generator, segmenter } = await smallModels(device));
  files = await smallFiles();
  experiment = await Experiment.create(generator, segmenter, { editable: ["layer1"], size: 1 });
  image = Tensor.create(device, "image", [1, 16, 16, 4], "f32");
});
afterAll(() => {
  image?.dispose();
  experiment?.dispose();
  segmenter?.dispose();
  generator?.dispose();
  device?.dispose();
});

const first = async (steps: AsyncIterator<unknown>): Promise<unknown> => (await steps.next()).value;
const z = (): Float32Array => generator.sample({ size: 1, seed: 1 });
const one = { layer: "layer1", units: [0] };

// Every public call that takes options, with one that it does not know. `never` stands for callers
// without types.
const CALLS: Record<string, [given: object, call: (options: never) => unknown, said: RegExp]> = {
  init: [
    { powerpreference: "x" },
    (options) => init(options),
    /knows no "powerpreference"\. Did you mean powerPreference\?/,
  ],
  "init with a device": [
    { requireHardware: true },
    (options: object) => init({ device: device.gpu, ...options }),
    /Device.adopt knows no "requireHardware"/,
  ],
  "Device.request": [{ powerpreference: "low-power" }, (options) => Device.request(options), /mean powerPreference\?/],
  openSource: [{ sha: "" }, (options) => openSource(files.generator, options), /mean sha256\?/],
  openCheckpoint: [
    { onprogress: () => {} },
    (options) => openCheckpoint(files.generator, options),
    /mean onProgress\?/,
  ],
  loadGenerator: [
    { clamped: true },
    (options: object) => loadGenerator(files.generator, { device, ...options }),
    /loadGenerator knows no "clamped"\. Did you mean clamp or classes\?/,
  ],
  loadSegmenter: [
    { head: ["object"] },
    (options: object) => loadSegmenter(files, { device, ...options }),
    /loadSegmenter knows no "head"\. Did you mean heads\?/,
  ],
  defineSegmenter: [
    { stored: "f16" },
    (options: object) =>
      defineSegmenter({ weights: files.weights, labels: [{ name: "-" }], logits: () => {} } as never, {
        device,
        ...options,
      }),
    /defineSegmenter knows no "stored"/,
  ],
  "a segmenter's definition": [
    { size: [64] },
    (options: object) => defineSegmenter({ ...options } as never, { device }),
    /definition knows no "size"/,
  ],
  "generator.sample": [
    { strat: 3 },
    (options: object) => generator.sample({ size: 1, seed: 1, ...options }),
    /Did you mean start\?/,
  ],
  "generator.forward": [{ edit: [one] }, (options) => generator.forward(z(), options), /Did you mean edits\?/],
  "generator.compile": [
    { edit: ["layer1"] },
    (options: object) => generator.compile({ batch: 1, ...options }),
    /knows no "edit"\. Did you mean editable\?/,
  ],
  "generator.append": [
    { retain: [] },
    (options) => generator.append(new Graph(device.target), 1, options),
    /generator.append knows no "retain"/,
  ],
  "generator.images": [
    { sizes: 1 },
    (options: object) => first(generator.images({ size: 1, seed: 1, ...options })),
    /Did you mean size\?/,
  ],
  "an edit": [
    { masks: [] },
    (options: object) => generator.forward(z(), { edits: [{ ...one, ...options }] }),
    /An edit of layer1 knows no "masks"\. Did you mean mask\?/,
  ],
  "an editable layer": [
    { copy: true },
    (options: object) => generator.compile({ batch: 1, editable: [{ layer: "layer1", ...options }] }),
    /An editable layer knows no "copy"/,
  ],
  conv: [
    { strides: 2 },
    (options) => conv(new Graph(device.target), {} as never, {} as never, options),
    /conv knows no "strides"\. Did you mean stride\?/,
  ],
  depthwise: [
    { upsample: true },
    (options) => depthwise(new Graph(device.target), {} as never, {} as never, options),
    /depthwise knows no "upsample"/,
  ],
  show: [{ images: 0 }, (options) => show(image, {} as GPUCanvasContext, options), /Did you mean image\?/],
  dissect: [
    { layer: "layer1" },
    (options) => first(dissect(generator, segmenter, options)),
    /dissect knows no "layer"\. Did you mean layers\?/,
  ],
  "Experiment.create": [
    { edit: ["layer1"] },
    (options) => Experiment.create(generator, segmenter, options),
    /Did you mean editable\?/,
  ],
  ablateEverywhere: [
    { step: 1 },
    (options: object) => ablateEverywhere(experiment, { ...one, ...options }),
    /Did you mean steps\?/,
  ],
  ablateLocations: [
    { alpha: [1] },
    (options: object) => ablateLocations(experiment, 1, { ...one, ...options }),
    /Did you mean alphas\?/,
  ],
  insertionContext: [
    { alpha: [1] },
    (options: object) => insertionContext(experiment, "tree", { ...one, values: [1], ...options }),
    /Did you mean alphas\?/,
  ],
  unitQuantiles: [
    { quantile: 0.5 },
    (options: object) => unitQuantiles(generator, { layer: "layer1", quantiles: [0.5], ...options }),
    /Did you mean quantiles\?/,
  ],
  ace: [
    { epoch: 1 },
    (options: object) =>
      first(
        ace(generator, segmenter, { layer: "layer1", concept: "tree", initial: new Array(12).fill(0), ...options }),
      ),
    /Did you mean epochs\?/,
  ],
  maximiseUnit: [
    { image: 1 },
    (options) => first(maximiseUnit(generator, { layer: "layer1", unit: 0 }, options)),
    /Did you mean images\?/,
  ],
  maximiseImage: [{ blurred: 1 }, (options) => first(maximiseImage(segmenter, "tree", options)), /Did you mean blur\?/],
  ascend: [
    { rates: 1 },
    (options: object) => first(ascend(device, {} as never, new Float32Array(4), { rate: 1, ...options })),
    /Did you mean rate\?/,
  ],
  occlude: [
    { strides: 1 },
    (options) => occlude(image, conceptScalar(segmenter, "tree"), options),
    /Did you mean stride\?/,
  ],
  gradient: [
    { recomputed: [] },
    (options) => gradient(new Graph(device.target), {} as never, [], options),
    /Did you mean recompute\?/,
  ],
  writeReport: [
    { progress: () => {} },
    (options) => writeReport(memoryFolder(), {} as never, {} as never, options),
    /Did you mean onProgress\?/,
  ],
  threadPool: [{ thread: 1 }, (options) => threadPool({} as never, options), /Did you mean threads\?/],
  outputFolder: [{ kinds: "x" }, (options) => outputFolder("out", options), /Did you mean kind\?/],
};

describe("an option that a call does not know is refused, with the nearest it knows:", () => {
  test.each(Object.entries(CALLS))("%s", async (_, [given, call, said]) => {
    const error = await Promise.resolve()
      .then(() => call(given as never))
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toMatch(said);
  });
});

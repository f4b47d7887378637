import { appendResponse, DifferentiableResponse } from "../src/causality/response.ts";
import { Counts } from "../src/dissect/counts.ts";
import { Quantiles } from "../src/dissect/quantiles.ts";
import { gradient } from "../src/gradient/gradient.ts";
import type { Checkpoint } from "../src/index.ts";
import { conv } from "../src/kernels/conv/conv.ts";
import { depthwise } from "../src/kernels/conv/depthwise.ts";
import { Generator } from "../src/models/generator.ts";
import { Segmenter } from "../src/models/segmenter.ts";
import type { SegmenterFiles } from "../src/models/segmenter-files.ts";
import { Weights } from "../src/models/weights.ts";
import type { Network as SegmenterGraph } from "../src/networks/network.ts";
import { listNetwork } from "../src/networks/operation-list.ts";
import { inferUpernet, upernet } from "../src/networks/segmenters/upernet.ts";
import type { State } from "../src/networks/state.ts";
import { Device } from "../src/runtime/device.ts";
import { Graph, padded, type Value } from "../src/runtime/graph.ts";
import { Plan } from "../src/runtime/plan.ts";
import { Tensor } from "../src/runtime/tensor.ts";
import { tune } from "../src/runtime/tune.ts";
import type { Contest, Contestant, Runner } from "./contest.ts";
import { operationsOf } from "./networks/mosaic.ts";
import type { Convolution, Counting, Network, Position, Shape } from "./networks/operations.ts";

/**
 * A runner, and the operations that it executes: less than as written where the algorithm saves
 * some.
 */
export type OurRunner = Runner & { readonly flops: number };
/** How we run a contest. */
export type Ours = (device: Device, contest: Contest) => Promise<OurRunner>;
export interface OurContestant extends Contestant {
  readonly library: Device;
  readonly device: GPUDevice;
  prepare(contest: Contest): Promise<OurRunner>;
}

/** Ganatomy as its users call it, on a device that has a clock where the adapter has one. */
export async function ganatomy(): Promise<OurContestant> {
  const library = await requestDevice();
  return {
    name: "ganatomy",
    device: library.gpu,
    library,
    prepare: (contest) => contest.ours(library, contest),
    idle: () => library.idle(),
  };
}

/** A device as the library asks for it, with timestamps. */
export async function requestDevice(): Promise<Device> {
  const requestAdapter = async (options?: GPURequestAdapterOptions): Promise<GPUAdapter | null> => {
    const adapter = await navigator.gpu.requestAdapter(options);
    if (!adapter?.features.has("timestamp-query")) return adapter;
    const request = adapter.requestDevice.bind(adapter);
    adapter.requestDevice = ({ requiredFeatures = [], ...rest } = {}) =>
      request({ ...rest, requiredFeatures: [...requiredFeatures, "timestamp-query"] });
    return adapter;
  };
  return Device.request({ gpu: { requestAdapter } as GPU, powerPreference: "high-performance" });
}

/** A checkpoint as `Generator` loads and compiles it. */
export const generator =
  (checkpoint: ArrayBuffer): Ours =>
  async (device, { input, network }) => {
    const model = await Generator.load(checkpoint, { device });
    const batch = network.input.shape[0];
    const plan = await model.compile({ batch });
    return {
      flops: batch * model.cost().flops,
      run: () => plan.run(input),
      output: async () => withoutPadding(await plan.image!.read(), network.output.shape[3]),
      dispose: () => {
        plan.dispose();
        model.dispose();
      },
    };
  };

/**
 * What a model appends to a graph, its operations run in the ways that are fastest here, as
 * `Generator` and `Segmenter` do it.
 */
const graphOf =
  (state: State, append: (graph: Graph, x: Value) => Value): Ours =>
  async (device, { input, network }) => {
    const [n, height, width, channels] = network.input.shape;
    const describe = () => {
      const graph = new Graph(device.target, "f32", device.tuned);
      const x = graph.map("x", n, height, width, channels);
      return { graph, x, y: append(graph, x) };
    };
    await tune(device, () => describe().graph);
    const { graph, x, y } = describe();
    const weights = new Weights(device, state);
    const plan = await Plan.compile(device, graph, { keep: [y], bind: await weights.bind(graph) });
    plan.tensor(x).write(withPadding(input, channels));
    return {
      flops: graph.flops,
      run: () => plan.run(),
      output: async () => withoutPadding(await plan.tensor(y).read(), network.output.shape[3]),
      dispose: () => {
        plan.dispose();
        weights.dispose();
      },
    };
  };

/** One convolution, after an upsampling or not. */
export function convolution({ input }: Network, layer: Convolution, upsample: boolean): Ours {
  const { weight, bias, kernel, stride, dilation, groups, pad, activation } = layer;
  const learned = (values: ArrayLike<number>) => ({ sources: [], of: () => values });
  const filter = {
    label: "conv",
    inChannels: input.shape[3],
    outChannels: bias.length,
    kernel,
    weight: learned(weight),
    scale: learned(new Float32Array(bias.length).fill(1)),
    bias: learned(bias),
  };
  const [top, , bottom] = pad;
  const options = { stride, dilation, pad: top === bottom ? top : "same", activation } as const;
  return graphOf(new Map(), (graph, x) =>
    groups > 1 ? depthwise(graph, x, filter, options) : conv(graph, x, filter, { ...options, upsample }),
  );
}

/** An output of a segmenter's network for preprocessed images x. */
const logitsOf = (network: SegmenterGraph, output: string) => (graph: Graph, x: Value) =>
  network
    .append(graph, x.shape[0]!, { inputs: new Map([["image", x]]), outputs: new Set([output]) })
    .outputs.get(output)!;

/** The object head's logits. */
export const segmenter = (state: State): Ours =>
  graphOf(state, logitsOf(upernet(state, inferUpernet(state), 256), "object"));

/** MOSAIC's logits, at a quarter of the image's extent. */
export const operations = (checkpoint: Checkpoint): Ours =>
  graphOf(checkpoint.tensors, logitsOf(listNetwork(operationsOf(checkpoint), checkpoint.tensors, 256), "logits"));

/** The gradient by α as ACE takes it, of the mean of a concept's probability. */
export const update =
  (options: {
    readonly generator: ArrayBuffer;
    readonly segmenter: SegmenterFiles;
    readonly layer: string;
    readonly concept: string;
    readonly shape: Shape;
    readonly features: Float32Array<ArrayBuffer>;
  }): Ours =>
  async (device, { input, network }) => {
    const generator = await Generator.load(options.generator, { device });
    const segmenter = await Segmenter.load(options.segmenter, { device });
    const [images, extent] = network.output.shape;
    const features = Tensor.from(device, "features", options.shape, "f32", options.features);
    const common = {
      generator,
      segmenter,
      layer: options.layer,
      concept: options.concept,
      extent: [extent, extent] as const,
      edits: 1,
      rows: images,
    };
    const response = await DifferentiableResponse.create({ ...common, inputs: new Map([[options.layer, features]]) });
    response.alpha.write(input);
    response.mask.write(new Float32Array(response.mask.bytes / 4).fill(1));
    response.weights.write(new Float32Array(images * extent ** 2).fill(1 / (images * extent ** 2)));
    const graph = new Graph(device.target, segmenter.storage, device.tuned);
    const { map, edit } = appendResponse(graph, { ...common, images, of: "score" });
    gradient(graph, map, [edit.alpha]);
    return {
      flops: graph.flops,
      run: () => response.run(0),
      output: () => response.gradient.read(),
      dispose: () => {
        response.dispose();
        features.dispose();
        segmenter.dispose();
        generator.dispose();
      },
    };
  };

/**
 * Counts as a dissection collects them, of one image with one category. Every run adds to the
 * counters.
 */
export const counting =
  (options: Counting): Ours =>
  async (device, { input, network }) => {
    const { shape } = network.input;
    const maps = Tensor.from(device, "maps", shape, "f32", input);
    return counter(
      device,
      { maps, channels: shape[3], run: () => {}, dispose: () => maps.dispose() },
      network.flops,
      options,
    );
  };

/**
 * What a dissection does with a photograph: a classifier's map of it, and its counts. `network` is
 * the classifier, up to a layer.
 */
export const dissecting =
  (network: SegmenterGraph, until: string, options: Counting): Ours =>
  async (device, { input, network: { input: image, flops } }) => {
    const seen = await classifierMap(device, network, until, image.shape, input);
    return counter(device, seen, flops, options);
  };

/** A classifier's map of a preprocessed image, made anew in every run. */
export async function classifierMap(
  device: Device,
  network: SegmenterGraph,
  until: string,
  [n, height, width, channels]: Shape,
  input: Float32Array<ArrayBuffer>,
) {
  const describe = () => {
    const graph = new Graph(device.target, "f32", device.tuned);
    const x = graph.map("x", n, height, width, channels);
    const { layers } = network.append(graph, n, { inputs: new Map([["image", x]]), until });
    return { graph, x, y: layers.get(until)! };
  };
  await tune(device, () => describe().graph);
  const { graph, x, y } = describe();
  const weights = new Weights(device, network.state);
  const plan = await Plan.compile(device, graph, { keep: [y], bind: await weights.bind(graph) });
  plan.tensor(x).write(withPadding(input, channels));
  return {
    maps: plan.tensor(y),
    channels: y.channels,
    run: () => plan.run(),
    dispose: () => {
      plan.dispose();
      weights.dispose();
    },
  };
}

/** Counts what maps hold after `run`. */
async function counter(
  device: Device,
  { maps, channels, run, dispose }: { maps: Tensor<"f32">; channels: number; run(): void; dispose(): void },
  flops: number,
  { size, levels, concepts, labels }: Counting,
): Promise<OurRunner> {
  const slots = labels.map((label) => label + 1) as Uint32Array<ArrayBuffer>;
  const tensors = {
    batch: Tensor.from(device, "batch", [2], "u32", Uint32Array.of(0, 1)),
    slotMaps: Tensor.from(device, "slots", [1, 1, size, size], "u32", slots),
    present: Tensor.from(device, "present", [1, 1], "u32", Uint32Array.of(1)),
  };
  const known = Array.from({ length: concepts }, (_, concept) => concept);
  const counts = await Counts.create(device, { ...tensors, maps, channels, labels: known, levels });
  let runs = 0;
  return {
    flops,
    run: () => {
      runs += 1;
      run();
      counts.add();
    },
    output: async () => {
      const rows = levels.length / channels;
      const output = new Float32Array(rows * concepts * channels);
      for (const concept of known) {
        const above = await counts.intersection(concept);
        above.forEach((count, at) => {
          const [level, unit] = [Math.floor(at / channels), at % channels];
          output[(level * concepts + concept) * channels + unit] = count / runs;
        });
      }
      return output;
    },
    dispose: () => {
      counts.dispose();
      for (const tensor of Object.values(tensors)) tensor.dispose();
      dispose();
    },
  };
}

/** Quantiles as a dissection selects them, its counters allocated anew in every run. */
export const selection =
  (quantiles: readonly number[], positions: readonly Position[]): Ours =>
  async (device, { input, network }) => {
    const [n, height, width, channels] = network.input.shape;
    const maps = Tensor.from(device, "maps", [n, height, width, channels], "f32", input);
    const batch = Tensor.from(device, "batch", [2], "u32", Uint32Array.of(0, n));
    const samples = n * height * width;
    let selected: Quantiles | undefined;
    return {
      flops: network.flops,
      run: async () => {
        selected?.dispose();
        selected = await Quantiles.create(device, { maps, channels, batch, grid: undefined, samples, quantiles });
        for (let pass = 0; pass < selected.passes; pass += 1) {
          selected.add();
          selected.endPass();
        }
      },
      output: async () => (await selected!.read()).subarray(0, positions.length * channels),
      dispose: () => {
        selected?.dispose();
        maps.dispose();
        batch.dispose();
      },
    };
  };

/** Our maps pad channels to whole vec4s. */
function withPadding(values: Float32Array<ArrayBuffer>, channels: number): Float32Array<ArrayBuffer> {
  const stored = padded(channels);
  if (stored === channels) return values;
  const wider = new Float32Array((values.length / channels) * stored);
  values.forEach((value, at) => {
    wider[Math.floor(at / channels) * stored + (at % channels)] = value;
  });
  return wider;
}

function withoutPadding(values: Float32Array, channels: number): Float32Array {
  const stored = padded(channels);
  return stored === channels ? values : values.filter((_, at) => at % stored < channels);
}

import type { Checkpoint } from "../src/index.ts";
import { conv } from "../src/kernels/conv.ts";
import { Generator } from "../src/models/generator.ts";
import { runOperations } from "../src/models/operations.ts";
import { type State, Weights } from "../src/models/state.ts";
import { inferUpernet, upernet } from "../src/models/upernet.ts";
import { Device } from "../src/runtime/device.ts";
import { Graph, type Value } from "../src/runtime/graph.ts";
import { Plan } from "../src/runtime/plan.ts";
import type { Case } from "./cases.ts";
import type { Contestant, Runner } from "./contest.ts";
import { operationsOf } from "./networks/mosaic.ts";
import type { Network } from "./networks/operations.ts";

/** How we run a case: a checkpoint as `Generator` loads it, or what a model appends to a graph. */
export type Ours =
  | { readonly checkpoint: ArrayBuffer }
  | { readonly state: State; append(graph: Graph, x: Value): Value };

/** Ganatomy: `Generator` as its users call it, and graphs as models write them. */
export async function ganatomy(): Promise<Contestant & { readonly software: boolean }> {
  const device = await Device.request({ powerPreference: "high-performance" });
  return {
    name: "ganatomy",
    device: device.gpu,
    software: device.adapter.software,
    prepare: (contest) => prepare(device, contest),
  };
}

async function prepare(device: Device, { input, network, ours }: Case): Promise<Runner> {
  const [n, height, width, channels] = network.input.shape;
  const outChannels = network.output.shape[3];
  if ("checkpoint" in ours) {
    const model = await Generator.load(ours.checkpoint, { device });
    const plan = await model.compile({ batch: n });
    return {
      run: () => plan.run(input),
      output: async () => withoutPadding(await plan.image!.read(), outChannels),
      dispose: () => {
        plan.dispose();
        model.dispose();
      },
    };
  }
  const graph = new Graph(device.target);
  const x = graph.map("x", n, height, width, channels);
  const y = ours.append(graph, x);
  const weights = new Weights(device, ours.state);
  const plan = await Plan.compile(device, graph, { keep: [y], bind: await weights.bind(graph) });
  plan.tensor(x).write(withPadding(input, channels));
  return {
    run: () => plan.run(),
    output: async () => withoutPadding(await plan.tensor(y).read(), outChannels),
    dispose: () => {
      plan.dispose();
      weights.dispose();
    },
  };
}

/** The network's one convolution. */
export function ourConvolution({ input, operations: [operation] }: Network): Ours {
  if (operation?.op !== "conv") throw new Error("This network is no convolution.");
  const { weight, bias, kernel, pad, activation } = operation;
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
  return { state: new Map(), append: (graph, x) => conv(graph, x, filter, { pad: pad[0], activation }) };
}

/** The object head's logits. */
export const ourUpernet = (state: State): Ours => ({
  state,
  append: (graph, x) => upernet(graph, state, inferUpernet(state), x, ["object"]).logits.get("object")!,
});

/** MOSAIC's logits, at a quarter of the image's extent. */
export const ourMosaic = (checkpoint: Checkpoint): Ours => ({
  state: checkpoint.tensors,
  append: (graph, x) => runOperations(graph, checkpoint.tensors, operationsOf(checkpoint), x),
});

/** Our maps pad channels to whole vec4s. */
const stored = (channels: number): number => 4 * Math.ceil(channels / 4);

function withPadding(values: Float32Array<ArrayBuffer>, channels: number): Float32Array<ArrayBuffer> {
  if (stored(channels) === channels) return values;
  const padded = new Float32Array((values.length / channels) * stored(channels));
  values.forEach((value, at) => {
    padded[Math.floor(at / channels) * stored(channels) + (at % channels)] = value;
  });
  return padded;
}

function withoutPadding(values: Float32Array, channels: number): Float32Array {
  return stored(channels) === channels ? values : values.filter((_, at) => at % stored(channels) < channels);
}

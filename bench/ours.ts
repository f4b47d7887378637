import { conv } from "../src/kernels/conv.ts";
import type { Learned } from "../src/kernels/filter.ts";
import { Generator } from "../src/models/generator.ts";
import { Device } from "../src/runtime/device.ts";
import { Graph } from "../src/runtime/graph.ts";
import { Plan } from "../src/runtime/plan.ts";
import { Tensor } from "../src/runtime/tensor.ts";
import type { Case } from "./cases.ts";
import type { Contestant, Runner } from "./contest.ts";

/** Ganatomy: `Generator` as its users call it, and `conv` as models do. */
export async function ganatomy(): Promise<Contestant & { readonly software: boolean }> {
  const device = await Device.request({ powerPreference: "high-performance" });
  return {
    name: "ganatomy",
    device: device.gpu,
    software: device.adapter.software,
    prepare: (network) => (network.checkpoint ? generator(device, network) : convolution(device, network)),
  };
}

async function generator(device: Device, network: Case): Promise<Runner> {
  const model = await Generator.load(network.checkpoint!, { device });
  const plan = await model.compile({ batch: network.outputShape[0]! });
  return {
    run: () => plan.run(network.input),
    output: async () => withoutPadding(await plan.image!.read(), network.outputShape.at(-1)!),
    dispose: () => {
      plan.dispose();
      model.dispose();
    },
  };
}

async function convolution(device: Device, network: Case): Promise<Runner> {
  const [layer] = network.layers;
  if (layer?.op !== "conv" || network.layers.length > 1) throw new Error(`${network.name} is no convolution.`);
  const [n = 0, height = 0, width = 0, channels = 0] = network.inputShape;
  const learned = (values: ArrayLike<number>): Learned => ({ sources: [], of: () => values });
  const graph = new Graph(device.target);
  const x = graph.map("x", n, height, width, channels);
  const y = conv(
    graph,
    x,
    {
      label: network.name,
      inChannels: layer.in,
      outChannels: layer.out,
      kernel: layer.kernel,
      weight: learned(layer.weight),
      scale: learned(new Float32Array(layer.out).fill(1)),
      bias: learned(layer.bias),
    },
    { pad: (layer.kernel - 1) / 2, activation: layer.leaky ? "leaky" : "none" },
  );
  const weights = graph.parameters.map(({ value, pack }) => {
    const data = pack([]) as Float32Array<ArrayBuffer>;
    return [value, Tensor.from(device, value.label, value.shape, "f32", data)] as const;
  });
  const plan = await Plan.compile(device, graph, { keep: [y], bind: weights });
  plan.tensor(x).write(network.input);
  return {
    run: () => plan.run(),
    output: async () => withoutPadding(await plan.tensor(y).read(), layer.out),
    dispose: () => {
      plan.dispose();
      for (const [, tensor] of weights) tensor.dispose();
    },
  };
}

/** Our maps pad channels to whole vec4s. */
function withoutPadding(values: Float32Array, channels: number): Float32Array {
  const stored = 4 * Math.ceil(channels / 4);
  return stored === channels ? values : values.filter((_, at) => at % stored < channels);
}

import { type Device, Generator, openCheckpoint, writeSafetensors } from "../../src/index.ts";
import { conv } from "../../src/kernels/conv/conv.ts";
import { filterOf } from "../../src/networks/filters.ts";
import { type Build, networkOf } from "../../src/networks/network.ts";
import { noise } from "../kernels/reference.ts";

/** What z is spread to: 3 × 5 cells of eight channels. */
const [HEIGHT, WIDTH, FIRST, Z] = [3, 5, 8, 6];
/** Channels of layer2 (twice as large), layer3, layer4 (twice as large again). */
const CHANNELS = [8, 8, 6];

function build({ graph, state, input, layer, output }: Build): void {
  const z = input({ name: "z", height: 1, width: 1, channels: Z, draw: "normal" });
  let x = layer("layer1", () => {
    const spread = conv(graph, z(), filterOf(state, "spread"), { activation: "leaky" });
    return graph.view(spread, "layer1", [z().shape[0]!, HEIGHT, WIDTH, FIRST], FIRST);
  });
  CHANNELS.forEach((_, i) => {
    const [name, before] = [`layer${i + 2}`, x];
    x = layer(name, () =>
      conv(graph, before(), filterOf(state, name), { pad: 1, upsample: i !== 1, activation: "leaky" }),
    );
  });
  output("image", "image", () => conv(graph, x(), filterOf(state, "rgb")));
}

/** A network of our own with random weights, whose images are 12 pixels high and 20 wide. */
export async function oblongGenerator(device: Device): Promise<Generator> {
  const shapes: Record<string, readonly number[]> = {
    "spread.weight": [HEIGHT * WIDTH * FIRST, Z, 1, 1],
    "layer2.weight": [CHANNELS[0]!, FIRST, 3, 3],
    "layer3.weight": [CHANNELS[1]!, CHANNELS[0]!, 3, 3],
    "layer4.weight": [CHANNELS[2]!, CHANNELS[1]!, 3, 3],
    "rgb.weight": [3, CHANNELS[2]!, 1, 1],
  };
  const tensors = Object.entries(shapes).map(([name, shape], seed) => {
    const [, ...reach] = shape;
    const scale = Math.sqrt(6 / reach.reduce((product, extent) => product * extent, 1));
    const data = noise(
      seed + 1,
      shape.reduce((product, extent) => product * extent, 1),
    ).map((value) => scale * value);
    return [name, { dtype: "float32", shape, data }] as const;
  });
  const { tensors: state } = await openCheckpoint(writeSafetensors(Object.fromEntries(tensors)));
  return Generator.define(networkOf({ name: "oblong network", build }, state), { device, name: "oblong" });
}

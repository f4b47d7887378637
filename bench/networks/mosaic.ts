import type { Checkpoint } from "../../src/index.ts";
import { LIST_KEY, type OperationList, parseOperations } from "../../src/networks/operation-list.ts";
import { type Network, NetworkBuilder, type Padding, type Value } from "./operations.ts";

/** MOSAIC's list of operations, which its weights' file holds. */
export const operationsOf = ({ metadata }: Checkpoint): OperationList => parseOperations(String(metadata[LIST_KEY]));

/**
 * MOSAIC (Wang and Howard 2021) for the peers, from RGB in [−1, 1] to logits at a quarter of the
 * extent.
 */
export async function mosaic(checkpoint: Checkpoint, extent: number): Promise<Network> {
  const builder = new NetworkBuilder([1, extent, extent, 3]);
  const values = new Map<string, Value>([["input", builder.input]]);
  const value = (name: string): Value => values.get(name)!;
  const { operations } = operationsOf(checkpoint);
  const read = async (key: string) => (await checkpoint.tensors.get(key)!.read()) as Float32Array<ArrayBuffer>;
  for (const step of operations) {
    switch (step.op) {
      case "conv":
      case "depthwise": {
        const { activation = "none" } = step;
        // All of MOSAIC's are the same down and across.
        const [stride, dilation] = [step.stride ?? 1, step.dilation ?? 1] as [number, number];
        const [weight, bias] = [await read(`${step.filter}.weight`), await read(`${step.filter}.bias`)];
        const x = value(step.x);
        const groups = step.op === "depthwise" ? bias.length : 1;
        const pad = same(x, Math.sqrt((weight.length * groups) / (x.shape[3] * bias.length)), { stride, dilation });
        const y = builder.conv(x, {
          weight,
          bias,
          stride,
          dilation,
          groups,
          pad,
          activation: activation === "relu" ? "relu" : "none",
        });
        const add = step.op === "conv" ? step.add : undefined;
        values.set(step.to, add === undefined ? y : builder.add(y, value(add)));
        break;
      }
      case "concat":
        values.set(step.to, builder.concat(step.parts.map(value)));
        break;
      case "slice": {
        const x = value(step.x);
        const { first, channels = x.shape[3] } = step;
        values.set(step.to, builder.split(x, x.shape[3] / channels)[first / channels]!);
        break;
      }
      case "average":
        values.set(step.to, builder.avgpool(value(step.x), step.size as number));
        break;
      case "resize": {
        const [, height, width] = value(step.like).shape;
        const y = builder.resize(value(step.x), height, width, "corner");
        values.set(step.to, step.add === undefined ? y : builder.add(y, value(step.add)));
        break;
      }
      case "maxpool":
        values.set(step.to, builder.maxpool(value(step.x)));
    }
  }
  return builder.network(value(operations.at(-1)!.to));
}

/**
 * TensorFlow's SAME: as many zeros as keep ⌈extent / stride⌉ outputs, the odd one at the bottom or
 * right.
 */
function same(
  { shape: [, height, width] }: Value,
  kernel: number,
  conv: { stride: number; dilation: number },
): Padding {
  const zeros = (extent: number): number => {
    const outputs = Math.ceil(extent / conv.stride);
    return Math.max(0, (outputs - 1) * conv.stride + (kernel - 1) * conv.dilation + 1 - extent);
  };
  const [vertical, horizontal] = [zeros(height), zeros(width)];
  const [top, left] = [Math.floor(vertical / 2), Math.floor(horizontal / 2)];
  return [top, left, vertical - top, horizontal - left];
}

import { decodeFloat16 } from "../../src/weights/float16.ts";
import { type Activation, type Network, NetworkBuilder, type Padding, type Value } from "./operations.ts";

/** An operation of the file, in which batch norms are folded into convolutions and everything has a name. */
export type Step =
  | {
      readonly op: "conv";
      readonly name: string;
      readonly input: string;
      /** Tensors' names; the weight is [out][in / groups][k][k]. */
      readonly weight: string;
      readonly bias: string;
      readonly stride: number;
      readonly dilation: number;
      readonly groups: number;
    }
  | { readonly op: "relu" | "argmax"; readonly name: string; readonly input: string }
  | { readonly op: "add" | "concat"; readonly name: string; readonly inputs: readonly string[] }
  | { readonly op: "split"; readonly names: readonly string[]; readonly input: string }
  | { readonly op: "avg_pool"; readonly name: string; readonly input: string; readonly k: number }
  | { readonly op: "resize_bilinear"; readonly name: string; readonly input: string; readonly size: [number, number] };

/** MOSAIC as a list of operations, with its tensors by name. */
export interface MosaicFile {
  readonly operations: readonly Step[];
  readonly tensors: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
}

/** MOSAIC (Wang and Howard 2021), from RGB in [−1, 1] to logits at a quarter of the extent. */
export function mosaic({ operations, tensors }: MosaicFile, extent: number): Network {
  const builder = new NetworkBuilder([1, extent, extent, 3]);
  const values = new Map<string, Value>([["input", builder.input]]);
  const value = (name: string): Value => values.get(name)!;
  // The file is written for 512 pixels.
  const scaled = (size: number): number => (size * extent) / 512;
  const rectified = new Map(operations.flatMap((step) => (step.op === "relu" ? [[step.input, step.name]] : [])));
  for (const step of withoutReadout(operations)) {
    switch (step.op) {
      case "conv": {
        const relu = rectified.get(step.name);
        const activation: Activation = relu ? "relu" : "none";
        const [weight, bias] = [tensors.get(step.weight)!, tensors.get(step.bias)!];
        const x = value(step.input);
        const pad = same(x, Math.sqrt((weight.length * step.groups) / (x.shape[3] * bias.length)), step);
        const { stride, dilation, groups } = step;
        values.set(relu ?? step.name, builder.conv(x, { weight, bias, stride, dilation, groups, pad, activation }));
        break;
      }
      case "add":
        values.set(step.name, builder.add(value(step.inputs[0]!), value(step.inputs[1]!)));
        break;
      case "concat":
        values.set(step.name, builder.concat(step.inputs.map(value)));
        break;
      case "split": {
        const parts = builder.split(value(step.input), step.names.length);
        for (const [i, name] of step.names.entries()) values.set(name, parts[i]!);
        break;
      }
      case "avg_pool":
        values.set(step.name, builder.avgpool(value(step.input), step.k));
        break;
      case "resize_bilinear": {
        const [height, width] = step.size;
        values.set(step.name, builder.resize(value(step.input), scaled(height), scaled(width), "corner"));
      }
    }
  }
  return builder.network([...values.values()].at(-1)!);
}

/** Everything but the last resize and argmax, which is how labels are read off the logits. */
const withoutReadout = (operations: readonly Step[]): readonly Step[] => operations.slice(0, -2);

/** TensorFlow's SAME: as many zeros as keep ⌈extent / stride⌉ outputs, the odd one at the bottom or right. */
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

/** The published description: graph.json beside its weights in little-endian float16. */
export interface MosaicGraph {
  readonly ops: readonly Step[];
  readonly tensors: Readonly<Record<string, { readonly offset: number; readonly bytes: number }>>;
}

/** Reads the published description. */
export function readMosaic(graph: MosaicGraph, weights: ArrayBuffer): MosaicFile {
  const tensors = new Map(
    Object.entries(graph.tensors).map(([name, { offset, bytes }]) => [
      name,
      decodeFloat16(new Uint16Array(weights, offset, bytes / 2)),
    ]),
  );
  return { operations: graph.ops, tensors };
}

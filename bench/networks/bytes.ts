import type { Network, Operation, Value } from "./operations.ts";

/** Every map, weight and label is of four-byte elements. */
const BYTES = 4;

/**
 * The least bytes that the operations can move, each of them keeping nothing from another: weights
 * and inputs once in, outputs once out. What a library can do on the way in or out of its neighbour
 * costs nothing: normalisation, ×2 upsampling, splitting, concatenating; of an addition only the
 * other summand is read. On the way back the same maps' gradients move, and the weights again.
 */
export function leastBytes({ operations, gradient }: Network): number {
  const free = new Map<Value, readonly Value[]>();
  /** The maps that are read where this one is wanted. */
  const sources = (value: Value): readonly Value[] => free.get(value)?.flatMap(sources) ?? [value];
  let bytes = 0;
  for (const operation of operations) {
    const { inputs, outputs } = operation;
    if (["pixelnorm", "upsample", "split", "concat"].includes(operation.op)) {
      // A part is a map of its own: what reads it does not read the others.
      if (operation.op !== "split") for (const output of outputs) free.set(output, inputs);
      continue;
    }
    const moved = operation.op === "add" ? inputs.slice(1) : [...inputs.flatMap(sources), ...outputs];
    bytes += BYTES * (weightsOf(operation) + moved.reduce((sum, { shape }) => sum + elements(shape), 0));
  }
  return gradient ? 2 * bytes : bytes;
}

function weightsOf(operation: Operation): number {
  switch (operation.op) {
    case "conv":
    case "dense":
      return operation.weight.length + operation.bias.length;
    case "linear":
      return operation.weight.length + operation.bias.length;
    case "styled":
    case "torgb": {
      const { weight, bias, style } = operation;
      const noise = operation.op === "styled" ? operation.noise.length : 0;
      return weight.length + bias.length + style.weight.length + style.bias.length + noise;
    }
    case "matrixpool":
      return operation.matrix.length;
    case "count":
      return operation.levels.length + operation.labels.length;
    case "edit":
      return operation.features.length;
    default:
      return 0;
  }
}

const elements = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

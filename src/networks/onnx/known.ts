import { WeightsError } from "../../errors.ts";
import { decodeBfloat16, decodeFloat16, encodeBfloat16, encodeFloat16 } from "../../weights/float16.ts";
import type { ReadOptions } from "../../weights/source.ts";
import type { OnnxTensor } from "./tensor.ts";

// Tests: test/networks/onnx/fold.test.ts

/** A value that is known before the network runs: a weight, a shape, or computed from such. */
export interface Known {
  readonly shape: readonly number[];
  /** ONNX's number of its element type. */
  readonly type: number;
  /** The weight of the file that it is, unchanged. */
  readonly tensor?: OnnxTensor;
  /** Values that are computed on the way to it. */
  readonly depth: number;
  /** Row-major. Large ones are computed again each time. */
  numbers(options?: ReadOptions): Promise<Float64Array>;
}

/** ONNX's numbers of the element types that are made here. */
export const FLOAT = 1;
export const INT64 = 7;
export const BOOL = 9;

/** Numbers of these types have no fractions. */
const WHOLE = new Set([2, 3, 4, 5, 6, 7, 12, 13]);
export const isWhole = (type: number): boolean => WHOLE.has(type);

/** Elements up to which results are kept: more than shapes have, less than weights. */
const SMALL = 2 ** 16;
/**
 * Elements that may be read and made in all, and for each byte of the file: a few bytes can ask for
 * any number, and 8-bit weights take three steps, each time that they are loaded.
 */
const MOST = 2 ** 24;
const MOST_EACH = 32;
const DEEPEST = 1000;

const tooMuch = (what: string): WeightsError =>
  new WeightsError(
    "weights-format",
    `The constants of this ONNX file take more than ${what} to compute.`,
    "Simplify it before (onnxsim), or export it with constants folded.",
  );

/**
 * How many elements may still be read and made to compute a file's constants; shared by all of its
 * values.
 */
export class Budget {
  readonly #most: number;
  #left: number;

  /** @param size The file's, in bytes. */
  constructor(size: number) {
    this.#most = MOST + MOST_EACH * size;
    this.#left = this.#most;
  }

  spend(elements: number): void {
    this.#left -= elements;
    if (this.#left < 0) throw tooMuch(`${this.#most} elements`);
  }
}

const count = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

/** A weight of the file, whose numbers are read anew each time. */
export const ofTensor = (tensor: OnnxTensor, budget: Budget): Known => ({
  shape: tensor.shape,
  type: tensor.type,
  tensor,
  depth: 0,
  numbers: async (options) => {
    budget.spend(count(tensor.shape));
    return tensor.numbers(options);
  },
});

/** Given numbers. */
export const literal = (values: ArrayLike<number>, shape: readonly number[], type: number): Known => {
  const numbers = rounded(Float64Array.from(values), type);
  return { shape, type, depth: 0, numbers: async () => numbers };
};

/** Whole numbers, as shapes are given. */
export const integers = (values: readonly number[]): Known => literal(values, [values.length], INT64);

/**
 * What `compute` makes of the inputs' numbers: now if it is small, else whenever somebody asks.
 * @throws WeightsError when the file asks for too much of it.
 */
export async function computed(
  budget: Budget,
  shape: readonly number[],
  type: number,
  inputs: readonly Known[],
  compute: (values: readonly Float64Array[]) => Float64Array,
): Promise<Known> {
  const size = count(shape);
  const depth = 1 + inputs.reduce((most, input) => Math.max(most, input.depth), 0);
  if (depth > DEEPEST) throw tooMuch(`${DEEPEST} steps`);
  const numbers = async (options?: ReadOptions): Promise<Float64Array> => {
    // A reduction makes little of much.
    budget.spend(inputs.reduce((sum, input) => sum + count(input.shape), Math.max(1, size)));
    const values: Float64Array[] = [];
    for (const input of inputs) values.push(await input.numbers(options));
    return rounded(compute(values), type);
  };
  return size <= SMALL ? literal(await numbers(), shape, type) : { shape, type, depth, numbers };
}

/**
 * Numbers as their type holds them: floats are rounded, whole numbers are cut off and wrap around.
 */
export function rounded(values: Float64Array, type: number): Float64Array {
  switch (type) {
    case FLOAT:
      return Float64Array.from(Float32Array.from(values));
    case 2:
      return Float64Array.from(Uint8Array.from(values));
    case 3:
      return Float64Array.from(Int8Array.from(values));
    case 4:
      return Float64Array.from(Uint16Array.from(values));
    case 5:
      return Float64Array.from(Int16Array.from(values));
    case 6:
      return Float64Array.from(Int32Array.from(values));
    case 12:
      return Float64Array.from(Uint32Array.from(values));
    case INT64:
    case 13:
      return values.map(Math.trunc);
    case BOOL:
      return values.map((value) => (value === 0 ? 0 : 1));
    case 10:
      return Float64Array.from(decodeFloat16(encodeFloat16(Float32Array.from(values))));
    case 16:
      return Float64Array.from(decodeBfloat16(encodeBfloat16(Float32Array.from(values))));
    default:
      return values;
  }
}

import { ShapeError } from "../../errors.ts";
import { elements, type Graph, type OperationKind, type Value } from "../../runtime/graph.ts";
import binaryKernel from "../generated/binary.wgsl.ts";
import { lanes } from "../lanes.ts";

// Tests: test/kernels/maps/arithmetic.test.ts

/** Functions of two numbers, and the kernels' constant FN. */
export const BINARY_FUNCTIONS = {
  add: 1,
  sub: 2,
  mul: 3,
  div: 4,
  pow: 5,
  min: 6,
  max: 7,
  /** The second times the first where that is below 0. */
  prelu: 8,
} as const;
export type BinaryFunction = keyof typeof BINARY_FUNCTIONS;

/** FN where the number comes first. */
const NUMBER_FIRST: Readonly<Partial<Record<BinaryFunction, number>>> = { sub: 9, div: 10, pow: 11 };

export interface Binary {
  readonly fn: BinaryFunction;
  /** The second operand where it is a number. */
  readonly value: number | undefined;
  /** A number comes first: value − x, value / x, value to the power of x. */
  readonly reversed: boolean;
}

/** A function of its two inputs, or of its one and a number. */
export const BINARY: OperationKind<Binary> = { name: "binary" };

/** The constants of the kernels for these operands. */
export function binaryChoices({ fn, value, reversed }: Binary, a: Value, b: Value, y: Value) {
  return {
    FN: (reversed ? NUMBER_FIRST[fn] : undefined) ?? BINARY_FUNCTIONS[fn],
    SCALAR: value !== undefined,
    SPLAT_A: a.channels === 1 && y.channels > 1,
    SPLAT_B: b.channels === 1 && y.channels > 1,
  };
}

/**
 * vec4s from one image, row, column and vector of the result to the next; 0 where x has one of
 * them.
 */
function stepsOf(x: Value) {
  const [n = 1, height = 1, width = 1, stored = 4] = x.shape;
  const vectors = stored / 4;
  const step = (extent: number, size: number): number => (extent === 1 ? 0 : size);
  return {
    image: step(n, height * width * vectors),
    row: step(height, width * vectors),
    column: step(width, vectors),
    vector: step(x.channels, 1),
  };
}

/** What the kernels are told of these operands. */
export function binaryParams({ value = 0 }: Binary, a: Value, b: Value, y: Value) {
  const [, height = 1, width = 1, stored = 4] = y.shape;
  const [of, by] = [stepsOf(a), stepsOf(b)];
  return {
    ...{ height, width, vectors: stored / 4, channels: y.channels },
    ...{ aImage: of.image, aRow: of.row, aColumn: of.column, aVector: of.vector },
    ...{ bImage: by.image, bRow: by.row, bColumn: by.column, bVector: by.vector },
    ...{ total: elements(y.shape) / 4, value },
  };
}

/**
 * y = fn(a, b), element by element. Where a or b has one image, row, column or channel, it is that
 * of all.
 * @throws ShapeError when other extents differ.
 */
export function binary(graph: Graph, fn: BinaryFunction, a: Value, b: Value | number, reversed = false): Value {
  const [first, second] = typeof b === "number" || !reversed ? [a, b] : [b, a];
  const value = typeof second === "number" ? second : undefined;
  const other = typeof second === "number" ? first : second;
  const [n, height, width, channels] = [0, 1, 2, 3].map((axis) => {
    const extent = (x: Value): number => (axis === 3 ? x.channels : (x.shape[axis] ?? 1));
    const [one, two] = [extent(first), extent(other)];
    if (one === two || one === 1 || two === 1) return Math.max(one, two);
    throw new ShapeError(
      `Cannot ${fn} "${first.label}" [${first.shape}] and "${other.label}" [${other.shape}].`,
      "Give maps of the same extents, or of 1.",
    );
  }) as [number, number, number, number];
  const y = graph.map(`${first.label}.${fn}`, n, height, width, channels);
  const attributes = { fn, value, reversed: value !== undefined && reversed };
  const params = binaryParams(attributes, first, other, y);
  graph.step(binaryKernel, { a: first, b: other, y }, params, lanes(params.total), {
    choices: binaryChoices(attributes, first, other, y),
  });
  graph.record(BINARY, value === undefined ? [first, other] : [first], y, attributes);
  return y;
}

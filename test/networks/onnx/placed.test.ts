import { expect, test } from "vitest";
import { count, transposed } from "../../../src/networks/onnx/arrays.ts";
import {
  channelsOf,
  type Extents,
  extentsOf,
  type Groups,
  groupsOf,
  LETTERS,
  moves,
  naturalExtents,
  type Placed,
  reshapedOrder,
  wideAxes,
} from "../../../src/networks/onnx/placed.ts";
import { random } from "../../kernels/reference.ts";

const placed = (shape: readonly number[], order = wideAxes(shape), extents = naturalExtents(shape)): Placed => ({
  result: "x",
  shape,
  type: 1,
  order,
  extents,
});

/** Numbers 0, 1, … of a value as they lie in memory. */
function lying({ shape, order }: Placed): Float64Array {
  const narrow = [...shape.keys()].filter((axis) => shape[axis] === 1);
  return transposed(
    Float64Array.from({ length: count(shape) }, (_, i) => i),
    shape,
    [...order, ...narrow],
  );
}

/** Any order of these. */
function shuffled<T>(items: readonly T[], next: () => number): T[] {
  const left = [...items];
  return items.map(() => left.splice(Math.floor(next() * left.length), 1)[0]!);
}

test.each([
  [
    [1, 3, 4, 5],
    [3, 4, 5],
  ],
  [
    [1, 7],
    [7, 1, 1],
  ],
  [[7], [7, 1, 1]],
  [[], [1, 1, 1]],
  [
    [1, 1, 7],
    [1, 1, 7],
  ],
  [
    [1, 6, 7],
    [6, 1, 7],
  ],
  [
    [2, 3],
    [2, 1, 3],
  ],
  [
    [2, 3, 4, 5, 6],
    [24, 5, 6],
  ],
])("[%s] lies as [%s]", (shape, extents) => {
  expect(naturalExtents(shape)).toEqual(extents);
});

test("channels are known where rows and columns are cut across", () => {
  const tokens = placed([1, 96, 8], [2, 1], [8, 8, 12]);
  expect([channelsOf(tokens), groupsOf(tokens)]).toEqual([[2], undefined]);
  expect(channelsOf(placed([1, 8, 8, 12]))).toEqual([1]);
  expect(channelsOf(placed([1, 1, 8, 12]))).toEqual([]);
  expect(channelsOf(placed([1, 96, 8], [1, 2], [12, 8, 8]))).toBe(undefined);
});

test("moves bring any axes into any groups", () => {
  const next = random(1);
  let turns = 0;
  for (let i = 0; i < 400; i += 1) {
    const shape = Array.from({ length: 1 + Math.floor(next() * 6) }, () => 1 + Math.floor(next() * 4));
    const x = placed(shape, shuffled(wideAxes(shape), next), [count(shape), 1, 1]);
    const target = shuffled(x.order, next);
    const cuts = [next(), next()].map((part) => Math.round(part * target.length)).sort();
    const groups: Groups = [target.slice(0, cuts[0]), target.slice(cuts[0], cuts[1]), target.slice(cuts[1])];
    let memory = lying(x);
    let extents: Extents = x.extents;
    for (const move of moves(x, groups)) {
      if ("shape" in move) {
        expect(count(move.shape)).toBe(count(extents));
        extents = move.shape;
      } else {
        turns += 1;
        const axes = [...move.order].map((letter) => LETTERS.indexOf(letter as "c"));
        memory = transposed(memory, extents, axes);
        extents = axes.map((axis) => extents[axis]!) as unknown as Extents;
      }
    }
    expect(extents).toEqual(extentsOf(shape, groups));
    expect([...memory]).toEqual([...lying({ ...x, order: target })]);
  }
  expect(turns).toBeGreaterThan(100);
});

test("what lies as it should is not moved, and what has to be turned is turned once", () => {
  expect(moves(placed([1, 3, 4, 5]), [[1], [2], [3]])).toEqual([]);
  expect(moves(placed([1, 3, 4, 5]), [[1], [], [2, 3]])).toEqual([{ shape: [3, 1, 20] }]);
  expect(moves(placed([1, 3, 4, 5]), [[2], [3], [1]])).toEqual([
    { shape: [1, 3, 20] },
    { order: "cwh" },
    { shape: [4, 5, 3] },
  ]);
  expect(moves(placed([1, 3, 4, 5]), [[3], [2], [1]])).toEqual([{ order: "whc" }]);
});

test("a view of another shape is the same numbers in the same memory, wherever there is one", () => {
  const next = random(2);
  let [views, copies] = [0, 0];
  for (let i = 0; i < 2000; i += 1) {
    const factors = Array.from({ length: 4 }, () => 1 + Math.floor(next() * 3));
    const grouped = (): number[] => {
      const shape: number[] = [];
      for (const factor of factors) {
        if (shape.length > 0 && next() < 0.4) shape.push(shape.pop()! * factor);
        else shape.push(factor);
        if (next() < 0.1) shape.push(1);
      }
      return shape;
    };
    const shape = grouped();
    const to = next() < 0.2 ? shape.toReversed() : grouped();
    const x = placed(shape, shuffled(wideAxes(shape), next));
    const order = reshapedOrder(x, to);
    if (!order) {
      copies += 1;
      continue;
    }
    views += 1;
    expect([...order].sort()).toEqual(wideAxes(to));
    expect([...lying({ ...x, shape: to, order })]).toEqual([...lying(x)]);
  }
  expect(views).toBeGreaterThan(500);
  expect(copies).toBeGreaterThan(100);
  // Tokens into heads and back, and pixels into tokens, are views; across axes there is none.
  expect(reshapedOrder(placed([1, 96, 8], [2, 1]), [1, 96, 2, 4])).toEqual([2, 3, 1]);
  expect(reshapedOrder(placed([1, 8, 8, 12]), [1, 8, 96])).toEqual([1, 2]);
  expect(reshapedOrder(placed([2, 3]), [3, 2])).toEqual([0, 1]);
  expect(reshapedOrder(placed([2, 3], [1, 0]), [6])).toBe(undefined);
});

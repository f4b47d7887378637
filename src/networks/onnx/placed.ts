import { count } from "./arrays.ts";

// Tests: test/networks/onnx/placed.test.ts

/** Channels, rows, columns of a list's result for one image. */
export type Extents = readonly [channels: number, rows: number, columns: number];

/** The letters by which a list names those axes. */
export const LETTERS = ["c", "h", "w"] as const;

/** Axes of an ONNX value that together are channels, rows and columns, outer before inner. */
export type Groups = readonly [channels: readonly number[], rows: readonly number[], columns: readonly number[]];

/**
 * Where an ONNX value for one image lies in a result of the list: row by row, channel by channel,
 * the result is the value with its axes in another order. So transposing and most reshaping is
 * bookkeeping.
 */
export interface Placed {
  /** The list's result. */
  readonly result: string;
  /** Of the ONNX value. */
  readonly shape: readonly number[];
  readonly type: number;
  /** Its axes of more than one element, in the order in which they lie. */
  readonly order: readonly number[];
  readonly extents: Extents;
}

const isWide = (shape: readonly number[]) => (axis: number) => shape[axis] !== 1;

/** The axes of more than one element. */
export const wideAxes = (shape: readonly number[]): number[] => [...shape.keys()].filter(isWide(shape));

/** How a value lies in memory whose axes are in their own order: [1, C, H, W] as C, H, W. */
export function naturalExtents(shape: readonly number[]): Extents {
  const wide = wideAxes(shape);
  if (wide.length <= 1 && shape.length <= 2) return [count(shape), 1, 1];
  const [rows = 1, columns = 1] = shape.length > 3 ? shape.slice(-2) : [1, shape.at(-1)];
  return [count(shape) / (rows * columns), rows, columns];
}

/** Which axes are the channels, rows and columns; undefined where one is cut across. */
export function groupsOf({ shape, order, extents }: Placed): Groups | undefined {
  const left = [...order];
  const groups = extents.map((extent) => {
    const group: number[] = [];
    let size = 1;
    while (size < extent && left.length > 0) {
      size *= shape[left[0]!]!;
      group.push(left.shift()!);
    }
    return size === extent ? group : undefined;
  });
  return left.length === 0 && groups.every((group) => group !== undefined) ? (groups as unknown as Groups) : undefined;
}

/**
 * The axes that are the channels, whatever rows and columns are; undefined where one is cut across.
 */
export function channelsOf({ shape, order, extents: [channels] }: Placed): readonly number[] | undefined {
  let size = 1;
  const count = order.findIndex((axis) => {
    if (size >= channels) return true;
    size *= shape[axis]!;
    return false;
  });
  return size === channels ? order.slice(0, count < 0 ? order.length : count) : undefined;
}

export const extentsOf = (shape: readonly number[], groups: Groups): Extents =>
  groups.map((group) => count(group.map((axis) => shape[axis]!))) as unknown as Extents;

/**
 * One step towards another arrangement: a view by row-major extents, or letters in another order.
 */
export type Move = { readonly shape: Extents } | { readonly order: string };

/**
 * What brings a value's axes into these groups: at best nothing, at most one transposition for each
 * run of axes that stay together.
 */
export function moves(x: Placed, groups: Groups, last = extentsOf(x.shape, groups)): readonly Move[] {
  const made: Move[] = [];
  let extents = x.extents;
  const see = (shape: Extents): void => {
    if (shape.join() !== extents.join()) made.push({ shape });
    extents = shape;
  };
  const turn = (order: string): void => {
    made.push({ order });
    extents = [...order].map((letter) => extents[LETTERS.indexOf(letter as "c")]!) as unknown as Extents;
  };
  const wide = isWide(x.shape);
  const target = groups.flat().filter(wide);
  let runs = runsOf(x.order, target);
  const size = (some: readonly (readonly number[])[]): number => count(some.flat().map((axis) => x.shape[axis]!));
  if (runs.length === 3) {
    see([size([runs[0]!]), size([runs[1]!]), size([runs[2]!])]);
    const from = runs.map(([axis]) => axis!);
    const to = [...from].sort((a, b) => target.indexOf(a) - target.indexOf(b));
    turn(to.map((axis) => LETTERS[from.indexOf(axis)]!).join(""));
  } else if (runs.length > 1) {
    // Each run in its turn goes to the end.
    const inOrder = [...runs].sort((a, b) => target.indexOf(a[0]!) - target.indexOf(b[0]!));
    for (const run of inOrder) {
      const at = runs.indexOf(run);
      const [before, after] = [runs.slice(0, at), runs.slice(at + 1)];
      runs = [...before, ...after, run];
      if (after.length === 0) continue;
      see([size(before), size([run]), size(after)]);
      turn("cwh");
      if (runs.every((one, i) => one === inOrder[i])) break;
    }
  }
  see(last);
  return made;
}

/** Axes that follow each other in both orders, together. */
function runsOf(order: readonly number[], target: readonly number[]): readonly (readonly number[])[] {
  const runs: number[][] = [];
  for (const axis of order) {
    const last = runs.at(-1);
    if (last && target.indexOf(axis) === target.indexOf(last.at(-1)!) + 1) last.push(axis);
    else runs.push([axis]);
  }
  return runs;
}

/**
 * How the same memory is a value of another shape with as many elements; undefined where axes would
 * have to be moved before.
 */
export function reshapedOrder({ shape, order }: Placed, to: readonly number[]): readonly number[] | undefined {
  const total = count(shape);
  if (order.every((axis, i) => i === 0 || order[i - 1]! < axis)) return wideAxes(to);
  // Sizes of what lies inside each axis, outermost first: where both shapes can be cut.
  const cuts = (extents: readonly number[]): number[] => {
    let inside = total;
    return extents.map((extent) => (inside /= extent));
  };
  const [from, into] = [cuts(shape), cuts(to)];
  const all = [...new Set([...from, ...into])].sort((a, b) => b - a);
  let outer = total;
  for (const cut of all) {
    if (outer % cut !== 0) return undefined;
    outer = cut;
  }
  // The pieces of an axis, by their place in `all`.
  const pieces = (extents: readonly number[], inside: readonly number[], axis: number): number[] =>
    [...all.keys()].filter((piece) => {
      const cut = all[piece]!;
      return cut >= inside[axis]! && cut < inside[axis]! * extents[axis]!;
    });
  const lying = order.flatMap((axis) => pieces(shape, from, axis));
  const made: number[] = [];
  for (let at = 0; at < lying.length; ) {
    const axis = wideAxes(to).find((candidate) => pieces(to, into, candidate)[0] === lying[at]);
    if (axis === undefined) return undefined;
    const wanted = pieces(to, into, axis);
    if (wanted.some((piece, i) => lying[at + i] !== piece)) return undefined;
    made.push(axis);
    at += wanted.length;
  }
  return made;
}

import { type Arithmetic, arithmetic, TILE } from "./arithmetic.ts";
import type { Turns } from "./turns.ts";

/** Columns, and rows, that are packed at a time: 256 KiB, which stay in a cache. */
const COLUMNS = 256;
const ROWS = 128;

/** Columns of numbers in memory, of which sums over rows are formed. */
export interface Columns {
  readonly data: Float64Array | Float32Array;
  /** Numbers that are added up, … */
  readonly rows: number;
  /** … and how many columns of them. */
  readonly count: number;
  /** From a number to the one below it, … */
  readonly down: number;
  /** … and to the one beside it. */
  readonly across: number;
  /** Place of the first; 0 unless given. */
  readonly first?: number;
  /** What is taken off every number of a column. */
  readonly mean?: Float64Array;
}

/** The columns of a matrix [rows, columns]. */
export const columnsOf = (data: Columns["data"], rows: number, columns: number): Columns => ({
  data,
  rows,
  count: columns,
  down: columns,
  across: 1,
});

/** The rows of a matrix [rows, columns], as columns. */
export const rowsOf = (data: Columns["data"], rows: number, columns: number): Columns => ({
  data,
  rows: columns,
  count: rows,
  down: 1,
  across: columns,
});

/** A block of products: those of columns i…i + height − 1 with j…j + width − 1. */
export interface Block {
  readonly i: number;
  readonly j: number;
  readonly height: number;
  readonly width: number;
  /** The product of columns i + row and j + column. */
  at(row: number, column: number): number;
}

export interface BlocksOptions {
  /** Only blocks that have something on the diagonal or below it. */
  readonly lower?: boolean;
  /** The first row that is not zero in both columns i or later and j or later. */
  readonly from?: (i: number, j: number) => number;
}

/** Where blocks are formed that nobody is forming now: engines reserve gigabytes for each. */
const idle: Arithmetic[] = [];

/**
 * Xᵀ · Y, [columns of X, columns of Y], in double precision, block by block, with turns for others
 * between. A block is good until the next one is asked for.
 */
export async function* blocks(
  x: Columns,
  y: Columns,
  turns: Turns,
  { lower = false, from }: BlocksOptions = {},
): AsyncGenerator<Block> {
  const place = idle.pop() ?? arithmetic(2 * COLUMNS * ROWS + COLUMNS * COLUMNS);
  try {
    for (let i = 0; i < x.count; i += COLUMNS) {
      const height = Math.min(COLUMNS, x.count - i);
      for (let j = 0; j < (lower ? i + 1 : y.count); j += COLUMNS) {
        const width = Math.min(COLUMNS, y.count - j);
        yield await blockAt(place, [x, y], { i, j, height, width }, from?.(i, j) ?? 0, turns);
      }
    }
  } finally {
    idle.push(place);
  }
}

async function blockAt(
  { memory, tiles }: Arithmetic,
  [x, y]: readonly [Columns, Columns],
  where: Omit<Block, "at">,
  from: number,
  turns: Turns,
): Promise<Block> {
  const [a, b, c] = [0, COLUMNS * ROWS, 2 * COLUMNS * ROWS];
  const { i, j, height, width } = where;
  const [tall, wide] = [Math.ceil(height / TILE), Math.ceil(width / TILE)];
  memory.fill(0, c, c + tall * wide * TILE ** 2);
  for (let row = from; row < x.rows; row += ROWS) {
    const depth = Math.min(ROWS, x.rows - row);
    pack(memory, a, x, i, height, row, depth);
    pack(memory, b, y, j, width, row, depth);
    for (let t = 0; t < tall; t += 1) tiles(a + t * TILE * depth, b, wide, depth, c + t * wide * TILE ** 2);
    await turns();
  }
  const at = (row: number, column: number): number =>
    memory[c + ((row >> 2) * wide + (column >> 2)) * TILE ** 2 + (row & 3) * TILE + (column & 3)]!;
  return { ...where, at };
}

/**
 * Brings columns into panels of four, [panels, depth, 4]. What is beside the last column stays: its
 * products are nobody's.
 */
function pack(
  memory: Float64Array,
  to: number,
  { data, down, across, first = 0, mean }: Columns,
  column: number,
  count: number,
  row: number,
  depth: number,
): void {
  // A panel at a time: its four columns lie side by side, where they are a matrix's columns.
  for (let c = 0; c < count; c += TILE) {
    const means = [0, 1, 2, 3].map((i) => mean?.[column + c + i] ?? 0) as [number, number, number, number];
    const [s0, s1, s2, s3] = means;
    const left = count - c;
    let place = to + c * depth;
    let from = first + row * down + (column + c) * across;
    for (let k = 0; k < depth; k += 1, place += TILE, from += down) {
      if (left < TILE) {
        for (let i = 0; i < left; i += 1) memory[place + i] = data[from + i * across]! - means[i]!;
        continue;
      }
      memory[place] = data[from]! - s0;
      memory[place + 1] = data[from + across]! - s1;
      memory[place + 2] = data[from + 2 * across]! - s2;
      memory[place + 3] = data[from + 3 * across]! - s3;
    }
  }
}

/** Xᵀ · Y as a matrix, [columns of X, columns of Y]. */
export async function product(
  x: Columns,
  y: Columns,
  turns: Turns,
  options: BlocksOptions = {},
): Promise<Float64Array> {
  const result = new Float64Array(x.count * y.count);
  for await (const { i, j, height, width, at } of blocks(x, y, turns, options)) {
    for (let r = 0; r < height; r += 1) {
      const to = (i + r) * y.count + j;
      for (let c = 0; c < width; c += 1) result[to + c] = at(r, c);
    }
  }
  return result;
}

/** Xᵀ · X, of which half is computed. */
export async function square(x: Columns, turns: Turns): Promise<Float64Array> {
  const result = await product(x, x, turns, { lower: true });
  mirror(result, x.count);
  return result;
}

/** Copies what is below the diagonal of a matrix [n, n] above it. */
export function mirror(matrix: Float64Array, n: number): void {
  // In squares of a few lines each: one of the two is walked down its columns.
  const edge = 32;
  for (let top = 0; top < n; top += edge) {
    for (let left = 0; left <= top; left += edge) {
      for (let r = top; r < Math.min(n, top + edge); r += 1) {
        for (let c = left; c < Math.min(r, left + edge); c += 1) matrix[c * n + r] = matrix[r * n + c]!;
      }
    }
  }
}

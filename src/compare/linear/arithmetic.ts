import {
  type Assembled,
  add,
  get,
  integer,
  load,
  loadTwice,
  moduleOf,
  multiply,
  plus,
  set,
  store,
  storeSum,
  times,
  zeros,
} from "./assembler.ts";

/** Rows and columns of the tiles in which products are formed. */
export const TILE = 4;
const DOUBLE = 8;
const PAGE = 65_536;

/** The two loops in which all time goes, over doubles in one memory; places are in doubles. */
export interface Arithmetic {
  readonly memory: Float64Array;
  /**
   * Adds to `count` tiles [4, 4] from `c` on the sums over k of a[k, i] · b[k, j]: of one panel `a`
   * [depth, 4] with each of `count` panels `b`. `depth` is at least 1.
   */
  tiles(a: number, b: number, count: number, depth: number, c: number): void;
  /**
   * Of four rows of a symmetric matrix from `a` on, `stride` apart: writes their products with `v`
   * [2 · pairs] to `sums` [4], and adds x[0…3] · rows to `w` [2 · pairs]. `pairs` is at least 1.
   */
  rows(a: number, stride: number, pairs: number, v: number, w: number, x: number, sums: number): void;
}

/** tiles(a, b, count, depth, c), addresses in bytes. */
function assembledTiles(): Assembled {
  const [A, B, COUNT, DEPTH, C, STEP, LEFT, B0, B1, FACTOR, SUMS] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  const places = [...new Array(2 * TILE).keys()];
  const bytes = TILE * DOUBLE;
  return {
    name: "tiles",
    parameters: 5,
    integers: 2,
    vectors: 3 + places.length,
    code: times(COUNT, [
      places.map((i) => set(SUMS + i, load(get(C), 2 * DOUBLE * i))),
      set(STEP, get(A)),
      set(LEFT, get(DEPTH)),
      times(LEFT, [
        set(B0, load(get(B), 0)),
        set(B1, load(get(B), 2 * DOUBLE)),
        // Each of a's numbers is loaded once for both halves of b: engines would load it twice, and
        // loads were what took the time.
        [...new Array(TILE).keys()].map((row) => [
          set(FACTOR, loadTwice(get(STEP), DOUBLE * row)),
          [B0, B1].map((b, half) => {
            const total = SUMS + 2 * row + half;
            return set(total, add(get(total), multiply(get(FACTOR), get(b))));
          }),
        ]),
        set(STEP, plus(get(STEP), integer(bytes))),
        set(B, plus(get(B), integer(bytes))),
      ]),
      places.map((i) => store(get(C), 2 * DOUBLE * i, get(SUMS + i))),
      set(C, plus(get(C), integer(TILE * bytes))),
    ]),
  };
}

/** rows(a, stride, pairs, v, w, x, sums), addresses and the stride in bytes. */
function assembledRows(): Assembled {
  const [A, STRIDE, PAIRS, V, W, X, SUMS] = [0, 1, 2, 3, 4, 5, 6];
  const [SECOND, THIRD, FOURTH, HERE, ADDED, ROW, FACTORS, TOTALS] = [7, 8, 9, 10, 11, 12, 13, 17];
  const rows = [A, SECOND, THIRD, FOURTH];
  const bytes = 2 * DOUBLE;
  const beyond = (local: number) => set(local, plus(get(local), integer(bytes)));
  return {
    name: "rows",
    parameters: 7,
    integers: 3,
    vectors: 11,
    code: [
      rows.slice(1).map((row, i) => set(row, plus(get(rows[i]!), get(STRIDE)))),
      rows.map((_, i) => [set(FACTORS + i, loadTwice(get(X), DOUBLE * i)), set(TOTALS + i, zeros)]),
      times(PAIRS, [
        set(HERE, load(get(V), 0)),
        set(ADDED, load(get(W), 0)),
        rows.map((row, i) => [
          set(ROW, load(get(row), 0)),
          set(TOTALS + i, add(get(TOTALS + i), multiply(get(ROW), get(HERE)))),
          set(ADDED, add(get(ADDED), multiply(get(ROW), get(FACTORS + i)))),
        ]),
        store(get(W), 0, get(ADDED)),
        [...rows, V, W].map(beyond),
      ]),
      rows.map((_, i) => storeSum(get(SUMS), DOUBLE * i, get(TOTALS + i))),
    ],
  };
}

type Exports = Record<"tiles" | "rows", (...numbers: number[]) => void>;

/** The module; undefined where there is no WebAssembly, or a page's security policy forbids it. */
function compile(): WebAssembly.Module | undefined {
  try {
    return new WebAssembly.Module(moduleOf([assembledTiles(), assembledRows()]));
  } catch {
    return undefined;
  }
}

let compiled: { readonly module: WebAssembly.Module | undefined } | undefined;

/**
 * Memory for so many doubles and what works in it: WebAssembly's vectors or, where there are none,
 * JavaScript.
 */
export function arithmetic(doubles: number): Arithmetic {
  compiled ??= { module: compile() };
  if (!compiled.module) return plainArithmetic(doubles);
  const memory = new WebAssembly.Memory({ initial: Math.ceil((doubles * DOUBLE) / PAGE) });
  const { exports } = new WebAssembly.Instance(compiled.module, { env: { memory } });
  const { tiles, rows } = exports as unknown as Exports;
  return {
    memory: new Float64Array(memory.buffer),
    tiles: (a, b, count, depth, c) => tiles(a * DOUBLE, b * DOUBLE, count, depth, c * DOUBLE),
    rows: (a, stride, pairs, v, w, x, sums) =>
      rows(a * DOUBLE, stride * DOUBLE, pairs, v * DOUBLE, w * DOUBLE, x * DOUBLE, sums * DOUBLE),
  };
}

/** The same in JavaScript. */
export function plainArithmetic(doubles: number): Arithmetic {
  const memory = new Float64Array(doubles);
  return {
    memory,
    tiles(a, b, count, depth, c) {
      for (let tile = 0; tile < count; tile += 1) {
        for (let i = 0; i < TILE; i += 1) {
          const to = c + TILE * (TILE * tile + i);
          let [s0, s1, s2, s3] = [memory[to]!, memory[to + 1]!, memory[to + 2]!, memory[to + 3]!];
          for (let k = 0, from = b + TILE * depth * tile; k < depth; k += 1, from += TILE) {
            const factor = memory[a + TILE * k + i]!;
            s0 += factor * memory[from]!;
            s1 += factor * memory[from + 1]!;
            s2 += factor * memory[from + 2]!;
            s3 += factor * memory[from + 3]!;
          }
          memory[to] = s0;
          memory[to + 1] = s1;
          memory[to + 2] = s2;
          memory[to + 3] = s3;
        }
      }
    },
    rows(a, stride, pairs, v, w, x, sums) {
      for (let i = 0; i < TILE; i += 1) {
        const [row, factor] = [a + stride * i, memory[x + i]!];
        let sum = 0;
        for (let q = 0; q < 2 * pairs; q += 1) {
          const value = memory[row + q]!;
          sum += value * memory[v + q]!;
          memory[w + q]! += value * factor;
        }
        memory[sums + i] = sum;
      }
    },
  };
}

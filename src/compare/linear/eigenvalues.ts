import { type Arithmetic, arithmetic, TILE } from "./arithmetic.ts";
import { blocks } from "./products.ts";
import type { Turns } from "./turns.ts";

/** Columns that are reflected before what is left is brought up to date. */
const PANEL = 32;

/**
 * Eigenvalues of a symmetric matrix [n, n], in no order; only what is on and below its diagonal is
 * read. Their errors are rounding errors of the largest. Householder's reduction to three diagonals
 * in panels (as LAPACK's dsytrd: Dongarra, Sorensen, Hammarling 1989), then `tridiagonal`.
 */
export async function eigenvalues(matrix: Float64Array, n: number, turns: Turns): Promise<Float64Array> {
  const reduction = new Reduction(matrix, n);
  for (let first = 0; first < n; first += PANEL) {
    const end = Math.min(n, first + PANEL);
    for (let c = first; c < end; c += 1) {
      reduction.column(c, first);
      await turns();
    }
    if (end < n) await reduction.update(first, end, turns);
  }
  const { diagonal, beside } = reduction;
  return tridiagonal(diagonal, beside);
}

/** A symmetric matrix on its way to three diagonals. */
class Reduction {
  readonly diagonal: Float64Array;
  /** Beside the diagonal, as many but one. */
  readonly beside: Float64Array;
  readonly #n: number;
  readonly #arithmetic: Arithmetic;
  readonly #matrix: Float64Array;
  /** Places of a vector, what the matrix makes of it, four numbers, and four more. */
  readonly #v: number;
  readonly #w: number;
  readonly #four: number;
  readonly #sums: number;
  /** `[n, 2 · PANEL]`: the panel's vectors v beside their w, and the other way round. */
  readonly #vw: Float64Array;
  readonly #wv: Float64Array;

  constructor(matrix: Float64Array, n: number) {
    this.#n = n;
    this.#v = n * n;
    this.#w = this.#v + n;
    this.#four = this.#w + n;
    this.#sums = this.#four + TILE;
    this.#arithmetic = arithmetic(this.#sums + TILE);
    this.#matrix = this.#arithmetic.memory;
    this.#matrix.set(matrix);
    this.#vw = new Float64Array(n * 2 * PANEL);
    this.#wv = new Float64Array(n * 2 * PANEL);
    this.diagonal = new Float64Array(n);
    this.beside = new Float64Array(Math.max(0, n - 1));
  }

  /** Reflects column c, of the panel that begins with `first`. */
  column(c: number, first: number): void {
    const n = this.#n;
    const a = this.#matrix;
    const [vw, wv] = [this.#vw, this.#wv];
    const stored = 2 * PANEL;
    const before = c - first;
    for (let i = c; i < n; i += 1) {
      let taken = 0;
      for (let l = 0; l < before; l += 1) {
        taken += vw[i * stored + l]! * wv[c * stored + l]! + wv[i * stored + l]! * vw[c * stored + l]!;
      }
      a[i * n + c]! -= taken;
    }
    this.diagonal[c] = a[c * n + c]!;
    if (c === n - 1) return;
    const scale = this.#reflector(c);
    this.#times(c + 1);
    this.#correct(c, before, scale);
  }

  /** Makes v [c + 1…n − 1] that reflects column c onto its first; says what v vᵀ is scaled by. */
  #reflector(c: number): number {
    const n = this.#n;
    const a = this.#matrix;
    let sum = 0;
    for (let i = c + 2; i < n; i += 1) sum += a[i * n + c]! ** 2;
    const head = a[(c + 1) * n + c]!;
    const length = Math.sqrt(head * head + sum);
    a[this.#v + c + 1] = 1;
    if (sum === 0) {
      this.beside[c] = head;
      return 0; // by which whatever v was is taken times nothing
    }
    const onto = head > 0 ? -length : length;
    const scale = 1 / (head - onto);
    for (let i = c + 2; i < n; i += 1) a[this.#v + i] = a[i * n + c]! * scale;
    this.beside[c] = onto;
    return (onto - head) / onto;
  }

  /** w = A v of rows and columns from `from` on, of which the lower half is kept. */
  #times(from: number): void {
    const n = this.#n;
    const a = this.#matrix;
    const [v, w] = [this.#v, this.#w];
    a.fill(0, w + from, w + n);
    const single = from + ((n - from) % TILE);
    for (let i = from; i < single; i += 1) this.#corner(i, 1, from);
    for (let i = single; i < n; i += TILE) {
      // Pairs of columns left of the four; the first column alone where their number is odd.
      const odd = (i - from) % 2;
      const pairs = (i - from - odd) / 2;
      for (let r = 0; r < TILE; r += 1) a[this.#four + r] = a[v + i + r]!;
      if (pairs > 0) {
        this.#arithmetic.rows(i * n + from + odd, n, pairs, v + from + odd, w + from + odd, this.#four, this.#sums);
        for (let r = 0; r < TILE; r += 1) a[w + i + r]! += a[this.#sums + r]!;
      }
      if (odd) {
        for (let r = 0; r < TILE; r += 1) {
          const value = a[(i + r) * n + from]!;
          a[w + i + r]! += value * a[v + from]!;
          a[w + from]! += value * a[v + i + r]!;
        }
      }
      this.#corner(i, TILE, i);
    }
  }

  /** Adds to w what columns from `left` on do in rows i…i + count − 1. */
  #corner(i: number, count: number, left: number): void {
    const n = this.#n;
    const a = this.#matrix;
    const [v, w] = [this.#v, this.#w];
    for (let r = i; r < i + count; r += 1) {
      for (let q = left; q < r; q += 1) {
        const value = a[r * n + q]!;
        a[w + r]! += value * a[v + q]!;
        a[w + q]! += value * a[v + r]!;
      }
      a[w + r]! += a[r * n + r]! * a[v + r]!;
    }
  }

  /**
   * Takes off w what the panel's earlier reflections have not yet taken off A, and keeps v and w.
   */
  #correct(c: number, before: number, scale: number): void {
    const n = this.#n;
    const a = this.#matrix;
    const [v, w] = [this.#v, this.#w];
    const [vw, wv] = [this.#vw, this.#wv];
    const stored = 2 * PANEL;
    // vw's row is [v…, w…], of which v · w is asked: both sums in one walk.
    const sums = new Float64Array(2 * before);
    for (let i = c + 1; i < n; i += 1) {
      const value = a[v + i]!;
      const row = i * stored;
      for (let l = 0; l < before; l += 1) {
        sums[l]! += wv[row + l]! * value;
        sums[before + l]! += vw[row + l]! * value;
      }
    }
    let along = 0;
    for (let i = c + 1; i < n; i += 1) {
      const row = i * stored;
      let value = a[w + i]!;
      for (let l = 0; l < before; l += 1) value -= vw[row + l]! * sums[l]! + wv[row + l]! * sums[before + l]!;
      value *= scale;
      a[w + i] = value;
      along += value * a[v + i]!;
    }
    const back = (-scale / 2) * along;
    for (let i = c + 1; i < n; i += 1) {
      const row = i * stored + before;
      const [own, made] = [a[v + i]!, a[w + i]! + back * a[v + i]!];
      vw[row] = own;
      wv[row + PANEL] = own;
      wv[row] = made;
      vw[row + PANEL] = made;
    }
  }

  /** Brings what is behind a panel up to date: A −= v wᵀ + w vᵀ of all its reflections. */
  async update(first: number, end: number, turns: Turns): Promise<void> {
    const n = this.#n;
    const a = this.#matrix;
    const stored = 2 * PANEL;
    if (end - first < PANEL) throw new Error("Only the last panel is narrower, and nothing is behind it.");
    const about = { rows: stored, count: n - end, down: 1, across: stored, first: end * stored };
    const [x, y] = [
      { ...about, data: this.#vw },
      { ...about, data: this.#wv },
    ];
    for await (const { i, j, height, width, at } of blocks(x, y, turns, { lower: true })) {
      for (let r = 0; r < height; r += 1) {
        const to = (end + i + r) * n + end + j;
        const columns = Math.min(width, i + r - j + 1);
        for (let q = 0; q < columns; q += 1) a[to + q]! -= at(r, q);
      }
    }
  }
}

/** Steps after which an eigenvalue has converged by far, if its matrix is one of numbers. */
const MOST_STEPS = 60;

/**
 * Eigenvalues of the symmetric matrix with this diagonal [n] and these numbers beside it [n − 1],
 * by QL with implicit shifts (Martin and Wilkinson 1968); both are written over.
 */
export function tridiagonal(diagonal: Float64Array, beside: Float64Array): Float64Array {
  const [n, d] = [diagonal.length, diagonal];
  const e = new Float64Array(n);
  e.set(beside);
  const largest = [d, e].flatMap((part) => [...part]).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  /** What is beside two numbers and too small to tell in them, or in any. */
  const negligible = (m: number): number =>
    Number.EPSILON * (Math.abs(d[m]!) + Math.abs(d[m + 1]!) + Number.EPSILON * largest);
  for (let l = 0; l < n; l += 1) {
    for (let step = 0; ; step += 1) {
      let m = l;
      while (m < n - 1 && !(Math.abs(e[m]!) <= negligible(m))) m += 1;
      if (m === l) break;
      if (step === MOST_STEPS) return new Float64Array(n).fill(Number.NaN);
      rotate(d, e, l, m);
    }
  }
  return d;
}

/** One step of QL on rows l…m. */
function rotate(d: Float64Array, e: Float64Array, l: number, m: number): void {
  let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
  let r = Math.hypot(g, 1);
  g = d[m]! - d[l]! + e[l]! / (g + (g < 0 ? -r : r));
  let [s, c, p] = [1, 1, 0];
  for (let i = m - 1; i >= l; i -= 1) {
    const [f, b] = [s * e[i]!, c * e[i]!];
    r = Math.sqrt(f * f + g * g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1]! -= p;
      e[m] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1]! - p;
    r = (d[i]! - g) * s + 2 * c * b;
    p = s * r;
    d[i + 1] = g + p;
    g = c * r - b;
  }
  d[l]! -= p;
  e[l] = g;
  e[m] = 0;
}

import { blocks } from "./products.ts";
import type { Turns } from "./turns.ts";

/** Columns that are worked out before what is left is brought up to date. */
const PANEL = 64;

/** L of a positive semidefinite matrix: P S Pᵀ = L Lᵀ. */
export interface Cholesky {
  /** L [n, n], of which the first `rank` columns are not zero, and nothing above the diagonal. */
  readonly lower: Float64Array;
  readonly rank: number;
  /** Row i of L is row `order[i]` of S. */
  readonly order: Uint32Array;
}

/**
 * Cholesky's decomposition of a symmetric, positive semidefinite matrix S [n, n] with the largest
 * pivot first, in place: only what is on and below the diagonal is read. It ends where pivots are
 * no more than rounding errors, which is S's rank (as LAPACK's dpstrf does: Lucas 2004,
 * "LAPACK-style codes for level 2 and 3 pivoted Cholesky factorizations").
 */
export async function cholesky(s: Float64Array, n: number, turns: Turns): Promise<Cholesky> {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  let largest = 0;
  for (let i = 0; i < n; i += 1) largest = Math.max(largest, s[i * n + i]!);
  const negligible = n * Number.EPSILON * largest;
  let rank = 0;
  for (let first = 0; first < n && rank === first; first += PANEL) {
    const end = Math.min(n, first + PANEL);
    rank = panel(s, n, { first, end, negligible, order });
    await turns();
    if (rank === end && end < n) await update(s, n, { first, end }, turns);
  }
  for (let i = 0; i < n; i += 1) s.fill(0, i * n + Math.min(rank, i + 1), (i + 1) * n);
  return { lower: s, rank, order };
}

interface Panel {
  readonly first: number;
  readonly end: number;
  readonly negligible: number;
  readonly order: Uint32Array;
}

/** Works out columns `first`…`end − 1`; says how many columns there are now. */
function panel(s: Float64Array, n: number, { first, end, negligible, order }: Panel): number {
  /** What the columns of this panel take off the diagonal. */
  const taken = new Float64Array(n);
  for (let j = first; j < end; j += 1) {
    let pivot = j;
    let most = Number.NEGATIVE_INFINITY;
    for (let i = j; i < n; i += 1) {
      if (j > first) taken[i]! += s[i * n + j - 1]! ** 2;
      const left = s[i * n + i]! - taken[i]!;
      if (left > most) [most, pivot] = [left, i];
    }
    if (!(most > negligible)) return j;
    if (pivot !== j) {
      exchange(s, n, j, pivot);
      [taken[j], taken[pivot]] = [taken[pivot]!, taken[j]!];
      [order[j], order[pivot]] = [order[pivot]!, order[j]!];
    }
    const root = Math.sqrt(most);
    s[j * n + j] = root;
    for (let i = j + 1; i < n; i += 1) {
      let sum = s[i * n + j]!;
      for (let l = first; l < j; l += 1) sum -= s[i * n + l]! * s[j * n + l]!;
      s[i * n + j] = sum / root;
    }
  }
  return end;
}

/** Exchanges rows and columns j < p of a symmetric matrix of which the lower half is kept. */
function exchange(s: Float64Array, n: number, j: number, p: number): void {
  const swap = (a: number, b: number): void => {
    const kept = s[a]!;
    s[a] = s[b]!;
    s[b] = kept;
  };
  swap(j * n + j, p * n + p);
  for (let l = 0; l < j; l += 1) swap(j * n + l, p * n + l);
  for (let i = j + 1; i < p; i += 1) swap(i * n + j, p * n + i);
  for (let i = p + 1; i < n; i += 1) swap(i * n + j, i * n + p);
}

/** Takes the products of a panel's rows off what is below and to the right of it. */
async function update(
  s: Float64Array,
  n: number,
  { first, end }: Pick<Panel, "first" | "end">,
  turns: Turns,
): Promise<void> {
  const rows = { data: s, rows: end - first, count: n - end, down: 1, across: n, first: end * n + first };
  for await (const { i, j, height, width, at } of blocks(rows, rows, turns, { lower: true })) {
    for (let r = 0; r < height; r += 1) {
      const to = (end + i + r) * n + end + j;
      const columns = Math.min(width, i + r - j + 1);
      for (let c = 0; c < columns; c += 1) s[to + c]! -= at(r, c);
    }
  }
}

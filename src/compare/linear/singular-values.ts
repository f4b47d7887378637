import { eigenvalues, tridiagonal } from "./eigenvalues.ts";
import { rowsOf, square } from "./products.ts";
import type { Turns } from "./turns.ts";

/**
 * Up to so many rows or columns singular values come of the matrix itself, to rounding errors of
 * the largest. Beyond, they are roots of eigenvalues, which is faster, and those that are nought
 * come out as 1e-8 of the largest.
 */
const EXACT = 768;

/** The sum of the singular values of M [rows, columns] (its nuclear norm). M is written over. */
export async function nuclearNorm(m: Float64Array, rows: number, columns: number, turns: Turns): Promise<number> {
  if (rows === 0 || columns === 0) return 0;
  const [tall, height, width] = rows >= columns ? [m, rows, columns] : [transposed(m, rows, columns), columns, rows];
  if (width > EXACT) {
    const gram = await square({ data: tall, rows: height, count: width, down: width, across: 1 }, turns);
    const squares = await eigenvalues(gram, width, turns);
    return squares.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
  }
  const { diagonal, beside } = await bidiagonal(tall, height, width, turns);
  // The eigenvalues of [0 B; Bᵀ 0] are the singular values of B, and their negatives (Golub, Kahan
  // 1965); its rows and columns in turns make three diagonals of it.
  const between = new Float64Array(2 * width - 1);
  for (const [i, value] of diagonal.entries()) between[2 * i] = value;
  for (const [i, value] of beside.entries()) between[2 * i + 1] = value;
  const both = tridiagonal(new Float64Array(2 * width), between);
  return both.reduce((sum, value) => sum + Math.abs(value), 0) / 2;
}

function transposed(m: Float64Array, rows: number, columns: number): Float64Array {
  const { data } = rowsOf(m, rows, columns);
  const turned = new Float64Array(data.length);
  for (let r = 0; r < rows; r += 1) for (let c = 0; c < columns; c += 1) turned[c * rows + r] = m[r * columns + c]!;
  return turned;
}

/**
 * Householder's reduction of a matrix [rows, columns], rows ≥ columns, to its diagonal and the one
 * above it, from both sides in turns.
 */
async function bidiagonal(m: Float64Array, rows: number, columns: number, turns: Turns) {
  const diagonal = new Float64Array(columns);
  const beside = new Float64Array(Math.max(0, columns - 1));
  const [left, right] = [new Float64Array(rows), new Float64Array(columns)];
  const along = new Float64Array(columns);
  for (let k = 0; k < columns; k += 1) {
    for (let i = k; i < rows; i += 1) left[i] = m[i * columns + k]!;
    const column = reflector(left, k, rows);
    diagonal[k] = column.onto;
    if (k === columns - 1) break;
    along.fill(0, k + 1);
    for (let i = k; i < rows; i += 1) {
      const factor = left[i]! * column.scale;
      for (let j = k + 1, at = i * columns + k + 1; j < columns; j += 1, at += 1) along[j]! += factor * m[at]!;
    }
    // The next row as the column's reflection leaves it, which the row's own is made of.
    for (let j = k + 1; j < columns; j += 1) right[j] = m[k * columns + j]! - left[k]! * along[j]!;
    const row = reflector(right, k + 1, columns);
    beside[k] = row.onto;
    // Both reflections in one walk over what is left.
    for (let i = k + 1; i < rows; i += 1) {
      const factor = left[i]!;
      let sum = 0;
      for (let j = k + 1, at = i * columns + k + 1; j < columns; j += 1, at += 1) {
        const value = m[at]! - factor * along[j]!;
        m[at] = value;
        sum += value * right[j]!;
      }
      sum *= row.scale;
      for (let j = k + 1, at = i * columns + k + 1; j < columns; j += 1, at += 1) m[at]! -= sum * right[j]!;
    }
    await turns();
  }
  return { diagonal, beside };
}

/**
 * Makes v of the numbers from `first` on: 1 − scale · v vᵀ reflects them onto the first of them,
 * which becomes `onto`.
 */
function reflector(numbers: Float64Array, first: number, end: number): { onto: number; scale: number } {
  let sum = 0;
  for (let i = first + 1; i < end; i += 1) sum += numbers[i]! ** 2;
  const head = numbers[first]!;
  numbers[first] = 1;
  if (sum === 0) return { onto: head, scale: 0 };
  const length = Math.sqrt(head * head + sum);
  const onto = head > 0 ? -length : length;
  const factor = 1 / (head - onto);
  for (let i = first + 1; i < end; i += 1) numbers[i]! *= factor;
  return { onto, scale: (onto - head) / onto };
}

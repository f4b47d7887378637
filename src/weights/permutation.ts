import type { RandomState } from "./random.ts";

/** The numbers 0…n − 1 in random order: NumPy's `RandomState.permutation(n)`. */
export function permutation(random: RandomState, n: number): Uint32Array<ArrayBuffer> {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i -= 1) {
    const [j = 0] = random.randint(i + 1, 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

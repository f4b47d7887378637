// What is applied to a sum, by its number in activation.ts.
// use numbers
fn activated(v: NUMBERS, activation: u32) -> NUMBERS {
  if (activation == 1u) { return select(0.2 * v, v, v > NUMBERS()); }    // leaky ReLU
  if (activation == 2u) { return max(v, NUMBERS()); }                    // ReLU
  if (activation == 3u) { return clamp(v, NUMBERS(), NUMBERS(6.0)); }    // ReLU6
  return v;
}

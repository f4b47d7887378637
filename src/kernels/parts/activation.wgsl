// What is applied to a sum, by its number in activation.ts.
fn activated(v: vec4f, activation: u32) -> vec4f {
  if (activation == 1u) { return select(0.2 * v, v, v > vec4f()); }  // leaky ReLU
  if (activation == 2u) { return max(v, vec4f()); }                  // ReLU
  if (activation == 3u) { return clamp(v, vec4f(), vec4f(6.0)); }    // ReLU6
  return v;
}

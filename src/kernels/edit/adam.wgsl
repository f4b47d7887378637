// A step of Adam (Kingma & Ba, ICLR 2015, Algorithm 1; β₁ = 0.9, β₂ = 0.999, ε = 1e-8) on units' α,
// then projected to [0, 1]. The gradient is the sum of `parts` rows, in their order, and that of
// decay / 2 · Σα².
struct Params { units: u32, parts: u32, rate: f32, decay: f32 }

const BETA1 = 0.9;
const BETA2 = 0.999;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<f32>;  // [parts, units]
// [units]: first, second, 1 − β₁ᵗ, 1 − β₂ᵗ
@group(0) @binding(2) var<storage, read_write> moments: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> alpha: array<f32>;  // [units]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let unit = id.x;
  if (unit >= params.units) { return; }
  var g = 0.0;
  for (var i = 0u; i < params.parts; i++) { g += gradient[i * params.units + unit]; }
  g += params.decay * alpha[unit];
  // The third and fourth are exact where 1 − pow(β, t) would cancel.
  let next = moments[unit] * vec4f(BETA1, BETA2, BETA1, BETA2)
    + vec4f(g, g * g, 1.0, 1.0) * vec4f(1.0 - BETA1, 1.0 - BETA2, 1.0 - BETA1, 1.0 - BETA2);
  moments[unit] = next;
  let step = params.rate * (next.x / next.z) / (sqrt(next.y / next.w) + 1e-8);
  alpha[unit] = clamp(alpha[unit] - step, 0.0, 1.0);
}

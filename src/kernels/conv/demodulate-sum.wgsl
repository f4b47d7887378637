// The gradient of demodulate.wgsl by d, a part for every `size` pixels: the sum of dy f'(z) x, in
// which dx / d is the first and x is what y tells: (f⁻¹(y) − bias − noise) / d. Where y was clamped
// dx is 0.
const NOISE: bool = true;
const LEAKY: bool = true;

struct Params { vectors: u32, pixels: u32, images: u32, size: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> y: array<vec4f>;         // [n, pixels, vectors]
@group(0) @binding(2) var<storage, read> d: array<vec4f>;         // [n, vectors]
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;      // [vectors]
@group(0) @binding(4) var<storage, read> noise: array<f32>;       // [pixels]
@group(0) @binding(5) var<storage, read> strength: array<vec4f>;  // [vectors]
@group(0) @binding(6) var<storage, read> dx: array<vec4f>;        // [n, pixels, vectors]
@group(0) @binding(7) var<storage, read_write> parts: array<vec4f>;  // [parts, n, vectors]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let image = (at / params.vectors) % params.images;
  let first = at / (params.vectors * params.images) * params.size;
  var sum = vec4f();
  for (var p = first; p < min(first + params.size, params.pixels); p++) {
    let own = (image * params.pixels + p) * params.vectors + c;
    var z = y[own];
    if (LEAKY) { z = select(5.0 * z, z, z > vec4f()); }
    z -= bias[c];
    if (NOISE) { z -= noise[p] * strength[c]; }
    sum += dx[own] * z;
  }
  // Padding channels have d = 0, and nothing to divide.
  let factor = d[image * params.vectors + c];
  parts[at] = sum / max(factor * factor, vec4f(1e-30));
}

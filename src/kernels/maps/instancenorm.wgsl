// Instance normalisation: y = (x − mean) / sqrt(variance + epsilon) of each image's channels, whose
// sums over the pixels are known (Ulyanov et al. 2016).
struct Params { vectors: u32, pixels: u32, epsilon: f32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;        // [n, pixels, vectors]
@group(0) @binding(2) var<storage, read> sums: array<vec4f>;     // [n, vectors]
@group(0) @binding(3) var<storage, read> squares: array<vec4f>;  // [n, vectors]
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let own = at / (params.vectors * params.pixels) * params.vectors + at % params.vectors;
  let pixels = f32(params.pixels);
  y[at] = (x[at] - sums[own] / pixels) / sqrt(squares[own] / pixels + params.epsilon);
}

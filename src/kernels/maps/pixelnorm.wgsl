// Pixelwise normalisation: y = x / sqrt(mean over channels of x² + 1e-8). Karras et al., ICLR 2018,
// §4.2.
struct Params { pixels: u32, vectors: u32, channels: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let pixel = id.x + id.y * groups.x * 64u;
  if (pixel >= params.pixels) { return; }
  let start = pixel * params.vectors;
  // Four partial sums keep the chain short; padding channels are zero and add nothing.
  var sum = vec4f();
  for (var i = 0u; i < params.vectors; i++) { let v = x[start + i]; sum += v * v; }
  let mean = (sum.x + sum.y + sum.z + sum.w) / f32(params.channels);
  let scale = 1.0 / sqrt(mean + 1e-8);
  for (var i = 0u; i < params.vectors; i++) { y[start + i] = x[start + i] * scale; }
}

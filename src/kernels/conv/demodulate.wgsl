// The last step of StyleGAN's convolution x, which was made of modulated maps by weights that all
// images share.
// use demodulated

struct Params { vectors: u32, pixels: u32, bound: f32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;         // [n, pixels, vectors]
@group(0) @binding(2) var<storage, read> d: array<vec4f>;         // [n, vectors]
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;      // [vectors]
@group(0) @binding(4) var<storage, read> noise: array<f32>;       // [pixels]
@group(0) @binding(5) var<storage, read> strength: array<vec4f>;  // [vectors]
@group(0) @binding(6) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let pixel = at / params.vectors;
  y[at] = demodulated(x[at], pixel / params.pixels, pixel % params.pixels, c);
}

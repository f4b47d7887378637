// y = x s, or with SHIFT x s + shift: every image's channels by factors and summands of its own
// (the modulation of StyleGAN2's input maps, and StyleGAN's styles). `copied` is 0 where x is one
// image, of which each of y's is made.
const SHIFT: bool = false;

struct Params { vectors: u32, pixels: u32, copied: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;  // [n or 1, pixels, vectors]
@group(0) @binding(2) var<storage, read> s: array<vec4f>;  // [n, vectors]
@group(0) @binding(3) var<storage, read> shift: array<vec4f>;  // [n, vectors]
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let size = params.pixels * params.vectors;
  let image = at / size;
  let own = image * params.vectors + at % params.vectors;
  var v = x[select(at % size, at, params.copied == 1u)] * s[own];
  if (SHIFT) { v += shift[own]; }
  y[at] = v;
}

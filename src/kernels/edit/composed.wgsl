// Intervenes in a feature map by any number of edits that were composed before: x becomes x K + P,
// the same for every image. See stroke.wgsl. Where nothing is edited x stays what it is to the bit.
struct Params { each: u32, total: u32 }  // vectors of one image, and of all

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;         // [n, pixels, vectors]
@group(0) @binding(2) var<storage, read> composed: array<vec4f>;  // [K and P, pixels, vectors]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let kept = composed[at % params.each];
  let put = composed[params.each + at % params.each];
  y[at] = select(x[at] * kept + put, x[at], (kept == vec4f(1.0)) & (put == vec4f()));
}

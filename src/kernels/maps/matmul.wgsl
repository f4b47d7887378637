// Products of matrices, one for each channel: y [n, height, width, channels] of a [n, height,
// depth, …] and b [n, depth, width, …]. A single channel of one of them, or its only image, is that
// of all.
const SPLAT_A: bool = false;
const SPLAT_B: bool = false;

struct Params {
  height: u32, width: u32, depth: u32, vectors: u32, aVectors: u32, bVectors: u32,
  aImage: u32, bImage: u32,  // vec4s from one image to the next
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let column = (at / params.vectors) % params.width;
  let row = (at / params.vectors / params.width) % params.height;
  let image = at / params.vectors / params.width / params.height;
  let left = image * params.aImage + row * params.depth * params.aVectors + select(c, 0u, SPLAT_A);
  let right = image * params.bImage + column * params.bVectors + select(c, 0u, SPLAT_B);
  var sum = vec4f();
  for (var k = 0u; k < params.depth; k++) {
    var u = a[left + k * params.aVectors];
    var v = b[right + k * params.width * params.bVectors];
    if (SPLAT_A) { u = u.xxxx; }
    if (SPLAT_B) { v = v.xxxx; }
    sum += u * v;
  }
  y[at] = sum;
}

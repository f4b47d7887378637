// Zeros between pixels: pixel (i, j) of x [n, inHeight, inWidth, channels] goes to (i, j) · stride
// + (top, left) of y [n, outHeight, outWidth, channels], which is zero elsewhere; with ADD onto
// another map of y's shape.
const ADD: bool = false;

struct Params {
  vectors: u32, inHeight: u32, inWidth: u32, outHeight: u32, outWidth: u32, stride: u32, top: u32, left: u32, total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> addend: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let column = (at / params.vectors) % params.outWidth;
  let row = (at / params.vectors / params.outWidth) % params.outHeight;
  let image = at / params.vectors / params.outWidth / params.outHeight;
  let p = vec2u(row, column) - vec2u(params.top, params.left);  // a negative one is a large u32
  let q = p / params.stride;
  var v = vec4f();
  if (all(p % vec2u(params.stride) == vec2u()) && q.x < params.inHeight && q.y < params.inWidth) {
    v = x[((image * params.inHeight + q.x) * params.inWidth + q.y) * params.vectors + c];
  }
  if (ADD) { v += addend[at]; }
  y[at] = v;
}

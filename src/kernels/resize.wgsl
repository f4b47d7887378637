// Bilinear resize with clamped borders of a slice of the channels of x [n, height, width, channels], written into a slice
// of y's, and with ADD onto another map of y's shape. Pixels are sampled at their half-pixel centres (PyTorch's
// align_corners=False), or with CORNER at their top left corners (TensorFlow 1's resize_bilinear).
const ADD: bool = false;
const CORNER: bool = false;

struct Params {
  vectors: u32,      // of the slice
  inHeight: u32, inWidth: u32, outHeight: u32, outWidth: u32,
  inVectors: u32, inFirst: u32,    // of all of x, and where the slice begins
  outVectors: u32, outFirst: u32,  // of all of y, and where it goes
  total: u32,
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
  let size = vec2f(f32(params.inHeight), f32(params.inWidth));
  let scale = size / vec2f(f32(params.outHeight), f32(params.outWidth));
  var source = vec2f(f32(row), f32(column)) * scale;
  if (!CORNER) { source = max((vec2f(f32(row), f32(column)) + 0.5) * scale - 0.5, vec2f()); }
  let lo = min(vec2u(source), vec2u(size) - 1u);
  let hi = min(lo + 1u, vec2u(size) - 1u);
  let f = source - vec2f(lo);
  let top = (image * params.inHeight + lo.x) * params.inWidth;
  let bottom = (image * params.inHeight + hi.x) * params.inWidth;
  let a = x[(top + lo.y) * params.inVectors + params.inFirst + c];
  let b = x[(top + hi.y) * params.inVectors + params.inFirst + c];
  let d = x[(bottom + lo.y) * params.inVectors + params.inFirst + c];
  let e = x[(bottom + hi.y) * params.inVectors + params.inFirst + c];
  var v = (1.0 - f.x) * ((1.0 - f.y) * a + f.y * b) + f.x * ((1.0 - f.y) * d + f.y * e);
  let to = (at / params.vectors) * params.outVectors + params.outFirst + c;
  if (ADD) { v += addend[to]; }
  y[to] = v;
}

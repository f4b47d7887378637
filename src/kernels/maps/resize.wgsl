// Bilinear resize with clamped borders of a slice of the channels of x [n, height, width,
// channels], written into a slice of y's, and with ADD onto another map of y's shape. Pixels are
// sampled at their half-pixel centres (PyTorch's align_corners=False), or with CORNER at their top
// left corners (TensorFlow 1's resize_bilinear).
// use bilinear
const ADD: bool = false;

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
  let v = neighbours(row, params.inHeight, params.outHeight);
  let h = neighbours(column, params.inWidth, params.outWidth);
  let top = (image * params.inHeight + v.low) * params.inWidth;
  let bottom = (image * params.inHeight + v.high) * params.inWidth;
  let a = x[(top + h.low) * params.inVectors + params.inFirst + c];
  let b = x[(top + h.high) * params.inVectors + params.inFirst + c];
  let d = x[(bottom + h.low) * params.inVectors + params.inFirst + c];
  let e = x[(bottom + h.high) * params.inVectors + params.inFirst + c];
  var sum = between(v.f, h.f, a, b, d, e);
  let to = (at / params.vectors) * params.outVectors + params.outFirst + c;
  if (ADD) { sum += addend[to]; }
  y[to] = sum;
}

// Each channel of x with zeros between its pixels, filtered, and of the result every so many
// pixels: y[p] = Σ_k filter[k] x[(down p + k − before) / up] along each axis, as far as that is
// whole and a pixel of x (the upfirdn2d of StyleGAN's authors).
const ADD: bool = false;  // to addend

struct Params {
  vectors: u32,
  inHeight: u32, inWidth: u32, outHeight: u32, outWidth: u32,
  taps: u32,  // of the filter along each axis
  up: u32, down: u32,
  before: u32,
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> kernel: array<f32>;  // [taps, taps]
@group(0) @binding(3) var<storage, read> addend: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

// The first tap that meets a pixel of x, and that pixel.
fn start(p: u32) -> vec2u {
  let at = p * params.down;
  // The first of the stretched map's elements at or behind this, both moved by the zeros before.
  let pixel = select((at - params.before + params.up - 1u) / params.up, 0u, at < params.before);
  return vec2u(pixel * params.up + params.before - at, pixel);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let p = at / params.vectors;
  let image = p / (params.outWidth * params.outHeight);
  let top = start((p / params.outWidth) % params.outHeight);
  let left = start(p % params.outWidth);
  var sum = vec4f();
  if (ADD) { sum = addend[at]; }
  for (var i = 0u; top.x + i * params.up < params.taps && top.y + i < params.inHeight; i++) {
    let line = (image * params.inHeight + top.y + i) * params.inWidth;
    let row = (top.x + i * params.up) * params.taps;
    for (var j = 0u; left.x + j * params.up < params.taps && left.y + j < params.inWidth; j++) {
      sum += kernel[row + left.x + j * params.up] * x[(line + left.y + j) * params.vectors + c];
    }
  }
  y[at] = sum;
}

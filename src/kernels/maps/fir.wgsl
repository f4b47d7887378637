// Each channel of x with zeros between its pixels, filtered, and of the result every so many
// pixels: y[p] = Σ_k filter[k] x[(step p + k − before) / up] along each axis, as far as that is
// whole and a pixel of x (the upfirdn2d of StyleGAN's authors).
const ADD: bool = false;  // to addend

struct Params {
  vectors: u32,
  inHeight: u32, inWidth: u32, outHeight: u32, outWidth: u32,
  tapsDown: u32, tapsAcross: u32,  // of the filter
  upDown: u32, upAcross: u32,
  stepDown: u32, stepAcross: u32,
  top: i32, left: i32,  // zeros before, or pixels that are left out
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> kernel: array<f32>;  // [tapsDown, tapsAcross]
@group(0) @binding(3) var<storage, read> addend: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

// The first tap that meets a pixel of x, and that pixel.
fn start(p: u32, up: u32, step: u32, before: i32) -> vec2u {
  // The first of the stretched map's elements at or behind this.
  let at = i32(p * step) - before;
  let pixel = select((u32(at) + up - 1u) / up, 0u, at < 0);
  return vec2u(u32(i32(pixel * up) - at), pixel);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let p = at / params.vectors;
  let image = p / (params.outWidth * params.outHeight);
  let down = start((p / params.outWidth) % params.outHeight, params.upDown, params.stepDown, params.top);
  let across = start(p % params.outWidth, params.upAcross, params.stepAcross, params.left);
  var sum = vec4f();
  if (ADD) { sum = addend[at]; }
  for (var i = 0u; down.x + i * params.upDown < params.tapsDown && down.y + i < params.inHeight; i++) {
    let line = (image * params.inHeight + down.y + i) * params.inWidth;
    let row = (down.x + i * params.upDown) * params.tapsAcross;
    for (var j = 0u; across.x + j * params.upAcross < params.tapsAcross && across.y + j < params.inWidth; j++) {
      sum += kernel[row + across.x + j * params.upAcross] * x[(line + across.y + j) * params.vectors + c];
    }
  }
  y[at] = sum;
}

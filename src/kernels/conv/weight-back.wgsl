// The gradient of a convolution's output y by its weights: Σ over pixels of dy · x, where x is what
// the tap of that pixel reads; with UPSAMPLE of x repeated ×2 both ways. One invocation sums up,
// over a part of the pixels, what 4 inputs give to 4 outputs through one tap.
const UPSAMPLE: bool = false;

struct Params {
  inVectors: u32, inHeight: u32, inWidth: u32, outVectors: u32, outHeight: u32, outWidth: u32,
  kernelWidth: u32, taps: u32, strideDown: u32, strideAcross: u32, dilationDown: u32, dilationAcross: u32,
  padTop: i32, padLeft: i32,
  pixels: u32, size: u32, total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> parts: array<vec4f>;  // [parts, taps, in, out]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let o = at % params.outVectors;
  let i = (at / params.outVectors) % params.inVectors;
  let tap = (at / params.outVectors / params.inVectors) % params.taps;
  let part = at / params.outVectors / params.inVectors / params.taps;
  let shift = vec2i(i32(tap / params.kernelWidth * params.dilationDown), i32(tap % params.kernelWidth * params.dilationAcross))
    - vec2i(params.padTop, params.padLeft);
  let scale = select(1u, 2u, UPSAMPLE);
  let extent = vec2i(i32(params.inHeight * scale), i32(params.inWidth * scale));
  var sums = mat4x4f();
  let end = min(params.pixels, (part + 1u) * params.size);
  for (var pixel = part * params.size; pixel < end; pixel++) {
    let column = pixel % params.outWidth;
    let row = (pixel / params.outWidth) % params.outHeight;
    let image = pixel / params.outWidth / params.outHeight;
    let q = vec2i(i32(row * params.strideDown), i32(column * params.strideAcross)) + shift;
    if (any(q < vec2i()) || any(q >= extent)) { continue; }
    let source = (image * params.inHeight + u32(q.x) / scale) * params.inWidth + u32(q.y) / scale;
    let v = x[source * params.inVectors + i];
    let d = dy[pixel * params.outVectors + o];
    sums += mat4x4f(v.x * d, v.y * d, v.z * d, v.w * d);
  }
  for (var c = 0u; c < 4u; c++) {
    parts[((part * params.taps + tap) * params.inVectors * 4u + i * 4u + c) * params.outVectors + o] = sums[c];
  }
}

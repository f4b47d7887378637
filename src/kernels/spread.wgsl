// The last step of a 3×3 convolution whose input is a bilinear resize (half-pixel centres, clamped borders) of a smaller map:
// y = addend + Σ over taps of the tap's products, resized, shifted by the tap, zero outside. Mixing channels commutes with
// resizing, so the products were made at the small map's resolution: t is [n, inHeight, inWidth, 9, channels].
const ACTIVATION: u32 = 0;  // 0 none, 1 leaky ReLU (0.2), 2 ReLU, 3 ReLU6

struct Params {
  vectors: u32, inHeight: u32, inWidth: u32, outHeight: u32, outWidth: u32, total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> t: array<vec4f>;
@group(0) @binding(2) var<storage, read> addend: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

fn finish(sum: vec4f) -> vec4f {
  if (ACTIVATION == 1u) { return select(0.2 * sum, sum, sum > vec4f()); }
  if (ACTIVATION == 2u) { return max(sum, vec4f()); }
  if (ACTIVATION == 3u) { return clamp(sum, vec4f(), vec4f(6.0)); }
  return sum;
}

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
  let last = vec2u(params.inHeight, params.inWidth) - 1u;
  var sum = vec4f();
  for (var k = 0u; k < 9u; k++) {
    let shifted = vec2i(i32(row + k / 3u), i32(column + k % 3u)) - 1;
    if (any(shifted < vec2i()) || shifted.x >= i32(params.outHeight) || shifted.y >= i32(params.outWidth)) { continue; }
    let source = max((vec2f(shifted) + 0.5) * scale - 0.5, vec2f());
    let lo = min(vec2u(source), last);
    let hi = min(lo + 1u, last);
    let f = source - vec2f(lo);
    let top = (image * params.inHeight + lo.x) * params.inWidth;
    let bottom = (image * params.inHeight + hi.x) * params.inWidth;
    let a = t[((top + lo.y) * 9u + k) * params.vectors + c];
    let b = t[((top + hi.y) * 9u + k) * params.vectors + c];
    let d = t[((bottom + lo.y) * 9u + k) * params.vectors + c];
    let e = t[((bottom + hi.y) * 9u + k) * params.vectors + c];
    sum += (1.0 - f.x) * ((1.0 - f.y) * a + f.y * b) + f.x * ((1.0 - f.y) * d + f.y * e);
  }
  y[at] = finish(addend[at] + sum);
}

// The last step of a 3×3 convolution whose input is a bilinear resize (half-pixel centres, clamped borders) of a smaller map:
// y = addend + Σ over taps of the tap's products, resized, shifted by the tap, zero outside. Mixing channels commutes with
// resizing, so the products were made at the small map's resolution; and so does adding up what is to be resized alike, so
// that spread-across.wgsl did the rows: x is [n, inHeight, width, 3 tap rows, channels], and this does the columns.
const ACTIVATION: u32 = 0;  // 0 none, 1 leaky ReLU (0.2), 2 ReLU, 3 ReLU6

struct Params {
  vectors: u32, inHeight: u32, outHeight: u32, width: u32, total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
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
  let column = (at / params.vectors) % params.width;
  let row = (at / params.vectors / params.width) % params.outHeight;
  let image = at / params.vectors / params.width / params.outHeight;
  let scale = f32(params.inHeight) / f32(params.outHeight);
  var sum = vec4f();
  for (var k = 0u; k < 3u; k++) {
    let shifted = i32(row + k) - 1;
    if (shifted < 0 || shifted >= i32(params.outHeight)) { continue; }
    let source = max((f32(shifted) + 0.5) * scale - 0.5, 0.0);
    let top = min(u32(source), params.inHeight - 1u);
    let bottom = min(top + 1u, params.inHeight - 1u);
    let f = source - f32(top);
    let above = (((image * params.inHeight + top) * params.width + column) * 3u + k) * params.vectors + c;
    let below = (((image * params.inHeight + bottom) * params.width + column) * 3u + k) * params.vectors + c;
    sum += (1.0 - f) * x[above] + f * x[below];
  }
  y[at] = finish(addend[at] + sum);
}

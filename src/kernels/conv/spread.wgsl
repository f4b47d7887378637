// The last step of a 3×3 convolution whose input is a bilinear resize (half-pixel centres, clamped
// borders) of a smaller map: y = addend + Σ over taps of the tap's products, resized, shifted by
// the tap, zero outside. Mixing channels commutes with resizing, so the products were made at the
// small map's resolution; and so does adding up what is to be resized alike, so that
// spread-across.wgsl did the rows: x is [n, inHeight, width, 3 tap rows, channels], and this does
// the columns.
// use activation
// use bilinear
const ACTIVATION: u32 = 0;

struct Params {
  vectors: u32, inHeight: u32, outHeight: u32, width: u32, total: u32,
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
  let column = (at / params.vectors) % params.width;
  let row = (at / params.vectors / params.width) % params.outHeight;
  let image = at / params.vectors / params.width / params.outHeight;
  var sum = vec4f();
  for (var k = 0u; k < 3u; k++) {
    let shifted = i32(row + k) - 1;
    if (shifted < 0 || shifted >= i32(params.outHeight)) { continue; }
    let v = neighbours(u32(shifted), params.inHeight, params.outHeight);
    let above = (((image * params.inHeight + v.low) * params.width + column) * 3u + k) * params.vectors + c;
    let below = (((image * params.inHeight + v.high) * params.width + column) * 3u + k) * params.vectors + c;
    sum += (1.0 - v.f) * x[above] + v.f * x[below];
  }
  y[at] = activated(addend[at] + sum, ACTIVATION);
}

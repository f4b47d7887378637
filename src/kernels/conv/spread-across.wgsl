// First half of spread.wgsl: the taps' products resized and shifted along rows, and the three of a
// tap row added up. t is [n, inHeight, inWidth, 3 tap rows, 3 tap columns, channels]; y is [n,
// inHeight, outWidth, 3 tap rows, channels].
// use bilinear
struct Params {
  vectors: u32, inWidth: u32, outWidth: u32, total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> t: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let tapRow = (at / params.vectors) % 3u;
  let column = (at / params.vectors / 3u) % params.outWidth;
  let line = at / params.vectors / 3u / params.outWidth;  // of an image
  var sum = vec4f();
  for (var k = 0u; k < 3u; k++) {
    let shifted = i32(column + k) - 1;
    if (shifted < 0 || shifted >= i32(params.outWidth)) { continue; }
    let h = neighbours(u32(shifted), params.inWidth, params.outWidth);
    let tap = (tapRow * 3u + k) * params.vectors + c;
    let step = 9u * params.vectors;
    sum += (1.0 - h.f) * t[(line * params.inWidth + h.low) * step + tap] + h.f * t[(line * params.inWidth + h.high) * step + tap];
  }
  y[at] = sum;
}

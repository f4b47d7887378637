// The same numbers under other extents, both read channel by channel, row by row: y [n, outHeight,
// outWidth, outChannels] of x [n, inHeight, inWidth, inChannels].
struct Params {
  inHeight: u32, inWidth: u32, inStored: u32,
  outHeight: u32, outWidth: u32, outVectors: u32, channels: u32,
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let outPixels = params.outHeight * params.outWidth;
  let inPixels = params.inHeight * params.inWidth;
  let pixel = (at / params.outVectors) % outPixels;
  let image = at / params.outVectors / outPixels;
  var v = vec4f();
  for (var k = 0u; k < 4u; k++) {
    let c = (at % params.outVectors) * 4u + k;
    if (c >= params.channels) { break; }
    let number = c * outPixels + pixel;
    v[k] = x[(image * inPixels + number % inPixels) * params.inStored + number / inPixels];
  }
  y[at] = v;
}

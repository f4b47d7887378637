// Each channel of y is a weighted sum of channels of x, pixel by pixel. A row of the table is as
// many taps (where, weight) as the longest needs; the first of weight 0 ends it. Channels without
// any tap are `fill`.
struct Params { inStored: u32, outVectors: u32, channels: u32, taps: u32, total: u32, fill: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> table: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = (at % params.outVectors) * 4u;
  let pixel = at / params.outVectors * params.inStored;
  var v = vec4f();
  for (var k = 0u; k < 4u; k++) {
    if (c + k >= params.channels) { break; }
    let row = (c + k) * params.taps;
    var sum = 0.0;
    for (var t = row; t < row + params.taps; t++) {
      let tap = table[t];
      if (tap.y == 0.0) { break; }
      sum += tap.y * x[pixel + u32(tap.x)];
    }
    v[k] = select(sum, params.fill, table[row].y == 0.0);
  }
  y[at] = v;
}

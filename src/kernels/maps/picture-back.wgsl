// The gradient of `picture` by x [pixels, vectors]: nothing outside the crop.
// With UNIT brightness is in [0, 1].
const UNIT: bool = false;

struct Params { total: u32, width: u32, pixels: u32, inWidth: u32, inPixels: u32, channels: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let pixel = at % params.inPixels;
  let column = pixel % params.inWidth;
  let row = pixel / params.inWidth;
  var sum = vec4f();
  if (column < params.width && row < params.pixels / params.width) {
    let d = vec4f(dy[at / params.inPixels * params.pixels + row * params.width + column].xyz, 0.0);
    sum = d;
    if (params.channels == 1u) { sum = vec4f(d.x + d.y + d.z, 0.0, 0.0, 0.0); }
    if (params.channels == 4u) {
      var v = x[at];
      if (UNIT) { v = 2.0 * v - 1.0; }
      let opacity = (v.w + 1.0) / 2.0;
      sum = d * clamp(opacity, 0.0, 1.0);
      if (opacity > 0.0 && opacity < 1.0) { sum.w = dot(d.xyz, v.xyz - 1.0) / 2.0; }
    }
    if (UNIT) { sum *= 2.0; }
  }
  dx[at] = sum;
}

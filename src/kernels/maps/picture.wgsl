// A network's image [pixels, vectors] as RGB in [−1, 1], cropped to its top left corner: grey of
// one channel, colours of three, and of four colours over white by the opacity that the fourth
// says. With UNIT brightness is in [0, 1].
const UNIT: bool = false;

struct Params { total: u32, width: u32, pixels: u32, inWidth: u32, inPixels: u32, channels: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let image = at / params.pixels;
  let pixel = at % params.pixels;
  let start = image * params.inPixels + pixel / params.width * params.inWidth + pixel % params.width;
  var v = x[start];
  if (UNIT) { v = 2.0 * v - 1.0; }
  if (params.channels == 1u) { v = v.xxxx; }
  if (params.channels == 4u) { v = mix(vec4f(1.0), v, clamp((v.w + 1.0) / 2.0, 0.0, 1.0)); }
  y[at] = vec4f(v.xyz, 0.0);
}

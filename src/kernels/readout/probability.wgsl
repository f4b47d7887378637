// Softmax over a range of channels of x [n, inHeight, inWidth, channels], resized bilinearly to
// outHeight × outWidth, at one of those channels: the probability of a concept; plus another such
// map with ADD.
// use softmax-at
const ADD: bool = false;

struct Params {
  vectors: u32, inHeight: u32, inWidth: u32, outHeight: u32, outWidth: u32, total: u32,
  first: u32, count: u32,  // the range
  channel: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> addend: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let column = at % params.outWidth;
  let row = (at / params.outWidth) % params.outHeight;
  let image = at / params.outWidth / params.outHeight;
  let s = softmaxAt(pointAt(image, row, column));
  y[at] = s.own / s.sum;
  if (ADD) { y[at] += addend[at]; }
}

// What the gradient of probability.wgsl needs of every output pixel: the logarithm of the softmax's
// sum, and dy times the channel's own probability.
// use softmax-at

struct Params {
  vectors: u32, inHeight: u32, inWidth: u32, outHeight: u32, outWidth: u32, total: u32,
  first: u32, count: u32,  // the range
  channel: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> terms: array<vec2f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let column = at % params.outWidth;
  let row = (at / params.outWidth) % params.outHeight;
  let image = at / params.outWidth / params.outHeight;
  let s = softmaxAt(pointAt(image, row, column));
  terms[at] = vec2f(s.most + log(s.sum), dy[at] * s.own / s.sum);
}

// What the gradient of probability.wgsl needs of every output pixel: the logarithm of the softmax's sum, and dy times the
// channel's own probability.
const CORNER: bool = false;

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
  let size = vec2f(f32(params.inHeight), f32(params.inWidth));
  let scale = size / vec2f(f32(params.outHeight), f32(params.outWidth));
  var source = vec2f(f32(row), f32(column)) * scale;
  if (!CORNER) { source = max((vec2f(f32(row), f32(column)) + 0.5) * scale - 0.5, vec2f()); }
  let lo = min(vec2u(source), vec2u(size) - 1u);
  let hi = min(lo + 1u, vec2u(size) - 1u);
  let f = source - vec2f(lo);
  let top = (image * params.inHeight + lo.x) * params.inWidth;
  let bottom = (image * params.inHeight + hi.x) * params.inWidth;
  let a = (top + lo.y) * params.vectors;
  let b = (top + hi.y) * params.vectors;
  let d = (bottom + lo.y) * params.vectors;
  let e = (bottom + hi.y) * params.vectors;
  let end = params.first + params.count;
  var most = 0.0;
  var sum = 0.0;
  var own = 0.0;
  for (var round = 0u; round < 2u; round++) {
    for (var c = params.first / 4u; c < (end + 3u) / 4u; c++) {
      let v = (1.0 - f.x) * ((1.0 - f.y) * x[a + c] + f.y * x[b + c]) + f.x * ((1.0 - f.y) * x[d + c] + f.y * x[e + c]);
      for (var k = 0u; k < 4u; k++) {
        let channel = c * 4u + k;
        if (channel < params.first || channel >= end) { continue; }
        if (round == 0u) { if (channel == params.first || v[k] > most) { most = v[k]; } }
        else {
          let p = exp(v[k] - most);
          sum += p;
          if (channel == params.channel) { own = p; }
        }
      }
    }
  }
  terms[at] = vec2f(most + log(sum), dy[at] * own / sum);
}

// y += softmax over each range of channels of x [n, inHeight, inWidth, channels] resized bilinearly to y's height × width:
// sums a segmenter's probabilities over several input sizes. Channels outside the ranges stay as they are.
const CORNER: bool = false;

struct Params {
  vectors: u32, inHeight: u32, inWidth: u32, outHeight: u32, outWidth: u32, total: u32,
  ranges: u32,
  first: u32,  // 1 to replace y
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> ranges: array<vec2u>;  // first channel, how many
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

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
  for (var r = 0u; r < params.ranges; r++) {
    let range = ranges[r];
    let end = range.x + range.y;
    var most = 0.0;
    var sum = 0.0;
    for (var round = 0u; round < 3u; round++) {
      for (var c = range.x / 4u; c < (end + 3u) / 4u; c++) {
        let v = (1.0 - f.x) * ((1.0 - f.y) * x[a + c] + f.y * x[b + c]) + f.x * ((1.0 - f.y) * x[d + c] + f.y * x[e + c]);
        let channels = vec4u(0u, 1u, 2u, 3u) + c * 4u;
        let known = (channels >= vec4u(range.x)) & (channels < vec4u(end));
        if (round == 0u) {
          // The maximum of the resized values: one pixel's may be so far above them that every exp is zero.
          for (var k = 0u; k < 4u; k++) {
            if (known[k] && (channels[k] == range.x || v[k] > most)) { most = v[k]; }
          }
        } else {
          let p = select(vec4f(), exp(select(vec4f(), v - most, known)), known);
          if (round == 1u) { sum += p.x + p.y + p.z + p.w; }
          else {
            let to = at * params.vectors + c;
            y[to] = select(y[to], p / sum + select(y[to], vec4f(), params.first == 1u), known);
          }
        }
      }
    }
  }
}

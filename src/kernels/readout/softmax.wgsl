// y += softmax over each range of channels of x [n, inHeight, inWidth, channels] resized bilinearly
// to y's height × width: sums a segmenter's probabilities over several input sizes. Channels
// outside the ranges stay as they are.
// use logits

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
  let point = pointAt(image, row, column);
  for (var r = 0u; r < params.ranges; r++) {
    let range = ranges[r];
    let end = range.x + range.y;
    var most = 0.0;
    var sum = 0.0;
    for (var round = 0u; round < 3u; round++) {
      for (var c = range.x / 4u; c < (end + 3u) / 4u; c++) {
        let v = logits(point, c);
        let channels = vec4u(0u, 1u, 2u, 3u) + c * 4u;
        let known = (channels >= vec4u(range.x)) & (channels < vec4u(end));
        if (round == 0u) {
          // The maximum of the resized values: one pixel's may be so far above them that every exp
          // is zero.
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

// One of several label maps: at every point of an outHeight × outWidth grid over x [n, inHeight,
// inWidth, channels], resized bilinearly (half-pixel centres, or with CORNER top left corners;
// clamped borders), the name of the channel of the largest value within a range. The range is the
// first one, or with GATED the one of the label that another map holds there; where it is empty
// there is no label. The first of equal channels wins.
// use logits
const GATED: bool = false;

struct Params {
  vectors: u32, inHeight: u32, inWidth: u32, outHeight: u32, outWidth: u32, total: u32,
  maps: u32,   // label maps an image
  map: u32,    // which of them is written
  gate: u32,   // and which chooses the range
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
// first channel, how many; by the gate's label
@group(0) @binding(2) var<storage, read> ranges: array<vec2u>;
@group(0) @binding(3) var<storage, read> names: array<u32>;     // label of every channel
@group(0) @binding(4) var<storage, read_write> labels: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let column = at % params.outWidth;
  let row = (at / params.outWidth) % params.outHeight;
  let image = at / params.outWidth / params.outHeight;
  let point = pointAt(image, row, column);
  let pixels = params.outHeight * params.outWidth;
  let pixel = row * params.outWidth + column;
  let to = (image * params.maps + params.map) * pixels + pixel;
  var range = ranges[0];
  if (GATED) { range = ranges[labels[(image * params.maps + params.gate) * pixels + pixel]]; }
  if (range.y == 0u) { labels[to] = 0u; return; }
  let end = range.x + range.y;
  var best = range.x;
  var most = 0.0;
  for (var c = range.x / 4u; c < (end + 3u) / 4u; c++) {
    let v = logits(point, c);
    for (var k = 0u; k < 4u; k++) {
      let channel = c * 4u + k;
      if (channel >= range.x && channel < end && (channel == range.x || v[k] > most)) { most = v[k]; best = channel; }
    }
  }
  labels[to] = names[best];
}

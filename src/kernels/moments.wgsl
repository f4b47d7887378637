// First and second moments of each unit's activation over one image, and its sum over each label, as partial sums an
// image: [images, 2 + labels, units]. One invocation walks one unit of one image in a fixed order, so that the result
// does not depend on the batch.
struct Params { units: u32, labels: u32, channels: u32, imageRows: u32, images: u32, first: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;  // [n, channels, pixels]
@group(0) @binding(3) var<storage, read> batch: array<u32>;
@group(0) @binding(4) var<storage, read_write> partial: array<f32>;  // rows: Σv, Σv², Σv over each label

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let flat = id.x + id.y * groups.x * 64u;
  if (flat >= params.units * params.images) { return; }
  let unit = flat % params.units;
  let inChunk = flat / params.units;
  let image = params.first + inChunk;
  let base = inChunk * (2u + params.labels) * params.units + unit;
  for (var i = 0u; i < 2u + params.labels; i++) { partial[base + i * params.units] = 0.0; }
  if (image >= batch[1]) { return; }
  for (var channel = 0u; channel < params.channels; channel++) {
    var label = 0u;
    var run = 0.0;
    var line = vec2f();
    var sum = vec2f();
    for (var row = 0u; row < params.imageRows; row++) {
      let v = x[(inChunk * params.imageRows + row) * params.units + unit];
      let here = labels[(image * params.channels + channel) * params.imageRows + row];
      if (here != label) {
        if (label > 0u) { partial[base + (2u + label) * params.units] += run; }
        label = here;
        run = 0.0;
      }
      run += v;
      // Two stages keep the sums short: 64 pixels, then all.
      line += vec2f(v, v * v);
      if (row % 64u == 63u) {
        sum += line;
        line = vec2f();
        if (label > 0u) { partial[base + (2u + label) * params.units] += run; }
        run = 0.0;
      }
    }
    if (label > 0u) { partial[base + (2u + label) * params.units] += run; }
    if (channel == 0u) {
      sum += line;
      partial[base] = sum.x;
      partial[base + params.units] = sum.y;
    }
  }
}

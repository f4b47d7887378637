// First and second moments of each unit's activation over one image, and its sum over each slot's label, as partial
// sums an image: [images, 2 + slots, units]. One invocation walks one unit of one image in a fixed order, so that the
// result does not depend on the batch. relabel.wgsl gives each label its slot.
struct Params {
  units: u32,
  rows: u32,       // 2 + slots
  channels: u32,   // labels a pixel can have at once
  imageRows: u32,
  images: u32,     // images to sum up
  skip: u32,       // images of x before them
  first: u32,      // index in the batch of the first of them
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> slots: array<u32>;  // [n, channels, pixels], from 1 on; 0: not summed up
@group(0) @binding(3) var<storage, read> batch: array<u32>;
@group(0) @binding(4) var<storage, read_write> partial: array<f32>;  // rows: Σv, Σv², Σv over each slot from 1 on

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let flat = id.x + id.y * groups.x * 64u;
  if (flat >= params.units * params.images) { return; }
  let unit = flat % params.units;
  let index = flat / params.units;
  let image = params.first + index;
  let base = index * params.rows * params.units + unit;
  for (var i = 0u; i < params.rows; i++) { partial[base + i * params.units] = 0.0; }
  if (image >= batch[1]) { return; }
  for (var channel = 0u; channel < params.channels; channel++) {
    var slot = 0u;
    var run = 0.0;
    var line = vec2f();
    var sum = vec2f();
    for (var row = 0u; row < params.imageRows; row++) {
      let v = x[((params.skip + index) * params.imageRows + row) * params.units + unit];
      let here = slots[(image * params.channels + channel) * params.imageRows + row];
      if (here != slot) {
        if (slot > 0u) { partial[base + (1u + slot) * params.units] += run; }
        slot = here;
        run = 0.0;
      }
      run += v;
      // Two stages keep the sums short: 64 pixels, then all.
      line += vec2f(v, v * v);
      if (row % 64u == 63u) {
        sum += line;
        line = vec2f();
        if (slot > 0u) { partial[base + (1u + slot) * params.units] += run; }
        run = 0.0;
      }
    }
    if (slot > 0u) { partial[base + (1u + slot) * params.units] += run; }
    if (channel == 0u) {
      sum += line;
      partial[base] = sum.x;
      partial[base + params.units] = sum.y;
    }
  }
}

// Pixels of labels in every cell of a grid over the images: of each label, or of one. Label 0
// (none) is none, and a label that a pixel bears in several channels counts once.
// use repeated
struct Params {
  height: u32,
  width: u32,
  reachHeight: u32,  // of all cells together
  reachWidth: u32,
  channels: u32,  // labels a pixel can have at once
  counted: u32,   // of which so many are looked at, the first ones
  rows: u32,
  columns: u32,
  labels: u32,    // in a cell of the table
  label: u32,     // the only one that counts, or 0
  stride: u32,    // elements of the table from one image to the next: 0 sums over images
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
// [n, channels, height, width]
@group(0) @binding(1) var<storage, read> labels: array<u32>;
// index of the batch's first image, how many are valid
@group(0) @binding(2) var<storage, read> batch: array<u32>;
// [n or 1, rows, columns, labels], accumulated
@group(0) @binding(3) var<storage, read_write> areas: array<atomic<u32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let pixels = params.height * params.width;
  let image = at / (params.channels * pixels);
  let label = labels[at];
  if (image >= batch[1] || label == 0u || (params.label != 0u && label != params.label)) { return; }
  let channel = (at / pixels) % params.channels;
  if (channel >= params.counted) { return; }
  if (repeated(at, channel, pixels)) { return; }
  let pixel = at % pixels;
  let row = pixel / params.width * params.rows / params.reachHeight;
  let column = pixel % params.width * params.columns / params.reachWidth;
  let index = select(label, 0u, params.label != 0u);
  atomicAdd(&areas[image * params.stride + (row * params.columns + column) * params.labels + index], 1u);
}

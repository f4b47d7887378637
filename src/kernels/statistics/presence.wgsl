// Pixels of each label, in all and whether a category occurs in an image. Label 0 (none) counts for
// no category, and a label that a pixel bears in several channels counts once.
// use repeated
struct Params {
  imagePixels: u32,
  channels: u32,  // labels a pixel can have at once
  labels: u32,
  categories: u32,
  blocks: u32,  // image i is counted in block i mod blocks
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> labels: array<u32>;      // [n, channels, pixels]
// index of the batch's first image, how many are valid
@group(0) @binding(2) var<storage, read> batch: array<u32>;
@group(0) @binding(3) var<storage, read> categoryOf: array<u32>;  // [labels]
// [blocks, labels], accumulated
@group(0) @binding(4) var<storage, read_write> pixels: array<atomic<u32>>;
@group(0) @binding(5) var<storage, read_write> present: array<atomic<u32>>;  // [n, categories]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let image = at / (params.channels * params.imagePixels);
  let label = labels[at];
  if (image >= batch[1] || label == 0u) { return; }
  let channel = (at / params.imagePixels) % params.channels;
  if (repeated(at, channel, params.imagePixels)) { return; }
  let base = (batch[0] + image) % params.blocks * params.labels;
  atomicAdd(&pixels[base + label], 1u);
  atomicOr(&present[image * params.categories + categoryOf[label]], 1u);
}

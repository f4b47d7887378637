// Counts the images in which each category occurs: one invocation a category.
// blocks: image i is counted in block i mod blocks
struct Params { categories: u32, blocks: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> present: array<u32>;  // [n, categories]
// [blocks, categories], accumulated
@group(0) @binding(3) var<storage, read_write> images: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.categories) { return; }
  for (var i = 0u; i < batch[1]; i++) {
    let base = (batch[0] + i) % params.blocks * params.categories;
    images[base + id.x] += present[i * params.categories + id.x];
  }
}

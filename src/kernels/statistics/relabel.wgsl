// Labels as slots of counters: each label's from a table, 0 where nothing is to be counted. A pixel
// may bear a label in several channels and still is one pixel of it: only the first counts.
// use repeated
// channels: labels a pixel can have at once
struct Params { imagePixels: u32, channels: u32, total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> labels: array<u32>;  // [n, channels, pixels]
@group(0) @binding(2) var<storage, read> slotOf: array<u32>;   // [labels]; 0: not counted
@group(0) @binding(3) var<storage, read_write> slots: array<u32>;  // [n, channels, pixels]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let channel = (at / params.imagePixels) % params.channels;
  slots[at] = select(slotOf[labels[at]], 0u, repeated(at, channel, params.imagePixels));
}

// The labels that pack.wgsl packed.
struct Params { total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> halves: array<u32>;  // [(total + 1) / 2]
@group(0) @binding(2) var<storage, read_write> labels: array<u32>;  // [total]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  labels[at] = (halves[at >> 1u] >> (16u * (at & 1u))) & 0xffffu;
}

// Sums of each 256 neighbours of a selection's first counters, by which narrow.wgsl finds its way
// among them.
struct Params { total: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counters: array<u32>;
@group(0) @binding(2) var<storage, read_write> sums: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  var sum = 0u;
  for (var i = 0u; i < 256u; i++) { sum += counters[at * 256u + i]; }
  sums[at] = sum;
}

// One of several label maps, from those before it: a label of its own where any of them holds one
// of the members, 0 elsewhere.
struct Params {
  maps: u32,    // label maps an image
  map: u32,     // which of them is written; those before it are read
  pixels: u32,
  label: u32,
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> members: array<u32>;  // of every label: 1 or 0
@group(0) @binding(2) var<storage, read_write> labels: array<u32>;  // [n, maps, pixels]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let first = at / params.pixels * params.maps * params.pixels + at % params.pixels;
  var found = 0u;
  for (var m = 0u; m < params.map; m++) { found |= members[labels[first + m * params.pixels]]; }
  labels[first + params.map * params.pixels] = found * params.label;
}

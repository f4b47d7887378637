// Connected components, first step: a forest in which every run of equal labels in a row hangs from
// its leftmost pixel, each pixel's parent being its western neighbour. Runs cost no atomics that
// way; components-link.wgsl joins them.
struct Params {
  height: u32, width: u32, total: u32,
  maps: u32,     // label maps an image
  channel: u32,  // which of them
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> labels: array<u32>;         // [n, maps, height, width]
// [n, height, width]: itself or an earlier pixel
@group(0) @binding(2) var<storage, read_write> parent: array<u32>;
// [n, height, width, 3], for components-extents.wgsl
@group(0) @binding(3) var<storage, read_write> extents: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let pixels = params.height * params.width;
  let here = (at / pixels * params.maps + params.channel) * pixels + at % pixels;
  let west = at % params.width > 0u && labels[here] == labels[here - 1u];
  parent[at] = select(at, at - 1u, west);
  for (var i = 0u; i < 3u; i++) { extents[3u * at + i] = 0u; }
}

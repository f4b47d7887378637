// Connected components, third step: hangs every pixel from the root of its tree, the component's
// first pixel, and collects there how far the component reaches: its last row, its last column and,
// counted from the far side so that it is a maximum as well, its first column. Its first row is the
// root's.
struct Params {
  height: u32, width: u32, total: u32,
  maps: u32,     // label maps an image
  channel: u32,  // which of them
}

@group(0) @binding(0) var<uniform> params: Params;
// [n, maps, height, width]
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read_write> parent: array<atomic<u32>>;   // [n, height, width]
// [n, height, width, 3], zero
@group(0) @binding(3) var<storage, read_write> extents: array<atomic<u32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let pixels = params.height * params.width;
  let here = (at / pixels * params.maps + params.channel) * pixels + at % pixels;
  let row = at / params.width % params.height;
  let column = at % params.width;
  let label = labels[here];
  if (label == 0u) { return; }
  var root = at;
  var up = atomicLoad(&parent[root]);
  while (up != root) {
    root = up;
    up = atomicLoad(&parent[root]);
  }
  // who meets this pixel on its way takes a short cut to the same root
  atomicStore(&parent[at], root);
  // Only the ends of runs can lie outermost.
  if (row + 1u == params.height || labels[here + params.width] != label) { atomicMax(&extents[3u * root], row); }
  if (column + 1u == params.width || labels[here + 1u] != label) { atomicMax(&extents[3u * root + 1u], column); }
  if (column == 0u || labels[here - 1u] != label) { atomicMax(&extents[3u * root + 2u], params.width - 1u - column); }
}

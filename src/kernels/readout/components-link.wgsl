// Connected components, second step: joins the runs of components-start.wgsl with those they touch
// in the row above, also diagonally. A union-find without locks: a parent only ever moves to an
// earlier pixel, so every loop ends whatever the other invocations do, and the root of a finished
// tree is its component's first pixel whatever their order was. Nothing is lost on the way: who
// replaces a parent joins the trees of the old and the new one.
struct Params {
  height: u32, width: u32, total: u32,
  maps: u32,     // label maps an image
  channel: u32,  // which of them
}

@group(0) @binding(0) var<uniform> params: Params;
// [n, maps, height, width]
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read_write> parent: array<atomic<u32>>;  // [n, height, width]

// The first pixel of a tree as far as it has grown. On the way every pixel is hung from its
// grandparent, or paths could get as long as a spiral; its old parent hangs there as well.
fn root(start: u32) -> u32 {
  var at = start;
  var up = atomicLoad(&parent[at]);
  while (up != at) {
    let above = atomicLoad(&parent[up]);
    if (above != up) { atomicMin(&parent[at], above); }
    at = up;
    up = above;
  }
  return at;
}

fn link(a: u32, b: u32) {
  var x = root(a);
  var y = root(b);
  while (x != y) {
    let later = max(x, y);
    let earlier = min(x, y);
    let before = atomicMin(&parent[later], earlier);
    if (before == later) { return; }
    // It was a root no more: the tree of the parent it has, or had, is to be joined too. Both lie
    // before it.
    x = root(before);
    y = earlier;
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let pixels = params.height * params.width;
  let here = (at / pixels * params.maps + params.channel) * pixels + at % pixels;
  let row = at / params.width % params.height;
  let column = at % params.width;
  let label = labels[here];
  if (label == 0u || row == 0u) { return; }
  let above = here - params.width;
  let first = column == 0u;
  let last = column + 1u == params.width;
  let west = !first && labels[here - 1u] == label;
  let east = !last && labels[here + 1u] == label;
  let northWest = !first && labels[above - 1u] == label;
  let northEast = !last && labels[above + 1u] == label;
  // One link for every pair of runs that touch: where a neighbour in this row touches the same run,
  // the link is its to make.
  if (labels[above] == label) {
    if (!(west && northWest)) { link(at, at - params.width); }
  } else {
    if (northWest && !west) { link(at, at - params.width - 1u); }
    if (northEast && !east) { link(at, at - params.width + 1u); }
  }
}

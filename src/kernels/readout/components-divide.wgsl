// Connected components, last step: the halves of each component's bounding box as labels of their
// own (spec §2.3). Labels come in five blocks of `objects`: undivided, top, left, bottom, right. A
// component of one row has only a bottom, one of one column only a right side.
struct Params {
  height: u32, width: u32, total: u32,
  maps: u32,       // label maps an image
  channel: u32,    // the one that is divided
  topBottom: u32,  // those that are written
  leftRight: u32,
  objects: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
// [n, height, width]: the component's first pixel
@group(0) @binding(1) var<storage, read> parent: array<u32>;
// [n, height, width, 3], see components-extents.wgsl
@group(0) @binding(2) var<storage, read> extents: array<u32>;
@group(0) @binding(3) var<storage, read_write> labels: array<u32>;  // [n, maps, height, width]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let pixels = params.height * params.width;
  let image = at / pixels * params.maps;
  let pixel = at % pixels;
  let label = labels[(image + params.channel) * pixels + pixel];
  var vertical = 0u;
  var horizontal = 0u;
  if (label != 0u) {
    let root = parent[at];
    let top = root / params.width % params.height;
    let bottom = extents[3u * root];
    let right = extents[3u * root + 1u];
    let left = params.width - 1u - extents[3u * root + 2u];
    vertical = label + params.objects * select(3u, 1u, pixel / params.width < (top + bottom + 1u) / 2u);
    horizontal = label + params.objects * select(4u, 2u, pixel % params.width < (left + right + 1u) / 2u);
  }
  labels[(image + params.topBottom) * pixels + pixel] = vertical;
  labels[(image + params.leftRight) * pixels + pixel] = horizontal;
}

// The label at the centre of every cell of a grid over label maps; 0 where a cropped map has none.
struct Params {
  height: u32,
  width: u32,
  reachHeight: u32,  // of all cells together
  reachWidth: u32,
  rows: u32,
  columns: u32,
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> labels: array<u32>;         // [maps, height, width]
@group(0) @binding(2) var<storage, read_write> centres: array<u32>;  // [maps, rows, columns]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let column = at % params.columns;
  let row = at / params.columns % params.rows;
  let map = at / params.columns / params.rows;
  // Of an even number of pixels, the one after the middle.
  let y = (2u * row + 1u) * params.reachHeight / (2u * params.rows);
  let x = (2u * column + 1u) * params.reachWidth / (2u * params.columns);
  if (y >= params.height || x >= params.width) { centres[at] = 0u; return; }
  centres[at] = labels[(map * params.height + y) * params.width + x];
}

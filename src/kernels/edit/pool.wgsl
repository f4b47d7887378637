// Adaptive average pooling of maps [n, height, width], as PyTorch pools: the mean over the pixels
// that a cell touches. The images' cells are written at the batch's place among those of all
// images, so that they are read back once. What a cropped map lacks, of `reach`, is zero.
// use adaptive
struct Params {
  height: u32,
  width: u32,
  reachHeight: u32,  // of all cells together
  reachWidth: u32,
  cellsHigh: u32,
  cellsWide: u32,
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
// row of the first image; how many are valid
@group(0) @binding(2) var<storage, read> batch: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [rows, cellsHigh, cellsWide]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let cells = params.cellsHigh * params.cellsWide;
  let image = at / cells;
  if (image >= batch[1]) { return; }
  let row = (at % cells) / params.cellsWide;
  let column = at % params.cellsWide;
  let rows = touched(row, params.cellsHigh, params.reachHeight);
  let columns = touched(column, params.cellsWide, params.reachWidth);
  var sum = 0.0;
  for (var v = rows.x; v < min(rows.y, params.height); v++) {
    for (var u = columns.x; u < min(columns.y, params.width); u++) {
      sum += x[(image * params.height + v) * params.width + u];
    }
  }
  y[batch[0] * cells + at] = sum / f32((rows.y - rows.x) * (columns.y - columns.x));
}

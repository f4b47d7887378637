// A map x [n, inHeight, inWidth, inStored] as a part of another, y [n, outHeight, outWidth,
// outStored]: `width` of its numbers a pixel go behind the first `channel` of y's.
struct Params {
  inHeight: u32, inWidth: u32, inStored: u32, outHeight: u32, outWidth: u32, outStored: u32,
  row: u32, column: u32, channel: u32,  // where the part begins
  width: u32, total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.width;
  let column = (at / params.width) % params.inWidth;
  let row = (at / params.width / params.inWidth) % params.inHeight;
  let image = at / params.width / params.inWidth / params.inHeight;
  let to = (image * params.outHeight + params.row + row) * params.outWidth + params.column + column;
  // Numbers behind the last of x's are y's padding.
  var v = 0.0;
  if (c < params.inStored) { v = x[(at / params.width) * params.inStored + c]; }
  y[to * params.outStored + params.channel + c] = v;
}

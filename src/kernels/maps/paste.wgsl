// A window x [n, inHeight, inWidth, vectors] back into its map y [n, outHeight, outWidth, vectors],
// without `margin` rows and columns on each side, and as far as it is inside. See cut.wgsl.
struct Params {
  inHeight: u32, inWidth: u32, margin: u32,
  height: u32, width: u32,  // of what is pasted
  outHeight: u32, outWidth: u32, vectors: u32,
  place: u32,  // which of the places is the first row and column of what is pasted
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> places: array<vec2i>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let pixel = at / params.vectors;
  let row = (pixel / params.width) % params.height;
  let column = pixel % params.width;
  let image = pixel / (params.width * params.height);
  let toRow = u32(i32(row) + places[params.place].x);
  let toColumn = u32(i32(column) + places[params.place].y);
  // A negative one is a large u32.
  if (toRow >= params.outHeight || toColumn >= params.outWidth) { return; }
  let source = (image * params.inHeight + row + params.margin) * params.inWidth + column + params.margin;
  let dest = (image * params.outHeight + toRow) * params.outWidth + toColumn;
  y[dest * params.vectors + c] = x[source * params.vectors + c];
}

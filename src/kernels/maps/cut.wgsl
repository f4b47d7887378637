// A window of a map x [n, inHeight, inWidth, vectors], y [n, height, width, vectors]: it begins
// where the run says, and is zero where it reaches beyond the map.
struct Params {
  inHeight: u32, inWidth: u32, height: u32, width: u32, vectors: u32,
  place: u32,  // which of the places is its first row and column
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
  let row = i32((pixel / params.width) % params.height) + places[params.place].x;
  let column = i32(pixel % params.width) + places[params.place].y;
  let image = pixel / (params.width * params.height);
  // A negative one is a large u32.
  let inside = u32(row) < params.inHeight && u32(column) < params.inWidth;
  let source = (image * params.inHeight + u32(row)) * params.inWidth + u32(column);
  y[at] = select(vec4f(), x[select(0u, source, inside) * params.vectors + c], inside);
}

// First step of a 3×3 convolution by Winograd's F(m×m, 3×3) (Lavin & Gray, CVPR 2016), m = OUTPUTS:
// every m + 2 × m + 2 input tile d, m pixels apart and starting at −pad, becomes Bᵀ d B. x is [n,
// height, width, channels]; y is [(m + 2)², tiles, channels].
const OUTPUTS: u32 = 2;  // 2, or 4 with the points 0, ±√½, ±√2, ∞

struct Params {
  height: u32, width: u32, vectors: u32, tileRows: u32, tileColumns: u32, tiles: u32,
  first: u32,  // image of the first tile
  pad: u32,    // 1 or 0
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

// Bᵀ times a column; of six elements the first OUTPUTS + 2 count.
fn transform(d: array<vec4f, 6>) -> array<vec4f, 6> {
  if (OUTPUTS == 2u) { return array(d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3], vec4f(), vec4f()); }
  let even = d[4] - 2.0 * d[2];
  let odd = 1.4142135623730951 * d[1] - 0.7071067811865476 * d[3];
  let even2 = d[4] - 0.5 * d[2];
  let odd2 = 0.7071067811865476 * d[1] - 1.4142135623730951 * d[3];
  return array(d[0] - 2.5 * d[2] + d[4], even - odd, even + odd, even2 - odd2, even2 + odd2, d[1] - 2.5 * d[3] + d[5]);
}

// Pixel (row, column) of an image, zero outside.
fn load(image: u32, row: i32, column: i32, c: u32) -> vec4f {
  let inside = row >= 0 && column >= 0 && row < i32(params.height) && column < i32(params.width);
  let r = u32(clamp(row, 0, i32(params.height) - 1));
  let q = u32(clamp(column, 0, i32(params.width) - 1));
  return select(vec4f(), x[((image * params.height + r) * params.width + q) * params.vectors + c], inside);
}

// A row of d, transformed: of d B.
fn line(image: u32, row: i32, q: i32, c: u32) -> array<vec4f, 6> {
  var d = array(load(image, row, q, c), load(image, row, q + 1, c), load(image, row, q + 2, c), load(image, row, q + 3, c), vec4f(), vec4f());
  if (OUTPUTS == 4u) {
    d[4] = load(image, row, q + 4, c);
    d[5] = load(image, row, q + 5, c);
  }
  return transform(d);
}

// Column `q` of the result.
fn store(at: u32, q: u32, d: array<vec4f, 6>) {
  let e = transform(d);
  let size = OUTPUTS + 2u;
  let stride = params.tiles * params.vectors;
  y[q * stride + at] = e[0];
  y[(size + q) * stride + at] = e[1];
  y[(2u * size + q) * stride + at] = e[2];
  y[(3u * size + q) * stride + at] = e[3];
  if (OUTPUTS == 4u) {
    y[(4u * size + q) * stride + at] = e[4];
    y[(5u * size + q) * stride + at] = e[5];
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let tile = at / params.vectors;
  let column = i32((tile % params.tileColumns) * OUTPUTS) - i32(params.pad);
  let row = i32(((tile / params.tileColumns) % params.tileRows) * OUTPUTS) - i32(params.pad);
  let image = params.first + tile / (params.tileColumns * params.tileRows);
  let a = line(image, row, column, c);
  let b = line(image, row + 1, column, c);
  let e = line(image, row + 2, column, c);
  let f = line(image, row + 3, column, c);
  var g = array<vec4f, 6>();
  var h = array<vec4f, 6>();
  if (OUTPUTS == 4u) {
    g = line(image, row + 4, column, c);
    h = line(image, row + 5, column, c);
  }
  store(at, 0u, array(a[0], b[0], e[0], f[0], g[0], h[0]));
  store(at, 1u, array(a[1], b[1], e[1], f[1], g[1], h[1]));
  store(at, 2u, array(a[2], b[2], e[2], f[2], g[2], h[2]));
  store(at, 3u, array(a[3], b[3], e[3], f[3], g[3], h[3]));
  if (OUTPUTS == 4u) {
    store(at, 4u, array(a[4], b[4], e[4], f[4], g[4], h[4]));
    store(at, 5u, array(a[5], b[5], e[5], f[5], g[5], h[5]));
  }
}

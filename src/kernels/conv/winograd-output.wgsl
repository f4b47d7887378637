// Last step of a 3×3 convolution by Winograd's F(m×m, 3×3), m = OUTPUTS; see winograd-input.wgsl.
// Aᵀ M A of the products of every tile, bias, residual and activation. m is [(OUTPUTS + 2)², tiles,
// channels]; y is [n, height, width, channels].
// use activation
const OUTPUTS: u32 = 2;     // 2 or 4
const ACTIVATION: u32 = 0;
const RESIDUAL: bool = false;

struct Params {
  height: u32, width: u32, vectors: u32, tileRows: u32, tileColumns: u32, tiles: u32,
  first: u32,  // image of the first tile
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> m: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;
@group(0) @binding(3) var<storage, read> residual: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

// Aᵀ times a column; of four elements the first OUTPUTS count.
fn transform(m: array<vec4f, 6>) -> array<vec4f, 4> {
  let sum = m[1] + m[2];
  let difference = m[1] - m[2];
  if (OUTPUTS == 2u) { return array(m[0] + sum, difference - m[3], vec4f(), vec4f()); }
  let sum2 = m[3] + m[4];
  let difference2 = m[3] - m[4];
  return array(
    m[0] + sum + sum2,
    0.7071067811865476 * difference + 1.4142135623730951 * difference2,
    0.5 * sum + 2.0 * sum2,
    0.3535533905932738 * difference + 2.8284271247461903 * difference2 + m[5],
  );
}

// Column `q` of the products, transformed.
fn column(at: u32, q: u32) -> array<vec4f, 4> {
  let size = OUTPUTS + 2u;
  let stride = params.tiles * params.vectors;
  var d = array(m[q * stride + at], m[(size + q) * stride + at], m[(2u * size + q) * stride + at], m[(3u * size + q) * stride + at], vec4f(), vec4f());
  if (OUTPUTS == 4u) {
    d[4] = m[(4u * size + q) * stride + at];
    d[5] = m[(5u * size + q) * stride + at];
  }
  return transform(d);
}

fn store(image: u32, row: u32, column: u32, c: u32, sum: vec4f) {
  if (row >= params.height || column >= params.width) { return; }
  let at = ((image * params.height + row) * params.width + column) * params.vectors + c;
  var v = sum + bias[c];
  if (RESIDUAL) { v += residual[at]; }
  y[at] = activated(v, ACTIVATION);
}

// A row of the outputs.
fn line(image: u32, row: u32, column: u32, c: u32, d: array<vec4f, 6>) {
  let e = transform(d);
  store(image, row, column, c, e[0]);
  store(image, row, column + 1u, c, e[1]);
  if (OUTPUTS == 4u) {
    store(image, row, column + 2u, c, e[2]);
    store(image, row, column + 3u, c, e[3]);
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let tile = at / params.vectors;
  let q = (tile % params.tileColumns) * OUTPUTS;
  let row = ((tile / params.tileColumns) % params.tileRows) * OUTPUTS;
  let image = params.first + tile / (params.tileColumns * params.tileRows);
  let a = column(at, 0u);
  let b = column(at, 1u);
  let e = column(at, 2u);
  let f = column(at, 3u);
  var g = array<vec4f, 4>();
  var h = array<vec4f, 4>();
  if (OUTPUTS == 4u) {
    g = column(at, 4u);
    h = column(at, 5u);
  }
  line(image, row, q, c, array(a[0], b[0], e[0], f[0], g[0], h[0]));
  line(image, row + 1u, q, c, array(a[1], b[1], e[1], f[1], g[1], h[1]));
  if (OUTPUTS == 4u) {
    line(image, row + 2u, q, c, array(a[2], b[2], e[2], f[2], g[2], h[2]));
    line(image, row + 3u, q, c, array(a[3], b[3], e[3], f[3], g[3], h[3]));
  }
}

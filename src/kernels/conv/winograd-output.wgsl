// Last step of a 3×3 convolution by Winograd's F(m×m, 3×3), m = OUTPUTS; see winograd-input.wgsl.
// Aᵀ M A of the products of every tile, bias, residual and activation. m is [(OUTPUTS + 2)², tiles,
// channels]; y is [n, height, width, channels].
// use activation
// use numbers
const OUTPUTS: u32 = 2;     // 2 or 4
const ACTIVATION: u32 = 0;
const RESIDUAL: bool = false;

struct Params {
  height: u32, width: u32, vectors: u32, tileRows: u32, tileColumns: u32, tiles: u32,
  first: u32,  // image of the first tile
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> m: array<NUMBERS>;
@group(0) @binding(2) var<storage, read> bias: array<NUMBERS>;
@group(0) @binding(3) var<storage, read> residual: array<NUMBERS>;
@group(0) @binding(4) var<storage, read_write> y: array<NUMBERS>;

// Aᵀ times a column; of four elements the first OUTPUTS count.
fn transform(m: array<NUMBERS, 6>) -> array<NUMBERS, 4> {
  let sum = m[1] + m[2];
  let difference = m[1] - m[2];
  if (OUTPUTS == 2u) { return array(m[0] + sum, difference - m[3], NUMBERS(), NUMBERS()); }
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
fn column(at: u32, q: u32) -> array<NUMBERS, 4> {
  let stride = params.tiles * params.vectors * TURNS;
  let down = (OUTPUTS + 2u) * stride;
  let first = q * stride + at;
  let second = first + down;
  let third = second + down;
  let fourth = third + down;
  var d = array(m[first], m[second], m[third], m[fourth], NUMBERS(), NUMBERS());
  if (OUTPUTS == 4u) {
    d[4] = m[fourth + down];
    d[5] = m[fourth + 2u * down];
  }
  return transform(d);
}

fn store(at: u32, inside: bool, sum: NUMBERS) {
  if (inside) {
    var v = sum;
    if (RESIDUAL) { v += residual[at]; }
    y[at] = activated(v, ACTIVATION);
  }
}

// A row of the outputs. (& is no branch, as && is: in the loop over four channels so many branches
// keep SwiftShader compiling for minutes, as naga writes them.)
fn line(first: u32, row: u32, column: u32, addend: NUMBERS, d: array<NUMBERS, 6>) {
  let e = transform(d);
  let numbers = params.vectors * TURNS;
  let at = first + row * params.width * numbers;
  let inside = row < params.height;
  store(at, inside & (column < params.width), e[0] + addend);
  store(at + numbers, inside & (column + 1u < params.width), e[1] + addend);
  if (OUTPUTS == 4u) {
    store(at + 2u * numbers, inside & (column + 2u < params.width), e[2] + addend);
    store(at + 3u * numbers, inside & (column + 3u < params.width), e[3] + addend);
  }
}

// Number `c` of a tile's pixels, from number `at` of each product, to `corner` and on.
fn convert(at: u32, c: u32, corner: u32, row: u32, q: u32) {
  let a = column(at, 0u);
  let b = column(at, 1u);
  let e = column(at, 2u);
  let f = column(at, 3u);
  var g = array<NUMBERS, 4>();
  var h = array<NUMBERS, 4>();
  if (OUTPUTS == 4u) {
    g = column(at, 4u);
    h = column(at, 5u);
  }
  let first = corner + c;
  let addend = bias[c];
  line(first, row, q, addend, array(a[0], b[0], e[0], f[0], g[0], h[0]));
  line(first, row + 1u, q, addend, array(a[1], b[1], e[1], f[1], g[1], h[1]));
  if (OUTPUTS == 4u) {
    line(first, row + 2u, q, addend, array(a[2], b[2], e[2], f[2], g[2], h[2]));
    line(first, row + 3u, q, addend, array(a[3], b[3], e[3], f[3], g[3], h[3]));
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  if (index >= params.total) { return; }
  let tile = index / params.vectors;
  let q = (tile % params.tileColumns) * OUTPUTS;
  let row = ((tile / params.tileColumns) % params.tileRows) * OUTPUTS;
  let image = params.first + tile / (params.tileColumns * params.tileRows);
  let corner = (image * params.height * params.width + q) * params.vectors * TURNS;
  let c = (index % params.vectors) * TURNS;
  if (TURNS == 1u) {
    convert(index, c, corner, row, q);  // no loop, which a GPU's compiler might keep
  } else {
    for (var turn = 0u; turn < TURNS; turn++) { convert(index * TURNS + turn, c + turn, corner, row, q); }
  }
}

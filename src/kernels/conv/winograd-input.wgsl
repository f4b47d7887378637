// First step of a 3×3 convolution by Winograd's F(m×m, 3×3) (Lavin & Gray, CVPR 2016), m = OUTPUTS:
// every m + 2 × m + 2 input tile d, m pixels apart and starting at −pad, becomes Bᵀ d B. x is [n,
// height, width, channels]; y is [(m + 2)², tiles, channels].
// use numbers
const OUTPUTS: u32 = 2;  // 2, or 4 with the points 0, ±√½, ±√2, ∞

struct Params {
  height: u32, width: u32, vectors: u32, tileRows: u32, tileColumns: u32, tiles: u32,
  first: u32,  // image of the first tile
  pad: u32,    // 1 or 0
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<NUMBERS>;
@group(0) @binding(2) var<storage, read_write> y: array<NUMBERS>;

// Bᵀ times a column; of six elements the first OUTPUTS + 2 count.
fn transform(d: array<NUMBERS, 6>) -> array<NUMBERS, 6> {
  if (OUTPUTS == 2u) { return array(d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3], NUMBERS(), NUMBERS()); }
  let even = d[4] - 2.0 * d[2];
  let odd = 1.4142135623730951 * d[1] - 0.7071067811865476 * d[3];
  let even2 = d[4] - 0.5 * d[2];
  let odd2 = 0.7071067811865476 * d[1] - 1.4142135623730951 * d[3];
  return array(d[0] - 2.5 * d[2] + d[4], even - odd, even + odd, even2 - odd2, even2 + odd2, d[1] - 2.5 * d[3] + d[5]);
}

// Where a row or a column of an image begins in x, and whether the image has it.
struct Line { at: u32, inside: bool }

fn line(position: i32, extent: u32, stride: u32) -> Line {
  return Line(u32(clamp(position, 0, i32(extent) - 1)) * stride, (position >= 0) & (position < i32(extent)));
}

fn lines(first: i32, extent: u32, stride: u32) -> array<Line, 6> {
  return array(
    line(first, extent, stride), line(first + 1, extent, stride), line(first + 2, extent, stride),
    line(first + 3, extent, stride), line(first + 4, extent, stride), line(first + 5, extent, stride),
  );
}

// The pixel where they cross, zero outside.
fn load(first: u32, row: Line, column: Line) -> NUMBERS {
  return select(NUMBERS(), x[first + column.at], row.inside & column.inside);
}

// A row of d, transformed: of d B.
fn across(first: u32, row: Line, columns: array<Line, 6>) -> array<NUMBERS, 6> {
  let at = first + row.at;
  var d = array(load(at, row, columns[0]), load(at, row, columns[1]), load(at, row, columns[2]), load(at, row, columns[3]), NUMBERS(), NUMBERS());
  if (OUTPUTS == 4u) {
    d[4] = load(at, row, columns[4]);
    d[5] = load(at, row, columns[5]);
  }
  return transform(d);
}

// Column `q` of the result.
fn store(at: u32, q: u32, d: array<NUMBERS, 6>) {
  let e = transform(d);
  let stride = params.tiles * params.vectors * TURNS;
  let down = (OUTPUTS + 2u) * stride;
  let first = q * stride + at;
  let second = first + down;
  let third = second + down;
  let fourth = third + down;
  y[first] = e[0];
  y[second] = e[1];
  y[third] = e[2];
  y[fourth] = e[3];
  if (OUTPUTS == 4u) {
    y[fourth + down] = e[4];
    y[fourth + 2u * down] = e[5];
  }
}

// A tile, from number `first` of the image's first pixel on, to number `at` of each result.
fn convert(first: u32, at: u32, rows: array<Line, 6>, columns: array<Line, 6>) {
  let a = across(first, rows[0], columns);
  let b = across(first, rows[1], columns);
  let e = across(first, rows[2], columns);
  let f = across(first, rows[3], columns);
  var g = array<NUMBERS, 6>();
  var h = array<NUMBERS, 6>();
  if (OUTPUTS == 4u) {
    g = across(first, rows[4], columns);
    h = across(first, rows[5], columns);
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

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + id.y * groups.x * 64u;
  if (index >= params.total) { return; }
  let numbers = params.vectors * TURNS;
  let tile = index / params.vectors;
  let column = i32((tile % params.tileColumns) * OUTPUTS) - i32(params.pad);
  let row = i32(((tile / params.tileColumns) % params.tileRows) * OUTPUTS) - i32(params.pad);
  let image = params.first + tile / (params.tileColumns * params.tileRows);
  let columns = lines(column, params.width, numbers);
  let rows = lines(row, params.height, params.width * numbers);
  let first = image * params.height * params.width * numbers + (index % params.vectors) * TURNS;
  if (TURNS == 1u) {
    convert(first, index, rows, columns);  // no loop, which a GPU's compiler might keep
  } else {
    for (var turn = 0u; turn < TURNS; turn++) { convert(first + turn, index * TURNS + turn, rows, columns); }
  }
}

// First step of a 3×3 convolution by Winograd's F(2×2, 3×3) (Lavin & Gray, CVPR 2016): every 4 × 4 input tile d, two
// pixels apart and starting at −1, becomes Bᵀ d B. x is [n, height, width, channels]; y is [16, tiles, channels].
struct Params {
  height: u32, width: u32, vectors: u32, tileRows: u32, tileColumns: u32, tiles: u32,
  first: u32,  // image of the first tile
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

// Pixel (row, column) of an image, zero outside.
fn load(image: u32, row: i32, column: i32, c: u32) -> vec4f {
  let inside = row >= 0 && column >= 0 && row < i32(params.height) && column < i32(params.width);
  let r = u32(clamp(row, 0, i32(params.height) - 1));
  let q = u32(clamp(column, 0, i32(params.width) - 1));
  return select(vec4f(), x[((image * params.height + r) * params.width + q) * params.vectors + c], inside);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let tile = at / params.vectors;
  let column = i32((tile % params.tileColumns) * 2u) - 1;
  let row = i32(((tile / params.tileColumns) % params.tileRows) * 2u) - 1;
  let image = params.first + tile / (params.tileColumns * params.tileRows);
  let d00 = load(image, row + 0, column + 0, c);
  let d01 = load(image, row + 0, column + 1, c);
  let d02 = load(image, row + 0, column + 2, c);
  let d03 = load(image, row + 0, column + 3, c);
  let d10 = load(image, row + 1, column + 0, c);
  let d11 = load(image, row + 1, column + 1, c);
  let d12 = load(image, row + 1, column + 2, c);
  let d13 = load(image, row + 1, column + 3, c);
  let d20 = load(image, row + 2, column + 0, c);
  let d21 = load(image, row + 2, column + 1, c);
  let d22 = load(image, row + 2, column + 2, c);
  let d23 = load(image, row + 2, column + 3, c);
  let d30 = load(image, row + 3, column + 0, c);
  let d31 = load(image, row + 3, column + 1, c);
  let d32 = load(image, row + 3, column + 2, c);
  let d33 = load(image, row + 3, column + 3, c);
  // Bᵀ d: columns.
  let e00 = d00 - d20; let e10 = d10 + d20; let e20 = d20 - d10; let e30 = d10 - d30;
  let e01 = d01 - d21; let e11 = d11 + d21; let e21 = d21 - d11; let e31 = d11 - d31;
  let e02 = d02 - d22; let e12 = d12 + d22; let e22 = d22 - d12; let e32 = d12 - d32;
  let e03 = d03 - d23; let e13 = d13 + d23; let e23 = d23 - d13; let e33 = d13 - d33;
  // … B: rows.
  let stride = params.tiles * params.vectors;
  y[0u * stride + at] = e00 - e02;
  y[1u * stride + at] = e01 + e02;
  y[2u * stride + at] = e02 - e01;
  y[3u * stride + at] = e01 - e03;
  y[4u * stride + at] = e10 - e12;
  y[5u * stride + at] = e11 + e12;
  y[6u * stride + at] = e12 - e11;
  y[7u * stride + at] = e11 - e13;
  y[8u * stride + at] = e20 - e22;
  y[9u * stride + at] = e21 + e22;
  y[10u * stride + at] = e22 - e21;
  y[11u * stride + at] = e21 - e23;
  y[12u * stride + at] = e30 - e32;
  y[13u * stride + at] = e31 + e32;
  y[14u * stride + at] = e32 - e31;
  y[15u * stride + at] = e31 - e33;
}

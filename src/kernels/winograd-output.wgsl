// Last step of a 3×3 convolution by Winograd's F(2×2, 3×3): Aᵀ m A of the 16 products of every tile, bias, residual and
// activation. m is [16, tiles, channels]; y is [n, height, width, channels].
const ACTIVATION: u32 = 0;  // 0 none, 1 leaky ReLU (0.2), 2 ReLU, 3 ReLU6
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

fn store(image: u32, row: u32, column: u32, c: u32, sum: vec4f) {
  if (row >= params.height || column >= params.width) { return; }
  let at = ((image * params.height + row) * params.width + column) * params.vectors + c;
  var v = sum;
  if (RESIDUAL) { v += residual[at]; }
  if (ACTIVATION == 1u) { v = select(0.2 * v, v, v > vec4f()); }
  if (ACTIVATION == 2u) { v = max(v, vec4f()); }
  if (ACTIVATION == 3u) { v = clamp(v, vec4f(), vec4f(6.0)); }
  y[at] = v;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let c = at % params.vectors;
  let tile = at / params.vectors;
  let column = (tile % params.tileColumns) * 2u;
  let row = ((tile / params.tileColumns) % params.tileRows) * 2u;
  let image = params.first + tile / (params.tileColumns * params.tileRows);
  let stride = params.tiles * params.vectors;
  let b = bias[c];
  let m00 = m[0u * stride + at];
  let m01 = m[1u * stride + at];
  let m02 = m[2u * stride + at];
  let m03 = m[3u * stride + at];
  let m10 = m[4u * stride + at];
  let m11 = m[5u * stride + at];
  let m12 = m[6u * stride + at];
  let m13 = m[7u * stride + at];
  let m20 = m[8u * stride + at];
  let m21 = m[9u * stride + at];
  let m22 = m[10u * stride + at];
  let m23 = m[11u * stride + at];
  let m30 = m[12u * stride + at];
  let m31 = m[13u * stride + at];
  let m32 = m[14u * stride + at];
  let m33 = m[15u * stride + at];
  let e00 = m00 + m10 + m20; let e10 = m10 - m20 - m30;
  let e01 = m01 + m11 + m21; let e11 = m11 - m21 - m31;
  let e02 = m02 + m12 + m22; let e12 = m12 - m22 - m32;
  let e03 = m03 + m13 + m23; let e13 = m13 - m23 - m33;
  store(image, row + 0u, column, c, e00 + e01 + e02 + b);
  store(image, row + 0u, column + 1u, c, e01 - e02 - e03 + b);
  store(image, row + 1u, column, c, e10 + e11 + e12 + b);
  store(image, row + 1u, column + 1u, c, e11 - e12 - e13 + b);
}

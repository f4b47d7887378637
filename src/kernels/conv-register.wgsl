// Convolution, and products of matrices as 1×1 convolutions, by a register tile: each invocation computes 8 pixels × 16
// output channels, without workgroup memory. For software adapters without subgroups, where a barrier costs a coroutine and
// every load is a gather of as many lanes as a vector of the CPU has, up to eight: 24 vec4 loads feed 512 multiply-adds.
// See conv-tiled.wgsl, which has the same parameters, for what is computed.
const HALF: bool = false;  // weights are float16, eight a vec4u

struct Params {
  first: u32,        // the walked pixel of x at which y begins
  pixels: u32,       // n × height × width of the grid walked: the output, or the input when scale is 2
  height: u32, width: u32,
  inHeight: u32, inWidth: u32,
  inVectors: u32,    // input channels / 4
  outVectors: u32,   // output channels / 4
  kernel: u32, stride: u32, dilation: u32,
  padTop: u32, padLeft: u32,
  scale: u32,        // 1, or 2 to upsample first
  xStride: u32,      // pixels of x, and
  yStride: u32,      // of y, from one matrix to the next
  split: u32,        // 1: only GPUs split sums
  biased: u32,       // whether the bias is added; residual and activation are none otherwise
  residual: u32,     // whether there is one
  activation: u32,   // 0 none, 1 leaky ReLU (0.2), 2 ReLU, 3 ReLU6
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4u>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read> residual: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;

// Four output channels' weights.
fn weightAt(i: u32) -> vec4f {
  if (HALF) {
    let eight = weight[i / 2u];
    let four = select(eight.xy, eight.zw, i % 2u == 1u);
    return vec4f(unpack2x16float(four.x), unpack2x16float(four.y));
  }
  return bitcast<vec4f>(weight[i]);
}

fn finish(sum: vec4f, at: u32) -> vec4f {
  var v = sum;
  if (params.residual == 1u) { v += residual[at]; }
  if (params.activation == 0u) { return v; }
  if (params.activation == 1u) { return select(0.2 * v, v, v > vec4f()); }
  if (params.activation == 2u) { return max(v, vec4f()); }
  return clamp(v, vec4f(), vec4f(6.0));
}

// Where pixel p of the walked grid starts reading: its top left tap's row and column, and its image's first pixel.
fn origin(p: u32, pad: vec2i) -> vec3i {
  let q = params.first + min(p, params.pixels - 1u);
  let column = q % params.width;
  let row = (q / params.width) % params.height;
  let image = q / (params.width * params.height);
  return vec3i(vec2i(vec2u(row, column) * params.stride) - pad, i32(image * params.inHeight * params.inWidth));
}

fn inside(o: vec3i, tap: vec2i) -> bool {
  return all(vec2u(o.xy + tap) < vec2u(params.inHeight, params.inWidth));  // a negative one is a large u32
}

fn offset(o: vec3i, tap: vec2i, matrix: u32) -> u32 {
  let at = clamp(o.xy + tap, vec2i(), vec2i(i32(params.inHeight), i32(params.inWidth)) - 1);
  return (matrix * params.xStride + u32(o.z + at.x * i32(params.inWidth) + at.y)) * params.inVectors;
}

fn store(p: u32, matrix: u32, vector: u32, sum: vec4f) {
  if (p >= params.pixels || vector >= params.outVectors) { return; }
  var row = matrix * params.yStride + p;
  if (params.scale == 2u) {
    row = ((p / params.width) * 2u + matrix / 2u) * params.width * 2u + (p % params.width) * 2u + matrix % 2u;
  }
  let at = row * params.outVectors + vector;
  y[at] = finish(sum, at);
}

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let blocks = (params.outVectors + 3u) / 4u;
  let flat = id.x + id.y * groups.x * 8u;
  let co = (flat % blocks) * 4u;
  let first = (flat / blocks) * 8u;
  if (first >= params.pixels) { return; }
  let matrix = id.z;
  var pad = vec2i(i32(params.padTop), i32(params.padLeft));
  if (params.scale == 2u) { pad = 1 - vec2i(vec2u(matrix / 2u, matrix % 2u)); }
  let taps = params.kernel * params.kernel;
  let vectors = params.inVectors;
  let out = params.outVectors;
  let k0 = min(co + 0u, out - 1u);
  let k1 = min(co + 1u, out - 1u);
  let k2 = min(co + 2u, out - 1u);
  let k3 = min(co + 3u, out - 1u);
  let o0 = origin(first + 0u, pad);
  let o1 = origin(first + 1u, pad);
  let o2 = origin(first + 2u, pad);
  let o3 = origin(first + 3u, pad);
  let o4 = origin(first + 4u, pad);
  let o5 = origin(first + 5u, pad);
  let o6 = origin(first + 6u, pad);
  let o7 = origin(first + 7u, pad);
  let z0 = select(vec4f(), bias[k0], params.biased == 1u);
  let z1 = select(vec4f(), bias[k1], params.biased == 1u);
  let z2 = select(vec4f(), bias[k2], params.biased == 1u);
  let z3 = select(vec4f(), bias[k3], params.biased == 1u);
  var a0_0 = z0; var a0_1 = z1; var a0_2 = z2; var a0_3 = z3;
  var a1_0 = z0; var a1_1 = z1; var a1_2 = z2; var a1_3 = z3;
  var a2_0 = z0; var a2_1 = z1; var a2_2 = z2; var a2_3 = z3;
  var a3_0 = z0; var a3_1 = z1; var a3_2 = z2; var a3_3 = z3;
  var a4_0 = z0; var a4_1 = z1; var a4_2 = z2; var a4_3 = z3;
  var a5_0 = z0; var a5_1 = z1; var a5_2 = z2; var a5_3 = z3;
  var a6_0 = z0; var a6_1 = z1; var a6_2 = z2; var a6_3 = z3;
  var a7_0 = z0; var a7_1 = z1; var a7_2 = z2; var a7_3 = z3;
  for (var t = 0u; t < taps; t++) {
    let tap = vec2i(vec2u(t / params.kernel, t % params.kernel) * params.dilation);
    let start = (matrix * taps + t) * vectors * 4u;
    let v0 = inside(o0, tap); let i0 = offset(o0, tap, matrix);
    let v1 = inside(o1, tap); let i1 = offset(o1, tap, matrix);
    let v2 = inside(o2, tap); let i2 = offset(o2, tap, matrix);
    let v3 = inside(o3, tap); let i3 = offset(o3, tap, matrix);
    let v4 = inside(o4, tap); let i4 = offset(o4, tap, matrix);
    let v5 = inside(o5, tap); let i5 = offset(o5, tap, matrix);
    let v6 = inside(o6, tap); let i6 = offset(o6, tap, matrix);
    let v7 = inside(o7, tap); let i7 = offset(o7, tap, matrix);
    for (var c = 0u; c < vectors; c++) {
      let r0 = (start + c * 4u) * out; let r1 = r0 + out; let r2 = r1 + out; let r3 = r2 + out;
      let m0 = mat4x4f(weightAt(r0 + k0), weightAt(r1 + k0), weightAt(r2 + k0), weightAt(r3 + k0));
      let m1 = mat4x4f(weightAt(r0 + k1), weightAt(r1 + k1), weightAt(r2 + k1), weightAt(r3 + k1));
      let m2 = mat4x4f(weightAt(r0 + k2), weightAt(r1 + k2), weightAt(r2 + k2), weightAt(r3 + k2));
      let m3 = mat4x4f(weightAt(r0 + k3), weightAt(r1 + k3), weightAt(r2 + k3), weightAt(r3 + k3));
      let x0 = select(vec4f(), x[i0 + c], v0);
      a0_0 += m0 * x0; a0_1 += m1 * x0; a0_2 += m2 * x0; a0_3 += m3 * x0;
      let x1 = select(vec4f(), x[i1 + c], v1);
      a1_0 += m0 * x1; a1_1 += m1 * x1; a1_2 += m2 * x1; a1_3 += m3 * x1;
      let x2 = select(vec4f(), x[i2 + c], v2);
      a2_0 += m0 * x2; a2_1 += m1 * x2; a2_2 += m2 * x2; a2_3 += m3 * x2;
      let x3 = select(vec4f(), x[i3 + c], v3);
      a3_0 += m0 * x3; a3_1 += m1 * x3; a3_2 += m2 * x3; a3_3 += m3 * x3;
      let x4 = select(vec4f(), x[i4 + c], v4);
      a4_0 += m0 * x4; a4_1 += m1 * x4; a4_2 += m2 * x4; a4_3 += m3 * x4;
      let x5 = select(vec4f(), x[i5 + c], v5);
      a5_0 += m0 * x5; a5_1 += m1 * x5; a5_2 += m2 * x5; a5_3 += m3 * x5;
      let x6 = select(vec4f(), x[i6 + c], v6);
      a6_0 += m0 * x6; a6_1 += m1 * x6; a6_2 += m2 * x6; a6_3 += m3 * x6;
      let x7 = select(vec4f(), x[i7 + c], v7);
      a7_0 += m0 * x7; a7_1 += m1 * x7; a7_2 += m2 * x7; a7_3 += m3 * x7;
    }
  }
  // From here on in a loop: in a row it would be more to compile than the rest.
  var sums: array<vec4f, 32>;  // [pixel][vector]
  sums[0] = a0_0; sums[1] = a0_1; sums[2] = a0_2; sums[3] = a0_3;
  sums[4] = a1_0; sums[5] = a1_1; sums[6] = a1_2; sums[7] = a1_3;
  sums[8] = a2_0; sums[9] = a2_1; sums[10] = a2_2; sums[11] = a2_3;
  sums[12] = a3_0; sums[13] = a3_1; sums[14] = a3_2; sums[15] = a3_3;
  sums[16] = a4_0; sums[17] = a4_1; sums[18] = a4_2; sums[19] = a4_3;
  sums[20] = a5_0; sums[21] = a5_1; sums[22] = a5_2; sums[23] = a5_3;
  sums[24] = a6_0; sums[25] = a6_1; sums[26] = a6_2; sums[27] = a6_3;
  sums[28] = a7_0; sums[29] = a7_1; sums[30] = a7_2; sums[31] = a7_3;
  for (var i = 0u; i < 32u; i++) { store(first + i / 4u, matrix, co + i % 4u, sums[i]); }
}

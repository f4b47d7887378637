// Convolution, and products of matrices as 1×1 convolutions, by a register tile: each invocation computes 8 pixels × 16
// output channels, or with LARGE 16 × 32, without workgroup memory. For software adapters, where a barrier costs a
// coroutine and every load is a gather of four lanes, so that the larger tile is faster by half: 48 instead of 24 vec4
// loads feed 2048 instead of 512 multiply-adds. It also compiles for seconds, on Mesa's lavapipe for half a minute.
// See conv-tiled.wgsl, which has the same parameters, for what is computed.
const LARGE: bool = false;
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

@compute @workgroup_size(4)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let rows = select(8u, 16u, LARGE);
  let columns = select(4u, 8u, LARGE);
  let blocks = (params.outVectors + columns - 1u) / columns;
  let flat = id.x + id.y * groups.x * 4u;
  let co = (flat % blocks) * columns;
  let first = (flat / blocks) * rows;
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
  let k4 = min(co + 4u, out - 1u);
  let k5 = min(co + 5u, out - 1u);
  let k6 = min(co + 6u, out - 1u);
  let k7 = min(co + 7u, out - 1u);
  let o0 = origin(first + 0u, pad);
  let o1 = origin(first + 1u, pad);
  let o2 = origin(first + 2u, pad);
  let o3 = origin(first + 3u, pad);
  let o4 = origin(first + 4u, pad);
  let o5 = origin(first + 5u, pad);
  let o6 = origin(first + 6u, pad);
  let o7 = origin(first + 7u, pad);
  let o8 = origin(first + 8u, pad);
  let o9 = origin(first + 9u, pad);
  let o10 = origin(first + 10u, pad);
  let o11 = origin(first + 11u, pad);
  let o12 = origin(first + 12u, pad);
  let o13 = origin(first + 13u, pad);
  let o14 = origin(first + 14u, pad);
  let o15 = origin(first + 15u, pad);
  let z0 = select(vec4f(), bias[k0], params.biased == 1u);
  let z1 = select(vec4f(), bias[k1], params.biased == 1u);
  let z2 = select(vec4f(), bias[k2], params.biased == 1u);
  let z3 = select(vec4f(), bias[k3], params.biased == 1u);
  let z4 = select(vec4f(), bias[k4], params.biased == 1u);
  let z5 = select(vec4f(), bias[k5], params.biased == 1u);
  let z6 = select(vec4f(), bias[k6], params.biased == 1u);
  let z7 = select(vec4f(), bias[k7], params.biased == 1u);
  var a0_0 = z0; var a0_1 = z1; var a0_2 = z2; var a0_3 = z3; var a0_4 = z4; var a0_5 = z5; var a0_6 = z6; var a0_7 = z7;
  var a1_0 = z0; var a1_1 = z1; var a1_2 = z2; var a1_3 = z3; var a1_4 = z4; var a1_5 = z5; var a1_6 = z6; var a1_7 = z7;
  var a2_0 = z0; var a2_1 = z1; var a2_2 = z2; var a2_3 = z3; var a2_4 = z4; var a2_5 = z5; var a2_6 = z6; var a2_7 = z7;
  var a3_0 = z0; var a3_1 = z1; var a3_2 = z2; var a3_3 = z3; var a3_4 = z4; var a3_5 = z5; var a3_6 = z6; var a3_7 = z7;
  var a4_0 = z0; var a4_1 = z1; var a4_2 = z2; var a4_3 = z3; var a4_4 = z4; var a4_5 = z5; var a4_6 = z6; var a4_7 = z7;
  var a5_0 = z0; var a5_1 = z1; var a5_2 = z2; var a5_3 = z3; var a5_4 = z4; var a5_5 = z5; var a5_6 = z6; var a5_7 = z7;
  var a6_0 = z0; var a6_1 = z1; var a6_2 = z2; var a6_3 = z3; var a6_4 = z4; var a6_5 = z5; var a6_6 = z6; var a6_7 = z7;
  var a7_0 = z0; var a7_1 = z1; var a7_2 = z2; var a7_3 = z3; var a7_4 = z4; var a7_5 = z5; var a7_6 = z6; var a7_7 = z7;
  var a8_0 = z0; var a8_1 = z1; var a8_2 = z2; var a8_3 = z3; var a8_4 = z4; var a8_5 = z5; var a8_6 = z6; var a8_7 = z7;
  var a9_0 = z0; var a9_1 = z1; var a9_2 = z2; var a9_3 = z3; var a9_4 = z4; var a9_5 = z5; var a9_6 = z6; var a9_7 = z7;
  var a10_0 = z0; var a10_1 = z1; var a10_2 = z2; var a10_3 = z3; var a10_4 = z4; var a10_5 = z5; var a10_6 = z6; var a10_7 = z7;
  var a11_0 = z0; var a11_1 = z1; var a11_2 = z2; var a11_3 = z3; var a11_4 = z4; var a11_5 = z5; var a11_6 = z6; var a11_7 = z7;
  var a12_0 = z0; var a12_1 = z1; var a12_2 = z2; var a12_3 = z3; var a12_4 = z4; var a12_5 = z5; var a12_6 = z6; var a12_7 = z7;
  var a13_0 = z0; var a13_1 = z1; var a13_2 = z2; var a13_3 = z3; var a13_4 = z4; var a13_5 = z5; var a13_6 = z6; var a13_7 = z7;
  var a14_0 = z0; var a14_1 = z1; var a14_2 = z2; var a14_3 = z3; var a14_4 = z4; var a14_5 = z5; var a14_6 = z6; var a14_7 = z7;
  var a15_0 = z0; var a15_1 = z1; var a15_2 = z2; var a15_3 = z3; var a15_4 = z4; var a15_5 = z5; var a15_6 = z6; var a15_7 = z7;
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
    let v8 = inside(o8, tap); let i8 = offset(o8, tap, matrix);
    let v9 = inside(o9, tap); let i9 = offset(o9, tap, matrix);
    let v10 = inside(o10, tap); let i10 = offset(o10, tap, matrix);
    let v11 = inside(o11, tap); let i11 = offset(o11, tap, matrix);
    let v12 = inside(o12, tap); let i12 = offset(o12, tap, matrix);
    let v13 = inside(o13, tap); let i13 = offset(o13, tap, matrix);
    let v14 = inside(o14, tap); let i14 = offset(o14, tap, matrix);
    let v15 = inside(o15, tap); let i15 = offset(o15, tap, matrix);
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
      if (LARGE) {
        let m4 = mat4x4f(weightAt(r0 + k4), weightAt(r1 + k4), weightAt(r2 + k4), weightAt(r3 + k4));
        let m5 = mat4x4f(weightAt(r0 + k5), weightAt(r1 + k5), weightAt(r2 + k5), weightAt(r3 + k5));
        let m6 = mat4x4f(weightAt(r0 + k6), weightAt(r1 + k6), weightAt(r2 + k6), weightAt(r3 + k6));
        let m7 = mat4x4f(weightAt(r0 + k7), weightAt(r1 + k7), weightAt(r2 + k7), weightAt(r3 + k7));
        a0_4 += m4 * x0; a0_5 += m5 * x0; a0_6 += m6 * x0; a0_7 += m7 * x0;
        a1_4 += m4 * x1; a1_5 += m5 * x1; a1_6 += m6 * x1; a1_7 += m7 * x1;
        a2_4 += m4 * x2; a2_5 += m5 * x2; a2_6 += m6 * x2; a2_7 += m7 * x2;
        a3_4 += m4 * x3; a3_5 += m5 * x3; a3_6 += m6 * x3; a3_7 += m7 * x3;
        a4_4 += m4 * x4; a4_5 += m5 * x4; a4_6 += m6 * x4; a4_7 += m7 * x4;
        a5_4 += m4 * x5; a5_5 += m5 * x5; a5_6 += m6 * x5; a5_7 += m7 * x5;
        a6_4 += m4 * x6; a6_5 += m5 * x6; a6_6 += m6 * x6; a6_7 += m7 * x6;
        a7_4 += m4 * x7; a7_5 += m5 * x7; a7_6 += m6 * x7; a7_7 += m7 * x7;
        let x8 = select(vec4f(), x[i8 + c], v8);
        a8_0 += m0 * x8; a8_1 += m1 * x8; a8_2 += m2 * x8; a8_3 += m3 * x8; a8_4 += m4 * x8; a8_5 += m5 * x8; a8_6 += m6 * x8; a8_7 += m7 * x8;
        let x9 = select(vec4f(), x[i9 + c], v9);
        a9_0 += m0 * x9; a9_1 += m1 * x9; a9_2 += m2 * x9; a9_3 += m3 * x9; a9_4 += m4 * x9; a9_5 += m5 * x9; a9_6 += m6 * x9; a9_7 += m7 * x9;
        let x10 = select(vec4f(), x[i10 + c], v10);
        a10_0 += m0 * x10; a10_1 += m1 * x10; a10_2 += m2 * x10; a10_3 += m3 * x10; a10_4 += m4 * x10; a10_5 += m5 * x10; a10_6 += m6 * x10; a10_7 += m7 * x10;
        let x11 = select(vec4f(), x[i11 + c], v11);
        a11_0 += m0 * x11; a11_1 += m1 * x11; a11_2 += m2 * x11; a11_3 += m3 * x11; a11_4 += m4 * x11; a11_5 += m5 * x11; a11_6 += m6 * x11; a11_7 += m7 * x11;
        let x12 = select(vec4f(), x[i12 + c], v12);
        a12_0 += m0 * x12; a12_1 += m1 * x12; a12_2 += m2 * x12; a12_3 += m3 * x12; a12_4 += m4 * x12; a12_5 += m5 * x12; a12_6 += m6 * x12; a12_7 += m7 * x12;
        let x13 = select(vec4f(), x[i13 + c], v13);
        a13_0 += m0 * x13; a13_1 += m1 * x13; a13_2 += m2 * x13; a13_3 += m3 * x13; a13_4 += m4 * x13; a13_5 += m5 * x13; a13_6 += m6 * x13; a13_7 += m7 * x13;
        let x14 = select(vec4f(), x[i14 + c], v14);
        a14_0 += m0 * x14; a14_1 += m1 * x14; a14_2 += m2 * x14; a14_3 += m3 * x14; a14_4 += m4 * x14; a14_5 += m5 * x14; a14_6 += m6 * x14; a14_7 += m7 * x14;
        let x15 = select(vec4f(), x[i15 + c], v15);
        a15_0 += m0 * x15; a15_1 += m1 * x15; a15_2 += m2 * x15; a15_3 += m3 * x15; a15_4 += m4 * x15; a15_5 += m5 * x15; a15_6 += m6 * x15; a15_7 += m7 * x15;
      }
    }
  }
  // From here on in a loop: in a row it would be more to compile than the rest.
  var sums: array<vec4f, 128>;  // [pixel][vector]
  sums[0] = a0_0; sums[1] = a0_1; sums[2] = a0_2; sums[3] = a0_3;
  sums[8] = a1_0; sums[9] = a1_1; sums[10] = a1_2; sums[11] = a1_3;
  sums[16] = a2_0; sums[17] = a2_1; sums[18] = a2_2; sums[19] = a2_3;
  sums[24] = a3_0; sums[25] = a3_1; sums[26] = a3_2; sums[27] = a3_3;
  sums[32] = a4_0; sums[33] = a4_1; sums[34] = a4_2; sums[35] = a4_3;
  sums[40] = a5_0; sums[41] = a5_1; sums[42] = a5_2; sums[43] = a5_3;
  sums[48] = a6_0; sums[49] = a6_1; sums[50] = a6_2; sums[51] = a6_3;
  sums[56] = a7_0; sums[57] = a7_1; sums[58] = a7_2; sums[59] = a7_3;
  if (LARGE) {
    sums[4] = a0_4; sums[5] = a0_5; sums[6] = a0_6; sums[7] = a0_7;
    sums[12] = a1_4; sums[13] = a1_5; sums[14] = a1_6; sums[15] = a1_7;
    sums[20] = a2_4; sums[21] = a2_5; sums[22] = a2_6; sums[23] = a2_7;
    sums[28] = a3_4; sums[29] = a3_5; sums[30] = a3_6; sums[31] = a3_7;
    sums[36] = a4_4; sums[37] = a4_5; sums[38] = a4_6; sums[39] = a4_7;
    sums[44] = a5_4; sums[45] = a5_5; sums[46] = a5_6; sums[47] = a5_7;
    sums[52] = a6_4; sums[53] = a6_5; sums[54] = a6_6; sums[55] = a6_7;
    sums[60] = a7_4; sums[61] = a7_5; sums[62] = a7_6; sums[63] = a7_7;
    sums[64] = a8_0; sums[65] = a8_1; sums[66] = a8_2; sums[67] = a8_3; sums[68] = a8_4; sums[69] = a8_5; sums[70] = a8_6; sums[71] = a8_7;
    sums[72] = a9_0; sums[73] = a9_1; sums[74] = a9_2; sums[75] = a9_3; sums[76] = a9_4; sums[77] = a9_5; sums[78] = a9_6; sums[79] = a9_7;
    sums[80] = a10_0; sums[81] = a10_1; sums[82] = a10_2; sums[83] = a10_3; sums[84] = a10_4; sums[85] = a10_5; sums[86] = a10_6; sums[87] = a10_7;
    sums[88] = a11_0; sums[89] = a11_1; sums[90] = a11_2; sums[91] = a11_3; sums[92] = a11_4; sums[93] = a11_5; sums[94] = a11_6; sums[95] = a11_7;
    sums[96] = a12_0; sums[97] = a12_1; sums[98] = a12_2; sums[99] = a12_3; sums[100] = a12_4; sums[101] = a12_5; sums[102] = a12_6; sums[103] = a12_7;
    sums[104] = a13_0; sums[105] = a13_1; sums[106] = a13_2; sums[107] = a13_3; sums[108] = a13_4; sums[109] = a13_5; sums[110] = a13_6; sums[111] = a13_7;
    sums[112] = a14_0; sums[113] = a14_1; sums[114] = a14_2; sums[115] = a14_3; sums[116] = a14_4; sums[117] = a14_5; sums[118] = a14_6; sums[119] = a14_7;
    sums[120] = a15_0; sums[121] = a15_1; sums[122] = a15_2; sums[123] = a15_3; sums[124] = a15_4; sums[125] = a15_5; sums[126] = a15_6; sums[127] = a15_7;
  }
  for (var i = 0u; i < rows * columns; i++) {
    let p = i / columns;
    let j = i % columns;
    store(first + p, matrix, co + j, sums[p * 8u + j]);
  }
}

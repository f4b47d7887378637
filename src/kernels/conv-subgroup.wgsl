// Convolution, and products of matrices as 1×1 convolutions, on software adapters that have subgroups. There a load is made lane
// by lane (on Mesa's lavapipe with a branch for the lane, and a comparison and a branch for each number), so that a number
// loaded costs as much as ten multiplied and added. A subgroup therefore computes 4 × LANES pixels × 4 × VECTORS output
// channels, each lane four pixels, and shares the weights: every lane loads some and hears the others by `subgroupBroadcast`,
// which a CPU does in one instruction. See conv-tiled.wgsl, which has the same parameters, for what is computed.
const LANES = 4u;          // of a subgroup: 4 or 8
const VECTORS = 4u;        // of output channels: 1, 2 or 4
const POINT: bool = true;  // a kernel of 1×1 with stride 1: pixels are read where they are written
const BARE: bool = true;   // a product, to which nothing is done
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
  if (POINT) { return vec3i(0, 0, i32(q)); }  // without a division, which a CPU makes lane by lane
  let column = q % params.width;
  let row = (q / params.width) % params.height;
  let image = q / (params.width * params.height);
  return vec3i(vec2i(vec2u(row, column) * params.stride) - pad, i32(image * params.inHeight * params.inWidth));
}

fn inside(o: vec3i, tap: vec2i) -> bool {
  return all(vec2u(o.xy + tap) < vec2u(params.inHeight, params.inWidth));  // a negative one is a large u32
}

fn offset(o: vec3i, tap: vec2i, matrix: u32) -> u32 {
  if (POINT) { return (matrix * params.xStride + u32(o.z)) * params.inVectors; }
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

// A pixel's vectors as they are.
fn storeBare(p: u32, matrix: u32, vector: u32, a: vec4f, b: vec4f, c: vec4f, d: vec4f) {
  if (p < params.pixels) {
    let at = (matrix * params.yStride + p) * params.outVectors + vector;
    y[at] = a;
    if (VECTORS > 1u && vector + 1u < params.outVectors) { y[at + 1u] = b; }
    if (VECTORS > 2u && vector + 2u < params.outVectors) { y[at + 2u] = c; }
    if (VECTORS > 2u && vector + 3u < params.outVectors) { y[at + 3u] = d; }
  }
}

// Lanes that load of the same input channel.
const SHARE = LANES / 4u;

// One vector's weights of four input channels. With four lanes each lane has an input channel's, in `own`; with eight, two lanes
// have them in turns, the first those of the even vectors, in `paired`.
fn even(own: vec4f, paired: vec4f) -> mat4x4f {
  if (SHARE == 1u) { return whole(own); }
  return mat4x4f(
    subgroupBroadcast(paired, 0u), subgroupBroadcast(paired, 2u), subgroupBroadcast(paired, 4u), subgroupBroadcast(paired, 6u),
  );
}
fn odd(own: vec4f, paired: vec4f) -> mat4x4f {
  if (SHARE == 1u) { return whole(own); }
  return mat4x4f(
    subgroupBroadcast(paired, 1u), subgroupBroadcast(paired, 3u), subgroupBroadcast(paired, 5u), subgroupBroadcast(paired, 7u),
  );
}
fn whole(own: vec4f) -> mat4x4f {
  return mat4x4f(subgroupBroadcast(own, 0u), subgroupBroadcast(own, 1u), subgroupBroadcast(own, 2u), subgroupBroadcast(own, 3u));
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(subgroup_invocation_id) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let blocks = (params.outVectors + VECTORS - 1u) / VECTORS;
  let flat = group.x + group.y * groups.x;
  let co = (flat % blocks) * VECTORS;
  let first = ((flat / blocks) * LANES + lane) * 4u;
  let matrix = group.z;
  var pad = vec2i(i32(params.padTop), i32(params.padLeft));
  if (params.scale == 2u) { pad = 1 - vec2i(vec2u(matrix / 2u, matrix % 2u)); }
  let taps = select(params.kernel * params.kernel, 1u, POINT);
  let vectors = params.inVectors;
  let out = params.outVectors;
  let o0 = origin(first + 0u, pad);
  let o1 = origin(first + 1u, pad);
  let o2 = origin(first + 2u, pad);
  let o3 = origin(first + 3u, pad);
  let z0 = select(vec4f(), bias[min(co + 0u, out - 1u)], params.biased == 1u);
  let z1 = select(vec4f(), bias[min(co + 1u, out - 1u)], params.biased == 1u);
  let z2 = select(vec4f(), bias[min(co + 2u, out - 1u)], params.biased == 1u);
  let z3 = select(vec4f(), bias[min(co + 3u, out - 1u)], params.biased == 1u);
  var a0_0 = z0; var a0_1 = z1; var a0_2 = z2; var a0_3 = z3;
  var a1_0 = z0; var a1_1 = z1; var a1_2 = z2; var a1_3 = z3;
  var a2_0 = z0; var a2_1 = z1; var a2_2 = z2; var a2_3 = z3;
  var a3_0 = z0; var a3_1 = z1; var a3_2 = z2; var a3_3 = z3;
  // The weights that this lane loads, in vectors from a row of four input channels on.
  let mine = (lane / SHARE) * out;
  let w0 = mine + min(co + 0u * SHARE + lane % SHARE, out - 1u);
  let w1 = mine + min(co + 1u * SHARE + lane % SHARE, out - 1u);
  let w2 = mine + min(co + 2u * SHARE + lane % SHARE, out - 1u);
  let w3 = mine + min(co + 3u * SHARE + lane % SHARE, out - 1u);
  for (var t = 0u; t < taps; t++) {
    let tap = vec2i(vec2u(t / params.kernel, t % params.kernel) * params.dilation);
    var row = (matrix * taps + t) * vectors * 4u * out;
    let v0 = POINT || inside(o0, tap); let i0 = offset(o0, tap, matrix);
    let v1 = POINT || inside(o1, tap); let i1 = offset(o1, tap, matrix);
    let v2 = POINT || inside(o2, tap); let i2 = offset(o2, tap, matrix);
    let v3 = POINT || inside(o3, tap); let i3 = offset(o3, tap, matrix);
    for (var c = 0u; c < vectors; c++) {
      let x0 = select(vec4f(), x[i0 + c], v0);
      let x1 = select(vec4f(), x[i1 + c], v1);
      let x2 = select(vec4f(), x[i2 + c], v2);
      let x3 = select(vec4f(), x[i3 + c], v3);
      let q0 = weightAt(row + w0);
      var q1 = vec4f(); var q2 = vec4f(); var q3 = vec4f();
      if (VECTORS > 1u * SHARE) { q1 = weightAt(row + w1); }
      if (VECTORS > 2u * SHARE) { q2 = weightAt(row + w2); }
      if (VECTORS > 3u * SHARE) { q3 = weightAt(row + w3); }
      let m0 = even(q0, q0);
      a0_0 += m0 * x0; a1_0 += m0 * x1; a2_0 += m0 * x2; a3_0 += m0 * x3;
      if (VECTORS > 1u) {
        let m1 = odd(q1, q0);
        a0_1 += m1 * x0; a1_1 += m1 * x1; a2_1 += m1 * x2; a3_1 += m1 * x3;
      }
      if (VECTORS > 2u) {
        let m2 = even(q2, q1);
        a0_2 += m2 * x0; a1_2 += m2 * x1; a2_2 += m2 * x2; a3_2 += m2 * x3;
        let m3 = odd(q3, q1);
        a0_3 += m3 * x0; a1_3 += m3 * x1; a2_3 += m3 * x2; a3_3 += m3 * x3;
      }
      row += 4u * out;
    }
  }
  if (BARE) {
    storeBare(first + 0u, matrix, co, a0_0, a0_1, a0_2, a0_3);
    storeBare(first + 1u, matrix, co, a1_0, a1_1, a1_2, a1_3);
    storeBare(first + 2u, matrix, co, a2_0, a2_1, a2_2, a2_3);
    storeBare(first + 3u, matrix, co, a3_0, a3_1, a3_2, a3_3);
    return;
  }
  // In a loop: in a row all that is done to a sum would be more to compile than the rest.
  var sums: array<vec4f, 16>;  // [vector][pixel]
  sums[0] = a0_0; sums[1] = a1_0; sums[2] = a2_0; sums[3] = a3_0;
  sums[4] = a0_1; sums[5] = a1_1; sums[6] = a2_1; sums[7] = a3_1;
  sums[8] = a0_2; sums[9] = a1_2; sums[10] = a2_2; sums[11] = a3_2;
  sums[12] = a0_3; sums[13] = a1_3; sums[14] = a2_3; sums[15] = a3_3;
  for (var i = 0u; i < 4u * VECTORS; i++) { store(first + i % 4u, matrix, co + i / 4u, sums[i]); }
}

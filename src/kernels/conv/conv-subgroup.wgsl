// Convolution, and products of matrices as 1×1 convolutions, on software adapters that have
// subgroups. There a load is made lane by lane (on Mesa's lavapipe with a branch for the lane, and
// a comparison and a branch for each number), so that a number loaded costs as much as ten
// multiplied and added. A subgroup therefore computes 4 × LANES pixels × 4 × VECTORS output
// channels, each lane four pixels, and shares the weights: every lane loads some and hears the
// others by `subgroupBroadcast`, which a CPU does in one instruction. See conv-tiled.wgsl, which
// has the same parameters, for what is computed.
// use conv-pixels
const LANES = 4u;          // of a subgroup: 4 or 8
const VECTORS = 4u;        // of output channels: 1, 2 or 4
const BARE: bool = true;   // a product, to which nothing is done

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

// One vector's weights of four input channels. With four lanes each lane has an input channel's, in
// `own`; with eight, two lanes have them in turns, the first those of the even vectors, in
// `paired`.
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
  let pad = padding(matrix, params.scale);
  let taps = select(params.kernelHeight * params.kernelWidth, 1u, POINT);
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
    let tap = tapAt(t, params.kernelWidth);
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

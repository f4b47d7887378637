// Convolution, and products of matrices as 1×1 convolutions, by a register tile: each invocation
// computes 8 pixels × 16 output channels, without workgroup memory. For software adapters without
// subgroups, where a barrier costs a coroutine and every load is a gather of as many lanes as a
// vector of the CPU has, up to eight: 24 vec4 loads feed 512 multiply-adds. See conv-tiled.wgsl,
// which has the same parameters, for what is computed.
// use conv-pixels

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let blocks = (params.outVectors + 3u) / 4u;
  let flat = id.x + id.y * groups.x * 8u;
  let co = (flat % blocks) * 4u;
  let first = (flat / blocks) * 8u;
  if (first >= params.pixels) { return; }
  let matrix = id.z;
  let pad = padding(matrix, params.scale);
  let taps = params.kernelHeight * params.kernelWidth;
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
    let tap = tapAt(t, params.kernelWidth);
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

// Products of matrices, y[b] = x[b] w[b], as a register tile of 8 rows × 32 columns an invocation, without workgroup
// memory; see conv-register.wgsl for why. x is [batch, rows, depth], w is [batch, depth, columns].
const HALF: bool = false;  // w is float16, eight a vec4u

struct Params {
  first: u32,          // row of x that is y's first
  rows: u32,           // of y, and of every matrix of x when there are several
  depthVectors: u32,   // depth / 4
  columnVectors: u32,  // columns / 4
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

// Four columns of w.
fn wAt(i: u32) -> vec4f {
  if (HALF) {
    let eight = w[i / 2u];
    let four = select(eight.xy, eight.zw, i % 2u == 1u);
    return vec4f(unpack2x16float(four.x), unpack2x16float(four.y));
  }
  return bitcast<vec4f>(w[i]);
}

fn store(batch: u32, row: u32, co: u32, s0: vec4f, s1: vec4f, s2: vec4f, s3: vec4f, s4: vec4f, s5: vec4f, s6: vec4f, s7: vec4f) {
  if (row >= params.rows) { return; }
  let at = (batch * params.rows + row) * params.columnVectors + co;
  if (co + 0u < params.columnVectors) { y[at + 0u] = s0; }
  if (co + 1u < params.columnVectors) { y[at + 1u] = s1; }
  if (co + 2u < params.columnVectors) { y[at + 2u] = s2; }
  if (co + 3u < params.columnVectors) { y[at + 3u] = s3; }
  if (co + 4u < params.columnVectors) { y[at + 4u] = s4; }
  if (co + 5u < params.columnVectors) { y[at + 5u] = s5; }
  if (co + 6u < params.columnVectors) { y[at + 6u] = s6; }
  if (co + 7u < params.columnVectors) { y[at + 7u] = s7; }
}

@compute @workgroup_size(4)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let blocks = (params.columnVectors + 7u) / 8u;
  let flat = id.x + id.y * groups.x * 4u;
  let co = (flat % blocks) * 8u;
  let first = (flat / blocks) * 8u;
  if (first >= params.rows) { return; }
  let base = params.first + id.z * params.rows;
  let weights = id.z * params.depthVectors * 4u;
  let k0 = min(co + 0u, params.columnVectors - 1u);
  let k1 = min(co + 1u, params.columnVectors - 1u);
  let k2 = min(co + 2u, params.columnVectors - 1u);
  let k3 = min(co + 3u, params.columnVectors - 1u);
  let k4 = min(co + 4u, params.columnVectors - 1u);
  let k5 = min(co + 5u, params.columnVectors - 1u);
  let k6 = min(co + 6u, params.columnVectors - 1u);
  let k7 = min(co + 7u, params.columnVectors - 1u);
  let i0 = (base + min(first + 0u, params.rows - 1u)) * params.depthVectors;
  let i1 = (base + min(first + 1u, params.rows - 1u)) * params.depthVectors;
  let i2 = (base + min(first + 2u, params.rows - 1u)) * params.depthVectors;
  let i3 = (base + min(first + 3u, params.rows - 1u)) * params.depthVectors;
  let i4 = (base + min(first + 4u, params.rows - 1u)) * params.depthVectors;
  let i5 = (base + min(first + 5u, params.rows - 1u)) * params.depthVectors;
  let i6 = (base + min(first + 6u, params.rows - 1u)) * params.depthVectors;
  let i7 = (base + min(first + 7u, params.rows - 1u)) * params.depthVectors;
  var a0_0 = vec4f(); var a0_1 = vec4f(); var a0_2 = vec4f(); var a0_3 = vec4f(); var a0_4 = vec4f(); var a0_5 = vec4f(); var a0_6 = vec4f(); var a0_7 = vec4f();
  var a1_0 = vec4f(); var a1_1 = vec4f(); var a1_2 = vec4f(); var a1_3 = vec4f(); var a1_4 = vec4f(); var a1_5 = vec4f(); var a1_6 = vec4f(); var a1_7 = vec4f();
  var a2_0 = vec4f(); var a2_1 = vec4f(); var a2_2 = vec4f(); var a2_3 = vec4f(); var a2_4 = vec4f(); var a2_5 = vec4f(); var a2_6 = vec4f(); var a2_7 = vec4f();
  var a3_0 = vec4f(); var a3_1 = vec4f(); var a3_2 = vec4f(); var a3_3 = vec4f(); var a3_4 = vec4f(); var a3_5 = vec4f(); var a3_6 = vec4f(); var a3_7 = vec4f();
  var a4_0 = vec4f(); var a4_1 = vec4f(); var a4_2 = vec4f(); var a4_3 = vec4f(); var a4_4 = vec4f(); var a4_5 = vec4f(); var a4_6 = vec4f(); var a4_7 = vec4f();
  var a5_0 = vec4f(); var a5_1 = vec4f(); var a5_2 = vec4f(); var a5_3 = vec4f(); var a5_4 = vec4f(); var a5_5 = vec4f(); var a5_6 = vec4f(); var a5_7 = vec4f();
  var a6_0 = vec4f(); var a6_1 = vec4f(); var a6_2 = vec4f(); var a6_3 = vec4f(); var a6_4 = vec4f(); var a6_5 = vec4f(); var a6_6 = vec4f(); var a6_7 = vec4f();
  var a7_0 = vec4f(); var a7_1 = vec4f(); var a7_2 = vec4f(); var a7_3 = vec4f(); var a7_4 = vec4f(); var a7_5 = vec4f(); var a7_6 = vec4f(); var a7_7 = vec4f();
  for (var c = 0u; c < params.depthVectors; c++) {
    let row = (weights + c * 4u) * params.columnVectors;
    let w0_0 = wAt(row + 0u * params.columnVectors + k0);
    let w0_1 = wAt(row + 0u * params.columnVectors + k1);
    let w0_2 = wAt(row + 0u * params.columnVectors + k2);
    let w0_3 = wAt(row + 0u * params.columnVectors + k3);
    let w0_4 = wAt(row + 0u * params.columnVectors + k4);
    let w0_5 = wAt(row + 0u * params.columnVectors + k5);
    let w0_6 = wAt(row + 0u * params.columnVectors + k6);
    let w0_7 = wAt(row + 0u * params.columnVectors + k7);
    let w1_0 = wAt(row + 1u * params.columnVectors + k0);
    let w1_1 = wAt(row + 1u * params.columnVectors + k1);
    let w1_2 = wAt(row + 1u * params.columnVectors + k2);
    let w1_3 = wAt(row + 1u * params.columnVectors + k3);
    let w1_4 = wAt(row + 1u * params.columnVectors + k4);
    let w1_5 = wAt(row + 1u * params.columnVectors + k5);
    let w1_6 = wAt(row + 1u * params.columnVectors + k6);
    let w1_7 = wAt(row + 1u * params.columnVectors + k7);
    let w2_0 = wAt(row + 2u * params.columnVectors + k0);
    let w2_1 = wAt(row + 2u * params.columnVectors + k1);
    let w2_2 = wAt(row + 2u * params.columnVectors + k2);
    let w2_3 = wAt(row + 2u * params.columnVectors + k3);
    let w2_4 = wAt(row + 2u * params.columnVectors + k4);
    let w2_5 = wAt(row + 2u * params.columnVectors + k5);
    let w2_6 = wAt(row + 2u * params.columnVectors + k6);
    let w2_7 = wAt(row + 2u * params.columnVectors + k7);
    let w3_0 = wAt(row + 3u * params.columnVectors + k0);
    let w3_1 = wAt(row + 3u * params.columnVectors + k1);
    let w3_2 = wAt(row + 3u * params.columnVectors + k2);
    let w3_3 = wAt(row + 3u * params.columnVectors + k3);
    let w3_4 = wAt(row + 3u * params.columnVectors + k4);
    let w3_5 = wAt(row + 3u * params.columnVectors + k5);
    let w3_6 = wAt(row + 3u * params.columnVectors + k6);
    let w3_7 = wAt(row + 3u * params.columnVectors + k7);
    let x0 = x[i0 + c];
    a0_0 += x0.x * w0_0 + x0.y * w1_0 + x0.z * w2_0 + x0.w * w3_0;
    a0_1 += x0.x * w0_1 + x0.y * w1_1 + x0.z * w2_1 + x0.w * w3_1;
    a0_2 += x0.x * w0_2 + x0.y * w1_2 + x0.z * w2_2 + x0.w * w3_2;
    a0_3 += x0.x * w0_3 + x0.y * w1_3 + x0.z * w2_3 + x0.w * w3_3;
    a0_4 += x0.x * w0_4 + x0.y * w1_4 + x0.z * w2_4 + x0.w * w3_4;
    a0_5 += x0.x * w0_5 + x0.y * w1_5 + x0.z * w2_5 + x0.w * w3_5;
    a0_6 += x0.x * w0_6 + x0.y * w1_6 + x0.z * w2_6 + x0.w * w3_6;
    a0_7 += x0.x * w0_7 + x0.y * w1_7 + x0.z * w2_7 + x0.w * w3_7;
    let x1 = x[i1 + c];
    a1_0 += x1.x * w0_0 + x1.y * w1_0 + x1.z * w2_0 + x1.w * w3_0;
    a1_1 += x1.x * w0_1 + x1.y * w1_1 + x1.z * w2_1 + x1.w * w3_1;
    a1_2 += x1.x * w0_2 + x1.y * w1_2 + x1.z * w2_2 + x1.w * w3_2;
    a1_3 += x1.x * w0_3 + x1.y * w1_3 + x1.z * w2_3 + x1.w * w3_3;
    a1_4 += x1.x * w0_4 + x1.y * w1_4 + x1.z * w2_4 + x1.w * w3_4;
    a1_5 += x1.x * w0_5 + x1.y * w1_5 + x1.z * w2_5 + x1.w * w3_5;
    a1_6 += x1.x * w0_6 + x1.y * w1_6 + x1.z * w2_6 + x1.w * w3_6;
    a1_7 += x1.x * w0_7 + x1.y * w1_7 + x1.z * w2_7 + x1.w * w3_7;
    let x2 = x[i2 + c];
    a2_0 += x2.x * w0_0 + x2.y * w1_0 + x2.z * w2_0 + x2.w * w3_0;
    a2_1 += x2.x * w0_1 + x2.y * w1_1 + x2.z * w2_1 + x2.w * w3_1;
    a2_2 += x2.x * w0_2 + x2.y * w1_2 + x2.z * w2_2 + x2.w * w3_2;
    a2_3 += x2.x * w0_3 + x2.y * w1_3 + x2.z * w2_3 + x2.w * w3_3;
    a2_4 += x2.x * w0_4 + x2.y * w1_4 + x2.z * w2_4 + x2.w * w3_4;
    a2_5 += x2.x * w0_5 + x2.y * w1_5 + x2.z * w2_5 + x2.w * w3_5;
    a2_6 += x2.x * w0_6 + x2.y * w1_6 + x2.z * w2_6 + x2.w * w3_6;
    a2_7 += x2.x * w0_7 + x2.y * w1_7 + x2.z * w2_7 + x2.w * w3_7;
    let x3 = x[i3 + c];
    a3_0 += x3.x * w0_0 + x3.y * w1_0 + x3.z * w2_0 + x3.w * w3_0;
    a3_1 += x3.x * w0_1 + x3.y * w1_1 + x3.z * w2_1 + x3.w * w3_1;
    a3_2 += x3.x * w0_2 + x3.y * w1_2 + x3.z * w2_2 + x3.w * w3_2;
    a3_3 += x3.x * w0_3 + x3.y * w1_3 + x3.z * w2_3 + x3.w * w3_3;
    a3_4 += x3.x * w0_4 + x3.y * w1_4 + x3.z * w2_4 + x3.w * w3_4;
    a3_5 += x3.x * w0_5 + x3.y * w1_5 + x3.z * w2_5 + x3.w * w3_5;
    a3_6 += x3.x * w0_6 + x3.y * w1_6 + x3.z * w2_6 + x3.w * w3_6;
    a3_7 += x3.x * w0_7 + x3.y * w1_7 + x3.z * w2_7 + x3.w * w3_7;
    let x4 = x[i4 + c];
    a4_0 += x4.x * w0_0 + x4.y * w1_0 + x4.z * w2_0 + x4.w * w3_0;
    a4_1 += x4.x * w0_1 + x4.y * w1_1 + x4.z * w2_1 + x4.w * w3_1;
    a4_2 += x4.x * w0_2 + x4.y * w1_2 + x4.z * w2_2 + x4.w * w3_2;
    a4_3 += x4.x * w0_3 + x4.y * w1_3 + x4.z * w2_3 + x4.w * w3_3;
    a4_4 += x4.x * w0_4 + x4.y * w1_4 + x4.z * w2_4 + x4.w * w3_4;
    a4_5 += x4.x * w0_5 + x4.y * w1_5 + x4.z * w2_5 + x4.w * w3_5;
    a4_6 += x4.x * w0_6 + x4.y * w1_6 + x4.z * w2_6 + x4.w * w3_6;
    a4_7 += x4.x * w0_7 + x4.y * w1_7 + x4.z * w2_7 + x4.w * w3_7;
    let x5 = x[i5 + c];
    a5_0 += x5.x * w0_0 + x5.y * w1_0 + x5.z * w2_0 + x5.w * w3_0;
    a5_1 += x5.x * w0_1 + x5.y * w1_1 + x5.z * w2_1 + x5.w * w3_1;
    a5_2 += x5.x * w0_2 + x5.y * w1_2 + x5.z * w2_2 + x5.w * w3_2;
    a5_3 += x5.x * w0_3 + x5.y * w1_3 + x5.z * w2_3 + x5.w * w3_3;
    a5_4 += x5.x * w0_4 + x5.y * w1_4 + x5.z * w2_4 + x5.w * w3_4;
    a5_5 += x5.x * w0_5 + x5.y * w1_5 + x5.z * w2_5 + x5.w * w3_5;
    a5_6 += x5.x * w0_6 + x5.y * w1_6 + x5.z * w2_6 + x5.w * w3_6;
    a5_7 += x5.x * w0_7 + x5.y * w1_7 + x5.z * w2_7 + x5.w * w3_7;
    let x6 = x[i6 + c];
    a6_0 += x6.x * w0_0 + x6.y * w1_0 + x6.z * w2_0 + x6.w * w3_0;
    a6_1 += x6.x * w0_1 + x6.y * w1_1 + x6.z * w2_1 + x6.w * w3_1;
    a6_2 += x6.x * w0_2 + x6.y * w1_2 + x6.z * w2_2 + x6.w * w3_2;
    a6_3 += x6.x * w0_3 + x6.y * w1_3 + x6.z * w2_3 + x6.w * w3_3;
    a6_4 += x6.x * w0_4 + x6.y * w1_4 + x6.z * w2_4 + x6.w * w3_4;
    a6_5 += x6.x * w0_5 + x6.y * w1_5 + x6.z * w2_5 + x6.w * w3_5;
    a6_6 += x6.x * w0_6 + x6.y * w1_6 + x6.z * w2_6 + x6.w * w3_6;
    a6_7 += x6.x * w0_7 + x6.y * w1_7 + x6.z * w2_7 + x6.w * w3_7;
    let x7 = x[i7 + c];
    a7_0 += x7.x * w0_0 + x7.y * w1_0 + x7.z * w2_0 + x7.w * w3_0;
    a7_1 += x7.x * w0_1 + x7.y * w1_1 + x7.z * w2_1 + x7.w * w3_1;
    a7_2 += x7.x * w0_2 + x7.y * w1_2 + x7.z * w2_2 + x7.w * w3_2;
    a7_3 += x7.x * w0_3 + x7.y * w1_3 + x7.z * w2_3 + x7.w * w3_3;
    a7_4 += x7.x * w0_4 + x7.y * w1_4 + x7.z * w2_4 + x7.w * w3_4;
    a7_5 += x7.x * w0_5 + x7.y * w1_5 + x7.z * w2_5 + x7.w * w3_5;
    a7_6 += x7.x * w0_6 + x7.y * w1_6 + x7.z * w2_6 + x7.w * w3_6;
    a7_7 += x7.x * w0_7 + x7.y * w1_7 + x7.z * w2_7 + x7.w * w3_7;
  }
  store(id.z, first + 0u, co, a0_0, a0_1, a0_2, a0_3, a0_4, a0_5, a0_6, a0_7);
  store(id.z, first + 1u, co, a1_0, a1_1, a1_2, a1_3, a1_4, a1_5, a1_6, a1_7);
  store(id.z, first + 2u, co, a2_0, a2_1, a2_2, a2_3, a2_4, a2_5, a2_6, a2_7);
  store(id.z, first + 3u, co, a3_0, a3_1, a3_2, a3_3, a3_4, a3_5, a3_6, a3_7);
  store(id.z, first + 4u, co, a4_0, a4_1, a4_2, a4_3, a4_4, a4_5, a4_6, a4_7);
  store(id.z, first + 5u, co, a5_0, a5_1, a5_2, a5_3, a5_4, a5_5, a5_6, a5_7);
  store(id.z, first + 6u, co, a6_0, a6_1, a6_2, a6_3, a6_4, a6_5, a6_6, a6_7);
  store(id.z, first + 7u, co, a7_0, a7_1, a7_2, a7_3, a7_4, a7_5, a7_6, a7_7);
}

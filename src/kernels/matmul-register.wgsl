// Products of matrices, y[b] = x[b] w[b], as a register tile of 8 rows × 16 columns an invocation, without workgroup
// memory; see conv-register.wgsl for why. x is [batch, rows, depth], w is [batch, depth, columns].
struct Params {
  first: u32,          // row of x that is y's first
  rows: u32,           // of y, and of every matrix of x when there are several
  depthVectors: u32,   // depth / 4
  columnVectors: u32,  // columns / 4
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

fn store(batch: u32, row: u32, co: u32, s0: vec4f, s1: vec4f, s2: vec4f, s3: vec4f) {
  if (row >= params.rows) { return; }
  let at = (batch * params.rows + row) * params.columnVectors + co;
  if (co + 0u < params.columnVectors) { y[at + 0u] = s0; }
  if (co + 1u < params.columnVectors) { y[at + 1u] = s1; }
  if (co + 2u < params.columnVectors) { y[at + 2u] = s2; }
  if (co + 3u < params.columnVectors) { y[at + 3u] = s3; }
}

@compute @workgroup_size(4)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let blocks = (params.columnVectors + 3u) / 4u;
  let flat = id.x + id.y * groups.x * 4u;
  let co = (flat % blocks) * 4u;
  let first = (flat / blocks) * 8u;
  if (first >= params.rows) { return; }
  let base = params.first + id.z * params.rows;
  let weights = id.z * params.depthVectors * 4u;
  let k0 = min(co + 0u, params.columnVectors - 1u);
  let k1 = min(co + 1u, params.columnVectors - 1u);
  let k2 = min(co + 2u, params.columnVectors - 1u);
  let k3 = min(co + 3u, params.columnVectors - 1u);
  let i0 = (base + min(first + 0u, params.rows - 1u)) * params.depthVectors;
  let i1 = (base + min(first + 1u, params.rows - 1u)) * params.depthVectors;
  let i2 = (base + min(first + 2u, params.rows - 1u)) * params.depthVectors;
  let i3 = (base + min(first + 3u, params.rows - 1u)) * params.depthVectors;
  let i4 = (base + min(first + 4u, params.rows - 1u)) * params.depthVectors;
  let i5 = (base + min(first + 5u, params.rows - 1u)) * params.depthVectors;
  let i6 = (base + min(first + 6u, params.rows - 1u)) * params.depthVectors;
  let i7 = (base + min(first + 7u, params.rows - 1u)) * params.depthVectors;
  var a0_0 = vec4f(); var a0_1 = vec4f(); var a0_2 = vec4f(); var a0_3 = vec4f();
  var a1_0 = vec4f(); var a1_1 = vec4f(); var a1_2 = vec4f(); var a1_3 = vec4f();
  var a2_0 = vec4f(); var a2_1 = vec4f(); var a2_2 = vec4f(); var a2_3 = vec4f();
  var a3_0 = vec4f(); var a3_1 = vec4f(); var a3_2 = vec4f(); var a3_3 = vec4f();
  var a4_0 = vec4f(); var a4_1 = vec4f(); var a4_2 = vec4f(); var a4_3 = vec4f();
  var a5_0 = vec4f(); var a5_1 = vec4f(); var a5_2 = vec4f(); var a5_3 = vec4f();
  var a6_0 = vec4f(); var a6_1 = vec4f(); var a6_2 = vec4f(); var a6_3 = vec4f();
  var a7_0 = vec4f(); var a7_1 = vec4f(); var a7_2 = vec4f(); var a7_3 = vec4f();
  for (var c = 0u; c < params.depthVectors; c++) {
    let row = (weights + c * 4u) * params.columnVectors;
    let w0_0 = w[row + 0u * params.columnVectors + k0]; let w0_1 = w[row + 0u * params.columnVectors + k1]; let w0_2 = w[row + 0u * params.columnVectors + k2]; let w0_3 = w[row + 0u * params.columnVectors + k3];
    let w1_0 = w[row + 1u * params.columnVectors + k0]; let w1_1 = w[row + 1u * params.columnVectors + k1]; let w1_2 = w[row + 1u * params.columnVectors + k2]; let w1_3 = w[row + 1u * params.columnVectors + k3];
    let w2_0 = w[row + 2u * params.columnVectors + k0]; let w2_1 = w[row + 2u * params.columnVectors + k1]; let w2_2 = w[row + 2u * params.columnVectors + k2]; let w2_3 = w[row + 2u * params.columnVectors + k3];
    let w3_0 = w[row + 3u * params.columnVectors + k0]; let w3_1 = w[row + 3u * params.columnVectors + k1]; let w3_2 = w[row + 3u * params.columnVectors + k2]; let w3_3 = w[row + 3u * params.columnVectors + k3];
    let x0 = x[i0 + c];
    a0_0 += x0.x * w0_0 + x0.y * w1_0 + x0.z * w2_0 + x0.w * w3_0;
    a0_1 += x0.x * w0_1 + x0.y * w1_1 + x0.z * w2_1 + x0.w * w3_1;
    a0_2 += x0.x * w0_2 + x0.y * w1_2 + x0.z * w2_2 + x0.w * w3_2;
    a0_3 += x0.x * w0_3 + x0.y * w1_3 + x0.z * w2_3 + x0.w * w3_3;
    let x1 = x[i1 + c];
    a1_0 += x1.x * w0_0 + x1.y * w1_0 + x1.z * w2_0 + x1.w * w3_0;
    a1_1 += x1.x * w0_1 + x1.y * w1_1 + x1.z * w2_1 + x1.w * w3_1;
    a1_2 += x1.x * w0_2 + x1.y * w1_2 + x1.z * w2_2 + x1.w * w3_2;
    a1_3 += x1.x * w0_3 + x1.y * w1_3 + x1.z * w2_3 + x1.w * w3_3;
    let x2 = x[i2 + c];
    a2_0 += x2.x * w0_0 + x2.y * w1_0 + x2.z * w2_0 + x2.w * w3_0;
    a2_1 += x2.x * w0_1 + x2.y * w1_1 + x2.z * w2_1 + x2.w * w3_1;
    a2_2 += x2.x * w0_2 + x2.y * w1_2 + x2.z * w2_2 + x2.w * w3_2;
    a2_3 += x2.x * w0_3 + x2.y * w1_3 + x2.z * w2_3 + x2.w * w3_3;
    let x3 = x[i3 + c];
    a3_0 += x3.x * w0_0 + x3.y * w1_0 + x3.z * w2_0 + x3.w * w3_0;
    a3_1 += x3.x * w0_1 + x3.y * w1_1 + x3.z * w2_1 + x3.w * w3_1;
    a3_2 += x3.x * w0_2 + x3.y * w1_2 + x3.z * w2_2 + x3.w * w3_2;
    a3_3 += x3.x * w0_3 + x3.y * w1_3 + x3.z * w2_3 + x3.w * w3_3;
    let x4 = x[i4 + c];
    a4_0 += x4.x * w0_0 + x4.y * w1_0 + x4.z * w2_0 + x4.w * w3_0;
    a4_1 += x4.x * w0_1 + x4.y * w1_1 + x4.z * w2_1 + x4.w * w3_1;
    a4_2 += x4.x * w0_2 + x4.y * w1_2 + x4.z * w2_2 + x4.w * w3_2;
    a4_3 += x4.x * w0_3 + x4.y * w1_3 + x4.z * w2_3 + x4.w * w3_3;
    let x5 = x[i5 + c];
    a5_0 += x5.x * w0_0 + x5.y * w1_0 + x5.z * w2_0 + x5.w * w3_0;
    a5_1 += x5.x * w0_1 + x5.y * w1_1 + x5.z * w2_1 + x5.w * w3_1;
    a5_2 += x5.x * w0_2 + x5.y * w1_2 + x5.z * w2_2 + x5.w * w3_2;
    a5_3 += x5.x * w0_3 + x5.y * w1_3 + x5.z * w2_3 + x5.w * w3_3;
    let x6 = x[i6 + c];
    a6_0 += x6.x * w0_0 + x6.y * w1_0 + x6.z * w2_0 + x6.w * w3_0;
    a6_1 += x6.x * w0_1 + x6.y * w1_1 + x6.z * w2_1 + x6.w * w3_1;
    a6_2 += x6.x * w0_2 + x6.y * w1_2 + x6.z * w2_2 + x6.w * w3_2;
    a6_3 += x6.x * w0_3 + x6.y * w1_3 + x6.z * w2_3 + x6.w * w3_3;
    let x7 = x[i7 + c];
    a7_0 += x7.x * w0_0 + x7.y * w1_0 + x7.z * w2_0 + x7.w * w3_0;
    a7_1 += x7.x * w0_1 + x7.y * w1_1 + x7.z * w2_1 + x7.w * w3_1;
    a7_2 += x7.x * w0_2 + x7.y * w1_2 + x7.z * w2_2 + x7.w * w3_2;
    a7_3 += x7.x * w0_3 + x7.y * w1_3 + x7.z * w2_3 + x7.w * w3_3;
  }
  store(id.z, first + 0u, co, a0_0, a0_1, a0_2, a0_3);
  store(id.z, first + 1u, co, a1_0, a1_1, a1_2, a1_3);
  store(id.z, first + 2u, co, a2_0, a2_1, a2_2, a2_3);
  store(id.z, first + 3u, co, a3_0, a3_1, a3_2, a3_3);
  store(id.z, first + 4u, co, a4_0, a4_1, a4_2, a4_3);
  store(id.z, first + 5u, co, a5_0, a5_1, a5_2, a5_3);
  store(id.z, first + 6u, co, a6_0, a6_1, a6_2, a6_3);
  store(id.z, first + 7u, co, a7_0, a7_1, a7_2, a7_3);
}

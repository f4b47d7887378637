// Convolution as a register tile: each invocation computes 8 pixels × 16 output channels, without workgroup memory.
// For software adapters, where a barrier costs a coroutine and every load is a gather of four lanes: 24 vec4 loads feed
// 512 multiply-adds. (12 × 8 and 16 × 8 tiles cost SwiftShader's compiler tens of seconds; 8 × 8 runs half as fast.)
// Feature maps are [n, height, width, channels]; weights are [phase][tap][input channel][output channel].
// With SCALE 2 it is nearest-neighbour upsampling followed by a 3×3 convolution, as four 2×2 convolutions.
const SCALE: u32 = 1;       // 1, or 2 to upsample first
const ACTIVATION: u32 = 0;  // 0 none, 1 leaky ReLU (0.2), 2 ReLU, 3 ReLU6
const RESIDUAL: bool = false;
const HALF: bool = false;   // weights are float16, eight a vec4u

struct Params {
  pixels: u32,       // n × height × width of the grid walked: the output, or the input when SCALE is 2
  height: u32, width: u32,
  inHeight: u32, inWidth: u32,
  inVectors: u32,    // input channels / 4
  outVectors: u32,   // output channels / 4
  kernel: u32, stride: u32, dilation: u32,
  padTop: u32, padLeft: u32,
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
  if (RESIDUAL) { v += residual[at]; }
  if (ACTIVATION == 1u) { v = select(0.2 * v, v, v > vec4f()); }
  if (ACTIVATION == 2u) { v = max(v, vec4f()); }
  if (ACTIVATION == 3u) { v = clamp(v, vec4f(), vec4f(6.0)); }
  return v;
}

// Where pixel p of the walked grid starts reading: its image, and its top left tap's row and column.
fn origin(p: u32, pad: vec2i) -> vec3i {
  let q = min(p, params.pixels - 1u);
  let column = q % params.width;
  let row = (q / params.width) % params.height;
  let image = q / (params.width * params.height);
  return vec3i(i32(image), vec2i(vec2u(row, column) * params.stride) - pad);
}

fn inside(o: vec3i, tap: vec2i) -> bool {
  let at = o.yz + tap;
  return all(at >= vec2i()) && at.x < i32(params.inHeight) && at.y < i32(params.inWidth);
}

fn offset(o: vec3i, tap: vec2i) -> u32 {
  let at = vec2u(clamp(o.yz + tap, vec2i(), vec2i(i32(params.inHeight), i32(params.inWidth)) - 1));
  return ((u32(o.x) * params.inHeight + at.x) * params.inWidth + at.y) * params.inVectors;
}

fn store(p: u32, phase: vec2u, co: u32, s0: vec4f, s1: vec4f, s2: vec4f, s3: vec4f) {
  if (p >= params.pixels) { return; }
  var row = p;
  if (SCALE == 2u) {
    let column = p % params.width;
    row = ((p / params.width) * 2u + phase.x) * params.width * 2u + column * 2u + phase.y;
  }
  let at = row * params.outVectors + co;
  if (co + 0u < params.outVectors) { y[at + 0u] = finish(s0, at + 0u); }
  if (co + 1u < params.outVectors) { y[at + 1u] = finish(s1, at + 1u); }
  if (co + 2u < params.outVectors) { y[at + 2u] = finish(s2, at + 2u); }
  if (co + 3u < params.outVectors) { y[at + 3u] = finish(s3, at + 3u); }
}

@compute @workgroup_size(4)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let blocks = (params.outVectors + 3u) / 4u;
  let flat = id.x + id.y * groups.x * 4u;
  let co = (flat % blocks) * 4u;
  let first = (flat / blocks) * 8u;
  if (first >= params.pixels) { return; }
  let phase = vec2u(id.z / 2u, id.z % 2u);
  let pad = select(vec2i(i32(params.padTop), i32(params.padLeft)), vec2i(1) - vec2i(phase), SCALE == 2u);
  let rows = params.inVectors * 4u;
  let taps = params.kernel * params.kernel;

  let k0 = min(co + 0u, params.outVectors - 1u);
  let k1 = min(co + 1u, params.outVectors - 1u);
  let k2 = min(co + 2u, params.outVectors - 1u);
  let k3 = min(co + 3u, params.outVectors - 1u);
  let o0 = origin(first + 0u, pad);
  let o1 = origin(first + 1u, pad);
  let o2 = origin(first + 2u, pad);
  let o3 = origin(first + 3u, pad);
  let o4 = origin(first + 4u, pad);
  let o5 = origin(first + 5u, pad);
  let o6 = origin(first + 6u, pad);
  let o7 = origin(first + 7u, pad);
  let z0 = bias[k0];
  let z1 = bias[k1];
  let z2 = bias[k2];
  let z3 = bias[k3];
  var a0_0 = z0;   var a0_1 = z1;   var a0_2 = z2;   var a0_3 = z3;
  var a1_0 = z0;   var a1_1 = z1;   var a1_2 = z2;   var a1_3 = z3;
  var a2_0 = z0;   var a2_1 = z1;   var a2_2 = z2;   var a2_3 = z3;
  var a3_0 = z0;   var a3_1 = z1;   var a3_2 = z2;   var a3_3 = z3;
  var a4_0 = z0;   var a4_1 = z1;   var a4_2 = z2;   var a4_3 = z3;
  var a5_0 = z0;   var a5_1 = z1;   var a5_2 = z2;   var a5_3 = z3;
  var a6_0 = z0;   var a6_1 = z1;   var a6_2 = z2;   var a6_3 = z3;
  var a7_0 = z0;   var a7_1 = z1;   var a7_2 = z2;   var a7_3 = z3;
  for (var t = 0u; t < taps; t++) {
    let tap = vec2i(vec2u(t / params.kernel, t % params.kernel) * params.dilation);
    let start = (id.z * taps + t) * rows;
    let v0 = inside(o0, tap); let i0 = offset(o0, tap);
    let v1 = inside(o1, tap); let i1 = offset(o1, tap);
    let v2 = inside(o2, tap); let i2 = offset(o2, tap);
    let v3 = inside(o3, tap); let i3 = offset(o3, tap);
    let v4 = inside(o4, tap); let i4 = offset(o4, tap);
    let v5 = inside(o5, tap); let i5 = offset(o5, tap);
    let v6 = inside(o6, tap); let i6 = offset(o6, tap);
    let v7 = inside(o7, tap); let i7 = offset(o7, tap);
    for (var c = 0u; c < params.inVectors; c++) {
      let row = (start + c * 4u) * params.outVectors;
      let w0_0 = weightAt(row + 0u * params.outVectors + k0);       let w0_1 = weightAt(row + 0u * params.outVectors + k1);       let w0_2 = weightAt(row + 0u * params.outVectors + k2);       let w0_3 = weightAt(row + 0u * params.outVectors + k3);
      let w1_0 = weightAt(row + 1u * params.outVectors + k0);       let w1_1 = weightAt(row + 1u * params.outVectors + k1);       let w1_2 = weightAt(row + 1u * params.outVectors + k2);       let w1_3 = weightAt(row + 1u * params.outVectors + k3);
      let w2_0 = weightAt(row + 2u * params.outVectors + k0);       let w2_1 = weightAt(row + 2u * params.outVectors + k1);       let w2_2 = weightAt(row + 2u * params.outVectors + k2);       let w2_3 = weightAt(row + 2u * params.outVectors + k3);
      let w3_0 = weightAt(row + 3u * params.outVectors + k0);       let w3_1 = weightAt(row + 3u * params.outVectors + k1);       let w3_2 = weightAt(row + 3u * params.outVectors + k2);       let w3_3 = weightAt(row + 3u * params.outVectors + k3);
      let x0 = select(vec4f(), x[i0 + c], v0);
      a0_0 += x0.x * w0_0 + x0.y * w1_0 + x0.z * w2_0 + x0.w * w3_0;
      a0_1 += x0.x * w0_1 + x0.y * w1_1 + x0.z * w2_1 + x0.w * w3_1;
      a0_2 += x0.x * w0_2 + x0.y * w1_2 + x0.z * w2_2 + x0.w * w3_2;
      a0_3 += x0.x * w0_3 + x0.y * w1_3 + x0.z * w2_3 + x0.w * w3_3;
      let x1 = select(vec4f(), x[i1 + c], v1);
      a1_0 += x1.x * w0_0 + x1.y * w1_0 + x1.z * w2_0 + x1.w * w3_0;
      a1_1 += x1.x * w0_1 + x1.y * w1_1 + x1.z * w2_1 + x1.w * w3_1;
      a1_2 += x1.x * w0_2 + x1.y * w1_2 + x1.z * w2_2 + x1.w * w3_2;
      a1_3 += x1.x * w0_3 + x1.y * w1_3 + x1.z * w2_3 + x1.w * w3_3;
      let x2 = select(vec4f(), x[i2 + c], v2);
      a2_0 += x2.x * w0_0 + x2.y * w1_0 + x2.z * w2_0 + x2.w * w3_0;
      a2_1 += x2.x * w0_1 + x2.y * w1_1 + x2.z * w2_1 + x2.w * w3_1;
      a2_2 += x2.x * w0_2 + x2.y * w1_2 + x2.z * w2_2 + x2.w * w3_2;
      a2_3 += x2.x * w0_3 + x2.y * w1_3 + x2.z * w2_3 + x2.w * w3_3;
      let x3 = select(vec4f(), x[i3 + c], v3);
      a3_0 += x3.x * w0_0 + x3.y * w1_0 + x3.z * w2_0 + x3.w * w3_0;
      a3_1 += x3.x * w0_1 + x3.y * w1_1 + x3.z * w2_1 + x3.w * w3_1;
      a3_2 += x3.x * w0_2 + x3.y * w1_2 + x3.z * w2_2 + x3.w * w3_2;
      a3_3 += x3.x * w0_3 + x3.y * w1_3 + x3.z * w2_3 + x3.w * w3_3;
      let x4 = select(vec4f(), x[i4 + c], v4);
      a4_0 += x4.x * w0_0 + x4.y * w1_0 + x4.z * w2_0 + x4.w * w3_0;
      a4_1 += x4.x * w0_1 + x4.y * w1_1 + x4.z * w2_1 + x4.w * w3_1;
      a4_2 += x4.x * w0_2 + x4.y * w1_2 + x4.z * w2_2 + x4.w * w3_2;
      a4_3 += x4.x * w0_3 + x4.y * w1_3 + x4.z * w2_3 + x4.w * w3_3;
      let x5 = select(vec4f(), x[i5 + c], v5);
      a5_0 += x5.x * w0_0 + x5.y * w1_0 + x5.z * w2_0 + x5.w * w3_0;
      a5_1 += x5.x * w0_1 + x5.y * w1_1 + x5.z * w2_1 + x5.w * w3_1;
      a5_2 += x5.x * w0_2 + x5.y * w1_2 + x5.z * w2_2 + x5.w * w3_2;
      a5_3 += x5.x * w0_3 + x5.y * w1_3 + x5.z * w2_3 + x5.w * w3_3;
      let x6 = select(vec4f(), x[i6 + c], v6);
      a6_0 += x6.x * w0_0 + x6.y * w1_0 + x6.z * w2_0 + x6.w * w3_0;
      a6_1 += x6.x * w0_1 + x6.y * w1_1 + x6.z * w2_1 + x6.w * w3_1;
      a6_2 += x6.x * w0_2 + x6.y * w1_2 + x6.z * w2_2 + x6.w * w3_2;
      a6_3 += x6.x * w0_3 + x6.y * w1_3 + x6.z * w2_3 + x6.w * w3_3;
      let x7 = select(vec4f(), x[i7 + c], v7);
      a7_0 += x7.x * w0_0 + x7.y * w1_0 + x7.z * w2_0 + x7.w * w3_0;
      a7_1 += x7.x * w0_1 + x7.y * w1_1 + x7.z * w2_1 + x7.w * w3_1;
      a7_2 += x7.x * w0_2 + x7.y * w1_2 + x7.z * w2_2 + x7.w * w3_2;
      a7_3 += x7.x * w0_3 + x7.y * w1_3 + x7.z * w2_3 + x7.w * w3_3;
    }
  }
  store(first + 0u, phase, co, a0_0, a0_1, a0_2, a0_3);
  store(first + 1u, phase, co, a1_0, a1_1, a1_2, a1_3);
  store(first + 2u, phase, co, a2_0, a2_1, a2_2, a2_3);
  store(first + 3u, phase, co, a3_0, a3_1, a3_2, a3_3);
  store(first + 4u, phase, co, a4_0, a4_1, a4_2, a4_3);
  store(first + 5u, phase, co, a5_0, a5_1, a5_2, a5_3);
  store(first + 6u, phase, co, a6_0, a6_1, a6_2, a6_3);
  store(first + 7u, phase, co, a7_0, a7_1, a7_2, a7_3);
}

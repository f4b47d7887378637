// Convolution as an implicit matrix product with tiles in workgroup memory: a workgroup computes 64 pixels × 64 output
// channels, each invocation 8 × 8 of them; 16 input channels of one tap are staged at a time. For GPUs.
// Feature maps are [n, height, width, channels]; weights are [phase][tap][input channel][output channel].
// With SCALE 2 it is nearest-neighbour upsampling followed by a 3×3 convolution, as four 2×2 convolutions.
const SCALE: u32 = 1;       // 1, or 2 to upsample first
const ACTIVATION: u32 = 0;  // 0 none, 1 leaky ReLU (0.2), 2 ReLU, 3 ReLU6
const RESIDUAL: bool = false;
const HALF: bool = false;   // weights are float16, eight a vec4u

const PIXELS: u32 = 64;
const VECTORS: u32 = 16;    // output channels / 4 of a tile
const DEPTH: u32 = 4;       // input channels / 4 staged at a time
const ROW: u32 = 17;        // PIXELS / 4 vec4s and one more, so that columns fall in different banks

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

var<workgroup> inputs: array<vec4f, DEPTH * 4 * ROW>;       // [channel][pixel / 4]
var<workgroup> weights: array<vec4f, DEPTH * 4 * VECTORS>;  // [channel][output channel / 4]

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

// Four channels `c` of pixel `p` under a tap; zero outside the image.
fn load(p: u32, tap: vec2u, pad: vec2i, c: u32) -> vec4f {
  if (p >= params.pixels || c >= params.inVectors) { return vec4f(); }
  let column = p % params.width;
  let row = (p / params.width) % params.height;
  let image = p / (params.width * params.height);
  let at = vec2i(vec2u(row, column) * params.stride + tap) - pad;
  if (any(at < vec2i()) || at.x >= i32(params.inHeight) || at.y >= i32(params.inWidth)) { return vec4f(); }
  return x[((image * params.inHeight + u32(at.x)) * params.inWidth + u32(at.y)) * params.inVectors + c];
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let columns = (params.outVectors + VECTORS - 1u) / VECTORS;
  let flat = group.x + group.y * groups.x;
  let firstPixel = (flat / columns) * PIXELS;
  let firstVector = (flat % columns) * VECTORS;
  let phase = vec2u(group.z / 2u, group.z % 2u);
  let pad = select(vec2i(i32(params.padTop), i32(params.padLeft)), vec2i(1) - vec2i(phase), SCALE == 2u);
  let taps = params.kernel * params.kernel;
  let px = (lane / 8u) * 8u;  // this invocation's first pixel in the tile
  let cv = (lane % 8u) * 2u;  // and its first vector of output channels

  var acc: array<vec4f, 16>;
  for (var t = 0u; t < taps; t++) {
    let tap = vec2u(t / params.kernel, t % params.kernel) * params.dilation;
    for (var c = 0u; c < params.inVectors; c += DEPTH) {
      // 16 groups of four pixels × 4 vectors: each invocation loads a 4 × 4 block and stores it transposed.
      let g = lane / DEPTH;
      let d = lane % DEPTH;
      let v0 = load(firstPixel + g * 4u, tap, pad, c + d);
      let v1 = load(firstPixel + g * 4u + 1u, tap, pad, c + d);
      let v2 = load(firstPixel + g * 4u + 2u, tap, pad, c + d);
      let v3 = load(firstPixel + g * 4u + 3u, tap, pad, c + d);
      inputs[(d * 4u) * ROW + g] = vec4f(v0.x, v1.x, v2.x, v3.x);
      inputs[(d * 4u + 1u) * ROW + g] = vec4f(v0.y, v1.y, v2.y, v3.y);
      inputs[(d * 4u + 2u) * ROW + g] = vec4f(v0.z, v1.z, v2.z, v3.z);
      inputs[(d * 4u + 3u) * ROW + g] = vec4f(v0.w, v1.w, v2.w, v3.w);
      for (var i = lane; i < DEPTH * 4u * VECTORS; i += 64u) {
        let channel = c * 4u + i / VECTORS;
        let vector = firstVector + i % VECTORS;
        var v = vec4f();
        if (channel < params.inVectors * 4u && vector < params.outVectors) {
          v = weightAt(((group.z * taps + t) * params.inVectors * 4u + channel) * params.outVectors + vector);
        }
        weights[i] = v;
      }
      workgroupBarrier();
      for (var k = 0u; k < DEPTH * 4u; k++) {
        let a = inputs[k * ROW + px / 4u];
        let b = inputs[k * ROW + px / 4u + 1u];
        let lo = weights[k * VECTORS + cv];
        let hi = weights[k * VECTORS + cv + 1u];
        acc[0] += a.x * lo; acc[1] += a.x * hi;
        acc[2] += a.y * lo; acc[3] += a.y * hi;
        acc[4] += a.z * lo; acc[5] += a.z * hi;
        acc[6] += a.w * lo; acc[7] += a.w * hi;
        acc[8] += b.x * lo; acc[9] += b.x * hi;
        acc[10] += b.y * lo; acc[11] += b.y * hi;
        acc[12] += b.z * lo; acc[13] += b.z * hi;
        acc[14] += b.w * lo; acc[15] += b.w * hi;
      }
      workgroupBarrier();
    }
  }

  for (var i = 0u; i < 16u; i++) {
    let p = firstPixel + px + i / 2u;
    let vector = firstVector + cv + i % 2u;
    if (p < params.pixels && vector < params.outVectors) {
      var row = p;
      if (SCALE == 2u) {
        row = ((p / params.width) * 2u + phase.x) * params.width * 2u + (p % params.width) * 2u + phase.y;
      }
      let at = row * params.outVectors + vector;
      y[at] = finish(acc[i] + bias[vector], at);
    }
  }
}
